// SPDX-License-Identifier: MIT
// The base URL (contract 4.7) over HTTP/3, which has no Host header: Chromium speaks it with an nginx that can. One that cannot (Debian 12's)
// is named in the output, and the test is skipped.
import assert from 'node:assert/strict';
import { makeCertificates } from './lib/certificates.mjs';
import { e2e } from './lib/harness.mjs';
import { freePort } from './lib/ports.mjs';
import { openQuicBrowser, withQuic } from './lib/quic.mjs';

const NAMES = ['app.example.org', 'app.example.org.', 'www.wild.example.org', 'evil.test'];

if (withQuic()) {
  e2e('over HTTP/3 the host is :authority, with names and ports as over HTTP/1.1 and HTTP/2', async (h) => {
    const { certFile, keyFile, tls } = makeCertificates(h.folder(), { names: NAMES.map((name) => 'DNS:' + name).join() });
    const [quic, other, mapped] = [await freePort(), await freePort(), await freePort()];
    const site = await h.site({ provider: { mode: 'oidc' }, http: `ssl_certificate ${certFile}; ssl_certificate_key ${keyFile}; ssl_protocols TLSv1.3;`,
      server: `listen 127.0.0.1:${quic} quic; listen 127.0.0.1:${quic} ssl; listen 127.0.0.1:${other} ssl; server_name app.example.org *.wild.example.org;` });
    const origins = NAMES.flatMap((name) => [quic, other, mapped].map((port) => `${name}:${port}`));
    const browser = await openQuicBrowser(h, { cert: tls.cert, names: NAMES, origins, ports: { [other]: quic, [mapped]: quic } });
    const context = await browser.newContext();
    const page = await context.newPage();
    const ask = async (host) => { // what the first answer was, and where the redirects ended
      const url = `https://${host}/`;
      const [first, last] = await Promise.all([page.waitForResponse((each) => each.url() === url), page.goto(url)]);
      return { status: first.status(), headers: await first.allHeaders(), last };
    };
    for (const host of [`app.example.org:${quic}`, `app.example.org:${mapped}`, `www.wild.example.org:${quic}`]) {
      const { status, headers, last } = await ask(host);
      assert.equal(status, 302, host);
      assert.equal(new URL(headers.location).searchParams.get('redirect_uri'), `https://${host}/auth/oauth/test/callback`);
      assert.match(headers['set-cookie'], /^__Host-oauth_login_/);
      assert.deepEqual([last.url(), last.status()], [`https://${host}/`, 200], 'signed in');
      assert.equal((await ask(host)).status, 200, 'with the session');
    }
    const dotted = await ask(`app.example.org.:${quic}`);
    assert.equal(new URL(dotted.headers.location).searchParams.get('redirect_uri'), `https://app.example.org:${quic}/auth/oauth/test/callback`);
    for (const host of [`evil.test:${quic}`, `app.example.org:${other}`]) {
      assert.equal((await ask(host)).status, 400, host);
    }
    const spoken = site.nginx.accessed().split('\n').filter((line) => / (302|400) /.test(line));
    assert.ok(spoken.length >= 6 && spoken.every((line) => line.includes('HTTP/3.0')), spoken.join('\n'));
  });
}
