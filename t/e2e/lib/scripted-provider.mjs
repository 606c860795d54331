// SPDX-License-Identifier: MIT
// An OpenID provider, or a plain OAuth 2.0 one, that signs everybody in at once and does any single thing wrong on demand. The switches
// are the members `discovery`, `authorize`, `token`, `refresh`, `jwks` and `userinfo`: shapes of replies.mjs, and what each handler
// lists. `requests` has every request, `violations` every breach of the protocol by the client. Owned by the test that started it.
import crypto from 'node:crypto';
import http from 'node:http';
import https from 'node:https';
import { halfHash, keyFor, publicJwk, sign } from './jws.mjs';
import { escapeHtml, readBody, reply } from './replies.mjs';

export const ALICE = { sub: 'alice-1', email: 'alice@example.org', email_verified: true, name: 'Alice Example', groups: ['staff', 'admins'] };
const ALGORITHMS = ['RS256', 'PS256', 'ES256', 'EdDSA'];

export class ScriptedProvider {
  // mode: 'oidc' or 'oauth2'; tls: {key, cert} for https; path: of the issuer, may end in '/'.
  constructor({ mode = 'oidc', tls, path = '', clientId = 'client:1', clientSecret = 's3cr:t+%2F &=', clientAuth = 'basic' } = {}) {
    Object.assign(this, { mode, tls, path, clientId, clientSecret, clientAuth });
    this.user = { ...ALICE };
    this.alg = 'RS256';
    this.reset();
    const handler = (request, response) => this.route(request, response).catch((error) => {
      this.violations.push('the provider itself: ' + error.stack);
      response.destroy();
    });
    this.server = tls ? https.createServer(tls, handler) : http.createServer(handler);
    this.sockets = new Set();
    this.server.on('connection', (socket) => {
      this.sockets.add(socket);
      socket.on('close', () => this.sockets.delete(socket));
      socket.on('error', () => {});
    });
  }

  // Resets the switches and forgets all requests.
  reset() {
    Object.assign(this, { discovery: {}, authorize: {}, token: {}, refresh: {}, jwks: {}, userinfo: {}, par: {} });
    this.requests = { discovery: [], authorize: [], token: [], refresh: [], jwks: [], userinfo: [], end_session: [], par: [], other: [] };
    this.violations = [];
    this.grants = new Map();
    this.pushed = new Map(); // request_uri => parameters, until it is used
    this.tokens = new Map();
    this.refreshTokens = new Map();
    this.reuses = 0; // of a refresh token that was spent
    this.secrets = new Set([this.clientSecret]);
  }

  async start(port = 0) {
    await new Promise((resolve, reject) => this.server.once('error', reject).listen(port, '127.0.0.1', resolve));
    this.port = this.server.address().port;
    this.origin = `${this.tls ? 'https' : 'http'}://127.0.0.1:${this.port}`;
    this.issuer = this.origin + this.path;
    this.base = this.issuer.replace(/\/$/, '');
    return this;
  }

  async stop() {
    this.sockets.forEach((socket) => socket.destroy());
    await new Promise((resolve) => this.server.close(resolve));
  }

  count(endpoint) {
    return this.requests[endpoint].length;
  }

  async route(request, response) {
    const url = new URL(request.url, this.origin);
    const prefix = new URL(this.base).pathname.replace(/\/$/, '');
    const name = { '/.well-known/openid-configuration': 'discovery', '/authorize': 'authorize', '/token': 'token', '/jwks': 'jwks',
      '/userinfo': 'userinfo', '/logout': 'end_session', '/par': 'par' }[url.pathname.slice(prefix.length)] ?? 'other';
    const entry = { method: request.method, url: request.url, headers: request.headers, body: await readBody(request), parameters: url.searchParams };
    this.requests[name].push(entry);
    const handlers = { discovery: 'onDiscovery', authorize: 'onAuthorize', token: 'onToken', jwks: 'onJwks', userinfo: 'onUserinfo',
      end_session: 'onEndSession', par: 'onPush' };
    if (!handlers[name] || (name === 'discovery' && this.mode === 'oauth2')) {
      response.writeHead(404, { 'Content-Type': 'text/plain' }).end('not found');
      return;
    }
    await this[handlers[name]](entry, response);
  }

  metadata() {
    return {
      issuer: this.issuer, authorization_endpoint: this.base + '/authorize', token_endpoint: this.base + '/token',
      userinfo_endpoint: this.base + '/userinfo', jwks_uri: this.base + '/jwks', end_session_endpoint: this.base + '/logout',
      response_types_supported: ['code'], subject_types_supported: ['public'], id_token_signing_alg_values_supported: ALGORITHMS,
      token_endpoint_auth_methods_supported: [this.clientAuth === 'post' ? 'client_secret_post' : 'client_secret_basic'],
      code_challenge_methods_supported: ['S256'],
    };
  }

