// SPDX-License-Identifier: MIT
// API clients with access tokens (oauth_bearer): signed ones are verified here, under the same rules as people, and refused with the answers of RFC 6750.
import assert from 'node:assert/strict';
import http2 from 'node:http2';
import { API, accessToken, bearer, challengeOf } from './lib/access-tokens.mjs';
import { Browser, raw } from './lib/browser.mjs';
import { assertError, assertSignedIn, e2e } from './lib/harness.mjs';
import { freshKey, keyFor } from './lib/jws.mjs';
import { Upstream } from './lib/upstream.mjs';

const ON = `oauth_bearer on; oauth_bearer_audience ${API};`;
const ask = (site, headers = {}, target = '/api') => new Browser().fetch(site.origin + target, { headers });
const identityOf = (site) => JSON.parse(Buffer.from(Upstream.folded(site.upstream.last, 'x-oauth-identity')[0].split('.')[1], 'base64url'));

e2e('a signed access token lets a program in, and the application learns who it is and not the token', async (h) => {
  const site = await h.site({ server: ON, rules: 'oauth_allow scope=read;' });
  const token = accessToken(site.provider, { claims: { email: 'r@example.org', email_verified: true } });
  const response = await ask(site, bearer(token));
  assert.equal(response.status, 200, response.text);
  const identity = identityOf(site);
  assert.equal(identity.sub, 'test|robot-1');
  assert.equal(identity.email, 'r@example.org');
  assert.ok(!('auth_time' in identity), 'what the token does not say is left out');
  assert.deepEqual(Upstream.folded(site.upstream.last, 'authorization'), []);
  const keys = site.provider.count('jwks');
  for (let i = 0; i < 20; i++) {
    assert.equal((await ask(site, bearer(token))).status, 200);
  }
  assert.equal(site.provider.count('jwks'), keys);
  assert.equal(site.provider.count('discovery'), 1);
});

e2e('oauth_tokens on passes the token on', async (h) => {
  const site = await h.site({ server: ON + 'oauth_tokens on;', locations: (s) => `location /v { add_header X-Seen "$http_authorization"; add_header X-Token "$oauth_access_token" always; proxy_pass ${s.upstream.url}; }` });
  const token = accessToken(site.provider);
  assert.equal((await ask(site, bearer(token))).status, 200);
  assert.deepEqual(Upstream.folded(site.upstream.last, 'authorization'), ['Bearer ' + token]);
  assert.equal((await ask(site, bearer(token), '/v')).headers['x-token'], token);
});

e2e('BR-01 without credentials: 401 with the realm and the metadata, and no error', async (h) => {
  const site = await h.site({ server: ON, rules: 'oauth_allow scope=read,write group=x;' });
  const response = await ask(site);
  assertError(response, 401, 'login_required');
  assert.deepEqual(challengeOf(response), { realm: site.origin, scope: 'read write', resource_metadata: site.origin + '/.well-known/oauth-protected-resource' });
  assert.equal((await new Browser().navigate(site.origin + '/api', { follow: false })).status, 302, 'a page load signs in');
  assert.equal(site.upstream.requests.length, 0);
});

// What is wrong with a token, and its case.
const now = () => Math.floor(Date.now() / 1000);
const stranger = freshKey('stranger');
const BAD = {
  'BR-02 expired': { claims: { exp: 1000000000 } },
  'BR-02 of the future': { claims: { iat: 9000000000 } },
  'BR-02 not before': { claims: { nbf: 9000000000 } },
  'BR-02 of another key': { alg: 'RS256', key: stranger },
  'BR-02 of another key with a known kid': { alg: 'RS256', key: { ...stranger, kid: 'rsa-1' } },
  'BR-02 alg none': { alg: 'none', key: {}, header: { alg: 'none' } },
  'BR-02 HS256 with the client secret': { alg: 'HS256', key: 's3cr:t+%2F &=', header: { kid: undefined } },
  'BR-08 typ JWT': { header: { typ: 'JWT' } },
  'BR-08 no typ': { header: { typ: undefined } },
  'BR-09 iss of somebody else': { claims: { iss: 'https://elsewhere.example' } },
  'BR-09 iss with a slash': (site) => ({ claims: { iss: site.provider.issuer + '/' } }),
  'BR-09 no iss': { claims: { iss: undefined } },
  'BR-10 aud of another resource': { claims: { aud: 'https://other.example' } },
  'BR-10 aud of a longer name': { claims: { aud: API + '/x' } },
  'BR-10 no aud': { claims: { aud: undefined } },
  'BR-10 aud as an object': { claims: { aud: { [API]: 1 } } },
  'BR-11 no exp': { claims: { exp: undefined } },
  'BR-11 exp as text': { claims: { exp: String(now() + 500) } },
  'BR-12 a logout token': { claims: { events: { 'http://schemas.openid.net/event/backchannel-logout': {} } } },
  'BR-12 a DPoP proof': { header: { typ: 'dpop+jwt' } },
  'BR-12 token_use id': { claims: { token_use: 'id' } },
  'BR-13 bound to a DPoP key': { claims: { cnf: { jkt: 'x' } } },
  'BR-13 bound to a certificate': { claims: { cnf: { 'x5t#S256': 'x' } } },
  'no sub': { claims: { sub: undefined } },
  'sub with control characters': { claims: { sub: 'a\nb' } },
};

