// SPDX-License-Identifier: MIT
// The demo's three providers, on loopback: Example Corporation is the certified oidc-provider, GitHub and Google have stand-ins. Each gives
// its oauth_provider block. Where the real GitHub or Google joins in by its variables, the stand-in takes another name.
import crypto from 'node:crypto';
import { OidcProvider } from '../e2e/lib/oidc-provider.mjs';
import { freePort } from '../e2e/lib/ports.mjs';
import { EXAMPLE, GOOGLE, choicesOf } from './accounts.mjs';
import { GitHubStandIn } from './github.mjs';
import { loginPage, signOutPage } from './login-pages.mjs';

const CLIENT_ID = 'demo';
const EXAMPLE_LOOK = { company: 'Example Corporation', standIn: false, tone: '', symbol: 'building', typing: true };
const GOOGLE_LOOK = { company: 'Google', standIn: true, tone: 'tone-teal', symbol: 'mail' };

export const LABELS = { example: 'Example Corporation', github: 'GitHub (stand-in)', google: 'Google (stand-in)' };
const nameOf = (type) => (process.env[`OAUTH_${type.toUpperCase()}_CLIENT_ID`] ? type + '-stand-in' : type);

const block = ({ name, type, clientSecret }, parameters) => `
    oauth_provider ${name} ${type} {
        client_id ${CLIENT_ID};
        client_secret ${clientSecret};
        ${Object.entries(parameters).map((pair) => pair.join(' ') + ';').join('\n        ')}
    }`;

function client({ name, clientSecret }, origins) {
  return {
    client_id: CLIENT_ID,
    client_secret: clientSecret,
    redirect_uris: callbacks(name, origins),
    post_logout_redirect_uris: origins.map((origin) => origin + '/auth/oauth/signed-out'),
    response_types: ['code'],
    grant_types: ['authorization_code', 'refresh_token'],
  };
}

const callbacks = (name, origins) => origins.map((origin) => `${origin}/auth/oauth/${name}/callback`);
const named = (name, type) => ({ name, type, label: LABELS[name.replace('-stand-in', '')], clientSecret: crypto.randomBytes(24).toString('hex') });
const renderLogin = (look, accounts) => ({ action, message, current }) => loginPage(look, { action, message, choices: choicesOf(accounts), current: accounts[current]?.name });

async function startExample(origins) {
  const made = named('example', 'oidc');
  const provider = new OidcProvider({ accounts: EXAMPLE, renderLogin: renderLogin(EXAMPLE_LOOK, EXAMPLE), renderSignOut: (ctx, form) => { ctx.body = signOutPage(EXAMPLE_LOOK, form); } });
  await provider.start(await freePort(), [client(made, origins)]);
  return { ...made, provider, block: block(made, { issuer: provider.issuer, scope: 'openid email profile groups', label: `"${made.label}"` }) };
}

// As Google does, it offers no sign-out.
async function startGoogle(origins) {
  const made = named(nameOf('google'), 'google');
  const provider = new OidcProvider({ accounts: GOOGLE, renderLogin: renderLogin(GOOGLE_LOOK, GOOGLE), endsSessions: false });
  await provider.start(await freePort(), [client(made, origins)]);
  return { ...made, provider, block: block(made, { issuer: provider.issuer, label: `"${made.label}"` }) };
}

async function startGitHub(origins) {
  const made = named(nameOf('github'), 'github');
  const provider = await new GitHubStandIn({ clientId: CLIENT_ID, clientSecret: made.clientSecret, redirectUris: callbacks(made.name, origins) }).start();
  return { ...made, provider, block: block(made, {
    authorization_endpoint: provider.issuer + '/authorize',
    token_endpoint: provider.issuer + '/access_token',
    userinfo_endpoint: provider.apiUrl + '/user',
    api_url: provider.apiUrl,
    label: `"${made.label}"`,
  }) };
}

// `origins` are the addresses under which the site may be opened; `started` gets what stops each.
export async function startProviders(origins, started) {
  const all = [];
  for (const start of [startExample, startGitHub, startGoogle]) {
    const made = await start(origins);
    started.push(() => made.provider.stop());
    all.push(made);
  }
  return all;
}
