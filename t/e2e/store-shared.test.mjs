// SPDX-License-Identifier: MIT
// "oauth_session shared": sessions in the zone, for all workers of one machine (CC-04, DS-11). What a reload keeps and a restart does not, what a
// full zone answers, and that a worker killed in the middle of it leaves the rest of use.
import assert from 'node:assert/strict';
import { Browser } from './lib/browser.mjs';
import { assertError, assertSignedIn, beginSignIn, e2e, hasSession, siteConfiguration } from './lib/harness.mjs';
import { configTest } from './lib/nginx.mjs';
import { until } from './lib/ports.mjs';
import { Upstream } from './lib/upstream.mjs';

const JSON_PLEASE = { Accept: 'application/json' };
const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
const copyOf = (browser) => new Browser({ jar: browser.jar.clone() });
const get = (site, browser, path = '/') => browser.fetch(site.origin + path, { headers: JSON_PLEASE });
const status = async (site, browser) => (await get(site, browser)).status;
const signOut = (site, browser) => browser.navigate(site.origin + '/auth/oauth/logout', { headers: JSON_PLEASE, follow: false });
const SHARED = 'oauth_session shared; add_header X-Worker $pid always;';
const sharedSite = (h, { server = '', http = 'oauth_zone 1m;', ...options } = {}) => h.site({ workers: 2, http, server: SHARED + server, ...options });

// The answers of both workers to this browser, by worker.
async function everywhere(site, browser) {
  const seen = new Map();
  for (let i = 0; i < 200 && seen.size < 2; i++) {
    for (const answer of await Promise.all(Array.from({ length: 4 }, () => get(site, browser)))) {
      seen.set(answer.headers['x-worker'], answer.status);
    }
  }
  assert.equal(seen.size, 2, 'both workers have answered');
  return [...seen.values()];
}

async function signedIn(site) {
  const browser = new Browser();
  const callback = await beginSignIn(site, { browser });
  const answer = await browser.navigate(callback, { headers: JSON_PLEASE, follow: false });
  return { browser, answer };
}

async function change(site, changes) {
  Object.assign(site, changes);
  site.nginx.write(siteConfiguration(site));
  await site.nginx.reload();
}

e2e('CC-04 a session is one on all workers, and so is its end', async (h) => {
  const site = await sharedSite(h);
  await assertSignedIn(site);
  assert.ok(site.browser.jar.get('oauth').value.length < 150, 'the cookie is a handle');
  assert.deepEqual(await everywhere(site, site.browser), [200, 200]);
  const copy = copyOf(site.browser);
  const former = site.browser.jar.get('oauth').value;
  assert.equal((await signOut(site, site.browser)).status, 302);
  for (let i = 0; i < 12; i++) { // at once, whoever answers
    assert.equal(await status(site, copy), 401);
  }
  await assertSignedIn(site);
  assert.notEqual(site.browser.jar.get('oauth').value, former, 'a new handle for each sign-in');
  assert.equal(await status(site, copy), 401, 'which does not bring the former one back');
  assert.deepEqual(await everywhere(site, site.browser), [200, 200]);
});

e2e('a session may be far larger than a cookie', async (h) => {
  const site = await sharedSite(h, { http: 'oauth_zone 1m; map $oauth_id_token $kept { "~^.{12000}" all; default none; }', server: 'oauth_tokens on;', rules: 'oauth_allow group=the-last-one;',
    location: 'oauth_identity off; proxy_set_header X-Kept $kept;' });
  const groups = [...Array.from({ length: 300 }, (_, i) => `group-${i}-with-a-rather-long-name`), 'the-last-one'];
  site.provider.token.claims = (claims) => ({ ...claims, groups, pad: 'x'.repeat(9000) });
  await assertSignedIn(site);
  assert.ok(site.browser.jar.get('oauth').value.length < 150);
  assert.deepEqual(await everywhere(site, site.browser), [200, 200]);
  assert.deepEqual(Upstream.folded(site.upstream.last, 'X-Kept'), ['all']);
});

e2e('a reload keeps sessions, another zone size too, and a restart loses them', async (h) => {
  const site = await sharedSite(h);
  await assertSignedIn(site);
  const gone = (await signedIn(site)).browser;
  const copy = copyOf(gone);
  await signOut(site, gone);
  for (const size of ['1m', '2m', '512k', '512k', '8m']) {
    await change(site, { http: `oauth_zone ${size};` });
    assert.deepEqual(await everywhere(site, site.browser), [200, 200], size);
    assert.deepEqual(await everywhere(site, copy), [401, 401], size);
  }
  assert.equal(site.provider.count('token'), 2, 'nobody had to sign in again');
  await site.nginx.stop();
  site.nginx.exit = undefined;
  await site.nginx.start(site.port);
  assert.equal(await status(site, site.browser), 401);
  await assertSignedIn(site);
});

e2e('a reload to another place of sessions ends them, and keeps keys and sign-outs', async (h) => {
  const site = await h.site({ http: 'oauth_zone 1m; oauth_session cookie;' });
  const keys = async () => (await site.browser.fetch(site.origin + '/auth/oauth/jwks.json')).text;
  const published = await keys();
  await assertSignedIn(site);
  const { browser: gone } = await signedIn(site);
  const copy = copyOf(gone);
  await signOut(site, gone);
  await change(site, { server: 'oauth_session shared;' });
  assert.equal(await status(site, site.browser), 401);
  const { browser: shared } = await signedIn(site);
  assert.equal(await status(site, shared), 200);
  await change(site, { server: '' });
  assert.equal(await status(site, shared), 401);
  assert.equal(await status(site, copy), 401, 'what was signed out before stays so');
  assert.equal(await status(site, site.browser), 200, 'what is in a cookie was never here');
  assert.equal(await keys(), published);
});

