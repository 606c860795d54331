// SPDX-License-Identifier: MIT
// The OpenID Foundation's plans for sign-out at relying parties: RP-initiated, front-channel and back-channel. The provider tells of the end while
// the browser's own sign-out is under way, when the session here is gone already (T3); a frame comes without cookies (T6). In each module another
// browser of the same session at the provider shows what a logout token or a frame has done, and what a bad one has not.
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import { assertNoStore, e2e, hasSession } from './lib/harness.mjs';
import { sign } from './lib/jws.mjs';
import { assertLetIn, isLetIn, suiteSite } from './lib/suite-site.mjs';

const EVENT = 'http://schemas.openid.net/event/backchannel-logout';
const SID = 'op-session-1';

// Two browsers of one session at the provider.
async function signedInTwice(h, options) {
  const site = await suiteSite(h, options);
  site.provider.token = { claims: (claims) => ({ ...claims, sid: SID }) };
  const [{ browser }, { browser: other }] = [await assertLetIn(site, 'one browser'), await assertLetIn(site, 'another one')];
  return { site, provider: site.provider, browser, other };
}

const signOut = (site, browser, options) => browser.navigate(site.origin + '/auth/oauth/logout', { initiator: site.origin, ...options });

async function assertSignedOut(site, browser, copy, landed) {
  const at = site.upstream.requests.length;
  assert.equal(landed.status, 200, landed.text.slice(0, 300));
  assert.equal(new URL(landed.url).pathname, '/auth/oauth/signed-out');
  assert.match(landed.text, /You are signed out/);
  assertNoStore(landed);
  assert.ok(!hasSession(browser));
  assert.equal(await isLetIn(site, browser), false);
  assert.equal(await isLetIn(site, site.browse(copy)), false, 'a copy of the cookie');
  assert.equal(site.upstream.requests.length, at, 'nothing comes to the application');
  site.provider.assertNoBreach();
}

const initiated = {
  'CONF-047 oidcc-client-test-rp-init-logout': {},
  'CONF-048 oidcc-client-test-rp-init-logout-other-state': { state: 'invalid' },
  'CONF-049 oidcc-client-test-rp-init-logout-no-state': { state: 'none' },
};
for (const [name, endSession] of Object.entries(initiated)) {
  e2e(name, async (h) => {
    const { site, provider, browser, other } = await signedInTwice(h);
    provider.endSession = endSession;
    const copy = browser.jar.clone();
    const landed = await signOut(site, browser);
    assert.ok(landed.history.length <= 4, 'no loop');
    await assertSignedOut(site, browser, copy, landed);
    const [{ parameters }] = provider.requests.end_session;
    assert.deepEqual([...parameters.keys()], ['id_token_hint', 'client_id', 'post_logout_redirect_uri', 'state']);
    assert.equal(parameters.get('client_id'), provider.clientId);
    assert.ok(await isLetIn(site, other), 'another browser has signed nobody out');
  });
}

// What a browser does with a frame of the provider's page: from another site, without a cookie.
async function loadFrame(site, page) {
  const source = /<iframe src="([^"]*)"/.exec(page.text)[1].replace(/&amp;/g, '&');
  const headers = { Accept: 'text/html', 'Sec-Fetch-Dest': 'iframe', 'Sec-Fetch-Mode': 'navigate', 'Sec-Fetch-Site': 'cross-site', Referer: site.provider.origin + '/' };
  const framed = await site.browse().request(source, { headers });
  assert.equal(framed.status, 200, framed.text);
  assert.equal(framed.headers['cache-control'], 'no-store');
  assert.equal(framed.headers['x-frame-options'], undefined);
  const [, ancestors] = /frame-ancestors ([^;]*)/.exec(framed.headers['content-security-policy']);
  assert.equal(ancestors, site.provider.origin, 'the provider may frame it');
}

e2e('CONF-050 oidcc-client-test-rp-frontchannel-rpinitlogout', async (h) => {
  const { site, provider, browser, other } = await signedInTwice(h);
  provider.endSession = { frame: { iss: provider.issuer, sid: SID } };
  const copy = browser.jar.clone();
  const page = await signOut(site, browser);
  assert.ok(page.url.startsWith(provider.base + '/logout'), page.url);
  assert.ok(await isLetIn(site, other));
  await loadFrame(site, page);
  assert.equal(await isLetIn(site, other), false, 'the other browser of that session');
  const on = /<a href="([^"]*)"/.exec(page.text)[1].replace(/&amp;/g, '&');
  await assertSignedOut(site, browser, copy, await browser.navigate(on, { initiator: provider.origin }));
});

