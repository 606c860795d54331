// SPDX-License-Identifier: MIT
// The rules of contract section 5 as an administrator meets them: through nginx, with people who sign in. Levels, order, every condition, files, patterns, policies, variables,
// shadow mode, what is logged and what is shown (UB-05, UB-08, UB-14, UB-15, ID-01 to ID-06, ID-11 to ID-16). The language itself is tested in t/unit/test_policy*.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { decodeJwt } from 'jose';
import { Browser, signIn } from './lib/browser.mjs';
import { assertError, e2e, providerBlock, siteConfiguration } from './lib/harness.mjs';
import { publicFolder } from './lib/folders.mjs';
import { until } from './lib/ports.mjs';
import { Upstream } from './lib/upstream.mjs';

// Signs somebody in; `idToken` are claims of the ID token alone, such as acr.
async function person(site, user, idToken = {}) {
  const browser = new Browser();
  site.provider.user = { sub: user.sub ?? user.email ?? 'somebody', ...user };
  site.provider.token.claims = (claims) => ({ ...claims, ...idToken });
  const response = await signIn(browser, site.origin + '/lobby/');
  assert.equal(response.status, 200, JSON.stringify(user).slice(0, 100) + response.text.slice(0, 300));
  return browser;
}

const LOBBY = (s) => `location /lobby/ { oauth_allow any; oauth_policy_mode enforce; proxy_pass ${s.upstream.url}; }`;
const status = async (site, browser, path) => (await browser.fetch(site.origin + path)).status;

// Each row: [rules of a location, who passes]. Everybody else of `people` is refused, and a stranger is asked to sign in.
async function matrix(h, people, rows, options = {}) {
  const site = await h.site({ ...options, rules: 'oauth_deny email=*; oauth_allow any;', locations: (s) => LOBBY(s) + (options.locations ?? '')
    + rows.map(([rules], i) => `location = /rule${i} { ${rules} proxy_pass ${s.upstream.url}; }`).join('\n') });
  const browsers = {};
  for (const [name, [user, idToken]] of Object.entries(people)) {
    browsers[name] = await person(site, user, idToken);
  }
  for (const [i, [rules, who]] of rows.entries()) {
    const passes = who.split(' ');
    for (const [name, browser] of Object.entries(browsers)) {
      site.upstream.requests.length = 0;
      const answer = await status(site, browser, '/rule' + i);
      assert.equal(answer, passes.includes(name) ? 200 : 403, `${name} under ${rules}`);
      assert.equal(site.upstream.requests.length, passes.includes(name) ? 1 : 0, `${name} under ${rules}`);
    }
    assert.equal(await status(site, new Browser(), '/rule' + i), 401, 'a stranger under ' + rules);
  }
  return { site, browsers };
}

const PEOPLE = {
  alice: [{ sub: 'a-1', email: 'alice@example.org', email_verified: true, name: 'Alice', groups: ['staff', 'admins', 'Research, Berlin'], level: 3, roles: ['owner'], realm_access: { roles: ['admin'] }, 'https://example.org/roles': ['boss'] },
    { acr: 'urn:mfa', amr: ['pwd', 'otp'] }],
  bob: [{ sub: 'b-2', email: 'Bob@Example.ORG', email_verified: true, name: 'Bob', groups: ['staff'], level: 2, realm_access: { roles: ['user'] } }, { acr: 'urn:pwd', amr: ['pwd'] }],
  carol: [{ sub: 'c-3', email: 'carol@partner.test', email_verified: true, groups: [], level: '3' }],
  dave: [{ sub: 'd-4', email: 'dave@example.org', email_verified: false }],
  eve: [{ sub: 'e-5', email: 'eve@sub.example.org', email_verified: true, groups: 'staff,admins', level: [1, '3'] }],
};

