// SPDX-License-Identifier: MIT
// error_page with targets that are protected themselves: the answer has each of our headers once, and those of the answer that is shown.
import assert from 'node:assert/strict';
import { Browser } from './lib/browser.mjs';
import { assertSignedIn, beginSignIn, e2e } from './lib/harness.mjs';

const LOCATIONS = (s) => `
  location /api/ { error_page 401 /login.html; error_page 403 /denied.html; oauth_allow email=root@example.org; proxy_pass ${s.upstream.url}; }
  location /twice/ { recursive_error_pages on; error_page 401 403 /login.html; oauth_allow email=root@example.org; proxy_pass ${s.upstream.url}; }
  location /named/ { error_page 401 = @login; proxy_pass ${s.upstream.url}; }
  location @login { proxy_pass ${s.upstream.url}; }
  location = /login.html { recursive_error_pages on; error_page 401 403 /denied.html; oauth_allow email=root@example.org; proxy_pass ${s.upstream.url}; }
  location = /denied.html { oauth_allow email=root@example.org; proxy_pass ${s.upstream.url}; }`;

function assertOnce(response, what) {
  const seen = new Map();
  for (let i = 0; i < response.rawHeaders.length; i += 2) {
    const name = response.rawHeaders[i].toLowerCase();
    seen.set(name, (seen.get(name) ?? 0) + 1);
  }
  seen.delete('set-cookie');
  assert.deepEqual([...seen].filter(([, count]) => count > 1), [], what);
  assert.equal(response.headers['cache-control'], 'no-store', what);
}

e2e('a protected error_page does not double our headers', async (h) => {
  const site = await h.site({ locations: LOCATIONS });
  for (const place of ['/api/', '/twice/', '/named/']) {
    const response = await new Browser().fetch(site.origin + place);
    assert.equal(response.status, 401, place);
    assert.ok(response.headers['www-authenticate'], place);
    assertOnce(response, place);
  }
  await assertSignedIn(site);
  for (const place of ['/api/', '/twice/']) {
    const response = await site.browser.navigate(site.origin + place);
    assert.equal(response.status, 403, place);
    assertOnce(response, place + ' with a session');
    assert.equal(response.headers['www-authenticate'], undefined, 'of the last answer only');
  }
});

e2e('a redirect in place of a 401 is one, with one Location', async (h) => {
  const site = await h.site({ locations: LOCATIONS });
  const response = await new Browser().navigate(site.origin + '/named/', { follow: false });
  assert.equal(response.status, 302);
  assertOnce(response, 'named');
  assert.ok(await beginSignIn(site, { target: site.origin + '/named/' }));
});
