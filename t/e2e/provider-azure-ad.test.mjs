// SPDX-License-Identifier: MIT
// Entra ID, against a mock with its column of traps: a templated issuer, three tenants, keys of issuers, groups of Graph. ID-08.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { e2e } from './lib/harness.mjs';
import { configTest } from './lib/nginx.mjs';
import { ADA, AzureMock, CONSUMERS, CONTOSO, EVE, FABRIKAM, group, PAT } from './lib/providers/azure-ad.mjs';
import { assertUserRefuses, assertWrongSecret, browserOf, denied, providerSite, refused, signedIn, startMock } from './lib/providers/site.mjs';
import { assertCommonTraps } from './lib/providers/traps.mjs';

const variables = (mock, extra = {}) => ({ OAUTH_AZURE_AD_CLIENT_ID: mock.clientId, OAUTH_AZURE_AD_CLIENT_SECRET: mock.clientSecret, OAUTH_AZURE_AD_TENANT_ID: CONTOSO, ...extra });
const SINGLE = { OAUTH_AZURE_AD_ENABLE_SINGLE_TENANT: 'true' };
const block = (mock, extra = '') => `oauth_provider azure-ad { client_id ${mock.clientId}; client_secret "${mock.clientSecret}"; domain ${mock.origins.login}; api_url ${mock.origins.graph};
  tenant ${CONTOSO}; ${extra} }`;

async function realSite(h, { extra, cloud, ...options } = {}) {
  const mock = await startMock(h, new AzureMock({ cloud }), { real: true });
  return providerSite(h, mock, { env: variables(mock, extra), ...options });
}

function assertUser(identity, user) {
  assert.match(identity.sub, new RegExp(`^azure-ad\\|${user.tid}[^0-9A-Za-z]${user.oid}$`));
  assert.deepEqual([identity.user, identity.name], [user.preferred_username, user.name]);
}

e2e('AR-03 azure-ad from its three variables alone, at its real names: any tenant may come', async (h) => {
  const site = await realSite(h);
  for (const user of [ADA, EVE, PAT]) {
    site.provider.user = user;
    if (user === PAT) {
      site.provider.token = { key: AzureMock.consumersKey() };
    }
    const identity = await signedIn(site, user.name);
    assertUser(identity, user);
    assert.notEqual(identity.email_verified, true, 'nobody vouches for the address');
  }
  assert.equal(site.provider.requests.authorize[0].pathname, '/common/oauth2/v2.0/authorize');
  assert.deepEqual(['openid', 'profile', 'email'].filter((scope) => !site.provider.lastScopes().includes(scope)), []);
  assert.equal(site.provider.count('groups'), 0, 'groups are not asked for');
  const providers = await site.browser.fetch(site.origin + '/auth/oauth/providers');
  assert.deepEqual(providers.json().map(({ name, label }) => [name, label]), [['azure-ad', 'Microsoft']]);
});

e2e('azure-ad with a single tenant: its own endpoints, its own users, its addresses', async (h) => {
  const site = await realSite(h, { extra: SINGLE });
  const { provider } = site;
  const identity = await signedIn(site);
  assertUser(identity, ADA);
  assert.deepEqual([identity.email, identity.email_verified], [ADA.email, true]);
  assert.equal(provider.lastGrant.entry.pathname, `/${CONTOSO}/oauth2/v2.0/authorize`);
  for (const user of [EVE, PAT]) {
    provider.user = user;
    await refused(site, user.name, { status: [502, 403], codes: ['token_invalid', 'policy_denied'] });
  }
});

e2e('TK-04 azure-ad with a certificate in place of a secret, which it finds by the thumbprint', async (h) => {
  const folder = h.folder();
  const [keyFile, certFile] = ['client.key', 'client.pem'].map((name) => path.join(folder, name));
  execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', keyFile, '-out', certFile, '-days', '2', '-subj', '/CN=site'], { stdio: 'ignore' });
  const mock = await startMock(h, new AzureMock());
  mock.certificate = readFileSync(certFile);
  const at = (clientAuth) => block(mock, `single_tenant on; client_key ${keyFile}; ${clientAuth}`).replace(/client_secret "[^"]*";/, '');
  for (const clientAuth of ['', 'client_auth private_key_jwt;']) {
    assertUser(await signedIn(await providerSite(h, mock, { blocks: at(`client_certificate ${certFile}; ${clientAuth}`) })), ADA);
  }
  const without = await providerSite(h, mock, { blocks: at('') });
  await refused(without, 'no certificate', { status: 502, code: 'provider_error' });
  assert.deepEqual(mock.violations.splice(0), ['client authentication']);
});

