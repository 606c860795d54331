// SPDX-License-Identifier: MIT
// An nginx that is a daemon, as a distribution runs it: only such a one takes USR2 and starts its successor. Otherwise like Nginx.
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { Nginx, environment, nginxBinary } from './nginx.mjs';
import { canConnect, until } from './ports.mjs';

// A process that nobody has waited for yet counts as gone.
function isAlive(pid) {
  try {
    return !/^\d+ \(.*\) Z/s.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

export class Daemon extends Nginx {
  write(http, main = '') {
    // nginx would drop what the sanitizers need, too, and its successor could not load the module.
    const kept = process.env.OAUTH_SANITIZE ? 'env LD_PRELOAD;\nenv ASAN_OPTIONS;\nenv UBSAN_OPTIONS;\n' : '';
    super.write(http, kept + main);
    writeFileSync(this.configurationFile, readFileSync(this.configurationFile, 'utf8').replace('daemon off;', 'daemon on;'));
  }

  // Of the master: the first one, or after an upgrade its successor; 0 while the file is being made.
  pid() {
    try {
      return Number(readFileSync(this.pidFile, 'utf8'));
    } catch {
      return 0;
    }
  }

  async start(port) {
    // It starts its successor by the name that it was started with, and looks into no PATH.
    const binary = execFileSync('sh', ['-c', 'command -v "$0"', nginxBinary()], { encoding: 'utf8' }).trim();
    const started = spawnSync(binary, this.arguments(), { encoding: 'utf8', env: environment(this.env) });
    this.stderr = started.stderr;
    if (started.status !== 0) {
      throw new Error('nginx did not start: ' + this.stderr);
    }
    this.masters = [await until(() => this.pid(), 'the pid file')];
    await until(() => canConnect(port), 'nginx to listen on ' + port);
    return this;
  }

  signal(name, pid = this.pid()) {
    process.kill(pid, name);
  }

  // USR2, and when the new binary runs, QUIT for the old one.
  async upgrade() {
    const old = this.pid();
    const mark = this.mark();
    this.signal('SIGUSR2', old);
    const fresh = await until(() => [this.pid()].find((pid) => pid !== 0 && pid !== old), 'the new binary');
    this.masters.push(fresh);
    await until(() => this.linesSince(mark, new RegExp(` ${fresh}#\\d+: start worker process`)).length >= this.workers, 'its workers');
    this.signal('SIGQUIT', old);
    await until(() => !isAlive(old), 'the old binary to end');
  }

  async stop(signal = 'SIGQUIT') {
    for (const pid of (this.masters ?? []).filter(isAlive)) {
      process.kill(pid, signal);
      await until(() => !isAlive(pid), 'nginx to end').catch(() => process.kill(pid, 'SIGKILL'));
    }
  }
}
