// SPDX-License-Identifier: MIT
// Makes JWS with node:crypto, because libraries refuse to make the wrong ones that tests need. Used by the scripted provider.
import crypto from 'node:crypto';

export const base64url = (data) => Buffer.from(data).toString('base64url');

const HASH = { 256: 'sha256', 384: 'sha384', 512: 'sha512' };

export function hashOf(alg) {
  return alg === 'EdDSA' ? 'sha512' : HASH[alg.slice(-3)] ?? 'sha256';
}

// at_hash and c_hash, OpenID Connect Core 3.1.3.6.
export function halfHash(alg, value) {
  const digest = crypto.createHash(hashOf(alg)).update(value).digest();
  return base64url(digest.subarray(0, digest.length / 2));
}

const pairs = {};
function pair(name, type, options) {
  pairs[name] ??= crypto.generateKeyPairSync(type, options);
  return { ...pairs[name], kid: name };
}

// Key pairs by algorithm, made once per process. `fresh` gives new ones, for a rotation.
export function keyFor(alg) {
  const curve = { ES256: 'P-256', ES384: 'P-384', ES512: 'P-521' }[alg];
  if (curve) {
    return pair('ec-' + curve, 'ec', { namedCurve: curve });
  }
  return alg === 'EdDSA' ? pair('ed-1', 'ed25519') : pair('rsa-1', 'rsa', { modulusLength: 2048 });
}

export function freshKey(kid, bits = 2048) {
  return { ...crypto.generateKeyPairSync('rsa', { modulusLength: bits }), kid };
}

export function publicJwk(key, extra = {}) {
  return { ...key.publicKey.export({ format: 'jwk' }), kid: key.kid, use: 'sig', ...extra };
}

function signature(alg, key, input) {
  const hash = hashOf(alg);
  switch (alg.slice(0, 2)) {
    case 'HS': return crypto.createHmac(hash, key).update(input).digest();
    case 'RS': return crypto.sign(hash, input, key.privateKey);
    case 'PS': return crypto.sign(hash, input, { key: key.privateKey, padding: crypto.constants.RSA_PKCS1_PSS_PADDING,
      saltLength: crypto.constants.RSA_PSS_SALTLEN_DIGEST });
    case 'ES': return crypto.sign(hash, input, { key: key.privateKey, dsaEncoding: 'ieee-p1363' });
    case 'Ed': return crypto.sign(null, input, key.privateKey);
    default: return Buffer.alloc(0); // none, in any spelling
  }
}

// `header` and `payload` are objects, or texts if the JSON itself must be odd. `alg` is the algorithm that really signs.
export function sign({ header, payload, alg, key }) {
  const text = (value) => base64url(typeof value === 'string' ? value : JSON.stringify(value));
  const input = text(header) + '.' + text(payload);
  return input + '.' + base64url(signature(alg, key, Buffer.from(input)));
}
