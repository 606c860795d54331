// SPDX-License-Identifier: MIT
// The OpenID Foundation's plan "form post" for relying parties: the same modules as in the plan "basic", with response_mode=form_post, and the
// refusal that comes by a form.
import assert from 'node:assert/strict';
import { e2e } from './lib/harness.mjs';
import { BASIC, FURTHER } from './lib/suite-modules.mjs';
import { assertKeptOut, runModules, suiteSite } from './lib/suite-site.mjs';

runModules('form post', BASIC, { formPost: true });
runModules('form post, comprehensive', FURTHER, { formPost: true });

e2e('CONF-030 AR-16 oidcc-client-test-form-post-error: login_required by a form is a page, and no loop', async (h) => {
  const site = await suiteSite(h, { formPost: true, block: 'prompt none; authorize_param max_age 0;' });
  const { provider } = site;
  provider.asksForNothing = true;
  provider.authorize = { error: 'login_required' };
  const { response } = await assertKeptOut(site, 'login_required', { code: 'access_denied', status: 403 });
  const { parameters } = provider.requests.authorize[0];
  assert.deepEqual([parameters.get('max_age'), parameters.get('prompt')], ['0', 'none']);
  assert.match(response.text, /<html/);
  assert.doesNotMatch(response.text, /http-equiv="?refresh/i);
  assert.equal(provider.count('authorize'), 1);
  assert.equal(provider.count('token'), 0);
});
