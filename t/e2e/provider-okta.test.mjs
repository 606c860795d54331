// SPDX-License-Identifier: MIT
// Okta, against a mock with its column of traps: the org server and custom ones, issuers at another host, groups in one place or the other.
import assert from 'node:assert/strict';
import { e2e } from './lib/harness.mjs';
import { OktaMock, OLI } from './lib/providers/okta.mjs';
import { assertUserRefuses, assertWrongSecret, browserOf, denied, providerSite, refused, signedIn, startMock } from './lib/providers/site.mjs';
import { assertCommonTraps } from './lib/providers/traps.mjs';

const variables = (mock, extra = {}) => ({ OAUTH_OKTA_CLIENT_ID: mock.clientId, OAUTH_OKTA_CLIENT_SECRET: mock.clientSecret, OAUTH_OKTA_DOMAIN: mock.origins.org, ...extra });
const server = (id) => ({ OAUTH_OKTA_AUTHORIZATION_SERVER_ID: id });
const block = (mock, extra = '') => `oauth_provider okta { client_id ${mock.clientId}; client_secret "${mock.clientSecret}"; domain ${mock.origins.org}; ${extra} }`;

function assertOli(identity) {
  assert.equal(identity.sub, 'okta|' + OLI.sub);
  assert.deepEqual([identity.user, identity.email, identity.email_verified, identity.name], [OLI.email, OLI.email, true, OLI.name]);
}

e2e('okta from its variables alone, with the domain as people write it and each authorization server', async (h) => {
  const mock = await startMock(h, new OktaMock(), { real: true });
  for (const domain of ['company.okta.com', 'https://company.okta.com', 'https://company.okta.com/', 'company.okta.com/']) {
    assertOli(await signedIn(await providerSite(h, mock, { env: variables(mock, { OAUTH_OKTA_DOMAIN: domain }) }), domain));
  }
  for (const [id, path] of [['', '/oauth2/default/v1/authorize'], ['default', '/oauth2/default/v1/authorize'], ['aus1fake', '/oauth2/aus1fake/v1/authorize'], ['false',
    '/oauth2/v1/authorize']]) {
    assertOli(await signedIn(await providerSite(h, mock, { env: variables(mock, server(id)) }), id));
    assert.equal(mock.lastGrant.entry.pathname, path);
  }
  assert.deepEqual(mock.lastScopes().sort(), ['email', 'openid', 'profile']);
});

e2e('okta from a block, and from a block over variables', async (h) => {
  const mock = await startMock(h, new OktaMock());
  assertOli(await signedIn(await providerSite(h, mock, { blocks: block(mock) })));
  assertOli(await signedIn(await providerSite(h, mock, { blocks: block(mock, 'authorization_server false;'), env: variables(mock, { ...server('aus1fake'),
    OAUTH_OKTA_DOMAIN: 'okta.invalid' }) }), 'the block wins'));
  assert.equal(mock.lastGrant.entry.pathname, '/oauth2/v1/authorize');
  const named = await providerSite(h, mock, { name: 'corp', blocks: block(mock).replace('okta', 'corp okta') + block(mock, 'authorization_server aus1fake;') });
  assert.equal((await signedIn(named, 'two of one type')).sub, 'corp|' + OLI.sub);
  mock.callbackUrl = named.loginUrlOf('okta') + '/callback';
  assert.equal((await signedIn(named, 'the other', { target: named.loginUrlOf('okta') })).sub, 'okta|' + OLI.sub);
});

e2e('okta: a wrong secret, a user who refuses, policies that refuse, DPoP that is missing', async (h) => {
  const mock = await startMock(h, new OktaMock());
  await assertWrongSecret(h, mock, (secret) => providerSite(h, mock, { env: variables(mock, { OAUTH_OKTA_CLIENT_SECRET: secret }) }));
  const site = await providerSite(h, mock, { env: variables(mock) });
  for (const description of ['User is not assigned to the client application.', 'Policy evaluation failed for this request, please check the policy configurations.',
    'One or more scopes are not configured: all the requested scopes were rejected.']) {
    await assertUserRefuses(site, { error: 'access_denied', description });
  }
  mock.authorize = { error: 'no_matching_policy' };
  await refused(site, 'no_matching_policy', { status: [403, 502], codes: ['access_denied', 'provider_error'] });
  mock.authorize = {};
  mock.token = { status: 400, body: JSON.stringify({ error: 'invalid_dpop_proof', error_description: 'The DPoP proof JWT header is missing.' }) };
  const { lines } = await refused(site, 'DPoP is required');
  assert.ok(lines.some((line) => /invalid_dpop_proof/.test(line)), 'the log says what it is');
  mock.token = { alter: (answer) => ({ ...answer, token_type: 'DPoP' }) };
  await refused(site, 'token_type DPoP');
});

