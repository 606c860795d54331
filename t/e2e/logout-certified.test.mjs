// SPDX-License-Identifier: MIT
// Sign-out with a certified provider that this project did not write: RP-initiated logout with its hint and state, and back-channel logout, which it posts while the
// browser's sign-out is still under way (T3, CONF-047, CONF-052, LO-17, LO-18).
import assert from 'node:assert/strict';
import { Browser, signIn } from './lib/browser.mjs';
import { e2e } from './lib/harness.mjs';
import { OidcProvider } from './lib/oidc-provider.mjs';
import { freePort } from './lib/ports.mjs';

async function certified(h, { sessionRequired = true } = {}) {
  const upstream = await h.upstream();
  const [port, otherPort] = [await freePort(), await freePort()];
  const origin = 'http://127.0.0.1:' + port;
  const other = 'http://127.0.0.1:' + otherPort;
  const client = (id, base) => ({ client_id: id, client_secret: 'a secret of ' + id, grant_types: ['authorization_code'], response_types: ['code'],
    redirect_uris: [base + '/auth/oauth/test/callback'], post_logout_redirect_uris: [base + '/auth/oauth/signed-out'],
    backchannel_logout_uri: base + '/auth/oauth/test/backchannel-logout', backchannel_logout_session_required: sessionRequired });
  const provider = await new OidcProvider().start(await freePort(), [client('site', origin), client('other', other)]);
  h.closers.push(() => provider.stop());
  const posted = [];
  provider.provider.on('backchannel.success', (ctx, { clientId }) => posted.push(clientId + ' took it'));
  provider.provider.on('backchannel.error', (ctx, error, { clientId }) => posted.push(clientId + ': ' + error.message));
  const configuration = (id, listen) => `
    oauth_provider test oidc { issuer ${provider.issuer}; client_id ${id}; client_secret "a secret of ${id}"; }
    server { listen 127.0.0.1:${listen}; oauth on; oauth_allow any; oauth_cookie name=${id}; location / { proxy_pass ${upstream.url}; } location /bye { oauth off; return 200 bye; } }`;
  await h.nginx(port, configuration('site', port), { workers: 2 });
  await h.nginx(otherPort, configuration('other', otherPort));
  return { origin, other, provider, posted };
}

const lives = async (origin, browser) => (await browser.fetch(origin + '/', { headers: { Accept: 'application/json' } })).status === 200;

async function signOut(site, browser, query = '') {
  const page = await browser.navigate(site.origin + '/auth/oauth/logout' + query, { initiator: site.origin });
  assert.match(page.url, /\/session\/end/, 'at the provider');
  return browser.submit(page, { logout: 'yes' });
}

for (const sessionRequired of [true, false]) {
  e2e('a sign-out at one site ends the other\'s session too' + (sessionRequired ? ', by its sid' : ', by its sub'), async (h) => {
    const site = await certified(h, { sessionRequired });
    const [alice, elsewhere] = [new Browser(), new Browser()];
    for (const [browser, origin] of [[alice, site.origin], [elsewhere, site.origin]]) {
      assert.equal((await signIn(browser, origin + '/')).status, 200);
    }
    const sso = await alice.navigate(site.other + '/');
    assert.equal(sso.status, 200, 'she is known at the provider: ' + sso.url);
    const copy = new Browser({ jar: alice.jar.clone() });
    const after = await signOut(site, alice, '?return_to=/bye%3Fa');
    assert.deepEqual([after.status, after.url], [200, site.origin + '/bye?a']);
    assert.ok(!alice.jar.names().includes('site'));
    assert.deepEqual(site.posted.sort(), ['other took it', 'site took it'], 'it has been told to both, and ours had ended already');
    assert.equal(await lives(site.other, copy), false, 'the other site');
    assert.equal(await lives(site.origin, copy), false, 'a copy of the cookie');
    assert.equal(await lives(site.origin, elsewhere), sessionRequired, 'another browser of hers');
    assert.deepEqual(site.provider.errors, []);
    const again = await signIn(alice, site.origin + '/');
    assert.equal(again.status, 200, 'and she can sign in again');
    assert.ok(await lives(site.origin, alice));
  });
}

e2e('an expired hint is taken, and a state that is not ours leads to our page', async (h) => {
  const site = await certified(h);
  const alice = new Browser();
  await signIn(alice, site.origin + '/');
  const out = await alice.navigate(site.origin + '/auth/oauth/logout?return_to=/bye', { initiator: site.origin, follow: false });
  const end = new URL(out.headers.location);
  assert.deepEqual([...end.searchParams.keys()], ['id_token_hint', 'client_id', 'post_logout_redirect_uri', 'state']);
  end.searchParams.set('state', end.searchParams.get('state') + '_INVALID'); // CONF-048
  const after = await alice.submit(await alice.navigate(end), { logout: 'yes' });
  assert.deepEqual([after.status, new URL(after.url).pathname], [200, '/auth/oauth/signed-out']);
  assert.match(after.text, /You are signed out/);
});
