// SPDX-License-Identifier: MIT
// The traps that every provider has. They are set on one site, one after the other, with a valid sign-in before and after each.
import assert from 'node:assert/strict';
import { freshKey, keyFor, publicJwk } from '../jws.mjs';
import { refused, signedIn, untilCallback, visit } from './site.mjs';

const claims = (change) => ({ claims: (all, grant, facts) => ({ ...all, ...change(all, facts) }) });
const json = (value, status) => ({ status, body: JSON.stringify(value) });

const TOKEN_ENDPOINT = [
  ['400 JSON', json({ error: 'invalid_grant', error_description: 'AB1: no.\r\nTrace: x' }, 400), 'provider_error'],
  ['401', json({ error: 'invalid_client' }, 401), 'provider_error'],
  ['200 with an error', json({ error: 'bad_verification_code' }, 200), 'provider_error'],
  ['HTML 502', { status: 502, body: '<html><h1>Bad Gateway</h1></html>', type: 'text/html' }, 'provider_error'],
  ['HTML 200', { status: 200, body: '<html></html>', type: 'text/html' }, 'provider_error'],
  ['truncated', { truncated: true }, ['provider_unreachable', 'provider_error']],
  ['closed', { close: true }, 'provider_unreachable'],
  ['gzip that was not asked for', { gzip: true }, ['provider_unreachable', 'provider_error']],
];

const ID_TOKEN = [
  ['alg none', { header: (all) => ({ ...all, alg: 'none' }), alg: 'none', key: { kid: 'rsa-1' } }],
  ['HS256 with the public key', () => ({ alg: 'HS256', key: hmacKey(keyFor('RS256').publicKey.export({ type: 'spki', format: 'pem' })) })],
  ['HS256 with the client secret', (provider) => ({ alg: 'HS256', key: hmacKey(provider.clientSecret) })],
  ['signature', { corrupt: true }],
  ['issuer', claims(() => ({ iss: 'https://evil.test' }))],
  ['audience', claims(() => ({ aud: 'somebody-else' }))],
  ['two audiences with another azp', claims(({ aud }) => ({ aud: [[aud].flat()[0], 'other'], azp: 'other' }))],
  ['nonce', claims(() => ({ nonce: 'x'.repeat(43) }))],
  ['no nonce', claims(() => ({ nonce: undefined }))],
  ['expired', claims((_, { now }) => ({ exp: now - 300 }))],
  ['not yet valid', claims((_, { now }) => ({ nbf: now + 600 }))],
  ['at_hash', claims(() => ({ at_hash: 'AAAAAAAAAAAAAAAAAAAAAA' }))],
  ['unknown key', () => ({ key: freshKey('nobody-knows') })],
];

function hmacKey(text) {
  const key = Buffer.from(text);
  key.kid = 'rsa-1';
  return key;
}

// `site` needs `oauth_http_timeout 1s`. userinfo: its `sub` is compared with the ID token's. extraJwk: what this provider adds to each key. issuer: 'known',
// or 'unknown'. query: the answer comes in the query, where a parameter can be repeated.
export async function assertCommonTraps(site, { userinfo = true, extraJwk = () => ({}), ...callback } = {}) {
  const { provider } = site;
  const oidc = provider.mode === 'oidc';
  const clear = () => Object.assign(provider, { token: {}, authorize: {}, userinfo: {}, jwks: {}, violations: [] });
  await signedIn(site, 'before the traps');
  for (const [what, token, codes] of TOKEN_ENDPOINT) {
    provider.token = token;
    await refused(site, 'token endpoint: ' + what, { codes });
    clear();
  }
  provider.token = { hang: true };
  await refused(site, 'token endpoint: no answer', { status: 504, codes: 'provider_timeout' });
  clear();
  for (const [what, token] of [['chunked', { chunked: true }], ['slow', { wait: 200 }]]) {
    provider.token = token;
    await signedIn(site, 'token endpoint: ' + what);
    clear();
  }
  await assertCallbackTraps(site, clear, callback);
  if (oidc) {
    for (const [what, token] of ID_TOKEN) {
      provider.token = typeof token === 'function' ? token(provider) : token;
      await refused(site, 'ID token: ' + what, { codes: 'token_invalid' });
      clear();
    }
    await assertKeyTraps(site, clear, extraJwk);
  }
  if (oidc && userinfo) {
    provider.userinfo = { claims: (all) => ({ ...all, sub: 'somebody-else' }) };
    await refused(site, 'userinfo of another', { codes: ['token_invalid', 'provider_error'] });
    clear();
  }
  await signedIn(site, 'after the traps');
}

async function assertCallbackTraps(site, clear, { query = true, issuer = 'known' }) {
  const { provider } = site;
  const before = provider.count('token');
  provider.authorize = { error: 'server_error', state: 'missing' };
  await refused(site, 'an error without state', { status: 400, codes: 'state_invalid' });
  if (issuer !== 'unknown') {
    provider.authorize = { iss: 'https://evil.test' };
    await refused(site, 'iss of another', { status: 400, codes: 'request_invalid' });
  }
  if (query) {
    provider.authorize = { alter: (parameters) => { parameters.append('iss', provider.issuer); parameters.append('iss', provider.issuer); } };
    await refused(site, 'iss twice', { status: 400, codes: ['request_invalid', 'state_invalid'] });
    provider.authorize = { state: 'duplicate' };
    await refused(site, 'state twice', { status: 400, codes: ['request_invalid', 'state_invalid'] });
  }
  assert.equal(provider.count('token'), before, 'no code was redeemed');
  clear();
  const redeemed = provider.count('token');
  const browser = site.newBrowser();
  const callback = await untilCallback(site, browser);
  assert.ok([302, 303].includes((await visit(browser, callback)).status));
  assert.equal(provider.count('token'), redeemed + 1);
  const stranger = await visit(site.newBrowser(), callback);
  assert.deepEqual([stranger.status, stranger.json().error], [400, 'state_invalid'], 'the answer in another browser');
  assert.equal(provider.count('token'), redeemed + 1, 'a code is used once');
}

async function assertKeyTraps(site, clear, extraJwk) {
  const { provider } = site;
  const next = freshKey('rotated');
  provider.token = { key: next };
  provider.jwks = { keys: (keys) => [...keys, publicJwk(next, { alg: 'RS256', ...extraJwk() })] };
  await signedIn(site, 'a key that came by rotation');
  const [first, second] = [freshKey('twin'), freshKey('twin')];
  provider.token = { key: second };
  provider.jwks = { keys: (keys) => [...keys, publicJwk(first, extraJwk()), publicJwk(second, extraJwk())] };
  await signedIn(site, 'two keys with one kid');
  clear();
  provider.token = claims(({ aud }) => ({ aud: [[aud].flat()[0]], azp: [aud].flat()[0] }));
  await signedIn(site, 'aud as an array, with azp');
  clear();
}
