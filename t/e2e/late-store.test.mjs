// SPDX-License-Identifier: MIT
// A session store that answers late, in a real nginx: requests, subrequests and internal redirects wait for it without holding anybody up, it is asked once for a request, the cookies
// that come with a session travel on whatever answer follows, and where it does not answer nobody is let in (DS-01, DS-09, FC-01).
import assert from 'node:assert/strict';
import net from 'node:net';
import { Browser, raw, signIn } from './lib/browser.mjs';
import { assertError, assertSignedIn, beginSignIn, e2e, hasSession } from './lib/harness.mjs';
import { publicFolder } from './lib/folders.mjs';
import { cookieOf, lateSite } from './lib/late-store.mjs';
import { until } from './lib/ports.mjs';
import { Upstream } from './lib/upstream.mjs';

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

e2e('DS-01 a request waits for the store, and nobody else does', async (h) => {
  const site = await lateSite(h, { locations: (s) => `location /off/ { oauth off; proxy_pass ${s.upstream.url}; }` });
  site.store.hold();
  const slow = site.browser.fetch(site.origin + '/page');
  await until(() => site.store.waiting.length === 1, 'the store is asked');
  for (let i = 0; i < 20; i++) {
    assert.equal((await new Browser().fetch(site.origin + '/off/x')).status, 200);
    assert.equal((await new Browser().fetch(site.origin + '/page')).status, 401, 'who brings no cookie needs no store');
  }
  assert.equal(site.store.waiting.length, 1);
  site.store.release();
  assert.equal((await slow).status, 200);
  assert.deepEqual(Upstream.folded(site.upstream.last, 'X-OAuth-Identity').length, 1);
  assert.deepEqual(site.store.asked, ['load']);
});

e2e('a body that is sent while the store is asked reaches the application whole', async (h) => {
  const site = await lateSite(h);
  site.store.hold();
  const body = 'x'.repeat(300000);
  const slow = site.browser.fetch(site.origin + '/upload', { method: 'POST', body });
  await until(() => site.store.waiting.length === 1, 'the store is asked');
  await pause(50);
  site.store.release();
  assert.equal((await slow).json().length, body.length);
});

