// SPDX-License-Identifier: MIT
// The certified provider with each way in which a client proves itself, and with DPoP: TK-04, TK-05, CONF-034, PD-04, PD-05.
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import { writeFileSync } from 'node:fs';
import https from 'node:https';
import path from 'node:path';
import { Browser, signIn } from './lib/browser.mjs';
import { makeCertificates } from './lib/certificates.mjs';
import { e2e } from './lib/harness.mjs';
import { OidcProvider } from './lib/oidc-provider.mjs';
import { freePort } from './lib/ports.mjs';
import { Upstream } from './lib/upstream.mjs';

const pushed = { pushedAuthorizationRequests: { enabled: true, requirePushedAuthorizationRequests: true } };
const withPushes = (all) => ({ ...all, features: { ...all.features, ...pushed } });

const SECRET = 'a secret of the site that has more than 32 bytes';

// `client`: its registration; `block`: of the provider; `configure`: of oidc-provider; `seen`: every push, token and userinfo request.
async function certified(h, { client, block, http = '', server = '', configure, onProvider = () => {} }) {
  const upstream = await h.upstream();
  const port = await freePort();
  const origin = 'http://127.0.0.1:' + port;
  const provider = new OidcProvider({ configure });
  await provider.start(await freePort(), [{ client_id: 'site', grant_types: ['authorization_code', 'refresh_token'], response_types: ['code'],
    redirect_uris: [origin + '/auth/oauth/test/callback'], post_logout_redirect_uris: [origin + '/auth/oauth/signed-out'], ...client }]);
  h.closers.push(() => provider.stop());
  const seen = [];
  provider.server.prependListener('request', (request) => {
    if (/^\/(token|me|request)$/.test(request.url)) {
      seen.push({ url: request.url, headers: request.headers });
    }
  });
  await onProvider(provider);
  const nginx = await h.nginx(port, `${http}
    oauth_provider test oidc { issuer ${provider.issuer}; client_id site; scope openid email profile groups; ${block} }
    server { listen 127.0.0.1:${port}; oauth on; oauth_allow email=*@example.org; oauth_refresh 1s; ${server} location / { proxy_pass ${upstream.url}; } }`);
  return { origin, port, provider, upstream, nginx, seen, browser: new Browser() };
}

// Alice signs in, and the application learns it.
async function assertAlice(site) {
  const response = await signIn(site.browser, site.origin + '/');
  assert.equal(response.status, 200, response.text.slice(0, 300) + site.nginx.log().split('\n').filter((line) => /\[(warn|error)\]/.test(line)).join('\n'));
  const [identity] = Upstream.folded(site.upstream.last, 'X-OAuth-Identity');
  const claims = JSON.parse(Buffer.from(identity.split('.')[1], 'base64url'));
  assert.equal(claims.email, 'alice@example.org');
  assert.equal(claims.sub, 'test|alice@example.org');
  assert.deepEqual(site.provider.errors, []);
}

// A check of the session: the refresh token, then userinfo.
async function assertRefreshed(site) {
  const before = site.seen.length;
  await new Promise((resolve) => setTimeout(resolve, 2100));
  assert.equal((await site.browser.navigate(site.origin + '/again', { follow: false })).status, 200, site.nginx.log().split('\n').slice(-8).join('\n'));
  assert.ok(site.seen.length > before, 'the provider was asked again');
  assert.doesNotMatch(site.nginx.log(), /could not be checked|has ended/);
}

