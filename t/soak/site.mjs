// SPDX-License-Identifier: MIT
// What is soaked: nginx with several workers, a small zone and short lifetimes, so that what a session leaves behind has to go again many times over; a provider, an application in the same
// nginx, and a Redis where the store is one. It tells what the workers hold.
import crypto from 'node:crypto';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { providerBlock } from '../e2e/lib/harness.mjs';
import { Nginx } from '../e2e/lib/nginx.mjs';
import { freePort, until } from '../e2e/lib/ports.mjs';
import { Redis } from '../e2e/lib/redis.mjs';
import { ScriptedProvider } from '../e2e/lib/scripted-provider.mjs';

const LIFETIME = 20; // seconds
const LOGIN_LIFETIME = 20;
// kB; sessions of oauth_session shared take a little less than one of it each. Those of cookies need room for what leads from a former cookie to its new one: half a MB for the sessions
// of a lifetime, of three sixteenths of the zone.
const ZONES = { cookie: 4096, shared: 1024, redis: 1024 };

class Quiet extends Nginx {
  write(http) {
    super.write(http);
    writeFileSync(this.configurationFile, readFileSync(this.configurationFile, 'utf8').replace(/access_log .*;/, 'access_log off;').replace('worker_connections 512', 'worker_connections 2048'));
  }
}

export class Site {
  constructor(store) {
    Object.assign(this, { store, zone: ZONES[store], workers: 2, lifetime: LIFETIME, closers: [] });
  }

  folder() {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'oauth-soak-'));
    this.closers.unshift(() => rmSync(folder, { recursive: true, force: true }));
    return folder;
  }

  async start() {
    this.provider = await new ScriptedProvider().start();
    this.provider.alg = 'ES256';
    this.provider.server.keepAliveTimeout = 600000; // not while the next request of a browser is under way
    this.redis = this.store === 'redis' ? await Redis.start(this) : undefined;
    this.port = await freePort();
    this.origin = `http://127.0.0.1:${this.port}`;
    const application = await freePort();
    this.nginx = new Quiet({ workers: this.workers, logLevel: 'notice' });
    this.nginx.write(`
    ${providerBlock(this.provider)}
    oauth_zone ${this.zone}k;
    oauth_session_key ${crypto.randomBytes(32).toString('base64url')};
    oauth_session ${this.redis ? this.redis.url : this.store};
    oauth_session_lifetime ${LIFETIME}s;
    oauth_session_idle 15s;
    oauth_login_lifetime ${LOGIN_LIFETIME}s;
    oauth_refresh 2s;
    server { listen 127.0.0.1:${application}; location / { return 200 $http_x_oauth_identity; } }
    server {
        listen 127.0.0.1:${this.port};
        oauth on;
        oauth_allow any;
        location / { proxy_pass http://127.0.0.1:${application}; }
    }`);
    await this.nginx.start(this.port);
    return this;
  }

  workerProcesses() {
    const pid = this.nginx.child.pid;
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').map(Number);
  }

  // Taken while nobody asks for anything: connections of visitors, and those to provider and application, are not counted.
  async figures() {
    const own = () => this.workerProcesses().reduce((sum, pid) => sum + readdirSync(`/proc/${pid}/fd`).length, 0);
    let least = own();
    for (let i = 0; i < 20; i++) {
      await new Promise((resolve) => setTimeout(resolve, 50));
      least = Math.min(least, own());
    }
    const memory = this.workerProcesses().reduce((sum, pid) => sum + Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]), 0);
    const clients = this.redis && String(await this.redis.command('INFO', 'clients'));
    const connections = clients && Number(/connected_clients:(\d+)/.exec(clients)[1]) - 1; // this one
    return { memory, descriptors: least, ...(clients ? { connections } : {}) };
  }

  // What is left when all sessions have run out.
  async room() {
    if (!this.redis) {
      const refused = this.nginx.log().split('\n').filter((line) => line.includes('zone is full')).length;
      return { text: `a zone of ${this.zone} kB was too full ${refused} times`, wrong: refused ? ['the zone was full'] : [] };
    }
    const left = () => this.redis.keys().then((keys) => keys.length);
    const most = await left();
    await until(async () => (await left()) === 0, 'Redis to be empty', (LIFETIME + LOGIN_LIFETIME + 60) * 1000).catch(() => {});
    const keys = await this.redis.keys();
    return { text: `${most} keys in Redis at the end, ${keys.length} when all had run out`, wrong: keys.length ? [`these keys have stayed in Redis: ${keys.slice(0, 5)}`] : [] };
  }

  wrong() {
    const { reuses, violations } = this.provider;
    const lines = this.nginx.log().split('\n').filter((line) => /\[(warn|error|crit|alert|emerg)\]/.test(line));
    return [...(reuses ? [`${reuses} refresh tokens were used twice`] : []), ...violations.slice(0, 3), ...lines.slice(0, 5)];
  }

  async stop() {
    await this.nginx.stop('SIGTERM');
    this.nginx.remove();
    await this.provider.stop();
    for (const close of this.closers.reverse()) {
      await close();
    }
  }
}
