// SPDX-License-Identifier: MIT
// oauth_session redis://..., with a real Redis: what a session is there (SC-21, SC-24), what several machines see of it (CC-05, CC-06), and what happens when Redis is away, silent, full, a
// replica, or does not take the password (SC-23): bounded waits, 503, nobody let in, nobody signed out, and all is well again without a reload.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import net from 'node:net';
import { Browser, signIn } from './lib/browser.mjs';
import { makeCertificates } from './lib/certificates.mjs';
import { documented } from './lib/documents.mjs';
import { assertError, assertNoStore, assertSignedIn, beginSignIn, e2e, hasSession, siteConfiguration } from './lib/harness.mjs';
import { freePort, until } from './lib/ports.mjs';
import { Redis } from './lib/redis.mjs';
import { Upstream } from './lib/upstream.mjs';

const JSON_HEADERS = { Accept: 'application/json' };
const HEADING = '`oauth_session cookie | shared | redis://HOST[:PORT][/DB] | rediss://HOST[:PORT][/DB] | redis+unix:PATH [user=NAME] [password=SOURCE] [prefix=TEXT]`';
const KEY = randomBytes(32).toString('base64url');
const sleep = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

// A site with its sessions in that Redis. `url` in place of its own; `more`: further directives of the server.
async function redisSite(h, redis, { url = redis.url, more = '', locations = '', ...options } = {}) {
  const server = `oauth_session ${url}; oauth_session_key ${KEY}; ${more}`;
  return h.site({ server, locations: (site) => `
    location /off/ { oauth off; proxy_pass ${site.upstream.url}; }
    location /optional/ { oauth optional; proxy_pass ${site.upstream.url}; }
    ${typeof locations === 'function' ? locations(site) : locations}`, ...options });
}

const ask = (site, browser = site.browser, path = '/') => browser.fetch(site.origin + path, { headers: JSON_HEADERS });
const signOut = (site, browser = site.browser) => browser.navigate(site.origin + '/auth/oauth/logout', { initiator: site.origin, follow: false });
const copyOf = (browser) => new Browser({ jar: browser.jar.clone(), ca: browser.ca });

async function timed(work) {
  const begin = Date.now();
  const result = await work();
  return [result, Date.now() - begin];
}

// The one key of the one session.
async function sessionKey(redis) {
  const keys = await redis.keys('oauth:s:*');
  assert.equal(keys.length, 1);
  return keys[0];
}

// Everything that an unavailable store means, and what it does not.
async function assertUnavailable(site, label, { within = 2000 } = {}) {
  const mark = site.nginx.mark();
  const reached = site.upstream.requests.length;
  for (const path of ['/', '/optional/x', '/auth/oauth/userinfo']) {
    const [response, took] = await timed(() => ask(site, site.browser, path));
    assert.equal(response.status, 503, `${label}: ${path} ${response.text.slice(0, 200)}`);
    assert.equal(response.json().error, 'store_unavailable', label);
    assertNoStore(response);
    assert.ok(took < within, `${label}: ${path} took ${took} ms`);
    assert.equal(response.headers['set-cookie'], undefined, 'nobody is signed out for it');
  }
  const page = await site.browser.navigate(site.origin + '/', { follow: false });
  assert.equal(page.status, 503, label);
  assert.match(page.headers['content-type'], /text\/html/);
  assert.equal((await signOut(site)).status, 503, label + ': no promise');
  assert.equal(site.upstream.requests.length, reached, label + ': nothing has reached the application');
  const stranger = new Browser();
  assert.equal((await ask(site, stranger)).status, 401, label);
  assert.equal((await stranger.navigate(site.origin + '/', { follow: false })).status, 302, label);
  assert.equal((await ask(site, stranger, '/optional/x')).status, 200, label);
  assert.equal((await ask(site, site.browser, '/off/x')).status, 200, label);
  await site.nginx.waitForLine(mark, /store_unavailable.*Redis at /);
}