function keyFile(h, type, options) {
  const pair = crypto.generateKeyPairSync(type, options);
  const file = path.join(h.folder(), 'client.pem');
  writeFileSync(file, pair.privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
  return { file, jwk: { ...pair.publicKey.export({ format: 'jwk' }), use: 'sig' } };
}

for (const [type, options, alg] of [['rsa', { modulusLength: 2048 }, 'RS256'], ['ec', { namedCurve: 'P-256' }, 'ES256'], ['ed25519', {}, 'EdDSA']]) {
  e2e(`TK-04 private_key_jwt with ${alg}, chosen by the metadata`, async (h) => {
    const key = keyFile(h, type, options);
    const site = await certified(h, {
      client: { token_endpoint_auth_method: 'private_key_jwt', jwks: { keys: [key.jwk] } },
      block: `client_key ${key.file};`,
      configure: (all) => ({ ...all, enabledJWA: { clientAuthSigningAlgValues: ['HS256', 'RS256', 'PS256', 'ES256', 'EdDSA'] } }),
    });
    await assertAlice(site);
    await assertRefreshed(site);
  });
}

e2e('TK-04 private_key_jwt with PS256, where the provider takes no RS256', async (h) => {
  const key = keyFile(h, 'rsa', { modulusLength: 2048 });
  const site = await certified(h, {
    client: { token_endpoint_auth_method: 'private_key_jwt', token_endpoint_auth_signing_alg: 'PS256', jwks: { keys: [key.jwk] } },
    block: `client_key ${key.file}; client_auth private_key_jwt;`,
    configure: (all) => ({ ...all, enabledJWA: { clientAuthSigningAlgValues: ['PS256', 'ES256'] } }),
  });
  await assertAlice(site);
});

e2e('TK-04 two keys at the provider, told apart by kid', async (h) => {
  const key = keyFile(h, 'ec', { namedCurve: 'P-256' });
  const other = keyFile(h, 'ec', { namedCurve: 'P-256' });
  const client = { token_endpoint_auth_method: 'private_key_jwt', token_endpoint_auth_signing_alg: 'ES256', jwks: { keys: [{ ...other.jwk, kid: 'old' }, { ...key.jwk, kid: 'new' }] } };
  const configure = (all) => ({ ...all, enabledJWA: { clientAuthSigningAlgValues: ['ES256'] } });
  await assertAlice(await certified(h, { client, configure, block: `client_key ${key.file} kid=new;` }));
  const wrong = await certified(h, { client, configure, block: `client_key ${key.file} kid=old;` });
  assert.equal((await signIn(wrong.browser, wrong.origin + '/')).status, 502);
  assert.match(wrong.nginx.log(), /by the kid old; client_auth is private_key_jwt, signed by ES256/);
});

e2e('TK-04 another key than the registered one is refused, and nobody is signed in', async (h) => {
  const site = await certified(h, {
    client: { token_endpoint_auth_method: 'private_key_jwt', jwks: { keys: [keyFile(h, 'rsa', { modulusLength: 2048 }).jwk] } },
    block: `client_key ${keyFile(h, 'rsa', { modulusLength: 2048 }).file};`,
  });
  assert.equal((await signIn(site.browser, site.origin + '/')).status, 502);
  assert.equal(site.upstream.requests.length, 0);
  assert.match(site.nginx.log(), /invalid_client.*client_id, client_key and client_auth must be as the provider has them, which needs the public key; client_auth is private_key_jwt, signed by RS256/);
  assert.doesNotMatch(site.nginx.log(), /eyJ/, 'no assertion in the log');
});

e2e('TK-05 client_secret_jwt', async (h) => {
  const site = await certified(h, {
    client: { token_endpoint_auth_method: 'client_secret_jwt', client_secret: SECRET },
    block: `client_secret "${SECRET}"; client_auth client_secret_jwt;`,
    configure: (all) => ({ ...all, clientAuthMethods: ['client_secret_basic', 'client_secret_jwt'] }),
  });
  await assertAlice(site);
  await assertRefreshed(site);
});

for (const [auth, pushes] of [['tls_client_auth', false], ['self_signed_tls_client_auth', false], ['tls_client_auth', true]]) {
  e2e(`CONF-034 ${auth}, at ${pushes ? 'endpoints, that of pushes among them,' : 'a token endpoint'} known by mtls_endpoint_aliases alone`, async (h) => {
    const server = makeCertificates(h.folder());
    const own = makeCertificates(h.folder());
    const tlsPort = await freePort();
    const origin = 'https://127.0.0.1:' + tlsPort;
    const shown = [];
    const isTheirs = (ctx) => ctx.req.socket.getPeerX509Certificate?.();
    const site = await certified(h, {
      client: auth === 'tls_client_auth'
        ? { token_endpoint_auth_method: auth, tls_client_auth_subject_dn: 'CN=test server' }
        : { token_endpoint_auth_method: auth, jwks: { keys: [{ ...crypto.createPublicKey(own.tls.cert).export({ format: 'jwk' }), use: 'sig',
          x5c: [own.tls.cert.replace(/-----[^-]+-----|\s/g, '')] }] } },
      http: `oauth_http_trusted_certificate ${server.caFile};`,
      block: `client_certificate ${own.certFile}; client_key ${own.keyFile};`,
      configure: (all) => ({ ...all, clientAuthMethods: ['client_secret_basic', auth],
        discovery: { token_endpoint: null, ...(pushes ? { pushed_authorization_request_endpoint: null } : {}),
          mtls_endpoint_aliases: { token_endpoint: origin + '/token', userinfo_endpoint: origin + '/me', pushed_authorization_request_endpoint: origin + '/request' } },
        features: { ...all.features, ...(pushes ? pushed : {}), mTLS: { enabled: true, tlsClientAuth: true, selfSignedTlsClientAuth: true, getCertificate: isTheirs,
          certificateAuthorized: (ctx) => ctx.req.socket.authorized, certificateSubjectMatches: (ctx, property, expected) => isTheirs(ctx).subject === expected } } }),
      onProvider: async (provider) => {
        const handle = provider.provider.callback();
        const listener = https.createServer({ ...server.tls, ca: own.ca, requestCert: true, rejectUnauthorized: false }, (request, response) => {
          shown.push([request.url, request.socket.getPeerX509Certificate()?.subject]);
          return handle(request, response);
        });
        await new Promise((resolve) => listener.listen(tlsPort, '127.0.0.1', resolve));
        h.closers.push(() => { listener.closeAllConnections(); return new Promise((resolve) => listener.close(resolve)); });
      },
    });
    await assertAlice(site);
    assert.deepEqual(shown, [...(pushes ? ['/request'] : []), '/token', '/me'].map((url) => [url, 'CN=test server']));
    assert.deepEqual(site.seen, [], 'nothing goes to the endpoints without a certificate');
  });
}

const dpop = (all) => ({ ...all, features: { ...all.features, dPoP: { enabled: true, nonceSecret: crypto.randomBytes(32), requireNonce: () => true } } });

const proofOf = (request) => {
  const [header, claims] = request.headers.dpop.split('.').slice(0, 2).map((part) => JSON.parse(Buffer.from(part, 'base64url')));
  return { ...header, ...claims };
};

e2e('PD-05 DPoP with a nonce that every request needs, at sign-in and at each check, over a reload', async (h) => {
  const site = await certified(h, {
    client: { client_secret: SECRET, token_endpoint_auth_method: 'client_secret_basic', dpop_bound_access_tokens: true },
    block: `client_secret "${SECRET}"; dpop on;`,
    configure: dpop,
  });
  await assertAlice(site);
  const proofs = site.seen.map(proofOf);
  assert.deepEqual(proofs.map((proof) => [proof.htm, new URL(proof.htu).pathname, 'nonce' in proof, 'ath' in proof]),
    [['POST', '/token', false, false], ['POST', '/token', true, false], ['GET', '/me', true, true]], 'PD-04, one retry');
  assert.equal(new Set(proofs.map((proof) => proof.jti)).size, 3);
  assert.equal(new Set(proofs.map((proof) => JSON.stringify(proof.jwk))).size, 1);
  assert.match(site.seen[2].headers.authorization, /^DPoP /);
  await site.nginx.reload();
  await assertRefreshed(site);
  assert.equal(new Set(site.seen.map((request) => JSON.stringify(proofOf(request).jwk))).size, 1, 'the same key after a reload');
  assert.doesNotMatch(site.nginx.log(), /eyJ/, 'no proof in the log');
});

// The provider remembers the jti of each assertion, and takes none twice.
e2e('PD-05 the request with a nonce has an assertion of its own', async (h) => {
  const key = keyFile(h, 'ec', { namedCurve: 'P-256' });
  const site = await certified(h, {
    client: { token_endpoint_auth_method: 'private_key_jwt', token_endpoint_auth_signing_alg: 'ES256', jwks: { keys: [key.jwk] }, dpop_bound_access_tokens: true },
    block: `client_key ${key.file}; dpop on;`,
    configure: (all) => ({ ...dpop(all), enabledJWA: { clientAuthSigningAlgValues: ['ES256'] } }),
  });
  await assertAlice(site);
  assert.deepEqual(site.seen.map((request) => request.url), ['/token', '/token', '/me']);
});

e2e('PD-04 the key outlives a restart, as sessions do: a public client\'s refresh token is good with it alone', async (h) => {
  const site = await certified(h, {
    client: { token_endpoint_auth_method: 'none', dpop_bound_access_tokens: true },
    block: 'client_auth none; dpop on;',
    server: `oauth_session_key ${crypto.randomBytes(32).toString('base64')};`,
    configure: dpop,
  });
  await assertAlice(site);
  await site.nginx.stop();
  site.nginx.exit = undefined;
  await site.nginx.start(site.port);
  await assertRefreshed(site);
  assert.equal(new Set(site.seen.map((request) => JSON.stringify(proofOf(request).jwk))).size, 1);
});

// RFC 9449 10.1: the code is bound to the key by the proof of the push.
e2e('CONF-070 PD-05 a push is proved, with a nonce that every request needs', async (h) => {
  const key = keyFile(h, 'ec', { namedCurve: 'P-256' });
  const site = await certified(h, {
    client: { token_endpoint_auth_method: 'private_key_jwt', token_endpoint_auth_signing_alg: 'ES256', jwks: { keys: [key.jwk] }, dpop_bound_access_tokens: true },
    block: `client_key ${key.file}; dpop on;`,
    configure: (all) => withPushes({ ...dpop(all), enabledJWA: { clientAuthSigningAlgValues: ['ES256'] } }),
  });
  let bound;
  site.provider.provider.on('authorization_code.saved', (code) => { bound = code.dpopJkt; });
  await assertAlice(site);
  assert.deepEqual(site.seen.map((request) => [request.url, 'nonce' in proofOf(request)]), [['/request', false], ['/request', true], ['/token', true], ['/me', true]]);
  const { kty, crv, x, y } = proofOf(site.seen[0]).jwk;
  assert.equal(bound, crypto.createHash('sha256').update(JSON.stringify({ crv, kty, x, y })).digest('base64url'), 'the code is bound to the key');
  assert.doesNotMatch(site.nginx.log(), /eyJ/, 'neither proof nor assertion in the log');
});

const methods = {
  client_secret_basic: () => [{ client_secret: SECRET }, `client_secret "${SECRET}";`],
  client_secret_post: () => [{ client_secret: SECRET }, `client_secret "${SECRET}";`],
  client_secret_jwt: () => [{ client_secret: SECRET }, `client_secret "${SECRET}"; client_auth client_secret_jwt;`],
  none: () => [{}, 'client_auth none;'],
  private_key_jwt: (h) => {
    const key = keyFile(h, 'ed25519', {});
    return [{ token_endpoint_auth_signing_alg: 'EdDSA', jwks: { keys: [key.jwk] } }, `client_key ${key.file};`];
  },
};
for (const [method, make] of Object.entries(methods)) {
  e2e(`PD-02 a client that pushes authenticates itself by ${method}`, async (h) => {
    const [client, block] = make(h);
    const site = await certified(h, { client: { token_endpoint_auth_method: method, ...client }, block,
      configure: (all) => withPushes({ ...all, clientAuthMethods: [method], enabledJWA: { clientAuthSigningAlgValues: ['EdDSA', 'HS256'] } }) });
    await assertAlice(site);
    assert.deepEqual(site.seen.map((request) => request.url), ['/request', '/token', '/me']);
  });
}

e2e('PD-07 a client that is registered for DPoP, and is configured without', async (h) => {
  const site = await certified(h, {
    client: { client_secret: SECRET, token_endpoint_auth_method: 'client_secret_basic', dpop_bound_access_tokens: true },
    block: `client_secret "${SECRET}";`,
    configure: (all) => ({ ...all, features: { ...all.features, dPoP: { enabled: true } } }),
  });
  assert.equal((await signIn(site.browser, site.origin + '/')).status, 502);
  assert.equal(site.upstream.requests.length, 0);
});
