// SPDX-License-Identifier: MIT
// Bodies: a form that comes back to the callback is read into memory whatever the location says about buffering, over HTTP/1.1 and 2, with a
// length, in chunks and slowly; and nobody who is refused is asked for a body (CB-15, CB-16).
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import http2 from 'node:http2';
import net from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { Browser, raw } from './lib/browser.mjs';
import { makeCertificates } from './lib/certificates.mjs';
import { assertSignedIn, e2e } from './lib/harness.mjs';

const BASE = 'https://app.example.test';
const POST = { block: 'response_mode form_post;', server: `oauth_base_url ${BASE};` };
const TYPE = 'application/x-www-form-urlencoded';

// A sign-in whose browser is back from the provider, with the form in its hands.
async function begin(site) {
  const start = await new Browser().navigate(site.loginUrl, { follow: false });
  assert.equal(start.status, 302, start.text.slice(0, 300));
  await new Browser().navigate(start.headers.location, { follow: false });
  return { cookie: start.setCookies[0].split(';')[0], form: site.provider.authorizationAnswer(site.provider.lastGrant).toString() };
}

const padded = (form, size) => form + '&padding=' + 'x'.repeat(size - form.length - 9);

function head(site, { cookie }, lines) {
  return `POST /auth/oauth/test/callback HTTP/1.1\r\nHost: 127.0.0.1:${site.port}\r\nCookie: ${cookie}\r\nContent-Type: ${TYPE}\r\nAccept: application/json\r\n${lines}\r\n\r\n`;
}

const chunks = (text, size) => text.replace(new RegExp(`.{1,${size}}`, 'gs'), (part) => part.length.toString(16) + '\r\n' + part + '\r\n') + '0\r\n\r\n';
const whole = { end: /\r\n\r\n/ };

// One write after the other, each at a time of its own.
function slowly(port, parts) {
  return new Promise((resolve, reject) => {
    let text = '';
    const socket = net.connect(port, '127.0.0.1', async () => {
      for (const part of parts) {
        socket.write(part);
        await pause(20);
      }
    });
    socket.on('data', (part) => {
      text = (text + part.toString('latin1')).replace(/^HTTP\/1\.1 100 Continue\r\n\r\n/, '');
      if (whole.end.test(text)) {
        socket.destroy();
      }
    });
    socket.on('error', reject).on('close', () => resolve(text));
  });
}

const pieces = (text, count) => Array.from({ length: count }, (_, i) => text.slice(Math.floor((i * text.length) / count), Math.floor(((i + 1) * text.length) / count)));

for (const [what, settings] of Object.entries({ 'default buffers': '', 'a small buffer': 'client_body_buffer_size 1k;', 'client_body_in_file_only': 'client_body_in_file_only on;', 'files that are deleted': 'client_body_in_file_only clean;',
  'a single buffer': 'client_body_in_single_buffer on;' })) {
  e2e(`CB-15 a form of any size up to 64k signs in, with ${what}`, async (h) => {
    const site = await h.site({ ...POST, server: POST.server + settings });
    for (const size of [0, 15 * 1024, 63 * 1024]) {
      const ways = {
        'at once': (request, form) => raw(site.port, head(site, request, `Content-Length: ${form.length}`) + form, whole),
        'in chunks': (request, form) => raw(site.port, head(site, request, 'Transfer-Encoding: chunked') + chunks(form, 5000), whole),
        slowly: (request, form) => slowly(site.port, [head(site, request, `Content-Length: ${form.length}`), ...pieces(form, 7)]),
        'slowly in chunks': (request, form) => slowly(site.port, [head(site, request, 'Transfer-Encoding: chunked'), ...pieces(chunks(form, 9000), 7)]),
        'when it is asked for': (request, form) => slowly(site.port, [head(site, request, `Content-Length: ${form.length}\r\nExpect: 100-continue`), form]),
      };
      for (const [way, send] of Object.entries(ways)) {
        const request = await begin(site);
        const form = size === 0 ? request.form : padded(request.form, size);
        const answer = await send(request, form);
        assert.match(answer, /^HTTP\/1\.1 303 /, `${size} ${way}: ${answer.slice(0, 300)}`);
        assert.match(answer, /Set-Cookie: __Host-oauth=/);
      }
    }
    assert.deepEqual(readdirSync(site.nginx.prefix + '/client_body'), [], 'no file was written');
    assert.doesNotMatch(site.nginx.log(), /buffered to a temporary file/);
  });
}

e2e('CB-16 a form over 64k is refused before it is asked for, one in chunks as soon as it is too long', async (h) => {
  const site = await h.site({ ...POST, server: POST.server + 'client_body_timeout 1s;' });
  const request = await begin(site);
  const asked = await raw(site.port, head(site, request, 'Content-Length: 65537\r\nExpect: 100-continue'), whole);
  assert.match(asked, /^HTTP\/1\.1 413 /);
  const endless = await raw(site.port, head(site, request, 'Transfer-Encoding: chunked') + chunks('a'.repeat(80000), 4000), whole);
  assert.match(endless, /^HTTP\/1\.1 413 /);
  assert.match(await raw(site.port, head(site, request, 'Transfer-Encoding: chunked') + 'zz\r\n', whole), /^HTTP\/1\.1 400 /);
  assert.match(await raw(site.port, head(site, request, 'Content-Length: 100') + 'state=', { milliseconds: 6000 }), /^(HTTP\/1\.1 408 |$)/);
  assert.equal(site.provider.count('token'), 0);
  const { form, cookie } = request;
  assert.match(await raw(site.port, head(site, { cookie }, `Content-Length: ${form.length}`) + form, whole), /^HTTP\/1\.1 303 /, 'the sign-in is still there');
});

