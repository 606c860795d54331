// SPDX-License-Identifier: MIT
// Pushed authorization requests: what the browser carries is their name alone, and what cannot be pushed is no sign-in (PD-01 to PD-03, CONF-070, CONF-071).
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import { Browser, signIn } from './lib/browser.mjs';
import { assertSignedIn, e2e, hasSession, loginCookies } from './lib/harness.mjs';
import { OidcProvider } from './lib/oidc-provider.mjs';
import { freePort } from './lib/ports.mjs';
import { assertCannotStart, assertRefused } from './lib/refusals.mjs';

const named = (provider) => `pushed_authorization_request_endpoint ${provider.base}/par;`;
const par = (provider) => ({ pushed_authorization_request_endpoint: provider.base + '/par' });
const required = { require_pushed_authorization_requests: true };
const withMetadata = (provider, members) => {
  provider.discovery.alter = (metadata) => ({ ...metadata, ...members });
};

async function pushing(h, { provider = {}, block = '', ...options } = {}) {
  const peer = await h.provider(provider);
  peer.par.required = true;
  return h.site({ provider: peer, block: named(peer) + block, ...options });
}

function assertNothingTold(site) {
  const log = site.nginx.log();
  for (const secret of site.provider.secrets) {
    assert.ok(!log.includes(secret), 'nothing of the form is in the log');
  }
}

e2e('PD-02 CONF-070 the browser carries client_id and request_uri, and each request_uri is used once', async (h) => {
  const site = await pushing(h, { block: 'authorize_param acr_values urn:a; authorize_param login_hint $http_x_who;' });
  await assertSignedIn(site);
  await assertSignedIn(site, { browser: new Browser() });
  const [first, second] = site.provider.requests.authorize;
  assert.deepEqual([...first.parameters.keys()].sort(), ['client_id', 'request_uri']);
  assert.notEqual(first.parameters.get('request_uri'), second.parameters.get('request_uri'));
  const form = new URLSearchParams(site.provider.requests.par[0].body);
  assert.equal(form.get('acr_values'), 'urn:a');
  for (const name of new Set(form.keys())) {
    assert.equal(form.getAll(name).length, 1, name);
  }
  assert.equal(form.get('redirect_uri'), site.callbackUrl);
  assert.ok(!form.has('code_verifier') && !form.has('client_secret'));
  assertNothingTold(site);
});

for (const clientAuth of ['post', 'none']) {
  e2e('PD-02 the client authenticates itself as at the token endpoint: ' + clientAuth, async (h) => {
    const site = await pushing(h, { provider: { clientAuth } });
    await assertSignedIn(site);
  });
}

e2e('PD-01 what the metadata require is pushed without a word in the configuration', async (h) => {
  const provider = await h.provider();
  withMetadata(provider, { ...par(provider), ...required });
  provider.par.required = true;
  const site = await h.site({ provider });
  await assertSignedIn(site);
  assert.equal(provider.count('par'), 1);
});

e2e('PD-01 metadata that offer it alone change nothing', async (h) => {
  const provider = await h.provider();
  withMetadata(provider, par(provider));
  await assertSignedIn(await h.site({ provider }));
  assert.equal(provider.count('par'), 0);
});

e2e('PD-01 required without a usable endpoint, and no sign-in begins', async (h) => {
  const cases = [['no endpoint', required], ['an endpoint that is none', { ...required, pushed_authorization_request_endpoint: 'nowhere' }],
    ['neither true nor false', { require_pushed_authorization_requests: 'yes' }]];
  for (const [what, members] of cases) {
    const provider = await h.provider();
    withMetadata(provider, members);
    const site = await h.site({ provider });
    await assertCannotStart(site, what, 'provider_error');
    assert.match(site.nginx.log(), /provider_error.*require_?\s?pushed.authorization.requests/, what);
    assert.equal(provider.count('authorize'), 0);
  }
});

