// SPDX-License-Identifier: MIT
// The whole way with a certified OpenID provider that this project did not write: sign-in, claims that are only in userinfo (UI-07), refusal, sign-out.
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import { decodeJwt } from 'jose';
import { Browser, signIn } from './lib/browser.mjs';
import { e2e, hasSession } from './lib/harness.mjs';
import { OidcProvider } from './lib/oidc-provider.mjs';
import { freePort, until } from './lib/ports.mjs';
import { Upstream } from './lib/upstream.mjs';

async function certified(h, { client = {}, block = '', server = '', rules = 'oauth_allow email=*@example.org;', settings } = {}) {
  const upstream = await h.upstream();
  const port = await freePort();
  const origin = 'http://127.0.0.1:' + port;
  const provider = await new OidcProvider({ settings }).start(await freePort(), [{ client_id: 'site', client_secret: 'a secret of the site', grant_types: ['authorization_code', 'refresh_token'],
    redirect_uris: [origin + '/auth/oauth/test/callback'], post_logout_redirect_uris: [origin + '/auth/oauth/signed-out'], response_types: ['code'], ...client }]);
  h.closers.push(() => provider.stop());
  const secret = client.token_endpoint_auth_method === 'none' ? 'client_auth none;' : 'client_secret "a secret of the site";';
  const nginx = await h.nginx(port, `
    oauth_provider test oidc { issuer ${provider.issuer}; client_id site; ${secret} scope openid email profile groups; ${block} }
    server { listen 127.0.0.1:${port}; oauth on; ${rules} ${server} location / { proxy_pass ${upstream.url}; } }`);
  return { origin, provider, upstream, nginx, browser: new Browser() };
}

// The application has been told who it is.
function assertReached(site) {
  const [token] = Upstream.folded(site.upstream.requests.at(-1), 'X-OAuth-Identity');
  assert.equal(decodeJwt(token).email, 'alice@example.org');
}

e2e('alice signs in, and the application learns what only userinfo says', async (h) => {
  const site = await certified(h);
  const response = await signIn(site.browser, site.origin + '/deep?x=1');
  assert.equal(response.status, 200, response.text.slice(0, 300));
  assert.equal(response.json().url, '/deep?x=1');
  const user = (await site.browser.fetch(site.origin + '/auth/oauth/userinfo')).json();
  assert.equal(user.email, 'alice@example.org');
  assert.equal(user.sub, 'test|alice@example.org');
  assert.deepEqual(site.provider.errors, []);
});

e2e('mallory is refused by the policy', async (h) => {
  const site = await certified(h);
  const response = await signIn(site.browser, site.origin + '/', { login: 'mallory@example.net' });
  assert.equal(response.status, 403);
  assert.match(response.text, /mallory@example\.net/);
  assert.equal(site.upstream.requests.length, 0);
});

e2e('after a refusal another account can be chosen', async (h) => {
  const site = await certified(h);
  const refused = await signIn(site.browser, site.origin + '/x', { login: 'mallory@example.net' });
  const href = [...refused.text.matchAll(/href="([^"]*)"/g)].map(([, link]) => link.replace(/&amp;/g, '&')).find((link) => link.includes('/auth/oauth/'));
  assert.ok(href, 'a link to sign in as somebody else');
  assert.ok(href.includes('account=other'), href);
  const response = await signIn(site.browser, new URL(href, site.origin), { login: 'alice@example.org' });
  assert.equal(response.url, site.origin + '/x', 'the page that was wanted');
  assert.equal(response.status, 200, response.url + response.text.slice(0, 300));
});

e2e('the groups claim decides', async (h) => {
  const site = await certified(h, { rules: 'oauth_allow group=admins;' });
  assert.equal((await signIn(new Browser(), site.origin + '/')).status, 200);
  assert.equal((await signIn(new Browser(), site.origin + '/', { login: 'mallory@example.net' })).status, 403);
});

const clients = { client_secret_post: {}, none: { client_secret: undefined } };
for (const [method, extra] of Object.entries(clients)) {
  e2e('token_endpoint_auth_method ' + method, async (h) => {
    const auth = method === 'none' ? '' : 'client_auth post;';
    const site = await certified(h, { client: { token_endpoint_auth_method: method, ...extra }, block: auth });
    assert.equal((await signIn(site.browser, site.origin + '/')).status, 200);
  });
}

for (const alg of ['PS256', 'ES256']) {
  e2e('ID tokens signed with ' + alg, async (h) => {
    const site = await certified(h, { client: { id_token_signed_response_alg: alg } });
    const response = await signIn(site.browser, site.origin + '/');
    assert.ok(alg === 'ES256' || response.status === 200, response.text.slice(0, 200));
    assert.equal(response.status, 200);
  });
}

