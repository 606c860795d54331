// SPDX-License-Identifier: MIT
// A reload with another oauth_zone: keys, sign-outs and used sign-ins go on, a size that cannot hold them is refused, and a worker that is being
// replaced promises nothing that the new ones would not know (DS-11).
import assert from 'node:assert/strict';
import net from 'node:net';
import { Browser } from './lib/browser.mjs';
import { assertSignedIn, beginSignIn, e2e, siteConfiguration } from './lib/harness.mjs';
import { until } from './lib/ports.mjs';

const JSON_PLEASE = { Accept: 'application/json' };
const copyOf = (browser) => new Browser({ jar: browser.jar.clone() });
const status = async (site, browser) => (await browser.fetch(site.origin + '/', { headers: JSON_PLEASE })).status;
const keys = async (site) => (await site.browser.fetch(site.origin + '/auth/oauth/jwks.json')).text;

function configure(site, size) {
  site.http = `oauth_zone ${size};`;
  site.nginx.write(siteConfiguration(site));
}

async function resize(site, size) {
  configure(site, size);
  await site.nginx.reload();
}

// Signs somebody in and out, and gives a copy of the cookie.
async function signedOut(site) {
  const browser = new Browser();
  const callback = await beginSignIn(site, { browser });
  assert.equal((await browser.navigate(callback, { follow: false })).status, 302);
  const copy = copyOf(browser);
  assert.equal((await browser.navigate(site.origin + '/auth/oauth/logout', { headers: JSON_PLEASE, follow: false })).status, 302);
  return copy;
}

e2e('DS-11 a reload with a larger or a smaller zone keeps keys, sessions, sign-outs and used sign-ins', async (h) => {
  const site = await h.site({ http: 'oauth_zone 1m;', workers: 2 });
  const user = new Browser();
  const callback = await beginSignIn(site, { browser: user });
  const before = copyOf(user);
  assert.equal((await user.navigate(callback, { follow: false })).status, 302);
  const ended = [await signedOut(site)];
  const published = await keys(site);
  for (const size of ['2m', '256k', '8m', '8m', '1m']) {
    await resize(site, size);
    assert.equal(await keys(site), published, size + ': the application still trusts us');
    for (let i = 0; i < 4; i++) { // whichever worker
      assert.equal(await status(site, user), 200, size);
      for (const copy of ended) {
        assert.equal(await status(site, copy), 401, size + ': signed out before');
      }
    }
    const again = await copyOf(before).navigate(callback, { headers: JSON_PLEASE, follow: false });
    assert.deepEqual([again.status, again.setCookies], [302, []], size + ': the sign-in is known as used');
    await assertSignedIn(site, { browser: new Browser() });
    ended.push(await signedOut(site));
    assert.equal(await status(site, ended.at(-1)), 401, size + ': signed out now');
  }
});

e2e('DS-11 a zone that cannot hold the sign-outs is refused with what it takes, and nothing is lost', async (h) => {
  const site = await h.site({ http: 'oauth_zone 64k;', server: 'oauth_session cookie;' });
  h.allowLog(/"oauth_zone": found 32768 bytes/);
  await assertSignedIn(site);
  const ended = [];
  while (ended.length < 330) {
    ended.push(...await Promise.all(Array.from({ length: 10 }, () => signedOut(site))));
  }
  const keep = async (size) => {
    assert.equal(await status(site, site.browser), 200, size);
    for (const copy of ended.filter((_, i) => i % 30 === 0)) {
      assert.equal(await status(site, copy), 401, size);
    }
  };
  const mark = site.nginx.mark();
  configure(site, '32k');
  site.nginx.signal('SIGHUP');
  const line = await site.nginx.waitForLine(mark, /"oauth_zone": found \d+ bytes, which cannot/);
  const [, live, accepted] = /cannot hold what is live now: (\d+) sign-outs, 0 sessions, 0 renewals of sessions; accepted: (\d+) or more; what was configured before stays in use/.exec(line);
  assert.equal(Number(live), ended.length);
  await keep('refused');
  ended.push(await signedOut(site));
  await resize(site, accepted);
  await keep(accepted);
  assert.equal(await status(site, ended.at(-1)), 401, 'signed out after the refused reload');
});

// A request that the old worker has begun to read when the new ones start. In Redis a sign-out needs no zone.
for (const place of ['cookie', 'shared']) {
  e2e(`a worker that a reload with another zone replaces knows what was signed out before, and signs nobody out: sessions in ${place}`, async (h) => {
    const site = await h.site({ http: 'oauth_zone 1m;', server: `oauth_session ${place};` });
    h.allowLog(/store_unavailable/);
    const user = new Browser();
    await assertSignedIn(site, { browser: user });
    const gone = await signedOut(site);
    const begin = (browser, path) => new Promise((resolve, reject) => {
      const socket = net.connect(site.port, '127.0.0.1');
      let answer = '';
      socket.on('data', (part) => { answer += part; }).once('error', reject);
      const ended = new Promise((done) => { socket.once('close', () => done(Number(answer.split(' ')[1]))); });
      socket.once('connect', () => socket.write(`POST ${path} HTTP/1.1\r\nHost: 127.0.0.1:${site.port}\r\nSec-Fetch-Site: same-origin\r\nContent-Length: 0\r\nAccept: application/json\r\n`, () => {
        resolve(() => {
          socket.write(`Cookie: ${browser.jar.header(new URL(site.origin + '/'))}\r\n\r\n`);
          return ended;
        });
      }));
    });
    const out = await begin(user, '/auth/oauth/logout');
    const known = await begin(gone, '/');
    assert.equal(await status(site, user), 200); // so both have been taken up
    await resize(site, '2m');
    assert.equal(await out(), 503, 'no promise');
    assert.equal(await known(), 401);
    assert.match(site.nginx.linesSince(0, /store_unavailable/)[0], /a reload with another oauth_zone is replacing this worker/);
    const copy = copyOf(user);
    assert.equal(await status(site, copy), 200);
    assert.equal((await user.navigate(site.origin + '/auth/oauth/logout', { headers: JSON_PLEASE, follow: false })).status, 302);
    assert.equal(await status(site, copy), 401);
  });
}

// It has redeemed the refresh token already: the new workers would do so again.
for (const place of ['cookie', 'shared']) {
  e2e(`RF-03 DS-11 what a worker gets for a refresh while a reload with another zone replaces it is not lost: sessions in ${place}`, async (h) => {
    const site = await h.site({ http: 'oauth_zone 1m;', server: `oauth_session ${place}; oauth_refresh 2s;` });
    await assertSignedIn(site);
    const before = site.provider.count('refresh');
    const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
    await pause(2100);
    let release;
    site.provider.refresh = { wait: new Promise((resolve) => { release = resolve; }) };
    const left = status(site, copyOf(site.browser)).catch(() => 0); // a tab that nobody waits for
    await until(() => site.provider.count('refresh') === before + 1, 'the refresh');
    await resize(site, '2m');
    assert.equal(await status(site, site.browser), 200, 'under way');
    release();
    site.provider.refresh = {};
    assert.equal(await left, 200);
    await pause(1100); // when it is looked again whether that is done
    const answer = await site.browser.fetch(site.origin + '/', { headers: JSON_PLEASE });
    assert.equal(answer.status, 200);
    assert.equal(answer.setCookies.length > 0, place === 'cookie', 'the session that came of it');
    await pause(2100);
    assert.equal(await status(site, site.browser), 200);
    assert.ok(site.provider.count('refresh') >= before + 2, 'the next one with the new token; on a slow machine a third is due');
    assert.equal(site.provider.reuses, 0);
  });
}
