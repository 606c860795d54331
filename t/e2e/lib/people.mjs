// SPDX-License-Identifier: MIT
// People for tests of rules: each signs in at /lobby/, which is open to all, so that the rules under test meet a session that exists.
import assert from 'node:assert/strict';
import { Browser, signIn } from './browser.mjs';

// Signs somebody in; `idToken` are claims of the ID token alone, such as acr.
export async function person(site, user, idToken = {}) {
  const browser = new Browser();
  site.provider.user = { sub: user.sub ?? user.email ?? 'somebody', ...user };
  site.provider.token.claims = (claims) => ({ ...claims, ...idToken });
  const response = await signIn(browser, site.origin + '/lobby/');
  assert.equal(response.status, 200, JSON.stringify(user).slice(0, 100) + response.text.slice(0, 300));
  return browser;
}

export const LOBBY = (s) => `location /lobby/ { oauth_allow any; oauth_policy_mode enforce; proxy_pass ${s.upstream.url}; }`;
export const status = async (site, browser, path) => (await browser.fetch(site.origin + path)).status;
