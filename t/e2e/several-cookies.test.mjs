// SPDX-License-Identifier: MIT
// Several cookies of the session's name in one browser, as a parent domain, another path, another application or an older "domain=" leaves them (SC-08): the newest
// session counts, nothing loops, and a sign-out ends them all. Settings that browsers refuse cookies for are found by nginx -t (SC-07).
import assert from 'node:assert/strict';
import { Browser, signIn } from './lib/browser.mjs';
import { beginSignIn, e2e, siteConfiguration } from './lib/harness.mjs';
import { configTest } from './lib/nginx.mjs';

const HOST = 'app.example.org';

async function namedSite(h, options = {}) {
  const site = await h.site({ ...options, server: `server_name ${HOST}; ${options.server ?? ''}` });
  site.origin = `http://${HOST}:${site.port}`;
  site.loginUrl = site.origin + '/auth/oauth/test';
  site.browse = (jar) => new Browser({ jar, resolve: (url) => (url.hostname === HOST ? site.port : undefined) });
  site.as = async (sub) => {
    site.provider.user = { ...site.provider.user, sub };
    const browser = site.browse();
    assert.equal((await signIn(browser, site.origin + '/')).status, 200);
    return browser;
  };
  site.who = async (cookie) => {
    const answer = await site.browse().fetch(site.origin + '/auth/oauth/userinfo', { headers: { Cookie: cookie } });
    return answer.status === 200 ? answer.json().sub.replace('test|', '') : answer.status;
  };
  return site;
}

const pairs = (browser) => browser.jar.cookies.filter(({ name }) => !/_login_/.test(name)).map(({ name, value }) => `${name}=${value}`);
const second = () => new Promise((resolve) => { setTimeout(resolve, 1100); });

e2e('SC-08 a foreign cookie of the session\'s name that comes first makes no loop', async (h) => {
  const site = await namedSite(h);
  for (const foreign of ['oauth=foreign; Domain=example.org; Path=/', 'oauth=foreign; Path=/page', 'oauth=; Domain=example.org; Path=/', 'oauth.0=foreign; Domain=example.org; Path=/',
    `oauth=${'A'.repeat(3000)}; Domain=example.org; Path=/`]) {
    const browser = site.browse();
    browser.jar.store(foreign, new URL(site.origin + '/page'));
    const page = await signIn(browser, site.origin + '/page');
    assert.equal(page.status, 200, foreign);
    assert.ok(browser.jar.header(new URL(site.origin + '/page')).startsWith('oauth'), 'the foreign one is still sent');
    assert.equal((await browser.navigate(site.origin + '/page', { follow: false })).status, 200);
    assert.deepEqual(site.upstream.requests.at(-1).headers.filter(([name]) => /^cookie$/i.test(name)), [], 'neither of them goes upstream');
  }
});

e2e('SC-08 of several sessions the newest counts in any order, and a sign-out ends them all', async (h) => {
  const site = await namedSite(h);
  const [alice] = pairs(await site.as('alice'));
  await second();
  const [bob] = pairs(await site.as('bob'));
  assert.equal(await site.who(`${alice}; ${bob}`), 'bob');
  assert.equal(await site.who(`${bob}; ${alice}`), 'bob');
  assert.equal(await site.who(`oauth=foreign; ${bob}; oauth=x; ${alice}; ${alice}`), 'bob');
  assert.equal(await site.who(alice), 'alice');
  const out = await site.browse().fetch(site.origin + '/auth/oauth/logout', { headers: { Cookie: `${alice}; ${bob}` } });
  assert.equal(out.status, 302);
  for (const cookie of [`${alice}; ${bob}`, alice, bob]) {
    assert.equal(await site.who(cookie), 401, 'no older session comes back');
  }
});

e2e('SC-08 a cookie of an older "domain=" does not stand in the way, and a sign-in replaces it', async (h) => {
  const site = await namedSite(h, { server: 'oauth_cookie domain=example.org;' });
  const browser = await site.as('alice');
  assert.equal(browser.jar.get('oauth').domain, 'example.org');
  const old = pairs(browser)[0];
  site.nginx.write(siteConfiguration({ ...site, server: `server_name ${HOST};` }));
  await site.nginx.reload();
  assert.equal(await site.who(old), 'alice');
  await second();
  site.provider.user = { ...site.provider.user, sub: 'bob' };
  assert.equal((await signIn(browser, site.loginUrl + '?return_to=/page')).status, 200);
  assert.equal(browser.jar.cookies.filter(({ name }) => name === 'oauth').length, 2, 'the browser keeps both');
  assert.equal(await site.who(pairs(browser).join('; ')), 'bob');
  assert.equal(await site.who(old), 401);
});

