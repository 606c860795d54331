// SPDX-License-Identifier: MIT
// The identity token: every kind of key, from every source, verified by three independent implementations (JO-16, JO-17), several keys and their rotation over reloads (JO-18),
// audience, further claims, lifetime and reuse, and the keys that are refused (JO-12).
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { calculateJwkThumbprint, decodeJwt } from 'jose';
import { Browser, raw } from './lib/browser.mjs';
import { assertSignedIn, e2e, quoted, siteConfiguration } from './lib/harness.mjs';
import { configTest } from './lib/nginx.mjs';
import { until } from './lib/ports.mjs';
import { Upstream } from './lib/upstream.mjs';
import { headerOf, verifiers } from './lib/verifiers.mjs';

const SECRET = 'a shared secret; of 40 bytes, "quoted" \\';
const KINDS = { ES256: ['EC', '-pkeyopt', 'ec_paramgen_curve:P-256'], EdDSA: ['ED25519'], RS256: ['RSA', '-pkeyopt', 'rsa_keygen_bits:2048'] };

function makeKey(folder, kind, name = kind) {
  const file = path.join(folder, name + '.pem');
  execFileSync('openssl', ['genpkey', '-algorithm', ...(KINDS[kind] ?? kind), '-out', file], { stdio: ['ignore', 'ignore', 'pipe'] });
  return file;
}

const tokenOf = (site) => Upstream.folded(site.upstream.last, 'X-OAuth-Identity')[0];

async function newToken(site, target = '/') {
  assert.equal((await site.browser.fetch(site.origin + target)).status, 200, target);
  return tokenOf(site);
}

async function publishedKeys(site) {
  const response = await new Browser().fetch(site.origin + '/auth/oauth/jwks.json');
  assert.equal(response.status, 200);
  assert.match(response.headers['content-type'], /^application\/(jwk-set\+)?json/);
  assert.match(response.headers['cache-control'], /\bmax-age=[1-9]\d*/);
  assert.doesNotMatch(response.headers['cache-control'], /no-store|no-cache|private/);
  return response.json();
}

const MEMBERS = { EC: ['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y'], OKP: ['alg', 'crv', 'kid', 'kty', 'use', 'x'], RSA: ['alg', 'e', 'kid', 'kty', 'n', 'use'] };

function assertPublicOnly(jwks) {
  assert.deepEqual(Object.keys(jwks), ['keys']);
  jwks.keys.forEach((jwk) => assert.deepEqual(Object.keys(jwk).sort(), MEMBERS[jwk.kty], 'public members and nothing else'));
}

// All three say yes to the token and no to one whose payload, signature or key is another.
async function assertVerifies(site, folder, { token, jwks, alg, secret, audience = site.origin, kid }) {
  const header = headerOf(token);
  assert.deepEqual([header.alg, header.typ, Object.keys(header).sort()], [alg, 'JWT', ['alg', 'kid', 'typ']]);
  assert.ok(kid === undefined || header.kid === kid, header.kid);
  const [head, body, signature] = token.split('.');
  const other = Buffer.from(JSON.stringify({ ...decodeJwt(token), sub: 'test|root' })).toString('base64url');
  const altered = signature.slice(0, 8) + (signature[8] === 'A' ? 'B' : 'A') + signature.slice(9);
  for (const [name, verify] of Object.entries(verifiers)) {
    const asked = { jwks, secret, alg, issuer: site.origin, audience, folder };
    const claims = await verify({ ...asked, token });
    assert.equal(claims.sub, 'test|alice-1', name);
    await assert.rejects(async () => verify({ ...asked, token: [head, other, signature].join('.') }), name + ': another payload');
    await assert.rejects(async () => verify({ ...asked, token: [head, body, altered].join('.') }), name + ': another signature');
  }
}

