// SPDX-License-Identifier: MIT
// GitHub, against a mock with its column of traps: under its real names from two variables alone, as an Enterprise host by three more, and from a block. ID-07.
import assert from 'node:assert/strict';
import { e2e } from './lib/harness.mjs';
import { GitHubMock, OCTO } from './lib/providers/github.mjs';
import { assertUserRefuses, assertWrongSecret, browserOf, denied, providerSite, refused, signedIn, startMock } from './lib/providers/site.mjs';
import { assertCommonTraps } from './lib/providers/traps.mjs';

const variables = (mock, extra = {}) => ({ OAUTH_GITHUB_CLIENT_ID: mock.clientId, OAUTH_GITHUB_CLIENT_SECRET: mock.clientSecret, ...extra });
const block = (mock, extra = '') => `oauth_provider github { client_id ${mock.clientId}; client_secret "${mock.clientSecret}";
  authorization_endpoint ${mock.origins.web}/login/oauth/authorize; token_endpoint ${mock.origins.web}/login/oauth/access_token; api_url ${mock.apiUrl}; ${extra} }`;

async function realSite(h, options = {}) {
  const mock = await startMock(h, new GitHubMock(), { real: true });
  return providerSite(h, mock, { env: variables(mock), ...options });
}

function assertOcto(identity) {
  assert.equal(identity.sub, 'github|1234567');
  assert.equal(identity.provider, 'github');
  assert.equal(identity.user, 'octo-fake');
  assert.equal(identity.email, 'octo@example.org');
  assert.equal(identity.email_verified, true);
  assert.equal(identity.name, 'Octo Fake');
  assert.equal(identity.picture, OCTO.user.avatar_url);
  assert.equal(identity.groups, undefined);
}

e2e('github from its two variables alone, at its real names', async (h) => {
  const site = await realSite(h);
  assertOcto(await signedIn(site));
  assert.deepEqual(site.provider.lastScopes().filter((scope) => !['user:email', 'read:user'].includes(scope)), [], 'no more scopes than needed');
  assert.ok(site.provider.lastScopes().includes('user:email'));
  assert.equal(site.provider.count('orgs') + site.provider.count('teams') + site.provider.count('members'), 0, 'organisations are not asked for');
  assert.deepEqual([...new Set(site.proxy.tunnels)].sort(), ['api.github.com:443', 'github.com:443']);
  const providers = await site.browser.fetch(site.origin + '/auth/oauth/providers');
  assert.deepEqual(providers.json().map(({ name, label }) => [name, label]), [['github', 'GitHub']]);
});

e2e('github Enterprise by its variables', async (h) => {
  const mock = await startMock(h, new GitHubMock({ apiPath: '/api/v3', enterprise: true }));
  const env = variables(mock, { OAUTH_GITHUB_AUTH_URL: mock.origins.web + '/login/oauth/authorize', OAUTH_GITHUB_TOKEN_URL: mock.origins.web + '/login/oauth/access_token',
    OAUTH_GITHUB_USER_INFO_URL: mock.apiUrl + '/user' });
  const site = await providerSite(h, mock, { env, rules: 'oauth_allow org=acme-fake team=acme-fake/platform-team;' });
  assertOcto(await signedIn(site));
  assert.ok(mock.requests.orgs.every(({ pathname }) => pathname === '/api/v3/user/orgs'));
  mock.authorize = { iss: mock.issuer };
  assertOcto(await signedIn(site, 'with the iss of the host'));
});

