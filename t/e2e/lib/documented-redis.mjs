// SPDX-License-Identifier: MIT
// A Redis, or Valkey, with the settings and the rights that the documentation shows, for tests of what it promises. Stopped with the test.
import { execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, writeFileSync } from 'node:fs';
import { documented } from './documents.mjs';
import { canConnect, freePort, until } from './ports.mjs';

const server = () => ['/usr/bin/redis-server', '/usr/bin/valkey-server'].find((file) => existsSync(file));

// undefined where the machine has none; then the test says that it is skipped.
export async function startRedis(h) {
  const binary = server();
  if (!binary) {
    console.log('skipped: there is no Redis on this machine');
    return undefined;
  }
  const redis = { folder: h.folder(), port: await freePort(), password: randomBytes(16).toString('hex') };
  const [settings] = documented('operations.md', 'Redis', 'conf');
  const [rights] = documented('directives.md', '`oauth_session cookie', 'conf');
  writeFileSync(redis.folder + '/redis.conf', `${settings}\n${rights.replace('PASSWORD', redis.password)}\nport ${redis.port}\nbind 127.0.0.1\ndir ${redis.folder}\n`, { mode: 0o600 });
  writeFileSync(redis.folder + '/redis.password', redis.password + '\n', { mode: 0o600 });
  redis.store = `redis://127.0.0.1:${redis.port} user=nginx password=file:${redis.folder}/redis.password`;
  redis.settings = settings;
  redis.ask = (...words) => execFileSync(binary.replace('-server', '-cli'), ['-p', String(redis.port), ...words], { encoding: 'utf8' }).trim().split('\n');
  redis.start = async () => {
    const child = spawn(binary, [redis.folder + '/redis.conf'], { stdio: 'ignore' });
    const ended = new Promise((resolve) => { child.once('exit', resolve); child.once('error', resolve); });
    redis.stop = async (signal = 'SIGTERM') => { child.kill(signal); await ended; };
    await until(() => canConnect(redis.port), 'Redis to listen');
  };
  await redis.start();
  h.closers.push(() => redis.stop('SIGKILL'));
  return redis;
}
