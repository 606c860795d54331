// SPDX-License-Identifier: MIT
// Auth0, against a mock with its column of traps: the slash of its issuer, custom domains, opaque tokens, HS256, claims whose names are URLs.
import assert from 'node:assert/strict';
import { e2e } from './lib/harness.mjs';
import { configTest } from './lib/nginx.mjs';
import { ANN, Auth0Mock } from './lib/providers/auth0.mjs';
import { assertUserRefuses, assertWrongSecret, browserOf, denied, providerSite, refused, signedIn, startMock } from './lib/providers/site.mjs';
import { assertCommonTraps } from './lib/providers/traps.mjs';

const variables = (mock, extra = {}) => ({ OAUTH_AUTH0_CLIENT_ID: mock.clientId, OAUTH_AUTH0_CLIENT_SECRET: mock.clientSecret, OAUTH_AUTH0_DOMAIN: mock.origins.tenant, ...extra });
const block = (mock, extra = '') => `oauth_provider auth0 { client_id ${mock.clientId}; client_secret "${mock.clientSecret}"; domain ${mock.origins.tenant}; ${extra} }`;

function assertAnn(identity) {
  assert.equal(identity.sub, 'auth0|' + ANN.sub);
  assert.deepEqual([identity.user, identity.email, identity.email_verified, identity.name, identity.picture], [ANN.email, ANN.email, true, ANN.name, ANN.picture]);
}

e2e('auth0 from its three variables alone, with the domain as people write it', async (h) => {
  const mock = await startMock(h, new Auth0Mock(), { real: true });
  for (const domain of ['tenant.us.auth0.com', 'tenant.us.auth0.com/', 'https://tenant.us.auth0.com', 'https://tenant.us.auth0.com/']) {
    assertAnn(await signedIn(await providerSite(h, mock, { env: variables(mock, { OAUTH_AUTH0_DOMAIN: domain }) }), domain));
  }
  assert.deepEqual(mock.lastScopes().sort(), ['email', 'openid', 'profile']);
});

e2e('auth0 with a custom domain: only the audience is of the tenant', async (h) => {
  const mock = await startMock(h, new Auth0Mock(), { real: true });
  const site = await providerSite(h, mock, { env: variables(mock, { OAUTH_AUTH0_DOMAIN: 'login.example.org', OAUTH_AUTH0_ORIGINAL_DOMAIN: 'tenant.us.auth0.com' }) });
  assertAnn(await signedIn(site));
  assert.equal(mock.lastAsked().get('audience'), 'https://tenant.us.auth0.com/userinfo');
  assert.ok([...mock.requests.token, ...mock.requests.userinfo, ...mock.requests.discovery].every(({ host }) => host === 'custom'));
  mock.token = { claims: (all) => ({ ...all, iss: 'https://tenant.us.auth0.com/' }) };
  await refused(site, 'the issuer of the tenant', { codes: 'token_invalid' });
});

e2e('auth0 from a block, from a block over variables, and with the other client authentication', async (h) => {
  const mock = await startMock(h, new Auth0Mock());
  assertAnn(await signedIn(await providerSite(h, mock, { blocks: block(mock) })));
  assertAnn(await signedIn(await providerSite(h, mock, { blocks: block(mock), env: variables(mock, { OAUTH_AUTH0_CLIENT_ID: 'no', OAUTH_AUTH0_DOMAIN: 'auth0.invalid' }) }),
    'the block wins'));
  const basic = await startMock(h, new Auth0Mock({ clientAuths: ['basic'] }));
  assertAnn(await signedIn(await providerSite(h, basic, { blocks: block(basic, 'client_auth basic;') }), 'basic'));
});

e2e('auth0: a wrong secret, a user who refuses, an Action that refuses', async (h) => {
  const mock = await startMock(h, new Auth0Mock(), { real: true });
  await assertWrongSecret(h, mock, (secret) => providerSite(h, mock, { env: variables(mock, { OAUTH_AUTH0_CLIENT_SECRET: secret }) }));
  const site = await providerSite(h, mock, { env: variables(mock) });
  await assertUserRefuses(site, { error: 'access_denied', description: '<b>not today</b>' });
  mock.authorize = { error: 'unauthorized', description: 'user is blocked' };
  await refused(site, 'unauthorized', { status: [403, 502], codes: ['access_denied', 'provider_error'] });
  mock.authorize = {};
  mock.token = { status: 403, body: JSON.stringify({ error: 'invalid_grant', error_description: 'Invalid authorization code' }) };
  await refused(site, '403 invalid_grant');
});

