// SPDX-License-Identifier: MIT
// Whoever is no page load: 401 with WWW-Authenticate and JSON, and never a redirect; preflights; and what answers under oauth_path where there is nothing. gRPC is
// in programs-grpc.test.mjs, forms in programs-forms.test.mjs.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { Browser, raw } from './lib/browser.mjs';
import { assertError, assertNoStore, assertSignedIn, e2e, providerBlock } from './lib/harness.mjs';
import { plain } from './lib/switch.mjs';

const HTML = 'text/html,application/xhtml+xml,*/*;q=0.8';
const NAVIGATE = { 'Sec-Fetch-Mode': 'navigate', 'Sec-Fetch-Dest': 'document', 'Sec-Fetch-Site': 'none' };
const SOCKET = { Connection: 'Upgrade', Upgrade: 'websocket', 'Sec-WebSocket-Version': '13', 'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==' };

// [what, method, headers]
const PROGRAMS = [
  ['JSON is preferred', 'GET', { Accept: 'application/json' }],
  ['JSON of a kind of its own', 'GET', { Accept: 'application/vnd.api+json' }],
  ['JSON, or else anything', 'GET', { Accept: 'application/json, text/plain, */*' }],
  ['XMLHttpRequest, by its usual header', 'GET', { Accept: HTML, 'X-Requested-With': 'XMLHttpRequest' }],
  ['the same in another spelling', 'GET', { Accept: '*/*', 'X-Requested-With': 'xmlhttprequest' }],
  ['fetch', 'GET', { Accept: '*/*', 'Sec-Fetch-Mode': 'cors', 'Sec-Fetch-Dest': 'empty', 'Sec-Fetch-Site': 'same-origin' }],
  ['fetch that asks for HTML', 'GET', { Accept: 'text/html', 'Sec-Fetch-Mode': 'same-origin', 'Sec-Fetch-Dest': 'empty', 'Sec-Fetch-Site': 'same-origin' }],
  ['a picture', 'GET', { Accept: 'image/avif,image/webp,*/*', 'Sec-Fetch-Mode': 'no-cors', 'Sec-Fetch-Dest': 'image', 'Sec-Fetch-Site': 'same-origin' }],
  ['a script', 'GET', { Accept: '*/*', 'Sec-Fetch-Mode': 'no-cors', 'Sec-Fetch-Dest': 'script', 'Sec-Fetch-Site': 'same-origin' }],
  ['an event stream', 'GET', { Accept: 'text/event-stream' }],
  ['an event stream of a browser', 'GET', { Accept: 'text/event-stream', 'Sec-Fetch-Mode': 'cors', 'Sec-Fetch-Dest': 'empty', 'Sec-Fetch-Site': 'same-origin' }],
  ['a WebSocket', 'GET', { ...SOCKET }],
  ['a WebSocket of a browser', 'GET', { ...SOCKET, Accept: '*/*', 'Sec-Fetch-Mode': 'websocket', 'Sec-Fetch-Dest': 'empty', Origin: 'http://127.0.0.1' }],
  ['an upgrade that asks for HTML', 'GET', { ...SOCKET, Accept: HTML }],
  ['a POST of a program', 'POST', { Accept: 'application/json', 'Content-Type': 'application/json' }],
  ['a POST that does not say what it takes', 'POST', {}],
  ['a PUT', 'PUT', { Accept: '*/*' }],
  ['a DELETE', 'DELETE', { Accept: 'application/json' }],
  ['a preflight', 'OPTIONS', { Accept: '*/*', Origin: 'https://other.test', 'Access-Control-Request-Method': 'POST', 'Sec-Fetch-Mode': 'cors' }],
  ['OPTIONS of a page', 'OPTIONS', { Accept: HTML, ...NAVIGATE }],
];

function assertUnauthenticated(site, response, what) {
  assertError(response, 401, 'login_required');
  assert.match(response.headers['content-type'], /^application\/json/, what);
  assert.equal(response.headers['www-authenticate'], `Bearer realm="${site.origin}"`, what);
  assert.equal(response.headers.location, undefined, what);
  assert.equal(response.headers['set-cookie'], undefined, what);
  assert.equal(response.headers['x-content-type-options'], 'nosniff', what);
  const { error, message, request_id: id, login_url: url, ...rest } = response.json();
  assert.deepEqual([error, rest], ['login_required', {}], what);
  assert.ok(message.length > 10 && /^[0-9a-f]{16,}$/.test(id), what + response.text);
  assert.equal(url, site.origin + '/auth/oauth/login', what);
}

