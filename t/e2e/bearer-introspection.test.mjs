// SPDX-License-Identifier: MIT
// Opaque access tokens: asked about at the provider that may know them (RFC 7662), and remembered for a minute at most.
import assert from 'node:assert/strict';
import { API, Introspection, accessToken, bearer, challengeOf } from './lib/access-tokens.mjs';
import { Browser } from './lib/browser.mjs';
import { assertError, e2e } from './lib/harness.mjs';
import { Upstream } from './lib/upstream.mjs';

const ask = (site, token, target = '/api') => new Browser().fetch(site.origin + target, { headers: bearer(token) });
const now = () => Math.floor(Date.now() / 1000);
const RIGHT = { active: true, sub: 'robot-1', scope: 'read', aud: API, client_id: 'robot', token_type: 'Bearer' };

async function introspecting(h, options = {}) {
  const introspection = await new Introspection().start();
  h.closers.push(() => introspection.stop());
  const site = await h.site({ block: `introspection_endpoint ${introspection.url};`, server: `oauth_bearer on; oauth_bearer_audience ${API};`, ...options });
  h.allowLog(/access token/);
  return Object.assign(site, { introspection });
}

e2e('an opaque token is introspected once, by the client\'s own credentials, and decides under the same rules', async (h) => {
  const site = await introspecting(h, { rules: 'oauth_allow scope=read;' });
  const { answers, requests } = site.introspection;
  answers.set('opaque-1', { ...RIGHT, exp: now() + 600, email: 'r@example.org', email_verified: true });
  for (let i = 0; i < 5; i++) {
    assert.equal((await ask(site, 'opaque-1')).status, 200);
  }
  assert.equal(requests.length, 1);
  assert.equal(requests[0].form.get('token_type_hint'), 'access_token');
  assert.match(requests[0].headers.authorization, /^Basic /);
  const identity = JSON.parse(Buffer.from(Upstream.folded(site.upstream.last, 'x-oauth-identity')[0].split('.')[1], 'base64url'));
  assert.equal(identity.sub, 'test|robot-1');
  assert.equal(identity.email, 'r@example.org');
  assert.ok(!site.nginx.log().includes('opaque-1'));
  answers.set('opaque-2', { ...RIGHT, scope: 'other' });
  h.allowLog(/policy_denied/);
  const refused = await ask(site, 'opaque-2');
  assert.equal(refused.status, 403);
  assert.equal(challengeOf(refused).scope, 'read');
});

e2e('BR-15 BR-16 an answer that does not say so clearly lets nobody in', async (h) => {
  const site = await introspecting(h);
  h.allowLog(/provider_error/);
  const { answers } = site.introspection;
  const refused = { 'not active': { active: false }, 'only that': { ...RIGHT, active: false }, 'expired': { ...RIGHT, exp: now() - 120 }, 'not yet': { ...RIGHT, nbf: now() + 3600 },
    'another token type': { ...RIGHT, token_type: 'DPoP' }, 'a refresh token': { ...RIGHT, token_use: 'refresh_token' }, 'another audience': { ...RIGHT, aud: 'https://other.example' },
    'another issuer': { ...RIGHT, iss: 'https://elsewhere.example' }, 'bound to a key': { ...RIGHT, cnf: { jkt: 'x' } }, 'nobody': { ...RIGHT, sub: undefined } };
  for (const [name, answer] of Object.entries(refused)) {
    answers.set(name.replace(/ /g, '-'), answer);
    const response = await ask(site, name.replace(/ /g, '-'));
    assert.equal(response.status, 401, name);
    assert.equal(challengeOf(response).error, 'invalid_token', name);
  }
  for (const [name, answer] of Object.entries({ 'no-active': { ...RIGHT, active: undefined }, 'active-as-text': { ...RIGHT, active: 'true' }, 'active-1': { ...RIGHT, active: 1 } })) {
    answers.set(name, answer);
    assertError(await ask(site, name), 502, 'provider_error');
  }
  answers.set('fine', RIGHT);
  for (const shape of [{ status: 401 }, { status: 500 }, { type: 'text/html' }, { body: '[]' }, { truncated: true }, { close: true }]) {
    site.introspection.shape = shape;
    h.allowLog(/provider_unreachable/);
    assert.equal((await ask(site, 'fine')).status, 502, JSON.stringify(shape));
  }
  site.introspection.shape = {};
  assert.equal((await ask(site, 'fine')).status, 200, 'and it is back by itself');
  assert.equal(site.upstream.requests.length, 1);
});

e2e('BR-15 an introspection endpoint that does not answer in time is 504', async (h) => {
  const site = await introspecting(h, { server: `oauth_bearer on; oauth_bearer_audience ${API}; oauth_http_timeout 500ms;` });
  h.allowLog(/provider_timeout/);
  site.introspection.shape = { hang: true };
  assertError(await ask(site, 'slow'), 504, 'provider_timeout');
});

e2e('BR-14 what was told is remembered no longer than the token lives, and a refusal for moments', async (h) => {
  const site = await introspecting(h);
  const { answers, requests } = site.introspection;
  answers.set('short', { ...RIGHT, exp: now() + 2 });
  assert.equal((await ask(site, 'short')).status, 200);
  answers.set('short', { active: false });
  await new Promise((resolve) => setTimeout(resolve, 2500));
  assert.equal((await ask(site, 'short')).status, 401);
  const asked = requests.length;
  for (let i = 0; i < 10; i++) {
    assert.equal((await ask(site, 'short')).status, 401);
  }
  assert.equal(requests.length, asked, 'a refusal is remembered, too');
});

e2e('BR-05 a signed token is never introspected, and without an endpoint nobody is asked', async (h) => {
  const site = await introspecting(h, { http: '' });
  assert.equal((await ask(site, accessToken(site.provider, { claims: { aud: 'https://other.example' } }))).status, 401);
  assert.equal((await ask(site, accessToken(site.provider, { claims: { iss: 'https://elsewhere.example' } }))).status, 401);
  assert.equal(site.introspection.requests.length, 0);
  const plain = await h.site({ server: `oauth_bearer on; oauth_bearer_audience ${API};` });
  assert.equal((await ask(plain, 'opaque')).status, 401);
  assert.equal((await ask(plain, 'a.b.c.d.e')).status, 401);
});
