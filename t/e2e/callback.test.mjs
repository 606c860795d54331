// SPDX-License-Identifier: MIT
// The authorization response: CB-01 to CB-23. Whatever is not the one right answer to a sign-in of this browser never gets to the token endpoint.
import assert from 'node:assert/strict';
import { Browser, raw, signIn } from './lib/browser.mjs';
import { assertError, assertNoStore, assertSignedIn, beginSignIn, e2e, hasSession, loginCookies } from './lib/harness.mjs';
import { assertAccepted, siteForEach } from './lib/refusals.mjs';

const JSON_HEADERS = { Accept: 'application/json' };

// Begins a sign-in, lets `change` alter the callback URL, visits it, expects the error and no token request.
async function assertNotRedeemed(site, what, change, { status = 400, code, browser = new Browser(), visitor = browser } = {}) {
  const callback = new URL(await beginSignIn(site, { browser, target: site.target }));
  const url = change(callback) ?? callback;
  const before = site.provider.count('token');
  const response = await visitor.navigate(url, { headers: JSON_HEADERS, follow: false });
  assert.ok([status].flat().includes(response.status), `${what}: ${response.status} ${response.headers.location ?? response.text.slice(0, 200)}`);
  if (code) {
    assert.ok([code].flat().includes(response.json().error), what + ': ' + response.text);
    assertNoStore(response);
  }
  assert.equal(site.provider.count('token'), before, what + ': no token request');
  assert.ok(!hasSession(visitor), what + ': no session');
  return { response, url, callback };
}

const edit = (change) => (url) => { change(url.searchParams); };

e2e('CB-01 a callback without state is refused', async (h) => {
  const site = await h.site();
  await assertNotRedeemed(site, 'missing', edit((p) => p.delete('state')), { code: 'state_invalid' });
  await assertNotRedeemed(site, 'empty', edit((p) => p.set('state', '')), { code: 'state_invalid' });
  await assertNotRedeemed(site, 'no query', (url) => { url.search = ''; }, { code: 'state_invalid' });
});

e2e('CB-02 an unknown, altered or foreign state is refused', async (h) => {
  const site = await h.site();
  const options = { code: 'state_invalid' };
  await assertNotRedeemed(site, 'unknown', edit((p) => p.set('state', 'A'.repeat(43))), options);
  await assertNotRedeemed(site, 'altered', edit((p) => p.set('state', p.get('state').replace(/.$/, (c) => (c === 'A' ? 'B' : 'A')))), options);
  await assertNotRedeemed(site, 'longer', edit((p) => p.set('state', p.get('state') + 'A')), options);
  await assertNotRedeemed(site, 'shorter', edit((p) => p.set('state', p.get('state').slice(0, -1))), options);
  await assertNotRedeemed(site, 'odd characters', edit((p) => p.set('state', '<script>')), options);
  await assertNotRedeemed(site, 'other browser', () => {}, { ...options, visitor: new Browser() });
});

e2e('CB-03 a callback works once: again it leads to its page, with a session and without, and redeems nothing', async (h) => {
  const site = await h.site();
  const callback = await beginSignIn(site, { target: site.origin + '/deep?x=1' });
  const before = site.browser.jar.clone();
  const first = await site.browser.navigate(callback, { follow: false });
  assert.equal(first.status, 302);
  const again = await site.browser.navigate(callback, { follow: false });
  assert.equal(again.status, 302, again.text.slice(0, 200));
  assert.equal(new URL(again.headers.location, site.origin).href, site.origin + '/deep?x=1');
  assert.equal(site.provider.count('token'), 1);
  const other = new Browser({ jar: before });
  const replay = await other.navigate(callback, { headers: JSON_HEADERS, follow: false });
  assert.deepEqual([replay.status, new URL(replay.headers.location, site.origin).href, hasSession(other)], [302, site.origin + '/deep?x=1', false]);
  assert.equal(site.provider.count('token'), 1);
  assertError(await new Browser().navigate(callback, { headers: JSON_HEADERS, follow: false }), 400, 'state_invalid');
});

