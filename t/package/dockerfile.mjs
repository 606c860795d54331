// SPDX-License-Identifier: MIT
// Runs the steps of the Dockerfile in docs/install.md, each stage in a fresh root folder, and signs in through what it makes: node dockerfile.mjs FOLDER.
// The base image is a root folder of Debian 12 with Debian's nginx and curl, and nginx's sources are those of Debian, under the address of nginx.org's.
// ./build.sh install-test runs it, in namespaces of its own: mounts and processes end with it. FOLDER keeps what debootstrap made, for the next time.
// Mirrors are those of this machine; DEBIAN_MIRROR names another.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Browser, signIn } from '../e2e/lib/browser.mjs';
import { readDockerfile } from '../e2e/lib/dockerfile.mjs';
import { documented } from '../e2e/lib/documents.mjs';
import { hasSession } from '../e2e/lib/harness.mjs';
import { OidcProvider } from '../e2e/lib/oidc-provider.mjs';
import { canConnect, freePort, until } from '../e2e/lib/ports.mjs';
import { Upstream } from '../e2e/lib/upstream.mjs';

const PROJECT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const RELEASE = 'bookworm';
const folder = path.resolve(process.argv[2]);
const say = (text) => console.error('install-test: ' + text);

// Without waiting in this process, which is also a server.
async function run(command, words, options = {}) {
  const log = path.join(folder, 'install-test.log');
  const child = spawn(command, words, { stdio: ['ignore', 'pipe', 'pipe'], ...options });
  let output = '';
  child.stdout.on('data', (part) => { output += part; });
  [child.stdout, child.stderr].forEach((stream) => stream.on('data', (part) => writeFileSync(log, part, { flag: 'a' })));
  const status = await new Promise((resolve, reject) => child.once('error', reject).once('exit', resolve));
  assert.equal(status, 0, `${[command, ...words].join(' ')}: all that it said is in ${log}; its end:\n${readFileSync(log, 'utf8').slice(-1500)}`);
  return output.trim();
}

const image = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' };
const enter = (root, environment, ...command) => run('chroot', [root, ...command], { env: { ...image, ...environment } });
const shell = (root, environment, text) => enter(root, environment, '/bin/sh', '-c', text);

