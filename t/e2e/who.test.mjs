// SPDX-License-Identifier: MIT
// Who somebody is: identifiers keep every digit, so that two people whose numbers are one double are two people; the subject that the operator chose; and no
// user name that a stranger can write into an account (ID-06).
import assert from 'node:assert/strict';
import { decodeJwt } from 'jose';
import { Browser, signIn } from './lib/browser.mjs';
import { configTest } from './lib/nginx.mjs';
import { assertSignedIn, e2e, siteConfiguration } from './lib/harness.mjs';
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

e2e('subject: the member of the userinfo answer that the block names, and no other', async (h) => {
  const provider = await h.provider({ mode: 'oauth2' });
  const cases = [['uuid', '"uuid":"{u-1}","id":"i"', '{u-1}'], ['data.id', '"data":{"id":1234567890123456789},"id":"i","sub":"s"', '1234567890123456789'], ['name', '"id":"i"', 'N'],
    ['/list/0/id', '"list":[{"id":"e-1"}]', 'e-1']];
  for (const [path, members, subject] of cases) {
    const site = await h.site({ provider, block: `subject ${path};`, rules: `oauth_allow "sub=${subject}";` });
    assert.equal((await meet(site, members)).response.status, 200, path);
    assert.equal(decodeJwt(tokenOf(site)).sub, 'test|' + subject);
  }
  const site = await h.site({ provider, block: 'subject uuid;' });
  for (const members of ['"id":"secret-id"', '"uuid":null,"sub":"secret-id"', '"uuid":1.5', '"uuid":{"x":"secret-id"}', '"uuid":""']) {
    site.provider.userinfo = userinfo(members);
    const { lines } = await assertRefused(site, members, { codes: 'provider_error', userinfo: 1 });
    assert.match(lines.join('\n'), /no usable subject \(uuid\).*"subject CLAIM"/);
    assert.ok(!lines.join('\n').includes('secret-id'));
  }
});

e2e('subject: another one makes another provider, so that nobody stays signed in as somebody else', async (h) => {
  const provider = await h.provider({ mode: 'oauth2' });
  provider.userinfo = userinfo('"uuid":"u","id":"i"');
  const site = await h.site({ provider });
  await assertSignedIn(site);
  assert.equal(decodeJwt(tokenOf(site)).sub, 'test|i');
  const visit = () => site.browser.fetch(site.origin + '/', { headers: { Accept: 'application/json' } });
  await site.nginx.reload();
  assert.equal((await visit()).status, 200, 'the same configuration');
  site.nginx.write(siteConfiguration({ ...site, block: 'subject uuid;' }));
  await site.nginx.reload();
  assert.equal((await visit()).status, 401);
  await assertSignedIn(site);
  assert.equal(decodeJwt(tokenOf(site)).sub, 'test|u');
});

e2e('subject is for types without ID tokens, and is a path', () => {
  const block = (type, parameter) => `oauth_provider p ${type} { client_id a; client_secret b; ${type === 'oidc' ? 'issuer https://id.example.org;' :
    'authorization_endpoint https://a.test/a; token_endpoint https://a.test/t; userinfo_endpoint https://a.test/u;'} ${parameter} }
    server { listen 127.0.0.1:1; oauth on; oauth_allow any; }`;
  for (const type of ['oauth2', 'generic']) {
    const { code, stderr } = configTest(block(type, 'subject data.id;'));
    assert.equal(code, 0, stderr);
  }
  for (const [text, message] of [[block('oidc', 'subject uuid;'), /"subject".*is not used by type "oidc", accepted by: generic, oauth2/],
    [block('oauth2', 'subject data..id;'), /found "data\.\.id", accepted: a member of the userinfo answer/], [block('oauth2', 'subject a; subject b;'), /duplicate/],
    [block('oauth2', 'subject a b;'), /found 2 values/]]) {
    const { code, stderr } = configTest(text);
    assert.notEqual(code, 0);
    assert.match(stderr, message);
  }
});

e2e('ID-06 an address that is not verified is nobody\'s user name', async (h) => {
  const shown = 'proxy_set_header X-User $oauth_user; proxy_set_header X-Remote $remote_user;';
  const boss = { email: 'boss@example.org' };
  for (const provider of [await h.provider(), await h.provider({ mode: 'oauth2' })]) {
    const site = await h.site({ provider, rules: 'oauth_deny user=bob-7; oauth_allow any;', location: shown, locations: (s) => `location /boss/ { oauth_allow user=boss@example.org; proxy_pass ${s.upstream.url}; }` });
    for (const [claims, user] of [[{ ...boss, email_verified: true, preferred_username: 'eve' }, 'boss@example.org'], [{ ...boss, email_verified: false, preferred_username: 'eve' }, 'eve'],
      [{ ...boss, preferred_username: 'eve' }, 'eve'], [boss, 'eve-1'], [{ ...boss, preferred_username: 'boss@example.org' }, 'eve-1']]) {
      provider.user = { sub: 'eve-1', ...claims };
      const browser = new Browser();
      assert.equal((await signIn(browser, site.origin + '/')).status, 200);
      assert.deepEqual([Upstream.folded(site.upstream.last, 'X-User'), Upstream.folded(site.upstream.last, 'X-Remote')], [[user], [user]], JSON.stringify(claims));
      assert.equal(decodeJwt(tokenOf(site)).user, user);
      assert.equal((await browser.fetch(site.origin + '/boss/')).status, user === boss.email ? 200 : 403, JSON.stringify(claims));
    }
    provider.user = { sub: 'bob-7', ...boss };
    assert.equal((await signIn(new Browser(), site.origin + '/')).status, 403, 'a rule on the user name that is left');
  }
  const chosen = await h.site({ provider: { mode: 'oauth2' }, block: 'user email;', location: shown });
  chosen.provider.user = { sub: 'eve-1', ...boss };
  await assertSignedIn(chosen);
  assert.deepEqual(Upstream.folded(chosen.upstream.last, 'X-User'), [boss.email], 'what the operator chose is taken as it is');
});
