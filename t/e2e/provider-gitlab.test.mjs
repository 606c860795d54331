// SPDX-License-Identifier: MIT
// GitLab, against a mock with its column of traps: an instance at a host or below a path, groups from userinfo.
import assert from 'node:assert/strict';
import { e2e } from './lib/harness.mjs';
import { GITA, GitLabMock } from './lib/providers/gitlab.mjs';
import { assertUserRefuses, assertWrongSecret, browserOf, denied, providerSite, refused, signedIn, startMock, untilCallback } from './lib/providers/site.mjs';
import { assertCommonTraps } from './lib/providers/traps.mjs';

const variables = (mock, domain = mock.base) => ({ OAUTH_GITLAB_CLIENT_ID: mock.clientId, OAUTH_GITLAB_CLIENT_SECRET: mock.clientSecret, OAUTH_GITLAB_DOMAIN: domain });
const block = (mock, extra = '') => `oauth_provider gitlab { client_id ${mock.clientId}; client_secret "${mock.clientSecret}"; domain ${mock.base}; ${extra} }`;

function assertGita(identity) {
  assert.equal(identity.sub, 'gitlab|4711');
  assert.equal(identity.user, 'gita@example.org');
  assert.deepEqual([identity.email, identity.email_verified, identity.name, identity.picture], [GITA.email, true, GITA.name, GITA.picture]);
}

e2e('gitlab from its variables alone, with the domain as people write it', async (h) => {
  for (const [path, domains] of [['', ['gitlab.example.org', 'https://gitlab.example.org/']], ['/gitlab', ['gitlab.example.org/gitlab', 'https://gitlab.example.org/gitlab/']]]) {
    const mock = await startMock(h, new GitLabMock({ path }), { real: true });
    for (const domain of domains) {
      assertGita(await signedIn(await providerSite(h, mock, { env: variables(mock, domain) }), domain));
    }
    assert.deepEqual(mock.lastScopes().sort(), ['email', 'openid', 'profile']);
    assert.equal(mock.requests.discovery.at(-1).pathname, path + '/.well-known/openid-configuration');
  }
});

e2e('gitlab from a block below a path, over variables, and of an older version', async (h) => {
  const mock = await startMock(h, new GitLabMock({ path: '/gitlab', older: true }));
  assertGita(await signedIn(await providerSite(h, mock, { blocks: block(mock) })));
  assertGita(await signedIn(await providerSite(h, mock, { blocks: block(mock), env: variables(mock, 'gitlab.invalid') }), 'the block wins'));
  const byIssuer = block(mock).replace('domain', 'issuer');
  assertGita(await signedIn(await providerSite(h, mock, { blocks: byIssuer }), 'by issuer'));
  assertGita(await signedIn(await providerSite(h, mock, { env: variables(mock) }), 'loopback domain from variables'));
});

e2e('gitlab: a wrong secret, and a user who refuses', async (h) => {
  const mock = await startMock(h, new GitLabMock());
  await assertWrongSecret(h, mock, (secret) => providerSite(h, mock, { env: { ...variables(mock), OAUTH_GITLAB_CLIENT_SECRET: secret } }));
  await assertUserRefuses(await providerSite(h, mock, { env: variables(mock) }));
});

e2e('gitlab: the traps of every provider', async (h) => {
  const mock = await startMock(h, new GitLabMock(), { real: true });
  await assertCommonTraps(await providerSite(h, mock, { env: variables(mock, 'gitlab.example.org'), server: 'oauth_http_timeout 1s;' }));
});

e2e('gitlab: what is empty is left out, an address may be unconfirmed', async (h) => {
  const mock = await startMock(h, new GitLabMock());
  const site = await providerSite(h, mock, { env: variables(mock) });
  const { sub, name, preferred_username } = GITA;
  mock.user = { sub, name, preferred_username };
  const bare = await signedIn(site, 'no address, no groups');
  assert.equal(bare.sub, 'gitlab|4711');
  assert.ok(bare.user.length > 0);
  assert.deepEqual([bare.email, bare.picture], [undefined, undefined]);
  mock.user = { ...GITA, email_verified: false };
  assert.notEqual((await signedIn(site, 'unconfirmed')).email_verified, true);
  await denied(await providerSite(h, mock, { env: variables(mock), rules: 'oauth_allow domain=example.org;' }), 'a rule on an unconfirmed address');
  mock.user = { sub, name, preferred_username };
  await denied(await providerSite(h, mock, { env: variables(mock), rules: 'oauth_allow group=acme;' }), 'no groups');
});

