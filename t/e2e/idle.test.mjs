// SPDX-License-Identifier: MIT
// oauth_session_idle and oauth_session_lifetime to the second, with each store (SC-16): use keeps a session, and writes that down seldom; what is not
// used ends.
import assert from 'node:assert/strict';
import { Browser } from './lib/browser.mjs';
import { assertSignedIn, e2e, siteConfiguration } from './lib/harness.mjs';
import { Redis } from './lib/redis.mjs';
import { Upstream } from './lib/upstream.mjs';

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
const get = (site, browser = site.browser) => browser.fetch(site.origin + '/', { headers: { Accept: 'application/json' } });
const KEY = 'oauth_session_key "MDEyMzQ1Njc4OWFiY2RlZmZlZGNiYTk4NzY1NDMyMTA=";';
const stores = {
  cookie: async () => 'oauth_session cookie;',
  shared: async () => 'oauth_session shared;',
  redis: async (h) => `oauth_session ${(await Redis.start(h)).url}; ${KEY}`,
};

for (const [store, configure] of Object.entries(stores)) {
  e2e(`SC-16 a session that is used goes on, and one that is not ends (${store})`, async (h) => {
    const site = await h.site({ server: `${await configure(h)} oauth_session_idle 6s;` });
    await assertSignedIn(site);
    for (let i = 0; i < 4; i++) {
      await pause(2000);
      assert.equal((await get(site)).status, 200, 'eight seconds of use');
    }
    const left = new Browser({ jar: site.browser.jar.clone() });
    await pause(6100);
    assert.equal((await get(site)).status, 401);
    assert.equal((await get(site, left)).status, 401);
    await assertSignedIn(site);
  });

  e2e(`no signed identity goes upstream after its end, which is the session's (${store})`, async (h) => {
    const site = await h.site({ server: `${await configure(h)} oauth_session_idle 4s; oauth_identity_ttl 60s;` });
    await assertSignedIn(site);
    for (let i = 0; i < 18; i++) {
      const answer = await get(site);
      const [token] = Upstream.folded(answer.json(), 'X-OAuth-Identity');
      const { exp } = JSON.parse(Buffer.from(token.split('.')[1], 'base64url'));
      assert.ok(exp * 1000 > Date.now() - 100, `ended ${Date.now() - exp * 1000} ms ago`);
      await pause(500);
    }
  });

  e2e(`its use is written down at most once in a tenth of the idle time (${store})`, async (h) => {
    const site = await h.site({ server: `${await configure(h)} oauth_session_idle 20s;` });
    await assertSignedIn(site);
    const started = Date.now();
    let cookies = 0;
    for (let i = 0; i < 30; i++) {
      cookies += (await get(site)).setCookies.length;
      await pause(150);
    }
    const tenths = Math.ceil((Date.now() - started) / 2000);
    assert.ok(cookies <= tenths, `${cookies} cookies in ${tenths} tenths`);
    assert.ok(store === 'cookie' ? cookies >= 1 : cookies === 0, `${cookies} cookies`);
  });

  e2e(`SC-16 oauth_session_lifetime is not made longer by use (${store})`, async (h) => {
    const site = await h.site({ server: `${await configure(h)} oauth_session_lifetime 8s; oauth_session_idle 6s;` });
    await assertSignedIn(site);
    const end = Date.now() + 8100;
    while (Date.now() < end - 4000) {
      assert.equal((await get(site)).status, 200);
      await pause(500);
    }
    await pause(end - Date.now());
    assert.equal((await get(site)).status, 401);
  });

  for (const longer of ['100s', 'off']) {
    e2e(`a session in use stays where a reload makes oauth_session_idle ${longer} (${store})`, async (h) => {
      const server = await configure(h);
      const site = await h.site({ server: `${server} oauth_session_idle 4s;` });
      await assertSignedIn(site);
      await pause(1000);
      assert.equal((await get(site)).status, 200);
      site.server = `${server} oauth_session_idle ${longer};`;
      site.nginx.write(siteConfiguration(site));
      await site.nginx.reload();
      assert.equal((await get(site)).status, 200);
      for (let i = 0; i < 2; i++) {
        await pause(2500);
        assert.equal((await get(site)).status, 200, 'five seconds without a use that has to be written down');
      }
    });
  }

  e2e(`SC-16 a request in time keeps its session, however long the check takes (${store})`, async (h) => {
    const site = await h.site({ server: `${await configure(h)} oauth_session_idle 4s; oauth_refresh 2s;` });
    await assertSignedIn(site);
    await pause(2600);
    site.provider.refresh = { wait: pause(2400) };
    assert.equal((await get(site)).status, 200);
    assert.equal(site.provider.count('refresh'), 1);
    assert.equal((await get(site)).status, 200);
  });
}
