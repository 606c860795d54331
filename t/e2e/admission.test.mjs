// SPDX-License-Identifier: MIT
// One admission a request: what is cleaned before any directive can copy it (HD-01, HD-07), endpoints that answer whatever `return` and `rewrite` say, rules that are told the
// truth of their own location, gates made of subrequests, and what answers carry whatever the configuration adds (HD-13).
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { Browser, raw, signIn } from './lib/browser.mjs';
import { assertSignedIn, beginSignIn, e2e, hasSession } from './lib/harness.mjs';
import { publicFolder } from './lib/folders.mjs';
import { until } from './lib/ports.mjs';
import { Upstream } from './lib/upstream.mjs';

const ALICE = { sub: 'alice-1', email: 'alice@example.org', email_verified: true };
const BOB = { sub: 'bob-2', email: 'bob@example.org', email_verified: true };
const cookieOf = (site, browser = site.browser) => browser.jar.header(new URL(site.origin));
const workers = (nginx) => readFileSync(`/proc/${nginx.child.pid}/task/${nginx.child.pid}/children`, 'utf8').trim().split(' ');
const residentMemory = (pid) => Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]);

async function twoVisitors(h, options) {
  const site = await h.site(options);
  site.bob = new Browser();
  site.provider.user = { ...BOB };
  await signIn(site.bob, site.origin + '/');
  site.provider.user = { ...ALICE };
  await signIn(site.browser, site.origin + '/');
  site.upstream.requests.length = 0;
  return site;
}

e2e('HD-01 no directive of the rewrite phase can copy a forged header or our cookie', async (h) => {
  const copies = 'proxy_set_header X-Copy $copy; proxy_set_header X-Both $both; proxy_set_header Cookie $http_cookie;';
  const site = await h.site({ server: 'underscores_in_headers on; set $copy $http_x_oauth_identity; set $both "$http_cookie|$cookie_oauth";', location: copies, locations: (s) => `
    location /off/ { oauth off; ${copies} proxy_pass ${s.upstream.url}; }
    location /inner/ { set $copy $http_x_oauth_identity; if ($http_cookie ~ (.*)) { set $both $1; } ${copies} proxy_pass ${s.upstream.url}; }
    location /if/ { if ($http_cookie ~ oauth) { return 418; } if ($http_x_oauth_identity) { return 418; } ${copies} proxy_pass ${s.upstream.url}; }` });
  await assertSignedIn(site);
  for (const place of ['/', '/off/', '/inner/', '/if/']) {
    for (const name of ['X-OAuth-Identity', 'x_oauth_identity', 'X-oauth_Identity']) {
      site.upstream.requests.length = 0;
      const response = await site.browser.fetch(site.origin + place, { headers: { [name]: 'forged', Cookie: `a=1; ${cookieOf(site)}; b=2` } });
      assert.equal(response.status, 200, `${place} ${name}`);
      assert.deepEqual(Upstream.folded(site.upstream.last, 'X-Copy'), [], `${place} ${name}`);
      assert.deepEqual(Upstream.folded(site.upstream.last, 'Cookie'), ['a=1; b=2'], place);
      assert.doesNotMatch(Upstream.folded(site.upstream.last, 'X-Both').join(), /oauth=|eyJ|AQ/, place);
      assert.equal(Upstream.folded(site.upstream.last, 'X-OAuth-Identity').length, place === '/off/' ? 0 : 1);
    }
  }
});

e2e('HD-01 what a client sends is cleaned where an error ended its reading, too', async (h) => {
  const site = await h.site({ server: 'error_page 400 /error/; set $copy $http_x_oauth_identity;', locations: (s) => `
    location /error/ { oauth off; proxy_set_header X-Copy $copy; proxy_pass ${s.upstream.url}; }` });
  await assertSignedIn(site);
  site.upstream.requests.length = 0;
  await raw(site.port, `GET / HTTP/1.1\r\nX-OAuth-Identity: forged\r\nCookie: ${cookieOf(site)}; a=1\r\nConnection: close\r\n\r\n`); // without a Host
  assert.equal(site.upstream.requests.length, 1);
  assert.deepEqual(Upstream.folded(site.upstream.last, 'X-OAuth-Identity'), []);
  assert.deepEqual(Upstream.folded(site.upstream.last, 'X-Copy'), []);
  assert.deepEqual(Upstream.folded(site.upstream.last, 'Cookie'), ['a=1']);
});

