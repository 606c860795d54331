// SPDX-License-Identifier: MIT
// oauth_step_up: a page that asks for a stronger or more recent sign-in gets it once, or says that it could not be had; nothing goes in circles
// (IDT-18, IDT-19, AR-16). Programs get the challenge of RFC 9470.
import assert from 'node:assert/strict';
import { Browser, providerLinks, signIn } from './lib/browser.mjs';
import { assertSignedIn, e2e, hasSession, providerBlock } from './lib/harness.mjs';
import { configTest } from './lib/nginx.mjs';
import { OidcProvider } from './lib/oidc-provider.mjs';
import { freePort } from './lib/ports.mjs';
import { assertAccepted, assertRefused } from './lib/refusals.mjs';
import { Upstream } from './lib/upstream.mjs';

const locations = (line) => (site) => `location /admin { ${line} proxy_pass ${site.upstream.url}; }`;
const now = () => Math.floor(Date.now() / 1000);
const claims = (provider, changes) => {
  provider.token.claims = (all, grant) => ({ ...all, ...(typeof changes === 'function' ? changes(grant) : changes) });
};

// Signed in without it, at /; /admin asks for more.
async function steppable(h, line, options = {}) {
  const site = await h.site({ locations: locations(line), ...options });
  site.authorizations = () => site.provider.requests.authorize;
  return site;
}

e2e('IDT-19 somebody who is signed in is sent to the provider once, and comes back to the page', async (h) => {
  const site = await steppable(h, 'oauth_step_up acr=urn:gold,urn:silver;');
  claims(site.provider, { acr: 'urn:bronze' });
  await assertSignedIn(site);
  claims(site.provider, { acr: 'urn:silver' });
  const page = await site.browser.navigate(site.origin + '/admin/x?y=1');
  assert.deepEqual([page.status, page.json().url], [200, '/admin/x?y=1']);
  assert.equal(site.authorizations().length, 2);
  assert.equal(site.authorizations()[1].parameters.get('acr_values'), 'urn:gold urn:silver');
  assert.ok(!site.authorizations()[0].parameters.has('acr_values'));
  for (const path of ['/admin', '/', '/admin/z']) {
    assert.equal((await site.browser.navigate(site.origin + path)).status, 200);
  }
  assert.equal(site.authorizations().length, 2, 'nobody is asked again');
});

e2e('IDT-19 a provider that does not fulfil it: 403, a way on, and no loop', async (h) => {
  const site = await steppable(h, 'oauth_step_up acr=urn:gold;');
  await assertSignedIn(site);
  for (const [what, changes] of [['no acr', {}], ['another', { acr: 'urn:bronze' }], ['a longer one', { acr: 'urn:gold2' }], ['another case', { acr: 'urn:GOLD' }], ['a list', { acr: ['urn:gold'] }]]) {
    claims(site.provider, changes);
    const before = site.authorizations().length;
    const mark = site.nginx.mark();
    const page = await site.browser.navigate(site.origin + '/admin');
    assert.equal(page.status, 403, what + page.text.slice(0, 200));
    assert.match(page.text, /stronger/, what);
    assert.match(page.text, /href="[^"]*\/admin"/, 'try again');
    assert.match(page.text, /account=other/, 'another account');
    assert.equal(site.authorizations().length, before + 1, what + ': asked once');
    assert.equal(site.nginx.linesSince(mark, /policy_denied.*oauth_step_up/).length, 1, what);
    assert.equal((await site.browser.navigate(site.origin + '/')).status, 200, 'the session there is as before');
    assert.equal(site.authorizations().length, before + 1);
  }
  claims(site.provider, { acr: 'urn:gold' });
  assert.equal((await site.browser.navigate(site.origin + '/admin')).status, 200, 'tried again');
  const { nginx, upstream } = site;
  assert.equal(upstream.requests.filter(({ url }) => url === '/admin').length, 1);
  assert.ok(!nginx.log().includes('urn:bronze'), 'no value of a claim is in the log');
});

