// SPDX-License-Identifier: MIT
// Requests made to slip by: paths (UB-01 to UB-03, UB-16), methods and headers that only look like others (UB-07, XF-01), cookies that are no session (UB-13), conditional and
// partial requests for files (UB-17), and the same over HTTP/2 (UB-19; nginx 1.22 has no HTTP/3). Nobody without a session gets a byte of what is protected.
import assert from 'node:assert/strict';
import http2 from 'node:http2';
import { Browser, raw, signIn } from './lib/browser.mjs';
import { makeCertificates } from './lib/certificates.mjs';
import { assertSignedIn, e2e } from './lib/harness.mjs';
import { publicFolder } from './lib/folders.mjs';
import { until } from './lib/ports.mjs';
import { Upstream } from './lib/upstream.mjs';

const SECRET = 'the-secret-of-the-file';
const FILES = { 'admin/secret.html': SECRET, 'admin/index.html': SECRET, 'public/page.html': 'open', '.well-known/acme-challenge/token': 'open', 'listing/one.html': SECRET };

const get = (site, path, { method = 'GET', headers = '', version = '1.1' } = {}) => raw(site.port,
  Buffer.from(`${method} ${path} HTTP/${version}\r\nHost: 127.0.0.1:${site.port}\r\nConnection: close\r\n${headers}\r\n`, 'latin1'));
const statusOf = (answer) => Number(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1]);

// From the open prefix into the protected folder, in every spelling that some server might read so.
const UPWARDS = ['..', '%2e%2e', '.%2e', '%2e.', '..;', '..;a=b', '%2e%2e;', '..%5c', '..\\', '..%255c', '%252e%252e', '..%00', '..%2f', '..%252f', '..%c0%af', '..%ef%bc%8f', '...', '.../', './..', '.;/..', '..%09', '..%20', '..%23',
  '..%3f', '..#', '.%00.', '..//', '//..', '%2e%2e%2f', '..%5c..', '\\..'];

e2e('UB-02 UB-03 UB-16 no path leads from an open folder into a protected one', async (h) => {
  const root = publicFolder(h, FILES);
  const site = await h.site({ locations: (s) => `
    location /public/ { oauth off; root ${root}; }
    location ^~ /.well-known/acme-challenge/ { oauth off; root ${root}; }
    location /forward/ { oauth off; proxy_pass ${s.upstream.url}; }
    location /admin/ { root ${root}; }` });
  assert.match(await get(site, '/public/page.html'), /^HTTP\/1\.1 200 [^]*open/);
  assert.match(await get(site, '/.well-known/acme-challenge/token'), /^HTTP\/1\.1 200 [^]*open/);
  for (const up of UPWARDS) {
    for (const path of [`/public/${up}/admin/secret.html`, `/public/${up}admin/secret.html`, `/public/x/${up}/${up}/admin/secret.html`, `/.well-known/acme-challenge/${up}/${up}/admin/secret.html`,
      `/public/${up}/admin/secret.html#/public/page.html`, `//public/${up}//admin//secret.html`]) {
      const answer = await get(site, path);
      assert.ok(!answer.includes(SECRET), `${path}: ${answer.slice(0, 200)}`);
      assert.ok([302, 400, 401, 403, 404].includes(statusOf(answer)), `${path}: ${answer.slice(0, 100)}`);
    }
  }
  for (const path of ['/admin/secret.html', '/%61dmin/secret.html', '/admin/./secret.html', '//admin//secret.html', '/public/../admin/secret.html', '/admin/secret.html?path=/public/page.html', '/admin/secret.html;/public/',
    '/admin/secret.html#/public/page.html', '/admin/secret.html%23/public', '/admin', '/admin/']) {
    const answer = await get(site, path);
    assert.ok([302, 401].includes(statusOf(answer)), `${path}: ${answer.slice(0, 100)}`);
    assert.ok(!answer.includes(SECRET));
  }
});

e2e('UB-01 UB-03 what an open location hands on is what nginx calls open, without an identity', async (h) => {
  const site = await h.site({ locations: (s) => `location /forward/ { oauth off; proxy_pass ${s.upstream.url}; } location /cut/ { oauth off; proxy_pass ${s.upstream.url}/cut/; }` });
  await assertSignedIn(site);
  const headers = `Cookie: ${site.browser.jar.header(new URL(site.origin))}\r\nX-OAuth-Identity: forged\r\n`;
  for (const up of UPWARDS) {
    for (const place of ['forward', 'cut']) {
      site.upstream.requests.length = 0;
      const answer = await get(site, `/${place}/${up}/admin/`);
      if (site.upstream.requests.length > 0) {
        assert.equal(statusOf(answer), 200);
        assert.ok(site.upstream.last.url.startsWith(`/${place}/`), 'the application sees the open prefix: ' + site.upstream.last.url);
        await get(site, `/${place}/${up}/admin/`, { headers });
        assert.deepEqual(Upstream.folded(site.upstream.last, 'X-OAuth-Identity'), [], up);
      } else {
        assert.ok([302, 400, 401].includes(statusOf(answer)), `${up}: ${answer.slice(0, 100)}`);
      }
    }
  }
  site.upstream.requests.length = 0;
  for (const path of ['/admin?x=/forward/', '/admin?/forward/status', '/forwardx', '/Forward/', '/forward', '/admin/forward/']) {
    assert.ok([302, 401, 301].includes(statusOf(await get(site, path))), path);
  }
  assert.equal(site.upstream.requests.length, 0);
});

