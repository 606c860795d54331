// SPDX-License-Identifier: MIT
// A site whose provider is a mock of this folder. It is configured by variables, by a block or by both; where the mock answers under the real names, a proxy
// is in between. The assertions here are about what the application was told and how a sign-in failed.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Browser, readForm, signIn } from '../browser.mjs';
import { makeCertificates } from '../certificates.mjs';
import { ConnectProxy } from '../connect-proxy.mjs';
import { hasSession } from '../harness.mjs';
import { Upstream } from '../upstream.mjs';

const NAMES = ['github.com', 'api.github.com', 'gitlab.example.org', 'accounts.google.com', 'oauth2.googleapis.com', 'openidconnect.googleapis.com', 'www.googleapis.com',
  'login.microsoftonline.com', 'graph.microsoft.com', 'login.microsoftonline.us', 'graph.microsoft.us', 'company.okta.com', 'id.example.org', 'api.descope.com',
    'api.euc1.descope.com',
  'tenant.us.auth0.com', 'login.example.org', 'mydomain.auth.us-east-1.amazoncognito.com', 'auth.example.org', 'cognito-idp.us-east-1.amazonaws.com', 'sso.example.org'];

let made;
export function certificates() {
  if (!made) {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'oauth-e2e-names-'));
    process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
    made = makeCertificates(folder, { names: ['IP:127.0.0.1', ...NAMES.map((name) => 'DNS:' + name)].join(',') });
  }
  return made;
}

// Starts a mock; with `real` it answers under the real names.
export async function startMock(h, mock, { real = false } = {}) {
  await mock.start(real ? certificates() : undefined);
  h.closers.push(() => mock.stop());
  return mock;
}

function configuration(site, { name, http, blocks, rules, server, location, locations, secure }, proxy) {
  const { caFile, keyFile, certFile } = certificates();
  return `
    ${proxy ? `oauth_http_proxy ${proxy.url};` : ''}
    oauth_http_trusted_certificate ${caFile};
    ${http}
    ${blocks}
    server {
        listen 127.0.0.1:${site.port} ${secure ? 'ssl' : ''};
        ${secure ? `ssl_certificate ${certFile}; ssl_certificate_key ${keyFile};` : ''}
        oauth on;
        ${rules}
        ${server}
        location / { ${location} proxy_pass ${site.upstream.url}; }
        ${typeof locations === 'function' ? locations(site) : locations}
    }`;
}

// `env` are the variables; `blocks` is nginx configuration; `secure` puts TLS in front. `name` is the provider's name in URLs (the first mock's).
export async function providerSite(h, mocks, options = {}) {
  const all = [mocks].flat();
  const settings = { name: all[0].name, http: '', blocks: '', rules: 'oauth_allow any;', server: '', location: '', locations: '', secure: false, ...options };
  const targets = new Map(all.flatMap((mock) => mock.targets()));
  let proxy;
  if (targets.size > 0 || settings.proxied) {
    proxy = await new ConnectProxy(targets).start();
    h.closers.push(() => proxy.stop());
  }
  const site = await h.site({ provider: all[0], env: settings.env, configure: (each) => {
    each.origin = (settings.secure ? 'https' : 'http') + '://127.0.0.1:' + each.port;
    return configuration(each, settings, proxy);
  } });
  const urlOf = (name) => site.origin + '/auth/oauth/' + name;
  Object.assign(site, { mocks: all, proxy, name: settings.name, loginUrl: urlOf(settings.name), callbackUrl: urlOf(settings.name) + '/callback', loginUrlOf: urlOf });
  site.newBrowser = () => new Browser({ ca: certificates().ca, resolve: (url) => (url.protocol === 'https:' && url.port === '' ? targets.get(url.hostname + ':443') : undefined) });
  site.browser = site.newBrowser();
  if (all.length === 1) {
    all[0].callbackUrl = site.callbackUrl;
  }
  return site;
}

export function decode(jwt) {
  return JSON.parse(Buffer.from(jwt.split('.')[1], 'base64url').toString());
}

// What the application was told with its last request.
export function identityOf(site) {
  const values = Upstream.folded(site.upstream.last, 'X-OAuth-Identity');
  assert.equal(values.length, 1, 'one identity header');
  return decode(values[0]);
}

function assertNoViolations(site, what) {
  for (const mock of site.mocks) {
    assert.deepEqual(mock.violations, [], `${what}: what ${mock.name} has to complain of`);
  }
  assert.deepEqual(site.proxy?.strays ?? [], [], what + ': nothing was asked of other hosts');
}

// Signs in at the provider in a browser of its own and returns what the application was told.
export async function signedIn(site, what = 'sign-in', { browser = site.newBrowser(), target = site.loginUrl } = {}) {
  const before = site.upstream.requests.length;
  const response = await signIn(browser, target);
  assert.equal(response.status, 200, `${what}: ${response.status} at ${response.url} ${plain(response.text)}\n${site.nginx.log().split('\n').filter((line) => /oauth/.test(line)).slice(-3).join('\n')}`);
  assert.ok(hasSession(browser), what + ': a session');
  assert.equal(site.upstream.requests.length, before + 1, what + ': the application was reached');
  assertNoViolations(site, what);
  return Object.assign(identityOf(site), { [Symbol.for('browser')]: browser });
}

