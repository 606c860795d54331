// SPDX-License-Identifier: MIT
// A form that a browser posts when its session has ended: a page that says that nothing was sent and how to keep what was entered, with the way to sign in.
import assert from 'node:assert/strict';
import { attributeOf, signIn } from './lib/browser.mjs';
import { assertError, assertNoStore, e2e } from './lib/harness.mjs';
import { links, plain } from './lib/switch.mjs';

const URLENCODED = 'application/x-www-form-urlencoded';
const MULTIPART = 'multipart/form-data; boundary=----x';
const BODIES = { [URLENCODED]: 'text=a+secret+text', [MULTIPART]: '------x\r\nContent-Disposition: form-data; name="file"; filename="a.bin"\r\nContent-Type: application/octet-stream\r\n\r\na secret text\r\n------x--\r\n' };
const FORM = '/wiki/edit?page=1&x=%C3%BC';

// As a browser posts a form of the site's own page, or of another's.
function post(site, { type = URLENCODED, referer, origin = site.origin, headers = {}, method = 'POST' } = {}) {
  const own = { Origin: origin, 'Content-Type': type, ...(referer ? { Referer: referer } : {}), ...headers };
  return site.browser.navigate(site.origin + '/wiki/save', { method, body: BODIES[type], headers: own, initiator: origin === 'null' ? 'https://evil.test' : origin, follow: false });
}

function signInLink(response) {
  const found = links(response).filter(({ url }) => url.pathname === '/auth/oauth/login');
  assert.equal(found.length, 1, plain(response));
  return found[0];
}

function assertNotSent(site, response, what) {
  assert.deepEqual([response.status, response.headers['content-type']], [401, 'text/html; charset=utf-8'], what);
  assert.equal(response.headers['www-authenticate'], `Bearer realm="${site.origin}"`, what);
  assert.equal(response.headers.location, undefined, what);
  assert.deepEqual(response.setCookies, [], what);
  assertNoStore(response);
  assert.match(response.headers['content-security-policy'], /form-action 'none'/);
  assert.match(plain(response), /What you entered was not sent.*Back button/, what);
  assert.doesNotMatch(response.text, /secret text|a\+secret/, what + ': nothing of the form');
  const { attributes, text } = signInLink(response);
  assert.equal(attributeOf(attributes, 'target'), '_blank', 'the history of this tab has the form');
  assert.match(attributeOf(attributes, 'rel'), /noopener/);
  assert.equal(text, 'Sign in (in a new tab)');
  assert.equal(site.upstream.requests.length, 0, what);
}

e2e('a form that was posted without a session: a page with a way to sign in that leads back to the form', async (h) => {
  const site = await h.site();
  for (const type of Object.keys(BODIES)) {
    const response = await post(site, { type, referer: site.origin + FORM });
    assertNotSent(site, response, type);
    const { url } = signInLink(response);
    assert.equal(url.searchParams.get('return_to'), FORM);
    assert.equal((await signIn(site.browser, url)).json().url, FORM, 'the new tab ends at the form');
    assert.equal((await post(site, { type, referer: site.origin + FORM })).status, 200, 'and the form is taken, once it is sent again');
    site.browser.jar.delete(/./);
    site.upstream.requests.length = 0;
  }
});

e2e('the page of the form is taken from our own Referer only', async (h) => {
  const site = await h.site();
  const none = ['https://evil.test/wiki/edit', site.origin.replace('127.0.0.1', '127.0.0.1.evil.test') + '/x', site.origin.replace('http:', 'https:') + '/x', 'http://127.0.0.1:1/x', 'nonsense', site.origin + '@evil.test/x',
    'javascript:alert(1)'];
  for (const referer of [undefined, ...none]) {
    const response = await post(site, { referer, origin: referer?.startsWith('https://evil') ? 'https://evil.test' : site.origin });
    assertNotSent(site, response, String(referer));
    assert.equal(signInLink(response).url.href, site.origin + '/auth/oauth/login', String(referer));
  }
  const bare = await post(site, { referer: site.origin + '/' });
  assert.equal(signInLink(bare).url.href, site.origin + '/auth/oauth/login');
  const hostile = await post(site, { referer: site.origin + '/a"><script>alert(1)</script>' });
  assertNotSent(site, hostile, 'markup in the Referer');
  assert.doesNotMatch(hostile.text, /<script>alert/);
  const opaque = await post(site, { origin: 'null' });
  assertNotSent(site, opaque, 'a sandboxed frame');
});

e2e('the same by a program is JSON', async (h) => {
  const site = await h.site();
  for (const headers of [{ Accept: 'application/json' }, { Accept: 'application/json, text/plain, */*', 'Sec-Fetch-Mode': 'cors' }, { 'X-Requested-With': 'XMLHttpRequest' }, { 'Sec-Fetch-Mode': 'cors', 'Sec-Fetch-Dest': 'empty' },
    { Accept: '*/*' }]) {
    for (const type of Object.keys(BODIES)) {
      const response = await post(site, { type, referer: site.origin + FORM, headers });
      assertError(response, 401, 'login_required');
      assert.ok(response.headers['www-authenticate']);
      assert.equal(response.json().login_url, site.origin + '/auth/oauth/login', 'a program comes back by itself');
    }
  }
});

e2e('an old browser, which sends no Sec-Fetch headers', async (h) => {
  const site = await h.site();
  const response = await site.browser.request(site.origin + '/wiki/save', { method: 'POST', body: BODIES[URLENCODED],
    headers: { Accept: 'text/html,application/xhtml+xml', 'Content-Type': URLENCODED, Origin: site.origin, Referer: site.origin + FORM } });
  assertNotSent(site, response, 'without Sec-Fetch');
});

e2e('oauth_unauthenticated 401 says the same to a form, and redirect sends it to sign in', async (h) => {
  const told = await h.site({ server: 'oauth_unauthenticated 401;' });
  assertNotSent(told, await post(told, { referer: told.origin + FORM }), '401');
  const sent = await h.site({ server: 'oauth_unauthenticated redirect;' });
  const response = await post(sent, { referer: sent.origin + FORM });
  assert.equal(response.status, 303, 'a browser must not post there what was meant for here');
  assert.ok(response.headers.location.startsWith(sent.provider.base + '/authorize?'));
});

e2e('a form that the rules refuse: another account leads back to the form', async (h) => {
  const site = await h.site({ server: 'oauth_allow email=root@example.org;', rules: '' });
  await signIn(site.browser, site.origin + '/');
  const refused = await post(site, { referer: site.origin + FORM });
  assert.equal(refused.status, 403);
  assert.equal(links(refused).find(({ text }) => text === 'Use another account').url.searchParams.get('return_to'), FORM);
  const foreign = await post(site, { referer: 'https://evil.test/x', origin: 'https://evil.test' });
  assert.ok(links(foreign).every(({ url }) => url.searchParams.get('return_to') === null), plain(foreign));
});
