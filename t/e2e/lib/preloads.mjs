// SPDX-License-Identifier: MIT
// Libraries that a test loads into nginx before all others: names without a DNS server, a lack of memory, a clock that is set, and certificates that cannot be read. And what the kernel knows of
// nginx's workers. Compiled by the test that uses them, into a folder of its own.
import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, closeSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { preload } from './nginx.mjs';

const SOURCES = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../preload');

function compile(name, folder, ...libraries) {
  const library = path.join(folder, name + '.so');
  execFileSync('cc', ['-shared', '-fPIC', '-O1', '-o', library, path.join(SOURCES, name + '.c'), '-ldl', ...libraries]);
  return library;
}

// `env` is nginx's. silence() has lookups below silent.test hang, until speak().
export function fakeNames(folder) {
  const file = path.join(folder, 'silent');
  chmodSync(folder, 0o755); // for workers that are nobody
  return {
    env: { ...preload(compile('names', folder)), NAMES_SILENT: file },
    silence: () => writeFileSync(file, ''),
    speak: () => rmSync(file, { force: true }),
  };
}

// Workers cannot read the tests' own certificate, which nginx -t could.
export const withoutCertificatesInWorkers = (folder) => preload(compile('certificates', folder));

// A worker verifies one signature for each request that it reads.
export const withVerification = (folder) => preload(compile('verify', folder, '-lcrypto'));

// lack(n): of n allocations of the workers one fails, at random; plenty(): none does. A sanitizer brings allocations of its own, which do
// not fail: `works` is false then.
export function failingMemory(folder) {
  const file = path.join(folder, 'control');
  writeFileSync(file, Buffer.alloc(12));
  const put = (oneIn, sparesNginx) => {
    const words = Buffer.alloc(8);
    words.writeUInt32LE(oneIn, 0);
    words.writeUInt32LE(sparesNginx ? 1 : 0, 4);
    const descriptor = openSync(file, 'r+');
    writeSync(descriptor, words, 0, 8, 0);
    closeSync(descriptor);
  };
  return {
    env: { ...preload(compile('memory', folder)), MEMORY_CONTROL: file },
    works: !process.env.OAUTH_SANITIZE,
    lack: (oneIn, { sparesNginx = false } = {}) => put(oneIn, sparesNginx),
    plenty: () => put(0, false),
    failed: () => readFileSync(file).readUInt32LE(8),
  };
}

// set(n): nginx's clock is n seconds ahead of the test's.
export function setClock(folder) {
  const file = path.join(folder, 'ahead');
  chmodSync(folder, 0o755); // for workers that are nobody
  const set = (seconds) => writeFileSync(file, String(seconds), { mode: 0o644 });
  set(0);
  return { env: { ...preload(compile('clock', folder)), CLOCK_AHEAD: file }, set };
}

export function workersOf(nginx) {
  return readFileSync(`/proc/${nginx.child.pid}/task/${nginx.child.pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number);
}

export const threadsOf = (pid) => readdirSync(`/proc/${pid}/task`).length;

// Time on the processor, of the first thread, in milliseconds.
export const workOf = (pid) => Number(readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ')[0]) / 1e6;

// Something that listens and never answers, not even with the kernel's word that the connection is there: its queue is full.
export async function silentListener(host, port) {
  const program = `
import socket, sys
family = socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET
listener = socket.socket(family)
listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
listener.bind((sys.argv[1], int(sys.argv[2])))
listener.listen(0)
waiting = []
for _ in range(4):
    waiting.append(socket.socket(family))
    waiting[-1].setblocking(False)
    waiting[-1].connect_ex((sys.argv[1], int(sys.argv[2])))
print("ready", flush=True)
sys.stdin.read()
`;
  const child = spawn('python3', ['-c', program, host, String(port)], { stdio: ['pipe', 'pipe', 'inherit'] });
  const exited = new Promise((resolve) => { child.once('exit', resolve); });
  await Promise.race([new Promise((resolve) => { child.stdout.once('data', resolve); }), exited.then(() => { throw new Error('the silent listener ended'); })]);
  return async () => {
    child.kill('SIGKILL');
    await exited;
  };
}
