// SPDX-License-Identifier: MIT
// The certified oidc-provider on loopback, with accounts by name, no consent page, and sign-out. The tests use its bare login form; the demo
// gives pages of its own. Whoever starts it calls stop().
import crypto from 'node:crypto';
import http from 'node:http';
import https from 'node:https';
import Provider, { interactionPolicy } from 'oidc-provider';
import { escapeHtml, readBody } from './replies.mjs';

export const ACCOUNTS = {
  'alice@example.org': { email: 'alice@example.org', email_verified: true, name: 'Alice Example', groups: ['staff', 'admins'] },
  'mallory@example.net': { email: 'mallory@example.net', email_verified: true, name: 'Mallory Example', groups: ['guests'] },
};

function plainPage({ action, message = '' }) {
  return `<!doctype html><title>Sign in</title><p>${escapeHtml(message)}</p>
<form method="post" action="${escapeHtml(action)}"><input name="login"><input name="password" type="password"><button>Sign in</button></form>`;
}

// The provider's own page has a form that a script submits; this one has a button.
function plainSignOut(ctx, form) {
  ctx.body = `<!doctype html><title>Sign out</title>${form}<button form="op.logoutForm" name="logout" value="yes">Sign out</button>`;
}

function signingKeys() {
  const rsa = crypto.generateKeyPairSync('rsa', { modulusLength: 2048 });
  const ec = crypto.generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return [{ ...rsa.privateKey.export({ format: 'jwk' }), use: 'sig' }, { ...ec.privateKey.export({ format: 'jwk' }), use: 'sig' }];
}

function configuration({ clients, accounts, renderSignOut, endsSessions, port, features, acrValues, settings: { features: more, ...settings } }) {
  const policy = interactionPolicy.base();
  policy.add(new interactionPolicy.Prompt({ name: 'select_account', requestable: true }));
  return {
    clients,
    jwks: { keys: signingKeys() },
    cookies: {
      keys: [crypto.randomBytes(32).toString('hex')],
      names: { session: 'session-' + port, interaction: 'interaction-' + port, resume: 'resume-' + port }, // browsers share cookies over ports
    },
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name', 'picture', 'preferred_username'], groups: ['groups'] },
    scopes: ['openid', 'offline_access', 'email', 'profile', 'groups'],
    pkce: { required: () => true },
    ttl: { AccessToken: 3600, AuthorizationCode: 60, IdToken: 3600, Interaction: 3600, Session: 86400, Grant: 86400, RefreshToken: 86400 },
    interactions: { policy, url: (ctx, interaction) => '/interaction/' + interaction.uid },
    features: { devInteractions: { enabled: false }, rpInitiatedLogout: { enabled: endsSessions, logoutSource: renderSignOut }, backchannelLogout: { enabled: true }, ...features, ...more },
    acrValues,
    findAccount: (ctx, id) => (accounts[id] ? { accountId: id, claims: async () => ({ sub: id, ...accounts[id] }) } : undefined),
    loadExistingGrant: async (ctx) => {
      const grant = new ctx.oidc.provider.Grant({ clientId: ctx.oidc.client.clientId, accountId: ctx.oidc.session.accountId });
      grant.addOIDCScope('openid offline_access email profile groups');
      await grant.save();
      return grant;
    },
    ...settings,
  };
}

export class OidcProvider {
  // settings: of oidc-provider, beside or instead of those above; `configure` changes all of them, or gives others.
  constructor({ accounts = ACCOUNTS, renderLogin = plainPage, renderSignOut = plainSignOut, endsSessions = true, features = {}, acrValues = [], settings = {}, configure = (all) => all } = {}) {
    Object.assign(this, { accounts, renderLogin, renderSignOut, endsSessions, features, acrValues, settings, configure });
    this.acr = undefined; // of the next one who signs in
    this.sockets = new Set();
  }

  // `clients` is a list as oidc-provider takes it. With `tls` ({key, cert}) it is the provider of `host`, for browsers and proxies that lead there. Two
  // on one `address` would share their cookies in a browser, which knows no ports.
  async start(port, clients, { tls, host, address = '127.0.0.1' } = {}) {
    this.port = port;
    this.issuer = tls ? 'https://' + host : `http://${address}:${port}`;
    this.provider = quietly(() => new Provider(this.issuer, this.configure(configuration({ ...this, clients }))));
    this.errors = [];
    this.provider.on('server_error', (ctx, error) => this.errors.push(error.stack));
    const handle = this.provider.callback();
    const answer = (request, response) => {
      if (!request.url.startsWith('/interaction/')) {
        return handle(request, response);
      }
      return this.interact(request, response).catch((error) => {
        response.writeHead(400, { 'Content-Type': 'text/plain; charset=utf-8' }).end('This sign-in is over, please begin again. (' + error.message + ')\n');
      });
    };
    this.server = tls ? https.createServer(tls, answer) : http.createServer(answer);
    this.server.on('connection', (socket) => {
      this.sockets.add(socket);
      socket.on('close', () => this.sockets.delete(socket));
    });
    await new Promise((resolve, reject) => this.server.once('error', reject).listen(port, address, resolve));
    return this;
  }

  async interact(request, response) {
    const details = await this.provider.interactionDetails(request, response);
    const login = request.method === 'POST' ? new URLSearchParams(await readBody(request)).get('login')?.trim().toLowerCase() : undefined;
    if (login !== undefined && this.accounts[login]) {
      const result = { login: { accountId: login, acr: this.acr }, select_account: {}, consent: {} };
      await this.provider.interactionFinished(request, response, result, { mergeWithLastSubmission: false });
      return;
    }
    const message = login === undefined ? '' : 'There is no account with that name.';
    response.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8', 'Cache-Control': 'no-store' });
    response.end(this.renderLogin({ action: '/interaction/' + details.uid, message, current: details.session?.accountId }));
  }

  async stop() {
    this.sockets.forEach((socket) => socket.destroy());
    await new Promise((resolve) => this.server.close(resolve));
  }
}

// oidc-provider warns that its storage is in memory; here that is on purpose.
function quietly(make) {
  const { warn, info } = console;
  Object.assign(console, { warn: () => {}, info: () => {} });
  try {
    return make();
  } finally {
    Object.assign(console, { warn, info });
  }
}
