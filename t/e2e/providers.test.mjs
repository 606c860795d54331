// SPDX-License-Identifier: MIT
// Several providers at once: offered together, signing in side by side, not answering for each other, and each failing alone; and what nginx -t says of
// variables. The providers have their real names and come from variables.
import assert from 'node:assert/strict';
import { e2e, hasSession, loginCookies } from './lib/harness.mjs';
import { configTest } from './lib/nginx.mjs';
import { until } from './lib/ports.mjs';
import { GitHubMock } from './lib/providers/github.mjs';
import { GitLabMock } from './lib/providers/gitlab.mjs';
import { GAL, GoogleMock } from './lib/providers/google.mjs';
import { denied, providerSite, refused, signedIn, startMock, untilCallback, visit } from './lib/providers/site.mjs';

const SERVER = 'server { listen 127.0.0.1:1; oauth on; oauth_allow any; }';

async function threeProviders(h, { env = {}, ...options } = {}) {
  const mocks = [];
  for (const mock of [new GitHubMock(), new GoogleMock(), new GitLabMock()]) {
    mocks.push(await startMock(h, mock, { real: true }));
  }
  const [github, google, gitlab] = mocks;
  const variables = { OAUTH_GITHUB_CLIENT_ID: github.clientId, OAUTH_GITHUB_CLIENT_SECRET: github.clientSecret, OAUTH_GOOGLE_CLIENT_ID: google.clientId,
    OAUTH_GOOGLE_CLIENT_SECRET: google.clientSecret, OAUTH_GITLAB_CLIENT_ID: gitlab.clientId, OAUTH_GITLAB_CLIENT_SECRET: gitlab.clientSecret,
      OAUTH_GITLAB_DOMAIN: 'gitlab.example.org' };
  const site = await providerSite(h, mocks, { env: { ...variables, ...env }, ...options });
  mocks.forEach((mock) => { mock.callbackUrl = site.loginUrlOf(mock.name) + '/callback'; });
  return { site, github, google, gitlab, mocks };
}

e2e('the variables of three providers offer three on the sign-in page, and each signs in', async (h) => {
  const { site, mocks } = await threeProviders(h);
  const page = await site.browser.navigate(site.origin + '/deep?x=1');
  assert.equal(page.status, 200);
  const links = [...page.text.matchAll(/href="([^"]*\/auth\/oauth\/[^"]*)"/g)].map(([, href]) => new URL(href.replace(/&amp;/g, '&'), page.url));
  assert.deepEqual(links.map((url) => url.pathname.split('/').at(-1)), ['github', 'google', 'gitlab']);
  for (const label of ['GitHub', 'Google', 'GitLab']) {
    assert.ok(page.text.includes(label), label);
  }
  assert.ok(mocks.every((mock) => mock.count('discovery') + mock.count('token') === 0), 'nobody was asked yet');
  for (const url of links) {
    const name = url.pathname.split('/').at(-1);
    const identity = await signedIn(site, name, { target: url.href });
    assert.equal(identity.provider, name);
    assert.ok(identity.sub.startsWith(name + '|'));
    assert.equal(site.upstream.last.url, '/deep?x=1', 'and leads to the page that was asked for');
  }
  const listed = (await site.browser.fetch(site.origin + '/auth/oauth/providers')).json();
  assert.deepEqual(listed.map(({ name }) => name), ['github', 'google', 'gitlab']);
});

e2e('parallel sign-ins at two providers in one browser both succeed', async (h) => {
  const { site, github, google } = await threeProviders(h);
  const browser = site.newBrowser();
  const callbacks = [];
  for (const name of ['github', 'google']) {
    callbacks.push(await untilCallback(site, browser, { loginUrl: site.loginUrlOf(name) }));
  }
  assert.equal(loginCookies(browser).length, 2);
  const answers = await Promise.all(callbacks.map((callback) => visit(browser, callback)));
  assert.deepEqual(answers.map((answer) => answer.status), [302, 302], answers.map((answer) => answer.text).join());
  assert.ok(answers.every((answer) => answer.setCookies.some((cookie) => /^oauth=[^;]/.test(cookie))), 'each has a session to give');
  assert.ok(hasSession(browser));
  assert.equal((await browser.fetch(site.origin + '/')).status, 200);
  assert.deepEqual([github.violations, google.violations], [[], []]);
});