e2e('BR-02, BR-08 to BR-13 a token that is not right is 401 invalid_token, also beside a session and where identity is optional', async (h) => {
  const site = await h.site({ server: ON, locations: (s) => `location /optional/ { oauth optional; proxy_pass ${s.upstream.url}; }` });
  h.allowLog(/access token/);
  await assertSignedIn(site);
  site.upstream.requests.length = 0;
  for (const [name, change] of Object.entries(BAD)) {
    const token = accessToken(site.provider, typeof change === 'function' ? change(site) : change);
    for (const target of ['/api', '/optional/']) {
      const response = await site.browser.fetch(site.origin + target, { headers: bearer(token) });
      assert.equal(response.status, 401, name + ' ' + response.text);
      assert.equal(challengeOf(response).error, 'invalid_token', name);
      assert.ok(!site.nginx.log().includes(token), name + ': not in the log');
    }
  }
  assert.equal(site.upstream.requests.length, 0, 'the application saw nothing');
});

e2e('BR-12 an ID token and this module\'s own identity are no access tokens, whatever type is accepted', async (h) => {
  const site = await h.site({ server: `oauth_bearer on; oauth_bearer_type any; oauth_bearer_audience ${API} "client:1" http://127.0.0.1;`, locations: (s) => `location /i { oauth_identity_audience ${API}; proxy_pass ${s.upstream.url}; }` });
  h.allowLog(/access token/);
  await assertSignedIn(site, { target: site.origin + '/i' });
  const own = Upstream.folded(site.upstream.last, 'x-oauth-identity')[0];
  const plain = { header: { typ: 'JWT' } };
  const refused = { 'the ID token of the sign-in': site.provider.lastIdToken, 'our identity': own,
    'nonce': accessToken(site.provider, { ...plain, claims: { nonce: 'n' } }), 'at_hash': accessToken(site.provider, { ...plain, claims: { at_hash: 'x' } }),
    'Keycloak ID': accessToken(site.provider, { ...plain, claims: { typ: 'ID' } }), 'Keycloak Refresh': accessToken(site.provider, { ...plain, claims: { typ: 'Refresh' } }),
    'for a client, without a scope': accessToken(site.provider, { ...plain, claims: { aud: 'client:1', scope: undefined } }) };
  site.upstream.requests.length = 0;
  for (const [name, token] of Object.entries(refused)) {
    assert.equal((await ask(site, bearer(token))).status, 401, name);
  }
  assert.equal(site.upstream.requests.length, 0);
  const taken = { 'typ JWT': plain, 'no typ': { header: { typ: undefined } }, 'Keycloak Bearer': { ...plain, claims: { typ: 'Bearer' } },
    'for a client, with a scope': { ...plain, claims: { aud: 'client:1' } }, 'with scp': { ...plain, claims: { aud: 'client:1', scope: undefined, scp: ['read'] } },
    'Cognito': { ...plain, claims: { aud: undefined, client_id: 'client:1', token_use: 'access' } }, 'a list': { ...plain, claims: { aud: ['x', API] } } };
  for (const [name, change] of Object.entries(taken)) {
    assert.equal((await ask(site, bearer(accessToken(site.provider, change)))).status, 200, name);
  }
});