const sources = {
  'ES256 by file': (folder) => ({ alg: 'ES256', source: 'file:' + makeKey(folder, 'ES256') }),
  'EdDSA by file, with a kid': (folder) => ({ alg: 'EdDSA', source: `file:${makeKey(folder, 'EdDSA')} kid=ed-2026`, kid: 'ed-2026' }),
  'RS256 by the environment': (folder) => ({ alg: 'RS256', source: 'env:IDENTITY_KEY', env: { IDENTITY_KEY: readFileSync(makeKey(folder, 'RS256'), 'utf8') } }),
  'ES256 as the value itself': (folder) => ({ alg: 'ES256', source: `"${readFileSync(makeKey(folder, 'ES256'), 'utf8')}" "kid=a kid with spaces and \\"quotes\\""`, kid: 'a kid with spaces and "quotes"' }),
  'ES256 in the older format of openssl ec': (folder) => {
    const file = path.join(folder, 'old.pem');
    execFileSync('openssl', ['ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', file], { stdio: 'ignore' });
    return { alg: 'ES256', source: 'file:' + file };
  },
  'HS256 as the value itself': () => ({ alg: 'HS256', source: quoted(SECRET), secret: SECRET }),
  'HS256 by file, whose last newline is none of it': (folder) => {
    writeFileSync(path.join(folder, 'secret'), SECRET + '\n');
    return { alg: 'HS256', source: `file:${folder}/secret kid=shared`, secret: SECRET, kid: 'shared' };
  },
  'HS256 by the environment': () => ({ alg: 'HS256', source: 'env:IDENTITY_SECRET', env: { IDENTITY_SECRET: SECRET }, secret: SECRET }),
  'the key made at the start': () => ({ alg: 'ES256' }),
};

for (const [what, make] of Object.entries(sources)) {
  e2e(`JO-16 JO-17 ${what}: jose, openssl and jwcrypto verify the identity`, async (h) => {
    const folder = h.folder();
    const { source, env, ...key } = make(folder);
    const site = await h.site({ env, server: source ? `oauth_identity_key ${source};` : '' });
    await assertSignedIn(site);
    const token = tokenOf(site);
    const jwks = await publishedKeys(site);
    assertPublicOnly(jwks);
    assert.equal(jwks.keys.length, key.secret ? 0 : 1, 'a shared secret is published nowhere');
    await assertVerifies(site, folder, { token, jwks, ...key });
    const claims = decodeJwt(token);
    assert.deepEqual(Object.keys(claims).sort(), ['aud', 'auth_time', 'email', 'email_verified', 'exp', 'groups', 'iat', 'iss', 'name', 'provider', 'sid', 'sub', 'user'], 'what is unknown is left out');
    assert.deepEqual([claims.iss, claims.aud, claims.exp - claims.iat], [site.origin, site.origin, 300]);
    const text = site.nginx.log() + (await new Browser().fetch(site.origin + '/auth/oauth/jwks.json')).text;
    assert.ok(!text.includes(SECRET) && !text.includes('PRIVATE'));
  });
}

e2e('the kid of a key is its thumbprint (RFC 7638), and the same after a restart', async (h) => {
  const folder = h.folder();
  const file = makeKey(folder, 'ES256');
  const kids = [];
  for (let i = 0; i < 2; i++) {
    const { keys: [key] } = await publishedKeys(await h.site({ server: `oauth_identity_key file:${file};` }));
    kids.push(key.kid);
    assert.equal(key.kid, await calculateJwkThumbprint(key));
  }
  assert.equal(kids[0], kids[1]);
});

e2e('JO-17 of several keys the first signs and all public ones are published, each with its own kid', async (h) => {
  const folder = h.folder();
  const lines = Object.keys(KINDS).map((kind) => `oauth_identity_key file:${makeKey(folder, kind)} kid=${kind};`);
  const site = await h.site({ http: `oauth_identity_key ${quoted(SECRET)};`, server: `${lines[1]} ${lines[0]} oauth_identity_key ${quoted(SECRET)} kid=shared; ${lines[2]}` });
  await assertSignedIn(site);
  const jwks = await publishedKeys(site);
  assertPublicOnly(jwks);
  assert.deepEqual(jwks.keys.map(({ kid, alg }) => [kid, alg]), [['EdDSA', 'EdDSA'], ['ES256', 'ES256'], ['RS256', 'RS256']], 'the level with keys of its own replaces the outer one');
  await assertVerifies(site, folder, { token: tokenOf(site), jwks, alg: 'EdDSA', kid: 'EdDSA' });
});

// Writes the configuration anew and reloads; sessions go on.
async function reloadWith(site, server) {
  site.server = server;
  site.nginx.write(site.configure());
  await site.nginx.reload();
}

async function reloadableSite(h, server) {
  const site = await h.site({ server });
  site.configure = () => siteConfiguration(site);
  return site;
}

