// SPDX-License-Identifier: MIT
// Discovery and key sets: MD-01 to MD-19. nginx keeps what it has fetched, so each row of a table has a provider of its own.
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import { Browser, signIn } from './lib/browser.mjs';
import { beginSignIn, e2e, hasSession } from './lib/harness.mjs';
import { base64url, freshKey, keyFor, publicJwk, sign } from './lib/jws.mjs';
import { until } from './lib/ports.mjs';
import { assertAccepted, assertCannotStart, assertRefused, siteForEach } from './lib/refusals.mjs';

e2e('MD-01 one slash at the end of the issuer is left out of the discovery address, and of nothing else', async (h) => {
  const sites = await siteForEach(h, ['/', '/tenant', '/tenant/', '/a/b/'], () => {}, { options: (path) => ({ path }) });
  for (const site of sites) {
    await assertAccepted(site, site.provider.issuer);
    assert.equal(site.provider.requests.discovery[0].url, site.row.replace(/\/$/, '') + '/.well-known/openid-configuration');
    assert.equal(site.provider.count('other'), 0);
  }
});

e2e('MD-02 metadata whose issuer differs in any byte is not used', async (h) => {
  const changes = [(iss) => iss + '/', (iss) => iss.replace('http', 'HTTP'), () => 'https://evil.test', () => undefined, (iss) => [iss], () => null, (iss) => iss + '?x', (iss) => iss + ' '];
  const sites = await siteForEach(h, changes, (provider, change) => {
    provider.discovery.alter = (metadata) => ({ ...metadata, issuer: change(metadata.issuer) });
  });
  for (const site of sites) {
    await assertCannotStart(site, String(site.row), 'provider_error');
    assert.equal(site.provider.count('authorize'), 0);
  }
});

e2e('MD-03 endpoints in the configuration need no discovery document', async (h) => {
  const provider = await h.provider();
  provider.discovery = { status: 404, body: 'no' };
  const base = provider.base;
  const site = await h.site({ provider, block: `authorization_endpoint ${base}/authorize; token_endpoint ${base}/token; userinfo_endpoint ${base}/userinfo; jwks_uri ${base}/jwks;` });
  await assertAccepted(site, 'explicit endpoints');
  provider.token = { claims: (claims) => ({ ...claims, iss: 'https://evil.test' }) };
  await assertRefused(site, 'the issuer is still compared');
});

e2e('MD-04 a provider that is not well does not keep nginx down, and is used again when it recovers', async (h) => {
  const rows = { 404: { status: 404 }, 500: { status: 500 }, HTML: { type: 'text/html', body: '<html>' }, empty: { body: '' }, truncated: { truncated: true }, array: { body: '[]' },
    'cut JSON': { body: '{"issuer":"' }, '5 MB': { huge: 5 << 20 }, gzip: { gzip: true }, closed: { close: true } };
  const sites = await siteForEach(h, Object.entries(rows), (provider, [, shape]) => { provider.discovery = shape; });
  for (const site of sites) {
    await assertCannotStart(site, site.row[0]);
  }
  for (const site of sites) {
    site.provider.discovery = {};
    await until(async () => (await new Browser().navigate(site.loginUrl, { follow: false })).status === 302, 'recovery after ' + site.row[0], 30000);
    await assertAccepted(site, site.row[0] + ', recovered');
  }
});

const badEndpoints = ['http://provider.example/x', 'javascript:alert(1)', 'file:///etc/passwd', '/relative', '//host/x', 'https://user:password@provider.example/x', 'https://provider.example/\r\nX: y',
  'https://provider.example:0/x', 'https://provider.example:65536/x', 'https:///x', '', 7];
const fields = ['authorization_endpoint', 'token_endpoint', 'userinfo_endpoint', 'jwks_uri'];

for (const field of fields) {
  e2e('MD-05 a bad ' + field + ' in the metadata is refused', async (h) => {
    const sites = await siteForEach(h, badEndpoints, (provider, value) => {
      provider.discovery.alter = (metadata) => ({ ...metadata, [field]: value });
    });
    for (const site of sites) {
      await assertCannotStart(site, field + ' ' + JSON.stringify(site.row), 'provider_error');
      assert.equal(site.provider.count('authorize'), 0);
    }
  });
}

