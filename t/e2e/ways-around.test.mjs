// SPDX-License-Identifier: MIT
// nginx's own ways around an access check, each tried by a stranger, by bob (signed in, not in the rules) and by alice (in the rules): subrequests (UB-10), internal
// redirects (HD-14, UB-09, NX-05, NX-06), locations (UB-08), satisfy any (UB-12), what comes before access checks (UB-11). Paths, methods, files: ways-around-requests.test.mjs.
// The njs, perl and image filter modules make subrequests like these; Debian's nginx has none of them built in, so they are not here.
import assert from 'node:assert/strict';
import { createLocalJWKSet, jwtVerify } from 'jose';
import { Browser, signIn } from './lib/browser.mjs';
import { e2e } from './lib/harness.mjs';
import { publicFolder } from './lib/folders.mjs';
import { Upstream } from './lib/upstream.mjs';

const SECRET = 'the-secret-of-the-application';
const ONLY_ALICE = 'oauth_allow email=alice@example.org;';

// A site whose application answers with SECRET, and three browsers.
async function threeVisitors(h, options) {
  const site = await h.site({ server: 'underscores_in_headers on;', ...options });
  const visitors = { stranger: new Browser(), bob: new Browser(), alice: site.browser };
  site.provider.user = { sub: 'bob-2', email: 'bob@example.org', email_verified: true };
  assert.equal((await signIn(visitors.bob, site.origin + '/')).status, 200);
  site.provider.user = { sub: 'alice-1', email: 'alice@example.org', email_verified: true };
  assert.equal((await signIn(visitors.alice, site.origin + '/')).status, 200);
  site.upstream.requests.length = 0;
  site.upstream.reply ??= (request, response) => { response.writeHead(200, { 'Content-Type': 'text/html' }).end(SECRET + ' ' + request.url); return true; };
  site.visitors = visitors;
  site.keys = createLocalJWKSet((await site.browser.fetch(site.origin + '/auth/oauth/jwks.json')).json());
  return site;
}

const reached = (site, prefix) => site.upstream.requests.filter(({ url }) => url.startsWith(prefix));

// Exactly one identity, signed by us, of this subject; or none at all.
async function assertIdentity(site, entry, subject, audience = site.origin) {
  const found = Upstream.folded(entry, 'X-OAuth-Identity');
  assert.equal(found.length, subject ? 1 : 0, `${entry.url}: ${found}`);
  if (subject) {
    assert.equal((await jwtVerify(found[0], site.keys, { issuer: site.origin, audience })).payload.sub, subject);
  }
  assert.ok(!entry.headers.some(([name, value]) => name.toLowerCase() === 'cookie' && /(^|; *)oauth=/.test(value)), 'our cookie stays here: ' + entry.url);
}

const FORGED = { 'X-OAuth-Identity': 'forged', X_OAuth_Identity: 'forged' };
const visit = (site, who, path, options = {}) => site.visitors[who].fetch(site.origin + path, { ...options, headers: { ...FORGED, ...options.headers } });

// Whoever may not: the status, the secret is not in the answer, the application is not reached. Alice: it is, as she is.
async function assertOnlyAlice(site, path, { stranger = 401, bob = 403, alice = 200, to = '/protected/', audience, subject = 'test|alice-1' } = {}) {
  for (const [who, status] of Object.entries({ stranger, bob, alice })) {
    site.upstream.requests.length = 0;
    const response = await visit(site, who, path);
    const label = `${who} at ${path}: ${response.status} ${response.text.slice(0, 200)}`;
    assert.equal(response.status, status, label);
    const isAlice = who === 'alice';
    assert.equal(response.text.includes(SECRET), isAlice, label);
    assert.equal(reached(site, to).length, isAlice ? 1 : 0, label + ' reached ' + JSON.stringify(site.upstream.requests.map(({ url }) => url)));
    for (const entry of reached(site, to)) {
      await assertIdentity(site, entry, subject, audience);
    }
  }
}

const PROTECTED = (s) => `location /protected/ { ${ONLY_ALICE} proxy_pass ${s.upstream.url}; }`;

