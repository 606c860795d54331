// SPDX-License-Identifier: MIT
// LemonLDAP::NG as Debian has it: its portal in a process of its own, over plain HTTP on loopback, with a folder of its own for
// configuration and sessions, and its Demo accounts (dwho, rtyler, msmith: the password is the name). Nothing of the
// machine's own configuration is read or changed. Whoever starts it calls stop().
import crypto from 'node:crypto';
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { canConnect, until } from './ports.mjs';

const PORTAL = '/usr/share/lemonldap-ng/portal';

function configuration({ origin, folder, client }) {
  const { privateKey, publicKey } = crypto.generateKeyPairSync('rsa', { modulusLength: 2048,
    privateKeyEncoding: { type: 'pkcs1', format: 'pem' }, publicKeyEncoding: { type: 'spki', format: 'pem' } });
  const storage = (name) => ({ Directory: path.join(folder, name), LockDirectory: path.join(folder, name, 'lock'), generateModule: 'Lemonldap::NG::Common::Apache::Session::Generate::SHA256' });
  return {
    cfgNum: 1, cfgAuthor: 'tests', cfgDate: '1', cfgVersion: '2.16.1',
    authentication: 'Demo', userDB: 'Same', passwordDB: 'Demo', registerDB: 'Demo', demoExportedVars: { cn: 'cn', mail: 'mail', uid: 'uid' },
    cookieName: 'lemonldap', domain: '127.0.0.1', portal: origin + '/', securedCookie: 0, key: crypto.randomBytes(16).toString('hex'),
    requireToken: 0, portalCheckLogins: 0, loginHistoryEnabled: 0, whatToTrace: 'uid', timeout: 72000, localSessionStorage: '',
    globalStorage: 'Apache::Session::File', globalStorageOptions: storage('sessions'),
    persistentStorage: 'Apache::Session::File', persistentStorageOptions: storage('psessions'),
    locationRules: { '127.0.0.1': { default: 'accept' } },
    issuerDBOpenIDConnectActivation: 1, issuerDBOpenIDConnectPath: '^/oauth2/', issuerDBOpenIDConnectRule: 1,
    oidcServiceMetaDataIssuer: origin + '/', oidcServiceAllowAuthorizationCodeFlow: 1, oidcServiceKeyIdSig: 'portal',
    oidcServicePrivateKeySig: privateKey, oidcServicePublicKeySig: publicKey,
    oidcRPMetaDataOptions: { site: { oidcRPMetaDataOptionsClientID: client.id, oidcRPMetaDataOptionsClientSecret: client.secret,
      oidcRPMetaDataOptionsRedirectUris: client.redirectUri, oidcRPMetaDataOptionsPostLogoutRedirectUris: client.postLogoutRedirectUri,
      oidcRPMetaDataOptionsLogoutUrl: client.frontChannelLogoutUri, oidcRPMetaDataOptionsLogoutType: 'front',
      oidcRPMetaDataOptionsLogoutSessionRequired: client.sessionRequired ? 1 : 0, oidcRPMetaDataOptionsLogoutBypassConfirm: 1,
      oidcRPMetaDataOptionsBypassConsent: 1, oidcRPMetaDataOptionsIDTokenSignAlg: 'RS256', oidcRPMetaDataOptionsUserIDAttr: 'uid' } },
    oidcRPMetaDataExportedVars: { site: { email: 'mail', name: 'cn', preferred_username: 'uid' } },
  };
}

export class LemonLdap {
  // client: id, secret (it takes the halves of Basic as they are, so letters and digits alone), redirectUri, postLogoutRedirectUri, frontChannelLogoutUri, sessionRequired.
  async start(port, client) {
    this.origin = 'http://127.0.0.1:' + port;
    this.issuer = this.origin + '/';
    this.folder = mkdtempSync(path.join(os.tmpdir(), 'oauth-e2e-lemonldap-'));
    for (const name of ['conf', 'sessions/lock', 'psessions/lock', 'cache']) {
      mkdirSync(path.join(this.folder, name), { recursive: true });
    }
    writeFileSync(path.join(this.folder, 'conf/lmConf-1.json'), JSON.stringify(configuration({ origin: this.origin, folder: this.folder, client })));
    const ini = path.join(this.folder, 'lemonldap-ng.ini');
    writeFileSync(ini, `[all]
logLevel = warn
logger = Lemonldap::NG::Common::Logger::Std
userLogger = Lemonldap::NG::Common::Logger::Std
checkTime = 600
[configuration]
type = File
dirName = ${this.folder}/conf
localStorage = Cache::FileCache
localStorageOptions = { 'namespace' => 'configuration', 'default_expires_in' => 600, 'directory_umask' => '007', 'cache_root' => '${this.folder}/cache', 'cache_depth' => 3 }
[portal]
staticPrefix = /static
templateDir = ${PORTAL}/templates
languages = en
`);
    this.output = '';
    this.child = spawn('plackup', ['--host', '127.0.0.1', '--port', String(port), '--env', 'deployment', PORTAL + '/htdocs/index.psgi'],
      { env: { ...process.env, LLNG_DEFAULTCONFFILE: ini }, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => { this.output += text; });
    }
    this.exited = new Promise((resolve) => {
      this.child.once('exit', resolve);
      this.child.once('error', (error) => { this.output += error.message; resolve(); });
    });
    let gone = false;
    this.exited.then(() => { gone = true; });
    await until(async () => gone || canConnect(port), 'LemonLDAP::NG to listen', 60000);
    if (gone) {
      throw new Error('LemonLDAP::NG did not start: ' + this.output);
    }
    return this;
  }

  async stop() {
    this.child.kill('SIGTERM');
    await this.exited;
    rmSync(this.folder, { recursive: true, force: true });
  }
}
