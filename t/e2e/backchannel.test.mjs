// SPDX-License-Identifier: MIT
// Sign-outs that a provider tells of, with every fault that it may have: back channel (LO-10 to LO-20, LO-22, MX-07, CC-03, CC-04, CONF-052 to CONF-057) and
// front channel (LO-23, LO-24, CONF-050, CONF-051); and what goes back to the provider at a sign-out (LO-25, LO-26).
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import { Browser, raw } from './lib/browser.mjs';
import { assertNoStore, assertSignedIn, beginSignIn, e2e, hasSession } from './lib/harness.mjs';
import { freshKey, keyFor, sign } from './lib/jws.mjs';
import { until } from './lib/ports.mjs';

const JSON_HEADERS = { Accept: 'application/json' };
const EVENT = 'http://schemas.openid.net/event/backchannel-logout';
const now = () => Math.floor(Date.now() / 1000);

function logoutToken(provider, { claims = {}, header = {}, alg = 'RS256', key = keyFor(alg), payload } = {}) {
  const all = { iss: provider.issuer, aud: provider.clientId, iat: now(), exp: now() + 120, jti: crypto.randomUUID(), sub: provider.user.sub, events: { [EVENT]: {} }, ...claims };
  return sign({ header: { alg, kid: key.kid, typ: 'logout+jwt', ...header }, payload: payload ?? all, alg, key });
}

function post(site, body, { headers = {}, method = 'POST' } = {}) {
  const all = { 'Content-Type': 'application/x-www-form-urlencoded', Accept: '*/*', 'User-Agent': 'provider', ...headers };
  return new Browser().request(site.loginUrl + '/backchannel-logout', { method, headers: all, body });
}

const tell = (site, token) => post(site, new URLSearchParams({ logout_token: token }).toString());

async function assertTaken(site, token) {
  const response = await tell(site, token);
  assert.equal(response.status, 200, response.text);
  assert.equal(response.headers['cache-control'], 'no-store');
}

const lives = async (site, browser) => (await browser.fetch(site.origin + '/', { headers: JSON_HEADERS })).status === 200;

// A browser that is signed in; `sid` is the provider's session.
async function signedIn(site, sid) {
  site.provider.token = sid === undefined ? {} : { claims: (claims) => ({ ...claims, sid }) };
  const browser = new Browser();
  await assertSignedIn(site, { browser });
  return browser;
}

for (const store of ['cookie', 'shared']) e2e(`LO-17 a sub alone ends all sessions of that user, LO-18 a sid that session, and nobody else's, with oauth_session ${store}`, async (h) => {
  const site = await h.site({ server: `oauth_session ${store};` });
  const [a, b] = [await signedIn(site, 's-1'), await signedIn(site, 's-2')];
  await assertTaken(site, logoutToken(site.provider, { claims: { sub: undefined, sid: 's-1' } }));
  assert.deepEqual([await lives(site, a), await lives(site, b)], [false, true]);
  await assertTaken(site, logoutToken(site.provider, { claims: { sub: 'somebody-else' } }));
  await assertTaken(site, logoutToken(site.provider, { claims: { sub: 'somebody-else', sid: 's-2' } })); // MX-07
  await assertTaken(site, logoutToken(site.provider, { claims: { sid: 'unknown' } }));
  assert.ok(await lives(site, b));
  const c = await signedIn(site);
  await assertTaken(site, logoutToken(site.provider));
  assert.deepEqual([await lives(site, b), await lives(site, c)], [false, false]);
  await assertTaken(site, logoutToken(site.provider)); // T3: there is nothing left to end
  assert.ok(await lives(site, await signedIn(site)), 'and a sign-in that begins afterwards is none of them');
});

e2e('LO-22 a session that has just begun ends, and so does a sign-in under way', async (h) => {
  const site = await h.site();
  const waiting = new Browser();
  const callback = await beginSignIn(site, { browser: waiting });
  const browser = await signedIn(site);
  await assertTaken(site, logoutToken(site.provider));
  assert.equal(await lives(site, browser), false);
  await waiting.navigate(callback, { follow: false });
  assert.equal(await lives(site, waiting), false);
});

e2e('CC-04 what one worker is told holds on the others at once, LO-13 and CC-03 a token counts once for all of them, and over a reload', async (h) => {
  const site = await h.site({ workers: 2 });
  const browsers = [];
  for (let i = 0; i < 4; i++) {
    browsers.push(await signedIn(site));
  }
  const many = () => Promise.all(browsers.flatMap((browser) => Array.from({ length: 6 }, () => lives(site, browser))));
  assert.ok((await many()).every(Boolean), 'each worker knows each session');
  const token = logoutToken(site.provider);
  const answers = await Promise.all(Array.from({ length: 12 }, () => tell(site, token)));
  assert.deepEqual(answers.map((answer) => answer.status).sort(), [200, ...Array(11).fill(400)]);
  assert.ok((await many()).every((live) => !live));
  const later = await signedIn(site);
  await site.nginx.reload();
  assert.equal((await tell(site, token)).status, 400);
  assert.ok(await lives(site, later), 'and has no second effect');
  assert.equal(await lives(site, browsers[0]), false);
});

