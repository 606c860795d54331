// SPDX-License-Identifier: MIT
// The pages between two accounts and two providers: who else asks for another account is asked back, every way on leads to the page that was wanted,
// and what is named are labels. Two providers that remember their users: "corp" and "x7-internal".
import assert from 'node:assert/strict';
import { e2e, hasSession, loginCookies } from './lib/harness.mjs';
import { isAccountForm } from './lib/providers/accounts.mjs';
import { HouseMock, houseBlock, SECOND } from './lib/providers/every.mjs';
import { providerSite, startMock, untilCallback } from './lib/providers/site.mjs';
import { Upstream } from './lib/upstream.mjs';
import { assertPage, choose, follow, go, link, links, plain, promptAsked, switchSite } from './lib/switch.mjs';

const WANTED = '/wanted?x=1&y=%C3%BC';
const INTERNAL = 'x7-internal';
const users = (base) => ({ first: { ...base, sub: base.sub + '-a', name: 'First Fake' }, second: { ...base, sub: base.sub + '-b', name: SECOND, email: 'two@example.org' } });

// Both mocks, on loopback: each with a port of its own.
async function twoSite(h, { parameters = '', http = '', ...options } = {}) {
  const mocks = [];
  for (const name of ['corp', INTERNAL]) {
    const mock = await startMock(h, new HouseMock({ name }));
    mocks.push(mock.hasAccounts(users({ ...mock.user, sub: name })));
  }
  const blocks = houseBlock(mocks[0], 'label "Example Corp";' + parameters, 'corp') + houseBlock(mocks[1], 'label "Söhne & <Co>";', INTERNAL);
  const site = await providerSite(h, mocks, { blocks: blocks + http, rules: 'oauth_allow "name=Second Fake";', ...options });
  [site.corp, site.internal] = mocks;
  site.last = (browser) => browser.jar.get((site.origin.startsWith('https') ? '__Host-oauth' : 'oauth') + '_last')?.value;
  site.wanted = site.origin + WANTED;
  return site;
}

const withReturn = (site, name, extra = '') => `${site.loginUrlOf(name)}?${extra}return_to=${encodeURIComponent(WANTED)}`;
const assertLeadsTo = (url, expected) => assert.deepEqual([url.origin + url.pathname, [...url.searchParams].sort()], [new URL(expected).origin + new URL(expected).pathname,
  [...new URL(expected).searchParams].sort()]);
const startsAt = async (site, browser, name = 'corp') => onPage(await browser.navigate(site.wanted), browser, name);
const onPage = (page, browser, name) => browser.navigate(links(page).find(({ url }) => url.pathname === '/auth/oauth/' + name).url);

async function signedIn(site, browser, account = 'second', name = 'corp') {
  const response = await choose(browser, await startsAt(site, browser, name), account);
  assert.equal(response.status, account === 'second' ? 200 : 403, plain(response));
  assert.equal(response.url, site.wanted);
  return response;
}

const FOREIGN = [
  ['another site', { 'Sec-Fetch-Site': 'cross-site' }], ['another host of the domain', { 'Sec-Fetch-Site': 'same-site' }],
  ['a browser that does not say', { 'Sec-Fetch-Site': '' }], ['a page of another site', { 'Sec-Fetch-Site': '', Referer: 'https://evil.test/' }],
  ['a picture of ours', { 'Sec-Fetch-Site': 'same-origin', 'Sec-Fetch-Dest': 'image' }],
];

e2e('account=other from elsewhere ends no session, but asks back', async (h) => {
  const site = await twoSite(h);
  const browser = site.newBrowser();
  await signedIn(site, browser);
  for (const [what, headers] of FOREIGN) {
    const sent = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, value || undefined]));
    const before = site.corp.count('authorize');
    const request = { Accept: 'text/html', 'Sec-Fetch-Mode': 'navigate', 'Sec-Fetch-Dest': 'document', ...sent };
    Object.keys(request).forEach((name) => request[name] === undefined && delete request[name]);
    const page = await browser.request(withReturn(site, 'corp', 'account=other&'), { headers: request });
    assertPage(page, 200, what);
    assert.match(plain(page), /Use another account\?.*You are signed in .*two@example\.org \(Example Corp\)/, what);
    assertLeadsTo(link(page, 'Stay signed in'), site.wanted);
    assert.ok(hasSession(browser) && page.setCookies.length === 0, what);
    assert.equal(site.corp.count('authorize'), before, what);
    assert.equal((await follow(browser, page, 'Stay signed in')).status, 200, 'stays signed in, at the page that was wanted');
    assert.equal(site.upstream.last.url, WANTED);
  }
});

