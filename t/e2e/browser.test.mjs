// SPDX-License-Identifier: MIT
// The demo in a real browser: Chromium signs alice in, shows the application, and sees mallory refused.
import assert from 'node:assert/strict';
import test from 'node:test';
import { chromium } from 'playwright-core';
import { startDemo } from '../demo/site.mjs';
import { freePort } from './lib/ports.mjs';

const ARGUMENTS = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];

async function withBrowser(body) {
  const demo = await startDemo({ port: await freePort() });
  let browser;
  try {
    browser = await chromium.launch({ executablePath: process.env.CHROMIUM || '/usr/bin/chromium', args: ARGUMENTS });
    await body(await browser.newPage(), demo);
    await demo.nginx.stop();
    demo.nginx.assertClean();
  } finally {
    await browser?.close();
    await demo.stop();
  }
}

async function signInAs(page, origin, account) {
  await page.goto(origin + '/');
  await page.getByLabel('Account').fill(account);
  await page.getByLabel('Password').fill('any');
  const answers = [];
  page.on('response', (response) => answers.push(response));
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.waitForURL((url) => url.origin === origin);
  await page.waitForLoadState();
  return answers.filter((response) => response.request().isNavigationRequest() && response.url().startsWith(origin)).at(-1);
}

test('alice signs in, sees the application and signs out', { timeout: 60000 }, () => withBrowser(async (page, demo) => {
  const problems = [];
  page.on('pageerror', (error) => problems.push(error.message));
  const last = await signInAs(page, demo.origin, 'alice@example.org');
  assert.equal(last.status(), 200);
  await page.getByRole('heading', { name: 'Hello, Alice Example' }).waitFor();
  assert.match(await page.textContent('main'), /alice@example\.org/);
  await page.getByRole('link', { name: 'Sign out' }).click();
  await page.getByRole('button', { name: 'Yes, sign out' }).click();
  await page.waitForURL((url) => url.origin !== demo.origin || !url.pathname.startsWith('/auth'));
  await page.goto(demo.origin + '/');
  await page.getByLabel('Account').waitFor();
  assert.deepEqual(problems, []);
}));

test('mallory is refused with a page that names the account', { timeout: 60000 }, () => withBrowser(async (page, demo) => {
  const last = await signInAs(page, demo.origin, 'mallory@example.net');
  assert.equal(last.status(), 403);
  assert.match(await page.textContent('body'), /mallory@example\.net/);
}));
