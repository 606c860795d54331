// SPDX-License-Identifier: MIT
// The test's own peers: a provider that does not notice a breach, or a browser that keeps what it should drop, would make other tests worthless.
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import test from 'node:test';
import { createLocalJWKSet, jwtVerify } from 'jose';
import { Browser, readForm, signIn } from './lib/browser.mjs';
import { CookieJar } from './lib/cookies.mjs';
import { ScriptedProvider } from './lib/scripted-provider.mjs';
import { SuiteProvider } from './lib/suite-provider.mjs';

const REDIRECT = 'http://127.0.0.1:9/auth/oauth/test/callback';
const VERIFIER = 'v'.repeat(43);
const basic = (provider, id = provider.clientId, secret = provider.clientSecret) => {
  const encode = (text) => new URLSearchParams({ x: text }).toString().slice(2);
  return 'Basic ' + Buffer.from(encode(id) + ':' + encode(secret)).toString('base64');
};

async function withProvider(options, body) {
  const provider = await new ScriptedProvider(options).start();
  try {
    await body(provider, new Browser());
  } finally {
    await provider.stop();
  }
}

async function authorize(provider, browser, changes = {}) {
  const parameters = { response_type: 'code', client_id: provider.clientId, redirect_uri: REDIRECT, scope: 'openid email', state: 's'.repeat(43), nonce: 'n'.repeat(43),
    code_challenge: crypto.createHash('sha256').update(VERIFIER).digest('base64url'), code_challenge_method: 'S256', ...changes };
  const response = await browser.navigate(provider.base + '/authorize?' + new URLSearchParams(parameters), { follow: false });
  return new URL(response.headers.location ?? readForm(response.text).action).searchParams;
}

async function redeem(provider, browser, code, changes = {}, headers = {}) {
  const form = new URLSearchParams({ grant_type: 'authorization_code', code, redirect_uri: REDIRECT, code_verifier: VERIFIER, ...changes }).toString();
  const all = { 'Content-Type': 'application/x-www-form-urlencoded', Authorization: basic(provider), ...headers };
  return browser.fetch(provider.base + '/token', { method: 'POST', body: form, headers: all });
}

test('the provider plays its part, with every algorithm', () => withProvider({ path: '/tenant/' }, async (provider, browser) => {
  const metadata = (await browser.fetch(provider.base + '/.well-known/openid-configuration')).json();
  assert.equal(metadata.issuer, provider.origin + '/tenant/');
  const keys = (await browser.fetch(metadata.jwks_uri)).json();
  for (const alg of ['RS256', 'PS256', 'ES256', 'EdDSA']) {
    provider.alg = alg;
    const code = (await authorize(provider, browser)).get('code');
    assert.match(code, /[/+%]/);
    const tokens = (await redeem(provider, browser, code)).json();
    const { payload } = await jwtVerify(tokens.id_token, createLocalJWKSet(keys), { issuer: metadata.issuer, audience: provider.clientId });
    assert.equal(payload.nonce, 'n'.repeat(43));
    const user = (await browser.fetch(metadata.userinfo_endpoint, { headers: { Authorization: 'Bearer ' + tokens.access_token } })).json();
    assert.equal(user.sub, payload.sub);
  }
  assert.deepEqual(provider.violations, []);
}));

test('the provider notices each breach', () => withProvider({}, async (provider, browser) => {
  const breaches = {
    'code used twice': async (code) => { await redeem(provider, browser, code); return redeem(provider, browser, code); },
    'unknown code': () => redeem(provider, browser, 'nonsense'),
    'code_verifier': (code) => redeem(provider, browser, code, { code_verifier: 'w'.repeat(43) }),
    'redirect_uri at the token endpoint': (code) => redeem(provider, browser, code, { redirect_uri: REDIRECT + '/' }),
    'client authentication': (code) => redeem(provider, browser, code, {}, { Authorization: 'Basic ' + Buffer.from(provider.clientId + ':' + provider.clientSecret).toString('base64') }),
  };
  for (const [what, breach] of Object.entries(breaches)) {
    provider.violations = [];
    const response = await breach((await authorize(provider, browser)).get('code'));
    assert.equal(response.status, 400, what);
    assert.ok(provider.violations.includes(what), what + ': ' + provider.violations);
  }
  for (const [name, value] of Object.entries({ state: 'short', code_challenge: 'x', nonce: '', response_type: 'token', scope: 'email', code_challenge_method: 'plain' })) {
    provider.violations = [];
    await authorize(provider, browser, { [name]: value });
    assert.equal(provider.violations.length, 1, name + ': ' + provider.violations);
  }
}));

test('the provider misbehaves as it is told', () => withProvider({}, async (provider, browser) => {
  const answer = async (shape, endpoint = '/jwks') => { provider.jwks = shape; return browser.fetch(provider.base + endpoint); };
  assert.equal((await answer({ status: 503 })).status, 503);
  assert.equal((await answer({ body: 'x', type: 'text/html' })).headers['content-type'], 'text/html');
  assert.equal((await answer({ type: false })).headers['content-type'], undefined);
  assert.equal((await answer({ redirect: '/x' })).headers.location, '/x');
  assert.equal((await answer({ gzip: true })).headers['content-encoding'], 'gzip');
  assert.ok((await answer({ huge: 100000 })).text.length > 100000);
  await assert.rejects(answer({ truncated: true }));
  await assert.rejects(answer({ close: true }));
  provider.authorize = { state: 'missing', iss: 'right' };
  const parameters = await authorize(provider, browser);
  assert.deepEqual([parameters.get('state'), parameters.get('iss')], [null, provider.issuer]);
  provider.authorize = { error: 'access_denied', state: 'duplicate' };
  assert.equal((await authorize(provider, browser)).getAll('state').length, 2);
}));

