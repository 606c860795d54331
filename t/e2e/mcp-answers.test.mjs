// SPDX-License-Identifier: MIT
// What programs are told around the answers of oauth_bearer and oauth_mcp: methods, CORS, which challenge comes first, and what nginx -t refuses.
import assert from 'node:assert/strict';
import { API, accessToken, bearer, challengeOf } from './lib/access-tokens.mjs';
import { Browser, raw } from './lib/browser.mjs';
import { e2e } from './lib/harness.mjs';
import { configTest } from './lib/nginx.mjs';
import { Upstream } from './lib/upstream.mjs';

const WELL_KNOWN = '/.well-known/oauth-protected-resource';
const MCP = (s) => `location /mcp { oauth_mcp on; proxy_pass ${s.upstream.url}; }`;
const ask = (site, target, options = {}) => new Browser().fetch(site.origin + target, options);
const lines = (answer, name) => [...answer.matchAll(new RegExp(`^${name}: (.*)\\r$`, 'gim'))].map(([, value]) => value);

e2e('MCP-05 the metadata are for GET and HEAD, and another method is 405', async (h) => {
  const site = await h.site({ locations: MCP });
  for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS']) {
    for (const target of ['', '/mcp', '/mcp/deeper']) {
      const response = await ask(site, WELL_KNOWN + target, { method, ...(method === 'POST' || method === 'PUT' ? { body: '{}' } : {}) });
      assert.equal(response.status, 405, method + target);
      assert.equal(response.headers.allow, 'GET, HEAD');
      assert.match(response.headers['content-type'], /json/);
    }
  }
  assert.equal(site.upstream.requests.length, 0);
});

e2e('MCP-22 the metadata, and all else that is said at well-known addresses, can be read by pages of any origin', async (h) => {
  const site = await h.site({ locations: MCP });
  const preflight = { method: 'OPTIONS', headers: { 'Access-Control-Request-Method': 'GET' } };
  for (const [target, options, status] of [[WELL_KNOWN, {}, 200], [WELL_KNOWN + '/mcp', {}, 200], [WELL_KNOWN + '/mcp', { method: 'HEAD' }, 200], [WELL_KNOWN + '/mcp', { method: 'POST', body: '{}' }, 405],
    [WELL_KNOWN + '/mcp', preflight, 204], [WELL_KNOWN + '/none', {}, 404], ['/.well-known/oauth-authorization-server', {}, 404], ['/mcp', preflight, 204]]) {
    const response = await ask(site, target, { ...options, headers: { Origin: 'https://inspector.example', ...options.headers } });
    assert.equal(response.status, status, target);
    assert.equal(response.headers['access-control-allow-origin'], '*', target);
    assert.equal(response.headers['access-control-expose-headers'], 'WWW-Authenticate, Mcp-Session-Id', target);
    assert.equal(response.headers['access-control-allow-credentials'], undefined);
  }
  const plain = await h.site({ server: `oauth_bearer on; oauth_bearer_audience ${API};` });
  assert.equal((await ask(plain, WELL_KNOWN)).headers['access-control-expose-headers'], 'WWW-Authenticate, Mcp-Session-Id');
  assert.equal((await ask(plain, '/api')).headers['access-control-allow-origin'], undefined, 'elsewhere that is the application\'s affair');
});

const test = (server, provider = 'oauth_provider test oidc { issuer https://op.example; client_id a; client_secret b; }') => configTest(`${provider} server { listen 127.0.0.1:1; oauth on; oauth_allow any; ${server} }`);

e2e('MCP-12 nginx -t refuses what would silently count for nothing: no tokens for an MCP server, no audience, no scope', async () => {
  const refused = [
    ['location /mcp { oauth_mcp on; oauth_bearer off; }', /"oauth_bearer off".*"oauth_mcp on".*accepted: .*"oauth_mcp off"/],
    ['location /mcp { oauth_bearer off; oauth_mcp on; }', /"oauth_bearer off"/],
    ['location /mcp { oauth_mcp on; location /mcp/in { oauth_bearer off; } }', /"oauth_bearer off"/],
    ['location /mcp { oauth_mcp on; oauth_bearer_audience $host; }', /"oauth_bearer_audience": found "\$host", accepted: .*no variables/],
    ['location /mcp { oauth_mcp on; oauth_bearer_audience https://a.example "https://${host}/x"; }', /"oauth_bearer_audience": found/],
    ['oauth_bearer on; oauth_bearer_audience "";', /"oauth_bearer_audience": found "", accepted: .*"aud"/],
    ['location /mcp { oauth_mcp on "scope= "; }', /"oauth_mcp": found .*, accepted: .*a scope at least/],
    [`location /mcp { oauth_mcp on 'scope=" "'; }`, /a scope at least/],
    ['location /mcp { oauth_mcp on scope=""; }', /"oauth_mcp": found/],
  ];
  for (const [server, pattern] of refused) {
    const result = await test(server);
    assert.notEqual(result.code, 0, server);
    assert.match(result.stderr, pattern);
    assert.match(result.stderr, /nginx\.conf:\d+/, server);
  }
  for (const server of ['location /mcp { oauth_mcp on; oauth_bearer on; }', 'oauth_bearer off; location /mcp { oauth_mcp on; }', 'location /mcp { oauth_mcp on; location /mcp/in { oauth_mcp off; oauth_bearer off; } }',
    'location /mcp { oauth_mcp on "scope= a  b "; }', `oauth_bearer on; oauth_bearer_audience ${API} api://tools 1b4e28ba-2fa1-11d2-883f-0016d3cca427;`]) {
    const result = await test(server);
    assert.equal(result.code, 0, server + result.stderr);
  }
});