e2e('github from a block, and from a block over variables', async (h) => {
  const mock = await startMock(h, new GitHubMock({ apiPath: '/api/v3' }));
  assertOcto(await signedIn(await providerSite(h, mock, { blocks: block(mock) })));
  const wrong = { OAUTH_GITHUB_CLIENT_ID: 'not-this', OAUTH_GITHUB_CLIENT_SECRET: 'nor this', OAUTH_GITHUB_TOKEN_URL: 'http://127.0.0.1:1/token' };
  assertOcto(await signedIn(await providerSite(h, mock, { blocks: block(mock), env: wrong }), 'the block wins'));
  const site = await providerSite(h, mock, { env: variables(mock), blocks: block(mock).replace(/client_id.*?;|client_secret.*?;/g, '') });
  assertOcto(await signedIn(site, 'credentials from variables, endpoints from the block'));
  const named = await providerSite(h, mock, { name: 'work', blocks: block(mock, 'label Work;').replace('github', 'work github') });
  assert.equal((await signedIn(named, 'another name')).sub, 'work|1234567');
});

e2e('github: a wrong secret, and a user who refuses', async (h) => {
  const mock = await startMock(h, new GitHubMock());
  await assertWrongSecret(h, mock, (secret) => providerSite(h, mock, { blocks: block(mock).replace(mock.clientSecret, secret) }));
  await assertUserRefuses(await providerSite(h, mock, { blocks: block(mock) }), { error: 'access_denied', description: 'The user has denied your application access.' });
  const site = await providerSite(h, mock, { blocks: block(mock) });
  for (const error of ['redirect_uri_mismatch', 'application_suspended']) {
    mock.authorize = { error };
    await refused(site, error, { status: [403, 502], codes: ['provider_error', 'access_denied'] });
  }
});

e2e('github: the traps of every provider', async (h) => {
  await assertCommonTraps(await realSite(h, { server: 'oauth_http_timeout 1s;' }));
});

e2e('github: answers as a form, errors with status 200, iss present or absent', async (h) => {
  const site = await realSite(h);
  const { provider } = site;
  provider.formOnly = true;
  assertOcto(await signedIn(site, 'a form whatever is accepted'));
  provider.formOnly = false;
  provider.authorize = { iss: 'https://github.com/login/oauth' };
  assertOcto(await signedIn(site, 'iss'));
  provider.authorize = {};
  const errors = ['incorrect_client_credentials', 'redirect_uri_mismatch', 'bad_verification_code', 'unverified_user_email'];
  for (const error of errors) {
    provider.token = { body: JSON.stringify({ error, error_description: 'no' }) };
    await refused(site, error + ' as JSON');
    provider.token = { body: `error=${error}&error_description=no`, type: 'application/x-www-form-urlencoded; charset=utf-8' };
    await refused(site, error + ' as a form');
  }
  provider.token = { body: 'access_token=a&access_token=b&token_type=bearer', type: 'application/x-www-form-urlencoded' };
  await refused(site, 'a token twice');
});

e2e('ID-07 github: only the primary address counts, and only when it is verified', async (h) => {
  const mock = await startMock(h, new GitHubMock());
  const site = await providerSite(h, mock, { blocks: block(mock) });
  const [, , primary, noreply] = OCTO.emails;
  const cases = {
    'primary unverified': [{ ...primary, verified: false }, { ...noreply }],
    'no primary': [{ ...primary, primary: false }, noreply],
    'none': [],
  };
  for (const [what, emails] of Object.entries(cases)) {
    mock.user = { ...OCTO, user: { ...OCTO.user, email: 'profile@example.org' }, emails };
    const identity = await signedIn(site, what);
    assert.notEqual(identity.email_verified, true, what);
    assert.ok(!['public@example.net', noreply.email].includes(identity.email), what + ': ' + identity.email);
  }
  mock.user = { ...OCTO, emails: [...Array.from({ length: 40 }, (_, i) => ({ email: `more-${i}@example.org`, primary: false, verified: true })), ...OCTO.emails] };
  assertOcto(await signedIn(site, 'the primary one is on the second page'));
  mock.user = { ...OCTO, user: { ...OCTO.user, name: null, login: 'renamed' } };
  const identity = await signedIn(site, 'no name, another login');
  assert.deepEqual([identity.sub, identity.user, identity.name], ['github|1234567', 'renamed', undefined]);
});