e2e('azure-ad: what ENABLE_SINGLE_TENANT says', async (h) => {
  const mock = await startMock(h, new AzureMock(), { real: true });
  for (const [value, tenant] of [['', 'common'], ['0', 'common'], ['false', 'common'], ['off', 'common'], ['no', 'common'], ['1', CONTOSO], ['yes', CONTOSO]]) {
    await signedIn(await providerSite(h, mock, { env: variables(mock, { OAUTH_AZURE_AD_ENABLE_SINGLE_TENANT: value }) }), value);
    assert.equal(mock.lastGrant.entry.match[1], tenant, `"${value}"`);
  }
});

e2e('azure-ad with a single tenant by a domain name', async (h) => {
  const site = await realSite(h, { extra: { ...SINGLE, OAUTH_AZURE_AD_TENANT_ID: 'contoso.example' } });
  assertUser(await signedIn(site), ADA);
  site.provider.user = EVE;
  await refused(site, 'another tenant', { status: [502, 403], codes: ['token_invalid', 'policy_denied'] });
});

e2e('azure-ad from a block, from a block over variables, and in a sovereign cloud', async (h) => {
  const mock = await startMock(h, new AzureMock());
  assertUser(await signedIn(await providerSite(h, mock, { blocks: block(mock) })), ADA);
  const wrong = { OAUTH_AZURE_AD_CLIENT_ID: 'no', OAUTH_AZURE_AD_CLIENT_SECRET: 'no', OAUTH_AZURE_AD_TENANT_ID: FABRIKAM };
  assertUser(await signedIn(await providerSite(h, mock, { blocks: block(mock, 'single_tenant on;'), env: wrong }), 'the block wins'), ADA);
  const us = await startMock(h, new AzureMock({ cloud: 'us' }), { real: true });
  const blocks = 'oauth_provider azure-ad { domain login.microsoftonline.us; api_url https://graph.microsoft.us; }';
  us.groups = [group(1)];
  us.overage = true;
  assertUser(await signedIn(await providerSite(h, us, { env: variables(us), blocks, rules: `oauth_allow group=${group(1)};` }), 'by authority host'), ADA);
});

e2e('azure-ad: a wrong secret, and a user who refuses', async (h) => {
  const mock = await startMock(h, new AzureMock(), { real: true });
  await assertWrongSecret(h, mock, (secret) => providerSite(h, mock, { env: variables(mock, { OAUTH_AZURE_AD_CLIENT_SECRET: secret }) }));
  const site = await providerSite(h, mock, { env: variables(mock) });
  await assertUserRefuses(site, { error: 'access_denied', description: 'AADSTS65004: User declined to consent.\r\nTrace ID: 0' });
  for (const error of ['unsupported_response_type', 'server_error', 'temporarily_unavailable', 'invalid_resource', 'interaction_required']) {
    mock.authorize = { error, description: 'AADSTS1\r\n2026/01/01 00:00:00 [error] forged line' };
    const { lines } = await refused(site, error, { status: [502, 403, 401], codes: ['provider_error', 'access_denied', 'login_required'] });
    assert.ok(!lines.some((line) => /^2026\/01\/01 00:00:00/.test(line)), 'no line of its own in the log');
  }
  mock.authorize = {};
  mock.token = { status: 400, body: JSON.stringify({ error: 'invalid_grant', error_description: 'AADSTS70008\r\n2026/01/01 00:00:00 [error] forged line' }) };
  const { lines } = await refused(site, 'CR LF in an error');
  assert.ok(!lines.some((line) => /^2026\/01\/01 00:00:00/.test(line)));
});

e2e('azure-ad: the traps of every provider', async (h) => {
  const site = await realSite(h, { server: 'oauth_http_timeout 1s;' });
  await assertCommonTraps(site, { userinfo: false, extraJwk: () => ({ issuer: 'https://login.microsoftonline.com/{tenantid}/v2.0' }) });
});

