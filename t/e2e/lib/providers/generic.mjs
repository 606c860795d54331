// SPDX-License-Identifier: MIT
// Somebody's own OAuth 2.0 server: three addresses, a userinfo that is a flat object with a number as its id.
import { OpenIdMock } from './openid.mjs';

export const GERT = { id: 77, sub: 'gert-77', email: 'gert@example.org', email_verified: true, name: 'Gert Fake', account: 'gert' };

export class GenericMock extends OpenIdMock {
  constructor({ name = 'generic' } = {}) {
    super({ name, mode: 'oauth2', hosts: { main: 'sso.example.org' }, clientId: 'generic-app', endpoints: { authorize: '/authorize', token: '/token', userinfo: '/me' } });
    this.user = GERT;
  }
}
