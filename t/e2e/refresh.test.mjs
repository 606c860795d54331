// SPDX-License-Identifier: MIT
// oauth_refresh: the provider is asked about a user again (RF-01 to RF-12). What it says decides, once for all tabs and workers; what it does not
// say, while it is away, ends nothing. Every test runs with each store.
import assert from 'node:assert/strict';
import { Browser } from './lib/browser.mjs';
import { assertSignedIn as signIn, e2e } from './lib/harness.mjs';
import { until } from './lib/ports.mjs';
import { Redis } from './lib/redis.mjs';

const JSON_PLEASE = { Accept: 'application/json' };
const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
const copyOf = (browser) => new Browser({ jar: browser.jar.clone() });
const get = (site, browser = site.browser, path = '/') => browser.fetch(site.origin + path, { headers: JSON_PLEASE });
const status = async (site, browser) => (await get(site, browser)).status;
const KEY = 'oauth_session_key "MDEyMzQ1Njc4OWFiY2RlZmZlZGNiYTk4NzY1NDMyMTA=";';

const stores = {
  cookie: async () => '',
  shared: async () => 'oauth_session shared;',
  redis: async (h) => `oauth_session ${(await Redis.start(h)).url}; ${KEY}`,
};

// A test for each store: `site(options)` makes a site with it.
function onEachStore(name, body) {
  for (const [store, configure] of Object.entries(stores)) {
    e2e(`${name} (${store})`, async (h) => {
      const directives = await configure(h);
      await body(h, ({ server = '', ...options } = {}) => h.site({ server: `${directives} oauth_refresh 2s; ${server}`, ...options }), store);
    });
  }
}

// `count` tells what has been asked since: on a slow machine the first page may be late enough for a check of its own.
async function assertSignedIn(site, options) {
  await signIn(site, options);
  const before = Object.fromEntries(['refresh', 'token', 'userinfo'].map((endpoint) => [endpoint, site.provider.count(endpoint)]));
  site.count = (endpoint) => site.provider.count(endpoint) - before[endpoint];
}

// Past the time when the next check is due.
const untilDue = () => pause(2100);

onEachStore('RF-01 CONF-044 a rotated refresh token takes the place of the one before', async (h, makeSite) => {
  const site = await makeSite();
  await assertSignedIn(site);
  for (let round = 1; round <= 3; round++) {
    await untilDue();
    assert.equal(await status(site), 200);
    assert.equal(site.count('refresh'), round);
  }
  assert.equal(site.provider.reuses, 0);
  assert.equal(site.count('token'), 0, 'no other sign-in');
  const form = new URLSearchParams(site.provider.requests.refresh[0].body);
  assert.ok(form.get('scope').split(' ').includes('openid'), 'RF-09 not more than was asked for');
  assert.deepEqual(site.provider.violations, []);
});

onEachStore('RF-02 RF-07 no new refresh token, no nonce', async (h, makeSite) => {
  const site = await makeSite();
  site.provider.refresh = { rotate: false };
  await assertSignedIn(site);
  for (let round = 1; round <= 2; round++) {
    await untilDue();
    assert.equal(await status(site), 200);
    assert.equal(site.count('refresh'), round);
  }
});

onEachStore('RF-03 RF-12 twenty requests and three tabs cost one refresh', async (h, makeSite) => {
  const site = await makeSite({ workers: 2 });
  await assertSignedIn(site);
  const tabs = [site.browser, copyOf(site.browser), copyOf(site.browser)];
  await untilDue();
  let release;
  site.provider.refresh = { wait: new Promise((resolve) => { release = resolve; }) };
  const answers = tabs.flatMap((tab) => Array.from({ length: 7 }, () => get(site, tab)));
  await until(() => site.count('refresh') === 1, 'the refresh');
  await pause(300);
  release();
  assert.deepEqual((await Promise.all(answers)).map((answer) => answer.status), Array(21).fill(200));
  assert.equal(site.count('refresh'), 1);
  for (const tab of tabs) { // whoever has the former cookie is led to the new session
    assert.equal(await status(site, tab), 200);
  }
  site.provider.refresh = {};
  await untilDue();
  for (const tab of tabs) {
    assert.equal(await status(site, tab), 200);
  }
  assert.equal(site.provider.reuses, 0);
  assert.equal(site.count('refresh'), 2);
});

