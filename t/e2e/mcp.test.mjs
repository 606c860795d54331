// SPDX-License-Identifier: MIT
// What clients of the Model Context Protocol meet at a location with oauth_mcp: each requirement by its number.
import assert from 'node:assert/strict';
import { accessToken, bearer, challengeOf } from './lib/access-tokens.mjs';
import { Browser, raw } from './lib/browser.mjs';
import { assertError, assertSignedIn, e2e, providerBlock } from './lib/harness.mjs';
import { configTest } from './lib/nginx.mjs';
import { Upstream } from './lib/upstream.mjs';

const WELL_KNOWN = '/.well-known/oauth-protected-resource';
const MCP = (s) => `location /mcp { oauth_mcp on; proxy_pass ${s.upstream.url}; }`;
const ask = (site, target, options = {}) => new Browser().fetch(site.origin + target, options);
const tokenFor = (site, change = {}, path = '/mcp') => accessToken(site.provider, { ...change, claims: { aud: site.origin + path, ...change.claims } });
const call = (site, token, target = '/mcp', options = {}) => ask(site, target, { method: 'POST', body: '{}', ...options, headers: { 'Content-Type': 'application/json', ...bearer(token), ...options.headers } });
const now = () => Math.floor(Date.now() / 1000);

e2e('MCP-01 MCP-02 MCP-18 MCP-24 whatever the method and Accept, without credentials it is the same 401 that leads to the metadata', async (h) => {
  const site = await h.site({ locations: MCP, rules: 'oauth_allow scope=tools:read,offline_access;' });
  const seen = new Set();
  for (const method of ['GET', 'HEAD', 'POST', 'DELETE', 'OPTIONS']) {
    for (const accept of [undefined, '*/*', 'application/json, text/event-stream', 'text/event-stream', 'text/html', 'image/png']) {
      const response = await ask(site, '/mcp', { method, headers: accept ? { Accept: accept } : {}, ...(method === 'POST' ? { body: '{}' } : {}) });
      assert.equal(response.status, 401, `${method} ${accept}`);
      assert.deepEqual(challengeOf(response), { realm: site.origin, scope: 'tools:read', resource_metadata: site.origin + WELL_KNOWN + '/mcp' });
      seen.add(response.headers['www-authenticate']);
    }
  }
  assert.equal(seen.size, 1, 'byte for byte');
  assert.equal((await new Browser().navigate(site.origin + '/mcp', { follow: false })).status, 302, 'a page load by a browser signs in');
  assert.equal(site.upstream.requests.length, 0);
  assert.doesNotMatch(site.nginx.log(), /\[(warn|error|notice)\].*login_required/, 'MCP-28');
});

e2e('MCP-03 with satisfy any and auth_basic the Bearer challenge comes first', async (h) => {
  const site = await h.site({ locations: (s) => `location /mcp { satisfy any; auth_basic "x"; auth_basic_user_file /dev/null; oauth_mcp on; proxy_pass ${s.upstream.url}; }` });
  h.allowLog(/./);
  const answer = await raw(site.port, `POST /mcp HTTP/1.1\r\nHost: 127.0.0.1:${site.port}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`);
  assert.match(answer, /^HTTP\/1\.1 401 /);
  const challenges = [...answer.matchAll(/^www-authenticate: (.*)\r$/gim)].map(([, value]) => value);
  assert.match(challenges[0], /^Bearer realm=/);
  assert.equal((await call(site, tokenFor(site))).status, 200);
});

e2e('MCP-04 MCP-13 MCP-16 a bad token is the same 401 with an error, in optional locations and with a session, too', async (h) => {
  const site = await h.site({ locations: (s) => MCP(s) + `location /open { oauth optional; oauth_mcp on; proxy_pass ${s.upstream.url}; }` });
  h.allowLog(/access token|login_required/);
  await assertSignedIn(site);
  site.upstream.requests.length = 0;
  const requests = site.provider.count('other');
  const bad = [tokenFor(site, { claims: { aud: undefined } }), tokenFor(site, { claims: { aud: 'https://elsewhere.example' } }), tokenFor(site, { claims: { aud: site.origin + '/mcp/' } }),
    tokenFor(site, { claims: { aud: site.origin } }), tokenFor(site, { header: { typ: 'JWT' } }), tokenFor(site, { claims: { exp: 1 } }), 'opaque', 'a.b.c.d.e', ''];
  for (const target of ['/mcp', '/open']) {
    for (const token of bad) {
      const response = await site.browser.fetch(site.origin + target + '?access_token=' + token, { method: 'POST', body: '{}', headers: { Authorization: 'Bearer ' + token } });
      assert.equal(response.status, 401, target + ' ' + token.slice(0, 10));
      assert.deepEqual(challengeOf(response), { realm: site.origin, error: 'invalid_token', resource_metadata: site.origin + WELL_KNOWN + target });
    }
  }
  assert.equal(site.provider.count('other'), requests, 'nobody was asked about an opaque one');
  assert.equal(site.upstream.requests.length, 0);
  assert.equal((await call(site, tokenFor(site, { claims: { aud: ['x', site.origin + '/mcp'] } }))).status, 200);
});

