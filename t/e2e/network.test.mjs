// SPDX-License-Identifier: MIT
// Providers that are hard to reach: addresses that are silent, TLS that fails, names that nobody looks up - and how many visitors may wait for
// them (DS-01, DS-02, DS-14, DS-15). That no nginx logs an alert is looked at by the harness, for every test.
import assert from 'node:assert/strict';
import http from 'node:http';
import net from 'node:net';
import { Browser } from './lib/browser.mjs';
import { makeCertificates } from './lib/certificates.mjs';
import { assertError, assertSignedIn, beginSignIn, e2e } from './lib/harness.mjs';
import { freePort, until } from './lib/ports.mjs';
import { fakeNames, silentListener, threadsOf, workersOf, workOf } from './lib/preloads.mjs';

const JSON_PLEASE = { Accept: 'application/json' };

// A browser for which every name is this machine.
const localBrowser = (ca) => new Browser({ ca, resolve: (url) => (url.hostname === '127.0.0.1' ? undefined : Number(url.port)) });

// The provider under another name than its address.
function rename(provider, host) {
  const origin = provider.origin.replace('127.0.0.1', host);
  Object.assign(provider, { origin, issuer: origin + provider.path, base: (origin + provider.path).replace(/\/$/, '') });
  return provider;
}

async function tlsProvider(h, host, options = {}) {
  const { caFile, ca, tls } = makeCertificates(h.folder(), { names: `DNS:${host}` });
  const provider = rename(await h.provider({ ...options, tls: { ...tls, ca } }), host);
  return { provider, server: `oauth_http_trusted_certificate ${caFile};` };
}

e2e('DS-14 a provider whose IPv6 is silent is reached by IPv4', async (h) => {
  const { provider, server } = await tlsProvider(h, 'id.six.test');
  h.closers.push(await silentListener('::1', provider.port));
  const site = await h.site({ provider, server, env: fakeNames(h.folder()).env });
  for (let i = 0; i < 3; i++) {
    await assertSignedIn(site, { browser: localBrowser(site.ca) });
  }
});

e2e("DS-15 TLS that fails at the provider leaves the visitor's own TLS alone", async (h) => {
  const ours = makeCertificates(h.folder());
  const theirs = makeCertificates(h.folder());
  const site = await h.site({ provider: { tls: { ...theirs.tls, ca: theirs.ca } }, listen: 'ssl',
    server: `ssl_certificate ${ours.certFile}; ssl_certificate_key ${ours.keyFile}; oauth_http_trusted_certificate ${ours.caFile};` });
  const url = site.loginUrl.replace('http:', 'https:');
  for (let i = 0; i < 3; i++) {
    assertError(await new Browser({ ca: ours.ca }).navigate(url, { headers: JSON_PLEASE, follow: false }), 502, 'provider_unreachable');
  }
});

// The way to the provider is configured, so that a sign-in begins without a word to it; the code goes to a name that nobody looks up.
async function siteWithoutNames(h) {
  const names = fakeNames(h.folder());
  const { provider, server } = await tlsProvider(h, 'id.silent.test', { mode: 'oauth2' });
  const site = await h.site({ provider, server, env: names.env });
  h.closers.push(() => names.speak()); // before the provider stops: nginx ends only when its lookups do
  return { names, site };
}

// Comes back with a code, and leaves while the module has it redeemed.
async function comeAndGo(site) {
  const started = await new Browser().navigate(site.loginUrl, { follow: false });
  const state = new URL(started.headers.location).searchParams.get('state');
  const cookie = started.headers['set-cookie'].map((line) => line.split(';')[0]).join('; ');
  const socket = net.connect({ port: site.port, host: '127.0.0.1' });
  socket.on('error', () => {});
  await new Promise((resolve) => { socket.once('connect', resolve); });
  const request = `GET /auth/oauth/test/callback?code=none&state=${state} HTTP/1.1\r\nHost: 127.0.0.1:${site.port}\r\nCookie: ${cookie}\r\n\r\n`;
  await new Promise((resolve) => { socket.write(request, resolve); });
  await new Promise((resolve) => { setTimeout(resolve, 20); });
  socket.destroy();
}

async function comeAndGoManyTimes(site, times) {
  for (let done = 0; done < times; done += 20) {
    await Promise.all(Array.from({ length: 20 }, () => comeAndGo(site)));
  }
}

