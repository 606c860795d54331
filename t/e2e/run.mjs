// SPDX-License-Identifier: MIT
// Runs the end-to-end tests, two files at a time, with Node's own runner and its own summary last.
// node run.mjs [part of a file name ...]; OAUTH_MODULE and OAUTH_NGINX choose what is tested, OAUTH_SANITIZE=1 preloads the sanitizers.
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { fileURLToPath } from 'node:url';

const folder = path.dirname(fileURLToPath(import.meta.url));
const wanted = process.argv.slice(2);
const files = readdirSync(folder).filter((name) => name.endsWith('.test.mjs') && (wanted.length === 0 || wanted.some((part) => name.includes(part))));
if (files.length === 0) {
  console.error('no test file has one of these in its name: ' + wanted.join(' '));
  process.exit(1);
}

const stream = run({ files: files.sort().map((name) => path.join(folder, name)), concurrency: 2, timeout: 1200000 });
stream.on('test:fail', () => { process.exitCode = 1; });
stream.compose(new spec()).pipe(process.stdout);
