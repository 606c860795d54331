// SPDX-License-Identifier: MIT
// Streams end with their session: WebSockets, events, downloads of unknown length, over HTTP/1.1 and HTTP/2, whatever ends the session, on every worker, also on
// those that a reload replaces; and nothing else ends with them (LO-06, CC-04, SC-16).
import assert from 'node:assert/strict';
import http2 from 'node:http2';
import { Browser } from './lib/browser.mjs';
import { makeCertificates } from './lib/certificates.mjs';
import { publicFolder } from './lib/folders.mjs';
import { assertSignedIn, e2e } from './lib/harness.mjs';
import { configTest } from './lib/nginx.mjs';
import { until } from './lib/ports.mjs';
import { UPGRADES, endless, open, open2, pause, signOut } from './lib/streams.mjs';

const LIMIT = 5; // seconds: what is promised

const LOCATIONS = (s) => `
  location /unbuffered/ { ${UPGRADES} proxy_buffering off; proxy_pass ${s.upstream.url}; }
  location /optional/ { oauth optional; ${UPGRADES} proxy_pass ${s.upstream.url}; }
  location /shadow/ { oauth_policy_mode shadow; oauth_allow email=nobody@example.org; ${UPGRADES} proxy_pass ${s.upstream.url}; }
  location /keep/ { oauth_session_streams keep; ${UPGRADES} proxy_buffering off; proxy_pass ${s.upstream.url}; }
  location /off/ { oauth off; ${UPGRADES} proxy_buffering off; proxy_pass ${s.upstream.url}; }
  location /old/ { proxy_http_version 1.0; proxy_set_header Connection close; proxy_buffering off; proxy_pass ${s.upstream.url}; }`;

async function streamSite(h, { locations = () => '', ca, ...options } = {}) {
  const site = await h.site({ location: UPGRADES, ...options, locations: (s) => LOCATIONS(s) + locations(s) });
  site.upstream.reply = endless;
  if (ca) { // of the site
    Object.assign(site, { origin: `https://127.0.0.1:${site.port}`, ca, browser: new Browser({ ca }) });
  }
  await assertSignedIn(site);
  return site;
}

async function another(site) {
  const browser = new Browser({ ca: site.ca });
  await assertSignedIn(site, { browser });
  return browser;
}

// Those that are to go on do, for longer than it takes to look at all streams.
async function assertGoOn(streams) {
  await pause(2500);
  assert.deepEqual(streams.filter(({ ended }) => ended).map(({ name }) => name), []);
  streams.forEach((stream) => stream.stop());
}

e2e('LO-06 a sign-out in another tab ends the streams of that session, and no others', async (h) => {
  const site = await streamSite(h);
  const other = await another(site);
  const mine = [
    ...await Promise.all(['/ws', '/unbuffered/ws', '/optional/ws', '/shadow/ws'].map((path) => open(site, path, { upgrade: true }))),
    ...await Promise.all(['/unbuffered/events', '/unbuffered/idle', '/unbuffered/silent', '/unbuffered/counted', '/unbuffered/download', '/download', '/old/events', '/old/idle'].map((path) => open(site, path))),
    ...await Promise.all(['/idle', '/silent', '/events'].map((path) => open(site, path, { silent: true }))),
  ];
  const rest = [
    ...await Promise.all(['/keep/ws', '/off/ws'].map((path) => open(site, path, { upgrade: true }))),
    ...await Promise.all(['/keep/events', '/off/events', '/off/idle', '/unbuffered/file'].map((path) => open(site, path))),
    ...await Promise.all(['/ws', '/unbuffered/ws'].map((path) => open(site, path, { browser: other, upgrade: true }))),
    ...await Promise.all(['/unbuffered/events', '/unbuffered/idle', '/download'].map((path) => open(site, path, { browser: other }))),
  ];
  site.upstream.upgradeHeaders = 'Content-Length: 0\r\n'; // which means nothing
  mine.push(await open(site, '/counted/ws', { upgrade: true }));
  mine[0].socket.write('hello');
  await until(() => mine[0].text.endsWith('hello'), 'the echo');
  await pause(2500); // a sweep that ends nothing
  assert.deepEqual([...mine, ...rest].filter(({ ended }) => ended).map(({ name }) => name), []);
  const start = Date.now();
  await signOut(site);
  await Promise.all(mine.map((stream) => stream.endsWithin(LIMIT, start)));
  await assertGoOn(rest);
  await until(() => site.upstream.sockets.size === 0, 'the application to be left alone');
  const log = site.nginx.accessed();
  for (const [path, status] of [['/ws', 101], ['/unbuffered/ws', 101], ['/unbuffered/idle', 200], ['/unbuffered/silent', 200], ['/download', 200], ['/old/idle', 200]]) {
    assert.match(log, new RegExp(`"GET ${path} HTTP/1\\.1" ${status} `));
  }
  assert.equal(site.nginx.linesSince(0, /oauth: a stream is closed, because session [0-9a-f]{16} has ended/).length, mine.length);
});

