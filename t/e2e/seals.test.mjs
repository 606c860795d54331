// SPDX-License-Identifier: MIT
// Cookies that were changed, cut, joined, mixed or made up, seen from outside: every one gets the same answer, whatever is wrong with it (SC-01, SC-10), nobody is stuck with one (SC-20),
// and no two workers draw the same randomness (SC-28).
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import http from 'node:http';
import { Browser, signIn } from './lib/browser.mjs';
import { assertSignedIn, beginSignIn, e2e, hasSession, loginCookies } from './lib/harness.mjs';
import { STORE } from './lib/store.mjs';

const JSON_HEADERS = { Accept: 'application/json' };

// What is told of a request, but for what differs each time: status, the headers of ours, body. On connections that are kept.
function teller(h, site) {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 4 });
  h.closers.push(() => agent.destroy());
  return (path, cookie) => new Promise((resolve, reject) => {
    http.get({ agent, host: '127.0.0.1', port: site.port, path, headers: { ...JSON_HEADERS, ...(cookie ? { Cookie: cookie } : {}) } }, (response) => {
      let body = '';
      response.setEncoding('latin1').on('data', (part) => { body += part; });
      response.on('end', () => resolve([response.statusCode, response.headers['set-cookie'], response.headers['www-authenticate'], response.headers['content-length'], body.replace(/[0-9a-f]{32}/g, 'ID')].join('\n')));
    }).on('error', reject);
  });
}

// An ID token is sealed apart, behind a dot.
function* flipped(value) {
  const parts = value.split('.').map((part) => Buffer.from(part, 'base64url'));
  for (const bytes of parts) {
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      bytes[bit >> 3] ^= 1 << (bit & 7);
      yield parts.map((part) => part.toString('base64url')).join('.');
      bytes[bit >> 3] ^= 1 << (bit & 7);
    }
  }
}

async function assertAllAlike(values, ask, expected) {
  for (let batch = [], each = values.next(); batch.length > 0 || !each.done; batch = []) {
    for (; batch.length < 64 && !each.done; each = values.next()) {
      batch.push(ask(each.value));
    }
    (await Promise.all(batch)).forEach((told) => assert.equal(told, expected));
  }
}

e2e('SC-01 every flipped bit of a session, and whatever else is none, is answered alike', async (h) => {
  const site = await h.site({ server: 'oauth_session_lifetime 8s;' });
  const other = await h.site();
  await Promise.all([assertSignedIn(site), assertSignedIn(other)]);
  const end = (await site.browser.fetch(site.origin + '/auth/oauth/userinfo')).json().expires_at * 1000;
  const own = site.browser.jar.get('oauth').value;
  const tell = teller(h, site);
  const ask = (value) => tell('/page', 'oauth=' + value);
  const expected = await ask('garbage');
  assert.match(expected, /^401\n[^]*"error":"login_required"/);
  assert.match(await ask(own), /^200/);
  const [session, ...behind] = own.split('.');
  assert.equal(behind.length, STORE === 'cookie' ? 1 : 0, 'an ID token for the sign-out');
  const torn = behind.flatMap((idToken) => [session, session + '.', idToken]);
  await assertAllAlike([...['AQ', own.slice(0, -1), own + 'A', ...torn, other.browser.jar.get('oauth').value, 'A'.repeat(7000)], ...flipped(own)].values(), ask, expected);
  await new Promise((resolve) => { setTimeout(resolve, Math.max(0, end - Date.now()) + 1100); });
  assert.equal(await ask(own), expected, 'one that is over');
});

e2e('SC-01 every flipped bit of a sign-in is answered alike, and uses nothing up', async (h) => {
  const site = await h.site();
  const callback = await beginSignIn(site);
  const [name] = loginCookies(site.browser);
  const own = site.browser.jar.get(name).value;
  const tell = teller(h, site);
  const ask = (value) => tell(callback.slice(site.origin.length), `${name}=${value}`);
  const expected = await ask('garbage');
  assert.match(expected, /^400\n[^]*"error":"state_invalid"/);
  await assertAllAlike([...['AQ', own.slice(0, -1), own + 'A'], ...flipped(own)].values(), ask, expected);
  assert.equal(site.provider.count('token'), 0);
  assert.equal((await site.browser.navigate(callback, { follow: false })).status, 302);
  assert.ok(hasSession(site.browser));
});

