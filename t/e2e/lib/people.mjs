// SPDX-License-Identifier: MIT
// People for tests of rules. Each signs in at /lobby/, which is open to all, so that there is a session when the tested rules are asked.
import assert from 'node:assert/strict';
import { Browser, signIn } from './browser.mjs';

// Signs somebody in; `idToken` are claims that only the ID token has, such as acr.
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