async function mirror() {
  const targets = await run('apt-get', ['indextargets', '--format', '$(REPO_URI) $(LABEL)', 'Identifier: Packages']);
  return process.env.DEBIAN_MIRROR ?? /^(\S+?)\/* Debian$/m.exec(targets)?.[1] ?? assert.fail('apt knows no mirror of Debian here: DEBIAN_MIRROR=URL names one');
}

// Mounts, the network's names, and apt as this machine has it. nginx's package must not take a port of this machine.
async function connect(root) {
  for (const [words, place] of [[['-t', 'proc', 'proc'], 'proc'], [['--bind', '/dev'], 'dev'], [['--bind', '/sys'], 'sys']]) {
    await run('mount', [...words, path.join(root, place)]);
  }
  ['/etc/resolv.conf', '/etc/hosts'].forEach((file) => cpSync(file, path.join(root, file), { dereference: true }));
  cpSync('/etc/ssl/certs/ca-certificates.crt', path.join(root, 'etc/apt/this-machine.crt'), { dereference: true });
  const proxies = execFileSync('apt-config', ['dump'], { encoding: 'utf8' }).split('\n').filter((line) => /^Acquire::https?::proxy/i.test(line));
  writeFileSync(path.join(root, 'etc/apt/apt.conf.d/90this-machine'), [...proxies, 'Acquire::https::CAInfo "/etc/apt/this-machine.crt";', ''].join('\n'));
  const policy = path.join(root, 'usr/sbin/policy-rc.d');
  writeFileSync(policy, '#!/bin/sh\nexit 101\n');
  chmodSync(policy, 0o755);
}

async function debian() {
  const tar = path.join(folder, RELEASE + '.tar');
  if (!existsSync(tar)) {
    say('debootstrap');
    const made = path.join(folder, RELEASE + '.new');
    rmSync(made, { recursive: true, force: true });
    await run('debootstrap', ['--variant=minbase', RELEASE, made, await mirror()]);
    await run('tar', ['-C', made, '-cf', tar + '.new', '.']);
    renameSync(tar + '.new', tar);
    rmSync(made, { recursive: true });
  }
  return tar;
}

// What stands for the official image.
async function makeImage(name) {
  const root = path.join(folder, 'image-' + name);
  await run('rm', ['-rf', '--one-file-system', root]); // never into what a former run has mounted
  mkdirSync(root);
  await run('tar', ['-C', root, '-xpf', await debian()]);
  await connect(root);
  await shell(root, { DEBIAN_FRONTEND: 'noninteractive' }, 'apt-get update && apt-get install -y --no-install-recommends nginx curl ca-certificates');
  const [, version] = /nginx\/([\d.]+)/.exec(await shell(root, {}, 'nginx -v 2>&1'));
  return { root, version };
}

// nginx.org's own name for Debian's sources.
async function serveSources({ root, version }) {
  const place = '/sources';
  await shell(root, {}, `mkdir ${place} && cd ${place} && apt-get update && apt-get download nginx-dev && dpkg-deb -x nginx-dev_*.deb . \
    && mv usr/share/nginx/src nginx-${version} && tar -czf nginx.tar.gz nginx-${version}`);
  const archive = readFileSync(path.join(root, place, 'nginx.tar.gz'));
  rmSync(path.join(root, place), { recursive: true });
  const server = http.createServer((request, response) => {
    const found = request.url === `/download/nginx-${version}.tar.gz`;
    response.writeHead(found ? 200 : 404).end(found ? archive : undefined);
  });
  const port = await freePort();
  await new Promise((resolve) => server.listen(port, '127.0.0.1', resolve));
  return { origin: 'http://127.0.0.1:' + port };
}

async function copyContext(root, { sources, target }) {
  assert.deepEqual(sources, ['.']);
  const ignored = readFileSync(path.join(PROJECT, '.dockerignore'), 'utf8').split('\n').filter(Boolean).map((line) => '--exclude=./' + line);
  mkdirSync(path.join(root, target), { recursive: true });
  await run('sh', ['-c', 'from=$1 to=$2; shift 2; tar -C "$from" "$@" -cf - . | tar -C "$to" -xf -', 'sh', PROJECT, path.join(root, target), ...ignored]);
}

async function runStages(stages) {
  const made = {};
  let sources;
  for (const [index, stage] of stages.entries()) {
    const name = stage.name ?? String(index);
    const { root, version } = made[name] = await makeImage(name);
    sources ??= await serveSources(made[name]);
    await shell(root, {}, 'rm -rf /var/lib/apt/lists/*'); // as in an image
    for (const step of stage.steps) {
      say(`stage ${name}: ${step.command?.replace(/\s+/g, ' ') ?? [step.kind, ...step.sources, step.target].join(' ')}`);
      if (step.kind === 'RUN') {
        await shell(root, { NGINX_VERSION: version, HOME: '/root' }, step.command.replaceAll('https://nginx.org', sources.origin));
      } else if (step.from === undefined) {
        await copyContext(root, step);
      } else {
        assert.ok(step.target.endsWith('/'), step.target + ' is a folder');
        mkdirSync(path.join(root, step.target), { recursive: true });
        step.sources.forEach((file) => cpSync(path.join(made[step.from].root, file), path.join(root, step.target, path.basename(file))));
      }
    }
  }
  return { builder: made.build.root, root: made[stages.at(-1).name ?? String(stages.length - 1)].root, sources };
}

// What the page says for nginx.org's packages, in the root folder that has compiled already. There is no folder of modules yet.
async function installByHand(builder, sources) {
  const [snippet] = documented('install.md', "nginx.org's packages", 'sh');
  const module = path.join(builder, 'usr/lib/nginx/modules/ngx_http_oauth_module.so');
  assert.ok(!existsSync(path.dirname(module)));
  say("the commands for nginx.org's packages");
  await enter(builder, { HOME: '/root' }, '/bin/bash', '-e', '-c', 'cd /module\n' + snippet.replaceAll('https://nginx.org', sources.origin));
  assert.ok(existsSync(module));
}

// The documented configuration without TLS, in the folder that the documentation mounts.
async function signInThrough(root) {
  const [upstream, port] = [await new Upstream().start(), await freePort()];
  const origin = 'http://127.0.0.1:' + port;
  const provider = await new OidcProvider().start(await freePort(), [{ client_id: 'my-application', client_secret: 'a secret of the site', grant_types: ['authorization_code'],
    redirect_uris: [origin + '/auth/oauth/example/callback'], response_types: ['code'] }]);
  const [block, server] = documented('install.md', 'Where the configuration goes');
  const text = block.replace('https://id.example.org', provider.issuer) + server.slice(0, server.indexOf('\n}\n') + 3).replace(/^ +ssl_.*\n/gm, '').replace('443 ssl', `127.0.0.1:${port}`)
    .replace('http://127.0.0.1:3000', upstream.url);
  readdirSync(path.join(root, 'etc/nginx/sites-enabled')).forEach((name) => rmSync(path.join(root, 'etc/nginx/sites-enabled', name)));
  writeFileSync(path.join(root, 'etc/nginx/conf.d/oauth.conf'), text);
  const secrets = path.join(root, 'etc/nginx/secrets');
  mkdirSync(secrets, { mode: 0o700 });
  writeFileSync(path.join(secrets, 'example.secret'), 'a secret of the site\n', { mode: 0o600 });
  writeFileSync(path.join(secrets, 'session.key'), execFileSync('openssl', ['rand', '-base64', '32']), { mode: 0o600 });
  writeFileSync(path.join(secrets, 'identity.pem'), execFileSync('openssl', ['genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256'], { stdio: ['ignore', 'pipe', 'ignore'] }), { mode: 0o600 });
  await enter(root, {}, 'nginx', '-t');
  const nginx = spawn('chroot', [root, 'nginx', '-g', 'daemon off;'], { env: image, stdio: 'inherit' });
  await until(() => canConnect(port), 'nginx to listen');
  const browser = new Browser();
  const answer = await signIn(browser, origin + '/deep?x=1');
  assert.equal(answer.status, 200, answer.text.slice(0, 500));
  assert.equal(answer.json().url, '/deep?x=1');
  assert.ok(hasSession(browser));
  nginx.kill('SIGQUIT');
  await Promise.all([provider.stop(), upstream.stop()]);
}

mkdirSync(folder, { recursive: true });
writeFileSync(path.join(folder, 'install-test.log'), '');
const [dockerfile] = documented('install.md', 'The official container image', 'dockerfile');
const { builder, root, sources } = await runStages(readDockerfile(dockerfile));
await signInThrough(root);
await installByHand(builder, sources);
say('the Dockerfile of docs/install.md makes an image that signs people in');
process.exit(0);
