// SPDX-License-Identifier: MIT
// Every protocol that nginx speaks to an application gets our header once and never a forged one: HD-06, HD-10, HD-13, HD-15, and what the contract says of WebSocket.
import assert from 'node:assert/strict';
import http2 from 'node:http2';
import { createLocalJWKSet, jwtVerify } from 'jose';
import { Browser, raw } from './lib/browser.mjs';
import { makeCertificates } from './lib/certificates.mjs';
import { assertSignedIn, e2e } from './lib/harness.mjs';
import { protocols } from './lib/protocols.mjs';
import { Upstream } from './lib/upstream.mjs';

const LOOSE = 'underscores_in_headers on; ignore_invalid_headers off;';
const SPELLINGS = ['X-OAuth-Identity', 'x-oauth-identity', 'X_OAUTH_IDENTITY', 'X-OAuth_Identity', 'x.oauth-identity', 'X~OAuth-Identity'];
const FORGED = 'forged-value';

const cookieOf = (site, browser = site.browser) => browser.jar.header(new URL(site.origin));

// Under this name, folded as CGI does it, with or without the prefix of CGI.
const identities = (entry) => entry.headers.filter(([name]) => /^(HTTP_)?X_OAUTH_IDENTITY$/.test(name.toUpperCase().replace(/[^A-Z0-9]/g, '_'))).map(([, value]) => value);

async function subjectOf(site, token) {
  const keys = (await new Browser().fetch(site.origin + '/auth/oauth/jwks.json')).json();
  return (await jwtVerify(token, createLocalJWKSet(keys), { issuer: site.origin, audience: site.origin, algorithms: ['ES256'] })).payload.sub;
}

async function ask(site, path, lines, cookie) {
  const head = `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${site.port}\r\nConnection: close\r\n${cookie ? `Cookie: ${cookie}\r\n` : ''}`;
  return raw(site.port, Buffer.from(head + lines + '\r\n\r\n', 'latin1'));
}

for (const [name, protocol] of Object.entries(protocols)) {
  e2e(`HD-10 ${name}_pass: our header arrives once, forged ones never`, async (h) => {
    const application = await protocol.start();
    h.closers.push(() => application.stop());
    const pass = protocol.pass(application);
    const site = await h.site({ server: LOOSE, locations: `location /app/ { ${pass} } location /optional/ { oauth optional; ${pass} } location /off/ { oauth off; ${pass} }` });
    await assertSignedIn(site);
    const own = cookieOf(site);
    for (const spelling of SPELLINGS) {
      for (const [path, cookie, expected] of [['/app/', own, 1], ['/optional/', own, 1], ['/optional/', '', 0], ['/off/', own, 0], ['/off/', '', 0]]) {
        const before = application.requests.length;
        const answer = await ask(site, path, `${spelling}: ${FORGED}\r\nX-Kept: yes\r\n${spelling}: ${FORGED}`, cookie);
        assert.equal(application.requests.length, before + 1, `${spelling} at ${path} reached the application: ${answer.slice(0, 200)}`);
        assert.match(answer, /^HTTP\/1\.1 200 /);
        const text = JSON.stringify(application.last.headers);
        assert.ok(!text.includes(FORGED), `${spelling} at ${path}: ${text}`);
        assert.equal(identities(application.last).length, expected, `${spelling} at ${path}: ${text}`);
        assert.ok(application.last.headers.some(([key, value]) => /^(http_)?x[-_]kept$/i.test(key) && value === 'yes'), 'other headers stay');
        assert.ok(!text.includes(own.split('=')[1]), 'our cookie stays here');
        if (expected) {
          assert.equal(await subjectOf(site, identities(application.last)[0]), 'test|alice-1');
        }
        const user = application.last.headers.find(([key]) => key === 'REMOTE_USER');
        if (user) {
          assert.equal(user[1], expected ? 'alice@example.org' : '', 'REMOTE_USER at ' + path);
        }
      }
    }
    const before = application.requests.length;
    assert.match(await ask(site, '/app/', `X-OAuth-Identity: ${FORGED}`, ''), /^HTTP\/1\.1 (302|401) /);
    assert.equal(application.requests.length, before, 'nobody without a session gets there');
  });
}