e2e('every condition, =, !=, lists, stars and what is not known', (h) => matrix(h, PEOPLE, [
  ['oauth_allow any;', 'alice bob carol dave eve'],
  ['oauth_allow provider=test;', 'alice bob carol dave eve'],
  ['oauth_allow sub=a-1,b-2;', 'alice bob'],
  ['oauth_allow sub!=a-1,b-2;', 'carol dave eve'],
  ['oauth_allow user=carol@partner.test;', 'carol'],
  ['oauth_allow email=alice@example.org;', 'alice'],
  ['oauth_allow email=BOB@example.org;', 'bob'],
  ['oauth_allow email=*@example.org;', 'alice bob'],
  ['oauth_allow email=*;', 'alice bob carol eve'],
  ['oauth_allow email!=alice@example.org;', 'bob carol eve'], // dave's is not verified: not known
  ['oauth_allow domain=example.org;', 'alice bob'],
  ['oauth_allow domain=*.example.org;', 'eve'],
  ['oauth_allow domain!=example.org;', 'carol eve'],
  ['oauth_allow name=Alice;', 'alice'],
  ['oauth_allow name=alice;', ''],
  ['oauth_allow group=admins;', 'alice'],
  ['oauth_allow group=staff;', 'alice bob'],
  ['oauth_allow "group=Research\\, Berlin";', 'alice'],
  ['oauth_allow "group=staff\\,admins";', 'eve'], // one group with a comma in its name
  ['oauth_allow group!=admins;', 'bob carol eve'], // an empty list is known
  ['oauth_allow group=*;', 'alice bob eve'],
  ['oauth_allow acr=urn:mfa;', 'alice'],
  ['oauth_allow acr!=urn:mfa;', 'bob'],
  ['oauth_allow amr=otp;', 'alice'],
  ['oauth_allow amr!=otp;', 'bob'],
  ['oauth_allow claim.level=3;', 'alice carol eve'],
  ['oauth_allow claim.level!=3;', 'bob'],
  ['oauth_allow claim.realm_access.roles=admin;', 'alice'],
  ['oauth_allow claim./https:~1~1example.org~1roles=boss;', 'alice'],
  ['oauth_allow claim.realm_access=admin;', ''],
  ['oauth_allow claim.nothing=x;', ''],
  ['oauth_allow claim.nothing!=x;', ''],
  ['oauth_allow group=staff acr=urn:mfa;', 'alice'],
  ['oauth_allow group=staff acr!=urn:mfa;', 'bob'],
  ['oauth_allow org=acme;', ''],
  ['oauth_allow team!=acme/x;', ''],
  ['oauth_allow tenant!=x;', ''],
  ['oauth_allow hd!=x;', ''],
]));

e2e('order: the first rule that matches decides, after the last the answer is no', (h) => matrix(h, PEOPLE, [
  ['oauth_deny email=alice@example.org; oauth_allow domain=example.org;', 'bob'],
  ['oauth_allow email=alice@example.org; oauth_deny domain=example.org; oauth_allow any;', 'alice carol dave eve'],
  ['oauth_deny group=staff; oauth_allow group!=admins;', 'carol eve'],
  ['oauth_deny group=guests; oauth_allow any;', 'alice bob carol dave eve'],
  ['oauth_allow sub=a-1; oauth_allow sub=b-2;', 'alice bob'],
  ['oauth_deny sub=a-1; oauth_deny sub=b-2; oauth_allow sub~[a-c]-.;', 'carol'],
  ['oauth_allow sub=a-1; oauth_deny any;', 'alice'],
  ['oauth_deny email!=alice@example.org; oauth_allow any;', 'alice dave'],
]));

e2e('ID-16 UB-04 patterns match whole values, or from an anchor', (h) => matrix(h, PEOPLE, [
  ['oauth_allow sub~a;', ''],
  ['oauth_allow sub~a-.;', 'alice'],
  ['oauth_allow sub~^a;', 'alice'],
  ['oauth_allow sub~1$;', 'alice'],
  ['oauth_allow sub~^a-1|b$;', 'alice'],
  ['oauth_allow email~@example\\.org$;', 'alice bob'],
  ['oauth_allow email~.*@EXAMPLE\\.org;', 'alice bob'],
  ['oauth_allow domain~example.org;', 'alice bob'],
  ['oauth_allow domain~(.*\\.)?example\\.org;', 'alice bob eve'],
  ['oauth_allow "group~(?i)ADMINS";', 'alice'],
  ['oauth_allow "group~.*,.*";', 'alice eve'],
  ['oauth_allow "sub~[a-c]-[0-9]{1,3}";', 'alice bob carol'],
  ['oauth_allow "sub~[a-c]-[0-9]{2,3}";', ''],
]));

