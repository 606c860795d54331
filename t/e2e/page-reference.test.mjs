// SPDX-License-Identifier: MIT
// Every page of a failure: a title of its own, the site's name, whom to ask, and a reference that is in the log line of its request.
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { Browser, signIn } from './lib/browser.mjs';
import { assertSignedIn, beginSignIn, e2e } from './lib/harness.mjs';
import { Redis } from './lib/redis.mjs';
import { links, plain } from './lib/switch.mjs';

const HELP = 'oauth_page_help "Mail <it>help@example.org</it> or desk@example.org"; oauth_page_title "The <Wiki>";';
const titles = new Map();

// The page of `response`, whose request was the last one since `mark`.
async function assertFailurePage(site, mark, response, status, code) {
  const label = `${code}: ${response.status} at ${response.url} ${plain(response).slice(0, 300)}`;
  assert.deepEqual([response.status, response.headers['content-type']], [status, 'text/html; charset=utf-8'], label);
  const [, reference, shown] = /Reference: <code>([0-9a-f]+)<\/code><\/span> <code>([a-z_]+)<\/code>/.exec(response.text) ?? assert.fail('a reference: ' + label);
  assert.equal(shown, code, label);
  const line = await site.nginx.waitForLine(mark, new RegExp('reference ' + reference));
  assert.match(line, new RegExp(`oauth: ${code}\\b`), label);
  assert.match(line, new RegExp(`request: "(GET|POST) ${new URL(response.url).pathname.replace(/[.+]/g, '\\$&')}[ ?]`), 'of this request: ' + label);
  assert.equal(site.nginx.linesSince(mark, new RegExp(reference)).length, 1, 'once: ' + label);
  assert.match(plain(response), /Where to get help: Mail &lt;it&gt;help@example\.org&lt;\/it&gt; or desk@example\.org/, label);
  assert.ok(links(response).some(({ url }) => url.href === 'mailto:desk@example.org'), label);
  const title = /<title>([^<]*)<\/title>/.exec(response.text)[1];
  const heading = /<h1>(.*?)<\/h1>/.exec(response.text)[1].replace(/<\/?bdi>/g, '');
  assert.ok(title.startsWith(heading), label);
  assert.match(title, /The &lt;Wiki&gt;/, label);
  assert.match(response.headers['content-security-policy'], /default-src 'none'/, label);
  assert.equal(response.headers['x-frame-options'], 'DENY', label);
  assert.match(response.headers['cache-control'], /no-store/, label);
  return heading;
}

// [code, status, how to come to the page]
const AT_SIGN_IN = [
  ['access_denied', 403, (provider) => { provider.authorize = { error: 'access_denied' }; }],
  ['provider_error', 502, (provider) => { provider.token = { status: 500, body: 'no' }; }],
  ['token_invalid', 502, (provider) => { provider.token = { corrupt: true }; }],
  ['provider_unreachable', 502, (provider) => { provider.token = { close: true }; }],
  ['provider_timeout', 504, (provider) => { provider.token = { hang: true }; }],
  ['request_invalid', 400, (provider) => { provider.authorize = { alter: (parameters) => { parameters.delete('code'); } }; }],
  ['state_invalid', 400, (provider) => { provider.authorize = { state: 'wrong' }; }],
];

e2e('each failure of a sign-in: a title of its own, whom to ask, and a reference that is in the log', async (h) => {
  const site = await h.site({ server: HELP + 'oauth_http_timeout 1s;' });
  for (const [code, status, prepare] of AT_SIGN_IN) {
    Object.assign(site.provider, { authorize: {}, token: {} });
    prepare(site.provider);
    const mark = site.nginx.mark();
    const page = await signIn(new Browser(), site.loginUrl);
    const heading = await assertFailurePage(site, mark, page, status, code);
    assert.ok(!titles.has(heading), `${heading} is also that of ${titles.get(heading)}`);
    titles.set(heading, code);
  }
});

