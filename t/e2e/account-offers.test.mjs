// SPDX-License-Identifier: MIT
// Locations that offer other providers than the rest of the site: no way leads in a circle, or to nowhere. Providers "corp" and "x7-internal" have users; a
// third one is there to be offered.
import assert from 'node:assert/strict';
import { e2e, providerBlock } from './lib/harness.mjs';
import { HouseMock, houseBlock } from './lib/providers/every.mjs';
import { providerSite, startMock } from './lib/providers/site.mjs';
import { link, links, plain } from './lib/switch.mjs';

const named = (page) => links(page).map(({ url }) => /^\/auth\/oauth\/([\w-]+)$/.exec(url.pathname)?.[1]).filter(Boolean);

async function offersSite(h, { server = 'oauth_providers corp;', rules = 'oauth_allow any;', places = '', location = '' } = {}) {
  const third = await h.provider();
  const [corp, works] = [await startMock(h, new HouseMock({ name: 'corp' })), await startMock(h, new HouseMock({ name: 'works' }))];
  const blocks = houseBlock(corp, 'label Corp;', 'corp') + houseBlock(works, 'label Works;', 'works') + providerBlock(third, 'label Third;', 'third');
  const site = await providerSite(h, [corp, works], { blocks, rules, server, location, locations: places });
  return Object.assign(site, { corp, works });
}

const TWO = (s) => `location /w/ { oauth_providers works third; proxy_pass ${s.upstream.url}; }`;
const ONE = (s) => `location /w/ { oauth_providers works; proxy_pass ${s.upstream.url}; } location /w/root { oauth_providers works; oauth_allow email=root@example.org; proxy_pass ${s.upstream.url}; }`;

e2e('a location with providers of its own leads to those', async (h) => {
  const site = await offersSite(h, { places: TWO });
  const browser = site.newBrowser();
  const page = await browser.navigate(site.origin + '/w/page');
  assert.deepEqual(named(page), ['works', 'third']);
  const wanted = await browser.navigate(links(page).find(({ url }) => url.pathname === '/auth/oauth/works').url);
  assert.deepEqual([wanted.status, wanted.url], [200, site.origin + '/w/page']);
  const other = await browser.navigate(site.origin + '/page');
  assert.deepEqual([other.status, other.url], [200, site.origin + '/page'], 'and the rest of the site to its own');
  const list = (query) => browser.fetch(site.origin + '/auth/oauth/providers' + query).then((answer) => answer.json().map(({ name }) => name));
  assert.deepEqual([await list(''), await list('?providers=works.third'), await list('?providers=nobody.works.works'), await list('?providers=nobody')],
    [['corp'], ['works', 'third'], ['works'], ['corp']]);
});

e2e('a sign-in page of the site is told what that location offers', async (h) => {
  const places = (s) => TWO(s) + `location = /choose { oauth off; proxy_pass ${s.upstream.url}; }`;
  const site = await offersSite(h, { server: 'oauth_providers corp; oauth_login_page /choose;', places });
  const page = await site.browser.navigate(site.origin + '/w/page?x=1');
  assert.equal(page.status, 200);
  const { pathname, searchParams } = new URL(page.url);
  assert.deepEqual([pathname, searchParams.get('providers'), searchParams.get('return_to')], ['/choose', 'works.third', '/w/page?x=1']);
});

e2e('a session that does not count there is not offered to go on with', async (h) => {
  const site = await offersSite(h, { server: '', places: TWO });
  const browser = site.newBrowser();
  await browser.navigate(site.origin + '/auth/oauth/corp?return_to=/in');
  assert.equal(site.upstream.last.url, '/in');
  const page = await browser.navigate(site.origin + '/w/page');
  assert.equal(page.status, 200);
  assert.deepEqual(named(page), ['works', 'third']);
  assert.ok(links(page).every(({ text }) => text !== 'Continue'), plain(page));
  assert.doesNotMatch(page.text, /data-w=/, 'nor does the page wait for it');
});