const needless = ['introspection_endpoint', 'revocation_endpoint', 'pushed_authorization_request_endpoint', 'end_session_endpoint'];

e2e('MD-05 a bad endpoint that nothing needs is left out, with one log line', async (h) => {
  const rows = needless.flatMap((field) => ['http://provider.example/x', '/relative', '', 7].map((value) => [field, value]));
  const sites = await siteForEach(h, rows, (provider, [field, value]) => {
    provider.discovery.alter = (metadata) => ({ ...metadata, [field]: value });
  });
  for (const [i, site] of sites.entries()) {
    await assertAccepted(site, JSON.stringify(site.row));
    await assertAccepted(site, JSON.stringify(site.row) + ', again');
    const name = i === 0 ? 'test' : 'p' + i;
    const lines = site.nginx.log().split('\n').filter((line) => line.includes(`[warn]`) && line.includes(`provider "${name}": left out of its metadata: ${site.row[0]} `));
    assert.equal(lines.length, 1, JSON.stringify(site.row));
  }
});

for (const field of fields) {
  e2e('MD-05 what the block gives wins over a bad ' + field + ' in the metadata, and over one of another host', async (h) => {
    const paths = { authorization_endpoint: '/authorize', token_endpoint: '/token', userinfo_endpoint: '/userinfo', jwks_uri: '/jwks' };
    const evil = await h.provider();
    for (const value of ['http://provider.example/x', '', undefined, evil.base + paths[field]]) {
      const provider = await h.provider();
      provider.discovery.alter = (metadata) => ({ ...metadata, [field]: value });
      const site = await h.site({ provider, block: `${field} ${provider.base}${paths[field]};` });
      await assertAccepted(site, field + ' ' + value);
      assert.ok(provider.count('discovery') > 0, 'the rest comes from the metadata');
    }
    assert.equal(Object.values(evil.requests).flat().length, 0);
  });
}

e2e('MD-05 without userinfo its endpoint is not needed', async (h) => {
  const provider = await h.provider();
  provider.discovery.alter = (metadata) => ({ ...metadata, userinfo_endpoint: '/relative' });
  await assertAccepted(await h.site({ provider, block: 'userinfo off;' }), 'userinfo off');
});

e2e('MD-06 an endpoint may live on another host than the issuer', async (h) => {
  const [provider, other] = [await h.provider(), await h.provider()];
  provider.discovery.alter = (metadata) => ({ ...metadata, jwks_uri: other.base + '/jwks' });
  const site = await h.site({ provider });
  await assertAccepted(site, 'keys from another host');
  assert.equal(other.count('jwks'), 1);
});

e2e('MD-07 a sign-in ends at the endpoints where it began', async (h) => {
  const [provider, evil] = [await h.provider(), await h.provider()];
  const site = await h.site({ provider });
  const callback = await beginSignIn(site);
  provider.discovery.alter = (metadata) => ({ ...metadata, token_endpoint: evil.base + '/token', userinfo_endpoint: evil.base + '/userinfo' });
  await site.nginx.reload();
  await site.browser.navigate(callback, { follow: false });
  assert.equal(evil.count('token'), 0, 'the code stays with the old token endpoint');
  assert.equal(evil.count('userinfo'), 0, 'the access token stays with the old userinfo endpoint');
});

e2e('UI-06 members of metadata, keys and userinfo that are null are absent', async (h) => {
  const provider = await h.provider();
  provider.discovery.alter = (metadata) => ({ ...metadata, introspection_endpoint: null, end_session_endpoint: null, code_challenge_methods_supported: null, require_pushed_authorization_requests: null });
  provider.jwks.keys = (keys) => keys.map((key) => ({ ...key, use: null, key_ops: null, alg: null, issuer: null }));
  provider.userinfo.claims = (all) => ({ ...all, name: null, groups: null, error: null });
  await assertAccepted(await h.site({ provider }), 'null');
});

