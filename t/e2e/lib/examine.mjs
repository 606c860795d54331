// SPDX-License-Identifier: MIT
// Looks at a page in both colour schemes and three widths: what axe-core finds, whether it scrolls sideways, and a picture of each in build/screenshots.
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const PICTURES = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../../build/screenshots');
const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22a', 'wcag22aa', 'best-practice'];
const SCHEMES = ['light', 'dark'];
const WIDTHS = [320, 900, 1600];
mkdirSync(PICTURES, { recursive: true });

const runAxe = (page) => page.evaluate(async (tags) => {
  const { violations, incomplete } = await globalThis.axe.run(document, { runOnly: { type: 'tag', values: tags }, rules: { 'target-size': { enabled: true } }, resultTypes: ['violations', 'incomplete'] });
  return [...violations, ...incomplete].map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html.slice(0, 120) + ' ' + (node.any[0]?.message ?? node.failureSummary)).join(' | ')}`);
}, TAGS);

// Appends to `problems`. Nothing moves meanwhile. The page's context bypasses its Content-Security-Policy, since scripts may not be added to a page; axe-core is one.
export async function examine(page, name, problems) {
  await page.evaluate(AXE);
  for (const colorScheme of SCHEMES) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
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
