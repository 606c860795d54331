// SPDX-License-Identifier: MIT
// What a session and a sign-in under way rest on, changed by a reload: the provider behind the name, and how long they may last (SC-16, CB-04).
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { Browser, signIn } from './lib/browser.mjs';
import { assertError, assertSignedIn, beginSignIn, e2e, siteConfiguration } from './lib/harness.mjs';
import { setClock } from './lib/preloads.mjs';
import { Upstream } from './lib/upstream.mjs';
import { AzureMock, CONTOSO, EVE } from './lib/providers/azure-ad.mjs';
import { browserOf, providerSite, signedIn, startMock } from './lib/providers/site.mjs';
import { assertAccepted } from './lib/refusals.mjs';

const JSON_HEADERS = { Accept: 'application/json' };
const sleep = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

async function reload(site, changes) {
  site.nginx.write(siteConfiguration({ ...site, ...changes }));
  await site.nginx.reload();
}

const status = async (site, browser) => (await browser.fetch(site.origin + '/', { headers: JSON_HEADERS })).status;

e2e('a provider that is replaced under its name has none of the former one\'s sessions and sign-ins', async (h) => {
  const [provider, other] = [await h.provider(), await h.provider()];
  const changes = {
    issuer: { provider: other },
    'client id': { provider: Object.assign(Object.create(provider), { clientId: 'client:2' }) },
    type: { provider: Object.assign(Object.create(provider), { mode: 'oauth2' }) },
    keys: { block: `jwks_uri ${other.base}/jwks;` },
    'token endpoint': { block: `token_endpoint ${other.base}/token;` },
  };
  for (const [what, change] of Object.entries(changes)) {
    const site = await h.site({ provider });
    const { browser } = await assertAccepted(site, what);
    const waiting = new Browser();
    const callback = await beginSignIn(site, { browser: waiting });
    await reload(site, {});
    assert.equal(await status(site, browser), 200, what + ': the same configuration keeps them');
    await reload(site, { block: 'label "Another label"; scope openid email;' });
    assert.equal(await status(site, browser), 200, what + ': what is not the provider itself may change');
    await reload(site, change);
    assert.equal(await status(site, browser), 401, what);
    const before = provider.count('token') + other.count('token');
    assertError(await waiting.navigate(callback, { headers: JSON_HEADERS, follow: false }), 400, 'state_invalid');
    assert.equal(provider.count('token') + other.count('token'), before, what + ': the code stays here');
  }
});

e2e('azure-ad narrowed to a single tenant has no sessions of the others any more', async (h) => {
  const mock = await startMock(h, new AzureMock());
  const blocks = `oauth_provider azure-ad { client_id ${mock.clientId}; client_secret "${mock.clientSecret}"; domain ${mock.origins.login}; api_url ${mock.origins.graph};
    tenant ${CONTOSO}; }`;
  const site = await providerSite(h, mock, { blocks });
  mock.user = EVE;
  const browser = browserOf(await signedIn(site, 'of another tenant'));
  const change = async (from, to) => {
    const text = readFileSync(site.nginx.configurationFile, 'utf8');
    assert.ok(text.includes(from));
    writeFileSync(site.nginx.configurationFile, text.replace(from, to));
    await site.nginx.reload();
  };
  await change('tenant ' + CONTOSO, 'label "Another label"; tenant ' + CONTOSO);
  assert.equal(await status(site, browser), 200, 'what is not the provider itself may change');
  await change('tenant ' + CONTOSO, 'single_tenant on; tenant ' + CONTOSO);
  assert.equal(await status(site, browser), 401);
});

e2e('SC-16 oauth_session_lifetime that is shortened ends sessions that are older, and none is prolonged', async (h) => {
  const site = await h.site();
  const { browser } = await assertAccepted(site, 'eight hours');
  const told = (await browser.fetch(site.origin + '/auth/oauth/userinfo')).json().expires_at;
  await reload(site, { server: 'oauth_session_lifetime 1h;' });
  assert.equal((await browser.fetch(site.origin + '/auth/oauth/userinfo')).json().expires_at, told - 7 * 3600);
  await sleep(2100);
  await reload(site, { server: 'oauth_session_lifetime 2s;' });
  assert.equal(await status(site, browser), 401);
  const short = await assertAccepted(site, 'two seconds');
  await reload(site, { server: 'oauth_session_lifetime 8h;' });
  assert.equal(await status(site, browser), 200, 'within what it was sealed with');
  await sleep(2100);
  assert.equal(await status(site, short.browser), 401, 'what it was sealed with holds');
});

e2e('a session that was signed out while its lifetime was short stays so when that is long again', async (h) => {
  const site = await h.site();
  const { browser } = await assertAccepted(site, 'eight hours');
  const copy = new Browser({ jar: browser.jar.clone() });
  await reload(site, { server: 'oauth_session_lifetime 3s;' });
  await browser.navigate(site.origin + '/auth/oauth/logout', { follow: false });
  await sleep(3100);
  await signIn(new Browser(), site.origin + '/'); // the zone has looked for what is over
  await reload(site, {});
  assert.equal(await status(site, copy), 401);
});

e2e('the tokens of a session are told while oauth_tokens is on, and no longer', async (h) => {
  const location = 'proxy_set_header X-Tokens "$oauth_access_token $oauth_id_token";';
  const site = await h.site({ server: 'oauth_tokens on;', location });
  const { browser } = await assertAccepted(site, 'on');
  const told = async () => { assert.equal(await status(site, browser), 200); return Upstream.folded(site.upstream.last, 'X-Tokens').join(); };
  assert.match(await told(), /^at-\S+ ey\S+$/);
  await reload(site, { server: '' });
  assert.match(await told(), /^\s*$/);
});

e2e('CB-04 oauth_login_lifetime that is changed while somebody signs in: the sooner end holds', async (h) => {
  for (const [before, after] of [['10m', '1s'], ['1s', '10m']]) {
    const site = await h.site({ server: `oauth_login_lifetime ${before};` });
    const browser = new Browser();
    const callback = await beginSignIn(site, { browser });
    await reload(site, { server: `oauth_login_lifetime ${after};` });
    await sleep(2100);
    assertError(await browser.navigate(callback, { headers: JSON_HEADERS, follow: false }), 400, 'state_invalid');
    assert.equal(site.provider.count('token'), 0);
  }
});

// A clock that is wrong for a while, as after a wrong answer of a time server.
for (const store of ['cookie', 'shared']) {
  e2e(`LO-06 SC-16 whoever has signed out stays so when the clock goes ahead and back (${store})`, async (h) => {
    const clock = setClock(h.folder());
    const site = await h.site({ env: clock.env, server: `oauth_session ${store}; oauth_clock_skew 12h;` });
    site.provider.token = { claims: (claims) => ({ ...claims, exp: claims.exp + 86400 }) };
    const signOut = (browser) => browser.navigate(site.origin + '/auth/oauth/logout', { initiator: site.origin, follow: false });
    const user = new Browser();
    await assertSignedIn(site, { browser: user });
    const copy = new Browser({ jar: user.jar.clone() });
    assert.equal((await signOut(user)).status, 302);
    assert.equal(await status(site, copy), 401);
    clock.set(9 * 3600);
    await sleep(1200);
    const other = new Browser(); // whose sign-out needs room
    await assertSignedIn(site, { browser: other });
    assert.equal((await signOut(other)).status, 302);
    clock.set(0);
    await sleep(1200);
    assert.equal(await status(site, copy), 401);
  });
}
