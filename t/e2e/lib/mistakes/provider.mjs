// SPDX-License-Identifier: MIT
// Rows of mistakes.test.mjs: what a provider, TLS or the network says while requests are served.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { Browser, signIn } from '../browser.mjs';
import { makeCertificates } from '../certificates.mjs';
import { ConnectProxy } from '../connect-proxy.mjs';
import { configTest, freePort } from '../nginx.mjs';
import { OidcProvider } from '../oidc-provider.mjs';
import { AzureMock } from '../providers/azure-ad.mjs';
import { GitHubMock } from '../providers/github.mjs';
import { providerSite, startMock } from '../providers/site.mjs';
import { reply } from '../replies.mjs';
import { ScriptedProvider } from '../scripted-provider.mjs';

const PASSWORD = 'a-password-of-the-proxy';
const WRONG = 'not-the-secret-of-the-client';

// The whole log of a site after one visitor. Whatever the provider has given away must not be in it.
async function logOf(site, browse = () => signIn(site.browser, site.origin + '/')) {
  await browse(site);
  const text = site.nginx.log();
  for (const secret of site.provider?.secrets ?? []) {
    assert.ok(secret.length < 8 || !text.includes(secret), 'a secret in the log');
  }
  return text;
}

const told = (options, change = () => {}) => async (h) => {
  const site = await h.site(options);
  change(site.provider);
  return logOf(site);
};

// Only the beginning of a sign-in: there is no provider that would go on.
const begins = (configuration, options) => async (h) => {
  const port = await freePort();
  const nginx = await h.nginx(port, `${await configuration(h)} server { listen 127.0.0.1:${port}; oauth on; oauth_allow any; }`, options);
  await new Browser().navigate(`http://127.0.0.1:${port}/`, { follow: false });
  return nginx.log();
};

const oidc = (issuer, secret = 's') => `oauth_provider test oidc { issuer ${issuer}; client_id site; client_secret "${secret}"; }`;

// The certified provider. It knows this site by its secret, and by `callback`.
async function certified(h, { secret = 'a secret of the site', callback = '/auth/oauth/test/callback' }) {
  const port = await freePort();
  const origin = 'http://127.0.0.1:' + port;
  const provider = await new OidcProvider().start(await freePort(), [{ client_id: 'site', client_secret: 'a secret of the site', grant_types: ['authorization_code'],
    redirect_uris: [origin + callback], response_types: ['code'] }]);
  h.closers.push(() => provider.stop());
  const nginx = await h.nginx(port, `${oidc(provider.issuer, secret)} server { listen 127.0.0.1:${port}; oauth on; oauth_allow any; }`);
  return logOf({ origin, nginx, browser: new Browser() });
}

// Compares the credentials without decoding them, as many servers do.
class LiteralProvider extends ScriptedProvider {
  clientIsRight(entry) {
    return Buffer.from((entry.headers.authorization ?? '').slice(6), 'base64').toString() === this.clientId + ':' + this.clientSecret;
  }

  async onToken(entry, response) {
    if (this.clientIsRight(entry)) {
      return super.onToken(entry, response);
    }
    return reply(response, { error: 'invalid_client', error_description: 'Client authentication failed for ' + new URLSearchParams(entry.body).get('code') }, {}, 401);
  }
}

async function literal(h, { secret = 'a-plain-secret', block, change = () => {} }) {
  const provider = await new LiteralProvider({ clientId: 'site', clientSecret: secret }).start();
  h.closers.push(() => provider.stop());
  const site = await h.site({ provider, block });
  change(provider);
  return logOf(site);
}

// A provider over TLS with a certificate of its own.
const tls = ({ names, days, selfSigned = false, trusted = true, wait = 0 }) => async (h) => {
  const folder = h.folder();
  const made = makeCertificates(folder, { names: names ?? 'IP:127.0.0.1', days });
  const own = { key: readFileSync(path.join(folder, 'ca.key'), 'utf8'), cert: made.ca };
  const other = makeCertificates(h.folder());
  await new Promise((resolve) => { setTimeout(resolve, wait); });
  const provider = await h.provider({ tls: selfSigned ? own : made.tls });
  return begins(() => `${oidc(provider.issuer)} oauth_http_trusted_certificate ${trusted ? made.caFile : other.caFile};`)(h);
};

