// SPDX-License-Identifier: MIT
// One sign-in for a family of hosts (contract 3): with one base URL and the cookies of one domain the visitor comes back to the host of this nginx where the sign-in began,
// by every way there is, and never to a host that is not of the family (OR-09, OR-10, OR-13, OR-16, XF-06, SC-08).
import assert from 'node:assert/strict';
import { attributeOf, Browser, raw, signIn } from './lib/browser.mjs';
import { makeCertificates } from './lib/certificates.mjs';
import { documented } from './lib/documents.mjs';
import { e2e, loginCookies, providerBlock } from './lib/harness.mjs';
import { configTest } from './lib/nginx.mjs';
import { Upstream } from './lib/upstream.mjs';

const NAMES = { login: 'login.example.org', wiki: 'wiki.example.org', wild: '*.apps.example.org', regular: '"~^[a-z]+\\.people\\.example\\.org$"', domain: '.example.org' };
const HOSTS = ['wiki.example.org', 'a.apps.example.org', 'a.b.apps.example.org', 'anna.people.example.org', 'login.example.org'];

// Servers of one nginx with one base URL and one domain of cookies. `more` are further servers, `second` offers another provider.
async function family(h, { tls = true, http = '', server = '', names = ['login', 'wiki', 'wild', 'regular'], more = () => '', second = false, base, provider = {} } = {}) {
  const made = tls ? makeCertificates(h.folder(), { names: 'DNS:*.example.org,DNS:example.org,DNS:*.apps.example.org,DNS:*.people.example.org,DNS:*.b.apps.example.org,DNS:*.elsewhere.test' }) : undefined;
  const other = second ? await h.provider() : undefined;
  const scheme = tls ? 'https' : 'http';
  const configure = (site) => {
    site.base = base ?? `${scheme}://login.example.org:${site.port}`;
    const block = (name) => `server { listen 127.0.0.1:${site.port} ${tls ? 'ssl' : ''}; server_name ${NAMES[name]}; ${server}
      location / { proxy_set_header X-Server ${name}; proxy_pass ${site.upstream.url}; } location /open/ { oauth off; proxy_pass ${site.upstream.url}; } }`;
    return `${providerBlock(site.provider)} ${other ? providerBlock(other, '', 'second') : ''}
      ${tls ? `ssl_certificate ${made.certFile}; ssl_certificate_key ${made.keyFile};` : ''}
      oauth_base_url ${site.base}; oauth_cookie domain=example.org; oauth on; oauth_allow any; ${http}
      ${names.map(block).join('\n')}
      ${more(site)}`;
  };
  const site = await h.site({ provider, configure });
  site.url = (host, path = '/') => `${scheme}://${host}:${site.port}${path}`;
  site.browse = (jar) => new Browser({ ca: made?.ca, jar, resolve: (url) => (url.hostname === '127.0.0.1' ? undefined : site.port) });
  site.sub = async (browser, host) => {
    const answer = await browser.fetch(site.url(host, '/auth/oauth/userinfo'));
    return answer.status === 200 ? answer.json().sub : answer.status;
  };
  return site;
}

const links = (html) => [...html.matchAll(/<a\b([^>]*)>/gi)].map(([, attributes]) => attributeOf(attributes, 'href'));

e2e('a page at any host of the family leads through the one callback back to that page, and all hosts know the visitor', async (h) => {
  const site = await family(h);
  for (const host of HOSTS) {
    const browser = site.browse();
    const page = site.url(host, '/page?x=1&y=%2F%2Fevil.test');
    const answer = await signIn(browser, page);
    assert.deepEqual([answer.status, answer.url], [200, page]);
    const callback = answer.history.find(({ url }) => url.includes('/callback?'));
    assert.ok(callback.url.startsWith(site.base + '/auth/oauth/test/callback?'), callback.url);
    assert.equal(answer.history.length, 3, 'page, provider, callback');
    const claims = JSON.parse(Buffer.from(Upstream.folded(site.upstream.last, 'X-OAuth-Identity')[0].split('.')[1], 'base64url'));
    assert.deepEqual([claims.iss, claims.aud], [site.base, site.base]);
    for (const other of HOSTS) {
      assert.equal((await browser.navigate(site.url(other, '/other'), { follow: false })).status, 200, `${host}, then ${other}`);
    }
    assert.ok(browser.jar.cookies.every(({ domain, secure }) => domain === 'example.org' && secure));
    assert.deepEqual(browser.jar.refused, []);
  }
  assert.deepEqual(site.provider.violations, []);
});

