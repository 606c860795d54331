// SPDX-License-Identifier: MIT
// GET auth under oauth_path, asked as other proxies ask it: whose headers count, which location decides, what the answer tells, and that nothing of that location runs
// (XF-01, XF-03, XF-06, UB-02, UB-03, UB-07, UB-08).
import assert from 'node:assert/strict';
import { chmodSync } from 'node:fs';
import http from 'node:http';
import { Browser, raw } from './lib/browser.mjs';
import { assertError, assertNoStore, assertSignedIn, e2e } from './lib/harness.mjs';
import { cookieOf, lateSite } from './lib/late-store.mjs';
import { configTest } from './lib/nginx.mjs';
import { ask, claims, forwarded, original } from './lib/other-proxies.mjs';
import { until } from './lib/ports.mjs';
import { failingMemory, workersOf } from './lib/preloads.mjs';
import { Upstream } from './lib/upstream.mjs';

const TRUSTED = 'oauth_trusted_proxy 127.0.0.1;';
const IDENTITY = ['x-oauth-identity', 'x-auth-request-user', 'x-auth-request-email', 'x-auth-request-groups'];
const told = (answer) => IDENTITY.filter((name) => name in answer.headers);

function assertPasses(answer, who = true) {
  assert.equal(answer.status, 204, answer.text);
  assert.deepEqual([answer.text, told(answer).length > 0], ['', who]);
  assertNoStore(answer);
}

e2e('without an address the location that auth is in decides: 401, 204 with who it is, 403', async (h) => {
  const site = await h.site({ rules: 'oauth_allow group=staff;', location: 'add_header X-Groups $oauth_groups;' });
  assertError(await ask(site), 401, 'login_required');
  assert.ok((await ask(site)).headers['www-authenticate']);
  site.provider.user = { sub: 'alice-1', email: 'alice@example.org', email_verified: true, preferred_username: 'alice', name: 'Älice', groups: ['staff', 'devs', 'a,b'] };
  await assertSignedIn(site);
  for (const options of [{}, { method: 'HEAD' }, { method: 'POST', body: 'x=1' }, { method: 'OPTIONS' }, { method: 'PURGE' }]) {
    const answer = await ask(site, {}, options);
    assertPasses(answer);
    const { sub, groups, aud } = claims(answer.headers['x-oauth-identity']);
    assert.deepEqual([sub, groups, aud], ['test|alice-1', ['staff', 'devs', 'a,b'], site.origin]);
    assert.deepEqual([answer.headers['x-auth-request-user'], answer.headers['x-auth-request-email'], answer.headers['x-auth-request-groups']], ['alice@example.org', 'alice@example.org', 'staff,devs']);
  }
  const other = new Browser();
  site.provider.user = { sub: 'bob-1', email: 'bob@example.org', email_verified: true, groups: ['guests'] };
  await other.navigate(site.origin + '/');
  assertError(await ask(site, { Accept: 'application/json' }, { browser: other }), 403, 'policy_denied');
  const page = await ask(site, { Accept: 'text/html' }, { browser: other });
  assert.match(page.text, /bob@example\.org/);
  assert.equal(page.status, 403);
});

e2e('an address that the provider has not verified, and values that could end a line, are in no header', async (h) => {
  const site = await h.site({ location: 'add_header X-Groups $oauth_groups;', block: 'user preferred_username;' });
  site.provider.user = { sub: 'eve-1', email: 'alice@example.org', email_verified: false, preferred_username: 'eve\r\nX-Auth-Request-User: alice', groups: ['a\nb', 'c'] };
  await assertSignedIn(site);
  const answer = await ask(site);
  assert.deepEqual([answer.status, told(answer), answer.headers['x-auth-request-user']], [204, ['x-oauth-identity', 'x-auth-request-user'], 'eve-1']);
});

e2e('names with blanks at their ends, which a header loses, are no names: they would be those of somebody else', async (h) => {
  const site = await h.site({ location: 'add_header X-Groups $oauth_groups; add_header X-User $oauth_user;', block: 'user preferred_username;' });
  site.provider.user = { sub: 'eve-1', preferred_username: 'alice ', groups: ['users', 'admins ', ' admins', '\u00e4'] };
  const page = await assertSignedIn(site);
  assert.deepEqual([page.headers['x-user'], Buffer.from(page.headers['x-groups'], 'latin1').toString()], ['eve-1', 'users,\u00e4']);
  const { headers } = await ask(site);
  assert.deepEqual([headers['x-auth-request-user'], Buffer.from(headers['x-auth-request-groups'], 'latin1').toString()], ['eve-1', 'users,\u00e4']);
});

