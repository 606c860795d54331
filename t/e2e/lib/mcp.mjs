// SPDX-License-Identifier: MIT
// The official libraries of the Model Context Protocol as server behind nginx and as clients in front of it, with the certified oidc-provider as authorization
// server: clients register themselves, and tokens are for the resource that they ask for.
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import http from 'node:http';
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import * as first from '@modelcontextprotocol/sdk/client/index.js';
import * as firstTransport from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { z } from 'zod';
import { Browser, signIn } from './browser.mjs';
import { OidcProvider } from './oidc-provider.mjs';
import { freePort } from './ports.mjs';
import { readBody } from './replies.mjs';

globalThis.crypto ??= crypto.webcrypto; // Node.js 18 has it where it is asked for
const second = await import('@modelcontextprotocol/client');

const listen = (server) => new Promise((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', () => resolve(server.address().port)));

// An MCP server without sessions and without any OAuth. Its tools say who has called them.
export class ToolServer {
  constructor() {
    this.requests = [];
    this.server = http.createServer((request, response) => this.serve(request, response).catch((error) => response.destroy(error)));
  }

  async start() {
    this.port = await listen(this.server);
    this.url = 'http://127.0.0.1:' + this.port;
    return this;
  }

  async serve(request, response) {
    this.requests.push({ method: request.method, url: request.url, headers: request.headers });
    const text = await readBody(request);
    const server = new McpServer({ name: 'tools', version: '1.0.0' });
    for (const name of ['whoami', 'admin']) {
      server.registerTool(name, { description: name, inputSchema: { word: z.string() } }, async ({ word }) => {
        const identity = JSON.parse(Buffer.from(request.headers['x-oauth-identity'].split('.')[1], 'base64url'));
        return { content: [{ type: 'text', text: `${name} ${word} ${identity.sub}` }] };
      });
    }
    const transport = new StreamableHTTPServerTransport({ sessionIdGenerator: undefined });
    response.on('close', () => { transport.close(); server.close(); });
    await server.connect(transport);
    await transport.handleRequest(request, response, text ? JSON.parse(text) : undefined);
  }

  async stop() {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

// `refreshes`: with a refresh token for every client.
export async function authorizationServer(h, { refreshes = false, ttl = 600 } = {}) {
  const configure = (all) => ({
    ...all,
    scopes: [...all.scopes, 'tools', 'admin'],
    features: { ...all.features, registration: { enabled: true }, resourceIndicators: { enabled: true, defaultResource: () => undefined, useGrantedResource: () => true,
      getResourceServerInfo: (ctx, resource) => ({ scope: 'tools admin', audience: resource, accessTokenFormat: 'jwt', accessTokenTTL: ttl }) } },
    ttl: { ...all.ttl, AccessToken: ttl },
    // A client may ask for more later than it has registered for.
    extraClientMetadata: { properties: ['scope'], validator: (ctx, name, value, metadata) => { delete metadata.scope; } },
    issueRefreshToken: async () => refreshes,
    loadExistingGrant: async (ctx) => {
      const grant = new ctx.oidc.provider.Grant({ clientId: ctx.oidc.client.clientId, accountId: ctx.oidc.session.accountId });
      grant.addOIDCScope('openid offline_access email profile groups tools admin');
      for (const resource of [ctx.oidc.params.resource].flat().filter(Boolean)) {
        grant.addResourceScope(resource, 'tools admin');
      }
      await grant.save();
      return grant;
    },
  });
  const provider = await new OidcProvider({ configure }).start(await freePort(), []);
  h.closers.push(() => provider.stop());
  return provider;
}

// Where the browser comes back to with the code.
export async function callback(h) {
  const server = http.createServer((request, response) => response.end('done'));
  const port = await listen(server);
  h.closers.push(() => { server.closeAllConnections(); server.close(); });
  return `http://127.0.0.1:${port}/callback`;
}

// What a client keeps: its registration, its tokens, and the person in front of it.
export class Keeper {
  constructor(redirectUrl, login = 'alice@example.org') {
    Object.assign(this, { redirectUrl, login, registrations: 0, signIns: [], browser: new Browser() });
    this.clientMetadata = { client_name: 'test client', redirect_uris: [redirectUrl], grant_types: ['authorization_code', 'refresh_token'], response_types: ['code'], token_endpoint_auth_method: 'none', application_type: 'native' };
  }

  state() { return crypto.randomBytes(16).toString('hex'); }
  clientInformation() { return this.information; }
  saveClientInformation(information) { this.registrations++; this.information = information; }
  tokens() { return this.kept; }
  saveTokens(tokens) { this.kept = tokens; }
  saveCodeVerifier(verifier) { this.verifier = verifier; }
  codeVerifier() { return this.verifier; }
  saveDiscoveryState(state) { this.discovered = state; }
  discoveryState() { return this.discovered; }
  redirectToAuthorization(url) { this.signIns.push(url); this.pending = url; }

  // The person signs in; gives what came back.
  async signIn() {
    const response = await signIn(this.browser, this.pending, { login: this.login });
    const answer = new URL(response.url).searchParams;
    assert.ok(answer.get('code'), `${this.pending} led to ${response.url}: ${response.text.slice(0, 300)}`);
    this.pending = undefined;
    return answer;
  }
}

const makers = {
  '1.x': { Client: first.Client, Transport: firstTransport.StreamableHTTPClientTransport },
  '2.x': { Client: second.Client, Transport: second.StreamableHTTPClientTransport },
};
export const generations = Object.keys(makers);

// A client of that generation, which lets its person sign in whenever it is sent to.
export class ToolClient {
  constructor(generation, url, keeper) {
    Object.assign(this, { ...makers[generation], url, keeper });
  }

  async connect() {
    await this.withSignIn(async () => {
      this.transport = new this.Transport(new URL(this.url), { authProvider: this.keeper, fetch: namedCalls });
      this.client = new this.Client({ name: 'test', version: '1.0.0' });
      await this.client.connect(this.transport);
    });
    return this;
  }

  // What needs a sign-in is done again after it, once.
  async withSignIn(action) {
    try {
      return await action();
    } catch (error) {
      if (!this.keeper.pending) {
        throw error;
      }
      const answer = await this.keeper.signIn();
      const transport = this.transport;
      await (transport.finishAuth.length > 1 || this.Transport === makers['2.x'].Transport ? transport.finishAuth(answer) : transport.finishAuth(answer.get('code')));
      return action();
    }
  }

  call(name, word) {
    return this.withSignIn(async () => (await this.client.callTool({ name, arguments: { word } })).content[0].text);
  }

  async close() {
    await this.client?.close();
  }
}

// The name of a tool in a header, as clients of 2026-07-28 send it.
async function namedCalls(url, options = {}) {
  const headers = new Headers(options.headers);
  if (typeof options.body === 'string' && options.body.includes('tools/call') && !headers.has('mcp-name')) {
    headers.set('mcp-name', JSON.parse(options.body).params.name);
  }
  return fetch(url, { ...options, headers });
}
