// SPDX-License-Identifier: MIT
// The base URL (contract 4.7): which hosts are ours, with which ports, over which protocol, and that nothing else decides: XF-01 to XF-08, UB-06, OR-16. "Ours" is seen in
// the redirect_uri that the provider is told, and a host that is not ours gets 400 and finds itself nowhere in the answer.
import assert from 'node:assert/strict';
import http2 from 'node:http2';
import net from 'node:net';
import { Browser, raw, signIn } from './lib/browser.mjs';
import { makeCertificates } from './lib/certificates.mjs';
import { assertSignedIn, beginSignIn, e2e, providerBlock } from './lib/harness.mjs';
import { configTest } from './lib/nginx.mjs';
import { freePort } from './lib/ports.mjs';

const NAMES = 'server_name app.example.org *.wild.example.org .dot.example.org mail.* "~^re\\d+\\.example\\.net$" "~^(?<who>[a-z]+)\\.people\\.test$";';

const ask = (site, host, { extra = '', target = '/', version = '1.1', port = site.port } = {}) => raw(port,
  Buffer.from(`GET ${target} HTTP/${version}\r\n${host === undefined ? '' : `Host: ${host}\r\n`}Accept: text/html\r\nConnection: close\r\n${extra}\r\n`, 'latin1'));

function redirectUri(answer) {
  const location = /^Location: (.*)\r$/im.exec(answer)?.[1];
  assert.ok(location, 'a redirect: ' + answer.slice(0, 300));
  return new URL(location).searchParams.get('redirect_uri');
}

async function assertBase(site, host, base, options) {
  const answer = await ask(site, host, options);
  assert.match(answer, /^HTTP\/1\.1 302 /, `${host}: ${answer.slice(0, 200)}`);
  assert.equal(redirectUri(answer), base + '/auth/oauth/test/callback', host);
  return answer;
}

// A host that is none by its characters or its port does not come to the module since nginx 1.29.3: the page is nginx's own.
const isRefusedByNginx = (answer) => answer.startsWith('HTTP/1.1 400 ') && /<hr><center>nginx/.test(answer);