// The audience of the identity says which location has decided.
const mark = (name) => `oauth_identity_audience ${name};`;
const places = (s) => `
    location = /exact { ${mark('exact')} proxy_pass ${s.upstream.url}; }
    location /prefix { ${mark('prefix')} proxy_pass ${s.upstream.url}; }
    location /prefix/ { ${mark('prefix-slash')} proxy_pass ${s.upstream.url};
        location /prefix/nested/ { ${mark('nested')} proxy_pass ${s.upstream.url}; }
        location ~ \\.nested$ { ${mark('nested-regex')} proxy_pass ${s.upstream.url}; } }
    location ^~ /static/ { ${mark('static')} proxy_pass ${s.upstream.url}; }
    location ~ \\.php$ { ${mark('php')} proxy_pass ${s.upstream.url}; }
    location ~* ^/any/(?<part>[^/]+)/ { oauth_identity_audience any-$part; proxy_pass ${s.upstream.url}; }
    location /folder/ { ${mark('folder')} proxy_pass ${s.upstream.url}; }
    location /public/ { oauth off; proxy_pass ${s.upstream.url}; }
    location /admin/ { ${mark('admin')} proxy_pass ${s.upstream.url}; }
    location "/with space/" { ${mark('space')} proxy_pass ${s.upstream.url}; }`;
const paths = ['/', '/exact', '/exact/', '/exact?x=/admin/', '/Exact', '/prefix', '/prefix/', '/prefixed', '/prefix/nested', '/prefix/nested/x', '/prefix/a.nested', '/static/a.php', '/a.php', '/a.php/',
  '/a.PHP', '/any/one/x', '/ANY/two/', '/folder', '/folder/', '/folder?a=b', '/folder//x', '/public/', '/public/x', '/public', '/public/../admin/', '/public/%2e%2e/admin/', '/public/.%2E/admin/x',
  '/public/%2e%2e%2fadmin/', '/public%2f..%2fadmin/', '/public/..;/admin/', '/public/x/..//../admin/', '//public/x', '//admin/x', '/./admin/x', '/admin/./../public/x', '/%61dmin/x', '/%2561dmin/x', '/admin%2fx',
  '/admin%5cx', '/public/..\\admin/', '/with%20space/x', '/a%2ephp', '/public/%00', '/..', '/public/../../admin', '/%zz', '/%', '/public/%0a', '/admin/%0d%0aX:y', '/admin/;x', '/admin;/x', '/public/x%3f/../admin/',
  '/public/?/../admin/', '/@named', '/x?' + 'y'.repeat(3000)];

// Which location answers a request of the browser itself: its audience, "open", or the status.
async function place(site, target) {
  const cookie = site.browser.jar.header(new URL(site.origin + '/'));
  const before = site.upstream.requests.length;
  const bytes = await raw(site.port, Buffer.from(`GET ${target} HTTP/1.1\r\nHost: 127.0.0.1:${site.port}\r\nCookie: ${cookie}\r\nConnection: close\r\n\r\n`, 'latin1'));
  const status = Number(bytes.slice(9, 12));
  if (site.upstream.requests.length === before) {
    const [, location] = /^location: http:\/\/[^/]*(.*)\r$/im.exec(bytes) ?? [];
    return status === 301 ? place(site, location) : String(status);
  }
  const [token] = Upstream.folded(site.upstream.last, 'X-OAuth-Identity');
  return token ? claims(token).aud : 'open';
}

async function decision(site, headers) {
  const lines = Object.entries({ Host: '127.0.0.1:' + site.port, Cookie: site.browser.jar.header(new URL(site.origin + '/')), Connection: 'close', ...headers });
  const bytes = await raw(site.port, Buffer.from('GET /auth/oauth/auth HTTP/1.1\r\n' + lines.map(([name, value]) => `${name}: ${value}\r\n`).join('') + '\r\n', 'latin1'));
  const [, token] = /^x-oauth-identity: (.*)\r$/im.exec(bytes) ?? [];
  return bytes.startsWith('HTTP/1.1 204') ? (token ? claims(token).aud : 'open') : bytes.slice(9, 12);
}

e2e('UB-02 UB-03 UB-08 XF-03 the location of the address is the one that nginx itself chooses, whatever the path', async (h) => {
  for (const server of ['', 'merge_slashes off;']) {
    const site = await h.site({ server: TRUSTED + server + mark('server'), locations: places });
    await assertSignedIn(site);
    for (const target of paths) {
      const wanted = await place(site, target);
      const before = site.upstream.requests.length;
      assert.equal(await decision(site, original(site.origin + target)), wanted, `${target} by X-Original-URL ${server}`);
      assert.equal(await decision(site, forwarded(site.origin + target)), wanted, `${target} by X-Forwarded-Uri ${server}`);
      assert.equal(site.upstream.requests.length, before, 'nobody is asked');
    }
    assert.equal(await decision(site, original(site.origin + '/public/#/../admin/')), '400', 'no address has a fragment');
    assert.equal(await decision(site, original(site.origin)), 'server');
    assert.equal(await decision(site, original(site.origin + '/admin/\xc3\xa4')), 'admin', 'as nginx takes it');
  }
});

