// SPDX-License-Identifier: MIT
// Shared by the mocks of the real providers: several hosts in one provider, each with its routes; both ways of client authentication; a registered
// callback; scopes that decide which facts are given. Without certificates each host is a plain server on loopback; with them one TLS server answers
// under all the real names. The switches are those of ScriptedProvider, and `api`, by the name of the call. It signs everybody in as `user` at once, or asks
// which account to use, as the real one does: see hasAccounts().
import crypto from 'node:crypto';
import http from 'node:http';
import https from 'node:https';
import { keyFor, publicJwk } from '../jws.mjs';
import { escapeHtml, readBody, reply } from '../replies.mjs';
import { ScriptedProvider } from '../scripted-provider.mjs';
import { Accounts, CHOOSE } from './accounts.mjs';

export class ProviderMock extends ScriptedProvider {
  // `hosts` maps the mock's own short names to the real host names; `path` is where the provider lives below its main host.
  constructor({ name, hosts, clientId, clientSecret = 's3cr:t+%2F &=~', ...options }) {
    super({ clientId, clientSecret, ...options });
    Object.assign(this, { name, hosts, listeners: [], clientAuths: ['basic', 'post'], responseType: 'code', accounts: undefined });
  }

  // From now on it has several users, by name, and remembers whom a browser has chosen.
  hasAccounts(users) {
    this.accounts = new Accounts({ users, ...this.asking() });
    return this;
  }

  // What makes this type ask for the account; other prompts are ignored, or refused by refusal().
  asking() {
    return { prompts: ['login'] };
  }

  reset() {
    super.reset();
    this.api = {};
    this.granted = undefined; // scopes => those that the user grants
  }

  // [host, path or pattern, name of the list in `requests`, handler]
  routes() {
    return [];
  }

  async start(certificates) {
    this.certificates = certificates;
    this.origins = {};
    if (certificates) {
      const byName = Object.fromEntries(Object.entries(this.hosts).map(([host, name]) => [name, host]));
      const port = await this.listen(https.createServer(certificates.tls, (request, response) => this.accept(byName[request.headers.host], request, response)));
      Object.entries(this.hosts).forEach(([host, name]) => { this.origins[host] = 'https://' + name; });
      this.port = port;
    } else {
      for (const host of Object.keys(this.hosts)) {
        const port = await this.listen(http.createServer((request, response) => this.accept(host, request, response)));
        this.origins[host] = 'http://127.0.0.1:' + port;
        this.port ??= port;
      }
    }
    this.origin = Object.values(this.origins)[0];
    this.base = this.origin + this.path;
    this.issuer = this.base;
    return this;
  }

  async listen(server) {
    server.on('connection', (socket) => {
      this.sockets.add(socket);
      socket.on('close', () => this.sockets.delete(socket));
      socket.on('error', () => {});
    });
    this.listeners.push(server);
    await new Promise((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve));
    return server.address().port;
  }

  async stop() {
    this.sockets.forEach((socket) => socket.destroy());
    await Promise.all(this.listeners.splice(0).map((server) => new Promise((resolve) => server.close(resolve))));
  }

  // Where the proxy and the browser find the hosts.
  targets() {
    return this.certificates ? Object.values(this.hosts).map((name) => [name + ':443', this.port]) : [];
  }

  accept(host, request, response) {
    this.dispatch(host, request, response).catch((error) => {
      this.violations.push('the provider itself: ' + error.stack);
      response.destroy();
    });
  }

  async dispatch(host, request, response) {
    const url = new URL(request.url, this.origins[host] ?? 'http://unknown');
    const isChoice = this.accounts && request.method === 'POST' && url.pathname === CHOOSE;
    const found = isChoice ? [host, CHOOSE, 'choice', this.onChoice]
      : this.routes().find(([at, path]) => at === host && (path instanceof RegExp ? path.test(url.pathname) : path === url.pathname));
    const [, path, name, handler] = found ?? [];
    const entry = { host, method: request.method, url: request.url, headers: request.headers, body: await readBody(request), parameters: url.searchParams,
      match: path instanceof RegExp ? path.exec(url.pathname) : undefined, pathname: url.pathname };
    (this.requests[name ?? 'other'] ??= []).push(entry);
    if (found) {
      await handler.call(this, entry, response);
    } else {
      response.writeHead(404, { 'Content-Type': 'text/plain' }).end('not found');
    }
  }