export const browserOf = (identity) => identity[Symbol.for('browser')];

const plain = (html) => html.replace(/<style[\s\S]*?<\/style>/g, '').replace(/<[^>]*>/g, ' ').replace(/\s+/g, ' ').slice(0, 400);

// Goes to the provider and stops before the callback. Returns {url, form}: what must be sent to it.
export async function untilCallback(site, browser, { loginUrl = site.loginUrl, callbackUrl } = {}) {
  const callback = callbackUrl ?? loginUrl + '/callback';
  let response = await browser.navigate(loginUrl, { follow: false });
  for (let hops = 0; hops < 5; hops++) {
    if (response.status === 200 && /<form/.test(response.text)) {
      const form = readForm(response.text);
      assert.equal(form.action, callback);
      return { url: callback, form: form.fields, origin: new URL(response.url).origin };
    }
    assert.ok([302, 303].includes(response.status), `a redirect on the way to the callback, not ${response.status} at ${response.url} ${plain(response.text)}`);
    const url = new URL(response.headers.location, response.url);
    if (url.href.startsWith(callback)) {
      return { url: url.href };
    }
    response = await browser.navigate(url, { follow: false });
  }
  throw new Error('never came to the callback');
}

// Sends what the provider gave to the callback, as a program, so that an error is JSON.
export function visit(browser, { url, form, origin }) {
  const headers = { Accept: 'application/json' };
  return form ? browser.navigate(url, { method: 'POST', form, follow: false, initiator: origin, headers: { Origin: origin, ...headers } })
    : browser.navigate(url, { follow: false, headers });
}

// A sign-in that fails at the callback with one of `codes`: there is no session, and the application is told nothing.
export async function refused(site, what, { status = 502, codes = 'provider_error', change = () => {}, loginUrl, browser = site.newBrowser() } = {}) {
  const before = site.upstream.requests.length;
  const callback = await untilCallback(site, browser, { loginUrl });
  const answer = change(callback) ?? callback;
  const mark = site.nginx.mark();
  const response = await visit(browser, answer);
  const label = `${what}: ${response.status} ${response.headers.location ?? plain(response.text)} ${site.nginx.linesSince(mark, /oauth/)}`;
  assert.ok([status].flat().includes(response.status), label);
  const code = response.json().error;
  assert.ok([codes].flat().includes(code), label + ', expected ' + codes);
  assert.match(response.headers['cache-control'] ?? '', /no-store/, label);
  assert.ok(!hasSession(browser), 'no session: ' + label);
  assert.equal(site.upstream.requests.length, before, 'the application is not reached: ' + label);
  await site.nginx.waitForLine(mark, new RegExp('\\b' + code + '\\b'));
  const lines = site.nginx.linesSince(mark);
  site.mocks.forEach((mock) => mock.secrets.forEach((secret) => assert.ok(secret.length < 8 || !lines.join('\n').includes(secret), what + ': a secret in the log')));
  return { response, lines, code };
}

// Signs in, but no rule allows it: either the sign-in itself is refused or the page after it.
export async function denied(site, what, { target = site.loginUrl, browser = site.newBrowser(), codes = ['policy_denied', 'email_unverified'] } = {}) {
  const before = site.upstream.requests.length;
  const response = await signIn(browser, target);
  assert.equal(response.status, 403, `${what}: ${response.status} ${plain(response.text)}`);
  const again = await browser.fetch(site.origin + '/', { headers: { Accept: 'application/json' } });
  if (again.status === 403) {
    assert.ok(codes.includes(again.json().error), what + ': ' + again.text);
  } else {
    assert.equal(again.status, 401, what + ': ' + plain(again.text));
  }
  assert.equal(site.upstream.requests.length, before, what + ': the application is not reached');
  return response;
}

// A wrong secret, and a user who refuses: the same test for every provider, with the provider's own answers.
export async function assertWrongSecret(h, mock, makeSite) {
  const site = await makeSite('not the secret');
  await refused(site, 'wrong secret', { codes: 'provider_error' });
  assert.ok(mock.violations.includes('client authentication'), 'the mock noticed');
  mock.violations = [];
  assert.ok(!site.nginx.log().includes('not the secret'));
}

export async function assertUserRefuses(site, authorize = { error: 'access_denied', description: 'The user said no' }) {
  const saved = site.provider.authorize;
  site.provider.authorize = authorize;
  await refused(site, 'the user refuses', { status: 403, codes: 'access_denied' });
  const page = await signIn(site.newBrowser(), site.loginUrl);
  assert.equal(page.status, 403);
  assert.match(page.headers['content-type'], /text\/html/);
  site.provider.authorize = saved;
}
