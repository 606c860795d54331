// SPDX-License-Identifier: MIT
// Whose session is it: a new id at every sign-in and the old one dead (SC-14), nothing gained by planting a cookie (SC-15), no session of another server, base URL, provider
// or purpose (SC-03, SC-17, MX-04), one session ended and the other alive (SC-25), and a sign-in that is begun while there is a session (SC-26).
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { Browser, signIn } from './lib/browser.mjs';
import { assertError, assertSignedIn, beginSignIn, e2e, hasSession, loginCookies, providerBlock } from './lib/harness.mjs';
import { freePort } from './lib/ports.mjs';
import { startRedis } from './lib/documented-redis.mjs';

const STORES = ['cookie', 'shared', 'redis'];
const KEY = randomBytes(32).toString('base64url');
const JSON_HEADERS = { Accept: 'application/json' };

const sessionPairs = (browser) => browser.jar.cookies.filter(({ name }) => !/_login_/.test(name)).map(({ name, value }) => `${name}=${value}`).join('; ');
const status = async (site, cookie, target = '/') => (await new Browser().fetch(site.origin + target, { headers: { ...JSON_HEADERS, Cookie: cookie } })).status;
const who = async (site, browser) => {
  const answer = await browser.fetch(site.origin + '/auth/oauth/userinfo');
  return answer.status === 200 ? answer.json().sub : answer.status;
};

