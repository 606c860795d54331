// SPDX-License-Identifier: MIT
// Cognito as it behaves: the issuer and the login domain are different hosts, flags are texts in userInfo, groups are in tokens only, token_use tells tokens
// apart, access tokens have no audience and a key of their own, errors are one word and often lack the state, and logout needs logout_uri.
import { freshKey, publicJwk, sign } from '../jws.mjs';
import { reply } from '../replies.mjs';
import { ProviderMock } from './mock.mjs';

export const CORA = { sub: 'aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee', email: 'cora@example.org', email_verified: true, name: 'Cora Fake', username: 'cora', groups: ['admin'] };
export const POOL = 'us-east-1_example';

let accessKey;

export class CognitoMock extends ProviderMock {
  constructor({ domain = 'mydomain.auth.us-east-1.amazoncognito.com' } = {}) {
    super({ name: 'aws-cognito', hosts: { domain, idp: 'cognito-idp.us-east-1.amazonaws.com' }, clientId: '1example23456789' });
    this.user = CORA;
    accessKey ??= freshKey('access-1');
  }

  async start(certificates) {
    await super.start(certificates);
    this.issuer = this.origins.idp + '/' + POOL;
    return this;
  }

  routes() {
    const idp = (path, name, handler) => ['idp', new RegExp('^/([A-Za-z0-9_-]+)' + path + '$'), name, handler];
    return [['domain', '/oauth2/authorize', 'authorize', this.onAuthorize], ['domain', '/login', 'login', this.onAuthorize], ['domain', '/oauth2/token', 'token', this.onToken],
      ['domain', '/oauth2/userInfo', 'userinfo', this.onUserinfo], ['domain', '/logout', 'end_session', this.onEndSession],
      idp('/\\.well-known/openid-configuration', 'discovery', this.onDiscovery), idp('/\\.well-known/jwks\\.json', 'jwks', this.onJwks)];
  }

  // An older document: no end_session_endpoint, no PKCE methods.
  metadata(entry) {
    const { domain, idp } = this.origins;
    const issuer = `${idp}/${entry.match[1]}`;
    return { issuer, authorization_endpoint: domain + '/oauth2/authorize', token_endpoint: domain + '/oauth2/token', userinfo_endpoint: domain + '/oauth2/userInfo',
      jwks_uri: issuer + '/.well-known/jwks.json',
      id_token_signing_alg_values_supported: ['RS256'], response_types_supported: ['code', 'token'], scopes_supported: ['openid', 'email', 'phone', 'profile'],
        subject_types_supported: ['public'],
      token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post'] };
  }

  publicKeys() {
    return [publicJwk(accessKey, { alg: 'RS256' }), ...super.publicKeys()];
  }

  refusal(asked) {
    const scopes = asked.get('scope')?.split(' ') ?? [];
    const known = scopes.every((scope) => ['openid', 'email', 'phone', 'profile', 'aws.cognito.signin.user.admin'].includes(scope));
    return known ? undefined : { error: 'invalid_scope', state: 'missing' };
  }

  refuseClient(response) {
    return reply(response, { error: 'invalid_client' }, { type: 'application/json;charset=UTF-8' }, 400);
  }

  refuseGrant(response) {
    return reply(response, { error: 'invalid_grant' }, { type: 'application/json;charset=UTF-8' }, 400);
  }

  newAccessToken(grant) {
    const now = Math.floor(Date.now() / 1000);
    const payload = { sub: grant.user.sub, iss: this.issuer, client_id: this.clientId, token_use: 'access', scope: grant.scopes.join(' '), username: grant.user.username,
      'cognito:groups': grant.user.groups, exp: now + 3600, iat: now, jti: super.newAccessToken(grant) };
    return sign({ header: { alg: 'RS256', kid: accessKey.kid }, payload, alg: 'RS256', key: accessKey });
  }

  tokenAnswer(grant, accessToken) {
    const { scope, ...answer } = super.tokenAnswer(grant, accessToken);
    return { ...answer, refresh_token: 'eyJjdHki.' + this.newAccessToken(grant) };
  }

  idClaims(standard, { user, scopes }) {
    return { ...standard, 'cognito:groups': user.groups, 'cognito:username': user.username, token_use: 'id', origin_jti: 'f', event_id: 'e', jti: 'j',
      ...(scopes.includes('email') ? { email: user.email, email_verified: user.email_verified } : {}), ...(scopes.includes('profile') ? { name: user.name } : {}) };
  }

  userinfoClaims({ user }) {
    const { groups, email_verified, ...claims } = user;
    return { ...claims, email_verified: String(email_verified) };
  }

  onEndSession(entry, response) {
    const target = entry.parameters.get('logout_uri');
    if (entry.parameters.get('client_id') !== this.clientId || !target) {
      response.writeHead(400, { 'Content-Type': 'text/html' }).end("<p>Required String parameter 'redirect_uri' is not present</p>");
      return;
    }
    this.accounts?.forget(response);
    response.writeHead(302, { Location: target, 'Content-Length': 0 }).end();
  }
}
