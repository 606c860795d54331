// SPDX-License-Identifier: MIT
// oauth_session as nginx -t reads it: what is no place for sessions is told, with what is accepted, and no password is ever shown.
import assert from 'node:assert/strict';
import { e2e } from './lib/harness.mjs';
import { configTest } from './lib/nginx.mjs';

const KEY = 'oauth_session_key wq0n6Cz0mTKf3l5Yy1Zk4Bt8Jd7Xv2QeRsHgUaPiLcE;';
const SECRET = 'tulip-hammer-42';
const PROVIDER = 'oauth_provider test oidc { issuer https://id.example.org; client_id c; client_secret tangerine-saxophone-31; }';

function configure(directives, { http = '', files, env } = {}) {
  return configTest(`${PROVIDER}\n${http}\nserver {\n listen 127.0.0.1:8080;\n oauth on; oauth_allow any;\n ${directives}\n location / { return 204; }\n}`, { files, env });
}

e2e('what oauth_session takes', async () => {
  const taken = ['cookie', 'shared', 'redis://localhost', 'redis://localhost/', 'redis://redis.example.org:6380/15', 'redis://[::1]', 'redis://[::1]:6379/0', 'redis://10.0.0.7',
    'rediss://redis.example.org', 'redis+unix:/run/redis/redis.sock', 'redis://r:80', 'rediss://r:443/1', `redis://r password=${SECRET}`, `redis://r user=me password=${SECRET} prefix=shop:`,
    'redis://r password=env:REDIS_PASSWORD', 'redis://r password=file:password'];
  for (const value of taken) {
    const { code, stderr } = configure(`oauth_session ${value}; ${KEY}`, { env: { REDIS_PASSWORD: SECRET }, files: { password: SECRET + '\n' } });
    assert.equal(code, 0, value + ': ' + stderr);
    assert.doesNotMatch(stderr, new RegExp(SECRET));
  }
});

const LIST = /accepted: cookie, shared, redis:\/\/HOST\[:PORT\]\[\/DB\], rediss:\/\/HOST\[:PORT\]\[\/DB\], redis\+unix:PATH in /;
const mistakes = [
  ['cookies', /found "cookies"/, LIST], ['redis', /found "redis"/, LIST], ['redis:localhost', LIST], ['Redis://localhost', LIST], ['memcached://x', LIST], ['http://x', LIST], ['unix:/run/x', LIST],
  ['redis://', /host/], ['redis:///0', /host/], ['redis://:6379', /host/], ['redis://::1', /host|port/], ['redis://[::1', /host/], ['redis://a_b%20c', /host/], ['redis://a,b', /host/],
  ['redis://x:0', /port "0", accepted: a number from 1 to 65535/], ['redis://x:65536', /port/], ['redis://x:', /port/], ['redis://x:6379:6380', /port/], ['redis://x:abc', /port/],
  ['redis://x/one', /database "one"/], ['redis://x/0/1', /database/], ['redis://x/-1', /database/], ['redis://x/99999', /database/], ['redis://x?db=1', /query/], ['redis://x/0#a', /query or a fragment/],
  [`redis://:${SECRET}@localhost`, /password in it.*password=SOURCE/], [`redis://me:${SECRET}@localhost/1`, /password=/], [`rediss://me@localhost`, /user=NAME/],
  ['redis+unix:', /path of a socket/], ['redis+unix:redis.sock', /path of a socket/], ['redis+unix:/' + 'x'.repeat(107), /107/],
  ['redis://x password=', /password= is empty/], ['redis://x user= password=' + SECRET, /"user"|user=NAME/], ['redis://x user=me', /user= is there without a password/],
  [`redis://x passwort=${SECRET}`, /found "passwort", accepted: user=NAME, password=SOURCE, prefix=TEXT/], [`redis://x password=${SECRET} password=${SECRET}`, /"password" is duplicate/],
  ['redis://x prefix=', /prefix=/], ['redis://x prefix=a*', /prefix=/], ['redis://x prefix=' + 'x'.repeat(65), /64/], ['redis://x password=file:/nonexistent', /nonexistent.*does not exist/],
  ['redis://x password=env:NOT_THERE', /NOT_THERE.*not set/], ['redis://x password=/etc/redis.password', /oauth_session.*password=/], ['redis://x password=$redis_password', /oauth_session.*password=/],
  ['redis://x password=fil:/etc/x', /oauth_session.*password=/],
  ['cookie prefix=x', /behind "cookie", which has no parameters/], [`shared password=${SECRET}`, /behind "shared"/], ['cookie shared', /behind "cookie"/],
];

for (const [value, ...patterns] of mistakes) {
  e2e('oauth_session ' + value.slice(0, 60).replaceAll(SECRET, '...'), async () => {
    const { code, stderr } = configure(`oauth_session ${value}; ${KEY}`);
    assert.equal(code, 1, stderr);
    for (const pattern of [/"oauth_session"/, / in \S+:\d+/, ...patterns]) {
      assert.match(stderr, pattern);
    }
    assert.doesNotMatch(stderr, new RegExp(SECRET), 'no secret');
  });
}

e2e('Redis needs a key, where the module is in use', async () => {
  const { code, stderr, lines } = configure('oauth_session redis://localhost;');
  assert.equal(code, 1);
  const line = 1 + lines.findIndex((each) => each.includes('oauth_session redis'));
  assert.match(stderr, new RegExp(`"oauth_session": found Redis without an oauth_session_key.*accepted: oauth_session_key file:PATH.* in \\S+:${line}`));
  assert.equal(configure('oauth_session cookie;', { http: 'oauth_session redis://localhost;' }).code, 0);
  const inherited = configure('', { http: 'oauth_session redis://localhost;' });
  assert.equal(inherited.code, 1);
  assert.match(inherited.stderr, /oauth_session_key/);
  assert.equal(configure('', { http: `oauth_session redis://localhost; ${KEY}` }).code, 0);
  assert.equal(configure(`${KEY} oauth_session cookie; oauth_session cookie;`).code, 1, 'duplicate');
});