e2e('UB-10 T9 SSI and addition: an open page that includes a protected one', async (h) => {
  const folder = publicFolder(h, { 'ssi/page.html': 'before <!--#include virtual="/protected/x" --> after', 'ssi/wait.html': '<!--#include virtual="/protected/x" wait="yes" --> after',
    'ssi/stub.html': '<!--#block name="e" -->none<!--#endblock --><!--#include virtual="/protected/x" stub="e" --> after',
    'ssi/set.html': '<!--#include virtual="/protected/x" set="v" --><!--#echo var="v" --> after', 'added/page.html': 'the page after', 'nested/page.html': '<!--#include virtual="/ssi/page.html" --> after' });
  const site = await threeVisitors(h, { locations: (s) => `${PROTECTED(s)}
    location /ssi/ { oauth off; ssi on; root ${folder}; }
    location /nested/ { oauth off; ssi on; root ${folder}; }
    location /added/ { oauth off; add_after_body /protected/x; root ${folder}; }` });
  for (const path of ['/ssi/page.html', '/ssi/wait.html', '/ssi/stub.html', '/ssi/set.html', '/nested/page.html', '/added/page.html']) {
    await assertOnlyAlice(site, path, { stranger: 200, bob: 200 });
    for (const who of ['stranger', 'bob', 'alice']) {
      assert.match((await visit(site, who, path)).text, /after/, 'the open page itself is there: ' + path);
    }
  }
});

e2e('UB-10 an include goes by the rules of its own location, not by those of the page', async (h) => {
  const folder = publicFolder(h, { 'page.html': '<!--#include virtual="/lobby/x" -->|<!--#include virtual="/protected/x" -->|<!--#include virtual="/open/x" -->|<!--#include virtual="/half/x" --> after' });
  const site = await threeVisitors(h, { locations: (s) => `${PROTECTED(s)}
    location = /page.html { ssi on; root ${folder}; }
    location /lobby/ { oauth_identity_audience lobby; proxy_pass ${s.upstream.url}; }
    location /open/ { oauth off; proxy_pass ${s.upstream.url}; }
    location /half/ { oauth optional; ${ONLY_ALICE} proxy_pass ${s.upstream.url}; }` });
  assert.equal((await visit(site, 'stranger', '/page.html')).status, 401);
  for (const [who, subject] of [['bob', 'test|bob-2'], ['alice', 'test|alice-1']]) {
    site.upstream.requests.length = 0;
    assert.equal((await visit(site, who, '/page.html')).status, 200);
    await assertIdentity(site, reached(site, '/lobby/')[0], subject, 'lobby');
    await assertIdentity(site, reached(site, '/open/')[0], undefined);
    await assertIdentity(site, reached(site, '/half/')[0], who === 'alice' ? subject : undefined);
    assert.equal(reached(site, '/protected/').length, who === 'alice' ? 1 : 0);
  }
  const lines = site.nginx.linesSince(0, /policy_denied: subrequest/);
  assert.ok(lines.length > 0 && lines.every((line) => line.includes('email=alice@example.org') && !line.includes('bob')), lines.join('\n'));
});

e2e('UB-10 mirror: a copy of an open request to a protected location', async (h) => {
  const site = await threeVisitors(h, { locations: (s) => `
    location /open/ { oauth off; mirror /copy; proxy_pass ${s.upstream.url}; }
    location = /copy { internal; ${ONLY_ALICE} proxy_pass ${s.upstream.url}/protected/copy; }` });
  for (const who of ['stranger', 'bob', 'alice']) {
    site.upstream.requests.length = 0;
    assert.equal((await visit(site, who, '/open/x')).status, 200);
    await visit(site, who, '/open/last'); // the copies of the first have been sent by now
    const copies = reached(site, '/protected/');
    assert.ok(who === 'alice' ? copies.length >= 1 : copies.length === 0, `${who}: ${copies.length}`);
    for (const entry of reached(site, '/open/')) {
      await assertIdentity(site, entry, undefined);
    }
    for (const entry of copies) {
      await assertIdentity(site, entry, 'test|alice-1');
    }
  }
});

