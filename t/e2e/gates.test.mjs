// SPDX-License-Identifier: MIT
// Gates: a protected location as the target of auth_request, as docs/operations.md has it; and what nginx -t says of `return`, `rewrite` and
// handlers that come before or never come (UB-11).
import assert from 'node:assert/strict';
import { Browser, signIn } from './lib/browser.mjs';
import { assertSignedIn, e2e, providerBlock } from './lib/harness.mjs';
import { documented } from './lib/documents.mjs';
import { publicFolder } from './lib/folders.mjs';
import { configTest } from './lib/nginx.mjs';

e2e('the gate of the documentation lets in whom its rules allow, asks the others to sign in, and comes back to their page', async (h) => {
  const configure = (site) => providerBlock(site.provider) + documented('operations.md', 'A gate')[0].replace('listen 8080;', `listen 127.0.0.1:${site.port};`).replaceAll('http://127.0.0.1:3000', site.upstream.url);
  const site = await h.site({ configure });
  assert.equal((await new Browser().navigate(site.origin + '/gate', { follow: false })).status, 404, 'nobody can ask it directly');
  const page = site.origin + '/reports/?a=1&b=2';
  for (const [groups, status] of [[['staff'], 200], [['guests'], 403], [undefined, 403]]) {
    site.provider.user = { sub: 'x-' + groups, groups };
    const browser = new Browser();
    const reached = site.upstream.requests.length;
    assert.equal((await browser.navigate(page, { follow: false })).status, 302);
    assert.equal((await browser.fetch(page)).status, 401, 'no redirect for a script');
    const answer = await signIn(browser, page);
    assert.equal(answer.status, status, String(groups) + answer.text.slice(0, 200));
    assert.equal(site.upstream.requests.length, reached + (status === 200 ? 1 : 0));
    if (status === 200) {
      assert.equal(site.upstream.last.url, '/reports/?a=1&b=2');
    }
  }
});

const gates = { 'return 204': 'return 204;', 'return in if': 'if ($request_method) { return 204; }', rewrite: 'rewrite ^ /elsewhere break; root /nowhere; try_files /x =204;' };
for (const [what, body] of Object.entries(gates)) {
  e2e(`a gate with ${what} is shut for whom its rules do not allow`, async (h) => {
    const site = await h.site({ locations: (s) => `
      location = /gate { internal; oauth on; oauth_allow email=root@example.org; ${body} }
      location = /open-gate { internal; oauth on; oauth_allow email=alice@example.org; ${body} }
      location /shut/ { oauth off; auth_request /gate; proxy_pass ${s.upstream.url}; }
      location /open/ { oauth off; auth_request /open-gate; proxy_pass ${s.upstream.url}; }` });
    for (const place of ['/shut/', '/open/']) {
      assert.equal((await new Browser().fetch(site.origin + place)).status, 401, place + ' without a session');
    }
    await assertSignedIn(site);
    const reached = site.upstream.requests.length;
    assert.equal((await site.browser.fetch(site.origin + '/shut/')).status, 403);
    assert.equal((await site.browser.fetch(site.origin + '/open/')).status, 200);
    assert.equal(site.upstream.requests.length, reached + 1);
  });
}

const PROVIDER = 'oauth_provider test oidc { issuer https://id.example.org; client_id c; client_secret s; }';
const ON = 'oauth on; oauth_allow any;';

// Each: [what, server's text, the directive that is warned of, where]. The location that is meant begins in the line marked "# here".
const answering = [
  ['return', `location /x { # here\n ${ON} return 200 text; }`, 'return', 'location "/x"'],
  ['return of an address alone', `location /x { # here\n ${ON} return https://example.org/; }`, 'return', 'location "/x"'],
  ['return after other directives', `location = /x { # here\n ${ON} set $a "b$uri"; rewrite ^/a(.*) /b$1 break; return 403; }`, 'return', 'location "/x"'],
  ['return in an if', `location /x { # here\n ${ON} if ($arg_a = b) { set $c d; return 204; } }`, 'return', 'location "/x"'],
  ['rewrite redirect', `location ~ ^/x { # here\n ${ON} rewrite ^/x(.*)$ /y$1 redirect; }`, 'rewrite', 'location "^/x"'],
  ['rewrite permanent in an if', `location /x { # here\n ${ON} if ($arg_a ~ ^b) { rewrite ^ /y permanent; } }`, 'rewrite', 'location "/x"'],
  ['rewrite to an address', `location /x { # here\n ${ON} rewrite ^ https://example.org/$arg_a; }`, 'rewrite', 'location "/x"'],
  ['a nested location', `location /x/ { location /x/y { # here\n ${ON} return 204; } }`, 'return', 'location "/x/y"'],
  ['an inherited mode', `${ON} location /x { # here\n return 204; }`, 'return', 'location "/x"'],
  ['a regex that matches more than oauth_path', `${ON} location ~ ^/auth/oauth/ { # here\n return 204; }`, 'return', 'location "^/auth/oauth/"'],
  ['a path that only begins as oauth_path', `${ON} location /auth/oauth-old/ { # here\n return 204; }`, 'return', 'location "/auth/oauth-old/"'],
  ['the server', `${ON} return 204;`, 'return', 'the server'],
  ['the server, with a location that is protected', `rewrite ^/(.*) /x/$1 redirect; location /x { ${ON} }`, 'rewrite', 'the server'],
  ['an if of the server', `${ON} if ($host = a) { return 301 https://b$request_uri; }`, 'return', 'the server'],
];

