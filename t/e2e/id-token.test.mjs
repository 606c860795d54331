// SPDX-License-Identifier: MIT
// The ID token, case by case: IDT-01 to IDT-26. Each refused one leaves no session, is 502 token_invalid, and is not followed by a userinfo request.
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import { Browser } from './lib/browser.mjs';
import { assertError, beginSignIn, e2e, hasSession } from './lib/harness.mjs';
import { base64url, freshKey, halfHash, keyFor, publicJwk, sign } from './lib/jws.mjs';
import { assertAccepted, assertRefused } from './lib/refusals.mjs';

const claims = (changes) => ({ claims: (all, grant, facts) => ({ ...all, ...(typeof changes === 'function' ? changes(all, facts, grant) : changes) }) });
const without = (name) => ({ claims: (all) => { delete all[name]; } });
const header = (changes) => ({ header: (all) => ({ ...all, ...changes }) });

// `refused` and `accepted` are tables of [what, switches of the token endpoint].
function table(name, { refused = [], accepted = [], codes = 'token_invalid', site: options = {}, prepare = () => {} }) {
  e2e(name, async (h) => {
    const site = await h.site(options);
    prepare(site);
    for (const [what, token] of refused) {
      site.provider.token = typeof token === 'function' ? token(site) : token;
      await assertRefused(site, what, { codes });
    }
    for (const [what, token] of [['the right token', {}], ...accepted]) {
      site.provider.token = typeof token === 'function' ? token(site) : token;
      await assertAccepted(site, what);
    }
  });
}

table('IDT-01 the issuer is compared byte for byte', {
  refused: [
    ['prefix', claims(({ iss }) => ({ iss: iss.slice(0, -1) }))],
    ['suffix', claims(({ iss }) => ({ iss: iss + '.evil.test' }))],
    ['trailing slash', claims(({ iss }) => ({ iss: iss + '/' }))],
    ['case', claims(({ iss }) => ({ iss: iss.replace('http', 'HTTP') }))],
    ['full-width digit', claims(({ iss }) => ({ iss: iss.replace('1', '\uff11') }))],
    ['embedded NUL', claims(({ iss }) => ({ iss: iss + '\u0000' }))],
    ['array', claims(({ iss }) => ({ iss: [iss] }))],
    ['missing', without('iss')],
  ],
});

table('IDT-02 an audience of ours alone, as a string or an array of one', {
  accepted: [['array of one', claims(({ aud }) => ({ aud: [aud] }))], ['azp is ours', claims(({ aud }) => ({ azp: aud }))]],
});

table('IDT-03 a second audience is refused, with and without azp', {
  refused: [
    ['last', claims(({ aud }) => ({ aud: [aud, 'other'] }))],
    ['first', claims(({ aud }) => ({ aud: ['other', aud] }))],
    ['with azp', claims(({ aud }) => ({ aud: [aud, 'other'], azp: aud }))],
  ],
});

table('IDT-02 further audiences that trusted_audiences names; azp is still ours', {
  site: { block: 'trusted_audiences project-1 https://identity.example/;' },
  refused: [
    ['a third one', claims(({ aud }) => ({ aud: [aud, 'project-1', 'other'] }))], ['without us', claims({ aud: ['project-1'] })], ['alone', claims({ aud: 'project-1' })],
    ['azp of another', claims(({ aud }) => ({ aud: [aud, 'project-1'], azp: 'project-1' }))],
  ],
  accepted: [
    ['Zitadel', claims(({ aud }) => ({ aud: [aud, 'project-1'], azp: aud }))], ['Oracle', claims(({ aud }) => ({ aud: ['https://identity.example/', aud] }))],
    ['all', claims(({ aud }) => ({ aud: ['project-1', 'https://identity.example/', aud] }))],
  ],
});

table('IDT-04 an audience of another type is refused', {
  refused: [
    ['number', claims({ aud: 1 })], ['object', claims(({ aud }) => ({ aud: { [aud]: true } }))], ['empty array', claims({ aud: [] })],
    ['null in an array', claims(({ aud }) => ({ aud: [aud, null] }))], ['only null', claims({ aud: [null] })], ['null', claims({ aud: null })],
    ['true', claims({ aud: true })], ['nested', claims(({ aud }) => ({ aud: [[aud]] }))], ['missing', without('aud')],
  ],
});