e2e('MD-08 metadata and keys that are known serve while the provider does not give them', async (h) => {
  const site = await h.site();
  await assertAccepted(site, 'well');
  site.provider.discovery = { status: 500 };
  site.provider.jwks = { status: 500 };
  await assertAccepted(site, 'discovery and keys fail');
});

e2e('MD-09 new keys are found at once, unknown ones do not cost the provider a request each', async (h) => {
  const site = await h.site();
  await assertAccepted(site, 'first keys');
  for (const kid of ['rotated-1', 'rotated-2']) {
    const key = freshKey(kid);
    site.provider.jwks.keys = () => [publicJwk(key)];
    site.provider.token = { key };
    await assertAccepted(site, kid);
  }
  assert.equal(site.provider.count('jwks'), 3);
  const before = site.provider.count('jwks');
  const stranger = freshKey('stranger');
  for (let i = 0; i < 30; i++) {
    site.provider.token = { key: stranger, header: (all) => ({ ...all, kid: 'unknown-' + i }) };
    await assertRefused(site, 'unknown kid ' + i);
  }
  const fetched = site.provider.count('jwks') - before;
  assert.ok(fetched >= 1 && fetched <= 15, fetched + ' fetches for 30 unknown kids');
});

e2e('MD-09 another key under the same kid is found at once, forged signatures do not cost the provider a request each', async (h) => {
  const site = await h.site();
  await assertAccepted(site, 'first keys');
  const replaced = freshKey('rsa-1');
  site.provider.jwks.keys = () => [publicJwk(replaced)];
  site.provider.token = { key: replaced };
  await assertAccepted(site, 'the same kid');
  assert.equal(site.provider.count('jwks'), 2);
  for (let i = 0; i < 20; i++) {
    site.provider.token = { key: replaced, corrupt: true };
    await assertRefused(site, 'forged ' + i);
  }
  const fetched = site.provider.count('jwks') - 2;
  assert.ok(fetched >= 1 && fetched <= 6, fetched + ' fetches for 20 forged signatures');
  site.provider.token = { key: replaced };
  await assertAccepted(site, 'meanwhile');
});

e2e('MD-10 when the keys cannot be fetched again, the token is refused', async (h) => {
  const site = await h.site();
  await assertAccepted(site, 'first keys');
  site.provider.jwks = { status: 500 };
  site.provider.token = { key: freshKey('new'), header: (all) => ({ ...all, kid: 'new' }) };
  await assertRefused(site, 'unknown kid', { codes: ['token_invalid', 'provider_error', 'provider_unreachable'] });
});

// A table of key sets: [what, keys => keys, switches of the token endpoint].
async function keySets(h, { accepted = [], refused = [] }) {
  const rows = [...accepted.map((row) => [...row, true]), ...refused.map((row) => [...row, false])].map(([what, keys, ...rest]) =>
    ({ what, keys, token: rest.length > 1 ? rest[0] : {}, good: rest.at(-1) }));
  const sites = await siteForEach(h, rows, (provider, { keys, token }) => {
    provider.jwks.keys = keys;
    provider.token = token;
  });
  for (const site of sites) {
    await (site.row.good ? assertAccepted(site, site.row.what) : assertRefused(site, site.row.what, { codes: ['token_invalid', 'provider_error'] }));
  }
}

const rsa = () => keyFor('RS256');
const ec = () => keyFor('ES256');

e2e('MD-11 keys that share a kid are told apart by type, and tried in turn', (h) => keySets(h, {
  accepted: [
    ['same kid, other type', (keys) => keys.map((key) => ({ ...key, kid: 'same' })), { header: (all) => ({ ...all, kid: 'same' }) }],
    ['same kid, same type', (keys) => [publicJwk(freshKey('rsa-1')), ...keys]],
    ['no kid at all', (keys) => keys.map(({ kid, ...key }) => key), { header: ({ kid, ...all }) => all }],
    ['types and curves nobody knows', (keys) => [{ kty: 'XYZ', kid: 'rsa-1' }, { kty: 'EC', crv: 'secp256k1', x: 'AA', y: 'AA', kid: 'k' }, {}, 7, null, ...keys]],
  ],
}));