e2e('BR-01 with satisfy any and auth_basic both challenges are there, and Bearer comes first', async (h) => {
  const site = await h.site({ server: `oauth_bearer on; oauth_bearer_audience ${API};`, locations: (s) => `
    location /both { satisfy any; auth_basic "x"; auth_basic_user_file /dev/null; proxy_pass ${s.upstream.url}; }
    location /paged { satisfy any; auth_basic "x"; auth_basic_user_file /dev/null; error_page 401 /sorry; proxy_pass ${s.upstream.url}; }
    location /sorry { oauth off; return 401 "sorry"; }` });
  h.allowLog(/./);
  for (const target of ['/both', '/paged']) {
    for (const authorization of ['', 'Authorization: Basic eDp5\r\n', 'Authorization: Bearer x\r\n']) {
      const answer = await raw(site.port, `GET ${target} HTTP/1.1\r\nHost: 127.0.0.1:${site.port}\r\nAccept: application/json\r\n${authorization}Connection: close\r\n\r\n`);
      assert.match(answer, /^HTTP\/1\.1 401 /);
      const challenges = lines(answer, 'www-authenticate');
      assert.equal(challenges.length, 2, target + authorization);
      assert.match(challenges[0], /^Bearer realm="[^"]*", (error="invalid_token", )?resource_metadata="/, target);
      assert.match(challenges[1], /^Basic realm="x"$/, target);
    }
  }
  site.upstream.reply = (request, response) => {
    response.writeHead(401, { 'WWW-Authenticate': ['Basic realm="app"', 'Bearer realm="app"'] });
    response.end();
    return true;
  };
  const token = accessToken(site.provider);
  const own = await raw(site.port, `GET /both HTTP/1.1\r\nHost: 127.0.0.1:${site.port}\r\nAuthorization: Bearer ${token}\r\nConnection: close\r\n\r\n`);
  assert.deepEqual(lines(own, 'www-authenticate'), ['Basic realm="app"', 'Bearer realm="app"'], 'the application\'s order is its own');
});

e2e('MCP-07 below the resource of a regular expression its metadata answer, but where another location is named', async (h) => {
  const site = await h.site({ locations: (s) => `location ~ ^/(a|b)/ { oauth_mcp on resource=${s.origin}/tools; proxy_pass ${s.upstream.url}; }
    location /tools/open { oauth off; proxy_pass ${s.upstream.url}; }
    location /tools/own { oauth on; oauth_mcp on; proxy_pass ${s.upstream.url}; }` });
  for (const path of ['/tools', '/tools/', '/tools/deeper', '/tools/deeper/still/', '/tools/deeper?q']) {
    const response = await ask(site, WELL_KNOWN + path);
    assert.equal(response.status, 200, path);
    assert.equal(response.json().resource, site.origin + '/tools', path);
  }
  assert.equal((await ask(site, WELL_KNOWN + '/tools/own/x')).json().resource, site.origin + '/tools/own');
  for (const path of ['/toolsx', '/tools/open', '/tools/open/x', '/tool', '/a/x']) {
    assert.equal((await ask(site, WELL_KNOWN + path)).status, 404, path);
  }
});

e2e('MCP-22 an error_page outside of the location takes no header for pages of other sites away', async (h) => {
  const site = await h.site({ rules: 'oauth_allow scope=read;', locations: (s) => `
    location /mcp { oauth_mcp on; error_page 401 403 502 504 /sorry; error_page 404 = @gone; proxy_intercept_errors on; proxy_pass ${s.upstream.url}; }
    location /sorry { oauth off; add_header X-Page sorry always; return 401 "sorry"; }
    location @gone { oauth off; add_header X-Page gone always; return 404 "gone"; }
    location /plain { oauth off; error_page 404 /sorry; return 404; }` });
  h.allowLog(/./);
  const aud = { claims: { aud: site.origin + '/mcp' } };
  site.upstream.reply = (request, response) => {
    response.writeHead(404);
    response.end();
    return true;
  };
  for (const [token, page] of [[undefined, 'sorry'], ['bad', 'sorry'], [accessToken(site.provider, { claims: { ...aud.claims, scope: 'x' } }), 'sorry'], [accessToken(site.provider, aud), 'gone']]) {
    const response = await ask(site, '/mcp', { method: 'POST', body: '{}', headers: { Origin: 'https://inspector.example', ...(token ? bearer(token) : {}) } });
    assert.equal(response.headers['x-page'], page);
    assert.equal(response.headers['access-control-allow-origin'], '*', page);
    assert.equal(response.headers['access-control-expose-headers'], 'WWW-Authenticate, Mcp-Session-Id', page);
    if (page === 'sorry') {
      assert.match(response.headers['www-authenticate'], /^Bearer /);
    }
  }
  assert.equal((await ask(site, '/plain')).headers['access-control-allow-origin'], undefined);
});

