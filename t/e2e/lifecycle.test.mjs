// SPDX-License-Identifier: MIT
// Reload, shutdown, abort, a provider that is away or slow, tabs (AR-05, CC-01, DS-01, DS-09, DS-10). Nothing here waits for a time: only for what happens.
import assert from 'node:assert/strict';
import { Browser, signIn } from './lib/browser.mjs';
import { assertError, assertSignedIn, beginSignIn, e2e, hasSession, loginCookies, siteConfiguration } from './lib/harness.mjs';
import { freePort, until } from './lib/ports.mjs';
import { ScriptedProvider } from './lib/scripted-provider.mjs';

// Holds the token endpoint until release() is called.
function hold(provider, endpoint = 'token') {
  let release;
  provider[endpoint].wait = new Promise((resolve) => { release = resolve; });
  return () => { provider[endpoint].wait = undefined; release(); };
}

const arrived = (provider, endpoint, number) => until(() => provider.count(endpoint) >= number, `${number} requests at ${endpoint}`);

e2e('sessions survive a reload', async (h) => {
  const site = await h.site({ workers: 2 });
  await assertSignedIn(site);
  for (let i = 0; i < 3; i++) {
    await site.nginx.reload();
    assert.equal((await site.browser.fetch(site.origin + '/')).status, 200);
  }
  assert.equal(site.provider.count('token'), 1);
});

e2e('DS-10 a sign-in in flight survives a reload', async (h) => {
  const site = await h.site();
  const callback = await beginSignIn(site, { target: site.origin + '/x' });
  const release = hold(site.provider);
  const answer = site.browser.navigate(callback, { follow: false });
  await arrived(site.provider, 'token', 1);
  await site.nginx.reload();
  release();
  const response = await answer;
  assert.equal(response.status, 302, response.text.slice(0, 200));
  assert.ok(hasSession(site.browser));
  assert.equal((await site.browser.fetch(site.origin + '/x')).status, 200, 'the new worker knows the session');
});

e2e('DS-10 a sign-in that began before a reload ends after it', async (h) => {
  const site = await h.site();
  const callback = await beginSignIn(site);
  await site.nginx.reload();
  assert.equal((await site.browser.navigate(callback)).status, 200);
});

// One name, and after a reload another provider with another secret behind it.
async function renewProvider(h, site) {
  const former = site.provider;
  site.provider = await h.provider({ clientSecret: 'the new one, for nobody else' });
  site.nginx.write(siteConfiguration(site));
  await site.nginx.reload();
  return former;
}

e2e('a sign-in that began at a provider which a reload replaces is none: nobody is sent the new secret', async (h) => {
  const site = await h.site();
  const callback = await beginSignIn(site);
  const former = await renewProvider(h, site);
  const answer = await site.browser.navigate(callback, { headers: { Accept: 'application/json' }, follow: false });
  assertError(answer, 400, 'state_invalid');
  for (const endpoint of ['token', 'userinfo']) {
    assert.equal(former.count(endpoint), 0, endpoint + ' of the former provider');
    assert.equal(site.provider.count(endpoint), 0, endpoint + ' of the new provider');
  }
  await assertSignedIn(site);
});

e2e('a session of a provider that a reload replaces is none', async (h) => {
  const site = await h.site();
  await assertSignedIn(site);
  await renewProvider(h, site);
  assert.equal((await site.browser.fetch(site.origin + '/')).status, 401);
  await assertSignedIn(site);
  assert.equal(site.provider.count('token'), 1);
});

for (const signal of ['SIGTERM', 'SIGINT']) {
  e2e(`DS-10 ${signal} while sign-ins are in flight ends without a crash`, async (h) => {
    const site = await h.site({ workers: 2 });
    const browsers = Array.from({ length: 6 }, () => new Browser());
    const callbacks = [];
    for (const browser of browsers) {
      callbacks.push(await beginSignIn(site, { browser }));
    }
    const release = hold(site.provider);
    const answers = browsers.map((browser, i) => browser.navigate(callbacks[i], { follow: false }).catch((error) => error));
    await arrived(site.provider, 'token', 6);
    await site.nginx.stop(signal);
    release();
    await Promise.all(answers);
  });
}

for (const endpoint of ['discovery', 'token', 'jwks', 'userinfo']) {
  e2e(`DS-09 a browser that leaves while ${endpoint} is waited for leaves nothing behind`, async (h) => {
    const site = await h.site();
    for (let i = 1; i <= 3; i++) {
      const release = hold(site.provider, endpoint);
      const before = site.provider.count(endpoint);
      const abort = new AbortController();
      const leaving = signInUntil(site, new Browser(), abort.signal).catch((error) => error);
      const asked = await Promise.race([arrived(site.provider, endpoint, before + 1).then(() => true), leaving.then(() => false)]);
      abort.abort();
      await leaving;
      release();
      assert.ok(asked || i > 1, endpoint + ' was asked the first time');
    }
    await assertSignedIn(site);
  });
}

