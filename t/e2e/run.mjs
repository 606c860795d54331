// SPDX-License-Identifier: MIT
// Runs the end-to-end tests, two files at a time, with Node's own runner and its own summary last. OAUTH_STORE=shared or redis runs them with that
// store in place of the cookies.
// node run.mjs [part of a file name ...]; OAUTH_MODULE and OAUTH_NGINX choose what is tested, OAUTH_SANITIZE=1 preloads the sanitizers.
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { fileURLToPath } from 'node:url';
import { canConnect, freePort, until } from './lib/ports.mjs';
import { STORE } from './lib/store.mjs';

const folder = path.dirname(fileURLToPath(import.meta.url));
const wanted = process.argv.slice(2);
const files = readdirSync(folder).filter((name) => name.endsWith('.test.mjs') && (wanted.length === 0 || wanted.some((part) => name.includes(part))));
if (files.length === 0) {
  console.error('no test file has one of these in its name: ' + wanted.join(' '));
  process.exit(1);
}

// Only for the run: nothing that is in it outlives it.
async function startRedis() {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'oauth-e2e-redis-'));
  const port = await freePort();
  const child = spawn('redis-server', ['--port', port, '--bind', '127.0.0.1', '--dir', folder, '--save', '', '--appendonly', 'no', '--logfile', path.join(folder, 'log')].map(String),
    { stdio: 'ignore' });
  process.on('exit', () => {
    child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  });
  await until(() => canConnect(port), 'Redis to listen');
  process.env.OAUTH_STORE_URL = 'redis://127.0.0.1:' + port;
  child.unref();
}

if (STORE === 'redis') {
  await startRedis();
}
const stream = run({ files: files.sort().map((name) => path.join(folder, name)), concurrency: 2, timeout: 1200000 });
stream.on('test:fail', () => { process.exitCode = 1; });
stream.compose(new spec()).pipe(process.stdout);