e2e('PD-03 a push that fails ends the sign-in, and never becomes a plain request', async (h) => {
  const site = await pushing(h, { server: 'oauth_http_timeout 1s;' });
  const long = { error: 'invalid_request', error_description: 'no' };
  const cases = [
    ['400', { status: 400, alter: () => long }, /error invalid_request, "no".*register the callback URL/],
    ['401', { status: 401, alter: () => ({ error: 'invalid_client' }) }, /client_secret and client_auth|client_id, client_secret/],
    ['413', { status: 413, type: 'text/html', body: '<h1>413</h1>' }, /too large for it/],
    ['429', { status: 429, alter: () => ({}) }, /status 429.*out of order/],
    ['500', { status: 500, type: 'text/html', body: 'oops' }, /status 500.*out of order/],
    ['404', { status: 404, type: 'text/plain', body: 'not found' }, /status 404.*pushed_authorization_request_endpoint/],
    ['200', { status: 200 }, /status 200/],
    ['a redirect', { redirect: 'http://127.0.0.1:1/' }, /status 302/],
    ['no JSON', { body: 'request_uri=x' }, /not strict JSON/],
    ['a list', { body: '[]' }, /not a JSON object/],
    ['text/html', { type: 'text/html' }, /media type/],
    ['no request_uri', { alter: () => ({ expires_in: 60 }) }, /request_uri is missing/],
    ['an empty request_uri', { alter: () => ({ request_uri: '', expires_in: 60 }) }, /request_uri is malformed/],
    ['a request_uri with a space', { alter: () => ({ request_uri: 'urn:a b', expires_in: 60 }) }, /request_uri is malformed/],
    ['a line break in it', { alter: () => ({ request_uri: 'urn:a\r\nX: 1', expires_in: 60 }) }, /request_uri is malformed/],
    ['a long request_uri', { alter: () => ({ request_uri: 'urn:' + 'a'.repeat(2045), expires_in: 60 }) }, /request_uri is malformed/],
    ['request_uri a number', { alter: () => ({ request_uri: 1, expires_in: 60 }) }, /request_uri is missing/],
    ['no expires_in', { alter: (answer) => ({ request_uri: answer.request_uri }) }, /expires_in is missing/],
    ['expires_in 0', { alter: (answer) => ({ ...answer, expires_in: 0 }) }, /expires_in is not positive/],
  ];
  for (const [what, shape, line] of cases) {
    site.provider.par = { required: true, ...shape };
    const mark = site.nginx.mark();
    const browser = new Browser();
    const response = await browser.navigate(site.origin + '/', { headers: { Accept: 'text/html' }, follow: false });
    assert.equal(response.status, 502, what + ': ' + response.text.slice(0, 200));
    assert.deepEqual(loginCookies(browser), [], what);
    assert.match(site.nginx.linesSince(mark, /provider_error/).join('\n'), line, what);
  }
  assert.equal(site.provider.count('authorize'), 0);
  assertNothingTold(site);
});

e2e('PD-03 no answer to a push is 504, no connection 502', async (h) => {
  const site = await pushing(h, { server: 'oauth_http_timeout 300ms;', locations: 'location /figures { oauth off; oauth_status; }' });
  await assertSignedIn(site);
  site.provider.par.hang = true;
  assert.equal((await new Browser().navigate(site.origin + '/', { follow: false })).status, 504);
  site.provider.par = { required: true, close: true };
  assert.equal((await new Browser().navigate(site.origin + '/', { follow: false })).status, 502);
  const figures = (await site.browser.fetch(site.origin + '/figures')).text;
  for (const result of ['ok', 'provider_timeout', 'provider_unreachable']) {
    assert.match(figures, new RegExp(`oauth_provider_requests_total\\{provider="test",endpoint="par",result="${result}"\\} 1`));
  }
  assert.equal(site.provider.count('authorize'), 1);
});

for (const clientAuth of ['post', 'basic']) {
  e2e('PD-03 LG-01 what the provider repeats of a push is in no log line: ' + clientAuth, async (h) => {
    const site = await pushing(h, { provider: { clientAuth }, block: 'authorize_param login_hint $http_x_who;', logLevel: 'debug' });
    const push = site.provider.onPush.bind(site.provider);
    let header = '';
    site.provider.onPush = (entry, response) => {
      header = entry.headers.authorization ?? '';
      site.provider.par = { required: true, status: 400, alter: () => ({ error: 'invalid_request', error_description: header + ' ' + entry.body.slice(-160) }) };
      return push(entry, response);
    };
    const response = await new Browser().navigate(site.origin + '/', { headers: { 'X-Who': 'somebody@example.org' }, follow: false });
    assert.equal(response.status, 502);
    const lines = site.nginx.log().split('\n').filter((line) => /oauth:/.test(line)).join('\n');
    assert.match(lines, /\[\.\.\.\]/);
    assertNothingTold(site);
    assert.ok(!/somebody/.test(lines), 'nginx itself has the header at level debug');
    assert.ok(header === '' || !site.nginx.log().includes(header.slice('Basic '.length, 20)), header);
  });
}

