// SPDX-License-Identifier: MIT
// oauth_status: what is counted is what was sent, over workers and reloads, in the eyes of a real Prometheus (LG-04). The alerts and the dashboard of
// docs/monitoring work with it.
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import path from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { Browser } from './lib/browser.mjs';
import { assertSignedIn, beginSignIn, e2e, siteConfiguration } from './lib/harness.mjs';
import { configTest } from './lib/nginx.mjs';
import { freePort, until } from './lib/ports.mjs';
import { Prometheus, promtool } from './lib/prometheus.mjs';
import { STORE } from './lib/store.mjs';

const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const MONITORING = path.join(ROOT, 'docs/monitoring');
const JSON_PLEASE = { Accept: 'application/json' };
const STATUS = `
  location = /oauth-status { oauth off; oauth_status; }
  location = /oauth-status.json { oauth off; oauth_status json; }`;
const PLACES = `
  location /open/ { oauth optional; proxy_pass http://127.0.0.1:1; error_page 502 = @open; }
  location @open { oauth off; return 204; }
  location /staff/ { oauth_deny email=mallory@example.org; oauth_allow group=nobody; return 204; }
  location /trial/ { oauth_allow group=nobody; oauth_policy_mode shadow; try_files /nothing @open; }
  location /neither/ { oauth off; try_files /nothing @open; }
  location /two/ { try_files /nothing @two; }
  location @two { oauth_allow any; try_files /nothing @open; }
  location = /gate { internal; oauth on; oauth_allow group=nobody; return 204; }
  location /gated/ { oauth off; auth_request /gate; try_files /nothing @open; }
  location /some/ { satisfy any; allow 127.0.0.1; deny all; try_files /nothing @open; }`;

// "name{labels} value" lines as a map from name and labels to the number.
function parse(text) {
  const samples = text.split('\n').filter((line) => line && !line.startsWith('#')).map((line) => /^(.*) (\S+)$/.exec(line));
  return new Map(samples.map(([, series, value]) => [series, Number(value)]));
}

class Counted {
  constructor(site) {
    this.site = site;
  }

  async read() {
    const response = await new Browser().fetch(this.site.origin + '/oauth-status');
    assert.equal(response.status, 200, response.text);
    return parse(response.text);
  }

  async mark() {
    this.before = await this.read();
  }

  // What has been added since mark(), without what has not moved.
  async since() {
    const now = await this.read();
    const moved = [...now].map(([series, value]) => [series, value - (this.before.get(series) ?? 0)]).filter(([, value]) => value !== 0);
    return new Map(moved);
  }