e2e('XF-01 XF-03 the headers count only from where oauth_trusted_proxy says, and as realip left the address', async (h) => {
  const site = await h.site({ locations: (s) => `
    location /public/ { oauth off; proxy_pass ${s.upstream.url}; }`, http: (s) => ['10.0.0.0/8 192.0.2.7', '127.0.0.0/8', '10.0.0.0/8; set_real_ip_from 127.0.0.1; real_ip_header X-Real-IP', '::ffff:127.0.0.1/128 ::1', 'unix:']
    .map((list, number) => `server { listen 127.0.0.1:${s.port}; server_name s${number}.test; oauth on; oauth_allow any; oauth_trusted_proxy ${list}; location /public/ { oauth off; } location / { return 200; } }`).join('\n') });
  const status = async (host, headers) => (await ask(site, { Host: host, ...headers })).status;
  const open = (host) => original(`http://${host}/public/x`);
  const own = '127.0.0.1:' + site.port;
  const mark = site.nginx.mark();
  assert.equal(await status(own, open(own)), 401, 'none by default');
  assert.equal(await status(own, {}), 401);
  assert.equal(await status(own, open(own)), 401);
  await site.nginx.waitForLine(mark, /auth: an original address came from where oauth_trusted_proxy does not say/);
  assert.equal(site.nginx.linesSince(mark, /oauth_trusted_proxy does not say/).length, 1, 'told once a minute');
  for (const headers of [{ 'X-Original-URL': 'no address' }, { 'X-Original-URL': ['http://a/', 'http://b/'] }, original('http://evil.test/'), forwarded('http://s0.test/public/')]) {
    assert.equal(await status('s0.test', headers), 401, 'ignored, whatever they say');
  }
  assert.equal(await status('s1.test', open('s1.test')), 204);
  assert.equal(await status('s1.test', forwarded('http://s1.test/public/')), 204);
  assert.equal(await status('s2.test', open('s2.test')), 401);
  assert.equal(await status('s2.test', { ...open('s2.test'), 'X-Real-IP': '10.1.2.3' }), 204);
  assert.equal(await status('s2.test', { ...open('s2.test'), 'X-Real-IP': '192.0.2.1' }), 401);
  assert.equal(await status('s3.test', open('s3.test')), 401);
  assert.equal(await status('s4.test', open('s4.test')), 401);
  assert.equal(await status('s1.test', { 'X_Original_URL': 'http://s1.test/public/x', 'X-Original-URI': '/public/x', 'X-Rewrite-URL': '/public/x' }), 401, 'other headers mean nothing');
});

e2e('XF-06 an address of another host, one that is none, and headers that contradict each other are 400', async (h) => {
  const site = await h.site({ server: TRUSTED + 'server_name app.example.org *.wild.example.org ~^re\\d\\.example\\.org$; oauth_base_url https://base.example.org;', locations: 'location /public/ { oauth off; return 200; }' });
  const status = async (headers) => (await ask(site, headers)).status;
  for (const host of ['app.example.org', 'APP.example.org', 'app.example.org.', 'app.example.org:8443', 'x.wild.example.org', 're1.example.org', 'base.example.org', 'base.example.org:444']) {
    assert.equal(await status(original(`https://${host}/public/`)), 204, host);
    assert.equal(await status({ ...forwarded('https://app.example.org/public/'), 'X-Forwarded-Host': host }), 204, host);
  }
  for (const host of ['evil.test', 'app.example.org.evil.test', 'evil.test#app.example.org', 'app.example.org@evil.test', 'evil.test@app.example.org', 'app.example.org:0', 'app.example.org:99999', 'app.example.org:x', 're1.example.orgs',
    'app.example.org\\.evil.test', '127.0.0.1', '_', '*.wild.example.org', '.wild.example.org', 'app.example.org..', '[::1', 'app.example.org,evil.test', 'app.example.org evil.test', '"><script>', '']) {
    for (const headers of [original(`https://${host}/public/`), { ...forwarded('https://app.example.org/public/'), 'X-Forwarded-Host': host }]) {
      const answer = await ask(site, headers);
      assert.equal(answer.status, 400, host);
      assertNoStore(answer);
      assert.doesNotMatch(answer.text, /<script|evil/);
    }
  }
  const good = 'https://app.example.org/public/';
  const bad = [original('/public/'), original('ftp://app.example.org/public/'), original('//app.example.org/public/'), original(''), { 'X-Original-URL': [good, good] }, { ...original(good), ...forwarded('https://app.example.org/other') },
    { ...original('https://app.example.org/other'), ...forwarded(good) }, { 'X-Forwarded-Uri': '/public/' }, { ...forwarded(good), 'X-Forwarded-Uri': ['/public/', '/public/'] }, { ...forwarded(good), 'X-Forwarded-Host': ['app.example.org', 'evil.test'] },
    { ...forwarded(good), 'X-Forwarded-Uri': good }, { ...forwarded(good), 'X-Forwarded-Proto': 'https, http' }, { ...forwarded(good), 'X-Original-Method': 'POST' }, { ...original(good), 'X-Original-Method': 'ge t' }];
  for (const headers of bad) {
    assert.equal(await status(headers), 400, JSON.stringify(headers));
  }
  assert.equal(await status({ ...original(good), ...forwarded(good) }), 204, 'the same twice is no contradiction');
  assert.equal(await status({ ...original(good), 'X-Forwarded-Host': 'balancer.test', 'X-Forwarded-Proto': 'http' }), 204, 'what balancers add');
  const long = await h.site({ server: TRUSTED + 'large_client_header_buffers 4 40k;' });
  assert.equal((await ask(long, original(long.origin + '/' + 'x'.repeat(16000)))).status, 401);
  assert.equal((await ask(long, original(long.origin + '/' + 'x'.repeat(17000)))).status, 400);
  const line = await long.nginx.waitForLine(0, /longer than 16384 bytes/);
  assert.doesNotMatch(line.slice(0, line.indexOf('client:')), /xxxx/);
  assert.equal((await ask(long, original(long.origin + '/' + 'x'.repeat(41000)))).status, 400, 'nginx itself');
  const split = await raw(site.port, `GET /auth/oauth/auth HTTP/1.1\r\nHost: base.example.org\r\nX-Original-URL: https://app.example.org/public/\r\n /../admin\r\nConnection: close\r\n\r\n`);
  assert.doesNotMatch(split, /^HTTP\/1\.1 204/);
});