onEachStore('RF-12 a client that leaves does not lose the session', async (h, makeSite) => {
  const site = await makeSite();
  await assertSignedIn(site);
  await untilDue();
  let release;
  site.provider.refresh = { wait: new Promise((resolve) => { release = resolve; }) };
  const leaving = new AbortController();
  const request = fetch(site.origin + '/', { headers: { Cookie: site.browser.jar.header(new URL(site.origin + '/')) }, signal: leaving.signal }).catch(() => 'left');
  await until(() => site.count('refresh') === 1, 'the refresh');
  leaving.abort();
  assert.equal(await request, 'left');
  release();
  site.provider.refresh = {};
  await pause(300);
  assert.equal(await status(site), 200, 'the result of the refresh waits for whoever comes');
  await untilDue();
  assert.equal(await status(site), 200);
  assert.equal(site.provider.reuses, 0);
  assert.equal(site.count('refresh'), 2);
});

onEachStore('RF-04 invalid_grant ends the session, once', async (h, makeSite) => {
  const site = await makeSite();
  await assertSignedIn(site);
  const copy = copyOf(site.browser);
  await untilDue();
  site.provider.refresh = { error: 'invalid_grant' };
  assert.equal(await status(site), 401);
  assert.equal(await status(site), 401);
  assert.equal(await status(site, copy), 401, 'and its copies');
  assert.equal(site.count('refresh'), 1, 'no loop');
  assert.ok(!site.browser.jar.names().includes('oauth'), 'the cookie is gone');
  site.provider.refresh = {};
  await assertSignedIn(site);
});

for (const [name, refresh] of Object.entries({
  'Dex: the refresh token expired': { error: 'invalid_request', alter: undefined },
  'GitHub: bad_refresh_token with 200': { error: 'bad_refresh_token', status: 200 },
  'Okta: access_denied': { error: 'access_denied' },
  'Auth0: invalid_grant with 403': { error: 'invalid_grant', status: 403 },
  'interaction_required': { error: 'interaction_required' },
})) {
  e2e(`RF-04 ${name}`, async (h) => {
    const site = await h.site({ server: 'oauth_refresh 1s;' });
    await assertSignedIn(site);
    await pause(1100);
    const isDex = refresh.error === 'invalid_request';
    site.provider.refresh = isDex ? { json: undefined, ...refresh } : refresh;
    const answer = await status(site);
    assert.equal(answer, isDex ? 200 : 401, 'invalid_request that speaks of something else says nothing of the user');
  });
}

onEachStore('RF-05 a provider that is away ends nothing, and is left alone for a while', async (h, makeSite) => {
  const site = await makeSite();
  await assertSignedIn(site);
  await untilDue();
  site.provider.refresh = { error: 'temporarily_unavailable', status: 503 };
  for (let i = 0; i < 5; i++) {
    assert.equal(await status(site), 200);
  }
  assert.equal(site.count('refresh'), 1, 'tried again after ten seconds');
  assert.match(site.nginx.log(), /provider "test": session [0-9a-f]{16} could not be checked, lives on, and is checked again later: token endpoint: status 503, error temporarily_unavailable/);
});

onEachStore('RF-06 an ID token of somebody else ends the session', async (h, makeSite) => {
  const site = await makeSite();
  await assertSignedIn(site);
  await untilDue();
  site.provider.token = { claims: (claims) => ({ ...claims, sub: 'mallory' }) };
  assert.equal(await status(site), 401);
  assert.equal(site.count('userinfo'), 0);
});

