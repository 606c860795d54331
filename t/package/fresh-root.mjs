// SPDX-License-Identifier: MIT
// Installs, upgrades and removes the package in a root folder: node fresh-root.mjs FOLDER. nginx is installed there and not started; the packages are
// /tmp/first.deb and /tmp/second.deb in it. test.sh calls this, where /proc shows the processes of the test and nothing outlives it.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import crypto from 'node:crypto';
import { existsSync, lstatSync, readFileSync, readlinkSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Browser, signIn } from '../e2e/lib/browser.mjs';
import { hasSession } from '../e2e/lib/harness.mjs';
import { OidcProvider } from '../e2e/lib/oidc-provider.mjs';
import { canConnect, freePort, until } from '../e2e/lib/ports.mjs';
import { Upstream } from '../e2e/lib/upstream.mjs';

const root = process.argv[2];
const name = 'libnginx-mod-http-oauth';
const library = '/usr/lib/nginx/modules/ngx_http_oauth_module.so';
const enabled = '/etc/nginx/modules-enabled/50-mod-http-oauth.conf';
const environment = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', HOME: '/root', LANG: 'C.UTF-8', DEBIAN_FRONTEND: 'noninteractive' };

const inside = (file) => path.join(root, file);
const step = (text) => console.error('package-test: ' + text);

// Without waiting in this process, which is also the provider.
async function enter(...command) {
  const child = spawn('chroot', [root, ...command], { env: environment, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  [child.stdout, child.stderr].forEach((stream) => stream.on('data', (part) => { output += part; }));
  const status = await new Promise((resolve, reject) => child.once('error', reject).once('exit', resolve));
  assert.equal(status, 0, command.join(' ') + '\n' + output);
  return output;
}

const apt = (...words) => enter('apt-get', '-y', '-qq', '--no-install-recommends', ...words);

// Every path of the root and what it is; files of /etc with their content. What apt, dpkg and nginx keep for themselves, caches and logs are left out.
async function inventory() {
  const left = '/(tmp|run|var/(cache|log|lib/(apt|dpkg|nginx)|backups))/';
  const lines = await enter('sh', '-c', `find / -xdev -printf '%y %p %l\\n' | grep -vE '^. ${left}'; find /etc -xdev -type f ! -name ld.so.cache -exec sha256sum {} +;`
    + `find /var/lib/dpkg -name '*oauth*'`);
  return lines.trim().split('\n').sort();
}

// What the README says, as a site of Debian's nginx has it: Debian's own files have the rest.
function readmeSite({ issuer, port, upstream }) {
  let text = /```nginx\n(.*?)```/s.exec(readFileSync(new URL('../../README.md', import.meta.url), 'utf8'))[1];
  const replace = (from, to) => {
    assert.ok(text.includes(from), 'the README has no "' + from + '"');
    text = text.replace(from, () => to);
  };
  replace('load_module modules/ngx_http_oauth_module.so;\nevents {}\nhttp {\n', '');
  text = text.replace(/\}\n$/, '');
  replace('https://id.example.org', issuer);
  replace('change-me', 'a-secret');
  replace('listen 8080', `listen 127.0.0.1:${port}`);
  replace('http://127.0.0.1:3000', upstream);
  return `oauth_session_key "${crypto.randomBytes(32).toString('base64')}";\n` + text;
}

const master = () => Number(readFileSync(inside('/run/nginx.pid'), 'utf8'));
const workers = (pid) => readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean);
const isAlive = (pid) => existsSync(`/proc/${pid}`) && !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));

// The lines of the module in what nginx's processes have mapped.
function mapped() {
  const pid = master();
  return [pid, ...workers(pid)].flatMap((one) => readFileSync(`/proc/${one}/maps`, 'utf8').split('\n').filter((line) => line.includes('ngx_http_oauth_module')));
}

