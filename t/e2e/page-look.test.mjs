// SPDX-License-Identifier: MIT
// How the module's pages look, by directive: logo, colour, language, whom to ask; and that nginx's own error_page still takes their place.
import assert from 'node:assert/strict';
import { chmodSync, writeFileSync } from 'node:fs';
import { Browser } from './lib/browser.mjs';
import { assertSignedIn, e2e } from './lib/harness.mjs';
import { configTest } from './lib/nginx.mjs';
import { links, plain } from './lib/switch.mjs';

const PNG = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64');
const SVG = '<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"><script>alert(1)</script><path d="M0 0h1v1z"/></svg>\n';
const BASE = `oauth_provider github { client_id a; client_secret b; }`;
const server = (directives) => `${BASE} server { listen 127.0.0.1:1; oauth on; oauth_allow any; ${directives} }`;

// A page of the module.
const pageOf = (site, headers = {}) => new Browser().navigate(site.origin + '/auth/oauth/signed-out', { headers });
const langOf = (response) => /<html lang="([^"]*)">/.exec(response.text)?.[1];
const imagesOf = (response) => [...response.text.matchAll(/<img\b[^>]*src="([^"]*)"[^>]*>/g)].map(([, source]) => source);

e2e('oauth_page_logo is in the page itself, and the policy lets that in and nothing else', async (h) => {
  for (const [name, content, type] of [['logo.png', PNG, 'image/png'], ['logo.svg', SVG, 'image/svg+xml'], ['called.txt', Buffer.concat([Buffer.from('\ufeff'), Buffer.from(SVG)]), 'image/svg+xml']]) {
    const file = h.folder() + '/' + name;
    writeFileSync(file, content);
    chmodSync(file, 0o600); // read as root, at the start
    const site = await h.site({ server: `oauth_page_logo ${file};` });
    const page = await pageOf(site);
    const [source, ...others] = imagesOf(page);
    assert.deepEqual(others, []);
    const [, found, bytes] = /^data:([^;,]*);base64,(.*)$/.exec(source);
    assert.equal(found, type);
    assert.deepEqual(Buffer.from(bytes, 'base64'), Buffer.from(content));
    const policy = page.headers['content-security-policy'].split('; ');
    assert.ok(policy.includes('img-src data:') && policy.includes("default-src 'none'"), policy.join());
    assert.ok(!policy.some((each) => /script-src.*unsafe/.test(each)));
  }
  const plainSite = await h.site();
  const page = await pageOf(plainSite);
  assert.deepEqual(imagesOf(page), []);
  assert.doesNotMatch(page.headers['content-security-policy'], /img-src/);
});

