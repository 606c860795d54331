// SPDX-License-Identifier: MIT
// Signed authorization responses (JARM): what is verified is what the parameters would have been, and nothing else is (PD-08, CONF-083).
import assert from 'node:assert/strict';
import { Browser, signIn } from './lib/browser.mjs';
import { assertError, assertSignedIn, beginSignIn, e2e, hasSession } from './lib/harness.mjs';
import { base64url, freshKey, keyFor } from './lib/jws.mjs';
import { configTest } from './lib/nginx.mjs';
import { OidcProvider } from './lib/oidc-provider.mjs';
import { freePort } from './lib/ports.mjs';
import { assertAccepted, assertRefused } from './lib/refusals.mjs';

const signed = (h, { jarm = {}, block = '', ...options } = {}) => h.site({ block: block, ...options }).then((site) => {
  site.provider.authorize.jarm = jarm;
  return site;
});
const without = (name) => ({ claims: ({ [name]: _, ...rest }) => rest });
const change = (changes) => ({ claims: (claims, { now }) => ({ ...claims, ...(typeof changes === 'function' ? changes(claims, now) : changes) }) });

e2e('PD-08 an answer that is signed signs in, whoever has asked for it', async (h) => {
  await assertSignedIn(await signed(h));
  const asked = await h.site({ block: 'response_mode query.jwt;' });
  await assertSignedIn(asked);
  assert.equal(asked.provider.requests.authorize[0].parameters.get('response_mode'), 'query.jwt');
  for (const secret of asked.provider.secrets) {
    assert.ok(!asked.nginx.log().includes(secret));
  }
});

e2e('PD-08 the algorithms are those of the metadata, else those of ID tokens', async (h) => {
  const site = await signed(h, { jarm: { alg: 'ES256' } });
  await assertAccepted(site, 'listed for ID tokens');
  const provider = await h.provider();
  provider.discovery.alter = (metadata) => ({ ...metadata, authorization_signing_alg_values_supported: ['PS256'] });
  const other = await h.site({ provider });
  provider.authorize.jarm = { alg: 'ES256' };
  const { lines } = await assertRefused(other, 'not listed', { target: other.origin + '/' });
  assert.match(lines.join('\n'), /its algorithm is not allowed: found "ES256", accepted: PS256/);
  provider.authorize.jarm = { alg: 'PS256' };
  await assertAccepted(other, 'listed');
});

const corrupt = (text) => text.slice(0, -2) + (text.at(-2) === 'A' ? 'B' : 'A') + text.at(-1);
const modules = [
  ['test-ensure-jarm-without-iss-fails', without('iss'), 'token_invalid', 502],
  ['test-ensure-jarm-with-invalid-iss-fails', change(({ iss }) => ({ iss: iss + '1' })), 'token_invalid', 502],
  ['test-ensure-jarm-without-aud-fails', without('aud'), 'token_invalid', 502],
  ['test-ensure-jarm-with-invalid-aud-fails', change(({ aud }) => ({ aud: aud + '1' })), 'token_invalid', 502],
  ['test-ensure-jarm-without-exp-fails', without('exp'), 'token_invalid', 502],
  ['test-ensure-jarm-with-expired-exp-fails', change((claims, now) => ({ exp: now - 61 })), 'token_invalid', 502],
  ['test-ensure-jarm-with-invalid-sig-fails', { jwt: corrupt }, 'token_invalid', 502],
  ['test-ensure-jarm-signature-algorithm-is-not-none', { header: () => ({ alg: 'none' }), jwt: (text) => text.replace(/\.[^.]*$/, '.') }, 'request_invalid', 400],
];
for (const [name, jarm, codes, status] of modules) {
  e2e('CONF-083 PD-08 ' + name, async (h) => {
    const site = await signed(h, { jarm });
    const tokens = site.provider.count('token');
    await assertRefused(site, name, { codes, status, target: site.origin + '/' });
    assert.equal(site.provider.count('token'), tokens, 'no code goes out');
  });
}

