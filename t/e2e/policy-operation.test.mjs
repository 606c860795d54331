// SPDX-License-Identifier: MIT
// Rules in operation: what a denial says in the log and what to the visitor, $oauth_rule in the access log, shadow mode, and new rules by a reload (UB-14, UB-15).
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { decodeJwt } from 'jose';
import { Browser } from './lib/browser.mjs';
import { publicFolder } from './lib/folders.mjs';
import { e2e, providerBlock, siteConfiguration } from './lib/harness.mjs';
import { LOBBY, person, status } from './lib/people.mjs';
import { until } from './lib/ports.mjs';
import { Upstream } from './lib/upstream.mjs';

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
    assert.match(page.text, /href="[^"]*\/auth\/oauth\/\w+\?account=other&amp;confirm=[^"]*"/, 'and offers another');
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

e2e('UB-10 shadow mode logs includes too', async (h) => {
  const folder = publicFolder(h, { 'page.html': '<!--#include virtual="/part" --> after' });
  const site = await h.site({ rules: 'oauth_allow any;', locations: (s) => `${LOBBY(s)}
    location = /page.html { ssi on; root ${folder}; }
    location = /part { oauth_policy_mode shadow; oauth_allow group=board; proxy_pass ${s.upstream.url}; }` });
  const alice = await person(site, { sub: 'alice-1' });
  site.upstream.requests.length = 0;
  assert.match((await alice.fetch(site.origin + '/page.html')).text, /after/);
  assert.deepEqual(site.upstream.requests.map(({ url }) => url), ['/part']);
  assert.match(site.nginx.linesSince(0, /shadow/)[0] ?? 'no line', /would be policy_denied.*group=board/);
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