async function proxyThat(h, answer) {
  const server = http.createServer();
  server.on('connect', (request, client) => client.end(answer));
  await new Promise((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  h.closers.push(() => new Promise((resolve) => { server.close(resolve); }));
  return 'http://127.0.0.1:' + server.address().port;
}

async function strictProxy(h) {
  const proxy = await new ConnectProxy(new Map()).start();
  h.closers.push(() => proxy.stop());
  return proxy.url;
}

const proxied = (url) => begins(async (h) => `${oidc('https://id.example.org')} oauth_http_proxy ${await url(h)};`);
const unproxied = (issuer) => begins(() => `${oidc(issuer)} oauth_http_connect_timeout 1s;`, { env: { https_proxy: `http://user:${PASSWORD}@127.0.0.1:1` } });

const claims = (change) => (provider) => { provider.token = { claims: (all, grant, { now }) => ({ ...all, ...change(now) }) }; };
const withoutClaims = (...names) => (provider) => {
  provider.userinfo = { claims: (all) => Object.fromEntries(Object.entries(all).filter(([name]) => !names.includes(name))) };
};

async function github(h, change) {
  const mock = await startMock(h, new GitHubMock(), { real: true });
  change(mock);
  const site = await providerSite(h, mock, { rules: 'oauth_allow org=acme-fake;', env: { OAUTH_GITHUB_CLIENT_ID: mock.clientId, OAUTH_GITHUB_CLIENT_SECRET: mock.clientSecret } });
  return logOf(site);
}

async function azure(h) {
  const mock = await startMock(h, new AzureMock(), { real: true });
  mock.discovery = { status: 400, body: JSON.stringify({ error: 'invalid_tenant', error_description: "AADSTS90002: Tenant 'x' not found." }) };
  const site = await providerSite(h, mock, { env: { OAUTH_AZURE_AD_CLIENT_ID: mock.clientId, OAUTH_AZURE_AD_CLIENT_SECRET: mock.clientSecret, OAUTH_AZURE_AD_TENANT_ID: 'x',
    OAUTH_AZURE_AD_ENABLE_SINGLE_TENANT: 'true' } });
  return logOf(site);
}

const CLIENT = 'client_id, client_secret and client_auth must be as the provider has them';
const TOKEN = String.raw`token endpoint: status 40[01], error invalid_client, ".+" \(http:\/\/127\.0\.0\.1:\d+\/token\): `;
const REGISTER = /register the callback URL "http:\/\/127\.0\.0\.1:\d+\/auth\/oauth\/test\/callback" at the provider/;

const credentials = [
  { what: 'a wrong client secret', told: (h) => certified(h, { secret: WRONG }), line: new RegExp(TOKEN + CLIENT + '; client_auth is basic'), mends: 'client_secret', never: [WRONG] },
  { what: 'a client id that the token endpoint does not know', told: (h) => literal(h, { change: (provider) => { provider.clientId = 'another'; } }),
    line: new RegExp(TOKEN + CLIENT), mends: 'client_id', never: ['a-plain-secret'] },
  { what: 'another client_auth than the client is registered for', told: (h) => literal(h, { block: 'client_auth post;' }),
    line: new RegExp(TOKEN + CLIENT + '; client_auth is post'), mends: 'client_auth', never: ['a-plain-secret'] },
  { what: 'a secret that client_secret_basic encodes, and a server that does not decode it', told: (h) => literal(h, { secret: 'a+secret/with=signs%' }),
    line: new RegExp(TOKEN + 'the client_secret has characters that client_auth basic encodes'), mends: '"client_auth post"', never: ['a+secret/with=signs%'] },
];

const callbacks = [
  { what: 'a callback that is not registered, where the provider shows a page of its own', told: (h) => certified(h, { callback: '/oauth2/callback' }),
    line: /a sign-in begins at test: client_id "site" and the callback URL "http:\/\/127\.0\.0\.1:\d+\/auth\/oauth\/test\/callback" have to be registered there/, mends: 'callback URL' },
  { what: 'a callback that the token endpoint does not know', told: told({}, (provider) => {
    provider.token = { status: 400, body: '{"error":"invalid_grant","error_description":"redirect_uri\\u000amismatch"}' };
  }), line: /error invalid_grant, "redirect_uri\?mismatch" \(.*\/token\): register the callback URL "http:.*\/callback" at the provider/, mends: 'callback URL' },
  { what: 'a callback that the provider refuses', told: told({}, (provider) => { provider.authorize = { error: 'redirect_uri_mismatch', description: 'not registered' }; }),
    line: new RegExp('answered with error redirect_uri_mismatch, "not registered": ' + REGISTER.source), mends: 'callback URL' },
  { what: 'a request that the provider finds invalid', told: told({}, (provider) => { provider.authorize = { error: 'invalid_request' }; }),
    line: /answered with error invalid_request: where that is about the callback: register the callback URL/, mends: 'callback URL' },
  { what: 'a scope that the provider does not give', told: told({}, (provider) => { provider.authorize = { error: 'invalid_scope', description: 'no such scope' }; }),
    line: /error invalid_scope, "no such scope": the parameter scope/, mends: 'scope' },
];

const addresses = [
  { what: 'an issuer with a typo', told: async (h) => begins(async () => oidc((await h.provider()).origin + '/relam'))(h),
    line: /metadata: status 404, text\/plain and no JSON \(http:\/\/127\.0\.0\.1:\d+\/relam\/\.well-known\/openid-configuration\): issuer must be as the provider has it/, mends: 'issuer' },
  { what: 'a wrong realm', told: async (h) => begins(async () => `oauth_provider keycloak { domain ${(await h.provider()).origin}; realm mian; client_id site; client_secret s; }`)(h),
    line: /metadata: status 404, .*\/realms\/mian\/.*: issuer, domain and realm must be as the provider has them/, mends: 'realm' },
  { what: 'a wrong tenant', told: azure, line: /metadata: status 400, error invalid_tenant, "AADSTS90002: Tenant 'x' not found\." \(https:\/\/login\.microsoftonline\.com\/x\/.*: issuer, domain and tenant must be/,
    mends: 'tenant' },
  { what: 'the address of the metadata as the issuer', told: async () => configTest(oidc('https://id.example.org/.well-known/openid-configuration')).stderr,
    line: /\[emerg\].*"issuer".*accepted: the issuer that is named at this address, such as https:\/\/id\.example\.org/, mends: 'issuer' },
  { what: 'a slash at the end of the issuer', told: async (h) => begins(async () => oidc((await h.provider()).issuer + '/'))(h),
    line: /issuer is not the expected one: found "(http:\/\/127\.0\.0\.1:\d+)", expected "\1\/", which differ in the slash at the end/, mends: 'issuer' },
  { what: "another tenant's metadata", told: async (h) => begins(async () => {
    const provider = await h.provider();
    provider.discovery = { alter: (all) => ({ ...all, issuer: 'https://id.example.org/other/v2.0' }) };
    return oidc(provider.issuer);
  })(h), line: /issuer is not the expected one: found "https:\/\/id\.example\.org\/other\/v2\.0", expected "http:\/\/127\.0\.0\.1:\d+" \(.*\): issuer must be as the provider has it/, mends: 'issuer' },
  { what: 'a token endpoint that is a page', told: told({ block: (site) => `token_endpoint ${site.provider.base}/other;` }),
    line: /token endpoint: status 404, text\/plain and no JSON \(http:\/\/127\.0\.0\.1:\d+\/other\): token_endpoint/, mends: 'token_endpoint' },
  { what: 'a token endpoint whose page says that all is well', told: told({}, (provider) => { provider.token = { type: 'text/html', body: '<html>Welcome' }; }),
    line: /token endpoint: the answer is not of a JSON media type, but text\/html \(.*\/token\): token_endpoint/, mends: 'token_endpoint' },
];

const TRUST = 'oauth_http_trusted_certificate';
const certificates = [
  { what: 'a self-signed certificate', told: tls({ selfSigned: true, trusted: false }), line: /metadata: TLS: the certificate is self-signed \(https:.*\): /, mends: TRUST },
  { what: 'a certificate of an authority that nobody trusts', told: tls({ trusted: false }), line: /metadata: TLS: the certificate is of an authority that is not trusted here \(/, mends: TRUST },
  { what: 'a certificate for another name', told: tls({ names: 'DNS:other.example.org' }), line: /metadata: TLS: the certificate is for another name than "127\.0\.0\.1" \(https:/, mends: 'URL' },
  { what: 'a certificate that has expired', told: tls({ days: 0, wait: 2000 }), line: /metadata: TLS: the certificate, or one that it rests on, has expired \(https:/, mends: 'clock' },
];

const PROXY = 'oauth_http_proxy';
const NOT_READ = 'https_proxy of the environment is not read: name the proxy with oauth_http_proxy';
const networks = [
  { what: 'a proxy that is dead', told: proxied(async () => 'http://127.0.0.1:' + await freePort()),
    line: /metadata: no connection to the proxy, Connection refused \(https:\/\/id\.example\.org\/.*\): oauth_http_proxy is "http:\/\/127\.0\.0\.1:\d+"/, mends: PROXY },
  { what: 'a proxy that wants a password', told: proxied((h) => proxyThat(h, 'HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n')),
    line: /metadata: the proxy answers CONNECT with status 407 \(https:\/\/id\.example\.org\/.*a user and a password/, mends: PROXY },
  { what: 'a proxy that does not let through', told: proxied(strictProxy), line: /metadata: the proxy answers CONNECT with status 502 \(https:\/\/id\.example\.org\//, mends: PROXY },
  { what: 'a proxy that hangs up', told: proxied((h) => proxyThat(h, '')), line: /metadata: the proxy fails: .* \(https:\/\/id\.example\.org\//, mends: PROXY },
  { what: 'a name that nobody knows', told: begins(() => oidc('https://id.example.invalid')), line: /metadata: the name "id\.example\.invalid" is not found \(https:/, mends: '/etc/resolv.conf' },
  { what: 'a name that only the proxy of the environment knows', told: unproxied('https://id.example.invalid'), line: new RegExp('name "id.example.invalid" is not found .*' + NOT_READ),
    mends: PROXY, never: [PASSWORD] },
  { what: 'an address that only the proxy of the environment reaches', told: unproxied('https://192.0.2.1'), line: new RegExp('metadata: no connection.* .https://192.0.2.1/.*' + NOT_READ),
    mends: PROXY, never: [PASSWORD] },
  { what: 'a port on which nobody listens', told: async (h) => begins(async () => oidc('http://127.0.0.1:' + await freePort()))(h),
    line: /metadata: no connection, Connection refused \(http:\/\/127\.0\.0\.1:\d+\/.*\): check host, port/, mends: 'port' },
  { what: 'a provider that does not answer', told: async (h) => {
    const provider = await h.provider();
    provider.discovery = { hang: true };
    return begins(() => `${oidc(provider.issuer)} oauth_http_timeout 1s;`)(h);
  }, line: /metadata: no answer in time \(http:.*\): /, mends: 'oauth_http_timeout' },
  { what: 'a provider that is stuck, on a connection that was there already', told: async (h) => {
    const site = await h.site({ server: 'oauth_http_timeout 2s;' });
    site.provider.server.keepAliveTimeout = 60000;
    await signIn(site.browser, site.origin + '/');
    site.provider.userinfo = { hang: true };
    return logOf({ ...site, browser: new Browser() });
  }, line: /userinfo endpoint: no answer in time \(http:.*\): /, mends: 'oauth_http_timeout' },
  { what: 'a balancer that has no provider', told: told({}, (provider) => { provider.token = { status: 503, type: 'text/html', body: '<html>Service Unavailable' }; }),
    line: /token endpoint: status 503, text\/html and no JSON \(http:.*\/token\): /, mends: 'the provider, or what stands before it, is out of order' },
  { what: 'an answer that is larger than the limit', told: told({ server: 'oauth_http_max_body 8k;' }, (provider) => { provider.userinfo = { huge: 9000 }; }),
    line: /userinfo endpoint: the response is too large, over 8192 bytes \(.*\/userinfo\): /, mends: 'oauth_http_max_body' },
];

const SKEW = 'oauth_clock_skew';
const tokens = [
  { what: 'a clock that is behind: the ID token has expired', told: told({}, claims((now) => ({ exp: now - 3000, iat: now - 3600 }))),
    line: /ID token: it has expired: by this machine's clock exp was 300\d seconds ago, and iat 360\d\. Set the clocks right/, mends: SKEW },
  { what: 'a clock that is ahead: the ID token is from the future', told: told({}, claims((now) => ({ exp: now + 4200, iat: now + 3600 }))),
    line: /ID token: iat is in the future: 3(600|59\d) seconds ahead of this machine's clock\. Set the clocks right/, mends: SKEW },
  { what: 'a clock that is ahead: the ID token is not valid yet', told: told({}, claims((now) => ({ nbf: now + 600 }))),
    line: /ID token: nbf is in the future: (600|59\d) seconds ahead/, mends: SKEW },
  { what: "another client's ID token", told: told({}, claims(() => ({ aud: 'another-client' }))), line: /ID token: aud is not this client: found "another-client", expected "client:1"/, mends: 'client_id' },
  { what: 'an ID token of another issuer', told: told({}, claims(() => ({ iss: 'https://other.example.org' }))),
    line: /ID token: iss is not the provider's issuer: found "https:\/\/other\.example\.org", expected "http:\/\/127\.0\.0\.1:\d+"/, mends: 'issuer' },
  { what: 'a key that the provider does not publish', told: told({}, (provider) => { provider.token = { header: (all) => ({ ...all, kid: 'another-key' }) }; }),
    line: /ID token: no key of the provider verifies its signature: it has key id "another-key", which is none of the provider's, and the keys at jwks_uri have /, mends: 'jwks_uri' },
  { what: 'an algorithm that is not accepted', told: told({ block: 'signing_algorithms ES256;' }),
    line: /ID token: its algorithm is not allowed: found "RS256", accepted: ES256/, mends: 'signing_algorithms' },
];

const USED = 'signed in at \\w+, session [0-9a-f]{16}; not told, though rules use it: ';
const people = [
  { what: 'no address where a rule needs one', told: told({ rules: 'oauth_allow email=*@example.org;', block: 'scope openid profile;' }, withoutClaims('email', 'email_verified')),
    line: new RegExp(USED + 'email\\. Told: sub, name, groups\\. The parameter scope has no email'), mends: 'scope', never: ['alice@example.org', 'Alice Example'] },
  { what: 'no claim where a rule needs one', told: told({ rules: 'oauth_allow claim.department=sales;' }), mends: 'scope', never: ['alice@example.org', 'Alice Example'],
    line: new RegExp(USED + 'claim\\.department\\. Told: sub, email, email_verified, name, groups\\.') },
  { what: 'no groups where a rule needs one', told: told({ rules: 'oauth_allow group=staff;' }, withoutClaims('groups')), mends: 'scope', never: ['alice@example.org', 'Alice Example'],
    line: new RegExp(USED + 'group\\. Told: sub, email, email_verified, name\\.') },
  { what: 'no roles where a rule needs one', told: told({ rules: 'oauth_allow role=editor;' }), line: new RegExp(USED + 'role\\. Told: sub, email, '), mends: 'scope',
    never: ['alice@example.org', 'Alice Example'] },
  { what: "an organisation of GitHub's that has not approved the application", told: (h) => github(h, (mock) => { mock.user = { ...mock.user, orgs: [] }; }),
    line: new RegExp(USED + 'org\\. Told: .*login.*GitHub shows an organisation only where an owner of it has approved this application'), mends: 'approved', never: ['octo@example.org'] },
  { what: "organisations that GitHub refuses to list", told: (h) => github(h, (mock) => { mock.api.orgs = { status: 403, body: '{"message":"the organisation has restrictions"}' }; }),
    line: /\/user\/orgs: status 403, "the organisation has restrictions" \(https:\/\/api\.github\.com\/user\/orgs\): GitHub shows an organisation only/, mends: 'approved' },
];

export const providerMistakes = [...credentials, ...callbacks, ...addresses, ...certificates, ...networks, ...tokens, ...people];
