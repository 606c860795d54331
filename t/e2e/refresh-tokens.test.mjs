// SPDX-License-Identifier: MIT
// The access token that goes upstream (RF-05): it is renewed where that can be, waited for by who needs it, and once it has ended it is nobody's any more.
import assert from 'node:assert/strict';
import { Browser } from './lib/browser.mjs';
import { assertSignedIn, e2e } from './lib/harness.mjs';
import { until } from './lib/ports.mjs';
import { Upstream } from './lib/upstream.mjs';

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
const location = 'proxy_set_header X-Token "token $oauth_access_token"; proxy_set_header X-Id-Token "$oauth_id_token";';

async function makeSite(h, { expiresIn, server = '', refreshToken = true }) {
  const site = await h.site({ server: `oauth_tokens on; ${server}`, location });
  site.alter = (answer) => ({ ...answer, expires_in: expiresIn, ...(refreshToken ? {} : { refresh_token: undefined }) });
  site.provider.token = { alter: site.alter };
  site.provider.refresh = { alter: site.alter };
  await assertSignedIn(site);
  site.endsAt = Date.now() + 1000 * (expiresIn ?? 0);
  site.told = async (browser = site.browser) => {
    const answer = await browser.fetch(site.origin + '/', { headers: { Accept: 'application/json' } });
    assert.equal(answer.status, 200);
    const entry = answer.json();
    return Upstream.folded(entry, 'X-Token').join().replace(/^token ?/, '');
  };
  site.untilEnd = () => pause(Math.max(0, site.endsAt - Date.now()) + 1100);
  return site;
}

for (const [name, server, refreshToken] of [['no refresh at all', '', true], ['no refresh token', 'oauth_refresh 1h;', false]]) {
  e2e(`RF-05 an access token that has ended goes nowhere: ${name}`, async (h) => {
    const site = await makeSite(h, { expiresIn: 3, server, refreshToken });
    assert.match(await site.told(), /^at-/);
    await site.untilEnd();
    assert.equal(await site.told(), '', 'nor for a minute more');
    assert.match(Upstream.folded(site.upstream.last, 'X-Id-Token').join(), /^ey/, 'the ID token says who it is, and is no key');
    assert.equal(Upstream.folded(site.upstream.last, 'X-OAuth-Identity').length, 1, 'the session lives on');
  });
}

e2e('RF-05 an access token that has ended goes nowhere while the provider is away', async (h) => {
  const site = await makeSite(h, { expiresIn: 6, server: 'oauth_refresh 1h;' });
  const first = await site.told();
  assert.match(first, /^at-/);
  site.provider.refresh = { error: 'temporarily_unavailable', status: 503 };
  await site.untilEnd();
  for (let i = 0; i < 3; i++) {
    assert.equal(await site.told(), '');
  }
  assert.equal(site.provider.count('refresh'), 1);
});

e2e('an access token whose end nobody told, or nobody can, does not end', async (h) => {
  const site = await makeSite(h, { expiresIn: undefined });
  await pause(1100);
  assert.match(await site.told(), /^at-/);
});

e2e('RF-03 who needs the new access token waits for it, and there is one refresh', async (h) => {
  const site = await makeSite(h, { expiresIn: 6, server: 'oauth_refresh 1h;' });
  const first = await site.told();
  await site.untilEnd();
  let release;
  site.provider.refresh = { wait: new Promise((resolve) => { release = resolve; }), alter: (answer) => ({ ...answer, expires_in: 3600 }) };
  const tabs = [site.browser, new Browser({ jar: site.browser.jar.clone() }), new Browser({ jar: site.browser.jar.clone() })];
  const before = site.upstream.requests.length;
  const answers = tabs.map((tab) => site.told(tab));
  await until(() => site.provider.count('refresh') === 1, 'the refresh');
  await pause(500);
  assert.equal(site.upstream.requests.length, before, 'nobody goes on without');
  release();
  const tokens = [...new Set(await Promise.all(answers))];
  assert.equal(tokens.length, 1);
  assert.match(tokens[0], /^at-/);
  assert.notEqual(tokens[0], first);
  assert.equal(site.provider.count('refresh'), 1);
});

e2e('what the ID token of a refresh leaves out stays, unless a rule decides by it', async (h) => {
  const site = await h.site({ block: 'userinfo off;', rules: 'oauth_allow group=staff; oauth_allow any;', server: 'oauth_refresh 2s;' });
  site.provider.token = { claims: (claims, { user }) => ({ ...claims, email: user.email, email_verified: true, groups: ['staff'] }) };
  await assertSignedIn(site);
  const told = async () => {
    const answer = await site.browser.fetch(site.origin + '/', { headers: { Accept: 'application/json' } });
    const [token] = Upstream.folded(answer.json(), 'X-OAuth-Identity');
    return JSON.parse(Buffer.from(token.split('.')[1], 'base64url'));
  };
  const before = await told();
  assert.deepEqual([before.email_verified, before.groups], [true, ['staff']]);
  site.provider.token = {};
  await pause(2100);
  const after = await told();
  assert.equal(site.provider.count('refresh'), 1);
  assert.deepEqual([after.email, after.email_verified, after.groups], [before.email, true, undefined]);
});
