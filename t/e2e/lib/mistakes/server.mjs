// SPDX-License-Identifier: MIT
// Rows of mistakes.test.mjs: what servers and locations say, and what stands in front of nginx and behind it.
import { Browser, signIn } from '../browser.mjs';
import { assertSignedIn } from '../harness.mjs';
import { configTest, freePort } from '../nginx.mjs';

const SECRET = 'kLm9-very-secret-value-31';
const PROVIDER = `oauth_provider test oidc { issuer https://id.example.org; client_id c; client_secret ${SECRET}; }`;
const AZURE = 'oauth_provider azure-ad { client_id c; client_secret a-secret; tenant aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee;';
const serverOf = (directives = '', rules = 'oauth_allow any;') => `server { listen 127.0.0.1:8080; server_name app.example.org; oauth on; ${rules} ${directives} }`;
const check = (http, options) => configTest(http, options).stderr;

async function logWith(site, pattern) {
  await site.nginx.waitForLine(0, pattern);
  return site.nginx.log();
}

const groups = (count) => Array.from({ length: count }, (_, number) => `a-group-that-nobody-may-read-of-${number}`);
// Groups that a variable shows are never cut.
const SHOWN = { location: 'add_header X-Groups $oauth_groups;' };

async function largeSession(h) {
  const site = await h.site({ server: 'oauth_session cookie;', ...SHOWN });
  site.provider.user.groups = groups(300);
  await signIn(site.browser, site.origin + '/');
  return logWith(site, /session_too_large/);
}

async function largeRequest(h) {
  const site = await h.site({ server: 'oauth_session cookie;', ...SHOWN });
  site.provider.user.groups = groups(120);
  await assertSignedIn(site);
  const cookies = site.browser.jar.header(new URL(site.origin + '/'));
  for (let i = 0; i < 3; i++) {
    await site.browser.request(site.origin + '/', { headers: { Cookie: `${cookies}; application=${'x'.repeat(4000)}` } });
  }
  return logWith(site, /large_client_header_buffers/);
}

// Node's server takes 16 kB of headers.
async function largeIdentity(h) {
  const site = await h.site({ server: 'oauth_session shared;' });
  site.provider.user.groups = groups(500);
  for (let i = 0; i < 3; i++) {
    await signIn(site.browser, site.origin + '/');
  }
  return logWith(site, /\(431\)/);
}

async function largeAnswer(h) {
  const port = await freePort();
  const site = await h.site({ server: `oauth_session cookie; oauth_base_url http://127.0.0.1:${port};`, ...SHOWN });
  site.provider.user.groups = groups(120);
  const front = await h.nginx(port, `server { listen 127.0.0.1:${port}; location / { proxy_pass http://127.0.0.1:${site.port}; proxy_set_header Host $http_host; proxy_set_header X-Forwarded-For $remote_addr; } }`);
  for (let i = 0; i < 3; i++) {
    await signIn(new Browser(), `http://127.0.0.1:${port}/`);
  }
  await front.waitForLine(0, /upstream sent too big header/);
  return logWith(site, /proxy_buffer_size/);
}

async function requestsWith(h, headers, pattern) {
  const site = await h.site();
  for (let i = 0; i < 3; i++) {
    await new Browser().request(site.origin + '/', { headers });
  }
  return logWith(site, pattern);
}

async function unknownHost(h) {
  const site = await h.site({ server: 'server_name app.example.org;' });
  await new Browser().request(site.origin + '/', { headers: { Host: 'other.example.org' } });
  return logWith(site, /request_invalid/);
}

export const serverMistakes = [
  { what: 'oauth on, and no rule', told: () => check(PROVIDER + serverOf('', '')),
    line: /\[emerg\].*"oauth on": there is no rule that says who may pass, accepted: .* in \S+:\d+/, mends: 'oauth_allow any;' },
  { what: 'return in a protected location', told: () => check(PROVIDER + serverOf('location /hello { return 200 hello; }')),
    line: /\[warn\].*"return" of location "\/hello" answers before anybody is asked to sign in.* in \S+:\d+/, mends: 'try_files' },
  { what: 'oauth_path over a location of the application', told: () => check(PROVIDER + serverOf('oauth_path /account; location /account/profile { proxy_pass http://127.0.0.1:3000; }')),
    line: /\[warn\].*location "\/account\/profile" has a handler of its own, such as proxy_pass, that is never reached.* in \S+:\d+/, mends: 'oauth_path' },
  { what: 'a cookie that browsers refuse', told: () => check(PROVIDER + serverOf('oauth_cookie samesite=none; oauth_base_url http://app.example.org;')),
    line: /\[emerg\].*"oauth_cookie": samesite=none needs Secure, and the base URL is http.* in \S+:\d+/, mends: 'oauth_base_url' },
  { what: 'a cookie of another domain', told: () => check(PROVIDER + serverOf('oauth_cookie domain=example.com;')),
    line: /\[emerg\].*"oauth_cookie": found "domain=example\.com", which no name of the server is within.* in \S+:\d+/, mends: 'server_name' },
  { what: 'a parameter of another type of provider', told: () => check(PROVIDER.replace('}', 'tenant common; }') + serverOf()),
    line: /\[emerg\].*"tenant": is not used by type "oidc", accepted by: azure-ad, azure-ad-hybrid.* in \S+:\d+/, mends: 'azure-ad', never: [SECRET] },
  { what: 'a condition that no provider can meet', told: () => check(PROVIDER + serverOf('', 'oauth_allow org=acme;')),
    line: /\[emerg\].*"oauth_allow": "org=acme": no provider that is offered here tells organisations; .* in \S+:\d+/, mends: 'test tells: email, domain' },
  { what: 'form_post where the base URL is http', told: () => check(`${AZURE} response_mode form_post; }` + serverOf('oauth_base_url http://app.example.org;')),
    line: /\[emerg\].*"response_mode": provider "azure-ad" answers by form_post, .*found the base URL "http:\/\/app\.example\.org".* in \S+:\d+/, mends: 'response_mode query', never: ['a-secret'] },
  { what: 'a proxy in front that ends TLS', told: (h) => requestsWith(h, { 'X-Forwarded-Proto': 'https' }, /a proxy in front/),
    line: /\[warn\].*a proxy in front says that requests came by https, but the base URL is "http:\/\/127\.0\.0\.1:\d+"/, mends: 'oauth_base_url' },
  { what: 'a host that is none of the server\'s names', told: unknownHost,
    line: /request_invalid: the request's host is none of the server's names/, mends: 'set server_name or oauth_base_url' },
  { what: 'a session that no cookie holds', told: largeSession,
    line: /session_too_large: test: the session takes \d+ bytes in cookies, which carry 7500: .* by fewer values of "group" at the provider; it holds, in bytes: group \d+, /, mends: 'oauth_session shared', never: ['nobody-may-read', 'Alice'] },
  { what: 'cookies that nginx does not take, once for many', told: largeRequest,
    line: /\[warn\].*a request's headers are larger than .*, and this module's cookies are [4-7]\d{3} bytes of them/, mends: 'raise large_client_header_buffers' },
  { what: 'an identity that the application does not take, once for many', told: largeIdentity,
    line: /\[warn\].*the application refuses the request's headers as too large \(431\), and X-OAuth-Identity is \d{5} bytes of them/, mends: 'oauth_identity_claims', never: ['nobody-may-read'] },
  { what: 'an answer that the nginx in front does not take, once for many', told: largeAnswer,
    line: /\[warn\].*this module's headers are [4-7]\d{3} bytes of an answer, and a proxy is in front/, mends: 'proxy_buffer_size' },
];
