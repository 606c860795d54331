// SPDX-License-Identifier: MIT
// docs/moving/: what stands after "After" on each page is run as it is written, and the application is told what it was told before. And what these pages and the recipes name and link to exists.
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { e2e } from './lib/harness.mjs';
import { blocksOf, pagesOf, runPage } from './lib/recipes/page.mjs';
import { Certified, SECRET } from './lib/recipes/peers.mjs';

const APP = 'https://app.example.org';
const files = { 'example.secret': SECRET, 'my_idp.secret': SECRET, 'session.key': crypto.randomBytes(32).toString('base64') };
const status = async (browser, path, options) => (await browser.fetch(APP + path, options)).status;

async function asBefore(page, { header, login = 'alice@example.org', refused = 'mallory@example.net' }) {
  const browser = await page.visits(APP + '/', 200, { login });
  const told = page.told();
  assert.deepEqual(Object.fromEntries(Object.keys(header).map((name) => [name, told.header(name)])), header);
  if (refused) {
    await page.visits(APP + '/', 403, { login: refused });
  }
  assert.equal(await status(page.browse(), '/'), 401, 'a script is not redirected');
  return browser;
}

async function leaves(page, browser, path = '/logout') {
  const first = await browser.navigate(APP + path, { initiator: APP, follow: false });
  const { pathname, search } = new URL(first.headers.location, APP); // nginx writes its port into it, which is the test's
  await browser.navigate(APP + pathname + search, { initiator: APP, follow: false });
  assert.equal(await status(browser, '/'), 401, 'signed out');
}

const pages = {
  'oauth2-proxy': async (page) => {
    const browser = await asBefore(page, { refused: 'bob@example.org',
      header: { 'X-Forwarded-User': 'alice@example.org', 'X-Forwarded-Email': 'alice@example.org', 'X-Forwarded-Groups': 'staff,members', 'X-Forwarded-Preferred-Username': 'alice' } });
    const stranger = page.browse();
    const forged = await stranger.fetch(APP + '/health', { headers: { 'X-Forwarded-User': 'forged' } });
    assert.deepEqual([forged.status, page.told().header('X-Forwarded-User')], [200, undefined]);
    assert.equal((await stranger.navigate(APP + '/api/x', { follow: false })).status, 401);
    assert.equal(await status(browser, '/api/x'), 200);
  },
  'vouch-proxy': async (page) => {
    const browser = await asBefore(page, { header: { 'X-Vouch-User': 'alice@example.org', 'X-Vouch-IdP-Claims-Groups': 'staff,members' } });
    assert.equal((await browser.fetch('https://login.example.org/auth/oauth/userinfo')).json().email, 'alice@example.org');
  },
  mod_auth_openidc: async (page) => {
    const alice = await asBefore(page, { refused: null,
      header: { 'OIDC-CLAIM-sub': 'alice@example.org', 'OIDC-CLAIM-email': 'alice@example.org', 'OIDC-CLAIM-groups': 'staff,members', 'X-Remote-User': 'alice@example.org' } });
    const mallory = await page.visits(APP + '/', 200, { login: 'mallory@example.net' });
    assert.deepEqual([await status(alice, '/admin/'), await status(mallory, '/admin/'), await status(page.browse(), '/public/')], [200, 403, 200]);
    await mallory.fetch(APP + '/', { headers: { 'OIDC_CLAIM_email': 'forged', 'oidc-claim-email': 'forged' } });
    assert.equal(page.told().header('OIDC-CLAIM-email'), 'mallory@example.net');
    const form = await page.browse().navigate(APP + '/', { method: 'POST', form: { a: 'b' }, follow: false, initiator: APP });
    assert.equal(form.status, 401, 'a form is not kept');
  },
  'nginx-plus': async (page) => leaves(page, await asBefore(page, { header: { sub: 'alice@example.org', email: 'alice@example.org', name: 'Alice Example' } })),
  'lua-resty-openidc': async (page) => {
    const browser = await asBefore(page, { header: { 'X-USER': 'alice@example.org' } });
    await browser.fetch(APP + '/');
    assert.match(page.told().header('X-Access-Token'), /^[\w-]{20,}$/);
    await leaves(page, browser);
  },
};

const peers = { 'vouch-proxy': () => new Certified('https://login.example.org'), 'nginx-plus': () => new Certified(APP, 'my_idp') };

test('every page of moving here is run', () => {
  assert.deepEqual(Object.keys(pages).sort(), pagesOf('moving').filter((name) => name !== 'README').sort());
});

for (const [name, check] of Object.entries(pages)) {
  e2e(`what ${name} did is done by what its page has`, async (h) => {
    const page = await runPage(h, 'moving', name, { providers: [(peers[name] ?? (() => new Certified()))()], files });
    await check(page);
  });
}

// Names of other software begin so, too.
const FOREIGN = ['oauth_callback', 'oauth_state'];

test('the directives, variables and parameters of a provider that recipes and moving pages name are documented', () => {
  const text = readFileSync(new URL('../../docs/directives.md', import.meta.url), 'utf8');
  const known = new Set([...text.matchAll(/^### `(oauth\w*)/gm), ...text.matchAll(/`\$(oauth_\w+)`/g)].map(([, name]) => name));
  for (const folder of ['recipes', 'moving']) {
    for (const name of pagesOf(folder)) {
      const page = readFileSync(new URL(`../../docs/${folder}/${name}.md`, import.meta.url), 'utf8');
      const named = [...page.matchAll(/(?<![\w./#-])\$?(oauth_\w+)/g)].map(([, word]) => word).filter((word) => !FOREIGN.includes(word));
      const unknown = named.filter((word) => !known.has(word) && !/^oauth_claim_/.test(word));
      assert.deepEqual(unknown, [], `${folder}/${name}.md`);
      assert.ok(blocksOf(folder, name, 'nginx').every((block) => !/\t| +$/m.test(block)), `${folder}/${name}.md has spaces at the end of a line`);
    }
  }
});

// GitHub's names for headings.
const anchors = (text) => [...text.replace(/^```.*?^```/gms, '').matchAll(/^#+ (.*)$/gm)].map(([, heading]) => heading.toLowerCase().replace(/[^\w\- ]/g, '').replaceAll(' ', '-'));

test('their links lead somewhere', () => {
  for (const folder of ['recipes', 'moving']) {
    for (const name of pagesOf(folder)) {
      const place = new URL(`../../docs/${folder}/${name}.md`, import.meta.url);
      for (const [, target] of readFileSync(place, 'utf8').matchAll(/\]\(((?!https?:)[^)]+)\)/g)) {
        const url = new URL(target, place);
        const text = readFileSync(new URL(url.pathname, 'file:'), 'utf8');
        assert.ok(url.hash === '' || anchors(text).includes(url.hash.slice(1)), `${folder}/${name}.md: ${target}`);
      }
    }
  }
});
