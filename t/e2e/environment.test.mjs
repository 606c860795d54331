// SPDX-License-Identifier: MIT
// The environment that nginx was started with, after nginx itself and other modules have cleared it: the binary upgraded with USR2, and a
// reload where the perl module has set an environment of its own. What was configured by variables alone stays as it was.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { Browser } from './lib/browser.mjs';
import { Daemon } from './lib/daemon.mjs';
import { e2e } from './lib/harness.mjs';
import { Nginx, configTest, freePort } from './lib/nginx.mjs';

const BASE = 'https://app.example.test';
const VARIABLES = { OAUTH_BASE_URL: BASE, CORP_SECRET: 'secret-of-corp', OAUTH_GITHUB_CLIENT_ID: 'id', OAUTH_GITHUB_CLIENT_SECRET: 'secret-of-github',
  OAUTH_GENERIC_CLIENT_ID: 'id', OAUTH_GENERIC_CLIENT_SECRET: 'secret-of-generic', OAUTH_GENERIC_AUTH_URL: 'https://id.example.test/a', OAUTH_GENERIC_TOKEN_URL: 'https://id.example.test/t',
  OAUTH_GENERIC_USER_INFO_URL: 'https://id.example.test/u', OAUTH_GENERIC_SCOPES: 'one two', OAUTH_GENERIC_NAME: 'house', OAUTH_HOUSE_PROMPT: 'login' };

const configuration = (port, { before = '', after = '' } = {}) => `
  ${before}
  oauth_provider corp oauth2 { authorization_endpoint https://corp.example.test/a; token_endpoint https://corp.example.test/t; userinfo_endpoint https://corp.example.test/u; client_id c; client_secret env:CORP_SECRET; }
  ${after}
  server { listen 127.0.0.1:${port}; oauth on; oauth_allow any; }`;

// Everything that the variables say and a visitor can see.
async function seen(port) {
  const ask = (path) => new Browser().navigate(`http://127.0.0.1:${port}/auth/oauth/${path}`, { follow: false });
  const providers = (await ask('providers')).json().map(({ name, url }) => [name, url]);
  const { searchParams, origin } = new URL((await ask('house')).headers.location);
  return { providers, origin, sent: ['client_id', 'scope', 'prompt', 'redirect_uri'].map((name) => searchParams.get(name)) };
}

const EXPECTED = { providers: ['corp', 'github', 'house'].map((name) => [name, `${BASE}/auth/oauth/${name}`]), origin: 'https://id.example.test',
  sent: ['id', 'one two', 'login', `${BASE}/auth/oauth/house/callback`] };

e2e('an upgrade of the binary keeps the base URL, the providers of the environment and the secrets', async (h) => {
  const port = await freePort();
  const nginx = await h.nginx(port, configuration(port), { kind: Daemon, env: VARIABLES });
  assert.deepEqual(await seen(port), EXPECTED);
  for (const round of [1, 2]) {
    await nginx.upgrade();
    assert.deepEqual(await seen(port), EXPECTED, 'upgrade ' + round);
  }
});

e2e('CHAINLIT_URL is kept as well, and an env line goes before the environment', async (h) => {
  const port = await freePort();
  const { OAUTH_BASE_URL: _, ...others } = VARIABLES;
  const nginx = await h.nginx(port, configuration(port), { kind: Daemon, workers: 2, env: { ...others, CHAINLIT_URL: BASE, OAUTH_GENERIC_NAME: 'hidden' },
    main: 'env OAUTH_GENERIC_NAME=house; env OAUTH_GITHUB_CLIENT_ID; env HOME;' });
  assert.deepEqual(await seen(port), EXPECTED);
  await nginx.upgrade();
  assert.deepEqual(await seen(port), EXPECTED);
});

e2e('a reload keeps them, and a second one', async (h) => {
  const port = await freePort();
  const nginx = await h.nginx(port, configuration(port), { kind: Nginx, env: VARIABLES, main: 'env OAUTH_BASE_URL;' });
  for (const round of [0, 1, 2]) {
    assert.deepEqual(await seen(port), EXPECTED, 'reload ' + round);
    await nginx.reload();
  }
  assert.deepEqual(await seen(port), EXPECTED);
});

const PERL = '/usr/lib/nginx/modules/ngx_http_perl_module.so';
const perl = `perl_set $by_perl 'sub { return 1; }';`;

// Only the distribution's nginx can load the distribution's module.
const hasPerl = existsSync(PERL) && configTest('', { main: `load_module ${PERL};` }).code === 0;

for (const [where, parts] of [['before', { before: perl }], ['after', { after: perl }]]) {
  e2e(`the perl module, used ${where} our directives, takes no variable away, at the start, on reload and with USR2`, async (h) => {
    if (!hasPerl) {
      console.log('skipped: this nginx has no perl module');
      return;
    }
    const port = await freePort();
    const nginx = await h.nginx(port, configuration(port, parts), { kind: Daemon, env: VARIABLES, main: `load_module ${PERL};` });
    assert.deepEqual(await seen(port), EXPECTED);
    await nginx.reload();
    assert.deepEqual(await seen(port), EXPECTED, 'a reload');
    await nginx.reload();
    assert.deepEqual(await seen(port), EXPECTED, 'another');
    await nginx.upgrade();
    assert.deepEqual(await seen(port), EXPECTED, 'and an upgrade');
  });
}

e2e('a variable that is not set is none, whatever its name begins with', async () => {
  const { code, stderr } = configTest(configuration(8080), { env: { CORP_SECRETS: 'x', CORP: 'x' } });
  assert.notEqual(code, 0);
  assert.match(stderr, /environment variable "CORP_SECRET" is not set or empty in /);
});