e2e('UB-10 NX-09 auth_request: a protected location, internal or not, guards another one', async (h) => {
  const site = await threeVisitors(h, { locations: (s) => `
    location /guarded/ { oauth off; auth_request /ask; proxy_pass ${s.upstream.url}/protected/; }
    location = /ask { internal; ${ONLY_ALICE} proxy_pass ${s.upstream.url}/asked; proxy_pass_request_body off; proxy_set_header Content-Length ""; }
    location /both/ { auth_request /ask-off; ${ONLY_ALICE} proxy_pass ${s.upstream.url}/protected/; }
    location = /ask-off { internal; oauth off; proxy_pass ${s.upstream.url}/asked; }
    location /no/ { auth_request /refuse; ${ONLY_ALICE} proxy_pass ${s.upstream.url}/protected/; }
    location = /refuse { internal; oauth off; return 403; }` });
  await assertOnlyAlice(site, '/guarded/x', { subject: null });
  await assertOnlyAlice(site, '/both/x');
  for (const entry of reached(site, '/asked')) {
    await assertIdentity(site, entry, undefined);
  }
  for (const who of ['stranger', 'bob', 'alice']) {
    site.upstream.requests.length = 0;
    assert.equal((await visit(site, who, '/no/x')).status, 403);
    assert.equal(site.upstream.requests.length, 0);
  }
  assert.equal((await visit(site, 'alice', '/ask')).status, 404, 'an internal location is not for requests from outside');
});

e2e('UB-10 slice: a file in pieces, and an include of one', async (h) => {
  const folder = publicFolder(h, { 'page.html': '<!--#include virtual="/protected/x" --> after' });
  const content = Buffer.from(SECRET.padEnd(5000, '.'));
  const site = await threeVisitors(h, { locations: (s) => `
    location /protected/ { ${ONLY_ALICE} slice 1k; proxy_set_header Range $slice_range; proxy_http_version 1.1; proxy_pass ${s.upstream.url}; }
    location = /page.html { oauth off; ssi on; root ${folder}; }` });
  site.upstream.reply = (request, response) => {
    const [, first, last] = /bytes=(\d+)-(\d+)/.exec(request.headers.range ?? '') ?? [];
    const end = Math.min(Number(last), content.length - 1);
    response.writeHead(206, { ETag: '"one"', 'Content-Range': `bytes ${first}-${end}/${content.length}` }).end(content.subarray(Number(first), end + 1));
    return true;
  };
  for (const [who, status] of [['stranger', 401], ['bob', 403]]) {
    site.upstream.requests.length = 0;
    for (const headers of [{}, { Range: 'bytes=0-10' }, { Range: 'bytes=2000-' }]) {
      assert.equal((await visit(site, who, '/protected/file', { headers })).status, status);
    }
    assert.ok(!(await visit(site, who, '/page.html')).text.includes(SECRET));
    assert.equal(site.upstream.requests.length, 0, who);
  }
  assert.equal((await visit(site, 'alice', '/protected/file')).text, content.toString());
  assert.equal((await visit(site, 'alice', '/protected/file', { headers: { Range: 'bytes=2000-3000' } })).text, content.toString().slice(2000, 3001));
  assert.ok(site.upstream.requests.length >= 5);
  for (const entry of site.upstream.requests) {
    await assertIdentity(site, entry, 'test|alice-1');
  }
});