e2e('ID-08 azure-ad: the issuer belongs to the tenant, the key to the issuer', async (h) => {
  const site = await realSite(h);
  const claims = (change) => ({ claims: (all) => ({ ...all, ...change }) });
  const base = 'https://login.microsoftonline.com/';
  const cases = [
    ['tid of another tenant', claims({ tid: FABRIKAM })], ['issuer of another tenant', claims({ iss: `${base}${FABRIKAM}/v2.0` })], ['the template itself',
      claims({ iss: base + '{tenantid}/v2.0' })],
    ['tid that is the template', claims({ tid: '{tenantid}', iss: base + '{tenantid}/v2.0' })], ['no tid', claims({ tid: undefined })], ['v1 issuer',
      claims({ iss: `https://sts.windows.net/${CONTOSO}/` })],
    ['tid with a path', claims({ tid: CONTOSO + '/x', iss: `${base}${CONTOSO}/x/v2.0` })], ['common as tid', claims({ tid: 'common', iss: base + 'common/v2.0' })],
    ['another authority', claims({ iss: `https://login.microsoftonline.us/${CONTOSO}/v2.0` })], ['empty tid', claims({ tid: '', iss: base + '/v2.0' })],
    ['a key of the consumers for an organisation', { key: AzureMock.consumersKey() }],
  ];
  for (const [what, token] of cases) {
    site.provider.token = token;
    await refused(site, what, { codes: 'token_invalid' });
  }
  site.provider.token = claims({ oid: undefined });
  await refused(site, 'no oid', { codes: ['provider_error', 'token_invalid'] });
});

e2e('ID-08 azure-ad: an address is a label unless somebody vouches for it', async (h) => {
  const mock = await startMock(h, new AzureMock(), { real: true });
  const site = await providerSite(h, mock, { env: variables(mock), rules: 'oauth_allow email=ada@contoso.example; oauth_allow domain=contoso.example;' });
  for (const user of [EVE, ADA]) {
    mock.user = user;
    await denied(site, user.name);
  }
  for (const flag of [false, 'false', 'true', 0]) {
    mock.user = { ...EVE, xms_edov: flag, email_verified: true };
    await denied(site, 'xms_edov ' + JSON.stringify(flag));
  }
  mock.user = { ...ADA, xms_edov: true };
  assert.deepEqual([(await signedIn(site, 'xms_edov')).email_verified], [true]);
  const allowed = await providerSite(h, mock, { env: variables(mock), blocks: `oauth_provider azure-ad { allowed_tenants ${CONTOSO} ${CONSUMERS}; }`,
    rules: 'oauth_allow domain=contoso.example;' });
  mock.user = ADA;
  assert.equal((await signedIn(allowed, 'an allowed tenant')).email_verified, true);
  mock.user = EVE;
  await refused(allowed, 'a tenant that is not allowed', { status: [403, 502], codes: ['policy_denied', 'access_denied', 'token_invalid'] });
});

e2e('azure-ad: rules on tenant and role', async (h) => {
  const mock = await startMock(h, new AzureMock(), { real: true });
  mock.user = { ...ADA, roles: ['App.User', 'App.Admin'] };
  const rule = (text) => providerSite(h, mock, { env: variables(mock), rules: `oauth_allow ${text};` });
  await signedIn(await rule(`tenant=${CONTOSO}`), 'tenant');
  await signedIn(await rule('role=App.Admin'), 'role');
  await denied(await rule(`tenant=${FABRIKAM}`), 'another tenant');
  await denied(await rule('role=App'), 'another role');
});

e2e('azure-ad: groups of the token, and of Graph where they are too many', async (h) => {
  const mock = await startMock(h, new AzureMock(), { real: true });
  const rule = (text, server = '') => providerSite(h, mock, { env: variables(mock), rules: text, server });
  mock.groups = [group(1), group(2)];
  await signedIn(await rule(`oauth_allow group=${group(2)};`), 'in the token');
  assert.equal(mock.count('groups'), 0);
  Object.assign(mock, { groups: Array.from({ length: 90 }, (_, i) => group(i)), pageSize: 40 });
  mock.others = [{ '@odata.type': '#microsoft.graph.directoryRole', id: group(900) }, { '@odata.type': '#microsoft.graph.administrativeUnit', id: group(901) }];
  mock.overage = true;
  const site = await rule(`oauth_allow group=${group(89)};`);
  await signedIn(site, 'on the last page');
  assert.ok(mock.requests.groups.every(({ headers }) => headers.consistencylevel === 'eventual'));
  await denied(await rule(`oauth_allow group=${group(900)},${group(901)};`), 'a role or unit is no group');
  await denied(await rule(`oauth_allow group=${group(999)};`), 'another group');
  const before = mock.count('groups');
  await signedIn(await rule('oauth_allow any;'), 'nobody needs groups');
  assert.equal(mock.count('groups'), before);
  mock.token = { claims: ({ _claim_names, _claim_sources, ...all }) => ({ ...all, hasgroups: true }) };
  await signedIn(await rule(`oauth_allow group=${group(89)};`), 'hasgroups');
});

