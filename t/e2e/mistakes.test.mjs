// SPDX-License-Identifier: MIT
// The mistakes that administrators really make, a row each: one line of `nginx -t` or of the log names the cause and what mends it.
import assert from 'node:assert/strict';
import { e2e } from './lib/harness.mjs';
import { environmentMistakes } from './lib/mistakes/environment.mjs';
import { providerMistakes } from './lib/mistakes/provider.mjs';
import { serverMistakes } from './lib/mistakes/server.mjs';

// what: the mistake. told(h): makes it, and gives the text that the administrator has then. line: matches one line of that text, and no other.
// mends: the directive, parameter or variable that the line names as what to change. never: texts that must not be in it (secrets, values of claims).
const rows = [...environmentMistakes, ...serverMistakes, ...providerMistakes];

for (const { what, told, line, mends, never = [] } of rows) {
  e2e(`mistake: ${what}`, async (h) => {
    const text = await told(h);
    const lines = text.split('\n').filter((one) => line.test(one));
    assert.equal(lines.length, 1, `one line like ${line} in:\n${text}`);
    assert.ok(lines[0].includes(mends), `"${mends}" in: ${lines[0]}`);
    never.forEach((secret) => assert.ok(!text.includes(secret), `"${secret}" in:\n${text}`));
  });
}
