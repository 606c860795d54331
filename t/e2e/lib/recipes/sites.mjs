// SPDX-License-Identifier: MIT
// What the recipes about several hosts, open pages and gates promise.
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import { Certified, SECRET } from './peers.mjs';

const KEY = crypto.randomBytes(32).toString('base64');

// By a link of the site, to the end of what the provider asks.
export async function signOut(browser, origin) {
  let answer = await browser.navigate(origin + '/auth/oauth/logout?return_to=/', { initiator: origin });
  if (/<form[^>]*method="?post/i.test(answer.text) && !answer.url.startsWith(origin)) {
    answer = await browser.submit(answer, { logout: 'yes' });
  }
  return answer;
}

async function subdomains(page) {
  const at = (host, path = '/') => `https://${host}.example.org${path}`;
  const alice = await page.visits(at('wiki', '/page?x=1'), 200);
  assert.equal(alice.answer.url, at('wiki', '/page?x=1'), 'back to where the sign-in began');
  assert.deepEqual([page.told().identity.iss, page.told().identity.aud], ['https://login.example.org', 'wiki']);
  assert.equal((await alice.fetch(at('grafana'))).status, 200, 'known there without another sign-in');
  assert.equal(page.told('3001').identity.aud, 'grafana');
  await page.visits(at('grafana'), 403, { login: 'bob@example.org' });
  await page.visits(at('wiki'), 403, { login: 'mallory@example.net' });
  await signOut(alice, at('wiki', ''));
  for (const host of ['wiki', 'grafana']) {
    assert.equal((await alice.fetch(at(host))).status, 401, host);
  }
  const stranger = page.browse();
  assert.equal((await stranger.fetch('https://login.example.org/auth/oauth/jwks.json')).status, 200);
}

async function membersArea(page) {
  const app = 'https://app.example.org';
  const ask = async (browser, path) => {
    const { status } = await browser.navigate(app + path, { follow: false });
    return { status, ...page.told() };
  };
  const stranger = page.browse();
  assert.deepEqual([(await ask(stranger, '/')).status, page.told().identity], [200, undefined]);
  const forged = await stranger.fetch(app + '/', { headers: { 'X-OAuth-Identity': 'forged', 'x_oauth.identity': 'forged' } });
  assert.deepEqual([forged.status, page.told().header('X-OAuth-Identity')], [200, undefined]);

  const alice = await page.visits(app + '/auth/oauth/login?return_to=/members/', 200);
  assert.equal(page.told().url, '/members/');
  assert.equal((await ask(alice, '/')).identity.name, 'Alice Example');
  assert.equal((await ask(alice, '/assets/x.css')).identity, undefined);
  const answer = await signOut(alice, app);
  assert.equal(answer.url, app + '/', 'the way back of the link');
  assert.deepEqual([(await ask(alice, '/')).status, page.told().identity], [200, undefined]);

  const mallory = await page.visits(app + '/members/', 403, { login: 'mallory@example.net' });
  const open = await ask(mallory, '/');
  assert.deepEqual([open.status, open.identity], [200, undefined], 'signed in, and still a stranger');
}

async function gate(page) {
  const [login, legacy] = ['https://login.example.org', 'https://legacy.example.org'];
  const asked = async (browser, url) => (await browser.fetch(url)).status;
  const stranger = page.browse();
  assert.deepEqual([await asked(stranger, login + '/gate'), await asked(stranger, login + '/reports/')], [401, 401]);
  const link = await stranger.navigate(legacy + '/page?a=1&b=2', { follow: false });
  assert.equal(link.headers.location, login + '/to/legacy/page?a=1&b=2');

  const alice = await page.visits(legacy + '/page?a=1&b=2', 200);
  assert.equal(alice.answer.url, legacy + '/page?a=1&b=2', 'back to the page of the other machine');
  assert.deepEqual([page.told('3001').url, page.told('3001').identity.aud, page.told('3001').identity.name], ['/page?a=1&b=2', 'legacy', 'Alice Example']);
  assert.equal((await alice.fetch(login + '/gate')).status, 204);
  assert.equal((await alice.navigate(login + '/reports/?q=1')).status, 200);
  assert.deepEqual([page.told().url, page.told().identity.aud], ['/reports/?q=1', login]);
  await alice.fetch(legacy + '/', { headers: { 'X-OAuth-Identity': 'forged' } });
  assert.equal(page.told('3001').identity.aud, 'legacy', 'the other machine replaces what a client sends');
  for (const path of ['/to//legacy/x', '/to/legacy/../legacy/x', '/to/legacy/@evil.example/', '/to/legacy/%0d%0aSet-Cookie:x=y', '/to/legacy//evil.example']) {
    const { status, headers } = await alice.request(login, { path });
    assert.ok(status === 302 && headers.location.startsWith(legacy + '/') && !headers['set-cookie'], `${path}: ${status} ${headers.location}`);
  }

  const mallory = await page.visits(legacy + '/', 403, { login: 'mallory@example.net' });
  assert.deepEqual([await asked(mallory, login + '/gate'), await asked(mallory, legacy + '/'), await asked(mallory, login + '/reports/')], [403, 403, 403]);
  await signOut(alice, login);
  assert.deepEqual([await asked(alice, login + '/gate'), (await alice.navigate(legacy + '/', { follow: false })).status], [401, 302]);
}

export const siteRecipes = {
  subdomains: { providers: () => [new Certified('https://login.example.org')], files: { 'example.secret': SECRET, 'session.key': KEY }, check: subdomains },
  'members-area': { providers: () => [new Certified()], files: { 'example.secret': SECRET }, check: membersArea },
  gate: { providers: () => [new Certified('https://login.example.org')], files: { 'example.secret': SECRET }, apart: [1], check: gate },
};
