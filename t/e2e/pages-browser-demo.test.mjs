// SPDX-License-Identifier: MIT
// The pages of the demo, of its application and of its providers, as those of the module: see pages-browser-accessible.test.mjs.
import assert from 'node:assert/strict';
import { startDemo } from '../demo/site.mjs';
import { examine } from './lib/examine.mjs';
import { choice, newContext, openChromium, pageTest, watch } from './lib/pages.mjs';
import { freePort } from './lib/ports.mjs';

const chromium = await openChromium();

async function signIn(page, { origin }, path = '/') {
  await page.goto(origin + path);
  await choice(page, 'example').click();
  await page.locator('button', { hasText: 'Alice Example' }).click();
  await page.waitForURL((url) => url.href === origin + path);
}

// [name, what leads there, what is there]
const PAGES = [
  ['public', (page, { origin }) => page.goto(origin + '/welcome'), 'Public page'],
  ['application', async (page, demo) => {
    await signIn(page, demo);
    await page.getByText(/Message 1 for/).waitFor();
  }, 'Hello, Alice Example'],
  ['admin', (page, demo) => signIn(page, demo, '/admin/'), 'Admin area'],
  ['application-not-found', (page, demo) => signIn(page, demo, '/nowhere'), 'Not found'],
  ['application-not-verified', (page, { applicationUrl }) => page.goto(applicationUrl + '/'), 'Not verified'],
  ...[['example', 'Example Corporation'], ['github', 'GitHub'], ['google', 'Google']].map(([name, heading]) => ['login-' + name, async (page, { origin }) => {
    await page.goto(origin + '/');
    await choice(page, name).click();
  }, heading]),
  ['provider-sign-out', async (page, demo) => {
    await signIn(page, demo);
    await page.goto(demo.origin + '/auth/oauth/logout');
    await page.locator('a.b.p, button[name=logout]').first().waitFor();
    if (new URL(page.url()).origin === demo.origin) {
      await page.locator('a.b.p').click();
    }
  }, 'Example Corporation'],
];

pageTest('the demo', async (h) => {
  const demo = await startDemo({ port: await freePort() });
  h.closers.push(() => demo.stop());
  const problems = [];
  for (const [name, goTo, heading] of PAGES) {
    const context = await newContext(h, chromium, { bypassCSP: true });
    const page = await context.newPage();
    const seen = watch(page);
    await goTo(page, demo);
    await page.getByRole('heading', { level: 1, name: heading }).waitFor();
    await examine(page, 'demo-' + name, problems);
    problems.push(...seen.problems.map((what) => `${name}: ${what}`));
    await context.close();
  }
  assert.deepEqual([...new Set(problems)], []);
});