e2e('oauth_page_logo: what is no logo is told of by nginx -t', () => {
  const rows = [
    ['logo.png', { 'logo.png': 'GIF' }, /"oauth_page_logo".*found "[^"]*logo\.png".*accepted: .*PNG, JPEG, GIF, WebP or SVG/],
    ['page.html', { 'page.html': '<!DOCTYPE html><html><body>no</body></html>' }, /"oauth_page_logo".*found "[^"]*page\.html".*PNG, JPEG, GIF, WebP or SVG/],
    ['empty.svg', { 'empty.svg': '' }, /"oauth_page_logo".*empty\.svg/],
    ['missing.png', {}, /"oauth_page_logo".*missing\.png" does not exist, accepted: a path/],
  ];
  for (const [name, files, expected] of rows) {
    const result = configTest(server(`oauth_page_logo ${name};`), { files });
    assert.notEqual(result.code, 0, name);
    assert.match(result.stderr.split('\n').find((line) => /emerg/.test(line)) ?? result.stderr, expected, name);
  }
  const fits = Buffer.concat([PNG, Buffer.alloc(32 * 1024 - PNG.length)]);
  assert.equal(configTest(server('oauth_page_logo logo.png;'), { files: { 'logo.png': fits } }).code, 0);
});

e2e('oauth_page_logo: a file that is too large is told of with what is accepted', () => {
  const result = configTest(server('oauth_page_logo logo.png;'), { files: { 'logo.png': Buffer.concat([PNG, Buffer.alloc(32 * 1024)]) } });
  assert.notEqual(result.code, 0);
  assert.match(result.stderr, /"oauth_page_logo": file ".*logo\.png" is larger than 32k\b/);
});

e2e('oauth_page_color is the colour of what is to be clicked, with a text that can be read on it', async (h) => {
  for (const [value, color, text] of [['"#1f4fa3"', '#1f4fa3', '#ffffff'], ['"#FD0"', '#ffdd00', '#000000'], ['"#000"', '#000000', '#ffffff']]) {
    const site = await h.site({ server: `oauth_page_color ${value};` });
    const page = await pageOf(site);
    assert.ok(page.text.includes(`--a:${color};--o:${text}`), value);
    assert.match(page.headers['content-security-policy'], /style-src 'sha256-[A-Za-z0-9+/=]+'/);
  }
  for (const value of ['red', '"#12345"', '"#ggg"', '""', '"#fff;}body{display:none"', '"#1f4fa3ff"', '"rgb(1,2,3)"']) {
    const result = configTest(server(`oauth_page_color ${value};`));
    assert.notEqual(result.code, 0, value);
    assert.match(result.stderr, /"oauth_page_color": found .*accepted: a colour such as "#1f4fa3"/, value);
  }
});

const LANGUAGES = [
  [undefined, 'en'], ['', 'en'], ['de', 'de'], ['de-CH', 'de'], ['DE-at', 'de'], ['pt-BR', 'pt'], ['fr;q=0.5, de;q=0.9', 'de'], ['de;q=0.5, fr', 'fr'], ['es, fr', 'es'], ['ja;q=1.0, de;q=1.000', 'ja'],
  ['de;q=0', 'en'], ['de;q=0, fr;q=0.1', 'fr'], ['de;q=0.000, *', 'en'], ['de; q=0 , es ; q=0.2', 'es'], ['en;q=0, de;q=0.001', 'de'], ['xx', 'en'], ['xx, nl;q=0.9, ja;q=0.1', 'ja'], ['*', 'en'], ['xx, *;q=0.5, fr;q=0.4', 'en'],
  ['fr;q=abc, de;q=0.1', 'de'], ['fr;q=2', 'en'], [';;;,,,q=', 'en'], ['de;level=1;q=0.1, fr;q=0.2', 'fr'], ['<script>alert(1)</script>', 'en'],
];

e2e('pages are in the language that the browser prefers, of those that there are', async (h) => {
  const site = await h.site();
  for (const [header, expected] of LANGUAGES) {
    const page = await pageOf(site, header === undefined ? {} : { 'Accept-Language': header });
    assert.equal(langOf(page), expected, String(header));
  }
  const titles = new Set();
  for (const language of ['en', 'de', 'fr', 'es', 'pt', 'ja']) {
    titles.add(/<h1>(.*)<\/h1>/.exec((await pageOf(site, { 'Accept-Language': language })).text)[1]);
  }
  assert.equal(titles.size, 6, 'each its own words');
});

e2e('a very long Accept-Language does no harm', async (h) => {
  const site = await h.site({ http: 'large_client_header_buffers 4 200k;' });
  const long = 'xx;q=0.1, '.repeat(10240);
  assert.ok(long.length > 100000);
  for (const header of ['de, ' + long, 'de, ' + 'x'.repeat(102400), 'de,' + ','.repeat(102400)]) {
    const started = Date.now();
    const page = await pageOf(site, { 'Accept-Language': header });
    assert.deepEqual([page.status, langOf(page)], [200, 'de']);
    assert.ok(Date.now() - started < 1000);
  }
  assert.deepEqual(langOf(await pageOf(site, { 'Accept-Language': long + 'de' })), 'en', 'only its beginning counts');
});

e2e('oauth_page_language fixes it, and lists what there is', async (h) => {
  for (const language of ['de', 'ja', 'en']) {
    const site = await h.site({ server: `oauth_page_language ${language};` });
    for (const header of ['fr', 'es;q=1', language + ';q=0']) {
      assert.equal(langOf(await pageOf(site, { 'Accept-Language': header })), language);
    }
    const message = (await site.browser.fetch(site.origin + '/')).json().message;
    const other = (await site.browser.fetch(site.origin + '/', { headers: { 'Accept-Language': 'fr' } })).json().message;
    assert.equal(message, other, 'for programs, too');
  }
  const auto = await h.site({ server: 'oauth_page_language auto;' });
  assert.equal(langOf(await pageOf(auto, { 'Accept-Language': 'fr' })), 'fr');
  for (const value of ['xx', 'de-CH', 'german', '""']) {
    const result = configTest(server(`oauth_page_language ${value};`));
    assert.notEqual(result.code, 0, value);
    assert.match(result.stderr, /"oauth_page_language": found .*accepted: auto, en, de, fr, es, pt, ja\b/, value);
  }
});

e2e('oauth_page_help: addresses and URLs become links, and markup is text', async (h) => {
  const site = await h.site({ server: 'oauth_page_help "Ask <b>Ann</b> & co. at help@example.org, or https://help.example.org/?a=1&b=2. Not javascript:alert(1)@x.y nor \\"a\\"@b.c";' });
  const page = await pageOf(site);
  const found = links(page).map(({ url }) => url.href);
  assert.ok(found.includes('mailto:help@example.org'), found.join());
  assert.ok(found.includes('https://help.example.org/?a=1&b=2'), found.join());
  assert.ok(found.every((href) => /^(mailto:help@example\.org|https?:)/.test(href)), found.join());
  assert.match(page.text, /&lt;b&gt;Ann&lt;\/b&gt; &amp; co\./);
  assert.match(plain(page), /help@example\.org , or|help@example\.org, or/);
});

e2e('add_header of the site is about its own pages', async (h) => {
  const own = { 'content-security-policy': "default-src 'self'", 'x-frame-options': 'SAMEORIGIN', 'referrer-policy': 'origin', 'x-content-type-options': 'no' };
  const site = await h.site({ server: Object.entries(own).map(([name, value]) => `add_header ${name} "${value}" always;`).join(' ') });
  const page = await site.browser.navigate(site.origin + '/auth/oauth/nothing');
  assert.match(page.headers['content-security-policy'], /^default-src 'none'; style-src 'sha256-[^,]+$/);
  assert.deepEqual(['x-frame-options', 'referrer-policy', 'x-content-type-options'].map((name) => page.headers[name]), ['DENY', 'no-referrer', 'nosniff']);
  const json = await site.browser.fetch(site.origin + '/');
  assert.deepEqual(['content-security-policy', 'x-content-type-options'].map((name) => json.headers[name]), ["default-src 'self'", 'nosniff'], 'only what it says itself');
  await assertSignedIn(site);
  const application = await site.browser.fetch(site.origin + '/');
  assert.deepEqual(Object.keys(own).map((name) => application.headers[name]), Object.values(own));
});

e2e('account_prompt and label: what cannot be meant is told by nginx -t', () => {
  const block = (parameter) => configTest(`oauth_provider p oidc { issuer https://id.example.org; client_id c; client_secret kLm9-very-secret-value-31; ${parameter} }
    server { listen 127.0.0.1:8080; server_name a.test; oauth on; oauth_allow any; }`);
  for (const value of ['none', '"login none"', '$x']) {
    const { code, stderr } = block(`account_prompt ${value};`);
    assert.equal(code, 1, value);
    assert.match(stderr, /"account_prompt": found .*accepted: what has the provider ask for the account, such as login or select_account/);
  }
  assert.match(block('label "  ";').stderr, /"label": found "  ", accepted: a text that people can read/);
  assert.equal(block('account_prompt "select_account consent"; label " Corp ";').code, 0);
});

e2e('error_page takes the place of our pages, with what it needs', async (h) => {
  const site = await h.site({ locations: (s) => `
    location /refused/ { oauth_allow email=root@example.org; error_page 401 /own-401.html; error_page 403 /own-403.html; proxy_pass ${s.upstream.url}; }
    location = /own-401.html { internal; oauth off; default_type text/html; return 401 "<h1>own 401 $oauth_error</h1>"; }
    location = /own-403.html { internal; oauth off; default_type text/html; return 403 "<h1>own 403 $oauth_error</h1>"; }` });
  const stranger = await site.browser.fetch(site.origin + '/refused/x');
  assert.deepEqual([stranger.status, stranger.text], [401, '<h1>own 401 login_required</h1>']);
  assert.ok(stranger.headers['www-authenticate']);
  const form = await site.browser.navigate(site.origin + '/refused/x', { method: 'POST', form: { a: 'b' }, initiator: site.origin });
  assert.deepEqual([form.status, form.text], [401, '<h1>own 401 login_required</h1>']);
  await assertSignedIn(site);
  for (const method of ['navigate', 'fetch']) {
    const denied = await site.browser[method](site.origin + '/refused/x');
    assert.deepEqual([denied.status, denied.text], [403, '<h1>own 403 policy_denied</h1>'], method);
    assert.match(denied.headers['cache-control'], /no-store/);
  }
});