e2e('SC-08 parts of two sessions, mixed, are put together right', async (h) => {
  const site = await namedSite(h, { server: 'oauth_session cookie; oauth_identity_claims big; large_client_header_buffers 4 32k;' });
  const large = async (sub) => {
    site.provider.user = { ...site.provider.user, big: sub.repeat(2000).slice(0, 4000) };
    return pairs(await site.as(sub));
  };
  const alice = await large('alice');
  await second();
  const bob = await large('bob');
  assert.deepEqual([alice.length, bob.length], [2, 2], 'each in two parts');
  for (const order of [[alice[0], bob[0], alice[1], bob[1]], [bob[1], alice[1], alice[0], bob[0]], [...bob, ...alice], ['oauth.0=foreign', ...bob], [...bob, 'oauth.1=foreign', 'oauth.2=foreign'], ['oauth.1=' + 'A'.repeat(100), ...bob]]) {
    assert.equal(await site.who(order.join('; ')), 'bob', order.map((each) => each.slice(0, 20)).join());
  }
  assert.equal(await site.who([alice[0], bob[1]].join('; ')), 401, 'halves of two make none');
  assert.equal(await site.who([alice[1], ...alice, bob[0]].join('; ')), 'alice');
});

e2e('a page that the cookie\'s path does not cover starts no sign-in that would never end', async (h) => {
  const site = await h.site({ server: 'oauth_path /app/auth; oauth_cookie path=/app;' });
  const mark = site.nginx.mark();
  const page = await new Browser().navigate(site.origin + '/other');
  assert.equal(page.status, 401);
  assert.match(site.nginx.linesSince(mark, /login_required/)[0], /\[error\].*outside of "oauth_cookie path=\/app"/);
  const browser = new Browser();
  assert.equal((await signIn(browser, site.origin + '/app/page')).status, 200);
  assert.equal((await browser.navigate(site.origin + '/other')).status, 401);
  assert.ok(await beginSignIn(site, { browser: new Browser(), target: site.origin + '/app' }));
});

const PROVIDER = 'oauth_provider test oidc { issuer https://id.example.org; client_id c; client_secret s; }';
const config = (server, http = PROVIDER) => `${http}
server {
    listen 127.0.0.1:8080;
    oauth on; oauth_allow any;
    ${server}
}`;
const NAME = `server_name ${HOST};`;
const HTTPS = `oauth_base_url https://${HOST};`;
const HTTP = `oauth_base_url http://${HOST};`;
const FORM = PROVIDER.replace('}', 'response_mode form_post; }');

// Settings with which no sign-in could succeed: [server, words of the message].
const refused = [
  [NAME + 'oauth_cookie domain=example.com;', /domain=example\.com/],
  ['server_name _ ""; oauth_cookie domain=example.org;', /domain=example\.org/],
  ['oauth_cookie domain=example.org;', /domain=example\.org/],
  [NAME + `oauth_cookie domain=sub.${HOST};`, /domain=sub/],
  [NAME + 'oauth_cookie domain=pp.example.org;', /domain=pp/],
  [NAME + 'oauth_cookie domain=org;', /domain=org.*top-level/],
  ['server_name *.example.org; oauth_cookie domain=example.com;', /domain=example\.com/],
  [`${NAME} oauth_base_url https://auth.example.com; oauth_cookie domain=example.org;`, /auth\.example\.com/],
  [NAME + 'oauth_cookie domain=*.example.org;', /domain=\*/],
  [HTTP + 'oauth_cookie secure=on;', /secure=on.*https/],
  [HTTP + 'oauth_cookie name=__Host-x;', /__Host-.*https/],
  [HTTP + 'oauth_cookie name=__secure-x;', /__Secure-.*https/],
  [HTTP + 'oauth_cookie partitioned;', /partitioned.*https/],
  [HTTP + 'oauth_cookie samesite=none;', /samesite=none.*https/],
  [HTTPS + 'oauth_cookie partitioned secure=off;', /partitioned.*secure=off/],
  [HTTPS + 'oauth_cookie samesite=none secure=off;', /samesite=none.*secure=off/],
  [HTTPS + 'oauth_cookie name=__Secure-x secure=off;', /__Secure-.*secure=off/],
  [HTTPS + 'oauth_cookie name=__Host-x path=/app;', /__Host-.*path=/],
  [`${HTTPS} oauth_cookie name=__Host-x domain=${HOST};`, /__Host-.*domain=/],
  [HTTPS + 'oauth_cookie path=/app;', /path=\/app.*oauth_path/],
  [HTTPS + 'oauth_path /application/auth; oauth_cookie path=/app;', /path=\/app.*oauth_path/],
];