e2e('login?return_to=, another account, the sign-in page and a page of one\'s own stay on the host', async (h) => {
  const site = await family(h, { second: true });
  const wiki = site.url('wiki.example.org', '');
  const browser = site.browse();
  const offer = await browser.navigate(wiki + '/deep?x=1');
  assert.equal(offer.url, wiki + '/auth/oauth/login?return_to=%2Fdeep%3Fx%3D1');
  const ways = links(offer.text);
  assert.ok(ways.length === 2 && ways.every((way) => way.startsWith(wiki + '/auth/oauth/')), ways.join());
  assert.ok(!offer.text.includes('login.example.org'));
  assert.equal((await signIn(browser, ways[1])).url, wiki + '/deep?x=1');
  const again = await browser.navigate(wiki + '/auth/oauth/test?account=other&return_to=/after', { initiator: 'https://evil.test' });
  assert.ok(links(again.text).length === 2 && links(again.text).every((way) => way.startsWith(wiki + '/')), 'asked back, without leaving the host');
  const confirmed = await signIn(browser, links(again.text).find((way) => /confirm=/.test(way)));
  assert.equal(confirmed.url, wiki + '/after');
  const list = (await browser.fetch(wiki + '/auth/oauth/providers')).json();
  assert.ok(list.every(({ url }) => url.startsWith(wiki + '/auth/oauth/')));
  const program = await site.browse().fetch(wiki + '/api', { headers: { Accept: 'application/json' } });
  assert.equal(program.json().login_url, wiki + '/auth/oauth/login');
});

e2e('a sign-out at one host is one at all, and leads to a page of that host', async (h) => {
  const provider = await h.provider();
  provider.discovery.alter = ({ end_session_endpoint: _, ...metadata }) => metadata;
  const site = await family(h, { provider });
  const wiki = site.url('wiki.example.org', '');
  const browser = site.browse();
  await signIn(browser, site.url('a.apps.example.org'));
  const copy = site.browse(browser.jar.clone());
  const out = await browser.navigate(wiki + '/auth/oauth/logout?return_to=/open/bye', { initiator: wiki });
  assert.deepEqual([out.status, out.url], [200, wiki + '/open/bye']);
  assert.deepEqual(browser.jar.cookies.map(({ name, value }) => [name, value]), [['oauth_last', 'test!']], 'nothing but the mark that the provider is to ask');
  for (const host of HOSTS) {
    assert.equal(await site.sub(copy, host), 401, host);
  }
});

e2e('an expired sign-in, a used one and a refused one lead to the host where they began', async (h) => {
  const site = await family(h, { http: 'oauth_login_lifetime 1s;' });
  const page = site.url('wiki.example.org', '/page?x=1');
  const retry = site.url('wiki.example.org', '/auth/oauth/login?return_to=%2Fpage%3Fx%3D1');
  const browser = site.browse();
  const start = await browser.navigate(page, { follow: false });
  const callback = (await browser.navigate(start.headers.location, { follow: false })).headers.location;
  await new Promise((resolve) => { setTimeout(resolve, 2100); });
  const late = await browser.navigate(callback);
  assert.equal(late.status, 400);
  assert.ok(links(late.text).includes(retry), late.text);
  const done = await signIn(browser, retry);
  assert.equal(done.url, page);
  const used = done.history.find(({ url }) => url.includes('/callback?')).url;
  assert.equal((await browser.navigate(used, { follow: false })).headers.location, page);
  site.provider.authorize = { error: 'access_denied' };
  const refused = await site.browse().navigate(page);
  assert.equal(refused.status, 403);
  assert.ok(links(refused.text).includes(retry.replace('login?', 'test?')), refused.text);
  assert.ok(links(refused.text).includes(retry.replace('login?', 'test?account=other&')), refused.text);
});

