// SPDX-License-Identifier: MIT
// Starts the demo's parts together: identity providers, application, and nginx with the module. Used by demo.mjs and by the browser test.
import { Nginx } from '../e2e/lib/nginx.mjs';
import { UPGRADES } from '../e2e/lib/streams.mjs';
import { EXAMPLE, GITHUB, GOOGLE, choicesOf } from './accounts.mjs';
import { startApplication } from './application.mjs';
import { LABELS, startProviders } from './providers.mjs';

// As the admin area shows it, without what every location has.
const ADMIN_RULE = `location /admin/ {
  oauth_allow group=admins
    email=*@example.org;
  …
}`;

// Real providers are added by their variables. The base URL comes from the request, whatever else is in the environment.
function providerVariables() {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => /^OAUTH_/.test(name) && name !== 'OAUTH_BASE_URL'));
}

const nginxConfiguration = ({ port, providers, target, extraRule }) => `${providers.map(({ block }) => block).join('')}
    server {
        listen 127.0.0.1:${port};
        server_name localhost 127.0.0.1;

        oauth on;
        oauth_allow email=*@example.org;
        ${extraRule}
        oauth_page_title "Demo application";

        location / { proxy_pass ${target}; }
        location = /live { proxy_pass ${target}; ${UPGRADES} }
        location = /welcome { oauth off; proxy_pass ${target}; }
        ${ADMIN_RULE.replace('…', `proxy_pass ${target};`).replaceAll('\n', '\n        ')}
    }`;

const peopleOf = () => Object.entries({ example: EXAMPLE, github: GITHUB, google: GOOGLE })
  .flatMap(([name, accounts]) => choicesOf(accounts).map((choice) => ({ company: LABELS[name], ...choice })));

// `allow` is one more e-mail address that may enter, for the account of a real provider.
export async function startDemo({ port, allow }) {
  const origins = ['http://127.0.0.1:' + port, 'http://localhost:' + port];
  const started = [];
  const stop = async () => {
    for (const part of started.splice(0).reverse()) {
      await part();
    }
  };
  try {
    const providers = await startProviders(origins, started);
    const application = await startApplication({
      jwksUrl: origins[0] + '/auth/oauth/jwks.json',
      issuers: origins,
      labels: Object.fromEntries(providers.map(({ name, label }) => [name, label])),
      accounts: peopleOf(),
      adminRule: ADMIN_RULE,
    });
    started.push(() => application.stop());
    const nginx = new Nginx({ env: providerVariables() });
    started.push(() => nginx.remove(), () => nginx.stop('SIGTERM')); // at once, whatever WebSockets are open
    const extraRule = allow ? `oauth_allow "email=${allow}";` : '';
    nginx.write(nginxConfiguration({ port, providers, target: 'http://127.0.0.1:' + application.port, extraRule }));
    await nginx.start(port);
    return { origin: origins[0], applicationUrl: 'http://127.0.0.1:' + application.port, providers, nginx, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
