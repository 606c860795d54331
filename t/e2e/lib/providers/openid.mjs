// SPDX-License-Identifier: MIT
// An OpenID provider on one host, with its paths as data: the base of GitLab, Auth0, Keycloak and others.
import { ProviderMock } from './mock.mjs';

export class OpenIdMock extends ProviderMock {
  // `endpoints`: paths below `path`, for discovery, authorize, token, userinfo, jwks, revoke, endSession.
  constructor({ endpoints, metadataExtra = {}, ...options }) {
    super(options);
    Object.assign(this, { endpoints, metadataExtra });
  }

  routes() {
    const { endpoints, path } = this;
    const route = (name, list, handler) => (endpoints[name] ? [['main', path + endpoints[name], list, handler]] : []);
    return [...route('discovery', 'discovery', this.onDiscovery), ...route('authorize', 'authorize', this.onAuthorize), ...route('token', 'token', this.onToken),
      ...route('userinfo', 'userinfo', this.onUserinfo), ...route('jwks', 'jwks', this.onJwks), ...route('endSession', 'end_session', this.onEndSession),
      ...route('revoke', 'revoke', this.onRevoke)];
  }

  at(name) {
    return this.endpoints[name] ? this.base + this.endpoints[name] : undefined;
  }

  metadata() {
    return { issuer: this.issuer, authorization_endpoint: this.at('authorize'), token_endpoint: this.at('token'), userinfo_endpoint: this.at('userinfo'), jwks_uri: this.at('jwks'),
      revocation_endpoint: this.at('revoke'), end_session_endpoint: this.at('endSession'), response_types_supported: ['code'], subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: ['RS256'], token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post'], ...this.metadataExtra };
  }

  onRevoke(entry, response) {
    return this.answer(response, {});
  }
}