e2e('HD-10 WebSocket: an upgrade with a session has our header, and without one it does not get through', async (h) => {
  const site = await h.site({ server: LOOSE, location: 'proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $http_connection;',
    locations: (s) => `location /optional/ { oauth optional; proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $http_connection; proxy_pass ${s.upstream.url}; }` });
  await assertSignedIn(site);
  const before = site.upstream.requests.length;
  const upgrade = (path, cookie) => raw(site.port, `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${site.port}\r\n${cookie ? `Cookie: ${cookie}\r\n` : ''}X_OAuth_Identity: ${FORGED}\r\nX-OAuth-Identity: ${FORGED}\r\n`
    + 'Upgrade: websocket\r\nConnection: Upgrade, X-OAuth-Identity\r\n\r\nping-pong', { end: /ping-pong|^HTTP\/1\.1 [45][^]*\r\n\r\n/ });
  assert.match(await upgrade('/socket', ''), /^HTTP\/1\.1 401 /);
  assert.equal(site.upstream.requests.length, before);
  assert.match(await upgrade('/optional/', ''), /^HTTP\/1\.1 101 /);
  assert.deepEqual(identities(site.upstream.last), []);
  for (const path of ['/socket', '/optional/']) {
    const answer = await upgrade(path, cookieOf(site));
    assert.match(answer, /^HTTP\/1\.1 101 [^]*ping-pong/, path);
    assert.equal(identities(site.upstream.last).length, 1);
    assert.equal(await subjectOf(site, identities(site.upstream.last)[0]), 'test|alice-1');
  }
});

e2e('HD-06 trailers under the name of the header are not headers: HTTP/1 chunked', async (h) => {
  const site = await h.site({ server: LOOSE, locations: (s) => ['on', 'off'].map((mode) => `
    location /${mode}/ { oauth optional; proxy_http_version 1.1; proxy_request_buffering ${mode}; proxy_pass ${s.upstream.url}; }`).join('') });
  await assertSignedIn(site);
  const trailers = [];
  site.upstream.server.prependListener('request', (request) => request.on('end', () => trailers.push(...request.rawTrailers)));
  for (const mode of ['on', 'off']) {
    for (const [cookie, expected] of [['', 0], [cookieOf(site), 1]]) {
      const before = site.upstream.requests.length;
      const answer = await raw(site.port, `POST /${mode}/ HTTP/1.1\r\nHost: 127.0.0.1:${site.port}\r\nConnection: close\r\n${cookie ? `Cookie: ${cookie}\r\n` : ''}Transfer-Encoding: chunked\r\n`
        + `Trailer: X-OAuth-Identity\r\n\r\n3\r\nabc\r\n0\r\nX-OAuth-Identity: ${FORGED}\r\nx_oauth_identity: ${FORGED}\r\n\r\n`);
      assert.match(answer, /^HTTP\/1\.1 200 [^]*"length":3/, mode);
      assert.equal(site.upstream.requests.length, before + 1);
      assert.equal(identities(site.upstream.last).length, expected);
      assert.ok(!JSON.stringify([site.upstream.last.headers, trailers]).includes(FORGED), mode);
    }
  }
});

