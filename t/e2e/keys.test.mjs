// SPDX-License-Identifier: MIT
// The keys of sessions: which nginx -t refuses and which it warns of (SC-05), and their rotation without a sign-out, on one machine and on two (SC-06). Secrets in files
// that all can read are told, whatever they are for.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Browser, signIn } from './lib/browser.mjs';
import { makeCertificates } from './lib/certificates.mjs';
import { documented } from './lib/documents.mjs';
import { assertSignedIn, beginSignIn, e2e, quoted, siteConfiguration } from './lib/harness.mjs';
import { configTest } from './lib/nginx.mjs';
import { Upstream } from './lib/upstream.mjs';

const PROVIDER = 'oauth_provider test oidc { issuer https://id.example.org; client_id c; client_secret s; }';
const config = (server, provider = PROVIDER) => `${provider}
server { listen 127.0.0.1:8080; oauth on; oauth_allow any;
    ${server}
}`;
const fresh = () => randomBytes(32).toString('base64url');

function refused(text, pattern, { secret, ...options } = {}) {
  const { code, stderr, log } = configTest(text, options);
  assert.notEqual(code, 0, text);
  const message = stderr.split('\n').find((line) => line.includes('[emerg]')) ?? '';
  assert.match(message, pattern, text);
  assert.match(message, / in \S+nginx\.conf:\d+/);
  assert.ok(!secret || !(stderr + log).includes(secret), message);
}

const warnings = (text, options) => {
  const { code, stderr } = configTest(text, options);
  assert.equal(code, 0, stderr);
  return stderr.split('\n').filter((line) => line.includes('[warn]'));
};

const counting = Buffer.from(Array.from({ length: 32 }, (_, i) => i));
const patterns = [Buffer.alloc(32), Buffer.alloc(32, 7), Buffer.alloc(33, 255), Buffer.from('deadbeef'.repeat(8), 'hex'), Buffer.from('0123456789abcdef'.repeat(2)), counting, Buffer.from('ab'.repeat(16)), Buffer.from('change-me, or somebody else will do it')];