  count(endpoint) {
    return this.requests[endpoint]?.length ?? 0;
  }

  // As reply() of replies.mjs, and in chunks.
  async answer(response, value, shape = {}, status = 200) {
    if (!shape?.chunked) {
      return reply(response, value, shape, status);
    }
    const body = Buffer.from(JSON.stringify(value));
    response.writeHead(shape.status ?? status, { 'Content-Type': 'application/json' });
    for (let i = 0; i < body.length; i += 100) {
      response.write(body.subarray(i, i + 100));
      await new Promise((resolve) => setImmediate(resolve));
    }
    response.end();
    return undefined;
  }

  onDiscovery(entry, response) {
    return this.answer(response, this.metadata(entry), this.discovery);
  }

  // An error object if this provider refuses the request.
  refusal() {
    return undefined;
  }

  checkAuthorization(entry, asked) {
    const one = (name) => asked.getAll(name).length === 1;
    const scopes = asked.get('scope')?.split(' ') ?? [];
    this.expect(entry.method === 'GET', 'authorization by ' + entry.method);
    this.expect(asked.get('response_type') === this.responseType, 'response_type');
    this.expect(one('client_id') && asked.get('client_id') === this.clientId, 'client_id');
    this.expect(one('redirect_uri') && (!this.callbackUrl || asked.get('redirect_uri') === this.callbackUrl), 'redirect_uri is not the registered one');
    this.expect(one('state') && /^[A-Za-z0-9_-]{22,128}$/.test(asked.get('state')), 'state');
    this.expect(one('code_challenge') && asked.get('code_challenge_method') === 'S256', 'code_challenge');
    this.expect(new Set(scopes).size === scopes.length, 'a scope twice');
    this.expect(!/\+/.test(/[?&]scope=([^&]*)/.exec(entry.url)?.[1] ?? ''), 'scopes apart by %20');
    if (this.mode === 'oidc') {
      this.expect(this.nonceOff || (one('nonce') && asked.get('nonce').length >= 22), 'nonce');
      this.expect(scopes.includes('openid'), 'scope openid');
    }
  }

  async onAuthorize(entry, response) {
    const asked = entry.parameters;
    this.checkAuthorization(entry, asked);
    if (this.callbackUrl && asked.get('redirect_uri') !== this.callbackUrl) {
      response.writeHead(400, { 'Content-Type': 'text/html' }).end('<p>redirect_uri_mismatch</p>');
      return;
    }
    const refusal = this.refusal(asked);
    const account = this.accounts?.userOf(entry);
    const isToAsk = this.accounts && !account && !refusal && !this.authorize.error;
    if (isToAsk && asked.get('prompt') !== 'none') {
      this.accounts.ask(entry, response);
      return;
    }
    const scopes = asked.get('scope')?.split(' ') ?? [];
    const grant = { code: 'c/o+d%25e=~' + crypto.randomBytes(18).toString('base64url'), redirectUri: asked.get('redirect_uri'), used: false, entry,
      challenge: asked.get('code_challenge'), nonce: asked.get('nonce'), user: structuredClone(this.accounts?.users[account] ?? this.user), state: asked.get('state'),
      scopes: this.granted?.(scopes) ?? scopes };
    this.grants.set(grant.code, grant);
    this.secrets.add(grant.code);
    this.lastGrant = grant;
    const saved = this.authorize;
    this.authorize = { ...(isToAsk ? { error: 'login_required' } : refusal), ...saved };
    const parameters = this.authorizationAnswer(grant);
    this.authorize = saved;
    if (asked.get('response_mode') === 'form_post') {
      const inputs = [...parameters].map(([name, value]) => `<input type="hidden" name="${name}" value="${escapeHtml(value)}">`).join('');
      response.writeHead(200, { 'Content-Type': 'text/html' }).end(`<form method="post" action="${escapeHtml(grant.redirectUri)}">${inputs}</form>`);
    } else {
      response.writeHead(302, { Location: grant.redirectUri + '?' + parameters, 'Content-Length': 0 }).end();
    }
  }

