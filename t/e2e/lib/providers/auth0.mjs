// SPDX-License-Identifier: MIT
// Auth0 as it behaves: an issuer that ends with a slash, a custom domain whose tokens are valid only there, opaque access tokens, claims whose names are URLs,
// flags that are texts, invalid_grant as 403, and a sign-out endpoint that the metadata may leave out.
import { reply } from '../replies.mjs';
import { ProviderMock } from './mock.mjs';

export const ANN = { sub: 'auth0|65f00000000000000000fake', nickname: 'ann', name: 'Ann Fake', picture: 'https://s.gravatar.example/a.png',
  updated_at: '2026-01-01T00:00:00.000Z', email: 'ann@example.org',
  email_verified: true, 'https://example.org/roles': ['admin', 'reader'], org_id: 'org_fake123', org_name: 'acme' };

export class Auth0Mock extends ProviderMock {
  // clientAuths: the application's setting in Auth0, 'post' or 'basic'; sessionEnd: the tenant's setting for end_session_endpoint.
  constructor({ clientAuths = ['post'], sessionEnd = false } = {}) {
    super({ name: 'auth0', hosts: { tenant: 'tenant.us.auth0.com', custom: 'login.example.org' }, clientId: 'aUtH0fAkE', clientSecret: 's3cr_t-'.repeat(10) });
    Object.assign(this, { clientAuths, sessionEnd, user: ANN });
  }

  async start(certificates) {
    await super.start(certificates);
    this.issuer = this.origin + '/';
    return this;
  }

  routes() {
    return ['tenant', 'custom'].flatMap((host) => [[host, '/.well-known/openid-configuration', 'discovery', this.onDiscovery], [host, '/.well-known/jwks.json', 'jwks',
      this.onJwks],
      [host, '/authorize', 'authorize', this.onAuthorize], [host, '/oauth/token', 'token', this.onToken], [host, '/userinfo', 'userinfo', this.onUserinfo],
      [host, '/oidc/logout', 'end_session', this.onEndSession], [host, '/v2/logout', 'legacy_logout', this.onEndSession]]);
  }

  metadata(entry) {
    const at = this.origins[entry.host];
    return { issuer: at + '/', authorization_endpoint: at + '/authorize', token_endpoint: at + '/oauth/token', userinfo_endpoint: at + '/userinfo',
      jwks_uri: at + '/.well-known/jwks.json',
      revocation_endpoint: at + '/oauth/revoke', ...(this.sessionEnd ? { end_session_endpoint: at + '/oidc/logout' } : {}), response_types_supported: ['code', 'token',
        'id_token', 'code id_token'],
      subject_types_supported: ['public'], code_challenge_methods_supported: ['S256', 'plain'], id_token_signing_alg_values_supported: ['HS256', 'RS256', 'PS256'],
      token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post', 'private_key_jwt'] };
  }

  asking() {
    return { prompts: ['login', 'select_account'], maxAge: true };
  }

  refuseClient(response) {
    return reply(response, { error: 'access_denied', error_description: 'Unauthorized' }, {}, 401);
  }

  refuseGrant(response) {
    return reply(response, { error: 'invalid_grant', error_description: 'Invalid authorization code' }, {}, 403);
  }

  checkTokenRequest(entry, form) {
    const grant = super.checkTokenRequest(entry, form);
    this.expect(!grant || grant.entry.host === entry.host, 'one domain for all requests');
    return grant;
  }

  newAccessToken(grant) {
    return 'eyJhbGciOiJkaXIi.' + super.newAccessToken(grant) + '..opaque.';
  }

  tokenAnswer(grant, accessToken) {
    return { ...super.tokenAnswer(grant, accessToken), expires_in: 86400 };
  }

  idClaims(standard, grant) {
    return { ...standard, iss: this.origins[grant.entry.host] + '/', sid: 'fakesid', ...grant.user };
  }

  async onUserinfo(entry, response) {
    const grant = this.bearer(entry, response);
    if (grant && this.expect(grant.entry.host === entry.host, 'a token of one domain at the other')) {
      await this.answer(response, this.userinfo.claims?.({ ...grant.user }, grant) ?? grant.user, this.userinfo);
    } else if (grant) {
      await reply(response, { error: 'invalid_token' }, {}, 401);
    }
  }
}
