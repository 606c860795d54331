// SPDX-License-Identifier: MIT
// Every type of provider, each with its mock, the configuration that it needs, a second user, and what a test about accounts has to know of it.
import { ANN, Auth0Mock } from './auth0.mjs';
import { CognitoMock, CORA } from './aws-cognito.mjs';
import { ADA, AzureMock, CONTOSO } from './azure-ad.mjs';
import { DEE, DescopeMock } from './descope.mjs';
import { GenericMock, GERT } from './generic.mjs';
import { GitHubMock, OCTO } from './github.mjs';
import { GITA, GitLabMock } from './gitlab.mjs';
import { GAL, GoogleMock } from './google.mjs';
import { KeycloakMock, KIM } from './keycloak.mjs';
import { OktaMock, OLI } from './okta.mjs';
import { OpenIdMock } from './openid.mjs';

export const SECOND = 'Second Fake';

// An OpenID provider as Dex or Authentik are. endsSession: it has an end-session endpoint.
export class HouseMock extends OpenIdMock {
  constructor({ endsSession = false, name = 'oidc' } = {}) {
    super({ name, hosts: { main: 'sso.example.org' }, clientId: 'house-app', endpoints: { discovery: '/.well-known/openid-configuration', authorize: '/auth', token: '/token',
      userinfo: '/me', jwks: '/keys', endSession: endsSession ? '/end' : undefined } });
    this.user = { sub: 'house-1', email: 'one@example.org', email_verified: true, name: 'First Fake', preferred_username: 'one' };
  }
}

export const houseBlock = (mock, extra = '', name = 'oidc') =>
  `oauth_provider ${name} oidc { issuer ${mock.issuer}; client_id ${mock.clientId}; client_secret "${mock.clientSecret}"; ${extra} }`;

const second = (first, own) => ({ ...first, name: SECOND, ...own });
const credentials = (prefix, extra = () => ({})) => (mock) => ({ env: { [`OAUTH_${prefix}_CLIENT_ID`]: mock.clientId, [`OAUTH_${prefix}_CLIENT_SECRET`]: mock.clientSecret, ...extra(mock) } });

// prompt: with which it asks for another account; endsSession: it has an end-session endpoint, and so nothing is left of a session that has been signed out.
// refuses, ignores: prompts that do not help, with an error or without; refusedWith: how the module answers that error.
const row = (type, make, first, own, options) => ({ type, make, users: { first, second: second(first, own) }, prompt: 'login', endsSession: false, refuses: [], refusedWith: 502, ignores: [], ...options });

export const EVERY = [
  row('github', () => new GitHubMock(), OCTO, { user: { ...OCTO.user, login: 'second-fake', id: 7654321, name: SECOND } },
    { prompt: 'select_account', site: credentials('GITHUB'), ignores: ['login'] }),
  row('gitlab', () => new GitLabMock(), GITA, { sub: '4712', preferred_username: 'second', email: 'second@example.org' },
    { site: credentials('GITLAB', () => ({ OAUTH_GITLAB_DOMAIN: 'gitlab.example.org' })), refuses: ['select_account'], refusedWith: 403 }),
  row('google', () => new GoogleMock(), GAL, { sub: '108000000000000000002', email: 'second@example.org' },
    { prompt: 'select_account', site: credentials('GOOGLE'), refuses: ['login'] }),
  row('azure-ad', () => new AzureMock(), ADA, { sub: 'pairwise2', oid: '99999999-8888-7777-6666-000000000002', preferred_username: 'second@contoso.example' },
    { prompt: 'select_account', endsSession: true, site: credentials('AZURE_AD', () => ({ OAUTH_AZURE_AD_TENANT_ID: CONTOSO })), refuses: ['create'] }),
  row('azure-ad-hybrid', () => new AzureMock({ name: 'azure-ad-hybrid' }), ADA, { sub: 'pairwise2', oid: '99999999-8888-7777-6666-000000000002', preferred_username: 'second@contoso.example' },
    { prompt: 'select_account', endsSession: true, secure: true, site: credentials('AZURE_AD_HYBRID', () => ({ OAUTH_AZURE_AD_HYBRID_TENANT_ID: CONTOSO })), refuses: ['create'] }),
  row('okta', () => new OktaMock(), OLI, { sub: '00ufake0000000000002', email: 'second@example.org', preferred_username: 'second.login@example.org' },
    { endsSession: true, site: credentials('OKTA', (mock) => ({ OAUTH_OKTA_DOMAIN: mock.origins.org })), ignores: ['select_account'] }),
  row('descope', () => new DescopeMock(), DEE, { sub: 'U2fake00000000000000000000002', email: 'second@example.org' },
    { endsSession: true, site: credentials('DESCOPE'), ignores: ['select_account'] }),
  row('auth0', () => new Auth0Mock(), ANN, { sub: 'auth0|65f00000000000000002fake', nickname: 'second', email: 'second@example.org' },
    { endsSession: true, site: credentials('AUTH0', (mock) => ({ OAUTH_AUTH0_DOMAIN: mock.origins.tenant })) }),
  row('aws-cognito', () => new CognitoMock(), CORA, { sub: 'aaaaaaaa-bbbb-cccc-dddd-000000000002', email: 'second@example.org', username: 'second' },
    { endsSession: true, site: credentials('COGNITO', (mock) => ({ OAUTH_COGNITO_DOMAIN: new URL(mock.origins.domain).host })), ignores: ['select_account'] }),
  row('keycloak', () => new KeycloakMock(), KIM, { sub: '5d6c0000-1111-2222-3333-000000000002', email: 'second@example.org', preferred_username: 'second' },
    { endsSession: true, site: credentials('KEYCLOAK', (mock) => ({ OAUTH_KEYCLOAK_REALM: mock.realm, OAUTH_KEYCLOAK_BASE_URL: mock.baseUrl })), ignores: ['select_account'] }),
  row('generic', () => new GenericMock(), GERT, { id: 78, sub: 'gert-78', account: 'second', email: 'second@example.org' },
    { site: credentials('GENERIC', (mock) => ({ OAUTH_GENERIC_AUTH_URL: mock.base + '/authorize', OAUTH_GENERIC_TOKEN_URL: mock.base + '/token',
      OAUTH_GENERIC_USER_INFO_URL: mock.base + '/me', OAUTH_GENERIC_SCOPES: 'profile email' })), ignores: ['select_account'] }),
  row('oidc', () => new HouseMock(), new HouseMock().user, { sub: 'house-2', email: 'two@example.org', preferred_username: 'two' },
    { site: (mock, extra) => ({ blocks: houseBlock(mock, extra) }), ignores: ['select_account'] }),
];