e2e('IDT-19 the first sign-in asks for it at once', async (h) => {
  const site = await steppable(h, 'oauth_step_up acr=urn:gold max_age=5m;');
  claims(site.provider, { acr: 'urn:gold' });
  assert.equal((await site.browser.navigate(site.origin + '/admin')).status, 200);
  assert.equal(site.authorizations().length, 1);
  assert.deepEqual(['acr_values', 'max_age'].map((name) => site.authorizations()[0].parameters.get(name)), ['urn:gold', '300']);
  const other = new Browser();
  claims(site.provider, {});
  assert.equal((await other.navigate(site.origin + '/admin')).status, 403);
  assert.ok(!hasSession(other), 'and what does not fulfil it is no session');
});

e2e('IDT-18 a session that is too old, or of an unknown time, is renewed; an answer that is, too, is refused', async (h) => {
  const site = await steppable(h, 'oauth_step_up max_age=2m;', { server: 'oauth_clock_skew 10s;' });
  const cases = [['too old', { auth_time: now() - 131 }], ['unknown', { auth_time: undefined }], ['a text', { auth_time: String(now()) }], ['0', { auth_time: 0 }],
    ['in the future', { auth_time: now() + 600 }], ['in milliseconds', { auth_time: Date.now() }]];
  for (const [what, changes] of cases) {
    const browser = new Browser();
    claims(site.provider, changes);
    await assertAccepted(site, what, {});
    assert.equal((await signIn(browser, site.origin + '/')).status, 200);
    const before = site.authorizations().length;
    assert.equal((await browser.navigate(site.origin + '/admin')).status, 403, what);
    assert.equal(site.authorizations().length, before + 1, what);
    claims(site.provider, {});
    assert.equal((await browser.navigate(site.origin + '/admin')).status, 200, what);
    assert.equal(site.authorizations().at(-1).parameters.get('max_age'), '120');
    assert.equal((await browser.navigate(site.origin + '/admin')).status, 200);
    assert.equal(site.authorizations().length, before + 2);
  }
  claims(site.provider, { auth_time: now() + 600 });
  assert.equal((await new Browser().navigate(site.origin + '/admin')).status, 403, 'in the future');
  claims(site.provider, { auth_time: now() - 125 });
  assert.equal((await new Browser().navigate(site.origin + '/admin')).status, 200, 'within the skew');
});

e2e('programs with a session get the challenge of RFC 9470, and no redirect', async (h) => {
  const site = await steppable(h, 'oauth_step_up acr=urn:gold acr=urn:silver max_age=5m;', { locations: (each) => `
    location /admin { oauth_step_up acr=urn:gold acr=urn:silver max_age=5m; proxy_pass ${each.upstream.url}; }
    location /gate { internal; oauth_step_up acr=urn:gold; return 204; }
    location /gated { oauth off; auth_request /gate; proxy_pass ${each.upstream.url}; }
    location /open { oauth optional; oauth_step_up acr=urn:gold; proxy_pass ${each.upstream.url}; }` });
  await assertSignedIn(site);
  const answer = await site.browser.fetch(site.origin + '/admin');
  assert.equal(answer.status, 401);
  assert.equal(answer.headers['www-authenticate'], 'Bearer error="insufficient_user_authentication", acr_values="urn:gold urn:silver", max_age="300"');
  assert.match(answer.json().message, /stronger/);
  const posted = await site.browser.navigate(site.origin + '/admin', { method: 'POST', form: { a: 'b' }, initiator: site.origin, follow: false });
  assert.equal(posted.status, 401);
  assert.match(posted.text, /not sent/);
  assert.match(posted.headers['www-authenticate'], /^Bearer error="insufficient_user_authentication"/);
  for (const headers of [{ 'Sec-Purpose': 'prefetch' }, { 'Content-Type': 'application/grpc' }, { Upgrade: 'websocket', Connection: 'Upgrade' }]) {
    const other = await site.browser.navigate(site.origin + '/admin', { headers, follow: false });
    assert.equal(other.status, 401, JSON.stringify(headers));
    assert.match(other.headers['www-authenticate'], /^Bearer error="insufficient_user_authentication"/);
    assert.deepEqual(other.setCookies, [], 'no sign-in begins');
  }
  assert.match((await new Browser().fetch(site.origin + '/admin')).headers['www-authenticate'], /^Bearer realm=/, 'without a session as ever');
  assert.equal((await site.browser.fetch(site.origin + '/gated')).status, 401, 'a subrequest');
  const open = await site.browser.fetch(site.origin + '/open');
  assert.equal(open.status, 200);
  assert.deepEqual(Upstream.folded(site.upstream.last, 'X-OAuth-Identity'), [], 'where it is optional: without a name');
  assert.equal(site.authorizations().length, 1);
});

