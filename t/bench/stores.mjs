// SPDX-License-Identifier: MIT
// What it costs to keep sessions in each place: a request whose session the worker knows and one whose session it does not know, throughput while people sign out, and the bytes of
// a session. Redis is a real one, started for this. A session that is not in the cache is the same session in a cookie that was sealed anew.
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Browser, signIn } from '../e2e/lib/browser.mjs';
import { Redis } from '../e2e/lib/redis.mjs';
import { measureRounds } from './cpu.mjs';
import { perRequest } from './instructions.mjs';
import { wrk } from './load.mjs';
import { Resealer } from './reseal.mjs';

export const STORES = ['cookie', 'shared', 'redis'];
const COLD = 20000; // cookies in turn: a worker's cache has 4,096 places
const ROUNDS = 21;
const SECONDS = 1;
// Some 10,000 requests a second to each server, which does not depend on how fast it answers: one that others wait for has to wake them, and that costs more than what is measured.
const EQUAL = { seconds: SECONDS, connections: 64, pause: 5 };
const LEAVERS = 800;
const ZONES = [192, 384]; // kB

export class Stores {
  constructor(bench, identity) {
    Object.assign(this, { bench, identity, secret: crypto.randomBytes(32).toString('base64url'), folders: [], closers: [] });
  }

  folder() {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'oauth-bench-'));
    this.folders.push(folder);
    return folder;
  }

  async directives(store) {
    this.redis ??= await Redis.start(this);
    return `oauth_session_key ${this.secret}; oauth_session ${store === 'redis' ? this.redis.url : store};`;
  }

  // nginx with that store, the cookie of a session, and what makes other cookies of it.
  async start(store, options = {}) {
    const nginx = await this.bench.startModule({ directives: await this.directives(store), ...options });
    const cookie = await this.signIn(nginx);
    const resealer = new Resealer(this.secret, cookie, { store, baseUrl: nginx.url });
    return { nginx, cookie, resealer };
  }

  file(name, lines) {
    const file = path.join(this.folder(), name);
    writeFileSync(file, lines.join('\n') + '\n');
    return file;
  }

  async measureInstructions() {
    const plain = await this.bench.startPlain({ callgrind: true }, this.identity);
    const results = {};
    for (const store of STORES) {
      const { nginx, cookie, resealer } = await this.start(store, { callgrind: true });
      const measured = {};
      measured.plain = (await perRequest(this.bench, plain, '/', cookie)).instructions;
      measured.warm = (await perRequest(this.bench, nginx, '/', cookie)).instructions;
      measured.cold = (await perRequest(this.bench, nginx, '/', cookie, () => resealer.once())).instructions;
      results[store] = measured;
      await nginx.stop('SIGTERM');
    }
    return results;
  }

  async measureCpu() {
    this.plain = await this.bench.startPlain({}, this.identity);
    this.started = {};
    const arms = {};
    for (const store of STORES) {
      const started = await this.start(store);
      this.started[store] = started;
      const { nginx, cookie, resealer } = started;
      arms['plain' + store + 'warm'] = [this.plain, { cookie, ...EQUAL }];
      arms[store + 'warm'] = [nginx, { cookie, ...EQUAL }];
      const cookies = this.file('cold', resealer.many(COLD));
      arms['plain' + store + 'cold'] = [this.plain, { cookies, ...EQUAL }];
      arms[store + 'cold'] = [nginx, { cookies, ...EQUAL }];
    }
    return measureRounds(this.bench, arms, ROUNDS);
  }

  // The session's cookie alone: that of the sign-in, which browsers send along for a while, is another matter.
  async signIn(nginx) {
    return /(?:^|; )(oauth=[^;]*)/.exec(await this.bench.signIn(nginx))[1];
  }

  async signIns(nginx, count) {
    const cookies = [];
    for (let i = 0; i < count; i++) {
      this.bench.provider.user = { ...this.bench.provider.user, sub: 'user-' + crypto.randomUUID() };
      cookies.push(await this.signIn(nginx));
    }
    return cookies;
  }

  // Requests per second of known sessions, without sign-outs and with them. How many have signed out is bounded by how many there are: a run that is so fast that they do not suffice fails.
  async measureSignOuts() {
    const results = {};
    for (const store of STORES) {
      const { nginx } = this.started[store];
      const leavers = await this.signIns(nginx, LEAVERS);
      const cookies = this.file('staying', await this.signIns(nginx, 20));
      const perSecond = async (files) => {
        const report = await wrk(nginx.url + '/', { ...files, seconds: SECONDS });
        assert.ok(report.requests / 100 <= LEAVERS, 'more requests than sign-outs were prepared for: ' + report.requests);
        return report.requests / report.duration * 1e6;
      };
      const without = await perSecond({ cookies });
      results[store] = { without, with: await perSecond({ cookies, leaving: this.file('leaving', leavers) }) };
      const left = new Browser();
      left.jar.set(...leavers[0].split('='), nginx.url);
      assert.equal((await left.fetch(nginx.url + '/')).status, 401, 'the first one has left');
    }
    return results;
  }

  // How many sessions a zone takes.
  async capacity(kilobytes) {
    const { nginx } = await this.start('shared', { http: `oauth_zone ${kilobytes}k;` });
    for (let count = 1; ; count++) {
      const answer = await signIn(new Browser(), nginx.url + '/');
      if (answer.status !== 200) {
        assert.equal(answer.status, 503, answer.text);
        await nginx.stop('SIGTERM');
        return count;
      }
    }
  }

  async measureSizes() {
    const [few, many] = [await this.capacity(ZONES[0]), await this.capacity(ZONES[1])];
    assert.ok(many > few, `${few} sessions in the smaller zone, ${many} in the larger one`);
    await this.redis.command('FLUSHALL');
    const count = 200;
    await this.signIns(this.started.redis.nginx, count);
    const keys = await this.redis.keys();
    const bytes = await this.redis.ask(...keys.map((key) => ['MEMORY', 'USAGE', key, 'SAMPLES', 0]));
    return { cookie: this.started.cookie.cookie.length, shared: (ZONES[1] - ZONES[0]) * 1024 / (many - few), redis: bytes.reduce((sum, each) => sum + each, 0) / count };
  }

  async close() {
    for (const close of this.closers.reverse()) {
      await close();
    }
    this.folders.forEach((folder) => rmSync(folder, { recursive: true, force: true }));
  }
}
