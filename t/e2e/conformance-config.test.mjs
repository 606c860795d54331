// SPDX-License-Identifier: MIT
// The OpenID Foundation's plan "config" for relying parties: metadata and keys. The keys change within seconds, twice, and no guard against too many
// requests may be in the way of that (T4).
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import { e2e, hasSession } from './lib/harness.mjs';
import { KEYS } from './lib/suite-provider.mjs';
import { apply, assertKeptOut, assertLetIn, isLetIn, refused, runModules, suiteSite } from './lib/suite-site.mjs';

e2e('CONF-035 CONF-006 oidcc-client-test-discovery-openid-config: the metadata are fetched before anything else', async (h) => {
  const site = await suiteSite(h);
  const { provider } = site;
  assert.equal(provider.order.filter((name) => name !== 'discovery').length, 0);
  await assertLetIn(site, 'a sign-in');
  assert.equal(provider.requests.discovery[0].url, '/test/a/nginx/.well-known/openid-configuration', 'one slash (T2)');
  assert.deepEqual(provider.order.filter((name, i, all) => all.indexOf(name) === i).filter((name) => name !== 'jwks'), ['discovery', 'authorize', 'token', 'userinfo']);
});

e2e('CONF-036 CONF-006 oidcc-client-test-discovery-jwks-uri-keys: the keys are where this run\'s metadata say', async (h) => {
  const site = await suiteSite(h);
  const { provider } = site;
  provider.jwksPath = '/keys-' + crypto.randomBytes(8).toString('hex');
  await assertLetIn(site, 'a sign-in');
  assert.equal(provider.count('jwks'), 1);
  assert.equal(provider.count('other'), 0);
});

e2e('CONF-037 oidcc-client-test-discovery-issuer-mismatch: nothing follows metadata of another issuer', async (h) => {
  const site = await suiteSite(h);
  const { provider } = site;
  for (const change of [(issuer) => issuer + '1', (issuer) => issuer.replace(/\/$/, ''), (issuer) => issuer + '/']) {
    provider.discovery = { alter: (metadata) => ({ ...metadata, issuer: change(metadata.issuer) }) };
    await assertKeptOut(site, String(change), { code: 'provider_error', status: 502 });
  }
  assert.deepEqual([...new Set(provider.order)], ['discovery']);
});

runModules('config', { 'CONF-019 oidcc-client-test-idtoken-sig-none': refused(/no signature/, { token: { alg: 'none', header: () => ({ alg: 'none' }) } }) });

e2e('CONF-038 oidcc-client-test-signing-key-rotation-just-before-signing', async (h) => {
  const site = await suiteSite(h);
  const { provider } = site;
  await assertLetIn(site, 'the keys before are known');
  const fetched = provider.count('jwks');
  provider.rotatesWhenSigning = true;
  await assertLetIn(site, 'a kid that nobody has seen');
  assert.equal(provider.count('jwks'), fetched + 1);
});

e2e('CONF-039 oidcc-client-test-signing-key-rotation', async (h) => {
  const site = await suiteSite(h);
  const { provider } = site;
  await assertLetIn(site, 'the first sign-in');
  const fetched = provider.count('jwks');
  provider.keys = KEYS.fresh();
  await assertLetIn(site, 'the second sign-in');
  assert.equal(provider.count('jwks'), fetched + 1);
});

e2e('CONF-038 CONF-039 T4 both rotations within seconds, by one nginx', async (h) => {
  const site = await suiteSite(h);
  const { provider } = site;
  await assertLetIn(site, 'the first keys');
  provider.rotatesWhenSigning = true;
  await assertLetIn(site, 'the second ones');
  provider.rotatesWhenSigning = false;
  provider.keys = KEYS.fresh();
  await assertLetIn(site, 'the third ones');
});

e2e('CONF-038 CONF-039 a token by a key that was taken away leaves no session', async (h) => {
  const site = await suiteSite(h);
  const { provider } = site;
  const { browser: early } = await assertLetIn(site, 'the keys before');
  const [former] = provider.keys.filter(({ kind }) => kind === 'rsa');
  provider.keys = KEYS.fresh();
  await assertLetIn(site, 'the keys afterwards');
  apply(provider, { token: { key: former } });
  await assertKeptOut(site, 'the former key', { code: 'token_invalid' });
  assert.ok(hasSession(early) && await isLetIn(site, early), 'who is signed in stays so');
});
