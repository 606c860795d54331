// SPDX-License-Identifier: MIT
// Rows of mistakes.test.mjs: what nginx is started with. Variables, files, keys, and where sessions are kept.
import { spawnSync } from 'node:child_process';
import { appendFileSync, chmodSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { Browser, signIn } from '../browser.mjs';
import { assertSignedIn, beginSignIn } from '../harness.mjs';
import { configTest, environment, Nginx, nginxBinary } from '../nginx.mjs';
import { Redis } from '../redis.mjs';

const SECRET = 'kLm9-very-secret-value-31';
const KEYS = ['A7C6nB0PqkqkPzZ7nJw4iGmW2m0k9yq3oXGQe5cVt1o', 'u3VxkPZC8hYkq0Yw1mTgR5bqL9sJ2aDfHnE7oQiWc4M'];
const GITHUB = { OAUTH_GITHUB_CLIENT_ID: 'an-id', OAUTH_GITHUB_CLIENT_SECRET: SECRET };
const PROVIDER = `oauth_provider test oidc { issuer https://id.example.org; client_id c; client_secret ${SECRET}; }`;
const serverOf = (directives = '', rules = 'oauth_allow any;') => `server { listen 127.0.0.1:8080; server_name app.example.org; oauth on; ${rules} ${directives} }`;
const check = (http, options) => configTest(http, options).stderr;

// nginx -t of a configuration that `prepare(nginx)` has changed. `identity`: the user and group that run it.
function checkPrepared(http, prepare, { env = {}, identity = {} } = {}) {
  const nginx = new Nginx();
  nginx.store = () => '';
  try {
    nginx.write(http);
    prepare(nginx);
    return spawnSync(nginxBinary(), [...nginx.arguments(), '-t'], { encoding: 'utf8', env: environment(env), ...identity }).stderr;
  } finally {
    nginx.remove();
  }
}

const checkWithBelow = (http, line, env) => checkPrepared(http, (nginx) => appendFileSync(nginx.configurationFile, line + '\n'), { env });

function checkUnreadable(http, name) {
  const isRoot = process.getuid() === 0; // who may read everything
  return checkPrepared(http, (nginx) => chmodSync(nginx.file(name, KEYS[0]), isRoot ? 0o600 : 0), { identity: isRoot ? { uid: 65534, gid: 65534 } : {} });
}

async function logWith(site, pattern) {
  await site.nginx.waitForLine(0, pattern);
  return site.nginx.log();
}

// Somebody signs in at a site whose sessions are in that Redis.
async function logOfSignIn(h, redis, parameters, pattern) {
  const site = await h.site({ server: `oauth_session ${redis.url} ${parameters}; oauth_session_key ${KEYS[0]};` });
  await signIn(site.browser, site.origin + '/');
  return logWith(site, pattern);
}

// Two machines that should have one session key.
const twoMachines = async (h) => {
  const provider = await h.provider();
  return [await h.site({ provider, server: `oauth_session_key ${KEYS[0]};` }), await h.site({ provider, server: `oauth_session_key ${KEYS[1]};` })];
};

async function sessionOfOtherMachine(h) {
  const [one, other] = await twoMachines(h);
  await assertSignedIn(one);
  const strangers = ['garbage', 'AQ', 'eyJhbGciOiJub25lIn0.e30.x', 'x'.repeat(200)];
  for (const value of strangers) {
    await new Browser().fetch(other.origin + '/', { headers: { Cookie: 'oauth=' + value } });
  }
  const before = other.nginx.log();
  for (let i = 0; i < 5; i++) {
    await one.browser.fetch(other.origin + '/');
  }
  const text = await logWith(other, /a session's cookie/);
  return /a session's cookie/.test(before) ? 'told for what is no session of anybody:\n' + text + text : text;
}

async function signInOfOtherMachine(h) {
  const [one, other] = await twoMachines(h);
  const callback = new URL(await beginSignIn(one));
  callback.port = other.port;
  await one.browser.navigate(callback, { follow: false });
  return logWith(other, /state_invalid/);
}

export const environmentMistakes = [
  { what: 'env NAME=VALUE; below the http block, for the only provider',
    told: () => checkWithBelow(serverOf(), `env OAUTH_GITHUB_CLIENT_ID=an-id; env OAUTH_GITHUB_CLIENT_SECRET=${SECRET};`),
    line: /\[emerg\].*"oauth": there is no provider to sign in at, accepted: .*by "env NAME=VALUE;" above "http", in \S+:\d+/, mends: 'env NAME=VALUE;', never: [SECRET] },
  { what: 'env NAME=VALUE; below the http block, for something else',
    told: () => checkWithBelow(serverOf(), 'env OAUTH_BASE_URL=https://value.example.org; env HOME=/; env PATH;', GITHUB),
    line: /\[warn\].*"env OAUTH_BASE_URL=\.\.\.;" has no effect below the http block, .*accepted: above "http"/, mends: 'above "http"', never: ['value.example.org', 'HOME'] },
  { what: 'a name without its underscore',
    told: () => check(serverOf(), { env: { ...GITHUB, OAUTH_BASEURL: 'https://value.example.org', CHAINLIT_AUTH_SECRET: SECRET, OAUTH_OF_AN_APPLICATION: SECRET } }),
    line: /\[warn\].*nothing reads the environment variable "\w+": did you mean "\w+"\?/, mends: 'OAUTH_BASE_URL', never: ['value.example.org', SECRET, 'CHAINLIT'] },
  { what: 'a name with a letter wrong, by env of nginx',
    told: () => check(serverOf(), { env: GITHUB, main: 'env CHAINLIT_ULR=https://value.example.org;' }),
    line: /\[warn\].*nothing reads the environment variable "CHAINLIT_ULR": did you mean "CHAINLIT_URL"\?/, mends: 'CHAINLIT_URL', never: ['value.example.org', SECRET] },
  { what: 'a required name that is nearly right',
    told: () => check(serverOf(), { env: { ...GITHUB, OAUTH_GOOGLE_CLIENTID: 'a-value', OAUTH_GOOGLE_CLIENT_SECRET: SECRET } }),
    line: /\[warn\].*"OAUTH_GOOGLE_CLIENTID": did you mean/, mends: 'OAUTH_GOOGLE_CLIENT_ID', never: ['a-value', SECRET] },
  { what: 'a variable that this provider does not have',
    told: () => check(serverOf(), { env: { ...GITHUB, OAUTH_GITHUB_SCOPES: 'a-value', OAUTH_GITLAB_SCOPES: 'a-value' } }),
    line: /\[warn\].*nothing reads the environment variable "\w+": those of github are OAUTH_GITHUB_CLIENT_ID, .*; all else is a parameter of an oauth_provider block/, mends: 'oauth_provider', never: ['a-value', 'GITLAB'] },
  { what: 'one of a provider\'s variables is missing',
    told: () => check(PROVIDER + serverOf(), { env: { OAUTH_GOOGLE_CLIENT_ID: 'a-value' } }),
    line: /\[warn\].*provider "google" is not active: OAUTH_GOOGLE_CLIENT_SECRET is not set/, mends: 'OAUTH_GOOGLE_CLIENT_SECRET', never: ['a-value'] },

  { what: 'a file that does not exist',
    told: () => check(PROVIDER.replace(SECRET, 'file:secrets/client') + serverOf()),
    line: /\[emerg\].*"client_secret": file "\/\S+\/secrets\/client" does not exist, accepted: .* in \S+:\d+/, mends: 'client_secret' },
  { what: 'a file that the user of nginx may not read',
    told: () => checkUnreadable(PROVIDER + serverOf('oauth_session_key file:session.key;'), 'session.key'),
    line: /\[emerg\].*"oauth_session_key": file "\/\S+\/session\.key" cannot be read: user "\S+", who runs this nginx, has no permission to it, .* in \S+:\d+/, mends: 'oauth_session_key', never: KEYS },
  { what: 'a folder in place of a file',
    told: (h) => { const folder = path.join(h.folder(), 'certificates'); mkdirSync(folder); return check(PROVIDER + serverOf(`oauth_http_trusted_certificate ${folder};`)); },
    line: /\[emerg\].*"oauth_http_trusted_certificate": file "\/\S+\/certificates" is a folder, accepted: a file, in \S+:\d+/, mends: 'oauth_http_trusted_certificate' },
  { what: 'a file with nothing in it',
    told: () => check(PROVIDER + serverOf('', 'oauth_allow email@staff.txt;'), { files: { 'staff.txt': '' } }),
    line: /\[emerg\].*"oauth_allow": "email@staff\.txt": file "\/\S+\/staff\.txt" is empty, accepted: .* in \S+:\d+/, mends: 'staff.txt' },
  { what: 'a secret that is a path without file:',
    told: () => check(PROVIDER.replace(SECRET, '/etc/nginx/client.secret') + serverOf()),
    line: /\[emerg\].*"client_secret": the value looks like a path, accepted: file:PATH, env:NAME, or the value itself in \S+:\d+/, mends: 'file:PATH', never: ['/etc/nginx/client.secret'] },
  { what: 'a session key that is too short',
    told: () => check(PROVIDER + serverOf(`oauth_session_key ${KEYS[0].slice(0, 20)};`)),
    line: /\[emerg\].*"oauth_session_key": the key has 20 bytes, accepted: a random key, as from "openssl rand -base64 32".* in \S+:\d+/, mends: 'openssl rand -base64 32', never: [KEYS[0].slice(0, 20)] },

  { what: 'a session of a machine with another key, once for many requests, and not for what is no session', told: sessionOfOtherMachine,
    line: /\[warn\].*oauth: a session's cookie is sealed with a key that is not known here: is oauth_session_key set, and the same on every machine\?/, mends: 'oauth_session_key', never: KEYS },
  { what: 'a sign-in that began on a machine with another key', told: signInOfOtherMachine,
    line: /\[warn\].*state_invalid: .*is sealed with a key that is not known here: is oauth_session_key set, and the same on every machine\?/, mends: 'oauth_session_key', never: KEYS },
  { what: 'sessions in Redis without a session key',
    told: () => check(PROVIDER + serverOf('oauth_session redis://127.0.0.1;')),
    line: /\[emerg\].*"oauth_session": found Redis without an oauth_session_key: .* in \S+:\d+/, mends: 'oauth_session_key file:PATH' },
  { what: 'a password that Redis does not take',
    told: async (h) => logOfSignIn(h, await Redis.start(h, { password: 'the-right-password' }), 'password=the-wrong-password', /store_unavailable/),
    line: /\[warn\].*Redis at 127\.0\.0\.1:\d+ does not take/, mends: 'password= of "oauth_session"', never: ['the-right-password', 'the-wrong-password'] },
  { what: 'a Redis that may drop sessions',
    told: async (h) => logOfSignIn(h, await Redis.start(h, { words: ['--maxmemory-policy', 'allkeys-lru'] }), '', /maxmemory-policy/),
    line: /\[warn\].*has maxmemory-policy allkeys-lru, with which it may drop sessions and forget sign-outs/, mends: 'maxmemory-policy noeviction' },
];