e2e('HD-06 HD-10 trailers of HTTP/2, to an HTTP/1 and to a gRPC application', async (h) => {
  const grpc = await protocols.grpc.start();
  h.closers.push(() => grpc.stop());
  const { certFile, keyFile, ca } = makeCertificates(h.folder());
  const site = await h.site({ server: LOOSE, locations: (s) => `
    location /grpc/ { oauth optional; ${protocols.grpc.pass(grpc)} } location /http/ { oauth optional; proxy_pass ${s.upstream.url}; }`,
    http: () => `ssl_certificate ${certFile}; ssl_certificate_key ${keyFile};`, listen: 'ssl http2' });
  const connect = () => {
    const client = http2.connect(`https://127.0.0.1:${site.port}`, { ca });
    h.closers.push(() => client.destroy());
    return client.on('error', () => {});
  };
  for (const [path, requests] of [['/grpc/', grpc.requests], ['/http/', site.upstream.requests]]) {
    const forged = { 'x-oauth-identity': FORGED, x_oauth_identity: FORGED };
    const stream = connect().request({ ':path': path, ':method': 'POST', 'content-type': 'application/grpc', te: 'trailers', ...forged }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'x-oauth-identity': FORGED }));
    stream.on('error', () => {});
    stream.end('abc');
    // nginx 1.22 ends the connection where a request has trailers; later ones may go on without them.
    await new Promise((resolve) => { stream.on('close', resolve); stream.resume(); });
    assert.ok(!JSON.stringify(requests).includes(FORGED), path);
    const plain = connect().request({ ':path': path, ...forged });
    const status = await new Promise((resolve, reject) => { plain.on('response', (headers) => resolve(headers[':status'])); plain.on('error', reject); plain.resume(); });
    assert.equal(status, 200, path);
    assert.ok(requests.length > 0, path);
    assert.ok(!JSON.stringify(requests).includes(FORGED), path);
    assert.deepEqual(identities(requests.at(-1)), [], path);
  }
});

e2e('HD-13 what the application answers under our names is no identity and no session', async (h) => {
  const site = await h.site({ locations: (s) => `location /open/ { oauth off; proxy_pass ${s.upstream.url}; }` });
  await assertSignedIn(site);
  const own = cookieOf(site);
  site.upstream.reply = (request, response) => {
    response.writeHead(200, { 'X-OAuth-Identity': 'of-the-application', 'Set-Cookie': request.url === '/open/fix' ? ['oauth=of-the-application; Path=/'] : [] }).end('done');
    return true;
  };
  await site.browser.fetch(site.origin + '/');
  await site.browser.fetch(site.origin + '/', { headers: { Cookie: own } });
  assert.equal(await subjectOf(site, identities(site.upstream.last)[0]), 'test|alice-1', 'the answer before does not matter');
  const stranger = new Browser();
  await stranger.fetch(site.origin + '/open/fix');
  const before = site.upstream.requests.length;
  assert.equal((await stranger.fetch(site.origin + '/')).status, 401, 'a cookie of the application is no session');
  assert.equal(site.upstream.requests.length, before);
});

e2e('HD-15 two users and a stranger over one kept connection to the application', async (h) => {
  const site = await h.site({ server: LOOSE, location: 'proxy_http_version 1.1; proxy_set_header Connection "";', http: (s) => `upstream kept { server 127.0.0.1:${s.upstream.port}; keepalive 1; }`,
    locations: 'location /kept/ { oauth optional; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_pass http://kept; }' });
  await assertSignedIn(site);
  site.provider.user = { sub: 'bob-2', email: 'bob@example.org', email_verified: true };
  const bob = new Browser();
  await assertSignedIn(site, { browser: bob });
  const ports = new Set();
  site.upstream.server.prependListener('request', (request) => ports.add(request.socket.remotePort));
  const before = site.upstream.requests.length;
  const request = (cookie, last) => `GET /kept/ HTTP/1.1\r\nHost: 127.0.0.1:${site.port}\r\nX-OAuth-Identity: ${FORGED}\r\n${cookie ? `Cookie: ${cookie}\r\n` : ''}${last ? 'Connection: close\r\n' : ''}\r\n`;
  await raw(site.port, [cookieOf(site), '', cookieOf(site, bob), '', cookieOf(site)].map((cookie, i) => request(cookie, i === 4)).join(''));
  const entries = site.upstream.requests.slice(before);
  assert.equal(ports.size, 1, 'one connection for all');
  const subjects = [];
  for (const entry of entries) {
    assert.ok(identities(entry).length <= 1);
    subjects.push(identities(entry).length ? await subjectOf(site, identities(entry)[0]) : '');
  }
  assert.deepEqual(subjects, ['test|alice-1', '', 'test|bob-2', '', 'test|alice-1']);
  assert.ok(Upstream.folded(entries[1], 'X-OAuth-Identity').length === 0);
});
