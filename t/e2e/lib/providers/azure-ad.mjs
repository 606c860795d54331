// SPDX-License-Identifier: MIT
// Entra ID as it behaves: an issuer that is a template, keys that belong to issuers, users from any tenant, a Graph API with pages, too many groups for a
// token, a photo that is a 404 with JSON, errors with CR LF, no ID token without `openid`, and no `oid` without `profile`.
import crypto from 'node:crypto';
import { freshKey, halfHash, keyFor, publicJwk } from '../jws.mjs';
import { reply } from '../replies.mjs';
import { ProviderMock } from './mock.mjs';

export const CONTOSO = 'aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee';
export const FABRIKAM = 'bbbbbbbb-cccc-dddd-eeee-ffffffffffff';
export const CONSUMERS = '9188040d-6c67-4c5b-b112-36a304b66dad';
const DOMAINS = { 'contoso.example': CONTOSO, consumers: CONSUMERS };

export const ADA = { sub: 'pairwiseFAKE', oid: '99999999-8888-7777-6666-555555555555', tid: CONTOSO, name: 'Ada Fake', preferred_username: 'ada@contoso.example',
  email: 'ada@contoso.example' };
export const EVE = { sub: 'pairwiseEVE', oid: '11111111-8888-7777-6666-555555555555', tid: FABRIKAM, name: 'Eve Fake', preferred_username: 'eve@fabrikam.example',
  email: 'ada@contoso.example' };
export const PAT = { sub: 'pairwisePAT', oid: '00000000-0000-0000-1234-123456789abc', tid: CONSUMERS, name: 'Pat Fake', preferred_username: 'pat@outlook.example',
  email: 'pat@outlook.example' };

export const group = (number) => '0f0f0f0f-0000-0000-0000-' + String(number).padStart(12, '0');

let keys;
const keySet = () => (keys ??= { organizations: keyFor('RS256'), consumers: freshKey('consumers-1'), retired: freshKey('retired-1') });

export class AzureMock extends ProviderMock {
  constructor({ name = 'azure-ad', cloud = 'com' } = {}) {
    super({ name, hosts: { login: 'login.microsoftonline.' + cloud, graph: 'graph.microsoft.' + cloud }, clientId: '11111111-2222-3333-4444-555555555555',
      clientSecret: 'a.~b_-+c&d=%' });
    this.user = ADA;
    if (name === 'azure-ad-hybrid') {
      this.responseType = 'code id_token';
    }
  }

  reset() {
    super.reset();
    Object.assign(this, { groups: [], overage: false, front: {} });
  }

  async start(certificates) {
    await super.start(certificates);
    this.issuer = `${this.origins.login}/{tenantid}/v2.0`;
    return this;
  }

  routes() {
    const login = (path, name, handler) => ['login', new RegExp('^/([^/]+)' + path + '$'), name, handler];
    const graph = (path, name, handler) => ['graph', path, name, handler];
    return [login('/v2\\.0/\\.well-known/openid-configuration', 'discovery', this.onDiscovery), login('/oauth2/v2\\.0/authorize', 'authorize', this.onAuthorize),
      login('/oauth2/v2\\.0/token', 'token', this.onToken), login('/oauth2/v2\\.0/logout', 'end_session', this.onEndSession), login('/discovery/v2\\.0/keys', 'jwks', this.onJwks),
      graph('/oidc/userinfo', 'userinfo', this.onUserinfo), graph('/v1.0/me', 'me', this.onMe), graph(/^\/v1\.0\/me\/photos?(\/[^/]+)?\/\$value$/, 'photo', this.onPhoto),
      graph('/v1.0/me/transitiveMemberOf', 'groups', this.onGroups), graph(/getMemberObjects$/, 'claim_source', this.onGroups)];
  }

  static issuerFor(origin, tenant) {
    return `${origin}/${['common', 'organizations'].includes(tenant) ? '{tenantid}' : DOMAINS[tenant] ?? tenant}/v2.0`;
  }