for (const [name, token] of Object.entries({
  'CONF-045 another issuer': { claims: (claims) => ({ ...claims, iss: claims.iss + '1' }) },
  'CONF-046 another user': { claims: (claims) => ({ ...claims, sub: claims.sub + '1' }) },
  'another audience': { claims: (claims) => ({ ...claims, aud: 'other' }) },
  'another nonce': { claims: (claims) => ({ ...claims, nonce: 'n'.repeat(43) }) },
  'a signature that is wrong': { corrupt: true },
  'alg none': { header: (header) => ({ ...header, alg: 'none' }) },
})) {
  e2e(`RF-06 a refreshed ID token: ${name}`, async (h) => {
    const site = await h.site({ server: 'oauth_refresh 1s;' });
    await assertSignedIn(site);
    await pause(1100);
    site.provider.token = token;
    assert.equal(await status(site), 401);
    assert.equal(site.count('userinfo'), 0);
  });
}

onEachStore('RF-08 auth_time of a refresh is no new sign-in', async (h, makeSite) => {
  const site = await makeSite({ server: 'oauth_identity_claims acr;' });
  site.provider.token = { claims: (claims, grant, { now }) => ({ ...claims, auth_time: now - 500, acr: 'urn:mfa' }) };
  await assertSignedIn(site);
  const before = (await get(site, site.browser, '/auth/oauth/userinfo')).json();
  await untilDue();
  site.provider.token = { claims: (claims, grant, { now }) => ({ ...claims, auth_time: now }) };
  const after = (await get(site, site.browser, '/auth/oauth/userinfo')).json();
  assert.equal(site.count('refresh'), 1);
  assert.equal(after.auth_time, before.auth_time);
});

onEachStore('RF-10 UI-08 who has lost a group is refused after the next check', async (h, makeSite) => {
  const site = await makeSite({ rules: 'oauth_allow group=admins;' });
  await assertSignedIn(site);
  await untilDue();
  site.provider.refresh = { user: (user) => ({ ...user, groups: ['staff'] }) };
  assert.equal(await status(site), 403);
  assert.equal(await status(site), 403);
  await untilDue();
  site.provider.refresh = { user: (user) => ({ ...user, groups: undefined }) };
  assert.equal(await status(site), 403);
  await untilDue();
  site.provider.refresh = { user: (user) => ({ ...user, groups: ['admins'] }) };
  assert.equal(await status(site), 200, 'and let in again when he has it again');
});

onEachStore('RF-11 a sign-out while a refresh is under way holds', async (h, makeSite) => {
  const site = await makeSite({ workers: 2 });
  await assertSignedIn(site);
  const copies = Array.from({ length: 4 }, () => copyOf(site.browser));
  await untilDue();
  let release;
  site.provider.refresh = { wait: new Promise((resolve) => { release = resolve; }) };
  const waiting = get(site, copies[0]);
  await until(() => site.count('refresh') === 1, 'the refresh');
  const left = await site.browser.navigate(site.origin + '/auth/oauth/logout', { headers: JSON_PLEASE, follow: false });
  assert.equal(left.status, 302);
  release();
  assert.equal((await waiting).status, 401);
  for (const copy of copies) {
    assert.equal(await status(site, copy), 401);
  }
});

e2e('a session that nobody can be asked about ends when the check is due', async (h) => {
  const site = await h.site({ provider: { mode: 'oidc' }, block: 'userinfo off;', server: 'oauth_refresh 5s;' });
  site.provider.token = { alter: (answer) => ({ ...answer, refresh_token: undefined }) };
  await assertSignedIn(site);
  assert.equal(await status(site), 200);
  await pause(5100);
  assert.equal(await status(site), 401);
});

for (const mode of ['oidc', 'oauth2']) {
  e2e(`without a refresh token the access token asks: ${mode}`, async (h) => {
    const site = await h.site({ provider: { mode }, server: 'oauth_refresh 1s;', rules: 'oauth_allow any;' });
    site.provider.token = { alter: (answer) => ({ ...answer, refresh_token: undefined }) };
    await assertSignedIn(site);
    await pause(1100);
    assert.equal(await status(site), 200);
    assert.equal(site.count('userinfo'), 1);
    assert.equal(site.count('refresh'), 0);
    await pause(1100);
    site.provider.tokens.clear();
    site.provider.userinfo = { claims: (claims) => claims };
    assert.equal(await status(site), 401, 'a token that is not known any more');
  });
}