e2e('DS-02 sign-ins that are begun and left while no name is looked up take one thread, and nothing that grows', async (h) => {
  const { names, site } = await siteWithoutNames(h);
  const [worker] = await until(() => workersOf(site.nginx).length > 0 && workersOf(site.nginx), 'the worker');
  names.silence();
  const costs = [];
  for (const times of [100, 100, 400]) { // the first round also pays for what is made once
    const before = workOf(worker);
    await comeAndGoManyTimes(site, times);
    costs.push((workOf(worker) - before) / times);
    assert.equal(threadsOf(worker), 2, 'the worker itself and one lookup');
  }
  assert.ok(costs[2] < 3 * costs[1] + 0.5, 'milliseconds for each: ' + costs.join(', '));
  const asked = await beginSignInByName(site);
  const refused = site.browser.navigate(asked, { headers: JSON_PLEASE, follow: false });
  assertError(await refused, 504, 'provider_timeout');
  assert.equal(threadsOf(worker), 2);
  names.speak();
  await until(() => threadsOf(worker) === 1, 'the lookup to end');
  await assertSignedIn(site, { browser: localBrowser(site.ca) });
});

async function beginSignInByName(site) {
  site.browser = localBrowser(site.ca);
  return beginSignIn(site);
}

// Another client's address asks for the same thing.
function askFrom(localAddress, browser, target) {
  const url = new URL(target);
  return new Promise((resolve, reject) => {
    const request = http.request(url, { localAddress, agent: false, headers: { Cookie: browser.jar.header(url), ...JSON_PLEASE } }, (response) => {
      response.resume().once('end', () => resolve(response.statusCode));
    });
    request.once('error', reject);
    request.end();
  });
}

e2e('DS-02 of one address a share may wait, and others still can; who was refused comes again', async (h) => {
  const share = 32; // of 512 connections
  const site = await h.site();
  await assertSignedIn(site, { browser: new Browser() });
  const browsers = Array.from({ length: share + 5 }, () => new Browser());
  const callbacks = [];
  for (const browser of browsers) {
    callbacks.push(await beginSignIn(site, { browser }));
  }
  const other = new Browser();
  const othersCallback = await beginSignIn(site, { browser: other });
  let release;
  site.provider.token.wait = new Promise((resolve) => { release = resolve; });
  const comeBack = (i) => browsers[i].navigate(callbacks[i], { headers: JSON_PLEASE, follow: false });
  const before = site.provider.count('token');
  const waiting = Array.from({ length: share }, (_, i) => comeBack(i));
  await until(() => site.provider.count('token') === before + share, 'all of the share to wait');
  const mark = site.nginx.mark();
  const refused = await Promise.all([0, 1, 2, 3, 4].map((i) => comeBack(share + i)));
  for (const answer of refused) {
    assertError(answer, 502, 'provider_unreachable');
    assert.ok(Number(answer.headers['retry-after']) > 0);
  }
  assert.equal(site.nginx.linesSince(mark, /provider_unreachable: test: 32 visitors of this client's address wait for a provider already, .*worker_connections/).length, 5);
  const fromElsewhere = askFrom('127.0.0.2', other, othersCallback);
  await until(() => site.provider.count('token') === before + share + 1, 'the other address to be served');
  site.provider.token.wait = undefined;
  release();
  assert.ok((await Promise.all(waiting)).every((answer) => answer.status === 302));
  assert.equal(await fromElsewhere, 302);
  assert.equal((await comeBack(share)).status, 302, 'the same callback, again');
});

e2e('names of request cookies come back only if they are ours', async (h) => {
  const site = await h.site();
  const odd = ['oauth_login_\x80\xff', 'oauth_login_a b', 'oauth_login_a"b', 'oauth_login_x\ty', 'oauth_login_a,b', 'oauth.1;oauth_login_'];
  const many = Array.from({ length: 300 }, (_, i) => 'oauth_login_' + i);
  const answer = await new Browser().fetch(site.origin + '/auth/oauth/logout', { headers: { Cookie: [...odd, ...many].map((name) => name + '=1').join('; ') } });
  assert.equal(answer.status, 302);
  const names = answer.headers['set-cookie'].map((line) => line.split('=')[0]);
  assert.ok(names.length <= 64, names.length + ' lines');
  names.forEach((name) => assert.match(name, /^oauth(\.\d+|_login_[\w-]*)?$/));
});