e2e('files of values, with comments, and a change that a reload brings', async (h) => {
  const folder = publicFolder(h, { people: '# staff\n\n  alice@example.org   # the boss\r\nBOB@example.org\t# x\n#carol@partner.test\n', groups: 'Research, Berlin\nno*star\n', relative: 'a-1\n' });
  const { site, browsers } = await matrix(h, PEOPLE, [
    [`oauth_allow email@${folder}/people;`, 'alice bob'],
    [`oauth_deny email@${folder}/people; oauth_allow email=*;`, 'carol eve'],
    [`oauth_allow group@${folder}/groups;`, 'alice'],
  ]);
  writeFileSync(folder + '/people', 'carol@partner.test\n');
  assert.equal(await status(site, browsers.carol, '/rule0'), 403, 'the file is read with the configuration');
  await site.nginx.reload();
  assert.deepEqual([await status(site, browsers.carol, '/rule0'), await status(site, browsers.alice, '/rule0'), await status(site, browsers.carol, '/rule1')], [200, 403, 403]);
});

e2e('policies: their denials and allowances, one in another, beside conditions', (h) => matrix(h, PEOPLE, [
  ['oauth_allow policy=staff;', 'alice'],
  ['oauth_deny policy=staff; oauth_allow domain=example.org;', 'bob'],
  ['oauth_allow policy=outer;', 'alice carol'],
  ['oauth_allow policy=outer group=admins;', 'alice'],
  ['oauth_deny policy=outer; oauth_allow any;', 'bob dave eve'],
  ['oauth_allow policy=late;', 'eve'],
], { http: 'oauth_policy outer { oauth_allow policy=staff; oauth_allow domain=partner.test; } oauth_policy staff { oauth_deny email=bob@example.org; oauth_allow domain=example.org; } oauth_policy late { oauth_allow policy=later; } '
  + 'oauth_policy later { oauth_allow domain=sub.example.org; }' }));

e2e('if=$variable is asked for each request, whatever was remembered of the session', async (h) => {
  const site = await h.site({ http: 'map $arg_door $open { default 0; yes 1; } oauth_policy door { oauth_allow if=$open; }', rules: 'oauth_allow if=$arg_beta;', locations: (s) => `${LOBBY(s)}
    location /not/ { oauth_deny if=$arg_beta; oauth_allow any; proxy_pass ${s.upstream.url}; }
    location /both/ { oauth_allow domain=example.org if=$cookie_beta; proxy_pass ${s.upstream.url}; }
    location /policy/ { oauth_allow policy=door; proxy_pass ${s.upstream.url}; }` });
  const alice = await person(site, { email: 'alice@example.org', email_verified: true });
  const carol = await person(site, { email: 'carol@partner.test', email_verified: true });
  for (let round = 0; round < 2; round++) {
    for (const [query, on] of [['', 403], ['?beta=', 403], ['?beta=0', 403], ['?beta=1', 200], ['?beta=00', 200], ['?beta=no', 200], ['', 403]]) {
      assert.equal(await status(site, alice, '/' + query), on, query);
      assert.equal(await status(site, alice, '/not/' + query), on === 200 ? 403 : 200, query);
    }
    for (const [query, on] of [['', 403], ['?door=yes', 200], ['?door=no', 403]]) {
      assert.equal(await status(site, alice, '/policy/' + query), on, query);
      assert.equal(await status(site, new Browser(), '/policy/' + query), 401, 'a variable signs nobody in');
    }
    assert.equal(await status(site, alice, '/both/'), 403);
  }
  for (const [browser, expected] of [[alice, 200], [carol, 403]]) {
    browser.jar.set('beta', '1', site.origin);
    assert.equal(await status(site, browser, '/both/'), expected);
  }
});

