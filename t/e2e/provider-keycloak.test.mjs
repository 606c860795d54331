// SPDX-License-Identifier: MIT
// Keycloak, against a mock with what providers.md says of it: realms, another name, roles of the access token, an issuer of its own.
import assert from 'node:assert/strict';
import { e2e } from './lib/harness.mjs';
import { freshKey } from './lib/jws.mjs';
import { configTest } from './lib/nginx.mjs';
import { KeycloakMock, KIM } from './lib/providers/keycloak.mjs';
import { assertUserRefuses, assertWrongSecret, browserOf, denied, providerSite, refused, signedIn, startMock } from './lib/providers/site.mjs';
import { assertCommonTraps } from './lib/providers/traps.mjs';

const variables = (mock, extra = {}) => ({ OAUTH_KEYCLOAK_CLIENT_ID: mock.clientId, OAUTH_KEYCLOAK_CLIENT_SECRET: mock.clientSecret, OAUTH_KEYCLOAK_REALM: mock.realm,
  OAUTH_KEYCLOAK_BASE_URL: mock.baseUrl, ...extra });
const block = (mock, extra = '') => `oauth_provider keycloak { client_id ${mock.clientId}; client_secret "${mock.clientSecret}"; domain ${mock.baseUrl}; realm ${mock.realm}; ${extra} }`;

function assertKim(identity, name = 'keycloak') {
  assert.equal(identity.sub, `${name}|${KIM.sub}`);
  assert.deepEqual([identity.user, identity.email, identity.email_verified, identity.name], [KIM.email, KIM.email, true, KIM.name]);
}

e2e('keycloak from its four variables alone, with and without /auth and a slash', async (h) => {
  for (const path of ['', '/auth']) {
    const mock = await startMock(h, new KeycloakMock({ path }), { real: true });
    for (const url of [mock.baseUrl, mock.baseUrl + '/']) {
      assertKim(await signedIn(await providerSite(h, mock, { env: variables(mock, { OAUTH_KEYCLOAK_BASE_URL: url }) }), url));
    }
    assert.deepEqual(mock.lastScopes().sort(), ['email', 'openid', 'profile']);
  }
  const local = await startMock(h, new KeycloakMock({ realm: 'second' }));
  assertKim(await signedIn(await providerSite(h, local, { env: variables(local) }), 'on loopback'));
});

e2e('keycloak under another name', async (h) => {
  const mock = await startMock(h, new KeycloakMock({ name: 'acme-sso' }));
  const site = await providerSite(h, mock, { env: variables(mock, { OAUTH_KEYCLOAK_NAME: 'acme-sso', OAUTH_ACME_SSO_PROMPT: 'login', OAUTH_KEYCLOAK_PROMPT: 'consent' }),
    rules: 'oauth_allow provider=acme-sso;' });
  assertKim(await signedIn(site), 'acme-sso');
  assert.equal(mock.lastAsked().get('prompt'), 'login');
  assert.equal((await site.browser.fetch(site.loginUrlOf('keycloak'))).status, 404);
  for (const name of ['github', 'login', 'a/b']) {
    const env = { ...variables(mock, { OAUTH_KEYCLOAK_NAME: name }), OAUTH_GITHUB_CLIENT_ID: 'a', OAUTH_GITHUB_CLIENT_SECRET: 'b' };
    const result = configTest('server { listen 127.0.0.1:1; oauth on; oauth_allow any; }', { env });
    assert.notEqual(result.code, 0, name);
    assert.match(result.stderr, new RegExp(name));
  }
});

e2e('keycloak from a block, and from a block over variables', async (h) => {
  const mock = await startMock(h, new KeycloakMock());
  assertKim(await signedIn(await providerSite(h, mock, { blocks: block(mock) })));
  assertKim(await signedIn(await providerSite(h, mock, { blocks: block(mock), env: variables(mock, { OAUTH_KEYCLOAK_REALM: 'other', OAUTH_KEYCLOAK_CLIENT_ID: 'no' }) }),
    'the block wins'));
  assertKim(await signedIn(await providerSite(h, mock, { env: variables(mock, { OAUTH_KEYCLOAK_REALM: 'other' }),
    blocks: `oauth_provider keycloak { realm ${mock.realm}; }` }), 'the realm of the block'));
});

e2e('keycloak: a wrong secret, and a user who refuses', async (h) => {
  const mock = await startMock(h, new KeycloakMock());
  await assertWrongSecret(h, mock, (secret) => providerSite(h, mock, { env: variables(mock, { OAUTH_KEYCLOAK_CLIENT_SECRET: secret }) }));
  await assertUserRefuses(await providerSite(h, mock, { env: variables(mock) }));
});

e2e('keycloak: the traps of every provider', async (h) => {
  const mock = await startMock(h, new KeycloakMock(), { real: true });
  await assertCommonTraps(await providerSite(h, mock, { env: variables(mock), server: 'oauth_http_timeout 1s;' }));
});