  onDiscovery(entry, response) {
    return reply(response, this.metadata(), this.discovery);
  }

  expect(condition, what) {
    if (!condition) {
      this.violations.push(what);
    }
    return Boolean(condition);
  }

  // authorize: state 'missing' | 'duplicate' | 'wrong', iss 'right' | any text, error, description, alter(parameters, grant), formPost 'page' | 'none',
  // keep (true: the answer is kept in `answers` and the browser gets a 200, so that a test can send it itself).
  async onAuthorize(entry, response) {
    const asked = this.askedFor(entry);
    if (!asked) {
      response.writeHead(400, { 'Content-Type': 'text/plain' }).end('unknown request_uri');
      return;
    }
    const one = (name) => asked.getAll(name).length === 1;
    const oidc = this.mode === 'oidc';
    this.expect(entry.method === 'GET', 'authorization by ' + entry.method);
    this.expect(one('response_type') && asked.get('response_type') === 'code', 'response_type');
    this.expect(one('client_id') && asked.get('client_id') === this.clientId, 'client_id');
    this.expect(one('redirect_uri'), 'redirect_uri');
    this.expect(one('state') && /^[A-Za-z0-9_-]{22,128}$/.test(asked.get('state')), 'state');
    this.expect(one('code_challenge') && /^[A-Za-z0-9_-]{43}$/.test(asked.get('code_challenge')), 'code_challenge');
    this.expect(asked.get('code_challenge_method') === 'S256', 'code_challenge_method');
    this.expect(!oidc || (one('nonce') && asked.get('nonce').length >= 22), 'nonce');
    this.expect(!oidc || asked.get('scope')?.split(' ').filter((scope) => scope === 'openid').length === 1, 'scope openid once');
    const grant = { code: 'c/o+d%25e=~' + crypto.randomBytes(18).toString('base64url'), redirectUri: asked.get('redirect_uri'), used: false,
      challenge: asked.get('code_challenge'), nonce: asked.get('nonce'), user: structuredClone(this.user), state: asked.get('state') };
    this.grants.set(grant.code, grant);
    this.secrets.add(grant.code);
    this.lastGrant = grant;
    const plain = this.authorizationAnswer(grant);
    const isSigned = this.authorize.jarm ?? asked.get('response_mode')?.endsWith('jwt');
    const parameters = isSigned ? this.signedAnswer(plain, this.authorize.jarm ?? {}) : plain;
    await (this.authorize.wait ?? Promise.resolve());
    const target = grant.redirectUri + '?' + parameters;
    if (this.authorize.keep) {
      this.lastAnswer = { target, parameters, grant };
      response.writeHead(200, { 'Content-Type': 'text/plain' }).end('kept');
    } else if (asked.get('response_mode')?.startsWith('form_post') || this.authorize.formPost === 'page') {
      const inputs = [...parameters].map(([name, value]) => `<input type="hidden" name="${name}" value="${escapeHtml(value)}">`).join('');
      response.writeHead(200, { 'Content-Type': 'text/html' }).end(`<form method="post" action="${escapeHtml(grant.redirectUri)}">${inputs}</form>`);
    } else {
      response.writeHead(302, { Location: target, 'Content-Length': 0 }).end();
    }
  }

  // What a request_uri stands for, once; then nothing else may be beside it but the client (RFC 9126 4).
  askedFor(entry) {
    const name = entry.parameters.get('request_uri');
    if (!this.expect(name === null ? !this.par.required : [...entry.parameters.keys()].sort().join() === 'client_id,request_uri', 'a pushed request')) {
      return undefined;
    }
    const pushed = this.pushed.get(name);
    this.pushed.delete(name);
    return name === null ? entry.parameters : pushed;
  }

  // par: required (true: nothing else is taken), alter(answer), and the shapes.
  onPush(entry, response) {
    const form = new URLSearchParams(entry.body);
    this.expect(entry.method === 'POST' && /^application\/x-www-form-urlencoded/.test(entry.headers['content-type'] ?? ''), 'a push that is no form');
    this.expect(this.clientIsRight(entry, form), 'client authentication of a push');
    this.expect(form.getAll('client_id').length === 1 && !form.has('request_uri'), 'the parameters of a push');
    const name = 'urn:ietf:params:oauth:request_uri:' + crypto.randomBytes(18).toString('base64url');
    form.delete('client_secret');
    this.pushed.set(name, form);
    ['state', 'nonce'].filter((each) => form.has(each)).forEach((each) => this.secrets.add(form.get(each)));
    const answer = { request_uri: name, expires_in: 60 };
    return reply(response, answer, this.par, 201);
  }