  async onChoice(entry, response) {
    const chosen = this.accounts.chosen(entry, response);
    if (this.expect(chosen, 'a choice that nobody was asked for')) {
      await this.onAuthorize(chosen, response);
    } else {
      response.writeHead(400).end();
    }
  }

  onEndSession(entry, response) {
    this.accounts?.forget(response);
    return super.onEndSession(entry, response);
  }

  clientIsRight(entry, form) {
    const right = this.clientAuths.filter((clientAuth) => {
      const saved = this.clientAuth;
      this.clientAuth = clientAuth;
      const is = super.clientIsRight(entry, form);
      this.clientAuth = saved;
      return is;
    });
    return right.length === 1;
  }

  refuseClient(response) {
    return reply(response, { error: 'invalid_client', error_description: 'Client authentication failed.' }, {}, 401);
  }

  refuseGrant(response) {
    return reply(response, { error: 'invalid_grant', error_description: 'Bad Request' }, {}, 400);
  }

  newAccessToken() {
    return 'at-' + crypto.randomBytes(24).toString('base64url');
  }

  async onToken(entry, response) {
    const form = new URLSearchParams(entry.body);
    if (!this.clientIsRight(entry, form)) {
      this.violations.push('client authentication');
      return this.refuseClient(response);
    }
    const grant = this.checkTokenRequest(entry, form);
    if (!grant) {
      return this.refuseGrant(response);
    }
    const accessToken = this.newAccessToken(grant);
    this.tokens.set(accessToken, grant);
    const answer = this.tokenAnswer(grant, accessToken);
    this.lastIdToken = answer.id_token;
    [accessToken, answer.refresh_token, answer.id_token].filter(Boolean).forEach((text) => this.secrets.add(text));
    return this.answer(response, answer, this.token);
  }

  tokenAnswer(grant, accessToken) {
    const answer = { access_token: accessToken, token_type: 'Bearer', expires_in: 3600, scope: grant.scopes.join(' ') };
    if (this.mode === 'oidc' && grant.scopes.includes('openid')) {
      answer.id_token = this.idToken(grant, accessToken);
    }
    return answer;
  }

  // This provider's own claims, which replace the standard ones of the same name.
  idClaims(standard) {
    return standard;
  }

  idToken(grant, accessToken, switches = this.token) {
    const saved = this.token;
    const claims = (standard, ...rest) => {
      const own = this.idClaims(standard, ...rest);
      return switches.claims?.(own, ...rest) ?? own;
    };
    this.token = { ...switches, claims };
    try {
      return super.idToken(grant, accessToken);
    } finally {
      this.token = saved;
    }
  }

  publicKeys() {
    return [publicJwk(keyFor('RS256'), { alg: 'RS256' })];
  }

  onJwks(entry, response) {
    const keys = this.publicKeys(entry);
    return this.answer(response, { keys: this.jwks.keys?.(keys) ?? keys }, this.jwks);
  }

  userinfoClaims(grant) {
    return { ...grant.user };
  }

  // The grant of the bearer token, or undefined after answering 401.
  bearer(entry, response, schemes = ['Bearer']) {
    const [, scheme, token] = /^(\S+) (.+)$/.exec(entry.headers.authorization ?? '') ?? [];
    const grant = schemes.includes(scheme) ? this.tokens.get(token) : undefined;
    if (!this.expect(grant, entry.pathname + ' without a token of ours')) {
      reply(response, { error: 'invalid_token' }, {}, 401);
    }
    return grant;
  }

  async onUserinfo(entry, response) {
    const grant = this.bearer(entry, response);
    if (grant) {
      const claims = this.userinfoClaims(grant, entry);
      await this.answer(response, this.userinfo.claims?.(claims, grant) ?? claims, this.userinfo);
    }
  }

  lastAsked() {
    return this.requests.authorize.at(-1).parameters;
  }

  lastScopes() {
    return (this.lastAsked().get('scope') ?? '').split(' ');
  }
}