e2e('github: scopes that the user took away', async (h) => {
  const mock = await startMock(h, new GitHubMock());
  mock.granted = (scopes) => scopes.filter((scope) => scope !== 'user:email');
  const any = await providerSite(h, mock, { blocks: block(mock) });
  const identity = await signedIn(any, 'without the address nobody is shut out who needs none');
  assert.equal(identity.email, undefined);
  const byDomain = await providerSite(h, mock, { blocks: block(mock), rules: 'oauth_allow domain=example.org;' });
  const response = await byDomain.browser.navigate(byDomain.loginUrl);
  assert.ok([403, 502].includes(response.status), 'a rule on the address: ' + response.status);
  assert.equal(byDomain.upstream.requests.length, 0);
  mock.granted = (scopes) => scopes.filter((scope) => scope !== 'read:org');
  const byOrg = await providerSite(h, mock, { blocks: block(mock), rules: 'oauth_allow org=acme-fake;' });
  await refused(byOrg, 'read:org was taken away', { status: [403, 502], codes: ['provider_error', 'policy_denied', 'access_denied'] });
});

e2e('TK-17 github: the scopes that were granted come with commas, and an empty list is none', async (h) => {
  const mock = await startMock(h, new GitHubMock());
  for (const [rules, whenGranted, otherwise] of [['oauth_allow scope=repo;', signedIn, denied], ['oauth_deny scope=repo; oauth_allow any;', denied, signedIn], ['oauth_allow scope!=repo;', denied, signedIn]]) {
    const site = await providerSite(h, mock, { blocks: block(mock, 'scope user:email repo;'), rules });
    for (const form of [false, true]) {
      mock.formOnly = form;
      mock.granted = undefined;
      await whenGranted(site, rules + ' granted');
      for (const scopes of [['user:email'], []]) {
        mock.granted = () => scopes;
        await otherwise(site, `${rules} granted: ${scopes}`);
      }
    }
  }
});

e2e('github: organisations and teams are asked for only where a rule needs them, all pages of them', async (h) => {
  const mock = await startMock(h, new GitHubMock());
  const site = await providerSite(h, mock, { blocks: block(mock), rules: 'oauth_allow org=acme-fake;' });
  assertOcto(await signedIn(site, 'org'));
  assert.ok(mock.lastScopes().includes('read:org'));
  assert.equal(mock.count('orgs') + mock.count('members') > 0, true);
  assert.equal(mock.count('teams'), 0, 'teams are not needed');
  const byTeam = await providerSite(h, mock, { blocks: block(mock), rules: 'oauth_allow team=acme-fake/nobody,acme-fake/platform-team;' });
  await signedIn(byTeam, 'team');
  assert.ok(mock.count('teams') >= 2, 'pages: ' + mock.count('teams'));
  for (const rule of ['org=acme', 'org=acme-fakes', 'team=acme-fake/platform', 'team=other/platform-team', 'org=acme-fake team=acme-fake/security']) {
    await denied(await providerSite(h, mock, { blocks: block(mock), rules: `oauth_allow ${rule};` }), rule);
  }
});

e2e('github: a list that is not whole decides nothing', async (h) => {
  const mock = await startMock(h, new GitHubMock());
  const evil = await startMock(h, new GitHubMock());
  const site = await providerSite(h, mock, { blocks: block(mock), rules: 'oauth_deny org=filler-3; oauth_allow any;', server: 'oauth_http_timeout 1s;' });
  const second = (shape) => (page) => (page > 1 ? shape : {});
  const cases = [
    ['500 on the second page', second({ status: 500 }), 'provider_error'], ['403', { status: 403, body: '{"message":"rate limit"}' }, 'provider_error'],
    ['HTML', { body: '<html>', type: 'text/html' }, 'provider_error'], ['an object', { body: '{}' }, 'provider_error'], ['elements without login', { body: '[{"id":1}]' },
      'provider_error'],
    ['closed', second({ close: true }), 'provider_unreachable'], ['no answer', second({ hang: true }), 'provider_timeout'], ['a redirect',
      { redirect: evil.origins.api + '/user/orgs' }, 'provider_error'],
    ['pages at another host', { next: evil.origins.api + '/user/orgs?page=2' }, 'provider_error'], ['pages without end',
      (page) => ({ next: `${mock.origins.api}/user/orgs?per_page=100&page=${page}` }), 'provider_error'],
  ];
  for (const [what, shape, codes] of cases) {
    mock.api.orgs = shape;
    await refused(site, what, { status: codes === 'provider_timeout' ? 504 : 502, codes });
  }
  assert.deepEqual(evil.requests.orgs ?? [], [], 'the token stays with the API');
  mock.api = {};
  await denied(site, 'the whole list');
  mock.userinfo = { body: '{"login":"octo-fake"}' };
  await refused(await providerSite(h, mock, { blocks: block(mock) }), 'no id');
});