e2e('JO-18 a key is exchanged over reloads, and no token is ever without its published key', async (h) => {
  const folder = h.folder();
  const key = { old: `oauth_identity_key file:${makeKey(folder, 'ES256', 'old')} kid=old;`, new: `oauth_identity_key file:${makeKey(folder, 'EdDSA', 'new')} kid=new;` };
  const site = await reloadableSite(h, key.old);
  await assertSignedIn(site);
  const alive = [];
  const steps = [[key.old, 'old', ['old']], [key.old + key.new, 'old', ['old', 'new']], [key.new + key.old, 'new', ['new', 'old']], [key.new, 'new', ['new']]];
  const verify = (token, jwks) => verifiers.jose({ token, jwks, alg: headerOf(token).alg, issuer: site.origin, audience: site.origin });
  for (const [server, signs, published] of steps) {
    const fetchedBefore = await publishedKeys(site);
    await reloadWith(site, server);
    const jwks = await publishedKeys(site);
    assertPublicOnly(jwks);
    assert.deepEqual(jwks.keys.map(({ kid }) => kid), published);
    const token = await newToken(site);
    assert.equal(headerOf(token).kid, signs, 'the new first key signs at once, also for sessions that exist');
    await verify(token, jwks);
    await verify(token, fetchedBefore); // an application that has not fetched them again since the step before
    alive.push(token);
    for (const earlier of alive.filter((each) => published.includes(headerOf(each).kid))) {
      await verify(earlier, jwks);
    }
  }
  assert.equal(alive.length, 4);
  assert.equal(site.provider.count('token'), 1, 'nobody had to sign in again');
});

e2e('a token is signed once for all workers and over a reload, and anew for other settings', async (h) => {
  const site = await h.site({ workers: 3, server: '' });
  site.configure = () => siteConfiguration(site);
  const tokens = async () => {
    const seen = new Set();
    for (let i = 0; i < 12; i++) {
      seen.add(await newToken(site)); // each by a connection of its own: whichever worker
    }
    return [...seen];
  };
  await assertSignedIn(site);
  const [first, ...others] = await tokens();
  assert.deepEqual(others, []);
  await reloadWith(site, '');
  assert.deepEqual(await tokens(), [first]);
  await reloadWith(site, 'oauth_identity_ttl 10m;');
  const [longer, ...more] = await tokens();
  assert.deepEqual(more, []);
  assert.notEqual(longer, first);
  await reloadWith(site, '');
  assert.deepEqual(await tokens(), [first]);
});

e2e('JO-18 the key made at the start stays over reloads', async (h) => {
  const site = await reloadableSite(h, '');
  await assertSignedIn(site);
  const [before, first] = [await publishedKeys(site), tokenOf(site)];
  await reloadWith(site, '');
  assert.deepEqual(await publishedKeys(site), before);
  await verifiers.jose({ token: first, jwks: await publishedKeys(site), alg: 'ES256', issuer: site.origin, audience: site.origin });
  assert.equal(headerOf(await newToken(site)).kid, before.keys[0].kid);
});

