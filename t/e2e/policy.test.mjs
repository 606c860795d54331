// SPDX-License-Identifier: MIT
// The rules of contract section 5 as an administrator meets them: through nginx, with people who sign in. Levels, order, every condition, files, patterns, policies, variables
// (UB-04, UB-05, UB-08, ID-01 to ID-06, ID-11 to ID-16). Logs, shadow mode and reloads: policy-operation.test.mjs. The language itself is tested in t/unit/test_policy*.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { Browser, signIn } from './lib/browser.mjs';
import { assertError, e2e } from './lib/harness.mjs';
import { publicFolder } from './lib/folders.mjs';
import { LOBBY, person, status } from './lib/people.mjs';

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
});

e2e('ID-16 8 KB do not fit into a session of cookies: nobody comes in with half of them', async (h) => {
  const site = await h.site({ server: 'oauth_session cookie;', location: 'oauth_allow "claim.bio~(a+)+$";', locations: LOBBY });
  site.provider.user = { sub: 'huge', bio: 'a'.repeat(8192) + '!' };
  const response = await signIn(new Browser(), site.origin + '/lobby/');
  assert.deepEqual([response.status, /session_too_large/.test(site.nginx.log())], [500, true]);
});
