// SPDX-License-Identifier: MIT
// Access tokens of a certified provider: opaque ones by its introspection, until it has revoked them.
import assert from 'node:assert/strict';
import { API, bearer, challengeOf } from './lib/access-tokens.mjs';
import { Browser, signIn } from './lib/browser.mjs';
import { e2e } from './lib/harness.mjs';
import { OidcProvider } from './lib/oidc-provider.mjs';
import { freePort } from './lib/ports.mjs';
import { Upstream } from './lib/upstream.mjs';

e2e('the certified provider introspects its opaque tokens, and the identity of each comes to the application', async (h) => {
  const upstream = await h.upstream();
  const port = await freePort();
  const origin = 'http://127.0.0.1:' + port;
  const redirect = origin + '/auth/oauth/test/callback';
  const provider = await new OidcProvider({ features: { introspection: { enabled: true, allowedPolicy: async () => true }, revocation: { enabled: true } } }).start(await freePort(), [
    { client_id: 'site', client_secret: 'a secret of the site', redirect_uris: [redirect], response_types: ['code'], grant_types: ['authorization_code'] }]);
  h.closers.push(() => provider.stop());
  h.allowLog(/access token/);
  await h.nginx(port, `
    oauth_provider test oidc { issuer ${provider.issuer}; client_id site; client_secret "a secret of the site"; scope openid email; }
    server {
        listen 127.0.0.1:${port}; oauth on; oauth_allow any; oauth_tokens on;
        location / { add_header X-Token $oauth_access_token; proxy_pass ${upstream.url}; }
        location /api { oauth_bearer on; oauth_bearer_audience ${API}; oauth_allow scope=email; proxy_pass ${upstream.url}; }
    }`);
  const browser = new Browser();
  const page = await signIn(browser, origin + '/');
  assert.equal(page.status, 200, page.text.slice(0, 300));
  const token = page.headers['x-token'];
  assert.ok(token && !token.includes('.'), 'an opaque token');

  const program = () => new Browser().fetch(origin + '/api', { headers: bearer(token) });
  assert.equal((await program()).status, 200);
  const identity = JSON.parse(Buffer.from(Upstream.folded(upstream.last, 'x-oauth-identity')[0].split('.')[1], 'base64url'));
  assert.equal(identity.sub, 'test|alice@example.org');
  const unknown = await new Browser().fetch(origin + '/api', { headers: bearer(token.slice(0, -3) + 'xyz') });
  assert.equal(unknown.status, 401);
  assert.equal(challengeOf(unknown).error, 'invalid_token');

  const answer = await fetch(provider.issuer + '/token/revocation', { method: 'POST', body: new URLSearchParams({ token }),
    headers: { Authorization: 'Basic ' + Buffer.from('site:a%20secret%20of%20the%20site').toString('base64') } });
  assert.equal(answer.status, 200);
  assert.equal((await program()).status, 200, 'remembered for a minute');
  assert.deepEqual(provider.errors, []);
});