e2e('PD-08 other answers that are none', async (h) => {
  const site = await signed(h);
  const cases = [
    ['none, with a signature', { header: () => ({ alg: 'none' }) }, 'token_invalid', 502],
    ['the client secret', { alg: 'HS256', key: site.provider.clientSecret }, 'token_invalid', 502],
    ['a key of nobody\'s', { key: freshKey('rsa-1') }, 'token_invalid', 502],
    ['an access token\'s type', { header: (header) => ({ ...header, typ: 'at+jwt' }) }, 'token_invalid', 502],
    ['another audience beside ours', change(({ aud }) => ({ aud: [aud, 'other'] })), 'token_invalid', 502],
    ['not yet', change((claims, now) => ({ nbf: now + 600 })), 'token_invalid', 502],
    ['a week old', change((claims, now) => ({ iat: now - 7 * 86400 })), 'token_invalid', 502],
    ['a code that is no text', change({ code: 1 }), 'request_invalid', 400],
    ['no code', without('code'), 'request_invalid', 400],
    ['no state', without('state'), 'state_invalid', 400],
    ['another state', change({ state: 'x'.repeat(55) }), 'state_invalid', 400],
    ['an access token in it', change({ access_token: 'x' }), 'request_invalid', 400],
    ['encrypted', { jwt: () => ['{"alg":"RSA-OAEP","enc":"A256GCM"}', 'a', 'b', 'c', 'd'].map(base64url).join('.') }, 'request_invalid', 400, /encrypted, which is not supported/],
    ['a state beside it', { beside: { state: 'x' } }, 'request_invalid', 400],
    ['a code beside it', { beside: { code: 'x' } }, 'request_invalid', 400],
    ['an error beside it', { beside: { error: 'access_denied' } }, 'request_invalid', 400],
    ['no JWT', { jwt: () => 'x' }, 'request_invalid', 400],
    ['empty', { jwt: () => '' }, 'request_invalid', 400],
  ];
  for (const [what, jarm, codes, status, line = /./] of cases) {
    site.provider.authorize.jarm = jarm;
    const tokens = site.provider.count('token');
    const { lines } = await assertRefused(site, what, { codes, status, target: site.origin + '/' });
    assert.match(lines.join('\n'), line, what);
    assert.equal(site.provider.count('token'), tokens, what);
  }
  for (const secret of site.provider.secrets) {
    assert.ok(!site.nginx.log().includes(secret), 'nothing of an answer is in the log');
  }
});

e2e('PD-08 a repeated response, and unknown parameters beside one (CB-06, CB-22)', async (h) => {
  const site = await signed(h);
  const callback = await beginSignIn(site);
  const { search } = new URL(callback);
  assertError(await site.browser.navigate(callback + '&' + search.slice(1), { headers: { Accept: 'application/json' } }), 400, 'request_invalid');
  assert.equal((await site.browser.navigate(callback + '&session_state=x&hd=y')).status, 200);
});

e2e('PD-08 an error in a signed answer is told as a plain one', async (h) => {
  const site = await signed(h);
  site.provider.authorize.error = 'access_denied';
  await assertRefused(site, 'denied', { codes: 'access_denied', status: 403, target: site.origin + '/' });
});

e2e('PD-08 a plain answer is none where a signed one was asked for', async (h) => {
  const site = await h.site({ block: 'response_mode query.jwt;' });
  site.provider.authorize.jarm = false;
  await assertRefused(site, 'plain', { codes: 'request_invalid', status: 400, target: site.origin + '/' });
  site.provider.authorize.error = 'access_denied';
  const { lines } = await assertRefused(site, 'a plain error', { codes: 'request_invalid', status: 400, target: site.origin + '/' });
  assert.match(lines.join('\n'), /the answer is not signed, as response_mode query\.jwt asks for: it is an error, perhaps because the provider does not know that mode/);
});

e2e('PD-08 an answer of another browser has no keys fetched', async (h) => {
  const site = await signed(h);
  const callback = await beginSignIn(site);
  const keys = site.provider.count('jwks');
  const stranger = new Browser();
  assertError(await stranger.navigate(callback, { headers: { Accept: 'application/json' } }), 400, 'state_invalid');
  assert.equal(site.provider.count('jwks'), keys);
  assert.equal((await site.browser.navigate(callback)).status, 200, 'and it is not used up');
  const again = await site.browser.navigate(callback, { follow: false });
  assert.equal(again.status, 302, 'CB-03 used once');
  assert.equal(site.provider.count('token'), 1);
});

e2e('PD-08 keys that are rotated', async (h) => {
  const site = await signed(h);
  await assertSignedIn(site);
  const key = freshKey('rsa-2');
  site.provider.jwks.keys = (keys) => [...keys, { ...key.publicKey.export({ format: 'jwk' }), kid: 'rsa-2', use: 'sig' }];
  site.provider.authorize.jarm = { key };
  await assertSignedIn(site, { browser: new Browser() });
  assert.ok(keyFor('RS256').kid !== key.kid);
});

const BASE = 'https://app.example';

