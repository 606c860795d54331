// SPDX-License-Identifier: MIT
// A real Redis with a port, a socket, a folder and a process of its own, which a test can stop, pause, restart and ask. It ends with the test.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { chmodSync, readFileSync, rmSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { canConnect, freePort, until } from './ports.mjs';

// One reply from the front of `bytes`: [value, rest], or undefined where it is not whole yet. An error is an Error.
function readReply(bytes) {
  const end = bytes.indexOf('\r\n');
  if (end < 0) {
    return undefined;
  }
  const [kind, line] = [String.fromCharCode(bytes[0]), bytes.subarray(1, end).toString()];
  let rest = bytes.subarray(end + 2);
  if (kind === '+' || kind === '-' || kind === ':') {
    return [kind === '-' ? new Error(line) : kind === ':' ? Number(line) : line, rest];
  }
  const count = Number(line);
  if (count < 0) {
    return [null, rest];
  }
  if (kind === '$') {
    return rest.length < count + 2 ? undefined : [rest.subarray(0, count), rest.subarray(count + 2)];
  }
  const list = [];
  for (let i = 0; i < count; i++) {
    const reply = readReply(rest);
    if (!reply) {
      return undefined;
    }
    list.push(reply[0]);
    rest = reply[1];
  }
  return [list, rest];
}

export class Redis {
  constructor(folder, { words = [], password, port } = {}) {
    Object.assign(this, { folder, words, password, port });
    this.socket = path.join(folder, 'socket');
  }

  // `words`: further arguments of redis-server; `plainPort`: 0 for one that only speaks TLS.
  static async start(h, options = {}) {
    const folder = h.folder();
    chmodSync(folder, 0o755); // workers run as another user
    const redis = new Redis(folder, { ...options, port: await freePort() });
    h.closers.push(() => redis.stop());
    await redis.start();
    return redis;
  }

  get url() {
    return 'redis://127.0.0.1:' + this.port;
  }

  async start() {
    const password = this.password ? ['--requirepass', this.password] : [];
    this.child = spawn('redis-server', ['--port', this.port, '--bind', '127.0.0.1', '--unixsocket', this.socket, '--unixsocketperm', '777', '--dir', this.folder,
      '--logfile', path.join(this.folder, 'log'), '--save', '', '--appendonly', 'no', ...password, ...this.words].map(String), { stdio: 'ignore' });
    this.ended = new Promise((resolve) => { this.child.once('exit', resolve); this.child.once('error', resolve); });
    await until(() => canConnect(this.port), 'Redis to listen: ' + this.log().slice(-500));
  }

  async stop() {
    this.child.kill('SIGKILL');
    await this.ended;
    rmSync(this.socket, { force: true });
  }

  log() {
    try {
      return readFileSync(path.join(this.folder, 'log'), 'utf8');
    } catch {
      return '';
    }
  }

  pause() {
    this.child.kill('SIGSTOP');
  }

  goOn() {
    this.child.kill('SIGCONT');
  }

  // The replies to several commands, on a connection of its own.
  async ask(...commands) {
    const all = this.password ? [['AUTH', this.password], ...commands] : commands;
    const connection = net.connect(this.port, '127.0.0.1');
    const encode = (word) => { const bytes = Buffer.from(word instanceof Uint8Array ? word : String(word)); return [Buffer.from(`$${bytes.length}\r\n`), bytes, Buffer.from('\r\n')]; };
    connection.write(Buffer.concat(all.flatMap((words) => [Buffer.from(`*${words.length}\r\n`), ...words.flatMap(encode)])));
    const replies = await new Promise((resolve, reject) => {
      let bytes = Buffer.alloc(0);
      const found = [];
      connection.on('data', (piece) => {
        bytes = Buffer.concat([bytes, piece]);
        for (let reply; bytes.length > 0 && (reply = readReply(bytes));) {
          found.push(reply[0]);
          bytes = reply[1];
        }
        found.length === all.length && resolve(found);
      });
      connection.once('error', reject);
      connection.once('close', () => reject(new Error('Redis has closed the connection')));
    }).finally(() => connection.destroy());
    const failed = replies.find((reply) => reply instanceof Error);
    assert.equal(failed, undefined);
    return this.password ? replies.slice(1) : replies;
  }

  async command(...words) {
    return (await this.ask(words))[0];
  }

  async keys(pattern = '*') {
    return (await this.command('KEYS', pattern)).map(String);
  }

  // All names and values, as bytes.
  async everything() {
    const keys = await this.keys();
    const parts = [];
    for (const key of keys) {
      const type = String(await this.command('TYPE', key));
      parts.push(Buffer.from(key), ...[await this.command(...(type === 'zset' ? ['ZRANGE', key, 0, -1, 'WITHSCORES'] : ['GET', key]))].flat());
    }
    return Buffer.concat(parts).toString('latin1');
  }

  // How often it has been asked for a session since it was started, or since CONFIG RESETSTAT.
  async loads() {
    const found = /cmdstat_getrange:calls=(\d+)/.exec(String(await this.command('INFO', 'commandstats')));
    return found ? Number(found[1]) : 0;
  }
}