const hrefs = ({ text }) => [...text.matchAll(/href="([^"]*)"/g)].map(([, href]) => href.replaceAll('&amp;', '&'));

e2e('a script or a form of a page that asks for less: the way that the answer offers leads to the sign-in that is needed, and back to that page', async (h) => {
  const site = await steppable(h, '', { locations: (each) => `location /api/ { oauth_step_up acr=urn:gold max_age=5m; proxy_pass ${each.upstream.url}; }` });
  const asked = () => ['acr_values', 'max_age'].map((name) => site.authorizations().at(-1).parameters.get(name));
  const own = { Referer: site.origin + '/app?x=1' };
  const posted = () => site.browser.navigate(site.origin + '/api/pay', { method: 'POST', form: { a: 'b' }, initiator: site.origin, headers: own, follow: false });
  for (const [what, offer] of [
    ['a script', async () => (await site.browser.fetch(site.origin + '/api/a%20b%2525?q=1', { headers: own })).json().login_url],
    ['a form', async () => hrefs(await posted()).find((href) => href.includes('/auth/oauth/'))],
  ]) {
    claims(site.provider, {});
    await assertSignedIn(site, { target: site.loginUrl + '?return_to=/' });
    const link = await offer();
    assert.ok(link, what);
    const refused = await site.browser.navigate(link);
    assert.equal(refused.status, 403, what);
    assert.match(refused.text, /stronger/, what);
    assert.deepEqual(asked(), ['urn:gold', '300'], what);
    claims(site.provider, { acr: 'urn:gold' });
    const back = await site.browser.navigate(link);
    assert.deepEqual([back.status, back.json().url], [200, '/app?x=1'], what);
    assert.equal((await posted()).status, 200, what);
  }
  const unknown = await new Browser().fetch(site.origin + '/api/x');
  await site.browser.navigate(unknown.json().login_url, { follow: true });
  assert.deepEqual(asked(), ['urn:gold', '300'], 'somebody who is not signed in is not sent twice');
});

e2e('what a sign-in has to fulfil is what the location of its page asks for, as nginx finds it, and nothing that the query says', async (h) => {
  const site = await steppable(h, '', { locations: (each) => `
    location /admin/ { oauth_step_up acr=urn:gold; proxy_pass ${each.upstream.url}; location /admin/open/ { oauth_step_up off; } }
    location ~ \\.secret$ { oauth_step_up acr=urn:silver; proxy_pass ${each.upstream.url}; }
    location = /gate { internal; oauth_step_up acr=urn:gate; return 204; }
    location /public/ { oauth off; oauth_step_up acr=urn:never; }
    location /returns { oauth_step_up acr=urn:returned; return 302 https://elsewhere.test/; }
    location /gated { oauth off; auth_request /gate; error_page 401 = @login; proxy_pass ${each.upstream.url}; }
    location @login { return 302 /auth/oauth/login?step_up=/gate&return_to=$uri; }` });
  const asked = async (query, path = 'test') => new URL((await new Browser().navigate(`${site.origin}/auth/oauth/${path}?${query}`, { follow: false })).headers.location).searchParams.getAll('acr_values').join();
  const wanted = { '/admin/x': 'urn:gold', '/admin': 'urn:gold', '/%61dmin//x?y=/public/': 'urn:gold', '/public/../admin/': 'urn:gold', '/admin/#/public/': 'urn:gold', '/admin/open/x': '', '/a/b.secret': 'urn:silver', '/gate': 'urn:gate', '/public/x': '', '/returns': 'urn:returned', '/': '', '/else': '',
    '//admin.test/admin/': '', 'https://evil.test/admin/': '', '/%zz': '', '/%00': '', ['/admin/' + 'x'.repeat(3000)]: '' };
  for (const [page, acr] of Object.entries(wanted)) {
    for (const path of ['test', 'login']) {
      assert.equal(await asked('return_to=' + encodeURIComponent(page), path), acr, page.slice(0, 40));
      assert.equal(await asked('step_up=' + encodeURIComponent(page), path), acr, page.slice(0, 40));
    }
  }
  assert.equal(await asked('step_up=/&return_to=/admin/'), '', 'the page that is named');
  assert.equal(await asked('acr_values=evil&step_up=urn:evil&max_age=1'), '');
  await assertSignedIn(site, { target: site.origin + '/else' });
  const refused = await site.browser.navigate(site.origin + '/gated');
  assert.equal(refused.status, 403, 'no loop: ' + refused.history.map(({ url }) => url).join(' '));
  claims(site.provider, { acr: 'urn:gate' });
  assert.equal((await site.browser.navigate(site.origin + '/gated')).status, 200, 'a gate of the location, by the page that sends to the sign-in');
});