e2e('nothing of the location but its rules runs: no content, no rewrite, no other method, no page of errors', async (h) => {
  const site = await h.site({ server: TRUSTED + 'error_page 401 403 404 500 /public/page; set $loop "x"; if ($arg_if) { return 418; }', locations: (s) => `
    location = /return { return 200 secret; }
    location = /redirect { return 302 https://elsewhere.test/; }
    location = /rewrite { rewrite ^ /public/ last; }
    location = /loop { rewrite ^ /loop last; }
    location = /try { try_files /nothing /public/x; }
    location = /if { if ($request_method = GET) { return 200 secret; } proxy_pass ${s.upstream.url}; }
    location = /mirror { mirror /copy; proxy_pass ${s.upstream.url}; }
    location = /copy { proxy_pass ${s.upstream.url}; }
    location = /limited { limit_except POST { deny all; } proxy_pass ${s.upstream.url}; }
    location = /denied { deny all; proxy_pass ${s.upstream.url}; }
    location = /basic { auth_basic x; auth_basic_user_file /nothing; proxy_pass ${s.upstream.url}; }
    location = /either { satisfy any; allow all; proxy_pass ${s.upstream.url}; }
    location = /asked { auth_request /copy; proxy_pass ${s.upstream.url}; }
    location = /small { client_max_body_size 1; proxy_pass ${s.upstream.url}; }
    location = /stub { stub_status; }
    location = /internal { internal; oauth off; proxy_pass ${s.upstream.url}; }
    location = /inside { internal; return 204; }
    location = /alias { alias /etc/hostname; }
    location = /page { error_page 401 403 = /public/page; proxy_pass ${s.upstream.url}; }
    location @named { oauth off; return 200 secret; }
    location /public/ { oauth off; proxy_pass ${s.upstream.url}; }` });
  const names = ['return', 'redirect', 'rewrite', 'loop', 'try', 'if', 'mirror', 'limited', 'denied', 'basic', 'either', 'asked', 'small', 'stub', 'alias', 'page', '@named', 'return?if=1'];
  for (const name of names) {
    const answer = await ask(site, original(`${site.origin}/${name}`), { method: 'POST', body: 'a body' });
    assertError(answer, 401, 'login_required');
    assert.doesNotMatch(answer.text, /secret/);
  }
  await assertSignedIn(site);
  const reached = site.upstream.requests.length;
  for (const name of names) {
    assertPasses(await ask(site, original(`${site.origin}/${name}`)));
  }
  for (const name of ['internal', 'inside']) {
    const answer = await ask(site, original(`${site.origin}/${name}`));
    assert.deepEqual([answer.status, told(answer)], [403, []], 'nobody from outside is let in there');
    assertNoStore(answer);
  }
  assertPasses(await ask(site, original(site.origin + '/public/x')), false);
  for (const own of ['login', 'test', 'test/callback', 'userinfo', 'auth']) {
    assertPasses(await ask(site, original(`${site.origin}/auth/oauth/${own}`), { browser: new Browser() }), false);
  }
  for (const none of ['nobody', 'test/else', '', 'login/', 'login/x']) {
    assert.equal((await ask(site, original(`${site.origin}/auth/oauth/${none}`), { browser: new Browser() })).status, 401, none);
  }
  assert.equal(site.upstream.requests.length, reached);
});

