// SPDX-License-Identifier: MIT
// Descope, against a mock with its column of traps: the project in the issuer only, regions, roles and tenants.
import assert from 'node:assert/strict';
import { e2e } from './lib/harness.mjs';
import { DEE, DescopeMock } from './lib/providers/descope.mjs';
import { assertUserRefuses, assertWrongSecret, denied, providerSite, refused, signedIn, startMock } from './lib/providers/site.mjs';
import { assertCommonTraps } from './lib/providers/traps.mjs';

const EUROPEAN = 'Peuc12fakefakefakefakefakefakefake';
const variables = (mock, extra = {}) => ({ OAUTH_DESCOPE_CLIENT_ID: mock.clientId, OAUTH_DESCOPE_CLIENT_SECRET: mock.clientSecret, ...extra });
const block = (mock, extra = '') => `oauth_provider descope { client_id ${mock.clientId}; client_secret "${mock.clientSecret}"; issuer ${mock.issuer}; ${extra} }`;

function assertDee(identity) {
  assert.equal(identity.sub, 'descope|' + DEE.sub);
  assert.deepEqual([identity.user, identity.email, identity.email_verified, identity.name, identity.picture], [DEE.email, DEE.email, true, DEE.name, undefined]);
}

e2e('descope from its two variables alone, at its real names, in its regions', async (h) => {
  const mock = await startMock(h, new DescopeMock(), { real: true });
  assertDee(await signedIn(await providerSite(h, mock, { env: variables(mock) })));
  assert.deepEqual(mock.lastScopes().sort(), ['email', 'openid', 'profile']);
  const europe = await startMock(h, new DescopeMock({ project: EUROPEAN, host: 'api.euc1.descope.com', audience: (id) => id }), { real: true });
  assertDee(await signedIn(await providerSite(h, europe, { env: variables(europe) }), 'a region'));
});

e2e('descope from a block, from a block over variables, by domain and by region', async (h) => {
  const mock = await startMock(h, new DescopeMock());
  assertDee(await signedIn(await providerSite(h, mock, { blocks: block(mock) })));
  assertDee(await signedIn(await providerSite(h, mock, { blocks: block(mock), env: { OAUTH_DESCOPE_CLIENT_ID: 'P2no', OAUTH_DESCOPE_CLIENT_SECRET: 'no' } }), 'the block wins'));
  assertDee(await signedIn(await providerSite(h, mock, { env: variables(mock), blocks: `oauth_provider descope { domain ${mock.origin}; }` }), 'by domain'));
  const europe = await startMock(h, new DescopeMock({ host: 'api.euc1.descope.com' }), { real: true });
  assertDee(await signedIn(await providerSite(h, europe, { env: variables(europe), blocks: 'oauth_provider descope { region euc1; }' }), 'by region'));
});

e2e('descope: a wrong secret, and a user who refuses', async (h) => {
  const mock = await startMock(h, new DescopeMock(), { real: true });
  await assertWrongSecret(h, mock, (secret) => providerSite(h, mock, { env: variables(mock, { OAUTH_DESCOPE_CLIENT_SECRET: secret }) }));
  await assertUserRefuses(await providerSite(h, mock, { env: variables(mock) }));
});

e2e('descope: the traps of every provider', async (h) => {
  const mock = await startMock(h, new DescopeMock(), { real: true });
  await assertCommonTraps(await providerSite(h, mock, { env: variables(mock), server: 'oauth_http_timeout 1s;' }));
});

e2e('descope: the issuer has the project, not another one, and no other path', async (h) => {
  const mock = await startMock(h, new DescopeMock(), { real: true });
  const site = await providerSite(h, mock, { env: variables(mock) });
  for (const iss of ['https://api.descope.com', 'https://api.descope.com/P2other', 'https://api.descope.com/v1/apps/' + mock.project, mock.project]) {
    mock.token = { claims: (all) => ({ ...all, iss }) };
    await refused(site, iss, { codes: 'token_invalid' });
  }
});

e2e('descope: users without an address, or with one that is not verified', async (h) => {
  const mock = await startMock(h, new DescopeMock());
  const { email, email_verified, ...phone } = DEE;
  for (const user of [phone, { ...phone, email: '', email_verified: false }]) {
    mock.user = user;
    const identity = await signedIn(await providerSite(h, mock, { blocks: block(mock) }), 'by phone');
    assert.equal(identity.sub, 'descope|' + DEE.sub);
    assert.equal(identity.email, undefined);
    assert.ok(identity.user.length > 0);
  }
  mock.user = { ...DEE, email_verified: false };
  await denied(await providerSite(h, mock, { blocks: block(mock), rules: 'oauth_allow email=dee@example.org;' }), 'unverified');
});

e2e('descope: roles and a tenant, for which descope.claims is asked by itself', async (h) => {
  const mock = await startMock(h, new DescopeMock());
  mock.user = { ...DEE, tenants: { T2fake: DEE.tenants.T2fake } };
  const rule = (text) => providerSite(h, mock, { blocks: block(mock), rules: `oauth_allow ${text};` });
  await signedIn(await rule('role=admin'), 'role of the project');
  assert.ok(mock.lastScopes().includes('descope.claims'));
  await signedIn(await rule('role=editor'), 'role in the tenant');
  await signedIn(await rule('tenant=T2fake'), 'tenant');
  await denied(await rule('tenant=T2'), 'another tenant');
  await denied(await rule('role=owner'), 'another role');
  mock.granted = (scopes) => scopes.filter((scope) => scope !== 'descope.claims');
  await denied(await rule('role=admin'), 'claims that were not granted');
});

e2e('descope: a user of two tenants', async (h) => {
  const mock = await startMock(h, new DescopeMock());
  const rule = (text) => providerSite(h, mock, { blocks: block(mock), rules: `oauth_allow ${text};` });
  await signedIn(await rule('tenant=T3fake'), 'the second tenant');
  await signedIn(await rule('tenant=T2fake'), 'the first tenant');
  await denied(await rule('tenant=T4fake'), 'a third');
});

e2e('descope: tenant and role are of the same, current tenant', async (h) => {
  const mock = await startMock(h, new DescopeMock());
  const rule = (text) => providerSite(h, mock, { blocks: block(mock), rules: `oauth_allow ${text};` });
  const both = await rule('tenant=acme role=admin');
  const of = (dct, acme = ['member'], roles = []) => ({ ...DEE, roles, dct, tenants: { acme: { roles: acme }, other: { roles: ['admin'] } } });
  for (const [what, user, allowed] of [['admin of the other tenant, which is current', of('other'), false], ['member of the current one', of('acme'), false],
    ['neither is current', of(undefined), false], ['admin of the current one', of('acme', ['admin']), true], ['admin of both, and the other is current', of('other', ['admin']), false],
    ['a tenant that is none of theirs', { ...of('third'), roles: ['admin'] }, false], ['a role of the whole project', of('acme', [], ['admin']), true]]) {
    mock.user = user;
    await (allowed ? signedIn(both, what, { browser: both.newBrowser() }) : denied(both, what));
  }
  mock.user = of('other');
  await signedIn(await rule('tenant=other role=admin'), 'the current tenant');
  await denied(await rule('tenant=acme'), 'a tenant that is not current');
});

e2e('descope: raw data of tenants by their path', async (h) => {
  const mock = await startMock(h, new DescopeMock());
  const site = await providerSite(h, mock, { blocks: block(mock, 'scope openid profile email descope.claims;'), rules: 'oauth_allow claim.tenants.T2fake.roles=editor;' });
  await signedIn(site);
});