e2e('of several providers: what a page asks for is asked of those that it offers, also by way of the page to choose at', async (h) => {
  const other = await h.provider({});
  const site = await steppable(h, '', { http: () => providerBlock(other, 'label Other;', 'other'), locations: (each) => `
    location /both { oauth_step_up acr=urn:gold; proxy_pass ${each.upstream.url}; }
    location /one { oauth_providers other; oauth_step_up acr=urn:silver; proxy_pass ${each.upstream.url}; }` });
  const links = providerLinks(await new Browser().navigate(site.origin + '/both'));
  for (const [name, link] of Object.entries(links)) {
    const begun = await new Browser().navigate(link, { follow: false });
    assert.equal(new URL(begun.headers.location).searchParams.get('acr_values'), 'urn:gold', name);
  }
  const unknown = await new Browser().fetch(site.origin + '/both');
  const chosen = providerLinks(await new Browser().navigate(unknown.json().login_url));
  const begun = await new Browser().navigate(chosen.test, { follow: false });
  assert.equal(new URL(begun.headers.location).searchParams.get('acr_values'), 'urn:gold');
  for (const [name, acr] of [['other', 'urn:silver'], ['test', null]]) {
    const { headers } = await new Browser().navigate(`${site.origin}/auth/oauth/${name}?return_to=/one`, { follow: false });
    assert.equal(new URL(headers.location).searchParams.get('acr_values'), acr, name);
  }
  for (const [name, { base }] of Object.entries({ test: site.provider, other })) {
    const browser = new Browser();
    await signIn(browser, site.origin + '/', { provider: name });
    assert.ok((await browser.navigate(site.origin + '/both', { follow: false })).headers.location.startsWith(base + '/authorize?'), 'to the provider of the session');
    assert.ok((await browser.fetch(site.origin + '/both')).json().login_url.startsWith(`${site.origin}/auth/oauth/${name}?`));
  }
});

e2e('IDT-19 a provider that says itself that it cannot: 403 as for an answer that does not fulfil it', async (h) => {
  const site = await steppable(h, 'oauth_step_up acr=urn:gold;');
  await assertSignedIn(site);
  site.provider.authorize.error = 'unmet_authentication_requirements';
  const page = await site.browser.navigate(site.origin + '/admin');
  assert.equal(page.status, 403);
  assert.match(page.text, /stronger/);
  assert.match((await site.browser.navigate(site.loginUrl)).text, /not signed in/, 'where nothing of that kind was asked for');
  await site.nginx.waitForLine(0, /policy_denied.*unmet_authentication_requirements/);
  assert.equal((await site.browser.navigate(site.origin + '/')).status, 200, 'the session from before');
  site.provider.authorize.iss = 'https://other.example';
  const mixed = await site.browser.navigate(site.origin + '/admin');
  assert.equal(mixed.status, 400, 'the word of another provider is none');
  assert.doesNotMatch(mixed.text, /stronger/);
});