e2e('MCP-05 MCP-06 MCP-07 MCP-08 MCP-12 the metadata, and where else they answer', async (h) => {
  const site = await h.site({ rules: 'oauth_allow scope=a,b; oauth_allow scope~^c scope!=x scope=d;', server: 'oauth_page_title Tools;', locations: (s) => MCP(s) + `
    location /off { oauth off; proxy_pass ${s.upstream.url}; }
    location /mcp/open { oauth off; proxy_pass ${s.upstream.url}; }` });
  const expected = { resource: site.origin + '/mcp', authorization_servers: [site.provider.issuer], bearer_methods_supported: ['header'], scopes_supported: ['a', 'b', 'd'], resource_name: 'Tools' };
  for (const [target, options] of [['/mcp', {}], ['/mcp?x=1', {}], ['/mcp/', {}], ['/mcp/deeper', {}], ['/mcp/deeper/still/?q', {}], ['', {}], ['/', {}],
    ['/mcp', { headers: { ...bearer('bad'), Cookie: 'oauth=bad' } }], ['/mcp', { headers: { Origin: 'https://elsewhere.example' } }]]) {
    const response = await ask(site, WELL_KNOWN + target, options);
    assert.equal(response.status, 200, target);
    assert.equal(response.headers['content-type'], 'application/json');
    assert.equal(response.headers['access-control-allow-origin'], '*');
    assert.deepEqual(response.json(), expected, target);
  }
  const head = await ask(site, WELL_KNOWN + '/mcp', { method: 'HEAD' });
  assert.equal(head.status, 200);
  for (const path of ['/off', '/mcp/open', '/other']) {
    const response = await ask(site, WELL_KNOWN + path);
    assert.equal(response.status, 404, path);
    assert.match(response.headers['content-type'], /json/);
  }
});

e2e('MCP-08 with several MCP servers the root answers for none, and for location / where that is one', async (h) => {
  const two = await h.site({ locations: (s) => MCP(s) + `location /two { oauth_mcp on; proxy_pass ${s.upstream.url}; }` });
  assert.equal((await ask(two, WELL_KNOWN)).status, 404);
  const root = await h.site({ location: 'oauth_mcp on;', locations: MCP });
  assert.equal((await ask(root, WELL_KNOWN)).json().resource, root.origin);
  assert.equal((await ask(root, WELL_KNOWN + '/mcp')).json().resource, root.origin + '/mcp');
  assert.equal((await ask(root, WELL_KNOWN + '/elsewhere')).json().resource, root.origin);
});

e2e('MCP-09 well-knowns that clients probe are 404 in JSON and no sign-in, but for a location that is open', async (h) => {
  const site = await h.site({ locations: (s) => MCP(s) + `location /.well-known/openid-configuration { oauth off; return 200 own; }` });
  for (const name of ['oauth-authorization-server', 'oauth-authorization-server/mcp', 'openid-configuration/mcp', 'oauth-protected-resource/none']) {
    for (const visit of [ask, (s, target) => new Browser().navigate(s.origin + target, { follow: false })]) {
      const response = await visit(site, '/.well-known/' + name);
      if (name.startsWith('openid')) {
        assert.equal(response.text, 'own');
        continue;
      }
      assert.equal(response.status, 404, name);
      assert.ok(response.json().error || response.json().message, name);
    }
  }
});

e2e('MCP-02 MCP-05 a location with a regular expression has its metadata at the path of its resource', async (h) => {
  const site = await h.site({ locations: (s) => MCP(s) + `location ~ ^/(a|b)/ { oauth_mcp on resource=${s.origin}/tools/a%20b; proxy_pass ${s.upstream.url}; }` });
  assert.doesNotMatch(site.nginx.log(), /nginx redirects/);
  const address = challengeOf(await ask(site, '/a/x', { method: 'POST', body: '{}' })).resource_metadata;
  assert.equal(address, site.origin + WELL_KNOWN + '/tools/a%20b');
  const response = await new Browser().fetch(address);
  assert.equal(response.status, 200);
  assert.equal(response.json().resource, site.origin + '/tools/a%20b');
  assert.equal((await ask(site, WELL_KNOWN)).status, 404, 'of two MCP servers');
});

