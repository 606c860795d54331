// SPDX-License-Identifier: MIT
// Reads a Dockerfile: [{ name, base, steps: [{ kind: 'RUN', command } | { kind: 'COPY', from, sources, target }] }], one for each stage. What the documented
// ones do not use is an error, so that a test never passes over a line.
import assert from 'node:assert/strict';

function copy(words) {
  const from = /^--from=(.*)$/.exec(words[0])?.[1];
  const paths = from === undefined ? words : words.slice(1);
  assert.ok(paths.length >= 2 && !paths.some((word) => word.startsWith('--')), 'COPY ' + words.join(' '));
  return { kind: 'COPY', from, sources: paths.slice(0, -1), target: paths.at(-1) };
}

export function readDockerfile(text) {
  const values = {};
  const stages = [];
  const lines = text.replace(/^\s*#.*\n/gm, '').replace(/\\\n\s*/g, '').split('\n').map((line) => line.trim()).filter(Boolean);
  for (const line of lines) {
    const [, kind, rest] = /^([A-Z]+) (.*)$/.exec(line) ?? assert.fail('no instruction: ' + line);
    const stage = stages.at(-1);
    if (kind === 'ARG' && !stage) {
      const [, name, value] = /^(\w+)=(\S+)$/.exec(rest) ?? assert.fail(line);
      values[name] = value;
    } else if (kind === 'FROM') {
      const [, base, name] = /^(\S+)(?: AS (\w+))?$/.exec(rest) ?? assert.fail(line);
      stages.push({ name, base: base.replace(/\$\{(\w+)\}/g, (all, word) => values[word] ?? assert.fail('no ARG ' + word)), steps: [] });
    } else if (stage && kind === 'RUN') {
      stage.steps.push({ kind, command: rest });
    } else if (stage && kind === 'COPY') {
      stage.steps.push(copy(rest.split(/\s+/)));
    } else {
      assert.fail('not expected here: ' + line);
    }
  }
  return stages;
}
