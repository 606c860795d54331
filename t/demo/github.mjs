// SPDX-License-Identifier: MIT
// The stand-in for GitHub: the mock of the tests, with a page to choose an account and a memory for who has.
import crypto from 'node:crypto';
import { GitHubMock } from '../e2e/lib/providers/github.mjs';
import { GITHUB, choicesOf } from './accounts.mjs';
import { loginPage } from './login-pages.mjs';

const COOKIE = 'github_stand_in';
const LOOK = { company: 'GitHub', standIn: true, tone: 'tone-slate', symbol: 'branch' };

export class GitHubStandIn extends GitHubMock {
  // `redirectUris` are those registered for the one client.
  constructor({ clientId, clientSecret, redirectUris }) {
    super();
    Object.assign(this, { clientId, clientSecret, redirectUris, signedIn: new Map() });
  }

  // Who chose an account in this browser goes straight back, unless the client asks for the choice.
  async onAuthorize(entry, response) {
    const asked = entry.parameters;
    if (!this.redirectUris.includes(asked.get('redirect_uri')) || asked.get('client_id') !== this.clientId) {
      response.writeHead(400, { 'Content-Type': 'text/plain; charset=utf-8' }).end('The client or its callback URL is not registered here.\n');
      return undefined;
    }
    if (entry.method === 'POST') {
      return this.remember(entry, response);
    }
    const login = this.signedIn.get(new RegExp(`(?:^|; )${COOKIE}=([\\w-]+)`).exec(entry.headers.cookie ?? '')?.[1]);
    if (!login || asked.has('prompt')) {
      response.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8', 'Cache-Control': 'no-store' });
      response.end(loginPage(LOOK, { action: entry.url, choices: choicesOf(GITHUB), current: GITHUB[login]?.user.name }));
      return undefined;
    }
    this.user = GITHUB[login];
    return super.onAuthorize(entry, response);
  }

  remember({ body, parameters, pathname }, response) {
    const login = new URLSearchParams(body).get('login') ?? '';
    const headers = {};
    if (Object.hasOwn(GITHUB, login)) {
      const session = crypto.randomBytes(18).toString('base64url');
      this.signedIn.set(session, login);
      headers['Set-Cookie'] = `${COOKIE}=${session}; Path=/; HttpOnly; SameSite=Lax`;
      parameters.delete('prompt');
    }
    response.writeHead(303, { ...headers, Location: `${pathname}?${parameters.toString().replaceAll('+', '%20')}`, 'Content-Length': 0 }).end();
  }
}