e2e('UB-08 rules of a level replace those of the outer level; a session has a verdict for each location', async (h) => {
  const site = await h.site({ http: 'oauth_allow email=http@example.org;', rules: '', server: 'server_name one.test;', location: 'oauth_allow email=server@example.org;', locations: (s) => `${LOBBY(s)}
    location /inherits/ { proxy_pass ${s.upstream.url}; }
    location /own/ { oauth_allow email=location@example.org; proxy_pass ${s.upstream.url}; location /own/inner/ { proxy_pass ${s.upstream.url}; } location /own/other/ { oauth_deny email=location@example.org; oauth_allow any; proxy_pass ${s.upstream.url}; } }
    location /denies/ { oauth_deny email=http@example.org; oauth_allow email=other@example.org; proxy_pass ${s.upstream.url}; }` });
  const expected = { http: '/inherits/ /own/other/', server: '/ /own/other/', location: '/own/ /own/inner/', other: '/denies/ /own/other/' };
  const browsers = {};
  for (const name of Object.keys(expected)) {
    browsers[name] = await person(site, { email: name + '@example.org', email_verified: true });
  }
  for (let round = 0; round < 2; round++) {
    for (const [name, places] of Object.entries(expected)) {
      for (const place of ['/', '/inherits/', '/own/', '/own/inner/', '/own/other/', '/denies/']) {
        assert.equal(await status(site, browsers[name], place), places.split(' ').includes(place) ? 200 : 403, `${name} at ${place}`);
      }
    }
  }
});

e2e('ID-01 ID-02 ID-03 ID-04 ID-05 ID-06 addresses made to look like others', async (h) => {
  const site = await h.site({ rules: 'oauth_allow domain=company.com;', locations: (s) => `${LOBBY(s)} location /star/ { oauth_allow email=*@company.com; proxy_pass ${s.upstream.url}; } location /re/ { oauth_allow email~@company\\.com$; proxy_pass ${s.upstream.url}; }
    location /not/ { oauth_allow domain!=evil.com; proxy_pass ${s.upstream.url}; }` });
  const places = ['/', '/star/', '/re/'];
  const bad = ['attacker@evil.com@company.com', '"a@company.com"@evil.com', 'a@company.com@', '@company.com', 'a@company.com@evil.com', '"@company.com', 'a@company.com.', 'a@company.com ', ' a@company.com', 'a b@company.com', 'a@company.com\t',
    'a@company.com,b@evil.com', 'a;b@company.com', 'a@evil.com,b@company.com', 'a@evil.com\n@company.com', 'a@evil.com\r\nb@company.com', 'a@evilcompany.com', 'a@company.com.evil', 'a@sub.company.com', 'a@company.com\u00a0', 'a@c\u043empany.com',
    'a\uff20company.com', 'a@company\u3002com', 'a@\u202emoc.ynapmoc', 'a@compan\u0443.com', 'a@company.com\u0301', 'a@compan\u212a.com', 'a@company.c\u0131m', 'a@', 'company.com', '<a@company.com>', 'A <a@company.com>', 'a@(x)company.com', 'a@[company.com]',
    'a%40evil.com@company.com@x', '\u007fa@company.com', 'x'.repeat(400) + '@company.com'];
  for (const email of bad) {
    const browser = await person(site, { sub: 'x', email, email_verified: true });
    for (const place of places) {
      assert.equal(await status(site, browser, place), 403, JSON.stringify(email) + ' at ' + place);
    }
  }
  for (const email of ['a@company.com', 'User@Company.COM', 'a+b@company.com', "o'neil@company.com"]) {
    const browser = await person(site, { sub: 'x', email, email_verified: true });
    for (const place of places) {
      assert.equal(await status(site, browser, place), 200, email + ' at ' + place);
    }
  }
  for (const verified of [false, undefined, null, 'false', 'true', 0, 1, [], [true], {}, 'yes']) {
    const browser = await person(site, { sub: 'x', email: 'a@company.com', email_verified: verified });
    for (const place of [...places, '/not/']) {
      assert.equal(await status(site, browser, place), 403, JSON.stringify(verified) + ' at ' + place);
    }
    assertError(await browser.fetch(site.origin + '/', { headers: { Accept: 'application/json' } }), 403, 'email_unverified');
  }
});