e2e('CB-04 a sign-in older than its lifetime is refused and offers another', async (h) => {
  const site = await h.site({ server: 'oauth_login_lifetime 1s;' });
  const callback = await beginSignIn(site, { target: site.origin + '/wanted?a=1' });
  await new Promise((resolve) => setTimeout(resolve, 2100));
  const response = await site.browser.navigate(callback + '&return_to=https://evil.test/', { headers: JSON_HEADERS, follow: false });
  assertError(response, 400, 'state_invalid');
  assert.ok(!response.text.includes('evil.test'));
  assert.equal(response.json().login_url, site.origin + '/auth/oauth/login?return_to=%2Fwanted%3Fa%3D1', 'its cookie outlives it');
  assert.equal(site.provider.count('token'), 0);
  await assertSignedIn(site);
  const late = await site.browser.navigate(callback, { follow: false });
  assert.deepEqual([late.status, late.headers.location], [302, site.origin + '/wanted?a=1'], 'and with a session it leads there at once');
});

e2e('the back button, a double click and two callbacks at once lead to the page of that sign-in', async (h) => {
  const site = await h.site({ workers: 2 });
  const pages = ['/first?x=%2F', '/second#part'];
  const callbacks = [];
  for (const page of pages) {
    callbacks.push(await beginSignIn(site, { target: site.origin + '/auth/oauth/login?return_to=' + encodeURIComponent(page) }));
  }
  const visit = (callback) => site.browser.navigate(callback, { follow: false });
  for (let round = 0; round < 2; round++) { // the second round is the back button
    for (const [i, callback] of callbacks.entries()) {
      const answers = await Promise.all([visit(callback), visit(callback), visit(callback)]);
      assert.deepEqual(answers.map((answer) => [answer.status, answer.headers.location]), Array(3).fill([302, site.origin + pages[i]]), `round ${round}, ${pages[i]}`);
    }
  }
  assert.equal(site.provider.count('token'), 2, 'each code was redeemed once');
  assert.equal((await site.browser.fetch(site.origin + '/')).status, 200);
});

e2e('CB-05 a code that is missing, empty, huge or not printable ASCII is refused', async (h) => {
  const site = await h.site();
  const options = { code: 'request_invalid' };
  await assertNotRedeemed(site, 'missing', edit((p) => p.delete('code')), options);
  await assertNotRedeemed(site, 'empty', edit((p) => p.set('code', '')), options);
  await assertNotRedeemed(site, '5 000 bytes', edit((p) => p.set('code', 'a'.repeat(5000))), options);
  await assertNotRedeemed(site, '100 KB', edit((p) => p.set('code', 'a'.repeat(100000))), { status: [400, 414] });
  for (const value of ['%00', 'a%0d%0aX-Evil:%201', '%c3%a9', '%7f', '%ff']) {
    await assertNotRedeemed(site, value, (url) => new URL(url.href.replace(/code=[^&]*/, 'code=' + value)), options);
  }
  await assertAccepted(site, 'a code with / + % = and ~ comes through unaltered');
});

e2e('CB-06 a protocol parameter given twice is refused', async (h) => {
  const site = await h.site();
  for (const name of ['code', 'state', 'iss', 'error']) {
    const twice = edit((p) => { const value = p.get(name) ?? site.provider.issuer; p.delete(name); p.append(name, value); p.append(name, value); });
    await assertNotRedeemed(site, name, twice, { code: ['request_invalid', 'state_invalid'] });
  }
  await assertNotRedeemed(site, 'encoded name', (url) => new URL(url.href + '&%63ode=b'), { code: 'request_invalid' });
});

// RFC 6749 3.1: "Parameters sent without a value MUST be treated as if they were omitted from the request".
e2e('a protocol parameter without a value is as good as absent', async (h) => {
  const site = await h.site();
  for (const name of ['error', 'id_token', 'access_token']) {
    const browser = new Browser();
    const url = new URL(await beginSignIn(site, { browser }));
    url.searchParams.delete(name);
    const answer = await browser.navigate(new URL(`${url.href}&${name}=`), { headers: JSON_HEADERS, follow: false });
    assert.equal(answer.status, 302, name + ': ' + answer.text);
    await assertNotRedeemed(site, name + ' twice', edit((p) => { p.delete(name); p.append(name, ''); p.append(name, ''); }), { code: 'request_invalid' });
  }
  await assertNotRedeemed(site, 'code', edit((p) => p.set('code', '')), { code: 'request_invalid' });
});

