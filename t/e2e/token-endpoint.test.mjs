// SPDX-License-Identifier: MIT
// The token endpoint and the way there: TK-01, TK-02 and TK-06 to TK-19. Nothing but a right JSON answer makes a session.
import assert from 'node:assert/strict';
import { Browser } from './lib/browser.mjs';
import { makeCertificates } from './lib/certificates.mjs';
import { beginSignIn, e2e, hasSession } from './lib/harness.mjs';
import { assertAccepted, assertCannotStart, assertRefused } from './lib/refusals.mjs';

const MARKER = 'do-not-log-this-body';
const alter = (changes) => ({ alter: (answer) => ({ ...answer, ...changes }) });
const rewrite = (change) => ({ rewrite: change });
const append = (member) => rewrite((text) => text.replace(/}$/, ',' + member + '}'));

async function table(h, { refused = [], accepted = [], codes = 'provider_error', status = 502, options = {} }) {
  const site = await h.site(options);
  for (const [what, token] of refused) {
    site.provider.token = token;
    const { lines } = await assertRefused(site, what, { codes, status });
    assert.ok(!lines.join('\n').includes(MARKER), what + ': the body is not logged');
  }
  for (const [what, token] of accepted) {
    site.provider.token = token;
    await assertAccepted(site, what);
  }
  return site;
}

e2e('TK-01 odd characters of the client get through as HTTP basic', async (h) => {
  const site = await h.site({ provider: { clientId: 'id:with + %41 and é', clientSecret: 'p%40ss:w+rd é&=%' } });
  await assertAccepted(site, 'basic');
});

e2e('TK-02 client_secret_post and public clients send no Authorization header', async (h) => {
  await assertAccepted(await h.site({ provider: { clientAuth: 'post' } }), 'post, from the metadata');
  const provider = await h.provider({ clientAuth: 'post' });
  provider.discovery.alter = (metadata) => ({ ...metadata, token_endpoint_auth_methods_supported: undefined });
  await assertAccepted(await h.site({ provider, block: 'client_auth post;' }), 'post, configured');
  await assertAccepted(await h.site({ provider: { clientAuth: 'none' } }), 'none');
});

e2e('TK-06 token_type bearer in any case', (h) => table(h, { accepted: ['bearer', 'BEARER', 'Bearer'].map((type) => [type, alter({ token_type: type })]) }));

e2e('TK-07 another token_type is refused', (h) => table(h, {
  refused: [['mac', alter({ token_type: 'mac' })], ['N_A', alter({ token_type: 'N_A' })], ['number', alter({ token_type: 1 })],
    ['empty', alter({ token_type: '' })]],
}));

e2e('TK-07 no token_type is bearer, which the log says; TK-09 no access token where nothing asks with one', async (h) => {
  const site = await table(h, { accepted: [['missing', alter({ token_type: undefined })]] });
  assert.ok(site.nginx.log().split('\n').some((line) => /\[info\].*signed in at \S+, session \S+; the token answer has no token_type/.test(line)));
  await table(h, { options: { block: 'userinfo off;' },
    accepted: ['access_token', 'token_type'].map((name) => ['without ' + name, alter({ [name]: undefined })]).concat([['neither', alter({ access_token: undefined, token_type: undefined })]]),
    refused: [['no ID token', alter({ access_token: undefined, id_token: undefined })], ['malformed', alter({ access_token: 7 })]] });
});

const expiries = ['0', '-1', '"3600"', 'null', '0.5', '9007199254740993', '1e300', '1e-300', '9223372036854775808', '-9223372036854775809', '18446744073709551616'];
e2e('TK-08 whatever expires_in is, nothing overflows', (h) => table(h, {
  accepted: [['absent', alter({ expires_in: undefined })], ...expiries.map((value) => [value, rewrite((text) => text.replace(/"expires_in":\d+/, '"expires_in":' + value))])],
}));

e2e('TK-09 an answer without ID token or access token is refused', (h) => table(h, {
  refused: [['no id_token', alter({ id_token: undefined })], ['null', alter({ id_token: null })], ['object', alter({ id_token: {} })], ['no access_token', alter({ access_token: undefined })],
    ['empty access_token', alter({ access_token: '' })], ['access_token with CRLF', alter({ access_token: 'a\r\nX: y' })], ['number', alter({ access_token: 7 })]],
}));

