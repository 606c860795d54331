// SPDX-License-Identifier: MIT
// A real Prometheus with a port and a folder of its own, which scrapes what a test names; and promtool.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { freePort, until } from './ports.mjs';

// Runs promtool and returns what it says; it has to be content.
export function promtool(...words) {
  const input = typeof words.at(-1) === 'object' ? words.pop().input : '';
  const result = spawnSync('promtool', words, { encoding: 'utf8', input });
  assert.equal(result.status, 0, `promtool ${words.join(' ')}: ${result.error ?? ''}${result.stdout}${result.stderr}`);
  return result.stdout + result.stderr;
}

export class Prometheus {
  // `targets`: host:port of each; `rules`: files.
  static async start(h, { targets, path: metrics, rules = [] }) {
    const folder = h.folder();
    const prometheus = new Prometheus();
    prometheus.port = await freePort();
    const file = path.join(folder, 'prometheus.yml');
    writeFileSync(file, JSON.stringify({ // which is YAML, too
      global: { scrape_interval: '1s', evaluation_interval: '1s' },
      rule_files: rules,
      scrape_configs: [{ job_name: 'nginx-oauth', metrics_path: metrics, static_configs: [{ targets }] }],
    }));
    const child = spawn('prometheus', [`--config.file=${file}`, `--storage.tsdb.path=${path.join(folder, 'data')}`, `--web.listen-address=127.0.0.1:${prometheus.port}`],
      { stdio: ['ignore', 'ignore', 'pipe'] });
    let log = '';
    child.stderr.setEncoding('utf8').on('data', (text) => { log += text; });
    const ended = new Promise((resolve) => { child.once('exit', resolve); child.once('error', (error) => { log += error; resolve(); }); });
    h.closers.push(() => { child.kill('SIGKILL'); return ended; });
    await until(async () => {
      assert.equal(child.exitCode, null, log);
      return fetch(`http://127.0.0.1:${prometheus.port}/-/ready`).then((response) => response.ok, () => false);
    }, 'Prometheus to be ready', 60000);
    return prometheus;
  }

  async ask(endpoint, parameters = {}) {
    const response = await fetch(`http://127.0.0.1:${this.port}/api/v1/${endpoint}?${new URLSearchParams(parameters)}`);
    const answer = await response.json();
    assert.equal(answer.status, 'success', `${parameters.query ?? endpoint}: ${answer.error}`);
    return answer.data;
  }

  // [{ metric, value }]
  async query(query) {
    const data = await this.ask('query', { query });
    return data.result.map(({ metric, value }) => ({ metric, value: Number(value[1]) }));
  }
}