e2e('github: prompt goes by OAUTH_GITHUB_PROMPT, then OAUTH_PROMPT, then not at all', async (h) => {
  const mock = await startMock(h, new GitHubMock());
  const own = block(mock).replace(/client_id.*?;|client_secret.*?;/g, '');
  for (const [env, expected] of [[{}, null], [{ OAUTH_PROMPT: 'consent' }, 'consent'], [{ OAUTH_PROMPT: 'consent', OAUTH_GITHUB_PROMPT: 'select_account' }, 'select_account']]) {
    const identity = await signedIn(await providerSite(h, mock, { env: variables(mock, env), blocks: own }));
    assert.ok(browserOf(identity));
    assert.equal(mock.lastAsked().get('prompt'), expected);
  }
});

e2e('RF-10 github: organisations are asked for again, and who has left loses access', async (h) => {
  const mock = await startMock(h, new GitHubMock());
  const site = await providerSite(h, mock, { blocks: block(mock), server: 'oauth_refresh 1s;', rules: 'oauth_allow org=acme-fake;' });
  const browser = browserOf(await signedIn(site));
  const { user } = mock.lastGrant;
  const asked = () => mock.count('orgs') + mock.count('members');
  const later = async () => {
    await new Promise((resolve) => { setTimeout(resolve, 1100); });
    return (await browser.fetch(site.origin + '/', { headers: { Accept: 'application/json' } })).status;
  };
  const before = asked();
  assert.equal(await later(), 200);
  assert.ok(asked() > before, 'asked again');
  assert.ok(!mock.lastAsked().get('scope').includes('offline_access'), 'the access token is what asks');
  mock.lastGrant.user = { ...user, orgs: user.orgs.filter(({ login }) => login !== 'acme-fake') };
  assert.equal(await later(), 403, 'who has left the organisation');
  mock.lastGrant.user = user;
  assert.equal(await later(), 200, 'and has come back');
  assert.equal(mock.count('authorize'), 1, 'by the same session');
});

for (const [what, shape, expected] of [['401: the token was revoked', { status: 401, body: '{"message":"Bad credentials"}' }, 401], ['403: a rate limit', { status: 403, body: '{"message":"API rate limit exceeded"}' }, 200],
  ['502', { status: 502, body: 'bad gateway', type: 'text/html' }, 200]]) {
  for (const place of ['userinfo', 'orgs']) {
    e2e(`RF-04 RF-05 github at a check: ${place} says ${what}`, async (h) => {
      const mock = await startMock(h, new GitHubMock());
      const site = await providerSite(h, mock, { blocks: block(mock), server: 'oauth_refresh 1s;', rules: 'oauth_allow org=acme-fake;' });
      const browser = browserOf(await signedIn(site));
      const status = async () => (await browser.fetch(site.origin + '/', { headers: { Accept: 'application/json' } })).status;
      await new Promise((resolve) => { setTimeout(resolve, 1100); });
      Object.assign(place === 'orgs' ? mock.api : mock, { [place]: shape });
      assert.equal(await status(), expected);
      Object.assign(place === 'orgs' ? mock.api : mock, { [place]: {} });
      assert.equal(await status(), expected, 'it has ended, or goes on');
    });
  }
}
