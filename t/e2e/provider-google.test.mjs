// SPDX-License-Identifier: MIT
// Google, against a mock with its column of traps: four hosts under their real names from two variables alone, and from a block.
import assert from 'node:assert/strict';
import { e2e } from './lib/harness.mjs';
import { GAL, GoogleMock } from './lib/providers/google.mjs';
import { assertUserRefuses, assertWrongSecret, denied, providerSite, refused, signedIn, startMock } from './lib/providers/site.mjs';
import { assertCommonTraps } from './lib/providers/traps.mjs';

const variables = (mock, extra = {}) => ({ OAUTH_GOOGLE_CLIENT_ID: mock.clientId, OAUTH_GOOGLE_CLIENT_SECRET: mock.clientSecret, ...extra });
const block = (mock, extra = '') => `oauth_provider google { client_id ${mock.clientId}; client_secret "${mock.clientSecret}"; issuer ${mock.origins.accounts}; ${extra} }`;
const { hd, ...CONSUMER } = { ...GAL, sub: '108000000000000000002', email: 'someone@example.org' };

async function realSite(h, options = {}) {
  const mock = await startMock(h, new GoogleMock(), { real: true });
  return providerSite(h, mock, { env: variables(mock, options.extra), ...options });
}

function assertGal(identity) {
  assert.equal(identity.sub, 'google|108000000000000000001');
  assert.equal(identity.user, 'gal@example.org');
  assert.deepEqual([identity.email, identity.email_verified, identity.name, identity.picture], [GAL.email, true, GAL.name, GAL.picture]);
}

e2e('google from its two variables alone, at its real names', async (h) => {
  const site = await realSite(h);
  assertGal(await signedIn(site));
  assert.deepEqual(site.provider.lastScopes().sort(), ['email', 'openid', 'profile']);
  const providers = await site.browser.fetch(site.origin + '/auth/oauth/providers');
  assert.deepEqual(providers.json().map(({ name, label }) => [name, label]), [['google', 'Google']]);
});

e2e('google from a block, and from a block over variables', async (h) => {
  const mock = await startMock(h, new GoogleMock());
  assertGal(await signedIn(await providerSite(h, mock, { blocks: block(mock) })));
  assertGal(await signedIn(await providerSite(h, mock, { blocks: block(mock), env: { OAUTH_GOOGLE_CLIENT_ID: 'no', OAUTH_GOOGLE_CLIENT_SECRET: 'no' } }), 'the block wins'));
  const { accounts, oauth2, openid, www } = mock.origins;
  const endpoints = `authorization_endpoint ${accounts}/o/oauth2/v2/auth; token_endpoint ${oauth2}/token; userinfo_endpoint ${openid}/v1/userinfo; jwks_uri ${www}/oauth2/v3/certs;`;
  assertGal(await signedIn(await providerSite(h, mock, { env: variables(mock), blocks: `oauth_provider google { issuer ${accounts}; ${endpoints} }` }), 'each endpoint'));
});

e2e('google: a wrong secret, and a user who refuses', async (h) => {
  const mock = await startMock(h, new GoogleMock(), { real: true });
  await assertWrongSecret(h, mock, (secret) => providerSite(h, mock, { env: { ...variables(mock), OAUTH_GOOGLE_CLIENT_SECRET: secret } }));
  await assertUserRefuses(await providerSite(h, mock, { env: variables(mock) }));
});

e2e('google: the traps of every provider', async (h) => {
  await assertCommonTraps(await realSite(h, { server: 'oauth_http_timeout 1s;' }));
});

e2e('google: its issuer with and without a scheme, and nobody else\'s', async (h) => {
  const site = await realSite(h);
  site.provider.token = { claims: (all) => ({ ...all, iss: 'accounts.google.com' }) };
  assertGal(await signedIn(site, 'accounts.google.com'));
  for (const iss of ['http://accounts.google.com', 'https://accounts.google.com/', 'Accounts.google.com', 'accounts.google.com.evil.test', 'google.com']) {
    site.provider.token = { claims: (all) => ({ ...all, iss }) };
    await refused(site, iss, { codes: 'token_invalid' });
  }
  site.provider.token = {};
  site.provider.authorize = { iss: 'https://accounts.google.com' };
  assertGal(await signedIn(site, 'iss in the callback'));
});

