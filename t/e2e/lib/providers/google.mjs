// SPDX-License-Identifier: MIT
// Google as it behaves: endpoints on three hosts besides the issuer's, an issuer that may lack its scheme, `hd` for organisations only, an older userinfo with
// other names, a refresh token only with consent, and no prompt=login.
import { ProviderMock } from './mock.mjs';

export const GAL = { sub: '108000000000000000001', email: 'gal@example.org', email_verified: true, name: 'Gal Fake', given_name: 'Gal', family_name: 'Fake',
  picture: 'https://lh3.example/a', hd: 'example.org' };

export class GoogleMock extends ProviderMock {
  constructor() {
    const hosts = { accounts: 'accounts.google.com', oauth2: 'oauth2.googleapis.com', openid: 'openidconnect.googleapis.com', www: 'www.googleapis.com' };
    super({ name: 'google', hosts, clientId: 'x-1.apps.googleusercontent.com' });
    this.user = GAL;
  }

  routes() {
    return [['accounts', '/.well-known/openid-configuration', 'discovery', this.onDiscovery], ['accounts', '/o/oauth2/v2/auth', 'authorize', this.onAuthorize],
      ['oauth2', '/token', 'token', this.onToken], ['openid', '/v1/userinfo', 'userinfo', this.onUserinfo], ['www', '/oauth2/v3/certs', 'jwks', this.onJwks],
      ['www', '/userinfo/v2/me', 'userinfo', this.onUserinfo], ['www', '/oauth2/v2/userinfo', 'userinfo', this.onUserinfo]];
  }

  metadata() {
    const { accounts, oauth2, openid, www } = this.origins;
    return { issuer: accounts, authorization_endpoint: accounts + '/o/oauth2/v2/auth', device_authorization_endpoint: oauth2 + '/device/code', token_endpoint: oauth2 + '/token',
      userinfo_endpoint: openid + '/v1/userinfo', revocation_endpoint: oauth2 + '/revoke', jwks_uri: www + '/oauth2/v3/certs', response_types_supported: ['code', 'token',
        'id_token', 'code token'],
      subject_types_supported: ['public'], id_token_signing_alg_values_supported: ['RS256'], scopes_supported: ['openid', 'email', 'profile'],
      token_endpoint_auth_methods_supported: ['client_secret_post', 'client_secret_basic'], code_challenge_methods_supported: ['plain', 'S256'] };
  }

  asking() {
    return { prompts: ['select_account'] };
  }

  refusal(asked) {
    const unknown = asked.get('prompt')?.split(' ').find((prompt) => !['none', 'consent', 'select_account'].includes(prompt));
    return unknown ? { error: 'invalid_request', description: 'Invalid prompt: ' + unknown } : undefined;
  }

  told({ user, scopes }) {
    const { sub, email, email_verified, hd, ...profile } = user;
    return { sub, hd, ...(scopes.includes('email') ? { email, email_verified } : {}), ...(scopes.includes('profile') ? profile : {}) };
  }

  tokenAnswer(grant, accessToken) {
    const asked = grant.entry.parameters;
    const scope = grant.scopes.map((word) => (['email', 'profile'].includes(word) ? 'https://www.googleapis.com/auth/userinfo.' + word : word)).join(' ');
    const refresh = asked.get('access_type') === 'offline' && asked.get('prompt') === 'consent' ? { refresh_token: '1//0' + this.newAccessToken() } : {};
    return { ...super.tokenAnswer(grant, accessToken), expires_in: 3599, scope, ...refresh };
  }

  idClaims(standard, grant) {
    const { given_name, family_name, ...claims } = this.told(grant);
    return { ...standard, azp: this.clientId, ...claims };
  }

  userinfoClaims(grant, entry) {
    const { sub, email_verified, ...claims } = this.told(grant);
    return entry.host === 'www' ? { id: sub, verified_email: email_verified, ...claims } : { sub, email_verified, ...claims };
  }
}