const padded = (input, bytes) => {
  const info = Buffer.concat([Buffer.from('3031300d060960864801650304020105000420', 'hex'), crypto.createHash('sha256').update(input).digest()]);
  return Buffer.concat([Buffer.from([0, 1]), Buffer.alloc(bytes - info.length - 3, 0xff), Buffer.from([0]), info]);
};
// With e = 1 a signature is the padded hash itself: anybody can make it.
const forgedWithExponentOne = (text) => { const input = text.split('.').slice(0, 2).join('.'); return input + '.' + base64url(padded(input, 256)); };
const modulus = (change) => { const n = Buffer.from(publicJwk(rsa()).n, 'base64url'); return base64url(change(n) ?? n); };

e2e('MD-12 RSA keys that are weak, absurd or endless are not used', async (h) => {
  const weak = freshKey('rsa-1', 1024);
  await keySets(h, {
    accepted: [['weak ones beside a good one', (keys) => [publicJwk(weak), { ...publicJwk(rsa()), e: 'AQ' }, ...keys]]],
    refused: [
      ['1024 bits', () => [publicJwk(weak)], { key: weak }],
      ['e = 1', () => [{ ...publicJwk(rsa()), e: 'AQ' }], { idToken: forgedWithExponentOne }],
      ['e even', () => [{ ...publicJwk(rsa()), e: 'AQAA' }]],
      ['n even', () => [{ ...publicJwk(rsa()), n: modulus((n) => { n[n.length - 1] &= 0xfe; }) }]],
      ['n = 0', () => [{ ...publicJwk(rsa()), n: 'AA' }]],
      ['16 384 bits', () => [{ ...publicJwk(rsa()), n: modulus(() => { const n = crypto.randomBytes(2048); n[0] |= 0x80; n[2047] |= 1; return n; }) }]],
      ['n missing', () => { const { n, ...rest } = publicJwk(rsa()); return [rest]; }],
      ['n no base64url', () => [{ ...publicJwk(rsa()), n: '!!!' }]],
    ],
  });
});

e2e('MD-13 EC keys that are no point of their curve are not used', (h) => {
  const good = publicJwk(ec());
  const zero = base64url(Buffer.alloc(32));
  const token = { alg: 'ES256' };
  const p384 = { ...keyFor('ES384'), kid: 'p384' };
  return keySets(h, {
    accepted: [['the right key', () => [good], token]],
    refused: [
      ['not on the curve', () => [{ ...good, y: base64url(crypto.randomBytes(32)) }], token],
      ['infinity', () => [{ ...good, x: zero, y: zero }], { ...token, idToken: (text) => text.replace(/[^.]+$/, base64url(Buffer.alloc(64))) }],
      ['wrong curve for the algorithm', () => [publicJwk(p384)], { ...token, header: (all) => ({ ...all, kid: 'p384' }) }],
      ['coordinate short', () => [{ ...good, x: good.x.slice(0, 40) }], token],
      ['coordinate long', () => [{ ...good, x: good.x + 'AAAA' }], token],
      ['curve of another name', () => [{ ...good, crv: 'P-384' }], token],
      ['signature of zeros', () => [good], { ...token, idToken: (text) => text.replace(/[^.]+$/, base64url(Buffer.alloc(64))) }],
      ['DER signature', () => [good], { ...token, idToken: (text, { key }) => { const input = text.split('.').slice(0, 2).join('.'); return input + '.' + base64url(crypto.sign('sha256', Buffer.from(input), key.privateKey)); } }],
    ],
  });
});

e2e('MD-14 keys for encryption do not verify signatures', (h) => keySets(h, {
  refused: [
    ['use enc', () => [publicJwk(rsa(), { use: 'enc' })]],
    ['key_ops', () => { const { use, ...key } = publicJwk(rsa()); return [{ ...key, key_ops: ['encrypt'] }]; }],
    ['alg for encryption', () => [publicJwk(rsa(), { alg: 'RSA-OAEP' })]],
    ['alg of another signature', () => [publicJwk(rsa(), { alg: 'PS512' })]],
  ],
  accepted: [['key_ops verify', () => [publicJwk(rsa(), { key_ops: ['verify'] })]], ['alg that fits', () => [publicJwk(rsa(), { alg: 'RS256' })]]],
}));