e2e('the answer of one provider at the callback of another is refused', async (h) => {
  const { site, mocks } = await threeProviders(h);
  for (const from of mocks) {
    for (const to of mocks.filter((mock) => mock !== from)) {
      const change = ({ url }) => ({ url: url.replace(`/${from.name}/callback`, `/${to.name}/callback`) });
      await refused(site, `${from.name} at ${to.name}`, { status: 400, codes: 'state_invalid', loginUrl: site.loginUrlOf(from.name), change });
    }
  }
  const browser = site.newBrowser();
  const own = await untilCallback(site, browser, { loginUrl: site.loginUrlOf('github') });
  const other = await untilCallback(site, browser, { loginUrl: site.loginUrlOf('google') });
  const stateOf = ({ url }) => new URL(url).searchParams.get('state');
  const mixed = new URL(own.url);
  mixed.searchParams.set('state', stateOf(other));
  assert.deepEqual([(await visit(browser, { url: mixed.href })).json().error], ['state_invalid'], 'the code of one with the state of another');
  assert.deepEqual(mocks.map((mock) => mock.count('token')), [0, 0, 0], 'no code was redeemed');
  const named = await visit(browser, { url: own.url + '&iss=' + encodeURIComponent('https://accounts.google.com') });
  assert.deepEqual([named.status, named.json().error], [400, 'request_invalid'], 'an answer that says it is another\'s');
  assert.equal((await visit(browser, other)).status, 302, 'the right one still works');
});

async function assertOthersWork(site, what) {
  const started = Date.now();
  await signedIn(site, what + ': github', { target: site.loginUrlOf('github') });
  await signedIn(site, what + ': gitlab', { target: site.loginUrlOf('gitlab') });
  assert.ok(Date.now() - started < 1500, what + ': nobody waits for another');
}

const START = [
  ['down', (google) => { google.discovery = { close: true }; }, 502, 'provider_unreachable'],
  ['slow', (google) => { google.discovery = { hang: true }; }, 504, 'provider_timeout'],
  ['nonsense', (google) => { google.discovery = { body: '<html>maintenance</html>', type: 'text/html' }; }, 502, 'provider_error'],
  ['an error', (google) => { google.discovery = { status: 503, body: '' }; }, 502, 'provider_error'],
  ['another issuer', (google) => { google.discovery = { alter: (metadata) => ({ ...metadata, issuer: 'https://evil.test' }) }; }, 502, 'provider_error'],
];

for (const [what, spoil, status, code] of START) {
  e2e(`a provider whose metadata is ${what} spoils its own sign-ins only, and comes back`, async (h) => {
    const { site, google } = await threeProviders(h, { server: 'oauth_http_timeout 2s;' });
    spoil(google);
    const browser = site.newBrowser();
    const failing = browser.navigate(site.loginUrlOf('google'), { headers: { Accept: 'application/json' }, follow: false });
    await until(() => google.count('discovery') > 0, 'google to be asked');
    await assertOthersWork(site, what);
    const response = await failing;
    assert.deepEqual([response.status, response.json().error], [status, code], response.text);
    assert.ok(!hasSession(browser) && loginCookies(browser).length === 0);
    google.discovery = {};
    assert.equal((await signedIn(site, 'google again', { target: site.loginUrlOf('google') })).provider, 'google');
  });
}

const REDEEM = [
  ['slow at the token endpoint', (google) => { google.token = { hang: true }; }, 504, 'provider_timeout'],
  ['down at the token endpoint', (google) => { google.token = { close: true }; }, 502, 'provider_unreachable'],
  ['endless at the token endpoint', (google) => { google.token = { endless: true }; }, 502, ['provider_unreachable', 'provider_error']],
  ['nonsense for keys', (google) => { google.jwks = { body: '{"keys":"none"}' }; }, 502, ['provider_error', 'token_invalid']],
  ['down for keys', (google) => { google.jwks = { close: true }; }, 502, 'provider_unreachable'],
];

