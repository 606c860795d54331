// SPDX-License-Identifier: MIT
// What the documentation shows is run by tests, as it stands there.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

// The blocks of a language that a page of docs/ has under a heading that begins so, up to the next heading of any level.
export function documented(page, heading, language = 'nginx') {
  const text = readFileSync(new URL('../../../docs/' + page, import.meta.url), 'utf8');
  const at = new RegExp(`^#+ ${heading.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}.*$`, 'm').exec(text);
  assert.ok(at, `${page} has no heading "${heading}"`);
  const rest = text.slice(at.index + at[0].length);
  const section = rest.slice(0, /^#+ /m.exec(rest.replace(/```.*?```/gs, (block) => block.replace(/#/g, '-')))?.index);
  return [...section.matchAll(/```(\w+)\n(.*?)```/gs)].filter(([, kind]) => kind === language).map(([, , block]) => block);
}
