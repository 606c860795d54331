// SPDX-License-Identifier: MIT
// What answers under oauth_path: sign-in page, provider list, userinfo, keys, sign-out, 404 (section 3 of the contract; LO-01, LO-02, LO-05, LO-06, LO-07).
import assert from 'node:assert/strict';
import { attributeOf, Browser, signIn } from './lib/browser.mjs';
import { assertError, assertNoStore, assertSignedIn, e2e, hasSession, providerBlock } from './lib/harness.mjs';

const two = (h, options) => h.provider().then((second) => h.site({ ...options, http: () => providerBlock(second, 'label "The <Second> & last";', 'second') }));

function assertPageHeaders(response) {
  assertNoStore(response);
  assert.ok(response.headers['content-security-policy'], 'Content-Security-Policy');
  assert.doesNotMatch(response.headers['content-security-policy'], /unsafe-eval|script-src[^;]*unsafe-inline/);
  assert.equal(response.headers['x-content-type-options'], 'nosniff');
  assert.equal(response.headers['x-frame-options'], 'DENY');
  assert.equal(response.headers['referrer-policy'], 'no-referrer');
}

const links = (html) => [...html.matchAll(/<a\b([^>]*)>/gi)].map(([, attributes]) => attributeOf(attributes, 'href'));

e2e('login leads to the one provider', async (h) => {
  const site = await h.site();
  const response = await site.browser.navigate(site.origin + '/auth/oauth/login?return_to=/x', { follow: false });
  assert.equal(response.status, 302);
  assertNoStore(response);
  assert.equal((await signIn(site.browser, site.origin + '/auth/oauth/login?return_to=%2Fx%3Fy')).json().url, '/x?y');
});

e2e('login offers several providers on a page, and each works', async (h) => {
  const site = await two(h, { server: 'oauth_page_title "Staff <only>";' });
  const gate = await site.browser.navigate(site.origin + '/deep?x=1');
  assert.equal(gate.status, 200);
  assertPageHeaders(gate);
  assert.match(gate.text, /<html[^>]* lang=/);
  assert.match(gate.text, /The &lt;Second&gt; &amp; last/);
  assert.match(gate.text, /Staff &lt;only&gt;/);
  const found = links(gate.text).map((href) => new URL(href, gate.url)).filter((url) => /\/auth\/oauth\/(test|second)$/.test(url.pathname));
  assert.deepEqual(found.map((url) => url.pathname), ['/auth/oauth/test', '/auth/oauth/second']);
  for (const url of found) {
    const browser = new Browser();
    const response = await signIn(browser, url.href);
    assert.equal(response.status, 200);
    assert.equal(response.json().url, '/deep?x=1');
    const { sub } = (await browser.fetch(site.origin + '/auth/oauth/userinfo')).json();
    assert.equal(sub, url.pathname.split('/').at(-1) + '|alice-1');
  }
});

e2e('providers lists what a sign-in page of one\'s own needs', async (h) => {
  const site = await two(h);
  const response = await site.browser.fetch(site.origin + '/auth/oauth/providers');
  assert.equal(response.status, 200);
  assert.match(response.headers['content-type'], /^application\/json/);
  const list = response.json();
  assert.deepEqual(list.map(({ name }) => name), ['test', 'second']);
  assert.equal(list[1].label, 'The <Second> & last');
  assert.deepEqual(list.map(({ url }) => new URL(url, site.origin).href), [site.origin + '/auth/oauth/test', site.origin + '/auth/oauth/second']);
});

e2e('oauth_login_page takes the place of the built-in page, oauth_providers narrows the choice', async (h) => {
  const site = await two(h, { server: 'oauth_login_page /my-login;', locations: (s) => `
    location = /my-login { oauth off; proxy_pass ${s.upstream.url}; }
    location /only/ { oauth_providers second; proxy_pass ${s.upstream.url}; }` });
  const gate = await site.browser.navigate(site.origin + '/');
  assert.equal(gate.status, 200);
  assert.match(gate.json().url, /^\/my-login/);
  const only = await new Browser().navigate(site.origin + '/only/x', { follow: false });
  assert.equal(only.status, 302);
  assert.doesNotMatch(only.headers.location, /my-login/);
});

e2e('userinfo tells the page who is signed in, or 401', async (h) => {
  const site = await h.site();
  const path = site.origin + '/auth/oauth/userinfo';
  assertError(await site.browser.fetch(path), 401, 'login_required');
  await assertSignedIn(site);
  const response = await site.browser.fetch(path);
  assert.equal(response.status, 200);
  assertNoStore(response);
  const user = response.json();
  assert.equal(user.sub, 'test|alice-1');
  assert.equal(user.email, 'alice@example.org');
  for (const secret of site.provider.secrets) {
    assert.ok(!response.text.includes(secret));
  }
});