test('a form_post page is found and submitted', () => withProvider({}, async (provider, browser) => {
  provider.authorize = { formPost: 'page' };
  const parameters = { response_type: 'code', client_id: provider.clientId, redirect_uri: provider.origin + '/landing', state: 'a"<&>b', code_challenge: 'x' };
  const response = await signIn(browser, provider.base + '/authorize?' + new URLSearchParams(parameters));
  assert.equal(response.status, 404);
  const landed = provider.requests.other[0];
  assert.equal(landed.method, 'POST');
  assert.equal(new URLSearchParams(landed.body).get('state'), 'a"<&>b');
}));

test('the cookie jar keeps the rules', () => {
  const [plain, secure] = [new URL('http://127.0.0.1:1/a/b'), new URL('https://app.example.org/a/b')];
  const kept = (header, url) => { const jar = new CookieJar(); jar.store(header, url); return jar.cookies.length; };
  assert.equal(kept('a=1', plain), 1);
  assert.equal(kept('a=1; Secure', plain), 0);
  assert.equal(kept('__Host-a=1; Secure; Path=/', secure), 1);
  for (const attributes of ['Path=/', 'Secure', 'Secure; Path=/; Domain=app.example.org', 'Secure; Path=/x']) {
    assert.equal(kept('__Host-a=1; ' + attributes, secure), 0, attributes);
  }
  assert.equal(kept('a=1; Domain=example.org', secure), 1);
  assert.equal(kept('a=1; Domain=evil.test', secure), 0);
  assert.equal(kept('a=1; Max-Age=0', plain), 0);
  assert.equal(kept('a=' + 'x'.repeat(4096), plain), 0);
  const jar = new CookieJar();
  jar.store('a=1; Path=/', plain);
  jar.store('a=2; Path=/a', plain);
  assert.equal(jar.header(plain), 'a=2; a=1');
  assert.equal(jar.header(new URL('http://127.0.0.1:2/')), 'a=1');
  jar.store('a=; Path=/; Max-Age=0', plain);
  assert.equal(jar.header(plain), 'a=2');
});

test('the provider of the conformance modules notices each further breach', async () => {
  const provider = await new SuiteProvider().start();
  const browser = new Browser();
  provider.register({ redirectUri: REDIRECT, postLogoutRedirectUri: REDIRECT + '/out' });
  const breachesOf = async (send) => {
    provider.violations = [];
    await send();
    return provider.violations;
  };
  const authorized = { 'the registered redirect_uri': { redirect_uri: REDIRECT + '#x' }, 'a request object that nobody asked for': { request: 'x.y.z' },
    'max_age=0 with prompt=none': { max_age: '0', prompt: 'none' }, response_mode: { response_mode: 'query' } };
  const redeemed = { 'another client_id in the body': { client_id: 'other' }, 'two methods of authentication': { client_assertion: 'x' } };
  try {
    assert.deepEqual(await breachesOf(() => authorize(provider, browser)), []);
    for (const [what, changes] of Object.entries(authorized)) {
      assert.deepEqual(await breachesOf(() => authorize(provider, browser, changes)), [what]);
    }
    for (const [what, changes] of Object.entries(redeemed)) {
      assert.deepEqual(await breachesOf(async () => redeem(provider, browser, (await authorize(provider, browser)).get('code'), changes)), [what]);
    }
    const tokens = (await redeem(provider, browser, (await authorize(provider, browser)).get('code'))).json();
    const [token, headers] = [tokens.access_token, { Authorization: 'Bearer ' + tokens.access_token }];
    assert.deepEqual(await breachesOf(() => browser.fetch(provider.base + '/userinfo', { headers })), []);
    assert.deepEqual(await breachesOf(() => browser.fetch(provider.base + '/userinfo?access_token=' + token, { headers })), ['an access token in a query']);
    assert.deepEqual(await breachesOf(() => browser.fetch(provider.base + '/userinfo', { method: 'POST', headers, body: 'access_token=' + token })), ['an access token twice']);
    const out = (changes) => browser.fetch(provider.base + '/logout?' + new URLSearchParams({ id_token_hint: tokens.id_token, post_logout_redirect_uri: REDIRECT + '/out', state: 's', ...changes }));
    assert.deepEqual(await breachesOf(() => out({})), []);
    assert.deepEqual(await breachesOf(() => out({ id_token_hint: 'x' })), ['id_token_hint']);
    assert.deepEqual(await breachesOf(() => out({ post_logout_redirect_uri: REDIRECT })), ['post_logout_redirect_uri']);
    assert.throws(() => provider.assertNoBreach(), /post_logout_redirect_uri/);
    provider.violations = [];
    assert.throws(() => provider.assertNoBreach(), /authorize/, 'the metadata were not asked first');
  } finally {
    await provider.stop();
  }
});