e2e('account=other, confirmed on our page or asked by a page of ours, ends the session and has the provider ask', async (h) => {
  const site = await twoSite(h);
  for (const confirmed of [true, false]) {
    const browser = site.newBrowser();
    await signedIn(site, browser);
    const copy = site.newBrowser();
    copy.jar = browser.jar.clone();
    const url = withReturn(site, 'corp', 'account=other&');
    const asks = confirmed ? await follow(browser, await browser.navigate(url, { initiator: 'https://evil.test' }), 'Use another account') : await browser.navigate(url, { initiator: site.origin });
    assert.ok(isAccountForm(asks), plain(asks));
    assert.equal(promptAsked(site.corp), 'login');
    assert.ok(!hasSession(browser), 'ended at once, and not only when somebody signs in');
    assert.equal((await copy.fetch(site.wanted)).status, 401, 'a copy of the cookie is worth nothing');
    const wanted = await choose(browser, asks, 'second');
    assert.deepEqual([wanted.status, wanted.url], [200, site.wanted]);
  }
});

e2e('a confirmation is good for the session it was shown to, and nobody else knows it', async (h) => {
  const site = await twoSite(h);
  const [one, other] = [site.newBrowser(), site.newBrowser()];
  await signedIn(site, one);
  await signedIn(site, other);
  const page = await one.navigate(withReturn(site, 'corp', 'account=other&'), { initiator: 'https://evil.test' });
  const stolen = await other.navigate(link(page, 'Use another account'), { initiator: 'https://evil.test' });
  assertPage(stolen, 200, 'it is asked again');
  assert.ok(hasSession(other));
  link(stolen, 'Stay signed in');
});

e2e('account=other for nobody: the provider is asked to ask, from wherever the link came', async (h) => {
  const site = await twoSite(h);
  for (const initiator of [undefined, site.origin, 'https://evil.test']) {
    const browser = site.newBrowser();
    assert.ok(isAccountForm(await browser.navigate(withReturn(site, 'corp', 'account=other&'), { initiator })));
    assert.equal(promptAsked(site.corp), 'login');
  }
});

e2e('account=other is not asked ahead of time', async (h) => {
  const site = await twoSite(h);
  const browser = site.newBrowser();
  await signedIn(site, browser);
  for (const [method, headers] of [['HEAD', {}], ['GET', { 'Sec-Purpose': 'prefetch' }]]) {
    await browser.navigate(withReturn(site, 'corp', 'account=other&'), { method, headers, initiator: site.origin, follow: false });
    assert.ok(hasSession(browser), method);
    assert.equal((await browser.fetch(site.wanted)).status, 200, method);
  }
});

e2e('account_prompt replaces every other prompt, and only with account=other', async (h) => {
  for (const [parameters, first, then] of [['account_prompt select_account;', '', 'select_account'], ['prompt consent;', 'consent', 'login'],
    ['account_prompt "select_account consent"; authorize_param prompt consent;', 'consent', 'select_account consent']]) {
    const site = await twoSite(h, { parameters });
    const browser = site.newBrowser();
    await signedIn(site, browser);
    assert.equal(promptAsked(site.corp), first, parameters);
    await browser.navigate(withReturn(site, 'corp', 'account=other&'), { initiator: site.origin });
    assert.equal(promptAsked(site.corp), then, parameters);
  }
});

e2e('cancelled at the provider: another account, again, and the other providers, all with the page that was wanted', async (h) => {
  const site = await twoSite(h);
  site.corp.authorize = { error: 'access_denied', description: 'no' };
  const browser = site.newBrowser();
  const page = await startsAt(site, browser);
  assertPage(page, 403, 'access_denied');
  assert.match(plain(page), /Example Corp did not allow it/);
  assertLeadsTo(link(page, 'Use another account'), withReturn(site, 'corp', 'account=other&'));
  assertLeadsTo(link(page, 'Try again'), withReturn(site, 'corp'));
  assertLeadsTo(link(page, 'Sign in with Söhne &amp; &lt;Co&gt;'), withReturn(site, INTERNAL));
  assert.deepEqual([loginCookies(browser), hasSession(browser)], [[], false]);
  assert.doesNotMatch(plain(page), /x7-internal/);
  site.corp.authorize = {};
  const wanted = await choose(browser, await follow(browser, page, 'Use another account'), 'second');
  assert.deepEqual([wanted.status, wanted.url], [200, site.wanted]);
  site.corp.authorize = { error: 'access_denied' };
  const { url } = await untilCallback(site, site.newBrowser(), { loginUrl: site.loginUrlOf('corp') });
  assert.match(url, /error=access_denied/);
});

