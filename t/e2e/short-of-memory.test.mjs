// SPDX-License-Identifier: MIT
// nginx whose workers run out of memory now and then, anywhere (DS-12, UB-13): answers with an error and never a person let in, no worker lost,
// and all as before as soon as there is memory again.
import assert from 'node:assert/strict';
import { Browser, signIn } from './lib/browser.mjs';
import { assertSignedIn, e2e } from './lib/harness.mjs';
import { until } from './lib/ports.mjs';
import { failingMemory, workersOf } from './lib/preloads.mjs';
import { Upstream } from './lib/upstream.mjs';

// What nginx itself and this module say when an allocation fails.
const NO_MEMORY = /oauth: no memory|(malloc|posix_memalign|memalign)\(.*\) failed|cannot sign anybody in.*: (no memory|OpenSSL|libcurl)|nobody can sign in yet/;

const outcome = (promise) => promise.then((response) => response.status, (error) => error.code ?? error.message);

// Whoever comes: strangers, people who sign in, people who are signed in, people who sign out.
async function visit(site, known, number) {
  const browser = number % 2 === 0 ? new Browser() : known;
  const target = site.origin + ['/', '/page?x=1', '/auth/oauth/userinfo', '/auth/oauth/login', '/gone'][number % 5];
  const statuses = [await outcome(number % 3 === 0 ? browser.fetch(target) : signIn(browser, target))];
  if (number % 7 === 0) {
    statuses.push(await outcome(browser.navigate(site.origin + '/auth/oauth/logout', { follow: false })));
  }
  return statuses;
}

e2e('DS-12 UB-13 allocations that fail under load: errors, no abort, nobody let in, and a full recovery', async (h) => {
  h.allowLog(NO_MEMORY);
  const memory = failingMemory(h.folder());
  const site = await h.site({ env: memory.env, workers: 2 });
  const known = new Browser();
  await assertSignedIn(site, { browser: known });
  const workers = workersOf(site.nginx).sort();
  const seen = new Map();
  let number = 0;
  for (const oneIn of [3000, 1000, 300, 100, 30]) {
    memory.lack(oneIn);
    for (let round = 0; round < 12; round++) {
      const visits = await Promise.all(Array.from({ length: 8 }, () => visit(site, known, number++)));
      visits.flat().forEach((status) => seen.set(status, (seen.get(status) ?? 0) + 1));
    }
    memory.plenty();
    assert.deepEqual(workersOf(site.nginx).sort(), workers, `no worker is lost where one allocation of ${oneIn} fails`);
  }
  for (const request of site.upstream.requests) {
    assert.equal(Upstream.folded(request, 'X-OAuth-Identity').length, 1, 'nobody gets through without an identity: ' + request.url);
  }
  if (memory.works) {
    assert.ok(memory.failed() > 100, memory.failed() + ' allocations have failed');
    assert.ok(seen.get(500) > 0, 'some were answered with 500: ' + JSON.stringify([...seen]));
  }
  for (let i = 0; i < 10; i++) { // both workers
    await assertSignedIn(site, { browser: new Browser() });
  }
});

e2e('workers that cannot be made ready for lack of memory refuse, and are ready later without a reload', async (h) => {
  h.allowLog(NO_MEMORY);
  const memory = failingMemory(h.folder());
  const site = await h.site({ env: memory.env, workers: 2, locations: (good) => `location /open { oauth off; proxy_pass ${good.upstream.url}; }` });
  await assertSignedIn(site, { browser: new Browser() });
  for (const oneIn of [1, 2, 20, 60]) {
    memory.lack(oneIn, { sparesNginx: true });
    await site.nginx.reload();
    await until(() => workersOf(site.nginx).length === 2, 'the old workers to end');
    const workers = workersOf(site.nginx).sort();
    const upstream = site.upstream.requests.length;
    const statuses = await Promise.all(Array.from({ length: 6 }, () => outcome(new Browser().fetch(site.origin + '/'))));
    assert.ok(statuses.every((status) => [401, 500].includes(status)), statuses.join(' '));
    if (memory.works && oneIn === 1) {
      assert.ok(statuses.every((status) => status === 500), statuses.join(' '));
    }
    assert.equal(site.upstream.requests.length, upstream);
    memory.plenty();
    for (let i = 0; i < 6; i++) {
      await until(async () => (await outcome(signIn(new Browser(), site.origin + '/'))) === 200, 'sign-ins again', 5000);
    }
    assert.deepEqual(workersOf(site.nginx).sort(), workers, 'no worker is lost');
    assert.equal((await new Browser().fetch(site.origin + '/open')).status, 200);
  }
  assert.deepEqual(site.nginx.linesSince(0, /keys or certificates/), []);
});
