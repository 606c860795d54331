// SPDX-License-Identifier: MIT
// What the recipe about other proxies promises, in front of the page's nginx with the module: an nginx without it, Caddy and HAProxy, each with the page's configuration.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Browser } from '../browser.mjs';
import { program } from '../other-proxies.mjs';
import { freePort } from '../ports.mjs';
import { Certified, SECRET } from './peers.mjs';
import { blocksOf } from './page.mjs';
import { signOut } from './sites.mjs';

const APP = 'https://app.example.org';
const PAGE = 'other-proxies';
const block = (language) => blocksOf('recipes', PAGE, language)[0];

// With the page's 8081 and 3000, and files of the test.
async function placed(page, text, folder, files) {
  const [decides, application] = [await page.upstream('8081'), await page.upstream('3000')].map((url) => new URL(url).host);
  let all = text.replaceAll('127.0.0.1:8081', decides).replaceAll('127.0.0.1:3000', application);
  for (const [name, content] of Object.entries(files)) {
    const file = path.join(page.place, name);
    writeFileSync(file, content, { mode: 0o600 });
    all = all.replaceAll(folder + name, file);
  }
  return all;
}

async function caddy(page) {
  const port = await freePort();
  const { certFile, keyFile } = page.made;
  const text = await placed(page, block('caddyfile'), '/etc/caddy/', { 'example.org.pem': readFileSync(certFile), 'example.org.key': readFileSync(keyFile) });
  const options = '{\n    admin off\n    auto_https disable_redirects\n    default_bind 127.0.0.1\n}\n';
  await program(page.h, 'caddy', port, 'Caddyfile', options + text.replace('app.example.org {', `https://app.example.org:${port} {`), (file) => ['run', '--adapter', 'caddyfile', '--config', file]);
  return port;
}

async function haproxy(page) {
  const port = await freePort();
  const { certFile, keyFile } = page.made;
  const lua = await placed(page, block('lua'), '', {});
  const text = await placed(page, block('haproxy'), '/etc/haproxy/', { 'oauth.lua': lua, 'example.org.pem': readFileSync(certFile) + '\n' + readFileSync(keyFile) });
  await program(page.h, 'haproxy', port, 'haproxy.cfg', text.replace('bind :443', 'bind 127.0.0.1:' + port), (file) => ['-db', '-f', file]);
  return port;
}

const someone = (page, port) => new Browser({ ca: page.made.ca, resolve: ({ hostname, port: own }) => (own !== '' ? undefined : hostname === 'app.example.org' ? port : page.targets.get(hostname + ':443')) });