e2e('without a session a program gets 401, WWW-Authenticate and JSON, and never a redirect', async (h) => {
  const other = await h.provider();
  for (const http of ['', providerBlock(other, '', 'other')]) {
    const site = await h.site({ http });
    for (const [what, method, headers] of PROGRAMS) {
      const mark = site.nginx.mark();
      assertUnauthenticated(site, await site.browser.request(site.origin + '/api/x?y=1', { method, headers, body: ['POST', 'PUT'].includes(method) ? '{}' : undefined }), what);
      assert.deepEqual(site.nginx.linesSince(mark, /\[(warn|error)\]/), [], what + ': nothing to tell of');
    }
    assert.equal(site.upstream.requests.length, 0);
    assert.equal(site.provider.count('authorize') + site.provider.count('discovery'), 0, 'no provider is asked for programs');
  }
});

e2e('a page load is a redirect, also where the client takes anything', async (h) => {
  const site = await h.site();
  for (const [what, method, headers] of [['a browser', 'GET', { Accept: HTML, ...NAVIGATE }], ['an old browser', 'GET', { Accept: HTML }], ['HEAD', 'HEAD', { Accept: HTML }], ['curl', 'GET', { Accept: '*/*' }],
    ['no Accept', 'GET', {}], ['a frame', 'GET', { Accept: HTML, 'Sec-Fetch-Mode': 'navigate', 'Sec-Fetch-Dest': 'iframe', 'Sec-Fetch-Site': 'same-origin' }], ['HTML, or else JSON', 'GET', { Accept: 'text/html, application/json;q=0.9' }]]) {
    const response = await new Browser().request(site.origin + '/api/x', { method, headers });
    assert.equal(response.status, 302, what);
    assert.ok(response.headers.location.startsWith(site.provider.base + '/authorize?'), what);
    assertNoStore(response);
  }
});

e2e('refused by the rules: JSON for programs, a page for browsers, and neither is a redirect', async (h) => {
  const site = await h.site({ locations: (s) => `location /refused/ { oauth_allow email=root@example.org; proxy_pass ${s.upstream.url}; }` });
  await assertSignedIn(site);
  const reached = site.upstream.requests.length;
  for (const [what, method, headers] of PROGRAMS) {
    const response = await site.browser.request(site.origin + '/refused/x', { method, headers, body: ['POST', 'PUT'].includes(method) ? '{}' : undefined });
    assert.equal(response.status, 403, what);
    assert.equal(response.headers['www-authenticate'], undefined, what);
    assertNoStore(response);
    if (/text\/html/.test(headers.Accept ?? '')) {
      assert.match(response.headers['content-type'], /^text\/html/, what);
    } else {
      assertError(response, 403, 'policy_denied');
    }
  }
  const page = await site.browser.navigate(site.origin + '/refused/x');
  assert.deepEqual([page.status, page.headers['content-type']], [403, 'text/html; charset=utf-8']);
  assert.equal(site.upstream.requests.length, reached);
});

e2e('a WebSocket and an event stream with a session pass', async (h) => {
  const site = await h.site({ location: 'proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $http_connection;' });
  await assertSignedIn(site);
  const cookie = site.browser.jar.header(new URL(site.origin));
  const head = (more) => `GET /ws HTTP/1.1\r\nHost: 127.0.0.1:${site.port}\r\n${Object.entries(SOCKET).map(([name, value]) => `${name}: ${value}\r\n`).join('')}${more}\r\n`;
  assert.match(await raw(site.port, head(`Cookie: ${cookie}\r\n`), { end: /\r\n\r\n/ }), /^HTTP\/1\.1 101 /);
  assert.match(await raw(site.port, head(''), { end: /\r\n\r\n/ }), /^HTTP\/1\.1 401 /);
  assert.equal((await site.browser.fetch(site.origin + '/events', { headers: { Accept: 'text/event-stream' } })).status, 200);
});

e2e('a preflight is answered as docs/security.md says', async (h) => {
  const document = readFileSync(new URL('../../docs/security.md', import.meta.url), 'utf8');
  const [, snippet] = /`(if \(\$request_method = OPTIONS\) \{ return 204; \})`/.exec(document);
  const site = await h.site({ locations: (s) => `location /api/ { ${snippet} proxy_pass ${s.upstream.url}; }` });
  const preflight = { method: 'OPTIONS', headers: { Accept: '*/*', Origin: 'https://other.test', 'Access-Control-Request-Method': 'POST', 'Sec-Fetch-Mode': 'cors', 'Sec-Fetch-Site': 'cross-site' } };
  assertUnauthenticated(site, await site.browser.request(site.origin + '/x', preflight), 'without it');
  const answered = await site.browser.request(site.origin + '/api/x', preflight);
  assert.deepEqual([answered.status, answered.text], [204, '']);
  for (const method of ['GET', 'POST', 'DELETE']) {
    assertUnauthenticated(site, await site.browser.fetch(site.origin + '/api/x', { method, headers: { Origin: 'https://other.test' } }), method + ' after it');
  }
  assert.equal(site.upstream.requests.length, 0);
  await assertSignedIn(site);
  assert.equal((await site.browser.request(site.origin + '/x', preflight)).status, 200, 'with a session it is a request like any other');
});

