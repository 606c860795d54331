// SPDX-License-Identifier: MIT
// docs/install.md: every snippet of it is run, in a folder that stands for the root of a machine, with this machine's nginx and systemd's own check of units. What the
// Dockerfile makes is tested by ./build.sh install-test. A snippet that no test here takes is a failure.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import tls from 'node:tls';
import net from 'node:net';
import { fileURLToPath } from 'node:url';
import { Browser, raw, signIn } from './lib/browser.mjs';
import { makeCertificates } from './lib/certificates.mjs';
import { readDockerfile } from './lib/dockerfile.mjs';
import { documented } from './lib/documents.mjs';
import { e2e, hasSession } from './lib/harness.mjs';
import { moduleFile, nginxBinary } from './lib/nginx.mjs';
import { OidcProvider } from './lib/oidc-provider.mjs';
import { freePort } from './lib/ports.mjs';
import { RootFolder } from './lib/root-folder.mjs';
import { Upstream } from './lib/upstream.mjs';

const PROJECT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const PAGE = readFileSync(path.join(PROJECT, 'docs/install.md'), 'utf8');
const ORIGIN = 'https://app.example.org';
const CALLBACK = ORIGIN + '/auth/oauth/example/callback';
const SECRET = 'a secret of the site';

const taken = new Set();
function take(heading, language, count = 1) {
  const blocks = documented('install.md', heading, language);
  assert.equal(blocks.length, count, `snippets that a test runs: ${heading}, ${language}`);
  blocks.forEach((block) => taken.add(block));
  return blocks;
}

function replaced(text, pairs) {
  for (const [from, to] of pairs) {
    assert.ok(text.includes(from), `docs/install.md no longer has "${from}" in\n${text}`);
    text = text.replaceAll(from, () => to);
  }
  return text;
}

// The provider and the application of the page, and a browser that finds app.example.org here.
async function world(h, ports) {
  assert.ok(PAGE.includes('`' + CALLBACK + '`'));
  const certificates = makeCertificates(h.folder(), { names: 'DNS:app.example.org' });
  const provider = await new OidcProvider().start(await freePort(), [{ client_id: 'my-application', client_secret: SECRET, grant_types: ['authorization_code'],
    redirect_uris: [CALLBACK], response_types: ['code'] }]);
  h.closers.push(() => provider.stop());
  const browse = () => new Browser({ ca: certificates.ca, resolve: (url) => (url.hostname === 'app.example.org' ? ports[url.protocol] : undefined) });
  return { provider, certificates, browse, upstream: await h.upstream() };
}

function rootFolder(h, options) {
  const root = new RootFolder(options);
  h.servers.push(root);
  return root;
}

async function assertSignsIn({ provider, browse, upstream }) {
  const browser = browse();
  const answer = await signIn(browser, ORIGIN + '/deep?x=1');
  assert.equal(answer.status, 200, answer.url + answer.text.slice(0, 500));
  assert.equal(answer.url, ORIGIN + '/deep?x=1');
  assert.ok(hasSession(browser));
  assert.ok(browser.jar.cookies.filter(({ domain }) => domain === 'app.example.org').every(({ secure }) => secure));
  assert.equal(Upstream.folded(upstream.last, 'X-OAuth-Identity').length, 1);
  assert.equal((await signIn(browse(), ORIGIN + '/', { login: 'mallory@example.net' })).status, 403);
  assert.deepEqual(provider.errors, []);
  return browser;
}