table('IDT-05 azp of another client is refused', {
  refused: [['other', claims({ azp: 'other' })], ['number', claims({ azp: 7 })]],
});

table('IDT-06 exp with one minute of tolerance', {
  refused: [
    ['61 s ago', claims((_, { now }) => ({ exp: now - 61 }))], ['missing', without('exp')], ['string', claims(({ exp }) => ({ exp: String(exp) }))],
    ['negative', claims({ exp: -1 })], ['-1e300', claims({ exp: -1e300 })], ['null', claims({ exp: null })], ['zero', claims({ exp: 0 })],
  ],
  accepted: [
    ['30 s ago', claims((_, { now }) => ({ exp: now - 30 }))], ['float', claims(({ exp }) => ({ exp: exp + 0.5 }))],
    ['1e300', { payload: (all) => JSON.stringify(all).replace(/"exp":\d+/, '"exp":1e300') }],
  ],
});

table('IDT-07 iat must be there, not in the future and not long ago', {
  refused: [
    ['missing', without('iat')], ['in an hour', claims(({ iat }) => ({ iat: iat + 3600 }))], ['a week ago', claims(({ iat }) => ({ iat: iat - 604800 }))],
    ['string', claims(({ iat }) => ({ iat: String(iat) }))],
  ],
  accepted: [['in 30 s', claims(({ iat }) => ({ iat: iat + 30 }))]],
});

table('IDT-08 nbf in the future is refused', {
  refused: [['in ten minutes', claims(({ iat }) => ({ nbf: iat + 600 }))], ['string', claims(({ iat }) => ({ nbf: String(iat) }))]],
  accepted: [['a minute ago', claims(({ iat }) => ({ nbf: iat - 60 }))]],
});

e2e('IDT-09 the nonce is that of this very sign-in', async (h) => {
  const site = await h.site();
  await beginSignIn(site, { browser: new Browser() });
  const other = site.provider.lastGrant.nonce;
  for (const [what, token] of [['missing', without('nonce')], ['empty', claims({ nonce: '' })], ['wrong', claims(({ nonce }) => ({ nonce: nonce + 'x' }))],
    ['array', claims(({ nonce }) => ({ nonce: [nonce] }))], ['of another sign-in', claims({ nonce: other })]]) {
    site.provider.token = token;
    await assertRefused(site, what);
  }
});

e2e('IDT-10 the subject is a text of 1 to 255 characters', async (h) => {
  const site = await h.site();
  const cases = [['missing', without('sub')], ['empty', claims({ sub: '' })], ['number', claims({ sub: 7 })], ['256 characters', claims({ sub: 'a'.repeat(256) })],
    ['newline', claims({ sub: 'alice\n' })], ['NUL', claims({ sub: 'alice\u0000' })], ['DEL', claims({ sub: 'alice\u007f' })], ['null', claims({ sub: null })]];
  for (const [what, token] of cases) {
    site.provider.token = token;
    await assertRefused(site, what);
  }
  site.provider.token = {};
  site.provider.user.sub = 'a'.repeat(255);
  await assertAccepted(site, '255 characters');
});

const unsigned = ['none', 'None', 'nOnE', 'NONE', ''].map((alg) => [`alg "${alg}"`, { alg: 'none', header: () => ({ alg, typ: 'JWT' }) }]);
table('IDT-11 an unsigned token is refused, however alg is spelled', {
  refused: [
    ...unsigned,
    ['alg missing', { alg: 'RS256', header: (all) => { delete all.alg; } }],
    ['alg none over a right signature', { alg: 'RS256', header: (all) => ({ ...all, alg: 'none' }) }],
    ['alg a number', { alg: 'RS256', header: (all) => ({ ...all, alg: 256 }) }],
    ['signature cut off', { idToken: (text) => text.replace(/[^.]+$/, '') }],
    ['signature altered', { corrupt: true }],
    ['payload altered', { idToken: (text) => { const [a, b, c] = text.split('.'); return [a, base64url(JSON.stringify({ ...JSON.parse(Buffer.from(b, 'base64url')), sub: 'mallory' })), c].join('.'); } }],
  ],
});

