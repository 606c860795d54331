// SPDX-License-Identifier: MIT
// The demo's application. It trusts no header: it verifies the identity token against the public keys of the module, as any application can.
// Alone: DEMO_JWKS_URL=... DEMO_ISSUERS="http://127.0.0.1:8080" node application.mjs
import http from 'node:http';
import { fileURLToPath } from 'node:url';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import { escapeHtml, page } from './pages.mjs';

async function identify(request, keys, issuers) {
  const token = request.headers['x-oauth-identity'];
  if (token === undefined) {
    return { verified: false, reason: 'The request has no X-OAuth-Identity header.' };
  }
  try {
    const { payload } = await jwtVerify(token, keys, { issuer: issuers, audience: issuers, algorithms: ['ES256'] });
    return { verified: true, claims: payload };
  } catch (error) {
    return { verified: false, reason: error.message };
  }
}

function describe(identity) {
  if (!identity.verified) {
    return page('Not verified', `<p class="error">${escapeHtml(identity.reason)}</p>`);
  }
  const { claims } = identity;
  const shown = (value) => (typeof value === 'object' ? JSON.stringify(value) : value);
  const rows = Object.entries(claims).map(([name, value]) => `<dt>${escapeHtml(name)}</dt><dd>${escapeHtml(shown(value))}</dd>`).join('\n');
  return page('Hello, ' + (claims.name ?? claims.user), `
<p>This is the application behind nginx. It has no sign-in code: nginx told it who you are, and it verified the signature.</p>
<dl>${rows}</dl>
<p><a class="button" href="/auth/oauth/logout?return_to=/">Sign out</a> · <a href="/json">the same as JSON</a></p>`);
}

export async function startApplication({ port = 0, jwksUrl, issuers }) {
  const keys = createRemoteJWKSet(new URL(jwksUrl));
  const server = http.createServer(async (request, response) => {
    const identity = await identify(request, keys, issuers);
    const json = request.url.split('?')[0] === '/json';
    response.writeHead(identity.verified ? 200 : 401, { 'Content-Type': json ? 'application/json' : 'text/html; charset=utf-8', 'Cache-Control': 'no-store' });
    response.end(json ? JSON.stringify(identity) : describe(identity));
  });
  await new Promise((resolve, reject) => server.once('error', reject).listen(port, '127.0.0.1', resolve));
  return {
    port: server.address().port,
    stop: () => new Promise((resolve) => { server.close(resolve); server.closeAllConnections(); }),
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { DEMO_JWKS_URL: jwksUrl, DEMO_ISSUERS: issuers = '', PORT = '3000' } = process.env;
  await startApplication({ port: Number(PORT), jwksUrl, issuers: issuers.split(/[\s,]+/).filter(Boolean) });
  console.log('The application listens on http://127.0.0.1:' + PORT);
}