// What a request says of its host, and the origin that the sign-in leads back to; undefined: it is refused, or nginx itself refuses it.
e2e('OR-09 OR-10 OR-13 OR-16 XF-06 nothing that a request says leads to a host that is none of ours', async (h) => {
  const site = await family(h, { more: (s) => `server { listen 127.0.0.1:${s.port} ssl; server_name plain.example.org; oauth off; location / { proxy_pass ${s.upstream.url}; } }` });
  const base = site.base;
  const wiki = site.url('wiki.example.org', '');
  const port = ':' + site.port;
  const absolute = (host) => `https://${host}/page`;
  const cases = [
    [{ Host: 'wiki.example.org' + port }, wiki], [{ Host: 'WIKI.Example.ORG' + port }, wiki], [{ Host: 'wiki.example.org.' + port }, wiki], [{ Host: 'wiki.example.org' }, 'https://wiki.example.org'],
    [{ Host: 'unknown.example.org' + port }, base], [{ Host: 'evil-example.org' + port }, base], [{ Host: 'wiki.example.org.evil.test' + port }, base], [{ Host: 'evil.test' }, base], [{ Host: 'wiki.example.org@evil.test' }, base],
    [{ Host: 'evil.test@wiki.example.org' }, base], [{ Host: 'wiki.example.org:99999' }, base], [{ Host: 'wiki.example.org..' }, base], [{ Host: 'evil.test#.apps.example.org' }, base], [{ Host: 'evil.test/.apps.example.org' }, base],
    [{ Host: 'evil.test\\.apps.example.org' }, base], [{ Host: 'evil.test%2f.apps.example.org' }, base], [{ Host: '.apps.example.org' }, base], [{ Host: '127.0.0.1' + port }, base],
    [{ Host: 'unknown.example.org', 'X-Forwarded-Host': 'wiki.example.org', Forwarded: 'host=wiki.example.org', 'X-Original-URL': wiki, Origin: wiki, Referer: wiki }, base],
    [{ Host: 'wiki.example.org' + port, 'X-Forwarded-Host': 'a.apps.example.org', Origin: 'https://a.apps.example.org', Referer: 'https://a.apps.example.org/' }, wiki],
    [{ Host: 'unknown.example.org' }, wiki, absolute('wiki.example.org' + port)], [{ Host: 'wiki.example.org' + port }, base, absolute('unknown.example.org' + port)], [{ Host: 'wiki.example.org' + port }, base, absolute('evil-example.org')],
  ];
  for (const [headers, origin, path = '/page'] of cases) {
    const browser = site.browse();
    const what = JSON.stringify([headers, path]);
    const start = await browser.request(site.base + '/page', { headers: { Accept: 'text/html', ...headers }, path });
    if (start.status === 400) {
      assert.ok(!start.text.includes('evil'), what);
      assert.equal(origin, base, what);
      continue;
    }
    assert.equal(start.status, 302, what);
    assert.ok(start.headers.location.startsWith(site.provider.base + '/authorize?'), what);
    assert.equal(new URL(start.headers.location).searchParams.get('redirect_uri'), base + '/auth/oauth/test/callback', what);
    assert.doesNotMatch(start.headers.location, /evil|wiki|apps/, 'the provider is told nothing of it');
    const callback = await browser.request(start.headers.location);
    const done = await browser.request(callback.headers.location, { headers: { Accept: 'text/html' } });
    assert.equal(done.headers.location, origin + '/page', what);
  }
});

