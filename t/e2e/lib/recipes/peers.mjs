// SPDX-License-Identifier: MIT
// The certified oidc-provider as https://id.example.org, which is the provider of the pages that are about no provider in particular.
import { freePort } from '../ports.mjs';
import { OidcProvider } from '../oidc-provider.mjs';

const HOST = 'id.example.org';
export const SECRET = 'a secret of the application';

export const PEOPLE = {
  'alice@example.org': { email: 'alice@example.org', email_verified: true, name: 'Alice Example', preferred_username: 'alice', groups: ['staff', 'members'] },
  'bob@example.org': { email: 'bob@example.org', email_verified: true, name: 'Bob Example', preferred_username: 'bob', groups: ['members'] },
  'mallory@example.net': { email: 'mallory@example.net', email_verified: true, name: 'Mallory Example', groups: ['guests'] },
};

export class Certified {
  // `base`: where the application is; `name`: of the provider there.
  constructor(base = 'https://app.example.org', name = 'example') {
    this.client = { client_id: 'my-application', client_secret: SECRET, redirect_uris: [`${base}/auth/oauth/${name}/callback`], post_logout_redirect_uris: [base + '/auth/oauth/signed-out'],
      grant_types: ['authorization_code', 'refresh_token'] };
  }

  async start({ tls }) {
    this.provider = await new OidcProvider({ accounts: PEOPLE }).start(await freePort(), [this.client], { tls, host: HOST });
    return this;
  }

  targets() {
    return [[HOST + ':443', this.provider.port]];
  }

  stop() {
    return this.provider.stop();
  }
}