for (const [server, pattern] of refused) {
  e2e('SC-07 nginx -t refuses: ' + server, async () => {
    for (const text of [config(server), config(server.replace(/oauth_cookie [^;]*;/, ''), `${PROVIDER} ${/oauth_cookie [^;]*;/.exec(server)[0]}`)]) {
      const { code, stderr } = configTest(text);
      assert.notEqual(code, 0);
      const message = stderr.split('\n').find((line) => line.includes('[emerg]'));
      assert.match(message, pattern);
      assert.match(message, /"oauth_cookie".* in \S+nginx\.conf:\d+/);
    }
  });
}

e2e('SC-07 nginx -t refuses form_post where its cookie cannot be Secure', async () => {
  for (const server of [HTTP, HTTPS + 'oauth_cookie secure=off;']) {
    const { code, stderr } = configTest(config(server, FORM));
    assert.notEqual(code, 0, server);
    assert.match(stderr, /"response_mode".*"test".*form_post.* in \S+nginx\.conf:\d+/);
  }
  const { code, stderr } = configTest(config('', FORM), { env: { OAUTH_BASE_URL: `http://${HOST}` } });
  assert.notEqual(code, 0, stderr);
});

e2e('SC-07 nginx -t accepts what works', async () => {
  for (const server of [NAME + 'oauth_cookie domain=example.org;', NAME + 'oauth_cookie domain=.Example.org;', `${NAME} oauth_cookie domain=${HOST};`, 'server_name *.example.org; oauth_cookie domain=example.org;',
    'server_name .example.org; oauth_cookie domain=app.example.org;', 'server_name mail.*; oauth_cookie domain=mail.example.org;', 'server_name "~^x"; oauth_cookie domain=example.org;', 'server_name localhost; oauth_cookie domain=localhost;',
    `server_name _; ${HTTPS} oauth_cookie domain=example.org;`, `server_name other.test ${HOST}; oauth_cookie domain=example.org;`, HTTPS + 'oauth_cookie secure=on partitioned samesite=none name=__Host-x;', HTTP + 'oauth_cookie secure=off;',
    'oauth_cookie secure=on;', HTTPS + 'oauth_path /app/auth; oauth_cookie path=/app;', HTTPS + 'oauth_cookie path=/auth/oauth/;', HTTPS + 'oauth_cookie path=/;']) {
    const { code, stderr } = configTest(config(server));
    assert.equal(code, 0, server + stderr);
  }
  const inherited = configTest(config(NAME, PROVIDER + ' oauth_cookie domain=example.org; oauth on; oauth_allow any;') + 'server { listen 127.0.0.1:8081; server_name _; return 444; }');
  assert.equal(inherited.code, 0, inherited.stderr);
  const own = configTest(config(NAME, PROVIDER + ' oauth_cookie domain=example.org;') + 'server { listen 127.0.0.1:8081; oauth on; oauth_allow any; oauth_base_url https://a.example.com; }');
  assert.match(own.stderr, /"oauth_cookie": found "domain=example.org".*a\.example\.com/);
  const unused = configTest(config('') + `server { listen 127.0.0.1:8081; ${HTTP} oauth_cookie secure=on; }`);
  assert.equal(unused.code, 0, unused.stderr);
  assert.equal(configTest(config(HTTPS, FORM)).code, 0);
});
