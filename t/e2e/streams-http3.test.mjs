// SPDX-License-Identifier: MIT
// Streams over HTTP/3 end with their session (LO-06): the request alone, while its connection and the others on it go on. Chromium speaks it, with an nginx that can.
import assert from 'node:assert/strict';
import { makeCertificates } from './lib/certificates.mjs';
import { e2e } from './lib/harness.mjs';
import { freePort, until } from './lib/ports.mjs';
import { openQuicBrowser, withQuic } from './lib/quic.mjs';
import { endless, pause } from './lib/streams.mjs';

const NAME = 'app.example.org';

if (withQuic()) {
  e2e('LO-06 over HTTP/3 a stream is reset when its session is signed out, and others go on', async (h) => {
    const { certFile, keyFile, tls } = makeCertificates(h.folder(), { names: 'DNS:' + NAME });
    const quic = await freePort();
    const site = await h.site({ provider: { mode: 'oidc' }, http: `ssl_certificate ${certFile}; ssl_certificate_key ${keyFile}; ssl_protocols TLSv1.3;`,
      server: `listen 127.0.0.1:${quic} quic; listen 127.0.0.1:${quic} ssl; server_name ${NAME}; proxy_buffering off;`,
      locations: (s) => `location /keep/ { oauth_session_streams keep; proxy_pass ${s.upstream.url}; }` });
    site.upstream.reply = endless;
    const origin = `https://${NAME}:${quic}`;
    const browser = await openQuicBrowser(h, { cert: tls.cert, names: [NAME], origins: [`${NAME}:${quic}`] });
    const page = await (await browser.newContext()).newPage();
    assert.equal((await page.goto(origin + '/')).status(), 200, 'signed in');
    const paths = ['/events', '/idle', '/download', '/keep/events'];
    await page.evaluate((all) => {
      globalThis.streams = Object.fromEntries(all.map((path) => [path, { size: 0 }]));
      return Promise.all(all.map(async (path) => {
        const stream = globalThis.streams[path];
        const reader = (await fetch(path)).body.getReader();
        const read = async () => {
          for (let part = await reader.read(); !part.done; part = await reader.read()) { stream.size += part.value.length; }
        };
        read().then(() => { stream.ended = 'an end'; }, () => { stream.ended = 'a reset'; });
      }));
    }, paths);
    const ended = () => page.evaluate(() => Object.fromEntries(Object.entries(globalThis.streams).map(([path, stream]) => [path, stream.ended])));
    const none = Object.fromEntries(paths.map((path) => [path, undefined]));
    await pause(2500);
    assert.deepEqual(await ended(), none);
    await page.evaluate(() => fetch('/auth/oauth/logout', { redirect: 'manual' }));
    await until(async () => Object.values(await ended()).filter(Boolean).length >= 3, 'the streams to be ended', 5000);
    await pause(2500);
    assert.deepEqual(await ended(), { '/events': 'a reset', '/idle': 'a reset', '/download': 'a reset', '/keep/events': undefined });
    const size = await page.evaluate(() => globalThis.streams['/keep/events'].size);
    await until(async () => await page.evaluate(() => globalThis.streams['/keep/events'].size) > size, 'another event');
    assert.equal(await page.evaluate(() => fetch('/').then(({ status }) => status)), 401);
    const spoken = site.nginx.accessed().split('\n').filter((line) => /GET \/(events|idle|download) /.test(line));
    assert.ok(spoken.length === 3 && spoken.every((line) => / HTTP\/3\.0" 200 /.test(line)), spoken.join('\n'));
  });
}
