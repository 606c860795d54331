// SPDX-License-Identifier: MIT
// Glewlwyd as Debian has it, unpacked by ./build.sh test, in a process of its own, over plain HTTP on loopback, with a folder of its own for configuration and database,
// and one account. What its pages do by a script is here done by its API. Nothing of the machine's own configuration is read or changed. Whoever starts it calls stop().
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Browser } from './browser.mjs';
import { canConnect, until } from './ports.mjs';

const ROOT = fileURLToPath(new URL('../../../build/glewlwyd', import.meta.url));
const SCHEMA = ROOT + '/usr/share/dbconfig-common/data/glewlwyd/install/sqlite3'; // with an administrator whose password is "password"
const MODULES = ['user', 'user_middleware', 'client', 'user_auth_scheme', 'plugin'];
export const ACCOUNT = { username: 'rose', password: 'a password of rose', name: 'Rose Tyler', email: 'rose@example.org' };

const configuration = ({ port, origin, folder }) => `port=${port}
bind_address="127.0.0.1"
external_url="${origin}"
login_url="login.html"
api_prefix="api"
static_files_path="/usr/share/glewlwyd/webapp/"
log_mode="console"
log_level="WARNING"
cookie_domain="127.0.0.1"
cookie_secure=0
session_expiration=3600
session_key="glewlwyd"
admin_scope="g_admin"
profile_scope="g_profile"
${MODULES.map((name) => `${name}_module_path="${ROOT}/usr/lib/glewlwyd/${name === 'user_auth_scheme' ? 'scheme' : name}"`).join('\n')}
hash_algorithm="SHA512"
database = { type = "sqlite3" path = "${folder}/glewlwyd.db" };
static_files_mime_types = ( { extension = ".html" mime_type = "text/html" compress = 0 } )
`;

// `kind` is that of the keys: rsa or ecdsa.
function plugin(issuer, kind) {
  const [type, options] = kind === 'rsa' ? ['rsa', { modulusLength: 2048 }] : ['ec', { namedCurve: 'P-256' }];
  const { privateKey, publicKey } = crypto.generateKeyPairSync(type, { ...options, privateKeyEncoding: { type: 'pkcs8', format: 'pem' }, publicKeyEncoding: { type: 'spki', format: 'pem' } });
  return { module: 'oidc', name: 'oidc', display_name: 'OpenID Connect', parameters: { iss: issuer, 'jwt-type': kind, 'jwt-key-size': '256', key: privateKey, cert: publicKey,
    'access-token-duration': 3600, 'refresh-token-duration': 1209600, 'code-duration': 600, 'refresh-token-rolling': false, 'refresh-token-one-use': 'always',
    'auth-type-code-enabled': true, 'auth-type-refresh-enabled': true, 'allowed-scope': ['openid'], 'subject-type': 'public', 'name-claim': 'mandatory', 'email-claim': 'mandatory',
    'pkce-allowed': true, 'pkce-required': true, 'oauth-as-iss-id': true, 'jwks-show': true } };
}

export class Glewlwyd {
  // client: id, secret, redirectUri. `keys`: the kind of its keys, rsa or ecdsa.
  async start(port, client, { keys = 'rsa' } = {}) {
    this.origin = 'http://127.0.0.1:' + port;
    this.issuer = this.origin + '/api/oidc';
    this.client = client;
    this.folder = mkdtempSync(path.join(os.tmpdir(), 'oauth-e2e-glewlwyd-'));
    execFileSync('sqlite3', [path.join(this.folder, 'glewlwyd.db')], { input: readFileSync(SCHEMA) });
    const file = path.join(this.folder, 'glewlwyd.conf');
    writeFileSync(file, configuration({ port, origin: this.origin, folder: this.folder }));
    this.output = '';
    this.child = spawn(ROOT + '/usr/bin/glewlwyd', ['--config-file=' + file], { stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => { this.output += text; });
    }
    let gone = false;
    this.exited = new Promise((resolve) => {
      this.child.once('exit', resolve);
      this.child.once('error', (error) => { this.output += error.message; resolve(); });
    });
    this.exited.then(() => { gone = true; });
    await until(async () => gone || canConnect(port), 'Glewlwyd to listen', 60000);
    if (gone) {
      throw new Error('Glewlwyd did not start: ' + this.output);
    }
    await this.configure(keys);
    return this;
  }

  async configure(keys) {
    const admin = new Browser();
    await this.ask(admin, 'POST', 'auth/', { username: 'admin', password: 'password' });
    await this.ask(admin, 'POST', 'mod/plugin/', plugin(this.issuer, keys));
    await this.ask(admin, 'POST', 'user/', { ...ACCOUNT, scope: ['openid', 'g_profile'] });
    const { id, secret, redirectUri } = this.client;
    await this.ask(admin, 'POST', 'client/', { client_id: id, name: 'The site', confidential: true, enabled: true, password: secret, scope: ['openid'], redirect_uri: [redirectUri],
      authorization_type: ['code', 'refresh_token'], token_endpoint_auth_method: ['client_secret_basic', 'client_secret_post'] });
  }

  async ask(browser, method, place, value) {
    const response = await browser.fetch(`${this.origin}/api/${place}`, { method, body: JSON.stringify(value), headers: { 'Content-Type': 'application/json' } });
    assert.equal(response.status, 200, `${method} ${place}: ${response.status} ${response.text} ${this.output}`);
    return response;
  }

  // What its page does when somebody has come to it by a sign-in and fills in the form: `page` is where the browser is. Returns where the browser goes on.
  async signIn(browser, page, { username, password } = ACCOUNT) {
    const asked = new URL(page.url).searchParams;
    await this.ask(browser, 'POST', 'auth/', { username, password });
    await this.ask(browser, 'PUT', `auth/grant/${this.client.id}`, { scope: asked.get('scope') });
    return asked.get('callback_url') + '&g_continue';
  }

  async stop() {
    this.child.kill('SIGTERM');
    await this.exited;
    rmSync(this.folder, { recursive: true, force: true });
  }
}