e2e('azure-ad: groups of Graph that are not whole decide nothing', async (h) => {
  const mock = await startMock(h, new AzureMock(), { real: true });
  const evil = await startMock(h, new AzureMock());
  mock.overage = true;
  Object.assign(mock, { groups: Array.from({ length: 90 }, (_, i) => group(i)), pageSize: 40 });
  mock.claimSource = evil.origins.graph + '/v1.0/users/x/getMemberObjects';
  const site = await providerSite(h, mock, { env: variables(mock), rules: `oauth_deny group=${group(89)}; oauth_allow any;`, server: 'oauth_http_timeout 1s;' });
  await denied(site, 'the whole list');
  const second = (shape) => (page) => (page > 0 ? shape : {});
  const cases = [
    ['403', { status: 403, body: '{"error":{"code":"Authorization_RequestDenied"}}' }, 'provider_error'], ['500 on the second page', second({ status: 500 }), 'provider_error'],
    ['no list', { body: '{}' }, 'provider_error'], ['an entry without id', { body: '{"value":[{"@odata.type":"#microsoft.graph.group"}]}' }, 'provider_error'],
    ['HTML', { body: '<html>', type: 'text/html' }, 'provider_error'], ['closed', second({ close: true }), 'provider_unreachable'], ['no answer', second({ hang: true }),
      'provider_timeout'],
    ['pages elsewhere', { next: evil.origins.graph + '/v1.0/me/transitiveMemberOf?x=1' }, 'provider_error'],
    ['pages at a host like it', { next: 'https://graph.microsoft.com.evil.test/v1.0/me/transitiveMemberOf' }, 'provider_error'],
    ['pages at user info', { next: 'https://graph.microsoft.com@evil.test/' }, 'provider_error'],
    ['pages without end', { next: 'https://graph.microsoft.com/v1.0/me/transitiveMemberOf?again' }, 'provider_error'],
  ];
  for (const [what, shape, codes] of cases) {
    mock.api.groups = shape;
    await refused(site, what, { status: codes === 'provider_timeout' ? 504 : 502, codes });
  }
  assert.deepEqual(site.proxy.strays, []);
  assert.equal(evil.count('groups') + evil.count('claim_source'), 0, 'the token stays with Graph');
});

e2e('azure-ad: five hundred groups of Graph, of which a rule names one', async (h) => {
  const mock = await startMock(h, new AzureMock(), { real: true });
  Object.assign(mock, { overage: true, groups: Array.from({ length: 500 }, (_, i) => group(i)) });
  await signedIn(await providerSite(h, mock, { env: variables(mock), rules: `oauth_session cookie; oauth_allow group=${group(499)};` }));
});

e2e('azure-ad: consumers have no groups in Graph', async (h) => {
  const mock = await startMock(h, new AzureMock(), { real: true });
  Object.assign(mock, { user: PAT, overage: true, token: { key: AzureMock.consumersKey() } });
  mock.api.groups = { status: 400, body: '{"error":{"code":"BadRequest","message":"Not supported for personal accounts."}}' };
  await refused(await providerSite(h, mock, { env: variables(mock), rules: `oauth_allow group=${group(1)};` }), 'overage of a consumer', { status: [502, 403],
    codes: ['provider_error', 'policy_denied'] });
});

e2e('azure-ad: scopes without openid and profile still give an ID token with oid', async (h) => {
  const site = await realSite(h, { extra: { OAUTH_AZURE_AD_SCOPES: 'https://graph.microsoft.com/User.Read offline_access' } });
  const identity = await signedIn(site);
  assert.match(identity.sub, new RegExp(`${ADA.tid}.${ADA.oid}$`));
  assert.ok(site.provider.lastScopes().includes('offline_access'));
  assert.ok(!site.provider.lastScopes().includes('https://graph.microsoft.com/openid'));
});