e2e('ID-11 ID-12 ID-15 groups and names of odd types', async (h) => {
  const site = await h.site({ rules: 'oauth_allow group=admin;', locations: (s) => `${LOBBY(s)} location /not/ { oauth_allow group!=guests; proxy_pass ${s.upstream.url}; } location /user/ { oauth_allow user=*; proxy_pass ${s.upstream.url}; }` });
  for (const [groups, admin, notGuest] of [[['admin'], 200, 200], ['admin', 200, 200], [['admin', 'guests'], 200, 403], ['a,admin', 403, 200], ['admin users', 403, 200], [['a,admin'], 403, 200], [['admin\n'], 403, undefined], [[' admin'], 403, 200],
    [['Admin'], 403, 200], [[], 403, 200], ['', 403, 403], [undefined, 403, 403], [null, 403, 403], [{ admin: true }, 403, 403], [[{ name: 'admin' }], 403, undefined], [[['admin']], 403, undefined], [7, 403, undefined], [true, 403, undefined],
    [[null], 403, undefined], [['admin', 7], 200, undefined]]) {
    const browser = await person(site, { sub: 'g', groups });
    const label = JSON.stringify(groups);
    const seen = await status(site, browser, '/');
    assert.ok(seen === admin || (admin === 200 && label === '["admin",7]' && seen === 403), `${label}: ${seen}`);
    if (notGuest !== undefined) {
      assert.equal(await status(site, browser, '/not/'), notGuest, label);
    }
  }
});

// What a pattern may cost at most: an unrelated request is answered meanwhile.
e2e('UB-05 ID-16 a pattern without measure, over a claim as long as a session holds: bounded, and a no', async (h) => {
  const site = await h.site({ location: 'oauth_allow "claim.bio~(a+)+$";', locations: (s) => `${LOBBY(s)}
    location /deny/ { oauth_deny "claim.bio~(a+)+$"; oauth_allow any; proxy_pass ${s.upstream.url}; }
    location /through/ { oauth_allow policy=costly; proxy_pass ${s.upstream.url}; }
    location /against/ { oauth_deny policy=costly; oauth_allow any; proxy_pass ${s.upstream.url}; }
    location /open/ { oauth off; proxy_pass ${s.upstream.url}; }`, http: 'oauth_policy costly { oauth_allow "claim.bio~^(a|aa)+$"; }' });
  const evil = await person(site, { sub: 'evil', bio: 'a'.repeat(4500) + '!' });
  for (const place of ['/', '/deny/', '/through/', '/against/']) {
    for (let round = 0; round < 2; round++) {
      const started = Date.now();
      const [answer, other] = await Promise.all([status(site, evil, place), new Browser().fetch(site.origin + '/open/')]);
      assert.equal(answer, 403, place);
      assert.equal(other.status, 200);
      assert.ok(Date.now() - started < 2000, `${place}, time ${round}: ${Date.now() - started} ms`);
    }
  }
  const started = Date.now();
  for (let i = 0; i < 20; i++) {
    assert.equal(await status(site, evil, '/'), 403);
  }
  assert.ok(Date.now() - started < 2000, `whoever asks again and again does not hold the worker: ${(Date.now() - started) / 20} ms each`);
  const good = await person(site, { sub: 'good', bio: 'aaaa' });
  assert.deepEqual([await status(site, good, '/'), await status(site, good, '/deny/'), await status(site, good, '/through/'), await status(site, good, '/against/')], [200, 403, 200, 403]);
  assert.match(site.nginx.linesSince(0, /policy_denied/)[0], /limit/);
  // 8 KB do not fit into a session: nobody comes in with half of them.
  site.provider.user = { sub: 'huge', bio: 'a'.repeat(8192) + '!' };
  const response = await signIn(new Browser(), site.origin + '/lobby/');
  assert.deepEqual([response.status, /session_too_large/.test(site.nginx.log())], [500, true]);
});