e2e('gitlab: groups are full paths, from userinfo', async (h) => {
  const mock = await startMock(h, new GitLabMock());
  mock.user = { ...GITA, groups_direct: ['acme/platform'] };
  const rule = async (text) => providerSite(h, mock, { env: variables(mock), rules: `oauth_allow ${text};` });
  await signedIn(await rule('group=acme'), 'an inherited group that the ID token does not tell');
  await signedIn(await rule('group=acme/platform'), 'the sub-group');
  await signedIn(await rule('claim./https:~1~1gitlab.org~1claims~1groups~1maintainer=acme/platform'), 'maintainer');
  await denied(await rule('group=platform'), 'the last part of a path');
  await denied(await rule('claim./https:~1~1gitlab.org~1claims~1groups~1owner=acme'), 'a claim that is left out');
});

e2e('gitlab: three thousand groups', async (h) => {
  const mock = await startMock(h, new GitLabMock());
  mock.user = { ...GITA, groups: [...Array.from({ length: 3000 }, (_, i) => 'acme/team-with-a-long-name-' + i), 'acme/last'] };
  assertGita(await signedIn(await providerSite(h, mock, { env: variables(mock) }), 'nothing uses them'));
  const site = await providerSite(h, mock, { env: variables(mock), rules: 'oauth_allow group=acme/last;' });
  const response = await site.browser.navigate(site.loginUrl);
  assert.ok(response.status === 200 || (response.status === 500 && /oauth_session shared/.test(site.nginx.log())),
    `${response.status} ${site.nginx.log().split('\n').filter((line) => /oauth/.test(line)).at(-1)}`);
  const other = await providerSite(h, mock, { env: variables(mock), rules: 'oauth_allow group=nobody;' });
  const nobody = await other.browser.navigate(other.loginUrl);
  assert.ok([403, 500].includes(nobody.status));
  assert.equal(other.upstream.requests.length, 0);
});

e2e('gitlab: a prompt that it answers with an error is its own matter', async (h) => {
  const mock = await startMock(h, new GitLabMock());
  const all = await providerSite(h, mock, { env: { ...variables(mock), OAUTH_PROMPT: 'select_account' } });
  assertGita(await signedIn(all, 'OAUTH_PROMPT=select_account, meant for others'));
  const login = await providerSite(h, mock, { env: { ...variables(mock), OAUTH_PROMPT: 'select_account', OAUTH_GITLAB_PROMPT: 'login' } });
  assertGita(await signedIn(login, 'OAUTH_GITLAB_PROMPT=login'));
  assert.equal(mock.lastAsked().get('prompt'), 'login');
  const own = await providerSite(h, mock, { env: { ...variables(mock), OAUTH_GITLAB_PROMPT: 'select_account' } });
  await refused(own, 'asked for by name', { status: [403, 502], codes: ['provider_error', 'access_denied'] });
});

e2e('gitlab: signing out here, for it has no end-session endpoint', async (h) => {
  const mock = await startMock(h, new GitLabMock());
  const site = await providerSite(h, mock, { env: variables(mock) });
  const browser = browserOf(await signedIn(site));
  const response = await browser.request(site.origin + '/auth/oauth/logout', { method: 'POST', headers: { Origin: site.origin, 'Sec-Fetch-Site': 'same-origin' }, body: '' });
  assert.equal(new URL(response.headers.location, site.origin).href, site.origin + '/auth/oauth/signed-out');
  assert.equal((await browser.fetch(site.origin + '/')).status, 401);
});

e2e('the mock of gitlab: a refresh makes the old tokens worthless', async (h) => {
  const mock = await startMock(h, new GitLabMock());
  const site = await providerSite(h, mock, { env: variables(mock) });
  await signedIn(site);
  const [[old, { grant, accessToken }]] = [...mock.refreshTokens];
  const browser = site.newBrowser();
  const refresh = (changes = {}) => browser.fetch(mock.base + '/oauth/token', { method: 'POST', headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({ grant_type: 'refresh_token', refresh_token: old, redirect_uri: grant.redirectUri, client_id: mock.clientId,
      client_secret: mock.clientSecret, ...changes }).toString() });
  assert.equal((await refresh({ redirect_uri: 'http://127.0.0.1/' })).status, 400);
  assert.equal((await refresh()).status, 200);
  assert.equal((await refresh()).status, 400);
  assert.equal((await browser.fetch(mock.base + '/oauth/userinfo', { headers: { Authorization: 'Bearer ' + accessToken } })).status, 401);
});

e2e('gitlab: the code comes back as it was given', async (h) => {
  const mock = await startMock(h, new GitLabMock());
  const site = await providerSite(h, mock, { env: variables(mock) });
  const { url } = await untilCallback(site, site.newBrowser());
  assert.match(new URL(url).searchParams.get('code'), /^c\/o\+d%25e=~/);
});