e2e('a provider that fails while a code is redeemed spoils that sign-in only', async (h) => {
  const { site, google } = await threeProviders(h, { server: 'oauth_http_timeout 2s;' });
  for (const [what, spoil, status, codes] of REDEEM) {
    spoil(google);
    const failing = refused(site, what, { status, codes, loginUrl: site.loginUrlOf('google') });
    // Whether or not this one fails first, the others have to work meanwhile.
    const rest = assertOthersWorkBeside(site, what);
    await Promise.all([failing, rest]);
    Object.assign(google, { token: {}, jwks: {}, violations: [] });
  }
  await signedIn(site, 'google again', { target: site.loginUrlOf('google') });
});

// Beside a sign-in that fails, the count of the application's requests is no measure.
async function assertOthersWorkBeside(site, what) {
  for (const name of ['github', 'gitlab']) {
    const browser = site.newBrowser();
    const callback = await untilCallback(site, browser, { loginUrl: site.loginUrlOf(name) });
    const response = await visit(browser, callback);
    assert.equal(response.status, 302, `${what}: ${name} ${response.text.slice(0, 200)}`);
    assert.ok(hasSession(browser), `${what}: ${name}`);
  }
}

e2e('a host that nothing listens at', async (h) => {
  const { site } = await threeProviders(h, { env: { OAUTH_GITLAB_DOMAIN: 'gitlab.nowhere.example' } });
  const response = await site.browser.navigate(site.loginUrlOf('gitlab'), { headers: { Accept: 'application/json' }, follow: false });
  assert.deepEqual([response.status, response.json().error], [502, 'provider_unreachable']);
  assert.deepEqual(site.proxy.strays.splice(0), ['CONNECT gitlab.nowhere.example:443']);
  await signedIn(site, 'github', { target: site.loginUrlOf('github') });
});

e2e('all who pass, or those of one Google domain only', async (h) => {
  const { site, google } = await threeProviders(h, { rules: 'oauth_allow provider=google hd=example.org;' });
  const at = { target: site.loginUrlOf('google') };
  assert.equal((await signedIn(site, 'of the domain', at)).email, GAL.email);
  const { hd, ...consumer } = GAL;
  google.user = { ...consumer, sub: '2' };
  await denied(site, 'a consumer account', at);
  await denied(site, 'another provider', { target: site.loginUrlOf('github') });
  const all = await threeProviders(h);
  all.google.user = google.user;
  await signedIn(all.site, 'all who pass', { target: all.site.loginUrlOf('google') });
});

e2e('redirect_uri is the base URL and the path, whatever CHAINLIT_URL ends in', async (h) => {
  const cases = [[{ CHAINLIT_URL: 'https://app.example.org/' }, 'https://app.example.org'], [{ CHAINLIT_URL: 'https://app.example.org' }, 'https://app.example.org'],
    [{ CHAINLIT_URL: 'https://old.example.org', OAUTH_BASE_URL: 'https://app.example.org' }, 'https://app.example.org']];
  for (const [env, base] of cases) {
    const { site } = await threeProviders(h, { env });
    const response = await site.browser.navigate(site.loginUrlOf('github'), { follow: false });
    assert.equal(new URL(response.headers.location).searchParams.get('redirect_uri'), base + '/auth/oauth/github/callback');
  }
});

