// SPDX-License-Identifier: MIT
// Two more providers that this project did not write, as Debian has them: LemonLDAP::NG and Glewlwyd. Somebody signs in at each, and the application gets
// the identity, which verifies with the keys that are published. The certified oidc-provider has files of its own.
import assert from 'node:assert/strict';
import { setTimeout as pause } from 'node:timers/promises';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import { Browser } from './lib/browser.mjs';
import { ACCOUNT, Glewlwyd } from './lib/glewlwyd.mjs';
import { e2e, hasSession } from './lib/harness.mjs';
import { LemonLdap } from './lib/lemonldap.mjs';
import { freePort } from './lib/ports.mjs';
import { Upstream } from './lib/upstream.mjs';

const CLIENT = { id: 'site', secret: 'a-secret-of-the-site' };

async function siteWith(h, kind, { block = '', server = '', ...options } = {}) {
  const upstream = await h.upstream();
  const port = await freePort();
  const origin = 'http://127.0.0.1:' + port;
  const client = { ...CLIENT, redirectUri: origin + '/auth/oauth/peer/callback', postLogoutRedirectUri: origin + '/auth/oauth/signed-out', frontChannelLogoutUri: origin + '/auth/oauth/peer/frontchannel-logout' };
  const peer = await new kind().start(await freePort(), client, options);
  h.closers.push(() => peer.stop());
  const nginx = await h.nginx(port, `
    oauth_provider peer oidc { issuer ${peer.issuer}; client_id ${client.id}; client_secret ${client.secret}; ${block} }
    server { listen 127.0.0.1:${port}; oauth on; oauth_allow any; ${server} location / { proxy_pass ${upstream.url}; } }`);
  return { origin, upstream, peer, nginx, browser: new Browser() };
}

// The identity that came to the application with its last request.
async function identityOf(site) {
  const [token] = Upstream.folded(site.upstream.last, 'X-OAuth-Identity');
  const keys = createRemoteJWKSet(new URL(site.origin + '/auth/oauth/jwks.json'));
  return (await jwtVerify(token, keys, { issuer: site.origin, audience: site.origin })).payload;
}

async function assertEntered(site, response) {
  assert.deepEqual([response.status, response.url], [200, site.origin + '/deep?x=1'], response.text.slice(0, 500) + site.peer.output);
  assert.ok(hasSession(site.browser));
  assert.equal(site.upstream.requests.length, 1);
  return identityOf(site);
}

e2e('LemonLDAP::NG: its user\'s identity comes to the application', async (h) => {
  const site = await siteWith(h, LemonLdap);
  const page = await site.browser.navigate(site.origin + '/deep?x=1');
  assert.equal(site.upstream.requests.length, 0);
  const identity = await assertEntered(site, await site.browser.submit(page, { user: 'dwho', password: 'dwho' }));
  assert.deepEqual([identity.sub, identity.provider, identity.email, identity.name], ['peer|dwho', 'peer', 'dwho@badwolf.org', 'Doctor Who']);
});

// Glewlwyd tells addresses without saying whether they are verified: the subject is the user name then.
async function throughGlewlwyd(site) {
  const page = await site.browser.navigate(site.origin + '/deep?x=1');
  assert.equal(new URL(page.url).origin, site.peer.origin, page.url);
  assert.equal(site.upstream.requests.length, 0);
  const on = await site.peer.signIn(site.browser, page);
  const identity = await assertEntered(site, await site.browser.navigate(on, { initiator: site.peer.origin }));
  assert.deepEqual([identity.provider, identity.email, identity.email_verified, identity.name, identity.sub], ['peer', ACCOUNT.email, false, ACCOUNT.name, 'peer|' + identity.user]);
  return identity;
}

e2e('Glewlwyd: its user\'s identity comes to the application', async (h) => {
  const site = await siteWith(h, Glewlwyd);
  const { sub } = await throughGlewlwyd(site);
  site.browser = new Browser();
  site.upstream.requests.length = 0;
  assert.equal((await throughGlewlwyd(site)).sub, sub, 'the same person in another browser');
});

e2e('Glewlwyd: tokens by ES256, and refresh tokens that are good once', async (h) => {
  const site = await siteWith(h, Glewlwyd, { keys: 'ecdsa', block: 'client_auth post; signing_algorithms ES256;', server: 'oauth_refresh 1s; oauth_tokens on; add_header X-Token $oauth_access_token;' });
  const { sub } = await throughGlewlwyd(site);
  const tokens = new Set();
  for (let round = 1; round <= 3; round++) {
    const response = await site.browser.fetch(site.origin + '/', { headers: { Accept: 'application/json' } });
    assert.equal(response.status, 200, `${round}: ${response.text} ${site.nginx.log().slice(-2000)}`);
    assert.equal((await identityOf(site)).sub, sub);
    tokens.add(response.headers['x-token']);
    await pause(1100);
  }
  assert.equal(tokens.size, 3, 'a new access token each time');
});
