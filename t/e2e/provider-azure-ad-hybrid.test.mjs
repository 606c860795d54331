// SPDX-License-Identifier: MIT
// Entra ID's hybrid form over https: code and ID token by form_post, both validated in full, and a sign-in cookie that a cross-site POST carries.
import assert from 'node:assert/strict';
import { e2e, loginCookies } from './lib/harness.mjs';
import { freshKey } from './lib/jws.mjs';
import { ADA, AzureMock, CONTOSO, EVE, FABRIKAM, group } from './lib/providers/azure-ad.mjs';
import { assertUserRefuses, assertWrongSecret, providerSite, refused, signedIn, startMock, untilCallback, visit } from './lib/providers/site.mjs';
import { assertCommonTraps } from './lib/providers/traps.mjs';

const NAME = 'azure-ad-hybrid';
const variables = (mock, extra = {}) => ({ OAUTH_AZURE_AD_HYBRID_CLIENT_ID: mock.clientId, OAUTH_AZURE_AD_HYBRID_CLIENT_SECRET: mock.clientSecret,
  OAUTH_AZURE_AD_HYBRID_TENANT_ID: CONTOSO, ...extra });
const block = (mock) => `oauth_provider ${NAME} { client_id ${mock.clientId}; client_secret "${mock.clientSecret}"; domain ${mock.origins.login}; api_url ${mock.origins.graph}; tenant ${CONTOSO}; }`;

async function realSite(h, { extra, ...options } = {}) {
  const mock = await startMock(h, new AzureMock({ name: NAME }), { real: true });
  return providerSite(h, mock, { env: variables(mock, extra), secure: true, ...options });
}

function assertAda(identity) {
  assert.match(identity.sub, new RegExp(`^${NAME}\\|${ADA.tid}[^0-9A-Za-z]${ADA.oid}$`));
  assert.deepEqual([identity.user, identity.name], [ADA.preferred_username, ADA.name]);
}

e2e('azure-ad-hybrid from its three variables alone, at its real names', async (h) => {
  const site = await realSite(h);
  assertAda(await signedIn(site));
  const asked = site.provider.lastAsked();
  assert.deepEqual([asked.get('response_type'), asked.get('response_mode')], ['code id_token', 'form_post']);
  const browser = site.newBrowser();
  const start = await browser.navigate(site.loginUrl, { follow: false });
  assert.match(start.setCookies[0], /; *SameSite=None/i);
  assert.match(start.setCookies[0], /; *Secure/i);
  assert.equal(loginCookies(browser).length, 1);
  const single = await realSite(h, { extra: { OAUTH_AZURE_AD_HYBRID_ENABLE_SINGLE_TENANT: '1' } });
  assert.equal((await signedIn(single)).email_verified, true);
  single.provider.user = EVE;
  await refused(single, 'another tenant', { status: [502, 403], codes: ['token_invalid', 'policy_denied'] });
});

e2e('azure-ad-hybrid from a block, and beside azure-ad', async (h) => {
  const mock = await startMock(h, new AzureMock({ name: NAME }));
  assertAda(await signedIn(await providerSite(h, mock, { blocks: block(mock), secure: true })));
  assertAda(await signedIn(await providerSite(h, mock, { blocks: block(mock), secure: true, env: variables({ clientId: 'no', clientSecret: 'no' }) }), 'the block wins'));
});

e2e('azure-ad-hybrid: a wrong secret, and a user who refuses', async (h) => {
  const mock = await startMock(h, new AzureMock({ name: NAME }), { real: true });
  await assertWrongSecret(h, mock, (secret) => providerSite(h, mock, { env: variables(mock, { OAUTH_AZURE_AD_HYBRID_CLIENT_SECRET: secret }), secure: true }));
  const site = await providerSite(h, mock, { env: variables(mock), secure: true });
  mock.authorize = { error: 'access_denied', description: 'AADSTS65004: declined\r\nTrace ID: 0' };
  await assertUserRefuses(site, mock.authorize);
});