e2e('CB-15 a form of 15k and of 60k over HTTP/2', async (h) => {
  const { certFile, keyFile, ca } = makeCertificates(h.folder());
  const tls = `ssl_certificate ${certFile}; ssl_certificate_key ${keyFile};`;
  const site = await h.site({ block: POST.block, http: tls, server: 'client_body_in_file_only on;', listen: 'ssl http2' });
  const client = http2.connect(`https://127.0.0.1:${site.port}`, { ca });
  h.closers.push(() => client.destroy());
  client.on('error', () => {});
  const ask = (headers, body) => new Promise((resolve, reject) => {
    const stream = client.request(headers);
    stream.on('response', (answer) => { stream.resume(); stream.on('end', () => resolve(answer)); });
    stream.on('error', reject);
    stream.end(body);
  });
  for (const [size, length] of [[15 * 1024, true], [60 * 1024, true], [15 * 1024, false], [60 * 1024, false]]) {
    const start = await ask({ ':path': '/auth/oauth/test', accept: 'text/html' });
    await new Browser().navigate(start.location, { follow: false });
    const body = padded(site.provider.authorizationAnswer(site.provider.lastGrant).toString(), size);
    const answer = await ask({ ':path': '/auth/oauth/test/callback', ':method': 'POST', cookie: start['set-cookie'][0].split(';')[0], 'content-type': TYPE, ...(length ? { 'content-length': body.length } : {}) }, body);
    assert.equal(answer[':status'], 303, `${size} ${length}`);
  }
  const refused = await ask({ ':path': '/', ':method': 'POST', 'content-type': TYPE, expect: '100-continue', accept: 'application/json' }, 'a'.repeat(20000));
  assert.equal(refused[':status'], 401, 'and nobody without a session is asked for a body');
});

e2e('a body announced with Expect is asked for with a session, and not before somebody is refused', async (h) => {
  const site = await h.site({ locations: (s) => `
    location /themed/ { error_page 401 /sorry; proxy_pass ${s.upstream.url}; }
    location /passed/ { error_page 401 = /told; proxy_pass ${s.upstream.url}; }
    location = /sorry { oauth off; return 401 sorry; }
    location = /told { oauth off; proxy_pass ${s.upstream.url}; proxy_read_timeout 1s; }
    location /denied/ { oauth_allow email=root@example.org; proxy_pass ${s.upstream.url}; }` });
  await assertSignedIn(site);
  const cookie = site.browser.jar.header(new URL(site.origin));
  const ask = (place, lines, body = '') => raw(site.port, `POST ${place} HTTP/1.1\r\nHost: 127.0.0.1:${site.port}\r\nExpect: 100-continue\r\nConnection: close\r\nAccept: application/json\r\n${lines}\r\n\r\n${body}`, { end: /\r\n\r\n/ });
  for (const length of ['Content-Length: 200000', 'Transfer-Encoding: chunked']) {
    assert.match(await ask('/', length), /^HTTP\/1\.1 401 /, length);
    assert.match(await ask('/themed/', length), /^HTTP\/1\.1 401 /, 'with an error_page, ' + length);
    assert.match(await ask('/passed/', length, length.startsWith('T') ? '0\r\n\r\n' : 'x'.repeat(200000)), /^HTTP\/1\.1 (200|401) /, 'with one of the application, ' + length);
    assert.match(await ask('/denied/', `${length}\r\nCookie: ${cookie}`), /^HTTP\/1\.1 403 /, length);
    assert.match(await ask('/auth/oauth/login', length), /^HTTP\/1\.1 405 /, 'an endpoint, ' + length);
    assert.match(await ask('/', `${length}\r\nCookie: ${cookie}`), /^HTTP\/1\.1 100 Continue/, length);
  }
});

e2e('a sign-out by a form with any body is one, whatever the buffers', async (h) => {
  const site = await h.site({ server: 'client_body_in_file_only on; client_body_buffer_size 1k;' });
  const body = 'a=' + 'x'.repeat(15000);
  for (const lines of [`Content-Length: ${body.length}`, 'Transfer-Encoding: chunked']) {
    await assertSignedIn(site);
    const cookie = site.browser.jar.header(new URL(site.origin));
    const answer = await raw(site.port, `POST /auth/oauth/logout HTTP/1.1\r\nHost: 127.0.0.1:${site.port}\r\nCookie: ${cookie}\r\nOrigin: ${site.origin}\r\nSec-Fetch-Site: same-origin\r\nContent-Type: ${TYPE}\r\n${lines}\r\n\r\n`
      + (lines.startsWith('T') ? chunks(body, 4000) : body), whole);
    assert.match(answer, /^HTTP\/1\.1 303 /, answer.slice(0, 200));
    assert.equal((await site.browser.fetch(site.origin + '/')).status, 401, 'the session has ended');
  }
});