e2e('HD-14 NX-06 X-Accel-Redirect: the rules, the audience and the identity are those of the last location', async (h) => {
  const site = await threeVisitors(h, { locations: (s) => `
    location /accel/ { oauth off; proxy_pass ${s.upstream.url}; }
    location /lobby/ { oauth_identity_audience lobby; proxy_pass ${s.upstream.url}; }
    location /protected/ { ${ONLY_ALICE} oauth_identity_audience inner; proxy_pass ${s.upstream.url}; }
    location /hidden/ { internal; ${ONLY_ALICE} proxy_pass ${s.upstream.url}/protected/; }
    location @named { ${ONLY_ALICE} rewrite ^ /protected/named? break; proxy_pass ${s.upstream.url}; }
    location /out/ { oauth off; proxy_pass ${s.upstream.url}; }
    location /quiet/ { oauth_identity off; proxy_pass ${s.upstream.url}; }
    location /half/ { oauth optional; ${ONLY_ALICE} oauth_identity_header X-Who; proxy_pass ${s.upstream.url}; }` });
  site.upstream.reply = (request, response) => {
    const target = /^\/(?:accel|lobby)\/x\?to=([^&]+)/.exec(request.url);
    response.writeHead(200, target ? { 'X-Accel-Redirect': decodeURIComponent(target[1]) } : {}).end(SECRET);
    return true;
  };
  await assertOnlyAlice(site, '/accel/x?to=/protected/x', { audience: 'inner' });
  await assertOnlyAlice(site, '/accel/x?to=/hidden/x');
  await assertOnlyAlice(site, '/accel/x?to=@named');
  for (const [who, subject] of [['bob', 'test|bob-2'], ['alice', 'test|alice-1']]) {
    for (const [target, expected] of [['/out/x', undefined], ['/quiet/x', undefined], ['/half/x', undefined], ['/lobby/y', subject]]) {
      site.upstream.requests.length = 0;
      await visit(site, who, '/lobby/x?to=' + target);
      await assertIdentity(site, site.upstream.requests[0], subject, 'lobby');
      const last = site.upstream.requests[1];
      assert.equal(last.url, target);
      await assertIdentity(site, last, expected, 'lobby');
      const other = Upstream.folded(last, 'X-Who');
      assert.equal(other.length, target === '/half/x' && who === 'alice' ? 1 : 0, `${who} ${target}: ${other}`);
    }
  }
});

e2e('HD-14 UB-09 NX-05 error_page, try_files, index, rewrite: the rules of the last location', async (h) => {
  const folder = publicFolder(h, { 'indexed/index.secret': SECRET, 'files/secret.txt': SECRET, 'open/denied.html': 'the page for the refused' });
  const site = await threeVisitors(h, { locations: (s) => `${PROTECTED(s)}
    location /error/ { oauth off; root ${folder}; error_page 404 /protected/x; }
    location /error-named/ { oauth off; root ${folder}; error_page 404 = @protected; }
    location @protected { ${ONLY_ALICE} proxy_pass ${s.upstream.url}; }
    location /try/ { oauth off; root ${folder}; try_files $uri /protected/x; }
    location /try-named/ { oauth off; root ${folder}; try_files $uri @protected; }
    location /indexed/ { oauth off; root ${folder}; index index.secret; }
    location ~ \\.secret$ { ${ONLY_ALICE} root ${folder}; }
    location /files/ { ${ONLY_ALICE} root ${folder}; }
    location /rewrite/ { oauth off; rewrite ^ /protected/x last; }
    location ~ ^/capture/(.*)$ { oauth off; rewrite ^/capture/(.*)$ /protected/$1 last; }
    location /refused/ { ${ONLY_ALICE} error_page 403 /open/denied.html; error_page 401 = /protected/x; proxy_pass ${s.upstream.url}; }
    location /open/ { oauth off; root ${folder}; }
    location /loop/ { ${ONLY_ALICE} error_page 401 403 /loop/x; proxy_pass ${s.upstream.url}; }` });
  await assertOnlyAlice(site, '/error/missing', { stranger: 404, bob: 404, alice: 404 }); // nginx keeps the status that an error_page is for
  await assertOnlyAlice(site, '/error-named/missing', { to: '/error-named/' });
  await assertOnlyAlice(site, '/try/missing');
  await assertOnlyAlice(site, '/try-named/missing', { to: '/try-named/' });
  await assertOnlyAlice(site, '/rewrite/x');
  await assertOnlyAlice(site, '/capture/x');
  for (const [who, status] of [['stranger', 401], ['bob', 403], ['alice', 200]]) {
    for (const path of ['/indexed/', '/indexed/index.secret', '/files/secret.txt']) {
      const response = await visit(site, who, path);
      assert.equal(response.status, status, `${who} ${path}`);
      assert.equal(response.text.includes(SECRET), who === 'alice', `${who} ${path}`);
    }
  }
  site.upstream.requests.length = 0;
  const refused = await visit(site, 'bob', '/refused/x');
  assert.equal(refused.status, 403);
  assert.match(refused.text, /the page for the refused/);
  for (const [who, path, statuses] of [['stranger', '/refused/x', [401, 403]], ['stranger', '/loop/x', [401, 500]], ['bob', '/loop/x', [403, 500]]]) {
    assert.ok(statuses.includes((await visit(site, who, path)).status), `${who} ${path}`);
  }
  assert.equal(site.upstream.requests.length, 0);
});

