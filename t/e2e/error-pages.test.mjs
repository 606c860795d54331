// SPDX-License-Identifier: MIT
// error_page with targets that are protected themselves: the answer has each of our headers once, and those of the answer that is shown.
import assert from 'node:assert/strict';
import { Browser, signIn } from './lib/browser.mjs';
import { publicFolder } from './lib/folders.mjs';
import { assertSignedIn, beginSignIn, e2e, hasSession } from './lib/harness.mjs';
import { Redis } from './lib/redis.mjs';

const LOCATIONS = (s) => `
  location /api/ { error_page 401 /login.html; error_page 403 /denied.html; oauth_allow email=root@example.org; proxy_pass ${s.upstream.url}; }
  location /twice/ { recursive_error_pages on; error_page 401 403 /login.html; oauth_allow email=root@example.org; proxy_pass ${s.upstream.url}; }
  location /named/ { error_page 401 = @login; proxy_pass ${s.upstream.url}; }
  location @login { proxy_pass ${s.upstream.url}; }
  location = /login.html { recursive_error_pages on; error_page 401 403 /denied.html; oauth_allow email=root@example.org; proxy_pass ${s.upstream.url}; }
  location = /denied.html { oauth_allow email=root@example.org; proxy_pass ${s.upstream.url}; }`;

function assertOnce(response, what) {
  const seen = new Map();
  for (let i = 0; i < response.rawHeaders.length; i += 2) {
    const name = response.rawHeaders[i].toLowerCase();
    seen.set(name, (seen.get(name) ?? 0) + 1);
  }
  seen.delete('set-cookie');
  assert.deepEqual([...seen].filter(([, count]) => count > 1), [], what);
  assert.equal(response.headers['cache-control'], 'no-store', what);
}

e2e('a protected error_page does not double our headers', async (h) => {
  const site = await h.site({ locations: LOCATIONS });
  for (const place of ['/api/', '/twice/', '/named/']) {
    const response = await new Browser().fetch(site.origin + place);
    assert.equal(response.status, 401, place);
    assert.ok(response.headers['www-authenticate'], place);
    assertOnce(response, place);
  }
  await assertSignedIn(site);
  for (const place of ['/api/', '/twice/']) {
    const response = await site.browser.navigate(site.origin + place);
    assert.equal(response.status, 403, place);
    assertOnce(response, place + ' with a session');
    assert.equal(response.headers['www-authenticate'], undefined, 'of the last answer only');
  }
});

e2e('a redirect in place of a 401 is one, with one Location', async (h) => {
  const site = await h.site({ locations: LOCATIONS });
  const response = await new Browser().navigate(site.origin + '/named/', { follow: false });
  assert.equal(response.status, 302);
  assertOnce(response, 'named');
  assert.ok(await beginSignIn(site, { target: site.origin + '/named/' }));
});

const OWN = 'a page of our own';
const SHAPES = ['static', 'named', 'given', 'hidden']; // a file, a named location, the status of the application, and another status
const STATUSES = '400 401 403 404 405 500 502 503 504';

// An own page in four shapes, for locations `rules` of which say who may pass. X-Error is what `$oauth_error` tells there.
const ownPages = (h, rules = '') => (s) => `
  location /static/ { ${rules} error_page ${STATUSES} /own.html; proxy_pass ${s.upstream.url}; }
  location /named/ { ${rules} error_page ${STATUSES} @own; proxy_pass ${s.upstream.url}; }
  location /given/ { ${rules} error_page ${STATUSES} = @told; proxy_pass ${s.upstream.url}; }
  location /hidden/ { ${rules} error_page ${STATUSES} =410 /own.html; proxy_pass ${s.upstream.url}; }
  location = /own.html { oauth off; root ${publicFolder(h, { 'own.html': OWN })}; add_header X-Error "[$oauth_error]" always; }
  location @own { oauth off; root ${publicFolder(h, { 'own.html': OWN })}; try_files /own.html =500; add_header X-Error "[$oauth_error]" always; }
  location @told { oauth off; proxy_pass ${s.upstream.url}; add_header X-Error "[$oauth_error]" always; }`;

const told = (site) => { site.upstream.reply = (request, response) => { response.writeHead(202, { 'Content-Type': 'text/plain' }).end(OWN); return true; }; };

// Of each shape: the own page, with the status that error_page says, and what is ours of an answer's head.
async function assertOwnPages(ask, status, code, { challenge = false, shapes = SHAPES } = {}) {
  for (const shape of shapes) {
    const response = await ask(`/${shape}/x`);
    const what = `${shape} ${status} ${code}`;
    assert.equal(response.status, { static: status, named: status, given: 202, hidden: 410 }[shape], what + response.text);
    assert.equal(response.text, OWN, what);
    assertOnce(response, what);
    assert.equal(response.headers['x-error'], `[${code}]`, what);
    assert.equal(response.headers['www-authenticate'] !== undefined, challenge, what);
    assert.equal(response.headers['content-security-policy'], undefined, 'that of our pages is not for others: ' + what);
  }
}