async function assertWellAgain(site, label) {
  const response = await until(async () => { const answer = await ask(site); return answer.status === 200 && answer; }, label, 5000);
  assert.equal(response.status, 200);
  await signIn(new Browser(), site.origin + '/');
}

e2e('sign-in, use, sign-out, and a copy that is worth nothing', async (h) => {
  const redis = await Redis.start(h, { password: 'wizard-password' });
  const site = await redisSite(h, redis, { url: `${redis.url}/3 password=wizard-password prefix=shop:`, workers: 2 });
  await assertSignedIn(site);
  const cookie = site.browser.jar.get('oauth');
  assert.ok(cookie.value.length < 120, 'a handle, and no session: ' + cookie.value.length);
  const other = new Browser();
  await signIn(other, site.origin + '/');
  assert.notEqual(other.jar.get('oauth').value, cookie.value);
  for (let i = 0; i < 10; i++) {
    assert.equal((await ask(site)).status, 200);
  }
  assert.equal(Upstream.folded(site.upstream.last, 'X-OAuth-Identity').length, 1);
  const [, keys] = await redis.ask(['SELECT', 3], ['KEYS', '*']);
  assert.ok(keys.length >= 3 && keys.every((key) => String(key).startsWith('shop:')), String(keys));
  const copy = copyOf(site.browser);
  assert.equal((await signOut(site)).status, 302);
  for (let i = 0; i < 10; i++) { // both workers, at once
    assert.equal((await ask(site, copy)).status, 401);
  }
  assert.equal((await ask(site, other)).status, 200, 'SC-25 the other session lives');
  await site.nginx.stop();
  site.nginx.exit = undefined;
  await site.nginx.start(site.port);
  assert.equal((await ask(site, copy)).status, 401, 'a restart forgets no sign-out');
  assert.equal((await ask(site, other)).status, 200, 'and no session');
});

e2e('CC-05 two machines with one Redis', async (h) => {
  const redis = await Redis.start(h);
  const base = 'http://app.example.org';
  const more = `server_name app.example.org; oauth_base_url ${base};`;
  const a = await redisSite(h, redis, { more: more + 'oauth_session_cache 300ms;' });
  const b = await redisSite(h, redis, { more: more + 'oauth_session_cache 300ms;', provider: a.provider });
  const at = (site, jar) => new Browser({ jar, resolve: () => site.port });
  const browser = new Browser({ resolve: (url) => (url.hostname === 'app.example.org' ? a.port : undefined) });
  assert.equal((await signIn(browser, base + '/')).status, 200);
  const status = async (site) => (await at(site, browser.jar.clone()).fetch(base + '/', { headers: JSON_HEADERS })).status;
  assert.equal(await status(b), 200);
  assert.equal(await status(a), 200);
  const leaving = at(b, browser.jar.clone());
  assert.equal((await leaving.navigate(base + '/auth/oauth/logout', { initiator: base, follow: false })).status, 302);
  assert.equal(await status(b), 401, 'there at once');
  await sleep(350);
  assert.equal(await status(a), 401, 'here within oauth_session_cache');
});

e2e('a request asks once, whatever it does, and not at all within oauth_session_cache', async (h) => {
  const redis = await Redis.start(h);
  const site = await redisSite(h, redis, { more: 'oauth_session_cache off;',
    locations: (s) => `location /one/ { auth_request /gate; proxy_pass ${s.upstream.url}; } location = /gate { internal; return 204; }` });
  await assertSignedIn(site);
  await redis.command('CONFIG', 'RESETSTAT');
  for (let i = 0; i < 5; i++) {
    assert.equal((await ask(site, site.browser, '/one/x')).status, 200);
  }
  assert.equal(await redis.loads(), 5);
  await ask(site, new Browser());
  const forged = new Browser();
  forged.jar.set('oauth', 'x'.repeat(100), site.origin);
  assert.equal((await ask(site, forged)).status, 401);
  assert.equal(await redis.loads(), 5, 'what is no cookie of ours is not asked for');
  site.nginx.write(siteConfiguration({ ...site, server: site.server.replace('oauth_session_cache off;', 'oauth_session_cache 1m;') }));
  await site.nginx.reload();
  for (let i = 0; i < 5; i++) {
    assert.equal((await ask(site)).status, 200);
  }
  assert.equal(await redis.loads(), 6);
});

