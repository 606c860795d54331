// SPDX-License-Identifier: MIT
// What nginx -t says of keys and certificates of this client, and that a reload survives what it accepts: TK-05, LG-01.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import crypto from 'node:crypto';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { makeCertificates } from './lib/certificates.mjs';
import { e2e } from './lib/harness.mjs';
import { configTest } from './lib/nginx.mjs';

const site = (block, type = 'oidc') => `oauth_provider test ${type} { issuer https://id.example.org; client_id c; ${block} } server { listen 127.0.0.1:9999; oauth on; oauth_allow any; }`;

function files(h) {
  const folder = h.folder();
  const write = (name, text, mode = 0o600) => {
    const file = path.join(folder, name);
    writeFileSync(file, text);
    chmodSync(file, mode);
    return file;
  };
  const pair = crypto.generateKeyPairSync('rsa', { modulusLength: 2048 });
  const pem = (options = {}) => pair.privateKey.export({ type: 'pkcs8', format: 'pem', ...options });
  return {
    key: write('key.pem', pem()),
    open: write('open.pem', pem(), 0o644),
    encrypted: write('encrypted.pem', pem({ cipher: 'aes-128-cbc', passphrase: 'a passphrase' })),
    pub: write('public.pem', pair.publicKey.export({ type: 'spki', format: 'pem' })),
    small: write('small.pem', crypto.generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey.export({ type: 'pkcs8', format: 'pem' })),
    der: write('key.der', pair.privateKey.export({ type: 'pkcs8', format: 'der' })),
    large: write('large.pem', pem() + '#'.repeat(70000)),
    two: write('two.pem', pem() + crypto.generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' })),
    // Each number of it can be read, and one is another.
    altered: write('altered.pem', pem().replace(/^((?:.*\n){4}.{20})(.)/, (all, before, c) => before + (c === 'A' ? 'B' : 'A'))),
    pipe: (() => { const file = path.join(folder, 'pipe'); execFileSync('mkfifo', [file]); return file; })(),
    empty: write('empty.pem', ''),
    folder,
  };
}

e2e('nginx -t refuses keys and certificates that are none, and names parameter, file and what is accepted', async (h) => {
  const at = files(h);
  const own = makeCertificates(h.folder());
  const accepted = 'accepted: a private key in PEM without a passphrase';
  const rows = [
    [`client_key ${at.pub};`, '"client_key": file "' + at.pub + '" holds a public key and no private one, ' + accepted],
    [`client_key ${at.encrypted};`, 'holds a private key with a passphrase, which nobody could be asked for, ' + accepted],
    [`client_key ${own.certFile};`, 'holds a certificate and no private key, ' + accepted],
    [`client_key ${at.small};`, 'holds a private key that is broken, or of a kind that is not used here, ' + accepted],
    [`client_key ${at.der};`, 'holds no private key in PEM, ' + accepted],
    [`client_key ${at.large};`, 'is larger than 64k'],
    [`client_key ${at.two};`, 'holds more than one private key, ' + accepted],
    [`client_key ${at.altered};`, 'holds a private key that is broken, or of a kind that is not used here, ' + accepted],
    [`client_key ${at.pipe};`, 'is a pipe, a socket or a device, accepted: a regular file'],
    [`client_secret file:${at.pipe};`, 'is a pipe, a socket or a device, accepted: a regular file'],
    [`client_key ${at.empty};`, 'is empty'],
    [`client_key ${at.folder};`, 'is a folder'],
    ['client_key /nonexistent/key.pem;', '"client_key": file "/nonexistent/key.pem" does not exist'],
    [`client_key ${at.key} key=x;`, 'accepted: kid=ID'],
    [`client_key ${at.key}; client_certificate ${own.certFile};`, `"client_certificate": file "${own.certFile}" is not the certificate of client_key`],
    [`client_key ${own.keyFile}; client_certificate ${own.keyFile};`, `"client_certificate": file "${own.keyFile}" holds no certificate in PEM, accepted: the certificate of client_key`],
    [`client_secret a-secret-of-this-site; client_certificate ${own.certFile};`, '"client_key" is missing, and "client_certificate" needs it'],
    ['client_secret a-secret-of-this-site; client_auth client_secret_jwt;', '"client_secret": found 21 bytes, accepted: at least 32'],
    [`client_key ${at.key}; client_auth basic;`, '"client_key" has no effect beside "client_auth basic"'],
    [`client_key ${at.key}; client_auth magic;`, 'found "magic", accepted: basic, post, none, private_key_jwt, client_secret_jwt, tls'],
    [`client_key ${at.key}; dpop maybe;`, '"dpop": found "maybe", accepted: on, off'],
  ];
  for (const [block, message] of rows) {
    const { code, stderr } = configTest(site(block));
    assert.notEqual(code, 0, block);
    const line = stderr.split('\n').find((each) => each.includes('[emerg]')) ?? '';
    assert.ok(line.includes(message), `${message}\n${stderr}`);
    assert.match(line, / in \S+nginx\.conf:\d+/);
    assert.doesNotMatch(stderr, /BEGIN|a-secret-of/);
  }
  const azure = configTest(`oauth_provider azure-ad { client_id c; tenant aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee; client_key ${at.key}; dpop on; } server { listen 127.0.0.1:9999; oauth on; oauth_allow any; }`);
  assert.match(azure.stderr, /"dpop": is not used by type "azure-ad", accepted by: google, okta/);
});

e2e('LG-01 a key that stands where its file belongs is in no message', (h) => {
  const at = files(h);
  const pem = readFileSync(at.key, 'utf8');
  const lines = pem.split('\n').slice(1, -2);
  const body = crypto.generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'der' }).toString('base64').slice(0, -1) + '/';
  for (const [block, shown] of [[`client_key "${pem}";`, lines], [`client_key ${body};`, [body]], [`client_key /${body};`, [body]], [`client_key ${at.key}; client_certificate "${pem}";`, lines], [`client_secret "file:${pem}";`, lines],
    [`client_key ${at.key}; client_auth "${pem}";`, lines]]) {
    const { code, stderr, log } = configTest(site(block));
    assert.notEqual(code, 0, block);
    for (const line of shown) {
      assert.ok(!(stderr + log).includes(line), block.slice(0, 40) + '\n' + stderr);
    }
  }
  assert.match(configTest(site(`client_key "${pem}";`)).stderr, /"client_key": what stands here is a text and no file's name, accepted: the path of a file that has it, in \S+nginx\.conf:\d+/);
});