async function signInUntil(site, browser, signal) {
  let url = site.origin + '/';
  for (let hops = 0; hops < 6; hops++) {
    const response = await browser.navigate(url, { follow: false, signal });
    if (![302, 303].includes(response.status)) {
      return response;
    }
    url = new URL(response.headers.location, url).href;
  }
  return undefined;
}

e2e('a provider that is down at the start is used as soon as it is there, without a reload', async (h) => {
  const port = await freePort();
  const absent = new ScriptedProvider();
  Object.assign(absent, { port, origin: 'http://127.0.0.1:' + port, issuer: 'http://127.0.0.1:' + port, base: 'http://127.0.0.1:' + port });
  const site = await h.site({ provider: absent });
  const attempt = () => new Browser().navigate(site.loginUrl, { headers: { Accept: 'application/json' }, follow: false });
  assertError(await attempt(), 502, 'provider_unreachable');
  await absent.start(port);
  h.closers.push(() => absent.stop());
  await until(async () => (await attempt()).status === 302, 'the provider to be used', 30000);
  await assertSignedIn(site);
});

e2e('DS-01 one slow provider slows nobody else', async (h) => {
  const site = await h.site();
  const alice = new Browser();
  await assertSignedIn(site, { browser: alice });
  const callback = await beginSignIn(site);
  const release = hold(site.provider);
  let done = false;
  const slow = site.browser.navigate(callback, { follow: false }).then((response) => { done = true; return response; });
  await arrived(site.provider, 'token', 2);
  const answers = await Promise.all(Array.from({ length: 50 }, () => alice.fetch(site.origin + '/')));
  assert.ok(answers.every((answer) => answer.status === 200));
  await beginSignIn(site, { browser: new Browser() });
  assert.equal(done, false, 'all that while the sign-in waits');
  release();
  assert.equal((await slow).status, 302);
});

e2e('AR-01 AR-05 CC-01 sign-ins in parallel tabs all succeed, each to its own page', async (h) => {
  const site = await h.site({ workers: 2 });
  const pages = ['/1', '/2?x', '/3', '/4', '/5'];
  const callbacks = [];
  for (const page of pages) {
    callbacks.push(await beginSignIn(site, { target: site.origin + page }));
  }
  assert.equal(loginCookies(site.browser).length, 5);
  const asked = site.provider.requests.authorize.map((entry) => entry.parameters);
  for (const name of ['state', 'nonce', 'code_challenge']) {
    assert.equal(new Set(asked.map((parameters) => parameters.get(name))).size, 5, name);
  }
  const answers = await Promise.all(callbacks.map((callback) => site.browser.navigate(callback, { follow: false })));
  answers.forEach((answer, i) => {
    assert.equal(answer.status, 302, answer.text.slice(0, 200));
    assert.equal(new URL(answer.headers.location, site.origin).href, site.origin + pages[i]);
  });
  assert.equal(loginCookies(site.browser).length, 5, 'which still tell the way');
  assert.deepEqual(site.provider.violations, []);
});

e2e('CC-01 of more than five sign-ins at once the oldest are given up', async (h) => {
  const site = await h.site();
  const callbacks = [];
  for (let i = 0; i < 7; i++) {
    callbacks.push(await beginSignIn(site, { target: site.origin + '/' + i }));
    assert.ok(loginCookies(site.browser).length <= 5);
  }
  const copy = () => new Browser({ jar: site.browser.jar.clone() });
  for (const callback of callbacks.slice(2)) {
    assert.equal((await copy().navigate(callback, { follow: false })).status, 302);
  }
  assertError(await copy().navigate(callbacks[0], { headers: { Accept: 'application/json' }, follow: false }), 400, 'state_invalid');
});

e2e('CC-01 first requests in parallel leave at most five sign-in cookies, and one sign-in opens them all', async (h) => {
  const site = await h.site({ workers: 2 });
  await Promise.all(Array.from({ length: 20 }, (_, i) => site.browser.navigate(site.origin + '/' + i, { follow: false })));
  const response = await signIn(site.browser, site.origin + '/last');
  assert.equal(response.status, 200);
  assert.ok(loginCookies(site.browser).length <= 20);
  assert.ok((await Promise.all(Array.from({ length: 20 }, (_, i) => site.browser.fetch(site.origin + '/' + i)))).every((answer) => answer.status === 200));
});