e2e('BR-03 BR-08 scopes decide as rules say: 403 insufficient_scope names all that the first rule takes', async (h) => {
  const site = await h.site({ server: ON, rules: 'oauth_deny sub=banned; oauth_allow sub=robot-1 scope=admin scope=write; oauth_allow scope=other;' });
  h.allowLog(/policy_denied/);
  const refused = await ask(site, bearer(accessToken(site.provider, { header: { typ: 'application/AT+JWT' } })));
  assertError(refused, 403, 'policy_denied');
  assert.deepEqual(challengeOf(refused), { realm: site.origin, error: 'insufficient_scope', scope: 'admin write', resource_metadata: site.origin + '/.well-known/oauth-protected-resource' });
  for (const scope of [{ scope: 'write admin' }, { scope: undefined, scp: 'admin write' }, { scope: undefined, scp: ['admin', 'write'] }, { scope: ['admin', 'write'] }]) {
    assert.equal((await ask(site, bearer(accessToken(site.provider, { claims: scope })))).status, 200, JSON.stringify(scope));
  }
  const other = await ask(site, bearer(accessToken(site.provider, { claims: { sub: 'somebody' } })));
  assert.equal(challengeOf(other).scope, 'other');
  const banned = await ask(site, bearer(accessToken(site.provider, { claims: { sub: 'banned' } })));
  assertError(banned, 403, 'policy_denied');
  assert.equal(banned.headers['www-authenticate'], undefined, 'no scope would help');
});

e2e('BR-04 BR-05 a token in the query is none, one there and in the header is 400, and odd headers are refused', async (h) => {
  const site = await h.site({ server: ON });
  h.allowLog(/login_required/);
  const token = accessToken(site.provider);
  const query = await ask(site, {}, '/api?access_token=' + token);
  assert.equal(query.status, 401);
  assert.equal(challengeOf(query).error, undefined);
  for (const name of ['access_token', 'access%5ftoken', 'c=%zz&access_token']) {
    const both = await ask(site, bearer(token), `/api?a=b&${name}=${token}`);
    assert.equal(both.status, 400);
    assert.equal(challengeOf(both).error, 'invalid_request');
  }
  assert.equal((await ask(site, bearer(token), '/api?tokens=5&x=%41')).status, 200);
  for (const scheme of ['bearer', 'BEARER', 'bEaReR']) {
    assert.equal((await ask(site, { Authorization: scheme + ' ' + token })).status, 200, scheme);
  }
  for (const value of ['Bearer', 'Bearer ', 'Bearer  ' + token, 'Bearer\t' + token, 'Bearer ' + token + ', Bearer ' + token, 'Bearer ' + token + ' x', 'Bearer "' + token + '"', 'Bearer =', 'Bearer,' + token]) {
    const response = await ask(site, { Authorization: value });
    assert.equal(response.status, 401, value.slice(0, 20));
    assert.equal(challengeOf(response).error, 'invalid_token', value.slice(0, 20));
  }
  const basic = await ask(site, { Authorization: 'Basic eDp5' });
  assert.equal(challengeOf(basic).error, undefined, 'another scheme is not ours');
});

e2e('BR-06 two Authorization lines never let anybody in', async (h) => {
  const site = await h.site({ server: ON });
  const token = accessToken(site.provider);
  const answer = await raw(site.port, `GET /api HTTP/1.1\r\nHost: 127.0.0.1:${site.port}\r\nAuthorization: Bearer x\r\nAuthorization: Bearer ${token}\r\nConnection: close\r\n\r\n`);
  assert.match(answer, /^HTTP\/1\.1 40[01] /);
});

// nginx leaves it there in HTTP/2, and an application behind HTTP/1.1 never sees it.
e2e('BR-05 space before the scheme hides no token', async (h) => {
  const site = await h.site({ listen: 'http2', server: ON, locations: (s) => `location /open { oauth optional; proxy_pass ${s.upstream.url}; }` });
  h.allowLog(/access token/);
  const client = http2.connect(site.origin);
  h.closers.push(() => client.destroy());
  const statusOf = (authorization) => new Promise((resolve, reject) => {
    const request = client.request({ ':path': '/open', authorization });
    request.once('response', (headers) => resolve(headers[':status'])).once('error', reject).resume();
  });
  for (const space of ['', ' ', '\t']) {
    assert.equal(await statusOf(space + 'Bearer x.y.z'), 401);
    assert.equal(await statusOf(space + 'Bearer ' + accessToken(site.provider)), 200);
    assert.deepEqual(Upstream.folded(site.upstream.last, 'authorization'), []);
    assert.equal(identityOf(site).sub, 'test|robot-1');
  }
  assert.equal(site.upstream.requests.length, 3);
});

e2e('BR-07 the token decides alone: a session beside it neither helps nor harms', async (h) => {
  const site = await h.site({ server: ON, rules: 'oauth_allow sub=robot-1;' });
  h.allowLog(/access token|policy_denied/);
  await site.browser.navigate(site.origin + '/');
  assert.equal((await site.browser.fetch(site.origin + '/api', { headers: bearer(accessToken(site.provider)) })).status, 200);
  assert.equal(identityOf(site).sub, 'test|robot-1');
  assert.equal((await site.browser.fetch(site.origin + '/api', { headers: bearer('x.y.z') })).status, 401);
});

