// SPDX-License-Identifier: MIT
// Makes docs/conformance.md from the tests. t/cases.txt has the cases; a case's tests are those whose title names it: in t/e2e a text that begins with it
// or that is a test's name (CB-06, CB-01 to CB-03, "CB-01 and CB-02"), in t/unit a function such as cb_06_x. What is in a file of t/e2e/lib counts for the tests that load it.
//   node t/conformance.mjs         writes docs/conformance.md
//   node t/conformance.mjs check   says what is wrong, and whether the document is not what the tests say
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const DOCUMENT = 'docs/conformance.md';
const read = (name) => readFileSync(path.join(ROOT, name), 'utf8');
const list = (folder, ending) => readdirSync(path.join(ROOT, folder)).filter((name) => name.endsWith(ending)).sort().map((name) => folder + '/' + name);

const problems = [];

// [{heading, cases: [{id, what, state: 'not applicable' | 'open' | undefined, why, note}]}]
function readCases() {
  const sections = [];
  const seen = new Set();
  for (const [i, line] of read('t/cases.txt').split('\n').entries()) {
    const heading = /^== (.+)$/.exec(line);
    const found = /^([A-Z]{2,4}-\d{2,3}) (.+)$/.exec(line);
    if (heading) {
      sections.push({ heading: heading[1], cases: [] });
    } else if (found) {
      const [what, ...marks] = found[2].split(' | ');
      const entry = { id: found[1], what };
      for (const mark of marks) {
        const [, kind, text] = /^(not applicable|open|note): (.+)$/.exec(mark) ?? [];
        if (kind === 'note') {
          entry.note = text;
        } else if (kind && !entry.state) {
          Object.assign(entry, { state: kind, why: text });
        } else {
          problems.push(`t/cases.txt:${i + 1}: "${mark}": accepted: one of "not applicable: ..." and "open: ...", and "note: ..."`);
        }
      }
      if (seen.has(entry.id)) {
        problems.push(`t/cases.txt:${i + 1}: ${entry.id} is there twice`);
      }
      seen.add(entry.id);
      sections.at(-1).cases.push(entry);
    } else if (line !== '' && !line.startsWith('#')) {
      problems.push(`t/cases.txt:${i + 1}: no case: "${line}"`);
    }
  }
  return sections;
}

// The cases that a text names; "CB-01 to CB-03", "CB-01 to 03" and "CB-01..03" are three.
function casesIn(text) {
  const found = [];
  for (const [, kind, first, last] of text.matchAll(/\b([A-Z]{2,4})-(\d{2,3})(?:(?: to |\.\.)(?:\1-)?(\d{2,3}))?\b/g)) {
    for (let number = Number(first); number <= Number(last ?? first); number++) {
      found.push(kind + '-' + String(number).padStart(first.length, '0'));
    }
  }
  return [...new Set(found)];
}

