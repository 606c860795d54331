// SPDX-License-Identifier: MIT
// The README: its first configuration and its first five minutes lead to a sign-in, step by step; its links lead somewhere, and its picture is a small one.
import assert from 'node:assert/strict';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { Browser, signIn } from './lib/browser.mjs';
import { makeCertificates } from './lib/certificates.mjs';
import { e2e, hasSession } from './lib/harness.mjs';
import { moduleFile } from './lib/nginx.mjs';
import { OidcProvider } from './lib/oidc-provider.mjs';
import { freePort } from './lib/ports.mjs';
import { RootFolder } from './lib/root-folder.mjs';

const PROJECT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const README = readFileSync(path.join(PROJECT, 'README.md'), 'utf8');
const [, CONFIGURATION] = /```nginx\n(.*?)```/s.exec(README);
const STEPS = README.split('## The first five minutes on a server')[1].split('\n## ')[0].match(/^\d\. .*$/gm);
const SECRET = 'a secret of the site';

// What a step says in code, in its order.
const spans = (number) => [...STEPS[number - 1].matchAll(/`([^`]+)`/g)].map(([, text]) => text);

function replaced(text, pairs) {
  return pairs.reduce((all, [from, to]) => {
    assert.ok(all.includes(from), `the README no longer has "${from}"`);
    return all.replaceAll(from, () => to);
  }, text);
}

async function provider(h, callback) {
  const made = await new OidcProvider().start(await freePort(), [{ client_id: 'my-application', client_secret: SECRET, grant_types: ['authorization_code'], redirect_uris: [callback], response_types: ['code'] }]);
  h.closers.push(() => made.stop());
  return made;
}

function rootFolder(h) {
  const root = new RootFolder();
  h.servers.push(root);
  return root;
}

async function assertSignsIn(browser, origin) {
  const answer = await signIn(browser, origin + '/deep?x=1');
  assert.deepEqual([answer.status, answer.url], [200, origin + '/deep?x=1'], answer.text.slice(0, 300));
  assert.ok(hasSession(browser));
}

e2e('the first configuration signs people in, at the callback that is told', async (h) => {
  const port = await freePort();
  const [, callback] = /`(http:\/\/localhost:8080\/\S+\/callback)`/.exec(README);
  const peer = await provider(h, callback.replace('8080', port));
  const root = rootFolder(h);
  const upstream = await h.upstream();
  root.write('');
  const text = replaced(CONFIGURATION, [['modules/ngx_http_oauth_module.so', moduleFile()], ['https://id.example.org', peer.issuer], ['change-me', `"${SECRET}"`], ['8080', `127.0.0.1:${port}`], ['http://127.0.0.1:3000', upstream.url]]);
  writeFileSync(root.configurationFile, text.replace('events {}', `daemon off; pid ${root.pidFile}; events {}`).replace('http {', `http { access_log ${root.accessLog};`));
  await root.start(port);
  await assertSignsIn(new Browser({ resolve: (url) => (url.hostname === 'localhost' ? port : undefined) }), `http://localhost:${port}`);
});

e2e('the first five minutes on a server', async (h) => {
  const [port, before] = [await freePort(), await freePort()];
  const [callback, secretFile] = spans(2);
  const { origin, hostname } = new URL(callback);
  const peer = await provider(h, callback);
  const upstream = await h.upstream();
  const certificates = makeCertificates(h.folder(), { names: 'DNS:' + hostname });
  const root = rootFolder(h).withBuild();
  const site = (more = '') => `server { listen 127.0.0.1:${before}; listen 127.0.0.1:${port} ssl; server_name ${hostname}; ssl_certificate ${certificates.certFile}; ssl_certificate_key ${certificates.keyFile};
    ${more} location / { proxy_pass ${upstream.url}; } }`;
  root.put('/etc/nginx/sites-enabled/site', site()).write('');
  await root.start(port);

  const [makePackage, install, load, main] = spans(1);
  root.shell(makePackage);
  root.shell(install);
  root.put(main, load + '\n' + root.read(main));
  root.put(secretFile, SECRET + '\n');
  root.shell(`chmod 600 ${secretFile}`);
  const [name, file, secret, makeKey, key] = spans(3);
  root.shell(makeKey);
  const [block] = new RegExp(`^ *${name} .*?^    \\}$`, 'ms').exec(CONFIGURATION);
  root.put(file, replaced(block.replace(/client_secret .*/, secret), [['https://id.example.org', peer.issuer]]) + '\n' + key + '\n');
  const [on, rule] = spans(4);
  root.put('/etc/nginx/sites-enabled/site', site(on + rule));
  const mark = root.mark();
  const said = root.shell(spans(5)[0]);
  assert.ok(!/\[warn\]/.test(said), said);
  await root.waitForLine(mark, /gracefully shutting down/);
  const browser = new Browser({ ca: certificates.ca, resolve: (url) => (url.hostname === hostname ? port : undefined) });
  await assertSignsIn(browser, origin);
  await root.stop();
  root.exit = undefined;
  await root.start(port);
  assert.equal((await browser.navigate(origin + '/still', { follow: false })).status, 200, 'a restart signs nobody out');
});

test('its links lead somewhere, its picture is small, and it is one page', () => {
  for (const [, file] of README.matchAll(/\]\(([\w./-]+)\)/g)) {
    assert.ok(existsSync(path.join(PROJECT, file)), file);
  }
  const [, picture] = /!\[.+\]\((.+\.png)\)/.exec(README);
  const bytes = readFileSync(path.join(PROJECT, picture));
  assert.equal(bytes.readUInt32BE(16), 640, 'its width');
  assert.ok(statSync(path.join(PROJECT, picture)).size < 60000);
  assert.ok(README.split('\n').length <= 110);
});
