// SPDX-License-Identifier: MIT
// The sign-in page in Chromium: the provider that was used last, the keyboard alone, long names on a narrow screen, what it asks of the network, its size.
import assert from 'node:assert/strict';
import zlib from 'node:zlib';
import { ALICE, assertApplication, assertSignInPage, choice, fillForm, loginField, newContext, openChromium, pageTest, pagesSite, signInAt, signOut, watch } from './lib/pages.mjs';

const chromium = await openChromium();
const LONG = 'W'.repeat(120) + ' Universitätsklinikum für Kinder- und Jugendpsychiatrie, Außenstelle Süd';

const offered = (page) => page.locator('ul li a.b').evaluateAll((links) => links.map((link) => ({ name: new URL(link.href).pathname.split('/').pop(), isLast: Boolean(link.querySelector('em')),
  isPrimary: link.classList.contains('p') })));

for (const javaScriptEnabled of [true, false]) {
  pageTest(`the provider that was used last comes first, ${javaScriptEnabled ? 'with' : 'without'} JavaScript`, async (h) => {
    const site = await pagesSite(h);
    const page = await (await newContext(h, chromium, { javaScriptEnabled })).newPage();
    await page.goto(site.at('/wanted'));
    assert.deepEqual(await offered(page), [{ name: 'corp', isLast: false, isPrimary: false }, { name: 'works', isLast: false, isPrimary: false }]);
    await signInAt(page, 'works');
    await assertApplication(page, '/wanted');
    await signOut(page, site);
    await page.goto(site.at('/wanted'));
    const first = { name: 'works', isLast: true, isPrimary: true };
    assert.deepEqual(await offered(page), [first, { name: 'corp', isLast: false, isPrimary: false }]);
    await signInAt(page, 'corp');
    await assertApplication(page, '/wanted');
    await signOut(page, site);
    await page.goto(site.at('/wanted'));
    assert.deepEqual((await offered(page)).map(({ name, isLast }) => [name, isLast]), [['corp', true], ['works', false]]);
  });
}

// What has the focus, and whether one sees it.
const focused = (page) => page.evaluate(() => {
  const element = document.activeElement;
  const style = getComputedStyle(element);
  const box = element.getBoundingClientRect();
  return { tag: element.tagName, name: element.href && new URL(element.href).pathname.split('/').pop(), outline: style.outlineStyle === 'none' ? 0 : parseFloat(style.outlineWidth),
    isInView: box.top >= 0 && box.bottom <= innerHeight && box.width > 0 };
});

pageTest('the keyboard alone signs in', async (h) => {
  const site = await pagesSite(h, { server: 'oauth_page_help "ask help@example.org";' });
  const page = await (await newContext(h, chromium)).newPage();
  await page.goto(site.at('/wanted'));
  const order = [];
  for (let presses = 0; presses < 3; presses++) {
    await page.keyboard.press('Tab');
    const place = await focused(page);
    assert.equal(place.tag, 'A');
    assert.ok(place.outline >= 2, JSON.stringify(place));
    assert.ok(place.isInView, JSON.stringify(place));
    order.push(place.name);
  }
  assert.deepEqual(order.slice(0, 2), ['corp', 'works'], 'as they are shown');
  await page.keyboard.press('Shift+Tab');
  await page.keyboard.press('Enter');
  await loginField(page).waitFor();
  assert.equal(new URL(page.url()).origin, site.providers.works.issuer);
  await page.keyboard.press('Tab');
  await page.keyboard.type(ALICE);
  await page.keyboard.press('Enter');
  await assertApplication(page, '/wanted');
});

pageTest('long names wrap on a narrow screen', async (h) => {
  const site = await pagesSite(h, { labels: [LONG, 'Donaudampfschifffahrtsgesellschaftskapitänsmützenfabrik'], server: `oauth_page_title "${'Handbuch'.repeat(20)}"; oauth_page_help "${'a'.repeat(200)}@example.org";` });
  const page = await (await newContext(h, chromium, { viewport: { width: 320, height: 640 } })).newPage();
  await page.goto(site.at('/wanted'));
  await signInAt(page, 'corp');
  await assertApplication(page, '/wanted');
  await page.goto(site.at('/auth/oauth/login'));
  await signOut(page, site);
  for (const address of ['/wanted', '/auth/oauth/nothing', '/auth/oauth/corp/callback', '/auth/oauth/signed-out']) {
    await page.goto(site.at(address));
    for (const width of [320, 256, 1280]) {
      await page.setViewportSize({ width, height: 640 });
      const found = await page.evaluate(() => {
        const frame = document.querySelector('main').getBoundingClientRect();
        const outside = [...document.querySelectorAll('main *')].filter((element) => {
          const box = element.getBoundingClientRect();
          return box.right > frame.right + 0.5 || box.left < frame.left - 0.5;
        });
        return { sideways: document.documentElement.scrollWidth - document.documentElement.clientWidth, outside: outside.map((element) => element.outerHTML.slice(0, 80)) };
      });
      assert.deepEqual(found, { sideways: 0, outside: [] }, `${address} at ${width}`);
    }
  }
});

