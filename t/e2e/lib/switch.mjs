// SPDX-License-Identifier: MIT
// A visitor who has several accounts: walks over the pages of the module and the forms of a mock that asks which account to use.
import assert from 'node:assert/strict';
import { attributeOf, readForm } from './browser.mjs';
import { isAccountForm } from './providers/accounts.mjs';
import { providerSite, startMock } from './providers/site.mjs';

// A site with one provider of a row of every.mjs, which lets the second user in. account: further parameters of the provider.
export async function switchSite(h, row, { account, ...options } = {}) {
  const mock = await startMock(h, row.make(), { real: true });
  mock.hasAccounts(row.users);
  const configured = row.site(mock, account);
  if (account && !configured.blocks) {
    configured.blocks = `oauth_provider ${row.type} { ${account} }`;
  }
  const site = await providerSite(h, mock, { rules: 'oauth_allow "name=Second Fake";', secure: row.secure, ...configured, ...options });
  site.last = (browser) => browser.jar.get((site.origin.startsWith('https') ? '__Host-oauth' : 'oauth') + '_last')?.value;
  site.path = (name) => site.origin + '/auth/oauth/' + name;
  return site;
}

// <bdi> is around names, in the midst of a sentence.
const words = (html) => html.replace(/<\/?bdi>/g, '').replace(/<[^>]*>/g, ' ').replace(/\s+/g, ' ').trim();

// Every link of a page: {text, url, attributes}.
export function links(response) {
  return [...response.text.matchAll(/<a\b([^>]*)>([\s\S]*?)<\/a>/g)].map(([, attributes, inside]) => ({ attributes, inside, text: words(inside),
    url: new URL(attributeOf(attributes, 'href'), response.url) }));
}

// The one link with that text.
export function link(response, text) {
  const found = links(response).filter((each) => (text instanceof RegExp ? text.test(each.text) : each.text === text));
  assert.equal(found.length, 1, `one link "${text}" at ${response.url}: ${links(response).map((each) => each.text).join(' | ')} ${plain(response)}`);
  return found[0].url;
}

export const plain = (response) => words(response.text.replace(/<(style|script)[\s\S]*?<\/\1>/g, ''));

// Clicks a link of a page. The pages of the module name no referrer.
export const follow = (browser, response, text) => browser.navigate(link(response, text), { initiator: new URL(response.url).origin });

// Submits what a provider answers with by form_post.
export async function onward(browser, response) {
  let last = response;
  while (last.status === 200 && /<form[^>]*method="post"/.test(last.text) && !isAccountForm(last)) {
    last = await browser.submit(last);
  }
  return last;
}

export const go = async (browser, url) => onward(browser, await browser.navigate(url));

// The provider asks, and the visitor takes that account.
export async function choose(browser, response, account) {
  assert.ok(isAccountForm(response), `the provider asks for the account, not ${response.status} at ${response.url} ${plain(response).slice(0, 300)}`);
  const { id } = readForm(response.text).fields;
  return onward(browser, await browser.submit(response, { id, account }));
}

export function assertPage(response, status, what) {
  assert.equal(response.status, status, `${what}: ${response.status} at ${response.url} ${plain(response).slice(0, 300)}`);
  assert.match(response.headers['content-type'], /^text\/html/, what);
}

// Which prompt the provider was sent with the authorization request before the last `back` ones.
export const promptAsked = (mock, back = 0) => mock.requests.authorize.at(-1 - back).parameters.getAll('prompt').join('+');