for (const [what, break_, status] of [['no connection for the metadata', (site) => site.corp.stop(), 502], ['no token', (site) => { site.corp.token = { close: true }; }, 502],
  ['no answer for a token', (site) => { site.corp.token = { hang: true }; }, 504]]) {
  e2e(`a provider that is away: ${what}: again, and the other providers, with the page that was wanted`, async (h) => {
    const site = await twoSite(h, { server: 'oauth_http_timeout 1s;' });
    const browser = site.newBrowser();
    await break_(site);
    let page = await startsAt(site, browser);
    page = isAccountForm(page) ? await choose(browser, page, 'second') : page;
    assertPage(page, status, what);
    assert.match(plain(page), /Example Corp (cannot be reached|does not answer)/);
    assertLeadsTo(link(page, 'Try again'), withReturn(site, 'corp'));
    assertLeadsTo(link(page, /^Sign in with S/), withReturn(site, INTERNAL));
    assert.doesNotMatch(plain(page), /x7-internal/);
    const wanted = await choose(browser, await follow(browser, page, /^Sign in with S/), 'second');
    assert.deepEqual([wanted.status, wanted.url], [200, site.wanted]);
  });
}

e2e('a sign-in that took too long is tried again, and leads to the page that was wanted', async (h) => {
  const site = await twoSite(h, { server: 'oauth_login_lifetime 1s;' });
  const browser = site.newBrowser();
  const asks = await startsAt(site, browser);
  await new Promise((resolve) => setTimeout(resolve, 2100));
  const page = await choose(browser, asks, 'second');
  assertPage(page, 400, 'too late');
  const again = link(page, 'Try again');
  assert.equal(again.searchParams.get('return_to'), WANTED);
  assert.equal(site.corp.count('token'), 0);
  const choice = await browser.navigate(again);
  const wanted = await go(browser, links(choice).find(({ url }) => url.pathname === '/auth/oauth/corp').url);
  assert.deepEqual([wanted.status, wanted.url], [200, site.wanted]);
});

e2e('the page of a refusal names the provider by its label, never by its name', async (h) => {
  const site = await twoSite(h);
  const browser = site.newBrowser();
  const page = await signedIn(site, browser, 'first', INTERNAL);
  assert.match(plain(page), /one@example\.org \(Söhne &amp; &lt;Co&gt;\)/);
  assert.doesNotMatch(plain(page), /x7-internal/);
  assertLeadsTo(link(page, 'Sign in with Example Corp'), withReturn(site, 'corp'));
  const json = (await browser.fetch(site.wanted, { headers: { Accept: 'application/json' } })).json();
  assert.equal(json.error, 'policy_denied');
  assert.doesNotMatch(json.message, /x7-internal/);
  assert.match(json.message, /Söhne & <Co>/);
});

e2e('the provider chosen last comes first on the sign-in page', async (h) => {
  for (const secure of [false, true]) {
    const site = await twoSite(h, { secure });
    const browser = site.newBrowser();
    const order = async () => links(await browser.navigate(site.origin + '/auth/oauth/login?return_to=%2Fz')).map(({ url, inside }) => url.pathname.split('/').at(-1) + (/<em>/.test(inside) ? '*' : ''));
    assert.deepEqual(await order(), ['corp', INTERNAL]);
    await signedIn(site, browser, 'second', INTERNAL);
    assert.equal(site.last(browser), INTERNAL);
    const cookie = browser.jar.cookies.find(({ name }) => name.endsWith('oauth_last'));
    assert.deepEqual([cookie.httpOnly, cookie.sameSite, cookie.path, cookie.secure, cookie.hostOnly], [true, 'lax', '/', secure, true]);
    assert.ok(cookie.maxAge > 86400, 'it outlives the session');
    browser.jar.set('theirs', 'kept', site.origin);
    await browser.fetch(site.wanted);
    assert.deepEqual(Upstream.folded(site.upstream.last, 'Cookie').join('; ').split('; ').filter((pair) => !pair.startsWith('provider_user')), ['theirs=kept'], 'the application never sees it');
    browser.jar.delete(/oauth(\.\d+)?$/);
    assert.deepEqual(await order(), [INTERNAL + '*', 'corp']);
    await signedIn(site, browser, 'second', 'corp');
    browser.jar.delete(/oauth(\.\d+)?$/);
    assert.deepEqual(await order(), ['corp*', INTERNAL]);
    browser.jar.set(cookie.name, '"><b>no</b>', site.origin);
    browser.jar.cookies.find(({ name }) => name === cookie.name).value = 'nobody';
    assert.deepEqual(await order(), ['corp', INTERNAL], 'what it says decides nothing else');
  }
});