e2e('oauth_identity_audience: text, variables, by location, and no token for one audience at another', async (h) => {
  const folder = h.folder();
  const site = await h.site({ server: 'oauth_identity_audience outer;', locations: (s) => `
    location /text/ { oauth_identity_audience "urn:app one"; proxy_pass ${s.upstream.url}; }
    location /header/ { oauth_identity_audience $http_x_app; proxy_pass ${s.upstream.url}; }
    location /variable/ { oauth_identity_audience app-$arg_app; proxy_pass ${s.upstream.url}; }
    location /who/ { oauth_identity_audience "$oauth_provider/$oauth_sub/$host"; proxy_pass ${s.upstream.url}; }` });
  await assertSignedIn(site);
  const jwks = await publishedKeys(site);
  const seen = {};
  for (const [target, audience] of [['/', 'outer'], ['/text/', 'urn:app one'], ['/variable/?app=a', 'app-a'], ['/variable/?app=b', 'app-b'], ['/variable/?app=a', 'app-a'], ['/variable/', 'app-'], ['/who/', 'test/alice-1/127.0.0.1'],
    ['/variable/?app=\\x', 'app-\\x']]) {
    const token = await newToken(site, target);
    const { aud } = await verifiers.jose({ token, jwks, alg: 'ES256', issuer: site.origin, audience, folder });
    assert.equal(aud, audience, target);
    assert.ok(!(audience in seen) || seen[audience] === token, 'the same audience, the same token');
    seen[audience] = token;
  }
  await assert.rejects(verifiers.jose({ token: seen['app-a'], jwks, alg: 'ES256', issuer: site.origin, audience: 'app-b' }));
  // What is no UTF-8 cannot become JSON: no token with it, or one that says something else.
  site.upstream.requests.length = 0;
  await raw(site.port, Buffer.from(`GET /header/ HTTP/1.1\r\nHost: 127.0.0.1:${site.port}\r\nX-App: a\xff\x01b\r\nCookie: ${site.browser.jar.header(new URL(site.origin))}\r\nConnection: close\r\n\r\n`, 'latin1'));
  for (const entry of site.upstream.requests) {
    const [, payload] = Upstream.folded(entry, 'X-OAuth-Identity')[0].split('.');
    assert.ok(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(payload, 'base64url'))).aud.length > 0);
  }
  // More audiences than a session remembers: each still gets its own.
  for (let i = 0; i < 60; i++) {
    assert.equal(decodeJwt(await newToken(site, '/variable/?app=' + (i % 30))).aud, 'app-' + (i % 30));
  }
});

e2e('ID-13 oauth_identity_claims: by name, dotted path and JSON pointer, with their types, and none of our own is replaced', async (h) => {
  const names = ['department', 'address.country', 'level', 'active', 'tags', 'deep.er.still', 'missing.path', '/https:~1~1example.org~1roles', 'https://plain.test/x', '/dotted.name', 'nothing', 'sub', 'iss', 'aud', 'exp', 'iat', 'sid', 'provider', 'user',
    'email', 'email_verified', 'name', 'groups', 'auth_time', 'picture', 'department.x', 'tags.0', '/tags/1', 'odd"name'];
  const site = await h.site({ locations: (s) => `location /more/ { oauth_identity_claims ${names.map(quoted).join(' ')}; proxy_pass ${s.upstream.url}; }
    location /one/ { oauth_identity_claims department; oauth_identity_ttl 1m; proxy_pass ${s.upstream.url}; }` });
  Object.assign(site.provider.user, { department: 'research "&" more\u00e9', address: { country: 'CH', street: 'secret street' }, level: 3, active: false, tags: ['a', 'b,c'], deep: { er: { still: { x: [1, null] } } }, nothing: null,
    'https://example.org/roles': ['r1'], 'https://plain': { 'test/x': 'dotted' }, 'dotted.name': 'yes', 'odd"name': 'odd', iss: 'https://evil.test', exp: 1, sid: 'evil' });
  await assertSignedIn(site);
  const plain = decodeJwt(await newToken(site, '/'));
  const more = decodeJwt(await newToken(site, '/more/'));
  const extra = Object.fromEntries(Object.entries(more).filter(([name]) => !(name in plain)));
  assert.deepEqual(Object.fromEntries(Object.entries(more).filter(([name]) => name in plain && !['iat', 'exp'].includes(name))), Object.fromEntries(Object.entries(plain).filter(([name]) => !['iat', 'exp'].includes(name))), 'our own claims are ours');
  assert.ok(more.exp > Date.now() / 1000);
  const { 'https://plain.test/x': dotted, nothing, 'tags.0': zero, '/tags/1': one, ...rest } = extra;
  assert.deepEqual(rest, { department: 'research "&" more\u00e9', 'address.country': 'CH', level: 3, active: false, tags: ['a', 'b,c'], 'deep.er.still': { x: [1, null] }, '/https:~1~1example.org~1roles': ['r1'], '/dotted.name': 'yes',
    'odd"name': 'odd' });
  assert.ok(dotted === undefined || dotted === 'dotted');
  assert.ok(nothing === undefined || nothing === null);
  assert.ok([zero, 'a'].includes('a') && (one === undefined || one === 'b,c'));
  assert.ok(!JSON.stringify(more).includes('secret street'));
  const short = decodeJwt(await newToken(site, '/one/'));
  assert.deepEqual([short.department, short.level, short.exp - short.iat], ['research "&" more\u00e9', undefined, 60]);
});