e2e('PD-03 a request_uri that has expired when the browser comes', async (h) => {
  const site = await pushing(h);
  site.provider.par.alter = (answer) => ({ ...answer, expires_in: 1 });
  site.provider.authorize = { error: 'invalid_request_uri' };
  const { lines } = await assertRefused(site, 'expired', { codes: 'provider_error', target: site.origin + '/' });
  assert.match(lines.join('\n'), /expires_in allows/);
});

e2e('PD-02 visitors that wait for a push take turns, and leave nothing behind', async (h) => {
  const site = await pushing(h);
  site.provider.par.wait = 1500;
  const abort = new AbortController();
  const leaving = new Browser().navigate(site.origin + '/', { follow: false, signal: abort.signal }).catch(() => 'gone');
  await new Promise((resolve) => setTimeout(resolve, 300));
  abort.abort();
  assert.equal(await leaving, 'gone');
  site.provider.par = { required: true };
  await assertSignedIn(site);
});

const origin = (port) => 'http://127.0.0.1:' + port;

async function certified(h, { features, block = () => '', client = {} }) {
  const upstream = await h.upstream();
  const port = await freePort();
  const provider = await new OidcProvider({ features }).start(await freePort(), [{ client_id: 'site', client_secret: 'a secret of the site', grant_types: ['authorization_code'],
    redirect_uris: [origin(port) + '/auth/oauth/test/callback'], response_types: ['code'], ...client }]);
  h.closers.push(() => provider.stop());
  await h.nginx(port, `
    oauth_provider test oidc { issuer ${provider.issuer}; client_id site; client_secret "a secret of the site"; ${block(provider)} }
    server { listen 127.0.0.1:${port}; oauth on; oauth_allow any; location / { proxy_pass ${upstream.url}; } }`);
  return { provider, origin: origin(port), browser: new Browser() };
}

e2e('CONF-070 PD-01 the certified provider that requires a push gets it', async (h) => {
  const site = await certified(h, { features: { pushedAuthorizationRequests: { enabled: true, requirePushedAuthorizationRequests: true } } });
  const start = await site.browser.navigate(site.origin + '/', { follow: false });
  assert.deepEqual([...new URL(start.headers.location).searchParams.keys()].sort(), ['client_id', 'request_uri']);
  const response = await signIn(site.browser, site.origin + '/deep?x');
  assert.equal(response.status, 200, response.text.slice(0, 300));
  assert.ok(hasSession(site.browser));
  assert.deepEqual(site.provider.errors, []);
});

e2e('CONF-070 the certified provider that offers it, where the block names the endpoint', async (h) => {
  const site = await certified(h, { features: { pushedAuthorizationRequests: { enabled: true } }, block: (provider) => `pushed_authorization_request_endpoint ${provider.issuer}/request;` });
  assert.equal((await signIn(site.browser, site.origin + '/')).status, 200);
});

for (const [id, nonces, ways] of [['CONF-070 PD-05 with DPoP, and a nonce that every request needs', true, ['/request', '/request', '/token', '/me']], ['CONF-071 with DPoP, without nonces', false, ['/request', '/token', '/me']]]) {
  e2e(`${id}: the push has a proof, too, and its key is the one that the code is good with`, async (h) => {
    const site = await certified(h, {
      features: { pushedAuthorizationRequests: { enabled: true, requirePushedAuthorizationRequests: true }, dPoP: { enabled: true, nonceSecret: crypto.randomBytes(32), requireNonce: () => nonces } },
      client: { dpop_bound_access_tokens: true },
      block: () => 'dpop on;',
    });
    const seen = [];
    site.provider.server.prependListener('request', (request) => /^\/(request|token|me)/.test(request.url) && seen.push(request));
    assert.equal((await signIn(site.browser, site.origin + '/')).status, 200);
    assert.deepEqual(seen.map((request) => request.url), ways);
    const proofs = seen.map((request) => request.headers.dpop.split('.').slice(0, 2).map((part) => JSON.parse(Buffer.from(part, 'base64url'))));
    assert.equal(new Set(proofs.map(([header]) => JSON.stringify(header.jwk))).size, 1);
    assert.equal(new Set(proofs.map(([, claims]) => claims.jti)).size, ways.length);
    assert.deepEqual(site.provider.errors, []);
  });
}