e2e('SC-16 a stream ends when oauth_session_lifetime is over, and not before', async (h) => {
  const site = await streamSite(h, { server: 'oauth_session_lifetime 4s;' });
  const start = (await site.browser.fetch(site.origin + '/auth/oauth/userinfo')).json().expires_at * 1000;
  const streams = [await open(site, '/ws', { upgrade: true }), await open(site, '/unbuffered/idle'), await open(site, '/download')];
  const kept = await open(site, '/keep/ws', { upgrade: true });
  await Promise.all(streams.map((stream) => stream.endsWithin(LIMIT, start)));
  await assertGoOn([kept]);
});

e2e('an answer that begins when its session is over already ends at once', async (h) => {
  const site = await streamSite(h);
  const late = await open(site, '/unbuffered/late', { silent: true });
  await signOut(site);
  await pause(1500);
  assert.equal(late.ended, undefined, 'there is no answer yet');
  const start = Date.now();
  endless.release();
  await late.endsWithin(LIMIT, start);
});

e2e('whoever else answers, after an internal redirect or as a part of the page, it is a stream of the session', async (h) => {
  const folder = publicFolder(h, { 'page.html': 'first <!--#include virtual="/unbuffered/events" --> last', 'public.html': 'first <!--#include virtual="/off/events" --> last', 'slow.html': 'x'.repeat(3000) });
  const site = await streamSite(h, { locations: (s) => `
    location = /page.html { ssi on; root ${folder}; }
    location = /public.html { ssi on; root ${folder}; }
    location /missing/ { error_page 404 = /unbuffered/events; try_files /none =404; }
    location /named/ { try_files /none @named; }
    location @named { proxy_buffering off; proxy_pass ${s.upstream.url}; }
    location = /slow.html { auth_request /gate; mirror /mirror; limit_rate 200; root ${folder}; }
    location = /gate { internal; proxy_pass ${s.upstream.url}/short; }
    location = /mirror { internal; proxy_pass ${s.upstream.url}/short; }` });
  site.upstream.reply = (request, response) => {
    if (request.url === '/accel') {
      response.writeHead(200, { 'X-Accel-Redirect': '/unbuffered/idle' }).end();
      return true;
    }
    if (request.url === '/short') { // of unknown length as well
      response.writeHead(200).write('x');
      response.end();
      return true;
    }
    return endless(request, response);
  };
  const mine = await Promise.all(['/page.html', '/missing/x', '/named/events', '/accel'].map((path) => open(site, path)));
  const rest = await Promise.all(['/public.html', '/slow.html'].map((path) => open(site, path)));
  const start = Date.now();
  await signOut(site);
  await Promise.all(mine.map((stream) => stream.endsWithin(LIMIT, start)));
  await assertGoOn(rest);
});

