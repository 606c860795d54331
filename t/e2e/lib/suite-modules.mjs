// SPDX-License-Identifier: MIT
// The modules of the OpenID Foundation's conformance suite for relying parties that a sign-in by the code flow meets, as data: what the provider does, and how the sign-in ends.
// Each plan runs them by itself.
import { KEYS } from './suite-provider.mjs';
import { accepted, claims, refused, without } from './suite-site.mjs';

const brokenSignature = (token) => {
  const parts = token.split('.');
  parts[2] = Buffer.from(Buffer.from(parts[2], 'base64url').map((byte) => byte ^ 0x5a)).toString('base64url');
  return parts.join('.');
};
const broken = { idToken: brokenSignature };
const secretSigned = ({ clientSecret }, more = {}) => ({ token: { alg: 'HS256', key: Buffer.from(clientSecret, 'utf8'), ...more } });

// The plan "basic", and with response_mode=form_post the plan "form post".
export const BASIC = {
  'CONF-010 oidcc-client-test': accepted(),
  'CONF-011 oidcc-client-test-invalid-iss': refused(/: iss is not/, claims(({ iss }) => ({ iss: iss + '1' }))),
  'CONF-012 oidcc-client-test-missing-sub': refused(/: sub is missing/, without('sub')),
  'CONF-013 oidcc-client-test-invalid-aud': refused(/: aud is not/, claims(({ aud }) => ({ aud: aud + '1' }))),
  'CONF-015 oidcc-client-test-missing-iat': refused(/: iat is missing/, without('iat')),
  'CONF-023 oidcc-client-test-kid-absent-single-jwks': accepted(() => ({ keys: KEYS.single(), hasKids: false })),
  'CONF-024 oidcc-client-test-kid-absent-multiple-jwks': accepted(() => ({ keys: KEYS.multiple(), hasKids: false })),
  'CONF-018 oidcc-client-test-idtoken-sig-rs256': accepted({ alg: 'RS256' }),
  'CONF-019 oidcc-client-test-idtoken-sig-none': refused(/no signature/, { token: { alg: 'none', header: () => ({ alg: 'none' }) } }),
  'CONF-020 oidcc-client-test-invalid-sig-rs256': refused(/no key of the provider verifies/, { token: broken }),
  'CONF-025 oidcc-client-test-userinfo-invalid-sub': refused(/userinfo endpoint: sub is not/, { userinfo: { claims: (all) => ({ ...all, sub: all.sub + 'invalid' }) } }, { userinfo: 1 }),
  'CONF-016 oidcc-client-test-nonce-invalid': refused(/: nonce is not/, claims(({ nonce }) => ({ nonce: (nonce ?? 'null') + '1' }))),
  'CONF-028 oidcc-client-test-scope-userinfo-claims': accepted({}, { block: 'scope openid email profile phone address;', identity: { email: 'alice@example.org', name: 'Alice Example' } }),
  'CONF-029 oidcc-client-test-client-secret-basic': accepted({ clientAuth: 'basic' }),
};

// The further modules of the comprehensive plan that a code flow has.
export const FURTHER = {
  'CONF-014 oidcc-client-test-missing-aud': refused(/: aud is missing/, without('aud')),
  'CONF-017 oidcc-client-test-nonce-unless-code-flow: a nonce is sent in the code flow too, and has to come back': refused(/: nonce is missing/, without('nonce')),
  'CONF-021 oidcc-client-test-invalid-sig-hs256': refused(/algorithm is not allowed: found "HS256"/, (provider) => secretSigned(provider, broken)),
  'CONF-021 oidcc-client-test-invalid-sig-hs256: nor is a right one by the secret taken': refused(/algorithm is not allowed: found "HS256"/, (provider) => secretSigned(provider)),
  'CONF-022 oidcc-client-test-invalid-sig-es256': refused(/no key of the provider verifies/, { alg: 'ES256', token: broken }),
  'CONF-022 oidcc-client-test-invalid-sig-es256: a right one is taken': accepted({ alg: 'ES256' }),
  'CONF-026 oidcc-client-test-userinfo-bearer-header': accepted(),
  'CONF-031 oidcc-client-test-missing-athash: in the code flow it may be missing': accepted(without('at_hash')),
  'CONF-031 oidcc-client-test-invalid-athash': refused(/: at_hash is not/, claims(({ at_hash: hash }) => ({ at_hash: hash.slice(0, -2) + (hash.endsWith('AA') ? 'BA' : 'AA') }))),
  'CONF-032 oidcc-client-test-invalid-chash': refused(/: c_hash is not/, claims(() => ({ c_hash: 'A'.repeat(22) }))),
  'CONF-033 oidcc-client-test-aggregated-claims: they are not the user\'s': accepted({ userinfo: { claims: (all) => { const { email, ...rest } = all; return { ...rest,
    _claim_names: { email: 'a', eye_color: 'a' }, _claim_sources: { a: { JWT: 'eyJhbGciOiJub25lIn0.eyJlbWFpbCI6InJvb3RAZXhhbXBsZS5vcmciLCJlbWFpbF92ZXJpZmllZCI6dHJ1ZX0.' } } }; } } },
  { identity: { email: undefined, eye_color: undefined } }),
  'CONF-033 oidcc-client-test-distributed-claims: nobody asks the place that they name': accepted((provider) => ({ userinfo: { claims: (all) => ({ ...all,
    _claim_names: { credit_score: 'b' }, _claim_sources: { b: { endpoint: provider.base + '/claims', access_token: 'x' } } }) } }), { identity: { credit_score: undefined } }),
};