const rsaPublic = () => keyFor('RS256').publicKey;
const asHmacKey = {
  'PEM': () => rsaPublic().export({ type: 'spki', format: 'pem' }),
  'PEM without the last newline': () => rsaPublic().export({ type: 'spki', format: 'pem' }).trimEnd(),
  'PKCS#1 PEM': () => rsaPublic().export({ type: 'pkcs1', format: 'pem' }),
  'DER': () => rsaPublic().export({ type: 'spki', format: 'der' }),
  'JWK': () => JSON.stringify(publicJwk(keyFor('RS256'))),
  'modulus': () => Buffer.from(publicJwk(keyFor('RS256')).n, 'base64url'),
};
table('IDT-12 a public key is not an HMAC key', {
  refused: [
    ...Object.entries(asHmacKey).map(([what, key]) => [what, () => ({ alg: 'HS256', key: key(), header: (all) => ({ ...all, kid: 'rsa-1' }) })]),
    ['empty key', { alg: 'HS256', key: '', header: (all) => ({ alg: all.alg }) }],
    ['the client secret', (site) => ({ alg: 'HS256', key: site.provider.clientSecret })],
  ],
});

table('IDT-13 an algorithm that the provider does not list is refused', {
  refused: [['RS384', { alg: 'RS384' }], ['PS512', { alg: 'PS512' }], ['ES384', { alg: 'ES384' }], ['RS256 over an EC key', { header: (all) => ({ ...all, kid: 'ec-P-256' }) }]],
  accepted: [['PS256', { alg: 'PS256' }], ['ES256', { alg: 'ES256' }], ['EdDSA', { alg: 'EdDSA' }]],
});

table('IDT-13 Ed25519 is EdDSA by its newer name (RFC 9864)', {
  site: { block: 'signing_algorithms Ed25519;' },
  prepare: (site) => { site.provider.alg = 'EdDSA'; },
  refused: [['RS256', { alg: 'RS256' }]],
  accepted: [['the newer name', header({ alg: 'Ed25519' })], ['the older name', {}]],
});

table('IDT-13 signing_algorithms narrows what is accepted', {
  site: { block: 'signing_algorithms ES256;' },
  prepare: (site) => { site.provider.alg = 'ES256'; },
  refused: [['RS256', { alg: 'RS256' }]],
});

e2e('IDT-14 keys and addresses in the header are ignored, and nothing is fetched from there', async (h) => {
  const site = await h.site();
  const evil = freshKey('evil');
  const address = site.provider.origin + '/evil';
  const extras = { jwk: publicJwk(evil), jku: address, x5u: address, x5c: [evil.publicKey.export({ type: 'spki', format: 'der' }).toString('base64')] };
  for (const [name, value] of Object.entries(extras)) {
    for (const kid of ['evil', 'rsa-1', undefined]) {
      site.provider.token = { key: evil, header: (all) => ({ ...all, kid, [name]: value }) };
      await assertRefused(site, name + ' with kid ' + kid);
    }
  }
  site.provider.token = header({ jwk: extras.jwk, jku: address });
  await assertAccepted(site, 'the right signature, whatever else the header says');
  assert.equal(site.provider.count('other'), 0);
});

table('IDT-15 critical extensions are refused', {
  refused: [
    ['exp', header({ crit: ['exp'], exp: 1 })], ['b64', header({ crit: ['b64'], b64: false })], ['empty', header({ crit: [] })],
    ['unknown', header({ crit: ['x'], x: 1 })], ['no array', header({ crit: 'exp' })], ['b64 alone', header({ b64: false })],
  ],
});