e2e('a thousand cookies of ours cost no more than they weigh, also where the module is off', async (h) => {
  const site = await h.site({ server: 'large_client_header_buffers 8 32k;', locations: (s) => `location /off/ { oauth off; proxy_pass ${s.upstream.url}; }` });
  const held = [];
  site.upstream.reply = (request, response) => { held.push(response); return true; };
  await until(() => workers(site.nginx)[0] !== '', 'a worker'); // nginx listens before it has one
  const [worker] = workers(site.nginx);
  const before = residentMemory(worker);
  const lines = 'Cookie: oauth=\r\n'.repeat(990);
  const answers = Array.from({ length: 8 }, () => raw(site.port, `GET /off/ HTTP/1.1\r\nHost: 127.0.0.1:${site.port}\r\n${lines}Connection: close\r\n\r\n`));
  await until(() => held.length === 8, 'all of them at the application');
  const grown = residentMemory(worker) - before;
  held.forEach((response) => response.end('ok'));
  for (const answer of await Promise.all(answers)) {
    assert.match(answer, /^HTTP\/1\.1 200 /);
  }
  const most = process.env.OAUTH_SANITIZE ? 128 : 16; // MB; a sanitizer keeps what was freed
  assert.ok(grown < most * 1024, `eight requests hold ${grown} kB`);
  for (const entry of site.upstream.requests) {
    assert.deepEqual(Upstream.folded(entry, 'Cookie'), []);
  }
});

// Each swallows every path, in ways that are in use.
const swallowers = {
  'return in the location': { location: 'return 404;' },
  'return in the server': { server: 'return 301 https://elsewhere.example$request_uri;' },
  'a front controller': { server: 'rewrite ^ /index.php last;', locations: (s) => `location = /index.php { proxy_pass ${s.upstream.url}; }` },
  'a front controller in the location': { location: 'rewrite ^ /index.php last;', locations: (s) => `location = /index.php { proxy_pass ${s.upstream.url}; }` },
  'slashes added': { server: 'rewrite ^([^.]*[^/])$ $1/ permanent;' },
  'slashes removed': { server: 'rewrite ^/(.*)/$ /$1 permanent; rewrite ^/auth/(.*)$ /other/$1 break;' },
  'if in the location': { location: 'if ($request_method = GET) { return 405; }' },
  'if in the server': { server: 'if ($http_user_agent !~ Mozilla) { return 403; } if ($args ~ code=) { return 400; }' },
  'try_files': { location: 'try_files /nothing =404;' },
  'error pages': { server: 'error_page 302 303 = /page; error_page 401 403 404 =200 /page;', locations: () => 'location = /page { oauth off; return 200 page; }' },
  'a location of its own': { locations: (s) => `location /auth/ { oauth off; proxy_pass ${s.upstream.url}; } location ~ /callback$ { oauth off; return 410; }` },
};

for (const [what, options] of Object.entries(swallowers)) {
  e2e('endpoints answer whatever the configuration does with the path: ' + what, async (h) => {
    const site = await h.site(options);
    const start = await site.browser.navigate(site.origin + '/auth/oauth/login?return_to=/wanted', { follow: false });
    assert.equal(start.status, 302, start.text);
    assert.ok(start.headers.location.startsWith(site.provider.base + '/authorize'), start.headers.location);
    const callback = await beginSignIn(site, { target: site.origin + '/auth/oauth/test?return_to=/wanted' });
    const answer = await site.browser.navigate(callback, { follow: false });
    assert.equal(answer.status, 302, answer.text);
    assert.equal(answer.headers.location, site.origin + '/wanted');
    assert.ok(hasSession(site.browser));
    assert.equal((await site.browser.fetch(site.origin + '/auth/oauth/userinfo')).json().sub, 'test|' + site.provider.user.sub);
    assert.equal((await site.browser.fetch(site.origin + '/auth/oauth/jwks.json')).status, 200);
    assert.equal(site.upstream.requests.length, 0);
    assert.doesNotMatch(site.nginx.accessed(), /code=|state=/);
  });
}

e2e('an endpoint that refuses says so itself, whatever error_page has for its status', async (h) => {
  const site = await h.site({ server: 'error_page 400 401 403 404 405 =200 /page; error_page 503 =429 /page;', http: 'limit_req_zone $binary_remote_addr zone=slow:1m rate=1r/m;', locations: () => `
    location = /page { oauth off; return 200 page; } location /auth/oauth/login { limit_req zone=slow; }` });
  for (const [path, status] of [['/nothing', 404], ['/userinfo', 401], ['/test/callback?state=x&code=y', 400], ['/unknown/callback', 404]]) {
    const answer = await site.browser.fetch(site.origin + '/auth/oauth' + path, { headers: { Accept: 'application/json' } });
    assert.equal(answer.status, status, path);
    assert.equal(answer.headers['content-type'], 'application/json', path);
  }
  assert.equal((await site.browser.fetch(site.origin + '/auth/oauth/jwks.json', { method: 'POST' })).status, 405);
  assert.equal((await site.browser.fetch(site.origin + '/')).status, 200, 'elsewhere it takes the place of our pages');
  await new Browser().navigate(site.origin + '/auth/oauth/login', { follow: false });
  assert.equal((await new Browser().navigate(site.origin + '/auth/oauth/login', { follow: false })).status, 429, 'what the location refuses is its own');
});

