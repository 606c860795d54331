// SPDX-License-Identifier: MIT
// Signing in, being refused, another account and signing out in Chromium, with JavaScript and without, in two languages.
import assert from 'node:assert/strict';
import { ALICE, MALLORY, WAYS, assertApplication, assertSignInPage, choice, fillForm, fragment, isRefused, loginField, newContext, openChromium, pageTest, otherAccount, pagesSite, path, signInAt, signOut,
  watch } from './lib/pages.mjs';

const chromium = await openChromium();
const FRAGMENT = '#/route?x=1&y=ü';

for (const way of WAYS) {
  pageTest('signs in, is refused, uses another account, signs out and stays out: ' + way.name, async (h) => {
    const site = await pagesSite(h);
    const context = await newContext(h, chromium, way);
    const page = await context.newPage();
    const seen = watch(page);
    await page.goto(site.at('/deep/page?x=1'));
    await assertSignInPage(page, site, way.language);
    await signInAt(page, 'corp', MALLORY);
    await isRefused(page);
    assert.equal(await page.locator('html').getAttribute('lang'), way.language);
    assert.match(await page.locator('main').textContent(), /mallory@example\.net/);
    assert.equal(site.upstream.requests.filter(({ url }) => url.startsWith('/deep')).length, 0);

    await otherAccount(page).click();
    assert.equal(new URL(page.url()).origin, site.providers.corp.issuer, 'it asks, though it remembers mallory');
    await fillForm(page, ALICE);
    await assertApplication(page, '/deep/page?x=1');

    await signOut(page, site);
    assert.equal(await page.locator('html').getAttribute('lang'), way.language);
    await page.goto(site.at('/other'));
    await assertSignInPage(page, site, way.language);
    await choice(page, 'corp').click();
    await loginField(page).waitFor();
    assert.equal(new URL(page.url()).origin, site.providers.corp.issuer, 'a provider that still knows alice is to ask');
    await fillForm(page, ALICE);
    await assertApplication(page, '/other');
    assert.deepEqual(seen.problems, []);
    assert.deepEqual(site.providers.corp.errors, []);
  });

  pageTest('a provider that ends its session asks again: ' + way.name, async (h) => {
    const site = await pagesSite(h);
    const context = await newContext(h, chromium, way);
    const page = await context.newPage();
    await page.goto(site.at('/one'));
    await signInAt(page, 'works');
    await assertApplication(page, '/one');
    await signOut(page, site);
    await page.goto(site.at('/two'));
    await assertSignInPage(page, site, way.language);
    await choice(page, 'works').click();
    await loginField(page).waitFor();
    await fillForm(page, ALICE);
    await assertApplication(page, '/two');
  });

  pageTest('three tabs: one signs in, the others go on to their own pages: ' + way.name, async (h) => {
    const site = await pagesSite(h);
    const context = await newContext(h, chromium, way);
    const tabs = [];
    for (const name of ['/a?n=1', '/b?n=2', '/c?n=3']) {
      const page = await context.newPage();
      await page.goto(site.at(name));
      await assertSignInPage(page, site, way.language);
      tabs.push({ page, name });
    }
    await signInAt(tabs[1].page, 'corp');
    await assertApplication(tabs[1].page, '/b?n=2');
    if (way.javaScriptEnabled) {
      await Promise.all([tabs[0], tabs[2]].map(({ page, name }) => assertApplication(page, name)));
      return;
    }
    // A reload offers to go on; a click on a provider that knows its user leads there, too.
    await tabs[0].page.reload();
    await tabs[0].page.locator('main .on a.b.p').click();
    await assertApplication(tabs[0].page, '/a?n=1');
    await choice(tabs[2].page, 'corp').click();
    await assertApplication(tabs[2].page, '/c?n=3');
  });

  pageTest('three sign-ins at once all end on their own pages: ' + way.name, async (h) => {
    const site = await pagesSite(h);
    const context = await newContext(h, chromium, way);
    const tabs = [];
    for (const [name, provider] of [['/a?n=1', 'corp'], ['/b?n=2', 'works'], ['/c?n=3', 'corp']]) {
      const page = await context.newPage();
      await page.goto(site.at(name));
      await choice(page, provider).click();
      await loginField(page).waitFor();
      tabs.push({ page, name });
    }
    // Two forms at once at one provider make it two sessions, of which it ends one with the token that was just issued.
    await Promise.all(tabs.slice(0, 2).map(({ page }) => fillForm(page, ALICE)));
    await fillForm(tabs[2].page, ALICE);
    for (const { page, name } of tabs) {
      await assertApplication(page, name);
    }
  });

  pageTest('a fragment over sign-in page and the provider\'s form: ' + way.name, async (h) => {
    const site = await pagesSite(h);
    const context = await newContext(h, chromium, way);
    for (const [provider, login] of [['corp', ALICE], ['works', ALICE], ['corp', MALLORY]]) {
      const page = await context.newPage();
      await context.clearCookies();
      await page.goto(site.at('/app?q=1' + FRAGMENT));
      await assertSignInPage(page, site, way.language);
      await signInAt(page, provider, login);
      if (login === MALLORY) {
        await isRefused(page);
        await otherAccount(page).click();
        await fillForm(page, ALICE);
      }
      await assertApplication(page, '/app?q=1');
      assert.ok(way.javaScriptEnabled ? fragment(page) === FRAGMENT : ['', FRAGMENT].includes(fragment(page)), `${provider} ${login}: ${page.url()}`);
      await page.close();
    }
  });
}

