// SPDX-License-Identifier: MIT
// A way to each page that the module has, for a browser. A page is [name, what leads to it]: (page, site) => leaves `page` there.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { makeCertificates } from './certificates.mjs';
import { application } from './pages.mjs';
import { freePort } from './ports.mjs';
import { withoutCertificatesInWorkers } from './preloads.mjs';

export const HELP = 'the help desk, helpdesk@example.org, https://help.example.org/desk or 0800 1234.';
export const LOGO = '<svg xmlns="http://www.w3.org/2000/svg" width="120" height="40" viewBox="0 0 120 40"><rect width="120" height="40" rx="6" fill="#a03"/><circle cx="20" cy="20" r="10" fill="#fff"/></svg>';

const block = (name, provider, label) => `oauth_provider ${name} oidc { label "${label}"; issuer ${provider.issuer}; client_id "${provider.clientId}"; client_secret "${provider.clientSecret}"; }`;

// One server for each look or cookie that pages depend on, all with the same two providers.
export async function gallerySite(h, folderFile) {
  const upstream = await h.upstream();
  upstream.reply = application;
  const providers = [await h.provider(), await h.provider()];
  const site = { upstream, corp: providers[0], works: providers[1], origins: {} };
  const folder = h.folder();
  const { caFile } = makeCertificates(folder);
  h.allowLog(/cannot sign anybody in/);
  const servers = {
    plain: '', help: `oauth_page_help "${HELP}"; oauth_page_title "The Wiki of Example";`, color: 'oauth_page_color "#ffd500";', logo: `oauth_page_logo ${folderFile('logo.svg', LOGO)}; oauth_page_title Wiki;`,
    strict: 'oauth_cookie samesite=strict;', store: `oauth_session redis://127.0.0.1:${await freePort()}; oauth_session_key "${randomBytes(32).toString('base64')}";`,
    german: 'oauth_page_language de;', small: 'oauth_session cookie; oauth_identity_claims groups;', narrow: 'oauth_cookie path=/auth;', broken: `oauth_http_trusted_certificate ${caFile};`, impatient: 'oauth_http_timeout 1s;' };
  const text = [];
  for (const [name, directives] of Object.entries(servers)) {
    const port = await freePort();
    site.origins[name] = 'http://127.0.0.1:' + port;
    text.push(`server { listen 127.0.0.1:${port}; oauth on; oauth_allow any; ${directives}
      location / { proxy_pass ${upstream.url}; }
      location /open { oauth off; proxy_pass ${upstream.url}; }
      location /root { oauth_allow email=root@example.org; proxy_pass ${upstream.url}; }
      location /mail { oauth_allow email=alice@example.org; proxy_pass ${upstream.url}; } }`);
  }
  site.nginx = await h.nginx(Number(new URL(site.origins.impatient).port), [block('corp', site.corp, 'Example Corporation'), block('works', site.works, 'Steinbeißer & Söhne'), ...text].join('\n'), { env: withoutCertificatesInWorkers(folder) });
  return site;
}

const signedIn = (page, origin) => page.goto(origin + '/auth/oauth/corp?return_to=/in');
const failing = (name, spoil, { wanted = '/wanted', look } = {}) => [name, async (page, { origin, origins, corp }) => {
  spoil(corp);
  await page.goto((origins[look] ?? origin) + '/auth/oauth/corp?return_to=' + wanted);
}];
// By a link on another site.
async function fromOutside(page, { origin, upstream }, address) {
  await page.goto(`http://localhost:${upstream.port}/outside`);
  await page.evaluate((url) => { location.href = url; }, origin + address);
  await page.locator('main a.b').first().waitFor();
}

export const SIGN_IN_PAGES = [
  ['sign-in', (page, { origin }) => page.goto(origin + '/wanted?x=1')],
  ['sign-in-last-used', async (page, { origin }) => {
    await page.goto(origin + '/auth/oauth/works?return_to=/in');
    await page.goto(origin + '/auth/oauth/logout');
    await page.goto(origin + '/wanted');
    await page.locator('li em').waitFor();
  }],
  ['sign-in-signed-in', async (page, { origin }) => {
    await signedIn(page, origin);
    await page.goto(origin + '/auth/oauth/login?return_to=/wanted');
  }],
];

export const REFUSALS = [
  ['refused', (page, { origin }) => page.goto(origin + '/auth/oauth/corp?return_to=/root')],
  failing('email-unverified', (corp) => { corp.user.email_verified = false; }, { wanted: '/mail' }),
  failing('access-denied', (corp) => { corp.authorize = { error: 'access_denied' }; }),
  ['expired', (page, { origin }) => page.goto(`${origin}/auth/oauth/corp/callback?code=abc&state=${'x'.repeat(43)}`)],
  ['invalid', (page, { origin }) => page.goto(origin + '/auth/oauth/corp/callback')],
  ['not-found', (page, { origin }) => page.goto(origin + '/auth/oauth/nothing')],
  ['not-allowed', (page, { origin }) => page.goto(origin + '/auth/oauth/corp/backchannel-logout')],
  ['endless', (page, { origins }) => page.goto(origins.narrow + '/out')],
  failing('session-too-large', (corp) => { corp.user.groups = Array.from({ length: 600 }, () => randomBytes(16).toString('hex')); }, { look: 'small' }),
  ['form-not-sent', async (page, { origin }) => {
    await page.goto(origin + '/open');
    await page.locator('button').click();
    await page.locator('main a.b').waitFor();
  }],
];

export const OUTAGES = [
  failing('provider-unreachable', (corp) => { corp.token = { close: true }; }),
  failing('provider-timeout', (corp) => { corp.token = { hang: true }; }, { look: 'impatient' }),
  failing('provider-error', (corp) => { corp.authorize = { error: 'server_error', description: 'out of order' }; }),
  failing('token-invalid', (corp) => { corp.token = { corrupt: true }; }),
  ['internal-error', (page, { origins }) => page.goto(origins.broken + '/wanted')],
  ['store-unavailable', (page, { origins }) => page.goto(origins.store + '/auth/oauth/corp?return_to=/in')],
];

export const GOING = [
  ['sign-out', async (page, site) => {
    await signedIn(page, site.origin);
    await fromOutside(page, site, '/auth/oauth/logout');
  }],
  ['another-account', async (page, site) => {
    await signedIn(page, site.origin);
    await fromOutside(page, site, '/auth/oauth/corp?account=other&return_to=/wanted');
  }],
  ['signed-out', async (page, { origin }) => {
    await signedIn(page, origin);
    await page.goto(origin + '/auth/oauth/logout');
  }],
  ['still-signed-in', async (page, { origin }) => {
    await signedIn(page, origin);
    await page.goto(origin + '/auth/oauth/signed-out');
  }],
  ['continue', async (page, { origins }) => {
    // The page leaves at once, so that a browser hardly shows it: here it is without what sends it on.
    const answer = await page.request.get(origins.strict + '/auth/oauth/corp?return_to=/stays', { headers: { Accept: 'text/html' } });
    const html = await answer.text();
    assert.match(html, /<meta http-equiv="refresh" content="0;url=[^"]*\/stays">/);
    await page.route('**/stays', (route) => route.fulfill({ contentType: 'text/html; charset=utf-8', body: html.replace(/<meta http-equiv[^>]*>/, '') }));
    await page.goto(origins.strict + '/stays');
    await page.locator('main a.b[href$="/stays"]').waitFor();
  }],
];