e2e('MCP-21 MCP-22 a page of another site may ask for the metadata with a header', async (h) => {
  const site = await h.site({ locations: MCP });
  for (const target of [WELL_KNOWN, WELL_KNOWN + '/mcp']) {
    const response = await ask(site, target, { method: 'OPTIONS', headers: { Origin: 'https://inspector.example', 'Access-Control-Request-Method': 'GET', 'Access-Control-Request-Headers': 'mcp-protocol-version' } });
    assert.equal(response.status, 204);
    assert.equal(response.headers['access-control-allow-origin'], '*');
    assert.equal(response.headers['access-control-allow-headers'], 'mcp-protocol-version');
  }
});

e2e('MCP-10 MCP-20 the resource is a URL of this origin whatever aud is, and scopes can be announced apart', async (h) => {
  const site = await h.site({ rules: 'oauth_allow scope=name;', locations: (s) => `location /mcp { oauth_mcp on scope="${s.origin}/name other"; oauth_bearer_type any; oauth_bearer_audience 1b4e28ba-2fa1-11d2-883f-0016d3cca427 api://tools; proxy_pass ${s.upstream.url}; }
    location ~ ^/tools/ { oauth_mcp on resource=${s.origin.replace('http:', 'http:')}/tools authorization_server=https://facade.example; proxy_pass ${s.upstream.url}; }` });
  const document = (await ask(site, WELL_KNOWN + '/mcp')).json();
  assert.equal(document.resource, site.origin + '/mcp');
  assert.deepEqual(document.scopes_supported, [site.origin + '/name', 'other']);
  assert.equal(challengeOf(await call(site, '').then((r) => (r.status === 401 ? r : assert.fail()))).scope, site.origin + '/name other');
  assert.equal((await call(site, accessToken(site.provider, { header: { typ: 'JWT' }, claims: { aud: 'api://tools', scope: 'name' } }))).status, 200);
  h.allowLog(/access token|login_required/);
  assert.equal((await call(site, tokenFor(site, { claims: { scope: 'name' } }))).status, 401, 'its URL is no audience any more');
});

e2e('MCP-11 location / is the base URL, with and without its slash', async (h) => {
  const site = await h.site({ location: 'oauth_mcp on;' });
  h.allowLog(/access token/);
  for (const aud of [site.origin, site.origin + '/']) {
    assert.equal((await call(site, tokenFor(site, { claims: { aud } }), '/x')).status, 200, aud);
  }
  assert.equal((await call(site, tokenFor(site, { claims: { aud: site.origin + '/x' } }), '/x')).status, 401);
});

e2e('MCP-17 lacking scopes are 403 with all of them at once, any other refusal is a plain 403', async (h) => {
  const site = await h.site({ rules: 'oauth_allow sub=robot-1 scope=a scope=b;', locations: MCP });
  h.allowLog(/policy_denied/);
  const lacking = await call(site, tokenFor(site, { claims: { scope: 'a' } }));
  assert.equal(lacking.status, 403);
  assert.deepEqual(challengeOf(lacking), { realm: site.origin, error: 'insufficient_scope', scope: 'a b', resource_metadata: site.origin + WELL_KNOWN + '/mcp' });
  const other = await call(site, tokenFor(site, { claims: { scope: 'a', sub: 'x' } }));
  assert.equal(other.status, 403);
  assert.equal(other.headers['www-authenticate'], undefined);
  assert.equal((await call(site, tokenFor(site, { claims: { scope: 'b a' } }))).status, 200);
});

