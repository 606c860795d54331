// SPDX-License-Identifier: MIT
// One nginx with a folder, ports, logs and a pid of its own. The caller gives the configuration inside http {}; the rest (module,
// temporary folders, logs) is made here. Whoever starts one calls stop(); the harness does it for tests.
import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { canConnect, freePort, until } from './ports.mjs';
import { storeDirectives } from './store.mjs';

const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../..');
const TEMPORARY = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
const FORBIDDEN = /\[(?:alert|crit|emerg)\]|AddressSanitizer|LeakSanitizer|runtime error:|exited on signal/;

export const moduleFile = () => process.env.OAUTH_MODULE || path.join(ROOT, 'build/ngx_http_oauth_module.so');
// The module with the tests' own store of sessions: ./build.sh test makes it.
export const lateModuleFile = () => process.env.OAUTH_LATE_MODULE || path.join(ROOT, 'build/late_module.so');
export const nginxBinary = () => process.env.OAUTH_NGINX || 'nginx';

let sanitizer;
function sanitizerEnvironment() {
  if (!process.env.OAUTH_SANITIZE) {
    return {};
  }
  sanitizer ??= ['libasan.so', 'libubsan.so'].map((name) => execFileSync('gcc', ['-print-file-name=' + name], { encoding: 'utf8' }).trim());
  return {
    LD_PRELOAD: sanitizer.join(' '),
    ASAN_OPTIONS: 'detect_odr_violation=0:detect_leaks=0:abort_on_error=1',
    UBSAN_OPTIONS: 'halt_on_error=1:print_stacktrace=1',
  };
}

// The environment of an nginx that loads a library before all others, but for a sanitizer's.
export const preload = (library) => ({ LD_PRELOAD: [sanitizerEnvironment().LD_PRELOAD, library].filter(Boolean).join(' ') });

// nginx gets the module's variables only from the test, never from the machine's environment.
export function environment(extra = {}) {
  const kept = Object.entries(process.env).filter(([name]) => !/^(OAUTH_|CHAINLIT_URL)/.test(name));
  return { ...Object.fromEntries(kept), ...sanitizerEnvironment(), ...extra };
}

export class Nginx {
  constructor({ workers = 1, logLevel = 'info', env = {}, object = moduleFile() } = {}) {
    this.object = object;
    this.prefix = mkdtempSync(path.join(os.tmpdir(), 'oauth-e2e-'));
    chmodSync(this.prefix, 0o755);
    this.workers = workers;
    this.logLevel = logLevel;
    this.env = env;
    this.errorLog = path.join(this.prefix, 'error.log');
    this.accessLog = path.join(this.prefix, 'access.log');
    this.configurationFile = path.join(this.prefix, 'nginx.conf');
    this.pidFile = path.join(this.prefix, 'nginx.pid');
    this.child = undefined;
    this.stderr = '';
    this.store = object === lateModuleFile() ? () => '' : storeDirectives();
  }

  file(name, content) {
    const file = path.join(this.prefix, name);
    writeFileSync(file, content);
    return file;
  }

  // `http` is the text inside http {}, `main` the text before events {}.
  write(http, main = '') {
    const temporary = TEMPORARY.map((name) => `    ${name}_temp_path ${this.prefix}/${name};`).join('\n');
    const text = `load_module ${this.object};
daemon off;
master_process on;
worker_processes ${this.workers};
pid ${this.pidFile};
error_log ${this.errorLog} ${this.logLevel};
working_directory ${this.prefix};
${main}
events { worker_connections 512; }
http {
    access_log ${this.accessLog};
${temporary} ${this.store(http)}
${http}
}
`;
    writeFileSync(this.configurationFile, text);
  }

  arguments() {
    return ['-p', this.prefix + '/', '-c', this.configurationFile, '-e', this.errorLog];
  }

  // Runs nginx -t on the configuration that was written last.
  test() {
    const result = spawnSync(nginxBinary(), [...this.arguments(), '-t'], { encoding: 'utf8', env: environment(this.env) });
    if (result.error) {
      throw result.error;
    }
    return { code: result.status, stderr: result.stderr };
  }

  // Returns when every address listens: nginx writes its pid after it has opened them all, `port` only one of them.
  async start(port) {
    this.child = spawn(nginxBinary(), this.arguments(), { env: environment(this.env), stdio: ['ignore', 'ignore', 'pipe'] });
    this.child.stderr.setEncoding('utf8').on('data', (text) => { this.stderr += text; });
    this.exited = new Promise((resolve) => {
      this.child.once('error', (error) => { this.stderr += error.message; resolve({ code: -1 }); });
      this.child.once('exit', (code, signal) => { this.exit = { code, signal }; resolve(this.exit); });
    });
    let gone = false;
    this.exited.then(() => { gone = true; });
    await until(async () => gone || (existsSync(this.pidFile) && await canConnect(port)), 'nginx to listen on ' + port);
    if (gone) {
      throw new Error('nginx did not start: ' + (this.stderr || this.log()));
    }
    return this;
  }

  log() {
    return existsSync(this.errorLog) ? readFileSync(this.errorLog, 'utf8') : '';
  }

  accessed() {
    return existsSync(this.accessLog) ? readFileSync(this.accessLog, 'utf8') : '';
  }

  mark() {
    return this.log().length;
  }

  // The lines written since `mark`; with a pattern, those that match it.
  linesSince(mark, pattern = /./) {
    return this.log().slice(mark).split('\n').filter((line) => pattern.test(line));
  }

  async waitForLine(mark, pattern, milliseconds) {
    return until(() => this.linesSince(mark, pattern)[0], 'a log line like ' + pattern, milliseconds);
  }

  signal(name) {
    this.child.kill(name);
  }

  // Returns when the new workers run and the old ones have been told to finish.
  async reload() {
    const mark = this.mark();
    this.signal('SIGHUP');
    await until(() => this.linesSince(mark, /start worker process/).length >= this.workers
      && this.linesSince(mark, /gracefully shutting down/).length >= this.workers, 'the reload');
  }

  async stop(signal = 'SIGQUIT') {
    if (!this.child || this.exit) {
      return this.exit;
    }
    const timers = [];
    this.child.kill(signal);
    timers.push(setTimeout(() => this.child.kill('SIGTERM'), 5000), setTimeout(() => this.child.kill('SIGKILL'), 10000));
    await this.exited;
    timers.forEach(clearTimeout);
    return this.exit;
  }

  assertClean(allowed = []) {
    const text = this.log() + '\n' + this.stderr;
    const bad = text.split('\n').filter((line) => FORBIDDEN.test(line) && !allowed.some((pattern) => pattern.test(line)));
    assert.deepEqual(bad, [], 'nginx logged what must not happen');
    assert.deepEqual(readdirSync(this.prefix).filter((name) => /^core(\.|$)/.test(name)), [], 'a core file');
    if (this.exit) {
      assert.equal(this.exit.code, 0, 'nginx exited with ' + JSON.stringify(this.exit));
    }
  }

  remove() {
    rmSync(this.prefix, { recursive: true, force: true });
  }
}

// Runs nginx -t on any configuration, without a server.
export function configTest(http, { env = {}, main = '', files = {} } = {}) {
  const nginx = new Nginx({ env });
  nginx.store = () => '';
  try {
    for (const [name, content] of Object.entries(files)) {
      nginx.file(name, content);
    }
    nginx.write(http, main);
    return { ...nginx.test(), log: nginx.log(), lines: readFileSync(nginx.configurationFile, 'utf8').split('\n') };
  } finally {
    nginx.remove();
  }
}

export { freePort };