e2e('CONF-047 a sign-out\'s return_to is followed when the provider has ended its session too', async (h) => {
  const site = await certified(h, { server: 'location /bye { oauth off; return 200 bye; }' });
  await signIn(site.browser, site.origin + '/');
  const page = await site.browser.navigate(site.origin + '/auth/oauth/logout?return_to=/bye%3Fa', { initiator: site.origin });
  assert.equal(new URL(page.url).searchParams.get('post_logout_redirect_uri'), site.origin + '/auth/oauth/signed-out');
  assert.match(new URL(page.url).searchParams.get('id_token_hint'), /^ey/);
  const after = await site.browser.submit(page, { logout: 'yes' });
  assert.deepEqual([after.status, after.url], [200, site.origin + '/bye?a']);
});

e2e('sign-out ends the session at the provider too', async (h) => {
  const site = await certified(h);
  await signIn(site.browser, site.origin + '/');
  const page = await site.browser.navigate(site.origin + '/auth/oauth/logout', { initiator: site.origin });
  assert.ok(!hasSession(site.browser));
  assert.match(page.url, /\/session\/end/, 'at the provider');
  assert.equal(page.status, 200, page.text.slice(0, 300));
  const after = await site.browser.submit(page, { logout: 'yes' });
  assert.deepEqual([after.status, new URL(after.url).pathname], [200, '/auth/oauth/signed-out']);
  assert.match(after.text, /You are signed out/);
  const again = await site.browser.navigate(site.origin + '/');
  assert.match(again.url, /\/interaction\//, 'the provider asks who it is');
});

e2e('CONF-027 userinfo answers that are signed, and that are encrypted', async (h) => {
  const settings = { features: { jwtUserinfo: { enabled: true }, encryption: { enabled: true } } };
  for (const alg of ['RS256', 'ES256']) {
    const site = await certified(h, { settings, client: { userinfo_signed_response_alg: alg } });
    const types = [];
    site.provider.server.on('request', (request, response) => {
      response.on('finish', () => { types.push(...(request.headers.accept?.includes('application/jwt') ? [response.getHeader('content-type')] : [])); });
    });
    const response = await signIn(site.browser, site.origin + '/');
    assert.equal(response.status, 200, response.text.slice(0, 300));
    assert.match(types.join(' '), /^application\/jwt/);
    assert.equal((await site.browser.fetch(site.origin + '/auth/oauth/userinfo')).json().email, 'alice@example.org');
    assertReached(site);
  }
  const key = crypto.generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({ format: 'jwk' });
  const keys = { jwks: { keys: [{ ...key, use: 'enc', kid: 'enc-1' }] } };
  const encrypted = { userinfo: { userinfo_signed_response_alg: 'RS256', userinfo_encrypted_response_alg: 'RSA-OAEP' }, 'ID token': { id_token_encrypted_response_alg: 'RSA-OAEP' } };
  for (const [what, client] of Object.entries(encrypted)) {
    const site = await certified(h, { settings, client: { ...keys, ...client } });
    const response = await signIn(site.browser, site.origin + '/');
    assert.equal(response.status, 502, what);
    assert.ok(!hasSession(site.browser), what);
    assert.equal(site.upstream.requests.length, 0, what);
    assert.match(site.nginx.log(), new RegExp(what + '[^\n]*: the token is encrypted \\(JWE\\), which is not supported'));
  }
});

e2e('RF-01 refresh tokens that rotate: each is used once, and the identity stays', async (h) => {
  const site = await certified(h, { settings: { rotateRefreshToken: () => true, issueRefreshToken: () => true }, server: 'oauth_refresh 1s;' });
  const [used, granted] = [[], []];
  site.provider.provider.on('grant.success', (ctx) => {
    granted.push(ctx.oidc.params.grant_type);
    used.push(ctx.oidc.params.refresh_token);
  });
  site.provider.provider.on('grant.error', (ctx, error) => granted.push(error.message));
  assert.equal((await signIn(site.browser, site.origin + '/')).status, 200);
  for (let i = 0; i < 3; i++) {
    await new Promise((resolve) => setTimeout(resolve, 1500));
    assert.equal((await site.browser.navigate(site.origin + '/')).status, 200);
    await until(() => granted.length === i + 2, 'refresh ' + i);
  }
  assert.deepEqual(granted, ['authorization_code', 'refresh_token', 'refresh_token', 'refresh_token']);
  assert.equal(new Set(used.slice(1)).size, 3, 'each another one');
  assert.equal((await site.browser.fetch(site.origin + '/auth/oauth/userinfo')).json().email, 'alice@example.org');
  assertReached(site);
});

e2e('CB-15 form_post', async (h) => {
  const site = await certified(h, { block: 'response_mode form_post;' });
  const page = await signIn(site.browser, site.origin + '/deep?x=1');
  assert.equal(page.status, 200, page.text.slice(0, 300));
  assert.equal(page.json().url, '/deep?x=1');
  assert.equal((await site.browser.fetch(site.origin + '/auth/oauth/userinfo')).json().email, 'alice@example.org');
  assertReached(site);
});
