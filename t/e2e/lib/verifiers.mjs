// SPDX-License-Identifier: MIT
// Three independent verifiers of a JWT (JO-16): jose for Node.js, the openssl command, and jwcrypto for Python (Debian: python3-jwcrypto). Each is given the token
// and the published key set, or the shared secret, and answers yes or no.
import { execFileSync, spawnSync } from 'node:child_process';
import crypto from 'node:crypto';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { createLocalJWKSet, jwtVerify } from 'jose';

const PYTHON = '/usr/bin/python3';
const SCRIPT = `
import json, sys
from jwcrypto import jwk, jwt
asked = json.load(sys.stdin)
if asked.get("secret"):
    key = jwk.JWK(kty="oct", k=asked["secret"])
else:
    key = jwk.JWKSet.from_json(json.dumps(asked["jwks"]))
token = jwt.JWT(jwt=asked["token"], key=key, algs=[asked["alg"]], check_claims={"iss": asked["issuer"], "aud": asked["audience"], "exp": None, "iat": None, "sub": None})
print(token.claims)
`;

const headerOf = (token) => JSON.parse(Buffer.from(token.split('.')[0], 'base64url'));

async function byJose({ token, jwks, secret, alg, issuer, audience }) {
  const key = secret ? Buffer.from(secret) : createLocalJWKSet(jwks);
  return (await jwtVerify(token, key, { algorithms: [alg], issuer, audience, typ: 'JWT', requiredClaims: ['sub', 'iat', 'exp', 'aud'] })).payload;
}

function byPython({ token, jwks, secret, alg, issuer, audience }) {
  const input = JSON.stringify({ token, jwks, secret: secret && Buffer.from(secret).toString('base64url'), alg, issuer, audience });
  const { status, stdout, stderr, error } = spawnSync(PYTHON, ['-c', SCRIPT], { input, encoding: 'utf8' });
  if (error || /ModuleNotFoundError/.test(stderr)) {
    throw new Error('python3-jwcrypto is not installed: ' + (error?.message ?? stderr));
  }
  if (status !== 0) {
    throw new Error('jwcrypto: ' + stderr.split('\n').at(-2));
  }
  return JSON.parse(stdout);
}

// JWS writes an ECDSA signature as r and s side by side; openssl needs DER.
function derSignature(signature) {
  const integer = (bytes) => {
    let at = 0;
    while (at < bytes.length - 1 && bytes[at] === 0) {
      at++;
    }
    const body = bytes[at] & 0x80 ? Buffer.concat([Buffer.from([0]), bytes.subarray(at)]) : bytes.subarray(at);
    return Buffer.concat([Buffer.from([2, body.length]), body]);
  };
  const body = Buffer.concat([integer(signature.subarray(0, 32)), integer(signature.subarray(32))]);
  return Buffer.concat([Buffer.from([0x30, body.length]), body]);
}

function byOpenssl({ token, jwks, secret, alg, folder }) {
  const [header, payload, signature] = token.split('.');
  const file = (name, content) => { writeFileSync(path.join(folder, name), content); return path.join(folder, name); };
  const input = file('input', header + '.' + payload);
  const bytes = Buffer.from(signature, 'base64url');
  const run = (...words) => execFileSync('openssl', words, { encoding: 'latin1', stdio: ['ignore', 'pipe', 'pipe'] });
  if (secret) {
    const hex = /= ?([0-9a-f]+)/.exec(run('dgst', '-sha256', '-mac', 'HMAC', '-macopt', 'hexkey:' + Buffer.from(secret).toString('hex'), input))[1];
    if (hex !== bytes.toString('hex')) {
      throw new Error('openssl: another HMAC');
    }
  } else {
    const jwk = jwks.keys.find(({ kid }) => kid === headerOf(token).kid);
    const key = file('public.pem', crypto.createPublicKey({ key: jwk, format: 'jwk' }).export({ type: 'spki', format: 'pem' }));
    const signed = file('signature', alg === 'ES256' ? derSignature(bytes) : bytes);
    alg === 'EdDSA' ? run('pkeyutl', '-verify', '-pubin', '-inkey', key, '-rawin', '-in', input, '-sigfile', signed) : run('dgst', '-sha256', '-verify', key, '-signature', signed, input);
  }
  return JSON.parse(Buffer.from(payload, 'base64url'));
}

export const verifiers = { jose: byJose, openssl: byOpenssl, jwcrypto: byPython };
export { headerOf };