e2e('a cookie that was tampered with, renamed or taken from another browser\'s sign-in leads nowhere', async (h) => {
  const site = await family(h);
  const begin = async (host) => {
    const browser = site.browse();
    const start = await browser.navigate(site.url(host, '/page'), { follow: false });
    const callback = (await browser.navigate(start.headers.location, { follow: false })).headers.location;
    const [name] = loginCookies(browser);
    return { browser, callback, cookie: browser.jar.get(name) };
  };
  const one = await begin('wiki.example.org');
  const two = await begin('a.apps.example.org');
  const redeemed = site.provider.count('token');
  const visit = (cookie) => site.browse().request(one.callback, { headers: { Accept: 'text/html', Cookie: cookie } });
  const { name, value } = one.cookie;
  const flipped = [10, 40, value.length - 2].map((at) => value.slice(0, at) + (value[at] === 'A' ? 'B' : 'A') + value.slice(at + 1));
  for (const cookie of ['', ...flipped.map((each) => `${name}=${each}`), `${name}=${two.cookie.value}`, `${two.cookie.name}=${value}`, `oauth=${value}`, `${name}=`, `${name}=${value.slice(0, -5)}`]) {
    const answer = await visit(cookie);
    assert.equal(answer.status, 400, cookie.slice(0, 30));
    assert.equal(answer.headers.location, undefined);
  }
  assert.equal(site.provider.count('token'), redeemed);
  assert.equal((await visit(`${name}=${flipped[1]}; ${name}=${value}`)).headers.location, site.url('wiki.example.org', '/page'), 'beside a foreign one its own still opens');
});

e2e('SC-08 SC-15 what a sibling host plants is no session, an older one of somebody else ends with the sign-in, and nothing loops', async (h) => {
  const site = await family(h);
  const wiki = site.url('wiki.example.org', '/page');
  site.provider.user = { sub: 'mallory' };
  const mallory = site.browse();
  await signIn(mallory, wiki);
  const { value } = mallory.jar.get('oauth');
  await new Promise((resolve) => { setTimeout(resolve, 1100); });
  site.provider.user = { sub: 'alice' };
  for (const planted of ['oauth=foreign; Domain=example.org; Path=/', 'oauth=foreign; Domain=wiki.example.org; Path=/page', `oauth=${'A'.repeat(2000)}; Domain=example.org; Path=/`, `oauth=${value}; Domain=wiki.example.org; Path=/`]) {
    const browser = site.browse();
    const isSession = planted.includes(value);
    browser.jar.store(planted, new URL(site.url('wiki.example.org', '/page')));
    const answer = await signIn(browser, isSession ? site.url('a.apps.example.org', '/page') : wiki);
    assert.equal(answer.status, 200, planted.slice(0, 40));
    assert.equal(await site.sub(browser, 'wiki.example.org'), 'test|alice', 'the newest counts: ' + planted.slice(0, 40));
    assert.equal(await site.sub(browser, 'login.example.org'), 'test|alice');
  }
});

e2e('http, several ports, and hosts of which one is the domain itself', async (h) => {
  const site = await family(h, { tls: false, names: ['domain'] });
  for (const host of ['example.org', 'wiki.example.org', 'a.b.example.org', 'login.example.org']) {
    const browser = site.browse();
    const answer = await signIn(browser, site.url(host, '/page'));
    assert.deepEqual([answer.status, answer.url], [200, site.url(host, '/page')]);
    assert.deepEqual(browser.jar.refused, []);
    assert.ok(browser.jar.cookies.every(({ secure }) => !secure));
  }
  const mapped = await raw(site.port, 'GET /page HTTP/1.1\r\nHost: wiki.example.org:81\r\nAccept: text/html\r\nConnection: close\r\n\r\n'); // a container's port
  const cookie = /^Set-Cookie: ([^;]*)/im.exec(mapped)[1];
  const state = new URL(/^Location: (.*)\r$/im.exec(mapped)[1]).searchParams.get('state');
  const done = await raw(site.port, `GET /auth/oauth/test/callback?error=access_denied&state=${state} HTTP/1.1\r\nHost: login.example.org:${site.port}\r\nAccept: text/html\r\nCookie: ${cookie}\r\nConnection: close\r\n\r\n`);
  assert.ok(done.includes('href="http://wiki.example.org:81/auth/oauth/test?return_to=%2Fpage"'), done);
});