e2e('LO-10 to LO-16 and CONF-053 to CONF-057 what is no valid logout token is 400, and ends nothing', async (h) => {
  const site = await h.site({ block: 'signing_algorithms RS256;' });
  const { provider } = site;
  const browser = await signedIn(site, 's-1');
  const faults = {
    'CONF-053 none': sign({ header: { alg: 'none' }, payload: { iss: provider.issuer, aud: provider.clientId, iat: now(), exp: now() + 60, jti: 'j', sub: provider.user.sub, events: { [EVENT]: {} } }, alg: 'none' }),
    'CONF-054 ES256, whose key is in the set': logoutToken(provider, { alg: 'ES256' }),
    'CONF-054 the secret': logoutToken(provider, { alg: 'HS256', key: provider.clientSecret, header: { kid: undefined } }),
    'a key that is not in the set': logoutToken(provider, { key: freshKey('rsa-1') }),
    'CONF-055 iss': logoutToken(provider, { claims: { iss: provider.issuer + '1' } }),
    'CONF-055 aud': logoutToken(provider, { claims: { aud: provider.clientId + '1' } }),
    'CONF-056 no events': logoutToken(provider, { claims: { events: undefined } }),
    'CONF-056 another event': logoutToken(provider, { claims: { events: { 'http://schemas.openid.net/event/foobar': {} } } }),
    'CONF-057 a nonce': logoutToken(provider, { claims: { nonce: 'n' } }),
    'LO-10 neither sub nor sid': logoutToken(provider, { claims: { sub: undefined } }),
    'LO-11 over': logoutToken(provider, { claims: { iat: now() - 300, exp: now() - 120 } }),
    'LO-11 no iat': logoutToken(provider, { claims: { iat: undefined } }),
    'LO-11 no exp, and old': logoutToken(provider, { claims: { exp: undefined, iat: now() - 130 } }),
    'LO-12 no jti': logoutToken(provider, { claims: { jti: undefined } }),
    'LO-14 an ID token': provider.lastIdToken,
    'LO-15 events is a list': logoutToken(provider, { claims: { events: [EVENT] } }),
    'LO-15 events is a text': logoutToken(provider, { claims: { events: EVENT } }),
    'LO-15 the event is a text': logoutToken(provider, { claims: { events: { [EVENT]: '' } } }),
    'LO-16 typ': logoutToken(provider, { header: { typ: 'at+jwt' } }),
    'a number for a sub': logoutToken(provider, { claims: { sub: 1 } }),
    'no claims': logoutToken(provider, { payload: '[]' }),
    'no token': 'x',
  };
  for (const [what, token] of Object.entries(faults)) {
    const mark = site.nginx.mark();
    const response = await tell(site, token);
    assert.equal(response.status, 400, what);
    assertNoStore(response);
    assert.equal(site.nginx.linesSince(mark, /token_invalid: test: back-channel logout: /).length, 1, what);
    assert.ok(await lives(site, browser), what);
  }
  assert.ok(!site.nginx.log().includes(faults['CONF-057 a nonce'].split('.')[1]), 'no part of a token is in the log');
});

e2e('CONF-052 and LO-16 what a logout token may have beside', async (h) => {
  const site = await h.site();
  const { provider } = site;
  const kinds = {
    'logout+jwt': logoutToken(provider, { claims: { ignored_claim: { x: 1 }, sid: undefined, aud: [provider.clientId], events: { [EVENT]: { more: 1 }, 'https://example.org/other': 1 } } }),
    JWT: logoutToken(provider, { header: { typ: 'JWT' } }),
    'no typ': logoutToken(provider, { header: { typ: undefined } }),
    'no exp': logoutToken(provider, { claims: { exp: undefined } }), // Ory Hydra, Authentik
    'another algorithm of the metadata': logoutToken(provider, { alg: 'ES256' }),
  };
  for (const [what, token] of Object.entries(kinds)) {
    const browser = await signedIn(site);
    const body = 'a=1&' + new URLSearchParams({ logout_token: token }) + '&b=2';
    assert.equal((await post(site, body, { headers: { 'Content-Type': 'application/x-www-form-urlencoded;charset=UTF-8' } })).status, 200, what);
    assert.equal(await lives(site, browser), false, what);
  }
});

