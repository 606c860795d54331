// SPDX-License-Identifier: MIT
// Starts the demo's parts together: identity provider, application, and nginx with the module. Used by demo.mjs and by the browser test.
import crypto from 'node:crypto';
import { Nginx } from '../e2e/lib/nginx.mjs';
import { freePort } from '../e2e/lib/ports.mjs';
import { startApplication } from './application.mjs';
import { CLIENT_ID, startProvider } from './provider.mjs';

// Real providers are added by their variables. The base URL comes from the request, whatever else is in the environment.
function providerVariables() {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => /^OAUTH_/.test(name) && name !== 'OAUTH_BASE_URL'));
}

const nginxConfiguration = ({ port, issuer, clientSecret, applicationPort, extraRule }) => `
    oauth_provider demo oidc {
        issuer ${issuer};
        client_id ${CLIENT_ID};
        client_secret ${clientSecret};
        scope openid email profile groups;
        label "Demo identity provider";
    }
    server {
        listen 127.0.0.1:${port};
        server_name localhost 127.0.0.1;

        oauth on;
        oauth_allow email=*@example.org;
        ${extraRule}
        oauth_page_title "Demo";

        location / { proxy_pass http://127.0.0.1:${applicationPort}; }
    }`;

// `allow` is one more e-mail address that may enter, for the account of a real provider.
export async function startDemo({ port, allow }) {
  const origins = ['http://127.0.0.1:' + port, 'http://localhost:' + port];
  const clientSecret = crypto.randomBytes(24).toString('hex');
  const started = [];
  const stop = async () => {
    for (const part of started.reverse()) {
      await part();
    }
  };
  try {
    const provider = await startProvider({ port: await freePort(), clientSecret, origins });
    started.push(() => provider.stop());
    const application = await startApplication({ jwksUrl: origins[0] + '/auth/oauth/jwks.json', issuers: origins });
    started.push(() => application.stop());
    const nginx = new Nginx({ env: providerVariables() });
    started.push(() => nginx.remove(), () => nginx.stop());
    const extraRule = allow ? `oauth_allow "email=${allow}";` : '';
    nginx.write(nginxConfiguration({ port, issuer: provider.issuer, clientSecret, applicationPort: application.port, extraRule }));
    await nginx.start(port);
    return { origin: origins[0], provider, nginx, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