const OVERRIDES = ['X-HTTP-Method-Override: OPTIONS', 'X-HTTP-Method: OPTIONS', 'X-Method-Override: HEAD', 'X-Original-URL: /open/', 'X-Original-URI: /open/', 'X-Rewrite-URL: /open/', 'X-Forwarded-Uri: /open/',
  'X-Forwarded-Prefix: /open', 'X-Forwarded-Method: OPTIONS', 'X-Forwarded-Path: /open/', 'X-Forwarded-For: 127.0.0.1', 'X-Real-IP: 127.0.0.1', 'X-Auth-Request-Redirect: /open/', 'X-Accel-Redirect: /open/',
  'X-OAuth-Identity: forged', 'X-Forwarded-User: alice', 'Remote-User: alice', 'Authorization: Bearer forged', 'Authorization: Basic YWxpY2U6eA=='];

e2e('UB-07 XF-01 no method and no header opens a protected page', async (h) => {
  const site = await h.site({ locations: (s) => `location /open/ { oauth off; proxy_pass ${s.upstream.url}; }` });
  for (const method of ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH', 'PROPFIND', 'FOO', 'get', 'GET\t', 'TRACE', 'CONNECT', 'PRI', 'X'.repeat(300)]) {
    const answer = await get(site, '/admin/', { method, headers: method === 'HEAD' || method === 'GET' ? '' : 'Content-Length: 0\r\n' });
    assert.ok([302, 303, 400, 401, 405].includes(statusOf(answer)), `${method}: ${answer.slice(0, 100)}`);
  }
  for (const header of OVERRIDES) {
    const answer = await get(site, '/admin/', { headers: header + '\r\nAccept: application/json\r\n' });
    assert.equal(statusOf(answer), 401, header);
  }
  for (const agent of ['', 'User-Agent:\r\n', 'User-Agent: kube-probe/1.30\r\n', 'User-Agent: GoogleHC/1.0\r\n', 'User-Agent: ELB-HealthChecker/2.0\r\n', 'User-Agent: Amazon-Route53-Health-Check-Service\r\n']) {
    assert.equal(statusOf(await get(site, '/admin/', { headers: agent + 'Accept: application/json\r\n' })), 401, 'XF-07 ' + agent);
  }
  assert.equal(site.upstream.requests.length, 0);
  for (const version of ['1.0', '0.9']) {
    assert.doesNotMatch(await raw(site.port, version === '0.9' ? 'GET /admin/\r\n' : `GET /admin/ HTTP/1.0\r\nHost: 127.0.0.1:${site.port}\r\n\r\n`), /^HTTP\/1\.1 200|"headers"/, version);
  }
  assert.equal(site.upstream.requests.length, 0);
});

e2e('UB-13 a cookie that is no session of this site, this server or this hour lets nobody in', async (h) => {
  const other = await h.site();
  await assertSignedIn(other);
  const site = await h.site({ server: 'oauth_session_lifetime 2s;', locations: (s) => `location /optional/ { oauth optional; proxy_pass ${s.upstream.url}; }` });
  const started = Date.now();
  await assertSignedIn(site);
  const own = site.browser.jar.get('oauth').value;
  const foreign = other.browser.jar.get('oauth').value;
  const flipped = (at) => own.slice(0, at) + (own[at] === 'A' ? 'B' : 'A') + own.slice(at + 1);
  const bad = { empty: '', garbage: 'x'.repeat(100), foreign, 'first byte': flipped(0), middle: flipped(own.length >> 1), end: flipped(own.length - 2), cut: own.slice(0, -4), longer: own + 'AAAA', twice: `${own}x; oauth=x${own}`, quoted: `"${own}"`,
    padded: own + '=', parts: `; oauth.0=${own.slice(0, 50)}; oauth.2=${own.slice(50)}`, huge: 'A'.repeat(7000), nul: own.slice(0, 9) + '%00' };
  site.upstream.requests.length = 0;
  for (const [what, value] of Object.entries(bad)) {
    const headers = `Accept: application/json\r\nCookie: oauth=${value}\r\n`;
    assert.equal(statusOf(await get(site, '/', { headers })), 401, what);
    assert.equal(site.upstream.requests.length, 0, what);
    assert.equal(statusOf(await get(site, '/optional/', { headers })), 200, what);
    assert.deepEqual(Upstream.folded(site.upstream.requests.pop(), 'X-OAuth-Identity'), [], what);
  }
  if (Date.now() - started < 1500) {
    assert.equal(statusOf(await get(site, '/', { headers: `Cookie: oauth=${own}\r\n` })), 200, 'the cookie itself is good');
  }
  await until(() => Date.now() - started > 3100, 'the end of the session');
  site.upstream.requests.length = 0;
  assert.equal(statusOf(await get(site, '/', { headers: `Accept: application/json\r\nCookie: oauth=${own}\r\n` })), 401, 'expired');
  assert.equal(site.upstream.requests.length, 0);
});

