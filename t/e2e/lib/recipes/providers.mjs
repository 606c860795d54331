// SPDX-License-Identifier: MIT
// What the recipes about one provider promise. Each: the peers, the files, and a check of the running page.
import assert from 'node:assert/strict';
import { ADA, AzureMock, CONTOSO, EVE, group } from '../providers/azure-ad.mjs';
import { GAL, GoogleMock } from '../providers/google.mjs';
import { GitHubMock, OCTO } from '../providers/github.mjs';
import { KeycloakMock, KIM } from '../providers/keycloak.mjs';

const APP = 'https://app.example.org';
const registered = (mock, name, client) => Object.assign(mock, { callbackUrl: `${APP}/auth/oauth/${name}/callback`, ...client });
const clean = (mock) => assert.deepEqual(mock.violations, [], 'what the provider has to complain of');

const github = registered(new GitHubMock(), 'github', { clientSecret: 'change-me' });
const member = (teams, org = 'acme') => ({ ...OCTO, orgs: [{ login: org, id: 42 }], teams: teams.map((slug) => ({ id: 7, name: slug + ' Team', slug, organization: { login: org, id: 42 } })) });

async function githubTeams(page) {
  for (const [what, user, home, admin] of [['a member of a team', member(['platform']), 200, 200], ['of another team', member(['design']), 200, 403], ['of the organisation', member([]), 200, 403],
    ['of a team of that name elsewhere', member(['platform'], 'other'), 403, 403], ['an outsider', { ...OCTO, orgs: [], teams: [] }, 403, 403]]) {
    github.user = user;
    const browser = await page.visits(APP + '/', home);
    assert.equal((await browser.navigate(APP + '/admin/')).status, admin, what);
  }
  github.user = member([]);
  await page.visits(APP + '/', 200);
  const { identity } = page.told();
  assert.deepEqual([identity.sub, identity.user, identity.name, identity.email], ['github|1234567', 'octo-fake', 'Octo Fake', 'octo@example.org']);
  assert.ok(!/acme/.test(JSON.stringify(identity)), 'the application is told no organisation');
  clean(github);
}

const google = registered(new GoogleMock(), 'google', { clientId: '1234-abcd.apps.googleusercontent.com' });

async function googleWorkspace(page) {
  await page.visits(APP + '/', 200);
  const { identity } = page.told();
  assert.deepEqual([identity.sub, identity.user, identity.email, identity.picture], ['google|' + GAL.sub, GAL.email, GAL.email, GAL.picture]);
  const { hd, ...consumer } = GAL;
  for (const [what, user, home, accounts] of [['a consumer account with an address of the domain', consumer, 403, 403], ['another organisation', { ...GAL, hd: 'example.com' }, 403, 403],
    ['an address of a second domain', { ...GAL, email: 'gal@example.net' }, 200, 403], ['one of those who are named', { ...GAL, email: 'ann@example.org' }, 200, 200]]) {
    google.user = user;
    const browser = await page.visits(APP + '/', home);
    assert.equal((await browser.navigate(APP + '/accounts/')).status, accounts, what);
  }
  google.user = GAL;
  clean(google);
}

const entra = registered(new AzureMock(), 'azure-ad', {});
const STAFF = group(1);

async function entraId(page) {
  for (const [what, user, groups, home, reports] of [['staff with the role', { ...ADA, roles: ['Reports.Read'] }, [STAFF, group(2)], 200, 200], ['staff', ADA, [STAFF], 200, 403], ['the role alone', { ...ADA, roles: ['Reports.Read'] }, [], 403, 200],
    ['another group', ADA, [group(2)], 403, 403]]) {
    Object.assign(entra, { user, groups });
    const browser = await page.visits(APP + '/', home);
    assert.equal((await browser.navigate(APP + '/reports/')).status, reports, what);
  }
  Object.assign(entra, { user: { ...EVE, roles: ['Reports.Read'] }, groups: [STAFF] });
  await page.visits(APP + '/', 502); // the issuer of another tenant is no issuer of this one
  Object.assign(entra, { user: ADA, groups: [...Array.from({ length: 230 }, (_, i) => group(1000 + i)), STAFF], overage: true });
  await page.visits(APP + '/', 200);
  assert.equal(page.told().identity.sub, `azure-ad|${CONTOSO}.${ADA.oid}`);
  assert.equal(page.told().identity.user, ADA.preferred_username);
  assert.ok(page.told().identity.email_verified, 'by its own tenant');
  entra.api.groups = { status: 500 };
  await page.visits(APP + '/', 502);
  clean(entra);
}

const keycloak = registered(new KeycloakMock(), 'keycloak', {});

async function keycloakRoles(page) {
  for (const [what, realm, home, admin] of [['an operator', ['operator'], 200, 403], ['an administrator', ['operator', 'admin'], 200, 200], ['neither', ['offline_access'], 403, 403]]) {
    keycloak.accessClaims = (claims) => ({ ...claims, realm_access: { roles: realm } });
    const browser = await page.visits(APP + '/', home);
    assert.equal((await browser.navigate(APP + '/admin/')).status, admin, what);
  }
  keycloak.accessClaims = (claims) => ({ ...claims, realm_access: { roles: [] }, resource_access: { other: { roles: ['operator', 'admin'] } } });
  await page.visits(APP + '/', 403);
  keycloak.accessClaims = undefined;
  const browser = await page.visits(APP + '/', 200);
  const { identity } = page.told();
  assert.deepEqual([identity.sub, identity.user, identity.groups], ['keycloak|' + KIM.sub, KIM.email, KIM.groups]);
  const hint = keycloak.lastIdToken;
  await browser.navigate(APP + '/auth/oauth/logout', { initiator: APP });
  const asked = keycloak.requests.end_session.at(-1).parameters;
  assert.ok(asked.get('id_token_hint') === hint, 'the ID token as a hint');
  assert.equal(asked.get('post_logout_redirect_uri'), APP + '/auth/oauth/signed-out');
  assert.equal((await browser.fetch(APP + '/')).status, 401);
  clean(keycloak);
}

export const providerRecipes = {
  'github-teams': { providers: [github], check: githubTeams },
  'google-workspace': { providers: [google], files: { 'google.secret': google.clientSecret }, check: googleWorkspace },
  'entra-id': { providers: [entra], files: { 'entra.secret': entra.clientSecret }, check: entraId },
  'keycloak-roles': { providers: [keycloak], files: { 'keycloak.secret': keycloak.clientSecret }, check: keycloakRoles },
};
