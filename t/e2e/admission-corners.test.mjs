// SPDX-License-Identifier: MIT
// Corners of admission, each found by somebody who tried to break it: captures and values that others have put into nginx's variables, subrequests that are decided twice, identities whose audience
// asks for variables, cookies of another server of the same nginx, and bodies that are announced.
import assert from 'node:assert/strict';
import net from 'node:net';
import { createLocalJWKSet, jwtVerify } from 'jose';
import { raw, signIn } from './lib/browser.mjs';
import { assertSignedIn, e2e } from './lib/harness.mjs';
import { publicFolder } from './lib/folders.mjs';
import { until } from './lib/ports.mjs';
import { Upstream } from './lib/upstream.mjs';

const cookieOf = (site) => site.browser.jar.header(new URL(site.origin));

e2e('a rule may ask for $1, and what it asks does not change it', async (h) => {
  const site = await h.site({ http: `map $1 $is_secret { default 0; secret 1; } map $uri $other { default 0; ~^/(x)(y)$ 1; ~^/(p)/ 0; }
    map $uri $changes { default 0; ~^/p/(o)(pen)$ 1; }`, locations: (s) => `
    location ~ ^/p/([a-z]+)$ { oauth_deny if=$is_secret; oauth_allow any; proxy_pass ${s.upstream.url}/seen/$1; }
    location ~ ^/q/([a-z]+)$ { oauth_allow if=$other if=$is_secret; oauth_deny if=$is_secret; oauth_allow any; proxy_pass ${s.upstream.url}/seen/$1; }
    location /re/ { oauth_deny if=$is_secret; oauth_allow any; rewrite ^/re/(.*)$ /rx/$1 break; proxy_pass ${s.upstream.url}; }
    location ~ ^/aud/([a-z]+)$ { oauth_identity_audience app-$1; proxy_pass ${s.upstream.url}; }` });
  await signIn(site.browser, site.origin + '/');
  for (const [path, status] of [['/p/secret', 403], ['/p/open', 200], ['/q/secret', 403], ['/q/open', 200], ['/re/secret', 403], ['/re/open', 200]]) {
    assert.equal((await site.browser.fetch(site.origin + path)).status, status, path);
  }
  await site.browser.fetch(site.origin + '/q/open');
  assert.equal(site.upstream.last.url, '/seen/open');
  await site.browser.fetch(site.origin + '/aud/reports');
  const keys = createLocalJWKSet((await site.browser.fetch(site.origin + '/auth/oauth/jwks.json')).json());
  const [token] = Upstream.folded(site.upstream.last, 'X-OAuth-Identity');
  assert.equal((await jwtVerify(token, keys)).payload.aud, 'app-reports');
});

e2e('a rule is told what auth_request_set has put into a variable', async (h) => {
  const site = await h.site({ locations: (s) => `
    location /first/ { auth_request /who; auth_request_set $role $upstream_http_x_role; proxy_pass ${s.upstream.url}; }
    location = /who { internal; oauth off; proxy_pass ${s.upstream.url}/who; }
    location /second/ { oauth_deny if=$role; oauth_allow any; proxy_pass ${s.upstream.url}; }` });
  site.upstream.reply = (request, response) => {
    const headers = { '/who': { 'X-Role': 'admin' }, '/first/x': { 'X-Accel-Redirect': '/second/x' } };
    response.writeHead(200, headers[request.url] ?? {}).end('ok');
    return true;
  };
  await signIn(site.browser, site.origin + '/');
  assert.equal((await site.browser.fetch(site.origin + '/first/x')).status, 403);
  assert.ok(!site.upstream.requests.some(({ url }) => url === '/second/x'));
  assert.equal((await site.browser.fetch(site.origin + '/second/x')).status, 200);
});

e2e('UB-10 a subrequest that is decided twice has its identity, and rules about what `set` gives hold', async (h) => {
  const folder = publicFolder(h, Object.fromEntries(['rewritten', 'if', 'named', 'set', 'plain'].map((name) => [`page-${name}.html`, `<!--#include virtual="/${name}/x" -->`])));
  const site = await h.site({ locations: (s) => `
    location ~ ^/page- { oauth off; ssi on; root ${folder}; }
    location /rewritten/ { rewrite ^/rewritten/(.*)$ /plain/$1 last; }
    location /if/ { if ($uri) { set $x 1; } proxy_pass ${s.upstream.url}; }
    location /named/ { root ${folder}; try_files /nothing @named; }
    location @named { proxy_pass ${s.upstream.url}; }
    location /set/ { set $blocked 1; oauth_deny if=$blocked; oauth_allow any; proxy_pass ${s.upstream.url}; }
    location /plain/ { proxy_pass ${s.upstream.url}; }` });
  await signIn(site.browser, site.origin + '/');
  for (const [name, reached] of [['rewritten', 1], ['if', 1], ['named', 1], ['plain', 1], ['set', 0]]) {
    site.upstream.requests.length = 0;
    assert.equal((await site.browser.fetch(`${site.origin}/page-${name}.html`)).status, 200, name);
    assert.equal(site.upstream.requests.length, reached, name);
    for (const entry of site.upstream.requests) {
      assert.equal(Upstream.folded(entry, 'X-OAuth-Identity').length, 1, name);
    }
  }
});