e2e('a denial says in the log what was missing, and not to the visitor', async (h) => {
  const site = await h.site({ http: "log_format rule '$uri [$oauth_rule] [$oauth_error]'; oauth_policy inner { oauth_allow group=inner-circle; }", server: 'access_log rule.log rule;', rules: 'oauth_deny email=mallory@example.org; oauth_allow domain=example.org group=board claim.badge=gold;', locations: (s) => `${LOBBY(s)}
    location /two/ { oauth_allow group=board; oauth_allow acr=urn:mfa; proxy_pass ${s.upstream.url}; }
    location /policy/ { oauth_allow policy=inner; proxy_pass ${s.upstream.url}; }` });
  const alice = await person(site, { sub: 'alice-1', email: 'alice@example.org', email_verified: true, groups: ['secret-group-of-alice'] });
  const mallory = await person(site, { sub: 'm-1', email: 'mallory@example.org', email_verified: true });
  const outsider = await person(site, { sub: 'o-1', email: 'outsider@elsewhere.test', email_verified: true });
  const cases = [[alice, '/', /group=board/, /badge|domain=|mallory/], [mallory, '/', /refused by "oauth_deny email=mallory@example\.org"/, /board|badge/], [outsider, '/', /domain=example\.org: does not hold/, /board|badge/],
    [alice, '/two/', /group=board: does not hold; acr=urn:mfa: not known/, /badge/], [alice, '/policy/', /policy=inner/, /badge/]];
  for (const [browser, path, right, wrong] of cases) {
    const mark = site.nginx.mark();
    const page = await browser.navigate(site.origin + path);
    const json = await browser.fetch(site.origin + path, { headers: { Accept: 'application/json' } });
    const line = await site.nginx.waitForLine(mark, /policy_denied/);
    assert.match(line, /\[warn\]/);
    assert.match(line, right);
    assert.doesNotMatch(line.split(', client:')[0], wrong);
    assert.doesNotMatch(line, /secret-group-of-alice|alice@|outsider@/, 'nothing of the session but its number');
    for (const response of [page, json]) {
      assert.equal(response.status, 403);
      assert.doesNotMatch(response.text, /board|badge|inner|oauth_(allow|deny)|urn:mfa|domain=|secret-group/, 'the rules are not for the visitor');
    }
    assert.match(page.text, browser === alice ? /alice@example\.org/ : /@/, 'the page names the account');
    assert.match(page.text, /href="[^"]*\/auth\/oauth\/(login|logout)[^"]*"/, 'and offers another');
    assert.equal(json.json().error, 'policy_denied');
  }
  const file = path.join(site.nginx.prefix, 'rule.log');
  await until(() => readFileSync(file, 'utf8').includes('/policy/'), 'the access log');
  const lines = readFileSync(file, 'utf8').split('\n');
  for (const line of ['/ [] [policy_denied]', '/ [oauth_deny email=mallory@example.org] [policy_denied]', '/two/ [] [policy_denied]', '/lobby/ [oauth_allow any] []']) {
    assert.ok(lines.includes(line), line + '\nis not in\n' + lines.join('\n'));
  }
});

