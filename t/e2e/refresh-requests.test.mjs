// SPDX-License-Identifier: MIT
// Whatever request it is that finds a check due, it costs one refresh, its answer brings the new cookie, and the session goes on (RF-01, RF-03).
import assert from 'node:assert/strict';
import { Browser } from './lib/browser.mjs';
import { assertSignedIn, e2e } from './lib/harness.mjs';

const JSON_PLEASE = { Accept: 'application/json' };
const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

// Of each kind: the request, and the status of its answer.
const kinds = {
  GET: {},
  HEAD: { method: 'HEAD' },
  OPTIONS: { method: 'OPTIONS' },
  'POST with a body': { method: 'POST', body: 'x'.repeat(20000) },
  'satisfy any, and nobody else lets in': { path: '/any' },
  'satisfy any, and somebody else lets in': { path: '/open' },
  'error_page to a page of the same rules': { path: '/missing', status: 404 },
  'error_page to a named location': { path: '/named-missing', status: 404 },
  'X-Accel-Redirect': { path: '/accelerated' },
  'a subrequest for each part': { path: '/parts.html' },
  'an optional location': { path: '/optional' },
  'the userinfo endpoint': { path: '/auth/oauth/userinfo' },
};

const locations = ({ upstream }) => `
  location /any { satisfy any; deny all; proxy_pass ${upstream.url}; }
  location /open { satisfy any; allow all; proxy_pass ${upstream.url}; }
  location /optional { oauth optional; proxy_pass ${upstream.url}; }
  location /missing { error_page 404 /lost; proxy_intercept_errors on; proxy_pass ${upstream.url}; }
  location /named-missing { error_page 404 @lost; proxy_intercept_errors on; proxy_pass ${upstream.url}; }
  location @lost { proxy_pass ${upstream.url}; }
  location /behind { internal; proxy_pass ${upstream.url}; }
  location /parts.html { ssi on; ssi_types *; proxy_pass ${upstream.url}; }`;

function reply(request, response) {
  if (/missing/.test(request.url)) {
    response.writeHead(404).end();
    return true;
  }
  if (request.url === '/accelerated') {
    response.writeHead(200, { 'X-Accel-Redirect': '/behind' }).end();
    return true;
  }
  if (request.url === '/parts.html') {
    response.writeHead(200, { 'Content-Type': 'text/html' }).end('<!--# include virtual="/one" --><!--# include virtual="/two" -->');
    return true;
  }
  return false;
}

for (const store of ['cookie', 'shared']) {
  e2e(`RF-01 RF-03 whatever request finds a check due (${store})`, async (h) => {
    const site = await h.site({ server: `oauth_session ${store}; oauth_refresh 5s;`, locations });
    site.upstream.reply = reply;
    const spent = ({ grant }) => [...site.provider.refreshTokens.values()].filter((each) => each.grant === grant && each.spent).length;
    const visitors = [];
    for (const [name, kind] of Object.entries(kinds)) {
      const browser = new Browser();
      await assertSignedIn(site, { browser });
      visitors.push({ name, browser, grant: site.provider.lastGrant, path: '/', method: 'GET', status: 200, ...kind });
    }
    const cookies = ({ browser }) => JSON.stringify(browser.jar.cookies.map(({ name, value }) => [name, value]));
    const isAlive = async ({ name, browser }) => assert.equal((await browser.fetch(site.origin + '/', { headers: JSON_PLEASE })).status, 200, name);
    await pause(5100);
    await Promise.all(visitors.map(async (visitor) => {
      const { name, browser, path, method, body, status } = visitor;
      const before = [spent(visitor), cookies(visitor)];
      const answer = await browser.fetch(site.origin + path, { method, body, headers: JSON_PLEASE });
      assert.equal(answer.status, status, name);
      assert.equal(spent(visitor), before[0] + 1, name);
      if (store === 'cookie') {
        assert.notEqual(cookies(visitor), before[1], name + ': the answer brings the new cookie');
        const names = (answer.headers['set-cookie'] ?? []).map((each) => each.split('=')[0]);
        assert.equal(new Set(names).size, names.length, name + ': each cookie once');
      }
      await isAlive(visitor);
      assert.equal(spent(visitor), before[0] + 1, name + ': one refresh');
    }));
    await pause(5100);
    for (const visitor of visitors) {
      const before = spent(visitor);
      await isAlive(visitor);
      assert.equal(spent(visitor), before + 1, visitor.name + ': and the next one');
    }
    assert.equal(site.provider.reuses, 0);
    assert.deepEqual(site.provider.violations, []);
  });
}
