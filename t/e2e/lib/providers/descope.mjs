// SPDX-License-Identifier: MIT
// Descope as it behaves: the project is in the issuer and not in the endpoints, long project ids name a region, `scope` in a JWT is an array, the address may
// be missing, and roles, permissions, tenants and the current tenant (dct) are given only if descope.claims was asked for.
import { ProviderMock } from './mock.mjs';

export const DEE = { sub: 'U2fake00000000000000000000000', name: 'Dee Fake', email: 'dee@example.org', email_verified: true, phone_number: '', phone_number_verified: false,
  picture: '',
  roles: ['admin'], permissions: ['data.read'], tenants: { T2fake: { roles: ['editor'], permissions: [] }, T3fake: {} } };

export class DescopeMock extends ProviderMock {
  constructor({ project = 'P2fake000000000000000000000', host = 'api.descope.com', audience = (id) => [id] } = {}) {
    super({ name: 'descope', hosts: { main: host }, clientId: project, clientSecret: 'K2fake00000000000000000000000' });
    Object.assign(this, { project, audience, user: DEE });
  }

  async start(certificates) {
    await super.start(certificates);
    this.issuer = this.origin + '/' + this.project;
    return this;
  }

  routes() {
    const of = (path) => '/oauth2/v1/' + path;
    return [['main', `/${this.project}/.well-known/openid-configuration`, 'discovery', this.onDiscovery], ['main', `/${this.project}/.well-known/jwks.json`, 'jwks', this.onJwks],
      ['main', of('authorize'), 'authorize', this.onAuthorize], ['main', of('token'), 'token', this.onToken], ['main', of('userinfo'), 'userinfo', this.onUserinfo],
      ['main', of('logout'), 'end_session', this.onEndSession]];
  }

  metadata() {
    const base = this.origin + '/oauth2/v1/';
    return { issuer: this.issuer, authorization_endpoint: base + 'authorize', token_endpoint: base + 'token', userinfo_endpoint: base + 'userinfo',
      end_session_endpoint: base + 'logout',
      revocation_endpoint: base + 'revoke', jwks_uri: `${this.issuer}/.well-known/jwks.json`, response_types_supported: ['code'], subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: ['RS256'], scopes_supported: ['openid', 'profile', 'email', 'descope.claims', 'descope.custom_claims', 'offline_access'] };
  }

  told({ user, scopes }) {
    const { roles, permissions, tenants, dct, ...claims } = user;
    return scopes.includes('descope.claims') ? { ...claims, roles, permissions, tenants, dct } : claims;
  }

  idClaims(standard, grant) {
    return { ...standard, aud: this.audience(this.project), amr: ['email'], drn: 'DS', scope: grant.scopes, ...this.told(grant) };
  }

  userinfoClaims(grant) {
    return this.told(grant);
  }
}
