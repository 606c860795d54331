// SPDX-License-Identifier: MIT
// Front-channel logout with LemonLDAP::NG, as Debian has it (CONF-050, CONF-051, LO-23, T20). Its portal shows a frame for each site that somebody is signed in at. With "session required" it
// gives its own issuer and, for a sid, the user's name, which no ID token of its has told.
import assert from 'node:assert/strict';
import { Browser, readForm } from './lib/browser.mjs';
import { e2e, hasSession } from './lib/harness.mjs';
import { LemonLdap } from './lib/lemonldap.mjs';
import { freePort } from './lib/ports.mjs';

async function lemonSite(h, { sessionRequired }) {
  const upstream = await h.upstream();
  const port = await freePort();
  const origin = 'http://127.0.0.1:' + port;
  const portal = await new LemonLdap().start(await freePort(), { id: 'site', secret: 'a-secret-of-the-site', redirectUri: origin + '/auth/oauth/lemon/callback',
    postLogoutRedirectUri: origin + '/auth/oauth/signed-out', frontChannelLogoutUri: origin + '/auth/oauth/lemon/frontchannel-logout', sessionRequired });
  h.closers.push(() => portal.stop());
  await h.nginx(port, `
    oauth_provider lemon oidc { issuer ${portal.issuer}; client_id site; client_secret a-secret-of-the-site; }
    server { listen 127.0.0.1:${port}; oauth on; oauth_allow any; location / { proxy_pass ${upstream.url}; } location /bye { oauth off; return 200 bye; } }`);
  return { origin, portal, upstream };
}

async function signedIn(site, user = 'dwho') {
  const browser = new Browser();
  const page = await browser.navigate(site.origin + '/');
  assert.match(page.text, /name="password"/, page.url + ' ' + page.text.slice(0, 300) + site.portal.output);
  const response = await browser.submit(page, { user, password: user });
  assert.equal(response.status, 200, response.url + ' ' + response.text.slice(0, 300) + site.portal.output);
  assert.ok(hasSession(browser));
  return browser;
}

const lives = async (site, browser) => (await browser.fetch(site.origin + '/', { headers: { Accept: 'application/json' } })).status === 200;
const framesOf = (page) => [...page.text.matchAll(/<iframe src="([^"]*)"/g)].map(([, url]) => url.replaceAll('&amp;', '&'));

// What a browser does with the portal's page. Site and portal are one site here, as auth.example.org and app.example.org are: a frame gets the cookies.
async function loadFrames(site, browser, page) {
  const urls = framesOf(page);
  assert.equal(urls.length, 1, page.text.slice(0, 2000));
  const response = await browser.request(urls[0], { headers: { Accept: 'text/html', 'Sec-Fetch-Dest': 'iframe', 'Sec-Fetch-Mode': 'navigate', 'Sec-Fetch-Site': 'same-site', Referer: site.portal.origin + '/' } });
  assert.equal(response.status, 200, response.text);
  assert.equal(response.headers['cache-control'], 'no-store');
  assert.equal(response.headers['x-frame-options'], undefined);
  assert.match(response.headers['content-security-policy'], new RegExp('frame-ancestors ' + site.portal.origin + '$'));
  return new URL(urls[0]);
}

for (const sessionRequired of [false, true]) {
  e2e('a sign-out at the portal ends the session here' + (sessionRequired ? ', with issuer and sid' : ''), async (h) => {
    const site = await lemonSite(h, { sessionRequired });
    const [browser, other] = [await signedIn(site), await signedIn(site, 'rtyler')];
    const user = (await browser.fetch(site.origin + '/auth/oauth/userinfo')).json();
    assert.equal(user.email, 'dwho@badwolf.org');
    const copy = new Browser({ jar: browser.jar.clone() });
    const page = await browser.navigate(site.portal.origin + '/?logout=1');
    const url = await loadFrames(site, browser, page);
    assert.equal(url.searchParams.get('iss'), sessionRequired ? site.portal.issuer : null);
    assert.equal(await lives(site, browser), false);
    assert.ok(!hasSession(browser));
    assert.equal(await lives(site, copy), false, 'a copy of the cookie');
    assert.ok(await lives(site, other), 'somebody else');
    const again = await browser.navigate(site.origin + '/');
    assert.match(again.text, /name="password"/, 'the portal asks who it is');
  });
}

e2e('a sign-out here ends the portal\'s session, and comes back', async (h) => {
  const site = await lemonSite(h, { sessionRequired: false });
  const browser = await signedIn(site);
  const after = await browser.navigate(site.origin + '/auth/oauth/logout?return_to=/bye%3Fa', { initiator: site.origin });
  assert.ok(!hasSession(browser));
  // The portal shows its frames first, and goes on with a form that a script sends.
  const { action, method, fields } = readForm(after.text);
  assert.equal(method, 'GET');
  const end = await browser.navigate(new URL('?' + new URLSearchParams(fields), action), { initiator: site.portal.origin });
  assert.deepEqual([end.status, end.url], [200, site.origin + '/bye?a']);
  const again = await browser.navigate(site.origin + '/');
  assert.match(again.text, /name="password"/, 'the portal asks who it is');
});
