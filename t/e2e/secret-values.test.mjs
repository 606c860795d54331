// SPDX-License-Identifier: MIT
// Secrets in the configuration: a literal that is evidently a path, a mistyped prefix or a variable is refused and says what to write (SC-05), and no message has any part of what
// was found in it (LG-01), wherever it was put by mistake.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { e2e, quoted } from './lib/harness.mjs';
import { configTest } from './lib/nginx.mjs';

const PROVIDER = 'oauth_provider test oidc { issuer https://id.example.org; client_id c; client_secret s; }';
const site = (server, provider = PROVIDER) => `${provider}
server { listen 127.0.0.1:8080; oauth on; oauth_allow any;
    ${server}
}`;
const KEY = randomBytes(32);
const HEX = KEY.toString('hex');

function refused(text, pattern, { secret, env, files } = {}) {
  const { code, stderr, log } = configTest(text, { env, files });
  assert.notEqual(code, 0, text);
  const message = stderr.split('\n').find((line) => line.includes('[emerg]')) ?? '';
  assert.match(message, pattern, text);
  if (secret) {
    assert.ok(!(stderr + log).includes(secret), `${secret} in ${stderr}`);
  }
  return message;
}

const accepted = (text, options) => {
  const { code, stderr } = configTest(text, options);
  assert.equal(code, 0, stderr);
};

const evident = { '/etc/nginx/oauth.key': 'a path', '/etc/nginx/keys/of/this/very/machine/and/of/no/other/oauth-session.key': 'a path', './oauth.key': 'a path', '../keys/oauth.key': 'a path', 'fil:/etc/nginx/oauth.key': 'mistyped', 'File:/etc/nginx/oauth.key': 'mistyped',
  'flie:/etc/nginx/oauth.key': 'mistyped', 'file/etc/nginx/oauth.key': 'mistyped', 'env/OAUTH_KEY': 'mistyped', 'ENV:OAUTH_KEY': 'mistyped', 'evn:OAUTH_KEY': 'mistyped', $OAUTH_KEY: 'a variable', '${OAUTH_KEY}': 'a variable', '{{.Values.key}}': 'a variable' };

e2e('SC-05 what is evidently no secret is refused in every place, and the message says what to write', () => {
  for (const [literal, what] of Object.entries(evident)) {
    const pattern = new RegExp(`looks like (a )?${what.replace('a ', '')}.*accepted: file:PATH, env:NAME.* in \\S+nginx\\.conf:\\d+`);
    for (const text of [site(`oauth_session_key ${quoted(literal)};`), site(`oauth_identity_key ${quoted(literal)};`), site('', PROVIDER.replace('client_secret s', `client_secret ${quoted(literal)}`))]) {
      refused(text, pattern, { secret: literal });
    }
    refused(site('oauth_session_key env:THE_KEY;'), /"oauth_session_key": the value looks like/, { secret: literal, env: { THE_KEY: literal } });
    refused(site('', ''), /provider "github" of the environment: "client_secret": the value looks like/, { secret: literal, env: { OAUTH_GITHUB_CLIENT_ID: 'c', OAUTH_GITHUB_CLIENT_SECRET: literal } });
  }
});

e2e('SC-05 a literal session key has at least 256 bits as base64, base64url or hex', () => {
  for (const key of [KEY.toString('base64'), KEY.toString('base64').replace(/=+$/, ''), KEY.toString('base64url'), HEX, HEX.toUpperCase(), randomBytes(48).toString('base64')]) {
    accepted(site(`oauth_session_key ${quoted(key.startsWith('/') ? 'A' + key.slice(1) : key)};`));
  }
  for (const key of ['a passphrase of more than forty bytes is no random key', HEX.slice(2), randomBytes(30).toString('base64'), randomBytes(30).toString('base64url'), HEX.slice(0, 44), 'a'.repeat(64), 'k'.repeat(20), 'change-me-change-me-change-me-change-me-change-me', '']) {
    refused(site(`oauth_session_key ${quoted(key)};`), /"oauth_session_key": .*accepted: .* in \S+nginx\.conf:\d+/, { secret: key });
  }
  accepted(site('oauth_session_key file:key;'), { files: { key: 'thirty-two bytes of any text at all' } });
  for (const start of ['/', '$A', '/abc!defghijk', 'env:']) { // what a file holds is the secret
    const files = { key: start + 'thirty-two bytes of any text at all' };
    accepted(site('oauth_session_key file:key; oauth_identity_key file:key;', PROVIDER.replace('client_secret s', 'client_secret file:key')), { files });
  }
  for (const literal of ['conf.d/keys/oauth-identity-production.pem', 'etc/nginx/keys/oauth/session/production/key/file/pathx']) {
    refused(site(`oauth_identity_key ${literal};`), /looks like a path/, { secret: literal });
    refused(site(`oauth_session_key ${literal};`), /looks like a path/, { secret: literal });
  }
  refused(site(`oauth_identity_key ${'a'.repeat(40)};`), /one character repeated/);
  accepted(site('oauth_session_key env:THE_KEY;'), { env: { THE_KEY: 'thirty-two bytes of any text at all' } });
});

