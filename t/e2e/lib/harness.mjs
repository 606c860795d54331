// SPDX-License-Identifier: MIT
// Every end-to-end test uses this: e2e(name, async (h) => ...) starts peers on demand, stops them, and checks the error log of each nginx
// at the end. A test that needs a site calls h.site({...}) and gets nginx, provider, application and browser.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test from 'node:test';
import { Browser, signIn } from './browser.mjs';
import { Nginx } from './nginx.mjs';
import { freePort } from './ports.mjs';
import { ScriptedProvider } from './scripted-provider.mjs';
import { Upstream } from './upstream.mjs';

export function e2e(name, body) {
  test(name, { timeout: 120000 }, async (t) => {
    const harness = new Harness();
    try {
      await body(harness);
      await harness.finish();
    } catch (error) {
      harness.servers.forEach((nginx) => t.diagnostic('nginx error log, its end:\n' + nginx.log().slice(-3000)));
      throw error;
    } finally {
      await harness.close();
    }
  });
}

class Harness {
  constructor() {
    this.servers = [];
    this.closers = [];
    this.allowed = [];
  }

  // Log lines that this test causes on purpose.
  allowLog(pattern) {
    this.allowed.push(pattern);
  }

  async finish() {
    for (const nginx of this.servers) {
      await nginx.stop();
      nginx.assertClean(this.allowed);
    }
  }

  async close() {
    for (const nginx of this.servers) {
      await nginx.stop('SIGTERM');
    }
    for (const close of this.closers.reverse()) {
      await close();
    }
    this.servers.forEach((nginx) => nginx.remove());
  }

  folder() {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'oauth-e2e-files-'));
    this.closers.push(() => rmSync(folder, { recursive: true, force: true }));
    return folder;
  }

  async provider(options, port) {
    const provider = await new ScriptedProvider(options).start(port);
    this.closers.push(() => provider.stop());
    return provider;
  }

  async upstream() {
    const upstream = await new Upstream().start();
    this.closers.push(() => upstream.stop());
    return upstream;
  }

  async nginx(port, http, { main, kind = Nginx, ...options } = {}) {
    const nginx = new kind(options);
    this.servers.push(nginx);
    nginx.write(http, main);
    return nginx.start(port);
  }

  // A whole site. Texts are nginx configuration: `block` inside oauth_provider, `http`, `server`, `locations` (each may be a function of the site),
  // `rules` (of the server), `location` (inside location /). `provider` is options of the provider, or a provider that runs already.
  async site({ provider = {}, block = '', http = '', server = '', locations = '', rules = 'oauth_allow any;', location = '', listen = '', env, workers, main, logLevel, object, kind,
    configure = (site) => siteConfiguration(site) } = {}) {
    const site = { block, http, server, locations, rules, location, listen };
    site.provider = provider instanceof ScriptedProvider ? provider : await this.provider(provider);
    site.upstream = await this.upstream();
    site.port = await freePort();
    site.origin = 'http://127.0.0.1:' + site.port;
    site.loginUrl = site.origin + '/auth/oauth/test';
    site.callbackUrl = site.loginUrl + '/callback';
    site.ca = site.provider.tls?.ca;
    site.browser = new Browser({ ca: site.ca });
    site.nginx = await this.nginx(site.port, configure(site), { env, workers, main, logLevel, object, kind });
    return site;
  }
}

const text = (part, site) => (typeof part === 'function' ? part(site) : part);

export const quoted = (value) => '"' + value.replace(/[\\"]/g, '\\$&') + '"';

export function providerBlock(provider, extra = '', name = 'test') {
  const endpoints = provider.mode === 'oauth2'
    ? `authorization_endpoint ${provider.base}/authorize; token_endpoint ${provider.base}/token; userinfo_endpoint ${provider.base}/userinfo;`
    : `issuer ${provider.issuer};`;
  const secret = provider.clientAuth === 'none' ? 'client_auth none;' : `client_secret ${quoted(provider.clientSecret)};`;
  return `oauth_provider ${name} ${provider.mode} { ${endpoints} client_id ${quoted(provider.clientId)}; ${secret} ${extra} }`;
}

export function siteConfiguration(site) {
  return `
    ${providerBlock(site.provider, text(site.block, site))}
    ${text(site.http, site)}
    server {
        listen 127.0.0.1:${site.port} ${site.listen};
        oauth on;
        ${site.rules}
        ${text(site.server, site)}
        location / { ${text(site.location, site)} proxy_pass ${site.upstream.url}; }
        ${text(site.locations, site)}
    }`;
}

// Begins a sign-in and stops when the provider has answered. Returns the callback URL, which is not visited yet.
export async function beginSignIn(site, { browser = site.browser, target = site.origin + '/' } = {}) {
  let response = await browser.navigate(target, { follow: false });
  for (let hops = 0; hops < 5; hops++) {
    assert.ok([302, 303].includes(response.status), `a redirect on the way to the callback, not ${response.status} ${response.text.slice(0, 300)}`);
    const url = new URL(response.headers.location, response.url);
    if (url.origin === site.origin && url.pathname.endsWith('/callback')) {
      return url.href;
    }
    response = await browser.navigate(url, { follow: false });
  }
  throw new Error('never came to the callback');
}

export const hasSession = (browser) => browser.jar.names().some((name) => /^(__Host-)?oauth(\.\d+)?$/.test(name));
export const loginCookies = (browser) => browser.jar.names().filter((name) => /^(__Host-)?oauth_login_/.test(name));

export async function assertSignedIn(site, { browser = site.browser, target = site.origin + '/' } = {}) {
  const response = await signIn(browser, target);
  assert.equal(response.status, 200, response.text.slice(0, 500));
  assert.ok(hasSession(browser), 'a session cookie');
  assert.deepEqual(site.provider.violations, []);
  return response;
}

export function assertNoStore(response) {
  assert.match(response.headers['cache-control'] ?? '', /no-store/);
}

// The error answer of section 9 in JSON.
export function assertError(response, status, code) {
  assert.equal(response.status, status, response.text.slice(0, 500));
  assert.equal(response.json().error, code);
  assertNoStore(response);
}