  metadata(entry) {
    const tenant = entry.match[1];
    const base = `${this.origins.login}/${tenant}`;
    return { token_endpoint: base + '/oauth2/v2.0/token', token_endpoint_auth_methods_supported: ['client_secret_post', 'private_key_jwt', 'client_secret_basic'],
      jwks_uri: base + '/discovery/v2.0/keys', response_modes_supported: ['query', 'fragment', 'form_post'], subject_types_supported: ['pairwise'],
        id_token_signing_alg_values_supported: ['RS256'],
      response_types_supported: ['code', 'id_token', 'code id_token', 'id_token token'], scopes_supported: ['openid', 'profile', 'email', 'offline_access'],
      issuer: AzureMock.issuerFor(this.origins.login, tenant), request_uri_parameter_supported: false, userinfo_endpoint: this.origins.graph + '/oidc/userinfo',
      authorization_endpoint: base + '/oauth2/v2.0/authorize', http_logout_supported: true, frontchannel_logout_supported: true, end_session_endpoint: base + '/oauth2/v2.0/logout',
      tenant_region_scope: null, cloud_instance_name: 'microsoftonline.com', msgraph_host: new URL(this.origins.graph).host };
  }

  // Seven keys with certificates, well over 10 kB; each names its issuer.
  publicKeys(entry) {
    const tenant = entry.match[1];
    const template = AzureMock.issuerFor(this.origins.login, tenant === 'consumers' ? tenant : 'common');
    const x5c = () => [crypto.randomBytes(1100).toString('base64')];
    const { organizations, consumers, retired } = keySet();
    return [...Array.from({ length: 4 }, (_, i) => publicJwk({ ...retired, kid: 'retired-' + i }, { x5t: 'x', x5c: x5c(), issuer: template })),
      publicJwk(consumers, { x5c: x5c(), issuer: AzureMock.issuerFor(this.origins.login, CONSUMERS) }), publicJwk(organizations, { x5c: x5c(), issuer: template })];
  }

  static consumersKey() {
    return keySet().consumers;
  }

  checkAuthorization(entry, asked) {
    super.checkAuthorization(entry, asked);
    const prompt = asked.get('prompt');
    this.expect(prompt === null || ['login', 'none', 'consent', 'select_account'].includes(prompt), 'prompt ' + prompt);
    if (this.responseType !== 'code') {
      this.expect(asked.get('response_mode') === 'form_post', 'an ID token does not come in a query');
    }
  }

  // The hybrid flow: an ID token comes with the code and has c_hash. `front` has the switches of `token` for it.
  authorizationAnswer(grant) {
    const parameters = super.authorizationAnswer(grant);
    if (this.responseType === 'code' || parameters.has('error')) {
      return parameters;
    }
    const claims = (standard, ...rest) => {
      const { at_hash, ...all } = { ...standard, c_hash: halfHash('RS256', parameters.get('code')) };
      return this.front.claims?.(all, ...rest) ?? all;
    };
    const token = this.idToken(grant, 'none', { ...this.front, claims });
    if (!this.front.missing) {
      parameters.append('id_token', token);
    }
    return parameters;
  }

  asking() {
    return { prompts: ['login', 'select_account'], maxAge: true };
  }

  refusal(asked) {
    const prompt = asked.get('prompt');
    return prompt === null || ['login', 'none', 'consent', 'select_account'].includes(prompt) ? undefined
      : { error: 'invalid_request', description: `AADSTS90023: Unsupported 'prompt' value.\r\nTrace ID: 0000` };
  }

  // With `certificate` (PEM) the client signs in place of a secret. Its key is found by the certificate's thumbprint and by nothing else.
  clientIsRight(entry, form) {
    if (!this.certificate) {
      return super.clientIsRight(entry, form);
    }
    const [header, claims, signature] = (form.get('client_assertion') ?? '..').split('.');
    const read = (part) => JSON.parse(Buffer.from(part, 'base64url').toString() || '{}');
    const own = new crypto.X509Certificate(this.certificate);
    const thumbprint = (of) => Buffer.from(of.replaceAll(':', ''), 'hex').toString('base64url');
    const { alg, typ, x5t, 'x5t#S256': sha256 } = read(header);
    const { iss, sub, aud, jti, exp } = read(claims);
    return !entry.headers.authorization && !form.has('client_secret') && form.get('client_assertion_type') === 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'
      && alg === 'RS256' && typ === 'JWT' && x5t === thumbprint(own.fingerprint) && sha256 === thumbprint(own.fingerprint256)
      && iss === this.clientId && sub === iss && Boolean(jti) && exp > Date.now() / 1000 && aud === AzureMock.issuerFor(this.origins.login, entry.match[1])
      && crypto.verify('sha256', Buffer.from(header + '.' + claims), own.publicKey, Buffer.from(signature, 'base64url'));
  }

