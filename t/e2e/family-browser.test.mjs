// SPDX-License-Identifier: MIT
// One sign-in for a family of hosts, in a real browser: Chromium keeps the cookies of the domain, brings them to the callback's host, and comes back to the page where it began.
import assert from 'node:assert/strict';
import { chromium } from 'playwright-core';
import { makeCertificates } from './lib/certificates.mjs';
import { e2e, providerBlock } from './lib/harness.mjs';

const ARGUMENTS = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--host-resolver-rules=MAP *.example.org 127.0.0.1'];

for (const samesite of ['lax', 'strict']) {
  e2e(`Chromium signs in once for all hosts of the family, with samesite=${samesite}`, async (h) => {
    const made = makeCertificates(h.folder(), { names: 'DNS:*.example.org' });
    const server = (site, name) => `server { listen 127.0.0.1:${site.port} ssl; server_name ${name}.example.org; oauth on; oauth_allow any; location / { proxy_pass ${site.upstream.url}; } location /bye { oauth off; proxy_pass ${site.upstream.url}; } }`;
    const provider = await h.provider();
    provider.discovery.alter = ({ end_session_endpoint: _, ...metadata }) => metadata;
    const configure = (site) => `${providerBlock(site.provider)} ssl_certificate ${made.certFile}; ssl_certificate_key ${made.keyFile};
      oauth_base_url https://login.example.org:${site.port}; oauth_cookie domain=example.org samesite=${samesite}; ${['login', 'wiki', 'shop'].map((name) => server(site, name)).join('\n')}`;
    const site = await h.site({ provider, configure });
    const url = (name, path) => `https://${name}.example.org:${site.port}${path}`;
    const browser = await chromium.launch({ executablePath: process.env.CHROMIUM || '/usr/bin/chromium', args: ARGUMENTS });
    h.closers.push(() => browser.close());
    const context = await browser.newContext({ ignoreHTTPSErrors: true });
    const page = await context.newPage();
    await page.goto(url('wiki', '/page?x=1'));
    await page.waitForURL(url('wiki', '/page?x=1'));
    assert.ok(site.upstream.requests.some((request) => request.url === '/page?x=1'));
    assert.equal(provider.count('authorize'), 1);
    for (const name of ['shop', 'login', 'wiki']) {
      assert.equal((await page.goto(url(name, '/other'))).status(), 200);
      assert.equal(page.url(), url(name, '/other'));
    }
    assert.equal(provider.count('authorize'), 1, 'one sign-in');
    await page.goto(url('shop', '/auth/oauth/logout?return_to=/bye'));
    assert.equal(page.url(), url('shop', '/bye'));
    assert.deepEqual((await context.cookies()).filter(({ name }) => /^oauth/.test(name)).map(({ name }) => name), ['oauth_last']);
    await page.goto(url('wiki', '/again'));
    await page.waitForURL(url('wiki', '/again'));
    assert.equal(provider.count('authorize'), 2, 'signed out everywhere');
    assert.deepEqual(provider.violations, []);
  });
}
