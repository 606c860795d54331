// SPDX-License-Identifier: MIT
// What the application is told: HD-01 to HD-05, HD-07, HD-09, HD-11, HD-12, HD-15. It gets our header once, or none; never what a client sent.
import assert from 'node:assert/strict';
import { createLocalJWKSet, jwtVerify } from 'jose';
import { Browser, raw, signIn } from './lib/browser.mjs';
import { assertSignedIn, e2e } from './lib/harness.mjs';
import { Upstream } from './lib/upstream.mjs';

const NAME = 'X-OAuth-Identity';
const LOOSE = 'underscores_in_headers on; ignore_invalid_headers off;';
const OPEN = (site) => `
  location /open/ { oauth off; proxy_pass ${site.upstream.url}; }
  location /optional/ { oauth optional; proxy_pass ${site.upstream.url}; }`;
const SPELLINGS = ['X-OAuth-Identity', 'x-oauth-identity', 'X-OAUTH-IDENTITY', 'X_OAuth_Identity', 'x_oauth_identity', 'X-OAuth_Identity', 'X.OAuth.Identity', 'X-OAuth.Identity',
  'X_OAUTH-IDENTITY', 'X!OAuth!Identity', 'X~OAuth~Identity', 'X\x01OAuth\x01Identity', 'X\xc2OAuth\xc2Identity'];

async function verified(site, token, options = {}) {
  const keys = (await site.browser.fetch(site.origin + '/auth/oauth/jwks.json')).json();
  return jwtVerify(token, createLocalJWKSet(keys), { issuer: site.origin, audience: site.origin, algorithms: ['ES256'], ...options });
}

const identities = (entry) => Upstream.folded(entry, NAME);