  refuseClient(response) {
    return this.fail(response, 'invalid_client', 7000215, 'Invalid client secret provided.', 401);
  }

  refuseGrant(response) {
    return this.fail(response, 'invalid_grant', 70008, 'The provided authorization code has expired.', 400);
  }

  fail(response, error, number, text, status) {
    return reply(response, { error, error_description: `AADSTS${number}: ${text}\r\nTrace ID: 0000\r\nCorrelation ID: 0000`, error_codes: [number],
      timestamp: '2026-01-01 00:00:00Z' }, {}, status);
  }

  checkTokenRequest(entry, form) {
    this.expect(!entry.headers.origin, 'an Origin with a secret');
    return super.checkTokenRequest(entry, form);
  }

  newAccessToken() {
    return 'eyJ0.' + crypto.randomBytes(2250).toString('base64url') + '.fake';
  }

  tokenAnswer(grant, accessToken) {
    const refresh = grant.scopes.includes('offline_access') ? { refresh_token: '0.AX' + crypto.randomBytes(900).toString('base64url') } : {};
    return { ...super.tokenAnswer(grant, accessToken), expires_in: 4287, ext_expires_in: 4287, ...refresh };
  }

  idClaims(standard, grant) {
    const { oid, name, preferred_username, email, ...rest } = grant.user;
    const profile = grant.scopes.includes('profile') ? { oid, name, preferred_username } : {};
    const groups = this.overage ? { _claim_names: { groups: 'src1' },
      _claim_sources: { src1: { endpoint: this.claimSource ?? `${this.origins.graph}/v1.0/users/${oid}/getMemberObjects` } } }
      : this.groups.length > 0 ? { groups: this.groups } : {};
    return { ...standard, iss: `${this.origins.login}/${rest.tid}/v2.0`, ver: '2.0', nbf: standard.iat, uti: 'fake', rh: '0.fake', ...rest, ...profile,
      ...(grant.scopes.includes('email') ? { email } : {}), ...groups };
  }

  userinfoClaims({ user: { sub, name, email } }) {
    return { sub, name, email, picture: this.origins.graph + '/v1.0/me/photo/$value' };
  }

  graph(entry, response) {
    const grant = this.bearer(entry, response);
    if (grant && !grant.scopes.some((scope) => /(^|\/)User\.Read$/.test(scope))) {
      reply(response, { error: { code: 'Authorization_RequestDenied', message: 'Insufficient privileges to complete the operation.' } }, {}, 403);
      return undefined;
    }
    return grant;
  }

  async onMe(entry, response) {
    const grant = this.graph(entry, response);
    if (grant) {
      const { user } = grant;
      await this.answer(response, { '@odata.context': this.origins.graph + '/v1.0/$metadata#users/$entity', businessPhones: [], displayName: user.name, mail: user.email ?? null,
        userPrincipalName: user.userPrincipalName ?? user.preferred_username, id: user.oid }, this.api.me);
    }
  }

  async onPhoto(entry, response) {
    if (this.graph(entry, response)) {
      await this.answer(response, { error: { code: 'ImageNotFound', message: 'Exception of type ...' } }, this.api.photo, 404);
    }
  }

  // `api.groups`: a shape, or (page) => a shape; shape.next is the given address of the next page.
  async onGroups(entry, response) {
    const grant = this.graph(entry, response);
    if (!grant) {
      return;
    }
    const size = Math.min(Number(entry.parameters.get('$top') ?? 100), this.pageSize ?? 999);
    const page = Number(entry.parameters.get('$skiptoken') ?? 0);
    const shape = (typeof this.api.groups === 'function' ? this.api.groups(page) : this.api.groups) ?? {};
    const all = [...this.groups.map((id) => ({ '@odata.type': '#microsoft.graph.group', id })), ...(this.others ?? [])];
    const next = shape.next ?? (all.length > (page + 1) * size ? `${this.origins.graph}${entry.pathname}?$select=id&$top=${size}&$skiptoken=${page + 1}` : undefined);
    await this.answer(response, { '@odata.context': this.origins.graph + '/v1.0/$metadata#directoryObjects', ...(next ? { '@odata.nextLink': next } : {}),
      value: all.slice(page * size, (page + 1) * size) }, shape);
  }
}
