// SPDX-License-Identifier: MIT
// Every page in Chromium, in both colour schemes and three widths: axe-core finds nothing, nothing scrolls sideways, and a picture of each goes to
// build/screenshots for people to look at.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { examine } from './lib/examine.mjs';
import { GOING, OUTAGES, REFUSALS, SIGN_IN_PAGES, gallerySite } from './lib/page-gallery.mjs';
import { newContext, openChromium, pageTest, watch } from './lib/pages.mjs';

const chromium = await openChromium();

async function walk(h, pages, { look = 'help', prefix = '' } = {}) {
  const folder = h.folder();
  const site = await gallerySite(h, (name, content) => {
    writeFileSync(path.join(folder, name), content, { mode: 0o644 });
    return path.join(folder, name);
  });
  site.origin = site.origins[look];
  const problems = [];
  for (const [name, goTo] of pages) {
    site.corp.reset();
    site.corp.user.email_verified = true;
    const context = await newContext(h, chromium, { bypassCSP: true });
    const page = await context.newPage();
    const seen = watch(page);
    await goTo(page, site);
    assert.ok(await page.locator('main h1').count(), `${name}: ${page.url()} is no page of ours: ${(await page.content()).slice(0, 300)}`);
    await examine(page, prefix + name, problems);
    problems.push(...seen.problems.map((what) => `${name}: ${what}`));
    await context.close();
  }
  assert.deepEqual([...new Set(problems)], []);
}

pageTest('pages to sign in', (h) => walk(h, SIGN_IN_PAGES));
pageTest('pages of refusals', (h) => walk(h, REFUSALS));
pageTest('pages of outages', (h) => walk(h, OUTAGES));
pageTest('pages of signing out and going on', (h) => walk(h, GOING));
pageTest('pages with a colour of their own', (h) => walk(h, [...SIGN_IN_PAGES, REFUSALS[0], OUTAGES[0]], { look: 'color', prefix: 'color-' }));
pageTest('pages with a logo', (h) => walk(h, [SIGN_IN_PAGES[1], REFUSALS[0]], { look: 'logo', prefix: 'logo-' }));
pageTest('pages in German', (h) => walk(h, [SIGN_IN_PAGES[1], REFUSALS[0], OUTAGES[0], GOING[1]], { look: 'german', prefix: 'german-' }));