e2e('MCP-01 a body that is larger than client_max_body_size is 413 before anybody is asked for a token', async (h) => {
  const site = await h.site({ locations: (s) => `location /mcp { client_max_body_size 10; oauth_mcp on; proxy_pass ${s.upstream.url}; }` });
  const response = await ask(site, '/mcp', { method: 'POST', body: 'x'.repeat(11), headers: { Origin: 'https://inspector.example' } });
  assert.equal(response.status, 413);
  assert.equal(response.headers['access-control-allow-origin'], '*');
  assert.equal((await ask(site, '/mcp', { method: 'POST', body: 'x' })).status, 401);
  assert.equal(site.upstream.requests.length, 0);
});

e2e('a gate within this nginx leaves the token to the application, whose location is off', async (h) => {
  const site = await h.site({ server: `oauth_bearer on; oauth_bearer_audience ${API};`, locations: (s) => `
    location /gated { oauth off; auth_request /auth/oauth/auth; proxy_pass ${s.upstream.url}; }
    location /optional { oauth optional; auth_request /auth/oauth/auth; proxy_pass ${s.upstream.url}; }
    location /kept { oauth off; auth_request /auth/oauth/auth; proxy_set_header Authorization ""; proxy_pass ${s.upstream.url}; }` });
  h.allowLog(/access token|subrequest/);
  const token = accessToken(site.provider);
  assert.equal((await ask(site, '/gated', { headers: bearer('x.y.z') })).status, 401);
  assert.equal(site.upstream.requests.length, 0);
  assert.equal((await ask(site, '/gated', { headers: bearer(token) })).status, 200);
  assert.deepEqual(Upstream.folded(site.upstream.last, 'authorization'), ['Bearer ' + token]);
  for (const target of ['/kept', '/optional']) {
    assert.equal((await ask(site, target, { headers: bearer(token) })).status, 200, target);
    assert.deepEqual(Upstream.folded(site.upstream.last, 'authorization'), [], target);
  }
});

e2e('MCP-03 MCP-22 of an application\'s headers for pages of other sites one stays, and of its challenges Bearer comes first', async (h) => {
  const site = await h.site({ locations: MCP });
  const token = accessToken(site.provider, { claims: { aud: site.origin + '/mcp' } });
  const answer = (headers) => {
    site.upstream.reply = (request, response) => {
      response.writeHead(401, headers);
      response.end();
      return true;
    };
    return raw(site.port, `POST /mcp HTTP/1.1\r\nHost: 127.0.0.1:${site.port}\r\nAuthorization: Bearer ${token}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`);
  };
  const own = await answer({ 'Access-Control-Allow-Origin': ['https://one.example', 'https://two.example'], 'access-control-allow-credentials': 'true', 'Access-Control-Expose-Headers': 'WWW-Authenticate, Mcp-Session-Id' });
  assert.deepEqual(lines(own, 'access-control-allow-origin'), ['https://one.example']);
  assert.deepEqual(lines(own, 'access-control-allow-credentials'), []);
  assert.deepEqual(lines(own, 'access-control-expose-headers'), ['WWW-Authenticate, Mcp-Session-Id']);
  const plain = await answer({ 'Access-Control-Expose-Headers': 'X-Own' });
  assert.deepEqual(lines(plain, 'access-control-allow-origin'), ['*']);
  assert.deepEqual(lines(plain, 'access-control-expose-headers'), ['X-Own', 'WWW-Authenticate, Mcp-Session-Id']);
  for (const [sent, seen] of [[['Basic a', 'Bearer b'], ['Bearer b', 'Basic a']], [['Basic a', 'Digest b', 'Bearer c'], ['Bearer c', 'Digest b', 'Basic a']], [['Basic a', 'Digest b'], ['Basic a', 'Digest b']], [['Bearer a', 'Bearer b'], ['Bearer a', 'Bearer b']]]) {
    assert.deepEqual(lines(await answer({ 'WWW-Authenticate': sent }), 'www-authenticate'), seen);
  }
});
