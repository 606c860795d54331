// SPDX-License-Identifier: MIT
// What other requests notice while a sign-in waits for a slow token endpoint: their latencies at a server with one worker, with and without such a
// sign-in, in turns.
import assert from 'node:assert/strict';
import { median } from './cpu.mjs';
import { wrk } from './load.mjs';

const ROUNDS = 5;
const WAIT = 2000;
const SECONDS = 3;

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

async function slowSignIn(bench, nginx) {
  await pause(300);
  const begun = Date.now();
  await bench.signIn(nginx);
  const took = Date.now() - begun;
  assert.ok(took >= WAIT, `the sign-in waited ${took} ms`);
}

// Microseconds. For p99 and the worst latency the best round counts, because chance makes them only larger; a blocked worker would show in every
// round.
export async function measureLatency(bench, nginx, cookie) {
  const rounds = { without: [], with: [] };
  for (let round = 0; round < ROUNDS; round++) {
    for (const arm of round % 2 ? ['with', 'without'] : ['without', 'with']) {
      bench.provider.token = arm === 'with' ? { wait: WAIT } : {};
      const load = wrk(nginx.url + '/', { cookie, seconds: SECONDS, connections: 4 });
      const [report] = await Promise.all([load, arm === 'with' ? slowSignIn(bench, nginx) : undefined]);
      rounds[arm].push(report);
    }
  }
  bench.provider.token = {};
  const summary = (reports) => ({ p50: median(reports.map((report) => report.p50)), p99: Math.min(...reports.map((report) => report.p99)),
    worst: Math.min(...reports.map((report) => report.max)), worstOfAll: Math.max(...reports.map((report) => report.max)) });
  return { without: summary(rounds.without), with: summary(rounds.with), wait: WAIT * 1000 };
}