e2e('MD-15 a symmetric key in a public set is ignored', async (h) => {
  const secret = crypto.randomBytes(32);
  const oct = { kty: 'oct', kid: 'oct', k: base64url(secret), use: 'sig', alg: 'HS256' };
  const provider = await h.provider();
  provider.discovery.alter = (metadata) => ({ ...metadata, id_token_signing_alg_values_supported: ['RS256', 'HS256'] });
  provider.jwks.keys = (keys) => [oct, ...keys];
  const site = await h.site({ provider });
  provider.token = { alg: 'HS256', key: secret, header: (all) => ({ ...all, kid: 'oct' }) };
  await assertRefused(site, 'HS256');
  provider.token = {};
  const response = await signIn(site.browser, site.origin + '/');
  assert.equal(response.status, 200);
  assert.ok(hasSession(site.browser));
});

e2e('MD-17 a set that shows the secret parts of a key is told of once, and its public part is used', async (h) => {
  const provider = await h.provider();
  const secret = { ...rsa().privateKey.export({ format: 'jwk' }), kid: 'rsa-1', use: 'sig' };
  provider.jwks.keys = ([, ...others]) => [secret, ...others];
  const site = await h.site({ provider });
  await assertAccepted(site, 'once');
  provider.token = { key: freshKey('new') };
  await assertRefused(site, 'the keys are fetched again');
  assert.equal(provider.count('jwks'), 2);
  const lines = site.nginx.log().split('\n').filter((line) => line.includes('shows the secret parts of keys'));
  assert.equal(lines.length, 1);
  assert.match(lines[0], /\[warn\].*provider "test": its key set at jwks_uri shows the secret parts of keys, so that anybody could sign as this provider: rsa-1\. Have the provider publish public keys, and new ones/);
  assert.ok(!site.nginx.log().includes(secret.d.slice(0, 20)));
});

e2e('MD-19 of ten thousand keys the first hundred are used, and the log says so', async (h) => {
  const filler = { kty: 'RSA', n: 'AQAB', e: 'AQAB' };
  const [first, last] = [await h.provider(), await h.provider()];
  first.jwks.keys = (keys) => [...keys, ...Array(10000).fill(filler)];
  await assertAccepted(await h.site({ provider: first }), 'the first');
  last.jwks.keys = (keys) => [...Array(10000).fill(filler), ...keys];
  const site = await h.site({ provider: last });
  await assertRefused(site, 'the last');
  assert.match(site.nginx.log(), /as far as its first 100 go, and it has 9903 more/);
});

// Nobody needs an account to send a token, or to begin a sign-in.
for (const [what, endpoint, breakIt] of [['keys', 'jwks', (provider, shape) => { provider.jwks = shape; }], ['metadata', 'discovery', (provider, shape) => { provider.discovery = shape; }]]) {
  e2e(`MD-09 ${what} that the provider does not give are asked for twenty times, then once a second, whoever comes, and at once when it is well`, async (h) => {
    const provider = await h.provider();
    breakIt(provider, { status: 500 });
    const site = await h.site({ provider, server: 'oauth_bearer on; oauth_bearer_audience api;' });
    const stranger = freshKey('stranger');
    const ask = async (kid) => {
      const token = sign({ header: { alg: 'RS256', typ: 'at+jwt', kid }, payload: { iss: provider.issuer, aud: 'api', sub: 'x' }, alg: 'RS256', key: stranger });
      return (await fetch(site.origin + '/', { headers: { Authorization: 'Bearer ' + token } })).status;
    };
    const began = Date.now();
    for (let i = 0; i < 100; i++) {
      assert.equal(await ask('k' + i), 502);
    }
    const seconds = Math.ceil((Date.now() - began) / 1000);
    assert.ok(provider.count(endpoint) >= 21 && provider.count(endpoint) <= 22 + seconds, `${provider.count(endpoint)} requests in ${seconds} s`);
    breakIt(provider, {});
    await until(async () => await ask('known') === 401, 'recovery', 5000);
    await assertAccepted(site, 'recovered');
  });
}
