// SPDX-License-Identifier: MIT
// The modules of the OpenID Foundation's conformance suite for relying parties: their site, a sign-in there, and how it ends. The suite often takes silence for a success; here
// each module ends with what is asserted: a bad answer leaves no session, has no userinfo request after it, and nothing comes to the application.
import assert from 'node:assert/strict';
import { Browser } from './browser.mjs';
import { makeCertificates } from './certificates.mjs';
import { assertNoStore, e2e, hasSession } from './harness.mjs';
import { SuiteProvider } from './suite-provider.mjs';
import { Upstream } from './upstream.mjs';

export const claims = (change) => ({ token: { claims: (all, grant, facts) => ({ ...all, ...change(all, facts, grant) }) } });
export const without = (name) => ({ token: { claims: (all) => { delete all[name]; } } });

// A module: what is changed of the provider (an object, or a function of it), and how the sign-in ends. `why`: what the log says of a refusal, which is to be for this fault alone.
export const accepted = (changes = {}, rest = {}) => ({ changes, ends: 'accepted', ...rest });
export const refused = (why, changes, rest = {}) => ({ changes, ends: 'refused', code: 'token_invalid', why, ...rest });

// The site of a plan, with a provider that is registered there. `formPost`: over https, since the answer is a form from another site (T6).
export async function suiteSite(h, { formPost = false, block = '', ...options } = {}) {
  const provider = new SuiteProvider();
  await provider.start();
  h.closers.push(() => provider.stop());
  const made = formPost ? makeCertificates(h.folder()) : undefined;
  const tls = made ? { listen: 'ssl', http: `ssl_certificate ${made.certFile}; ssl_certificate_key ${made.keyFile};` } : {};
  const site = await h.site({ ...tls, ...options, provider, block: (formPost ? 'response_mode form_post;' : '') + block });
  site.origin = site.origin.replace('http:', made ? 'https:' : 'http:');
  site.ca = made?.ca;
  site.browse = (jar) => new Browser({ ca: site.ca, ...(jar ? { jar } : {}) });
  const at = (path) => site.origin + '/auth/oauth/' + path;
  provider.register({ redirectUri: at('test/callback'), postLogoutRedirectUri: at('signed-out'), responseMode: formPost ? 'form_post' : undefined,
    frontChannelLogoutUri: at('test/frontchannel-logout'), backChannelLogoutUri: site.loginUrl + '/backchannel-logout' });
  return site;
}

// A sign-in up to the answer of the callback, as a browser makes it.
export async function answerOfSignIn(site, browser = site.browse()) {
  const start = await browser.navigate(site.origin + '/page', { follow: false });
  if (!start.headers.location) {
    return { browser, start, response: start };
  }
  const wanted = site.provider.responseMode ? /; SameSite=None/ : /; SameSite=Lax/;
  assert.equal(start.setCookies.length, 1);
  assert.match(start.setCookies[0], wanted, 'the cookie of the sign-in comes along to the callback');
  assertNoStore(start);
  const authorized = await browser.navigate(start.headers.location, { follow: false });
  const response = authorized.headers.location
    ? await browser.navigate(authorized.headers.location, { follow: false })
    : await browser.submit(authorized, {}, { follow: false });
  return { browser, start, response };
}

export const isLetIn = async (site, browser) => (await browser.fetch(site.origin + '/later', { headers: { Accept: 'application/json' } })).status === 200;

// Signs in, and says who the application thinks that it is.
export async function assertLetIn(site, what, browser = site.browse()) {
  const { provider } = site;
  const [before, at] = [provider.count('userinfo'), site.upstream.requests.length];
  const { response } = await answerOfSignIn(site, browser);
  assert.ok([302, 303].includes(response.status), `${what}: ${response.status} ${response.text.slice(0, 300)}`);
  assert.equal(response.headers.location, site.origin + '/page', 'to the page that was wanted, without a code: ' + what);
  assert.ok(hasSession(browser), what);
  assert.equal((await browser.navigate(response.headers.location)).status, 200, what);
  assert.equal(site.upstream.requests.length, at + 1, what);
  const [token] = Upstream.folded(site.upstream.last, 'X-OAuth-Identity');
  const identity = JSON.parse(Buffer.from(token.split('.')[1], 'base64url').toString());
  assert.equal(identity.sub, 'test|' + provider.user.sub, what);
  assert.equal(provider.count('userinfo'), before + 1, 'userinfo is asked once (T1): ' + what);
  provider.assertNoBreach();
  return { browser, identity };
}

// A sign-in that has to fail: in no way does a session come of it.
export async function assertKeptOut(site, what, { code, why = /./, userinfo = 0, status, browser = site.browse() }) {
  const { provider } = site;
  const before = { upstream: site.upstream.requests.length, userinfo: provider.count('userinfo'), mark: site.nginx.mark() };
  const { response } = await answerOfSignIn(site, browser);
  const label = `${what}: ${response.status} ${response.text.slice(0, 300)}`;
  assert.ok(status ? response.status === status : response.status >= 400, label);
  assert.equal(response.headers.location, undefined, label);
  assertNoStore(response);
  await site.nginx.waitForLine(before.mark, new RegExp('\\b' + code + '\\b'));
  const told = site.nginx.linesSince(before.mark, new RegExp('\\b' + code + '\\b'));
  assert.equal(told.length, 1, 'one log line: ' + label);
  assert.match(told[0], why, what);
  assert.ok(!hasSession(browser), 'no session: ' + label);
  assert.equal(await isLetIn(site, browser), false, 'a later request: ' + label);
  assert.equal(site.upstream.requests.length, before.upstream, 'nothing comes to the application: ' + label);
  assert.equal(provider.count('userinfo'), before.userinfo + userinfo, 'userinfo: ' + label);
  provider.assertNoBreach();
  for (const secret of provider.secrets) {
    assert.ok(!site.nginx.log().includes(secret), 'no secret is in the log: ' + what);
  }
  return { browser, response };
}

export function apply(provider, changes) {
  Object.assign(provider, typeof changes === 'function' ? changes(provider) : changes);
}

// One test for each module; `plan` is told beside its name.
export function runModules(plan, modules, options = {}) {
  for (const [name, { changes, ends, identity = {}, block, ...expected }] of Object.entries(modules)) {
    e2e(`${name} (${plan})`, async (h) => {
      const wanted = Object.keys(identity).filter((claim) => !['email', 'name'].includes(claim));
      const site = await suiteSite(h, { ...options, block, server: wanted.length > 0 ? `oauth_identity_claims ${wanted.join(' ')};` : '' });
      apply(site.provider, changes);
      if (ends === 'refused') {
        await assertKeptOut(site, name, expected);
      } else {
        const { identity: found } = await assertLetIn(site, name);
        Object.entries(identity).forEach(([claim, value]) => assert.equal(found[claim], value, claim));
        assert.equal(site.provider.count('other'), 0, 'nothing else is asked');
      }
    });
  }
}