const CONDITIONS = [{}, { Range: 'bytes=0-3' }, { Range: 'bytes=-3' }, { 'If-None-Match': '*' }, { 'If-Modified-Since': new Date().toUTCString() }, { 'If-Range': '"x"', Range: 'bytes=0-1' }, { 'If-Match': '"x"' },
  { 'If-Unmodified-Since': 'Thu, 01 Jan 1970 00:00:01 GMT' }, { 'Accept-Encoding': 'gzip' }];

e2e('UB-17 files, indexes and listings say nothing before the sign-in: no 200, 206, 304, 412 or 416, no ETag, no length', async (h) => {
  const root = publicFolder(h, FILES);
  const site = await h.site({ locations: () => `location /admin/ { root ${root}; } location /listing/ { root ${root}; autoindex on; }` });
  const stranger = new Browser();
  for (const path of ['/admin/secret.html', '/admin/', '/admin/missing.html', '/listing/', '/listing/one.html', '/admin', '/listing']) {
    for (const method of ['GET', 'HEAD']) {
      for (const condition of CONDITIONS) {
        for (const response of [await stranger.fetch(site.origin + path, { method, headers: condition }), await stranger.navigate(site.origin + path, { method, headers: condition, follow: false })]) {
          assert.ok([302, 303, 401].includes(response.status), `${method} ${path} ${JSON.stringify(condition)}: ${response.status}`);
          for (const name of ['etag', 'last-modified', 'content-range', 'accept-ranges']) {
            assert.ok(!(name in response.headers), `${name} of ${path}`);
          }
          assert.ok(!response.text.includes(SECRET) && !response.text.includes('one.html<'));
        }
      }
    }
  }
  await signIn(site.browser, site.origin + '/');
  const whole = await site.browser.fetch(site.origin + '/admin/secret.html');
  assert.equal(whole.text, SECRET);
  const part = await site.browser.fetch(site.origin + '/admin/secret.html', { headers: { Range: 'bytes=4-9' } });
  assert.deepEqual([part.status, part.text], [206, SECRET.slice(4, 10)]);
  assert.equal((await site.browser.fetch(site.origin + '/admin/secret.html', { headers: { 'If-None-Match': whole.headers.etag } })).status, 304);
  assert.equal((await site.browser.fetch(site.origin + '/admin/secret.html', { method: 'HEAD' })).headers['content-length'], String(SECRET.length));
  assert.match((await site.browser.fetch(site.origin + '/listing/')).text, /one\.html/);
});

// One request over HTTP/2; any headers, also those that a browser would not send.
function over2(h, site, headers, body) {
  const client = http2.connect(`https://127.0.0.1:${site.port}`, { ca: site.ca2 });
  h.closers.push(() => client.destroy());
  return new Promise((resolve) => {
    client.on('error', () => resolve({ status: 0, headers: {}, text: '' }));
    const stream = client.request({ ':authority': '127.0.0.1:' + site.port, ...headers }, { endStream: body === undefined });
    const answer = { status: 0, headers: {}, text: '' };
    stream.on('response', (fields) => Object.assign(answer, { status: fields[':status'], headers: fields }));
    stream.setEncoding('utf8').on('data', (part) => { answer.text += part; });
    stream.on('error', () => {});
    stream.on('close', () => { client.close(); resolve(answer); });
    if (body !== undefined) {
      stream.end(body);
    }
  });
}

async function siteOver2(h, options) {
  const { certFile, keyFile, ca } = makeCertificates(h.folder());
  const site = await h.site({ listen: 'ssl http2', http: `ssl_certificate ${certFile}; ssl_certificate_key ${keyFile};`, server: 'underscores_in_headers on; ignore_invalid_headers off;', ...options });
  site.ca2 = ca;
  site.origin = 'https://127.0.0.1:' + site.port;
  site.browser = new Browser({ ca: ca + (site.ca ?? '') });
  return site;
}

