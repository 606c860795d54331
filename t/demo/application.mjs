// SPDX-License-Identifier: MIT
// The demo's application. It trusts no header: it verifies the identity token against the public keys of the module, as any application can.
// Alone: DEMO_JWKS_URL=... DEMO_ISSUERS="http://127.0.0.1:8080" node application.mjs
import http from 'node:http';
import { fileURLToPath } from 'node:url';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import { WebSocketServer } from 'ws';
import { adminPage, homePage, notFoundPage, notVerifiedPage, publicPage } from './views.mjs';

const HEADER = 'x-oauth-identity';

async function identify(request, { keys, issuers }) {
  const token = request.headers[HEADER];
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

function pageOf(path, claims, { labels, adminRule }) {
  switch (path) {
  case '/':
    return homePage(claims, { name: claims.provider, label: labels[claims.provider] ?? claims.provider });
  case '/admin/':
    return adminPage(claims, adminRule);
  default:
    return undefined;
  }
}

async function answer(request, response, settings) {
  const path = request.url.split('?')[0];
  const send = (status, content, type = 'text/html; charset=utf-8') => response.writeHead(status, { 'Content-Type': type, 'Cache-Control': 'no-store' }).end(content);
  if (path === '/welcome') {
    return send(200, publicPage(settings.accounts, HEADER in request.headers));
  }
  const identity = await identify(request, settings);
  if (path === '/json') {
    return send(identity.verified ? 200 : 401, JSON.stringify(identity), 'application/json');
  }
  if (!identity.verified) {
    return send(401, notVerifiedPage(identity.reason));
  }
  const page = pageOf(path, identity.claims, settings);
  return send(page ? 200 : 404, page ?? notFoundPage());
}

function refuse(socket, status) {
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}

// Sends a message every second. It has no idea of the session's end: nginx closes the connection then.
async function keepOpen(request, socket, head, settings) {
  socket.on('error', () => {});
  const identity = await identify(request, settings);
  if (!identity.verified || !settings.issuers.includes(request.headers.origin) || request.url !== '/live') {
    refuse(socket, identity.verified ? '403 Forbidden' : '401 Unauthorized');
    return;
  }
  settings.webSockets.handleUpgrade(request, socket, head, (peer) => {
    let number = 0;
    const say = () => peer.send(JSON.stringify({ number: ++number, name: identity.claims.name ?? identity.claims.user, time: Date.now() }));
    const timer = setInterval(say, 1000);
    peer.on('close', () => clearInterval(timer));
    peer.on('error', () => {});
    say();
  });
}

// `labels`: provider name => what people call it. `accounts`: for the public page. `adminRule`: nginx's lines for the admin area, to show.
export async function startApplication({ port = 0, jwksUrl, issuers, labels = {}, accounts = [], adminRule = '' }) {
  const settings = { keys: createRemoteJWKSet(new URL(jwksUrl)), issuers, labels, accounts, adminRule, webSockets: new WebSocketServer({ noServer: true, maxPayload: 1024 }) };
  const sockets = new Set();
  const server = http.createServer((request, response) => answer(request, response, settings));
  server.on('upgrade', (request, socket, head) => keepOpen(request, socket, head, settings));
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  await new Promise((resolve, reject) => server.once('error', reject).listen(port, '127.0.0.1', resolve));
  return {
    port: server.address().port,
    stop: () => new Promise((resolve) => { server.close(resolve); sockets.forEach((socket) => socket.destroy()); }),
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { DEMO_JWKS_URL: jwksUrl, DEMO_ISSUERS: issuers = '', PORT = '3000' } = process.env;
  await startApplication({ port: Number(PORT), jwksUrl, issuers: issuers.split(/[\s,]+/).filter(Boolean) });
  console.log('The application listens on http://127.0.0.1:' + PORT);
}