e2e('google: one domain only, by the claim of the ID token', async (h) => {
  const site = await realSite(h, { rules: 'oauth_allow provider=google hd=example.org;' });
  const { provider } = site;
  assertGal(await signedIn(site, 'of the organisation'));
  provider.user = CONSUMER;
  await denied(site, 'a consumer account with an address of the domain');
  provider.user = { ...GAL, hd: 'example.net' };
  await denied(site, 'another organisation');
  provider.user = { ...GAL, hd: 'example.org.evil.test' };
  await denied(site, 'a longer domain');
  provider.user = CONSUMER;
  provider.userinfo = { claims: (all) => ({ ...all, hd: 'example.org' }) };
  await denied(site, 'hd that only userinfo has');
});

e2e('google: hd as a parameter is a hint', async (h) => {
  const mock = await startMock(h, new GoogleMock());
  const site = await providerSite(h, mock, { blocks: block(mock, 'authorize_param hd example.org;'), rules: 'oauth_allow hd=example.org;' });
  await signedIn(site);
  assert.equal(mock.lastAsked().get('hd'), 'example.org');
  mock.user = CONSUMER;
  await denied(site, 'a consumer who took the parameter away');
});

e2e('google: the older userinfo, no picture, an unverified address', async (h) => {
  const mock = await startMock(h, new GoogleMock());
  for (const path of ['/userinfo/v2/me', '/oauth2/v2/userinfo']) {
    assertGal(await signedIn(await providerSite(h, mock, { blocks: block(mock, `userinfo_endpoint ${mock.origins.www}${path};`) }), path));
  }
  const site = await providerSite(h, mock, { blocks: block(mock, `userinfo_endpoint ${mock.origins.www}/userinfo/v2/me;`) });
  mock.userinfo = { claims: (all) => ({ ...all, id: '108000000000000000009' }) };
  if (mock.count('userinfo') > 0) {
    await refused(site, 'the id of another', { codes: ['token_invalid', 'provider_error'] });
  }
  mock.userinfo = {};
  const { picture, ...plain } = GAL;
  mock.user = { ...plain, email_verified: false };
  const identity = await signedIn(site, 'no picture, unverified');
  assert.equal(identity.picture, undefined);
  assert.notEqual(identity.email_verified, true);
});

e2e('google: prompts', async (h) => {
  const mock = await startMock(h, new GoogleMock(), { real: true });
  for (const [env, expected] of [[{}, null], [{ OAUTH_PROMPT: 'consent' }, 'consent'], [{ OAUTH_PROMPT: 'consent', OAUTH_GOOGLE_PROMPT: 'select_account' }, 'select_account']]) {
    assertGal(await signedIn(await providerSite(h, mock, { env: variables(mock, env) })));
    assert.equal(mock.lastAsked().get('prompt'), expected);
  }
  assertGal(await signedIn(await providerSite(h, mock, { env: variables(mock, { OAUTH_PROMPT: 'login' }) }), 'OAUTH_PROMPT=login, which Google does not know'));
});

e2e('google: a refresh token comes only with offline access and consent', async (h) => {
  const mock = await startMock(h, new GoogleMock());
  const given = [];
  mock.token = { alter: (answer) => { given.push('refresh_token' in answer); } };
  assertGal(await signedIn(await providerSite(h, mock, { blocks: block(mock, 'authorize_param access_type offline; prompt consent;') })));
  assertGal(await signedIn(await providerSite(h, mock, { blocks: block(mock) })));
  assert.deepEqual(given, [true, false]);
});

e2e('google: with oauth_refresh, and only then, a refresh token is asked for by Google\'s own parameters', async (h) => {
  const mock = await startMock(h, new GoogleMock());
  const given = [];
  mock.token = { alter: (answer) => { given.push('refresh_token' in answer); } };
  const asked = async (server, parameters = '') => {
    assertGal(await signedIn(await providerSite(h, mock, { server, blocks: block(mock, parameters) }), server + parameters));
    const all = mock.lastAsked();
    return [all.getAll('access_type').join(), all.getAll('prompt').join(), all.get('scope').split(' ').includes('offline_access')];
  };
  assert.deepEqual(await asked('oauth_refresh 1h;'), ['offline', 'consent', false]);
  assert.deepEqual(await asked(''), ['', '', false]);
  assert.deepEqual(await asked('oauth_refresh 1h;', 'authorize_param access_type online;'), ['online', 'consent', false], 'what the administrator says counts');
  assert.deepEqual(await asked('oauth_refresh 1h;', 'prompt select_account;'), ['offline', 'select_account consent', false], 'both of them');
  assert.deepEqual(given.slice(0, 3), [true, false, false]);
});