  // The same of one counter, by its labels' values.
  async of(name) {
    const moved = [...await this.since()].filter(([series]) => series.startsWith(name + '{'));
    return Object.fromEntries(moved.map(([series, value]) => [[...series.matchAll(/="((?:[^"\\]|\\.)*)"/g)].map(([, label]) => label).join(' '), value]));
  }
}

async function statusSite(h, options = {}) {
  const site = await h.site({ workers: 2, ...options, locations: STATUS + PLACES + (options.locations ?? '') });
  const counted = new Counted(site);
  await counted.mark();
  return { site, counted };
}

const get = (site, target, { browser = site.browser, times = 1 } = {}) => Promise.all(Array.from({ length: times }, () => browser.fetch(site.origin + target, { headers: JSON_PLEASE })));

e2e('requests are counted once, by what the rules said', async (h) => {
  h.allowLog(/connect\(\) failed/);
  const { site, counted } = await statusSite(h);
  await assertSignedIn(site);
  await counted.mark();
  await get(site, '/', { times: 7 });
  assert.deepEqual(await counted.of('oauth_requests_total'), { allowed: 7 });
  await counted.mark();
  const nobody = new Browser();
  await get(site, '/', { browser: nobody, times: 3 });
  await nobody.navigate(site.origin + '/', { follow: false });
  assert.deepEqual(await counted.of('oauth_requests_total'), { unauthenticated: 4 });
  await counted.mark();
  await get(site, '/open/', { browser: nobody, times: 2 });
  await get(site, '/open/');
  assert.deepEqual(await counted.of('oauth_requests_total'), { anonymous: 2, allowed: 1 });
  await counted.mark();
  await get(site, '/staff/'); // `return` answers before the rules are asked
  await get(site, '/neither/', { times: 3 });
  await get(site, '/auth/oauth/userinfo');
  await get(site, '/auth/oauth/nothing');
  await get(site, '/auth/oauth/providers', { browser: nobody });
  assert.deepEqual(await counted.of('oauth_requests_total'), {}, 'endpoints, and where the module is off');
});

e2e('what other modules and internal redirects make of a request is still one request', async (h) => {
  const { site, counted } = await statusSite(h);
  await assertSignedIn(site);
  const nobody = new Browser();
  const expect = async (target, browser, status, outcome) => {
    await counted.mark();
    const [response] = await get(site, target, { browser });
    assert.equal(response.status, status, target);
    assert.deepEqual(await counted.of('oauth_requests_total'), { [outcome]: 1 }, target);
  };
  await expect('/two/', site.browser, 204, 'allowed');
  await expect('/two/', nobody, 401, 'unauthenticated');
  await expect('/gated/', site.browser, 403, 'denied');
  await expect('/gated/', nobody, 401, 'unauthenticated');
  await expect('/some/', nobody, 204, 'anonymous');
  await expect('/trial/', site.browser, 204, 'allowed');
});

e2e('what an error_page, a gate or another method makes of a refusal is counted as the refusal that it is', async (h) => {
  const root = h.folder();
  mkdirSync(path.join(root, 'shown'));
  mkdirSync(path.join(root, 'tried'));
  writeFileSync(path.join(root, 'shown/page.html'), '<!--# include virtual="/part" -->');
  writeFileSync(path.join(root, 'tried/index.html'), 'hi');
  writeFileSync(path.join(root, 'users'), 'u:{PLAIN}p\n');
  chmodSync(root, 0o755);
  const { site, counted } = await statusSite(h, { workers: 1, locations: `
    location = /denied { oauth_allow group=nobody; error_page 403 /sorry.html; try_files /nothing @open; }
    location = /sorry.html { internal; try_files /nothing @open; }
    location = /denied-twice { oauth_allow group=nobody; error_page 403 /not-you-either.html; try_files /nothing @open; }
    location = /not-you-either.html { internal; oauth_allow group=nobody2; try_files /nothing @open; }
    location = /hello { oauth_unauthenticated 401; error_page 401 /hello.html; try_files /nothing @open; }
    location = /hello.html { internal; oauth optional; try_files /nothing @open; }
    location = /dropped { oauth_unauthenticated 401; error_page 401 @drop; try_files /nothing @open; }
    location @drop { oauth off; return 444; }
    location = /closed { deny all; try_files /nothing @open; }
    location = /some-users { satisfy any; auth_basic x; auth_basic_user_file ${root}/users; try_files /nothing @open; }
    location /tried/ { root ${root}; oauth_allow group=nobody; oauth_policy_mode shadow; }
    location = /tried-gate { internal; oauth on; oauth_allow if=$arg_nothing; oauth_policy_mode shadow; try_files /nothing @open; }
    location = /behind-tried-gate { oauth off; auth_request /tried-gate; try_files /nothing @open; }
    location = /optional-gated { oauth optional; auth_request /gate; try_files /nothing @open; }
    location /shown/ { root ${root}; oauth off; ssi on; }
    location = /part { oauth_allow group=nobody; try_files /nothing @open; }` });
  await assertSignedIn(site);
  const expect = async (target, browser, requests, refused, headers = {}) => {
    await counted.mark();
    await browser.fetch(site.origin + target, { headers: { ...JSON_PLEASE, ...headers } }).catch(() => {});
    await until(async () => Object.keys(await counted.of('oauth_requests_total')).length > 0, target);
    assert.deepEqual(await counted.of('oauth_requests_total'), { [requests]: 1 }, target);
    assert.deepEqual(await counted.of('oauth_policy_denied_total'), refused ? { none: 1 } : {}, target);
  };
  const [somebody, nobody] = [site.browser, new Browser()];
  await expect('/denied', somebody, 'denied', true);
  await expect('/denied-twice', somebody, 'denied', true);
  await expect('/hello', nobody, 'unauthenticated', false);
  await expect('/dropped', nobody, 'unauthenticated', false);
  await expect('/closed', nobody, 'unauthenticated', false);
  await expect('/some-users', nobody, 'anonymous', false, { Authorization: 'Basic ' + Buffer.from('u:p').toString('base64') });
  await expect('/some-users', nobody, 'unauthenticated', false);
  await expect('/tried/', somebody, 'allowed', true);
  await expect('/behind-tried-gate', somebody, 'allowed', true);
  await expect('/optional-gated', somebody, 'denied', true);
  await expect('/shown/page.html', somebody, 'denied', true);
});

e2e('requests whose clients leave are counted as well, and what they waited for', async (h) => {
  const { site, counted } = await statusSite(h, { workers: 1, locations: 'location = /slow { proxy_pass http://127.0.0.1:1; }' });
  await assertSignedIn(site);
  const hang = createServer(() => {}).listen(0, '127.0.0.1');
  await new Promise((resolve) => { hang.once('listening', resolve); });
  h.closers.push(() => new Promise((resolve) => { hang.close(resolve); hang.closeAllConnections?.(); }));
  site.nginx.write(siteConfiguration({ ...site, locations: STATUS + `location = /slow { proxy_pass http://127.0.0.1:${hang.address().port}; }` }));
  await site.nginx.reload();
  await counted.mark();
  const leave = new AbortController();
  setTimeout(() => leave.abort(), 300);
  await site.browser.fetch(site.origin + '/slow', { headers: JSON_PLEASE, signal: leave.signal }).catch(() => {});
  await until(async () => (await counted.of('oauth_requests_total')).allowed === 1, 'the request to be counted');

  const callback = await beginSignIn(site, { browser: new Browser() });
  const other = new Browser();
  const own = await beginSignIn(site, { browser: other });
  assert.notEqual(own, callback);
  site.provider.token = { hang: true };
  const giveUp = new AbortController();
  setTimeout(() => giveUp.abort(), 1500);
  await counted.mark();
  await other.navigate(own, { follow: false, signal: giveUp.signal }).catch(() => {});
  await until(async () => (await counted.of('oauth_logins_total'))['test provider_timeout'] === 1, 'the sign-in to be counted');
  assert.equal((await counted.of('oauth_provider_requests_total'))['test token provider_timeout'], 1);
});

e2e('refused requests are counted by the rule that refused', async (h) => {
  const { site, counted } = await statusSite(h, { locations: `
    location /rules/ { oauth_deny email=alice@example.org; oauth_allow any; proxy_pass http://127.0.0.1:1; }` });
  await assertSignedIn(site);
  await counted.mark();
  for (const target of ['/rules/', '/rules/', '/gated/', '/trial/']) {
    await get(site, target);
  }
  assert.deepEqual(await counted.of('oauth_policy_denied_total'), { 'oauth_deny email=alice@example.org': 2, none: 2 });
  const all = await counted.read();
  assert.equal(all.get('oauth_policy_denied_total{rule="oauth_deny email=mallory@example.org"}'), 0, 'shown from the start');
});

e2e('sign-ins and what they ask of the provider are counted by their end', async (h) => {
  const { site, counted } = await statusSite(h, { workers: 1 }); // each asks for metadata of its own
  const rows = await counted.read();
  assert.equal(rows.get('oauth_logins_total{provider="test",result="ok"}'), 0, 'shown from the start');
  await assertSignedIn(site);
  assert.deepEqual(await counted.of('oauth_logins_total'), { 'test ok': 1 });
  assert.deepEqual(await counted.of('oauth_provider_requests_total'), { 'test metadata ok': 1, 'test keys ok': 1, 'test token ok': 1, 'test userinfo ok': 1 });
  const since = await counted.since();
  for (const endpoint of ['metadata', 'keys', 'token', 'userinfo']) {
    assert.equal(since.get(`oauth_provider_request_seconds_count{provider="test",endpoint="${endpoint}"}`), 1);
    assert.equal(since.get(`oauth_provider_request_seconds_bucket{provider="test",endpoint="${endpoint}",le="+Inf"}`), 1);
  }

  await counted.mark();
  const again = await beginSignIn(site, { browser: new Browser() });
  await new Browser().navigate(again, { headers: JSON_PLEASE, follow: false }); // another browser
  assert.deepEqual(await counted.of('oauth_logins_total'), { 'test state_invalid': 1 });
  await counted.mark();
  const other = new Browser();
  const callback = await beginSignIn(site, { browser: other });
  await other.navigate(callback.replace(/code=[^&]*/, 'error=access_denied'), { headers: JSON_PLEASE, follow: false });
  assert.deepEqual(await counted.of('oauth_logins_total'), { 'test access_denied': 1 });
  await counted.mark();
  const third = new Browser();
  const used = await beginSignIn(site, { browser: third });
  for (let i = 0; i < 3; i++) { // the back button
    await third.navigate(used, { headers: JSON_PLEASE, follow: false });
  }
  assert.deepEqual(await counted.of('oauth_logins_total'), { 'test ok': 1 });
});

e2e('a provider that is away is counted where it was asked, and named in the JSON', async (h) => {
  const { site, counted } = await statusSite(h, { server: 'oauth_http_timeout 1s;' });
  const port = site.provider.port;
  await site.provider.stop();
  const response = await site.browser.navigate(site.origin + '/', { follow: false });
  assert.equal(response.status, 502, response.text);
  assert.deepEqual(await counted.of('oauth_logins_total'), { 'test provider_unreachable': 1 });
  assert.deepEqual(await counted.of('oauth_provider_requests_total'), { 'test metadata provider_unreachable': 1 });
  assert.deepEqual(await counted.of('oauth_requests_total'), { unauthenticated: 1 });
  const status = async () => (await new Browser().fetch(site.origin + '/oauth-status.json')).json();
  let { counters, providers } = await status();
  assert.deepEqual(Object.keys(providers[0]), ['name', 'metadata_fetched', 'keys_fetched', 'last_error']);
  assert.deepEqual([providers[0].name, providers[0].metadata_fetched, providers[0].keys_fetched], ['test', null, null]);
  assert.match(providers[0].last_error, /^provider_unreachable \(metadata, \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\)$/);
  assert.deepEqual(counters.oauth_logins_total.find(({ result }) => result === 'provider_unreachable'), { provider: 'test', result: 'provider_unreachable', value: 1 });
  await site.provider.start(port);
  await assertSignedIn(site);
  ({ counters, providers } = await status());
  for (const member of ['metadata_fetched', 'keys_fetched']) {
    assert.ok(Math.abs(Date.parse(providers[0][member]) - Date.now()) < 30000, providers[0][member]);
  }
  const text = [...(await counted.read())].filter(([series]) => !/_(bucket|sum|count)\{/.test(series)).length;
  const json = Object.values(counters).flat().filter(({ buckets }) => !buckets).length;
  assert.equal(json, text, 'the same figures');
});

e2e('refreshes are counted by how they ended', async (h) => {
  const { site, counted } = await statusSite(h, { server: 'oauth_refresh 1s;' });
  await assertSignedIn(site);
  await counted.mark();
  await new Promise((resolve) => setTimeout(resolve, 2100));
  await get(site, '/');
  await until(async () => (await counted.of('oauth_refreshes_total'))['test ok'] === 1, 'a check to be counted');
  assert.ok((await counted.of('oauth_provider_requests_total'))['test token ok'] >= 1);
});

e2e('whether a session was at hand is counted for each that a request brings', async (h) => {
  const { site, counted } = await statusSite(h, { workers: 1, server: 'oauth_session_cache 10s;' });
  await assertSignedIn(site);
  for (let i = 0; i < 3; i++) {
    await get(site, '/');
  }
  await counted.mark();
  await get(site, '/', { times: 5 });
  await get(site, '/', { browser: new Browser() });
  assert.deepEqual(await counted.of('oauth_session_cache_total'), { hit: 5 });
});

e2e('the shared zone tells what is in it', async (h) => {
  const { site, counted } = await statusSite(h, { http: 'oauth_zone 1m;', server: STORE === 'cookie' ? 'oauth_session shared;' : '' });
  const before = await counted.read();
  const total = before.get('oauth_zone_bytes{state="used"}') + before.get('oauth_zone_bytes{state="free"}');
  assert.equal(total, 1024 * 1024, 'the size of the zone');
  assert.ok(before.get('oauth_zone_bytes{state="free"}') > 900000);
  if (STORE === 'redis') {
    assert.equal(before.get('oauth_sessions_active'), undefined);
    return;
  }
  assert.equal(before.get('oauth_sessions_active'), 0);
  await assertSignedIn(site);
  const after = await counted.read();
  assert.equal(after.get('oauth_sessions_active'), 1);
  assert.ok(after.get('oauth_zone_bytes{state="used"}') > before.get('oauth_zone_bytes{state="used"}'));
  await site.browser.navigate(site.origin + '/auth/oauth/logout', { method: 'POST', headers: { ...JSON_PLEASE, Origin: site.origin }, follow: false });
  assert.equal((await counted.read()).get('oauth_sessions_active'), 0);
});

e2e('a zone that refuses sign-outs has nothing free', async (h) => {
  const { site, counted } = await statusSite(h, { http: 'oauth_zone 32k;', workers: 1, server: 'oauth_session cookie;' });
  h.allowLog(/oauth_zone/);
  let last = 200;
  for (let i = 0; i < 600 && last !== 503; i++) {
    const browser = new Browser();
    await assertSignedIn(site, { browser });
    last = (await browser.navigate(site.origin + '/auth/oauth/logout', { method: 'POST', headers: { ...JSON_PLEASE, Origin: site.origin, 'Sec-Fetch-Site': 'same-origin' }, follow: false })).status;
  }
  assert.equal(last, 503);
  assert.equal((await counted.read()).get('oauth_zone_bytes{state="free"}'), 0);
});

e2e('figures go on over reloads, also with another zone and other rules', async (h) => {
  const { site, counted } = await statusSite(h, { http: 'oauth_zone 1m;' });
  await assertSignedIn(site);
  await get(site, '/', { times: 5 });
  const before = await counted.read();
  site.nginx.write(siteConfiguration({ ...site, http: 'oauth_zone 2m;', rules: 'oauth_deny email=eve@example.org; oauth_allow any;' }));
  await site.nginx.reload();
  await get(site, '/', { times: 2 });
  const after = await counted.read();
  const added = (series) => after.get(series) - before.get(series);
  assert.equal(added('oauth_requests_total{result="allowed"}'), 2);
  assert.equal(added('oauth_logins_total{provider="test",result="ok"}'), 0);
  assert.equal(after.get('oauth_policy_denied_total{rule="oauth_deny email=eve@example.org"}'), 0);
  assert.ok(after.get('oauth_zone_bytes{state="free"}') > before.get('oauth_zone_bytes{state="free"}'));
});

e2e('LG-04 the figures name nobody, and are the location\'s to protect', async (h) => {
  const { site } = await statusSite(h, { locations: `
    location = /branch { oauth off; oauth_status json; expires 1h; set $b 0; if ($arg_a) { set $b 1; } }
    location = /locked { oauth_status; }
    location = /staff-only { oauth_allow group=nobody; oauth_status; }` });
  await assertSignedIn(site);
  await get(site, '/gated/');
  for (const target of ['/oauth-status', '/oauth-status.json']) {
    const response = await new Browser().fetch(site.origin + target);
    assert.doesNotMatch(response.text, /alice|session_id|client_secret/i);
    assert.match(response.headers['cache-control'], /^no-store$/);
    assert.equal(response.headers['content-type'], target.endsWith('json') ? 'application/json' : 'text/plain; version=0.0.4; charset=utf-8');
    const head = await new Browser().fetch(site.origin + target, { method: 'HEAD' });
    assert.equal(head.status, 200);
    assert.equal(head.text, '');
    assert.equal((await new Browser().fetch(site.origin + target, { method: 'POST', body: 'x' })).status, 405);
  }
  const branch = await new Browser().fetch(site.origin + '/branch?a=1');
  assert.equal(branch.headers['content-type'], 'application/json', 'within an `if`, too');
  assert.equal(branch.rawHeaders.filter((name) => name.toLowerCase() === 'cache-control').length, 1);
  const [mine] = await get(site, '/locked');
  assert.equal(mine.status, 200);
  assert.equal((await new Browser().fetch(site.origin + '/locked')).status, 401);
  assert.equal((await get(site, '/staff-only'))[0].status, 403);
});

e2e('a server of figures alone, where nobody signs in', async (h) => {
  const port = await freePort();
  await h.nginx(port, `server { listen 127.0.0.1:${port}; location = /oauth-status { oauth_status prometheus; } }`);
  const response = await new Browser().fetch(`http://127.0.0.1:${port}/oauth-status`);
  assert.equal(response.status, 200);
  assert.match(response.text, /^oauth_build_info\{version="[\d.]+",nginx="[\d.]+"\} 1$/m);
});

test('oauth_status takes json and prometheus, in a location, once', () => {
  const attempt = (location, server = '') => configTest(`server { listen 127.0.0.1:8080; ${server} location /s { ${location} } }`);
  for (const good of ['oauth_status;', 'oauth_status json;', 'oauth_status prometheus;']) {
    assert.equal(attempt(good).code, 0, good);
  }
  assert.match(attempt('oauth_status xml;').stderr, /"oauth_status": found "xml", accepted: prometheus, json in \S+:\d+/);
  assert.match(attempt('oauth_status; oauth_status json;').stderr, /"oauth_status" directive is duplicate/);
  for (const both of ['oauth_status; proxy_pass http://127.0.0.1:1;', 'proxy_pass http://127.0.0.1:1; oauth_status;', 'empty_gif; oauth_status json;']) {
    assert.match(attempt(both).stderr, /"oauth_status": the location has another directive that is its content.* in \S+:\d+/, both);
  }
  assert.match(attempt('', 'oauth_status;').stderr, /"oauth_status" directive is not allowed here/);
});

test('the version is that of CHANGES', () => {
  const [, version] = /ngx_http_oauth_module (\S+)/.exec(readFileSync(path.join(ROOT, 'CHANGES'), 'utf8'));
  assert.ok(readFileSync(path.join(ROOT, 'src/ngx/version.hpp'), 'utf8').includes(`"${version}"`));
});

const dashboard = () => JSON.parse(readFileSync(path.join(MONITORING, 'dashboard.json'), 'utf8'));

e2e('a real Prometheus over two workers adds up to what was sent, and knows the alerts and the dashboard', async (h) => {
  const { site, counted } = await statusSite(h);
  const text = (await new Browser().fetch(site.origin + '/oauth-status')).text;
  promtool('check', 'metrics', { input: text });
  const prometheus = await Prometheus.start(h, { targets: ['127.0.0.1:' + site.port], path: '/oauth-status', rules: [path.join(MONITORING, 'alerts.yml')] });
  await assertSignedIn(site);
  const sent = { allowed: 40, unauthenticated: 25 };
  await get(site, '/', { times: sent.allowed - 1 }); // the sign-in has led to the page
  await get(site, '/', { browser: new Browser(), times: sent.unauthenticated - 1 });
  promtool('check', 'metrics', { input: (await new Browser().fetch(site.origin + '/oauth-status')).text });
  const requests = async () => Object.fromEntries((await prometheus.query('oauth_requests_total')).map(({ metric, value }) => [metric.result, value]));
  const expected = await counted.of('oauth_requests_total');
  assert.deepEqual(expected, sent);
  await until(async () => (await requests()).allowed === sent.allowed, 'Prometheus to have scraped it', 20000);
  assert.deepEqual(await requests(), { ...sent, anonymous: 0, denied: 0 });
  assert.deepEqual((await prometheus.query('sum(oauth_logins_total{result="ok"})')).map(({ value }) => value), [1]);

  const { groups } = await prometheus.ask('rules');
  const rules = groups.flatMap((group) => group.rules);
  await until(async () => (await prometheus.ask('rules')).groups[0].rules.every(({ health }) => health === 'ok'), 'the alerts to be evaluated', 20000);
  assert.ok(rules.length >= 8);
  for (const panel of dashboard().panels) {
    for (const { expr } of panel.targets) {
      await prometheus.query(expr.replaceAll('$__rate_interval', '1m').replaceAll(/\$(instance|provider)/g, '.*'));
      for (const [name] of expr.matchAll(/oauth_\w+/g)) {
        assert.ok(text.includes('# TYPE ' + name.replace(/_bucket$/, '') + ' ') || ['oauth_sessions_active', 'oauth_provider_request_seconds_bucket'].includes(name), `${panel.title}: ${name}`);
      }
    }
  }
});

test('the alerts are raised when they should be, and not otherwise', () => {
  promtool('check', 'rules', path.join(MONITORING, 'alerts.yml'));
  promtool('check', 'config', '--syntax-only', path.join(MONITORING, 'prometheus.yml'));
  promtool('test', 'rules', path.join(ROOT, 't/e2e/lib/alerts.test.yml'));
});
