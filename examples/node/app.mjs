// SPDX-License-Identifier: MIT
// An application behind nginx that knows who is there: ../README.md.
import http from 'node:http';
import { createRemoteJWKSet, jwtVerify } from 'jose';

const port = Number(process.env.PORT || 3000);
const issuer = process.env.BASE_URL || 'http://127.0.0.1:8080';
const audience = process.env.AUDIENCE || issuer;

// Keeps the keys, and fetches them again for a kid that it does not know, at most twice a minute.
const keys = createRemoteJWKSet(new URL(process.env.JWKS_URL || issuer + '/auth/oauth/jwks.json'), { cacheMaxAge: 300000, cooldownDuration: 30000 });

async function whoIs(request) {
  const token = request.headers['x-oauth-identity'] ?? '';
  const { payload } = await jwtVerify(token, keys, { issuer, audience, algorithms: ['ES256'], requiredClaims: ['sub', 'exp'] });
  return payload;
}

const server = http.createServer(async (request, response) => {
  try {
    const user = await whoIs(request);
    response.writeHead(200, { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' }).end(JSON.stringify(user));
  } catch (error) {
    console.error('refused: ' + error.message);
    response.writeHead(401, { 'Content-Type': 'text/plain' }).end('No valid identity.\n');
  }
});

server.listen(port, '127.0.0.1', () => console.log(`http://127.0.0.1:${port}/`));
