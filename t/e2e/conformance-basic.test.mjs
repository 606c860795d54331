// SPDX-License-Identifier: MIT
// The OpenID Foundation's plan "basic" for relying parties, and what the comprehensive plan has beside it for the code flow: one test for each module, in
// lib/suite-modules.mjs. First, what every module looks at.
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import { e2e } from './lib/harness.mjs';
import { BASIC, FURTHER } from './lib/suite-modules.mjs';
import { assertKeptOut, assertLetIn, runModules, suiteSite } from './lib/suite-site.mjs';

const once = (parameters, name) => { assert.equal(parameters.getAll(name).length, 1, name); return parameters.get(name); };

e2e('CONF-001 to CONF-007 what is sent in one sign-in, parameter by parameter', async (h) => {
  const site = await suiteSite(h);
  const { provider } = site;
  await assertLetIn(site, 'a sign-in');
  const { discovery, authorize: [{ parameters: asked }], token: [exchange], userinfo: [userinfo], jwks } = provider.requests;
  assert.deepEqual([...asked.keys()].sort(), ['client_id', 'code_challenge', 'code_challenge_method', 'nonce', 'redirect_uri', 'response_type', 'scope', 'state']);
  assert.deepEqual([once(asked, 'response_type'), once(asked, 'client_id'), once(asked, 'redirect_uri')], ['code', provider.clientId, provider.redirectUri]);
  assert.ok(once(asked, 'scope').split(' ').includes('openid'));
  assert.equal(once(asked, 'code_challenge_method'), 'S256');
  const form = new URLSearchParams(exchange.body);
  assert.deepEqual([...form.keys()].sort(), ['code', 'code_verifier', 'grant_type', 'redirect_uri']);
  assert.deepEqual([form.get('grant_type'), form.get('code'), form.get('redirect_uri')], ['authorization_code', provider.lastGrant.code, provider.redirectUri]);
  assert.equal(crypto.createHash('sha256').update(form.get('code_verifier')).digest('base64url'), asked.get('code_challenge'));
  const halves = Buffer.from(/^Basic ([A-Za-z0-9+/=]+)$/.exec(exchange.headers.authorization)[1], 'base64').toString('latin1').split(':');
  assert.deepEqual(halves.map((half) => new URLSearchParams('x=' + half).get('x')), [provider.clientId, provider.clientSecret]);
  halves.forEach((half) => assert.match(half, /^[A-Za-z0-9._*+%-]+$/));
  assert.match(userinfo.headers.authorization, /^Bearer at-/);
  assert.deepEqual([userinfo.method, userinfo.url.includes('?'), userinfo.body], ['GET', false, '']);
  assert.deepEqual([provider.order[0], discovery.length, jwks.length], ['discovery', 1, 1]);
});

for (const error of ['login_required', 'interaction_required', 'consent_required', 'account_selection_required']) {
  e2e(`AR-17 ${error} after prompt=none is a page, and no loop`, async (h) => {
    const site = await suiteSite(h, { block: 'prompt none;' });
    site.provider.authorize = { error };
    const { response } = await assertKeptOut(site, error, { code: 'access_denied', status: 403 });
    assert.doesNotMatch(response.text, /http-equiv="?refresh/i);
    assert.deepEqual([site.provider.count('authorize'), site.provider.count('token')], [1, 0]);
  });
}

runModules('basic', BASIC);
runModules('comprehensive', FURTHER);
