// SPDX-License-Identifier: MIT
// Access tokens as an authorization server gives them to programs (RFC 9068), the challenges that programs read, and an introspection endpoint
// (RFC 7662). The scripted provider's keys sign.
import http from 'node:http';
import { keyFor, sign } from './jws.mjs';
import { readBody, reply } from './replies.mjs';

export const API = 'https://api.example';

// `claims` and `header` are laid over the right ones; undefined takes a member out.
export function accessToken(provider, { claims = {}, header = {}, alg = 'ES256', key = keyFor(alg) } = {}) {
  const now = Math.floor(Date.now() / 1000);
  return sign({ alg, key, header: { alg, kid: key.kid, typ: 'at+jwt', ...header },
    payload: { iss: provider.issuer, sub: 'robot-1', aud: API, client_id: 'robot', scope: 'read write', iat: now, exp: now + 600, jti: 'j' + Math.random(), ...claims } });
}

export const bearer = (token) => ({ Authorization: 'Bearer ' + token });

// WWW-Authenticate: one line, the scheme Bearer, each parameter once and quoted.
export function challengeOf(response) {
  const value = response.headers['www-authenticate'];
  if (typeof value !== 'string' || !value.startsWith('Bearer ')) {
    throw new Error('no Bearer challenge: ' + value);
  }
  const parameters = {};
  let rest = value.slice('Bearer '.length);
  while (rest) {
    const match = /^([a-z_]+)="((?:[^"\\]|\\.)*)"(?:, |$)/.exec(rest);
    if (!match || match[1] in parameters) {
      throw new Error('malformed challenge: ' + value);
    }
    parameters[match[1]] = match[2].replace(/\\(.)/g, '$1');
    rest = rest.slice(match[0].length);
  }
  return parameters;
}

export class Introspection {
  constructor() {
    this.requests = [];
    this.answers = new Map(); // by token
    this.shape = {};
    this.server = http.createServer(async (request, response) => {
      const form = new URLSearchParams(await readBody(request));
      this.requests.push({ method: request.method, headers: request.headers, form });
      await reply(response, this.answers.get(form.get('token')) ?? { active: false }, this.shape);
    });
  }

  async start() {
    await new Promise((resolve, reject) => this.server.once('error', reject).listen(0, '127.0.0.1', resolve));
    this.url = `http://127.0.0.1:${this.server.address().port}/introspect`;
    return this;
  }

  async stop() {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}