async function assertRefused(site, host, options = {}) {
  const before = site.upstream.requests.length;
  const answer = await ask(site, host, options);
  assert.match(answer, /^HTTP\/1\.1 (400|414|494) /, `${host?.slice(0, 60)}: ${answer.slice(0, 200)}`);
  assert.doesNotMatch(answer, /^(location|set-cookie):/im, host);
  assert.ok(!/evil|script>|"></i.test(answer), 'nothing is reflected: ' + answer.slice(0, 600));
  assert.equal(site.upstream.requests.length, before);
  return answer;
}

e2e('XF-06 UB-06 the names of the server, exact, wildcard and regular, are the base; no other host is', async (h) => {
  const site = await h.site({ server: NAMES });
  const good = ['app.example.org', 'a.wild.example.org', 'a.b.wild.example.org', 'dot.example.org', 'x.dot.example.org', 'mail.example.com', 'mail.test', 're1.example.net', 're99.example.net', 'anna.people.test', '127.0.0.1', 'localhost'];
  for (const name of good) {
    await assertBase(site, `${name}:${site.port}`, `http://${name}:${site.port}`);
    await assertBase(site, name, 'http://' + name);
    if (!/^[\d.]+$/.test(name)) {
      await assertBase(site, `${name.toUpperCase()}:${site.port}`, `http://${name}:${site.port}`);
    }
  }
  for (const name of ['evil.test', 'app.example.org.evil.test', 'evilapp.example.org', 'xapp.example.org', 'wild.example.org', 'evilwild.example.org', 'evildot.example.org', 'mail', 'evilmail.test', 're1.example.net.evil.test', 'evilre1.example.net',
    're.example.net', '1.people.test', 'a.b.people.test', '127.0.0.2', '127.0.0.1.evil.test', '127.1', '2130706433', '0x7f.0.0.1', 'localhost.evil.test', '_', '*.wild.example.org', '.dot.example.org', 'mail.*', '[::1]']) {
    await assertRefused(site, name);
    await assertRefused(site, `${name}:${site.port}`);
  }
  // A name with a dot at the end is the name.
  for (const name of ['app.example.org', 'App.Example.ORG', 'a.wild.example.org', 're1.example.net', 'localhost']) {
    await assertBase(site, `${name}.`, 'http://' + name.toLowerCase());
    await assertBase(site, `${name}.:${site.port}`, `http://${name.toLowerCase()}:${site.port}`);
    await assertRefused(site, `${name}..`);
    await assertRefused(site, `${name}.:${site.port}.`);
  }
  await assertRefused(site, 'evil.test.');
});

e2e('XF-06 hosts that are none get 400 and are not shown', async (h) => {
  const site = await h.site({ server: NAMES });
  for (const host of ['', ' ', 'a@evil', 'app.example.org@evil.test', 'evil.test@app.example.org', 'a"><script>evil</script>', 'app.example.org/evil', 'app.example.org\\evil', 'app.example.org#evil', 'app.example.org?evil', 'app.example.org evil',
    'app.example.org,evil', 'app.example.org%00evil', 'app.example.org\x01', 'app.example.org\x7f', 'app.example.org\xff', 'app\xc2\xadexample.org', 'app.example.org:evil', '[fe80::1%25eth0]', '[::1%25lo]', '[::1', '::1', ']', '[]', '..', '.',
    'app..example.org', 'e'.repeat(300) + '.wild.example.org', '-', 'http://app.example.org']) {
    await assertRefused(site, host);
  }
  for (const port of ['99999', '65536', '0', '-1', '+80', '8o80', '80:80', '1e3', '000000000000000000000080', '18446744073709551617', '80evil', ' 80']) {
    await assertRefused(site, 'app.example.org:' + port);
  }
  await assertBase(site, 'app.example.org:', 'http://app.example.org');
  await assertBase(site, 'app.example.org:80', 'http://app.example.org');
  await assertBase(site, 'app.example.org:443', 'http://app.example.org:443');
  await assertRefused(site, 'app.example.org', { extra: 'Host: evil.test\r\n' });
  await assertRefused(site, 'evil.test', { extra: 'Host: app.example.org\r\n' });
  await assertRefused(site, 'e'.repeat(1000000)).catch((error) => assert.match(error.message, /EPIPE|ECONNRESET/)); // nginx may close before it has read all
});

e2e('XF-06 HTTP/1.0 without a host, absolute addresses, and what else may name a host', async (h) => {
  const site = await h.site({ server: NAMES });
  await assertRefused(site, undefined, { version: '1.0' });
  await assertRefused(site, undefined);
  await assertBase(site, 'app.example.org', 'http://app.example.org', { version: '1.0' });
  await assertBase(site, 'app.example.org', 'http://app.example.org', { target: 'http://app.example.org/x' });
  await assertRefused(site, 'app.example.org', { target: 'http://evil.test/x' });
  await assertRefused(site, 'evil.test', { target: 'http://evil.test/x' });
  await assertRefused(site, undefined, { target: 'http://evil.test/', version: '1.0' });
  // Where the two differ, the request line's is the host, as it is for nginx, and with it the port.
  for (const host of ['evil.test', 'app.example.org:81', 'mail.test', undefined]) {
    const version = host === undefined ? '1.0' : '1.1';
    assert.ok(!withoutRandom(await assertBase(site, host, 'http://app.example.org', { target: 'http://app.example.org/x', version })).includes('evil'));
    await assertBase(site, host, 'http://app.example.org:82', { target: 'http://app.example.org:82', version });
    await assertBase(site, host, 'http://app.example.org:' + site.port, { target: `HTTP://App.example.org:${site.port}?x=:83`, version });
  }
  await assertRefused(site, 'app.example.org', { target: 'http://app.example.org:99999/x' });
  await assertRefused(site, 'app.example.org:81', { target: 'http://evil.test:81/x' });
  await assertBase(site, 'app.example.org', 'http://app.example.org', { target: '//evil.test/x' });
});

// A second server of the same nginx, and a host of both.
async function withSecondServer(h, { listen = '', http = '' } = {}) {
  const other = await freePort();
  const second = (s) => `server { listen 127.0.0.1:${other} ${listen}; server_name app.example.org; oauth on; oauth_allow any; location / { proxy_pass ${s.upstream.url}; } }`;
  return { other, site: await h.site({ listen, server: NAMES, http: (s) => http + second(s) }) };
}

e2e('a port that is not the connection\'s is taken, unless this nginx listens on it', async (h) => {
  const { other, site } = await withSecondServer(h);
  const mapped = await freePort(); // nobody listens there: a container's
  for (const name of ['app.example.org', 'a.wild.example.org', '127.0.0.1', 'localhost']) {
    for (let repeated = 0; repeated < 2; repeated++) { // what is remembered of one port is not taken for the other
      await assertBase(site, `${name}:${mapped}`, `http://${name}:${mapped}`);
      await assertBase(site, `${name}:${site.port}`, `http://${name}:${site.port}`);
      await assertRefused(site, `${name}:${other}`);
      if (name === 'app.example.org' || name === '127.0.0.1') {
        await assertBase(site, `${name}:${other}`, `http://${name}:${other}`, { port: other });
        await assertRefused(site, `${name}:${site.port}`, { port: other });
        await assertBase(site, `${name}:${mapped}`, `http://${name}:${mapped}`, { port: other });
      }
    }
  }
  await assertRefused(site, `app.example.org.:${other}`);
  await assertRefused(site, `app.example.org:0${other}`);
  await assertRefused(site, `app.example.org:${site.port}`, { target: `http://app.example.org:${other}/` });
  assert.ok(site.nginx.log().includes('the port of another server of this nginx'));
});

e2e('of two servers on one name neither takes the other\'s session, nor signs in its name, whatever port the host says', async (h) => {
  const { other, site } = await withSecondServer(h);
  const origin = (port) => 'http://app.example.org:' + port;
  const sessions = {};
  for (const port of [site.port, other]) {
    const browser = new Browser({ resolve: (url) => (url.hostname === 'app.example.org' ? port : undefined) });
    assert.equal((await signIn(browser, origin(port) + '/')).status, 200);
    sessions[port] = browser.jar.header(new URL(origin(port)));
  }
  const upstream = () => site.upstream.requests.length;
  for (const [own, foreign] of [[site.port, other], [other, site.port]]) {
    const with_ = (cookie, host, target = '/') => ask(site, host, { port: own, target, extra: `Cookie: ${cookie}\r\n` });
    const before = upstream();
    assert.match(await with_(sessions[own], `app.example.org:${own}`), /^HTTP\/1\.1 200 /);
    assert.equal(upstream(), before + 1);
    for (const cookie of [sessions[own], sessions[foreign], `${sessions[foreign]}; ${sessions[own]}`]) {
      assert.match(await with_(cookie, `app.example.org:${foreign}`), /^HTTP\/1\.1 400 /, 'the other\'s port');
      assert.match(await with_(cookie, `app.example.org:${own}`, `http://app.example.org:${foreign}/`), /^HTTP\/1\.1 400 /, 'in absolute form');
    }
    assert.match(await with_(sessions[foreign], `app.example.org:${own}`), /^HTTP\/1\.1 302 /, 'its session is none here');
    assert.equal(upstream(), before + 1);
  }
});

e2e('a server on a Unix socket and on several addresses', async (h) => {
  const folder = h.folder();
  const port = await freePort();
  const site = await h.site({ server: `listen unix:${folder}/s; listen 127.0.0.2:${port}; listen *:${port}; ${NAMES}` });
  const at = (to, host) => new Promise((resolve, reject) => {
    const socket = net.connect(to, () => socket.write(`GET / HTTP/1.1\r\nHost: ${host}\r\nAccept: text/html\r\nConnection: close\r\n\r\n`));
    let text = '';
    socket.on('data', (part) => { text += part; });
    socket.once('error', reject).once('close', () => resolve(text));
  });
  const unix = { path: folder + '/s' };
  const mapped = await freePort();
  for (let repeated = 0; repeated < 2; repeated++) {
    for (const host of ['app.example.org', `app.example.org:${mapped}`]) { // the port of whoever passes it on
      assert.equal(redirectUri(await at(unix, host)), `http://${host}/auth/oauth/test/callback`);
    }
    for (const host of [`app.example.org:${port}`, `app.example.org:${site.port}`, '127.0.0.1', 'localhost', `${folder}/s`]) {
      assert.match(await at(unix, host), /^HTTP\/1\.1 400 /, host);
    }
    for (const address of ['127.0.0.1', '127.0.0.2']) {
      assert.equal(redirectUri(await at({ port, host: address }, `app.example.org:${port}`)), `http://app.example.org:${port}/auth/oauth/test/callback`);
      assert.equal(redirectUri(await at({ port, host: address }, `${address}:${port}`)), `http://${address}:${port}/auth/oauth/test/callback`);
      assert.match(await at({ port, host: address }, `app.example.org:${site.port}`), /^HTTP\/1\.1 400 /);
    }
  }
});

e2e('a server on two ports has a base URL for each', async (h) => {
  const port = await freePort();
  const site = await h.site({ server: `listen 127.0.0.1:${port}; ${NAMES}` });
  for (let repeated = 0; repeated < 2; repeated++) {
    for (const name of ['app.example.org', '127.0.0.1']) {
      for (const [own, other] of [[site.port, port], [port, site.port]]) {
        await assertBase(site, `${name}:${own}`, `http://${name}:${own}`, { port: own });
        await assertRefused(site, `${name}:${own}`, { port: other });
      }
    }
  }
});

e2e('an address is ours only on the connection that it is the address of', async (h) => {
  const port = await freePort();
  const site = await h.site({ server: `listen ${port}; ${NAMES}` });
  const askAt = (address, host) => raw(port, `GET / HTTP/1.1\r\nHost: ${host}\r\nAccept: text/html\r\nConnection: close\r\n\r\n`, { host: address });
  for (let repeated = 0; repeated < 2; repeated++) {
    for (const address of ['127.0.0.1', '127.0.0.2']) {
      for (const name of ['127.0.0.1', '127.0.0.2', 'localhost', 'app.example.org']) {
        const answer = await askAt(address, `${name}:${port}`);
        if (name.startsWith('127.') && name !== address) {
          assert.match(answer, /^HTTP\/1\.1 400 /, `${name} at ${address}`);
        } else {
          assert.equal(redirectUri(answer), `http://${name}:${port}/auth/oauth/test/callback`, `${name} at ${address}`);
        }
      }
    }
  }
});

e2e('any number of names and ports has right answers', async (h) => {
  const site = await h.site({ server: NAMES });
  for (let i = 0; i < 100; i++) {
    await assertBase(site, `n${i}.wild.example.org`, `http://n${i}.wild.example.org`);
    await assertBase(site, `app.example.org:${1 + i}`, i === 79 ? 'http://app.example.org' : `http://app.example.org:${1 + i}`);
  }
  for (const name of ['app.example.org', 'n1.wild.example.org', 'n99.wild.example.org', '127.0.0.1']) {
    await assertBase(site, name, 'http://' + name);
    await assertBase(site, name, 'http://' + name);
  }
  await assertRefused(site, 'n1.wild.example.com');
});

e2e('XF-06 an IPv6 address in brackets', async (h) => {
  const available = await new Promise((resolve) => {
    const server = net.createServer().once('error', () => resolve(false)).listen(0, '::1', () => server.close(() => resolve(true)));
  });
  if (!available) {
    console.log('skipped: this machine has no ::1');
    return;
  }
  const port = await freePort();
  const site = await h.site({ server: `listen [::1]:${port};` });
  const ask6 = (host) => raw(port, `GET / HTTP/1.1\r\nHost: ${host}\r\nAccept: text/html\r\nConnection: close\r\n\r\n`, { host: '::1' });
  for (const [host, base] of [[`[::1]:${port}`, `http://[::1]:${port}`], ['[::1]', 'http://[::1]'], [`localhost:${port}`, `http://localhost:${port}`]]) {
    assert.equal(redirectUri(await ask6(host)), base + '/auth/oauth/test/callback');
  }
  for (const host of ['[::2]', '[::1%25lo]', '[fe80::1%25eth0]:80', '127.0.0.1', '[::1].evil.test', '[::1]evil.test', '[::ffff:127.0.0.1]', `[::1]:99999`]) {
    const answer = await ask6(host);
    assert.match(answer, /^HTTP\/1\.1 400 /, host + answer.slice(0, 200));
    assert.doesNotMatch(answer, /^location:|evil/im);
  }
});

// Random text may read like anything.
const withoutRandom = (answer) => answer.replace(/^(Set-Cookie: [^=]*=)[^;\r]*/gim, '$1').replace(/([?&](?:state|nonce|code_challenge)=)[^&\r]*/g, '$1');

const FORWARDED = ['X-Forwarded-Host: evil.test', 'X-Forwarded-Proto: https', 'X-Forwarded-Scheme: https', 'X-Forwarded-Port: 444', 'X-Forwarded-Server: evil.test', 'X-Forwarded-For: evil.test', 'X-Forwarded-Prefix: /evil',
  'X-Forwarded-Uri: /evil', 'X-Forwarded-Ssl: on', 'X-Host: evil.test', 'X-Original-Host: evil.test', 'X-Original-URL: https://evil.test/evil', 'X-Rewrite-URL: /evil', 'X-Url-Scheme: https', 'Front-End-Https: on',
  'Forwarded: for=127.0.0.1;host=evil.test;proto=https', 'Forwarded: for=x;host="a\\"b', 'Forwarded: host="evil.test', 'Forwarded: ;;;=,,host=evil.test', `Forwarded: ${'for=x,'.repeat(500)}`, 'Via: 1.1 evil.test', 'CF-Visitor: {"scheme":"https"}'];

e2e('AR-18 XF-01 XF-02 XF-03 XF-04 forwarded headers are read from nobody', async (h) => {
  const site = await h.site({ locations: (s) => `location /open/ { oauth off; proxy_pass ${s.upstream.url}; }` });
  const host = '127.0.0.1:' + site.port;
  for (const header of [...FORWARDED, FORWARDED.join('\r\n')]) {
    const answer = await assertBase(site, host, 'http://' + host, { extra: header + '\r\n', target: '/deep?x=1' });
    assert.ok(!/evil|https:\/\/127/i.test(withoutRandom(answer).replace(/^Location: http:\/\/127\.0\.0\.1:\d+\/authorize/m, '')), header);
    assert.doesNotMatch(answer, /; *Secure/i, header);
    assert.match(answer, /^Set-Cookie: oauth_login_/m);
    await assertRefused(site, 'evil.test', { extra: header + '\r\n' });
    const page = await raw(site.port, `GET /auth/oauth/login?return_to=/ HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n${header}\r\n\r\n`);
    assert.ok(redirectUri(page).startsWith(`http://${host}/`), header);
  }
});

e2e('that a proxy in front says https where the base URL is http is told once, without the request', async (h) => {
  const told = (site) => site.nginx.linesSince(0, /a proxy in front/);
  const says = ['X-Forwarded-Proto: https', 'x-forwarded-proto:  HTTPS , http', 'Forwarded: for=192.0.2.1; Proto=https;host=x, for=x', 'Forwarded: proto="https"'];
  const saysNot = ['X-Forwarded-Proto: http', 'X-Forwarded-Proto: http, https', 'X-Forwarded-Proto: httpsx', 'X-Forwarded-Proto:', 'Forwarded: for=x, proto=https', 'Forwarded: for="proto=https"', 'Forwarded: host=proto=https', 'Forwarded: ;;', 'X-Forwarded-Port: 443', 'X-Something-Else-: https'];
  for (const header of says) {
    const site = await h.site({ server: NAMES });
    for (const other of saysNot) {
      await assertBase(site, 'app.example.org', 'http://app.example.org', { extra: other + '\r\n' });
    }
    await assertRefused(site, 'evil.test', { extra: header + '\r\n' });
    assert.deepEqual(told(site), [], header);
    for (const target of ['/auth/oauth/test/callback?code=verysecret&state=x', '/', '/deep']) {
      await ask(site, 'app.example.org', { target, extra: header + '\r\n' });
    }
    assert.equal(told(site).length, 1, header);
    assert.match(told(site)[0], / \[warn\] .*http:\/\/app\.example\.org.*oauth_base_url/);
    assert.doesNotMatch(told(site)[0], /client: |request: /);
    assert.doesNotMatch(site.nginx.log(), /verysecret/);
    await site.nginx.stop();
  }
  const site = await h.site({ server: 'oauth_base_url http://app.example.org;' });
  await ask(site, 'x', { extra: says[0] + '\r\n' });
  await ask(site, 'x', { extra: says[0] + '\r\n' });
  assert.equal(told(site).length, 1);
  const right = await h.site({ server: 'oauth_base_url https://app.example.org;' });
  await ask(right, 'x', { extra: says[0] + '\r\n' });
  assert.deepEqual(told(right), []);
});

e2e('XF-05 oauth_base_url decides for every host, and makes the cookies Secure', async (h) => {
  const site = await h.site({ server: 'oauth_base_url https://app.example.org; server_name app.example.org;' });
  for (const host of ['app.example.org', 'evil.test', '127.0.0.1:' + site.port, 'a@evil', 'app.example.org:99999']) {
    const options = { extra: FORWARDED.slice(0, 5).join('\r\n') + '\r\n' };
    if (isRefusedByNginx(await ask(site, host, options))) {
      continue;
    }
    const answer = await assertBase(site, host, 'https://app.example.org', options);
    assert.match(answer, /^Set-Cookie: __Host-oauth_login_[^\r]*; *Secure/im);
    assert.ok(!withoutRandom(answer).includes('evil'));
  }
  await assertBase(site, undefined, 'https://app.example.org', { version: '1.0' });
  const json = await raw(site.port, 'GET /x HTTP/1.1\r\nHost: evil.test\r\nAccept: application/json\r\nConnection: close\r\n\r\n');
  assert.match(json, /"login_url":"https:\/\/app\.example\.org\/auth\/oauth\/login/);
  assert.ok(!json.includes('evil'));
});

e2e('the base URL of the environment: OAUTH_BASE_URL, else CHAINLIT_URL; a directive wins', async (h) => {
  const [first, second] = ['https://first.example.org', 'https://second.example.org:8443'];
  for (const [env, server, base] of [[{ OAUTH_BASE_URL: first }, '', first], [{ CHAINLIT_URL: second }, '', second], [{ CHAINLIT_URL: second + '/' }, '', second], [{ OAUTH_BASE_URL: first, CHAINLIT_URL: second }, '', first],
    [{ OAUTH_BASE_URL: '', CHAINLIT_URL: second }, '', second], [{ OAUTH_BASE_URL: first }, `oauth_base_url ${second};`, second], [{ OAUTH_BASE_URL: 'HTTPS://First.Example.ORG:443' }, '', first]]) {
    const site = await h.site({ env, server });
    await assertBase(site, 'evil.test', base);
    await site.nginx.stop();
  }
  const site = await h.site({ http: `oauth_base_url ${first};`, server: '' });
  await assertBase(site, 'evil.test', first);
  for (const value of ['nonsense', 'ftp://x', 'https://', 'https://x/path', 'https://x?y', 'https://a@x', 'https://x:99999']) {
    for (const name of ['OAUTH_BASE_URL', 'CHAINLIT_URL']) {
      const { code, stderr } = configTest(`${providerBlock(site.provider)} server { listen 127.0.0.1:1; oauth on; oauth_allow any; }`, { env: { [name]: value } });
      assert.notEqual(code, 0, name + ' ' + value);
      assert.match(stderr, new RegExp(name));
    }
  }
});

e2e('a session belongs to the base URL that it was made under', async (h) => {
  const site = await h.site({ server: NAMES });
  await assertSignedIn(site);
  const cookie = site.browser.jar.header(new URL(site.origin));
  const status = async (host) => Number(/^HTTP\/1\.1 (\d+)/.exec(await raw(site.port, `GET / HTTP/1.1\r\nHost: ${host}\r\nCookie: ${cookie}\r\nAccept: application/json\r\nConnection: close\r\n\r\n`))[1]);
  assert.equal(await status('127.0.0.1:' + site.port), 200);
  for (const host of ['localhost:' + site.port, 'app.example.org', `127.0.0.1`, '127.0.0.1:81', 'a.wild.example.org']) {
    assert.equal(await status(host), 401, host);
  }
  assert.equal(await status('evil.test'), 400);
});

e2e('each server has its own names: the one that a host falls to decides', async (h) => {
  const site = await h.site({ server: 'server_name one.example.org;', http: (s) => `server { listen 127.0.0.1:${s.port}; server_name two.example.org; oauth on; oauth_allow any; location / { proxy_pass ${s.upstream.url}; } }
    server { listen 127.0.0.1:${s.port}; server_name plain.example.org; location / { proxy_pass ${s.upstream.url}; } }` });
  await assertBase(site, 'one.example.org', 'http://one.example.org');
  await assertBase(site, 'two.example.org', 'http://two.example.org');
  await assertRefused(site, 'three.example.org');
  assert.match(await ask(site, 'plain.example.org'), /^HTTP\/1\.1 200 /);
});

e2e('the callback comes back to the host where the sign-in began, and a whole sign-in works under a name', async (h) => {
  const site = await h.site({ server: NAMES });
  const browser = new Browser({ resolve: (url) => (url.hostname === 'app.example.org' ? site.port : undefined) });
  const origin = 'http://app.example.org:' + site.port;
  const callback = await beginSignIn({ ...site, origin }, { browser, target: origin + '/deep?x=1' });
  assert.ok(callback.startsWith(origin + '/auth/oauth/test/callback?'));
  const response = await browser.navigate(callback);
  assert.deepEqual([response.status, response.url], [200, origin + '/deep?x=1']);
  assert.equal((await signIn(browser, origin + '/again')).status, 200);
});

e2e('XF-06 UB-19 over TLS the scheme is https, and :authority is the host of HTTP/2', async (h) => {
  const { certFile, keyFile, ca } = makeCertificates(h.folder());
  const { other, site } = await withSecondServer(h, { listen: 'ssl http2', http: `ssl_certificate ${certFile}; ssl_certificate_key ${keyFile};` });
  const mapped = await freePort();
  const ask2 = (headers, port = site.port) => new Promise((resolve, reject) => {
    const client = http2.connect('https://127.0.0.1:' + port, { ca });
    client.once('error', reject);
    const stream = client.request({ ':path': '/', accept: 'text/html', ...headers });
    stream.on('response', (fields) => { client.destroy(); resolve(fields); });
    stream.on('error', () => resolve({ ':status': 0 }));
  });
  for (const [authority, base, port] of [['app.example.org', 'https://app.example.org'], ['app.example.org:443', 'https://app.example.org'], [`App.Example.ORG:${site.port}`, `https://app.example.org:${site.port}`], ['app.example.org:80', 'https://app.example.org:80'],
    [`app.example.org.:${site.port}`, `https://app.example.org:${site.port}`], [`app.example.org:${mapped}`, `https://app.example.org:${mapped}`], [`app.example.org:${other}`, `https://app.example.org:${other}`, other], ['127.0.0.1:' + site.port, 'https://127.0.0.1:' + site.port]]) {
    for (const name of [':authority', 'host']) { // a Host header alone will do
      const fields = await ask2({ [name]: authority, 'x-forwarded-host': 'evil.test' }, port);
      assert.equal(fields[':status'], 302, `${name} ${authority}`);
      assert.equal(new URL(fields.location).searchParams.get('redirect_uri'), base + '/auth/oauth/test/callback');
      assert.match(fields['set-cookie'].join(), /^__Host-oauth_login_.*; *Secure/i);
    }
  }
  for (const authority of ['evil.test', 'app.example.org:99999', 'evil@app.example.org', `app.example.org:${other}`]) {
    const fields = await ask2({ ':authority': authority, 'x-forwarded-host': 'app.example.org' });
    assert.ok([0, 400].includes(fields[':status']), `${authority} ${fields[':status']}`);
  }
  const two = await ask2({ ':authority': 'app.example.org', host: 'evil.test' });
  assert.ok([0, 400].includes(two[':status']), two[':status']);
});

e2e('XF-07 XF-08 neither the User-Agent nor a forwarded address opens anything', async (h) => {
  const site = await h.site({ locations: (s) => `location /inside/ { satisfy any; allow 10.0.0.0/8; deny all; proxy_pass ${s.upstream.url}; }
    location /real/ { satisfy any; set_real_ip_from 127.0.0.2; real_ip_header X-Forwarded-For; allow 10.0.0.0/8; deny all; proxy_pass ${s.upstream.url}; }` });
  const stranger = new Browser();
  for (const path of ['/', '/inside/', '/real/']) {
    for (const headers of [{ 'X-Forwarded-For': '10.0.0.1' }, { 'X-Real-IP': '10.0.0.1' }, { Forwarded: 'for=10.0.0.1' }, { 'X-Forwarded-For': '127.0.0.1' }, { 'User-Agent': 'kube-probe/1.30' }, { 'User-Agent': 'ELB-HealthChecker/2.0' },
      { 'User-Agent': 'GoogleHC/1.0' }, { 'User-Agent': '' }]) {
      assert.equal((await stranger.fetch(site.origin + path, { headers })).status, 401, path + JSON.stringify(headers));
    }
  }
  assert.equal(site.upstream.requests.length, 0);
});