e2e('SC-10 SC-12 parts of a session that are missing, swapped, of another session or numbered oddly', async (h) => {
  const site = await h.site({ server: 'oauth_session cookie; oauth_identity_claims big; large_client_header_buffers 4 32k;' });
  const signed = async (sub, size = 4000) => {
    site.provider.user = { ...site.provider.user, sub, big: sub.repeat(size).slice(0, size) };
    const browser = new Browser();
    await assertSignedIn(site, { browser });
    return browser.jar.cookies.filter(({ name }) => !/_login_/.test(name)).map(({ value }) => value);
  };
  const [alice, bob] = [await signed('alice'), await signed('bob')];
  assert.deepEqual([alice.length, bob.length], [2, 2]);
  const tell = teller(h, site);
  const good = `oauth.0=${alice[0]}; oauth.1=${alice[1]}`;
  assert.match(await tell('/', good), /^200/);
  const none = await tell('/', 'oauth=garbage');
  for (const cookie of [`oauth.0=${alice[0]}`, `oauth.1=${alice[1]}`, `oauth.0=${alice[1]}; oauth.1=${alice[0]}`, `oauth.0=${alice[0]}; oauth.1=${bob[1]}`, `oauth.0=${alice[0]}; oauth.2=${alice[1]}`,
    `oauth=${alice[0]}; oauth.1=${alice[1]}`, `oauth.0=${alice[0]}; oauth.1=${alice[1].slice(0, -1)}`, `oauth.0=${alice[0]}; oauth.1=${alice[1]}; oauth.2=${alice[1]}`,
    ...['99999999', '-1', '1e9', '00', '4294967296', ''].map((number) => `oauth.${number}=${alice[0]}; oauth.1=${alice[1]}`)]) {
    assert.equal(await tell('/', cookie), none, cookie.replace(/=[^;]{20,}/g, '=...'));
  }
  for (const number of ['99999999', '-1', '1e9', '2147483648']) {
    assert.match(await tell('/', `${good}; oauth.${number}=${alice[0]}`), /^200/, number + ' is none of ours');
  }
  const sizes = new Set();
  for (let size = 2700; size < 2860; size += 10) { // over the bound of one cookie
    const parts = await signed('carol', size);
    sizes.add(parts.length);
    assert.ok(parts.every((part) => part.length > 0), 'no empty part');
    assert.match(await tell('/', parts.length === 1 ? 'oauth=' + parts[0] : parts.map((part, i) => `oauth.${i}=${part}`).join('; ')), /^200/, String(size));
  }
  assert.deepEqual([...sizes], [1, 2]);
});

e2e('SC-20 whoever comes with something old, foreign or random signs in again, once', async (h) => {
  const site = await h.site();
  await assertSignedIn(site);
  const own = Buffer.from(site.browser.jar.get('oauth').value, 'base64url');
  const version = (number) => Buffer.concat([Buffer.from([number]), own.subarray(1)]).toString('base64url');
  for (const value of [version(0), version(2), version(255), 'eyJhbGciOiJkaXIifQ..x.y.z', randomBytes(5900).toString('base64url'), '%00%0a', '"quoted"']) {
    const browser = new Browser();
    browser.jar.set('oauth', value, site.origin);
    const page = await signIn(browser, site.origin + '/page');
    assert.equal(page.status, 200, value.slice(0, 30));
    assert.equal(page.history.filter(({ url }) => url.includes('/authorize')).length, 1, 'no loop');
    assert.notEqual(browser.jar.get('oauth').value, value);
    assert.equal((await browser.navigate(site.origin + '/page', { follow: false })).status, 200);
  }
});

e2e('SC-28 no two workers, and none of before a reload, draw the same', async (h) => {
  const site = await h.site({ workers: 4, server: 'add_header X-Worker $pid always;' });
  const drawn = new Map(); // what, and who drew it
  const workers = new Set();
  const draw = async () => {
    const begun = await new Browser().navigate(site.loginUrl, { follow: false });
    const worker = begun.headers['x-worker'];
    workers.add(worker);
    const parameters = new URL(begun.headers.location).searchParams;
    const sealed = Buffer.from(begun.setCookies[0].split(';')[0].split('=')[1], 'base64url');
    for (const what of [...['state', 'nonce', 'code_challenge'].map((name) => parameters.get(name)), sealed.subarray(2, 14).toString('hex')]) {
      assert.equal(drawn.get(what), undefined, `${worker} draws what ${drawn.get(what)} has drawn`);
      drawn.set(what, worker);
    }
  };
  for (let round = 1; round <= 3; round++) {
    for (let i = 0; i < 400 && workers.size < 4 * round; i += 8) {
      await Promise.all(Array.from({ length: 8 }, draw));
    }
    assert.ok(workers.size > 2 * round, 'most of the workers have drawn'); // which ones the kernel wakes is its own affair
    await site.nginx.reload();
  }
});