e2e('an audience may ask for variables of ours, read before anything is decided, and not for itself', async (h) => {
  const site = await h.site({ http: 'log_format early "$uri [$oauth_identity]";', server: 'access_log early.log early; set $id $oauth_identity;', location: 'oauth_identity_audience "app-$oauth_user";', locations: (s) => `
    location /return/ { oauth_identity_audience "app-$oauth_user"; return 200 "$oauth_identity"; }
    location /early/ { oauth_identity_audience "app-$oauth_user-$oauth_rule"; set $id $oauth_identity; proxy_set_header X-Early $id; proxy_pass ${s.upstream.url}; }
    location /itself/ { oauth optional; oauth_identity_audience "a-$oauth_identity"; proxy_pass ${s.upstream.url}; }
    location /slice/ { oauth_identity_audience "app-$oauth_user"; slice 1k; proxy_set_header Range $slice_range; proxy_set_header X-I $oauth_identity; proxy_pass ${s.upstream.url}; }` });
  const keys = async () => createLocalJWKSet((await site.browser.fetch(site.origin + '/auth/oauth/jwks.json')).json());
  await signIn(site.browser, site.origin + '/');
  for (let i = 0; i < 5; i++) {
    const { payload } = await jwtVerify((await site.browser.fetch(site.origin + '/return/')).text, await keys());
    assert.equal(payload.aud, 'app-alice@example.org');
    assert.equal((await site.browser.fetch(site.origin + '/early/x')).status, 200);
    assert.equal(Upstream.folded(site.upstream.last, 'X-Early').length, 1);
    await site.browser.fetch(site.origin + '/slice/x');
  }
  h.allowLog(/cycle while evaluating|cannot be signed/);
  assert.ok([200, 500].includes((await site.browser.fetch(site.origin + '/itself/x')).status));
  assert.equal((await site.browser.fetch(site.origin + '/')).status, 200);
});

e2e('HD-05 no cookie of this module goes upstream, of whatever server of this nginx', async (h) => {
  const site = await h.site({ listen: 'default_server', server: 'oauth_cookie name=aaa;', http: (s) => `server { listen 127.0.0.1:${s.port}; server_name other.test; oauth on; oauth_allow any; oauth_cookie name=bbb;
    location / { proxy_pass ${s.upstream.url}; } location /off/ { oauth off; proxy_pass ${s.upstream.url}; } }` });
  await signIn(site.browser, site.origin + '/');
  const session = cookieOf(site);
  assert.match(session, /(^|; )aaa=/);
  site.upstream.requests.length = 0;
  await raw(site.port, `GET /off/ HTTP/1.1\r\nHost: other.test\r\nCookie: a=1; ${session}; b=2\r\nConnection: close\r\n\r\n`);
  assert.deepEqual(Upstream.folded(site.upstream.last, 'Cookie'), ['a=1; b=2']);
  assert.equal((await site.browser.fetch(site.origin + '/')).status, 200);
});

e2e('HD-13 a cookie without a name is one of ours if a browser would send it back so', async (h) => {
  const site = await h.site();
  await assertSignedIn(site);
  site.upstream.reply = (request, response) => { response.writeHead(200, { 'Set-Cookie': ['=oauth=forged', '= oauth.0=x', '=app=1'] }).end('ok'); return true; };
  const answer = await raw(site.port, `GET / HTTP/1.1\r\nHost: 127.0.0.1:${site.port}\r\nCookie: ${cookieOf(site)}\r\nConnection: close\r\n\r\n`);
  assert.deepEqual([...answer.matchAll(/^Set-Cookie: (.*)\r$/gm)].map((found) => found[1]), ['=app=1']);
});

e2e('a body that is announced is not asked for before it is refused', async (h) => {
  const site = await h.site();
  for (const path of ['/x', '/auth/oauth/jwks.json', '/auth/oauth/nothing']) {
    const socket = net.connect(site.port, '127.0.0.1');
    socket.write(`POST ${path} HTTP/1.1\r\nHost: 127.0.0.1:${site.port}\r\nExpect: 100-continue\r\nContent-Length: 10\r\n\r\n`);
    let answer = '';
    socket.on('data', (part) => { answer += part; });
    await until(() => answer.includes('\r\n\r\n'), 'an answer to ' + path);
    socket.destroy();
    assert.match(answer, /^HTTP\/1\.1 4\d\d /, path);
    assert.doesNotMatch(answer, /100 Continue/i, path);
  }
});

e2e('what follows where nobody was admitted has no empty Cookie header', async (h) => {
  const site = await h.site({ locations: (s) => `location /r/ { oauth off; return 200 x; add_after_body /off/y; } location /off/ { oauth off; proxy_pass ${s.upstream.url}; }` });
  await assertSignedIn(site);
  site.upstream.requests.length = 0;
  await site.browser.fetch(site.origin + '/r/');
  for (const entry of site.upstream.requests) {
    assert.ok(!entry.headers.some(([name]) => name.toLowerCase() === 'cookie'), JSON.stringify(entry.headers));
  }
});
