// SPDX-License-Identifier: MIT
// Cognito, against a mock with its column of traps: an issuer that no variable names, flags that are texts, groups of the ID token, a logout of its own.
import assert from 'node:assert/strict';
import { e2e } from './lib/harness.mjs';
import { CognitoMock, CORA, POOL } from './lib/providers/aws-cognito.mjs';
import { assertUserRefuses, assertWrongSecret, browserOf, denied, providerSite, refused, signedIn, startMock } from './lib/providers/site.mjs';
import { assertCommonTraps } from './lib/providers/traps.mjs';

const DOMAIN = 'mydomain.auth.us-east-1.amazoncognito.com';
const variables = (mock, extra = {}) => ({ OAUTH_COGNITO_CLIENT_ID: mock.clientId, OAUTH_COGNITO_CLIENT_SECRET: mock.clientSecret,
  OAUTH_COGNITO_DOMAIN: new URL(mock.origins.domain).host, ...extra });
const block = (mock, extra = '') => `oauth_provider aws-cognito { client_id ${mock.clientId}; client_secret "${mock.clientSecret}"; domain ${mock.origins.domain}; issuer ${mock.issuer}; ${extra} }`;

function assertCora(identity) {
  assert.equal(identity.sub, 'aws-cognito|' + CORA.sub);
  assert.deepEqual([identity.user, identity.email, identity.email_verified, identity.name], [CORA.email, CORA.email, true, CORA.name]);
}

async function realSite(h, { extra, ...options } = {}) {
  const mock = await startMock(h, new CognitoMock(), { real: true });
  return providerSite(h, mock, { env: variables(mock, extra), ...options });
}

e2e('aws-cognito from its three variables alone, with the domain as people write it', async (h) => {
  for (const [domain, values] of [[DOMAIN, [DOMAIN, `https://${DOMAIN}/`, DOMAIN + '/']], ['auth.example.org', ['auth.example.org', 'https://auth.example.org']]]) {
    const mock = await startMock(h, new CognitoMock({ domain }), { real: true });
    for (const value of values) {
      assertCora(await signedIn(await providerSite(h, mock, { env: variables(mock, { OAUTH_COGNITO_DOMAIN: value }) }), value));
    }
    assert.deepEqual(mock.lastScopes().sort(), ['email', 'openid', 'profile']);
    assert.equal(mock.count('login'), 0, '/login is not asked directly');
  }
});

e2e('aws-cognito from a block, and from a block over variables', async (h) => {
  const mock = await startMock(h, new CognitoMock());
  assertCora(await signedIn(await providerSite(h, mock, { blocks: block(mock) })));
  assertCora(await signedIn(await providerSite(h, mock, { blocks: block(mock), env: variables(mock, { OAUTH_COGNITO_CLIENT_ID: 'no',
    OAUTH_COGNITO_DOMAIN: 'cognito.invalid' }) }), 'the block wins'));
  const real = await startMock(h, new CognitoMock(), { real: true });
  assertCora(await signedIn(await providerSite(h, real, { env: variables(real),
    blocks: `oauth_provider aws-cognito { issuer https://cognito-idp.us-east-1.amazonaws.com/${POOL}; }` }), 'the issuer from the block'));
});

e2e('aws-cognito: a wrong secret, and a user who refuses', async (h) => {
  const mock = await startMock(h, new CognitoMock(), { real: true });
  await assertWrongSecret(h, mock, (secret) => providerSite(h, mock, { env: variables(mock, { OAUTH_COGNITO_CLIENT_SECRET: secret }) }));
  await assertUserRefuses(await providerSite(h, mock, { env: variables(mock) }));
});

e2e('aws-cognito: the traps of every provider', async (h) => {
  await assertCommonTraps(await realSite(h, { server: 'oauth_http_timeout 1s;' }), {});
});

e2e('aws-cognito: an issuer out of a token is believed only if it is a pool of the configured domain', async (h) => {
  const site = await realSite(h);
  const { provider } = site;
  const cases = {
    'another form of host': 'https://cognito-idp.us-east-1.amazonaws.com.evil.test/us-east-1_example',
      'user info': 'https://cognito-idp.us-east-1.amazonaws.com@evil.test/us-east-1_example',
    'another region in the path': 'https://cognito-idp.us-east-1.amazonaws.com/eu-west-1_example',
      'a longer path': 'https://cognito-idp.us-east-1.amazonaws.com/us-east-1_example/x',
    'http': 'http://cognito-idp.us-east-1.amazonaws.com/us-east-1_example', 'a port': 'https://cognito-idp.us-east-1.amazonaws.com:444/us-east-1_example',
      'somebody': 'https://evil.test',
  };
  for (const [what, iss] of Object.entries(cases)) {
    provider.token = { claims: (all) => ({ ...all, iss }) };
    await refused(site, what, { codes: 'token_invalid' });
  }
  assert.deepEqual(site.proxy.strays, [], 'none of them was asked');
  assert.equal(provider.count('discovery'), 0);
  provider.token = { claims: (all) => ({ ...all, iss: 'https://cognito-idp.us-east-1.amazonaws.com/us-east-1_attacker' }) };
  provider.discovery = { alter: (metadata) => ({ ...metadata, token_endpoint: 'https://evil.auth.us-east-1.amazoncognito.com/oauth2/token' }) };
  await refused(site, 'the pool of another domain', { codes: ['token_invalid', 'provider_error'] });
  Object.assign(provider, { token: {}, discovery: {} });
  assertCora(await signedIn(site, 'and the right pool afterwards'));
  provider.token = { claims: (all) => ({ ...all, iss: 'https://cognito-idp.us-east-1.amazonaws.com/us-east-1_attacker' }) };
  provider.discovery = { alter: (metadata) => ({ ...metadata, token_endpoint: 'https://evil.auth.us-east-1.amazoncognito.com/oauth2/token' }) };
  await refused(site, 'the pool of another domain, later', { codes: ['token_invalid', 'provider_error'] });
});