for (const store of STORES) {
  // Its `server` is what the store needs there. The documented Redis writes to a disk, which may be busy; this is not about how long one waits for it.
  const inStore = (name, body) => e2e(name, async (h) => {
    const place = store === 'redis' ? (await startRedis(h))?.store : store;
    if (place) {
      await body(h, `oauth_session ${place}; ${store === 'redis' ? `oauth_session_key ${KEY}; oauth_session_timeout 10s;` : ''}`);
    }
  });

  inStore(`SC-14 ${store}: each sign-in has an id of its own, and the one before is dead: of the same user, of another, by another account, after a sign-out`, async (h, server) => {
    const site = await h.site({ server, location: 'add_header X-Session $oauth_session_id;' });
    const browser = new Browser();
    const ids = new Set();
    const ways = { first: site.origin + '/', again: site.loginUrl, 'as another': site.loginUrl, 'another account': site.loginUrl + '?account=other', 'after a sign-out': site.loginUrl };
    for (const [way, target] of Object.entries(ways)) {
      const before = sessionPairs(browser);
      if (way === 'as another') {
        site.provider.user = { sub: 'bob-2', email: 'bob@example.org', email_verified: true };
      }
      if (way === 'after a sign-out') {
        await browser.navigate(site.origin + '/auth/oauth/logout', { initiator: site.origin, follow: false });
        assert.equal(await status(site, before), 401, 'signed out');
      }
      assert.equal((await signIn(browser, target)).status, 200, way);
      const { headers } = await browser.fetch(site.origin + '/');
      assert.ok(headers['x-session'] && !ids.has(headers['x-session']), way);
      ids.add(headers['x-session']);
      assert.notEqual(sessionPairs(browser), before, way);
      if (before) {
        assert.equal(await status(site, before), 401, way + ': a copy of the one before');
      }
    }
    assert.equal(await who(site, browser), 'test|bob-2');
  });

  inStore(`SC-15 ${store}: who plants a session of their own has it ended by the sign-in, and never has the victim's`, async (h, server) => {
    const site = await h.site({ server });
    site.provider.user = { sub: 'mallory' };
    const mallory = new Browser();
    await assertSignedIn(site, { browser: mallory });
    const planted = sessionPairs(mallory);
    const victim = new Browser({ jar: mallory.jar.clone() });
    await new Promise((resolve) => { setTimeout(resolve, 1100); });
    site.provider.user = { sub: 'alice' };
    assert.equal((await signIn(victim, site.loginUrl)).status, 200);
    assert.equal(await who(site, victim), 'test|alice');
    assert.notEqual(sessionPairs(victim), planted);
    assert.equal(await status(site, planted), 401);
    assert.equal(await who(site, mallory), 401);
  });

  inStore(`SC-15 CS-01 ${store}: who plants a sign-in of their own gains nothing when the victim finishes it, whatever they repeat`, async (h, server) => {
    const site = await h.site({ server });
    const mallory = new Browser();
    site.provider.user = { sub: 'alice' }; // who signs in at the provider is the victim
    const start = await mallory.navigate(site.origin + '/page', { follow: false });
    const victim = new Browser({ jar: mallory.jar.clone() });
    const callback = (await victim.navigate(start.headers.location, { follow: false })).headers.location;
    assert.equal((await victim.navigate(callback, { follow: false })).status, 302);
    assert.equal(await who(site, victim), 'test|alice');
    const redeemed = site.provider.count('token');
    for (const browser of [mallory, new Browser({ jar: mallory.jar.clone() })]) { // with the code, and with one of their own
      const repeated = await browser.navigate(callback, { follow: false });
      assert.deepEqual(repeated.setCookies.filter((cookie) => !/_login_/.test(cookie)), []);
      assert.ok(!hasSession(browser));
      const own = await browser.navigate(callback.replace(/code=[^&]*/, 'code=another'), { follow: false });
      assert.deepEqual(own.setCookies.filter((cookie) => !/_login_/.test(cookie)), []);
      assert.equal(await who(site, browser), 401);
    }
    assert.equal(site.provider.count('token'), redeemed);
    assertError(await new Browser().navigate(callback, { headers: JSON_HEADERS, follow: false }), 400, 'state_invalid');
  });

  inStore(`SC-03 SC-17 MX-04 ${store}: a session counts nowhere but at its server, base URL and provider, and for nothing else`, async (h, server) => {
    const port = await freePort();
    const second = await h.provider();
    const site = await h.site({ server: `server_name 127.0.0.1; ${server}`, http: (s) => `${providerBlock(second, '', 'second')}
      server { listen 127.0.0.1:${port}; ${server} oauth on; oauth_allow any; location / { proxy_pass ${s.upstream.url}; } }
      server { listen 127.0.0.1:${s.port}; server_name named.example.org; ${server} oauth on; oauth_allow any; location / { proxy_pass ${s.upstream.url}; } }
      server { listen 127.0.0.1:${s.port}; server_name based.example.org; oauth_base_url ${s.origin}; ${server.replace(/oauth_session_key \S+/, '')} oauth_session_key ${randomBytes(32).toString('base64url')}; oauth on; oauth_allow any; location / { proxy_pass ${s.upstream.url}; } }
      server { listen 127.0.0.1:${s.port}; server_name renamed.example.org; oauth_base_url ${s.origin}; oauth_cookie name=renamed; ${server} oauth on; oauth_allow any; location / { proxy_pass ${s.upstream.url}; } }`,
      locations: (s) => `location /second/ { oauth_providers second; proxy_pass ${s.upstream.url}; } location /rule/ { oauth_allow provider=second; proxy_pass ${s.upstream.url}; }` });
    const browser = new Browser();
    const start = await browser.navigate(site.loginUrl, { follow: false });
    const [name] = loginCookies(browser);
    const login = browser.jar.get(name).value;
    await browser.navigate((await browser.navigate(start.headers.location, { follow: false })).headers.location, { follow: false });
    const cookie = sessionPairs(browser);
    const value = cookie.replace(/^oauth=/, '');
    const ask = async (host, sent, target = '/') => (await new Browser().request(`http://127.0.0.1:${host.includes(':') ? host.split(':')[1] : site.port}${target}`, { headers: { ...JSON_HEADERS, Host: host, Cookie: sent } })).status;
    assert.equal(await status(site, cookie), 200);
    const elsewhere = [['127.0.0.1:' + port, cookie], ['named.example.org', cookie], ['based.example.org', cookie], ['renamed.example.org', `renamed=${value}`], ['renamed.example.org', cookie], [`localhost:${site.port}`, cookie]];
    for (const [host, sent] of elsewhere) {
      assert.equal(await ask(host, sent), 401, host);
    }
    assert.equal(await status(site, cookie, '/second/'), 401, 'another provider\'s location');
    assert.equal(await status(site, cookie, '/rule/'), 403, 'a rule on the provider');
    assert.equal(await status(site, `oauth=${login}`), 401, 'a sign-in is no session');
    const again = new Browser();
    const callback = await beginSignIn({ ...site, loginUrl: site.loginUrl }, { browser: again, target: site.loginUrl });
    const [other] = loginCookies(again);
    const swapped = await new Browser().navigate(callback, { headers: { ...JSON_HEADERS, Cookie: `${other}=${value}` }, follow: false });
    assertError(swapped, 400, 'state_invalid');
  });

  inStore(`SC-25 ${store}: of two sessions of one user one is signed out, and the other lives`, async (h, server) => {
    const site = await h.site({ server, workers: 2 });
    const [one, two, three] = [new Browser(), new Browser(), new Browser()];
    for (const browser of [one, two, three]) {
      await assertSignedIn(site, { browser });
    }
    const ended = sessionPairs(two);
    await two.navigate(site.origin + '/auth/oauth/logout', { initiator: site.origin, follow: false });
    for (let repeated = 0; repeated < 8; repeated++) { // at whichever worker
      assert.equal(await status(site, ended), 401);
      assert.deepEqual([await who(site, one), await who(site, three)], ['test|alice-1', 'test|alice-1']);
    }
    await one.navigate(site.origin + '/auth/oauth/logout', { initiator: site.origin, follow: false });
    assert.equal(await who(site, three), 'test|alice-1');
  });

  inStore(`SC-26 ${store}: a session stays what it is while a sign-in is offered, begun or refused; another account ends it first`, async (h, server) => {
    const second = await h.provider();
    const site = await h.site({ server, http: () => providerBlock(second, '', 'second') });
    const browser = new Browser();
    await signIn(browser, site.loginUrl);
    const session = sessionPairs(browser);
    const offer = await browser.navigate(site.origin + '/auth/oauth/login');
    assert.equal(offer.status, 200);
    assert.deepEqual(offer.setCookies, []);
    second.user = { sub: 'bob' };
    const begun = { ...site, loginUrl: site.origin + '/auth/oauth/second' };
    const callback = await beginSignIn(begun, { browser, target: begun.loginUrl });
    assert.equal(await who(site, browser), 'test|alice-1', 'begun, not finished');
    second.token = { status: 400, body: '{"error":"invalid_grant"}' };
    const failed = await browser.navigate(callback, { headers: JSON_HEADERS, follow: false });
    assertError(failed, 502, 'provider_error');
    second.authorize = { error: 'access_denied' };
    assert.equal((await browser.navigate(begun.loginUrl)).status, 403);
    assert.equal(sessionPairs(browser), session);
    assert.equal(await who(site, browser), 'test|alice-1', 'refused: who was signed in is, and is nobody else');
    const other = await browser.navigate(begun.loginUrl + '?account=other', { initiator: site.origin });
    assert.equal(other.status, 403);
    assert.ok(!hasSession(browser));
    assert.equal(await status(site, session), 401, 'ended before anybody was asked');
    assert.equal(await who(site, browser), 401);
  });
}
