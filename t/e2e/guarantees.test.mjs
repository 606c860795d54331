// SPDX-License-Identifier: MIT
// What docs/operations.md promises of each place for sessions ("Where sessions are kept"): what stays over a reload, a restart, an upgrade of the binary, and at a second machine
// with the same keys; and who has been signed out.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { Browser, signIn } from './lib/browser.mjs';
import { Daemon } from './lib/daemon.mjs';
import { e2e, siteConfiguration } from './lib/harness.mjs';
import { until } from './lib/ports.mjs';
import { startRedis } from './lib/documented-redis.mjs';

const KEY = randomBytes(32).toString('base64url');
const BASE = 'http://app.example.org';

// Whether a session lives on, and whether the copy of one that was signed out is good again.
const STORES = {
  cookie: { reload: [200, 401], restart: [200, 200], upgrade: [200, 200], second: [200, 200] },
  shared: { reload: [200, 401], restart: [401, 401], upgrade: [401, 401], second: [401, 401] },
  redis: { reload: [200, 401], restart: [200, 401], upgrade: [200, 401], second: [200, 401] },
};

async function visit(site, jar) {
  const browser = new Browser({ jar, resolve: (url) => (url.hostname === 'app.example.org' ? site.port : undefined) });
  browser.status = async (at = site) => (await new Browser({ jar: browser.jar.clone(), resolve: () => at.port }).fetch(BASE + '/', { headers: { Accept: 'application/json' } })).status;
  return browser;
}

// A visitor who is signed in, and a copy of the cookie of one who has signed out.
async function twoVisitors(site) {
  const [lives, ended] = [await visit(site), await visit(site)];
  for (const browser of [lives, ended]) {
    assert.equal((await signIn(browser, BASE + '/')).status, 200);
  }
  const copy = await visit(site, ended.jar.clone());
  await ended.navigate(BASE + '/auth/oauth/logout', { initiator: BASE, follow: false });
  return async (at) => [await lives.status(at), await copy.status(at)];
}

for (const [store, expected] of Object.entries(STORES)) {
  // undefined: there is no Redis here
  const makeServer = async (h) => {
    const place = store === 'redis' ? (await startRedis(h))?.store : store;
    return place && `server_name app.example.org; oauth_base_url ${BASE}; oauth_session_key ${KEY}; oauth_session_timeout 10s; oauth_session ${place};`;
  };

  e2e(`${store}: sessions and sign-outs over a reload and a restart`, async (h) => {
    const server = await makeServer(h);
    if (!server) {
      return;
    }
    const site = await h.site({ server });
    const states = await twoVisitors(site);
    assert.deepEqual(await states(), [200, 401]);
    await site.nginx.reload();
    assert.deepEqual(await states(), expected.reload, 'a reload');
    site.nginx.write(siteConfiguration({ ...site, server, http: 'oauth_zone 6m;' }));
    await site.nginx.reload();
    assert.deepEqual(await states(), expected.reload, 'another size of the zone');
    await site.nginx.stop();
    site.nginx.exit = undefined;
    await site.nginx.start(site.port);
    assert.deepEqual(await states(), expected.restart, 'a restart');
  });

  e2e(`${store}: sessions and sign-outs over an upgrade of the binary`, async (h) => {
    const server = await makeServer(h);
    if (!server) {
      return;
    }
    const site = await h.site({ server, kind: Daemon });
    const states = await twoVisitors(site);
    await site.nginx.upgrade();
    assert.deepEqual(await states(), expected.upgrade);
  });

  e2e(`${store}: sessions and sign-outs at a second machine with the same key`, async (h) => {
    const server = await makeServer(h);
    if (!server) {
      return;
    }
    const site = await h.site({ server });
    const second = await h.site({ server, provider: site.provider });
    const states = await twoVisitors(site);
    assert.deepEqual(await states(second), expected.second);
    assert.deepEqual(await states(), [200, 401], 'at the first');
  });
}

e2e('without an oauth_session_key an upgrade of the binary and a restart make everybody sign in again, and a reload nobody', async (h) => {
  const site = await h.site({ server: `oauth_session cookie; server_name app.example.org; oauth_base_url ${BASE};`, kind: Daemon });
  const browser = await visit(site);
  const enter = async () => assert.equal((await signIn(browser, BASE + '/')).status, 200);
  await enter();
  await site.nginx.reload();
  assert.equal(await browser.status(), 200);
  await site.nginx.upgrade();
  assert.equal(await browser.status(), 401);
  await enter();
  assert.equal(await browser.status(), 200);
});

e2e('the documented settings of Redis are ones that it takes, and the rights of its user are enough', async (h) => {
  const redis = await startRedis(h);
  if (!redis) {
    return;
  }
  for (const line of redis.settings.trim().split('\n')) {
    const [name, value] = line.trim().split(/\s+/);
    const [, found] = redis.ask('CONFIG', 'GET', name);
    assert.equal(found, value.endsWith('mb') ? String(parseInt(value, 10) * 1024 * 1024) : value, name);
  }
  const site = await h.site({ server: `server_name app.example.org; oauth_base_url ${BASE}; oauth_session_key ${KEY}; oauth_session_timeout 10s; oauth_session_idle 1m; oauth_session ${redis.store};` });
  const states = await twoVisitors(site);
  assert.deepEqual(await states(), [200, 401]);
  assert.doesNotMatch(site.nginx.log(), /noeviction|rights|does not let its user/);
  // Redis is away, and comes back with what it had.
  await redis.stop();
  const mark = site.nginx.mark();
  await new Promise((resolve) => { setTimeout(resolve, 1100); }); // oauth_session_cache
  assert.deepEqual(await states(), [503, 503]);
  assert.equal((await new Browser({ resolve: () => site.port }).fetch(BASE + '/')).status, 401, 'who brings no cookie is answered as ever');
  assert.ok(site.nginx.linesSince(mark, /store_unavailable/).length > 0);
  await redis.start();
  await until(async () => (await states())[0] === 200, 'the session to be found again');
  assert.deepEqual(await states(), [200, 401]);
  // Nothing of a person is in it as it stands.
  await redis.stop();
  const files = readdirSync(redis.folder, { recursive: true }).filter((name) => /\.(aof|rdb)$/.test(name));
  assert.ok(files.length > 0);
  for (const name of files) {
    assert.doesNotMatch(readFileSync(path.join(redis.folder, name), 'latin1'), /alice|example\.org|at-/, name);
  }
});
