// SPDX-License-Identifier: MIT
// Assertions that many files share: a sign-in that must fail leaves no session, does not reach the application, and is reported once in the log
// and in the answer. Also sites with one provider for each row of a table, because nginx keeps metadata and keys.
import assert from 'node:assert/strict';
import { Browser, signIn } from './browser.mjs';
import { assertError, assertNoStore, beginSignIn, hasSession, providerBlock } from './harness.mjs';

// Runs a sign-in to its callback and expects an error there. `codes` is the expected code, or several of which each is right.
export async function assertRefused(site, what, { status = 502, codes = 'token_invalid', target = site.target, userinfo = 0 } = {}) {
  const provider = site.provider;
  const browser = new Browser({ ca: site.ca });
  const callback = await beginSignIn(site, { browser, target });
  const before = { upstream: site.upstream.requests.length, userinfo: provider.count('userinfo'), token: provider.count('token') };
  const mark = site.nginx.mark();
  const response = await browser.navigate(callback, { headers: { Accept: 'application/json' }, follow: false });
  const label = what + ': ' + response.status + ' ' + response.text.slice(0, 200);
  assert.equal(response.status, status, label);
  const accepted = [codes].flat();
  const code = response.json().error;
  assert.ok(accepted.includes(code), label + ', expected ' + accepted);
  assertNoStore(response);
  assert.ok(!hasSession(browser), 'no session: ' + label);
  assert.equal(site.upstream.requests.length, before.upstream, 'the application is not reached: ' + label);
  assert.equal(provider.count('userinfo'), before.userinfo + userinfo, 'userinfo: ' + label);
  await site.nginx.waitForLine(mark, new RegExp(code));
  assert.equal(site.nginx.linesSince(mark, new RegExp('\\b' + code + '\\b')).length, 1, 'one log line: ' + label);
  return { response, browser, callback, before, lines: site.nginx.linesSince(mark) };
}

export async function assertAccepted(site, what, { target = site.target ?? site.origin + '/' } = {}) {
  const browser = new Browser({ ca: site.ca });
  const response = await signIn(browser, target);
  assert.equal(response.status, 200, what + ': ' + response.text.slice(0, 300));
  assert.ok(hasSession(browser), 'a session: ' + what);
  assert.deepEqual(site.provider.violations, [], what);
  return { browser, response };
}

// One nginx, a provider p0, p1, ... for each row. `prepare(provider, row)` sets the misbehaviour. Returns a site for each row.
export async function siteForEach(h, rows, prepare, { options = () => ({}), block = () => '', ...rest } = {}) {
  const providers = [];
  for (const row of rows) {
    const provider = await h.provider(options(row));
    prepare(provider, row);
    providers.push(provider);
  }
  const others = () => providers.slice(1).map((provider, i) => providerBlock(provider, block(rows[i + 1]), 'p' + (i + 1))).join('\n');
  const site = await h.site({ provider: providers[0], http: others, block: block(rows[0]), ...rest });
  return rows.map((row, i) => {
    const loginUrl = `${site.origin}/auth/oauth/${i === 0 ? 'test' : 'p' + i}`;
    return { ...site, provider: providers[i], row, loginUrl, target: loginUrl };
  });
}

// The sign-in fails before the provider is reached: there is no redirect and no usable sign-in cookie, and the code is as expected.
export async function assertCannotStart(site, what, codes = ['provider_error', 'provider_unreachable']) {
  const browser = new Browser();
  const response = await browser.navigate(site.loginUrl, { headers: { Accept: 'application/json' }, follow: false });
  assert.equal(response.status, 502, `${what}: ${response.status} ${response.headers.location ?? response.text.slice(0, 200)}`);
  assert.ok([codes].flat().includes(response.json().error), what + ': ' + response.text);
  assertNoStore(response);
  return response;
}

export { assertError };