e2e('keycloak: groups with a slash, roles of the access token', async (h) => {
  const mock = await startMock(h, new KeycloakMock());
  const rule = (text) => providerSite(h, mock, { env: variables(mock), rules: `oauth_allow ${text};` });
  await signedIn(await rule('group=/team/core'), 'group');
  await denied(await rule('group=team'), 'without its slash');
  await signedIn(await rule('role=operator'), 'role of the realm');
  await signedIn(await rule('role=editor'), 'role of this client');
  await denied(await rule('role=manage-account'), 'role of another client');
});

e2e('keycloak: where nothing tells the roles that a rule needs, nobody is signed in', async (h) => {
  const mock = await startMock(h, new KeycloakMock());
  const rules = 'oauth_deny role=operator; oauth_allow any;';
  const site = await providerSite(h, mock, { env: variables(mock), rules });
  const free = await providerSite(h, mock, { env: variables(mock) });
  mock.callbackUrl = site.callbackUrl;
  await denied(site, 'the rule holds');
  const no = async (what) => {
    mock.callbackUrl = site.callbackUrl;
    const { lines } = await refused(site, what);
    assert.match(lines.join('\n'), /"Add to ID token"/, what);
    mock.callbackUrl = free.callbackUrl;
    assertKim(await signedIn(free, what + ', and no rule needs roles'));
    mock.callbackUrl = site.callbackUrl;
  };
  const changes = { 'of another issuer': { iss: 'https://evil.test/realms/main' }, 'of another user': { sub: 'somebody-else' }, 'expired': { exp: 1 },
    'for another client': { azp: 'other', aud: 'other' }, 'no azp': { azp: undefined } };
  for (const [what, change] of Object.entries(changes)) {
    mock.accessClaims = (all) => ({ ...all, ...change });
    await no(what);
  }
  mock.user = { ...KIM, realm_access: { roles: ['operator'] } };
  await denied(site, 'a mapper puts them into the ID token');
  mock.user = { ...KIM, resource_access: { [mock.clientId]: { roles: ['viewer'] } } };
  await signedIn(site, 'another role, of the client');
  Object.assign(mock, { user: KIM, accessClaims: undefined, newAccessToken: () => 'opaque-' + freshKey('opaque').kid + Math.random() });
  await no('opaque');
  delete mock.newAccessToken;
  mock.accessKey = freshKey('stranger');
  await no('signed by a stranger');
});

e2e('keycloak: keys that cannot be fetched for the roles', async (h) => {
  const mock = await startMock(h, new KeycloakMock());
  const site = await providerSite(h, mock, { env: variables(mock), rules: 'oauth_deny role=operator; oauth_allow any;' });
  await denied(site, 'the rule holds');
  Object.assign(mock, { accessKey: freshKey('new'), jwks: { status: 500 }, user: { ...KIM, realm_access: { roles: ['viewer'] } } });
  const { lines } = await refused(site, 'an unknown key, and the keys are away', { codes: ['provider_error', 'provider_unreachable'] });
  assert.doesNotMatch(lines.join('\n'), /"Add to ID token"/);
});

e2e('keycloak: an issuer that follows the frontend URL', async (h) => {
  const mock = await startMock(h, new KeycloakMock());
  mock.issuer = 'http://127.0.0.1:9/realms/main';
  const site = await providerSite(h, mock, { env: variables(mock) });
  const response = await site.browser.navigate(site.loginUrl, { headers: { Accept: 'application/json' }, follow: false });
  assert.deepEqual([response.status, response.json().error], [502, 'provider_error']);
  const at = mock.base + '/protocol/openid-connect/';
  const endpoints = `issuer ${mock.issuer}; authorization_endpoint ${at}auth; token_endpoint ${at}token; userinfo_endpoint ${at}userinfo; jwks_uri ${at}certs;`;
  assertKim(await signedIn(await providerSite(h, mock, { env: variables(mock), blocks: `oauth_provider keycloak { ${endpoints} }` }), 'issuer and endpoints from the block'));
});

e2e('keycloak: signing out goes to the realm\'s end of session', async (h) => {
  const mock = await startMock(h, new KeycloakMock());
  const site = await providerSite(h, mock, { env: variables(mock) });
  const browser = browserOf(await signedIn(site));
  const response = await browser.request(site.origin + '/auth/oauth/logout', { method: 'POST', headers: { Origin: site.origin, 'Sec-Fetch-Site': 'same-origin' }, body: '' });
  const url = new URL(response.headers.location);
  assert.equal(url.origin + url.pathname, mock.base + '/protocol/openid-connect/logout');
  assert.ok(url.searchParams.has('client_id') || url.searchParams.has('id_token_hint'));
  assert.equal(url.searchParams.get('post_logout_redirect_uri'), site.origin + '/auth/oauth/signed-out');
});

e2e('keycloak: an address that is not verified', async (h) => {
  const mock = await startMock(h, new KeycloakMock());
  mock.user = { ...KIM, email_verified: false };
  await denied(await providerSite(h, mock, { env: variables(mock), rules: 'oauth_allow domain=example.org;' }), 'unverified');
  mock.issuer = mock.base;
  mock.token = { claims: (all) => ({ ...all, iss: mock.origin + '/realms/other' }) };
  await refused(await providerSite(h, mock, { env: variables(mock) }), 'another realm', { codes: 'token_invalid' });
});
