// SPDX-License-Identifier: MIT
// Who somebody is: identifiers keep every digit. Two people whose numbers are one double are two people, to rules, variables, the userinfo endpoint and the application.
import assert from 'node:assert/strict';
import { decodeJwt } from 'jose';
import { Browser, signIn } from './lib/browser.mjs';
import { assertSignedIn, e2e } from './lib/harness.mjs';
import { assertRefused } from './lib/refusals.mjs';
import { Upstream } from './lib/upstream.mjs';

const tokenOf = (site) => Upstream.folded(site.upstream.last, 'X-OAuth-Identity')[0];

// Numbers that JavaScript cannot hold are written into the text.
const userinfo = (members) => ({ body: `{"name":"N",${members}}` });

async function meet(site, members, path = '/') {
  site.provider.userinfo = userinfo(members);
  const browser = new Browser();
  const response = await signIn(browser, site.origin + path);
  return { browser, response };
}

e2e('integers keep every digit as subject, in rules, variables, claims and the userinfo endpoint', async (h) => {
  const site = await h.site({ provider: { mode: 'oauth2' }, rules: 'oauth_deny sub=738529527931269425; oauth_deny claim.account=5000000000000001; oauth_allow any;',
    location: 'oauth_identity_claims account small; proxy_set_header X-Sub $oauth_sub; proxy_set_header X-Account $oauth_claim_account;' });
  for (const id of ['1234567890123456789', '1234567890123456790', '5000000000000001', '5000000000000000', '738529527931269424']) {
    const { browser, response } = await meet(site, `"id":${id},"account":${id.replace('5000000000000001', '5000000000000003')},"small":7`);
    assert.equal(response.status, 200, id + ': ' + response.text.slice(0, 300));
    const identity = decodeJwt(tokenOf(site));
    assert.equal(identity.sub, 'test|' + id);
    assert.equal(identity.small, 7);
    assert.deepEqual(Upstream.folded(site.upstream.last, 'X-Sub'), [id]);
    assert.equal((await browser.fetch(site.origin + '/auth/oauth/userinfo')).json().sub, 'test|' + id);
  }
  const account = async (number) => {
    assert.equal((await meet(site, `"id":"u","account":${number}`)).response.status, 200);
    assert.deepEqual(Upstream.folded(site.upstream.last, 'X-Account'), [number]);
    return decodeJwt(tokenOf(site)).account;
  };
  assert.equal(await account('9007199254740991'), 9007199254740991);
  assert.equal(await account('1234567890123456789'), '1234567890123456789', 'most readers would round the number');
  assert.equal(await account('2.50'), 2.5);
  const before = site.upstream.requests.length;
  for (const members of ['"id":738529527931269425', '"id":1,"account":5000000000000001']) {
    assert.equal((await meet(site, members)).response.status, 403, members);
  }
  assert.equal(site.upstream.requests.length, before);
});

e2e('a number with a fraction or an exponent is no subject', async (h) => {
  const site = await h.site({ provider: { mode: 'oauth2' } });
  for (const number of ['1.5', '7.0', '1e3', '1.2345678901234568e+18']) {
    for (const members of [`"id":${number}`, `"sub":${number},"id":7`]) {
      site.provider.userinfo = userinfo(members);
      await assertRefused(site, members, { codes: 'provider_error', userinfo: 1 });
    }
  }
  site.provider.userinfo = userinfo('"sub":null,"id":7');
  await assertSignedIn(site);
  assert.equal(decodeJwt(tokenOf(site)).sub, 'test|7');
});