  authorizationAnswer(grant) {
    const { state, iss, error, description, alter } = this.authorize;
    const parameters = new URLSearchParams();
    if (error) {
      parameters.append('error', error);
      if (description !== undefined) {
        parameters.append('error_description', description);
      }
    } else {
      parameters.append('code', grant.code);
    }
    if (state !== 'missing') {
      parameters.append('state', state === 'wrong' ? 'x'.repeat(43) : grant.state);
    }
    if (state === 'duplicate') {
      parameters.append('state', grant.state);
    }
    if (iss !== undefined) {
      parameters.append('iss', iss === 'right' ? this.issuer : iss);
    }
    return alter ? alter(parameters, grant) ?? parameters : parameters;
  }

  // authorize.jarm: the answer comes signed: claims(object), header(object), alg, key, jwt(text) => text, beside (parameters that come with it).
  signedAnswer(parameters, jarm) {
    const alg = jarm.alg ?? this.alg;
    const key = jarm.key ?? keyFor(alg);
    const now = Math.floor(Date.now() / 1000);
    let claims = { iss: this.issuer, aud: this.clientId, exp: now + 300, ...Object.fromEntries(parameters) };
    claims = jarm.claims?.(claims, { now }) ?? claims;
    let header = { alg, kid: key.kid };
    header = jarm.header?.(header) ?? header;
    const text = sign({ header, payload: claims, alg, key });
    this.secrets.add(text);
    return new URLSearchParams({ response: jarm.jwt?.(text, { header, claims, key }) ?? text, ...jarm.beside });
  }

  clientIsRight(entry, form) {
    const decode = (text) => decodeURIComponent(text.replace(/\+/g, ' '));
    const header = entry.headers.authorization;
    if (this.clientAuth === 'basic') {
      const text = Buffer.from(/^Basic (.*)$/.exec(header ?? '')?.[1] ?? '', 'base64').toString();
      const halves = text.split(':');
      return halves.length === 2 && decode(halves[0]) === this.clientId && decode(halves[1]) === this.clientSecret && !form.has('client_secret');
    }
    return header === undefined && form.get('client_id') === this.clientId && (this.clientAuth === 'none' || form.get('client_secret') === this.clientSecret);
  }

  checkTokenRequest(entry, form) {
    const grant = this.grants.get(form.get('code'));
    const challenge = crypto.createHash('sha256').update(form.get('code_verifier') ?? '').digest('base64url');
    const right = [
      this.expect(entry.method === 'POST', 'token by ' + entry.method),
      this.expect(/^application\/x-www-form-urlencoded/.test(entry.headers['content-type'] ?? ''), 'token content type'),
      this.expect(form.get('grant_type') === 'authorization_code', 'grant_type'),
      this.expect(this.clientIsRight(entry, form), 'client authentication'),
      this.expect(grant, 'unknown code'),
      this.expect(!grant?.used, 'code used twice'),
      this.expect(grant?.redirectUri === form.get('redirect_uri'), 'redirect_uri at the token endpoint'),
      this.expect(grant?.challenge === challenge && /^[A-Za-z0-9\-._~]{43,128}$/.test(form.get('code_verifier') ?? ''), 'code_verifier'),
    ].every(Boolean);
    this.secrets.add(form.get('code_verifier') ?? this.clientSecret);
    if (grant) {
      grant.used = true;
    }
    return right ? grant : undefined;
  }

  // token: claims(object, grant), header(object), payload(object => text), alg, key (a pair or an HMAC key), corrupt, idToken(right one, parts) => text or undefined,
  // alter(answer), and the shapes.
  async onToken(entry, response) {
    const form = new URLSearchParams(entry.body);
    if (form.get('grant_type') === 'refresh_token') {
      this.requests.token.pop();
      this.requests.refresh.push(entry);
      return this.onRefresh(entry, form, response);
    }
    const grant = this.checkTokenRequest(entry, form);
    if (!grant) {
      await reply(response, { error: 'invalid_grant' }, {}, 400);
      return;
    }
    const accessToken = 'at-' + crypto.randomBytes(24).toString('base64url');
    this.tokens.set(accessToken, grant);
    const answer = { access_token: accessToken, token_type: 'Bearer', expires_in: 3600, refresh_token: this.newRefreshToken(grant) };
    if (this.mode === 'oidc') {
      answer.id_token = this.idToken(grant, accessToken);
      if (answer.id_token === undefined) {
        delete answer.id_token;
      }
    }
    [accessToken, answer.id_token].filter((text) => typeof text === 'string' && text.length > 8).forEach((text) => this.secrets.add(text));
    this.lastIdToken = answer.id_token;
    await reply(response, answer, this.token);
  }

  newRefreshToken(grant) {
    const token = 'rt-' + crypto.randomBytes(24).toString('base64url');
    this.refreshTokens.set(token, { grant, spent: false });
    this.secrets.add(token);
    return token;
  }

