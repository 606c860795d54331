// SPDX-License-Identifier: MIT
// GitHub as it behaves: OAuth 2.0 without an ID token, a form as the token answer unless JSON is asked for, errors with status 200, an API that
// wants a User-Agent, null for a private address, pages with Link, and no hint of organisations without read:org.
import { ProviderMock } from './mock.mjs';
import { reply } from '../replies.mjs';

const org = (login, id) => ({ login, id, url: 'https://api.github.com/orgs/' + login, avatar_url: 'https://avatars.example/o/' + id, description: '' });
const team = (organization, slug, id) => ({ id, name: slug.replace(/^./, (c) => c.toUpperCase()) + ' Team', slug, privacy: 'closed', permission: 'pull',
  organization: org(organization, 42) });

export const OCTO = {
  user: { login: 'octo-fake', id: 1234567, node_id: 'U_fake', avatar_url: 'https://avatars.example/u/1234567?v=4', html_url: 'https://github.com/octo-fake', type: 'User',
    site_admin: false,
    name: 'Octo Fake', company: null, location: null, email: null, two_factor_authentication: true, plan: { name: 'free' } },
  emails: [{ email: 'public@example.net', primary: false, verified: true, visibility: 'public' }, { email: 'unproven@example.org', primary: false, verified: false,
    visibility: null },
    { email: 'octo@example.org', primary: true, verified: true, visibility: 'private' },
    { email: '1234567+octo-fake@users.noreply.github.com', primary: false, verified: true, visibility: null }],
  orgs: [...Array.from({ length: 120 }, (_, i) => org('filler-' + i, 100 + i)), org('acme-fake', 42)],
  teams: [...Array.from({ length: 120 }, (_, i) => team('acme-fake', 'filler-' + i, 100 + i)), team('acme-fake', 'platform-team', 7)],
};

export class GitHubMock extends ProviderMock {
  // apiPath is '/api/v3' for GitHub Enterprise Server; `enterprise` ignores PKCE as its older versions do.
  constructor({ apiPath = '', enterprise = false } = {}) {
    super({ name: 'github', mode: 'oauth2', hosts: { web: 'github.com', api: 'api.github.com' }, clientId: 'Iv1.0123456789abcdef' });
    Object.assign(this, { apiPath, enterprise, user: OCTO, clientAuths: ['post'] });
  }

  async start(certificates) {
    await super.start(certificates);
    this.issuer = this.origins.web + '/login/oauth';
    this.apiUrl = this.origins.api + this.apiPath;
    return this;
  }

  routes() {
    const api = (path, name, handler) => ['api', this.apiPath + path, name, this.guarded(handler)];
    return [['web', '/login/oauth/authorize', 'authorize', this.onAuthorize], ['web', '/login/oauth/access_token', 'token', this.onToken],
      api('/user', 'user', this.onUser), api('/user/emails', 'emails', this.onEmails), api('/user/orgs', 'orgs', this.onOrgs), api('/user/teams', 'teams', this.onTeams),
      ['api', new RegExp(`^${this.apiPath}/orgs/([^/]+)/members/([^/]+)$`), 'members', this.guarded(this.onMember)]];
  }

  asking() {
    return { prompts: ['select_account'] };
  }

  refuseClient(response) {
    return reply(response, { error: 'incorrect_client_credentials', error_description: 'The client_id and/or client_secret passed are incorrect.' }, {}, 200);
  }

  refuseGrant(response) {
    return reply(response, { error: 'bad_verification_code', error_description: 'The code passed is incorrect or expired.' }, {}, 200);
  }

  checkTokenRequest(entry, form) {
    this.wantsJson = /application\/json/.test(entry.headers.accept ?? '') && !this.formOnly;
    const grant = this.grants.get(form.get('code'));
    if (this.enterprise && grant) {
      grant.challenge = undefined; // not looked at
      const right = this.expect(!grant.used && grant.redirectUri === form.get('redirect_uri'), 'the code or its redirect_uri');
      grant.used = true;
      return right ? grant : undefined;
    }
    return super.checkTokenRequest(entry, form);
  }

  tokenAnswer(grant, accessToken) {
    return { access_token: accessToken, token_type: 'bearer', scope: grant.scopes.join(',') };
  }

  newAccessToken(grant) {
    return 'gho_' + super.newAccessToken(grant).replace(/[^A-Za-z0-9]/g, '');
  }

  answer(response, value, shape, status) {
    const plain = shape === this.token && !this.wantsJson && Object.keys(shape).length === 0 && value.access_token;
    return plain ? reply(response, {}, { body: new URLSearchParams(value).toString(), type: 'application/x-www-form-urlencoded; charset=utf-8' }) : super.answer(response,
      value, shape, status);
  }

  // Required by the whole API. A 404 hides what the scopes do not cover.
  guarded(handler) {
    return async (entry, response) => {
      if (!entry.headers['user-agent']) {
        this.violations.push('no User-Agent');
        response.writeHead(403, { 'Content-Type': 'text/html' }).end('Request forbidden by administrative rules. Please make sure your request has a User-Agent header');
        return;
      }
      entry.grant = this.bearer(entry, response, ['Bearer', 'token']);
      if (entry.grant) {
        await handler.call(this, entry, response);
      }
    };
  }

  has(entry, ...scopes) {
    return scopes.some((scope) => entry.grant.scopes.includes(scope));
  }

  onUser(entry, response) {
    return this.answer(response, entry.grant.user.user, this.userinfo);
  }

  onEmails(entry, response) {
    return this.has(entry, 'user', 'user:email') ? this.list(entry, response, 'emails') : reply(response, { message: 'Not Found' }, {}, 404);
  }

  onOrgs(entry, response) {
    return this.has(entry, 'user', 'read:org') ? this.list(entry, response, 'orgs') : reply(response, { message: 'You need at least read:org scope' }, {}, 403);
  }

  onTeams(entry, response) {
    return this.has(entry, 'read:org') ? this.list(entry, response, 'teams') : reply(response, { message: 'You need at least read:org scope' }, {}, 403);
  }

  // 302 where the application may not see the organisation, 404 where the user is no member.
  onMember(entry, response) {
    const [, wanted] = entry.match;
    if (!this.has(entry, 'read:org')) {
      response.writeHead(302, { Location: `${this.apiUrl}/orgs/${wanted}/public_members/octo-fake`, 'Content-Length': 0 }).end();
      return;
    }
    response.writeHead(entry.grant.user.orgs.some(({ login }) => login === wanted) ? 204 : 404).end();
  }

  // A page of 30 items or as many as asked, at most 100. `api.NAME`: a shape, or (page) => a shape; shape.next is the address of the next page.
  list(entry, response, name) {
    const size = Math.min(Number(entry.parameters.get('per_page') ?? 30), 100);
    const page = Number(entry.parameters.get('page') ?? 1);
    const all = entry.grant.user[name];
    const pages = Math.max(1, Math.ceil(all.length / size));
    const shape = { ...(typeof this.api[name] === 'function' ? this.api[name](page) : this.api[name]) };
    const at = (number) => `${this.origins.api}${entry.pathname}?per_page=${size}&page=${number}`;
    const next = shape.next ?? (page < pages ? at(page + 1) : undefined);
    if (next) {
      shape.headers = { Link: `<${at(1)}>; rel="first", <${next}>; rel="next", <${at(pages)}>; rel="last"` };
    }
    return this.answer(response, all.slice((page - 1) * size, page * size), shape);
  }
}