e2e('limit_req of the location that an endpoint falls into counts', async (h) => {
  const site = await h.site({ http: 'limit_req_zone $binary_remote_addr zone=slow:1m rate=1r/m;', locations: () => 'location /auth/oauth/login { limit_req zone=slow; return 404; }' });
  const statuses = [];
  for (let i = 0; i < 3; i++) {
    statuses.push((await new Browser().navigate(site.origin + '/auth/oauth/login', { follow: false })).status);
  }
  assert.deepEqual(statuses, [302, 503, 503]);
});

const MAPPED = 'map $oauth_email $mapped { default ""; bob@example.org 1; } map $mapped $twice { default ""; 1 yes; }';

e2e('a rule is told what is true of its own location and visitor, whatever nginx has cached', async (h) => {
  const folder = publicFolder(h, { 'page.html': '<!--#include virtual="/denied/x" -->|<!--#include virtual="/allowed/x" -->|<!--#echo var="mapped" -->' });
  const site = await twoVisitors(h, { http: MAPPED, locations: (s) => `
    location /denied/ { oauth_deny if=$mapped; oauth_allow any; proxy_pass ${s.upstream.url}; }
    location /twice/ { oauth_deny if=$twice; oauth_allow any; proxy_pass ${s.upstream.url}; }
    location /allowed/ { oauth_allow if=$mapped; proxy_pass ${s.upstream.url}; }
    location /off/ { oauth off; set $seen $mapped; rewrite ^/off/(.*)$ /denied/$1 last; }
    location = /page.html { oauth off; set $seen $mapped; ssi on; root ${folder}; }
    location /kept/ { set $flag yes; oauth_allow if=$flag; proxy_pass ${s.upstream.url}; }
    location ~ ^/named/(?<part>[a-z]+)$ { oauth_allow if=$part; proxy_pass ${s.upstream.url}/$1; }
    location /audience/ { oauth_identity_audience $mapped_audience; proxy_pass ${s.upstream.url}; }` .replace('$mapped_audience', '"aud-$mapped"') });
  for (const path of ['/denied/x', '/twice/x', '/off/x']) {
    assert.equal((await site.bob.fetch(site.origin + path)).status, 403, path);
    assert.equal((await site.browser.fetch(site.origin + path)).status, 200, path);
  }
  assert.equal((await site.bob.fetch(site.origin + '/allowed/x')).status, 200);
  assert.equal((await site.browser.fetch(site.origin + '/allowed/x')).status, 403);
  site.upstream.requests.length = 0;
  await site.bob.fetch(site.origin + '/page.html');
  assert.deepEqual(site.upstream.requests.map(({ url }) => url), ['/allowed/x']);
  site.upstream.requests.length = 0;
  await site.browser.fetch(site.origin + '/page.html');
  assert.deepEqual(site.upstream.requests.map(({ url }) => url), ['/denied/x']);
  for (const path of ['/kept/x', '/named/abc']) {
    assert.equal((await site.browser.fetch(site.origin + path)).status, 200, path);
  }
  assert.equal(site.upstream.last.url, '/abc', 'captures are what they were before the rules were asked');
});

e2e('a location that is met again decides again', async (h) => {
  const site = await h.site({ http: 'map $uri $is_open { default ""; ~/open$ 1; }', locations: (s) => `location /again/ { oauth_allow if=$is_open; proxy_pass ${s.upstream.url}; }` });
  site.upstream.reply = (request, response) => { response.writeHead(200, request.url === '/again/open' ? { 'X-Accel-Redirect': '/again/secret' } : {}).end('secret'); return true; };
  await signIn(site.browser, site.origin + '/');
  site.upstream.requests.length = 0;
  const response = await site.browser.fetch(site.origin + '/again/open');
  assert.equal(response.status, 403);
  assert.deepEqual(site.upstream.requests.map(({ url }) => url), ['/again/open']);
});

