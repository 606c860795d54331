// SPDX-License-Identifier: MIT
// Streams and what nobody asks by a request: a provider that has ended the user (RF-10), idle time, and a sign-out on another machine with the same Redis (CC-05).
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { Browser } from './lib/browser.mjs';
import { assertSignedIn, e2e } from './lib/harness.mjs';
import { until } from './lib/ports.mjs';
import { Redis } from './lib/redis.mjs';
import { UPGRADES, endless, open, pause, signOut } from './lib/streams.mjs';

const LIMIT = 5;

async function streamSite(h, options = {}) {
  const site = await h.site({ location: UPGRADES + 'proxy_buffering off;', ...options });
  site.upstream.reply = endless;
  return site;
}

for (const [store, places] of Object.entries({ cookie: '', shared: 'oauth_session shared;' })) {
  e2e(`RF-10 ${store}: whom the provider has ended loses his streams after the next check, without a request`, async (h) => {
    const site = await streamSite(h, { server: `oauth_refresh 2s; ${places}`, workers: 2 });
    await assertSignedIn(site);
    const streams = [];
    for (let i = 0; i < 6; i++) { // of both workers, most of the time
      streams.push(await open(site, '/ws', { upgrade: true }));
    }
    streams.push(await open(site, '/idle'));
    await until(() => site.provider.count('refresh') >= 3, 'checks that no request has asked for', 20000);
    assert.deepEqual(streams.filter(({ ended }) => ended).map(({ name }) => name), []);
    assert.equal((await site.browser.fetch(site.origin + '/')).status, 200, 'the browser is led to the session as it is now');
    site.provider.refresh.error = 'invalid_grant';
    const start = Date.now();
    await Promise.all(streams.map((stream) => stream.endsWithin(2 + LIMIT, start)));
    assert.equal((await site.browser.fetch(site.origin + '/')).status, 401);
    assert.equal(site.provider.reuses, 0, 'each token was used once');
  });
}

for (const [store, places] of Object.entries({ cookie: '', shared: 'oauth_session shared;' })) {
  e2e(`SC-16 ${store}: a stream ends with the idle time of its session`, async (h) => {
    const site = await streamSite(h, { server: `oauth_session_idle 4s; ${places}` });
    await assertSignedIn(site);
    const stream = await open(site, '/ws', { upgrade: true });
    const start = Date.now() + (store === 'shared' ? 4000 : 0);
    await site.nginx.reload(); // it stays with the former worker, which learns of no request any more
    for (const end = Date.now() + 6000; store === 'shared' && Date.now() < end; await pause(500)) { // it is used
      assert.equal((await site.browser.fetch(site.origin + '/')).status, 200);
      assert.equal(stream.ended, undefined);
    }
    await stream.endsWithin(store === 'shared' ? 12 : 4 + LIMIT, start);
    assert.equal((await site.browser.fetch(site.origin + '/')).status, 401);
  });
}

e2e('CC-05 redis: a sign-out on one machine ends the streams of the others', async (h) => {
  const redis = await Redis.start(h);
  const server = `server_name app.example.org; oauth_base_url http://app.example.org; oauth_session ${redis.url}; oauth_session_key ${randomBytes(32).toString('base64url')};`;
  const provider = await h.provider();
  const [one, two] = [await streamSite(h, { provider, server }), await streamSite(h, { provider, server })];
  const visit = async () => {
    const browser = new Browser({ resolve: (to) => (to.hostname === 'app.example.org' ? one.port : undefined) });
    await assertSignedIn(one, { browser, target: 'http://app.example.org/' });
    return browser;
  };
  const [alice, bob] = [await visit(), await visit()];
  const at = (site) => Object.assign(Object.create(site), { origin: 'http://app.example.org' });
  const streams = [await open(at(two), '/ws', { browser: alice, upgrade: true }), await open(at(two), '/idle', { browser: alice }), await open(at(one), '/ws', { browser: alice, upgrade: true })];
  const rest = [await open(at(two), '/ws', { browser: bob, upgrade: true }), await open(at(one), '/events', { browser: bob })];
  await pause(3000);
  assert.deepEqual([...streams, ...rest].filter(({ ended }) => ended).map(({ name }) => name), []);
  const copy = alice.jar.clone();
  const status = async (site) => (await new Browser({ jar: copy, resolve: () => site.port }).fetch('http://app.example.org/')).status;
  assert.deepEqual([await status(one), await status(two)], [200, 200]);
  const start = Date.now();
  await signOut(at(one), alice);
  assert.equal(await status(one), 401, 'at once here');
  await until(async () => await status(two) === 401, 'within oauth_session_cache there', 2000);
  await Promise.all(streams.map((stream) => stream.endsWithin(LIMIT, start)));
  await pause(2500);
  assert.deepEqual(rest.filter(({ ended }) => ended), []);
  rest.forEach((stream) => stream.stop());
});