e2e('MCP-21 MCP-22 preflights are answered without a token, and every answer has one Allow-Origin and no credentials', async (h) => {
  const site = await h.site({ rules: 'oauth_allow scope=read;', locations: MCP });
  h.allowLog(/policy_denied|login_required/);
  const origin = { Origin: 'https://inspector.example' };
  const preflight = await ask(site, '/mcp', { method: 'OPTIONS', headers: { ...origin, 'Access-Control-Request-Method': 'POST', 'Access-Control-Request-Headers': 'authorization,mcp-method, mcp-name,mcp-param-x,bad name,x@y' } });
  assert.equal(preflight.status, 204);
  assert.equal(preflight.headers['access-control-allow-origin'], '*');
  for (const name of ['authorization', 'mcp-method', 'mcp-name', 'mcp-param-x']) {
    assert.ok(preflight.headers['access-control-allow-headers'].split(', ').includes(name), name);
  }
  assert.ok(!preflight.headers['access-control-allow-headers'].includes('bad'));
  for (const method of ['GET', 'POST', 'DELETE']) {
    assert.ok(preflight.headers['access-control-allow-methods'].split(', ').includes(method));
  }
  site.upstream.reply = (request, response) => {
    response.writeHead(200, { 'Content-Type': 'application/json', 'Access-Control-Allow-Credentials': 'true', ...(request.url.includes('own') ? { 'Access-Control-Allow-Origin': 'https://inspector.example' } : {}) });
    response.end('{}');
    return true;
  };
  const answers = { 401: await call(site, 'bad', '/mcp', { headers: origin }), 403: await call(site, tokenFor(site, { claims: { scope: 'x' } }), '/mcp', { headers: origin }),
    200: await call(site, tokenFor(site), '/mcp', { headers: origin }) };
  for (const [status, response] of Object.entries(answers)) {
    assert.equal(response.status, Number(status));
    assert.equal(response.headers['access-control-allow-origin'], '*', status);
    assert.match(response.headers['access-control-expose-headers'], /WWW-Authenticate.*Mcp-Session-Id/);
    assert.equal(response.headers['access-control-allow-credentials'], undefined);
  }
  assert.equal((await call(site, tokenFor(site), '/mcp?own', { headers: origin })).headers['access-control-allow-origin'], 'https://inspector.example');
});

e2e('MCP-23 a session of the browser does not count for a page of another site', async (h) => {
  const site = await h.site({ locations: MCP });
  await assertSignedIn(site);
  const post = (headers) => site.browser.fetch(site.origin + '/mcp', { method: 'POST', body: '{}', headers });
  assert.equal((await post({})).status, 200);
  assert.equal((await post({ Origin: site.origin })).status, 200);
  for (const origin of ['https://elsewhere.example', 'null', site.origin + '.example']) {
    assert.equal((await post({ Origin: origin })).status, 401, origin);
  }
  assert.equal((await call(site, tokenFor(site), '/mcp', { headers: { Origin: 'https://elsewhere.example' } })).status, 200, 'a token does');
});

e2e('MCP-25 what the server answers and what the client says pass unchanged, and neither token nor cookie do', async (h) => {
  const site = await h.site({ locations: MCP });
  await assertSignedIn(site);
  for (const [status, body] of [[202, ''], [400, '{"jsonrpc":"2.0"}'], [404, '{"gone":1}'], [405, '']]) {
    site.upstream.reply = (request, response) => {
      response.writeHead(status, { 'Mcp-Session-Id': 's-1', 'Content-Type': 'application/json' });
      response.end(body);
      return true;
    };
    const response = await site.browser.fetch(site.origin + '/mcp', { method: 'POST', body: '{}', headers: { ...bearer(tokenFor(site)), 'Mcp-Method': 'tools/call', 'Mcp-Name': 'x', 'Mcp-Session-Id': 's-1', 'MCP-Protocol-Version': '2026-07-28' } });
    assert.equal(response.status, status);
    assert.equal(response.text, body);
    assert.equal(response.headers['mcp-session-id'], 's-1');
    for (const [name, value] of [['mcp-method', 'tools/call'], ['mcp-name', 'x'], ['mcp-session-id', 's-1'], ['mcp-protocol-version', '2026-07-28']]) {
      assert.deepEqual(Upstream.folded(site.upstream.last, name), [value]);
    }
    assert.deepEqual(Upstream.folded(site.upstream.last, 'authorization'), []);
    assert.deepEqual(Upstream.folded(site.upstream.last, 'cookie'), []);
  }
});

e2e('MCP-26 events arrive as they are sent, and a client that leaves is noticed', async (h) => {
  const site = await h.site({ locations: MCP });
  let left;
  const gone = new Promise((resolve) => { left = resolve; });
  site.upstream.reply = (request, response) => {
    response.writeHead(200, { 'Content-Type': 'text/event-stream' });
    response.write('data: one\n\n');
    response.on('close', left);
    return true;
  };
  const request = `GET /mcp HTTP/1.1\r\nHost: 127.0.0.1:${site.port}\r\nAccept: text/event-stream\r\nAuthorization: Bearer ${tokenFor(site)}\r\n\r\n`;
  const answer = await raw(site.port, request, { end: /data: one\n\n/ });
  assert.match(answer, /data: one/);
  await gone;
});

