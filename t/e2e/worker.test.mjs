// SPDX-License-Identifier: MIT
// What a worker owns: fetches that visitors only wait for, the zone's shares, and servers that it cannot serve (MD-08, DS-11, CB-03, TK-18).
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { Browser } from './lib/browser.mjs';
import { makeCertificates } from './lib/certificates.mjs';
import { assertError, assertSignedIn, beginSignIn, e2e, hasSession, loginCookies } from './lib/harness.mjs';
import { configTest, preload } from './lib/nginx.mjs';
import { freePort, until } from './lib/ports.mjs';
import { withoutCertificatesInWorkers } from './lib/preloads.mjs';

const JSON_PLEASE = { Accept: 'application/json' };

// Holds an endpoint until release() is called.
function hold(provider, endpoint) {
  let release;
  provider[endpoint].wait = new Promise((resolve) => { release = resolve; });
  return () => { provider[endpoint].wait = undefined; release(); };
}

// Asks to sign in, and is gone as soon as the request is sent and the endpoint was asked, by whomever.
async function leaveWhileAsked(site, endpoint) {
  const mark = site.nginx.mark();
  const socket = net.connect({ port: site.port, host: '127.0.0.1' });
  socket.on('error', () => {});
  await new Promise((resolve) => { socket.once('connect', resolve); });
  await new Promise((resolve) => { socket.write(`GET /auth/oauth/test HTTP/1.1\r\nHost: 127.0.0.1:${site.port}\r\n\r\n`, resolve); });
  await until(() => site.provider.count(endpoint) >= 1, 'a request at ' + endpoint);
  socket.destroy();
  await site.nginx.waitForLine(mark, /client prematurely closed connection/);
}

e2e('who leaves stops no fetch: eight impatient visitors cost the ninth nothing', async (h) => {
  const site = await h.site();
  const release = hold(site.provider, 'discovery');
  for (let i = 0; i < 8; i++) {
    await leaveWhileAsked(site, 'discovery');
  }
  const ninth = new Browser().navigate(site.loginUrl, { follow: false });
  release();
  assert.equal((await ninth).status, 302);
  assert.equal(site.provider.count('discovery'), 1);
  await assertSignedIn(site);
});

e2e('a fetch that nobody waits for does not keep a worker that is to end', async (h) => {
  const site = await h.site();
  hold(site.provider, 'discovery');
  await leaveWhileAsked(site, 'discovery');
  site.nginx.signal('SIGQUIT');
  await until(() => site.nginx.exit, 'nginx to end', 4000); // oauth_http_timeout is ten seconds
});

e2e('a visitor who waits for a fetch keeps the worker that a reload replaces', async (h) => {
  const site = await h.site();
  const release = hold(site.provider, 'discovery');
  const answer = new Browser().navigate(site.loginUrl, { follow: false });
  await until(() => site.provider.count('discovery') >= 1, 'the fetch');
  await site.nginx.reload();
  await new Promise((resolve) => setTimeout(resolve, 500)); // time enough for a worker to end that nothing keeps
  release();
  assert.equal((await answer).status, 302);
});

e2e('TK-18 an outage before the code goes out uses no sign-in up', async (h) => {
  const site = await h.site();
  const callback = await beginSignIn(site);
  site.provider.discovery = { status: 503 };
  await site.nginx.reload(); // the new worker knows no metadata
  assertError(await site.browser.navigate(callback, { headers: JSON_PLEASE, follow: false }), 502, 'provider_error');
  assert.equal(site.provider.count('token'), 0);
  assert.equal(loginCookies(site.browser).length, 1, 'the sign-in is still there');
  site.provider.discovery = {};
  assert.equal((await site.browser.navigate(callback, { follow: false })).status, 302);
  assert.equal(site.provider.count('token'), 1);
});

e2e('TK-18 of two callbacks of one sign-in that both wait for metadata, one redeems', async (h) => {
  const site = await h.site();
  const callback = await beginSignIn(site);
  await site.nginx.reload();
  const release = hold(site.provider, 'discovery');
  const copies = [0, 1].map(() => new Browser({ jar: site.browser.jar.clone() }));
  const answers = copies.map((browser) => browser.navigate(callback, { headers: JSON_PLEASE, follow: false }));
  await until(() => site.provider.count('discovery') >= 2, 'the fetch');
  release();
  const statuses = (await Promise.all(answers)).map((answer) => answer.status);
  assert.deepEqual(statuses, [302, 302]);
  assert.deepEqual(copies.map(hasSession).sort(), [false, true]);
  assert.equal(site.provider.count('token'), 1);
});

