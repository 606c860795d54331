// SPDX-License-Identifier: MIT
// What comes with a former cookie of a session that has been refreshed, what a late answer would put in the place of a newer one, and what a store has lost.
import assert from 'node:assert/strict';
import { Browser } from './lib/browser.mjs';
import { assertSignedIn, e2e } from './lib/harness.mjs';
import { until } from './lib/ports.mjs';
import { Redis } from './lib/redis.mjs';
import { pause, signOut } from './lib/streams.mjs';

const JSON_PLEASE = { Accept: 'application/json' };
const COOKIE = 'oauth_session cookie; oauth_refresh 2s;';
const untilDue = () => pause(2100);
const get = (site, browser = site.browser, path = '/') => browser.fetch(site.origin + path, { headers: JSON_PLEASE });

// A client that always sends the cookies that `site.browser` has now.
function clientOf(site) {
  const headers = { ...JSON_PLEASE, Cookie: site.browser.jar.header(new URL(site.origin + '/')) };
  return () => new Browser().fetch(site.origin + '/', { headers });
}

e2e('RF-10 a client that never takes the renewed cookie is asked for again all the same', async (h) => {
  h.allowLog(/has ended session/);
  const site = await h.site({ server: COOKIE });
  await assertSignedIn(site);
  const ask = clientOf(site);
  for (let round = 1; round <= 2; round++) {
    await untilDue();
    assert.equal((await ask()).status, 200);
    assert.equal(site.provider.count('refresh'), round);
    assert.equal((await ask()).status, 200);
    assert.equal(site.provider.count('refresh'), round, 'once in two seconds');
  }
  site.provider.refresh = { error: 'invalid_grant' };
  await untilDue();
  for (let i = 0; i < 3; i++) {
    assert.equal((await ask()).status, 401);
  }
  assert.equal(site.provider.count('refresh'), 3);
  assert.equal(site.provider.reuses, 0);
});

e2e('RF-04 what the provider has refused is refused to who comes with a former cookie', async (h) => {
  h.allowLog(/has ended session/);
  const site = await h.site({ server: COOKIE });
  await assertSignedIn(site);
  const ask = clientOf(site);
  await untilDue();
  assert.equal((await get(site)).status, 200);
  await untilDue();
  site.provider.refresh = { error: 'invalid_grant' };
  assert.equal((await get(site)).status, 401);
  assert.equal((await ask()).status, 401);
});

// The application holds the answer to /slow back until `release` is called.
function holdSlow(site) {
  let release;
  const held = new Promise((resolve) => { release = resolve; });
  site.upstream.reply = (request, answer) => {
    if (request.url !== '/slow') {
      return false;
    }
    held.then(() => answer.writeHead(200).end('late'));
    return true;
  };
  return release;
}

e2e('RF-12 a late answer does not put the cookie of a former session over the newer one', async (h) => {
  const site = await h.site({ server: COOKIE + 'oauth_session_idle 20s;' });
  const release = holdSlow(site);
  await assertSignedIn(site);
  await untilDue(); // and the idle time is to be written
  let go;
  site.provider.refresh = { wait: new Promise((resolve) => { go = resolve; }) };
  const first = get(site);
  await until(() => site.provider.count('refresh') === 1, 'a refresh');
  const slow = get(site, site.browser, '/slow');
  await until(() => site.upstream.requests.some(({ url }) => url === '/slow'), 'the slow request');
  go();
  site.provider.refresh = {};
  assert.equal((await first).setCookies.length, 1);
  release();
  const late = await slow;
  assert.equal(late.status, 200);
  assert.equal(late.setCookies.length, 1);
  assert.equal((await get(site)).status, 200);
  assert.equal(site.provider.count('refresh'), 1);
});

e2e('RF-12 a late answer does not delete the cookie of who has signed in meanwhile', async (h) => {
  h.allowLog(/has ended session/);
  const site = await h.site({ server: COOKIE, locations: ({ upstream }) => `location /open { oauth optional; proxy_pass ${upstream.url}; }` });
  await assertSignedIn(site);
  let release;
  const held = new Promise((resolve) => { release = resolve; });
  site.upstream.reply = (request, answer) => request.url === '/open/slow' && (held.then(() => answer.writeHead(200).end('late')), true);
  await untilDue();
  site.provider.refresh = { error: 'invalid_grant' };
  const slow = get(site, site.browser, '/open/slow');
  await until(() => site.upstream.requests.some(({ url }) => url === '/open/slow'), 'the slow request, for nobody');
  await assertSignedIn(site);
  await pause(1900);
  release();
  assert.deepEqual((await slow).setCookies, []);
  site.provider.refresh = {};
  assert.equal((await get(site)).status, 200);
});

e2e('a late answer does not sign out who has signed in meanwhile', async (h) => {
  const site = await h.site({ server: 'oauth_session cookie; oauth_session_idle 20s;' });
  const release = holdSlow(site);
  await assertSignedIn(site);
  await untilDue();
  const slow = get(site, site.browser, '/slow');
  await until(() => site.upstream.requests.some(({ url }) => url === '/slow'), 'the slow request');
  assert.equal((await signOut(site)).status, 302);
  site.provider.user = { ...site.provider.user, sub: 'bob' };
  await assertSignedIn(site);
  release();
  assert.deepEqual((await slow).setCookies, []);
  assert.equal((await get(site)).status, 200);
});

e2e('DS-11 without room for what leads other requests to the new session they go on with the former one', async (h) => {
  h.allowLog(/has no room/);
  const site = await h.site({ http: 'oauth_zone 64k;', server: `oauth_session cookie; oauth_tokens on; oauth_refresh 4s;` });
  const people = [];
  for (let i = 0; i < 12; i++) {
    people.push(new Browser());
    await assertSignedIn(site, { browser: people[i] });
  }
  await pause(4100);
  let stranded = 0;
  for (const browser of people) {
    const tab = new Browser({ jar: browser.jar.clone() }); // it sends its request before the new cookie is there
    assert.equal((await get(site, browser)).setCookies.length, 1);
    const answer = await get(site, tab);
    assert.equal(answer.status, 200);
    stranded += answer.setCookies.length === 0 ? 1 : 0;
  }
  assert.ok(stranded > 0, 'the zone was too large');
  assert.equal(site.nginx.log().match(/the zone has no room for what leads .*: raise oauth_zone/g).length, 1);
  assert.equal(site.provider.reuses, 0);
});

e2e('CC-06 a session whose refresh Redis has lost ends: nobody could be asked about it again', async (h) => {
  h.allowLog(/has ended: the store has lost/);
  const redis = await Redis.start(h);
  const site = await h.site({ server: `oauth_session ${redis.url}; oauth_session_key "MDEyMzQ1Njc4OWFiY2RlZmZlZGNiYTk4NzY1NDMyMTA="; oauth_refresh 2s; oauth_session_cache 100ms;` });
  await assertSignedIn(site);
  const [key] = await redis.keys('oauth:s:*');
  const before = await redis.command('GET', key);
  await untilDue();
  assert.equal((await get(site)).status, 200);
  assert.equal(site.provider.count('refresh'), 1);
  await redis.command('SET', key, before, 'KEEPTTL');
  await pause(150);
  assert.equal((await get(site)).status, 401);
  assert.deepEqual(await redis.keys('oauth:s:*'), []);
  assert.equal(site.provider.count('refresh'), 1);
});