e2e('only the callback remembers the provider, and only where there are several', async (h) => {
  const site = await twoSite(h);
  const browser = site.newBrowser();
  const asks = await startsAt(site, browser);
  assert.equal(site.last(browser), undefined, 'chosen, but not signed in');
  const callback = await choose(browser, asks, 'second');
  assert.deepEqual(callback.history.filter(({ setCookies }) => setCookies.some((line) => /oauth_last=corp/.test(line))).map(({ url }) => new URL(url).pathname), ['/auth/oauth/corp/callback']);
  browser.jar.delete(/^oauth$/);
  const again = await onPage(await browser.navigate(site.wanted), browser, 'corp');
  assert.ok(again.history.every(({ setCookies }) => setCookies.every((line) => !/oauth_last/.test(line))), 'nothing new to remember');
  const one = await switchSite(h, { type: 'oidc', users: users(new HouseMock().user), make: () => new HouseMock(), site: (mock) => ({ blocks: houseBlock(mock) }) });
  const alone = one.newBrowser();
  await choose(alone, await go(alone, one.origin + '/'), 'second');
  assert.ok(hasSession(alone));
  assert.equal(one.last(alone), undefined);
});

e2e('after a sign-out no provider that this browser has used answers without asking', async (h) => {
  const site = await twoSite(h);
  const out = (browser) => browser.navigate(site.origin + '/auth/oauth/logout', { initiator: site.origin });
  const assertAsks = async (browser, name, what) => assert.ok(isAccountForm(await startsAt(site, browser, name)), what);
  const both = site.newBrowser();
  await signedIn(site, both);
  await out(both);
  await signedIn(site, both, 'second', INTERNAL);
  await out(both);
  await assertAsks(both, 'corp', 'signed out of one, and then of the other');

  const replaced = site.newBrowser();
  await signedIn(site, replaced);
  await choose(replaced, await replaced.navigate(withReturn(site, INTERNAL)), 'second');
  await out(replaced);
  await assertAsks(replaced, 'corp', 'one session in place of another');

  const expired = site.newBrowser();
  await signedIn(site, expired);
  expired.jar.delete(/oauth(\.\d+)?$/);
  await out(expired);
  await assertAsks(expired, 'corp', 'whose session was over already');

  const foreign = site.newBrowser();
  await signedIn(site, foreign);
  await out(foreign);
  await foreign.navigate(site.origin + '/auth/oauth/logout', { initiator: 'https://evil.test' });
  await foreign.navigate(withReturn(site, INTERNAL, 'account=other&'));
  await assertAsks(foreign, 'corp', 'a link elsewhere, and a change of accounts that was given up');
});

e2e('a change of accounts that was given up: the provider asks when it is tried again', async (h) => {
  const site = await twoSite(h);
  const browser = site.newBrowser();
  await signedIn(site, browser);
  site.corp.authorize = { error: 'access_denied' };
  const cancelled = await browser.navigate(withReturn(site, 'corp', 'account=other&'), { initiator: site.origin });
  assertPage(cancelled, 403, 'cancelled');
  site.corp.authorize = {};
  assert.ok(isAccountForm(await follow(browser, cancelled, 'Try again')), 'though it knows the first account');
  const outage = await twoSite(h);
  await outage.corp.stop(); // before it was asked for its metadata
  const away = await outage.newBrowser().navigate(withReturn(outage, 'corp', 'account=other&'), { initiator: outage.origin });
  assertPage(away, 502, 'no metadata');
  assertLeadsTo(link(away, 'Try again'), withReturn(outage, 'corp', 'account=other&'));
});

e2e('after a sign-out the mark is that of the provider that was left, and no other is asked to ask', async (h) => {
  const site = await twoSite(h);
  const browser = site.newBrowser();
  await signedIn(site, browser);
  await browser.navigate(site.origin + '/auth/oauth/logout', { initiator: site.origin });
  assert.equal(site.last(browser), 'corp!');
  await startsAt(site, browser, INTERNAL);
  assert.equal(promptAsked(site.internal), '');
  const page = await browser.navigate(site.wanted);
  assert.match(links(page)[0].inside, /Example Corp.*<em>/s, 'and it comes first');
  assert.ok(isAccountForm(await onPage(page, browser, 'corp')));
  assert.equal(promptAsked(site.corp), 'login');
});