e2e('BR-14 what is remembered of a token is for its location\'s audience and for its server alone', async (h) => {
  const site = await h.site({ server: `oauth_bearer on; oauth_bearer_audience ${API};`, locations: (s) => `
    location /other/ { oauth_bearer_audience https://other.example; proxy_pass ${s.upstream.url}; }
    location /off/ { oauth_bearer off; proxy_pass ${s.upstream.url}; }
    location /else/ { oauth_allow scope=nothing; proxy_pass ${s.upstream.url}; }` });
  h.allowLog(/access token|policy_denied/);
  const token = accessToken(site.provider);
  assert.equal((await ask(site, bearer(token))).status, 200);
  assert.equal((await ask(site, bearer(token), '/other/')).status, 401);
  assert.equal((await ask(site, bearer(token), '/else/')).status, 403);
  assert.equal((await ask(site, bearer(token), '/off/')).status, 401);
  assert.equal((await ask(site, bearer(token))).status, 200);
});

e2e('BR-14 a remembered token ends with its exp', async (h) => {
  const site = await h.site({ server: ON + 'oauth_clock_skew 0;' });
  h.allowLog(/access token/);
  assert.equal((await ask(site, bearer(accessToken(site.provider)))).status, 200); // the keys are there now
  const exp = now() + 4;
  const token = accessToken(site.provider, { claims: { exp } });
  assert.equal((await ask(site, bearer(token))).status, 200);
  await new Promise((resolve) => setTimeout(resolve, (exp + 1) * 1000 - Date.now()));
  const response = await ask(site, bearer(token));
  assert.equal(response.status, 401);
  assert.equal(challengeOf(response).error, 'invalid_token');
});

e2e('BR-17 BR-18 BR-19 a header that is too large, and a preflight, get the answers they always get', async (h) => {
  const site = await h.site({ server: ON });
  h.allowLog(/./);
  assert.equal((await ask(site, bearer('a'.repeat(40000)))).status, 400);
  const preflight = await new Browser().fetch(site.origin + '/api', { method: 'OPTIONS', headers: { Origin: 'https://elsewhere.example', 'Access-Control-Request-Method': 'GET' } });
  assert.equal(preflight.status, 401);
  assert.equal(preflight.headers['access-control-allow-origin'], undefined);
  assert.equal(site.upstream.requests.length, 0);
});

e2e('BR-20 signing a user out at the provider refuses the tokens that were issued before', async (h) => {
  const site = await h.site({ server: ON });
  h.allowLog(/access token/);
  const token = accessToken(site.provider, { claims: { iat: now() - 5 } });
  assert.equal((await ask(site, bearer(token))).status, 200);
  const logout = accessToken(site.provider, { header: { typ: 'logout+jwt' }, alg: 'RS256', claims: { aud: 'client:1', scope: undefined, events: { 'http://schemas.openid.net/event/backchannel-logout': {} } } });
  const ended = await new Browser().fetch(site.origin + '/auth/oauth/test/backchannel-logout', { method: 'POST', body: 'logout_token=' + logout, headers: { 'Content-Type': 'application/x-www-form-urlencoded' } });
  assert.equal(ended.status, 200, ended.text);
  assert.equal((await ask(site, bearer(token))).status, 401);
  const fresh = accessToken(site.provider, { claims: { iat: now() + 2 } });
  assert.equal((await ask(site, bearer(fresh))).status, 200, 'one that came after it');
});

e2e('a provider that is away is 502 and not 401, and comes back by itself', async (h) => {
  const site = await h.site({ server: ON });
  h.allowLog(/provider_/);
  site.provider.jwks = { status: 500 };
  const token = accessToken(site.provider);
  assertError(await ask(site, bearer(token)), 502, 'provider_error');
  site.provider.jwks = {};
  assert.equal((await ask(site, bearer(token))).status, 200);
});

e2e('the metadata of a server with oauth_bearer name the base URL, whatever the location has', async (h) => {
  const site = await h.site({ server: ON + 'oauth_page_title "The API"; location = /.well-known/oauth-protected-resource { return 418; }', rules: 'oauth_allow scope=read scope!=x; oauth_allow scope=write,offline_access,w*;' });
  const response = await ask(site, { Authorization: 'Bearer nonsense' }, '/.well-known/oauth-protected-resource?x=1');
  assert.equal(response.status, 200);
  assert.equal(response.headers['content-type'], 'application/json');
  assert.deepEqual(response.json(), { resource: site.origin, authorization_servers: [site.provider.issuer], bearer_methods_supported: ['header'], scopes_supported: ['read'], resource_name: 'The API' });
});