e2e('rules with if=$variable see the request that the visitor sent, and what is not known refuses', async (h) => {
  const map = (name, from, to) => `map ${from} $${name} { default 0; "${to}" 1; }`;
  const names = { uri: ['$uri', '/uri/a b'], request_uri: ['$request_uri', '/request_uri/a%20b?x=1'], args: ['$arg_x', 'yes'], method: ['$request_method', 'POST'], host: ['$host', 'app.example.org'], http_host: ['$http_host', 'app.example.org:81'],
    line: ['$request', 'POST /line/ HTTP/1.1'] };
  const site = await h.site({ http: `${Object.entries(names).map(([name, [from, to]]) => map('told_' + name, from, to)).join('\n')} map $made $maps_made { default 0; no 1; }`,
    server: TRUSTED + 'server_name app.example.org; set $made yes; add_header X-Method $request_method always;', locations: (s) => Object.keys(names).map((name) => `location /${name}/ { oauth_allow if=$told_${name}; proxy_pass ${s.upstream.url}; }`).join('\n') + `
    location /made/ { oauth_deny if=$made; oauth_allow any; proxy_pass ${s.upstream.url}; }
    location /maps-made/ { oauth_deny if=$maps_made; oauth_allow any; proxy_pass ${s.upstream.url}; }
    location ~ ^/captured/(?<which>\\w+) { oauth_allow if=$which; proxy_pass ${s.upstream.url}; }
    location ~ ^/captured/ { oauth_deny if=$which; oauth_allow any; proxy_pass ${s.upstream.url}; }` });
  await assertSignedIn(site);
  const decide = async (url, headers = {}) => (await ask(site, { ...original(url), ...headers })).status;
  const own = 'http://127.0.0.1:' + site.port;
  assert.deepEqual([await decide(own + '/uri/a%20b'), await decide(own + '/uri//a%20b'), await decide(own + '/uri/b')], [204, 204, 403]);
  assert.deepEqual([await decide(own + '/request_uri/a%20b?x=1'), await decide(own + '/request_uri/a%20b')], [204, 403]);
  assert.deepEqual([await decide(own + '/args/?x=yes'), await decide(own + '/args/?x=no')], [204, 403]);
  assert.deepEqual([await decide(own + '/method/', { 'X-Original-Method': 'POST' }), await decide(own + '/method/', { 'X-Forwarded-Method': 'GET' }), await decide(own + '/method/')], [204, 403, 403]);
  assert.equal((await ask(site, { ...original(own + '/method/'), 'X-Original-Method': 'POST' })).headers['x-method'], 'GET', 'what the log says is what came');
  assert.deepEqual([await decide('http://app.example.org/host/'), await decide(own + '/host/')], [204, 403]);
  assert.deepEqual([await decide('http://app.example.org:81/http_host/'), await decide('http://app.example.org/http_host/')], [204, 403]);
  assert.equal(await decide(own + '/line/', { 'X-Original-Method': 'POST' }), 204);
  assert.deepEqual([await decide(own + '/captured/x'), await decide(own + '/captured/0'), await decide(own + '/captured/-')], [204, 403, 204]);
  assert.equal((await site.browser.fetch(own + '/made/')).status, 403, 'the location itself knows it');
  assert.deepEqual([await decide(own + '/made/'), await decide(own + '/maps-made/')], [500, 500], 'here it is not known');
  await site.nginx.waitForLine(0, /auth: a rule of the location asks for a variable that "set" makes/);
});

e2e('?redirect=1 leads to the sign-in, and from there to the page', async (h) => {
  const site = await h.site({ server: TRUSTED, locations: (s) => `
    location /never/ { oauth_unauthenticated 401; proxy_pass ${s.upstream.url}; }
    location /admin/ { oauth_allow email=nobody@example.org; proxy_pass ${s.upstream.url}; }` });
  const redirect = (headers, browser = new Browser()) => ask(site, headers, { browser, query: '?redirect=1' });
  for (const headers of [original(site.origin + '/page?x=1&y=a%20b'), forwarded(site.origin + '/page?x=1&y=a%20b'), { ...original(site.origin + '/page?x=1&y=a%20b'), 'Sec-Fetch-Mode': 'navigate', 'Sec-Fetch-Dest': 'document', Accept: 'text/html' }]) {
    const browser = new Browser();
    const answer = await redirect(headers, browser);
    assert.equal(answer.status, 302, answer.text);
    assertNoStore(answer);
    assert.deepEqual(answer.setCookies, []);
    const page = await browser.navigate(answer.headers.location);
    assert.equal(page.json().url, '/page?x=1&y=a%20b');
    assertPasses(await ask(site, headers, { browser, query: '?redirect=1' }));
  }
  for (const [path, back] of [['//evil.test/x', null], ['/\\evil.test', null], ['/%0d%0aSet-Cookie:x=y', null], ['/' + 'x'.repeat(3000), null]]) {
    const { status, headers, setCookies } = await redirect(original(site.origin + path));
    assert.deepEqual([status, new URL(headers.location).searchParams.get('return_to'), setCookies], [302, back, []], path.slice(0, 30));
    assert.equal(new URL(headers.location).origin, site.origin);
  }
  assert.equal(new URL((await redirect({})).headers.location).pathname, '/auth/oauth/login', 'without an address');
  for (const headers of [{ 'Sec-Fetch-Dest': 'image' }, { 'Sec-Fetch-Dest': 'empty' }, { 'X-Requested-With': 'XMLHttpRequest' }, { Purpose: 'prefetch' }, { 'X-Original-Method': 'POST' }]) {
    assert.equal((await redirect({ ...original(site.origin + '/page'), ...headers })).status, 401, JSON.stringify(headers));
  }
  assert.equal((await redirect(original(site.origin + '/never/'))).status, 401);
  assert.equal((await ask(site, original(site.origin + '/page'), { browser: new Browser(), query: '?redirect=0' })).status, 401);
  await assertSignedIn(site);
  assert.equal((await redirect(original(site.origin + '/admin/'), site.browser)).status, 403, 'another sign-in would change nothing');
});