e2e('a refusal by the rules, an unverified address, a form, 404 and 405: the same', async (h) => {
  const site = await h.site({ server: HELP, rules: 'oauth_allow any;', locations: (s) => `location /root/ { oauth_allow email=root@example.org; proxy_pass ${s.upstream.url}; }` });
  const rows = [['login_required', 401, () => site.browser.navigate(site.origin + '/save', { method: 'POST', form: { a: 'b' }, initiator: site.origin })],
    ['request_invalid', 404, () => site.browser.navigate(site.origin + '/auth/oauth/a/b/c')], ['request_invalid', 405, () => site.browser.navigate(site.origin + '/auth/oauth/test/backchannel-logout')],
    ['policy_denied', 403, async () => { await assertSignedIn(site); return site.browser.navigate(site.origin + '/root/x?y=1'); }]];
  for (const [code, status, visit] of rows) {
    const mark = site.nginx.mark();
    await assertFailurePage(site, mark, await visit(), status, code);
  }
  const strict = await h.site({ server: HELP, rules: 'oauth_allow domain=example.org;' });
  strict.provider.user.email_verified = false;
  const mark = strict.nginx.mark();
  await assertFailurePage(strict, mark, await signIn(strict.browser, strict.origin + '/'), 403, 'email_unverified');
});

e2e('a session that is too large, and a sign-in that took too long: the same', async (h) => {
  const site = await h.site({ server: HELP + 'oauth_session cookie; oauth_identity_claims groups; oauth_login_lifetime 1s;' });
  site.provider.user.groups = Array.from({ length: 600 }, () => crypto.randomBytes(16).toString('hex'));
  let mark = site.nginx.mark();
  const large = await signIn(new Browser(), site.origin + '/');
  await assertFailurePage(site, mark, large, 500, 'session_too_large');
  const browser = new Browser();
  const callback = await beginSignIn(site, { browser });
  await pause(2100);
  mark = site.nginx.mark();
  await assertFailurePage(site, mark, await browser.navigate(callback), 400, 'state_invalid');
});

e2e('a store that is away: the same, and the way on is the page itself', async (h) => {
  const redis = await Redis.start(h);
  const site = await h.site({ server: `${HELP} oauth_session ${redis.url}; oauth_session_key "${crypto.randomBytes(32).toString('base64')}"; oauth_session_cache off; oauth_session_timeout 500ms;` });
  await assertSignedIn(site);
  await redis.stop();
  const mark = site.nginx.mark();
  const page = await site.browser.navigate(site.origin + '/wiki/?page=1');
  await assertFailurePage(site, mark, page, 503, 'store_unavailable');
  const again = links(page).find(({ text }) => text === 'Try again');
  assert.equal(again.url.href, site.origin + '/wiki/?page=1');
  assert.match(again.attributes, /data-h/, 'with the fragment of its address');
  assert.match(page.headers['content-security-policy'], /script-src 'nonce-/);
  const form = await site.browser.navigate(site.origin + '/wiki/save', { method: 'POST', form: { a: 'b' }, initiator: site.origin });
  assert.equal(form.status, 503);
  assert.equal(links(form).find(({ text }) => text === 'Try again').url.href, site.origin + '/', 'a form is not sent again by a link');
  assert.doesNotMatch(form.text, /data-f/);
  for (const path of ['/auth/oauth/logout', '/auth/oauth/logout?return_to=%2Fbye', '/auth/oauth/test?account=other&return_to=%2Fwiki%2F', '/auth/oauth/signed-out']) {
    const failed = await site.browser.navigate(site.origin + path, { initiator: site.origin });
    assert.equal(failed.status, 503, path);
    assert.equal(links(failed).find(({ text }) => text === 'Try again').url.href, site.origin + path, 'what was asked for');
  }
  const foreign = await site.browser.navigate(site.origin + '/auth/oauth/logout', { initiator: 'https://evil.test' });
  assert.equal(links(foreign).find(({ text }) => text === 'Try again').url.pathname, '/auth/oauth/signed-out', 'which asks: a click there is nobody else\'s will');
});

e2e('the reference of JSON is the same as that of the log', async (h) => {
  const site = await h.site({ locations: (s) => `location /root/ { oauth_allow email=root@example.org; proxy_pass ${s.upstream.url}; }` });
  await assertSignedIn(site);
  const mark = site.nginx.mark();
  const { request_id: id } = (await site.browser.fetch(site.origin + '/root/', { headers: { Accept: 'application/json' } })).json();
  assert.match(await site.nginx.waitForLine(mark, new RegExp('reference ' + id)), /policy_denied/);
});