const titleOf = (response) => /<title>([^<]*)<\/title>/.exec(response.text)[1];

e2e('an address under oauth_path that is none: a page for browsers, JSON for programs', async (h) => {
  const site = await h.site();
  for (const path of ['/auth/oauth/nobody', '/auth/oauth/a/b/c', '/auth/oauth/test/nothing', '/auth/oauth/', '/auth/oauth', '/auth/oauth/nobody/callback?code=a&state=b']) {
    const mark = site.nginx.mark();
    const page = await site.browser.navigate(site.origin + path);
    assert.deepEqual([page.status, page.headers['content-type']], [404, 'text/html; charset=utf-8'], path);
    assert.match(titleOf(page), /^There is no such page &middot; 127\.0\.0\.1$/);
    assert.match(plain(page), /There is no such page.*127\.0\.0\.1 has no page at this address.*Go to the start page/);
    assert.ok(page.headers['content-security-policy'] && page.headers['x-frame-options'] === 'DENY');
    assertNoStore(page);
    await site.nginx.waitForLine(mark, /request_invalid: there is no such endpoint/);
    for (const headers of [{ Accept: 'application/json' }, { Accept: '*/*', 'Sec-Fetch-Mode': 'cors' }, { Accept: HTML, 'X-Requested-With': 'XMLHttpRequest' }]) {
      const response = await site.browser.request(site.origin + path, { headers });
      assertError(response, 404, 'request_invalid');
      assert.ok(response.json().request_id);
    }
  }
});

e2e('a method that an endpoint does not take: a page for browsers, JSON for programs', async (h) => {
  const site = await h.site();
  for (const [method, path, allow] of [['GET', '/auth/oauth/test/backchannel-logout', 'POST'], ['POST', '/auth/oauth/login', 'GET, HEAD'], ['POST', '/auth/oauth/test', 'GET, HEAD'],
    ['POST', '/auth/oauth/test/callback', 'GET'], ['PUT', '/auth/oauth/logout', 'GET, HEAD, POST'], ['DELETE', '/auth/oauth/logout', 'GET, HEAD, POST'], ['OPTIONS', '/auth/oauth/logout', 'GET, HEAD, POST']]) {
    for (const headers of [{ Accept: 'application/json' }, { Accept: '*/*', 'Sec-Fetch-Mode': 'cors' }, { Accept: HTML, 'X-Requested-With': 'XMLHttpRequest' }]) {
      const response = await site.browser.request(site.origin + path, { method, headers });
      assertError(response, 405, 'request_invalid');
      assert.equal(response.headers.allow, allow);
    }
  }
  const page = await site.browser.navigate(site.origin + '/auth/oauth/test/backchannel-logout');
  assert.deepEqual([page.status, page.headers.allow, page.headers['content-type']], [405, 'POST', 'text/html; charset=utf-8']);
  assert.match(titleOf(page), /127\.0\.0\.1/);
});

e2e('a form that is posted to an endpoint that takes none: a page, as for every browser', async (h) => {
  const site = await h.site();
  for (const [path, allow] of [['/auth/oauth/login', 'GET, HEAD'], ['/auth/oauth/test', 'GET, HEAD'], ['/auth/oauth/signed-out', 'GET, HEAD'], ['/auth/oauth/test/callback', 'GET']]) {
    const page = await site.browser.navigate(site.origin + path, { method: 'POST', form: { a: 'b' }, headers: { Origin: site.origin }, initiator: site.origin });
    assert.deepEqual([page.status, page.headers.allow, page.headers['content-type']], [405, allow, 'text/html; charset=utf-8'], path);
    assert.match(plain(page), /Reference: [0-9a-f]+/);
  }
  const gone = await site.browser.navigate(site.origin + '/auth/oauth/a/b/c', { method: 'POST', form: { a: 'b' }, headers: { Origin: site.origin }, initiator: site.origin });
  assert.deepEqual([gone.status, gone.headers['content-type']], [404, 'text/html; charset=utf-8']);
});
