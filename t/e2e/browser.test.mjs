// SPDX-License-Identifier: MIT
// The demo in a real browser: Chromium signs people in at each provider, and sees the application, its admin area, refusals, and a WebSocket that
// ends with the session.
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
    const context = await browser.newContext();
    const problems = [];
    const loopback = [];
    context.on('weberror', (error) => problems.push(error.error().message));
    context.on('console', (message) => problems.push(...(/Content.Security.Policy/i.test(message.text()) ? [message.text()] : [])));
    context.on('request', (request) => loopback.push(/^(?:http:\/\/127\.0\.0\.1:|data:)/.test(request.url())));
    await body(await context.newPage(), demo);
    assert.deepEqual(problems, []);
    assert.ok(loopback.length > 0 && loopback.every(Boolean), 'nothing is asked of another machine');
    await context.close(); // an open WebSocket would keep nginx from stopping
    await demo.nginx.stop();
    demo.nginx.assertClean();
  } finally {
    await browser?.close();
    await demo.stop();
  }
}

const browserTest = (name, body) => test(name, { timeout: 60000 }, () => withBrowser(body));
const heading = (page, name) => page.getByRole('heading', { level: 1, name }).waitFor();

const links = (page, provider) => page.locator(`a[href$="/auth/oauth/${provider}"], a[href*="/auth/oauth/${provider}?"]`);

// On the sign-in page, whatever its words are: by the address that a choice leads to.
async function choose(page, provider) {
  await links(page, provider).first().click();
}

// Runs `act`, which leads back to the site; returns the last answer of it.
async function lastAnswer(page, origin, act) {
  const answers = [];
  const note = (response) => answers.push(response);
  page.on('response', note);
  await act();
  await page.waitForURL((url) => url.origin === origin);
  await page.waitForLoadState();
  page.off('response', note);
  return answers.filter((response) => response.request().isNavigationRequest() && response.url().startsWith(origin)).at(-1);
}

async function signInAs(page, origin, account, path = '/') {
  await page.goto(origin + path);
  await choose(page, 'example');
  await page.getByLabel('Account').fill(account);
  await page.getByLabel('Password').fill('any');
  return lastAnswer(page, origin, () => page.getByRole('button', { name: 'Sign in' }).click());
}

browserTest('alice signs in, sees the application and its admin area, and signs out', async (page, demo) => {
  const last = await signInAs(page, demo.origin, 'alice@example.org');
  assert.equal(last.status(), 200);
  await heading(page, 'Hello, Alice Example');
  const identity = await page.getByRole('region', { name: 'What the application verified' }).textContent();
  for (const fact of [/alice@example\.org/, /Example Corporation/, /staff/, /admins/]) {
    assert.match(identity, fact);
  }
  await page.getByRole('navigation').getByRole('link', { name: 'Admin area' }).click();
  await heading(page, 'Admin area');
  assert.match(await page.textContent('main'), /oauth_allow group=admins\s+email/);
  await page.goto(demo.origin + '/json');
  const { verified, claims } = JSON.parse(await page.textContent('body'));
  assert.deepEqual([verified, claims.email, claims.sub], [true, 'alice@example.org', 'example|alice@example.org']);
  await page.goto(demo.origin + '/');
  await page.getByRole('navigation').getByRole('link', { name: 'Sign out' }).click();
  await lastAnswer(page, demo.origin, () => page.getByRole('button', { name: 'Yes, sign out' }).click());
  await page.goto(demo.origin + '/');
  await choose(page, 'example');
  await page.getByLabel('Account').waitFor();
});

browserTest('bob sees the application, but not its admin area', async (page, demo) => {
  assert.equal((await signInAs(page, demo.origin, 'bob@example.org')).status(), 200);
  await heading(page, 'Hello, Bob Example');
  assert.equal((await page.goto(demo.origin + '/admin/')).status(), 403);
  assert.match(await page.textContent('body'), /bob@example\.org/);
});

browserTest('mallory is refused with a page that names the account', async (page, demo) => {
  const last = await signInAs(page, demo.origin, 'mallory@example.net');
  assert.equal(last.status(), 403);
  assert.match(await page.textContent('body'), /mallory@example\.net/);
});