e2e('PD-08 nginx -t takes the signed modes of OpenID Connect alone', async () => {
  const block = (type, lines) => configTest(`oauth_provider p ${type} { client_id c; client_secret s3cr3t-of-the-test-3f; ${lines} }\nserver { listen 127.0.0.1:1; oauth on; oauth_allow any; }`);
  const oauth2 = 'authorization_endpoint https://a.example/a; token_endpoint https://a.example/t; userinfo_endpoint https://a.example/u;';
  assert.equal(block('oidc', 'issuer https://id.example.org; response_mode query.jwt;').code, 0);
  assert.match(block('oauth2', oauth2 + 'response_mode query.jwt;').stderr, /"response_mode".*"query\.jwt", accepted: query, form_post in/);
  const hmac = 'domain a.auth0.com; response_mode query.jwt; signing_algorithms HS256';
  assert.match(block('auth0', hmac + ';').stderr, /"response_mode query\.jwt" needs one of "signing_algorithms" that is not HS256/);
  assert.equal(block('auth0', hmac + ' RS256;').code, 0);
  const plain = configTest(`oauth_provider p oidc { client_id c; client_secret s3cr3t-of-the-test-3f; issuer https://id.example.org; response_mode form_post.jwt; }
    server { listen 127.0.0.1:1; oauth on; oauth_allow any; oauth_base_url http://app.example; }`);
  assert.match(plain.stderr, /"response_mode".*found the base URL "http:\/\/app\.example", accepted: an https base URL, or response_mode query\.jwt,/);
  assert.match(block('oidc', 'issuer https://id.example.org; response_mode jwt;').stderr, /"jwt", accepted: query, form_post, query\.jwt, form_post\.jwt/);
});

async function certified(h, { mode, features = {}, server = '', client = {}, base }) {
  const upstream = await h.upstream();
  const port = await freePort();
  const origin = 'http://127.0.0.1:' + port;
  const provider = await new OidcProvider({ features: { jwtResponseModes: { enabled: true }, ...features } }).start(await freePort(), [{ client_id: 'site', client_secret: 'a secret of the site',
    grant_types: ['authorization_code'], redirect_uris: [(base ?? origin) + '/auth/oauth/test/callback'], response_types: ['code'], ...client }]);
  h.closers.push(() => provider.stop());
  await h.nginx(port, `
    oauth_provider test oidc { issuer ${provider.issuer}; client_id site; client_secret "a secret of the site"; response_mode ${mode}; }
    server { listen 127.0.0.1:${port}; server_name app.example; oauth on; oauth_allow any; ${server} location / { proxy_pass ${upstream.url}; } }`);
  return { provider, origin, upstream, browser: new Browser() };
}

for (const alg of ['RS256', 'ES256']) {
  e2e('PD-08 the certified provider signs its answer: ' + alg, async (h) => {
    const site = await certified(h, { mode: 'query.jwt', client: { authorization_signed_response_alg: alg } });
    const response = await signIn(site.browser, site.origin + '/deep?x');
    assert.equal(response.status, 200, response.text.slice(0, 300));
    assert.ok(hasSession(site.browser));
    assert.equal(response.json().url, '/deep?x');
    assert.deepEqual(site.provider.errors, []);
  });
}

e2e('PD-08 the certified provider with a pushed request and a signed answer', async (h) => {
  const site = await certified(h, { mode: 'query.jwt', features: { pushedAuthorizationRequests: { enabled: true, requirePushedAuthorizationRequests: true } } });
  assert.equal((await signIn(site.browser, site.origin + '/')).status, 200);
});

e2e('PD-08 a signed answer by form_post', async (h) => {
  const site = await h.site({ block: 'response_mode form_post.jwt;', server: `oauth_base_url ${BASE}; server_name app.example;` });
  const headers = { Host: 'app.example', Accept: 'text/html', 'Sec-Fetch-Mode': 'navigate', 'Sec-Fetch-Dest': 'document' };
  const begun = await site.browser.request(site.origin + '/', { headers });
  const cookie = begun.headers['set-cookie'].map((line) => line.split(';')[0]).join('; ');
  const page = await site.browser.request(begun.headers.location);
  const value = /name="response" value="([^"]+)"/.exec(page.text)[1];
  const post = (extra) => site.browser.request(site.origin + '/auth/oauth/test/callback', { method: 'POST', body: new URLSearchParams({ response: value, ...extra }).toString(),
    headers: { ...headers, Cookie: cookie, 'Content-Type': 'application/x-www-form-urlencoded' } });
  assert.equal((await post({ state: 'x' })).status, 400);
  const done = await post({});
  assert.deepEqual([done.status, done.headers.location], [303, BASE + '/'], done.text.slice(0, 300));
});
