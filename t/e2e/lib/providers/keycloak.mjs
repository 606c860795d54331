// SPDX-License-Identifier: MIT
// Keycloak as it behaves: a realm in the path, /auth before it in old versions, groups with a slash, roles in the access token and not in the ID token, and an issuer
// that follows the frontend URL.
import { keyFor, sign } from '../jws.mjs';
import { OpenIdMock } from './openid.mjs';

export const KIM = { sub: '5d6c0000-1111-2222-3333-444455556666', email: 'kim@example.org', email_verified: true, name: 'Kim Fake', preferred_username: 'kim',
  groups: ['/team', '/team/core'] };

export class KeycloakMock extends OpenIdMock {
  constructor({ path = '', realm = 'main', host = 'sso.example.org', name = 'keycloak' } = {}) {
    const at = '/protocol/openid-connect/';
    super({ name, hosts: { main: host }, path: `${path}/realms/${realm}`, clientId: 'web-app',
      endpoints: { discovery: '/.well-known/openid-configuration', authorize: at + 'auth', token: at + 'token', userinfo: at + 'userinfo', jwks: at + 'certs',
        endSession: at + 'logout', revoke: at + 'revoke' } });
    Object.assign(this, { realm, user: KIM, prefix: path });
  }

  async start(certificates) {
    await super.start(certificates);
    this.baseUrl = this.origin + this.prefix;
    return this;
  }

  // select_account is not supported, and ignored.
  asking() {
    return { prompts: ['login'], maxAge: true };
  }

  newAccessToken(grant) {
    const now = Math.floor(Date.now() / 1000);
    const payload = { iss: this.issuer, sub: grant.user.sub, aud: 'account', azp: this.clientId, typ: 'Bearer', exp: now + 300, iat: now, jti: super.newAccessToken(grant),
      scope: grant.scopes.join(' '),
      realm_access: { roles: ['offline_access', 'operator'] }, resource_access: { [this.clientId]: { roles: ['editor'] }, account: { roles: ['manage-account'] } } };
    const claims = this.accessClaims?.(payload) ?? payload;
    const key = this.accessKey ?? keyFor('RS256');
    return sign({ header: { alg: 'RS256', kid: key.kid, typ: 'JWT' }, payload: claims, alg: 'RS256', key });
  }

  idClaims(standard, { user }) {
    return { ...standard, typ: 'ID', azp: this.clientId, ...user };
  }
}