const server = (text) => `${PROVIDER}\nserver { ${text.includes('# here') ? '' : '# here\n'} listen 127.0.0.1:8080; ${text} }`;
const warnings = (result) => result.stderr.split('\n').filter((line) => line.includes('[warn]'));

e2e('nginx -t says where return and rewrite answer before anybody is asked', async () => {
  for (const [what, text, directive, where] of answering) {
    const result = configTest(server(text));
    assert.equal(result.code, 0, what + ': ' + result.stderr);
    const [line, ...more] = warnings(result);
    assert.deepEqual(more, [], what);
    assert.ok(line?.includes(`"${directive}" of ${where} answers before anybody is asked to sign in`), `${what}: ${line}`);
    const place = / in \S+nginx\.conf:(\d+)$/.exec(line);
    assert.match(result.lines[Number(place[1]) - 1], /# here/, what);
  }
});

const quiet = [
  ['off', 'location /x { oauth off; return 204; }'], ['optional', 'location /x { oauth optional; return 204; }'], ['internal', `location /x { internal; ${ON} return 204; }`],
  ['a named location', `${ON} location / { try_files /nothing @x; } location @x { return 204; }`], ['rewrite within the site', `location /x { ${ON} rewrite ^/x(.*) /y$1 last; rewrite ^ /z break; set $a b; if ($a) { break; } }`],
  ['a server that is off', 'location /x { oauth optional; } if ($arg_a) { return 204; }'], ['a text that only looks like it', `location /x { ${ON} set $return "return 204"; }`],
  ['another location of the server', `location /x { ${ON} } location /y { return 204; }`], ['inside an internal one', `location /x { internal; ${ON} location /x/y { return 204; } }`],
  ['at oauth_path, where the module answers', `${ON} location /auth/oauth/ { return 404; }`], ['one endpoint', `${ON} location = /auth/oauth/login { return 404; }`], ['another oauth_path', `oauth_path /in; ${ON} location /in { rewrite ^ /y permanent; }`],
];

e2e('and says nothing where nothing is passed by', async () => {
  for (const [what, text] of quiet) {
    const result = configTest(server(text));
    assert.equal(result.code, 0, what + ': ' + result.stderr);
    assert.deepEqual(warnings(result), [], what);
  }
});

e2e('nginx -t says which handlers under oauth_path are never reached, and they are not', async (h) => {
  const pass = 'proxy_pass http://127.0.0.1:9;';
  for (const [what, text, warned] of [['a prefix', `${ON} location /auth/oauth/ { # here\n ${pass} }`, '/auth/oauth/'], ['the path itself', `${ON} location /auth/oauth { # here\n fastcgi_pass 127.0.0.1:9; }`, '/auth/oauth'],
    ['one endpoint', `${ON} location = /auth/oauth/login { # here\n oauth off; ${pass} }`, '/auth/oauth/login'], ['a path of the server', `oauth_path /in; oauth optional; location /in/x { # here\n stub_status; }`, '/in/x'],
    ['limits alone', `${ON} location /auth/oauth/ { limit_rate 1k; }`], ['a path that only begins so', `${ON} location /auth/oauth-old/ { ${pass} }`], ['above it', `${ON} location /auth/ { ${pass} }`],
    ['another oauth_path', `oauth_path /in; ${ON} location /auth/oauth/ { ${pass} }`], ['a server without it', `location /auth/oauth/ { ${pass} }`], ['internal', `${ON} location /auth/oauth/x { internal; ${pass} }`]]) {
    const result = configTest(server(text));
    assert.equal(result.code, 0, what + ': ' + result.stderr);
    const lines = warnings(result);
    assert.equal(lines.length, warned ? 1 : 0, what + ': ' + lines);
    if (warned) {
      assert.ok(lines[0].includes(`location "${warned}" has a handler of its own`), lines[0]);
      assert.match(result.lines[Number(/:(\d+)$/.exec(lines[0])[1]) - 1], /# here/, what);
    }
  }
  const site = await h.site({ locations: (s) => `location /auth/oauth/ { proxy_pass ${s.upstream.url}; }` });
  assert.equal((await new Browser().navigate(site.origin + '/auth/oauth/nothing/here', { follow: false })).status, 404);
  assert.equal((await new Browser().fetch(site.origin + '/auth/oauth/providers')).status, 200);
  assert.equal(site.upstream.requests.length, 0);
});

e2e('UB-10 a subrequest to an endpoint is answered by the module, before the location and its return', async (h) => {
  const folder = publicFolder(h, { 'page.html': '[<!--#include virtual="/auth/oauth/userinfo" -->][<!--#include virtual="/auth/oauth/providers" -->]' });
  for (const around of ['', 'location /auth/oauth/ { oauth off; return 200 yes; }', 'location /auth/ { oauth off; rewrite ^ /app/ last; }', 'location /auth/oauth { oauth off; error_page 401 404 =200 /app/; proxy_pass http://127.0.0.1:9; }']) {
    const site = await h.site({ location: 'oauth off;', locations: (s) => `${around}
      location /app/ { oauth off; proxy_pass ${s.upstream.url}; }
      location /protected/ { oauth on; oauth_allow any; proxy_pass ${s.upstream.url}; }
      location /admin/ { oauth off; auth_request /auth/oauth/userinfo; proxy_pass ${s.upstream.url}; }
      location /query/ { oauth off; auth_request /auth/oauth/userinfo?a=b; proxy_pass ${s.upstream.url}; }
      location /by-gate/ { oauth off; auth_request /gate; proxy_pass ${s.upstream.url}; }
      location = /gate { internal; oauth off; rewrite ^ /auth/oauth/userinfo last; }
      location = /page.html { oauth off; ssi on; root ${folder}; }
      location /login/ { oauth off; auth_request /auth/oauth/login; proxy_pass ${s.upstream.url}; }
      location /logout/ { oauth off; auth_request /auth/oauth/logout; proxy_pass ${s.upstream.url}; }
      location /typo/ { oauth off; auth_request /auth/oauth/user-info; proxy_pass ${s.upstream.url}; }` });
    const reached = () => site.upstream.requests.length;
    const ask = async (browser, path, status) => {
      const before = reached();
      assert.equal((await browser.fetch(site.origin + path)).status, status, `${path} ${around}`);
      assert.equal(reached() - before, status === 200 ? 1 : 0, `${path} ${around}`);
    };
    const open = ['/admin/x', '/by-gate/x'];
    const shut = ['/query/x', '/login/x', '/logout/x', '/typo/x'];
    for (const path of open) {
      await ask(new Browser(), path, 401);
    }
    assert.equal((await site.browser.navigate(site.origin + '/auth/oauth/login')).url.startsWith(site.origin), true);
    for (const path of open) {
      await ask(site.browser, path, 200);
    }
    for (const path of shut) {
      await ask(site.browser, path, 500);
      await ask(new Browser(), path, 500);
    }
    const before = reached();
    const page = (await site.browser.fetch(site.origin + '/page.html')).text;
    assert.match(page, /^\[\{.*"test\|alice-1".*\}\]\[/);
    assert.doesNotMatch(page, /"url":/);
    assert.doesNotMatch((await new Browser().fetch(site.origin + '/page.html')).text, /alice/);
    assert.equal(reached(), before);
  }
});

e2e('UB-10 the server\'s return does not answer a subrequest to an endpoint either', async (h) => {
  const site = await h.site({ server: 'if ($uri ~ ^/auth/) { return 204; }', locations: (s) => `
    location /admin/ { oauth off; auth_request /auth/oauth/userinfo; proxy_pass ${s.upstream.url}; }` });
  assert.equal((await new Browser().fetch(site.origin + '/admin/x')).status, 401);
  await assertSignedIn(site);
  assert.equal((await site.browser.fetch(site.origin + '/admin/x')).status, 200);
});
