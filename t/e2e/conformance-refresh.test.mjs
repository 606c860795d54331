// SPDX-License-Identifier: MIT
// The OpenID Foundation's plan "refresh" for relying parties: the refresh token is used, the one that comes takes its place, and an ID token that is not this user's, or
// not this provider's, is worth nothing.
import assert from 'node:assert/strict';
import { setTimeout as pause } from 'node:timers/promises';
import { e2e, hasSession } from './lib/harness.mjs';
import { assertLetIn, isLetIn, suiteSite } from './lib/suite-site.mjs';

async function signedIn(h) {
  const site = await suiteSite(h, { server: 'oauth_refresh 2s;' });
  const { browser } = await assertLetIn(site, 'a sign-in');
  return { site, provider: site.provider, browser };
}

const untilDue = () => pause(2100);

e2e('CONF-044 CONF-084 oidcc-client-test-refresh-token: the newest token each time, and userinfo with what it gave', async (h) => {
  const { site, provider, browser } = await signedIn(h);
  const asked = new Set(provider.requests.authorize[0].parameters.get('scope').split(' '));
  const used = [];
  for (let round = 1; round <= 3; round++) {
    await untilDue();
    const before = provider.count('userinfo');
    assert.ok(await isLetIn(site, browser));
    assert.equal(provider.count('refresh'), round);
    const form = new URLSearchParams(provider.requests.refresh.at(-1).body);
    assert.equal(form.get('grant_type'), 'refresh_token');
    assert.ok((form.get('scope') ?? 'openid').split(' ').every((scope) => asked.has(scope)), 'not more than was granted');
    used.push(form.get('refresh_token'));
    assert.equal(provider.count('userinfo'), before + 1);
    const [newest] = [...provider.tokens.keys()].slice(-1);
    assert.equal(provider.requests.userinfo.at(-1).headers.authorization, 'Bearer ' + newest);
  }
  assert.equal(new Set(used).size, 3, 'each of them once');
  assert.equal(provider.reuses, 0);
  assert.equal(provider.count('authorize'), 1, 'without another sign-in');
  provider.assertNoBreach();
});

const foreign = {
  'CONF-045 oidcc-client-test-refresh-token-invalid-issuer': (claims) => ({ ...claims, iss: claims.iss + '1' }),
  'CONF-046 oidcc-client-test-refresh-token-invalid-sub': (claims) => ({ ...claims, sub: claims.sub + '1' }),
};
for (const [name, claims] of Object.entries(foreign)) {
  e2e(name, async (h) => {
    const { site, provider, browser } = await signedIn(h);
    const at = { upstream: site.upstream.requests.length, userinfo: provider.count('userinfo'), copy: browser.jar.clone() };
    await untilDue();
    provider.token = { claims };
    assert.equal(await isLetIn(site, browser), false);
    assert.equal(provider.count('refresh'), 1);
    assert.equal(provider.count('userinfo'), at.userinfo, 'userinfo is not asked');
    assert.equal(await isLetIn(site, site.browse(at.copy)), false, 'nor is the cookie from before good any more');
    assert.equal(site.upstream.requests.length, at.upstream, 'nothing comes to the application');
    assert.ok(!hasSession(browser));
    provider.token = {};
    await assertLetIn(site, 'signing in again works', browser);
  });
}
