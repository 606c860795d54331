// SPDX-License-Identifier: MIT
// Runs a page of docs/recipes/ or docs/moving/ as it is written: all its nginx blocks, its variables (Environment= lines) and its commands. A test has no port 443, no files
// of root and no providers, so this is put in place of what stands there, and nothing else:
//   listen 443                      a free port of loopback, one for each port
//   http://127.0.0.1:3000           an application of the test, one for each port; or the page's own nginx that listens there
//   /etc/nginx/tls/, ca-certificates.crt   certificates of the test
//   /etc/nginx/NAME, /var/www/NAME  files of the test
//   proxy_pass https://HOST         the nginx of the page that serves HOST
// Before it stand oauth_http_proxy and oauth_http_trusted_certificate: hosts of providers keep their names.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { Browser, signIn } from '../browser.mjs';
import { makeCertificates } from '../certificates.mjs';
import { ConnectProxy } from '../connect-proxy.mjs';
import { publicFolder } from '../folders.mjs';
import { freePort } from '../ports.mjs';
import { Upstream } from '../upstream.mjs';

const DOCS = new URL('../../../../docs/', import.meta.url);
const NAMES = ['*.example.org', 'github.com', 'api.github.com', 'accounts.google.com', 'oauth2.googleapis.com', 'openidconnect.googleapis.com', 'www.googleapis.com',
  'login.microsoftonline.com', 'graph.microsoft.com'];
const run = promisify(execFile);

export const pagesOf = (folder) => readdirSync(new URL(folder + '/', DOCS)).filter((name) => name.endsWith('.md')).map((name) => name.slice(0, -3));

export function blocksOf(folder, name, language) {
  const text = readFileSync(new URL(`${folder}/${name}.md`, DOCS), 'utf8');
  return [...text.matchAll(/^```(\w+)\n(.*?)^```/gms)].filter(([, kind]) => kind === language).map(([, , block]) => block);
}

const variables = (blocks) => Object.fromEntries(blocks.flatMap((block) => [...block.matchAll(/^Environment=(\w+)=(.*)$/gm)].map(([, name, value]) => [name, value])));
const serverNames = (block) => [...block.matchAll(/\bserver_name\s+([^;]+);/g)].flatMap(([, names]) => names.split(/\s+/));
const serves = (name, host) => name === host || (name.startsWith('*.') && host.endsWith(name.slice(1)));

// One page that runs. `machines`: the nginx of each group of blocks, with its names and the ports that stand for those of the page.
class RunningPage {
  constructor(h, folder, name, files) {
    Object.assign(this, { h, folder, name, files, machines: [], upstreams: {}, place: h.folder(), made: undefined });
    this.made = makeCertificates(this.place, { names: ['IP:127.0.0.1', ...NAMES.map((host) => 'DNS:' + host)].join(',') });
    this.environment = variables(blocksOf(folder, name, 'ini'));
  }

  machineOf(host) {
    const all = this.machines.filter(({ names }) => names.some((name) => serves(name, host)));
    return all.find(({ ports }) => ports.has('443')) ?? all[0];
  }

  // Text of the page with what the test has in its place; `pattern`'s first group is what is looked up.
  async replaced(text, pattern, look) {
    const found = new Map();
    for (const [, what] of text.matchAll(pattern)) {
      found.set(what, found.get(what) ?? await look(what));
    }
    return text.replace(pattern, (all, what) => all.replace(what, found.get(what)));
  }

  file(name) {
    if (name.startsWith('tls/')) {
      return name.endsWith('.key') ? this.made.keyFile : this.made.certFile;
    }
    assert.ok(name in this.files, `${this.name}.md names /etc/nginx/${name}, which the test does not give`);
    const file = path.join(this.place, name);
    writeFileSync(file, this.files[name], { mode: 0o600 });
    return file;
  }

  www(name) {
    assert.ok(this.files.www, `${this.name}.md names /var/www/${name}, which the test does not give`);
    return publicFolder(this.h, this.files.www);
  }

  async upstream(port) {
    const own = this.machines.find(({ ports }) => ports.has(port));
    if (own) {
      return 'http://127.0.0.1:' + own.ports.get(port);
    }
    this.upstreams[port] ??= await this.h.upstream();
    return this.upstreams[port].url;
  }