e2e('CB-07 a refusal by the provider is shown once, without its words, and without a loop', async (h) => {
  const site = await h.site();
  site.provider.authorize = { error: 'access_denied', description: '<script>alert(1)</script>"\'&' };
  const page = await site.browser.navigate(site.origin + '/');
  assert.equal(page.status, 403, page.text.slice(0, 200));
  assert.doesNotMatch(page.text, /<script>alert|alert\(1\)<\/script>/);
  assertNoStore(page);
  assert.deepEqual(loginCookies(site.browser), [], 'the sign-in is over');
  assertError(await site.browser.navigate(page.url, { headers: JSON_HEADERS, follow: false }), 400, 'state_invalid');
  for (const [error, status, code] of [['access_denied', 403, 'access_denied'], ['server_error', 502, 'provider_error'], ['login_required', 403, 'access_denied'],
    ['user_cancelled_login', 403, 'access_denied'], ['user_cancelled_authorize', 403, 'access_denied'], ['consent_required', 403, 'access_denied'],
    ['interaction_required', 403, 'access_denied'], ['x\r\ny', 502, 'provider_error']]) {
    site.provider.authorize = { error };
    const browser = new Browser();
    const callback = await beginSignIn(site, { browser });
    assertError(await browser.navigate(callback, { headers: JSON_HEADERS, follow: false }), status, code);
  }
  assert.equal(site.provider.count('token'), 0);
});

e2e('CB-08 an error beside a code is an error', async (h) => {
  const site = await h.site();
  await assertNotRedeemed(site, 'both', edit((p) => p.set('error', 'server_error')), { status: 502, code: 'provider_error' });
});

const supportsIss = (metadata) => ({ ...metadata, authorization_response_iss_parameter_supported: true });

e2e('CB-09 CB-12 the right iss is accepted, whether announced or not', async (h) => {
  const [announced, silent] = await siteForEach(h, [true, false], (provider, row) => {
    provider.discovery.alter = row ? supportsIss : undefined;
    provider.authorize = { iss: 'right' };
  });
  await assertAccepted(announced, 'announced', { target: announced.loginUrl });
  await assertAccepted(silent, 'not announced', { target: silent.loginUrl });
});

e2e('CB-10 CB-12 another iss is refused, whether announced or not', async (h) => {
  const sites = await siteForEach(h, [true, false], (provider, row) => { provider.discovery.alter = row ? supportsIss : undefined; });
  const wrong = [(iss) => 'https://evil.test', (iss) => iss + '/', (iss) => iss.replace('http', 'HTTP'), (iss) => iss.replace(/\d+$/, '1'), (iss) => iss.slice(0, -1), () => ''];
  for (const site of sites) {
    for (const value of wrong) {
      const iss = value(site.provider.issuer);
      await assertNotRedeemed(site, 'iss ' + iss, edit((p) => p.set('iss', iss)), { code: 'request_invalid' });
    }
  }
});

e2e('CB-11 an announced iss that is missing is refused', async (h) => {
  const provider = await h.provider();
  provider.discovery.alter = supportsIss;
  const site = await h.site({ provider });
  await assertNotRedeemed(site, 'no iss', () => {}, { code: 'request_invalid' });
});