function send(site, path, lines, cookie) {
  return raw(site.port, Buffer.from(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${site.port}\r\nConnection: close\r\n${cookie ? `Cookie: ${cookie}\r\n` : ''}${lines}\r\n\r\n`, 'latin1'));
}

e2e('HD-01 HD-02 HD-04 a forged header is removed in every spelling, with a session, without one, and where the module is off', async (h) => {
  const site = await h.site({ server: LOOSE, locations: OPEN });
  await assertSignedIn(site);
  const cookie = site.browser.jar.header(new URL(site.origin));
  for (const spelling of SPELLINGS) {
    for (const [path, session, expected] of [['/open/', '', 0], ['/open/', cookie, 0], ['/optional/', '', 0], ['/optional/', cookie, 1], ['/', cookie, 1]]) {
      const before = site.upstream.requests.length;
      const answer = await send(site, path, `${spelling}: forged`, session);
      if (/^HTTP\/1\.1 400/.test(answer)) {
        continue; // nginx itself does not take such a name
      }
      assert.equal(site.upstream.requests.length, before + 1, JSON.stringify(spelling) + answer.slice(0, 100));
      const values = identities(site.upstream.last);
      assert.equal(values.length, expected, `${JSON.stringify(spelling)} at ${path}: ${values}`);
      assert.ok(!JSON.stringify(site.upstream.last.headers).includes('forged'), spelling);
    }
  }
  await signIn(site.browser, site.origin + '/');
});

e2e('HD-03 HD-05 of several copies only ours arrives, and Connection cannot take it away', async (h) => {
  const site = await h.site({ server: LOOSE });
  await assertSignedIn(site);
  const cookie = site.browser.jar.header(new URL(site.origin));
  await send(site, '/', `${NAME}: a\r\n${NAME.toLowerCase()}: b\r\nX_OAuth_Identity: c\r\nX-Other: kept\r\n${NAME}:`, cookie);
  assert.equal(identities(site.upstream.last).length, 1);
  await verified(site, identities(site.upstream.last)[0]);
  assert.deepEqual(Upstream.folded(site.upstream.last, 'X-Other'), ['kept']);
  for (const value of ['close, X-OAuth-Identity', 'close, x-oauth-identity', 'X-OAuth-Identity ,\tclose']) {
    await raw(site.port, `GET / HTTP/1.1\r\nHost: 127.0.0.1:${site.port}\r\nCookie: ${cookie}\r\nConnection: ${value}\r\n\r\n`, { end: /\r\n\r\n/ });
    assert.equal(identities(site.upstream.last).length, 1, value);
  }
});

e2e('the identity is an ES256 token that jose verifies against jwks.json, with the claims of the contract', async (h) => {
  const site = await h.site({ server: 'oauth_identity_claims department address.country;' });
  Object.assign(site.provider.user, { department: 'research', address: { country: 'CH', street: 'secret street' }, picture: 'https://example.org/a.png' });
  await assertSignedIn(site);
  const token = identities(site.upstream.last)[0];
  const { payload, protectedHeader } = await verified(site, token);
  assert.equal(protectedHeader.typ, 'JWT');
  assert.equal(protectedHeader.alg, 'ES256');
  assert.ok(protectedHeader.kid);
  const { sub, provider, user, email, email_verified: emailVerified, name, picture } = payload;
  assert.deepEqual({ sub, provider, user, email, emailVerified, name, picture }, { sub: 'test|alice-1', provider: 'test', user: 'alice@example.org', email: 'alice@example.org',
    emailVerified: true, name: 'Alice Example', picture: 'https://example.org/a.png' });
  assert.ok(payload.exp - payload.iat <= 300 && payload.exp - payload.iat > 0);
  assert.ok(typeof payload.auth_time === 'number' && typeof payload.sid === 'string' && payload.sid.length > 0);
  const text = JSON.stringify(payload);
  assert.ok(text.includes('research') && text.includes('CH') && !text.includes('secret street'));
  await site.browser.navigate(site.origin + '/');
  assert.equal(identities(site.upstream.last)[0], token, 'the same token again: signing is not a cost of each request');
  await assert.rejects(verified(site, token.replace(/.{4}$/, 'AAAA')));
});

e2e('oauth_identity off, another name, another audience', async (h) => {
  const site = await h.site({
    locations: (s) => `
      location /silent/ { oauth_identity off; proxy_pass ${s.upstream.url}; }
      location /named/ { oauth_identity_header X-Who; oauth_identity_audience https://api.test; oauth_identity_ttl 1m; proxy_pass ${s.upstream.url}; }`,
  });
  await assertSignedIn(site);
  await site.browser.fetch(site.origin + '/silent/', { headers: { [NAME]: 'forged' } });
  assert.deepEqual(identities(site.upstream.last), []);
  await site.browser.fetch(site.origin + '/named/', { headers: { 'X-Who': 'forged', [NAME]: 'forged' } });
  const [token] = Upstream.folded(site.upstream.last, 'X-Who');
  const { payload } = await verified(site, token, { audience: 'https://api.test' });
  assert.ok(payload.exp - payload.iat <= 60);
  assert.ok(!JSON.stringify(site.upstream.last.headers).includes('forged'));
});

e2e('HD-07 HD-09 odd characters of a claim get into no header raw', async (h) => {
  const site = await h.site({ location: 'proxy_set_header X-Name $oauth_name; proxy_set_header X-Groups $oauth_groups; proxy_set_header X-User $oauth_user;' });
  Object.assign(site.provider.user, { name: 'Zoë\r\nX-Admin: 1\u007f\u0085', groups: ['a,admin', 'b"c', 'd\ne'] });
  await assertSignedIn(site);
  const last = site.upstream.last;
  assert.deepEqual(Upstream.folded(last, 'X-Admin'), []);
  for (const [name, value] of last.headers) {
    assert.doesNotMatch(value, /[\x00-\x08\x0a-\x1f\x7f]/, name);
  }
  const [groups = ''] = Upstream.folded(last, 'X-Groups');
  assert.ok(!groups.split(',').includes('admin'), groups);
  const { payload } = await verified(site, identities(last)[0]);
  assert.ok(payload.groups === undefined || payload.groups.includes('a,admin'));
});