// Texts in JavaScript that name a case: the first argument of a call, or a text that begins with the case.
function titlesOf(source) {
  const literals = /(\w\(\s*)?('(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`)/g;
  const titles = [];
  for (const line of source.split('\n').filter((text) => !/^\s*\/\//.test(text))) {
    for (const [, call, literal] of line.matchAll(literals)) {
      const text = literal.slice(1, -1).replace(/\\(.)/g, '$1').replace(/\$\{[^}]*\}/g, '...').trim();
      if (casesIn(text).length > 0 && (call || /^[A-Z]{2,4}-\d{2,3}\b/.test(text))) {
        titles.push(text);
      }
    }
  }
  return titles;
}

const loaded = new Map(); // titles of a file of lib/
function titlesOfTest(file) {
  const source = read(file);
  const titles = titlesOf(source);
  for (const [, name] of source.matchAll(/from '\.\/(lib\/[\w/-]+\.mjs)'/g)) {
    if (!loaded.has(name)) {
      loaded.set(name, titlesOf(read('t/e2e/' + name)));
    }
    titles.push(...loaded.get(name));
  }
  return titles.map((title) => ({ title, cases: casesIn(title) }));
}

function functionsOfTest(file) {
  return [...read(file).matchAll(/^(?:static )?void (\w+)\(void\*\*/gm)].map(([, name]) => {
    const text = name.replace(/(?<=^|_)([a-z]{2,4})_(\d{2,3})(?:_to_(?:\1_)?(\d{2,3}))?(?=_|$)/g, (all, kind, first, last) => ` ${kind.toUpperCase()}-${first}${last ? '..' + last : ''} `);
    return { title: name, cases: casesIn(text) };
  });
}

// Map of case => [{file, titles}]
function readTests() {
  const tests = new Map();
  const add = (file, titles) => {
    for (const { title, cases } of titles) {
      for (const id of cases) {
        const files = tests.get(id) ?? tests.set(id, new Map()).get(id);
        files.set(file, (files.get(file) ?? new Set()).add(title));
      }
    }
  };
  list('t/e2e', '.test.mjs').forEach((file) => add(file, titlesOfTest(file)));
  list('t/unit', '.cpp').filter((file) => /\/test_/.test(file)).forEach((file) => add(file, functionsOfTest(file)));
  return tests;
}

const cell = (text) => text.replace(/[|<>*]/g, (c) => ({ '|': '\\|', '<': '&lt;', '>': '&gt;', '*': '\\*' })[c]);

function rowOf({ id, what, state, why, note }, files) {
  const parts = [];
  if (state) {
    parts.push(`*${state}*: ${cell(why)}`);
  }
  for (const [file, titles] of files ?? []) {
    const isUnit = file.startsWith('t/unit/');
    const shown = [...titles].map((title) => (isUnit ? '`' + title + '`' : '"' + cell(title) + '"')).join(', ');
    parts.push(`[${path.basename(file).replace(/\.test\.mjs$|\.cpp$/, '')}](../${file}) ${shown}`);
  }
  if (note) {
    parts.push(cell(note));
  }
  return `| \`${id}\` | ${cell(what)} | ${parts.join('; ')} |`;
}

function documentOf(sections, tests) {
  const all = sections.flatMap(({ cases }) => cases);
  const count = (wanted) => all.filter(({ state }) => state === wanted).length;
  const head = `# Conformance

What is asked of a client of OpenID Connect and OAuth 2.0, case by case, and the tests that show it. The first three tables are the modules of the OpenID Foundation's
[conformance suite](https://gitlab.com/openid/conformance-suite) for relying parties, by their names: its plans Basic, Config, Form Post, Refresh, RP-Initiated, Front-Channel and Back-Channel Logout
run as end-to-end tests, against a provider that behaves as the suite's does. The others are what the specifications say. Attacks, and what concerns nginx, are in [security.md](security.md#cases).

This page is made from the tests: \`node t/conformance.mjs\`. The cases are in \`t/cases.txt\`; a test names them in its title. \`./build.sh test\` and \`./build.sh lint\` fail where a case has neither a test nor a reason, or where the page is not what the tests say.

Of ${all.length} cases ${count(undefined)} are tested; ${count('not applicable')} are not applicable, because the module has nothing that the case is about; ${count('open') || 'none'} ${count('open') ? 'are open: something is missing, and the row says what' : 'is open'}.
`;
  const tables = sections.map(({ heading, cases }) => `## ${heading}\n\n| case | what is looked at | tests, or why not |\n| --- | --- | --- |\n${cases.map((entry) => rowOf(entry, tests.get(entry.id))).join('\n')}\n`);
  return [head, ...tables].join('\n');
}

function examine(sections, tests) {
  const table = read('docs/security.md');
  const elsewhere = new Set([...table.matchAll(/^\| `([A-Z]+-\d+(?:\.\.\d+)?)` \|/gm)].flatMap(([, ids]) => casesIn(ids)));
  for (const { id, state } of sections.flatMap(({ cases }) => cases)) {
    const isTested = tests.has(id);
    if (!isTested && !state) {
      problems.push(`${id} has no test whose title names it, and t/cases.txt gives no reason`);
    }
    if (isTested && state === 'not applicable') {
      problems.push(`${id} has tests, so it is not "not applicable": ${[...tests.get(id).keys()].join(', ')}`);
    }
  }
  const twice = sections.flatMap(({ cases }) => cases).map(({ id }) => id).filter((id) => elsewhere.has(id));
  if (twice.length > 0) {
    problems.push(`in docs/security.md too, while their place is t/cases.txt: ${twice.join(' ')}`);
  }
}

const sections = readCases();
const tests = readTests();
examine(sections, tests);
const text = documentOf(sections, tests);
if (process.argv[2] === 'check') {
  let current = '';
  try {
    current = read(DOCUMENT);
  } catch { /* it is not what the tests say */ }
  if (current !== text) {
    problems.push(`${DOCUMENT} is not what the tests say: node t/conformance.mjs writes it`);
  }
} else {
  writeFileSync(path.join(ROOT, DOCUMENT), text);
}
problems.forEach((problem) => console.error('conformance: ' + problem));
process.exitCode = problems.length > 0 ? 1 : 0;