e2e('UB-08 nested, regex and exact locations, if, limit_except, alias', async (h) => {
  const folder = publicFolder(h, { 'alias/secret.txt': SECRET });
  const site = await threeVisitors(h, { locations: (s) => `
    location /open/ { oauth off; proxy_pass ${s.upstream.url}/protected/;
        location /open/inner/ { oauth on; ${ONLY_ALICE} proxy_pass ${s.upstream.url}/protected/; } }
    location /closed/ { ${ONLY_ALICE} proxy_pass ${s.upstream.url}/protected/;
        location /closed/inherits/ { proxy_pass ${s.upstream.url}/protected/; }
        location /closed/lobby/ { oauth_allow any; proxy_pass ${s.upstream.url}/lobby/; }
        location /closed/open/ { oauth off; proxy_pass ${s.upstream.url}/open/; } }
    location ~ ^/open/.*\\.private$ { ${ONLY_ALICE} proxy_pass ${s.upstream.url}; }
    location = /open/exact { ${ONLY_ALICE} proxy_pass ${s.upstream.url}/protected/exact; }
    location /if/ { ${ONLY_ALICE} if ($arg_x) { set $seen yes; } if ($request_method = GET) { proxy_pass ${s.upstream.url}; } proxy_pass ${s.upstream.url}; }
    location /read-only/ { ${ONLY_ALICE} limit_except GET { deny all; } proxy_pass ${s.upstream.url}/protected/; }
    location /methods/ { ${ONLY_ALICE} limit_except GET { allow all; } proxy_pass ${s.upstream.url}/protected/; }
    location /alias/ { ${ONLY_ALICE} alias ${folder}/alias/; }` });
  for (const path of ['/open/inner/x', '/closed/x', '/closed/inherits/x', '/open/exact', '/methods/x', '/read-only/x']) {
    await assertOnlyAlice(site, path);
  }
  await assertOnlyAlice(site, '/open/a.private', { to: '/open/a.private' });
  await assertOnlyAlice(site, '/if/?x=1', { to: '/if/' });
  await assertOnlyAlice(site, '/if/', { to: '/if/' });
  for (const [path, who, status] of [['/closed/lobby/x', 'bob', 200], ['/closed/lobby/x', 'stranger', 401], ['/closed/open/x', 'stranger', 200], ['/alias/secret.txt', 'stranger', 401],
    ['/alias/secret.txt', 'bob', 403], ['/alias/secret.txt', 'alice', 200], ['/alias../alias/secret.txt', 'stranger', 401]]) {
    assert.equal((await visit(site, who, path)).status, status, `${who} ${path}`);
  }
  for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH']) {
    site.upstream.requests.length = 0;
    for (const [who, status] of [['stranger', 401], ['bob', 403], ['alice', 200]]) {
      assert.equal((await visit(site, who, '/methods/x', { method })).status, status, `${who} ${method}`);
      assert.equal((await visit(site, who, '/read-only/x', { method })).status, 403, `${who} ${method}: deny all is asked first`);
    }
    assert.equal(site.upstream.requests.length, 1, method + ': alice once');
  }
});

e2e('UB-11 T10 return and rewrite answer before any access check, as documented', async (h) => {
  const site = await threeVisitors(h, { locations: () => `
    location /return/ { ${ONLY_ALICE} return 200 early; }
    location /redirect/ { ${ONLY_ALICE} rewrite ^ /elsewhere redirect; }
    location /if/ { ${ONLY_ALICE} if ($request_method = OPTIONS) { return 204; } root /nonexistent; }` });
  assert.equal((await visit(site, 'stranger', '/return/')).text, 'early');
  assert.equal((await visit(site, 'stranger', '/redirect/')).status, 302);
  assert.equal((await visit(site, 'stranger', '/if/', { method: 'OPTIONS' })).status, 204);
  assert.equal((await visit(site, 'stranger', '/if/')).status, 401);
  assert.equal((await visit(site, 'alice', '/if/')).status, 404);
  assert.equal(site.upstream.requests.length, 0);
});

