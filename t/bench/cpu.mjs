// SPDX-License-Identifier: MIT
// CPU time and throughput of a proxied request. The servers take turns within one run, so that other load on the machine affects all of them. The ratio is
// taken within each round, and the median of the rounds counts.
import assert from 'node:assert/strict';
import { useThatCore } from './cores.mjs';
import { wrk } from './load.mjs';

const ROUNDS = 7;
const SECONDS = 2;
const CONNECTIONS = 16;
const SIGN_INS = 50;

export const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];

// `more`: further options of wrk().
export async function load(bench, nginx, { target = '/', connections = CONNECTIONS, seconds = SECONDS, ...more }) {
  const received = await bench.received();
  const cpu = nginx.cpuTime();
  const report = await wrk(nginx.url + target, { connections, seconds, ...more });
  await new Promise((resolve) => setTimeout(resolve, 50));
  const spent = nginx.cpuTime() - cpu;
  const requests = (await bench.received()) - received;
  // Requests that were under way when wrk stopped have reached the upstream, but wrk does not report them.
  assert.ok(requests >= report.requests && requests <= report.requests + 2 * connections, `the upstream received ${requests} requests, wrk counts ${report.requests}`);
  return { cpu: spent / requests / 1000, throughput: report.requests / report.duration * 1e6, requests };
}

// Resolves to the medians of `plain`, `module` and `bare`, and for the last two the median of their ratios to `plain`.
export async function measureCpu(bench, plain, module, cookie) {
  return measureRounds(bench, { plain: [plain, { cookie }], module: [module, { cookie }], bare: [plain, { target: '/bare' }] });
}

// `arms`: {name: [nginx, what load() takes]}. One of them is compared with another by `ratio`.
export async function measureRounds(bench, arms, count = ROUNDS) {
  Object.values(arms).forEach(([nginx]) => useThatCore(nginx.workerProcess));
  const rounds = [];
  for (let round = 0; round <= count; round++) {
    const names = round % 2 ? Object.keys(arms) : Object.keys(arms).reverse();
    const results = {};
    for (const name of names) {
      results[name] = await load(bench, ...arms[name]);
    }
    if (round > 0) { // the first one warms up
      rounds.push(results);
    }
  }
  const of = (name, value) => median(rounds.map((results) => results[name][value]));
  const ratio = (name, value, base = 'plain') => median(rounds.map((results) => results[name][value] / results[base][value]));
  // What one arm takes beyond another, and how many times that of a third.
  const beyond = (results, name, base) => results[name].cpu - results[base].cpu;
  const more = (name, base) => median(rounds.map((results) => beyond(results, name, base)));
  const moreRatio = (name, other, base) => median(rounds.map((results) => beyond(results, name, base) / beyond(results, other, base)));
  return { of, ratio, more, moreRatio, requests: rounds.reduce((sum, results) => sum + Object.values(results).reduce((all, { requests }) => all + requests, 0), 0) };
}

// CPU time of one whole sign-in in microseconds: the challenge, the callback with its calls to the provider, and the page.
export async function measureSignIn(bench, module) {
  const before = module.cpuTime();
  for (let i = 0; i < SIGN_INS; i++) {
    await bench.signIn(module);
  }
  return (module.cpuTime() - before) / SIGN_INS / 1000;
}
