// SPDX-License-Identifier: MIT
// The applications under examples/: each lets in whom nginx lets in, and nobody with a token that is missing, forged, for another, expired or of another key. Go runs where it is
// installed, and says so where it is not.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import crypto from 'node:crypto';
import { cpSync, existsSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Browser, signIn } from './lib/browser.mjs';
import { assertSignedIn, e2e } from './lib/harness.mjs';
import { sign } from './lib/jws.mjs';
import { canConnect, freePort, until } from './lib/ports.mjs';
import { Upstream } from './lib/upstream.mjs';

const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');

function findGo() {
  return [process.env.GO, '/usr/bin/go', '/usr/local/go/bin/go'].find((file) => file && existsSync(file));
}

// Each gives the command; the example is copied, so that nothing is written into the sources.
const examples = {
  node: (folder) => {
    cpSync(path.join(ROOT, 'examples/node'), path.join(folder, 'node'), { recursive: true });
    symlinkSync(path.join(ROOT, 't/node_modules'), path.join(folder, 'node/node_modules'));
    return [process.execPath, path.join(folder, 'node/app.mjs')];
  },
  python: () => ['/usr/bin/python3', path.join(ROOT, 'examples/python/app.py')],
  go: (folder) => {
    const go = findGo();
    if (!go) {
      return undefined;
    }
    cpSync(path.join(ROOT, 'examples/go'), path.join(folder, 'go'), { recursive: true });
    execFileSync(go, ['build', '-o', 'example', '.'], { cwd: path.join(folder, 'go'), env: { ...process.env, GOFLAGS: '-mod=mod', GOTOOLCHAIN: 'local', GOCACHE: path.join(folder, 'cache'), GOPATH: path.join(folder, 'path') } });
    return [path.join(folder, 'go/example')];
  },
};

async function startExample(h, command, site) {
  const child = spawn(command[0], command.slice(1), { env: { ...process.env, PORT: String(site.examplePort), BASE_URL: site.origin, PYTHONDONTWRITEBYTECODE: '1' }, stdio: ['ignore', 'ignore', 'pipe'] });
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text) => { errors += text; });
  const ended = new Promise((resolve) => { child.once('exit', resolve); child.once('error', resolve); });
  h.closers.push(() => { child.kill('SIGKILL'); return ended; });
  await until(async () => { assert.equal(child.exitCode, null, errors); return canConnect(site.examplePort); }, 'the example to listen');
  return { errors: () => errors };
}

for (const [name, prepare] of Object.entries(examples)) {
  e2e(`the example in ${name} knows whom nginx lets in, and believes nobody else`, async (h) => {
    const command = prepare(h.folder());
    if (!command) {
      console.log(`skipped: there is no ${name} on this machine`);
      return;
    }
    const examplePort = await freePort();
    const site = await h.site({ location: 'oauth_identity_ttl 2s;', locations: (s) => `
      location /example { proxy_pass http://127.0.0.1:${examplePort}; }
      location /open/ { oauth off; proxy_pass http://127.0.0.1:${examplePort}; }
      location /wrong/ { oauth_identity_audience other; proxy_pass http://127.0.0.1:${examplePort}; }` });
    site.examplePort = examplePort;
    const example = await startExample(h, command, site);
    await assertSignedIn(site);
    const short = Upstream.folded(site.upstream.last, 'X-OAuth-Identity')[0];
    const response = await signIn(site.browser, site.origin + '/example');
    assert.equal(response.status, 200, example.errors());
    assert.deepEqual([response.json().sub, response.json().email, response.json().iss], ['test|alice-1', 'alice@example.org', site.origin]);
    assert.equal((await new Browser().fetch(site.origin + '/example')).status, 401);
    assert.equal((await site.browser.fetch(site.origin + '/wrong/')).status, 401, 'a token for another application');
    assert.equal((await site.browser.fetch(site.origin + '/open/', { headers: { 'X-OAuth-Identity': short } })).status, 401, 'nginx removes what a client sends, even if it is genuine');

    const direct = (token) => new Browser().fetch(`http://127.0.0.1:${examplePort}/`, { headers: token === undefined ? {} : { 'X-OAuth-Identity': token } });
    const [head, body, signature] = short.split('.');
    const { kid } = JSON.parse(Buffer.from(head, 'base64url'));
    const claims = { ...JSON.parse(Buffer.from(body, 'base64url')), exp: Math.floor(Date.now() / 1000) + 3600 };
    const own = { ...crypto.generateKeyPairSync('ec', { namedCurve: 'P-256' }) };
    const jwks = (await new Browser().fetch(site.origin + '/auth/oauth/jwks.json')).json();
    const publicPem = crypto.createPublicKey({ key: jwks.keys[0], format: 'jwk' }).export({ type: 'spki', format: 'pem' });
    const forged = {
      missing: undefined, empty: '', text: 'alice', dots: '..', 'another payload': [head, Buffer.from(JSON.stringify(claims)).toString('base64url'), signature].join('.'), 'no signature': `${head}.${body}.`,
      none: sign({ header: { alg: 'none', kid, typ: 'JWT' }, payload: claims, alg: 'none' }), 'another key': sign({ header: { alg: 'ES256', kid, typ: 'JWT' }, payload: claims, alg: 'ES256', key: own }),
      'a key of its own': sign({ header: { alg: 'ES256', jwk: own.publicKey.export({ format: 'jwk' }), typ: 'JWT' }, payload: claims, alg: 'ES256', key: own }),
      'unknown kid': sign({ header: { alg: 'ES256', kid: 'other', typ: 'JWT' }, payload: claims, alg: 'ES256', key: own }),
      'the public key as a secret': sign({ header: { alg: 'HS256', kid, typ: 'JWT' }, payload: claims, alg: 'HS256', key: publicPem }), 'zero signature': `${head}.${body}.${Buffer.alloc(64).toString('base64url')}`, long: 'a'.repeat(7000),
    };
    for (const [what, token] of Object.entries(forged)) {
      assert.equal((await direct(token)).status, 401, what);
    }
    // It was good for two seconds; what clocks may differ is five at most.
    await until(async () => (await direct(short)).status === 401, 'the token to be expired', 9000);
    const long = await site.browser.fetch(site.origin + '/example');
    assert.equal(long.status, 200, 'and who is signed in goes on');
  });
}
