// SPDX-License-Identifier: MIT
// The scripted provider as the OpenID Foundation's conformance suite has it for relying parties: an issuer that ends in a slash, metadata with
// response types in odd orders and members that nobody knows, signing keys of every kind beside keys for encryption, and the checks that each of
// the suite's modules makes of every request (CONF-001 to CONF-006, T1, T2, T5, T18). What a module changes is in suite-modules.mjs.
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import { keyFor, publicJwk } from './jws.mjs';
import { escapeHtml } from './replies.mjs';
import { ScriptedProvider } from './scripted-provider.mjs';

const KINDS = { rsa: ['rsa', { modulusLength: 2048 }], ec: ['ec', { namedCurve: 'P-256' }], k1: ['ec', { namedCurve: 'secp256k1' }], ed: ['ed25519', {}] };
const KIND_OF = { RS: 'rsa', PS: 'rsa', ES: 'ec', Ed: 'ed' };
const PATH = '/test/a/nginx/';

let made = 0;
function pair(kind) {
  const [type, options] = KINDS[kind];
  return { ...crypto.generateKeyPairSync(type, options), kind, kid: `${kind}-${++made}` };
}

// Of each kind: how many are for signatures. One process makes them once, but for a rotation.
const make = (counts) => Object.entries(counts).flatMap(([kind, count]) => Array.from({ length: count }, () => pair(kind)));
const pools = {};
const pool = (name, counts) => { pools[name] ??= make(counts); return pools[name]; };

export const KEYS = {
  usual: () => pool('usual', { rsa: 2, ec: 2, k1: 1, ed: 1 }),
  single: () => pool('single', { rsa: 1, ec: 1, k1: 1, ed: 1 }),
  multiple: () => pool('multiple', { rsa: 3, ec: 3, k1: 3, ed: 3 }),
  fresh: () => make({ rsa: 1, ec: 1 }),
};

export class SuiteProvider extends ScriptedProvider {
  constructor(options = {}) {
    super({ path: PATH, clientId: 'client é:1', clientSecret: 's+e%c:r é&t=', ...options });
  }

  reset() {
    super.reset();
    this.keys = KEYS.usual();
    this.hasKids = true;
    this.order = []; // the names of the endpoints, as they were asked
    this.issued = new Set(); // ID tokens
    this.endSession = {};
    this.told = []; // what the client answered to logout tokens
  }

  // Registered: `redirectUri`, `postLogoutRedirectUri`, `responseMode` (undefined: query), `frontChannelLogoutUri`, `backChannelLogoutUri`.
  register(client) {
    Object.assign(this, client);
  }

  metadata() {
    return { ...super.metadata(), jwks_uri: this.base + (this.jwksPath ?? '/jwks'),
      response_types_supported: ['id_token code', 'code', 'id_token', 'token id_token', 'token code', 'token code id_token'],
      response_modes_supported: ['query', 'fragment', 'form_post'], claims_parameter_supported: true, acr_values_supported: ['PASSWORD'],
      frontchannel_logout_supported: true, frontchannel_logout_session_supported: true, backchannel_logout_supported: true, backchannel_logout_session_supported: true,
      registration_endpoint: this.base + '/register', check_session_iframe: this.base + '/session', nobody_knows_this: { member: [null, 1, {}] } };
  }

  // The place of the keys may be another one in each run.
  route(request, response) {
    const prefix = new URL(this.base).pathname;
    if (this.jwksPath && request.url === prefix + this.jwksPath) {
      request.url = prefix + '/jwks';
    } else if (this.jwksPath && request.url === prefix + '/jwks') {
      this.expect(false, 'the keys of another run');
    }
    const name = request.url.slice(prefix.length).split('?')[0];
    this.order.push({ '/.well-known/openid-configuration': 'discovery' }[name] ?? name.slice(1));
    return super.route(request, response);
  }

  keyOf(alg) {
    return alg.startsWith('HS') || alg === 'none' ? keyFor('RS256') : this.keys.find(({ kind }) => kind === KIND_OF[alg.slice(0, 2)]);
  }

