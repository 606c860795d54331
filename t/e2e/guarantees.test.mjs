// SPDX-License-Identifier: MIT
// What docs/operations.md promises of each place for sessions ("Where sessions are kept"): what stays over a reload, a restart, an upgrade of the binary, and at a second machine
// with the same keys; and who has been signed out.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, writeFileSync } from 'node:fs';
import { Browser, signIn } from './lib/browser.mjs';
import { Daemon } from './lib/daemon.mjs';
import { documented } from './lib/documents.mjs';
import { e2e, siteConfiguration } from './lib/harness.mjs';
import { canConnect, freePort, until } from './lib/ports.mjs';

const KEY = randomBytes(32).toString('base64url');
const BASE = 'http://app.example.org';

// Whether a session lives on, and whether the copy of one that was signed out is good again.
const STORES = {
  cookie: { server: '', reload: [200, 401], restart: [200, 200], upgrade: [200, 200], second: [200, 200] },
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

for (const [store, { server: own, ...expected }] of Object.entries(STORES)) {
  const server = `server_name app.example.org; oauth_base_url ${BASE}; oauth_session_key ${KEY}; ${own}`;

  e2e(`${store}: sessions and sign-outs over a reload and a restart`, async (h) => {
    const site = await h.site({ server });
    const states = await twoVisitors(site);
    assert.deepEqual(await states(), [200, 401]);
    await site.nginx.reload();
    assert.deepEqual(await states(), expected.reload, 'a reload');
    site.nginx.write(siteConfiguration({ ...site, http: 'oauth_zone 6m;' }));
    await site.nginx.reload();
    assert.deepEqual(await states(), expected.reload, 'another size of the zone');
    await site.nginx.stop();
    site.nginx.exit = undefined;
    await site.nginx.start(site.port);
    assert.deepEqual(await states(), expected.restart, 'a restart');
  });

  e2e(`${store}: sessions and sign-outs over an upgrade of the binary`, async (h) => {
    const site = await h.site({ server, kind: Daemon });
    const states = await twoVisitors(site);
    await site.nginx.upgrade();
    assert.deepEqual(await states(), expected.upgrade);
  });

  e2e(`${store}: sessions and sign-outs at a second machine with the same key`, async (h) => {
    const site = await h.site({ server });
    const second = await h.site({ server, provider: site.provider });
    const states = await twoVisitors(site);
    assert.deepEqual(await states(second), expected.second);
    assert.deepEqual(await states(), [200, 401], 'at the first');
  });
}

e2e('without an oauth_session_key an upgrade of the binary and a restart make everybody sign in again, and a reload nobody', async (h) => {
  const site = await h.site({ server: `server_name app.example.org; oauth_base_url ${BASE};`, kind: Daemon });
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

e2e('the documented settings of Redis are ones that it takes', async (h) => {
  const server = ['/usr/bin/redis-server', '/usr/bin/valkey-server'].find((file) => existsSync(file));
  if (!server) {
    console.log('skipped: there is no Redis on this machine');
    return;
  }
  const [folder, port] = [h.folder(), await freePort()];
  const [settings] = documented('operations.md', 'Redis', 'conf');
  writeFileSync(folder + '/redis.conf', `${settings}\nport ${port}\nbind 127.0.0.1\ndir ${folder}\n`);
  const child = spawn(server, [folder + '/redis.conf'], { stdio: 'ignore' });
  const ended = new Promise((resolve) => { child.once('exit', resolve); child.once('error', resolve); });
  h.closers.push(() => { child.kill('SIGKILL'); return ended; });
  await until(() => canConnect(port), 'Redis');
  for (const line of settings.trim().split('\n')) {
    const [name, value] = line.trim().split(/\s+/);
    const [, found] = execFileSync(server.replace('-server', '-cli'), ['-p', String(port), 'CONFIG', 'GET', name], { encoding: 'utf8' }).split('\n');
    assert.equal(found, value.replace(/mb$/, '') === value ? value : String(parseInt(value, 10) * 1024 * 1024), name);
  }
});