e2e('UB-19 over HTTP/2: the same answers, to a stranger and to who is signed in', async (h) => {
  const root = publicFolder(h, { ...FILES, 'public/ssi.html': '<!--#include virtual="/admin/secret.html" --> after' });
  const site = await siteOver2(h, { locations: (s) => `
    location /admin/ { root ${root}; }
    location /public/ { oauth off; ssi on; root ${root}; }
    location /optional/ { oauth optional; proxy_pass ${s.upstream.url}; }
    location /accel/ { oauth off; proxy_pass ${s.upstream.url}; }` });
  const ask = (path, headers = {}, body) => over2(h, site, { ':path': path, ...headers }, body);
  await signIn(site.browser, site.origin + '/');
  const cookie = site.browser.jar.header(new URL(site.origin));
  assert.match(cookie, /(^|; )__Host-oauth=/);
  const page = await ask('/admin/secret.html', { accept: 'text/html' });
  assert.equal(page.status, 302);
  assert.ok(page.headers.location.startsWith(site.provider.base + '/authorize'));
  for (const path of ['/admin/secret.html', '/public/../admin/secret.html', '/public/%2e%2e/admin/secret.html', '//admin/secret.html', '/admin/secret.html?x=/public/']) {
    for (const headers of [{ accept: 'application/json' }, { accept: 'application/json', range: 'bytes=0-3' }, { accept: 'application/json', 'if-none-match': '*' }, { accept: 'application/json', 'x-oauth-identity': 'forged', ':method': 'HEAD' },
      { accept: 'application/json', ':method': 'OPTIONS' }]) {
      const answer = await ask(path, headers);
      assert.equal(answer.status, 401, `${path} ${JSON.stringify(headers)}`);
      assert.ok(!answer.text.includes(SECRET) && !('etag' in answer.headers));
    }
    assert.equal((await ask(path, { cookie })).text, SECRET, path);
  }
  assert.equal((await ask('/x', { ':method': 'POST', accept: 'application/json' }, 'x'.repeat(100000))).status, 401);
  assert.doesNotMatch((await ask('/public/ssi.html')).text, new RegExp(SECRET));
  assert.match((await ask('/public/ssi.html', { cookie })).text, new RegExp(SECRET));
  site.upstream.requests.length = 0;
  for (const [session, count] of [[{}, 0], [{ cookie }, 1], [{ cookie: ['a=1', cookie, 'b=2'] }, 1]]) {
    await ask('/optional/', { ...session, 'x-oauth-identity': ['forged', 'forged'], x_oauth_identity: 'forged', 'x.oauth.identity': 'forged' });
    assert.equal(Upstream.folded(site.upstream.last, 'X-OAuth-Identity').length, count);
    assert.ok(!JSON.stringify(site.upstream.last.headers).includes('forged'));
  }
  assert.deepEqual(Upstream.folded(site.upstream.last, 'Cookie').map((value) => value.replace(/; */g, '; ')), ['a=1; b=2']);
  site.upstream.reply = (request, response) => { response.writeHead(200, { 'X-Accel-Redirect': '/admin/secret.html' }).end(); return true; };
  assert.equal((await ask('/accel/', { accept: 'application/json' })).status, 401);
  assert.equal((await ask('/accel/', { cookie })).text, SECRET);
});

e2e('UB-19 over HTTP/2: odd paths, methods and authorities reach nobody', async (h) => {
  const site = await siteOver2(h, {});
  const good = '127.0.0.1:' + site.port;
  for (const headers of [{ ':path': 'admin' }, { ':path': '*', ':method': 'OPTIONS' }, { ':path': '/', ':authority': 'evil.test' }, { ':path': '/', ':authority': good, host: 'evil.test' }, { ':path': '/', ':authority': 'evil.test', host: good },
    { ':path': '/', ':authority': 'a@' + good }, { ':path': '/', ':authority': '' }, { ':path': 'https://evil.test/' }, { ':path': '/', ':method': 'get' }, { ':path': '/', ':method': 'TRACE' },
    { ':method': 'CONNECT', ':authority': good }, { ':path': '/', ':authority': good + '.evil.test' }]) {
    const answer = await over2(h, site, headers).catch(() => ({ status: 0, headers: {}, text: '' }));
    const label = `${JSON.stringify(headers)}: ${answer.status}`;
    assert.ok([0, 302, 400, 401, 405].includes(answer.status), label);
    assert.ok(!`${JSON.stringify(answer.headers)}${answer.text}`.includes('evil.'), label); // what is random has no dots
    if (answer.status === 302) {
      assert.equal(new URL(new URL(answer.headers.location).searchParams.get('redirect_uri')).host, good, label);
    }
  }
  assert.equal(site.upstream.requests.length, 0);
});
