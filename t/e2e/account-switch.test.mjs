// SPDX-License-Identifier: MIT
// Another account, for every type of provider, against mocks that remember whom a browser has chosen and that ask with the prompts that the real ones honour:
// after a refusal by the rules, and after a sign-out.
import assert from 'node:assert/strict';
import { Upstream } from './lib/upstream.mjs';
import { e2e, hasSession } from './lib/harness.mjs';
import { isAccountForm } from './lib/providers/accounts.mjs';
import { EVERY } from './lib/providers/every.mjs';
import { identityOf } from './lib/providers/site.mjs';
import { assertPage, choose, follow, go, link, onward, promptAsked, switchSite } from './lib/switch.mjs';

function assertReached(site, response, what) {
  assert.equal(response.status, 200, `${what}: ${response.status} at ${response.url}`);
  assert.equal(response.url, site.origin + '/wanted?x=1', what);
  assert.equal(site.upstream.last.url, '/wanted?x=1', what);
  assert.equal(identityOf(site).name, 'Second Fake', what);
  assert.ok(Upstream.folded(site.upstream.last, 'Cookie').every((value) => !/oauth/.test(value)), 'none of our cookies reaches the application');
}

async function refusedFirst(site, browser) {
  const page = await choose(browser, await go(browser, site.origin + '/wanted?x=1'), 'first');
  assertPage(page, 403, 'the first account is refused');
  assert.equal(page.url, site.origin + '/wanted?x=1');
  assert.equal(site.upstream.requests.length, 0);
}

for (const row of EVERY) {
  e2e(`${row.type}: refused, uses another account and comes to the page that was wanted`, async (h) => {
    const site = await switchSite(h, row);
    const browser = site.newBrowser();
    await refusedFirst(site, browser);
    assert.equal(promptAsked(site.provider), '', 'nobody asked for another account yet');
    const again = await go(browser, site.loginUrl + '?return_to=%2Fwanted%3Fx%3D1');
    assertPage(again, 403, 'without a prompt it answers at once, for the same account');
    assert.equal(site.provider.accounts.forms, 1);

    const asks = await follow(browser, again, 'Use another account');
    assert.equal(promptAsked(site.provider), row.prompt);
    assertReached(site, await choose(browser, asks, 'second'), 'the second account');
    assert.ok(hasSession(browser));
    assert.deepEqual(site.provider.violations, []);
  });

  e2e(`${row.type}: after signing out, nobody is signed in again without being asked`, async (h) => {
    const site = await switchSite(h, row);
    const browser = site.newBrowser();
    const wanted = site.origin + '/wanted?x=1';
    assertReached(site, await choose(browser, await go(browser, wanted), 'second'), 'signed in');
    assert.equal(site.last(browser), undefined, 'one provider: nothing to remember');

    const out = await browser.navigate(site.path('logout'), { initiator: site.origin });
    assertPage(out, 200, 'signed out');
    assert.equal(new URL(out.url).pathname, '/auth/oauth/signed-out');
    assert.equal(out.history.some((hop) => new URL(hop.url).origin !== site.origin), row.endsSession, 'over the provider');
    assert.ok(!hasSession(browser), 'the session cookie is gone');
    assert.equal(site.last(browser), row.endsSession ? undefined : row.type + '!');

    const asks = await go(browser, link(out, 'Sign in again'));
    assert.ok(isAccountForm(asks), 'the provider asks, from the page');
    const opened = await go(browser, wanted);
    assert.ok(isAccountForm(opened), 'and when the site is opened again');
    assert.equal(promptAsked(site.provider), row.endsSession ? '' : row.prompt);
    assertReached(site, await choose(browser, opened, 'second'), 'signed in again');
    assert.equal(site.last(browser), row.endsSession ? undefined : row.type, 'the mark is gone');

    browser.jar.delete(/^(__Host-)?oauth(\.\d+)?$/);
    assertReached(site, await go(browser, wanted), 'and the provider answers at once');
    assert.equal(promptAsked(site.provider), '');
    assert.deepEqual(site.provider.violations, []);
  });
}

// What the mocks rest on: a wrong account_prompt is the administrator's, and leads to where it leads at the real provider.
for (const row of EVERY.filter(({ refuses, ignores }) => refuses.length + ignores.length > 0)) {
  e2e(`${row.type}: account_prompt is sent as it is given, whatever the provider makes of it`, async (h) => {
    for (const prompt of [...row.refuses, ...row.ignores]) {
      const site = await switchSite(h, row, { account: `account_prompt ${prompt};` });
      const browser = site.newBrowser();
      await refusedFirst(site, browser);
      const page = await browser.navigate(site.origin + '/wanted?x=1');
      const answer = await onward(browser, await follow(browser, page, 'Use another account'));
      assert.equal(promptAsked(site.provider), prompt);
      const refuses = row.refuses.includes(prompt);
      assertPage(answer, refuses ? row.refusedWith : 403, prompt);
      assert.equal(new URL(answer.url).pathname, refuses ? `/auth/oauth/${row.type}/callback` : '/wanted', 'an error, or the same account at once');
      assert.equal(hasSession(browser), !refuses);
      assert.equal(site.upstream.requests.length, 0);
    }
  });
}