e2e('jwks.json has public keys, may be cached, and stays over a reload', async (h) => {
  const site = await h.site();
  const fetch = () => site.browser.fetch(site.origin + '/auth/oauth/jwks.json');
  const response = await fetch();
  assert.equal(response.status, 200);
  assert.match(response.headers['cache-control'], /max-age=\d+/);
  assert.match(response.headers['content-type'], /^application\/(jwk-set\+)?json/);
  const { keys } = response.json();
  assert.ok(keys.length >= 1);
  for (const key of keys) {
    assert.deepEqual(['d', 'p', 'q', 'dp', 'dq', 'qi', 'k'].filter((name) => name in key), []);
    assert.equal(key.kty, 'EC');
    assert.equal(key.alg, 'ES256');
    assert.ok(key.kid);
  }
  await site.nginx.reload();
  assert.deepEqual((await fetch()).json(), { keys });
});

e2e('LO-01 LO-02 LO-06 LO-07 sign-out ends the session here and at the provider, and an old cookie stays dead', async (h) => {
  const site = await h.site();
  for (const method of ['GET', 'POST']) {
    await assertSignedIn(site);
    const old = site.browser.jar.clone();
    const set = site.browser.jar.get('oauth');
    const before = site.provider.count('end_session');
    const response = await site.browser.navigate(site.origin + '/auth/oauth/logout', { method, initiator: site.origin, follow: false, headers: method === 'POST' ? { Origin: site.origin } : {} });
    assert.ok([302, 303].includes(response.status), method + ' ' + response.status);
    assertNoStore(response);
    assert.ok(!hasSession(site.browser), 'the cookie is gone, with the path ' + set.path);
    const end = new URL(response.headers.location, site.origin);
    assert.equal(end.origin + end.pathname, site.provider.base + '/logout');
    assert.ok(end.searchParams.get('client_id') === site.provider.clientId || end.searchParams.get('id_token_hint'));
    assert.equal(end.searchParams.get('post_logout_redirect_uri'), site.origin + '/auth/oauth/signed-out');
    const page = await site.browser.navigate(end);
    assert.match(page.text, /You are signed out/);
    assertPageHeaders(page);
    assert.equal(site.provider.count('end_session'), before + 1);
    assertError(await new Browser({ jar: old }).fetch(site.origin + '/'), 401, 'login_required');
  }
});

e2e('LO-08 whoever uses the browser next sees nothing of the one before', async (h) => {
  const site = await h.site();
  const { browser, provider } = site;
  await assertSignedIn(site, { target: site.origin + '/private' });
  const out = await browser.navigate(site.origin + '/auth/oauth/logout', { initiator: site.origin });
  [...out.history.filter(({ url }) => url.startsWith(site.origin)), out].forEach(assertNoStore);
  const back = await browser.navigate(site.origin + '/private', { follow: false });
  assert.equal(back.status, 302, 'the button "back"');
  assertNoStore(back);
  Object.assign(provider.user, { sub: 'bob-1', email: 'bob@example.org', name: 'Bob Example' });
  const next = await assertSignedIn(site, { target: site.origin + '/private' });
  next.history.filter(({ url }) => url.startsWith(site.origin)).forEach(assertNoStore);
  const user = await browser.fetch(site.origin + '/auth/oauth/userinfo');
  assertNoStore(user);
  assert.equal(user.json().email, 'bob@example.org');
  assert.doesNotMatch(user.text + next.text, /alice/);
});

e2e('LO-01 a cross-site sign-out asks first', async (h) => {
  const site = await h.site();
  await assertSignedIn(site);
  const page = await site.browser.navigate(site.origin + '/auth/oauth/logout', { initiator: 'https://evil.test' });
  assert.equal(page.status, 200);
  assertPageHeaders(page);
  assert.ok(hasSession(site.browser));
  const post = await site.browser.navigate(site.origin + '/auth/oauth/logout', { method: 'POST', form: {}, initiator: 'https://evil.test', headers: { Origin: 'https://evil.test' }, follow: false });
  assert.ok(hasSession(site.browser), 'a cross-site POST does not end the session: ' + post.status);
  for (const dest of ['image', 'iframe']) {
    await site.browser.fetch(site.origin + '/auth/oauth/logout', { headers: { 'Sec-Fetch-Site': 'cross-site', 'Sec-Fetch-Mode': 'no-cors', 'Sec-Fetch-Dest': dest } });
    assert.ok(hasSession(site.browser), dest);
  }
  // The page asks by a form or by a link; both come from this site.
  const [link] = links(page.text).filter((href) => /\/auth\/oauth\/logout/.test(href));
  await (link ? site.browser.navigate(new URL(link, page.url), { initiator: site.origin, follow: false }) : site.browser.submit(page, {}, { follow: false }));
  assert.ok(!hasSession(site.browser));
});

