// SPDX-License-Identifier: MIT
// The generic provider of the OAUTH_GENERIC_ variables: three addresses, scopes, a name and a claim that is the user.
import assert from 'node:assert/strict';
import { e2e } from './lib/harness.mjs';
import { configTest } from './lib/nginx.mjs';
import { GenericMock, GERT } from './lib/providers/generic.mjs';
import { assertUserRefuses, assertWrongSecret, denied, providerSite, refused, signedIn, startMock } from './lib/providers/site.mjs';
import { assertCommonTraps } from './lib/providers/traps.mjs';

const variables = (mock, extra = {}) => ({ OAUTH_GENERIC_CLIENT_ID: mock.clientId, OAUTH_GENERIC_CLIENT_SECRET: mock.clientSecret, OAUTH_GENERIC_AUTH_URL: mock.base + '/authorize',
  OAUTH_GENERIC_TOKEN_URL: mock.base + '/token', OAUTH_GENERIC_USER_INFO_URL: mock.base + '/me', OAUTH_GENERIC_SCOPES: 'profile email', ...extra });
const block = (mock, extra = '') => `oauth_provider generic { client_id ${mock.clientId}; client_secret "${mock.clientSecret}"; authorization_endpoint ${mock.base}/authorize;
  token_endpoint ${mock.base}/token; userinfo_endpoint ${mock.base}/me; ${extra} }`;

function assertGert(identity, name = 'generic') {
  assert.equal(identity.sub, `${name}|gert-77`);
  assert.deepEqual([identity.user, identity.email, identity.email_verified, identity.name], [GERT.email, GERT.email, true, GERT.name]);
}

e2e('generic from its variables alone, on loopback and at an https host', async (h) => {
  for (const real of [false, true]) {
    const mock = await startMock(h, new GenericMock(), { real });
    assertGert(await signedIn(await providerSite(h, mock, { env: variables(mock) })));
    assert.deepEqual(mock.lastScopes(), ['profile', 'email']);
  }
});

e2e('generic: another name, another claim as the user, a number as the id', async (h) => {
  const mock = await startMock(h, new GenericMock({ name: 'house' }));
  const env = variables(mock, { OAUTH_GENERIC_NAME: 'house', OAUTH_GENERIC_USER_IDENTIFIER: 'account', OAUTH_HOUSE_PROMPT: 'login' });
  const site = await providerSite(h, mock, { env });
  const identity = await signedIn(site);
  assert.deepEqual([identity.sub, identity.user], ['house|gert-77', 'gert']);
  assert.equal(mock.lastAsked().get('prompt'), 'login');
  const { sub, ...numbered } = GERT;
  mock.user = numbered;
  assert.equal((await signedIn(site, 'a number')).sub, 'house|77');
  mock.user = { name: 'Nobody', account: 'gert', email: GERT.email };
  await refused(site, 'neither sub nor id: a name or an address is no key');
});

e2e('generic from a block, and from a block over variables', async (h) => {
  const mock = await startMock(h, new GenericMock());
  assertGert(await signedIn(await providerSite(h, mock, { blocks: block(mock, 'scope profile;') })));
  assertGert(await signedIn(await providerSite(h, mock, { blocks: block(mock), env: variables(mock, { OAUTH_GENERIC_CLIENT_ID: 'no',
    OAUTH_GENERIC_TOKEN_URL: 'http://127.0.0.1:1/' }) }), 'the block wins'));
});

e2e('generic: a wrong secret, and a user who refuses', async (h) => {
  const mock = await startMock(h, new GenericMock());
  await assertWrongSecret(h, mock, (secret) => providerSite(h, mock, { env: variables(mock, { OAUTH_GENERIC_CLIENT_SECRET: secret }) }));
  await assertUserRefuses(await providerSite(h, mock, { env: variables(mock) }));
});

e2e('generic: the traps of every provider', async (h) => {
  const mock = await startMock(h, new GenericMock());
  const site = await providerSite(h, mock, { env: variables(mock), server: 'oauth_http_timeout 1s;' });
  await signedIn(site);
  mock.userinfo = { status: 500 };
  await refused(site, 'userinfo 500');
  mock.userinfo = { body: '[]' };
  await refused(site, 'userinfo is a list');
  mock.userinfo = {};
  await assertCommonTraps(site, { issuer: 'unknown' });
});

e2e('generic: only an address that is called verified counts', async (h) => {
  const mock = await startMock(h, new GenericMock());
  for (const flag of [false, undefined]) {
    mock.user = { ...GERT, email_verified: flag };
    await denied(await providerSite(h, mock, { env: variables(mock), rules: 'oauth_allow domain=example.org;' }), String(flag));
  }
});

e2e('generic: plain http is for loopback', () => {
  const env = { OAUTH_GENERIC_CLIENT_ID: 'a', OAUTH_GENERIC_CLIENT_SECRET: 'b', OAUTH_GENERIC_AUTH_URL: 'https://sso.example.org/a',
    OAUTH_GENERIC_TOKEN_URL: 'http://sso.example.org/t',
    OAUTH_GENERIC_USER_INFO_URL: 'https://sso.example.org/u', OAUTH_GENERIC_SCOPES: 'profile' };
  const result = configTest('server { listen 127.0.0.1:1; oauth on; oauth_allow any; }', { env });
  assert.notEqual(result.code, 0);
  assert.match(result.stderr, /OAUTH_GENERIC_TOKEN_URL/);
});
