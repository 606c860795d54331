// SPDX-License-Identifier: MIT
// nginx -t on blocks and repeats: `include` works inside our blocks, whatever stands twice says its name, and files of rules may have
// four megabytes.
import assert from 'node:assert/strict';
import { e2e } from './lib/harness.mjs';
import { configTest } from './lib/nginx.mjs';

const PROVIDER = 'oauth_provider test oidc { issuer https://id.example.org; client_id c; client_secret s; }';
const server = (text, http = PROVIDER) => `${http}\nserver { listen 127.0.0.1:8080; oauth on; ${text} }`;
const emerg = (result) => result.stderr.split('\n').filter((line) => line.includes('[emerg]'));

e2e('include works in a provider block and in a policy block, also of several files and of files of files', async () => {
  const files = { 'common.inc': 'client_id c;\ninclude secret.inc;', 'secret.inc': 'client_secret s;', 'staff-1.inc': 'oauth_deny email=x@example.org;', 'staff-2.inc': 'oauth_allow domain=example.org;' };
  const http = 'oauth_provider test oidc { issuer https://id.example.org; include common.inc; scope openid; }\noauth_policy staff { include staff-*.inc; }';
  const { code, stderr } = configTest(server('oauth_allow policy=staff;', http), { files });
  assert.equal(code, 0, stderr);
});

e2e('what is wrong in an included file is told with that file and line', async () => {
  for (const [http, files, pattern] of [
    ['oauth_provider test oidc { include bad.inc; }', { 'bad.inc': 'issuer https://id.example.org;\nclient_idd c;' }, /"client_idd": is no parameter of an oauth_provider block, .* in \S+\/bad\.inc:2$/],
    ['oauth_policy staff { include bad.inc; }', { 'bad.inc': '\n\noauth_allow gruop=x;' }, /unknown condition "gruop".* in \S+\/bad\.inc:3$/],
    ['oauth_policy staff { include missing.inc; }', {}, /missing\.inc/], ['oauth_provider test oidc { include; }', {}, /"include": found 0 files, accepted: one/],
    ['oauth_policy staff { include a b; }', {}, /"include": found 2 files, accepted: one/]]) {
    const result = configTest(server('oauth_allow policy=staff;', http.startsWith('oauth_policy') ? `${PROVIDER}\n${http}` : http), { files });
    assert.notEqual(result.code, 0);
    assert.match(emerg(result)[0], pattern);
  }
});

const VALUES = { oauth: 'on', oauth_providers: 'all', oauth_base_url: 'https://a.test', oauth_path: '/x', oauth_policy_mode: 'shadow', oauth_unauthenticated: '401', oauth_session: 'cookie', oauth_session_lifetime: '1h', oauth_tokens: 'on',
  oauth_cookie: 'name=a', oauth_login_lifetime: '1m', oauth_identity: 'on', oauth_identity_header: 'X-A', oauth_identity_audience: 'a', oauth_identity_ttl: '1m', oauth_identity_claims: 'a', oauth_login_page: '/a', oauth_page_title: 'a',
  oauth_http_timeout: '1s', oauth_http_connect_timeout: '1s', oauth_http_max_body: '1m', oauth_http_proxy: 'http://a.test:1', oauth_clock_skew: '1s' };

e2e('a directive that stands twice at a level says its name', async () => {
  for (const [name, value] of Object.entries(VALUES)) {
    const result = configTest(`${PROVIDER}\nserver { oauth_allow any;\n${name} ${value};\n${name} ${value};\n}`);
    assert.notEqual(result.code, 0, name);
    assert.match(emerg(result)[0], new RegExp(`"${name}" directive is duplicate in \\S+nginx\\.conf:\\d+$`));
  }
});

e2e('so does a parameter of a block, and one of a directive', async () => {
  const block = (text) => `oauth_provider test oidc { issuer https://id.example.org; client_id c; client_secret s; ${text} }`;
  for (const [name, text] of [['client_id', 'client_id d;'], ['issuer', 'issuer https://other.example.org;'], ['scope', 'scope a; scope b;'], ['pkce', 'pkce on; pkce off;'], ['label', 'label A; label B;']]) {
    assert.match(emerg(configTest(server('oauth_allow any;', block(text))))[0], new RegExp(`"${name}" directive is duplicate in \\S+nginx\\.conf:\\d+$`));
  }
  assert.match(emerg(configTest(server('oauth_allow any;', block('authorize_param a b; authorize_param a c;'))))[0], /"authorize_param": "a" is given twice/);
  for (const [name, words] of [['name', 'name=a name=b'], ['secure', 'secure=on samesite=lax secure=on'], ['partitioned', 'partitioned partitioned']]) {
    assert.match(emerg(configTest(server(`oauth_allow any; oauth_cookie ${words};`)))[0], new RegExp(`"oauth_cookie": parameter "${name}" is duplicate, accepted: each once`));
  }
  assert.match(emerg(configTest(server('oauth_allow any; oauth_providers test test;')))[0], /"oauth_providers": "test" is duplicate/);
});

e2e('a file of rules may have four megabytes, as the documentation says, and no more', async () => {
  const lines = (bytes) => '# people\n' + 'somebody.with.a.long.name@example.org # 1\n'.repeat(Math.ceil(bytes / 42)).slice(0, bytes - 9);
  const good = configTest(server('oauth_allow email@people;'), { files: { people: lines(4 * 1024 * 1024).replace(/\n[^\n]*$/, '\n') } });
  assert.equal(good.code, 0, good.stderr);
  const large = configTest(server('oauth_allow email@people;'), { files: { people: lines(4 * 1024 * 1024 + 2) } });
  assert.match(emerg(large)[0], /"oauth_allow": "email@people": file ".*people" is larger than 4m in /);
});

e2e('rules that are never reached across names are told by nginx -t, with the line', async () => {
  const two = PROVIDER + '\noauth_provider github { client_id c; client_secret s; }\noauth_policy staff { oauth_allow domain=example.org; }';
  for (const [first, second] of [['oauth_allow domain=example.org;', 'oauth_deny email=m@example.org;'], ['oauth_allow email=*@example.org;', 'oauth_deny domain=example.org;'], ['oauth_allow org=acme;', 'oauth_deny team=acme/x;'],
    ['oauth_allow domain=example.org;', 'oauth_deny policy=staff;'], ['oauth_allow provider=github;', 'oauth_deny org=acme;'], ['oauth_allow group=a; oauth_allow group=b;', 'oauth_deny group=a,b;']]) {
    const result = configTest(server(`\n${first}\n${second} # here\n`, two));
    const [line] = emerg(result);
    assert.match(line ?? '', /"oauth_deny": can never be reached: /, second + result.stderr);
    assert.match(result.lines[Number(/:(\d+)$/.exec(line)[1]) - 1], /# here/);
  }
  for (const rules of ['oauth_allow domain=example.org; oauth_deny email=m@example.com;', 'oauth_allow provider=github; oauth_deny email=m@example.org;', 'oauth_allow org=acme; oauth_deny team=other/x; oauth_allow domain=example.org;']) {
    const result = configTest(server(rules, two));
    assert.equal(result.code, 0, rules + result.stderr);
  }
});