  publicKeys() {
    const encrypting = pool('encrypting', { rsa: 1, ec: 1 });
    const all = [...this.keys.map((key) => publicJwk(key)), ...encrypting.map((key) => publicJwk(key, { use: 'enc', alg: key.kind === 'rsa' ? 'RSA-OAEP' : 'ECDH-ES' }))];
    return this.hasKids ? all : all.map(({ kid, ...rest }) => rest);
  }

  async onAuthorize(entry, response) {
    const asked = entry.parameters;
    this.expect(asked.get('redirect_uri') === this.redirectUri && !this.redirectUri.includes('#'), 'the registered redirect_uri');
    this.expect(!asked.has('request') && !asked.has('request_uri'), 'a request object that nobody asked for');
    this.expect(this.asksForNothing || asked.get('max_age') !== '0' || asked.get('prompt') !== 'none', 'max_age=0 with prompt=none');
    this.expect((asked.get('response_mode') ?? undefined) === this.responseMode, 'response_mode');
    this.expect(new Set(asked.keys()).size === [...asked.keys()].length, 'a parameter twice');
    return super.onAuthorize(entry, response);
  }

  async onToken(entry, response) {
    const form = new URLSearchParams(entry.body);
    this.expect(!entry.url.includes('?'), 'a query at the token endpoint');
    this.expect(!form.has('client_id') || form.get('client_id') === this.clientId, 'another client_id in the body');
    this.expect(!form.has('client_assertion'), 'two methods of authentication');
    this.expect(new Set(form.keys()).size === [...form.keys()].length, 'a parameter twice');
    if (this.rotatesWhenSigning) {
      this.keys = KEYS.fresh();
    }
    return super.onToken(entry, response);
  }

  idToken(grant, accessToken) {
    const former = this.token;
    const header = (all) => { const { kid, ...rest } = all; return former.header?.(this.hasKids ? all : rest) ?? (this.hasKids ? all : rest); };
    this.token = { key: this.keyOf(former.alg ?? this.alg), ...former, header };
    try {
      const token = super.idToken(grant, accessToken);
      this.issued.add(token);
      return token;
    } finally {
      this.token = former;
    }
  }

  onUserinfo(entry, response) {
    const inBody = new URLSearchParams(entry.body).has('access_token');
    this.expect(!entry.parameters.has('access_token'), 'an access token in a query');
    this.expect(!(inBody && entry.headers.authorization), 'an access token twice');
    return super.onUserinfo(entry, response);
  }

  // endSession: state 'none' | 'invalid', logoutToken (grant's claims => text: it is posted before the browser is answered), frame (parameters of the front channel).
  async onEndSession(entry, response) {
    const asked = entry.parameters;
    this.expect(this.issued.has(asked.get('id_token_hint')), 'id_token_hint');
    this.expect(asked.get('post_logout_redirect_uri') === this.postLogoutRedirectUri, 'post_logout_redirect_uri');
    const { state, logoutToken, frame } = this.endSession;
    if (logoutToken) {
      this.told.push(await this.tell(logoutToken()));
    }
    const returned = asked.get('state') + (state === 'invalid' ? '_INVALID' : '');
    const target = this.postLogoutRedirectUri + (state === 'none' ? '' : '?state=' + encodeURIComponent(returned));
    if (frame) {
      const source = this.frontChannelLogoutUri + '?' + new URLSearchParams(frame);
      response.writeHead(200, { 'Content-Type': 'text/html' }).end(`<iframe src="${escapeHtml(source)}"></iframe><a href="${escapeHtml(target)}">on</a>`);
      return;
    }
    response.writeHead(302, { Location: target }).end();
  }

  // A logout token, with a field that nobody knows.
  tell(token) {
    return fetch(this.backChannelLogoutUri, { method: 'POST', body: new URLSearchParams({ logout_token: token, ignored_field: 'x' }) });
  }

  // What holds of every module: no request broke the protocol, and the metadata came first, the keys before userinfo (CONF-006).
  assertNoBreach() {
    assert.deepEqual(this.violations, []);
    const first = (name) => this.order.indexOf(name);
    assert.equal(first('discovery'), this.order.length > 0 ? 0 : -1, this.order.join(' '));
    assert.ok(first('userinfo') < 0 || (first('jwks') >= 0 && first('jwks') < first('userinfo')), this.order.join(' '));
  }
}
