// SPDX-License-Identifier: MIT
// A provider's word that ends sessions, where they are in Redis or in the stores of several servers: what fails halfway is done by the repeat (LO-13), a zone without room
// keeps nothing from ending, and each store of the configuration is asked, once (LO-17, LO-18, LO-23).
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import net from 'node:net';
import { Browser, signIn } from './lib/browser.mjs';
import { assertSignedIn, e2e, providerBlock } from './lib/harness.mjs';
import { keyFor, sign } from './lib/jws.mjs';
import { until } from './lib/ports.mjs';
import { Redis } from './lib/redis.mjs';

const KEY = 'oauth_session_key "MDEyMzQ1Njc4OWFiY2RlZmZlZGNiYTk4NzY1NDMyMTA=";';
const EVENT = 'http://schemas.openid.net/event/backchannel-logout';
const JSON_HEADERS = { Accept: 'application/json' };
const OFF = 'oauth_session_cache off;';
const now = () => Math.floor(Date.now() / 1000);

function logoutToken(provider, claims = {}) {
  const payload = { iss: provider.issuer, aud: provider.clientId, iat: now(), exp: now() + 120, jti: crypto.randomUUID(), sub: provider.user.sub, events: { [EVENT]: {} }, ...claims };
  const key = keyFor('RS256');
  return sign({ header: { alg: 'RS256', kid: key.kid, typ: 'logout+jwt' }, alg: 'RS256', key, payload });
}

const tell = (url, token, resolve) => new Browser({ resolve }).request(url + '/auth/oauth/test/backchannel-logout',
  { method: 'POST', headers: { 'Content-Type': 'application/x-www-form-urlencoded' }, body: new URLSearchParams({ logout_token: token }).toString() });

// Redis is not asked for a moment after it has failed: 503 until then, and never a refusal.
async function repeat(attempt) {
  let status = 503;
  await until(async () => {
    if (status === 503) {
      status = (await attempt()).status;
    }
    return status !== 503;
  }, 'the logout to be taken');
  assert.equal(status, 200);
}