// Ends TLS as a load balancer does, and passes bytes on.
async function loadBalancer(h, certificates, targets) {
  const sockets = new Set();
  let turn = 0;
  const server = tls.createServer(certificates.tls, (socket) => {
    const inner = net.connect(targets[turn++ % targets.length], '127.0.0.1');
    [socket, inner].forEach((one) => { sockets.add(one); one.on('error', () => { socket.destroy(); inner.destroy(); }); });
    socket.pipe(inner).pipe(socket);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  h.closers.push(() => { sockets.forEach((socket) => socket.destroy()); server.close(); });
  return server.address().port;
}

e2e("Debian's nginx: from an nginx that runs to a sign-in, command by command", async (h) => {
  const ports = { 'https:': await freePort(), 'http:': await freePort(), plain: await freePort() };
  const site = await world(h, ports);
  const root = rootFolder(h).withBuild();
  root.put('/etc/nginx/sites-enabled/default', `server { listen 127.0.0.1:${ports.plain}; }`).write('');
  await root.start(ports.plain);

  const [makePackage, install] = take("Debian's nginx", 'sh', 2);
  root.shell(makePackage);
  assert.deepEqual(root.calls().splice(-2), ['build.sh package', 'apt install ./build/package/libnginx-mod-http-oauth_1_amd64.deb']);
  root.shell(install);

  const [secrets] = take('Secrets in files', 'sh');
  root.shell(secrets, { input: SECRET + '\n' });
  const folder = root.inside('/etc/nginx/secrets');
  readdirSync(folder).forEach((name) => assert.equal(statSync(path.join(folder, name)).mode & 0o077, 0, name));
  assert.equal(statSync(folder).mode & 0o077, 0);

  const [block, server] = take('Where the configuration goes', 'nginx', 2);
  root.put('/etc/nginx/conf.d/oauth.conf', replaced(block, [['https://id.example.org', site.provider.issuer]]));
  root.put('/etc/nginx/sites-available/app.example.org', replaced(server, [['listen 443 ', `listen 127.0.0.1:${ports['https:']} `], ['listen 80;', `listen 127.0.0.1:${ports['http:']};`],
    ['http://127.0.0.1:3000', site.upstream.url]]));
  mkdirSync(root.inside('/etc/ssl/app.example.org'), { recursive: true });
  copyFileSync(site.certificates.certFile, root.inside('/etc/ssl/app.example.org/fullchain.pem'));
  copyFileSync(site.certificates.keyFile, root.inside('/etc/ssl/app.example.org/privkey.pem'));
  const mark = root.mark();
  const said = root.shell(take('Where the configuration goes', 'sh')[0]);
  assert.ok(!/\[(warn|emerg)\]/.test(said), said);
  await root.waitForLine(mark, /gracefully shutting down/);
  await assertSignsIn(site);
  const redirect = await site.browse().navigate('http://app.example.org/x', { follow: false });
  assert.deepEqual([redirect.status, redirect.headers.location], [301, ORIGIN + '/x']);
});

e2e("variables: the service has them, a shell has not, and a reload does not bring new ones", async (h) => {
  const port = await freePort();
  h.allowLog(/CORP_SECRET|there is no provider/);
  const [file] = take('Secrets in the environment', 'env');
  const [restart, check] = take('Secrets in the environment', 'sh', 2);
  const variables = (text) => Object.fromEntries(text.trim().split('\n').map((line) => /^(\w+)=(.*)$/.exec(line).slice(1)));
  const root = rootFolder(h, { env: variables(file) }).loadModule();
  root.put('/etc/nginx/oauth.env', file).put('/etc/nginx/sites-enabled/site', `server { listen 127.0.0.1:${port}; oauth on; oauth_allow any; }`).write('');
  const clientId = async () => new URL((await new Browser().navigate(`http://127.0.0.1:${port}/auth/oauth/github`, { follow: false })).headers.location).searchParams.get('client_id');
  root.shell(restart);
  assert.deepEqual(root.calls(), ['systemctl daemon-reload', 'systemctl restart nginx']);
  await root.start(port);
  const first = variables(file).OAUTH_GITHUB_CLIENT_ID;
  assert.equal(await clientId(), first);

  assert.match(root.shell('nginx -t', { code: 1 }), /there is no provider to sign in at/);
  root.shell(check);
  root.put('/etc/nginx/oauth.env', file.replace(first, 'another'));
  const mark = root.mark();
  root.shell(check.replace('nginx -t', 'systemctl reload nginx'));
  await root.waitForLine(mark, /gracefully shutting down/);
  assert.equal(await clientId(), first, 'the environment that nginx was started with');

  root.put('/etc/nginx/conf.d/oauth.conf', 'oauth_provider corp github { client_id x; client_secret env:CORP_SECRET; }');
  assert.match(root.shell('nginx -s reload', { code: 1 }), /environment variable "CORP_SECRET" is not set or empty/);
  root.append('/etc/nginx/oauth.env', 'CORP_SECRET=secret\n');
  const before = root.mark();
  root.shell(check.replace('nginx -t', 'systemctl reload nginx'));
  await root.waitForLine(before, /environment variable "CORP_SECRET" is not set or empty/);
});

const systemd = spawnSync('systemd-analyze', ['--version'], { encoding: 'utf8' });
const UNIT = '/lib/systemd/system/nginx.service';

function verify(h, dropIn) {
  const folder = h.folder();
  mkdirSync(path.join(folder, 'nginx.service.d'));
  copyFileSync(UNIT, path.join(folder, 'nginx.service'));
  writeFileSync(path.join(folder, 'nginx.service.d/oauth.conf'), dropIn);
  const { stderr } = spawnSync('systemd-analyze', ['verify', path.join(folder, 'nginx.service')], { encoding: 'utf8', env: { ...process.env, SYSTEMD_UNIT_PATH: folder + ':' } });
  return stderr.split('\n').filter((line) => line.includes('oauth.conf'));
}

e2e("systemd takes the drop-ins, and nginx the credential's file", async (h) => {
  const dropIns = ['Secrets in the environment', 'Credentials of systemd'].map((heading) => take(heading, 'ini')[0]);
  assert.ok(PAGE.includes('`/etc/systemd/system/nginx.service.d/oauth.conf`'));
  assert.equal(/EnvironmentFile=(.*)/.exec(dropIns[0])[1], '/etc/nginx/oauth.env');
  const [, name, source] = /LoadCredential=([^:]+):(.*)/.exec(dropIns[1]);
  assert.equal(source, '/etc/nginx/secrets/example.secret');
  const [block] = take('Credentials of systemd', 'nginx');
  assert.ok(block.includes(`file:/run/credentials/nginx.service/${name};`), block);
  const root = rootFolder(h).loadModule();
  root.put(`/run/credentials/nginx.service/${name}`, SECRET).put('/etc/nginx/conf.d/oauth.conf', block).write('server { listen 127.0.0.1:8080; oauth on; oauth_allow any; }');
  root.shell('nginx -t');
  if (systemd.status !== 0 || !existsSync(UNIT)) {
    console.log('skipped: there is no systemd-analyze, or no nginx.service, on this machine');
    return;
  }
  dropIns.forEach((text) => assert.deepEqual(verify(h, text), []));
  assert.match(verify(h, '[Service]\nEnvironmentFiles=/x\n').join(), /Unknown key/, 'and would say so');
});

// The module as if it were built for another nginx.
function foreignModule(file, change) {
  const bytes = readFileSync(moduleFile());
  const found = change(bytes);
  assert.ok(found, 'found in the module');
  writeFileSync(file, bytes);
}

const number = (value) => { const bytes = Buffer.alloc(8); bytes.writeBigUInt64LE(BigInt(value)); return bytes; };

function changeVersion(bytes) {
  const [, major, minor, patch] = /nginx\/(\d+)\.(\d+)\.(\d+)/.exec(spawnSync(nginxBinary(), ['-v'], { encoding: 'utf8' }).stderr);
  const version = number(major * 1000000 + minor * 1000 + Number(patch));
  let count = 0;
  for (let at = bytes.indexOf(version); at >= 0; at = bytes.indexOf(version, at + 8)) {
    number(1010003).copy(bytes, at);
    count++;
  }
  return count;
}

function changeSignature(bytes) {
  const at = bytes.indexOf('8,4,8,');
  return at >= 0 && bytes.write('8,4,9,', at);
}

e2e("nginx.org's packages: the sources of the nginx that is installed, and load_module on top", async (h) => {
  h.allowLog(/version 1010003|not binary compatible/);
  const [build] = take("nginx.org's packages", 'sh');
  const [load] = take("nginx.org's packages", 'nginx');
  const root = rootFolder(h).withBuild('echo "with $NGINX_SRC" >>../calls; test -x "$NGINX_SRC/configure" || exit 1');
  const { stderr } = spawnSync(nginxBinary(), ['-v'], { encoding: 'utf8' });
  const [, version] = /nginx\/([\d.]+)/.exec(stderr);
  mkdirSync(root.inside('made/nginx-' + version), { recursive: true });
  root.program('configure', '', 'made/nginx-' + version);
  root.program('curl', `tar -C ${root.inside('made')} -czf - nginx-${version}`);
  root.shell(build);
  const source = root.inside('/usr/src/nginx-' + version);
  assert.deepEqual(root.calls().filter((line) => /^(curl|with)/.test(line)), [`curl -fsSL https://nginx.org/download/nginx-${version}.tar.gz`, 'with ' + source]);
  root.write('server { listen 127.0.0.1:8080; oauth off; }', load);
  root.shell('nginx -t');
  const module = root.inside('modules/ngx_http_oauth_module.so');
  foreignModule(module, changeVersion);
  assert.match(root.shell('nginx -t', { code: 1 }), /version 1010003 instead of \d+/);
  foreignModule(module, changeSignature);
  assert.match(root.shell('nginx -t', { code: 1 }), /is not binary compatible/);
});

const image = () => /docker build -t (\S+) \.\n/.exec(documented('install.md', 'The official container image', 'sh')[0])[1];

e2e("the Dockerfile is one, what it copies exists, and the container gets the folders that the configuration names", async (h) => {
  const [text] = take('The official container image', 'dockerfile');
  const stages = readDockerfile(text);
  assert.deepEqual(stages.map(({ name, base }) => [name, base]), [['build', 'nginx:1.28'], [undefined, 'nginx:1.28']]);
  for (const [index, stage] of stages.entries()) {
    for (const { kind, from, sources, command } of stage.steps) {
      if (kind === 'RUN') {
        assert.equal(spawnSync('sh', ['-n', '-c', command]).status, 0, command);
      } else if (from === undefined) {
        sources.forEach((file) => assert.ok(existsSync(path.join(PROJECT, file)), file));
      } else {
        const earlier = stages.slice(0, index).find(({ name }) => name === from);
        const commands = earlier.steps.map((step) => step.command ?? '').join('\n');
        sources.forEach((file) => assert.ok(commands.includes(file), file));
      }
    }
  }
  const [run] = take('The official container image', 'sh');
  const root = rootFolder(h);
  root.shell(run);
  const calls = root.calls().map((line) => line.replaceAll(root.prefix, ''));
  assert.deepEqual(calls.map((line) => line.split(' ').slice(0, 2).join(' ')), ['docker build', 'docker run', 'docker exec', 'docker exec']);
  assert.ok(calls[1].endsWith(' ' + image()), calls[1]);
  const inside = [...calls[1].matchAll(/-v \S+:(\/\S+?)(?=:| )/g)].map(([, folder]) => folder);
  const needed = documented('install.md', 'Where the configuration goes').join('').match(/\/etc\/[\w./-]+(?=\/)/g);
  needed.forEach((folder) => assert.ok(inside.includes(folder), folder));
  const ignored = readFileSync(path.join(PROJECT, '.dockerignore'), 'utf8').trim().split('\n');
  ['config', 'config.make', 'build.sh', 'src', 'providers', 't'].forEach((name) => assert.ok(!ignored.includes(name), name));
});

function readYaml(text) {
  const { status, stdout, stderr } = spawnSync('/usr/bin/python3', ['-c', 'import json, sys, yaml; print(json.dumps(list(yaml.safe_load_all(sys.stdin))))'], { input: text, encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  return Object.fromEntries(JSON.parse(stdout).map((object) => [object.kind, object]));
}

// What a node would do with the volumes of the pod.
function mountVolumes(root, pod, objects) {
  for (const { name, mountPath } of pod.containers[0].volumeMounts) {
    const { configMap, secret } = pod.volumes.find((volume) => volume.name === name);
    const files = configMap ? objects.ConfigMap.data : objects.secrets;
    assert.equal((configMap?.name ?? secret.secretName), configMap ? objects.ConfigMap.metadata.name : 'nginx-oauth');
    Object.entries(files).forEach(([key, text]) => {
      root.put(path.join(mountPath, key), text);
      if (secret) {
        spawnSync('chmod', [secret.defaultMode.toString(8), root.inside(path.join(mountPath, key))]);
      }
    });
  }
}

e2e('Kubernetes: names fit, two replicas share the sessions, and the probe asks nobody to sign in', async (h) => {
  const [make] = take('Kubernetes', 'sh');
  const [text] = take('Kubernetes', 'yaml');
  const workshop = rootFolder(h);
  workshop.shell(make, { input: SECRET + '\n' });
  assert.equal(workshop.calls().at(-1), 'kubectl create secret generic nginx-oauth --from-file=secrets/');
  const made = path.join(workshop.inside('project'), 'secrets');
  const secrets = Object.fromEntries(readdirSync(made).map((name) => [name, readFileSync(path.join(made, name), 'utf8')]));

  const { ConfigMap, Deployment, Service } = readYaml(text);
  const { template, selector } = Deployment.spec;
  const [container] = template.spec.containers;
  assert.deepEqual(selector.matchLabels, template.metadata.labels);
  assert.deepEqual(Service.spec.selector, template.metadata.labels);
  assert.equal(container.image, image());
  assert.equal(Service.spec.ports[0].targetPort, container.ports[0].name);
  assert.equal(container.readinessProbe.httpGet.port, container.ports[0].name);
  const [file, configuration] = Object.entries(ConfigMap.data)[0];
  assert.ok(configuration.includes(`listen ${container.ports[0].containerPort};`));

  const ports = {};
  const site = await world(h, ports);
  const replicas = [];
  for (let count = 0; count < Deployment.spec.replicas; count++) {
    const port = await freePort();
    const data = { [file]: replaced(configuration, [['listen 8080;', `listen 127.0.0.1:${port};`], ['http://application:3000', site.upstream.url], ['https://id.example.org', site.provider.issuer]]) };
    const root = rootFolder(h).loadModule();
    mountVolumes(root, template.spec, { ConfigMap: { ...ConfigMap, data }, secrets });
    root.write('');
    assert.ok(!/\[warn\]/.test(root.shell('nginx -t')));
    await root.start(port);
    replicas.push(port);
  }
  ports['https:'] = await loadBalancer(h, site.certificates, replicas);
  await assertSignsIn(site);
  for (const port of replicas) {
    const probe = await new Browser().request(`http://127.0.0.1:${port}${container.readinessProbe.httpGet.path}`, { headers: { Host: '10.0.0.7:8080', 'User-Agent': 'kube-probe/1.30' } });
    assert.equal(probe.status, 204);
  }
});

e2e('behind a load balancer: secure cookies, the right callback, the address of the client, and WebSockets', async (h) => {
  const ports = {};
  const port = await freePort();
  const site = await world(h, ports);
  ports['https:'] = await loadBalancer(h, site.certificates, [port]);
  const [block] = documented('install.md', 'Where the configuration goes');
  const [server] = take('Behind a load balancer or CDN', 'nginx');
  const root = rootFolder(h).loadModule();
  root.shell(documented('install.md', 'Secrets in files', 'sh')[0], { input: SECRET });
  root.put('/etc/nginx/conf.d/oauth.conf', replaced(block, [['https://id.example.org', site.provider.issuer]]));
  root.put('/etc/nginx/sites-enabled/app.example.org', replaced(server, [['listen 8080;', `listen 127.0.0.1:${port};`], ['set_real_ip_from 10.0.0.0/8;', 'set_real_ip_from 127.0.0.1;'], ['http://127.0.0.1:3000', site.upstream.url]]));
  root.write('');
  await root.start(port);
  const browser = await assertSignsIn(site);
  const names = browser.jar.cookies.filter(({ domain }) => domain === 'app.example.org').map(({ name }) => name);
  assert.ok(names.length > 0 && names.every((name) => name.startsWith('__Host-')), names.join());
  await browser.fetch(ORIGIN + '/from', { headers: { 'X-Forwarded-For': '192.0.2.7' } });
  assert.match(root.accessed(), /^192\.0\.2\.7 .*\/from/m);
  const cookies = browser.jar.header(new URL(ORIGIN));
  const answer = await raw(port, `GET /socket HTTP/1.1\r\nHost: app.example.org\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nCookie: ${cookies}\r\n\r\n`, { end: /\r\n\r\n/ });
  assert.match(answer, /^HTTP\/1\.1 101 /);
});

const SIMPLE = 'oauth_provider example oidc { issuer https://id.example.org; client_id x; client_secret secret; } ';

// What makes nginx say what the table quotes. The rest is said by others, or tested above.
const CAUSES = {
  'unknown directive "oauth_provider"': (root) => root.write(SIMPLE),
  '"load_module" directive is not allowed here': (root) => root.write('load_module modules/ngx_http_oauth_module.so;'),
  'is specified too late': (root) => { root.write(''); root.append('/etc/nginx/nginx.conf', 'load_module modules/ngx_http_oauth_module.so;'); },
  'module "ngx_http_oauth_module" is already loaded': (root) => root.loadModule().write('', 'load_module modules/ngx_http_oauth_module.so;'),
  'there is no provider to sign in at': (root) => root.loadModule().write('server { listen 127.0.0.1:8080; oauth on; oauth_allow any; }'),
  'environment variable "NAME" is not set or empty': (root) => root.loadModule().write(SIMPLE.replace('secret;', 'env:NAME;')),
};
const ELSEWHERE = ['version 1022001 instead of 1028000', 'is not binary compatible', 'provider_error', "the request's host is none of the server's names: set server_name or oauth_base_url"];

e2e('the first messages are what nginx says', async (h) => {
  h.allowLog(/\[emerg\]/);
  const rows = PAGE.split('## The first messages')[1].split('\n').filter((line) => line.startsWith('| ')).slice(2);
  const quoted = rows.flatMap((row) => [...row.split(' | ')[0].matchAll(/`([^`]+)`/g)].map(([, text]) => text));
  assert.deepEqual(quoted.filter((text) => !ELSEWHERE.includes(text)), Object.keys(CAUSES));
  for (const [message, cause] of Object.entries(CAUSES)) {
    const root = rootFolder(h);
    copyFileSync(moduleFile(), root.inside('modules/ngx_http_oauth_module.so'));
    cause(root);
    const said = root.shell('nginx -t', { code: 1 });
    assert.ok(said.includes(message), `${message}, not ${said}`);
  }
  const port = await freePort();
  const nginx = await h.nginx(port, SIMPLE + `server { listen 127.0.0.1:${port}; oauth on; oauth_allow any; }`);
  const answer = await new Browser().request(`http://127.0.0.1:${port}/`, { headers: { Host: 'app.example.org' } });
  assert.equal(answer.status, 400);
  assert.ok(nginx.log().includes(ELSEWHERE.at(-1)), nginx.log());
});

test('every snippet is run, all shell is shell, and links lead somewhere', () => {
  const blocks = [...PAGE.matchAll(/```(\w*)\n(.*?)```/gs)];
  assert.deepEqual(blocks.filter(([, , block]) => !taken.has(block)).map(([all]) => all), []);
  blocks.filter(([, language]) => language === 'sh').forEach(([, , block]) => assert.equal(spawnSync('bash', ['-n', '-c', block]).status, 0, block));
  const anchors = [...PAGE.matchAll(/^#+ (.*)$/gm)].map(([, title]) => title.toLowerCase().replace(/[^\w\s-]/g, '').replace(/ /g, '-'));
  for (const [, file, anchor] of PAGE.matchAll(/\]\(([\w.-]*)(?:#([\w-]+))?\)/g)) {
    assert.ok(file ? existsSync(path.join(PROJECT, 'docs', file)) : anchors.includes(anchor), file + '#' + anchor);
  }
});
