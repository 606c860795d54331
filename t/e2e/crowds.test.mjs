// SPDX-License-Identifier: MIT
// Many at once: a browser with a hundred tabs (SC-18, CC-01), and a crawler that brings no cookie (SC-19). Neither fills a browser, a worker or the zone.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import { Browser, signIn } from './lib/browser.mjs';
import { assertSignedIn, beginSignIn, e2e, loginCookies } from './lib/harness.mjs';
import { signOut } from './lib/streams.mjs';

// `work(i)` for each number below `count`, so many at a time.
async function inTurns(count, atATime, work) {
  let next = 0;
  const one = async () => {
    while (next < count) {
      await work(next++);
    }
  };
  await Promise.all(Array.from({ length: atATime }, one));
}

e2e('SC-18 two hundred tabs, one after the other, never have more than five sign-ins, and the last ones succeed', async (h) => {
  const site = await h.site();
  const callbacks = [];
  for (let i = 0; i < 200; i++) {
    const begun = await site.browser.navigate(`${site.origin}/${i}?${'x'.repeat(i * 5)}`, { follow: false });
    assert.equal(begun.status, 302);
    assert.ok(loginCookies(site.browser).length <= 5, String(i));
    assert.ok(site.browser.jar.header(new URL(site.origin)).length < 6000, 'and nginx takes them');
    callbacks.push(begun);
  }
  const callback = await beginSignIn(site, { target: site.origin + '/last' });
  assert.equal((await site.browser.navigate(callback, { follow: false })).headers.location, site.origin + '/last');
});

// Browsers open six connections to a host.
e2e('CC-01 a hundred first pages, six at a time, and one sign-in opens them all', async (h) => {
  const site = await h.site({ workers: 2 });
  await inTurns(100, 6, async (i) => {
    assert.equal((await site.browser.navigate(site.origin + '/' + i, { follow: false })).status, 302);
    assert.ok(loginCookies(site.browser).length <= 5 + 6, 'those that were under way at once, and five');
  });
  assert.equal((await signIn(site.browser, site.origin + '/last')).status, 200);
  await inTurns(100, 6, async (i) => assert.equal((await site.browser.navigate(site.origin + '/' + i, { follow: false })).status, 200));
});

// Resident memory of the worker, in bytes.
const memoryOf = (nginx) => {
  const worker = execFileSync('pgrep', ['-P', String(nginx.child.pid)], { encoding: 'utf8' }).trim();
  return Number(readFileSync(`/proc/${worker}/statm`, 'utf8').split(' ')[1]) * 4096;
};

e2e('SC-19 a crawler without cookies leaves nothing in a worker and nothing in the zone', async (h) => {
  const site = await h.site({ http: 'oauth_zone 32k; oauth_session cookie;', logLevel: 'error' });
  const agent = new http.Agent({ keepAlive: true, maxSockets: 8 });
  h.closers.push(() => agent.destroy());
  const crawl = (count) => inTurns(count, 8, (i) => new Promise((resolve, reject) => {
    const headers = i % 2 ? { Accept: 'text/html', 'Sec-Fetch-Mode': 'navigate' } : { Accept: 'application/json' };
    http.get({ agent, host: '127.0.0.1', port: site.port, path: `/page/${count}/${i}?x=${i}`, headers }, (response) => {
      response.resume().on('end', () => resolve(assert.equal(response.statusCode, i % 2 ? 302 : 401)));
    }).on('error', reject);
  }));
  await crawl(2000);
  const before = memoryOf(site.nginx);
  await crawl(8000);
  if (!process.env.OAUTH_SANITIZE) { // which keeps what was freed
    assert.ok(memoryOf(site.nginx) - before < 8000 * 64, `${memoryOf(site.nginx) - before} bytes more`);
  }
  assert.equal(site.upstream.requests.length, 0);
  const browser = new Browser();
  await assertSignedIn(site, { browser });
  assert.equal((await signOut(site, browser)).status, 302, 'there is room for a sign-out');
  assert.equal((await browser.fetch(site.origin + '/')).status, 401);
});