const REQUIRED = {
  github: ['OAUTH_GITHUB_CLIENT_ID', 'OAUTH_GITHUB_CLIENT_SECRET'],
  google: ['OAUTH_GOOGLE_CLIENT_ID', 'OAUTH_GOOGLE_CLIENT_SECRET'],
  'azure-ad': ['OAUTH_AZURE_AD_CLIENT_ID', 'OAUTH_AZURE_AD_CLIENT_SECRET', 'OAUTH_AZURE_AD_TENANT_ID'],
  'azure-ad-hybrid': ['OAUTH_AZURE_AD_HYBRID_CLIENT_ID', 'OAUTH_AZURE_AD_HYBRID_CLIENT_SECRET', 'OAUTH_AZURE_AD_HYBRID_TENANT_ID'],
  okta: ['OAUTH_OKTA_CLIENT_ID', 'OAUTH_OKTA_CLIENT_SECRET', 'OAUTH_OKTA_DOMAIN'],
  auth0: ['OAUTH_AUTH0_CLIENT_ID', 'OAUTH_AUTH0_CLIENT_SECRET', 'OAUTH_AUTH0_DOMAIN'],
  descope: ['OAUTH_DESCOPE_CLIENT_ID', 'OAUTH_DESCOPE_CLIENT_SECRET'],
  'aws-cognito': ['OAUTH_COGNITO_CLIENT_ID', 'OAUTH_COGNITO_CLIENT_SECRET', 'OAUTH_COGNITO_DOMAIN'],
  gitlab: ['OAUTH_GITLAB_CLIENT_ID', 'OAUTH_GITLAB_CLIENT_SECRET', 'OAUTH_GITLAB_DOMAIN'],
  keycloak: ['OAUTH_KEYCLOAK_CLIENT_ID', 'OAUTH_KEYCLOAK_CLIENT_SECRET', 'OAUTH_KEYCLOAK_REALM', 'OAUTH_KEYCLOAK_BASE_URL'],
  generic: ['OAUTH_GENERIC_CLIENT_ID', 'OAUTH_GENERIC_CLIENT_SECRET', 'OAUTH_GENERIC_AUTH_URL', 'OAUTH_GENERIC_TOKEN_URL', 'OAUTH_GENERIC_USER_INFO_URL', 'OAUTH_GENERIC_SCOPES'],
};
const COMPLETE = 'oauth_provider house oidc { issuer https://idp.example.org; client_id a; client_secret b; } ';
const valueOf = (variable) => (/_(URL|DOMAIN)$/.test(variable) ? 'https://host.example.org' : /SECRET$/.test(variable)
  ? 'do-not-print-this' : 'aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee');

e2e('nginx -t warns of each half-configured provider and names the missing variable', () => {
  for (const [name, variables] of Object.entries(REQUIRED)) {
    const all = Object.fromEntries(variables.map((variable) => [variable, valueOf(variable)]));
    const complete = configTest(SERVER, { env: all });
    assert.equal(complete.code, 0, name + ': ' + complete.stderr);
    assert.ok(!/\[warn\].*CLIENT/.test(complete.stderr), name + ': nothing to warn of: ' + complete.stderr);
    for (const missing of variables) {
      const { [missing]: _, ...env } = all;
      for (const [how, partial] of [['unset', env], ['empty', { ...env, [missing]: '' }]]) {
        const result = configTest(COMPLETE + SERVER, { env: partial });
        assert.equal(result.code, 0, `${name} ${how}: ${result.stderr}`);
        const warning = result.stderr.split('\n').find((line) => /\[warn\]/.test(line) && line.includes(missing));
        assert.ok(warning, `${name} without ${missing} (${how}): ${result.stderr}`);
        assert.ok(warning.includes(name), 'the provider is named: ' + warning);
        assert.ok(!result.stderr.includes('do-not-print-this'), 'no secret');
      }
    }
  }
});

e2e('a half-configured provider is not offered, and is no error where a block completes it', async (h) => {
  const { site } = await threeProviders(h, { env: { OAUTH_GOOGLE_CLIENT_SECRET: '', OAUTH_OKTA_CLIENT_ID: 'x' } });
  const listed = (await site.browser.fetch(site.origin + '/auth/oauth/providers')).json();
  assert.deepEqual(listed.map(({ name }) => name), ['github', 'gitlab']);
  assert.equal((await site.browser.fetch(site.loginUrlOf('google'))).status, 404);
  const completed = configTest('oauth_provider google { client_secret s; } ' + SERVER, { env: { OAUTH_GOOGLE_CLIENT_ID: 'x' } });
  assert.equal(completed.code, 0, completed.stderr);
  assert.ok(!/OAUTH_GOOGLE/.test(completed.stderr), completed.stderr);
  const incomplete = configTest('oauth_provider google { client_id s; } ' + SERVER);
  assert.notEqual(incomplete.code, 0);
  assert.match(incomplete.stderr, /client_secret/);
});