pageTest('a waiting tab goes on with its fragment', async (h) => {
  const site = await pagesSite(h);
  const context = await newContext(h, chromium);
  const waiting = await context.newPage();
  await waiting.goto(site.at('/waits' + FRAGMENT));
  const page = await context.newPage();
  await page.goto(site.at('/first'));
  await signInAt(page, 'works');
  await assertApplication(page, '/first');
  await assertApplication(waiting, '/waits');
  assert.equal(fragment(waiting), FRAGMENT);
});

pageTest('"try again" after an outage leads to the part of the page that was wanted', async (h) => {
  for (const wanted of ['/app?q=1', '/', '/app?return_to=%FF&my_return_to=/x']) {
    const site = await pagesSite(h, { server: 'oauth_providers corp;' });
    const page = await (await newContext(h, chromium)).newPage();
    const again = page.locator('main a.b.p');
    await site.providers.corp.stop();
    await page.goto(site.at(wanted + FRAGMENT));
    await isRefused(page, 'provider_unreachable');
    assert.equal(path(page), wanted, 'the page of the outage is at the address that was wanted');
    await again.click();
    await page.waitForURL((url) => url.pathname === '/auth/oauth/corp');
    await isRefused(page, 'provider_unreachable');
    await site.startAgain.corp();
    await again.click();
    await fillForm(page, ALICE);
    await assertApplication(page, wanted);
    assert.equal(fragment(page), FRAGMENT);
  }
});

pageTest('a sign-out link that was fetched ahead signs out', async (h) => {
  const site = await pagesSite(h);
  const page = await (await newContext(h, chromium)).newPage();
  await page.goto(site.at('/app'));
  await signInAt(page, 'corp');
  await assertApplication(page, '/app');
  const ahead = page.context().waitForEvent('response', (response) => new URL(response.url()).pathname === '/auth/oauth/logout').catch(() => undefined);
  await page.evaluate(() => {
    const rules = document.createElement('script');
    rules.type = 'speculationrules';
    rules.textContent = JSON.stringify({ prefetch: [{ urls: ['/auth/oauth/logout'], eagerness: 'immediate' }] });
    document.head.append(rules);
    const link = document.createElement('a');
    Object.assign(link, { href: '/auth/oauth/logout', id: 'leave', textContent: 'Sign out' });
    document.body.append(link);
  });
  await Promise.race([ahead, page.waitForTimeout(1000)]);
  await page.locator('#leave').click();
  await page.waitForURL((url) => url.pathname === '/auth/oauth/signed-out');
  await page.goto(site.at('/app'));
  await assertSignInPage(page, site);
});