e2e('SC-05 zeros, patterns and counting are no keys, as base64, base64url, hex, raw bytes in a file, or by the environment', () => {
  const pattern = /"oauth_session_key": the key is (evidently not random|one character repeated|an example's).*accepted: a random key, as from "openssl rand -base64 32"/;
  for (const bytes of patterns) {
    for (const key of [bytes.toString('base64'), bytes.toString('base64').replace(/=+$/, ''), bytes.toString('base64url'), bytes.toString('hex')]) {
      refused(config(`oauth_session_key ${quoted(key)};`), pattern, { secret: key });
      refused(config('oauth_session_key env:THE_KEY;'), pattern, { secret: key, env: { THE_KEY: key } });
      refused(config('oauth_session_key file:key;'), pattern, { secret: key, files: { key: key + '\n' } });
      refused(config(`oauth_identity_key ${quoted(key)};`), /"oauth_identity_key": the key is (evidently not random|one character repeated|an example's)/, { secret: key });
    }
    refused(config('oauth_session_key file:key;'), pattern, { files: { key: bytes } });
  }
});

e2e('SC-05 fewer than 256 bits and an odd number of digits are refused by every source', () => {
  const hex = randomBytes(33).toString('hex');
  for (const key of [hex.slice(0, 63), hex.slice(0, 65), hex.slice(0, 62), hex.slice(0, 40), randomBytes(24).toString('base64url'), randomBytes(31).toString('base64').replace(/\//g, '_').replace(/\+/g, '-'), hex.slice(0, 10)]) {
    for (const [source, options] of [[quoted(key), {}], ['env:THE_KEY', { env: { THE_KEY: key } }], ['file:key', { files: { key: key + '\n' } }]]) {
      refused(config(`oauth_session_key ${source};`), /"oauth_session_key": .*256 bits|"oauth_session_key": the key has \d+ bytes.*at least 32 bytes/, { secret: key, ...options });
    }
  }
  for (const key of [hex.slice(0, 64), hex.slice(0, 66), fresh(), randomBytes(32).toString('base64').replace(/^\//, 'A')]) {
    for (const ending of ['', '\n', '\r\n', '\n\n']) {
      assert.deepEqual(warnings(config('oauth_session_key file:key;'), { files: { key: key + ending } }).filter((line) => !/every user/.test(line)), []);
    }
    assert.deepEqual(warnings(config('oauth_session_key env:THE_KEY;'), { env: { THE_KEY: key } }), []);
  }
  assert.equal(warnings(config('oauth_session_key file:key;'), { files: { key: Buffer.concat([randomBytes(40), Buffer.from('.')]) } }).length, 1, 'any bytes');
  refused(config('oauth_session_key file:key;'), /byte order mark/, { files: { key: '\ufeff' + fresh() } });
});

// Everything in the documentation and the examples that could be copied as a key.
function documentedKeys() {
  const root = new URL('../../', import.meta.url);
  const pages = ['README.md', ...readdirSync(new URL('docs/', root)).map((name) => 'docs/' + name), ...readdirSync(new URL('examples/', root), { recursive: true }).map((name) => 'examples/' + name)].filter((name) => /\.(md|conf|mjs|py|go|json|txt)$/.test(name));
  const tokens = pages.flatMap((name) => [...readFileSync(new URL(name, root), 'utf8').matchAll(/[A-Za-z0-9+/_-]{43,}={0,2}/g)].map(([token]) => token));
  return [...new Set(tokens)].filter((token) => /[a-z]/.test(token) && /[A-Z0-9]/.test(token) && !token.startsWith('eyJ') && !/^[a-z0-9_-]+$/.test(token));
}

e2e('SC-05 a key that the documentation shows is refused', () => {
  const keys = documentedKeys();
  assert.ok(keys.length > 0, 'it shows one');
  for (const key of keys) {
    refused(config(`oauth_session_key ${quoted(key)};`), /an example's, which everybody knows/, { secret: key });
    refused(config('oauth_session_key file:key;'), /an example's/, { secret: key, files: { key: key + '\r\n' } });
    refused(config(`oauth_identity_key ${quoted(key)};`), /an example's/, { secret: key });
  }
});

e2e('SC-05 a file with a secret that every user can read or change is told, and one for a group is not', (h) => {
  const folder = h.folder();
  const file = path.join(folder, 'the.secret');
  const pem = path.join(folder, 'key.pem');
  writeFileSync(file, fresh() + '\n');
  execFileSync('openssl', ['genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256', '-out', pem], { stdio: 'ignore' });
  const places = { oauth_session_key: [file, config(`oauth_session_key file:${file};`)], oauth_identity_key: [file, config(`oauth_identity_key file:${file};`)], 'oauth_identity_key ': [pem, config(`oauth_identity_key file:${pem};`)],
    client_secret: [file, config('', PROVIDER.replace('client_secret s', `client_secret file:${file}`))] };
  for (const [name, [used, text]] of Object.entries(places)) {
    for (const [mode, what] of [[0o644, 'read'], [0o604, 'read'], [0o666, 'changed'], [0o642, 'changed']]) {
      chmodSync(used, mode);
      const told = warnings(text);
      assert.equal(told.length, 1, name + told);
      assert.ok(told[0].includes(`"${name.trim()}": file "${used}" holds a secret and can be ${what} by every user of this machine: "chmod o= FILE"`), told[0]);
      assert.match(told[0], / in \S+nginx\.conf:\d+/);
    }
    for (const mode of [0o600, 0o640, 0o660, 0o400]) {
      chmodSync(used, mode);
      assert.deepEqual(warnings(text), [], name + mode.toString(8));
    }
  }
});

e2e('the same key twice, and one that applications know, are told', () => {
  const [one, two] = [fresh(), fresh()];
  const keys = (...all) => config(all.map((key) => `oauth_session_key ${quoted(key)};`).join('\n'));
  assert.deepEqual(warnings(keys(one, two)), []);
  const [told] = warnings(keys(two, one, one));
  assert.match(told, /"oauth_session_key": the key is the same as number 2 of this level.* in \S+nginx\.conf:\d+/);
  assert.match(warnings(config(`oauth_session_key ${one}; oauth_identity_key ${one};`))[0], /"oauth_identity_key" is the same secret as an oauth_session_key/);
  assert.deepEqual(warnings(config(`oauth_session_key ${one}; oauth_identity_key ${two};`)), []);
});

const status = async (site, browser) => (await browser.fetch(site.origin + '/', { headers: { Accept: 'application/json' } })).status;
const lines = (...keys) => keys.map((key) => `oauth_session_key ${quoted(key)};`).join(' ');

e2e('SC-06 a new key seals, the old one opens, also for a sign-in under way, and one that was taken out opens nothing', async (h) => {
  const [a, b] = [fresh(), fresh()];
  const site = await h.site({ server: lines(a) });
  const rotate = async (...keys) => {
    site.nginx.write(siteConfiguration({ ...site, server: lines(...keys) }));
    await site.nginx.reload();
  };
  const [early, between, late] = [new Browser(), new Browser(), new Browser()];
  await assertSignedIn(site, { browser: early });
  const callback = await beginSignIn(site, { browser: between });
  await rotate(b, a);
  const asked = site.provider.count('authorize');
  assert.equal((await early.navigate(site.origin + '/page', { follow: false })).status, 200);
  assert.equal(site.provider.count('authorize'), asked, 'without a new sign-in');
  assert.equal((await between.navigate(callback)).status, 200, 'begun under the old key');
  await assertSignedIn(site, { browser: late });
  await rotate(b);
  assert.equal(await status(site, early), 401, 'sealed with the old key');
  assert.equal(await status(site, between), 200, 'finished under the new one');
  assert.equal(await status(site, late), 200);
  await rotate(a);
  assert.deepEqual([await status(site, early), await status(site, between), await status(site, late)], [200, 401, 401], 'a key is all that it takes');
  await rotate(fresh(), fresh(), a, fresh());
  assert.equal(await status(site, early), 200);
});

e2e('SC-06 a session that was sealed with the old key is sealed with the new one when it is renewed', async (h) => {
  const [a, b] = [fresh(), fresh()];
  const idle = 'oauth_session cookie; oauth_session_idle 10s;';
  const site = await h.site({ server: lines(a) + idle });
  const [used, idling] = [new Browser(), new Browser()];
  await assertSignedIn(site, { browser: used });
  await assertSignedIn(site, { browser: idling });
  const rotate = async (...keys) => {
    site.nginx.write(siteConfiguration({ ...site, server: lines(...keys) + idle }));
    await site.nginx.reload();
  };
  await rotate(b, a);
  const { id } = (await used.fetch(site.origin + '/auth/oauth/userinfo')).json();
  await new Promise((resolve) => { setTimeout(resolve, 2100); }); // more than a tenth of the idle time
  const renewed = await used.fetch(site.origin + '/');
  assert.deepEqual([renewed.status, renewed.setCookies.length], [200, 1]);
  await rotate(b);
  assert.equal(await status(site, used), 200);
  assert.equal((await used.fetch(site.origin + '/auth/oauth/userinfo')).json().id, id);
  assert.equal(await status(site, idling), 401);
});

// The documentation's steps, on two machines that are behind one name. `apply(blocks)` is one step on one machine, with a reload.
async function twoMachines(h) {
  const folder = h.folder();
  const made = makeCertificates(h.folder(), { names: 'DNS:app.example.org' });
  const here = (text) => text.replaceAll('/etc/nginx', folder);
  const [makeKeys] = documented('operations.md', 'Keys and reloads', 'sh');
  execFileSync('sh', ['-ec', here(makeKeys)], { stdio: 'ignore' });
  assert.deepEqual(readdirSync(folder).map((name) => (statSync(path.join(folder, name)).mode & 0o777).toString(8)), ['600', '600'], 'for nobody else');
  const [base] = documented('operations.md', 'Several machines');
  const provider = await h.provider();
  const http = `oauth_session cookie; ssl_certificate ${made.certFile}; ssl_certificate_key ${made.keyFile};`;
  const nodes = [];
  for (let i = 0; i < 2; i++) {
    const site = await h.site({ provider, listen: 'ssl', http, server: here(base) });
    assert.doesNotMatch(site.nginx.test().stderr, /\[warn\]/);
    site.apply = async (block) => {
      const own = base.split('\n').filter((line) => line.split(/\s/)[0] !== block.split(/\s/)[0]).join('\n');
      site.nginx.write(siteConfiguration({ ...site, server: here(own + block) }));
      await site.nginx.reload();
    };
    nodes.push(site);
  }
  const machines = { folder, nodes, node: nodes[0], url: 'https://app.example.org' };
  machines.browse = (jar) => new Browser({ ca: made.ca, jar, resolve: (url) => (url.hostname === 'app.example.org' ? machines.node.port : undefined) });
  machines.at = (node) => { machines.node = node; return machines; };
  return machines;
}

e2e('SC-06 the documented exchange of the session key on two machines signs nobody out', async (h) => {
  const machines = await twoMachines(h);
  const { nodes, url, folder } = machines;
  const [command] = /`(openssl rand [^`]*session\.key\.new)`/.exec(readFileSync(new URL('../../docs/operations.md', import.meta.url), 'utf8')).slice(1);
  execFileSync('sh', ['-ec', 'umask 077; ' + command.replace('/etc/nginx', folder)]);
  const steps = documented('operations.md', 'Changing `oauth_session_key`');
  assert.equal(steps.length, 3);
  const visitors = [];
  const check = async (step) => {
    for (const begun of nodes) { // begun at one, finished at the other, used at both
      const browser = machines.at(begun).browse();
      const start = await browser.navigate(url + '/page', { follow: false });
      machines.at(nodes.find((each) => each !== begun));
      const answer = await browser.navigate((await browser.navigate(start.headers.location, { follow: false })).headers.location);
      assert.equal(answer.status, 200, step);
      visitors.push(browser);
    }
    for (const node of nodes) {
      machines.at(node);
      for (const browser of visitors) {
        assert.equal((await browser.fetch(url + '/')).status, 200, step);
      }
    }
  };
  await check('one key');
  for (const [i, step] of steps.slice(0, 2).entries()) {
    for (const node of nodes) {
      await node.apply(step);
      await check(`step ${i + 1}`);
    }
  }
  await nodes[0].apply(steps[2]);
  await nodes[1].apply(steps[2]);
  const states = [];
  for (const browser of visitors) {
    states.push((await browser.fetch(url + '/')).status);
  }
  // Under the old key: the first step's, and of the second step the one that was finished at the machine that came later.
  assert.deepEqual(states, [401, 401, 401, 401, 401, 401, 401, 200, 200, 200]);
});

e2e('JO-18 the documented exchange of the identity key on two machines: each token is verified by the keys that each machine publishes', async (h) => {
  const machines = await twoMachines(h);
  const { nodes, url, folder } = machines;
  execFileSync('openssl', ['genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256', '-out', `${folder}/identity.new.pem`], { stdio: 'ignore' });
  chmodSync(`${folder}/identity.new.pem`, 0o600);
  const browser = machines.browse();
  await signIn(browser, url + '/');
  const look = async (node) => {
    machines.at(node);
    assert.equal((await browser.fetch(url + '/')).status, 200);
    const [token] = Upstream.folded(node.upstream.last, 'X-OAuth-Identity');
    return { kid: JSON.parse(Buffer.from(token.split('.')[0], 'base64url')).kid, published: (await browser.fetch(url + '/auth/oauth/jwks.json')).json().keys.map(({ kid }) => kid) };
  };
  const signers = new Set();
  let before = await Promise.all([await look(nodes[0]), await look(nodes[1])]);
  for (const [i, step] of documented('operations.md', 'Changing `oauth_identity_key`').entries()) {
    for (const node of nodes) {
      await node.apply(step);
      const now = [await look(nodes[0]), await look(nodes[1])];
      for (const one of now) {
        signers.add(one.kid);
        // Applications have had the time that the step names: what was published before it, or is now, on any machine.
        assert.ok([...before, ...now].some(({ published }) => published.includes(one.kid)), `step ${i + 1}`);
        assert.ok(i === 2 || now.every(({ published }) => i === 0 || published.includes(one.kid)), `step ${i + 1}, at both machines`);
      }
    }
    before = [await look(nodes[0]), await look(nodes[1])];
  }
  assert.equal(signers.size, 2);
  assert.deepEqual(before.map(({ published }) => published.length), [1, 1]);
});