// A sign-in of a stranger, up to a code that is none: it is used up then.
async function useUp(site) {
  const browser = new Browser();
  const asked = new URL((await browser.navigate(site.loginUrl, { follow: false })).headers.location).searchParams;
  const answer = await browser.navigate(`${site.callbackUrl}?code=none&state=${asked.get('state')}`, { headers: JSON_PLEASE, follow: false });
  assertError(answer, 502, 'provider_error');
}

e2e('DS-11 used sign-ins give way to newer ones, and take nothing from revocations', async (h) => {
  const site = await h.site({ http: 'oauth_zone 32k; oauth_session cookie;' });
  await assertSignedIn(site);
  const copy = new Browser({ jar: site.browser.jar.clone() });
  await site.browser.navigate(site.origin + '/auth/oauth/logout', { follow: false });
  const mark = site.nginx.mark();
  for (let i = 0; i < 25; i++) {
    await Promise.all(Array.from({ length: 12 }, () => useUp(site)));
  }
  assert.equal((await copy.fetch(site.origin + '/')).status, 401, 'what was revoked before stays so');

  const browser = new Browser();
  const callback = await beginSignIn(site, { browser });
  const before = new Browser({ jar: browser.jar.clone() });
  assert.equal((await browser.navigate(callback, { follow: false })).status, 302, 'a new sign-in has room');
  const again = await before.navigate(callback, { headers: JSON_PLEASE, follow: false });
  assert.deepEqual([again.status, again.setCookies], [302, []], 'it is known as used');

  const second = new Browser({ jar: browser.jar.clone() });
  assert.equal((await second.fetch(site.origin + '/')).status, 200);
  await browser.navigate(site.origin + '/auth/oauth/logout', { follow: false });
  assert.equal((await second.fetch(site.origin + '/')).status, 401, 'a new revocation has room');
  assert.deepEqual(site.nginx.linesSince(mark, /oauth_zone/), []);
});