  async start(block, providers) {
    const machine = { names: serverNames(block), ports: new Map() };
    this.machines.push(machine);
    const port = async (wanted) => {
      machine.ports.set(wanted, machine.ports.get(wanted) ?? await freePort());
      return '127.0.0.1:' + machine.ports.get(wanted);
    };
    let text = await this.replaced(block, /\blisten\s+(\d+)\b/g, port);
    text = await this.replaced(text, /(http:\/\/127\.0\.0\.1:\d+)/g, (address) => this.upstream(new URL(address).port));
    text = await this.replaced(text, /proxy_pass\s+(https:\/\/[\w.-]+)/g, (url) => 'https://127.0.0.1:' + this.machineOf(new URL(url).host).ports.get('443'));
    text = await this.replaced(text, /\/etc\/nginx\/([\w./-]+)/g, (name) => this.file(name));
    text = text.replaceAll('/etc/nginx//', '/').replaceAll('/etc/ssl/certs/ca-certificates.crt', this.made.caFile);
    text = (await this.replaced(text, /\/var\/www\/([\w./-]+)/g, (name) => this.www(name))).replaceAll('/var/www//', '/');
    const way = providers ? `oauth_http_proxy ${this.proxy.url}; oauth_http_trusted_certificate ${this.made.caFile};` : '';
    machine.nginx = await this.h.nginx([...machine.ports.values()][0], `${way}\n${text}`, { env: this.environment });
    const warnings = (machine.nginx.log() + machine.nginx.stderr).split('\n').filter((line) => line.includes('[warn]'));
    assert.deepEqual(warnings, [], 'nginx says nothing against the page');
  }

  browse(jar) {
    const resolve = (url) => (url.port === '' ? this.targets.get(url.hostname + ':443') ?? this.machineOf(url.hostname)?.ports.get(url.protocol === 'https:' ? '443' : '80') : undefined);
    return new Browser({ ca: this.made.ca, jar, resolve });
  }

  // Somebody signs in; asserts how it ends. The application's last request is in `told`.
  async visits(url, status, { browser = this.browse(), login } = {}) {
    const answer = await signIn(browser, url, { login });
    assert.equal(answer.status, status, `${url}: ${answer.status} at ${answer.url} ${answer.text.replace(/<style[\s\S]*?<\/style>|<[^>]*>/g, ' ').slice(0, 300)}`);
    return Object.assign(browser, { answer });
  }

  told(port = '3000') {
    const { headers, url } = this.upstreams[port].last;
    const one = (name) => Upstream.folded({ headers }, name);
    const [token] = one('X-OAuth-Identity');
    return { url, header: (name) => (one(name).length > 0 ? one(name).join(' and ') : undefined), token, identity: token && JSON.parse(Buffer.from(token.split('.')[1], 'base64url')) };
  }

  // The commands of the page ("$ command", and what it answers; "..." is anything) give what the page says.
  async commands() {
    writeFileSync(path.join(this.place, '.curlrc'), `connect-to = "::127.0.0.1:${this.machines.find(({ ports }) => ports.has('443')).ports.get('443')}"\ncacert = "${this.made.caFile}"\n`);
    for (const block of blocksOf(this.folder, this.name, 'console')) {
      for (const part of block.split(/^\$ /m).slice(1)) {
        const [command, ...lines] = part.trimEnd().split('\n');
        const { stdout } = await run('bash', ['-c', command], { env: { ...process.env, CURL_HOME: this.place } });
        const pattern = lines.join('\n').replace(/[*+?^${}()|[\]\\]/g, '\\$&').replace(/\.\.\.|\./g, (dots) => (dots === '.' ? '\\.' : '.*'));
        assert.match(stdout.replaceAll('\r', '').trimEnd(), new RegExp(`^${pattern}$`), `${this.name}.md: ${command}`);
      }
    }
  }
}

// `providers`: mocks or a certified provider that is not started yet, each with `hosts`; `files`: what is in /etc/nginx/, and in `www` in /var/www/; `apart`: numbers of the
// blocks that are for another machine.
export async function runPage(h, folder, name, { providers = [], files = {}, apart = [] }) {
  const page = new RunningPage(h, folder, name, files);
  for (const provider of providers) {
    await provider.start({ tls: page.made.tls });
    h.closers.push(() => provider.stop());
  }
  page.targets = new Map(providers.flatMap((provider) => provider.targets()));
  page.proxy = await new ConnectProxy(new Map(page.targets)).start();
  h.closers.push(() => page.proxy.stop());
  const blocks = blocksOf(folder, name, 'nginx');
  assert.ok(blocks.length > apart.length, 'a configuration to run');
  await page.start(blocks.filter((_, i) => !apart.includes(i)).join('\n'), true);
  for (const i of apart) {
    await page.start(blocks[i], false);
  }
  return page;
}
