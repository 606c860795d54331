// SPDX-License-Identifier: MIT
// What providers are called on pages and in `GET providers`: by their label, else by their type, with the name in brackets where two would be the same.
import assert from 'node:assert/strict';
import { e2e } from './lib/harness.mjs';
import { links, plain } from './lib/switch.mjs';

const SECRET = 'client_id a; client_secret b;';
const own = 'authorization_endpoint https://sso.example.org/a; token_endpoint https://sso.example.org/t; userinfo_endpoint https://sso.example.org/u; scope profile;';
const github = (name, extra = '') => `oauth_provider ${name} github { ${SECRET} ${extra} }`;
const google = (name, extra = '') => `oauth_provider ${name} google { ${SECRET} ${extra} }`;

// [what, blocks, {name: label}]. The site has a provider "test" beside them, with the label "Test".
const ROWS = [
  ['one of a type', github('mine'), { mine: 'GitHub' }],
  ['two of a type', github('mine') + github('work'), { mine: 'GitHub (mine)', work: 'GitHub (work)' }],
  ['three, one with a label', github('mine') + github('work', 'label "Our code";') + github('third'), { mine: 'GitHub (mine)', work: 'Our code', third: 'GitHub (third)' }],
  ['two, one with a label', github('mine') + github('work', 'label "Our code";'), { mine: 'GitHub', work: 'Our code' }],
  ['a label that is given stays as it is given', github('mine', 'label GitHub;') + github('work'), { mine: 'GitHub', work: 'GitHub (work)' }],
  ['one of each of two types', github('mine') + google('work'), { mine: 'GitHub', work: 'Google' }],
  ['two types that are called the same', `oauth_provider a generic { ${SECRET} ${own} } oauth_provider b oauth2 { ${SECRET} ${own.replace('scope profile;', '')} }`,
    { a: 'Single sign-on (a)', b: 'Single sign-on (b)' }],
  ['two labels that are the same are the administrator\'s', github('mine', 'label Same;') + github('work', 'label Same;'), { mine: 'Same', work: 'Same' }],
];

for (const [what, http, expected] of ROWS) {
  e2e('labels: ' + what, async (h) => {
    const site = await h.site({ http, block: 'label Test;' });
    const list = (await site.browser.fetch(site.origin + '/auth/oauth/providers')).json();
    const { test, ...told } = Object.fromEntries(list.map(({ name, label }) => [name, label]));
    assert.deepEqual(told, expected);
    assert.equal(test, 'Test');
    const page = await site.browser.navigate(site.origin + '/auth/oauth/login');
    const shown = Object.fromEntries(links(page).map(({ url, text }) => [url.pathname.split('/').at(-1), text]));
    assert.deepEqual(shown, Object.fromEntries(list.map(({ name, label }) => [name, 'Sign in with ' + label])));
    assert.deepEqual(list.map(({ url }) => new URL(url, site.origin).pathname), Object.keys(shown).map((name) => '/auth/oauth/' + name));
    assert.match(plain(page), /Sign in to 127\.0\.0\.1/);
  });
}