// Absent, so what is required is missing, and what is optional is not looked at.
table('UI-06 a member that is null is absent', {
  refused: ['iss', 'aud', 'exp', 'iat', 'nonce', 'sub'].map((name) => [name, claims({ [name]: null })]),
  accepted: [...['azp', 'nbf', 'auth_time', 'at_hash', 'token_use', 'email'].map((name) => [name, claims({ [name]: null })]),
    ['header', header({ kid: null, typ: null, crit: null })]],
});

table('IDT-16 a token of another type is refused', {
  refused: ['at+jwt', 'application/at+jwt', 'logout+jwt', 'dpop+jwt', 'AT+JWT'].map((typ) => [typ, header({ typ })]),
  accepted: [['no typ', { header: (all) => { delete all.typ; } }], ['application/jwt', header({ typ: 'application/jwt' })]],
});

const serialized = (text) => { const [protectedHeader, payload, signature] = text.split('.'); return JSON.stringify({ protected: protectedHeader, payload, signature }); };
table('IDT-17 three segments of base64url and nothing else, in linear time', {
  codes: ['token_invalid', 'provider_error'], // what is no token at all may be refused with the answer that brought it
  refused: [
    ['two', { idToken: (text) => text.split('.').slice(0, 2).join('.') }], ['four', { idToken: (text) => text + '.AAAA' }],
    ['five', { idToken: (text) => text + '.AAAA.AAAA' }], ['six', { idToken: (text) => text + '.a.b.c' }], ['empty ones', { idToken: () => '..' }],
    ['empty payload', { idToken: (text) => text.replace(/\..*\./, '..') }], ['10 000 dots', { idToken: () => '.'.repeat(10000) }],
    ['JSON serialization', { idToken: serialized }], ['padding', { idToken: (text) => text + '==' }], ['a space', { idToken: (text) => text + ' ' }],
    ['base64 alphabet', { idToken: (text) => text.slice(0, -4) + '+/+/' }], ['payload no object', { payload: () => '[]' }], ['payload no JSON', { payload: () => 'x' }],
  ],
});

table('IDT-18 AR-16 with max_age, auth_time must be there and recent', {
  site: { block: 'authorize_param max_age 3600;' },
  refused: [
    ['missing', without('auth_time')], ['two hours ago', claims(({ iat }) => ({ auth_time: iat - 7200 }))], ['string', claims(({ iat }) => ({ auth_time: String(iat) }))],
  ],
  accepted: [['half an hour ago', claims(({ iat }) => ({ auth_time: iat - 1800 }))]],
});

table('IDT-18 without max_age an auth_time that says nothing is unknown', {
  accepted: [['string', claims(({ iat }) => ({ auth_time: String(iat) }))], ['zero', claims({ auth_time: 0 })], ['object', claims({ auth_time: {} })]],
});

e2e('IDT-13 the log names the algorithm that was found and those that are accepted', async (h) => {
  const site = await h.site({ block: 'signing_algorithms ES256 Ed25519;' });
  const { lines } = await assertRefused(site, 'RS256');
  assert.ok(lines.some((line) => line.includes('its algorithm is not allowed: found "RS256", accepted: ES256 EdDSA (signing_algorithms')), lines.join('\n'));
});

e2e('IDT-19 an acr that the policy asks for and the token has not: denied', async (h) => {
  const site = await h.site({ rules: 'oauth_allow acr=urn:mfa;' });
  for (const [what, token] of [['absent', {}], ['other', claims({ acr: 'urn:pwd' })], ['array', claims({ acr: ['urn:mfa'] })]]) {
    site.provider.token = token;
    const browser = new Browser();
    const response = await browser.navigate(site.origin + '/');
    assert.ok([403, 502].includes(response.status), what + ' ' + response.status);
  }
  assert.equal(site.upstream.requests.length, 0);
  site.provider.token = claims({ acr: 'urn:mfa' });
  await assertAccepted(site, 'the right acr');
});