pageTest('it asks nobody else, says nothing on the console, and is small', async (h) => {
  const site = await pagesSite(h);
  const page = await (await newContext(h, chromium)).newPage();
  const seen = watch(page);
  await page.addInitScript(() => {
    globalThis.violations = [];
    document.addEventListener('securitypolicyviolation', (event) => globalThis.violations.push(event.violatedDirective + ' ' + event.blockedURI));
  });
  const answer = await page.goto(site.at('/wanted#part'));
  await assertSignInPage(page, site);
  const body = await answer.body();
  assert.ok(zlib.gzipSync(body).length < 10240, `${body.length} bytes, compressed ${zlib.gzipSync(body).length}`);
  await page.waitForRequest((request) => request.url().endsWith('/auth/oauth/userinfo'));
  await page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 300)));
  assert.deepEqual(await page.evaluate(() => globalThis.violations), []);
  assert.deepEqual(seen.problems, []);
  assert.deepEqual([...new Set(seen.requests.map((url) => new URL(url).origin))], [site.origin]);
  const policy = answer.headers()['content-security-policy'] ?? (await (await page.request.get(site.at('/auth/oauth/login'))).headers()['content-security-policy']);
  assert.match(policy, /default-src 'none'/);
  assert.doesNotMatch(policy, /unsafe|\*|https?:/);
  await choice(page, 'corp').click();
  await fillForm(page, ALICE);
  await assertApplication(page, '/wanted');
});

pageTest('a tab that waits asks less and less often, and not while it is hidden', async (h) => {
  const site = await pagesSite(h);
  const page = await (await newContext(h, chromium)).newPage();
  // Time that passes at once, and the delays that were asked for.
  await page.addInitScript(() => {
    globalThis.delays = [];
    const wait = globalThis.setTimeout;
    globalThis.setTimeout = (then, delay) => {
      globalThis.delays.push(delay);
      return wait(then, 5);
    };
  });
  const asked = [];
  page.on('request', (request) => request.url().endsWith('/auth/oauth/userinfo') && asked.push(request));
  await page.goto(site.at('/wanted'));
  await page.waitForFunction(() => globalThis.delays.length > 14);
  const delays = await page.evaluate(() => globalThis.delays.slice(0, 14));
  assert.ok(delays[0] >= 1000, 'not at once: ' + delays);
  assert.deepEqual(delays, [...delays].sort((a, b) => a - b), 'ever longer');
  assert.ok(delays.at(-1) >= 30000 && delays.at(-1) <= 120000, 'about a minute in the end: ' + delays);
  for (const event of ['visibilitychange', 'focus']) {
    await page.evaluate(() => Object.defineProperty(document, 'hidden', { value: true, configurable: true }));
    await page.waitForTimeout(200);
    const before = asked.length;
    await page.waitForTimeout(500);
    assert.equal(asked.length, before, 'not while nobody sees it');
    await page.evaluate((name) => {
      Object.defineProperty(document, 'hidden', { value: false, configurable: true });
      (name === 'focus' ? globalThis : document).dispatchEvent(new Event(name));
    }, event);
    await page.waitForTimeout(500);
    assert.ok(asked.length > before, 'when it is seen again: ' + event);
  }
});

pageTest('a fragment is added once, and not where the way back would become too long to be kept', async (h) => {
  const site = await pagesSite(h);
  const page = await (await newContext(h, chromium)).newPage();
  const leadsTo = () => choice(page, 'corp').evaluate((link) => new URL(link.href).searchParams.get('return_to'));
  const open = async (wanted, hash) => {
    await page.goto('about:blank');
    await page.goto(site.at('/auth/oauth/login?return_to=' + encodeURIComponent(wanted) + hash));
    return leadsTo();
  };
  const long = '/' + 'x'.repeat(1900);
  assert.equal(await open('/wanted', '#part'), '/wanted#part');
  assert.equal(await open('/wanted#given', '#part'), '/wanted#given', 'the one that is there stays');
  assert.equal(await open(long, '#part'), long + '#part');
  assert.equal(await open(long, '#' + 'y'.repeat(200)), long, 'rather the page without the part of it than neither');
  const folders = '/' + 'a/'.repeat(600);
  assert.equal(await open(folders, '#part'), folders + '#part', 'what counts is the address, not how it is encoded');
  await page.goto(site.at('/wanted'));
  await signInAt(page, 'corp');
  await assertApplication(page, '/wanted');
  const seen = watch(page);
  assert.equal(await open('/', '#part'), '/#part', 'behind the parameters that are there');
  await page.evaluate(() => dispatchEvent(new Event('focus')));
  await page.waitForTimeout(200);
  assert.deepEqual(seen.problems, [], 'who is signed in waits for nobody');
});