e2e('LO-19 another method, another body, none, two tokens, and too much', async (h) => {
  const site = await h.site({ locations: 'location /auth/oauth/ { return 418; client_max_body_size 10m; error_page 400 413 = /other; }' });
  const browser = await signedIn(site);
  const form = new URLSearchParams({ logout_token: logoutToken(site.provider) }).toString();
  const cases = [[400, ''], [400, form + '&' + form], [400, 'logout_token='], [400, 'x=1'],
    [400, JSON.stringify({ logout_token: logoutToken(site.provider) }), { headers: { 'Content-Type': 'application/json' } }],
    [413, form + '&x=' + 'y'.repeat(1 << 20)], [413, 'logout_token=' + 'y'.repeat(70000)]];
  for (const [status, body, options] of cases) {
    const response = await post(site, body, options);
    assert.equal(response.status, status, body.slice(0, 40));
    assertNoStore(response);
  }
  const plain = await h.site(); // where nginx itself refuses what is larger than its own limit
  const large = await post(plain, 'logout_token=' + 'y'.repeat(1 << 20));
  assert.equal(large.status, 413);
  assertNoStore(large);
  for (const method of ['GET', 'HEAD', 'PUT', 'DELETE', 'OPTIONS']) {
    const response = await post(site, undefined, { method });
    assert.equal(response.status, 405, method);
    assert.equal(response.headers.allow, 'POST');
    assertNoStore(response);
  }
  const query = await raw(site.port, `POST /auth/oauth/test/backchannel-logout?${form} HTTP/1.1\r\nHost: 127.0.0.1:${site.port}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`);
  assert.match(query, /^HTTP\/1\.1 400 /);
  assert.ok(!site.nginx.accessed().includes('logout_token'), 'a token that came in a query is in no log');
  assert.ok(await lives(site, browser));
  assert.equal((await post(site, form)).status, 200, 'in a location that answers otherwise');
  assert.equal(await lives(site, browser), false);
  const chunked = await signedIn(site);
  const token = new URLSearchParams({ logout_token: logoutToken(site.provider) }).toString();
  assert.equal((await post(site, token, { headers: { 'Transfer-Encoding': 'chunked' } })).status, 200);
  assert.equal(await lives(site, chunked), false);
});

e2e('LO-20 a flood of garbage has the keys fetched a few times, and costs others nothing', async (h) => {
  const site = await h.site();
  const browser = await signedIn(site);
  const before = site.provider.count('jwks');
  const key = freshKey('other');
  const flood = Array.from({ length: 300 }, (_, i) => tell(site, logoutToken(site.provider, { key: { ...key, kid: 'kid-' + i } })));
  const during = await Promise.all(Array.from({ length: 20 }, () => lives(site, browser)));
  assert.ok(during.every(Boolean));
  const answers = await Promise.all(flood);
  assert.ok(answers.every(({ status }) => status === 400 || status === 503), 'each is refused');
  assert.ok(site.provider.count('jwks') <= before + 3, 'fetched ' + (site.provider.count('jwks') - before) + ' times');
  // Nor does it take what a sign-in needs when the provider has changed its keys.
  const renewed = freshKey('renewed');
  const { publicJwk } = await import('./lib/jws.mjs');
  site.provider.jwks = { keys: () => [publicJwk(renewed)] };
  site.provider.token = { key: renewed };
  await assertSignedIn(site, { browser: new Browser() });
});

e2e('keys that cannot be had are 503, and the token counts when it comes again', async (h) => {
  const site = await h.site();
  site.provider.jwks = { status: 500 };
  const token = logoutToken(site.provider);
  const response = await tell(site, token);
  assert.equal(response.status, 503);
  assertNoStore(response);
  site.provider.jwks = {};
  await assertTaken(site, token);
});

e2e('an OAuth 2.0 provider has neither address', async (h) => {
  const site = await h.site({ provider: { mode: 'oauth2' } });
  assert.equal((await tell(site, 'x')).status, 404);
  assert.equal((await new Browser().request(site.loginUrl + '/frontchannel-logout')).status, 404);
});

const frame = (site, query, { browser = new Browser(), headers = {}, method = 'GET' } = {}) => browser.request(site.loginUrl + '/frontchannel-logout' + query,
  { method, headers: { Accept: 'text/html', 'Sec-Fetch-Dest': 'iframe', 'Sec-Fetch-Mode': 'navigate', 'Sec-Fetch-Site': 'cross-site', ...headers } });