e2e('a protected internal location with return is a gate for auth_request, and none is a hole', async (h) => {
  const folder = publicFolder(h, { 'page.html': '[<!--#include virtual="/included/x" -->]' });
  const only = 'oauth_allow email=alice@example.org;';
  const site = await twoVisitors(h, { locations: (s) => `
    location /guarded/ { oauth off; auth_request /gate; proxy_pass ${s.upstream.url}; }
    location = /gate { internal; ${only} return 204; }
    location /rewritten/ { oauth off; auth_request /gate-rewrite; proxy_pass ${s.upstream.url}; }
    location = /gate-rewrite { internal; ${only} rewrite ^ /empty last; }
    location = /empty { internal; oauth off; return 204; }
    location = /page.html { oauth off; ssi on; root ${folder}; }
    location /included/ { ${only} return 200 secret; }` });
  const stranger = new Browser();
  for (const path of ['/guarded/x', '/rewritten/x']) {
    assert.equal((await stranger.fetch(site.origin + path)).status, 401, path);
    assert.equal((await site.bob.fetch(site.origin + path)).status, 403, path);
    assert.equal((await site.browser.fetch(site.origin + path)).status, 200, path);
  }
  assert.doesNotMatch((await stranger.fetch(site.origin + '/page.html')).text, /secret/);
  assert.doesNotMatch((await site.bob.fetch(site.origin + '/page.html')).text, /secret/);
  assert.equal((await site.browser.fetch(site.origin + '/page.html')).text, '[secret]');
});

e2e('every answer of ours carries one Cache-Control line, whatever expires and add_header say', async (h) => {
  const site = await twoVisitors(h, { server: 'expires 1h; add_header Cache-Control "public, max-age=60" always; add_header X-Added yes always;', locations: (s) => `
    location /denied/ { oauth_allow email=nobody@example.org; proxy_pass ${s.upstream.url}; }
    location /themed/ { oauth_allow email=nobody@example.org; error_page 403 /denied.html; proxy_pass ${s.upstream.url}; }
    location = /denied.html { oauth off; return 200 sorry; }` });
  const one = async (browser, path, accept, status) => {
    const answer = await raw(site.port, `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${site.port}\r\nAccept: ${accept}\r\n${browser ? `Cookie: ${cookieOf(site, browser)}\r\n` : ''}Connection: close\r\n\r\n`);
    const head = answer.slice(0, answer.indexOf('\r\n\r\n'));
    assert.match(head, new RegExp(`^HTTP/1.1 ${status} `), path);
    assert.match(head, /^X-Added: yes/m);
    return head.split('\r\n').filter((line) => /^(cache-control|expires):/i.test(line));
  };
  for (const [browser, path, accept, status] of [[null, '/', 'text/html', 302], [null, '/', 'application/json', 401], [site.bob, '/denied/', 'text/html', 403], [site.bob, '/themed/', 'text/html', 403],
    [null, '/auth/oauth/login', 'text/html', 302], [null, '/auth/oauth/userinfo', '*/*', 401], [null, '/auth/oauth/test/callback?state=x', '*/*', 400], [null, '/auth/oauth/nothing', '*/*', 404],
    [site.bob, '/auth/oauth/userinfo', '*/*', 200], [null, '/auth/oauth/providers', '*/*', 200]]) {
    assert.deepEqual(await one(browser, path, accept, status), ['Cache-Control: no-store'], path);
  }
  assert.deepEqual(await one(null, '/auth/oauth/jwks.json', '*/*', 200), ['Cache-Control: public, max-age=300']);
  assert.equal((await one(site.bob, '/', '*/*', 200)).length, 3, 'an answer of the application is left alone');
});

e2e('HD-13 a Set-Cookie of the application under our names is removed and told', async (h) => {
  const site = await h.site({ locations: (s) => `location /off/ { oauth off; proxy_pass ${s.upstream.url}; }` });
  await assertSignedIn(site);
  site.upstream.reply = (request, response) => {
    response.writeHead(200, { 'Set-Cookie': ['app=1; Path=/', 'oauth=stolen; Path=/', '__Host-oauth=x; Path=/; Secure', 'oauth.0=part', ' oauth_login_abc =y', 'oauthx=mine', 'oauth', 'x=oauth=1'] }).end('ok');
    return true;
  };
  for (const place of ['/', '/off/']) {
    const mark = site.nginx.mark();
    const answer = await raw(site.port, `GET ${place} HTTP/1.1\r\nHost: 127.0.0.1:${site.port}\r\nCookie: ${cookieOf(site)}\r\nConnection: close\r\n\r\n`);
    assert.match(answer, /^HTTP\/1\.1 200 /);
    assert.deepEqual([...answer.matchAll(/^Set-Cookie: (.*)\r$/gm)].map((found) => found[1]), ['app=1; Path=/', 'oauthx=mine', 'x=oauth=1'], place);
    const lines = site.nginx.linesSince(mark, /removed Set-Cookie/);
    assert.equal(lines.length, 5, lines.join('\n'));
    assert.ok(lines.every((line) => !/stolen/.test(line)));
  }
});