e2e('DS-11 a full zone refuses sign-ins with 503, and no live session is lost', async (h) => {
  const site = await sharedSite(h, { http: 'oauth_zone 128k;' });
  h.allowLog(/store_unavailable/);
  const users = [];
  let refused;
  while (!refused && users.length < 400) {
    for (const { browser, answer } of await Promise.all(Array.from({ length: 8 }, () => signedIn(site)))) {
      if (answer.status === 302) {
        users.push(browser);
      } else {
        refused = answer;
        assert.ok(!hasSession(browser));
      }
    }
  }
  assertError(refused, 503, 'store_unavailable');
  assert.match(site.nginx.linesSince(0, /store_unavailable/)[0], /the zone is full: raise oauth_zone/);
  assert.ok(users.length >= 60, `the smallest zone carries some sessions: ${users.length}`);
  const all = async () => { for (const user of users) { assert.equal(await status(site, user), 200); } };
  await all();
  const mark = site.nginx.mark();
  site.nginx.write(siteConfiguration({ ...site, http: 'oauth_zone 128k;', server: SHARED }));
  await site.nginx.reload();
  await all();
  const copy = copyOf(users[0]);
  assert.equal((await signOut(site, users.shift())).status, 302, 'a sign-out needs no room');
  assert.equal(await status(site, copy), 401);
  assert.equal((await signedIn(site)).answer.status, 302, 'its room is free');
  await change(site, { http: 'oauth_zone 256k;' });
  await all();
  assert.equal((await signedIn(site)).answer.status, 302, 'a larger zone has room');
  h.allowLog(/"oauth_zone": found 131072 bytes/);
  for (let i = 0; i < 5; i++) {
    await Promise.all(Array.from({ length: 8 }, async () => { users.push((await signedIn(site)).browser); }));
  }
  site.nginx.write(siteConfiguration({ ...site, http: 'oauth_zone 128k;' }));
  site.nginx.signal('SIGHUP');
  const line = await site.nginx.waitForLine(mark, /"oauth_zone": found 131072 bytes, which cannot/);
  const [, live, accepted] = /live now: \d+ sign-outs, (\d+) sessions, .*accepted: (\d+) or more/.exec(line);
  assert.equal(Number(live), users.length + 2);
  await all();
  await change(site, { http: `oauth_zone ${accepted};` });
  await all();
});

e2e('idle time is renewed in the zone', async (h) => {
  const site = await sharedSite(h, { server: 'oauth_session_idle 3s;' });
  const { browser } = await signedIn(site);
  for (let i = 0; i < 5; i++) {
    await pause(1100);
    const answer = await get(site, browser);
    assert.deepEqual([answer.status, answer.setCookies], [200, []]);
  }
  await pause(3200);
  assert.deepEqual(await everywhere(site, browser), [401, 401]);
});

e2e('a worker that is killed in the middle of it leaves all of use', async (h) => {
  const site = await sharedSite(h);
  h.allowLog(/exited on signal 9/);
  const users = await Promise.all(Array.from({ length: 10 }, async () => (await signedIn(site)).browser));
  let over = false;
  const load = Array.from({ length: 6 }, async () => {
    while (!over) {
      const { browser } = await signedIn(site).catch(() => ({}));
      const user = users[Math.floor(Math.random() * users.length)];
      await get(site, user).catch(() => undefined); // its connection may end with the worker
      await (browser && signOut(site, browser).catch(() => undefined));
    }
  });
  for (let kills = 0; kills < 8; kills++) {
    await pause(120);
    const mark = site.nginx.mark();
    const worker = Number((await until(async () => (await get(site, users[0]).catch(() => undefined))?.headers['x-worker'], 'an answer')));
    process.kill(worker, 'SIGKILL');
    await site.nginx.waitForLine(mark, /start worker process/);
  }
  over = true;
  await Promise.all(load);
  for (const user of users) {
    assert.deepEqual(await everywhere(site, user), [200, 200]);
  }
  const { browser } = await signedIn(site);
  const copy = copyOf(browser);
  assert.equal((await signOut(site, browser)).status, 302);
  assert.deepEqual(await everywhere(site, copy), [401, 401]);
});

e2e('a zone that is too small for sessions is found by nginx -t, and one that is small is told', () => {
  const test = (zone) => configTest(`oauth_zone ${zone}; oauth_provider test oidc { issuer https://id.example.org; client_id c; client_secret s; } server { oauth on; oauth_allow any; oauth_session shared; }`);
  const refused = test('64k');
  assert.notEqual(refused.code, 0);
  assert.match(refused.stderr, /"oauth_zone": found 65536 bytes, accepted: 131072 or more, because "oauth_session shared" keeps sessions there/);
  const small = test('512k');
  assert.equal(small.code, 0, small.stderr);
  assert.match(small.stderr, /"oauth_zone": found 524288 bytes, which hold about \d+ sign-outs at once and \d+ sessions of 1200 bytes.*usual is 8m/);
  assert.equal(test('8m').stderr.includes('oauth_zone'), false);
});