e2e('?redirect=1 of a family of hosts leads back to the host that was asked for, and of no other', async (h) => {
  const site = await h.site({ server: TRUSTED + 'oauth_base_url https://login.example.org; oauth_cookie domain=example.org; server_name wiki.example.org login.example.org alone.test;' });
  const login = async (url) => (await ask(site, original(url), { query: '?redirect=1' })).headers.location;
  assert.equal(await login('https://login.example.org/x?y'), 'https://login.example.org/auth/oauth/login?return_to=%2Fx%3Fy');
  assert.equal(await login('https://wiki.example.org/x?y'), 'https://wiki.example.org/auth/oauth/login?return_to=%2Fx%3Fy');
  assert.equal(await login('https://login.example.org:8443/x'), 'https://login.example.org/auth/oauth/login?return_to=%2Fx');
  assert.equal(await login('http://login.example.org/x'), 'https://login.example.org/auth/oauth/login?return_to=%2Fx');
  for (const elsewhere of ['https://alone.test/x', 'http://wiki.example.org/x']) {
    assert.equal(await login(elsewhere), 'https://login.example.org/auth/oauth/login', elsewhere);
  }
});

e2e('IDT-19 a page that asks for a stronger sign-in leads to it, once, whichever way the other proxy sends people to sign in', async (h) => {
  const site = await h.site({ server: TRUSTED, locations: (s) => `
    location /admin { oauth_step_up acr=urn:gold; proxy_pass ${s.upstream.url}; }
    location /never { oauth_step_up acr=urn:gold; oauth_unauthenticated 401; proxy_pass ${s.upstream.url}; }
    location /opt { oauth optional; oauth_step_up acr=urn:gold; proxy_pass ${s.upstream.url}; }` });
  const page = original(site.origin + '/admin?x=1');
  const acr = (value) => { site.provider.token.claims = (all) => ({ ...all, acr: value }); };
  const asked = () => site.provider.requests.authorize.length;
  const ways = {
    '?redirect=1': async () => (await ask(site, page, { query: '?redirect=1' })).headers.location,
    'an address of its own, after 401': async () => ((await ask(site, page)).status === 401 ? site.origin + '/auth/oauth/login?return_to=%2Fadmin%3Fx%3D1' : undefined),
  };
  for (const [way, link] of Object.entries(ways)) {
    acr(undefined);
    await assertSignedIn(site, { target: site.loginUrl });
    const before = asked();
    const there = await link();
    assert.ok(there?.startsWith(site.origin + '/auth/oauth/'), way);
    const refused = await site.browser.navigate(there);
    assert.deepEqual([refused.status, asked()], [403, before + 1], way + ': no loop');
    assert.equal(site.provider.requests.authorize.at(-1).parameters.get('acr_values'), 'urn:gold', way);
    acr('urn:gold');
    const back = await site.browser.navigate(await link());
    assert.deepEqual([back.status, back.json().url], [200, '/admin?x=1'], way);
    assertPasses(await ask(site, page));
  }
  acr(undefined);
  await assertSignedIn(site, { target: site.loginUrl });
  for (const options of [{}, { query: '?redirect=1', method: 'GET' }]) {
    const headers = { ...page, 'Sec-Fetch-Dest': 'empty' };
    const answer = await ask(site, headers, options);
    assert.deepEqual([answer.status, told(answer)], [401, []]);
    assert.equal(answer.headers['www-authenticate'], 'Bearer error="insufficient_user_authentication", acr_values="urn:gold"');
    assertNoStore(answer);
  }
  assert.equal((await ask(site, original(site.origin + '/never'), { query: '?redirect=1' })).status, 401);
  assertPasses(await ask(site, original(site.origin + '/opt')), false);
});