class Site {
  async start() {
    this.upstream = await new Upstream().start();
    this.port = await freePort();
    this.origin = 'http://127.0.0.1:' + this.port;
    this.provider = await new OidcProvider().start(await freePort(), [{ client_id: 'my-application', client_secret: 'a-secret', grant_types: ['authorization_code'],
      redirect_uris: [this.origin + '/auth/oauth/example/callback'], response_types: ['code'] }]);
    writeFileSync(inside('/etc/nginx/sites-available/application'), readmeSite({ issuer: this.provider.issuer, port: this.port, upstream: this.upstream.url }));
    symlinkSync('/etc/nginx/sites-available/application', inside('/etc/nginx/sites-enabled/application'));
    this.browser = new Browser();
    return this;
  }

  async signIn() {
    const response = await signIn(this.browser, this.origin + '/deep?x=1');
    assert.equal(response.status, 200, response.text.slice(0, 500));
    assert.equal(response.json().url, '/deep?x=1');
    assert.ok(hasSession(this.browser));
    assert.deepEqual(this.provider.errors, []);
  }

  // The session, without another sign-in.
  async assertSession() {
    const response = await this.browser.navigate(this.origin + '/still', { follow: false });
    assert.equal(response.status, 200, response.text.slice(0, 500));
  }

  async stop() {
    ['sites-available', 'sites-enabled'].forEach((folder) => rmSync(inside(`/etc/nginx/${folder}/application`)));
    await this.provider.stop();
    await this.upstream.stop();
  }
}

async function install() {
  await apt('install', '/tmp/first.deb');
  assert.equal(readlinkSync(inside(enabled)), '/usr/share/nginx/modules-available/mod-http-oauth.conf');
  assert.match(readFileSync(inside('/usr/share/nginx/modules-available/mod-http-oauth.conf'), 'utf8'), /^load_module modules\/ngx_http_oauth_module.so;$/m);
  const [abi] = /nginx-abi-[\d.]+-\d+/.exec(await enter('dpkg-query', '-W', '-f', '${Provides}', 'nginx'));
  assert.ok((await enter('dpkg-query', '-W', '-f', '${Depends}', name)).split(', ').includes(abi), 'depends on ' + abi);
  step('installed, depends on ' + abi);
}

async function upgrade(site) {
  const old = master();
  await apt('install', '/tmp/second.deb');
  await until(() => master() !== old && !isAlive(old), 'a new master of nginx, and the end of the old one', 60000);
  const lines = mapped();
  assert.ok(lines.length > 0 && lines.every((line) => !line.endsWith('(deleted)')), 'nginx runs the module that is on disk now:\n' + lines.join('\n'));
  await site.assertSession();
  await new Promise((resolve) => setTimeout(resolve, 500));
  await site.signIn();
  step('upgraded, with another master of nginx and the same session');
}

async function remove(site) {
  await site.stop();
  const pid = master();
  await apt('remove', name);
  assert.ok(!existsSync(inside(enabled)) && !existsSync(inside(library)));
  await until(() => mapped().length === 0, 'nginx to let go of the module');
  assert.equal(master(), pid, 'nginx goes on');
  assert.ok(lstatSync(inside(enabled + '.removed')).isSymbolicLink(), 'for the next installation');
  await enter('nginx', '-t');
  await apt('purge', name);
  // Also what another package merely recommends, as libc6 does libidn2.
  await apt('autoremove', '--purge', ...['Recommends', 'Suggests'].flatMap((how) => ['-o', `APT::AutoRemove::${how}Important=false`]));
}

const before = await inventory();
assert.ok(!existsSync(inside('/run/nginx.pid')), 'nginx has not been started');
await install();
const site = await new Site().start();
await enter('nginx', '-t');
rmSync(inside('/etc/nginx/sites-enabled/default')); // port 80 is of this machine
await enter('/etc/init.d/nginx', 'start');
await until(() => canConnect(site.port), 'nginx to listen', 60000);
await site.signIn();
step("signed in with the README's configuration");
await upgrade(site);
await remove(site);
symlinkSync('/etc/nginx/sites-available/default', inside('/etc/nginx/sites-enabled/default'));
const after = await inventory();
const changes = [...after.filter((line) => !before.includes(line)).map((line) => 'more: ' + line), ...before.filter((line) => !after.includes(line)).map((line) => 'gone: ' + line)];
assert.equal(changes.join('\n'), '', 'as it was before');
step('removed, and nothing is left');
await enter('nginx', '-s', 'quit');
