// SPDX-License-Identifier: MIT
// LG-01 and LG-02: after good and bad sign-ins no secret that anybody issued is in a log, and what others write stays on its line.
import assert from 'node:assert/strict';
import { Browser, signIn } from './lib/browser.mjs';
import { assertSignedIn, beginSignIn, e2e } from './lib/harness.mjs';

// Everything that must not be in a log: what the provider issued, what the module set as cookies, what the browser carried. At level debug nginx itself
// writes what goes between it and the browser, so only what the browser never sees counts there.
function collect(site, browsers, level) {
  const secrets = new Set([...site.provider.secrets].filter((value) => level === 'info' || !site.provider.grants.has(value)));
  site.provider.requests.token.forEach(({ headers }) => secrets.add((headers.authorization ?? '').replace('Basic ', '')));
  if (level === 'debug') {
    return [...secrets].filter((value) => value.length >= 8);
  }
  browsers.forEach((browser) => browser.seen.forEach((value) => secrets.add(value)));
  site.provider.requests.authorize.forEach(({ parameters }) => ['state', 'nonce'].forEach((name) => secrets.add(parameters.get(name))));
  return [...secrets].filter((value) => value && value.length >= 8).flatMap((value) => [value, encodeURIComponent(value)]);
}

class RecordingBrowser extends Browser {
  seen = new Set();

  async request(...words) {
    const response = await super.request(...words);
    response.setCookies.forEach((cookie) => this.seen.add(cookie.slice(cookie.indexOf('=') + 1).split(';')[0]));
    return response;
  }
}

for (const level of ['info', 'debug']) {
  e2e(`LG-01 NX-18 no secret gets into a log at level ${level}`, async (h) => {
    const site = await h.site({ logLevel: level, location: 'add_header X-Session $oauth_session_id;' });
    const browsers = [];
    const browser = () => { const made = new RecordingBrowser(); browsers.push(made); return made; };
    const alice = browser();
    await assertSignedIn(site, { browser: alice });
    await alice.navigate(site.origin + '/auth/oauth/logout', { initiator: site.origin });
    for (const [endpoint, shape] of [['token', { status: 400, alter: () => ({ error: 'invalid_grant', error_description: `no ${site.provider.lastGrant.code} for ${site.provider.clientSecret}` }) }],
      ['token', { close: true }],
      ['token', { corrupt: true }], ['token', { claims: (claims) => ({ ...claims, nonce: 'secret-nonce-value' }) }], ['userinfo', { status: 500 }], ['authorize', { error: 'access_denied' }]]) {
      site.provider[endpoint] = shape;
      await signIn(browser(), site.origin + '/page');
      site.provider[endpoint] = {};
    }
    const callback = await beginSignIn(site, { browser: browser() });
    await browser().navigate(callback, { follow: false });
    await alice.request(site.origin + '/', { headers: { Cookie: 'oauth=' + [...alice.seen].find((value) => value.length > 40) + 'x' } });
    await site.nginx.stop();
    const text = site.nginx.log() + site.nginx.accessed();
    const secrets = collect(site, browsers, level);
    assert.ok(secrets.length > 20);
    for (const secret of [...secrets, 'secret-nonce-value']) {
      const at = text.indexOf(secret);
      assert.ok(at < 0, `${secret} in: ${text.slice(Math.max(0, at - 150), at + 50)}`);
    }
  });
}

e2e('LG-02 what others write cannot begin a line of its own', async (h) => {
  const site = await h.site();
  const evil = 'x\r\n2026/01/01 00:00:00 [alert] forged\u001b[31m';
  h.allowLog(/^\S+ \S+ \[error\] .*oauth: (token_invalid|provider_error): test: [^"]*"x\?\?2026\/01\/01 00:00:00 \[alert\] forged\?\[31m"/); // it is quoted
  site.provider.token = { header: (all) => ({ ...all, kid: evil }), claims: (all) => ({ ...all, iss: evil, aud: evil }) };
  await signIn(new Browser(), site.origin + '/');
  site.provider.token = {};
  site.provider.authorize = { error: evil, description: evil };
  await signIn(new Browser(), site.origin + '/');
  assert.doesNotMatch(site.nginx.log(), /^2026\/01\/01|\u001b/m);
  assert.ok(site.nginx.log().split('\n').every((line) => line === '' || /^\d{4}\/\d\d\/\d\d |^\s/.test(line)));
});
