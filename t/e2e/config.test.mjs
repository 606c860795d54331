// SPDX-License-Identifier: MIT
// nginx -t: each mistake is told with file, line, directive, what was found and what is accepted; secrets are never printed (NX-13, AR-06, AR-10, TK-14).
import assert from 'node:assert/strict';
import { e2e } from './lib/harness.mjs';
import { configTest } from './lib/nginx.mjs';

const SECRET = 'kLm9-very-secret-value-31';
const PROVIDER = `oauth_provider test oidc { issuer https://id.example.org; client_id c; client_secret ${SECRET}; }`;
const site = ({ http = PROVIDER, server = 'oauth on; oauth_allow any;', location = '' } = {}) => `${http}
server {
    listen 127.0.0.1:8080;
    ${server}
    location / { ${location} return 204; }
}`;

// Each: [what, parts of the site, patterns of the message].
const mistakes = [
  ['no rule at all', { server: 'oauth on;' }, /oauth_allow any;/],
  ['no rule in a location', { server: '', location: 'oauth on;' }, /oauth_allow any;/],
  ['no provider at all', { http: '' }, /provider/],
  ['unknown provider name', { server: 'oauth on; oauth_allow any; oauth_providers nobody;' }, /oauth_providers.*nobody|nobody.*oauth_providers/],
  ['http on another host', { http: PROVIDER.replace('https:', 'http:') }, /http:\/\/id\.example\.org/, /https/],
  ['http token endpoint', { http: PROVIDER.replace('}', 'token_endpoint http://10.0.0.1/token; }') }, /token_endpoint/, /10\.0\.0\.1/],
  ['PD-01 a push without TLS', { http: PROVIDER.replace('}', 'pushed_authorization_request_endpoint http://10.0.0.1/par; }') }, /"pushed_authorization_request_endpoint".*10\.0\.0\.1/],
  ['introspection without TLS', { http: PROVIDER.replace('}', 'introspection_endpoint http://10.0.0.1/tokens; }') }, /"introspection_endpoint".*10\.0\.0\.1.*accepted: an https URL/],
  ['AR-10 a reserved parameter in capitals', { http: PROVIDER.replace('}', 'authorize_param State x; }') }, /"State" is set by the module itself/],
  ['AR-10 a parameter whose name brings another', { http: PROVIDER.replace('}', 'authorize_param "a&state=b" x; }') }, /"authorize_param": found "a&state=b", accepted: a name of letters, digits/],
  ['a parameter without a name', { http: PROVIDER.replace('}', 'authorize_param "" x; }') }, /"authorize_param": found "", accepted: a name of letters/],
  ['AR-10 an authentication of the client', { http: PROVIDER.replace('}', 'authorize_param client_assertion x; }') }, /client_assertion/],
  ['issuer no URL', { http: PROVIDER.replace('https://id.example.org', 'nonsense') }, /issuer/, /nonsense/],
  ['endpoint with fragment', { http: PROVIDER.replace('}', 'authorization_endpoint https://id.example.org/a#b; }') }, /authorization_endpoint/],
  ['unknown member', { http: PROVIDER.replace('client_id', 'client_idd') }, /client_idd/],
  ['unknown type', { http: PROVIDER.replace('test oidc', 'test ooidc') }, /ooidc/],
  ['a parameter of another type', { http: PROVIDER.replace('}', 'allowed_tenants aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee; }') }, /"allowed_tenants": is not used by type "oidc", accepted by: azure-ad, azure-ad-hybrid in /],
  ['single_tenant elsewhere', { http: PROVIDER.replace('}', 'single_tenant on; }') }, /"single_tenant": is not used by type "oidc", accepted by: azure-ad/],
  ['a domain beside an issuer', { http: PROVIDER.replace('oidc', 'okta').replace('}', 'domain x.okta.com; }') }, /"domain" has no effect beside "issuer"/],
  ['a nonce without an ID token', { http: 'oauth_provider github { client_id c; client_secret x; nonce off; }' }, /"nonce": is not used by type "github", accepted by: google/],
  ['tenants that exclude each other', { http: 'oauth_provider azure-ad { client_id c; client_secret x; tenant aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee; single_tenant on; allowed_tenants ffffffff-bbbb-cccc-dddd-eeeeeeeeeeee; }' }, /allowed_tenants.*no effect/],
  ['no client_id', { http: PROVIDER.replace('client_id c;', '') }, /client_id/],
  ['no issuer', { http: PROVIDER.replace(/issuer \S+/, '') }, /issuer/],
  ['no client_secret', { http: PROVIDER.replace(/client_secret \S+/, '') }, /client_secret/],
  ['same name twice', { http: PROVIDER + '\n' + PROVIDER }, /test/],
  ['oauth value', { server: 'oauth maybe; oauth_allow any;' }, /oauth/, /maybe/, /optional/],
  ['condition unknown', { server: 'oauth on; oauth_allow gruop=admins;' }, /gruop/, /group/],
  ['rule never reached', { server: 'oauth on; oauth_allow any; oauth_deny email=a@b.example;' }, /reach/],
  ['login page at an endpoint', { server: 'oauth on; oauth_allow any; oauth_login_page /auth/oauth/login;' }, /"oauth_login_page": found "\/auth\/oauth\/login", which oauth_path \("\/auth\/oauth"\).*accepted: .* in \S+:\d+/],
  ['login page under oauth_path, encoded', { server: 'oauth on; oauth_allow any; oauth_path /in; oauth_login_page /%69n/page?a=b;' }, /"oauth_login_page": found/],
  ['regex broken', { server: 'oauth on; oauth_allow "email~(";' }, /email~\(|regex|pattern/i],
  ['policy unknown', { server: 'oauth on; oauth_allow policy=staff;' }, /staff/],
  ['values file missing', { server: 'oauth on; oauth_allow email@/nonexistent/list;' }, /nonexistent/],
  ['reserved parameter', { http: PROVIDER.replace('}', 'authorize_param state x; }') }, /state/],
  ['algorithm none', { http: PROVIDER.replace('}', 'signing_algorithms none; }') }, /none/],
  ['client_auth unknown', { http: PROVIDER.replace('}', 'client_auth magic; }') }, /magic/],
  ['path not absolute', { server: 'oauth on; oauth_allow any; oauth_path auth;' }, /oauth_path/],
  ['base URL with a path of its own', { server: 'oauth on; oauth_allow any; oauth_base_url ftp://x;' }, /oauth_base_url/],
  ['time', { server: 'oauth on; oauth_allow any; oauth_session_lifetime soon;' }, /oauth_session_lifetime/],
  ['session store', { server: 'oauth on; oauth_allow any; oauth_session cookies;' }, /oauth_session/, /cookies/],
  ['header name', { server: 'oauth on; oauth_allow any; oauth_identity_header "X Y";' }, /oauth_identity_header/],
  ['duplicate', { server: 'oauth on; oauth on; oauth_allow any;' }, /duplicate/],
  ['secret file missing', { http: PROVIDER.replace(SECRET, 'file:/nonexistent/secret') }, /\/nonexistent\/secret/],
  ['secret variable missing', { http: PROVIDER.replace(SECRET, 'env:NOT_THERE') }, /NOT_THERE/],
  ['session key too short', { server: `oauth on; oauth_allow any; oauth_session_key ${SECRET.slice(0, 9)};` }, /oauth_session_key/],
  ['identity key no key', { server: 'oauth on; oauth_allow any; oauth_identity_key file:/nonexistent/key.pem;' }, /oauth_identity_key|nonexistent/],
  ['samesite none without secure', { server: 'oauth on; oauth_allow any; oauth_cookie samesite=none secure=off;' }, /samesite|secure/i],
  ['wrong place', { location: 'oauth_path /x;' }, /oauth_path/],
];

for (const [what, parts, ...patterns] of mistakes) {
  e2e('nginx -t refuses: ' + what, async () => {
    const { code, stderr, lines } = configTest(site(parts));
    assert.notEqual(code, 0, stderr);
    const message = stderr.split('\n').find((line) => line.includes('[emerg]')) ?? '';
    patterns.forEach((pattern) => assert.match(message, pattern));
    const place = /in (\S+nginx\.conf):(\d+)/.exec(message);
    assert.ok(place, 'file and line: ' + message);
    assert.ok(Number(place[2]) >= 1 && Number(place[2]) <= lines.length);
    assert.ok(!stderr.includes(SECRET), 'no secret');
  });
}

const right = {
  'the smallest, from the environment': [{ http: '' }, { OAUTH_GITHUB_CLIENT_ID: 'id', OAUTH_GITHUB_CLIENT_SECRET: SECRET }],
  'a block': [{}, {}],
  'optional needs no rule': [{ server: 'oauth optional;' }, {}],
  'off needs no provider': [{ http: '', server: 'oauth off;' }, {}],
  'http on loopback': [{ http: PROVIDER.replace('https://id.example.org', 'http://127.0.0.1:9') }, {}],
  'http on localhost': [{ http: PROVIDER.replace('https://id.example.org', 'http://localhost:9') }, {}],
  'secret from the environment': [{ http: PROVIDER.replace(SECRET, 'env:MY_SECRET') }, { MY_SECRET: SECRET }],
  'a policy': [{ http: PROVIDER + ' oauth_policy staff { oauth_deny email=x@example.org; oauth_allow domain=example.org; }', server: 'oauth on; oauth_allow policy=staff;' }, {}],
};

for (const [what, [parts, env]] of Object.entries(right)) {
  e2e('nginx -t accepts: ' + what, async () => {
    const { code, stderr } = configTest(site(parts), { env });
    assert.equal(code, 0, stderr);
    assert.ok(!stderr.includes(SECRET));
  });
}

e2e('a provider whose variables are not all set, or empty, is not active', async () => {
  for (const env of [{ OAUTH_GITHUB_CLIENT_ID: 'id' }, { OAUTH_GITHUB_CLIENT_ID: 'id', OAUTH_GITHUB_CLIENT_SECRET: '' }]) {
    assert.notEqual(configTest(site({ http: '' }), { env }).code, 0);
  }
});

e2e('secrets of a wrong configuration are never printed', async () => {
  const broken = [{ http: PROVIDER + ' oauth_nonsense 1;' }, { http: PROVIDER.replace('issuer', 'isuer') }, { http: PROVIDER.replace('; }', ' twice; }') }, { http: PROVIDER.replace('https:', 'http:') },
    { server: `oauth on; oauth_allow any; oauth_session redis://:${SECRET}@127.0.0.1:x;` }, { server: `oauth on; oauth_allow any; oauth_identity_key ${SECRET} kid=;` }];
  for (const parts of broken) {
    const { code, stderr, log } = configTest(site(parts));
    assert.notEqual(code, 0, JSON.stringify(parts));
    assert.ok(!(stderr + log).includes(SECRET), stderr);
  }
});
