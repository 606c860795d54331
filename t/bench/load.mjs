// SPDX-License-Identifier: MIT
// Two clients. `wrk` loads a server for some seconds as fast as it answers; `Sequence` sends an exact number of requests one after the other on one
// connection, for counting instructions. Both fail on anything but a 200.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import net from 'node:net';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const REPORT = path.join(path.dirname(fileURLToPath(import.meta.url)), 'report.lua');

// Resolves to {requests, duration, failed, p50, p99, max}; microseconds. `cookies` and `leaving`, files, `pause` and `header`: see report.lua.
export async function wrk(url, { cookie, authorization, seconds = 2, connections = 16, cookies, leaving, pause, header }) {
  const headers = [...(cookie ? ['-H', 'Cookie: ' + cookie] : []), ...(authorization ? ['-H', 'Authorization: ' + authorization] : [])];
  const told = Object.entries({ cookies, leaving, pause, header }).filter(([, value]) => value !== undefined).map(([name, value]) => `${name}=${value}`);
  const child = spawn('wrk', ['-t1', '-c' + connections, `-d${seconds}s`, '--timeout', '20s', ...headers, '-s', REPORT, url, '--', ...told], { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (part) => { text += part; });
  await new Promise((resolve, reject) => child.once('error', reject).once('close', resolve));
  const report = JSON.parse(/^REPORT (.*)$/m.exec(text)?.[1] ?? assert.fail('wrk said: ' + text));
  assert.equal(report.failed, 0, `${url}: ${report.failed} of ${report.requests} requests failed`);
  return report;
}

export class Sequence {
  // `cookie`: what `header` has.
  constructor(port, { path: target = '/', cookie, header = 'Cookie' } = {}) {
    Object.assign(this, { port, target, header });
    this.use(cookie);
  }

  use(cookie) {
    this.request = `GET ${this.target} HTTP/1.1\r\nHost: 127.0.0.1:${this.port}\r\n${cookie ? `${this.header}: ${cookie}\r\n` : ''}\r\n`;
  }

  async open() {
    this.socket = net.connect({ port: this.port, host: '127.0.0.1', noDelay: true });
    this.socket.setEncoding('latin1');
    await new Promise((resolve, reject) => this.socket.once('connect', resolve).once('error', reject));
    return this;
  }

  // One request; resolves to its body.
  once() {
    return new Promise((resolve, reject) => {
      let text = '';
      const finish = (action, value) => {
        this.socket.off('data', take).off('close', closed).off('error', closed);
        action(value);
      };
      const closed = () => finish(reject, new Error('the connection ended: ' + text.slice(0, 200)));
      const take = (part) => {
        text += part;
        const head = text.indexOf('\r\n\r\n');
        if (head < 0) {
          return;
        }
        const length = Number(/^content-length: (\d+)/im.exec(text.slice(0, head))?.[1] ?? NaN);
        if (!text.startsWith('HTTP/1.1 200 ') || Number.isNaN(length)) {
          finish(reject, new Error('an unexpected answer: ' + text.slice(0, 300)));
        } else if (text.length >= head + 4 + length) {
          finish(resolve, text.slice(head + 4));
        }
      };
      this.socket.on('data', take).on('close', closed).on('error', closed);
      this.socket.write(this.request);
    });
  }

  // `cookie`, where it is given, makes the cookie of each request.
  async send(count, cookie) {
    for (let i = 0; i < count; i++) {
      cookie && this.use(cookie());
      await this.once();
    }
  }

  close() {
    this.socket.destroy();
  }
}
