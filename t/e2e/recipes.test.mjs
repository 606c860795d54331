// SPDX-License-Identifier: MIT
// The recipes of docs/recipes/: each page's configuration is run as it is written, and people sign in and are refused as the page says. lib/recipes/page.mjs says what is put in place of
// ports, files and applications.
import assert from 'node:assert/strict';
import test from 'node:test';
import { e2e } from './lib/harness.mjs';
import { applicationRecipes } from './lib/recipes/applications.mjs';
import { proxyRecipes } from './lib/recipes/other-proxies.mjs';
import { blocksOf, pagesOf, runPage } from './lib/recipes/page.mjs';
import { providerRecipes } from './lib/recipes/providers.mjs';
import { siteRecipes } from './lib/recipes/sites.mjs';

const recipes = { ...providerRecipes, ...siteRecipes, ...applicationRecipes, ...proxyRecipes };

test('every page with a configuration is run', () => {
  const pages = pagesOf('recipes').filter((name) => blocksOf('recipes', name, 'nginx').length > 0);
  assert.deepEqual(Object.keys(recipes).sort(), pages.sort());
});

for (const [name, { providers, check, ...options }] of Object.entries(recipes)) {
  e2e(`the recipe ${name} does what its page says`, async (h) => {
    const page = await runPage(h, 'recipes', name, { ...options, providers: typeof providers === 'function' ? providers() : providers });
    await page.commands();
    await check(page);
  });
}