e2e('okta: the traps of every provider', async (h) => {
  const mock = await startMock(h, new OktaMock(), { real: true });
  await assertCommonTraps(await providerSite(h, mock, { env: variables(mock, { OAUTH_OKTA_DOMAIN: 'company.okta.com' }), server: 'oauth_http_timeout 1s;' }));
});

e2e('okta: a custom domain, whichever host the issuer names', async (h) => {
  for (const issuerHost of ['custom', 'org']) {
    const mock = await startMock(h, new OktaMock({ issuerHost }), { real: true });
    for (const id of ['default', 'false']) {
      const site = await providerSite(h, mock, { env: variables(mock, { OAUTH_OKTA_DOMAIN: 'id.example.org', ...server(id) }) });
      assertOli(await signedIn(site, `${issuerHost} ${id}`));
      assert.equal(mock.lastGrant.entry.host, 'custom');
      mock.token = { claims: (all) => ({ ...all, iss: 'https://evil.okta.com' + (id === 'false' ? '' : '/oauth2/default') }) };
      await refused(site, 'an issuer that the metadata does not name', { codes: 'token_invalid' });
      mock.token = {};
    }
  }
});

e2e('okta: the token of one authorization server at another', async (h) => {
  const mock = await startMock(h, new OktaMock());
  const site = await providerSite(h, mock, { env: variables(mock, server('aus1fake')) });
  for (const path of ['', '/oauth2/default', '/oauth2/aus1fake/', '/oauth2']) {
    mock.token = { claims: (all) => ({ ...all, iss: mock.origins.org + path }) };
    await refused(site, path, { codes: 'token_invalid' });
  }
});

e2e('okta: groups in the ID token, in userinfo only, or not at all', async (h) => {
  const mock = await startMock(h, new OktaMock());
  const rule = (text, id = 'default', blocks = '') => providerSite(h, mock, { env: variables(mock, server(id)), rules: `oauth_allow ${text};`, blocks });
  await signedIn(await rule('group=IT'), 'custom server');
  assert.ok(!mock.lastScopes().includes('groups'), 'a custom server does not know the scope');
  await signedIn(await rule('group=IT', 'false'), 'org server');
  assert.ok(mock.lastScopes().includes('groups'), 'the org server wants the scope');
  mock.fat = false;
  await signedIn(await rule('group=IT'), 'thin ID token');
  await signedIn(await rule('group=IT', 'false'), 'thin ID token of the org server');
  await denied(await rule('group=it'), 'another spelling');
  const { groups, ...bare } = OLI;
  mock.user = bare;
  await denied(await rule('group=IT'), 'no groups');
  mock.user = { ...bare, Groups: ['IT'] };
  await signedIn(await rule('claim.Groups=IT'), 'a claim of another name');
});

e2e('okta: an address that its own flag calls unverified', async (h) => {
  const mock = await startMock(h, new OktaMock());
  mock.user = { ...OLI, email_verified: false };
  const identity = await signedIn(await providerSite(h, mock, { env: variables(mock) }));
  assert.notEqual(identity.email_verified, true);
  await denied(await providerSite(h, mock, { env: variables(mock), rules: 'oauth_allow domain=example.org;' }), 'unverified');
});

e2e('okta: signing out goes to the server\'s end of session', async (h) => {
  const mock = await startMock(h, new OktaMock());
  const site = await providerSite(h, mock, { env: variables(mock) });
  const browser = browserOf(await signedIn(site));
  const response = await browser.request(site.origin + '/auth/oauth/logout', { method: 'POST', headers: { Origin: site.origin, 'Sec-Fetch-Site': 'same-origin' }, body: '' });
  const url = new URL(response.headers.location);
  assert.equal(url.origin + url.pathname, mock.origins.org + '/oauth2/default/v1/logout');
  assert.match(url.searchParams.get('id_token_hint'), /^ey/, 'without which Okta answers 400');
});