async function behind(page, name, port) {
  const visitor = () => someone(page, port);
  const alice = await page.visits(APP + '/page?x=1&y=a%20b', 200, { browser: visitor() });
  assert.equal(alice.answer.url, APP + '/page?x=1&y=a%20b', name);
  assert.deepEqual([page.told().url, page.told().identity.name, page.told().identity.iss], ['/page?x=1&y=a%20b', 'Alice Example', APP], name);
  await alice.fetch(APP + '/', { headers: { 'X-OAuth-Identity': 'forged' } });
  assert.equal(page.told().identity.name, 'Alice Example', name + ' replaces what a client sends');
  const post = await alice.fetch(APP + '/form', { method: 'POST', body: 'a=1' });
  assert.deepEqual([post.status, post.json().method, post.json().length], [200, 'POST', 3], name);
  const stranger = visitor();
  const open = await stranger.fetch(APP + '/assets/x.css', { headers: { 'X-OAuth-Identity': 'forged' } });
  assert.deepEqual([open.status, page.told().header('X-OAuth-Identity') || undefined], [200, undefined], name);
  assert.equal((await stranger.fetch(APP + '/page')).status, 401, name + ': a script');
  assert.equal((await stranger.fetch(APP + '/page', { method: 'POST', body: 'a=1' })).status, 401, name);

  const reached = page.upstreams['3000'].requests.length;
  const spoofs = [{}, { 'X-Original-URL': APP + '/assets/x' }, { 'X-Forwarded-Uri': '/assets/x' }, { 'X-Forwarded-Uri': '/assets/x', 'X-Forwarded-Host': 'app.example.org', 'X-Forwarded-Proto': 'https' }, { 'X-Original-Method': 'GET' },
    { 'X-Forwarded-Method': 'OPTIONS' }, { Forwarded: 'host=app.example.org' }, { 'X-Original-URI': '/assets/x', 'X-Rewrite-URL': '/assets/x' }];
  for (const headers of spoofs) {
    for (const browser of [alice, stranger]) {
      const { status } = await browser.fetch(APP + '/admin/', { headers });
      assert.ok(status >= 400, `${name}: ${status} with ${JSON.stringify(headers)}`);
    }
  }
  for (const target of ['/assets/../admin/', '/assets/%2e%2e/admin/', '/assets/..%2fadmin/', '//admin/', '/./admin/', '/%61dmin/', '/admin%2f', '/assets/x/../../admin/', '/admin/?/assets/', '/assets/%00', '/%zz']) {
    for (const browser of [alice, stranger]) {
      const { status } = await browser.request(APP, { path: target, headers: { 'Sec-Fetch-Dest': 'empty' } });
      assert.ok(status >= 400 || (status >= 301 && status < 400), `${name}: ${status} for ${target}`);
    }
  }
  assert.equal(page.upstreams['3000'].requests.length, reached, name + ': the application has seen none of them');
  await page.visits(APP + '/', 403, { browser: visitor(), login: 'mallory@example.net' });
  await signOut(alice, APP);
  assert.equal((await alice.fetch(APP + '/page')).status, 401, name);
}

async function otherProxies(page) {
  const fronts = { nginx: page.machineOf('app.example.org').ports.get('443'), caddy: await caddy(page), haproxy: await haproxy(page) };
  for (const [name, port] of Object.entries(fronts)) {
    await behind(page, name, port);
  }
  // The header sets of proxies that do not run here.
  const decides = (await page.upstream('8081')) + '/auth/oauth/auth';
  const alice = await page.visits(APP + '/', 200);
  const cookie = alice.jar.header(new URL(APP));
  const sets = {
    'ingress-nginx': (uri) => ({ 'X-Original-URL': APP + uri, 'X-Original-Method': 'GET', 'X-Auth-Request-Redirect': uri, 'X-Sent-From': 'nginx-ingress-controller', 'X-Real-IP': '192.0.2.1', 'X-Forwarded-For': '192.0.2.1' }),
    Traefik: (uri) => ({ 'X-Forwarded-Method': 'GET', 'X-Forwarded-Proto': 'https', 'X-Forwarded-Host': 'app.example.org', 'X-Forwarded-Uri': uri, 'X-Forwarded-For': '192.0.2.1', 'X-Forwarded-Port': '443', 'X-Forwarded-Server': 'traefik' }),
    'Traefik with a WebSocket': (uri) => ({ 'X-Forwarded-Method': 'GET', 'X-Forwarded-Proto': 'wss', 'X-Forwarded-Host': 'app.example.org', 'X-Forwarded-Uri': uri }),
  };
  for (const [name, headersOf] of Object.entries(sets)) {
    const asked = async (uri, headers = {}) => (await new Browser().request(decides, { headers: { Host: 'nginx-oauth.auth.svc.cluster.local:8081', ...headersOf(uri), ...headers } })).status;
    assert.deepEqual([await asked('/page'), await asked('/assets/x'), await asked('/page', { Cookie: cookie }), await asked('/admin/', { Cookie: cookie })], [401, 204, 204, 403], name);
  }
}

export const proxyRecipes = {
  [PAGE]: { providers: () => [new Certified()], files: { 'example.secret': SECRET, 'ask-oauth.conf': block('ini') }, apart: [1], check: otherProxies },
};