// On an http site browsers send no Sec-Fetch-*: what says where a page load comes from is Referer, which a foreign page can leave out, and Origin with a form.
e2e('LO-01 on an http site a page load that is not evidently from here is asked back, and one that is is not', async (h) => {
  const site = await h.site();
  const old = (path, headers = {}, method = 'GET') => site.browser.request(site.origin + path, { method, headers: { Accept: 'text/html', ...headers } });
  await assertSignedIn(site);
  for (const [headers, method] of [[{}], [{ Referer: 'https://evil.test/page' }], [{ Referer: site.origin.replace('127.0.0.1', 'localhost') + '/' }], [{ Referer: site.origin + '.evil.test/' }], [{ Origin: 'null' }], [{ Origin: 'https://evil.test' }, 'POST'], [{ Origin: 'null' }, 'POST'],
    [{ Referer: 'https://evil.test/' }, 'POST']]) {
    for (const path of ['/auth/oauth/logout', ...(method ? [] : ['/auth/oauth/test?account=other'])]) {
      const page = await old(path, headers, method);
      assert.equal(page.status, 200, JSON.stringify(headers) + page.text.slice(0, 200));
      assertPageHeaders(page);
      assert.deepEqual(page.setCookies, []);
      assert.ok(links(page.text).some((href) => new URL(href, page.url).href === site.origin + '/'), 'a way back');
      assert.equal((await site.browser.fetch(site.origin + '/auth/oauth/userinfo')).status, 200);
    }
  }
  const copy = site.browser.jar.clone();
  const confirm = links((await old('/auth/oauth/logout?return_to=/bye%3Fa')).text).find((href) => /logout/.test(href));
  const out = await site.browser.request(new URL(confirm, site.origin), { headers: { Accept: 'text/html' } });
  const back = await site.browser.navigate(out.headers.location, { follow: false });
  assert.equal((await site.browser.navigate(back.headers.location, { follow: false })).headers.location, site.origin + '/bye?a');
  assert.equal((await new Browser({ jar: copy }).fetch(site.origin + '/auth/oauth/userinfo')).status, 401);
  await assertSignedIn(site);
  assert.equal((await old('/auth/oauth/logout', { Referer: site.origin + '/page' })).status, 302);
  await assertSignedIn(site);
  assert.equal((await old('/auth/oauth/logout', { Origin: site.origin }, 'POST')).status, 303);
  assert.ok(!hasSession(site.browser));
});

e2e('another account: the session here ends first, the provider is asked to let the user choose, and the page is kept', async (h) => {
  const site = await h.site({ block: 'account_prompt select_account; prompt consent;' });
  await assertSignedIn(site);
  const before = site.browser.jar.clone();
  site.provider.user = { sub: 'bob-2', email: 'bob@example.org', email_verified: true };
  const page = await site.browser.navigate(site.loginUrl + '?account=other&return_to=/deep%3Fx', { initiator: site.origin });
  assert.deepEqual([page.status, page.url], [200, site.origin + '/deep?x']);
  assert.equal(site.provider.requests.authorize.at(-1).parameters.get('prompt'), 'select_account');
  assert.equal((await site.browser.fetch(site.origin + '/auth/oauth/userinfo')).json().sub, 'test|bob-2');
  assert.equal((await new Browser({ jar: before }).fetch(site.origin + '/auth/oauth/userinfo')).status, 401);
});

e2e('LO-05 sign-out leads nowhere else', async (h) => {
  const provider = await h.provider();
  provider.discovery.alter = ({ end_session_endpoint: endSession, ...metadata }) => metadata;
  const site = await h.site({ provider });
  for (const target of ['https://evil.test/', '//evil.test', '/\\evil.test', 'javascript:alert(1)']) {
    await assertSignedIn(site);
    const response = await site.browser.navigate(site.origin + '/auth/oauth/logout?return_to=' + encodeURIComponent(target), { initiator: site.origin, follow: false });
    assert.ok([302, 303].includes(response.status));
    assert.equal(new URL(response.headers.location, site.origin).origin, site.origin);
    assert.ok(!hasSession(site.browser));
  }
  const response = await site.browser.navigate(site.origin + '/auth/oauth/logout?return_to=/bye', { initiator: site.origin, follow: false });
  assert.equal(new URL(response.headers.location, site.origin).href, site.origin + '/bye', 'and without a session too');
});

e2e('anything else under the path is 404, and the path can be another', async (h) => {
  const site = await h.site({ http: '', locations: (s) => `location /open/ { oauth off; proxy_pass ${s.upstream.url}; }` });
  await assertSignedIn(site);
  const reached = site.upstream.requests.length;
  for (const path of ['', '/', '/nothing', '/login/', '/Login', '/userinfo/x', '/jwks', '/test/', '/test/x', '/test/callback/x', '/unknown', '/unknown/callback', '/providers.json']) {
    const response = await site.browser.fetch(site.origin + '/auth/oauth' + path);
    assert.equal(response.status, 404, path);
  }
  assert.equal(site.upstream.requests.length, reached, 'none of them reaches the application');
  const moved = await h.site({ server: 'oauth_path /_/sign-in;' });
  assert.equal((await moved.browser.fetch(moved.origin + '/_/sign-in/jwks.json')).status, 200);
  assert.equal((await moved.browser.fetch(moved.origin + '/auth/oauth/jwks.json')).status, 401);
  const response = await signIn(moved.browser, moved.origin + '/');
  assert.equal(response.status, 200);
  assert.match(moved.provider.requests.token[0].body, /redirect_uri=[^&]*%2F_%2Fsign-in%2Ftest%2Fcallback/);
});