const allFamilies = ['RS256', 'RS384', 'RS512', 'PS384', 'ES256', 'ES384', 'ES512', 'EdDSA'];
e2e('IDT-20 at_hash, when it is there, is checked with the hash of the algorithm', async (h) => {
  const provider = await h.provider();
  provider.discovery.alter = (metadata) => ({ ...metadata, id_token_signing_alg_values_supported: allFamilies });
  provider.jwks.keys = () => ['RS256', 'ES256', 'ES384', 'ES512', 'EdDSA'].map((alg) => publicJwk(keyFor(alg)));
  const site = await h.site({ provider });
  for (const alg of allFamilies) {
    provider.token = { alg };
    await assertAccepted(site, alg);
    provider.token = { alg, claims: (all) => ({ ...all, at_hash: halfHash(alg, 'another token') }) };
    await assertRefused(site, alg + ' with a wrong at_hash');
  }
  provider.token = { alg: 'RS512', claims: (all, grant, { accessToken }) => ({ ...all, at_hash: halfHash('RS256', accessToken) }) };
  await assertRefused(site, 'the hash of another family');
  provider.token = claims({ at_hash: 7 });
  await assertRefused(site, 'a number');
  provider.token = without('at_hash');
  await assertAccepted(site, 'absent');
});

e2e('IDT-21 an unsigned token is refused even where the provider lists none', async (h) => {
  const provider = await h.provider();
  provider.discovery.alter = (metadata) => ({ ...metadata, id_token_signing_alg_values_supported: ['none', 'RS256'] });
  const site = await h.site({ provider });
  provider.token = { alg: 'none', header: () => ({ alg: 'none' }) };
  await assertRefused(site, 'none');
});

const doubled = (name, value) => ({ payload: (all) => JSON.stringify(all).replace(/}$/, `,"${name}":${JSON.stringify(value)}}`) });
table('IDT-22 a claim given twice is refused', {
  refused: [
    ['sub', doubled('sub', 'mallory')], ['iss', doubled('iss', 'x')], ['escaped', doubled('\\u0073ub', 'mallory')], ['unknown', doubled('auth_time', 1)],
    ['in the header', { header: (all) => all, idToken: (text, { claims: all, key }) => sign({ header: '{"alg":"RS256","alg":"RS256","kid":"rsa-1"}', payload: all, alg: 'RS256', key }) }],
  ],
});

e2e('IDT-23 an encrypted token, which was never asked for, is refused', async (h) => {
  const site = await h.site();
  const part = () => base64url(crypto.randomBytes(24));
  site.provider.token = { idToken: () => [base64url('{"alg":"RSA-OAEP","enc":"A256GCM"}'), part(), part(), part(), part()].join('.') };
  await assertRefused(site, 'JWE');
});

e2e('IDT-24 a token without measure is refused, never read in part', async (h) => {
  const site = await h.site({ rules: 'oauth_deny group=g9999; oauth_allow any;' });
  site.provider.user.groups = undefined;
  for (const [what, value] of [['10 000 groups', Array.from({ length: 10000 }, (_, i) => 'g' + i)], ['1 MB', ['x'.repeat(1 << 20)]]]) {
    site.provider.token = claims({ groups: value });
    await assertRefused(site, what, { codes: ['token_invalid', 'provider_unreachable', 'provider_error'] });
  }
});

table('IDT-25 the token of another client of the same provider is refused', {
  refused: [['other client', claims({ aud: 'client:2' })], ['case', claims(({ aud }) => ({ aud: aud.toUpperCase() }))]],
});

e2e('IDT-26 an access token is no ID token, and an ID token no bearer token', async (h) => {
  const site = await h.site();
  site.provider.token = { header: (all) => ({ ...all, typ: 'at+jwt' }), claims: (all) => { delete all.nonce; return { ...all, aud: 'https://api.test' }; } };
  await assertRefused(site, 'JWT access token');
  site.provider.token = { idToken: (text, { accessToken }) => accessToken };
  await assertRefused(site, 'opaque access token');
  site.provider.token = {};
  const { browser } = await assertAccepted(site, 'the right token');
  assert.ok(hasSession(browser));
  const reached = site.upstream.requests.length;
  assertError(await new Browser().fetch(site.origin + '/', { headers: { Authorization: 'Bearer ' + site.provider.lastIdToken } }), 401, 'login_required');
  assert.equal(site.upstream.requests.length, reached);
});