e2e('oauth_identity_ttl: a token is used again for half of its life, and never outlives the session', async (h) => {
  const site = await h.site({ server: 'oauth_session_lifetime 30s;', locations: (s) => `location /short/ { oauth_identity_ttl 6s; proxy_pass ${s.upstream.url}; }` });
  await assertSignedIn(site);
  const long = decodeJwt(tokenOf(site));
  assert.ok(long.exp - long.iat <= 30 && long.exp - long.iat >= 28, 'the end of the session is the end of the token');
  const first = await newToken(site, '/short/');
  const { iat, exp } = decodeJwt(first);
  assert.equal(exp - iat, 6);
  let reused = 0;
  let second;
  await until(async () => {
    const asked = Date.now() / 1000;
    const token = await newToken(site, '/short/');
    const left = decodeJwt(token).exp - asked;
    assert.ok(left > 2.5, 'half is left, as exactly as clocks of seconds go: ' + left);
    reused += token === first ? 1 : 0;
    second = token === first ? undefined : token;
    return second;
  }, 'another token', 8000);
  assert.ok(reused >= 5, 'the first was used again');
  const gap = decodeJwt(second).iat - iat;
  assert.ok(gap >= 3 && gap <= 5, 'signed anew when half of the life was over: ' + gap);
});

const site = (key) => `oauth_provider test oidc { issuer https://id.example.org; client_id c; client_secret s; }
  server { listen 127.0.0.1:8080; oauth on; oauth_allow any;
    ${key}
    location / { return 204; } }`;

e2e('JO-12 keys that are no use are refused by nginx -t, with the line and without the secret', async (h) => {
  const folder = h.folder();
  const pem = (name, ...words) => { execFileSync('openssl', [...words, '-out', path.join(folder, name)], { stdio: 'ignore' }); return 'file:' + path.join(folder, name); };
  const good = 'file:' + makeKey(folder, 'ES256');
  writeFileSync(path.join(folder, 'empty'), '');
  writeFileSync(path.join(folder, 'short'), 'only-thirty-one-bytes-are-here!\n');
  const bad = {
    'a short secret': quoted('only-thirty-one-bytes-are-here!'), 'no secret': '""', 'a short file': `file:${folder}/short`, 'an empty file': `file:${folder}/empty`, 'no file': 'file:/nonexistent/key.pem', 'no variable': 'env:NOT_THERE',
    'EC P-384': pem('p384.pem', 'genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-384'), 'secp256k1': pem('k1.pem', 'genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:secp256k1'),
    'RSA of 1024 bits': pem('rsa1024.pem', 'genpkey', '-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:1024'), 'X25519': pem('x25519.pem', 'genpkey', '-algorithm', 'X25519'), 'Ed448': pem('ed448.pem', 'genpkey', '-algorithm', 'ED448'),
    'a public key': pem('public.pem', 'pkey', '-in', good.slice(5), '-pubout'), 'a passphrase': pem('encrypted.pem', 'pkey', '-in', good.slice(5), '-aes128', '-passout', 'pass:x'),
    'half a key': quoted(readFileSync(good.slice(5), 'utf8').slice(0, 120)), 'an empty kid': good + ' kid=', 'another option': good + ' alg=ES256', 'three words': good + ' kid=a kid=b',
  };
  for (const [what, source] of Object.entries(bad)) {
    const text = site(`oauth_identity_key ${source};`);
    const { code, stderr, lines } = configTest(text);
    assert.notEqual(code, 0, what);
    const message = stderr.split('\n').find((line) => line.includes('[emerg]'));
    const line = Number(/in \S+nginx\.conf:(\d+)/.exec(message)?.[1]);
    assert.ok(lines.slice(0, line).join('\n').includes('oauth_identity_key') && lines[line] !== undefined, `${what}: ${message}`);
    assert.match(message, /oauth_identity_key/, what);
    assert.ok(!stderr.includes('thirty-one') && !stderr.includes(readFileSync(good.slice(5), 'utf8').slice(40, 70)), what + ': ' + stderr);
  }
  for (const pair of [[good, good], [good + ' kid=a', quoted(SECRET) + ' kid=a']]) {
    const { code, stderr } = configTest(site(pair.map((source) => `oauth_identity_key ${source};`).join('\n')));
    assert.notEqual(code, 0, 'two keys of one kid');
    assert.match(stderr, /kid/);
  }
});