e2e('MCP-27 a stream ends with its token, and an answer to a request is let finish', async (h) => {
  const site = await h.site({ server: 'oauth_clock_skew 0;', locations: MCP });
  const ended = {};
  site.upstream.reply = (request, response) => {
    response.writeHead(200, { 'Content-Type': 'text/event-stream' });
    response.write('data: begun\n\n');
    const kind = request.method + (request.headers['mcp-method'] ?? '');
    response.on('close', () => { ended[kind] ??= Date.now(); });
    setTimeout(() => response.end('data: done\n\n'), 9000);
    return true;
  };
  const expires = now() + 2;
  const token = tokenFor(site, { claims: { exp: expires } });
  const open = (method, headers = {}) => new Browser().fetch(site.origin + '/mcp', { method, headers: { ...bearer(token), ...headers }, ...(method === 'POST' ? { body: '{}' } : {}) }).then((r) => r.text, (error) => 'cut: ' + error.message);
  const [stream, listen, answer] = await Promise.all([open('GET'), open('POST', { 'Mcp-Method': 'subscriptions/listen' }), open('POST', { 'Mcp-Method': 'tools/call' })]);
  assert.ok(!stream.includes('done'));
  assert.ok(!listen.includes('done'));
  assert.match(answer, /done/);
  for (const kind of ['GET', 'POSTsubscriptions/listen']) {
    assert.ok(ended[kind] / 1000 <= expires + 6 && ended[kind] / 1000 >= expires, kind);
  }
});

const test = (location, { provider = 'oauth_provider test oidc { issuer https://op.example; client_id a; client_secret b; }', server = '' } = {}) => configTest(`${provider} server { listen 127.0.0.1:1; oauth on; oauth_allow any; ${server} ${location} }`);

e2e('MCP-12 MCP-29 nginx -t says what would not work', async () => {
  const good = await test('location /mcp { oauth_mcp on; }');
  assert.equal(good.code, 0, good.stderr);
  assert.doesNotMatch(good.stderr, /\[warn\]/);
  const warned = [[await test('location /mcp/ { oauth_mcp on; }'), /ends in|redirects "\/mcp"/], [await test('location /mcp { oauth_mcp on; }', { server: 'oauth_base_url http://app.example;' }), /http:\/\/app\.example/],
    [await test('location /mcp { oauth_mcp on; }', { provider: 'oauth_provider kc keycloak { issuer https://kc.example/realms/x; client_id a; client_secret b; }' }), /oauth_bearer_type any/],
    [await test('location /mcp { oauth_mcp on; oauth_bearer_type any; }', { provider: 'oauth_provider azure-ad { client_id a; client_secret b; }' }), /oauth_bearer_audience/],
    [await test('location /mcp { oauth_mcp on; oauth_bearer_type any; oauth_bearer_audience x; }', { provider: 'oauth_provider azure-ad { client_id a; client_secret b; }' }), /tenant/]];
  for (const [result, pattern] of warned) {
    assert.equal(result.code, 0, result.stderr);
    assert.match(result.stderr, pattern);
    assert.match(result.stderr, /\[warn\]/);
  }
  const refused = [['location ~ ^/mcp { oauth_mcp on; }', /resource=URL/], ['location /mcp { oauth off; oauth_mcp on; }', /"oauth" is off/], ['location /mcp { oauth_mcp; }', /oauth_mcp/], ['location /mcp { oauth_mcp on resource=/mcp; }', /resource=URL/],
    ['location /mcp { oauth_mcp on scope="offline_access"; }', /offline_access/], ['location /mcp { oauth_mcp on scopes=x; }', /accepted/], ['location /mcp { oauth_mcp maybe; }', /accepted/], ['location /mcp { oauth_mcp on; oauth_mcp off; }', /duplicate/]];
  for (const [location, pattern] of refused) {
    const result = await test(location);
    assert.notEqual(result.code, 0, location);
    assert.match(result.stderr, pattern, location);
    assert.match(result.stderr, /nginx\.conf:\d+/, location);
  }
  for (const type of ['github { client_id a; client_secret b; }', 'google { client_id a; client_secret b; }', 'gitlab { client_id a; client_secret b; }']) {
    const result = await test('location /mcp { oauth_mcp on; }', { provider: 'oauth_provider ' + type });
    assert.notEqual(result.code, 0, type);
    assert.match(result.stderr, /no provider of the location/);
  }
  const bare = await test('', { server: 'oauth_bearer on;' });
  assert.notEqual(bare.code, 0);
  assert.match(bare.stderr, /oauth_bearer_audience is missing/);
});