e2e('auth0: the traps of every provider', async (h) => {
  const mock = await startMock(h, new Auth0Mock(), { real: true });
  await assertCommonTraps(await providerSite(h, mock, { env: variables(mock), server: 'oauth_http_timeout 1s;' }));
});

e2e('auth0: the issuer ends in a slash', async (h) => {
  const mock = await startMock(h, new Auth0Mock(), { real: true });
  const site = await providerSite(h, mock, { env: variables(mock) });
  for (const iss of ['https://tenant.us.auth0.com', 'http://tenant.us.auth0.com/', 'https://tenant.us.auth0.com//']) {
    mock.token = { claims: (all) => ({ ...all, iss }) };
    await refused(site, iss, { codes: 'token_invalid' });
  }
});

e2e('auth0: HS256 only where it is configured, and then nothing else', async (h) => {
  const mock = await startMock(h, new Auth0Mock());
  const withSecret = (secret) => ({ alg: 'HS256', key: Buffer.from(secret) });
  const hs256 = withSecret(mock.clientSecret);
  mock.token = hs256;
  await refused(await providerSite(h, mock, { blocks: block(mock) }), 'not configured', { codes: 'token_invalid' });
  const site = await providerSite(h, mock, { blocks: block(mock, 'signing_algorithms HS256;') });
  assertAnn(await signedIn(site, 'configured'));
  mock.token = withSecret('another secret '.repeat(5));
  await refused(site, 'another secret', { codes: 'token_invalid' });
  mock.token = {};
  await refused(site, 'RS256', { codes: 'token_invalid' });
  const other = configTest(`oauth_provider corp oidc { issuer https://idp.example.org; client_id a; client_secret b; signing_algorithms HS256; } server { listen 127.0.0.1:1; oauth on; oauth_allow any; }`);
  assert.notEqual(other.code, 0, 'for another provider it is an error');
});

e2e('auth0: flags that are texts', async (h) => {
  const mock = await startMock(h, new Auth0Mock());
  const site = await providerSite(h, mock, { blocks: block(mock), rules: 'oauth_allow email=ann@example.org;' });
  mock.user = { ...ANN, email_verified: 'true', updated_at: 1767225600 };
  assertAnn(await signedIn(site, 'true as a text'));
  for (const flag of ['false', false, '', 'TRUE ', 'yes', 1, null, undefined]) {
    mock.user = { ...ANN, email_verified: flag };
    await denied(site, JSON.stringify(flag) ?? 'missing');
  }
});

e2e('auth0: claims whose names are URLs, organisations', async (h) => {
  const mock = await startMock(h, new Auth0Mock());
  const rule = (text) => providerSite(h, mock, { blocks: block(mock), rules: `oauth_allow ${text};` });
  await signedIn(await rule('claim./https:~1~1example.org~1roles=admin'), 'roles');
  await denied(await rule('claim./https:~1~1example.org~1roles=owner'), 'another role');
  await denied(await rule('claim./https:~1~1evil.test~1roles=admin'), 'another name space');
  await signedIn(await rule('claim.org_id=org_fake123'), 'org_id as it is');
  await signedIn(await rule('org=org_fake123,acme'), 'the organisation');
  await denied(await rule('org=org_other'), 'another organisation');
  const { org_id, org_name, ...alone } = ANN;
  mock.user = alone;
  await denied(await rule('org=org_fake123,acme'), 'no organisation');
});

e2e('auth0: the claim of a URL in the identity', async (h) => {
  const mock = await startMock(h, new Auth0Mock());
  const site = await providerSite(h, mock, { blocks: block(mock), server: 'oauth_identity_claims /https:~1~1example.org~1roles nickname;' });
  const identity = await signedIn(site);
  assert.equal(identity.nickname, 'ann');
  assert.ok(Object.values(identity).some((value) => JSON.stringify(value) === '["admin","reader"]'), JSON.stringify(identity));
});

e2e('auth0: signing out, whether the metadata says where or not', async (h) => {
  for (const sessionEnd of [true, false]) {
    const mock = await startMock(h, new Auth0Mock({ sessionEnd }));
    const site = await providerSite(h, mock, { env: variables(mock) });
    const browser = browserOf(await signedIn(site));
    const response = await browser.request(site.origin + '/auth/oauth/logout', { method: 'POST', headers: { Origin: site.origin, 'Sec-Fetch-Site': 'same-origin' }, body: '' });
    const url = new URL(response.headers.location);
    assert.equal(url.origin + url.pathname, mock.origins.tenant + '/oidc/logout');
    assert.equal(url.searchParams.get('post_logout_redirect_uri'), site.origin + '/auth/oauth/signed-out');
    assert.ok(url.searchParams.has('client_id') || url.searchParams.has('id_token_hint'), 'it says whose');
  }
});