e2e('HD-11 HD-12 our cookies stay here, those of the application go on as they were', async (h) => {
  const site = await h.site({ locations: OPEN });
  await assertSignedIn(site);
  const own = site.browser.jar.header(new URL(site.origin));
  const cases = [[own, undefined], [`a=1; ${own}; b="x y"`, 'a=1; b="x y"'], [`${own}; a=1`, 'a=1'], [`a=1; ${own}`, 'a=1'], [`a=1;b=2; ${own}`, 'a=1; b=2'],
    [`oauth_login_zzz=1; ${own}; oauthx=2; xoauth=3`, 'oauthx=2; xoauth=3']];
  for (const [sent, expected] of cases) {
    await send(site, '/', 'X: y', sent);
    const cookies = site.upstream.last.headers.filter(([name]) => name.toLowerCase() === 'cookie').map(([, value]) => value);
    assert.deepEqual(cookies.map((value) => value.replace(/; */g, '; ')), expected === undefined ? [] : [expected], sent.slice(0, 20));
  }
  for (const odd of [';;;', '=', ' ; ', ',', 'oauth', 'oauth=', '=oauth', 'a', 'oauth=;oauth=;oauth=', '"']) {
    const answer = await send(site, '/optional/', 'X: y', odd);
    assert.match(answer, /^HTTP\/1\.1 200/, JSON.stringify(odd));
  }
  await send(site, '/optional/', 'X: y', 'keep=1; oauth=stale');
  assert.deepEqual(Upstream.folded(site.upstream.last, 'Cookie'), ['keep=1']);
});

e2e('HD-15 two users on one connection are told apart', async (h) => {
  const site = await h.site();
  await assertSignedIn(site);
  site.provider.user = { sub: 'bob-2', email: 'bob@example.org', email_verified: true };
  const bob = new Browser();
  await assertSignedIn(site, { browser: bob });
  const cookie = (browser) => browser.jar.header(new URL(site.origin));
  const request = (path, cookies, last) => `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${site.port}\r\n${cookies ? `Cookie: ${cookies}\r\n` : ''}${last ? 'Connection: close\r\n' : ''}\r\n`;
  const before = site.upstream.requests.length;
  const all = [cookie(site.browser), cookie(bob), cookie(site.browser), ''].map((cookies, i) => request('/' + i, cookies, i === 3)).join('');
  await raw(site.port, all);
  const subjects = [];
  for (const entry of site.upstream.requests.slice(before)) {
    subjects.push((await verified(site, identities(entry)[0])).payload.sub);
  }
  assert.deepEqual(subjects, ['test|alice-1', 'test|bob-2', 'test|alice-1']);
});

e2e('HD-05 where Connection is passed on, it does not name our header, and is otherwise what the client sent', async (h) => {
  const site = await h.site({ server: LOOSE, location: 'proxy_http_version 1.1; proxy_set_header Connection $http_connection;', locations: OPEN });
  await assertSignedIn(site);
  const cookie = site.browser.jar.header(new URL(site.origin));
  const ask = (lines) => raw(site.port, Buffer.from(`GET / HTTP/1.1\r\nHost: 127.0.0.1:${site.port}\r\nCookie: ${cookie}\r\n${lines}\r\n\r\n`, 'latin1'), { end: /\r\n\r\n/ });
  for (const spelling of SPELLINGS) {
    for (const [lines, left] of [[`Connection: ${spelling}`, []], [`Connection: close, ${spelling}`, ['close']], [`connection: ${spelling} ,\tTE , ${spelling.toLowerCase()},x-other`, ['te', 'x-other']],
      [`Connection: a\r\nCONNECTION: ${spelling}`, ['a']], [`Connection: ${spelling}\r\nConnection: ${spelling}, keep-alive`, ['keep-alive']], [`Connection: te ${spelling}`, []]]) {
      const before = site.upstream.requests.length;
      if (/^HTTP\/1\.1 400/.test(await ask(lines))) {
        continue; // nginx itself does not take such a value
      }
      assert.equal(site.upstream.requests.length, before + 1, JSON.stringify(lines));
      const { last } = site.upstream;
      const passed = Upstream.folded(last, 'Connection').join(',').toLowerCase().split(',').map((text) => text.trim()).filter(Boolean);
      assert.deepEqual(passed, left, JSON.stringify(lines));
      assert.equal(identities(last).length, 1, JSON.stringify(lines));
    }
  }
  for (const untouched of ['keep-alive', 'Upgrade, HTTP2-Settings', 'x-oauth-identity-not, close', 'close,  X-OAuth', 'a-very-long-name-that-is-nothing-of-ours']) {
    await ask('Connection: ' + untouched);
    assert.deepEqual(Upstream.folded(site.upstream.last, 'Connection'), [untouched]);
  }
  await send(site, '/open/', `Connection: ${NAME}`, '');
  assert.deepEqual(identities(site.upstream.last), [], 'and nothing is added where nobody is told');
});