e2e('LO-23, LO-24, CONF-050 and CONF-051 a frame of the provider ends the session that it names, and what is ignored', async (h) => {
  const site = await h.site();
  const iss = 'iss=' + encodeURIComponent(site.provider.issuer);
  const browser = await signedIn(site, 's-1');
  const requests = () => Object.values(site.provider.requests).flat().length;
  const before = requests();
  for (const query of ['?sid=s-1', '?' + iss, '?' + iss + '1&sid=s-1', '?' + iss + '&sid=s-2', '?iss=&sid=', '?' + iss + '&sid=s-1&sid=s-1', '?' + iss + '&sid=%zz']) {
    const response = await frame(site, query, { browser });
    assert.equal(response.status, 200, query);
    assert.ok(await lives(site, browser), query);
  }
  const head = await frame(site, `?${iss}&sid=s-1`, { browser, method: 'HEAD' });
  const prefetch = await frame(site, `?${iss}&sid=s-1`, { browser, headers: { 'Sec-Purpose': 'prefetch' } });
  assert.deepEqual([head.status, prefetch.status, await lives(site, browser)], [200, 200, true]);
  const response = await frame(site, `?${iss}&sid=s-1`); // without any cookie
  assert.equal(response.status, 200);
  assert.equal(response.headers['cache-control'], 'no-store');
  assert.equal(response.headers['x-frame-options'], undefined);
  assert.equal(response.headers['content-security-policy'], `default-src 'none'; frame-ancestors ${site.provider.origin}`);
  assert.equal(await lives(site, browser), false);
  assert.equal(requests(), before, 'nothing goes to the provider');
  assert.ok(!/s-1/.test(site.nginx.accessed()), 'no log has the sid');
  const [own, other] = [await signedIn(site, 's-3'), await signedIn(site, 's-4')];
  assert.equal((await frame(site, '', { browser: own })).status, 200);
  assert.deepEqual([hasSession(own), await lives(site, own), await lives(site, other)], [false, false, true]);
});

// A frame is not signed: it ends a session, and gives nothing away for it. Nor does a logout token, as LO-21 in docs/security.md says.
e2e('LO-23 and LO-21 what a provider ends has no token given back, and what the user ends has', async (h) => {
  const site = await h.site({ block: (s) => `revocation_endpoint ${s.provider.base}/revoke;`, server: 'oauth_tokens on;' });
  h.allowLog(/could not be revoked: status 404/);
  const iss = 'iss=' + encodeURIComponent(site.provider.issuer);
  const [named, own, told, user] = [await signedIn(site, 's-1'), await signedIn(site, 's-2'), await signedIn(site, 's-3'), await signedIn(site, 's-4')];
  const returned = () => site.provider.requests.other.filter(({ url }) => url.startsWith('/revoke'));
  assert.equal((await frame(site, `?${iss}&sid=s-1`)).status, 200);
  assert.equal((await frame(site, '', { browser: own })).status, 200);
  await assertTaken(site, logoutToken(site.provider, { claims: { sub: undefined, sid: 's-3' } }));
  assert.deepEqual([await lives(site, named), await lives(site, own), await lives(site, told), await lives(site, user)], [false, false, false, true]);
  const mark = site.nginx.mark();
  await user.navigate(site.origin + '/auth/oauth/logout', { initiator: site.origin, follow: false });
  await site.nginx.waitForLine(mark, /could not be revoked: status 404/);
  assert.equal(returned().length, 1, 'the last one alone');
});

e2e('LO-25 and LO-26 tokens that are kept go back when the session has ended, and nobody waits for that', async (h) => {
  const endpoint = (site) => `revocation_endpoint ${site.provider.base}/revoke;`;
  const site = await h.site({ block: endpoint, server: 'oauth_tokens on;' });
  const kept = () => site.provider.requests.other.filter(({ url }) => url.startsWith('/revoke'));
  const out = (browser) => browser.navigate(site.origin + '/auth/oauth/logout', { initiator: site.origin, follow: false });
  const browser = await signedIn(site);
  const begun = Date.now();
  const mark = site.nginx.mark();
  assert.equal((await out(browser)).status, 302);
  assert.ok(Date.now() - begun < 3000);
  await until(() => kept().length >= 1, 'the token to go back');
  const form = new URLSearchParams(kept().at(-1).body);
  assert.equal(form.get('token_type_hint'), 'access_token');
  assert.ok(site.provider.secrets.has(form.get('token')));
  assert.match(kept().at(-1).headers.authorization, /^Basic /);
  await site.nginx.waitForLine(mark, /tokens of a session that has ended could not be revoked: status 404/); // this provider knows no such address
  const again = await signedIn(site);
  await site.provider.stop();
  const answer = await out(again);
  assert.equal(answer.status, 302, 'with a provider that is away');
  await site.nginx.waitForLine(mark, /could not be revoked: cannot connect|could not be revoked: .*connect/i);
  for (const secret of site.provider.secrets) {
    assert.ok(!site.nginx.log().includes(secret), 'no token is in the log');
  }
});
