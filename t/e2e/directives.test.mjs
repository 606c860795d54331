// SPDX-License-Identifier: MIT
// The table of directives: documented defaults are values that are accepted and in force, ranges end where they say, levels inherit.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { assertSignedIn, e2e } from './lib/harness.mjs';
import { configTest } from './lib/nginx.mjs';
import { Upstream } from './lib/upstream.mjs';

const document = readFileSync(new URL('../../docs/directives.md', import.meta.url), 'utf8');
const entries = [...document.matchAll(/^### `(oauth\w*).*`\n\nDefault: (.*?)\. Context: ([a-z, ]*[a-z])/gm)]
  .map(([, name, otherwise, levels]) => ({ name, value: /^`([^`]+)`$/.exec(otherwise)?.[1], levels: levels.split(', ') }));

const server = (lines) => `server { listen 127.0.0.1:8080; ${lines} location / { return 204; } }`;
const at = {
  http: (line) => `${line} ${server('')}`,
  server: (line) => server(line),
  location: (line) => server(`location /x { ${line} return 204; }`),
};

e2e('each documented default is a value that nginx accepts, once, at each documented level', async () => {
  const withValue = entries.filter((entry) => entry.value);
  assert.ok(entries.length >= 30 && withValue.length >= 17, `${entries.length} entries, ${withValue.length} of them with a value`);
  for (const { name, value, levels } of withValue) {
    for (const [level, place] of Object.entries(at)) {
      const { code, stderr } = configTest(place(`${name} ${value};`));
      assert.equal(code === 0, levels.includes(level), `${name} ${value}; at level ${level}: ${stderr}`);
      if (level === levels[0]) {
        const twice = configTest(place(`${name} ${value}; ${name} ${value};`));
        assert.match(twice.stderr, new RegExp(`"${name}" directive is duplicate in \\S+:\\d+`));
      }
    }
  }
});

e2e('the identity header is none that is for the next hop only', () => {
  for (const name of ['Connection', 'Keep-Alive', 'keep_alive', 'Trailer', 'TE', 'Upgrade', 'Transfer-Encoding', 'Proxy-Connection', 'Proxy-Authenticate', 'Proxy-Authorization', 'HTTP2-Settings']) {
    const { code, stderr } = configTest(at.http(`oauth_identity_header ${name};`));
    assert.notEqual(code, 0, name);
    assert.match(stderr, /"oauth_identity_header": found .*accepted: a header name of its own/);
  }
});

e2e('times and sizes are accepted up to the ends of their range, and the message says what is accepted', async () => {
  const ranges = [
    ['oauth_session_lifetime', ['1s', '366d'], ['0', '367d', '-1s', '', 'soon']],
    ['oauth_login_lifetime', ['1s'], ['0']],
    ['oauth_identity_ttl', ['1s'], ['0']],
    ['oauth_clock_skew', ['0', '0s', '5m'], ['367d', 'none']],
    ['oauth_http_timeout', ['1ms', '1h'], ['0', '0ms', '3601s']],
    ['oauth_http_connect_timeout', ['1ms', '1h'], ['0', '3601s']],
    ['oauth_http_max_body', ['4k', '4096', '512m'], ['4095', '0', '-1', 'large', '99999999999999999999']],
    ['oauth_zone', ['1m'], ['1k']],
  ];
  for (const [name, right, wrong] of ranges) {
    for (const value of right) {
      const { code, stderr } = configTest(at.http(`${name} ${value};`));
      assert.equal(code, 0, `${name} ${value}: ${stderr}`);
    }
    for (const value of wrong) {
      const { code, stderr } = configTest(at.http(`${name} "${value}";`));
      assert.notEqual(code, 0, `${name} ${value}`);
      assert.match(stderr, new RegExp(`"${name}": found "${value}", accepted: a (time|size) .*such as .* in \\S+:\\d+`));
    }
  }
});

const lifetimes = async (site, path) => {
  await site.browser.fetch(site.origin + path);
  const [token] = Upstream.folded(site.upstream.last, 'X-OAuth-Identity');
  const { iat, exp } = JSON.parse(Buffer.from(token.split('.')[1], 'base64url'));
  const user = (await site.browser.fetch(site.origin + '/auth/oauth/userinfo')).json();
  return { identity: exp - iat, session: user.expires_at - iat };
};
const near = (found, wanted) => assert.ok(Math.abs(found - wanted) <= 20, `${found} is not about ${wanted}`);

e2e('a level that sets nothing has the outer value, and the default where none sets any', async (h) => {
  const plain = await h.site();
  await assertSignedIn(plain);
  const found = await lifetimes(plain, '/');
  assert.equal(found.identity, 300);
  near(found.session, 8 * 3600);

  const site = await h.site({ http: () => 'oauth_identity_ttl 4m; oauth_session_lifetime 2h;', server: 'oauth_identity_ttl 2m;', locations: (s) => `
    location /own/ { oauth_identity_ttl 1m; proxy_pass ${s.upstream.url}; location /own/inner/ { proxy_pass ${s.upstream.url}; } }` });
  await assertSignedIn(site);
  const outer = await lifetimes(site, '/');
  assert.equal(outer.identity, 120);
  near(outer.session, 2 * 3600);
  assert.equal((await lifetimes(site, '/own/')).identity, 60);
  assert.equal((await lifetimes(site, '/own/inner/')).identity, 60);
});