e2e('azure-ad-hybrid: the traps of every provider', async (h) => {
  const site = await realSite(h, { server: 'oauth_http_timeout 1s;' });
  await assertCommonTraps(site, { userinfo: false, query: false, extraJwk: () => ({ issuer: 'https://login.microsoftonline.com/{tenantid}/v2.0' }) });
});

e2e('AR-06 azure-ad-hybrid: the ID token that comes through the browser is validated in full', async (h) => {
  const site = await realSite(h);
  const claims = (change) => ({ claims: (all, grant, facts) => ({ ...all, ...(typeof change === 'function' ? change(all, facts) : change) }) });
  const base = 'https://login.microsoftonline.com/';
  const cases = [
    ['c_hash of another code', claims({ c_hash: 'AAAAAAAAAAAAAAAAAAAAAA' })], ['no c_hash', claims({ c_hash: undefined })], ['nonce of another',
      claims({ nonce: 'x'.repeat(43) })], ['no nonce', claims({ nonce: undefined })],
    ['signature', { corrupt: true }], ['unknown key', { key: freshKey('nobody') }], ['alg none', { header: (all) => ({ ...all, alg: 'none' }), alg: 'none',
      key: { kid: 'rsa-1' } }],
    ['audience', claims({ aud: 'other' })], ['expired', claims((_, { now }) => ({ exp: now - 600 }))], ['issuer', claims({ iss: `${base}${FABRIKAM}/v2.0` })], ['tid',
      claims({ tid: FABRIKAM })],
    ['another user than the back channel says', claims({ sub: 'somebody-else' })], ['a key of the consumers', { key: AzureMock.consumersKey() }],
  ];
  for (const [what, front] of cases) {
    site.provider.front = front;
    await refused(site, what, { codes: 'token_invalid' });
  }
  site.provider.front = { missing: true };
  await refused(site, 'no ID token', { status: [400, 502], codes: ['request_invalid', 'token_invalid', 'provider_error'] });
  site.provider.front = {};
  assertAda(await signedIn(site, 'and the right one'));
});

e2e('azure-ad-hybrid: the answer of another sign-in, of another browser, or by GET', async (h) => {
  const site = await realSite(h);
  const mine = site.newBrowser();
  const own = await untilCallback(site, mine);
  const other = await untilCallback(site, site.newBrowser());
  const before = site.provider.count('token');
  const swapped = [{ ...other.form, state: own.form.state }, { ...own.form, code: other.form.code }, { ...own.form, id_token: other.form.id_token }];
  const tries = [other.form, { ...own.form, state: '' }];
  for (const form of tries) {
    const response = await visit(mine, { ...own, form });
    assert.equal(response.status, 400, response.text.slice(0, 200));
    assert.equal(response.json().error, 'state_invalid');
  }
  const got = await visit(mine, { url: own.url + '?' + new URLSearchParams(own.form) });
  assert.ok([400, 405].includes(got.status), 'GET: ' + got.status);
  assert.equal(site.provider.count('token'), before);
  for (const form of swapped) {
    const browser = site.newBrowser();
    const fresh = await untilCallback(site, browser);
    const mixed = Object.fromEntries(Object.keys(fresh.form).map((name) => [name, form[name] === own.form[name] ? fresh.form[name] : form[name]]));
    const response = await visit(browser, { ...fresh, form: { ...mixed, state: fresh.form.state } });
    assert.ok([400, 502].includes(response.status), `${response.status} ${JSON.stringify(Object.keys(mixed).filter((name) => mixed[name] !== fresh.form[name]))}`);
  }
  const response = await visit(mine, own);
  assert.equal(response.status, 303, 'and the right one: ' + response.text.slice(0, 200));
});

e2e('azure-ad-hybrid: hasgroups in the token means Graph', async (h) => {
  const site = await realSite(h, { rules: `oauth_allow group=${group(3)};` });
  site.provider.groups = [group(3)];
  site.provider.token = { claims: ({ groups, ...all }) => ({ ...all, hasgroups: true }) };
  site.provider.front = site.provider.token;
  await signedIn(site);
  assert.equal(site.provider.count('groups'), 1);
});