e2e('nginx -t accepts a key in place of a secret, also where the environment gives the rest, and warns of open files and ended certificates', async (h) => {
  const at = files(h);
  const own = makeCertificates(h.folder());
  for (const block of [`client_key ${at.key};`, `client_key ${at.key} kid=mine; client_auth private_key_jwt;`, `client_key ${own.keyFile}; client_certificate ${own.certFile}; client_auth tls;`,
    `client_secret ${'s3cr3t-'.repeat(5)}; client_auth client_secret_jwt; dpop on;`]) {
    const { code, stderr } = configTest(site(block));
    assert.equal(code, 0, stderr);
  }
  const okta = configTest(`oauth_provider okta { client_key ${at.key}; } server { listen 127.0.0.1:9999; oauth on; oauth_allow any; }`,
    { env: { OAUTH_OKTA_CLIENT_ID: 'c', OAUTH_OKTA_DOMAIN: 'company.okta.example' } });
  assert.equal(okta.code, 0, okta.stderr);
  assert.match(configTest(site(`client_key ${at.open};`)).stderr, /\[warn\].*"client_key": file "\S+open\.pem" holds a secret and can be read by every user/);
  const ended = makeCertificates(h.folder(), { days: 0 });
  execFileSync('sleep', ['1.1']);
  assert.match(configTest(site(`client_key ${ended.keyFile}; client_certificate ${ended.certFile};`)).stderr, /\[warn\].*the certificate of "client_certificate" has ended/);
});