const again = (name) => append(`"${name}":"${MARKER}"`);
e2e('TK-10 unknown members are ignored, members given twice refused', (h) => table(h, {
  refused: [['access_token', again('access_token')], ['id_token', again('id_token')], ['escaped', again('\\u0069d_token')]],
  accepted: [['unknown', alter({ x: { y: [1, { z: null }] }, not_before_policy: 0 })]],
}));

e2e('TK-11 errors of the provider are told in one line, without their body', async (h) => {
  const body = JSON.stringify({ error: 'invalid_grant', error_description: 'the code\nis old', error_uri: MARKER });
  const site = await table(h, {
    refused: [['400', { status: 400, body }], ['401', { status: 401, body }], ['200 with error', { status: 200, body }], ['500', { status: 500, body: MARKER, type: 'text/plain' }],
      ['502 HTML', { status: 502, body: '<html>' + MARKER, type: 'text/html' }], ['503 empty', { status: 503, body: '' }], ['201', { status: 201 }],
      ['200 with error and tokens', alter({ error: 'x' })], ['odd error', { status: 400, body: JSON.stringify({ error: MARKER.repeat(40) + '\n' }) }]],
  });
  assert.ok(site.nginx.linesSince(0, /error invalid_grant, "the code\?is old"/).length > 0, 'the error code and its description are in the log');
});

e2e('TK-12 what does not say it is JSON is not read as JSON', (h) => table(h, {
  refused: [['text/html', { type: 'text/html' }], ['text/plain', { type: 'text/plain' }], ['none', { type: false }], ['text/json-like', { type: 'application/jsonx' }]],
  accepted: [['with charset', { type: 'application/json; charset=utf-8' }], ['structured suffix', { type: 'application/x+json' }], ['case', { type: 'Application/JSON' }]],
}));

e2e('TK-13 redirects of the back channel are not followed', async (h) => {
  const evil = await h.provider();
  const redirects = [302, 303, 307, 308, 301].map((status) => ({ status, redirect: evil.origin + '/evil' }));
  const site = await h.site();
  for (const shape of redirects) {
    site.provider.token = shape;
    await assertRefused(site, 'token ' + shape.status, { codes: 'provider_error' });
  }
  site.provider.token = {};
  site.provider.userinfo = redirects[2];
  await assertRefused(site, 'userinfo', { codes: 'provider_error', userinfo: 1 });
  for (const endpoint of ['jwks', 'discovery']) {
    const provider = await h.provider();
    provider[endpoint] = redirects[0];
    const other = await h.site({ provider });
    await (endpoint === 'jwks' ? assertRefused(other, 'jwks', { codes: ['provider_error', 'token_invalid'] }) : assertCannotStart(other, 'discovery', 'provider_error'));
  }
  assert.equal(evil.count('other'), 0);
});

e2e('TK-14 TLS is verified: authority, name and time', async (h) => {
  const folder = h.folder();
  const good = makeCertificates(folder);
  const trust = `oauth_http_trusted_certificate ${good.caFile};`;
  const https = async (certificates) => h.provider({ tls: { ...certificates.tls, ca: certificates.ca } });
  await assertAccepted(await h.site({ provider: await https(good), server: trust }), 'the authority is trusted');
  await assertCannotStart(await h.site({ provider: await https(good) }), 'unknown authority', 'provider_unreachable');
  for (const [what, options] of [['wrong host', { names: 'DNS:evil.test' }], ['expired', { days: 0 }]]) {
    const wrong = makeCertificates(h.folder(), options);
    const site = await h.site({ provider: await https(wrong), server: `oauth_http_trusted_certificate ${wrong.caFile};` });
    await assertCannotStart(site, what, 'provider_unreachable');
  }
});