e2e('CC-04 a sign-out on one worker ends the streams of all', async (h) => {
  const site = await streamSite(h, { workers: 2, server: 'add_header X-Worker $pid always;' });
  const streams = [];
  const workers = () => new Set(streams.map(({ text }) => /X-Worker: (\d+)/.exec(text)[1]));
  while (streams.length < 8 || (workers().size < 2 && streams.length < 100)) {
    streams.push(await open(site, '/ws', { upgrade: true }));
  }
  assert.equal(workers().size, 2);
  const start = Date.now();
  await signOut(site);
  await Promise.all(streams.map((stream) => stream.endsWithin(LIMIT, start)));
});

e2e('a worker that a reload replaces ends its streams: of sessions signed out before, meanwhile and afterwards', async (h) => {
  const site = await streamSite(h);
  const [second, third] = [await another(site), await another(site)];
  const before = [await open(site, '/ws', { upgrade: true }), await open(site, '/unbuffered/idle')];
  const afterwards = [await open(site, '/ws', { browser: second, upgrade: true }), await open(site, '/download', { browser: second })];
  const rest = [await open(site, '/ws', { browser: third, upgrade: true })];
  const mark = site.nginx.mark();
  let start = Date.now();
  await signOut(site);
  await site.nginx.reload();
  await Promise.all(before.map((stream) => stream.endsWithin(LIMIT, start)));
  start = Date.now();
  await signOut(site, second); // the new worker is told
  await Promise.all(afterwards.map((stream) => stream.endsWithin(LIMIT, start)));
  assert.equal(site.nginx.linesSince(mark, /worker process \d+ exited/).length, 0, 'it has one left');
  await assertGoOn(rest);
  await site.nginx.waitForLine(mark, /worker process \d+ exited with code 0/);
});

e2e('over HTTP/2 a stream is reset, and its connection and the others on it go on', async (h) => {
  const { certFile, keyFile, ca } = makeCertificates(h.folder());
  const site = await streamSite(h, { http: `ssl_certificate ${certFile}; ssl_certificate_key ${keyFile}; http2_max_concurrent_streams 1000;`, listen: 'ssl http2', ca });
  const other = await another(site);
  const client = http2.connect(site.origin, { ca });
  h.closers.push(() => client.destroy());
  client.on('error', () => {});
  const mine = await Promise.all(['/unbuffered/events', '/unbuffered/idle', '/unbuffered/silent', '/unbuffered/download', '/download'].map((path) => open2(site, client, path)));
  for (let i = 0; i < 300; i++) { // more than are looked at at a time
    mine.push(await open2(site, client, '/unbuffered/idle'));
  }
  const rest = [await open2(site, client, '/unbuffered/events', { browser: other }), await open2(site, client, '/keep/idle')];
  const start = Date.now();
  await signOut(site);
  await Promise.all(mine.map((stream) => stream.endsWithin(LIMIT, start)));
  assert.ok(mine.every(({ code }) => code !== http2.constants.NGHTTP2_NO_ERROR), 'a reset, not an end of the answer');
  assert.ok(!client.destroyed && !client.closed);
  const length = rest[0].text.length;
  await until(() => rest[0].text.length > length, 'another event for the other one');
  await assertGoOn(rest);
});

e2e('oauth_session_streams is inherited, and nginx -t says what it accepts', async (h) => {
  const site = await streamSite(h, { server: 'oauth_session_streams keep;', locations: (s) => `location /inner/ { oauth_session_streams close; location /inner/most/ { ${UPGRADES} proxy_pass ${s.upstream.url}; } }` });
  const [kept, closed] = [await open(site, '/ws', { upgrade: true }), await open(site, '/inner/most/ws', { upgrade: true })];
  const start = Date.now();
  await signOut(site);
  await closed.endsWithin(LIMIT, start);
  await assertGoOn([kept]);
  assert.match(configTest('oauth_session_streams end;').stderr, /"oauth_session_streams": found "end", accepted: close, keep/);
});