e2e('SC-24 what is in Redis tells nothing', async (h) => {
  const redis = await Redis.start(h);
  const site = await redisSite(h, redis, { more: 'oauth_tokens on;' });
  await assertSignedIn(site);
  const identity = (await site.browser.fetch(site.origin + '/auth/oauth/userinfo')).json();
  const all = await redis.everything();
  const told = [identity.sub, identity.user, identity.email, identity.name, site.origin, '127.0.0.1', site.provider.issuer, 'at-', 'eyJ', site.browser.jar.get('oauth').value];
  for (const text of told.filter(Boolean)) {
    assert.ok(!all.includes(text), JSON.stringify(text) + ' is in Redis');
  }
});

e2e('SC-23 a Redis that is away', async (h) => {
  const redis = await Redis.start(h);
  const site = await redisSite(h, redis, { more: 'oauth_session_timeout 400ms; oauth_session_cache off;' });
  await assertSignedIn(site);
  const waiting = new Browser();
  const waitingCallback = await beginSignIn(site, { browser: waiting });
  await redis.stop();
  await assertUnavailable(site, 'away', { within: 1000 });
  assertError(await waiting.navigate(waitingCallback, { headers: JSON_HEADERS, follow: false }), 503, 'store_unavailable');
  assert.ok(!hasSession(waiting));
  await redis.start();
  await until(async () => (await ask(site)).status === 401, 'the new, empty one is asked'); // CC-06, at its worst
  await assertSignedIn(site, { browser: new Browser() });
});

e2e('SC-23 a Redis that is silent', async (h) => {
  const redis = await Redis.start(h);
  const site = await redisSite(h, redis, { more: 'oauth_session_timeout 400ms; oauth_session_cache off;' });
  await assertSignedIn(site);
  redis.pause();
  await assertUnavailable(site, 'silent');
  const [answers, took] = await timed(() => Promise.all(Array.from({ length: 20 }, () => ask(site))));
  assert.ok(answers.every((answer) => answer.status === 503));
  assert.ok(took < 4000, 'all wait at once: ' + took);
  redis.goOn();
  await assertWellAgain(site, 'silent');
});

e2e('SC-23 a Redis that is restarted', async (h) => {
  const redis = await Redis.start(h, { words: ['--appendonly', 'yes', '--appendfsync', 'always'] });
  redis.words = ['--appendonly', 'yes', '--appendfsync', 'always'];
  const site = await redisSite(h, redis, { more: 'oauth_session_timeout 400ms; oauth_session_cache off;' });
  await assertSignedIn(site);
  await redis.stop();
  await redis.start();
  await assertWellAgain(site, 'restarted');
  await redis.command('CLIENT', 'KILL', 'TYPE', 'normal');
  assert.equal((await ask(site)).status, 200, 'a connection that was ended is made anew, and nobody notices');
});

e2e('SC-23 a Redis that becomes a replica, and the primary again', async (h) => {
  const redis = await Redis.start(h);
  const site = await redisSite(h, redis, { more: 'oauth_session_timeout 400ms; oauth_session_cache off;' });
  await assertSignedIn(site);
  const mark = site.nginx.mark();
  await redis.command('REPLICAOF', '127.0.0.1', await freePort());
  assert.equal((await signOut(site)).status, 503);
  await assertUnavailable(site, 'a replica');
  await site.nginx.waitForLine(mark, /Redis at 127\.0\.0\.1:\d+ is a replica, which takes no writes/);
  await redis.command('REPLICAOF', 'NO', 'ONE');
  await assertWellAgain(site, 'a primary again');
});