e2e('aws-cognito: token_use tells tokens apart', async (h) => {
  const site = await realSite(h);
  for (const use of ['access', '', 'refresh', 7]) {
    site.provider.token = { claims: (all) => ({ ...all, token_use: use }) };
    await refused(site, String(use), { codes: 'token_invalid' });
  }
  site.provider.token = { alter: (answer) => ({ ...answer, id_token: answer.access_token }) };
  await refused(site, 'the access token as the ID token', { codes: 'token_invalid' });
});

e2e('aws-cognito: an address whose flag is a text, or false', async (h) => {
  const mock = await startMock(h, new CognitoMock());
  const rules = 'oauth_allow domain=example.org;';
  const site = await providerSite(h, mock, { blocks: block(mock), rules });
  assertCora(await signedIn(site));
  mock.token = { claims: ({ email_verified, email, ...all }) => all };
  assertCora(await signedIn(site, 'only userInfo tells it, as a text'));
  mock.token = {};
  mock.user = { ...CORA, email_verified: false };
  await denied(site, 'false, and "false" as a text');
  const identity = await signedIn(await providerSite(h, mock, { blocks: block(mock) }));
  assert.notEqual(identity.email_verified, true);
});

e2e('aws-cognito: groups come from the ID token', async (h) => {
  const mock = await startMock(h, new CognitoMock());
  const rule = (text) => providerSite(h, mock, { blocks: block(mock), rules: `oauth_allow ${text};` });
  await signedIn(await rule('group=admin'), 'group');
  await denied(await rule('group=admins'), 'another group');
  await signedIn(await rule('claim.cognito:username=cora'), 'a claim with a colon');
  mock.userinfo = { claims: (all) => ({ ...all, 'cognito:groups': ['owner'], groups: ['owner'] }) };
  await denied(await rule('group=owner'), 'groups that userInfo makes up');
  mock.user = { ...CORA, groups: undefined };
  await denied(await rule('group=admin'), 'no groups');
});

e2e('aws-cognito: a nonce that nobody asked for, and one that is asked for', async (h) => {
  const mock = await startMock(h, new CognitoMock());
  mock.nonceOff = true;
  mock.token = { claims: (all) => ({ ...all, nonce: 'cognito-made-this' }) };
  assertCora(await signedIn(await providerSite(h, mock, { blocks: block(mock, 'nonce off;') })));
  await refused(await providerSite(h, mock, { blocks: block(mock) }), 'another nonce than ours', { codes: 'token_invalid' });
});

e2e('aws-cognito: errors of one word, and without the state', async (h) => {
  const site = await realSite(h, { extra: { OAUTH_COGNITO_SCOPE: 'openid nonsense' } });
  await refused(site, 'invalid_scope without state', { status: 400, codes: 'state_invalid' });
  site.provider.authorize = { error: 'invalid_request', description: 'PreSignUp failed with error <script>', state: undefined };
  const { response } = await refused(site, 'a trigger said no', { status: [502, 403], codes: ['provider_error', 'access_denied'] });
  assert.ok(!response.text.includes('<script>'));
  const again = await realSite(h);
  again.provider.token = { status: 400, body: '{"error":"invalid_grant"}', type: 'application/json;charset=UTF-8' };
  await refused(again, 'one word');
});

e2e('aws-cognito: its scope and both names of its prompt', async (h) => {
  const mock = await startMock(h, new CognitoMock(), { real: true });
  const cases = [[{ OAUTH_COGNITO_SCOPE: 'openid email phone' }, null], [{ OAUTH_AWS_COGNITO_PROMPT: 'login' }, 'login'], [{ OAUTH_COGNITO_PROMPT: 'consent' }, 'consent'],
    [{ OAUTH_AWS_COGNITO_PROMPT: 'login', OAUTH_COGNITO_PROMPT: 'consent', OAUTH_PROMPT: 'none' }, 'login']];
  for (const [extra, prompt] of cases) {
    await signedIn(await providerSite(h, mock, { env: variables(mock, extra) }), JSON.stringify(extra));
    assert.equal(mock.lastAsked().get('prompt'), prompt);
    assert.deepEqual(mock.lastScopes().sort(), extra.OAUTH_COGNITO_SCOPE ? ['email', 'openid', 'phone'] : ['email', 'openid', 'profile']);
  }
});

e2e('aws-cognito: signing out wants client_id and logout_uri', async (h) => {
  const site = await realSite(h);
  const browser = browserOf(await signedIn(site));
  const response = await browser.request(site.origin + '/auth/oauth/logout', { method: 'POST', headers: { Origin: site.origin, 'Sec-Fetch-Site': 'same-origin' }, body: '' });
  const url = new URL(response.headers.location);
  assert.equal(url.origin + url.pathname, `https://${DOMAIN}/logout`);
  const answer = await browser.request(url);
  assert.deepEqual([answer.status, answer.headers.location], [302, site.origin + '/auth/oauth/signed-out']);
});