e2e('CB-13 CB-19 tokens in the query are refused, tokens in a fragment go nowhere', async (h) => {
  const site = await h.site();
  await assertNotRedeemed(site, 'access_token', edit((p) => p.set('access_token', 'x')), { code: 'request_invalid' });
  await assertNotRedeemed(site, 'id_token', edit((p) => p.set('id_token', 'x.y.z')), { code: 'request_invalid' });
  await assertNotRedeemed(site, 'instead of a code', edit((p) => { p.delete('code'); p.set('access_token', 'x'); }), { code: 'request_invalid' });
  const callback = await beginSignIn(site);
  const response = await site.browser.navigate(callback + '#access_token=evil', { follow: false });
  assert.equal(response.status, 302);
  assert.doesNotMatch(response.headers.location, /access_token|#/);
});

async function postCallback(site, { type = 'application/x-www-form-urlencoded', change = (body) => body, headers = {} } = {}) {
  const browser = new Browser();
  const page = await browser.navigate(site.origin + '/');
  const body = change(site.provider.authorizationAnswer(site.provider.lastGrant).toString());
  const all = { ...JSON_HEADERS, ...(type ? { 'Content-Type': type } : {}), ...headers };
  assert.match(page.text, /<form/);
  return { browser, response: await browser.navigate(site.callbackUrl, { method: 'POST', body, headers: all, follow: false, initiator: site.provider.origin }) };
}

e2e('CB-14 the callback is taken by the method that was asked for', async (h) => {
  const query = await h.site();
  const body = new URL(await beginSignIn(query)).searchParams.toString();
  const post = await query.browser.navigate(query.callbackUrl, { method: 'POST', body, headers: { 'Content-Type': 'application/x-www-form-urlencoded' }, follow: false });
  assert.ok([400, 405].includes(post.status), 'POST with query: ' + post.status);
  const form = await h.site({ block: 'response_mode form_post;' });
  await form.browser.navigate(form.origin + '/');
  const parameters = form.provider.authorizationAnswer(form.provider.lastGrant);
  const get = await form.browser.navigate(form.callbackUrl + '?' + parameters, { headers: JSON_HEADERS, follow: false });
  assert.ok([400, 405].includes(get.status), 'GET with form_post: ' + get.status);
  assert.equal(query.provider.count('token') + form.provider.count('token'), 0);
});

e2e('CB-15 form_post is a urlencoded form and nothing else', async (h) => {
  const site = await h.site({ block: 'response_mode form_post;' });
  const { response, browser } = await postCallback(site);
  assert.equal(response.status, 303, response.text.slice(0, 200));
  assert.ok(hasSession(browser));
  const redeemed = site.provider.count('token');
  const bad = [{ type: 'multipart/form-data; boundary=x' }, { type: 'text/plain' }, { type: 'application/json' }, { type: '' }, { type: 'application/x-www-form-urlencodedx' },
    { headers: { 'Content-Encoding': 'gzip' }, change: () => 'not gzip' }, { change: () => '' }, { change: (text) => text + '&code=x' }];
  for (const options of bad) {
    const answer = await postCallback(site, options);
    assert.ok([400, 415].includes(answer.response.status), JSON.stringify(options) + ' ' + answer.response.status);
    assert.ok(!hasSession(answer.browser));
  }
  assert.equal(site.provider.count('token'), redeemed);
  const chunked = await postCallback(site, { headers: { 'Transfer-Encoding': 'chunked' } });
  assert.ok([303, 400, 411].includes(chunked.response.status), 'chunked: ' + chunked.response.status);
});

e2e('CB-16 a form that is too large or too slow is cut off', async (h) => {
  const site = await h.site({ block: 'response_mode form_post;', server: 'client_max_body_size 100m; client_body_timeout 1s;' });
  const head = 'POST /auth/oauth/test/callback HTTP/1.1\r\nHost: 127.0.0.1:' + site.port + '\r\nContent-Type: application/x-www-form-urlencoded\r\nAccept: application/json\r\n';
  const large = await raw(site.port, head + 'Content-Length: 10485760\r\nConnection: close\r\n\r\ncode=' + 'a'.repeat(70000), { end: /\r\n\r\n/ });
  assert.match(large, /^HTTP\/1\.1 4(13|00) /);
  const slow = await raw(site.port, head + 'Content-Length: 100\r\n\r\ncode=', { milliseconds: 8000 });
  assert.match(slow, /^(HTTP\/1\.1 4(08|00) |$)/);
  const endless = await raw(site.port, head + 'Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n' + ('4000\r\n' + 'a'.repeat(0x4000) + '\r\n').repeat(8), { end: /\r\n\r\n/ });
  assert.match(endless, /^HTTP\/1\.1 4(13|00|11) /);
  assert.equal(site.provider.count('token'), 0);
});

e2e('CB-17 only the exact path is the callback', async (h) => {
  const site = await h.site();
  for (const path of ['/auth/oauth/test/callback/', '/auth/oauth/test/callback/x', '/auth/oauth/test/Callback', '/auth/oauth/test/callback.', '/auth/oauth/test/callback;x',
    '/auth/oauth/Test/callback', '/auth/oauth/test/callbackx', '/auth/oauth/test/callback%2f', '/auth/oauth/test/callback%00', '/auth/oauth/unknown/callback']) {
    const status = path.endsWith('%00') ? [400, 404] : 404;
    await assertNotRedeemed(site, path, (url) => new URL(url.href.replace('/auth/oauth/test/callback', path)), { status });
  }
});

e2e('CB-18 CB-22 success leads to the page that was asked for, says nothing of the code, and ignores what it does not know', async (h) => {
  const site = await h.site();
  const callback = await beginSignIn(site, { target: site.origin + '/deep/page?a=1&b=%2F%2F' });
  const response = await site.browser.navigate(callback + '&session_state=x&authuser=0&hd=example.org&scope=openid&prompt=none', { follow: false });
  assert.equal(response.status, 302, response.text.slice(0, 200));
  assertNoStore(response);
  assert.equal(new URL(response.headers.location, site.origin).href, site.origin + '/deep/page?a=1&b=%2F%2F');
  assert.doesNotMatch(response.headers.location, /code|state/);
  assert.equal(response.headers['referrer-policy'], 'no-referrer');
  assert.equal(loginCookies(site.browser).length, 1, 'which still tells the way');
  assert.equal((await site.browser.navigate(response.headers.location.startsWith('/') ? site.origin + response.headers.location : response.headers.location)).status, 200);
});

e2e('CB-20 a sign-in as somebody else replaces the session', async (h) => {
  const site = await h.site();
  await assertSignedIn(site);
  const old = site.browser.jar.get('oauth').value;
  site.provider.user = { sub: 'bob-2', email: 'bob@example.org', email_verified: true };
  const response = await signIn(site.browser, site.loginUrl + '?return_to=/x');
  assert.equal(response.status, 200);
  assert.notEqual(site.browser.jar.get('oauth').value, old);
  const user = (await site.browser.fetch(site.origin + '/auth/oauth/userinfo')).json();
  assert.equal(user.sub, 'test|bob-2');
});

e2e('CB-21 early data cannot redeem a code twice', async (h) => {
  const site = await h.site();
  const callback = await beginSignIn(site);
  const replayed = new Browser({ jar: site.browser.jar.clone() });
  const first = await site.browser.navigate(callback, { headers: { 'Early-Data': '1' }, follow: false });
  assert.ok([302, 425].includes(first.status), String(first.status));
  await replayed.navigate(callback, { headers: { 'Early-Data': '1' }, follow: false });
  assert.ok(site.provider.count('token') <= 1);
});

e2e('CB-23 HEAD and prefetch do not use up the sign-in', async (h) => {
  const site = await h.site();
  const callback = await beginSignIn(site);
  const copy = () => new Browser({ jar: site.browser.jar.clone() });
  await copy().navigate(callback, { method: 'HEAD', follow: false });
  await copy().navigate(callback, { headers: { 'Sec-Purpose': 'prefetch' }, follow: false });
  await copy().navigate(callback, { headers: { 'Sec-Purpose': 'prefetch;prerender' }, follow: false });
  await copy().navigate(callback, { headers: { Purpose: 'prefetch' }, follow: false });
  await copy().navigate(callback, { headers: { 'X-Moz': 'prefetch' }, follow: false });
  assert.equal(site.provider.count('token'), 0);
  const response = await site.browser.navigate(callback);
  assert.equal(response.status, 200);
  assert.ok(hasSession(site.browser));
});

e2e('what a browser asks for in advance begins no sign-in', async (h) => {
  const site = await h.site();
  const purposes = [{ 'Sec-Purpose': 'prefetch' }, { Purpose: 'prefetch' }, { 'X-Moz': 'prefetch' }, { 'Sec-Purpose': 'prefetch;prerender', Purpose: 'x' }, { 'X-Purpose': 'preview' }];
  for (const headers of purposes) {
    for (const [url, status] of [[site.origin + '/', 401], [site.loginUrl, 400], [site.origin + '/auth/oauth/login', 400]]) {
      const browser = new Browser();
      const response = await browser.navigate(url, { headers, follow: false });
      assert.equal(response.status, status, url + JSON.stringify(headers));
      assert.deepEqual(browser.jar.names(), []);
      assertNoStore(response);
    }
  }
  assert.equal(site.provider.count('discovery') + site.provider.count('authorize'), 0);
  await assertAccepted(site, 'the visitor himself');
  assert.equal((await site.browser.navigate(site.origin + '/', { headers: { 'X-Moz': 'prefetch' } })).status, 401, 'another browser');
});