e2e('azure-ad: /me and the photo are no condition', async (h) => {
  const site = await realSite(h);
  for (const [me, photo] of [[{}, {}], [{ status: 403 }, { status: 500 }], [{ body: '<html>', type: 'text/html' }, { status: 200, type: 'image/png', body: 'x'.repeat(3000) }]]) {
    Object.assign(site.provider.api, { me, photo });
    const identity = await signedIn(site);
    assertUser(identity, ADA);
    assert.ok(identity.picture === undefined || /^data:image\//.test(identity.picture), identity.picture);
  }
});

e2e('azure-ad: a guest, whose name has characters of its own', async (h) => {
  const site = await realSite(h);
  site.provider.user = { ...ADA, preferred_username: 'ada_home.example#EXT#@contoso.example', email: undefined };
  const identity = await signedIn(site);
  assert.equal(identity.user, 'ada_home.example#EXT#@contoso.example');
  assert.equal(identity.email, undefined);
});

e2e('azure-ad: signing out goes to the tenant\'s end of session', async (h) => {
  const site = await realSite(h, { extra: SINGLE });
  const browser = browserOf(await signedIn(site));
  const response = await browser.request(site.origin + '/auth/oauth/logout', { method: 'POST', headers: { Origin: site.origin, 'Sec-Fetch-Site': 'same-origin' }, body: '' });
  const url = new URL(response.headers.location);
  assert.equal(url.origin + url.pathname, `https://login.microsoftonline.com/${CONTOSO}/oauth2/v2.0/logout`);
  assert.equal(url.searchParams.get('post_logout_redirect_uri'), site.origin + '/auth/oauth/signed-out');
});

e2e('azure-ad: a single tenant is one tenant', async () => {
  for (const tenant of ['common', 'organizations', 'consumers']) {
    const env = { OAUTH_AZURE_AD_CLIENT_ID: 'a', OAUTH_AZURE_AD_CLIENT_SECRET: 'b', OAUTH_AZURE_AD_TENANT_ID: tenant, OAUTH_AZURE_AD_ENABLE_SINGLE_TENANT: 'true' };
    const { code, stderr } = configTest('server { listen 127.0.0.1:1; oauth on; oauth_allow any; }', { env });
    assert.notEqual(code, 0, tenant);
    assert.match(stderr, new RegExp(`single_tenant.*${tenant}.*accepted`));
  }
});

e2e('azure-ad with its endpoints in the block and without issuer: the issuer by the tid, as with metadata', async (h) => {
  const mock = await startMock(h, new AzureMock(), { real: true });
  const { login } = mock.origins;
  const endpoints = `authorization_endpoint ${login}/common/oauth2/v2.0/authorize; token_endpoint ${login}/common/oauth2/v2.0/token; jwks_uri ${login}/common/discovery/v2.0/keys;`;
  const blockWith = (more) => `oauth_provider azure-ad { client_id ${mock.clientId}; client_secret "${mock.clientSecret}"; client_auth post; ${endpoints} ${more} }`;
  const site = await providerSite(h, mock, { blocks: blockWith('') });
  for (const user of [ADA, EVE]) {
    mock.user = user;
    assertUser(await signedIn(site, user.name), user);
  }
  const other = (claims) => ({ claims: (all) => ({ ...all, ...claims }) });
  for (const [what, claims] of [['issuer of another tenant', { iss: `${login}/${CONTOSO}/v2.0` }], ['issuer elsewhere', { iss: `https://evil.test/${FABRIKAM}/v2.0` }],
    ['tid of another', { tid: CONTOSO }], ['no tid', { tid: undefined }], ['the template itself', { iss: `${login}/{tenantid}/v2.0`, tid: '{tenantid}' }]]) {
    mock.token = other(claims);
    await refused(site, what, { codes: 'token_invalid' });
  }
  mock.token = {};
  const allowed = await providerSite(h, mock, { blocks: blockWith(`allowed_tenants ${CONTOSO};`) });
  await refused(allowed, 'a tenant that is not admitted', { status: [403, 502], codes: ['policy_denied', 'token_invalid'] });
  const single = await providerSite(h, mock, { blocks: blockWith(`tenant ${CONTOSO}; single_tenant on;`) });
  await refused(single, 'another tenant', { status: [403, 502], codes: ['policy_denied', 'token_invalid'] });
  mock.user = ADA;
  assertUser(await signedIn(single, 'its tenant'), ADA);
  assert.equal(mock.count('discovery'), 0, 'no metadata were asked for');
  assert.match(configTest(`${blockWith('tenant contoso.example; single_tenant on;')} server { listen 127.0.0.1:1; oauth on; oauth_allow any; }`).stderr, /accepted: a tenant's id, or "issuer"/);
});