  // Each refresh token is good once; who spends one again ends the grant, as servers that detect reuse do. refresh: wait (a promise), error, status,
  // rotate (false: the token stays), idToken (false: none), user(object) => object, nonce (true: the ID token repeats it), alter(answer), and the
  // shapes. The claims of the ID token are altered as at a sign-in, by `token`.
  async onRefresh(entry, form, response) {
    await (this.refresh.wait ?? Promise.resolve());
    this.expect(this.clientIsRight(entry, form), 'client authentication of a refresh');
    const known = this.refreshTokens.get(form.get('refresh_token'));
    const { error, status = 400, rotate = true, user } = this.refresh;
    if (known?.spent) {
      this.reuses++;
      known.grant.isRevoked = true;
    }
    if (error || !known || known.grant.isRevoked) {
      await reply(response, { error: error ?? 'invalid_grant', error_description: 'by the test' }, this.refresh, error ? status : 400);
      return;
    }
    known.spent = rotate;
    known.grant.user = user?.(structuredClone(known.grant.user)) ?? known.grant.user;
    const accessToken = 'at-' + crypto.randomBytes(24).toString('base64url');
    this.tokens.set(accessToken, known.grant);
    this.secrets.add(accessToken);
    const answer = { access_token: accessToken, token_type: 'Bearer', expires_in: 3600 };
    if (rotate) {
      answer.refresh_token = this.newRefreshToken(known.grant);
    }
    if (this.mode === 'oidc' && this.refresh.idToken !== false) {
      answer.id_token = this.idToken({ ...known.grant, nonce: this.refresh.nonce ? known.grant.nonce : undefined }, accessToken);
    }
    await reply(response, this.refresh.alter?.(answer) ?? answer, this.refresh);
  }

  idToken(grant, accessToken) {
    const { token } = this;
    const alg = token.alg ?? this.alg;
    const key = token.key ?? keyFor(alg);
    const now = Math.floor(Date.now() / 1000);
    let claims = { iss: this.issuer, sub: grant.user.sub, aud: this.clientId, exp: now + 600, iat: now, nonce: grant.nonce, auth_time: now,
      at_hash: halfHash(alg, accessToken) };
    claims = token.claims?.(claims, grant, { now, accessToken }) ?? claims;
    let header = { alg, kid: key.kid, typ: 'JWT' };
    header = token.header?.(header) ?? header;
    const payload = token.payload?.(claims) ?? claims;
    let text = sign({ header, payload, alg, key });
    if (token.corrupt) {
      const last = text.at(-2) === 'A' ? 'B' : 'A';
      text = text.slice(0, -2) + last + text.at(-1);
    }
    return token.idToken ? token.idToken(text, { header, claims, key, alg, grant, accessToken }) : text;
  }

  publicKeys() {
    return ALGORITHMS.filter((alg) => alg !== 'PS256').map((alg) => publicJwk(keyFor(alg)));
  }

  // jwks: keys (keys of the set => others), and the shapes.
  onJwks(entry, response) {
    const keys = this.publicKeys();
    return reply(response, { keys: this.jwks.keys?.(keys) ?? keys }, this.jwks);
  }

  // userinfo: claims(object, grant), and the shapes. signed: an answer of type application/jwt, with iss and aud; then also alg, key (a pair or an
  // HMAC key), header(object), and jwt(right one) => text.
  onUserinfo(entry, response) {
    const token = /^Bearer (.+)$/.exec(entry.headers.authorization ?? '')?.[1];
    const grant = this.tokens.get(token);
    if (!this.expect(grant, 'userinfo without a token of ours')) {
      return reply(response, { error: 'invalid_token' }, {}, 401);
    }
    if (this.userinfo.signed) {
      return reply(response, undefined, { type: 'application/jwt', body: this.signedUserinfo(grant), ...this.userinfo });
    }
    const claims = { ...grant.user };
    return reply(response, this.userinfo.claims?.(claims, grant) ?? claims, this.userinfo);
  }

  signedUserinfo(grant) {
    const { alg = this.alg, key = keyFor(alg), claims, header, jwt } = this.userinfo;
    const all = { ...grant.user, iss: this.issuer, aud: this.clientId };
    const protectedHeader = { alg, kid: key.kid };
    const text = sign({ header: header?.(protectedHeader) ?? protectedHeader, payload: claims?.(all, grant) ?? all, alg, key });
    return jwt ? jwt(text) : text;
  }

  onEndSession(entry, response) {
    const target = entry.parameters.get('post_logout_redirect_uri');
    const state = entry.parameters.get('state');
    response.writeHead(target ? 302 : 200, target ? { Location: target + (state ? '?state=' + encodeURIComponent(state) : '') } : {}).end();
  }
}