e2e('step-up comes before the rules, is inherited, and can be off', async (h) => {
  const site = await steppable(h, '', { server: 'oauth_step_up acr=urn:gold;', locations: (each) => `
    location /plain { oauth_step_up off; proxy_pass ${each.upstream.url}; }
    location /shadow { oauth_policy_mode shadow; proxy_pass ${each.upstream.url}; }
    location /both { oauth_allow acr=urn:gold; proxy_pass ${each.upstream.url}; }` });
  assert.equal((await site.browser.navigate(site.origin + '/plain')).status, 200);
  assert.equal((await site.browser.fetch(site.origin + '/shadow')).status, 401);
  claims(site.provider, { acr: 'urn:gold' });
  assert.equal((await site.browser.navigate(site.origin + '/both')).status, 200);
  assert.equal((await site.browser.navigate(site.origin + '/x')).status, 200);
  assert.equal(site.authorizations().length, 2);
});

e2e('AR-16 IDT-18 max_age of authorize_param with a variable is enforced, and what no number is lets nobody in', async (h) => {
  const site = await h.site({ block: 'authorize_param max_age $age;', http: 'map $uri $age { default 60; /any ""; /never soon; }', server: 'oauth_clock_skew 10s;' });
  claims(site.provider, { auth_time: now() - 90 });
  const { lines } = await assertRefused(site, 'too old', { target: site.origin + '/' });
  assert.match(lines.join('\n'), /auth_time is too long ago/);
  assert.equal(site.provider.requests.authorize[0].parameters.get('max_age'), '60');
  assert.equal((await new Browser().navigate(site.origin + '/any')).status, 200, 'an empty one is not sent');
  await assertRefused(site, 'no number', { target: site.origin + '/never' });
  claims(site.provider, {});
  assert.equal((await new Browser().navigate(site.origin + '/')).status, 200);
  assert.equal((await new Browser().navigate(site.origin + '/?max_age=9999&acr_values=x', { follow: true })).status, 200);
  assert.equal(site.provider.requests.authorize.at(-1).parameters.get('max_age'), '60', 'AR-11 nothing of the query gets there');
});

e2e('AR-10 AR-11 resource, claims, acr_values, login_hint and ui_locales, fixed and with variables', async (h) => {
  const site = await h.site({ block: `authorize_param resource https://api.example/; authorize_param claims '{"id_token":{"acr":null}}'; authorize_param acr_values urn:a;
    authorize_param login_hint $http_x_hint; authorize_param ui_locales $lang;`, http: 'map $http_accept_language $lang { default "de en"; }' });
  const query = '?resource=evil&claims=evil&acr_values=evil&login_hint=evil&ui_locales=evil&max_age=0&prompt=none&state=evil&redirect_uri=https://evil.example/';
  for (const target of [site.origin + '/' + query, site.loginUrl + query]) {
    await site.browser.navigate(target, { follow: false, headers: { 'X-Hint': 'ann@example.org' } }).then((begun) => {
      const asked = new URL(begun.headers.location).searchParams;
      for (const [name, value] of Object.entries({ resource: 'https://api.example/', claims: '{"id_token":{"acr":null}}', acr_values: 'urn:a', login_hint: 'ann@example.org', ui_locales: 'de en', redirect_uri: site.callbackUrl })) {
        assert.deepEqual(asked.getAll(name), [value]);
      }
      assert.ok(!asked.has('max_age') && !asked.has('prompt') && !begun.headers.location.includes('evil'));
      for (const name of new Set(asked.keys())) {
        assert.equal(asked.getAll(name).length, 1, name);
      }
    });
  }
});

const block = (type, extra = '') => `oauth_provider p ${type} { client_id c; client_secret s3cr3t-of-the-test-3f; ${extra} }`;
const OIDC = block('oidc', 'issuer https://id.example.org;');
const conf = (provider, line) => configTest(`${provider}\nserver { listen 127.0.0.1:1; oauth on; oauth_allow any;\n${line}\n}`);

e2e('AR-10 nginx -t: one parameter for two reasons', async () => {
  for (const extra of ['authorize_param a $uri; authorize_param a $args;', 'authorize_param a b; authorize_param a $uri;', 'prompt login; authorize_param prompt consent;', 'authorize_param max_age soon;']) {
    const refused = conf(block('oidc', 'issuer https://id.example.org; ' + extra), '');
    assert.notEqual(refused.code, 0, extra);
    assert.match(refused.stderr, /given twice|same parameter|"soon", accepted: seconds/, extra);
  }
});

