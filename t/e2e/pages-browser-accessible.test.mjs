// SPDX-License-Identifier: MIT
// Every page in Chromium, in both colour schemes and three widths: axe-core finds nothing, nothing scrolls sideways, and a picture of each goes to
// build/screenshots for people to look at.
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { GOING, OUTAGES, REFUSALS, SIGN_IN_PAGES, gallerySite } from './lib/page-gallery.mjs';
import { newContext, openChromium, pageTest, watch } from './lib/pages.mjs';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const PICTURES = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../build/screenshots');
const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22a', 'wcag22aa', 'best-practice'];
const SCHEMES = ['light', 'dark'];
const WIDTHS = [320, 900, 1600];
mkdirSync(PICTURES, { recursive: true });
const chromium = await openChromium();

const runAxe = (page) => page.evaluate(async (tags) => {
  const { violations, incomplete } = await globalThis.axe.run(document, { runOnly: { type: 'tag', values: tags }, rules: { 'target-size': { enabled: true } }, resultTypes: ['violations', 'incomplete'] });
  return [...violations, ...incomplete].map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html.slice(0, 120) + ' ' + (node.any[0]?.message ?? node.failureSummary)).join(' | ')}`);
}, TAGS);

async function examine(page, name, problems) {
  await page.evaluate(AXE);
  for (const colorScheme of SCHEMES) {
    await page.emulateMedia({ colorScheme });
    for (const width of WIDTHS) {
      const where = `${name}-${colorScheme}-${width}`;
      await page.setViewportSize({ width, height: 800 });
      problems.push(...(await runAxe(page)).map((what) => `${where}: ${what}`));
      const scrolls = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      if (scrolls > 0) {
        problems.push(`${where}: scrolls sideways by ${scrolls}`);
      }
      await page.screenshot({ path: path.join(PICTURES, where + '.png'), fullPage: true });
    }
  }
}

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
    // Scripts of a page may not be added to it; axe-core is one.
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