e2e('SC-23 a Redis without memory refuses sign-ins alone', async (h) => {
  const redis = await Redis.start(h);
  const site = await redisSite(h, redis, { more: 'oauth_session_cache off;' });
  await assertSignedIn(site);
  const other = new Browser();
  await signIn(other, site.origin + '/');
  await redis.command('CONFIG', 'SET', 'maxmemory', 1);
  const late = new Browser();
  const callback = await beginSignIn(site, { browser: late });
  const mark = site.nginx.mark();
  assertError(await late.navigate(callback, { headers: JSON_HEADERS, follow: false }), 503, 'store_unavailable');
  await site.nginx.waitForLine(mark, /has no memory left for sessions: raise its maxmemory/);
  assert.equal((await ask(site)).status, 200);
  const copy = copyOf(site.browser);
  assert.equal((await signOut(site)).status, 302);
  assert.equal((await ask(site, copy)).status, 401);
  assert.equal((await ask(site, other)).status, 200);
  await redis.command('CONFIG', 'SET', 'maxmemory', 0);
  await assertSignedIn(site, { browser: new Browser() });
});

e2e('SC-23 a password that is not taken is told, and never shown', async (h) => {
  const redis = await Redis.start(h, { password: 'the-right-password' });
  const site = await redisSite(h, redis, { url: `${redis.url} user=merlin-of-redis password=the-wrong-password`, logLevel: 'debug' });
  const browser = new Browser();
  const callback = await beginSignIn(site, { browser });
  assertError(await browser.navigate(callback, { headers: JSON_HEADERS, follow: false }), 503, 'store_unavailable');
  await site.nginx.waitForLine(0, /\[warn\].*Redis at 127\.0\.0\.1:\d+ does not take user and password: check user= and password= of "oauth_session"/);
  await redis.command('ACL', 'SETUSER', 'merlin-of-redis', 'on', '>the-wrong-password', '~*', '+@all');
  await until(async () => hasSession((await signIn(site.browser, site.origin + '/'), site.browser)), 'a sign-in');
  await site.nginx.waitForLine(0, /\[warn\].*answers again/);
  assert.equal(site.nginx.linesSince(0, /\[warn\].*does not take user and password/).length, 1, 'once');
  assert.doesNotMatch(site.nginx.log(), /wrong-password|right-password|merlin-of-redis/);
});

e2e('the documented rights are enough', async (h) => {
  const [line] = documented('directives.md', HEADING, 'conf');
  const redis = await Redis.start(h);
  const words = line.trim().replace('PASSWORD', 'secret-of-nginx').split(/\s+/);
  assert.deepEqual(words.slice(0, 2), ['user', 'nginx']);
  await redis.command('ACL', 'SETUSER', ...words.slice(1));
  const site = await redisSite(h, redis, { url: `${redis.url} user=nginx password=secret-of-nginx`, more: 'oauth_session_idle 10s; oauth_session_cache off;' });
  await assertSignedIn(site);
  assert.equal((await ask(site)).status, 200);
  await sleep(1200);
  assert.equal((await ask(site)).status, 200);
  assert.equal((await signOut(site)).status, 302);
  assert.deepEqual((await redis.command('ACL', 'LOG')).map(String), []);
});

e2e('an eviction policy that drops sessions is told', async (h) => {
  const redis = await Redis.start(h, { words: ['--maxmemory-policy', 'allkeys-lru'] });
  const site = await redisSite(h, redis);
  await assertSignedIn(site);
  await site.nginx.waitForLine(0, /\[warn\].*has maxmemory-policy allkeys-lru.*set maxmemory-policy noeviction/);
});

