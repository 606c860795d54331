// SPDX-License-Identifier: MIT
// The userinfo answer, plain and signed: UI-01 to UI-07, CONF-025, CONF-027, CONF-033. Each refused one leaves no session, and the application saw nothing.
import assert from 'node:assert/strict';
import { Browser, signIn } from './lib/browser.mjs';
import { e2e, hasSession } from './lib/harness.mjs';
import { base64url, freshKey, keyFor, publicJwk } from './lib/jws.mjs';
import { assertAccepted, assertRefused } from './lib/refusals.mjs';

const codes = ['token_invalid', 'provider_error'];
const user = async (site, browser) => (await browser.fetch(site.origin + '/auth/oauth/userinfo')).json();

async function refuses(site, rows) {
  for (const [what, userinfo] of rows) {
    site.provider.userinfo = userinfo;
    await assertRefused(site, what, { codes, userinfo: 1 });
  }
}

e2e('UI-01 UI-03 UI-05 CONF-025 an answer about another user, or that is none, ends the sign-in', async (h) => {
  const site = await h.site();
  await refuses(site, [
    ['sub + invalid', { claims: (all) => ({ ...all, sub: all.sub + 'invalid' }) }], ['no sub', { claims: ({ sub, ...all }) => all }], ['sub a number', { claims: (all) => ({ ...all, sub: 1 }) }],
    ['array', { body: '[]' }], ['text', { body: '"alice-1"' }], ['null', { body: 'null' }], ['HTML', { type: 'text/html' }], ['no type', { type: false }],
    ['401', { status: 401 }], ['403', { status: 403 }], ['500', { status: 500 }],
  ]);
  site.provider.userinfo = {};
  await assertAccepted(site, 'the right one');
});

e2e('UI-02 claims of the protocol come from the ID token alone', async (h) => {
  const site = await h.site({ rules: 'oauth_allow acr=urn:mfa;' });
  site.provider.userinfo = { claims: (all) => ({ ...all, acr: 'urn:mfa', iss: 'https://evil.test', aud: 'other', exp: 1, nonce: 'x', sid: 'y' }) };
  assert.notEqual((await new Browser().navigate(site.origin + '/')).status, 200);
  assert.equal(site.upstream.requests.length, 0);
  site.provider.token = { claims: (all) => ({ ...all, acr: 'urn:mfa' }) };
  await assertAccepted(site, 'in the ID token');
});

e2e('CONF-033 aggregated and distributed claims are tolerated, not followed and no claims', async (h) => {
  const site = await h.site({ rules: 'oauth_allow claim.department=chess;' });
  const address = site.provider.origin + '/claims';
  const sources = { one: { JWT: 'eyJhbGciOiJub25lIn0.' + base64url('{"department":"chess"}') + '.' }, two: { endpoint: address, access_token: 'x' } };
  const claims = (all) => ({ ...all, _claim_names: { department: 'one', other: 'two' }, _claim_sources: sources });
  site.provider.userinfo = { claims };
  const browser = new Browser();
  assert.equal((await signIn(browser, site.origin + '/')).status, 403);
  assert.equal(site.upstream.requests.length, 0);
  assert.equal(site.provider.count('other'), 0, 'nothing is fetched');
  site.provider.userinfo = { claims: (all) => ({ ...claims(all), department: 'chess' }) };
  await assertAccepted(site, 'beside the real claim');
});

e2e('CONF-027 UI-07 a signed answer is verified, and its claims decide', async (h) => {
  const provider = await h.provider();
  provider.discovery.alter = (metadata) => ({ ...metadata, userinfo_signing_alg_values_supported: ['none', 'HS256', 'RS256', 'ES256'] });
  const site = await h.site({ provider, rules: 'oauth_allow email=*@example.org;' });
  for (const alg of ['RS256', 'ES256']) {
    provider.userinfo = { signed: true, alg };
    const { browser } = await assertAccepted(site, alg);
    assert.equal((await user(site, browser)).email, 'alice@example.org');
  }
  assert.ok(provider.requests.userinfo.every((request) => request.headers.accept === 'application/json, application/jwt'));
  const rotated = freshKey('rotated');
  provider.jwks.keys = (keys) => [...keys, publicJwk(rotated)];
  provider.userinfo = { signed: true, key: rotated };
  await assertAccepted(site, 'a new key, which is fetched');
});

const encrypted = [base64url('{"alg":"RSA-OAEP","enc":"A256GCM"}'), 'AAAA', 'AAAA', 'AAAA', 'AAAA'].join('.');
e2e('UI-04 CONF-027 a signed answer that is not right ends the sign-in', async (h) => {
  const provider = await h.provider();
  provider.discovery.alter = (metadata) => ({ ...metadata, userinfo_signing_alg_values_supported: ['none', 'HS256', 'RS256'] });
  const site = await h.site({ provider });
  const signed = (changes) => ({ signed: true, ...changes });
  const claims = (changes) => signed({ claims: (all) => ({ ...all, ...changes(all) }) });
  await refuses(site, [
    ['iss + 1', claims(({ iss }) => ({ iss: iss + '1' }))], ['no iss', claims(() => ({ iss: undefined }))], ['aud + 1', claims(({ aud }) => ({ aud: aud + '1' }))],
    ['no aud', claims(() => ({ aud: undefined }))], ['another audience', claims(({ aud }) => ({ aud: [aud, 'other'] }))], ['another sub', claims(({ sub }) => ({ sub: sub + 'x' }))],
    ['no sub', claims(() => ({ sub: undefined }))], ['expired', claims(() => ({ exp: 1 }))],
    ['unsigned', signed({ alg: 'none', key: {} })], ['signature cut off', signed({ jwt: (text) => text.replace(/[^.]+$/, '') })],
    ['signature of another', signed({ key: freshKey('rsa-1') })], ['HMAC with the public key', signed({ alg: 'HS256', key: keyFor('RS256').publicKey.export({ type: 'spki', format: 'pem' }) })],
    ['HMAC with the secret', signed({ alg: 'HS256', key: provider.clientSecret })], ['an algorithm that is not listed', signed({ alg: 'ES256' })],
    ['a JWT by the type of JSON', signed({ type: 'application/json' })], ['a JWT as text', signed({ type: 'text/plain' })], ['JSON by the type of a JWT', { type: 'application/jwt' }],
    ['a logout token', signed({ header: (all) => ({ ...all, typ: 'logout+jwt' }) })],
  ]);
  provider.userinfo = signed({ jwt: () => encrypted });
  const { lines } = await assertRefused(site, 'encrypted', { codes, userinfo: 1 });
  assert.ok(lines.some((line) => line.includes('userinfo endpoint: the token is encrypted (JWE), which is not supported: have the provider sign')), lines.join('\n'));
  provider.userinfo = signed({});
  const { browser } = await assertAccepted(site, 'the right one');
  assert.ok(hasSession(browser));
});

e2e('UI-05 the log has the words of a refusal that come in its challenge alone', async (h) => {
  const site = await h.site();
  site.provider.userinfo = { status: 403, body: '', type: false, headers: { 'WWW-Authenticate': 'Bearer realm="x", error="insufficient_scope", error_description="wants more", scope="profile"' } };
  await assertRefused(site, 'a challenge', { codes, userinfo: 1 });
  assert.match(site.nginx.log(), /userinfo endpoint: status 403, error insufficient_scope, "wants more" \(http:\S+\/userinfo\): the parameter scope lacks what this endpoint wants/);
});