e2e('behind a proxy that ends TLS the way back is https, at the host that people see', async (h) => {
  const site = await family(h, { tls: false, base: 'https://login.example.org' });
  const ask = (host, target, cookie = '') => raw(site.port, `GET ${target} HTTP/1.1\r\nHost: ${host}\r\nAccept: text/html\r\nX-Forwarded-Proto: https\r\nCookie: ${cookie}\r\nConnection: close\r\n\r\n`);
  for (const [host, origin] of [['wiki.example.org', 'https://wiki.example.org'], ['a.apps.example.org:8443', 'https://a.apps.example.org:8443'], ['anna.people.example.org:443', 'https://anna.people.example.org'], ['login.example.org', 'https://login.example.org'],
    [`wiki.example.org:${site.port}`, 'https://wiki.example.org'], [`login.example.org:${site.port}`, 'https://login.example.org'], ['login.example.org:8443', 'https://login.example.org']]) { // ports that the proxy has put there
    const start = await ask(host, '/page');
    const location = new URL(/^Location: (.*)\r$/im.exec(start)[1]);
    const [, cookie, attributes] = /^Set-Cookie: ([^;]*)(.*)/im.exec(start);
    assert.match(attributes, /; Domain=example\.org;.*; Secure/);
    const callback = new URL((await new Browser().request(location)).headers.location);
    const done = await ask('login.example.org', callback.pathname + callback.search, cookie);
    assert.match(done, new RegExp(`^Location: ${origin.replaceAll('.', '\\.')}/page\\r$`, 'm'), host);
  }
});

e2e('a host of the server that is not within the domain signs in at the base URL, since browsers take no cookie of the domain there', async (h) => {
  const site = await family(h, { more: (s) => `server { listen 127.0.0.1:${s.port} ssl; server_name wiki.elsewhere.test; location / { proxy_pass ${s.upstream.url}; } }` });
  const browser = site.browse();
  const answer = await signIn(browser, site.url('wiki.elsewhere.test', '/page?x=1'));
  assert.deepEqual([answer.status, answer.url], [200, site.base + '/page?x=1']);
  assert.deepEqual(browser.jar.refused, []);
});

e2e('a server with another base URL or cookie name is of another family: its hosts know nobody', async (h) => {
  const others = ['oauth_base_url https://other.example.org:PORT;', 'oauth_cookie domain=example.org name=own;'];
  const site = await family(h, { more: (s) => others.map((text, i) => `server { listen 127.0.0.1:${s.port} ssl; server_name other${i}.a.example.org; ${text.replace('PORT', s.port)} location / { proxy_pass ${s.upstream.url}; } }`).join('\n') });
  const browser = site.browse();
  await signIn(browser, site.url('wiki.example.org', '/page'));
  const cookie = browser.jar.header(new URL(site.url('wiki.example.org')));
  for (const i of others.keys()) {
    const host = `other${i}.a.example.org:${site.port}`;
    const answer = await browser.request(site.base + '/auth/oauth/userinfo', { headers: { Host: host, Cookie: cookie.replaceAll('oauth', i === 1 ? 'own' : 'oauth') } });
    assert.equal(answer.status, 401, `SC-17 ${others[i]}`);
  }
});