e2e('SC-21 values that are not what was kept are no session, and spoil nobody else\'s', async (h) => {
  const redis = await Redis.start(h);
  const site = await redisSite(h, redis, { more: 'oauth_session_cache off;' });
  await assertSignedIn(site);
  const key = await sessionKey(redis);
  const good = await redis.command('GET', key);
  const other = new Browser();
  await signIn(other, site.origin + '/');
  const otherKey = (await redis.keys('oauth:s:*')).find((name) => name !== key);
  const foreign = await redis.command('GET', otherKey);
  const flipped = Buffer.from(good);
  flipped[flipped.length - 1] ^= 1;
  const values = { flipped, truncated: good.subarray(0, good.length - 20), empty: '', short: 'x', 'somebody else\'s': foreign, zeros: Buffer.alloc(50000), huge: Buffer.alloc(8 * 1024 * 1024, 'x') };
  for (const [what, value] of Object.entries(values)) {
    await redis.command('SET', key, value);
    assert.equal((await ask(site)).status, 401, what);
    assert.equal((await ask(site, site.browser, '/optional/x')).status, 200, what);
    assert.deepEqual(Upstream.folded(site.upstream.last, 'X-OAuth-Identity'), [], what);
    assert.equal((await ask(site, other)).status, 200, 'the other one, beside ' + what);
  }
  await redis.ask(['DEL', key], ['LPUSH', key, 'x']);
  assertError(await ask(site), 503, 'store_unavailable');
  assert.equal((await ask(site, other)).status, 200);
  await redis.ask(['DEL', key], ['SET', key, good]);
  assert.equal((await ask(site)).status, 200);
});

e2e('SC-21 one tenant\'s session is not another\'s, in one Redis with one key', async (h) => {
  const redis = await Redis.start(h);
  const one = await redisSite(h, redis);
  await assertSignedIn(one);
  const two = await redisSite(h, redis, { provider: one.provider });
  const visitor = new Browser();
  visitor.jar.set('oauth', one.browser.jar.get('oauth').value, two.origin);
  assert.equal((await ask(two, visitor)).status, 401);
});

e2e('rediss:// checks the name of the server', async (h) => {
  const folder = h.folder();
  const { caFile, certFile, keyFile } = makeCertificates(folder, { names: 'DNS:localhost' });
  const tlsPort = await freePort();
  const redis = await Redis.start(h, { words: ['--tls-port', tlsPort, '--tls-cert-file', certFile, '--tls-key-file', keyFile, '--tls-ca-cert-file', caFile, '--tls-auth-clients', 'no'] });
  const site = await redisSite(h, redis, { url: `rediss://localhost:${tlsPort}`, more: `oauth_http_trusted_certificate ${caFile}; oauth_session_cache off;` });
  await assertSignedIn(site);
  for (let i = 0; i < 20; i++) {
    assert.equal((await ask(site)).status, 200);
  }
  for (const [url, certificates] of [[`rediss://127.0.0.1:${tlsPort}`, `oauth_http_trusted_certificate ${caFile};`], [`rediss://localhost:${tlsPort}`, '']]) {
    site.nginx.write(siteConfiguration({ ...site, server: `oauth_session ${url}; oauth_session_key ${KEY}; ${certificates}` }));
    await site.nginx.reload();
    assertError(await ask(site), 503, 'store_unavailable');
  }
});

e2e('a Unix socket, and its server that comes later', async (h) => {
  const redis = await Redis.start(h);
  await redis.stop();
  const site = await redisSite(h, redis, { url: 'redis+unix:' + redis.socket });
  const early = new Browser();
  assertError(await early.navigate(await beginSignIn(site, { browser: early }), { headers: JSON_HEADERS, follow: false }), 503, 'store_unavailable');
  await redis.start();
  await until(async () => hasSession((await signIn(site.browser, site.origin + '/'), site.browser)), 'a sign-in');
  assert.equal((await ask(site)).status, 200);
  assert.equal((await sessionKey(redis)).startsWith('oauth:s:'), true);
});

e2e('oauth_session_idle over several machines', async (h) => {
  const redis = await Redis.start(h);
  const site = await redisSite(h, redis, { more: 'oauth_session_idle 3s; oauth_session_cache off;' });
  await assertSignedIn(site);
  const key = await sessionKey(redis);
  for (let i = 0; i < 4; i++) {
    await sleep(1100);
    assert.equal((await ask(site)).status, 200, 'used');
    assert.equal(site.browser.jar.get('oauth').maxAge, undefined);
  }
  assert.ok(await redis.command('PTTL', key) <= 3000);
  await sleep(3300);
  assert.equal((await ask(site)).status, 401, 'not used');
  assert.equal(await redis.command('EXISTS', key), 0);
});

