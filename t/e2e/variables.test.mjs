// SPDX-License-Identifier: MIT
// The variables of the contract's section 6: what they say, that they are empty where nobody is let in by name, right after internal redirects, in map, log_format, if and
// proxy_cache_key, never another request's (NX-08, HD-07), and $remote_user.
import assert from 'node:assert/strict';
import { chmodSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { decodeJwt } from 'jose';
import { Browser, raw, signIn } from './lib/browser.mjs';
import { assertSignedIn, e2e } from './lib/harness.mjs';
import { publicFolder } from './lib/folders.mjs';
import { until } from './lib/ports.mjs';
import { Upstream } from './lib/upstream.mjs';

const NAMES = ['authenticated', 'provider', 'sub', 'user', 'email', 'email_verified', 'name', 'picture', 'groups', 'claim_department', 'claim_address__country', 'identity', 'access_token', 'id_token', 'session_id',
  'rule', 'error'];
const ADDED = NAMES.map((name) => `add_header X-Var-${name.replaceAll('_', '-')} "[$oauth_${name}]" always;`).join(' ') + ' add_header X-Var-remote-user "[$remote_user]" always;';
const USER = { sub: 'alice-1', email: 'alice@example.org', email_verified: true, name: 'Zoë Example', picture: 'https://example.org/a.png', groups: ['staff', 'admins'], department: 'research',
  address: { country: 'CH' } };

// What the response says of the variables; nginx adds a header with brackets even where the variable is empty.
function valuesOf(response) {
  const values = Object.fromEntries([...NAMES, 'remote_user'].map((name) => {
    const text = response.headers['x-var-' + name.replaceAll('_', '-')];
    assert.match(text ?? '', /^\[.*\]$/, `$${name} in ${response.status}`);
    return [name, Buffer.from(text.slice(1, -1), 'latin1').toString()];
  }));
  return values;
}

const assertEmpty = (response, except = {}) => {
  for (const [name, value] of Object.entries(valuesOf(response))) {
    assert.equal(value, except[name] ?? '', `$${name} of ${response.url}`);
  }
};

const cookieOf = (site, browser) => browser.jar.header(new URL(site.origin));

e2e('every variable has its value, and is empty where nobody passes by name', async (h) => {
  const site = await h.site({ server: `oauth_tokens on; ${ADDED}`, rules: 'oauth_deny group=nobody; oauth_allow email=alice@example.org;', locations: (s) => `
    location /optional/ { oauth optional; proxy_pass ${s.upstream.url}; }
    location /off/ { oauth off; proxy_pass ${s.upstream.url}; }
    location /other/ { oauth optional; oauth_allow email=bob@example.org; proxy_pass ${s.upstream.url}; }
    location /refused/ { oauth_deny group=staff; oauth_allow any; proxy_pass ${s.upstream.url}; }
    location /unmatched/ { oauth_allow group=nobody; proxy_pass ${s.upstream.url}; }` });
  site.provider.user = { ...USER };
  const stranger = new Browser();
  assertEmpty(await stranger.fetch(site.origin + '/'), { error: 'login_required' });
  assertEmpty(await stranger.navigate(site.origin + '/', { follow: false }), { error: 'login_required' });
  for (const place of ['/optional/', '/off/', '/other/']) {
    assertEmpty(await stranger.fetch(site.origin + place));
    assertEmpty(await stranger.fetch(site.origin + place, { headers: { Cookie: 'oauth=' + 'x'.repeat(80) } }));
  }
  const response = await assertSignedIn(site);
  for (const place of ['/', '/optional/']) {
    const { identity, session_id: id, access_token: access, id_token: idToken, rule, ...rest } = valuesOf(await site.browser.fetch(site.origin + place));
    assert.deepEqual(rest, { authenticated: '1', provider: 'test', sub: 'alice-1', user: 'alice@example.org', email: 'alice@example.org', email_verified: '1', name: 'Zoë Example',
      picture: 'https://example.org/a.png', groups: 'staff,admins', claim_department: 'research', claim_address__country: 'CH', error: '', remote_user: 'alice@example.org' });
    assert.equal(rule, 'oauth_allow email=alice@example.org');
    assert.equal(decodeJwt(identity).sub, 'test|alice-1');
    assert.match(id, /^[0-9a-f]{16}$/);
    assert.ok(!identity.includes(id) && decodeJwt(identity).sid !== id);
    assert.equal(idToken, site.provider.lastIdToken);
    assert.ok(site.provider.tokens.has(access));
  }
  assert.equal(response.status, 200);
  for (const place of ['/off/', '/other/']) {
    assertEmpty(await site.browser.fetch(site.origin + place));
  }
  const refused = valuesOf(await site.browser.fetch(site.origin + '/refused/'));
  assert.deepEqual([refused.error, refused.rule, refused.user, refused.identity], ['policy_denied', 'oauth_deny group=staff', 'alice@example.org', ''], 'a refused request says who it was, and is told nothing to hand on');
  const unmatched = valuesOf(await site.browser.fetch(site.origin + '/unmatched/'));
  assert.deepEqual([unmatched.error, unmatched.rule], ['policy_denied', '']);
});

e2e('what the provider did not say is empty, and tokens are kept only where they are asked for', async (h) => {
  const site = await h.site({ server: ADDED });
  site.provider.user = { sub: 'plain', email: 'p@example.org', email_verified: false };
  await assertSignedIn(site);
  const values = valuesOf(await site.browser.fetch(site.origin + '/'));
  assert.deepEqual([values.authenticated, values.email, values.email_verified], ['1', 'p@example.org', '0']);
  for (const name of ['name', 'picture', 'groups', 'claim_department', 'claim_address__country', 'access_token', 'id_token', 'error']) {
    assert.equal(values[name], '', name);
  }
});

e2e('HD-07 HD-09 claims of all types, and control characters, which never get into a header', async (h) => {
  const claims = { text: 'plain', number: 12.5, yes: true, no: false, nothing: null, object: { a: 1 }, list: ['a', 'b'], mixed: ['a', 1, null, 'b', true, [2]], commas: ['a,admin', 'b'], newline: 'a\r\nX-Admin: 1', del: 'a\u007fb',
    tab: 'a\tb', 'in_list': ['ok', 'a\nb'], quote: '"\\;', unicode: 'Zoë\u202e', long: 'x'.repeat(1500) };
  const names = Object.keys(claims);
  const site = await h.site({ location: names.map((name) => `proxy_set_header X-Claim-${name.replace('_', '-')} "[$oauth_claim_${name}]";`).join(' ') + ' proxy_set_header X-Name "[$oauth_name]"; proxy_set_header X-Who "[$oauth_sub]";' });
  site.provider.user = { sub: 'alice-1', email: 'alice@example.org', email_verified: true, name: 'Alice\r\nX-Admin: 1', ...claims };
  await assertSignedIn(site);
  const value = (name) => Buffer.from(Upstream.folded(site.upstream.last, name)[0].slice(1, -1), 'latin1').toString();
  const expected = { text: 'plain', number: '12.5', yes: 'true', no: 'false', nothing: '', object: '', list: 'a,b', commas: 'b', newline: '', del: '', quote: '"\\;', unicode: 'Zoë\u202e', long: 'x'.repeat(1500), mixed: 'a,1,b',
    tab: '', in_list: '' };
  for (const [name, text] of Object.entries(expected)) {
    assert.equal(value('X-Claim-' + name), text, name);
  }
  assert.equal(value('X-Name'), '');
  assert.deepEqual(Upstream.folded(site.upstream.last, 'X-Admin'), []);
  for (const [name, text] of site.upstream.last.headers) {
    assert.doesNotMatch(text, /[\x00-\x1f\x7f]/, name);
  }
});

e2e('NX-08 after internal redirects the variables are those of the last location', async (h) => {
  const root = publicFolder(h, { 'denied.html': 'denied' });
  const shown = 'proxy_set_header X-Now "[$oauth_user|$oauth_rule|$remote_user]"; proxy_set_header X-Early "[$early]"; proxy_set_header X-Map "[$of_map]";';
  const site = await h.site({ http: 'map $oauth_user $of_map { volatile; "" nobody; default $oauth_user; }', server: 'set $early $oauth_user;', locations: (s) => `
    location /off-on/ { oauth off; set $early "$oauth_user,$of_map"; rewrite ^ /on/x last; }
    location /on-off/ { set $early "$oauth_user,$of_map"; rewrite ^ /off/x last; }
    location /on-other/ { set $early "$oauth_user,$of_map"; rewrite ^ /other/x last; }
    location /accel/ { ${shown} proxy_pass ${s.upstream.url}; }
    location /on/ { oauth_allow domain=example.org; ${shown} proxy_pass ${s.upstream.url}; }
    location /off/ { oauth off; ${shown} proxy_pass ${s.upstream.url}; }
    location /other/ { oauth optional; oauth_allow group=nobody; ${shown} proxy_pass ${s.upstream.url}; }
    location /page/ { oauth_allow group=nobody; error_page 403 /denied.html; ${ADDED} }
    location /refused/ { oauth_allow group=nobody; error_page 403 = /other/refused; }
    location = /denied.html { oauth off; root ${root}; ${ADDED} }` });
  site.upstream.reply = (request, response) => {
    const target = /\?to=(.*)/.exec(request.url);
    response.writeHead(200, target ? { 'X-Accel-Redirect': target[1] } : {}).end('x');
    return true;
  };
  await signIn(site.browser, site.origin + '/');
  const alice = 'alice@example.org';
  const full = `[${alice}|oauth_allow domain=example.org|${alice}]`;
  for (const [path, now, early, map] of [['/off-on/x', full, '[,nobody]', `[${alice}]`], ['/on-off/x', '[||]', `[${alice},${alice}]`, '[nobody]'], ['/on-other/x', '[||]', `[${alice},${alice}]`, '[nobody]'],
    ['/accel/x?to=/off/x', '[||]', `[${alice}]`, '[nobody]'], ['/accel/x?to=/on/x', full, `[${alice}]`, `[${alice}]`], ['/accel/x?to=/other/x', '[||]', `[${alice}]`, '[nobody]']]) {
    assert.equal((await site.browser.fetch(site.origin + path)).status, 200, path);
    assert.deepEqual(['X-Now', 'X-Early', 'X-Map'].map((name) => Upstream.folded(site.upstream.last, name)[0]), [now, early, map], path);
  }
  await site.browser.fetch(site.origin + '/refused/x');
  assert.deepEqual([site.upstream.last.url, Upstream.folded(site.upstream.last, 'X-Now')[0]], ['/other/refused', '[||]'], 'who was turned away has no name at the page that follows');
  const denied = await site.browser.fetch(site.origin + '/page/x');
  assert.equal(denied.text, 'denied');
  assertEmpty(denied, { error: 'policy_denied' });
});

e2e('NX-08 in map, if, log_format and limit_req, before the access phase and after it', async (h) => {
  const site = await h.site({ http: `map $oauth_groups $role { ~(^|,)admins(,|$) admin; "" none; default member; }
    log_format who '$uri [$oauth_user] [$oauth_sub] [$role] [$oauth_error] [$oauth_rule] $status';
    limit_req_zone $oauth_sub zone=users:1m rate=1000r/s;`,
  server: 'access_log access-who.log who; limit_req zone=users burst=50 nodelay;', locations: (s) => `
    location /branch/ { if ($oauth_user = alice@example.org) { rewrite ^ /alice/x last; } if ($oauth_authenticated = "") { return 204; } proxy_set_header X-Role $role; proxy_pass ${s.upstream.url}; }
    location /alice/ { proxy_set_header X-Role $role; proxy_pass ${s.upstream.url}; }
    location /open/ { oauth off; proxy_set_header X-Role $role; proxy_pass ${s.upstream.url}; }` });
  await signIn(site.browser, site.origin + '/a');
  site.provider.user = { sub: 'bob-2', email: 'bob@example.org', email_verified: true, groups: ['staff'] };
  const bob = new Browser();
  await signIn(bob, site.origin + '/b');
  assert.equal((await new Browser().fetch(site.origin + '/branch/x')).status, 204);
  await site.browser.fetch(site.origin + '/branch/x');
  assert.equal(site.upstream.last.url, '/alice/x');
  assert.deepEqual(Upstream.folded(site.upstream.last, 'X-Role'), ['admin']);
  await bob.fetch(site.origin + '/branch/x');
  assert.equal(site.upstream.last.url, '/branch/x');
  assert.deepEqual(Upstream.folded(site.upstream.last, 'X-Role'), ['member']);
  await bob.fetch(site.origin + '/open/x');
  assert.deepEqual(Upstream.folded(site.upstream.last, 'X-Role'), ['none']);
  await new Browser().fetch(site.origin + '/c');
  const file = path.join(site.nginx.prefix, 'access-who.log');
  await until(() => readFileSync(file, 'utf8').includes('/c ['), 'the access log');
  const lines = readFileSync(file, 'utf8').split('\n');
  for (const line of ['/a [] [] [none] [login_required] [] 302', '/a [alice@example.org] [alice-1] [admin] [] [oauth_allow any] 200', '/b [bob@example.org] [bob-2] [member] [] [oauth_allow any] 200',
    '/alice/x [alice@example.org] [alice-1] [admin] [] [oauth_allow any] 200', '/branch/x [] [] [none] [] [] 204', '/open/x [] [] [none] [] [] 200', '/c [] [] [none] [login_required] [] 401']) {
    assert.ok(lines.includes(line), line + '\nis not in\n' + lines.join('\n'));
  }
});

e2e('NX-08 proxy_cache_key tells users apart', async (h) => {
  const cache = publicFolder(h, {});
  chmodSync(cache, 0o777);
  const site = await h.site({ http: `proxy_cache_path ${cache}/c keys_zone=answers:1m;`, location: 'proxy_cache answers; proxy_cache_valid 200 1m; proxy_cache_key "$oauth_provider|$oauth_sub|$uri"; add_header X-Cache $upstream_cache_status;' });
  const people = {};
  for (const name of ['alice', 'bob']) {
    site.provider.user = { sub: name, email: name + '@example.org', email_verified: true };
    people[name] = new Browser();
    await signIn(people[name], site.origin + '/first-' + name);
  }
  site.upstream.reply = (request, response) => { response.writeHead(200).end(decodeJwt(request.headers['x-oauth-identity']).sub); return true; };
  const seen = [];
  for (const name of ['alice', 'alice', 'bob', 'bob', 'alice']) {
    const response = await people[name].fetch(site.origin + '/page');
    assert.equal(response.text, 'test|' + name);
    seen.push(response.headers['x-cache']);
  }
  assert.deepEqual(seen, ['MISS', 'HIT', 'MISS', 'HIT', 'HIT']);
  const reached = site.upstream.requests.length;
  assert.equal((await new Browser().fetch(site.origin + '/page')).status, 401, 'what is cached is for who may pass');
  assert.equal(site.upstream.requests.length, reached);
});

e2e('NX-08 HD-15 requests on one connection have each their own', async (h) => {
  const site = await h.site({ locations: (s) => `location /optional/ { oauth optional; ${ADDED} proxy_pass ${s.upstream.url}; } location /off/ { oauth off; ${ADDED} proxy_pass ${s.upstream.url}; }` });
  await assertSignedIn(site);
  site.provider.user = { sub: 'bob-2', email: 'bob@example.org', email_verified: true };
  const bob = new Browser();
  await assertSignedIn(site, { browser: bob });
  const request = (path, cookie, last) => `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${site.port}\r\n${cookie ? `Cookie: ${cookie}\r\n` : ''}${last ? 'Connection: close\r\n' : ''}\r\n`;
  const [a, b] = [cookieOf(site, site.browser), cookieOf(site, bob)];
  const all = [['/optional/', a], ['/optional/', ''], ['/optional/', b], ['/off/', a], ['/optional/', ''], ['/optional/', a], ['/off/', b], ['/optional/', b]];
  const answer = await raw(site.port, all.map(([path, cookie], i) => request(path, cookie, i === all.length - 1)).join(''));
  assert.deepEqual([...answer.matchAll(/X-Var-sub: \[(.*)\]\r/g)].map((found) => found[1]), ['alice-1', '', 'bob-2', '', '', 'alice-1', '', 'bob-2']);
  assert.deepEqual([...answer.matchAll(/X-Var-remote-user: \[(.*)\]\r/g)].map((found) => found[1]), ['alice@example.org', '', 'bob@example.org', '', '', 'alice@example.org', '', 'bob@example.org']);
});

e2e('$remote_user is who is signed in, whatever the client writes in Authorization', async (h) => {
  const folder = publicFolder(h, { passwords: 'robot:{PLAIN}right\n' });
  const shown = 'proxy_set_header X-Remote "[$remote_user]";';
  const site = await h.site({ location: shown, locations: (s) => `
    location /optional/ { oauth optional; ${shown} proxy_pass ${s.upstream.url}; }
    location /off/ { oauth off; set $seen $remote_user; rewrite ^ /optional/x last; }
    location /any/ { satisfy any; auth_basic machines; auth_basic_user_file ${folder}/passwords; ${shown} proxy_pass ${s.upstream.url}; }` });
  await assertSignedIn(site);
  const remote = async (browser, path, login) => {
    await browser.fetch(site.origin + path, { headers: login ? { Authorization: 'Basic ' + btoa(login) } : {} });
    return Upstream.folded(site.upstream.last, 'X-Remote')[0];
  };
  for (const path of ['/', '/optional/', '/any/']) {
    assert.equal(await remote(site.browser, path, 'mallory:x'), '[alice@example.org]', path);
    assert.equal(await remote(site.browser, path), '[alice@example.org]', path);
  }
  assert.equal(await remote(new Browser(), '/any/', 'robot:right'), '[robot]', 'who came by a password has the name that goes with it');
  for (const path of ['/optional/', '/off/']) {
    assert.equal(await remote(new Browser(), path, 'mallory:x'), '[]', 'a name that nobody has checked: ' + path);
  }
});

e2e('rules and audiences may ask variables: they say who is signed in, and nothing of what is not decided yet', async (h) => {
  const site = await h.site({ http: 'map $oauth_claim_department $in_research { research 1; } map $oauth_sub $is_banned { bob-2 1; }', locations: (s) => `
    location /self/ { oauth_allow if=$oauth_authenticated; proxy_pass ${s.upstream.url}; }
    location /map/ { oauth_allow if=$in_research; proxy_pass ${s.upstream.url}; }
    location /banned/ { oauth_deny if=$is_banned; oauth_allow any; proxy_pass ${s.upstream.url}; }
    location /token/ { oauth_allow if=$oauth_identity; proxy_pass ${s.upstream.url}; }
    location /audience/ { oauth_identity_audience "for-$oauth_provider"; proxy_pass ${s.upstream.url}; }` });
  site.provider.user = { ...USER };
  await assertSignedIn(site);
  site.provider.user = { sub: 'bob-2', department: 'sales' };
  const bob = new Browser();
  await assertSignedIn(site, { browser: bob });
  for (const [place, alice, other] of [['/self/', 200, 200], ['/map/', 200, 403], ['/banned/', 200, 403], ['/token/', 403, 403], ['/audience/', 200, 200]]) {
    assert.equal((await site.browser.fetch(site.origin + place)).status, alice, place);
    assert.equal((await bob.fetch(site.origin + place)).status, other, place);
    assert.equal((await new Browser().fetch(site.origin + place)).status, 401, place);
  }
  assert.equal(decodeJwt(Upstream.folded(site.upstream.last, 'X-OAuth-Identity')[0]).aud, 'for-test');
});
