// SPDX-License-Identifier: MIT
// Cookies that the module sets on an application's answer, and caches: such an answer is for one person, whatever the application, `expires` and `add_header` say (CA-04,
// CA-02), what nginx itself caches holds no cookie, and an answer without a cookie stays as it was.
import assert from 'node:assert/strict';
import { chmodSync, readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { Browser, raw } from './lib/browser.mjs';
import { e2e } from './lib/harness.mjs';
import { publicFolder } from './lib/folders.mjs';
import { cookieOf, lateSite } from './lib/late-store.mjs';

const NOTE = 'oauth_note=1; Path=/';

// The lines of an answer under a name, in their order.
async function lines(site, target, name, headers = '') {
  const answer = await raw(site.port, `GET ${target} HTTP/1.1\r\nHost: 127.0.0.1:${site.port}\r\nCookie: ${cookieOf(site)}\r\n${headers}Connection: close\r\n\r\n`);
  const head = answer.slice(0, answer.indexOf('\r\n\r\n')).split('\r\n').slice(1);
  return head.filter((line) => line.toLowerCase().startsWith(name.toLowerCase() + ':')).map((line) => line.slice(name.length + 1).trim());
}

// The application answers with these headers: [[name, value]].
function answerWith(site, headers) {
  site.upstream.reply = (request, response) => { response.writeHead(200, headers.flat()); response.end('x'); return true; };
}

e2e('CA-04 what the application says of caches becomes private with a cookie, and keeps the rest', async (h) => {
  const site = await lateSite(h, { location: 'proxy_hide_header Date;' });
  const cases = [
    [[], ['private']],
    [['public'], ['private']],
    [['public, max-age=60'], ['private, max-age=60']],
    [['max-age=60, Public, must-revalidate'], ['max-age=60, private, must-revalidate']],
    [['max-age=60'], ['max-age=60, private']],
    [['s-maxage=60, max-age=5'], ['max-age=5, private']],
    [['s-maxage=60'], ['private']],
    [['public', 'max-age=60, s-maxage=10'], ['private', 'max-age=60']],
    [['max-age=60', 'no-cache'], ['max-age=60', 'no-cache, private']],
    [['no-cache="Set-Cookie, public"'], ['no-cache="Set-Cookie, public", private']],
    [['private="X-User"'], ['private']],
    [['no-store'], ['no-store']],
    [['private, max-age=5'], ['private, max-age=5']],
    [[''], ['private']],
  ];
  for (const [said, expected] of cases) {
    answerWith(site, said.map((value) => ['Cache-Control', value]));
    site.store.note = NOTE;
    assert.deepEqual(await lines(site, '/', 'Cache-Control'), expected, JSON.stringify(said));
    assert.deepEqual(await lines(site, '/', 'Set-Cookie'), [NOTE]);
    site.store.note = '';
    const left = await lines(site, '/', 'Cache-Control');
    assert.deepEqual(left, said.filter((value) => value !== '' || left.length > 0), 'without a cookie');
  }
  site.store.note = NOTE;
  answerWith(site, [['CDN-Cache-Control', 'max-age=600'], ['Example-Cache-Control', 'public'], ['Expires', 'Fri, 01 Jan 2100 00:00:00 GMT'], ['Set-Cookie', 'app=1']]);
  assert.deepEqual(await lines(site, '/', 'CDN-Cache-Control'), ['max-age=600, private']);
  assert.deepEqual(await lines(site, '/', 'Example-Cache-Control'), ['private']);
  assert.deepEqual(await lines(site, '/', 'Cache-Control'), ['private']);
  assert.deepEqual(await lines(site, '/', 'Expires'), ['Fri, 01 Jan 2100 00:00:00 GMT']);
  assert.deepEqual(await lines(site, '/', 'Set-Cookie'), ['app=1', NOTE]);
});

e2e('CA-02 CA-04 "expires" and "add_header" say what they will, for every status', async (h) => {
  const folder = publicFolder(h, { 'file.txt': 'x'.repeat(5000), 'both/file.txt': 'x', 'sorry.html': 'sorry' });
  const site = await lateSite(h, { locations: (s) => `
    location /expires/ { expires 1h; alias ${folder}/; }
    location /added/ { add_header Cache-Control "public, max-age=5" always; alias ${folder}/; }
    location /plain/ { alias ${folder}/; }
    location /both/ { expires 1h; add_header Cache-Control "public" always; error_page 404 /sorry.html; root ${folder}; }
    location = /sorry.html { expires 1h; add_header Cache-Control public always; oauth off; root ${folder}; }
    location /gone/ { add_header Cache-Control "public, max-age=5" always; try_files /none =404; }
    location /moved/ { add_header Cache-Control "public, max-age=5" always; try_files /none =302; }
    location /broken/ { expires 1h; add_header Cache-Control "public, max-age=5" always; proxy_pass http://127.0.0.1:1; }
    location /denied/ { expires 1h; add_header Cache-Control "public, max-age=5" always; oauth_allow email=nobody@example.org; proxy_pass ${s.upstream.url}; }` });
  site.store.note = NOTE;
  const modified = (await lines(site, '/plain/file.txt', 'Last-Modified'))[0];
  const cases = [['/plain/file.txt', '', ['private']], ['/expires/file.txt', '', ['max-age=3600, private']], ['/added/file.txt', '', ['private, max-age=5']], ['/both/file.txt', '', ['max-age=3600', 'private']], ['/both/x', '', ['private']],
    ['/added/file.txt', 'Range: bytes=0-9\r\n', ['private, max-age=5']], ['/added/file.txt', 'Range: bytes=9000-\r\n', ['private, max-age=5']], ['/expires/file.txt', `If-Modified-Since: ${modified}\r\n`, ['max-age=3600, private']],
    ['/gone/', '', ['private, max-age=5']], ['/moved/', '', ['private, max-age=5']], ['/broken/', '', ['private, max-age=5']], ['/denied/', '', ['no-store']], ['/auth/oauth/jwks.json', '', ['public, max-age=300']],
    ['/auth/oauth/providers', '', ['no-store']]];
  for (const [target, headers, expected] of cases) {
    const said = new Set(await lines(site, target, 'Cache-Control', headers)); // nginx writes add_header's twice where a range cannot be satisfied
    assert.deepEqual([...said], expected, target + ' ' + headers);
    assert.deepEqual(await lines(site, target, 'Set-Cookie', headers), target.startsWith('/auth/') ? [] : [NOTE], target);
  }
});

e2e('CA-04 proxy_cache keeps no cookie, and gives each visitor their own', async (h) => {
  const cache = publicFolder(h, {});
  chmodSync(cache, 0o777);
  const site = await lateSite(h, { http: `proxy_cache_path ${cache}/c keys_zone=answers:1m;`, locations: (s) => `location /cached/ { oauth optional; proxy_cache answers; proxy_cache_key $uri; add_header X-Cache $upstream_cache_status; proxy_pass ${s.upstream.url}; }` });
  answerWith(site, [['Cache-Control', 'public, max-age=60']]);
  for (const [note, status] of [['oauth_note=1; Path=/', 'MISS'], ['oauth_note=2; Path=/', 'HIT']]) {
    site.store.note = note;
    const response = await site.browser.fetch(site.origin + '/cached/page');
    assert.deepEqual([response.headers['x-cache'], response.headers['cache-control'], response.setCookies], [status, 'private, max-age=60', [note]]);
  }
  const stranger = await new Browser().fetch(site.origin + '/cached/page');
  assert.deepEqual([stranger.headers['x-cache'], stranger.headers['cache-control'], stranger.setCookies], ['HIT', 'public, max-age=60', []]);
  const files = readdirSync(cache, { recursive: true, withFileTypes: true }).filter((each) => each.isFile());
  const kept = files.map((each) => readFileSync(path.join(each.parentPath ?? each.path, each.name), 'latin1'));
  assert.equal(kept.length, 1);
  assert.doesNotMatch(kept[0], /oauth_note|private/);
});
