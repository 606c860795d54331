// SPDX-License-Identifier: MIT
// Back and Reload at every step of signing in and out, and a form that is posted when the session is gone, in Chromium.
import assert from 'node:assert/strict';
import { ALICE, MALLORY, WAYS, assertApplication, assertSignInPage, choice, fillForm, fragment, isRefused, loginField, newContext, openChromium, pageTest, otherAccount, pagesSite, path, signInAt, signOut,
  watch } from './lib/pages.mjs';

const chromium = await openChromium();
const back = (page) => page.goBack({ waitUntil: 'load' });
// Pages that Back leads to come from the browser's memory or anew; both may be.
const errorPages = (answers) => answers.filter(({ status, url }) => status >= 400 && !url.endsWith('/userinfo')).map(({ status, url }) => `${status} ${url}`);

async function begin(h, way, options) {
  const site = await pagesSite(h, options);
  const context = await newContext(h, chromium, way);
  const page = await context.newPage();
  const answers = [];
  page.on('response', (response) => {
    if (response.request().isNavigationRequest()) {
      answers.push({ status: response.status(), url: response.url() });
    }
  });
  return { site, context, page, answers, seen: watch(page) };
}

for (const way of WAYS.filter(({ language }) => language === 'en')) {
  pageTest('Back and Reload on the way in and out: ' + way.name, async (h) => {
    const { site, page, answers, seen } = await begin(h, way);
    await page.goto('about:blank');
    await page.goto(site.at('/wanted?x=1'));
    await assertSignInPage(page, site);
    await page.reload();
    await assertSignInPage(page, site);

    await choice(page, 'corp').click();
    await page.reload();
    await loginField(page).waitFor();
    await back(page);
    await assertSignInPage(page, site);
    await page.reload();
    await assertSignInPage(page, site);
    await page.goForward();
    await loginField(page).waitFor();
    await fillForm(page, ALICE);
    await assertApplication(page, '/wanted?x=1');
    await page.reload();
    await assertApplication(page, '/wanted?x=1');

    // To the sign-in page, which may go on by itself; what the visitor sees is the application or a way to it.
    for (let steps = 0; steps < 4 && page.url() !== 'about:blank'; steps++) {
      await back(page);
      await page.waitForLoadState();
      if (page.url() === 'about:blank') {
        break;
      }
      await page.locator('#application, ul li a.b, input[name=login], pre').first().waitFor();
    }
    await page.goto(site.at('/wanted?x=1'));
    await assertApplication(page, '/wanted?x=1');
    assert.deepEqual(errorPages(answers.filter(({ url }) => url.startsWith(site.origin))), []);

    await signOut(page, site);
    await page.reload();
    assert.equal(path(page), '/auth/oauth/signed-out');
    await back(page);
    await page.waitForLoadState();
    await page.goto(site.at('/auth/oauth/signed-out'));
    await page.locator('main a.b.p').click();
    await assertSignInPage(page, site);
    await page.goto(site.at('/later'));
    await assertSignInPage(page, site);
    assert.deepEqual(errorPages(answers.filter(({ url }) => url.startsWith(site.origin))), []);
    assert.deepEqual(seen.problems, []);
  });

  pageTest('Back from the application to the provider\'s form, and signing in again: ' + way.name, async (h) => {
    const { site, page, answers } = await begin(h, way);
    await page.goto(site.at('/wanted'));
    await signInAt(page, 'works');
    await assertApplication(page, '/wanted');
    const callback = answers.find(({ url }) => url.includes('/works/callback'))?.url;
    assert.ok(callback, 'the callback was seen');
    await page.goto(callback);
    await assertApplication(page, '/wanted');
    await page.goto(callback);
    await page.reload();
    await assertApplication(page, '/wanted');
    assert.deepEqual(errorPages(answers), []);
  });

  pageTest('somebody who is signed in is offered to continue: ' + way.name, async (h) => {
    const { site, page } = await begin(h, way);
    await page.goto(site.at('/wanted'));
    await signInAt(page, 'corp');
    await assertApplication(page, '/wanted');
    for (const again of [false, true]) {
      await page.goto(site.at('/auth/oauth/login?return_to=/next%3Fa=b#part'));
      if (again) {
        await page.reload();
      }
      assert.match(await page.locator('main').textContent(), /alice@example\.org/);
      const proceed = page.locator('main .on a.b.p');
      assert.equal(await proceed.count(), 1);
      await proceed.click();
      await assertApplication(page, '/next?a=b');
      assert.equal(fragment(page), way.javaScriptEnabled ? '#part' : '');
    }
    await back(page);
    await page.locator('main .on a.b.p').waitFor();
  });

  pageTest('Back and Reload on the page of a refusal: ' + way.name, async (h) => {
    const { site, page, answers } = await begin(h, way);
    await page.goto(site.at('/wanted'));
    await signInAt(page, 'corp', MALLORY);
    await isRefused(page);
    await page.reload();
    await isRefused(page);
    assert.match(await page.locator('main').textContent(), /mallory@example\.net/);
    await otherAccount(page).click();
    await loginField(page).waitFor();
    await page.reload();
    await loginField(page).waitFor();
    await back(page);
    await page.locator('main a.b').first().waitFor();
    await page.reload();
    // Mallory's session has ended with the click: the page that was wanted asks anew.
    await assertSignInPage(page, site);
    await page.goForward();
    await loginField(page).waitFor();
    await fillForm(page, ALICE);
    await assertApplication(page, '/wanted');
    assert.deepEqual([...new Set(errorPages(answers).map((line) => line.slice(0, 3)))], ['403']);
  });

  pageTest('a form that is posted without a session: ' + way.name, async (h) => {
    const { site, context, page } = await begin(h, way);
    await page.goto(site.at('/form'));
    await signInAt(page, 'corp');
    await assertApplication(page, '/form');
    const typed = 'What I wrote: "ü" <b>&';
    await page.locator('textarea').fill(typed);
    await context.clearCookies();
    const answer = page.waitForResponse((response) => response.url() === site.at('/save'));
    await page.locator('button').click();
    assert.equal((await answer).status(), 401);
    await isRefused(page, 'login_required');
    assert.equal(site.upstream.requests.filter(({ method }) => method === 'POST').length, 0);

    const opened = context.waitForEvent('page');
    await page.locator('main a.b.p[target=_blank]').click();
    const tab = await opened;
    await assertSignInPage(tab, site);
    await signInAt(tab, 'corp');
    await tab.locator('#application').waitFor();
    await back(page);
    assert.equal(await page.locator('textarea').inputValue(), typed);
    await page.locator('button').click();
    await page.locator('#application', { hasText: 'POST /save' }).waitFor();
    assert.equal(site.upstream.requests.filter(({ method }) => method === 'POST').length, 1);
  });
}
