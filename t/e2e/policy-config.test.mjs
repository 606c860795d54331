// SPDX-License-Identifier: MIT
// nginx -t as the reviewer of rules (UB-14): each mistake with its directive, file and line, what was found, and what is accepted or meant; and nothing to say against rules that
// are right. The line is compared exactly: the mistake stands in the line marked "# here".
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test, { after } from 'node:test';
import { makeCertificates } from './lib/certificates.mjs';
import { configTest } from './lib/nginx.mjs';

const folder = mkdtempSync(path.join(os.tmpdir(), 'oauth-e2e-rules-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const file = (name, content) => { writeFileSync(path.join(folder, name), content); return path.join(folder, name); };

const PROVIDERS = `oauth_provider corp oidc { issuer https://id.example.org; client_id c; client_secret s; }
  oauth_provider google { client_id c; client_secret s; }
  oauth_provider github { client_id c; client_secret s; }`;

// `rules` stand in a location, one line each; `http` before the server. The wrong one ends in "# here".
const configuration = ({ http = '', rules = 'oauth_allow any;', server = '' }) => `${PROVIDERS}
  ${http}
  server {
    listen 127.0.0.1:8080;
    ${server}
    location / {
      oauth on;
      ${rules}
    }
  }`;

function assertRefused(parts, patterns) {
  const { code, stderr, lines } = configTest(configuration(parts));
  const errors = stderr.split('\n').filter((line) => line.includes('[emerg]'));
  assert.notEqual(code, 0, 'refused: ' + JSON.stringify(parts));
  assert.equal(errors.length, 1, 'one sentence: ' + stderr);
  patterns.forEach((pattern) => assert.match(errors[0], pattern));
  const place = / in (\S+nginx\.conf):(\d+)$/.exec(errors[0]);
  assert.ok(place, 'file and line at the end: ' + errors[0]);
  assert.match(lines[Number(place[2]) - 1], /# here/, errors[0]);
}

const rule = (text) => ({ rules: `oauth_deny email=first@example.org;\n${text} # here\n` });
const allow = (words) => rule(`oauth_allow ${words};`);

const unknown = { gruop: 'group', grup: 'group', groups: 'group', emial: 'email', mail: 'email', 'e-mail': 'email', domian: 'domain', provder: 'provider', teams: 'team', orgs: 'org', organization: 'org', username: 'user', roles: 'role',
  tennant: 'tenant', scopes: 'scope', Email: 'email', GROUP: 'group', claims: 'claim', 'claim-x': 'claim' };

test('names that do not exist, with the nearest one that does', () => {
  for (const [name, near] of Object.entries(unknown)) {
    assertRefused(allow(`${name}=x`), [/"oauth_allow"/, new RegExp(`unknown condition "${name}"`), new RegExp(`did you mean "${near}`), /Accepted: provider, sub, user, email, domain/]);
  }
  for (const words of ['xyzzy=x', 'path=/x', 'ip=127.0.0.1', 'time=now', '=x', '""', 'everybody', 'all', 'alice@example.org', 'a-very-long-name-that-is-nothing=x']) {
    assertRefused(allow(words), [/"oauth_allow"/, /unknown condition|empty condition|has no value/]);
  }
  assertRefused(allow('alice@example.org'), [/email=alice@example\.org/]);
  assertRefused(allow('polcy=x'), [/did you mean "policy"/]);
  assertRefused(rule('oauth_deny gruop=x;'), [/"oauth_deny"/, /did you mean "group"/]);
});

test('conditions without a value, an operator or company', () => {
  for (const [words, pattern] of [['email', /email=VALUE/], ['group', /group=VALUE/], ['email=', /empty value/], ['email!=', /empty value/], ['email~', /empty|pattern/], ['email@', /empty value/], ['group=a,,b', /empty value/], ['group=a,', /empty value/],
    ['claim.=x', /claim\.PATH/], ['claim./=x', /claim\.PATH/], ['any group=x', /stands alone/], ['group=x any', /stands alone/], ['if=beta', /if=\$variable/], ['if!=$arg_x', /if=\$variable/], ['if=$', /if=\$variable/], ['if=$no_such_variable', /no such variable/],
    ['policy!=x', /policy=NAME/], ['policy~x', /policy=NAME/]]) {
    assertRefused(allow(words), [/"oauth_allow"/, pattern]);
  }
});

test('values that can never match, with what to write instead', () => {
  for (const [words, pattern] of [['email=example.org', /domain=example\.org/], ['email=@example.org', /domain=example\.org/], ['email=a@b@c', /exactly one "@"/], ['email="Alice <a@example.org>"', /e-mail address/], ['email=a@example.org.', /e-mail address/],
    ['domain=@example.org', /"@"/], ['domain=.example.org', /domain=\*\.example\.org/], ['domain=a@example.org', /"@"/], ['domain=ex\u00e4mple.org', /xn--/], ['domain=example.org/', /domain name/], ['domain="example org"', /domain name/],
    ['team=platform', /team=acme\/platform/], ['team=/platform', /ORGANISATION\/TEAM/], ['team=acme/', /ORGANISATION\/TEAM/], ['"scope=read write"', /scope=ONE,OTHER/],
    ['provider=gogle', /no provider "gogle" is configured, did you mean "google"\?.*corp, google, github|corp/], ['provider=nobody', /no provider "nobody" is configured/], ['provider!=nobody', /nobody/], ['"provider~g.*x"', /none of the providers/],
    ['provider=g*x', /no provider "g\*x"/], ['email~@example\\.org', /whole value/]]) {
    assertRefused(allow(words.replace(/^(\w+)="(.*)"$/, '"$1=$2"')), [/"oauth_allow"/, pattern]);
  }
});

test('conditions that exclude each other', () => {
  for (const words of ['provider=google provider=github', 'group=a group!=a', 'email=a@example.org domain=example.com', 'sub=1 sub=2', 'acr=1 acr=2', 'group=a,b group!=a,b,c']) {
    assertRefused(allow(words), [/"oauth_allow"/, /never both hold/, new RegExp(words.split(' ')[0].replace(/[.*]/g, '\\$&'))]);
  }
});

test('rules that are never reached, and rules that let nobody in', () => {
  const behind = (first, second) => ({ rules: `${first}\n${second} # here\n` });
  for (const [first, second] of [['oauth_allow any;', 'oauth_deny email=a@example.org;'], ['oauth_deny any;', 'oauth_allow group=staff;'], ['oauth_allow group=a,b;', 'oauth_deny group=a;'], ['oauth_allow domain=example.org;', 'oauth_allow domain=example.org group=a;'],
    ['oauth_allow email=*@example.org;', 'oauth_allow email=a@example.org;'], ['oauth_allow user~^a;', 'oauth_deny user~^a group=x;'], ['oauth_allow if=$arg_x;', 'oauth_allow if=$arg_x group=a;']]) {
    assertRefused(behind(first, second), [/can never be reached/, new RegExp(first.slice(0, -1).replace(/[.*^$]/g, '\\$&')), second.startsWith('oauth_deny') ? /"oauth_deny"/ : /"oauth_allow"/]);
  }
  assertRefused({ rules: 'oauth_deny email=a@example.org;\noauth_deny group=guests; # here\n' }, [/only oauth_deny rules/, /oauth_allow any/]);
});

const offered = (names, words) => ({ server: `oauth_providers ${names};`, ...rule(words) });
const block = (name, type) => `oauth_provider ${name} ${type} { client_id c; client_secret s; ${type === 'oauth2' ? 'authorization_endpoint https://x.test/a; token_endpoint https://x.test/t; userinfo_endpoint https://x.test/u;' : 'issuer https://x.test;'} }\n`;

test('conditions that no provider of the location tells, with what each tells instead', () => {
  assertRefused(offered('github', 'oauth_allow group=staff;'), [/"oauth_allow": "group=staff": no provider that is offered here tells groups; github tells: email, domain, name, scope, org, team in /]);
  assertRefused({ server: 'oauth_providers google;', rules: 'oauth_deny org=acme; # here\noauth_allow any;' }, [/"oauth_deny": "org=acme": .* tells organisations; google tells: .*hd/]);
  assertRefused(offered('google corp', 'oauth_allow team!=acme/x;'), [/tells teams; google tells: .*; corp tells: .*group/]);
  for (const words of ['hd=example.org', 'role=a', 'tenant=a', 'acr=a', 'amr=a', 'email=a@example.org role!=a']) {
    assertRefused(offered('github', `oauth_allow ${words};`), [/no provider that is offered here tells/, /github tells: email/]);
  }
  for (const words of ['hd=a', 'tenant=a', 'acr=a', 'amr~a', 'org=a', 'team=a/b']) {
    assertRefused({ http: block('plain', 'oauth2'), ...offered('plain', `oauth_allow ${words};`) }, [/plain tells: email, domain, name, scope, group, role/]);
  }
  assertRefused(allow('provider=github group=x'), [/"group=x": no provider that this rule is for tells groups; github tells/]);
  assertRefused(offered('github', 'oauth_allow provider=google hd=example.org;'), [/"provider=google": none of the providers that are offered here: github/]);
  assertRefused(offered('github google', 'oauth_allow hd=a org=b;'), [/no provider that is offered here tells all that this rule asks for; github tells/]);
});

test('rules of several locations and of policies are wrong only where they are for nobody', () => {
  const staff = (line) => `oauth_policy staff {\noauth_allow provider=corp group=a;\n${line}\n}`;
  const two = 'location /github/ { oauth on; oauth_providers github; return 204; } location /corp/ { oauth on; oauth_providers corp; return 204; }';
  assertRefused({ http: staff('oauth_allow provider=github role=b; # here'), rules: 'oauth_allow policy=staff;' }, [/"oauth_allow": "role=b": no provider that this rule is for tells roles; github tells/]);
  assertRefused({ http: staff('oauth_allow org=b;').replace('group=a;', 'group=a; # here'), server: 'oauth_providers google;', rules: 'oauth_allow policy=staff;' }, [/"provider=corp": none of the providers that are offered here: google/]);
  for (const [parts, what] of [[{ http: staff('oauth_allow provider=github org=b;'), rules: 'oauth_allow policy=staff;' }, 'each rule for one of the providers'],
    [{ http: staff('oauth_allow provider=github org=b;'), server: `oauth_allow policy=staff; ${two}`, rules: 'oauth_providers github;' }, 'each location with one provider, the policy for both'],
    [{ server: `oauth_allow group=a; oauth_allow org=b; ${two}`, rules: 'oauth_providers google; oauth_allow any;' }, 'rules of the server for locations with one provider each'],
    [{ http: staff('oauth_allow provider=github role=b;') }, 'a policy that nobody asks'],
    [{ server: 'oauth_allow group=a; oauth_providers github;', rules: 'oauth_providers corp;' }, 'rules of a level that asks them nowhere but in the location'],
    [offered('github', 'oauth_allow claim.groups=a;'), 'a claim'], [offered('github', 'oauth_allow email=a@example.org if=$arg_x;'), 'a variable']]) {
    const { code, stderr } = configTest(configuration(parts));
    assert.equal(code, 0, what + ': ' + stderr);
  }
});

test('patterns that do not compile, are empty, or try to get out of what is put around them', () => {
  for (const regex of ['(', 'a)|(b', '[', '*a', '(?P<n>', 'a{2,1}', '\\\\', '(?<=a+)b']) {
    assertRefused(allow(`"user~${regex}"`), [/"oauth_allow"/, /pattern of .* is invalid: /]);
  }
  for (const regex of ['^', '$', '^$']) {
    assertRefused(allow(`"user~${regex}"`), [/empty pattern/]);
  }
  assertRefused(allow(`"user~${'a'.repeat(5000)}"`), [/longer than 4096|too long/]);
});

test('files that are missing, empty or no lists', () => {
  for (const [name, content, ...patterns] of [['missing', undefined, /missing/, /does not exist/], ['empty', '', /empty/], ['comments', '# nobody\n\n   \t\n#x\n', /comments/, /no value/], ['bad-address', 'a@example.org\n\nnonsense\n', /line 3 of the file/, /bad-address/, /nonsense/],
    ['star', '*@example.org\n', /line 1/, /star/], ['control', 'a@example.org\nb\x01@example.org\n', /line 2/, /control/], ['not-utf8', Buffer.from('a@example.org\nb\xff@example.org\n', 'latin1'), /line 2/]]) {
    const place = content === undefined ? path.join(folder, name) : file(name, content);
    assertRefused(allow(`email@${place}`), [/"oauth_allow"/, ...patterns]);
  }
  assertRefused(allow(`team@${file('teams', 'acme/one\ntwo\n')}`), [/line 2 of the file/, /acme\/two/]);
  assertRefused(allow(`provider@${file('providers', 'corp\nnobody\n')}`), [/nobody/]);
  assertRefused(allow(`email@${folder}`), [/is a folder/]);
});

test('policies that are unknown, name themselves, are empty, or are there twice', () => {
  assertRefused(allow('policy=staff'), [/no oauth_policy "staff"/]);
  assertRefused({ http: 'oauth_policy staff { oauth_allow group=a; }', ...allow('policy=stafff') }, [/no oauth_policy "stafff"/]);
  assertRefused({ http: 'oauth_policy self {\noauth_allow policy=self; # here\n}' }, [/"self"/, /back to itself/]);
  assertRefused({ http: 'oauth_policy a { oauth_allow policy=b; }\noauth_policy b { oauth_allow policy=c; }\noauth_policy c { oauth_deny group=x; oauth_allow policy=a; } # here\n' }, [/back to itself/]);
  assertRefused({ http: 'oauth_policy staff {\noauth_allow gruop=a; # here\n}' }, [/unknown condition "gruop"/]);
  assertRefused({ http: 'oauth_policy empty { } # here\n' }, [/empty/, /no rule/]);
  assertRefused({ http: 'oauth_policy staff { oauth_allow group=a; }\noauth_policy staff { oauth_allow group=b; } # here\n' }, [/"staff" is defined already/]);
  assertRefused({ http: 'oauth_policy staff {\noauth on; # here\n}' }, [/oauth_allow, oauth_deny/]);
  assertRefused({ http: 'oauth_policy staff {\noauth_allow; # here\n}' }, [/condition|arguments/]);
});

test('oauth_policy_mode takes enforce and shadow, once', () => {
  assertRefused({ rules: 'oauth_allow any;\noauth_policy_mode off; # here\n' }, [/oauth_policy_mode/, /"off"/, /enforce, shadow/]);
  assertRefused({ rules: 'oauth_allow any;\noauth_policy_mode shadow;\noauth_policy_mode shadow; # here\n' }, [/oauth_policy_mode/, /duplicate/]);
});

const right = ['any', 'provider=corp', 'provider=g*', '"provider~g.*"', 'email=a@example.org,*@example.com', 'domain=example.org,*.example.org', 'domain=xn--exmple-cua.org', 'team=acme/a,acme/b*', 'team=*', 'group=*', '"group=Research\\, Berlin"', 'group!=a group!=b',
  'group=a group=b', 'claim./https:~1~1x.org~1roles=a', 'claim.a.b.c~^x', 'if=$arg_x', 'if=$oauth_claim_department', 'email~@example\\.org$', 'name="two words"', 'provider=corp sub=1', 'amr=otp amr=pwd', 'policy=staff group=a', "\"user~a|b\""];

test('and nothing against rules that are right', () => {
  const lists = file('right', '\ufeffa@example.org # x\r\n\r\nb@example.org\n');
  for (const words of [...right, `email@${lists}`, `email!=${'a@example.org,'.repeat(200)}b@example.org`]) {
    const { code, stderr } = configTest(configuration({ http: 'oauth_policy staff { oauth_allow policy=later; } oauth_policy later { oauth_allow group=x; }', rules: `oauth_deny email=first@example.com;\noauth_allow ${words.replace(/^(\w+)="(.*)"$/, '"$1=$2"')};` }));
    assert.equal(code, 0, words + ': ' + stderr);
    assert.doesNotMatch(stderr, /\[(warn|error|emerg)\]/, words);
  }
});

test('a notice for each server and provider: what to register, and what the rules need', () => {
  const certificates = makeCertificates(folder);
  const { code, stderr, log } = configTest(`${PROVIDERS}
    server { listen 127.0.0.1:8080; server_name one.test; oauth on; oauth_allow provider=github org=acme team=acme/a; oauth_providers github; location /corp/ { oauth_providers corp; oauth_allow any; } }
    server { listen 127.0.0.1:8080; server_name two.test; oauth on; oauth_providers corp; oauth_allow group=a claim.department=x acr=y; oauth_path /in;
      location /open/ { oauth off; } location /more/ { oauth_allow email=a@example.org; } }
    server { listen 127.0.0.1:8443 ssl; ssl_certificate ${certificates.certFile}; ssl_certificate_key ${certificates.keyFile}; server_name three.test; oauth on; oauth_allow any; oauth_providers corp; }
    server { listen 127.0.0.1:8080; server_name four.test; oauth_base_url https://family.test; oauth on; oauth_allow any; oauth_providers corp; }
    server { listen 127.0.0.1:8080; server_name five.test; oauth_base_url https://family.test; oauth on; oauth_allow any; oauth_providers corp; }
    server { listen 127.0.0.1:8080; server_name six.test; }`);
  assert.equal(code, 0, stderr);
  const notices = [...new Set((stderr + log).split('\n').filter((line) => /\[notice\].*oauth: /.test(line)).map((line) => line.slice(line.indexOf('oauth: '))))];
  const of = (server) => notices.filter((line) => line.includes(`"${server}"`)).map((line) => line.slice(line.indexOf('": ') + 3));
  const ownBase = (url, path = '/auth/oauth') => `the base URL is each request's own, such as ${url}, unless oauth_base_url fixes it; register ${url}${path}/signed-out for the way back after signing out`;
  const label = 'corp (Single sign-on, type oidc)';
  assert.deepEqual(of('one.test'), [ownBase('http://one.test:8080'),
    `provider ${label}: register the callback URL http://one.test:8080/auth/oauth/corp/callback`,
    'provider github (GitHub): register the callback URL http://one.test:8080/auth/oauth/github/callback; the rules need organisations, teams (scope "user:email read:org")']);
  const [base, corp, ...more] = of('two.test');
  assert.equal(base, ownBase('http://two.test:8080', '/in'));
  assert.ok(corp.startsWith(`provider ${label}: register the callback URL http://two.test:8080/in/corp/callback; the rules need `), corp);
  [/groups/, /claim\.department/, /acr/, /e-mail/].forEach((what) => assert.match(corp, what));
  assert.deepEqual(more, []);
  assert.deepEqual(of('three.test'), [ownBase('https://three.test:8443'), `provider ${label}: register the callback URL https://three.test:8443/auth/oauth/corp/callback`]);
  assert.deepEqual(of('four.test'), ['base URL https://family.test; register https://family.test/auth/oauth/signed-out for the way back after signing out', `provider ${label}: register the callback URL https://family.test/auth/oauth/corp/callback`]);
  const origins = (listen, names) => {
    const report = configTest(`${PROVIDERS} server { ${listen} ssl_certificate ${certificates.certFile}; ssl_certificate_key ${certificates.keyFile}; server_name ${names}; oauth on; oauth_allow any; oauth_providers corp; }`);
    return /register the callback URL (\S+)\/auth/.exec(report.stderr + report.log)[1];
  };
  assert.equal(origins('listen 127.0.0.1:8080; listen 127.0.0.1:8443 ssl;', '_ *.wild.test .dot.test app.test'), 'https://app.test:8443', 'the address with TLS, and a name that can be typed');
  assert.equal(origins('listen 127.0.0.1:8080;', '_'), 'http://HOST:8080');
  assert.deepEqual([of('five.test'), of('six.test')], [[], []], 'the same again, and nothing');
});

test('oauth on without any rule, and rules without a provider', () => {
  const { code, stderr } = configTest(`${PROVIDERS} server { listen 127.0.0.1:8080; location / {\noauth on; } }`);
  assert.notEqual(code, 0);
  assert.match(stderr, /oauth_allow any;.* in \S+nginx\.conf:\d+/);
  const none = configTest('server { listen 127.0.0.1:8080; oauth on; oauth_allow provider=github; }');
  assert.notEqual(none.code, 0);
  assert.match(none.stderr, /OAUTH_GITHUB_CLIENT_ID/);
});