const encodings = {
  'BOM': (text) => '\ufeff' + text,
  'UTF-16': (text) => Buffer.from(text, 'utf16le'),
  'invalid UTF-8': (text) => Buffer.concat([Buffer.from(text.replace(/}$/, ',"x":"')), Buffer.from([0xff, 0xc0, 0x80]), Buffer.from('"}')]),
  'escaped NUL': (text) => text.replace('"access_token":"', '"access_token":"\\u0000'),
  'raw NUL': (text) => text.replace(/}$/, ',"x":"\u0000"}'),
  'lone surrogate': (text) => text.replace(/}$/, ',"x":"\\ud800"}'),
  'trailing text': (text) => text + ' x',
  'two values': (text) => text + text,
  'single quotes': (text) => text.replace(/"/g, "'"),
  'deep': (text) => text.replace(/}$/, ',"x":' + '['.repeat(10000) + ']'.repeat(10000) + '}'),
  'array': (text) => '[' + text + ']',
};
e2e('TK-15 what is not strict JSON is refused', (h) => table(h, { refused: Object.entries(encodings).map(([what, change]) => [what, rewrite(change)]) }));

e2e('TK-16 answers are bounded in size, coding and time', async (h) => {
  const site = await h.site({ server: 'oauth_http_timeout 1s;' });
  const cases = [['2 MB', { huge: 2 << 20 }], ['endless', { endless: true }], ['gzip', { gzip: true }], ['truncated', { truncated: true }]];
  for (const [what, shape] of cases) {
    site.provider.token = shape;
    await assertRefused(site, what, { codes: ['provider_unreachable', 'provider_error'] });
  }
  assert.match(site.provider.requests.token[0].headers['accept-encoding'] ?? 'identity', /^identity$/);
  site.provider.token = { hang: true };
  await assertRefused(site, 'no answer', { status: 504, codes: 'provider_timeout' });
  site.provider.token = { drip: 20 };
  await assertRefused(site, 'a byte at a time', { status: 504, codes: 'provider_timeout' });
});

e2e('TK-11 UI-06 an error that is null or empty is none, and so are other members that are null', (h) => table(h, {
  refused: [['another value', alter({ error: 'invalid_grant' })], ['no text', alter({ error: false })]],
  accepted: [null, ''].map((nothing) => [String(nothing), alter({ error: nothing, error_description: nothing, scope: null, refresh_token: null, expires_in: null })]),
}));

e2e('TK-17 a scope that was not granted does not satisfy a rule', async (h) => {
  const site = await h.site({ rules: 'oauth_allow scope=admin;', block: 'scope openid email admin;' });
  site.provider.token = alter({ scope: 'openid email' });
  const response = await site.browser.navigate(site.origin + '/');
  assert.equal(response.status, 403);
  assert.equal(site.upstream.requests.length, 0);
  site.provider.token = alter({ scope: 'openid email admin' });
  await assertAccepted(site, 'granted');
  for (const scope of ['openid,email,admin', 'openid, admin', ['openid', 'admin'], undefined, null]) {
    site.provider.token = alter({ scope });
    await assertAccepted(site, 'granted: ' + JSON.stringify(scope));
  }
  for (const scope of ['', [], 'openid,email', 'administrator', 'openid,,email']) {
    site.provider.token = alter({ scope });
    assert.equal((await new Browser().navigate(site.origin + '/')).status, 403, JSON.stringify(scope));
  }
});

e2e('TK-18 two clicks redeem a code once, whichever workers they reach', async (h) => {
  const site = await h.site({ workers: 2 });
  const callback = await beginSignIn(site);
  site.provider.token = { wait: 300 };
  const answers = await Promise.all([1, 2, 3, 4].map(() => new Browser({ jar: site.browser.jar.clone() }).navigate(callback, { follow: false })));
  assert.equal(site.provider.count('token'), 1, 'token requests');
  assert.deepEqual(site.provider.violations, []);
  assert.equal(answers.filter((answer) => answer.setCookies.some((cookie) => /^oauth=[^;]/.test(cookie))).length, 1);
});

e2e('TK-19 a code whose answer was lost is not sent again', async (h) => {
  const site = await h.site();
  site.provider.token = { close: true };
  const { browser, before } = await assertRefused(site, 'closed', { codes: 'provider_unreachable' });
  assert.equal(site.provider.count('token'), before.token + 1);
  assert.ok(!hasSession(browser));
  assert.deepEqual(site.provider.violations, []);
});