e2e('error_page takes the place of our page for who has no session, and for who is refused', async (h) => {
  const site = await h.site({ locations: ownPages(h, 'oauth_allow email=root@example.org;') });
  told(site);
  const stranger = new Browser();
  await assertOwnPages((target) => stranger.fetch(site.origin + target), 401, 'login_required', { challenge: true });
  await assertOwnPages((target) => stranger.fetch(site.origin + target, { headers: { Accept: 'application/json' } }), 401, 'login_required', { challenge: true });
  await assertOwnPages((target) => stranger.navigate(site.origin + target, { method: 'POST', form: { a: 'b' } }), 401, 'login_required',
    { challenge: true, shapes: ['static', 'given', 'hidden'] }); // nginx answers a POST to a file with 405, and a named location keeps the method
  await signIn(site.browser, site.origin + '/');
  await assertOwnPages((target) => site.browser.navigate(site.origin + target), 403, 'policy_denied');
  const head = await site.browser.fetch(site.origin + '/static/x', { method: 'HEAD' });
  assert.deepEqual([head.status, head.text, head.headers['content-length']], [403, '', String(OWN.length)]);
  assert.equal(site.upstream.requests.filter(({ url }) => !url.startsWith('/given/')).length, 1, 'only what followed the sign-in');
});

e2e('error_page takes the place of our page while an address is not verified, and where the host is unknown', async (h) => {
  const site = await h.site({ server: 'server_name 127.0.0.1;', rules: 'oauth_allow any;', locations: ownPages(h, 'oauth_allow email=alice@example.org;') });
  told(site);
  site.provider.user.email_verified = false;
  await signIn(site.browser, site.origin + '/');
  await assertOwnPages((target) => site.browser.navigate(site.origin + target), 403, 'email_unverified');
  const unknown = new Browser();
  await assertOwnPages((target) => unknown.fetch(site.origin + target, { headers: { Host: 'other.example.org' } }), 400, 'request_invalid');
});

e2e('error_page takes the place of our page while a provider is away', async (h) => {
  const site = await h.site({ server: 'oauth_http_timeout 1s;', locations: ownPages(h) });
  told(site);
  site.provider.discovery = { hang: true };
  await assertOwnPages((target) => new Browser().navigate(site.origin + target, { follow: false }), 504, 'provider_timeout');
  const gone = await h.site({ locations: ownPages(h) });
  told(gone);
  gone.provider.discovery = { close: true };
  await assertOwnPages((target) => new Browser().navigate(gone.origin + target, { follow: false }), 502, 'provider_unreachable');
});

e2e('error_page takes the place of our page while a store is away, and nobody is signed out for it', async (h) => {
  const redis = await Redis.start(h);
  const site = await h.site({ server: `oauth_session ${redis.url}; oauth_session_cache off; oauth_session_timeout 1s; oauth_session_key "MDEyMzQ1Njc4OWFiY2RlZmZlZGNiYTk4NzY1NDMyMTA=";`, locations: ownPages(h) });
  told(site);
  await signIn(site.browser, site.origin + '/');
  assert.ok(hasSession(site.browser));
  await redis.stop();
  await assertOwnPages((target) => site.browser.fetch(site.origin + target), 503, 'store_unavailable');
  assert.ok(hasSession(site.browser));
});

e2e('a session that has ended loses its cookie also with an error_page', async (h) => {
  const site = await h.site({ server: 'oauth_refresh 1s;', locations: ownPages(h) });
  told(site);
  for (const shape of SHAPES) {
    site.provider.refresh = {};
    await signIn(site.browser, site.origin + '/');
    assert.ok(hasSession(site.browser), shape);
    site.provider.refresh = { error: 'invalid_grant' };
    await new Promise((resolve) => setTimeout(resolve, 1100));
    const response = await site.browser.fetch(site.origin + `/${shape}/x`);
    assert.equal(response.text, OWN);
    assert.ok(!hasSession(site.browser), `${shape}: ${response.headers['set-cookie']}`);
    assertOnce(response, shape);
  }
});

e2e('an error_page of the server is no loop where its page is protected, and shows ours', async (h) => {
  const page = (more) => (s) => `error_page 401 403 /own.html; ${more} location = /own.html { oauth_allow email=root@example.org; proxy_pass ${s.upstream.url}; }`;
  for (const more of ['', 'recursive_error_pages on;']) {
    const site = await h.site({ rules: 'oauth_allow email=root@example.org;', server: page(more) });
    const stranger = await new Browser().fetch(site.origin + '/', { headers: { Accept: 'application/json' } });
    assert.equal(stranger.status, 401, more);
    assert.equal(stranger.json().error, 'login_required', more);
    assertOnce(stranger, more);
    const refused = await signIn(site.browser, site.origin + '/');
    assert.equal(refused.status, 403, more);
    assert.match(refused.text, /policy_denied/, more);
    assertOnce(refused, more);
    assert.equal(site.upstream.requests.length, 0);
  }
});

