// SPDX-License-Identifier: MIT
// The module's pages in a real browser: one Chromium for a test file, sites with two certified providers that remember their users, and what pages
// are looked at for. Providers and application have addresses of their own, so that they are other sites to the browser, and share no cookies.
import assert from 'node:assert/strict';
import { after } from 'node:test';
import { chromium } from 'playwright-core';
import { e2e } from './harness.mjs';
import { OidcProvider } from './oidc-provider.mjs';
import { freePort } from './ports.mjs';
import { escapeHtml } from './replies.mjs';

const ARGUMENTS = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];
export const WAYS = [
  { name: 'with JavaScript, English', javaScriptEnabled: true, locale: 'en-GB', language: 'en' },
  { name: 'without JavaScript, English', javaScriptEnabled: false, locale: 'en-GB', language: 'en' },
  { name: 'with JavaScript, German', javaScriptEnabled: true, locale: 'de-DE', language: 'de' },
  { name: 'without JavaScript, German', javaScriptEnabled: false, locale: 'de-DE', language: 'de' },
];
export const ALICE = 'alice@example.org';
export const MALLORY = 'mallory@example.net';

// Closed when the tests of the file are over.
export async function openChromium() {
  const chromiumBrowser = await chromium.launch({ executablePath: process.env.CHROMIUM || '/usr/bin/chromium', args: ARGUMENTS });
  after(() => chromiumBrowser.close());
  return chromiumBrowser;
}

// An e2e test whose browser lets go of its connections before nginx is told to finish: nginx would wait for one that Chromium has opened ahead of a request.
export function pageTest(name, body) {
  e2e(name, async (h) => {
    h.contexts = [];
    await body(h);
    await Promise.all(h.contexts.map((context) => context.close()));
  });
}

export async function newContext(h, chromiumBrowser, { javaScriptEnabled = true, locale = 'en-GB', ...more } = {}) {
  const context = await chromiumBrowser.newContext({ javaScriptEnabled, locale, ...more });
  context.setDefaultTimeout(8000);
  h.contexts.push(context);
  h.closers.push(() => context.close());
  return context;
}

// Every request, and what the browser complains of. That a page was answered with 4xx, or that nobody is signed in yet, is no complaint.
export function watch(page) {
  const seen = { problems: [], requests: [] };
  page.on('console', (message) => {
    if (message.type() === 'error' && !/^Failed to load resource: the server responded with a status of/.test(message.text())) {
      seen.problems.push(message.text());
    }
  });
  page.on('pageerror', (error) => seen.problems.push(error.message));
  page.on('request', (request) => seen.requests.push(request.url()));
  return seen;
}

// The application: a page that names its address and has a form.
export function application(request, response) {
  if (!/text\/html/.test(request.headers.accept ?? '')) {
    return false;
  }
  const address = escapeHtml(request.url);
  response.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8', 'Cache-Control': 'no-store' });
  response.end(`<!doctype html><html lang="en"><title>Application</title><link rel="icon" href="data:,"><h1 id="application">${request.method} ${address}</h1>
    <form method="post" action="/save"><label>Text <textarea name="text"></textarea></label><button>Save</button></form>`);
  return true;
}

const SECRET = 'a secret of the site';
const client = (origin, name) => [{ client_id: 'site', client_secret: SECRET, grant_types: ['authorization_code', 'refresh_token'],
  redirect_uris: [`${origin}/auth/oauth/${name}/callback`], post_logout_redirect_uris: [origin + '/auth/oauth/signed-out'], response_types: ['code'] }];

// Providers `corp`, which does not end its sessions, and `works`, which does. Texts are nginx configuration.
export async function pagesSite(h, { labels = ['Example Corporation', 'Steinbeißer & Söhne'], rules = 'oauth_allow email=*@example.org;', http = '', server = '', locations = '', port, env } = {}) {
  const upstream = await h.upstream();
  upstream.reply = application;
  const site = { upstream, port: port ?? await freePort(), providers: {}, startAgain: {} };
  site.origin = 'http://127.0.0.1:' + site.port;
  const blocks = [];
  for (const [index, name] of ['corp', 'works'].entries()) {
    const provider = site.providers[name] = new OidcProvider({ endsSessions: name === 'works' });
    const listen = (number) => provider.start(number, client(site.origin, name), { address: '127.0.0.' + (index + 2) });
    await listen(await freePort());
    h.closers.push(() => provider.stop());
    site.startAgain[name] = () => listen(provider.port);
    blocks.push(`oauth_provider ${name} oidc { label ${JSON.stringify(labels[index])}; issuer ${provider.issuer}; client_id site; client_secret "${SECRET}"; scope openid email profile groups; }`);
  }
  site.nginx = await h.nginx(site.port, `${blocks.join('\n')} ${http}
    server { listen 127.0.0.1:${site.port}; oauth on; ${rules} ${server} location / { proxy_pass ${upstream.url}; } ${typeof locations === 'function' ? locations(site) : locations} }`, { env });
  site.at = (path) => site.origin + path;
  site.isOwn = (url) => url.origin === site.origin && url.pathname.startsWith('/auth/oauth');
  return site;
}

export const choice = (page, name) => page.locator(`ul a.b[href^="/auth/oauth/${name}"], ul a.b[href*="/auth/oauth/${name}?"], ul a.b[href$="/auth/oauth/${name}"]`).first();
export const loginField = (page) => page.locator('input[name=login]');
export const otherAccount = (page) => page.locator('a.b[href*="account=other"]').first();

// A provider that knew somebody else ends that first: by a form that a script submits, or else a button.
export async function fillForm(page, login) {
  await loginField(page).fill(login);
  const form = page.url();
  await page.locator('button').click();
  await page.waitForURL((url) => url.href !== form);
  const changes = page.locator('form[action$="/session/end/confirm"] button');
  if (await changes.count()) {
    await changes.click().catch(() => {});
  }
}

// From a page that asks to sign in, to wherever it leads.
export async function signInAt(page, name, login = ALICE) {
  await choice(page, name).click();
  await fillForm(page, login);
}

export const path = (page) => new URL(page.url()).pathname + new URL(page.url()).search;
export const fragment = (page) => decodeURIComponent(new URL(page.url()).hash);

export async function assertApplication(page, address) {
  await page.locator('#application').waitFor().catch(async (error) => {
    throw new Error(`no page of the application but ${page.url()} ${(await page.content()).slice(-600)}`, { cause: error });
  });
  assert.equal(path(page), address);
  assert.equal(await page.locator('#application').textContent(), 'GET ' + address);
}

export async function assertSignInPage(page, site, language) {
  await choice(page, 'works').waitFor();
  assert.equal(new URL(page.url()).origin, site.origin);
  assert.equal(await page.locator('ul li a.b').count(), 2);
  if (language) {
    assert.equal(await page.locator('html').getAttribute('lang'), language);
  }
}

// Signs out, whatever the module or the provider asks on the way.
export async function signOut(page, site) {
  await page.goto(site.at('/auth/oauth/logout'));
  for (let i = 0; i < 4; i++) {
    const provider = page.locator('button[name=logout]');
    const confirm = page.locator('main a.b.p[href*="/logout"]');
    if (await provider.count()) {
      await provider.click();
    } else if (await confirm.count()) {
      await confirm.click();
    } else {
      break;
    }
    await page.waitForLoadState();
  }
  assert.equal(new URL(page.url()).pathname, '/auth/oauth/signed-out');
}

export const isRefused = async (page, code = 'policy_denied') => {
  await page.locator('footer code', { hasText: code }).waitFor();
};
