// SPDX-License-Identifier: MIT
// The OpenID Foundation's plan "FAPI 2.0 Security Profile" for clients, as far as it is about the code flow itself, and what FAPI 1.0 has beside it. Pushed requests,
// DPoP and signed responses have files of their own.
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import { e2e } from './lib/harness.mjs';
import { halfHash } from './lib/jws.mjs';
import { apply, assertKeptOut, assertLetIn, claims, suiteSite, without } from './lib/suite-site.mjs';

const answer = (alter) => ({ token: { alter } });
const swapCase = (text) => [...text].map((c) => (c === c.toLowerCase() ? c.toUpperCase() : c.toLowerCase())).join('');
const MINUTE = 60;

// Five segments, the key encrypted with RSA 1.5: nobody should open it.
function encrypted(token, { publicKey }) {
  const header = Buffer.from(JSON.stringify({ alg: 'RSA1_5', enc: 'A128GCM', cty: 'JWT' })).toString('base64url');
  const [key, iv] = [crypto.randomBytes(16), crypto.randomBytes(12)];
  const cipher = crypto.createCipheriv('aes-128-gcm', key, iv).setAAD(Buffer.from(header));
  const text = Buffer.concat([cipher.update(token), cipher.final()]);
  const wrapped = crypto.publicEncrypt({ key: publicKey, padding: crypto.constants.RSA_PKCS1_PADDING }, key);
  return [header, ...[wrapped, iv, text, cipher.getAuthTag()].map((part) => part.toString('base64url'))].join('.');
}

const refused = {
  'CONF-073 fapi2-security-profile-final-client-test-invalid-iss': [/: iss is not/, claims(({ iss }) => ({ iss: iss + '1' }))],
  'CONF-073 fapi2-security-profile-final-client-test-invalid-aud': [/: aud is not/, claims(({ aud }) => ({ aud: aud + '1' }))],
  'CONF-073 fapi2-security-profile-final-client-test-invalid-nonce': [/: nonce is not/, claims(({ nonce }) => ({ nonce: nonce + '1' }))],
  'CONF-074 fapi2-security-profile-final-client-test-invalid-missing-iss': [/: iss is missing/, without('iss')],
  'CONF-074 fapi2-security-profile-final-client-test-invalid-missing-aud': [/: aud is missing/, without('aud')],
  'CONF-074 fapi2-security-profile-final-client-test-invalid-missing-exp': [/: exp is missing/, without('exp')],
  'CONF-074 fapi2-security-profile-final-client-test-invalid-missing-nonce': [/: nonce is missing/, without('nonce')],
  'CONF-075 fapi2-security-profile-final-client-test-invalid-secondary-aud': [/: aud is not this client alone/, claims(({ aud }) => ({ aud: [aud, 'https://other.example.com'] }))],
  'CONF-077 fapi2-security-profile-final-client-test-invalid-expired-exp': [/: it has expired/, claims((_, { now }) => ({ exp: now - 5 * MINUTE - 1 }))],
  'CONF-078 fapi2-security-profile-final-client-test-invalid-null-alg': [/no signature/, { token: { alg: 'none', header: () => ({ alg: 'none' }) } }],
  'CONF-078 fapi2-security-profile-final-client-test-invalid-alternate-alg': [/algorithm is not allowed: found "RS256"/, { alg: 'RS256' }],
  'CONF-086 fapi1-advanced-final-client-test-iat-is-week-in-past': [/: iat is too long ago/, claims(({ iat }) => ({ iat: iat - 7 * 24 * 60 * MINUTE }))],
  'CONF-086 fapi1-advanced-final-client-test-encrypted-idtoken-usingrsa15': [/three segments|encrypted/, (provider) => ({ token: { idToken: (token) => encrypted(token, provider.keyOf('RS256')) } })],
  'CONF-086 fapi1-advanced-final-client-test-invalid-shash': [/: s_hash is not/, claims(() => ({ s_hash: 'A'.repeat(22) }))],
};
const accepted = {
  'CONF-076 fapi2-security-profile-final-client-test-valid-aud-as-array': claims(({ aud }) => ({ aud: [aud] })),
  'CONF-081 fapi2-security-profile-final-client-test-token-endpoint-response-without-expires_in': answer(({ expires_in: left, ...rest }) => rest),
  'CONF-082 fapi2-security-profile-final-client-test-token-type-case-insensitivity': answer((all) => ({ ...all, token_type: swapCase(all.token_type) })),
  'CONF-086 fapi1-advanced-final-client-test-no-scope-in-token-endpoint-response': answer(({ scope, expires_in: left, ...rest }) => rest),
  'CONF-086 fapi1-advanced-final-client-test-invalid-shash: the right one is taken': claims((_, facts, grant) => ({ s_hash: halfHash('PS256', grant.state) })),
};

// RS256 is none of the algorithms of the profile.
const PROFILE = { block: 'signing_algorithms PS256 ES256 EdDSA;' };

for (const [name, [why, changes]] of Object.entries(refused)) {
  e2e(name, async (h) => {
    const site = await suiteSite(h, PROFILE);
    apply(site.provider, { alg: 'PS256' });
    apply(site.provider, changes);
    await assertKeptOut(site, name, { code: 'token_invalid', why });
    apply(site.provider, { alg: 'PS256', token: {} });
    await assertLetIn(site, 'the right one');
  });
}

for (const [name, changes] of Object.entries(accepted)) {
  e2e(name, async (h) => {
    const site = await suiteSite(h, PROFILE);
    apply(site.provider, { alg: 'PS256', ...changes });
    await assertLetIn(site, name);
  });
}

e2e('CONF-072 fapi2-security-profile-final-client-test-discovery-issuer-mismatch', async (h) => {
  const site = await suiteSite(h, PROFILE);
  site.provider.discovery = { alter: (metadata) => ({ ...metadata, issuer: metadata.issuer + '1' }) };
  await assertKeptOut(site, 'another issuer', { code: 'provider_error', status: 502 });
  assert.deepEqual([...new Set(site.provider.order)], ['discovery']);
});

// The code of a bad answer is not redeemed.
const answers = {
  'CONF-079 fapi2-security-profile-final-client-test-invalid-authorization-response-iss': { iss: 'https://other.example.com/' },
  'CONF-079 fapi2-security-profile-final-client-test-remove-authorization-response-iss': { iss: undefined },
  'CONF-080 fapi2-security-profile-final-client-ensure-authorization-response-with-invalid-state-fails': { iss: 'right', state: 'wrong' },
  'CONF-080 fapi2-security-profile-final-client-ensure-authorization-response-with-invalid-missing-state-fails': { iss: 'right', state: 'missing' },
};
for (const [name, authorize] of Object.entries(answers)) {
  e2e(name, async (h) => {
    const site = await suiteSite(h, PROFILE);
    const { provider } = site;
    apply(provider, { alg: 'PS256', authorize, discovery: { alter: (metadata) => ({ ...metadata, authorization_response_iss_parameter_supported: true }) } });
    await assertKeptOut(site, name, { code: name.startsWith('CONF-079') ? 'request_invalid' : 'state_invalid', status: 400 });
    assert.equal(provider.count('token'), 0);
    provider.authorize = { iss: 'right' };
    await assertLetIn(site, 'the right one');
  });
}