const SECOND = `oauth_provider second oidc { issuer https://id.example.org; client_id c; client_secret a-secret-of-the-second; }`;
const LOG = /oauth: login_required: the page is that of "oauth_login_page \/signin\.html", where visitors choose how to sign in: set "oauth off" in its location/;

e2e('oauth_login_page and error_page: page loads go to the one, programs get the other', async (h) => {
  const site = await h.site({ http: SECOND, server: 'oauth_login_page /signin.html;', locations: (s) => `${ownPages(h)(s)}
    location = /signin.html { oauth off; root ${publicFolder(h, { 'signin.html': 'choose' })}; }` });
  told(site);
  for (const shape of SHAPES) {
    const load = await new Browser().navigate(`${site.origin}/${shape}/x?y=1`);
    assert.deepEqual([load.status, load.text], [200, 'choose'], shape);
    assert.equal(new URL(load.url).search, `?return_to=${encodeURIComponent(`/${shape}/x?y=1`)}`, shape);
  }
  const stranger = new Browser();
  await assertOwnPages((target) => stranger.fetch(site.origin + target), 401, 'login_required', { challenge: true });
});

e2e('oauth_login_page may be the error_page itself, at the address that was asked for', async (h) => {
  const site = await h.site({ http: SECOND, server: 'oauth_login_page /signin.html; oauth_unauthenticated 401; error_page 401 /signin.html;', locations: () => `
    location = /signin.html { oauth off; root ${publicFolder(h, { 'signin.html': 'choose' })}; }` });
  const load = await new Browser().navigate(site.origin + '/wanted');
  assert.deepEqual([load.status, load.text, load.history.length], [401, 'choose', 0]);
  assertOnce(load, 'the page of the sign-in');
});

e2e('an oauth_login_page that is protected is no loop, with and without an error_page for it', async (h) => {
  const folder = publicFolder(h, { 'own.html': OWN, 'signin.html': 'choose' });
  for (const [more, body] of [['', null], ['error_page 401 /own.html;', OWN], ['error_page 401 /signin.html;', null], ['recursive_error_pages on; error_page 401 /signin.html;', null]]) {
    const site = await h.site({ http: SECOND, server: `oauth_login_page /signin.html; ${more}`, locations: () => `
      location = /signin.html { root ${folder}; } location = /own.html { oauth off; root ${folder}; }` });
    h.allowLog(LOG);
    const load = await new Browser().navigate(site.origin + '/wanted');
    assert.equal(load.status, 401, more);
    assert.ok(body ? load.text === body : load.text.includes('<code>login_required</code>'), more + load.text);
    assert.ok(load.headers['www-authenticate'], more);
    assertOnce(load, more);
    await site.nginx.waitForLine(0, LOG);
  }
});

e2e('what the application answers is its own: its error pages have no head of ours', async (h) => {
  const site = await h.site({ server: 'proxy_intercept_errors on;', locations: ownPages(h) });
  await assertSignedIn(site);
  for (const status of [401, 403, 404, 405, 500, 503]) {
    site.upstream.reply = (request, response) => { response.writeHead(status).end('of the application'); return true; };
    const response = await site.browser.fetch(site.origin + '/static/x');
    assert.deepEqual([response.status, response.text, response.headers['x-error'], response.headers['cache-control']], [status, OWN, '[]', undefined], status);
  }
});

e2e('a sign-in that fails has our page, whatever error_page has for its status', async (h) => {
  const site = await h.site({ server: `error_page ${STATUSES} =200 /own.html; oauth_http_timeout 1s;`, locations: () => `
    location = /own.html { oauth off; root ${publicFolder(h, { 'own.html': OWN })}; }` });
  const failures = [['access_denied', 403, { authorize: { error: 'access_denied' } }], ['provider_error', 502, { authorize: { error: 'server_error' } }], ['token_invalid', 502, { token: { corrupt: true } }],
    ['provider_unreachable', 502, { token: { close: true } }], ['provider_timeout', 504, { token: { hang: true } }]];
  for (const [code, status, spoil] of failures) {
    site.provider.reset();
    Object.assign(site.provider, spoil);
    const response = await signIn(new Browser(), site.origin + '/auth/oauth/test');
    assert.equal(response.status, status, code);
    assert.match(response.text, new RegExp(`<code>${code}</code>`));
    assertOnce(response, code);
  }
});