// What fails before a sign-in's cookie opens takes no room: not in the zone, and not for long.
e2e('DS-11 bogus callbacks cost neither room nor time that grows with them', async (h) => {
  const site = await h.site({ http: 'oauth_zone 32k; oauth_session cookie;', block: 'userinfo off;' });
  const callback = new URL(await beginSignIn(site));
  const before = site.browser.jar.clone();
  assert.equal((await site.browser.navigate(callback, { follow: false })).status, 302);
  const state = callback.searchParams.get('state');
  const ask = (socket, text) => new Promise((resolve, reject) => {
    socket.once('data', (part) => resolve(part.toString()));
    socket.once('error', reject);
    socket.write(text);
  });
  // A thousand with a state of their own, more than the zone holds; one connection, so that the time is nginx's.
  const round = async () => {
    const socket = net.connect({ port: site.port, host: '127.0.0.1' });
    const started = process.hrtime.bigint();
    for (let i = 0; i < 1000; i++) {
      const made = state.slice(0, -6) + String(i).padStart(6, '0');
      const answer = await ask(socket, `GET /auth/oauth/test/callback?code=none&state=${made} HTTP/1.1\r\nHost: 127.0.0.1:${site.port}\r\nAccept: application/json\r\nCookie: oauth_login_${made.slice(0, 12)}=${'A'.repeat(200)}\r\n\r\n`);
      assert.match(answer, /^HTTP\/1\.1 400 /);
      if (i % 100 === 99) { // nginx ends a connection after so many requests
        await new Promise((resolve) => { setTimeout(resolve, 1); });
      }
    }
    socket.destroy();
    return Number(process.hrtime.bigint() - started);
  };
  const times = [];
  for (let i = 0; i < 6; i++) {
    times.push(await round());
  }
  assert.ok(Math.min(...times.slice(3)) < 3 * Math.min(...times.slice(0, 3)), 'as long at the end as at the beginning: ' + times);
  assert.equal(site.provider.count('token'), 1);
  const again = await new Browser({ jar: before }).navigate(callback, { headers: JSON_PLEASE, follow: false });
  assert.deepEqual([again.status, again.setCookies, site.provider.count('token')], [302, [], 1], 'the mark of the one that was used is still there');
  const copy = new Browser({ jar: site.browser.jar.clone() });
  await site.browser.navigate(site.origin + '/auth/oauth/logout', { follow: false });
  assert.equal((await copy.fetch(site.origin + '/')).status, 401, 'a sign-out counts');
  assert.deepEqual(site.nginx.linesSince(0, /oauth_zone(?!": found)/), []); // but for what nginx -t says of so small a one
});

e2e('a server that a worker cannot serve refuses what it protects, and the others go on', async (h) => {
  h.allowLog(/cannot sign anybody in/);
  const folder = h.folder();
  const { caFile } = makeCertificates(folder);
  const broken = await freePort();
  const site = await h.site({
    env: withoutCertificatesInWorkers(folder),
    http: (good) => `server {
        listen 127.0.0.1:${broken};
        server_name broken.test;
        oauth_base_url http://127.0.0.1:${broken};
        oauth_http_trusted_certificate ${caFile};
        oauth on;
        oauth_allow any;
        location / { proxy_pass ${good.upstream.url}; }
        location /optional { oauth optional; proxy_pass ${good.upstream.url}; }
        location /open { oauth off; proxy_pass ${good.upstream.url}; }
    }`,
  });
  await site.nginx.waitForLine(0, /server "broken.test" cannot sign anybody in.*certificate/);
  const origin = 'http://127.0.0.1:' + broken;
  for (const target of ['/', '/optional', '/auth/oauth/test', '/auth/oauth/login', '/auth/oauth/userinfo']) {
    assertError(await new Browser().fetch(origin + target, { headers: JSON_PLEASE }), 500, 'internal_error');
  }
  assert.equal(site.upstream.requests.length, 0);
  assert.equal((await new Browser().fetch(origin + '/open')).status, 200);
  await assertSignedIn(site);
});

e2e('no garbage between BEGIN and END comes past nginx -t, and what it accepts a reload survives', async (h) => {
  const folder = h.folder();
  const { caFile, keyFile } = makeCertificates(folder);
  const good = readFileSync(caFile, 'utf8');
  const lines = good.trim().split('\n');
  const broken = { garbage: '-----BEGIN CERTIFICATE-----\n!!!! no base64 at all !!!!\n-----END CERTIFICATE-----\n', 'after a good one': good + '-----BEGIN CERTIFICATE-----\nbm8gY2VydGlmaWNhdGU=\n-----END CERTIFICATE-----\n',
    'before a good one': '-----BEGIN CERTIFICATE-----\n????\n-----END CERTIFICATE-----\n' + good, 'cut off': lines.slice(0, -3).join('\n') + '\n', 'a line lost': [...lines.slice(0, 3), ...lines.slice(4)].join('\n') + '\n', 'no end': lines.slice(0, -1).join('\n') + '\n',
    'an empty one': '-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n', 'a private key': readFileSync(keyFile, 'utf8') };
  for (const [what, text] of Object.entries(broken)) {
    const file = path.join(folder, 'broken.pem');
    writeFileSync(file, text);
    for (const place of [`oauth_http_trusted_certificate ${file};`, `server { oauth_http_trusted_certificate ${file}; }`]) {
      const { code, stderr } = configTest(place);
      assert.notEqual(code, 0, what);
      assert.match(stderr, /"oauth_http_trusted_certificate": .*broken\.pem.* in \S+nginx\.conf:\d+/, what);
    }
  }
  writeFileSync(path.join(folder, 'two.pem'), '# a comment\n' + good + '\n' + good);
  const site = await h.site({ http: `oauth_http_trusted_certificate ${folder}/two.pem;` });
  await assertSignedIn(site);
  await site.nginx.reload();
  assert.equal((await site.browser.fetch(site.origin + '/')).status, 200);
});

// A library that has libcurl say that it cannot look names up without waiting.
e2e('a libcurl that lacks what is needed is found by nginx -t, where the module is in use', (h) => {
  const folder = h.folder();
  const [source, library] = ['shim.c', 'shim.so'].map((name) => path.join(folder, name));
  writeFileSync(source, `#include <curl/curl.h>
curl_version_info_data *curl_version_info(CURLversion version) {
    static curl_version_info_data data;
    data.age = CURLVERSION_NOW;
    data.version = "0";
    data.ssl_version = "OpenSSL/3";
    data.features = CURL_VERSION_SSL;
    return &data;
}
`);
  execFileSync('gcc', ['-shared', '-fPIC', '-o', library, source]);
  const env = preload(library);
  const text = (mode) => `oauth_provider test oidc { issuer https://id.example.org; client_id c; client_secret s; } server { listen 127.0.0.1:8080; oauth ${mode}; }`;
  const { code, stderr } = configTest(text('optional'), { env });
  assert.notEqual(code, 0);
  assert.match(stderr, /\[emerg\].*libcurl is built without asynchronous name resolution/);
  assert.equal(configTest(text('off'), { env }).code, 0);
});

e2e('certificates that do not parse are found by nginx -t', async (h) => {
  const file = path.join(h.folder(), 'broken.pem');
  writeFileSync(file, '-----BEGIN CERTIFICATE-----\nbm8gY2VydGlmaWNhdGU=\n-----END CERTIFICATE-----\n');
  const { code, stderr } = configTest(`oauth_http_trusted_certificate ${file};`);
  assert.notEqual(code, 0);
  assert.match(stderr, /"oauth_http_trusted_certificate": "\S+broken\.pem": the trusted certificates hold no PEM certificate in \S+nginx\.conf:\d+/);
});

// Sign-outs are kept or refused: each is 503 and ends nothing, or it is 302 and a copy of the cookie is worth nothing.
e2e('DS-11 a sign-out that has no room is 503 and promises nothing, and the others count', async (h) => {
  const site = await h.site({ http: 'oauth_zone 32k; oauth_session cookie;', server: 'oauth_session_lifetime 1h;' });
  h.allowLog(/store_unavailable/);
  const end = async () => {
    const browser = new Browser();
    const callback = await beginSignIn(site, { browser });
    assert.equal((await browser.navigate(callback, { follow: false })).status, 302);
    const copy = new Browser({ jar: browser.jar.clone() });
    const out = await browser.navigate(site.origin + '/auth/oauth/logout', { headers: JSON_PLEASE, follow: false });
    const after = (await copy.fetch(site.origin + '/')).status;
    assert.deepEqual(out.status === 302 ? [302, after] : [out.status, after], out.status === 302 ? [302, 401] : [503, 200]);
    return { status: out.status, copy };
  };
  const ended = [];
  for (let rounds = 0; rounds < 60 && !ended.some(({ status }) => status === 503); rounds++) {
    ended.push(...await Promise.all(Array.from({ length: 10 }, end)));
  }
  assert.ok(ended.some(({ status }) => status === 503), 'the share was filled: ' + ended.length);
  assert.ok(ended.filter(({ status }) => status === 302).length >= 100, 'a zone of the smallest size carries a site');
  for (const { status, copy } of ended.slice(0, 20)) {
    assert.equal((await copy.fetch(site.origin + '/')).status, status === 302 ? 401 : 200, 'nothing was forgotten for it');
  }
  assert.match(site.nginx.linesSince(0, /store_unavailable/)[0], /oauth_zone/);
});

e2e('a zone that holds few sign-outs is told by nginx -t, with how many', () => {
  const said = (zone) => /"oauth_zone": found \d+ bytes, which hold about (\d+) sign-outs at once.*usual is 8m/.exec(configTest(`oauth_zone ${zone}; oauth_provider test oidc { issuer https://id.example.org; client_id c; client_secret s; } server { oauth on; oauth_allow any; }`).stderr)?.[1];
  assert.ok(said('32k') > 250 && said('32k') < 350, said('32k'));
  assert.ok(said('512k') > 5400 && said('512k') < 6000, said('512k'));
  assert.equal(said('1m'), undefined);
});

e2e('a zone too small to hold anything is found by nginx -t', () => {
  const { code, stderr } = configTest('oauth_zone 16k; oauth_provider test oidc { issuer https://id.example.org; client_id c; client_secret s; } server { oauth on; oauth_allow any; }');
  assert.notEqual(code, 0);
  assert.match(stderr, /"oauth_zone": found 16384 bytes, accepted: 32768 or more/);
});
