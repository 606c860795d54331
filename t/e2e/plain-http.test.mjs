// SPDX-License-Identifier: MIT
// Where http may be used: nowhere but on this machine and on the hosts that allow_http names. Metadata of another machine have no port of
// this one asked (MD-06).
import assert from 'node:assert/strict';
import { makeCertificates } from './lib/certificates.mjs';
import { e2e } from './lib/harness.mjs';
import { configTest } from './lib/nginx.mjs';
import { assertAccepted, assertCannotStart } from './lib/refusals.mjs';
import { providerSite, signedIn, startMock } from './lib/providers/site.mjs';
import { KeycloakMock } from './lib/providers/keycloak.mjs';

// 0.0.0.0 is no loopback address by its name, and leads to this machine.
const HOST = '0.0.0.0';
const elsewhere = (text) => text.replaceAll('127.0.0.1', HOST);

// A provider that calls itself by that host.
async function plainProvider(h, mode = 'oidc') {
  const provider = await h.provider({ mode });
  provider.origin = elsewhere(provider.origin);
  provider.issuer = provider.origin + provider.path;
  provider.base = provider.issuer;
  return provider;
}

e2e('a provider inside one\'s own network without TLS, by allow_http', async (h) => {
  for (const mode of ['oidc', 'oauth2']) {
    const provider = await plainProvider(h, mode);
    const site = await h.site({ provider, block: `allow_http ${HOST};` });
    await assertAccepted(site, mode);
    assert.ok(provider.count('userinfo') > 0);
    assert.match(site.nginx.test().stderr, /\[warn\].*"oauth_provider" test: "allow_http" lets 0\.0\.0\.0 be asked without TLS.*nginx\.conf:\d+/);
  }
});

e2e('allow_http before and after the addresses, for each of them, and for a domain', async (h) => {
  const provider = await plainProvider(h);
  const block = (lines) => `oauth_provider test oidc { client_id a; client_secret b; ${lines} }\nserver { listen 127.0.0.1:1; oauth on; oauth_allow any; }`;
  const names = ['authorization_endpoint', 'token_endpoint', 'userinfo_endpoint', 'jwks_uri', 'end_session_endpoint'];
  for (const name of ['issuer', ...names]) {
    const rest = name === 'issuer' ? '' : 'issuer https://id.example.org;';
    const line = `${rest}\n${name} http://idp.internal:8080/x;`;
    const refused = configTest(block(line));
    assert.notEqual(refused.code, 0, name);
    assert.match(refused.stderr, new RegExp(`"${name}": found "http://idp.internal:8080/x", accepted: an https URL .*allow_http.*nginx\\.conf:\\d+`));
    const at = Number(/nginx\.conf:(\d+)/.exec(refused.stderr)[1]);
    assert.ok(refused.lines[at - 1].includes(name), 'the line of the address');
    for (const both of [`allow_http idp.internal other.internal; ${line}`, `${line} allow_http IDP.internal;`]) {
      const accepted = configTest(block(both));
      assert.equal(accepted.code, 0, accepted.stderr);
      assert.match(accepted.stderr, /\[warn\].*allow_http/);
    }
    assert.notEqual(configTest(block(`allow_http other.internal; ${line}`)).code, 0, name + ', another host');
  }
  assert.doesNotMatch(configTest(block('issuer https://id.example.org;')).stderr, /allow_http/);
  const domain = (more) => configTest(`oauth_provider keycloak { client_id a; client_secret b; realm r; domain http://sso.internal; ${more} }
    server { listen 127.0.0.1:1; oauth on; oauth_allow any; }`);
  assert.match(domain('').stderr, /"domain": found "http:\/\/sso\.internal"/);
  assert.equal(domain('allow_http sso.internal;').code, 0);
  for (const wrong of ['http://idp.internal', 'idp.internal:8080', 'idp.internal/x', '*']) {
    assert.match(configTest(block(`issuer https://id.example.org; allow_http ${wrong};`)).stderr, /"allow_http": found ".*accepted: hosts such as/);
  }
  await assertAccepted(await h.site({ provider, block: `allow_http ${HOST};` }), 'and it works');
});

e2e('metadata by http on a host that nobody allowed are not used', async (h) => {
  const provider = await h.provider();
  for (const field of ['authorization_endpoint', 'token_endpoint', 'jwks_uri']) {
    provider.discovery.alter = (metadata) => ({ ...metadata, [field]: elsewhere(metadata[field]) });
    await assertCannotStart(await h.site({ provider }), field, 'provider_error');
    await assertAccepted(await h.site({ provider, block: `allow_http ${HOST};` }), field + ', allowed');
  }
});

e2e('MD-06 metadata of a public issuer that name a port of this machine are not used', async (h) => {
  const trap = await h.provider();
  const mock = await startMock(h, new KeycloakMock(), { real: true });
  const env = { OAUTH_KEYCLOAK_CLIENT_ID: mock.clientId, OAUTH_KEYCLOAK_CLIENT_SECRET: mock.clientSecret, OAUTH_KEYCLOAK_REALM: mock.realm,
    OAUTH_KEYCLOAK_BASE_URL: 'https://sso.example.org' };
  for (const field of ['token_endpoint', 'userinfo_endpoint', 'jwks_uri', 'authorization_endpoint']) {
    mock.discovery = { alter: (metadata) => ({ ...metadata, [field]: trap.origin + '/token' }) };
    const site = await providerSite(h, mock, { env });
    const mark = site.nginx.mark();
    const response = await site.newBrowser().navigate(site.loginUrl, { headers: { Accept: 'application/json' }, follow: false });
    assert.equal(response.status, 502, field);
    assert.equal(response.json().error, 'provider_error');
    await site.nginx.waitForLine(mark, new RegExp(field + ' is http on a loopback host'));
  }
  mock.discovery = { alter: (metadata) => ({ ...metadata, end_session_endpoint: trap.origin + '/logout' }) };
  const site = await providerSite(h, mock, { env });
  await signedIn(site, 'a sign-out endpoint like that is left out');
  assert.equal(Object.values(trap.requests).flat().length, 0, 'this machine was not asked');
});

e2e('MD-06 an issuer on this machine may have its endpoints there, with TLS or without', async (h) => {
  const made = makeCertificates(h.folder(), { names: 'IP:127.0.0.1' });
  const [secure, plain] = [await h.provider({ tls: { ...made.tls, ca: made.ca } }), await h.provider()];
  secure.discovery.alter = (metadata) => ({ ...metadata, jwks_uri: plain.base + '/jwks' });
  const site = await h.site({ provider: secure, server: `oauth_http_trusted_certificate ${made.caFile};` });
  await assertAccepted(site, 'https issuer, keys by http on this machine');
  assert.equal(plain.count('jwks'), 1);
  await assertAccepted(await h.site(), 'http');
});