e2e('subrequests wait before their location\'s return, and ask the store once', async (h) => {
  const folder = publicFolder(h, { 'page.html': '[<!--#include virtual="/one/x" -->][<!--#include virtual="/two/x" -->][<!--#include virtual="/denied/x" -->]' });
  const site = await lateSite(h, { locations: (s) => `
    location = /page.html { oauth off; ssi on; root ${folder}; }
    location /one/ { return 200 one; }
    location /two/ { proxy_pass ${s.upstream.url}; }
    location /denied/ { oauth_allow email=nobody@example.org; return 200 secret; }
    location /guarded/ { oauth off; auth_request /gate; proxy_pass ${s.upstream.url}; }
    location /known/ { oauth off; auth_request /auth/oauth/userinfo; proxy_pass ${s.upstream.url}; }
    location = /gate { internal; return 204; }` });
  site.upstream.reply = (request, response) => { response.writeHead(200, { 'Content-Type': 'text/html' }).end('two'); return true; };
  site.store.hold();
  const page = site.browser.fetch(site.origin + '/page.html');
  await until(() => site.store.waiting.length === 1, 'the store is asked');
  await pause(100);
  assert.deepEqual(site.store.asked, ['load'], 'once for all three');
  site.store.release();
  const { status, text } = await page;
  assert.equal(status, 200);
  assert.match(text, /^\[one\]\[two\]\[/);
  assert.doesNotMatch(text, /secret/);
  assert.deepEqual(site.store.asked, ['load']);
  site.store.hold();
  const guarded = site.browser.fetch(site.origin + '/guarded/x');
  await until(() => site.store.waiting.length === 1, 'the store is asked');
  site.store.release();
  assert.equal((await guarded).status, 200);
  site.store.hold();
  const known = site.browser.fetch(site.origin + '/known/x'); // an endpoint as the gate
  await until(() => site.store.waiting.length === 1, 'the store is asked');
  site.store.release();
  assert.equal((await known).status, 200);
  assert.equal((await new Browser().fetch(site.origin + '/guarded/x')).status, 401);
});

e2e('an internal redirect is admitted again without asking again', async (h) => {
  const site = await lateSite(h, { locations: (s) => `
    location /first/ { proxy_pass ${s.upstream.url}; }
    location /second/ { oauth_identity_audience second; proxy_pass ${s.upstream.url}; }
    location /missing/ { error_page 404 = @named; return 404; }
    location @named { proxy_pass ${s.upstream.url}; }` });
  site.upstream.reply = (request, response) => {
    response.writeHead(200, request.url.startsWith('/first/') ? { 'X-Accel-Redirect': '/second/x' } : {}).end('ok');
    return true;
  };
  for (const path of ['/first/x', '/missing/x']) {
    site.store.asked.length = 0;
    assert.equal((await site.browser.fetch(site.origin + path)).text, 'ok');
    assert.deepEqual(site.store.asked, ['load'], path);
    assert.equal(Upstream.folded(site.upstream.last, 'X-OAuth-Identity').length, 1);
  }
});

e2e('DS-09 a client that leaves meanwhile takes its question along', async (h) => {
  const folder = publicFolder(h, { 'page.html': '[<!--#include virtual="/one/x" -->][<!--#include virtual="/two/x" -->]' });
  const site = await lateSite(h, { locations: () => `location = /page.html { oauth off; ssi on; root ${folder}; } location /one/ { return 200 one; } location /two/ { return 200 two; }` });
  for (const path of ['/page', '/page.html', '/auth/oauth/userinfo', '/auth/oauth/logout']) {
    site.store.hold();
    const socket = net.connect(site.port, '127.0.0.1');
    socket.write(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${site.port}\r\nSec-Fetch-Site: same-origin\r\nCookie: ${cookieOf(site)}\r\n\r\n`);
    await until(() => site.store.waiting.length === 1, 'the store is asked for ' + path);
    socket.destroy();
    if (path !== '/page.html') { // nginx looks for a page's reader only where it has something to send
      await until(() => site.store.waiting.length === 0, 'the question is taken back: ' + path);
    }
    site.store.release();
    assert.equal((await site.browser.fetch(site.origin + '/next')).status, 200, path);
  }
});

e2e('cookies that come with a session are on whatever answer follows, once', async (h) => {
  const folder = publicFolder(h, { 'file.txt': 'x'.repeat(5000), 'sorry.html': 'sorry' });
  const site = await lateSite(h, { locations: (s) => `
    location /file/ { alias ${folder}/; }
    location /missing/ { root ${folder}; error_page 404 /sorry.html; }
    location = /sorry.html { oauth off; root ${folder}; }
    location /denied/ { oauth_allow email=nobody@example.org; proxy_pass ${s.upstream.url}; }
    location /empty/ { try_files /none =204; }
    location /redirect/ { try_files /none =302; }
    location /broken/ { proxy_pass http://127.0.0.1:1; }
    location /guarded/ { oauth off; auth_request /gate; proxy_pass ${s.upstream.url}; }
    location /twice/ { auth_request /gate; try_files /none /guarded/x; }
    location = /gate { internal; return 204; }` });
  site.store.note = 'oauth_note=1; Path=/';
  const cases = [['/', '', 200], ['/file/file.txt', '', 200], ['/file/file.txt', 'Range: bytes=0-9\r\n', 206], ['/file/file.txt', 'Range: bytes=9000-\r\n', 416],
    ['/file/file.txt', 'If-Modified-Since: Fri, 01 Jan 2100 00:00:00 GMT\r\nCache-Control: max-age=0\r\n', 200], ['/missing/x', '', 404], ['/denied/x', '', 403], ['/empty/x', '', 204],
    ['/broken/x', '', 502], ['/guarded/x', '', 200], ['/twice/x', '', 200], ['/ws', 'Upgrade: websocket\r\n', 200]];
  for (const [path, headers, status] of cases) {
    const answer = await raw(site.port, `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${site.port}\r\nCookie: ${cookieOf(site)}\r\n${headers}Connection: close\r\n\r\n`);
    assert.match(answer, new RegExp(`^HTTP/1.1 ${status} `), path);
    assert.equal([...answer.matchAll(/^Set-Cookie: oauth_note=1; Path=\/\r$/gm)].length, 1, `${path} ${status}`);
  }
  const modified = /^Last-Modified: (.*)\r$/m.exec(await raw(site.port, `GET /file/file.txt HTTP/1.1\r\nHost: 127.0.0.1:${site.port}\r\nCookie: ${cookieOf(site)}\r\nConnection: close\r\n\r\n`))[1];
  const unchanged = await raw(site.port, `GET /file/file.txt HTTP/1.1\r\nHost: 127.0.0.1:${site.port}\r\nCookie: ${cookieOf(site)}\r\nIf-Modified-Since: ${modified}\r\nConnection: close\r\n\r\n`);
  assert.match(unchanged, /^HTTP\/1\.1 304 [^]*\r\nSet-Cookie: oauth_note=1; Path=\/\r\n/);
  const stranger = await new Browser().fetch(site.origin + '/');
  assert.equal(stranger.headers['set-cookie'], undefined);
});

e2e('cookies that come with a session are on an upgraded connection', async (h) => {
  const site = await lateSite(h, { location: 'proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade;' });
  site.store.note = 'oauth_note=1; Path=/';
  const socket = net.connect(site.port, '127.0.0.1');
  socket.write(`GET /ws HTTP/1.1\r\nHost: 127.0.0.1:${site.port}\r\nCookie: ${cookieOf(site)}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n`);
  let text = '';
  socket.on('data', (part) => { text += part; });
  await until(() => text.includes('\r\n\r\n'), 'the answer');
  assert.match(text, /^HTTP\/1\.1 101 [^]*\r\nSet-Cookie: oauth_note=1; Path=\/\r\n/);
  socket.destroy();
});

e2e('FC-01 a store that does not answer lets nobody in, and nobody is signed out for it', async (h) => {
  const site = await lateSite(h, { locations: (s) => `
    location /optional/ { oauth optional; proxy_pass ${s.upstream.url}; }
    location /off/ { oauth off; proxy_pass ${s.upstream.url}; }
    location /guarded/ { oauth off; auth_request /gate; proxy_pass ${s.upstream.url}; }
    location = /gate { internal; return 204; }` });
  site.store.status = 500;
  const json = { headers: { Accept: 'application/json' } };
  for (const path of ['/', '/optional/', '/auth/oauth/userinfo']) {
    assertError(await site.browser.fetch(site.origin + path, json), 503, 'store_unavailable');
  }
  assert.equal((await site.browser.fetch(site.origin + '/guarded/x')).status, 500, 'auth_request knows 401 and 403 alone');
  const left = await site.browser.navigate(site.origin + '/auth/oauth/logout', { initiator: site.origin, follow: false, headers: json.headers });
  assertError(left, 503, 'store_unavailable');
  assert.ok(hasSession(site.browser));
  assert.equal((await site.browser.fetch(site.origin + '/off/x')).status, 200);
  assert.equal((await new Browser().fetch(site.origin + '/optional/')).status, 200, 'without a session cookie as ever');
  assert.equal((await new Browser().fetch(site.origin + '/')).status, 401);
  assert.equal(site.upstream.requests.filter(({ url }) => url === '/').length, 0);
  site.store.status = 200;
  assert.equal((await site.browser.fetch(site.origin + '/')).status, 200, 'and back by itself');
});

e2e('signing in and out go through a late store', async (h) => {
  const site = await lateSite(h);
  const callback = await beginSignIn(site, { target: site.origin + '/auth/oauth/test?return_to=/wanted' });
  site.store.hold();
  const answer = site.browser.navigate(callback, { follow: false });
  for (const operation of ['load', 'create', 'erase']) {
    await until(() => site.store.waiting.length === 1 && site.store.count(operation) === 1, operation);
    site.store.release();
    site.store.held = true;
  }
  assert.equal((await answer).headers.location, site.origin + '/wanted');
  site.store.release();
  site.store.asked.length = 0;
  await signIn(site.browser, site.origin + '/');
  const left = await site.browser.navigate(site.origin + '/auth/oauth/logout', { initiator: site.origin, follow: false });
  assert.equal(left.status, 302);
  assert.match(left.headers.location, /[?&]id_token_hint=ey/);
  assert.ok(!hasSession(site.browser));
  assert.equal(site.store.count('erase'), 1);
});

e2e('before it is decided a variable tells what can be known without waiting, afterwards what is', async (h) => {
  const site = await lateSite(h, { server: 'set $early "[$oauth_user]";', location: 'set $rewrite "[$oauth_user]"; proxy_set_header X-Early $early; proxy_set_header X-Rewrite $rewrite; proxy_set_header X-Late "[$oauth_user]";' });
  assert.equal((await site.browser.fetch(site.origin + '/')).status, 200);
  assert.deepEqual(['X-Early', 'X-Rewrite', 'X-Late'].map((name) => Upstream.folded(site.upstream.last, name)[0]), ['[]', '[]', '[alice@example.org]']);
  assert.deepEqual(site.store.asked, ['load']);
});