e2e('shadow mode lets pass, tells the application, and logs what it would have refused', async (h) => {
  const site = await h.site({ server: 'oauth_policy_mode shadow;', rules: 'oauth_deny email=mallory@example.org; oauth_allow group=board;', locations: (s) => `${LOBBY(s)}
    location /enforced/ { oauth_policy_mode enforce; proxy_pass ${s.upstream.url}; }
    location /other/ { oauth_allow any; proxy_pass ${s.upstream.url}; }
    location /half/ { oauth optional; proxy_pass ${s.upstream.url}; }` });
  const alice = await person(site, { sub: 'alice-1', email: 'alice@example.org', email_verified: true });
  const mallory = await person(site, { sub: 'm-1', email: 'mallory@example.org', email_verified: true });
  const board = await person(site, { sub: 'b-1', groups: ['board'] });
  for (const [browser, sub, reason] of [[alice, 'alice-1', /group=board: not known/], [mallory, 'm-1', /refused by "oauth_deny email=mallory@example\.org"/], [board, 'b-1', undefined]]) {
    for (const path of ['/', '/half/']) {
      const mark = site.nginx.mark();
      assert.equal(await status(site, browser, path), 200);
      assert.equal(decodeJwt(Upstream.folded(site.upstream.last, 'X-OAuth-Identity')[0]).sub, 'test|' + sub);
      const lines = site.nginx.linesSince(mark, /shadow/);
      assert.equal(lines.length, reason ? 1 : 0, path + lines.join('\n'));
      if (reason) {
        assert.match(lines[0], /\[warn\] .*oauth: shadow, would be policy_denied: session [0-9a-f]{16} of test: /);
        assert.match(lines[0], reason);
      }
    }
    assert.equal(await status(site, browser, '/enforced/'), browser === board ? 200 : 403, 'another level may enforce');
    const mark = site.nginx.mark();
    assert.equal(await status(site, browser, '/other/'), 200);
    assert.equal(site.nginx.linesSince(mark, /shadow/).length, 0, 'what is allowed is not logged');
  }
  site.upstream.requests.length = 0;
  assert.equal(await status(site, new Browser(), '/'), 401, 'nobody passes without signing in');
  assert.equal(site.upstream.requests.length, 0);
});

e2e('shadow mode does not take the provider for a rule: sessions of another provider sign in again', async (h) => {
  const second = await h.provider();
  const site = await h.site({ http: () => providerBlock(second, '', 'second'), server: 'oauth_policy_mode shadow;', rules: 'oauth_allow group=board;', locations: (s) => `
    location /lobby/ { oauth_providers test; oauth_allow any; proxy_pass ${s.upstream.url}; }
    location /second/ { oauth_providers second; proxy_pass ${s.upstream.url}; }
    location /second-enforced/ { oauth_providers second; oauth_policy_mode enforce; oauth_allow any; proxy_pass ${s.upstream.url}; }` });
  const alice = await person(site, { email: 'alice@example.org', email_verified: true });
  site.upstream.requests.length = 0;
  for (const path of ['/second/', '/second-enforced/']) {
    assert.equal(await status(site, alice, path), 401, path);
    const page = await alice.navigate(site.origin + path, { follow: false });
    assert.ok(page.headers.location?.startsWith(second.base + '/authorize'), path);
  }
  assert.equal(site.upstream.requests.length, 0);
  assert.equal(await status(site, alice, '/lobby/'), 200);
});

e2e('UB-15 UB-14 a reload brings the new rules to sessions that exist', async (h) => {
  const site = await h.site({ rules: 'oauth_allow domain=example.org;', locations: LOBBY });
  const alice = await person(site, { sub: 'alice-1', email: 'alice@example.org', email_verified: true, groups: ['staff'] });
  const steps = [['oauth_allow domain=example.org;', 200], ['oauth_deny email=alice@example.org; oauth_allow any;', 403], ['oauth_allow email=alice@example.org;', 200], ['oauth_allow domain=other.test;', 403],
    // A rule that asks for what no session has kept: sign in again; with the old rules the old sessions are good again.
    ['oauth_allow claim.never_asked_for=x;', 401], ['oauth_policy_mode shadow; oauth_allow domain=other.test;', 200], ['oauth_allow any;', 200]];
  for (const [rules, expected] of steps) {
    site.rules = rules;
    site.nginx.write(siteConfiguration(site));
    await site.nginx.reload();
    for (let i = 0; i < 2; i++) {
      assert.equal(await status(site, alice, '/'), expected, rules);
    }
  }
  site.rules = 'oauth_allow domian=example.org;';
  site.nginx.write(siteConfiguration(site));
  assert.notEqual(site.nginx.test().code, 0);
  h.allowLog(/unknown condition "domian"/);
  const mark = site.nginx.mark();
  site.nginx.signal('SIGHUP');
  await site.nginx.waitForLine(mark, /unknown condition "domian"/);
  assert.equal(await status(site, alice, '/'), 200, 'a configuration with a mistake changes nothing');
  assert.equal(site.provider.count('token'), 1, 'nobody had to sign in again');
});