e2e('CONF-051 oidcc-client-test-rp-frontchannel-opinitlogout', async (h) => {
  const { site, provider, browser, other } = await signedInTwice(h);
  const at = site.upstream.requests.length;
  await loadFrame(site, { text: `<iframe src="${provider.frontChannelLogoutUri}?${new URLSearchParams({ iss: provider.issuer, sid: SID })}">` });
  assert.deepEqual([await isLetIn(site, browser), await isLetIn(site, other)], [false, false]);
  assert.equal(site.upstream.requests.length, at, 'nothing comes to the application');
  assert.equal(provider.count('end_session'), 0);
  await assertLetIn(site, 'and signing in again works', browser);
});

const now = () => Math.floor(Date.now() / 1000);
const claimsOf = (provider) => ({ iss: provider.issuer, aud: provider.clientId, iat: now(), exp: now() + 120, jti: crypto.randomUUID(), sub: provider.user.sub, sid: SID,
  events: { [EVENT]: {} }, ignored_claim: 'x' });

function logoutToken(provider, change = (claims) => claims, alg = 'RS256') {
  const key = provider.keyOf(alg);
  return sign({ header: { alg, kid: key.kid, typ: 'logout+jwt' }, payload: change(claimsOf(provider)), alg, key });
}

const faults = {
  'CONF-053 oidcc-client-test-rp-backchannel-rpinitlogout-alg-none': [/no signature/, (provider) => sign({ header: { alg: 'none', typ: 'logout+jwt' }, payload: claimsOf(provider), alg: 'none' })],
  'CONF-054 oidcc-client-test-rp-backchannel-rpinitlogout-wrong-alg: ES256 where RS256 is expected, by a key of the set': [/algorithm is not allowed: found "ES256"/, (provider) => logoutToken(provider, undefined, 'ES256')],
  'CONF-055 oidcc-client-test-rp-backchannel-rpinitlogout-wrong-iss': [/: iss is not/, (provider) => logoutToken(provider, (claims) => ({ ...claims, iss: claims.iss + '1' }))],
  'CONF-055 oidcc-client-test-rp-backchannel-rpinitlogout-wrong-aud': [/: aud is not/, (provider) => logoutToken(provider, (claims) => ({ ...claims, aud: claims.aud + '1' }))],
  'CONF-056 oidcc-client-test-rp-backchannel-rpinitlogout-no-event': [/event/, (provider) => logoutToken(provider, ({ events, ...claims }) => claims)],
  'CONF-056 oidcc-client-test-rp-backchannel-rpinitlogout-wrong-event': [/event/, (provider) => logoutToken(provider, (claims) => ({ ...claims, events: { 'http://schemas.openid.net/event/foobar': {} } }))],
  'CONF-057 oidcc-client-test-rp-backchannel-rpinitlogout-with-nonce': [/nonce/, (provider) => logoutToken(provider, (claims) => ({ ...claims, nonce: 'n' }))],
};

async function backChannel(h, make, { status, lives }) {
  const { site, provider, browser, other } = await signedInTwice(h, { block: 'signing_algorithms RS256;', workers: 2 });
  provider.endSession = { logoutToken: () => make(provider) };
  const copy = browser.jar.clone();
  const landed = await signOut(site, browser);
  const [told] = provider.told;
  assert.equal(told.status, status, await told.text());
  assert.equal(told.headers.get('cache-control'), 'no-store');
  await assertSignedOut(site, browser, copy, landed);
  assert.equal(await isLetIn(site, other), lives, 'the other browser of that session');
  return { site, provider, other };
}

e2e('CONF-052 oidcc-client-test-rp-backchannel-rpinitlogout', async (h) => {
  const { site, other } = await backChannel(h, logoutToken, { status: 200, lives: false });
  await assertLetIn(site, 'signing in again works', other);
});

for (const [name, [why, make]] of Object.entries(faults)) {
  e2e(name, async (h) => {
    const { site, provider } = await backChannel(h, make, { status: 400, lives: true });
    const right = await provider.tell(logoutToken(provider));
    assert.equal(right.status, 200, 'and a right one is taken afterwards');
    const told = site.nginx.linesSince(0, /token_invalid: test: back-channel logout: /);
    assert.equal(told.length, 1);
    assert.match(told[0], why);
    assert.ok(!site.nginx.log().includes(SID));
  });
}