browserTest('a WebSocket is open, and nginx closes it after a sign-out in another tab', async (page, demo) => {
  await signInAs(page, demo.origin, 'alice@example.org');
  const live = page.getByRole('region', { name: 'A WebSocket through nginx' });
  await live.getByText(/Connected since/).waitFor();
  await live.getByText(/Message 3 for Alice Example/).waitFor();
  const [other] = await Promise.all([page.waitForEvent('popup'), live.getByRole('link', { name: 'Sign out in a new tab' }).click()]);
  await other.getByRole('button', { name: 'Yes, sign out' }).waitFor();
  await live.getByText('nginx closed this connection: your session has ended').waitFor({ timeout: 8000 });
  await live.getByRole('link', { name: 'Sign in again' }).click();
  await links(page, 'example').first().waitFor();
});

// What the three stand for: people are remembered, and asked where nginx wants it.
for (const [provider, chosen, refused] of [['github', /Carol Example/, /Trudy Example/], ['google', /Dave Example/, /Eve Example/]]) {
  browserTest(`the stand-in for ${provider} says what it is, remembers people, and asks for another account when told to`, async (page, demo) => {
    await page.goto(demo.origin + '/');
    await choose(page, provider);
    assert.match(await page.textContent('main'), /This is not \w+\. It is a stand-in/);
    await lastAnswer(page, demo.origin, () => page.getByRole('button', { name: chosen }).click());
    await heading(page, chosen);
    await page.context().clearCookies({ name: 'oauth' });
    await page.goto(demo.origin + '/');
    await choose(page, provider);
    await heading(page, chosen);
    await page.getByRole('navigation').getByRole('link', { name: 'Sign out' }).click();
    await page.waitForURL(demo.origin + '/auth/oauth/signed-out');
    await page.goto(demo.origin + '/');
    await choose(page, provider);
    await page.getByText('is signed in here').waitFor();
    await lastAnswer(page, demo.origin, () => page.getByRole('button', { name: chosen }).click());
    await heading(page, chosen);
    await page.getByRole('link', { name: 'Use another account' }).click();
    await page.getByText('is signed in here').waitFor();
    const last = await lastAnswer(page, demo.origin, () => page.getByRole('button', { name: refused }).click());
    assert.equal(last.status(), 403);
  });
}

browserTest('the public page asks nobody, and the application is told no name there', async (page, demo) => {
  await page.goto(demo.origin + '/welcome');
  await heading(page, 'Public page');
  await page.getByRole('link', { name: 'Open the application' }).click();
  await links(page, 'example').first().waitFor();
  await signInAs(page, demo.origin, 'alice@example.org');
  await page.getByRole('navigation').getByRole('link', { name: 'Public page' }).click();
  await page.getByText('The application is told nobody’s name here').waitFor();
});

test('past nginx the application believes nothing', { timeout: 60000 }, () => withBrowser(async (page, demo) => {
  await page.goto(demo.origin + '/welcome');
  for (const headers of [{}, { 'X-OAuth-Identity': 'forged' }]) {
    const answer = await fetch(demo.applicationUrl + '/json', { headers });
    assert.deepEqual([answer.status, (await answer.json()).verified], [401, false]);
  }
}));

test('where the real GitHub joins in, the stand-in leaves it the name', { timeout: 60000 }, async () => {
  const variables = { OAUTH_GITHUB_CLIENT_ID: 'real', OAUTH_GITHUB_CLIENT_SECRET: 'also real' };
  Object.assign(process.env, variables);
  try {
    await withBrowser(async (page, demo) => {
      const list = await (await fetch(demo.origin + '/auth/oauth/providers')).json();
      assert.deepEqual(list.map(({ name, label }) => [name, label]).sort(), [['example', 'Example Corporation'], ['github', 'GitHub'], ['github-stand-in', 'GitHub (stand-in)'], ['google', 'Google (stand-in)']]);
      await page.goto(demo.origin + '/');
      await choose(page, 'github-stand-in');
      await lastAnswer(page, demo.origin, () => page.getByRole('button', { name: /Carol Example/ }).click());
      await heading(page, 'Hello, Carol Example');
    });
  } finally {
    Object.keys(variables).forEach((name) => delete process.env[name]);
  }
});
