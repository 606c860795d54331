// SPDX-License-Identifier: MIT
// Okta as it behaves: an org server whose issuer is not the prefix of its endpoints, custom servers below /oauth2/ID, an issuer that may have another host than the
// one that was asked, ID tokens with few claims, policies that refuse, and applications that require DPoP.
import { reply } from '../replies.mjs';
import { ProviderMock } from './mock.mjs';

export const OLI = { sub: '00ufake0000000000000', name: 'Oli Fake', email: 'oli@example.org', email_verified: true, preferred_username: 'oli.login@example.org', locale: 'en_US',
  given_name: 'Oli', family_name: 'Fake', zoneinfo: 'America/Los_Angeles', updated_at: 1750000000, groups: ['Everyone', 'IT'] };

export class OktaMock extends ProviderMock {
  // issuerHost: which of the two hosts ('org' or 'custom') issuers name; fat: groups are in the ID token too.
  constructor({ servers = ['default', 'aus1fake'], issuerHost, fat = true } = {}) {
    super({ name: 'okta', hosts: { org: 'company.okta.com', custom: 'id.example.org' }, clientId: '0oafake' });
    Object.assign(this, { servers, issuerHost, fat, user: OLI });
  }

  routes() {
    const servers = '(?:/(' + this.servers.join('|') + '))?';
    return ['org', 'custom'].flatMap((host) => [
      [host, new RegExp(`^(?:/oauth2/(${this.servers.join('|')}))?/\\.well-known/openid-configuration$`), 'discovery', this.onDiscovery],
      ...[['authorize', 'authorize', this.onAuthorize], ['token', 'token', this.onToken], ['userinfo', 'userinfo', this.onUserinfo], ['keys', 'jwks', this.onJwks],
        ['logout', 'end_session', this.onEndSession]]
        .map(([path, name, handler]) => [host, new RegExp(`^/oauth2${servers}/v1/${path}$`), name, handler])]);
  }

  issuerOf(entry) {
    return this.origins[this.issuerHost ?? entry.host] + (entry.match[1] ? '/oauth2/' + entry.match[1] : '');
  }

  metadata(entry) {
    const base = this.origins[entry.host] + '/oauth2' + (entry.match[1] ? '/' + entry.match[1] : '') + '/v1/';
    return { issuer: this.issuerOf(entry), authorization_endpoint: base + 'authorize', token_endpoint: base + 'token', userinfo_endpoint: base + 'userinfo',
      jwks_uri: base + 'keys',
      end_session_endpoint: base + 'logout', revocation_endpoint: base + 'revoke', introspection_endpoint: base + 'introspect', code_challenge_methods_supported: ['S256'],
      response_types_supported: ['code'], subject_types_supported: ['public'], grant_types_supported: ['authorization_code', 'implicit', 'refresh_token', 'password'],
      id_token_signing_alg_values_supported: ['RS256'], token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post', 'client_secret_jwt',
        'private_key_jwt', 'none'] };
  }

  asking() {
    return { prompts: ['login'], maxAge: true };
  }

  refuseClient(response) {
    return reply(response, { error: 'invalid_client', error_description: 'The client secret supplied for a confidential client is invalid.' }, {}, 401);
  }

  onEndSession(entry, response) {
    if (!entry.parameters.get('id_token_hint')) {
      response.writeHead(400, { 'Content-Type': 'text/html' }).end("<p>The 'id_token_hint' parameter is required.</p>");
      return;
    }
    super.onEndSession(entry, response);
  }

  // The org server gives groups only if the scope asks for them; a custom server gives them in a claim of its own.
  told({ user, scopes, entry }) {
    const { groups, ...claims } = user;
    return entry.match[1] || scopes.includes('groups') ? { ...claims, groups } : claims;
  }

  idClaims(standard, grant) {
    const { groups, email_verified, locale, zoneinfo, updated_at, given_name, family_name, ...claims } = this.told(grant);
    return { ...standard, iss: this.issuerOf(grant.entry), ver: 1, jti: 'ID.fake', amr: ['pwd', 'mfa'], idp: '00ofake', ...claims, ...(this.fat ? { groups } : {}) };
  }

  userinfoClaims(grant) {
    return this.told(grant);
  }
}