e2e('an idle connection holds no worker that is to leave', async (h) => {
  const redis = await Redis.start(h);
  const site = await redisSite(h, redis, { workers: 2 });
  await assertSignedIn(site);
  for (let i = 0; i < 3; i++) {
    const mark = site.nginx.mark();
    assert.equal((await ask(site)).status, 200);
    await site.nginx.reload();
    await until(() => site.nginx.linesSince(mark, /exited with code 0/).length >= 2, 'the old workers to end', 3000);
  }
}); // and the harness looks for alerts of open sockets

e2e('SC-23 a request that waits for Redis keeps its worker until it is answered', async (h) => {
  const redis = await Redis.start(h);
  const site = await redisSite(h, redis, { more: 'oauth_session_timeout 2s; oauth_session_cache off;' });
  await assertSignedIn(site);
  redis.pause();
  const slow = ask(site);
  await sleep(200);
  await site.nginx.reload();
  await sleep(300);
  redis.goOn();
  assert.equal((await slow).status, 200);
});

e2e('SC-23 a Redis without memory left: users are asked for again all the same', async (h) => {
  const redis = await Redis.start(h);
  const site = await redisSite(h, redis, { more: 'oauth_refresh 2s;' });
  await assertSignedIn(site);
  await redis.command('CONFIG', 'SET', 'maxmemory', '1');
  const before = site.provider.count('refresh');
  await sleep(2100);
  assert.equal((await ask(site)).status, 200);
  assert.equal(site.provider.count('refresh'), before + 1);
  site.provider.refresh = { error: 'invalid_grant' };
  await sleep(2100);
  assert.equal((await ask(site)).status, 401, 'what the provider ended is over');
  await redis.command('CONFIG', 'SET', 'maxmemory', '0');
});

// What a sibling host can plant, or a browser has left over: cookies of sessions that are over, before the visitor's own.
e2e('SC-08 SC-22 handles that lead nowhere hide no session, and Redis is asked about all of them at once', async (h) => {
  const redis = await Redis.start(h);
  let delay = 0; // milliseconds that each answer takes
  const way = net.createServer((client) => {
    const up = net.connect(redis.port, '127.0.0.1');
    client.on('error', () => {}).on('close', () => up.destroy()).pipe(up);
    up.on('error', () => {}).on('close', () => client.destroy()).on('data', (bytes) => setTimeout(() => client.destroyed || client.write(bytes), delay));
  });
  await new Promise((resolve) => { way.listen(0, '127.0.0.1', resolve); });
  h.closers.push(() => way.close());
  const site = await redisSite(h, redis, { url: 'redis://127.0.0.1:' + way.address().port, more: 'oauth_session_cache off;' });
  const handle = async () => {
    const browser = new Browser();
    await assertSignedIn(site, { browser });
    return browser.jar.get('oauth').value;
  };
  const sent = [];
  for (let i = 0; i < 40; i++) {
    sent.push(await handle());
  }
  await redis.command('FLUSHALL');
  sent.push(await handle());
  delay = 150;
  for (const count of [3, 4, 5, 40]) {
    await redis.command('CONFIG', 'RESETSTAT');
    const headers = { Accept: 'text/html', Cookie: sent.slice(-1 - count).map((value) => 'oauth=' + value).join('; ') };
    const [answer, took] = await timed(() => new Browser().request(site.origin + '/', { headers }));
    assert.equal(answer.status, 200, `${count} before one's own`);
    assert.ok(took < 600, `${count}: took ${took} ms`);
    assert.equal(await redis.loads(), count + 1);
  }
  const headers = { Accept: 'application/json', Cookie: sent.slice(0, -1).map((value) => 'oauth=' + value).join('; ') };
  assert.equal((await new Browser().request(site.origin + '/', { headers })).status, 401);
});
