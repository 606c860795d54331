// SPDX-License-Identifier: MIT
// GitLab as it behaves: an instance may live below a path; only userinfo has groups, maybe thousands; empty facts are left out;
// select_account is an error; and a refresh makes the old tokens invalid.
import crypto from 'node:crypto';
import { OpenIdMock } from './openid.mjs';
import { reply } from '../replies.mjs';

export const GITA = { sub: '4711', sub_legacy: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08', name: 'Gita Fake', nickname: 'gita', preferred_username: 'gita',
  email: 'gita@example.org', email_verified: true, profile: 'https://gitlab.example/gita', picture: 'https://gitlab.example/uploads/4711/a.png', groups: ['acme', 'acme/platform'],
  'https://gitlab.org/claims/groups/maintainer': ['acme/platform'] };

export class GitLabMock extends OpenIdMock {
  constructor({ path = '', older = false } = {}) {
    const endpoints = { discovery: '/.well-known/openid-configuration', authorize: '/oauth/authorize', token: '/oauth/token', userinfo: '/oauth/userinfo',
      jwks: '/oauth/discovery/keys',
      revoke: older ? undefined : '/oauth/revoke' };
    const metadataExtra = older ? { response_modes_supported: ['query', 'fragment'] } : { code_challenge_methods_supported: ['plain', 'S256'],
      response_modes_supported: ['query', 'fragment', 'form_post'] };
    super({ name: 'gitlab', hosts: { main: 'gitlab.example.org' }, path, clientId: 'f00dfeed', endpoints, metadataExtra });
    this.user = GITA;
    this.refreshTokens = new Map();
  }

  refusal(asked) {
    return asked.get('prompt') === 'select_account' ? { error: 'account_selection_required', description: 'The Authorization Server requires account selection' } : undefined;
  }

  tokenAnswer(grant, accessToken) {
    const refresh = 'rt-' + crypto.randomBytes(24).toString('base64url');
    this.refreshTokens.set(refresh, { grant, accessToken });
    return { ...super.tokenAnswer(grant, accessToken), expires_in: 7200, refresh_token: refresh, created_at: Math.floor(Date.now() / 1000) };
  }

  // A refresh is answered once, and must name the same redirect_uri.
  async onToken(entry, response) {
    const form = new URLSearchParams(entry.body);
    if (form.get('grant_type') !== 'refresh_token') {
      return super.onToken(entry, response);
    }
    const held = this.refreshTokens.get(form.get('refresh_token'));
    if (!this.clientIsRight(entry, form) || !held || form.get('redirect_uri') !== held.grant.redirectUri) {
      return reply(response, { error: 'invalid_grant' }, {}, 400);
    }
    this.refreshTokens.delete(form.get('refresh_token'));
    this.tokens.delete(held.accessToken);
    const accessToken = this.newAccessToken();
    this.tokens.set(accessToken, held.grant);
    return this.answer(response, this.tokenAnswer(held.grant, accessToken), this.token);
  }

  idClaims(standard, { user }) {
    const { sub_legacy, email, email_verified, groups_direct } = user;
    return { ...standard, sub_legacy, email, email_verified, groups_direct };
  }

  userinfoClaims({ user }) {
    const { groups_direct, ...claims } = user;
    return claims;
  }
}