// A way to that Redis that can lose what ends all sessions of a user.
async function unsteady(h, redis) {
  const way = { loses: false };
  const open = [];
  const server = net.createServer((client) => {
    const up = net.connect(redis.port, '127.0.0.1');
    open.push(client, up);
    for (const [from, to] of [[client, up], [up, client]]) {
      from.on('error', () => {});
      from.on('close', () => to.destroy());
    }
    up.pipe(client);
    client.on('data', (bytes) => way.loses && bytes.includes('ZRANGE') || up.write(bytes));
  });
  await new Promise((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  h.closers.push(() => {
    server.close();
    open.forEach((socket) => socket.destroy());
  });
  way.url = 'redis://127.0.0.1:' + server.address().port;
  return way;
}

e2e('LO-13 a logout that failed halfway is done when it comes again, and is no replay until then', async (h) => {
  h.allowLog(/store_unavailable|Redis at/);
  const redis = await Redis.start(h);
  const way = await unsteady(h, redis);
  const site = await h.site({ server: `oauth_session ${way.url}; ${KEY} ${OFF}` });
  await assertSignedIn(site);
  const token = logoutToken(site.provider);
  way.loses = true;
  const failed = await tell(site.origin, token);
  assert.deepEqual([failed.status, failed.json().error], [503, 'temporarily_unavailable']);
  assert.ok(failed.headers['retry-after']);
  way.loses = false;
  await repeat(() => tell(site.origin, token));
  assert.equal((await site.browser.fetch(site.origin + '/', { headers: JSON_HEADERS })).status, 401);
  assert.equal((await redis.keys('oauth:s:*')).length, 0, 'nor has another node it any more');
  assert.equal((await tell(site.origin, token)).status, 400);
});

e2e('a zone without room keeps no session in Redis from ending', async (h) => {
  const redis = await Redis.start(h);
  const site = await h.site({ http: 'oauth_zone 32k;', server: `oauth_session ${redis.url}; ${KEY} ${OFF}` });
  await assertSignedIn(site);
  for (let i = 0; i < 90; i++) { // more than the zone has marks for
    assert.equal((await tell(site.origin, logoutToken(site.provider, { sub: 'u' + i }))).status, 200);
  }
  const token = logoutToken(site.provider);
  assert.equal((await tell(site.origin, token)).status, 200);
  assert.equal((await site.browser.fetch(site.origin + '/', { headers: JSON_HEADERS })).status, 401);
  assert.equal((await tell(site.origin, token)).status, 400, 'LO-13');
});

// Three servers of one nginx and one provider: `stores` of a, b and c. The visitor is signed in at each.
async function servers(h, stores) {
  const site = await h.site({
    configure: (s) => `${providerBlock(s.provider)} oauth on; oauth_allow any; ${KEY} ${OFF}
      ${stores.map((store, i) => `server { listen 127.0.0.1:${s.port}; server_name ${'abc'[i]}.test; oauth_session ${store}; location / { proxy_pass ${s.upstream.url}; } }`).join('\n')}` });
  site.at = [...'abc'].map((name) => `http://${name}.test:${site.port}`);
  site.resolve = (url) => (url.hostname === '127.0.0.1' ? undefined : site.port);
  site.provider.token = { claims: (claims) => ({ ...claims, sid: 's-1' }) };
  const browser = new Browser({ resolve: site.resolve });
  site.signIn = async () => {
    for (const url of site.at) {
      assert.equal((await signIn(browser, url + '/')).status, 200, url);
    }
  };
  site.states = () => Promise.all(site.at.map(async (url) => (await browser.fetch(url + '/', { headers: JSON_HEADERS })).status));
  site.tell = (i, token) => tell(site.at[i], token, site.resolve);
  await site.signIn();
  return site;
}

e2e('LO-17 LO-18 LO-23 what comes to one server ends sessions in the stores of all, each asked once', async (h) => {
  const redis = await Redis.start(h);
  const site = await servers(h, ['cookie', redis.url + '/1', redis.url + '/1']);
  const inRedis = async () => (await redis.ask(['SELECT', '1'], ['KEYS', 'oauth:s:*']))[1].length;
  assert.deepEqual([await site.states(), await inRedis()], [[200, 200, 200], 2]);
  await redis.command('CONFIG', 'RESETSTAT');
  const token = logoutToken(site.provider);
  assert.equal((await site.tell(0, token)).status, 200);
  assert.deepEqual([await site.states(), await inRedis()], [[401, 401, 401], 0]);
  assert.match(String(await redis.command('INFO', 'commandstats')), /cmdstat_zrange:calls=1,/, 'two servers, and one Redis');
  for (const i of site.at.keys()) {
    assert.equal((await site.tell(i, token)).status, 400, 'a replay at another server is one');
  }
  await site.signIn();
  assert.equal((await site.tell(2, logoutToken(site.provider, { sub: undefined, sid: 's-1' }))).status, 200);
  assert.deepEqual([await site.states(), await inRedis()], [[401, 401, 401], 0]);
  await site.signIn();
  const frame = `/auth/oauth/test/frontchannel-logout?iss=${encodeURIComponent(site.provider.issuer)}&sid=s-1`;
  assert.equal((await new Browser({ resolve: site.resolve }).request(site.at[0] + frame)).status, 200);
  assert.deepEqual([await site.states(), await inRedis()], [[401, 401, 401], 0]);
});

e2e('LO-13 one store of several that fails is asked again by the repeat, and the others have ended by then', async (h) => {
  h.allowLog(/store_unavailable|Redis at/);
  const redis = await Redis.start(h);
  const way = await unsteady(h, redis);
  const site = await servers(h, ['shared', redis.url + ' prefix=b:', way.url + ' prefix=c:']);
  const left = async () => [(await redis.keys('b:s:*')).length, (await redis.keys('c:s:*')).length];
  assert.deepEqual(await left(), [1, 1]);
  const token = logoutToken(site.provider);
  way.loses = true;
  assert.equal((await site.tell(0, token)).status, 503);
  assert.deepEqual(await left(), [0, 1]);
  way.loses = false;
  await repeat(() => site.tell(0, token));
  assert.deepEqual(await left(), [0, 0]);
  assert.deepEqual(await site.states(), [401, 401, 401]);
  assert.equal((await site.tell(1, token)).status, 400);
});