e2e('a refusal, a cancelled sign-in and one that took too long, for a location with a provider of its own', async (h) => {
  const site = await offersSite(h, { server: 'oauth_providers corp third; oauth_login_lifetime 1s;', places: ONE });
  const browser = site.newBrowser();
  const refused = await browser.navigate(site.origin + '/w/root');
  assert.equal(refused.status, 403);
  assert.equal(link(refused, 'Use another account').pathname, '/auth/oauth/works');
  const again = await browser.navigate(link(refused, 'Use another account'), { initiator: site.origin });
  assert.deepEqual([again.status, again.url], [403, site.origin + '/w/root'], 'works asks, and leads back');
  const cancelling = site.newBrowser();
  site.works.authorize = { error: 'access_denied' };
  const cancelled = await cancelling.navigate(site.origin + '/w/page');
  assert.equal(cancelled.status, 403);
  assert.deepEqual(named(cancelled), ['works', 'works'], 'another account, and again; no provider that does not count there');
  site.works.authorize = {};
  const wanted = await cancelling.navigate(link(cancelled, 'Try again'), { initiator: site.origin });
  assert.deepEqual([wanted.status, wanted.url], [200, site.origin + '/w/page']);
  const late = site.newBrowser();
  const { headers: { location } } = await late.navigate(site.origin + '/w/page', { follow: false });
  await new Promise((resolve) => setTimeout(resolve, 2100));
  const page = await late.navigate(location);
  assert.equal(page.status, 400);
  const then = await late.navigate(link(page, 'Try again'), { initiator: site.origin });
  assert.deepEqual([then.status, then.url], [200, site.origin + '/w/page'], 'over works');
});

e2e('an outage offers what counts at the page that was wanted', async (h) => {
  const site = await offersSite(h, { places: TWO });
  const browser = site.newBrowser();
  site.works.authorize = { error: 'server_error' };
  const page = await browser.navigate(links(await browser.navigate(site.origin + '/w/page')).find(({ url }) => url.pathname === '/auth/oauth/works').url);
  assert.equal(page.status, 502);
  assert.deepEqual(named(page), ['works', 'third']);
});

e2e('a location that offers more than the rest has its choice', async (h) => {
  const site = await offersSite(h, { places: (s) => `location /w/ { oauth_providers corp works third; proxy_pass ${s.upstream.url}; }` });
  assert.deepEqual(named(await site.browser.navigate(site.origin + '/w/page')), ['corp', 'works', 'third']);
});

e2e('programs and forms of a location are led to its own providers, and back', async (h) => {
  const site = await offersSite(h, { places: ONE });
  const { login_url: url } = (await site.browser.fetch(site.origin + '/w/api', { headers: { Referer: site.origin + '/w/app' } })).json();
  const wanted = await site.newBrowser().navigate(url);
  assert.deepEqual([wanted.status, wanted.url], [200, site.origin + '/w/app']);
  const form = await site.browser.navigate(site.origin + '/w/save', { method: 'POST', form: { a: 'b' }, headers: { Referer: site.origin + '/w/form', Origin: site.origin }, initiator: site.origin });
  assert.equal(form.status, 401);
  const back = await site.newBrowser().navigate(link(form, 'Sign in (in a new tab)'), { initiator: site.origin });
  assert.deepEqual([back.status, back.url], [200, site.origin + '/w/form']);
});

e2e('a provider that no location offers is none', async (h) => {
  for (const options of [{}, { server: '', location: 'oauth_providers corp;' }, { places: () => 'location /open/ { oauth off; oauth_providers works third; return 204; }' }]) {
    await assertOffersCorpAlone(await offersSite(h, options));
  }
});

async function assertOffersCorpAlone(site) {
  for (const name of ['works', 'third']) {
    assert.equal((await site.browser.navigate(`${site.origin}/auth/oauth/${name}`, { follow: false })).status, 404, name);
  }
  const page = await site.browser.navigate(site.origin + '/auth/oauth/login?providers=works.third', { follow: false });
  assert.ok(page.headers.location.startsWith(site.corp.issuer), 'nor by a name in the address');
}