e2e('the family of the documentation is one', async (h) => {
  const made = makeCertificates(h.folder(), { names: 'DNS:*.example.org,DNS:*.apps.example.org' });
  const configure = (site) => `${providerBlock(site.provider)} ssl_certificate ${made.certFile}; ssl_certificate_key ${made.keyFile};` + documented('operations.md', 'One sign-in for several hosts')[0]
    .replaceAll('listen 443 ssl;', `listen 127.0.0.1:${site.port} ssl;`).replace(/http:\/\/127\.0\.0\.1:300\d/g, site.upstream.url);
  const site = await h.site({ configure });
  const browser = new Browser({ ca: made.ca, resolve: (url) => (url.hostname === '127.0.0.1' ? undefined : site.port) });
  site.provider.user.groups = ['guests'];
  assert.equal((await signIn(browser, 'https://wiki.example.org/page?x=1')).url, 'https://wiki.example.org/page?x=1');
  assert.equal((await browser.navigate('https://login.example.org/')).url, 'https://wiki.example.org/');
  assert.equal((await browser.navigate('https://a.apps.example.org/')).status, 403, 'rules of its own');
  assert.doesNotMatch(site.nginx.test().stderr, /\[warn\]/);
});

const CONFIG = (login, wiki, http = '') => `oauth_provider test oidc { issuer https://id.example.org; client_id c; client_secret s; }
  ${http || 'oauth_base_url https://login.example.org; oauth_cookie domain=example.org;'}
  server { listen 127.0.0.1:1; server_name login.example.org; ${login} }
  server { listen 127.0.0.1:1; server_name wiki.example.org; oauth on; oauth_allow any; ${wiki} }`;
const KEYS = ['A', 'B'].map((letter) => Buffer.from(`the key ${letter} of thirty-two bytes or more`).toString('base64'));

e2e('nginx -t warns where the server of the base URL cannot finish the sign-ins of another', () => {
  const on = 'oauth on; oauth_allow any;';
  const warns = [['', '', /"oauth off" everywhere/], [on + 'oauth_base_url https://other.example.org;', '', /another oauth_base_url/], [on + 'oauth_path /sign/in;', '', /another oauth_path/], [on, 'oauth_cookie domain=example.org name=own;', /another domain or name/],
    [on + 'oauth_cookie samesite=lax;', '', /another domain or name/]];
  for (const [login, wiki, why] of warns) {
    const { code, stderr } = configTest(CONFIG(login, wiki));
    assert.equal(code, 0, stderr);
    const [line] = stderr.split('\n').filter((each) => /\[warn\].*the callbacks of server/.test(each));
    assert.match(line ?? stderr, /server "wiki\.example\.org" come to login\.example\.org/);
    assert.match(line, why);
    assert.ok(!KEYS.some((key) => stderr.includes(key)));
  }
  const both = `oauth_session_key ${KEYS[0]}; oauth_session_key ${KEYS[1]};`;
  const silent = [CONFIG(on, ''), CONFIG(on + both, `oauth_session_key ${KEYS[1]}; oauth_session_key ${KEYS[0]};`), CONFIG(on, 'oauth_cookie domain=.Example.ORG;'), CONFIG('', '', 'oauth_base_url https://login.example.org;'),
    CONFIG('', '') + `server { listen 127.0.0.1:2; server_name login.example.org; ${on} }`, CONFIG('', '', 'oauth_base_url https://elsewhere.example.org; oauth_cookie domain=example.org;')];
  for (const text of silent) {
    const { code, stderr } = configTest(text);
    assert.equal(code, 0, stderr);
    assert.doesNotMatch(stderr, /the callbacks of server/, text);
  }
});

const ON = 'oauth on; oauth_allow any;';
const key = (...numbers) => numbers.map((i) => `oauth_session_key ${KEYS[i]};`).join(' ');
const redis = (place) => `oauth_session ${place}; ${key(0)}`;