e2e('SC-05 a literal identity key is PEM or a shared secret of at least 32 bytes, and a key in another form is none', (h) => {
  const folder = h.folder();
  const run = (name, ...words) => { execFileSync('openssl', [...words, '-out', path.join(folder, name)], { stdio: 'ignore' }); return path.join(folder, name); };
  const pem = run('key.pem', 'genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256');
  const der = run('key.der', 'pkey', '-in', pem, '-outform', 'DER');
  writeFileSync(path.join(folder, 'key.jwk'), '{"kty":"oct","k":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}');
  writeFileSync(path.join(folder, 'key.pub'), 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA me@here');
  accepted(site(`oauth_identity_key ${quoted('a shared secret of thirty-two bytes')};`));
  accepted(site(`oauth_identity_key ${quoted(readFileSync(pem, 'utf8'))};`));
  for (const name of ['key.jwk', 'key.pub']) {
    refused(site(`oauth_identity_key file:${folder}/${name};`), /"oauth_identity_key": the key is in a form that is not read here/);
  }
  refused(site(`oauth_identity_key file:${der};`), /"oauth_identity_key": the key is in a form that is not read here/);
  refused(site('oauth_identity_key only-thirty-one-bytes-are-here!;'), /at least 32 bytes/, { secret: 'thirty-one' });
  refused(site('oauth_identity_key change-me-change-me-change-me-change-me;'), /example's/);
});

e2e('empty files and variables are no secrets', () => {
  const files = { empty: '', blank: '\n\r\n', lines: 'one\ntwo\n', mark: '\ufeffsecret' };
  for (const source of ['file:empty', 'file:blank', 'env:EMPTY', 'env:NOT_THERE', '""', 'file:mark']) {
    for (const text of [site(`oauth_session_key ${source};`), site(`oauth_identity_key ${source};`), site('', PROVIDER.replace('client_secret s', 'client_secret ' + source))]) {
      refused(text, /empty|not set|at least 32|byte order mark/, { files, env: { EMPTY: '' } });
    }
  }
  refused(site('', PROVIDER.replace('client_secret s', 'client_secret file:lines')), /more than one line/, { files });
});

e2e('LG-01 no part of a secret is in a message, wherever it stands by mistake', () => {
  const secret = 'kLm9Very0Secret1Value2X7';
  const at = (text) => PROVIDER.replace('client_secret s;', text);
  const cases = [site(`oauth_http_proxy user:${secret}@proxy.example.org;`), site(`oauth_http_proxy http://user:${secret}@proxy.example.org:3128;`), site(`oauth_http_proxy http://user:p@${secret}@proxy.example.org:3128/;`), site(`oauth_http_proxy http://proxy.example.org:${secret};`),
    site(`oauth_http_proxy ${secret};`), site(`oauth_http_proxy http://a ${secret};`), site(`oauth_base_url https://user:${secret}@app.example.org;`), site(`oauth_base_url user:${secret}@app.example.org;`), site(`oauth_identity_key ${'x'.repeat(40)} ${secret};`),
    site(`oauth_identity_key ${'x'.repeat(40)} kid=a ${secret};`), site(`oauth_session_key ${HEX} ${secret};`), site(`oauth_session_key ${secret};`), site(`oauth_identity_key ${secret};`), site(`oauth_session_key env:${secret};`), site(`oauth_session_key file:${secret};`),
    site(`oauth_session_key file:/etc/${secret};`), site(`oauth_session redis://user:${secret}@127.0.0.1;`), site(`oauth_session user:${secret}@127.0.0.1;`), site('', at(`client_secret a ${secret};`)), site('', at(`client_secret a;${secret};`)), site('', at(`client_secret s; ${secret} x;`)),
    site('', at(`client_secret s; client_secret ${secret};`)), site('', at(`client_secret s; token_endpoint http://user:${secret}@id.example.org/;`)), site('', at(`client_secret s; api_url user:${secret}@id.example.org;`)), site('', at(`client_secret file:${secret};`)),
    site('', at(`client_secret env:${secret};`)), site(`oauth_session ${secret};`), ...['client_auth', 'pkce', 'response_mode', 'signing_algorithms'].map((name) => site('', at(`client_secret s; ${name} ${secret};`)))];
  for (const text of cases) {
    refused(text, /\[emerg\]/, { secret });
  }
  refused(site('', ''), /OAUTH_BASE_URL/, { secret, env: { OAUTH_BASE_URL: `https://u:${secret}@x`, OAUTH_GITHUB_CLIENT_ID: 'c', OAUTH_GITHUB_CLIENT_SECRET: 's' } });
  // What is no secret is still told.
  assert.match(refused(site('oauth_session_key file:/nonexistent/session.key;'), /session\.key/), /"\/nonexistent\/session\.key" does not exist/);
  assert.match(refused(site('', at('client_secret env:NOT_THERE;')), /NOT_THERE/), /not set or empty/);
});
