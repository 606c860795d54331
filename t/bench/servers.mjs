// SPDX-License-Identifier: MIT
// The servers that are compared: an upstream that only answers, nginx with the module in front of it, and nginx without the module. The last one moves the
// same bytes: it gets the same cookie, sends a static header as long as the identity header, and removes the Cookie header. Each is its own process.
import assert from 'node:assert/strict';
import { chmodSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { Browser, signIn } from '../e2e/lib/browser.mjs';
import { providerBlock } from '../e2e/lib/harness.mjs';
import { Nginx, nginxBinary } from '../e2e/lib/nginx.mjs';
import { canConnect, freePort, until } from '../e2e/lib/ports.mjs';
import { leaveOneCore } from './cores.mjs';
import { Sequence } from './load.mjs';

const HEADER = 'X-OAuth-Identity';
const KEPT = 'keepalive_requests 100000000; keepalive_timeout 600s;';
const POLICIES = [1, 10, 100];

// All of one length, because one byte more in a request can cost another block of memory.
const policyPath = (count) => `/rules-${String(count).padStart(3, '0')}/`;

// Like Nginx of the end-to-end tests. It logs no requests, can run without the module, and can run under callgrind as a single process.
class BenchNginx extends Nginx {
  constructor({ module = true, callgrind = false, env = {} } = {}) {
    super({ logLevel: 'notice', env });
    Object.assign(this, { module, callgrind });
  }

  write(http) {
    super.write(http);
    let text = readFileSync(this.configurationFile, 'utf8').replace(/access_log .*;/, 'access_log off;');
    text = this.module ? text : text.replace(/^load_module .*\n/, '');
    text = this.callgrind ? text.replace('master_process on', 'master_process off') : text;
    writeFileSync(this.configurationFile, text);
  }

  // Counters are written whenever nginx is told to reopen its logs, which no request causes.
  wrapper() {
    const file = this.file('nginx.sh', `#!/bin/sh
unset NGINX
exec valgrind --quiet --tool=callgrind --callgrind-out-file=${this.prefix}/counters --dump-before=ngx_reopen_files ${nginxBinary()} "$@"
`);
    chmodSync(file, 0o755);
    return file;
  }

  async start(port) {
    if (!this.callgrind) {
      return super.start(port);
    }
    const before = process.env.OAUTH_NGINX;
    process.env.OAUTH_NGINX = this.wrapper();
    try {
      return await super.start(port);
    } finally {
      before === undefined ? delete process.env.OAUTH_NGINX : process.env.OAUTH_NGINX = before;
    }
  }

  get workerProcess() {
    return this.callgrind ? this.child.pid : Number(/start worker process (\d+)/.exec(this.log())[1]);
  }

  // CPU time of the worker in nanoseconds: user and system, as the scheduler counts it.
  cpuTime() {
    return Number(readFileSync(`/proc/${this.workerProcess}/schedstat`, 'utf8').split(' ')[0]);
  }

  counterFiles() {
    return readdirSync(this.prefix).filter((name) => /^counters\.\d+$/.test(name)).sort((a, b) => a.slice(9) - b.slice(9)).map((name) => `${this.prefix}/${name}`);
  }

  // Instructions since the last call, and the file that has them by function.
  async takeCounters() {
    const count = this.counterFiles().length;
    this.signal('SIGUSR1');
    const total = (file) => Number(/^totals: (\d+)/m.exec(readFileSync(file, 'utf8'))?.[1] ?? NaN);
    const written = () => this.counterFiles()[count];
    // nginx handles a signal at the next event; this connection is one.
    const file = await until(written, 'the counters', 2000).catch(() => canConnect(this.port)).then(() => until(written, 'the counters of callgrind', 30000));
    await until(() => !Number.isNaN(total(file)), 'the end of ' + file);
    return { instructions: total(file), file };
  }
}

export class Bench {
  constructor(provider) {
    this.provider = provider;
    this.servers = [];
    leaveOneCore();
  }

  async launch(options, configure) {
    const nginx = new BenchNginx(options);
    this.servers.push(nginx);
    nginx.port = await freePort();
    nginx.url = `http://127.0.0.1:${nginx.port}`;
    nginx.write(configure(nginx.port));
    return nginx.start(nginx.port);
  }

  async startUpstream() {
    this.upstream = await this.launch({ module: false }, (port) => `
    map $http_x_oauth_identity $nobody { "" 1; default 0; }
    server {
        listen 127.0.0.1:${port};
        ${KEPT}
        location / { if ($nobody) { return 403; } return 200 "some content of an application\\n"; }
        location /bare { return 200 "some content of an application\\n"; }
        location /seen { return 200 "$request_length|$http_cookie|$http_x_oauth_identity"; }
        location /requests { stub_status; }
    }`);
  }

  // How many requests the upstream has received, this one not counted.
  async received() {
    const client = await new Sequence(this.upstream.port, { path: '/requests' }).open();
    const text = await client.once();
    client.close();
    this.asked = (this.asked ?? 0) + 1;
    return Number(/\n\s*\d+ \d+ (\d+)/.exec(text)[1]) - this.asked;
  }

  toUpstream() {
    return `upstream application { server 127.0.0.1:${this.upstream.port}; keepalive 64; keepalive_requests 100000000; keepalive_timeout 600s; }
    proxy_http_version 1.1;
    proxy_set_header Connection "";`;
  }

  startPlain(options, identity) {
    const same = `proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Cookie ""; proxy_set_header Authorization ""; proxy_set_header ${HEADER} "${identity}";`;
    return this.launch({ ...options, module: false }, (port) => `
    ${this.toUpstream()}
    server {
        listen 127.0.0.1:${port};
        ${KEPT}
        location / { ${same} proxy_pass http://application; }
        location /bare { proxy_pass http://application; }
    }`);
  }

  // `http`, `directives`: further ones of http and of the server.
  startModule({ http = '', directives = '', ...options } = {}) {
    const rules = (count) => Array.from({ length: count - 1 }, (_, i) => `oauth_allow email=somebody-${i}@example.com;`).join(' ');
    const policies = POLICIES.map((count) => `location ${policyPath(count)} { ${rules(count)} oauth_allow email=alice@example.org; proxy_pass http://application; }`);
    return this.launch(options, (port) => `
    ${this.toUpstream()}
    ${providerBlock(this.provider)}
    oauth_identity_ttl 1h;
    ${http}
    server {
        listen 127.0.0.1:${port};
        ${KEPT}
        oauth on;
        oauth_allow any;
        ${directives}
        location / { proxy_pass http://application; }
        ${policies.join('\n        ')}
    }`);
  }

  // Resolves to {cookie, identity} of somebody who has signed in at the module's nginx.
  async signIn(nginx) {
    const browser = new Browser();
    const answer = await signIn(browser, nginx.url + '/');
    assert.equal(answer.status, 200, answer.text.slice(0, 300));
    assert.deepEqual(this.provider.violations, []);
    return browser.jar.header(new URL(nginx.url));
  }

  async seen(nginx, cookie) {
    const client = await new Sequence(nginx.port, { path: '/seen', cookie }).open();
    const [length, cookies, identity] = (await client.once()).split('|');
    client.close();
    assert.equal(cookies, '', 'a cookie reached the upstream');
    return { length: Number(length), identity };
  }

  assertClean() {
    this.servers.forEach((nginx) => nginx.assertClean());
  }

  async close() {
    await Promise.all(this.servers.map((nginx) => nginx.stop('SIGTERM')));
    this.servers.forEach((nginx) => nginx.remove());
  }
}

export { POLICIES, policyPath };