e2e('a key that the provider has changed is found, and the many that it has not are not looked for each time', async (h) => {
  const site = await h.site({ server: ON });
  h.allowLog(/access token/);
  assert.equal((await ask(site, bearer(accessToken(site.provider)))).status, 200);
  const rotated = freshKey('new-1');
  site.provider.jwks = { keys: () => [{ ...rotated.publicKey.export({ format: 'jwk' }), kid: 'new-1', use: 'sig', alg: 'RS256' }] };
  assert.equal((await ask(site, bearer(accessToken(site.provider, { alg: 'RS256', key: rotated })))).status, 200);
  const before = site.provider.count('jwks');
  for (let i = 0; i < 30; i++) {
    assert.equal((await ask(site, bearer(accessToken(site.provider, { alg: 'RS256', key: { ...stranger, kid: 'k' + i } })))).status, 401);
  }
  assert.ok(site.provider.count('jwks') - before <= 2, 'bounded');
});

e2e('BR-01 to BR-03 another proxy gets the same answers for its programs', async (h) => {
  const site = await h.site({ server: ON + 'oauth_trusted_proxy 127.0.0.1;', locations: (s) => `location /api { oauth_allow scope=write; oauth_allow scope=admin sub=x; proxy_pass ${s.upstream.url}; }` });
  h.allowLog(/access token|policy_denied/);
  const decide = (headers, query = '') => ask(site, { 'X-Original-URL': site.origin + '/api/x', ...headers }, '/auth/oauth/auth' + query);
  const allowed = await decide(bearer(accessToken(site.provider)));
  assert.equal(allowed.status, 204);
  assert.equal(JSON.parse(Buffer.from(allowed.headers['x-oauth-identity'].split('.')[1], 'base64url')).sub, 'test|robot-1');
  const metadata = site.origin + '/.well-known/oauth-protected-resource';
  assert.deepEqual(challengeOf(await decide({})), { realm: site.origin, scope: 'write', resource_metadata: metadata });
  for (const query of ['', '?redirect=1']) {
    const bad = await decide(bearer('x.y.z'), query);
    assert.equal(bad.status, 401);
    assert.equal(challengeOf(bad).error, 'invalid_token');
    const lacking = await decide(bearer(accessToken(site.provider, { claims: { scope: 'read' } })), query);
    assert.equal(lacking.status, 403);
    assert.deepEqual(challengeOf(lacking), { realm: site.origin, error: 'insufficient_scope', scope: 'write', resource_metadata: metadata });
  }
  const page = await new Browser().navigate(site.origin + '/auth/oauth/auth?redirect=1', { headers: { 'X-Original-URL': site.origin + '/api/x' }, follow: false });
  assert.equal(page.status, 302);
  assert.equal(site.upstream.requests.length, 0);
});

e2e('IDT-19 a token whose authentication is not enough gets the challenge of RFC 9470, and one that has it passes', async (h) => {
  const site = await h.site({ server: ON, locations: (s) => `location /pay { oauth_step_up acr=urn:mfa max_age=5m; proxy_pass ${s.upstream.url}; }` });
  const metadata = site.origin + '/.well-known/oauth-protected-resource';
  const enough = { acr: 'urn:mfa', auth_time: now() - 60 };
  for (const claims of [{}, { ...enough, acr: 'urn:pwd' }, { ...enough, acr: undefined }, { ...enough, auth_time: undefined }, { ...enough, auth_time: now() - 1000 }, { ...enough, auth_time: now() + 600 }, { ...enough, auth_time: Date.now() }]) {
    const response = await ask(site, bearer(accessToken(site.provider, { claims })), '/pay');
    assertError(response, 401, 'login_required');
    assert.match(response.json().message, /stronger/);
    assert.deepEqual(challengeOf(response), { realm: site.origin, error: 'insufficient_user_authentication', acr_values: 'urn:mfa', max_age: '300', resource_metadata: metadata });
  }
  assert.equal(site.upstream.requests.length, 0);
  assert.equal((await ask(site, bearer(accessToken(site.provider, { claims: enough })), '/pay')).status, 200);
  assert.equal(identityOf(site).auth_time, enough.auth_time);
});