// [directive, of the server of the base URL, of another one, what the message says of both]
const mixed = [
  ['oauth_session', '', 'oauth_session shared;', '"shared"', '"cookie"'],
  ['oauth_session', 'oauth_session shared;', 'oauth_session cookie;', '"cookie"', '"shared"'],
  ['oauth_session', key(0), redis('redis://r'), '"redis://r:6379/0 prefix=oauth:"', '"cookie"'],
  ['oauth_session', redis('redis://r/1'), redis('redis://r/2'), '"redis://r:6379/2 prefix=oauth:"', '"redis://r:6379/1 prefix=oauth:"'],
  ['oauth_session', redis('redis://r'), redis('redis://r prefix=b:'), '"redis://r:6379/0 prefix=b:"', '"redis://r:6379/0 prefix=oauth:"'],
  ['oauth_session', redis('redis://r:1'), redis('redis+unix:/run/r'), '"redis+unix:/run/r prefix=oauth:"', '"redis://r:1/0 prefix=oauth:"'],
  ['oauth_session_key', key(0), '', 'none', 'one'],
  ['oauth_session_key', '', key(0), 'one', 'none'],
  ['oauth_session_key', key(0), key(1), 'another one', 'another one'],
  ['oauth_session_key', key(0), key(1, 0), 'another one', 'another one'], // what the second seals the first does not open
  ['oauth_session_key', `oauth_session redis://r; ${key(0)}`, `oauth_session redis://r; ${key(1)}`, 'another one', 'another one'],
  ['oauth_refresh', '', 'oauth_refresh 5m;', '"off"', '"300s"', ['login', 'wiki']],
  ['oauth_refresh', 'oauth_refresh off;', 'oauth_refresh 5m;', '"off"', '"300s"', ['login', 'wiki']],
];

e2e('nginx -t refuses a family whose servers do not take one another\'s sessions', () => {
  for (const [directive, login, wiki, found, other, names = ['wiki', 'login']] of mixed) {
    const { code, stderr, lines } = configTest(CONFIG(ON + login, wiki));
    assert.notEqual(code, 0, `${directive}: ${login} | ${wiki}`);
    const message = stderr.split('\n').find((line) => line.includes('[emerg]'));
    const says = `"${directive}": found ${found} at server "${names[0]}.example.org" and ${other} at server "${names[1]}.example.org", which share one sign-in`;
    assert.ok(message.includes(says), `${message}\n${says}`);
    const line = 1 + lines.findIndex((each) => each.includes(`server_name ${names[0]}.`));
    assert.match(message, new RegExp(`accepted: the same for all servers of the family.* in \\S+nginx\\.conf:${line}$`));
    assert.ok(!KEYS.some((secret) => stderr.includes(secret)), 'no key is shown');
  }
});

e2e('nginx -t takes a family of one mind, and servers that are of none', () => {
  const same = ['oauth_session shared;', redis('redis://r/1 prefix=x:'), key(0, 1), 'oauth_refresh 5m;'];
  const taken = [...same.map((text) => CONFIG(ON + text, text)), CONFIG(ON + key(0, 1), key(1, 0)), CONFIG(ON + 'oauth_refresh 5m;', 'oauth_refresh 10m;'), CONFIG(ON + 'oauth_refresh 5m;', 'oauth_refresh off;'),
    CONFIG(ON + 'oauth_session_cache off;', 'oauth_session_idle 1h;'), CONFIG('oauth_session shared;', '') /* off there */, CONFIG(ON, 'oauth_session shared;', 'oauth_base_url https://login.example.org;'),
    CONFIG(ON + 'oauth_session shared;', 'oauth_cookie domain=example.org name=own;'), CONFIG(ON + 'oauth_session shared;', 'oauth_base_url https://wiki.example.org;'),
    CONFIG(ON + redis('redis://r'), redis('redis://r')).replace('redis://r', 'redis://r:6379/0')];
  for (const text of taken) {
    const { code, stderr } = configTest(text);
    assert.equal(code, 0, text + stderr);
    assert.doesNotMatch(stderr, /"oauth_refresh"/);
  }
  const elsewhere = configTest(CONFIG(ON, 'oauth_refresh 5m;', 'oauth_base_url https://elsewhere.example.org; oauth_cookie domain=example.org;'));
  assert.equal(elsewhere.code, 0, elsewhere.stderr);
  assert.match(elsewhere.stderr, /\[warn\].*"oauth_refresh": found "300s" at server "wiki\.example\.org" and "off" at server "login\.example\.org".*another nginx finishes, at https:\/\/elsewhere\.example\.org/);
});