e2e('nginx -t: oauth_step_up says what it takes, and which providers can fulfil it', async () => {
  const values = (count) => Array.from({ length: count }, (_, i) => 'acr=urn:' + i).join(' ');
  for (const line of [values(16), 'acr=' + 'a'.repeat(256), 'acr=urn:a', 'acr=urn:a,urn:b', 'acr=urn:a acr=urn:b max_age=5m', 'acr=urn:a urn:b', 'max_age=1h', 'off']) {
    assert.equal(conf(OIDC, `oauth_step_up ${line};`).code, 0, line + conf(OIDC, `oauth_step_up ${line};`).stderr);
  }
  for (const line of [values(17), 'acr=' + 'a'.repeat(257), '', 'acr=', 'acr=a,', 'acr=a acr=a', 'acr=$http_x_acr', '"acr=a b"', '\'acr=a"b\'', 'max_age=0', 'max_age=soon', 'max_age=5m max_age=6m', 'max-age=5m', 'urn:a', 'off acr=a', 'acr=a max_age=']) {
    const refused = conf(OIDC, `oauth_step_up ${line};`);
    assert.notEqual(refused.code, 0, line);
    assert.match(refused.stderr, /"oauth_step_up".*nginx\.conf:\d+/, line);
  }
  const types = [[block('github'), 'acr=a'], [block('github'), 'max_age=5m'], [block('google'), 'max_age=5m'], [block('gitlab'), 'acr=a'], [block('azure-ad', 'tenant common;'), 'acr=a'],
    [block('oauth2', 'authorization_endpoint https://a.example/a; token_endpoint https://a.example/t; userinfo_endpoint https://a.example/u;'), 'max_age=5m']];
  for (const [provider, line] of types) {
    const refused = conf(provider, `oauth_step_up ${line};`);
    assert.notEqual(refused.code, 0, provider);
    assert.match(refused.stderr, /"oauth_step_up": provider "p" of type .* cannot fulfil .*accepted: providers of the types .*oidc.*nginx\.conf:\d+/, provider);
  }
});

e2e('the certified provider: acr by acr_values, and max_age asks for the password again', async (h) => {
  const upstream = await h.upstream();
  const port = await freePort();
  const origin = 'http://127.0.0.1:' + port;
  const provider = await new OidcProvider({ acrValues: ['urn:mfa'] }).start(await freePort(), [{ client_id: 'site', client_secret: 'a secret of the site', grant_types: ['authorization_code'],
    redirect_uris: [origin + '/auth/oauth/test/callback'], response_types: ['code'], require_auth_time: true }]);
  h.closers.push(() => provider.stop());
  await h.nginx(port, `
    oauth_provider test oidc { issuer ${provider.issuer}; client_id site; client_secret "a secret of the site"; }
    server { listen 127.0.0.1:${port}; oauth on; oauth_allow any; oauth_clock_skew 0;
      location / { proxy_pass ${upstream.url}; }
      location /admin { oauth_step_up acr=urn:mfa; proxy_pass ${upstream.url}; }
      location /fresh { oauth_step_up max_age=2s; proxy_pass ${upstream.url}; } }`);
  const browser = new Browser();
  assert.equal((await signIn(browser, origin + '/')).status, 200);
  const denied = await browser.navigate(origin + '/admin');
  assert.equal(denied.status, 403, denied.url + denied.text.slice(0, 300));
  provider.acr = 'urn:mfa';
  await new Promise((resolve) => setTimeout(resolve, 3100));
  const fresh = await signIn(browser, origin + '/fresh');
  assert.deepEqual([fresh.status, new URL(fresh.url).pathname], [200, '/fresh'], fresh.text.slice(0, 300));
  const admin = await browser.navigate(origin + '/admin');
  assert.deepEqual([admin.status, new URL(admin.url).pathname], [200, '/admin'], admin.text.slice(0, 300));
  assert.deepEqual(provider.errors, []);
});