e2e('a cookie that is renewed is on the 204, and the store is asked once', async (h) => {
  const site = await lateSite(h, { server: TRUSTED, locations: (s) => `location /admin/ { oauth_allow email=nobody@example.org; proxy_pass ${s.upstream.url}; } location /public/ { oauth off; }` });
  const renewed = cookieOf(site, 'a=b');
  site.store.note = renewed;
  site.store.hold();
  const waiting = ask(site, original(site.origin + '/page'));
  await until(() => site.store.waiting.length === 1, 'the store is asked');
  assert.equal((await ask(site, original(site.origin + '/page'), { browser: new Browser() })).status, 401);
  site.store.release();
  const answer = await waiting;
  assertPasses(answer);
  assert.equal(answer.setCookies.length, 1);
  assert.deepEqual(site.store.asked, ['load']);
  assert.equal((await ask(site, original(site.origin + '/admin/'))).status, 403);
  site.store.status = 500;
  site.store.note = '';
  for (const headers of [original(site.origin + '/page'), {}]) {
    assertError(await ask(site, { ...headers, Accept: 'application/json' }), 503, 'store_unavailable');
  }
  assertPasses(await ask(site, original(site.origin + '/public/')), false);
});

e2e('DS-09 a proxy that leaves while its question waits leaves nothing behind', async (h) => {
  const site = await lateSite(h, { server: TRUSTED });
  for (const headers of [original(site.origin + '/page'), {}]) {
    site.store.hold();
    const leaving = new AbortController();
    const left = ask(site, headers, { signal: leaving.signal }).catch((error) => error.name);
    await until(() => site.store.waiting.length === 1, 'the store is asked');
    leaving.abort();
    assert.equal(await left, 'AbortError');
    site.store.release();
    assertPasses(await ask(site, headers));
  }
});

e2e('DS-12 UB-13 without memory nobody is let in, and nothing of the location runs', async (h) => {
  h.allowLog(/oauth: no memory|(malloc|posix_memalign|memalign)\(.*\) failed|cannot sign anybody in.*: (no memory|OpenSSL|libcurl)|nobody can sign in yet/);
  const memory = failingMemory(h.folder());
  const site = await h.site({ env: memory.env, workers: 2, server: TRUSTED, locations: (s) => `
    location /denied/ { oauth_allow email=nobody@example.org; proxy_pass ${s.upstream.url}; }
    location = /return { return 200 secret; }` });
  await assertSignedIn(site);
  const workers = workersOf(site.nginx).sort();
  const reached = site.upstream.requests.length;
  const seen = new Set();
  for (const oneIn of [300, 60, 20]) {
    memory.lack(oneIn);
    for (let round = 0; round < 60; round++) {
      const asked = (path, browser) => ask(site, original(site.origin + path), { browser }).then(({ status, text }) => (text.includes('secret') ? 'secret' : status), (error) => error.code);
      const [stranger, denied, known, returned] = await Promise.all([asked('/page', new Browser()), asked('/denied/', site.browser), asked('/page', site.browser), asked('/return', new Browser())]);
      const failed = [400, 500, 'ECONNRESET', 'ECONNREFUSED', 'HPE_INVALID_CONSTANT'];
      assert.ok([401, ...failed].includes(stranger) && [403, 401, ...failed].includes(denied) && [204, 401, ...failed].includes(known) && [401, ...failed].includes(returned), [stranger, denied, known, returned].join(' '));
      [stranger, denied, known].forEach((status) => seen.add(status));
    }
    memory.plenty(); // a worker that could not make what the server needs tries again once a second
    await until(async () => (await ask(site, original(site.origin + '/page'))).status === 204, 'decisions again', 5000);
    assertPasses(await ask(site, original(site.origin + '/page')));
  }
  assert.deepEqual(workersOf(site.nginx).sort(), workers, 'no worker is lost');
  assert.equal(site.upstream.requests.length, reached);
  assert.ok(!memory.works || seen.has(500), [...seen].join(' '));
});

e2e('a proxy on a unix socket is trusted by unix:, and the debug log has no identity', async (h) => {
  const folder = h.folder();
  chmodSync(folder, 0o777);
  const site = await h.site({ logLevel: 'debug', server: `listen unix:${folder}/socket; oauth_base_url http://app.example.org; oauth_trusted_proxy unix:;`, http: 'underscores_in_headers on;', locations: 'location /public/ { oauth off; }' });
  const headers = { Host: 'app.example.org', ...original('http://app.example.org/public/') };
  const status = await new Promise((resolve, reject) => {
    http.get({ socketPath: folder + '/socket', path: '/auth/oauth/auth', headers }, (response) => resolve(response.resume().statusCode)).once('error', reject);
  });
  assert.deepEqual([status, (await ask(site, headers)).status], [204, 401]);
  const plain = await h.site({ logLevel: 'debug', server: TRUSTED });
  await assertSignedIn(plain);
  const before = plain.nginx.mark();
  const [token] = [(await ask(plain, original(plain.origin + '/page'))).headers['x-oauth-identity']];
  await plain.nginx.waitForLine(before, /http header|HTTP\/1.1 204|http finalize request/);
  assert.ok(token.length > 100 && !plain.nginx.log().slice(before).includes(token));
});