e2e('UB-12 T11 satisfy any: whoever another method lets in needs no session, the others sign in', async (h) => {
  const folder = publicFolder(h, { passwords: 'robot:{PLAIN}right\n' });
  const basic = `auth_basic machines; auth_basic_user_file ${folder}/passwords;`;
  const site = await threeVisitors(h, { server: `underscores_in_headers on; satisfy any; ${ONLY_ALICE}`, rules: '', location: 'oauth_allow any;', locations: (s) => `
    location /here/ { allow 127.0.0.1; deny all; proxy_pass ${s.upstream.url}/protected/; }
    location /elsewhere/ { allow 10.0.0.0/8; deny all; proxy_pass ${s.upstream.url}/protected/; }
    location /basic/ { ${basic} proxy_pass ${s.upstream.url}/protected/; }
    location /asked/ { auth_request /ask; proxy_pass ${s.upstream.url}/protected/; }
    location = /ask { internal; oauth off; if ($http_x_machine) { return 204; } return 401; }
    location /all/ { satisfy all; allow 127.0.0.1; deny all; ${basic} proxy_pass ${s.upstream.url}/protected/; }` });
  for (const [path, headers] of [['/here/', {}], ['/basic/', { Authorization: 'Basic ' + btoa('robot:right') }], ['/asked/', { 'X-Machine': '1' }]]) {
    for (const [who, subject] of [['stranger', undefined], ['bob', undefined], ['alice', 'test|alice-1']]) {
      site.upstream.requests.length = 0;
      const response = await visit(site, who, path, { headers });
      assert.equal(response.status, 200, `${who} ${path}`);
      await assertIdentity(site, site.upstream.requests[0], subject);
    }
  }
  const spoofed = { 'X-Forwarded-For': '10.0.0.1', 'X-Real-IP': '10.0.0.1', Forwarded: 'for=10.0.0.1' };
  for (const [path, headers] of [['/elsewhere/', {}], ['/elsewhere/', spoofed], ['/basic/', {}], ['/basic/', { Authorization: 'Basic ' + btoa('robot:wrong') }], ['/asked/', {}]]) {
    site.upstream.requests.length = 0;
    assert.equal((await visit(site, 'stranger', path, { headers })).status, 401, path);
    const page = await site.visitors.stranger.navigate(site.origin + path, { headers, follow: false });
    assert.equal(page.status, 302, 'a page load is sent to sign in: ' + path);
    assert.ok(page.headers.location.startsWith(site.provider.base + '/authorize'), page.headers.location);
    assert.equal((await visit(site, 'bob', path, { headers })).status, 403, path);
    assert.equal(site.upstream.requests.length, 0, path);
    assert.equal((await visit(site, 'alice', path, { headers })).status, 200, path);
    await assertIdentity(site, site.upstream.requests[0], 'test|alice-1');
  }
  const basicOnly = { Authorization: 'Basic ' + btoa('robot:right') };
  for (const [who, headers, status] of [['alice', {}, 401], ['stranger', basicOnly, 401], ['bob', basicOnly, 403], ['alice', basicOnly, 200]]) {
    assert.equal((await visit(site, who, '/all/', { headers })).status, status, `satisfy all: ${who} ${JSON.stringify(headers)}`);
  }
  assert.match((await site.visitors.alice.navigate(site.origin + '/all/', { follow: false })).headers['www-authenticate'], /Basic/, 'the password is asked for before any sign-in');
});

e2e('UB-12 who passes by another method in spite of the rules passes without a name', async (h) => {
  const site = await threeVisitors(h, { rules: '', location: 'oauth_allow any;', server: `satisfy any; ${ONLY_ALICE}`, locations: (s) => `
    location /here/ { allow 127.0.0.1; deny all; proxy_set_header X-User "$oauth_user$remote_user"; proxy_pass ${s.upstream.url}; }` });
  for (const [who, user] of [['stranger', undefined], ['bob', undefined], ['alice', 'alice@example.orgalice@example.org']]) {
    site.upstream.requests.length = 0;
    assert.equal((await visit(site, who, '/here/')).status, 200);
    assert.deepEqual(Upstream.folded(site.upstream.requests[0], 'X-User'), user ? [user] : [], who);
  }
});