e2e('the decisions are not among the requests that are counted, refusals by a rule are', async (h) => {
  const site = await h.site({ server: TRUSTED, locations: (s) => `
    location = /status { oauth off; oauth_status; }
    location /admin/ { oauth_deny email=alice@example.org; oauth_allow any; proxy_pass ${s.upstream.url}; }` });
  await assertSignedIn(site);
  const figures = async () => (await new Browser().fetch(site.origin + '/status')).text.split('\n').filter((line) => /^oauth_requests_total/.test(line));
  const before = await figures();
  await ask(site, original(site.origin + '/page'));
  await ask(site, original(site.origin + '/admin/'));
  await ask(site, original(site.origin + '/page'), { browser: new Browser() });
  await ask(site);
  assert.deepEqual(await figures(), before);
  assert.match((await new Browser().fetch(site.origin + '/status')).text, /^oauth_policy_denied_total\{rule="oauth_deny email=alice@example.org"\} 1$/m);
});

e2e('auth_request of the same server may ask it, too', async (h) => {
  const site = await h.site({ locations: (s) => `
    location /guarded/ { oauth off; auth_request /auth/oauth/auth; proxy_pass ${s.upstream.url}; }
    location /auth/oauth/ { oauth_allow email=alice@example.org; error_page 401 403 = /open; }
    location /open { oauth off; return 204; }` });
  assert.equal((await new Browser().fetch(site.origin + '/guarded/')).status, 401);
  await assertSignedIn(site);
  assert.equal((await site.browser.fetch(site.origin + '/guarded/')).status, 200);
  site.provider.user = { sub: 'bob-1', email: 'bob@example.org', email_verified: true };
  const bob = new Browser();
  await assertSignedIn(site, { browser: bob });
  assert.equal((await bob.fetch(site.origin + '/guarded/')).status, 403);
});

e2e('nginx -t warns where auth would let everybody pass whose address is not named', () => {
  const warned = (inside) => {
    const { code, stderr } = configTest(`oauth_provider p oidc { issuer https://id.example.org; client_id c; client_secret s3cr3t-of-the-test-3f; }
      server { listen 127.0.0.1:8080; oauth_allow any; ${inside} }`);
    assert.equal(code, 0, stderr);
    return /\[warn\].*"oauth off" holds for "\/auth\/oauth\/auth", which then lets everybody pass .* in \S+:\d+/.test(stderr);
  };
  const named = 'oauth_trusted_proxy 10.0.0.1;';
  for (const open of ['location / { } location /app/ { oauth on; }', 'oauth on; location /auth/ { oauth off; }', 'oauth on; location = /auth/oauth/auth { oauth off; }', 'oauth on; location / { location /auth/ { oauth off; } }', 'oauth off; location /app/ { oauth on; }']) {
    assert.ok(warned(named + open), open);
    assert.ok(!warned(open), 'no proxy is named: ' + open);
  }
  for (const closed of ['oauth on;', 'location / { } location /auth/ { oauth on; }', 'oauth on; location = /auth/oauth/ { oauth off; }', 'oauth on; location /auth/ { oauth off; } location = /auth/oauth/auth { oauth on; }', 'oauth on; location ~ ^/assets/ { oauth off; }', 'oauth on; location @open { oauth off; }']) {
    assert.ok(!warned(named + closed), closed);
  }
});

e2e('nginx -t says which addresses are none, and warns of everybody', () => {
  const server = (list) => `server { listen 127.0.0.1:8080; oauth_trusted_proxy ${list}; location / { return 204; } }`;
  for (const list of ['proxy.example.org', '10.0.0.0/33', '', '10.0.0.0-10.0.0.9', 'all', '10.0.0.1 nobody', '$remote_addr']) {
    const { code, stderr } = configTest(server(list));
    assert.notEqual(code, 0, list);
    assert.match(stderr, list === '' ? /invalid number of arguments in "oauth_trusted_proxy"/ : /"oauth_trusted_proxy": found "[^"]+", accepted: an address or a network such as .* in \S+:\d+/);
  }
  for (const list of ['0.0.0.0/0', '::/0', '10.0.0.0/8 0.0.0.0/0']) {
    const { code, stderr } = configTest(server(list));
    assert.equal(code, 0, stderr);
    assert.match(stderr, /\[warn\].*"oauth_trusted_proxy": found "[0:./]+", which is everybody/);
  }
  assert.match(configTest(server('10.0.0.1/8')).stderr, /\[warn\].*"oauth_trusted_proxy": low address bits of 10\.0\.0\.1\/8 are meaningless/);
  const { code, stderr } = configTest(server('10.0.0.1 10.1.0.0/16 2001:db8::/32 unix:; oauth_trusted_proxy 192.0.2.0/24'));
  assert.equal(code, 0, stderr);
  assert.doesNotMatch(stderr, /\[warn\]/);
});
