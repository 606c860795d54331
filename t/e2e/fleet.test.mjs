// SPDX-License-Identifier: MIT
// Two nodes with one Redis under load (CC-05, CC-06, SC-23, RF-03), and what goes wrong with a fleet: a worker is killed, Redis is silent, stopped, started again, with its data and
// without. What operations.md promises under "Fleets" holds for every single answer: nobody is let in who has signed out, nobody is signed out who has not, and all is well again by itself.
import assert from 'node:assert/strict';
import { Load, ask, leave, nobody, startFleet, status, visit, workersOf } from './lib/fleet.mjs';
import { e2e } from './lib/harness.mjs';
import { until } from './lib/ports.mjs';
import { UPGRADES, endless, open, pause } from './lib/streams.mjs';

const STALE = 300; // oauth_session_cache
const SLACK = 50; // between two clocks: nginx's and the test's
const BACK = 3000; // for a node to find that Redis is there again
const CACHE = `oauth_session_cache ${STALE}ms; oauth_session_timeout 400ms;`;
const DURABLE = ['--appendonly', 'yes', '--appendfsync', 'always'];

const crowd = async (fleet, count) => {
  const people = [];
  for (let i = 0; i < count; i++) {
    people.push(await visit(fleet, `person-${i}`, fleet.nodes[i % 2]));
  }
  return people;
};

const strangers = () => [nobody('a stranger'), nobody('a forger', 'x'.repeat(100))];
const refused = { stale: STALE + SLACK };

// Everybody is known at both nodes, or nobody is; who has left is known nowhere.
async function assertKnown(fleet, people, expected = 200) {
  for (const node of fleet.nodes) {
    for (const person of people) {
      assert.equal(await status(node, person), person.leftAt === Infinity ? expected : 401, `${person.sub} at ${node.name}`);
    }
  }
}

e2e('CC-05 RF-03 one refresh for both nodes, and a sign-out on A that B and its streams learn of', async (h) => {
  const fleet = await startFleet(h, { server: CACHE + 'oauth_refresh 2s;', location: UPGRADES });
  const { a, b, provider } = fleet;
  fleet.nodes.forEach((node) => { node.upstream.reply = endless; });
  const people = await crowd(fleet, 5);
  await pause(2100); // everybody is due
  let release;
  provider.refresh = { wait: new Promise((resolve) => { release = resolve; }) };
  const before = provider.count('refresh');
  const answers = Array.from({ length: 20 }, (_, i) => status(fleet.nodes[i % 2], people[0]));
  await until(() => provider.count('refresh') > before, 'a refresh');
  await pause(500);
  assert.equal(provider.count('refresh'), before + 1, 'one for twenty requests at two nodes');
  release();
  provider.refresh = {};
  assert.deepEqual(await Promise.all(answers), Array(20).fill(200));
  const begun = Date.now();
  const earlier = provider.count('refresh');
  const load = new Load(fleet, [...people, ...strangers()]);
  await pause(3000);
  const streams = [await open(b, '/ws', { browser: people[0], upgrade: true }), await open(b, '/events', { browser: people[0] })];
  const rest = await open(b, '/ws', { browser: people[1], upgrade: true });
  const start = Date.now();
  assert.equal((await leave(a, people[0])).status, 302);
  assert.equal(await status(a, people[0]), 401, 'at once where it was');
  await pause(Math.max(0, people[0].leftAt + STALE + SLACK - Date.now()));
  assert.equal(await status(b, people[0]), 401, 'within oauth_session_cache at the other');
  await Promise.all(streams.map((stream) => stream.endsWithin(5, start)));
  await pause(1000);
  await load.stop();
  assert.equal(rest.ended, undefined, 'nobody else\'s stream');
  rest.stop();
  load.assertRight(refused);
  assert.ok(load.count('in') > 100 && load.count('out') > 10, 'a load: ' + load.seen.length);
  const rounds = (provider.count('refresh') - earlier) / people.length;
  assert.ok(rounds >= 1 && rounds <= (Date.now() - begun) / 2000 + 1, `${rounds} refreshes of each session`);
  assert.equal(provider.reuses, 0, 'no refresh token was used twice');
  assert.equal(provider.count('token'), people.length, 'nobody had to sign in again');
  assert.deepEqual(provider.violations, []);
});

e2e('RF-03 while one node asks, the other does not keep anybody waiting', async (h) => {
  const fleet = await startFleet(h, { server: CACHE + 'oauth_refresh 4s;' }); // in whole seconds: not due again before the end
  const { a, b, provider } = fleet;
  const person = await visit(fleet, 'somebody');
  await pause(4100);
  let release;
  provider.refresh = { wait: new Promise((resolve) => { release = resolve; }) };
  const asking = status(a, person);
  await until(() => provider.count('refresh') === 1, 'a refresh');
  assert.equal(await status(b, person), 200);
  assert.equal(provider.count('refresh'), 1);
  release();
  provider.refresh = {};
  assert.equal(await asking, 200);
  await pause(1200); // what the other node waits for between its tries
  assert.equal(await status(b, person), 200);
  assert.equal(provider.count('refresh'), 1, 'one for both');
  assert.deepEqual(provider.violations, []);
});

e2e('CC-05 a worker of each node is killed: what it was doing is lost, and nothing else', async (h) => {
  h.allowLog(/exited on signal 9/);
  const fleet = await startFleet(h, { server: CACHE });
  const people = await crowd(fleet, 6);
  assert.equal((await leave(fleet.b, people[0])).status, 302);
  const load = new Load(fleet, [...people, ...strangers()]);
  await pause(500);
  const broken = [];
  for (const node of fleet.nodes) {
    const [victim] = workersOf(node);
    const moment = Date.now();
    process.kill(victim, 'SIGKILL');
    await until(() => workersOf(node).length === 2 && !workersOf(node).includes(victim), 'a new worker');
    broken.push([moment, Date.now()]);
    await pause(800);
  }
  const again = Date.now();
  assert.equal((await leave(fleet.a, people[1])).status, 302);
  await pause(800);
  await load.stop();
  load.assertRight({ ...refused, broken });
  assert.ok(load.count('in', again) > 20, 'all goes on: ' + load.count('in', again));
  await assertKnown(fleet, people);
  assert.equal(fleet.provider.count('token'), people.length);
});

// Each worker has its own connection, and tries again by itself: of every one that could not reach Redis the last that its log says is that it can.
function isWell(node) {
  const last = new Map();
  for (const [, worker, what] of node.nginx.log().matchAll(/(\d+)#\d+: .*oauth: (store_unavailable|Redis at \S+ answers again)/g)) {
    last.set(worker, what);
  }
  return [...last.values()].every((what) => what !== 'store_unavailable');
}

// What is to be seen while Redis is away, with a load on both nodes. `away`: does it, and resolves when Redis is there again.
async function tryWithout(fleet, people, away) {
  const load = new Load(fleet, [...people, ...strangers()]);
  await pause(500);
  const gone = Date.now();
  await away(async () => {
    await until(async () => load.count('away', gone) > 20, 'answers that say so');
    await pause(Math.max(0, gone + STALE + SLACK - Date.now())); // a node may go on with what it has just seen
    const answer = await ask(fleet.a, people[1]);
    assert.equal(answer.status, 503);
    assert.equal(answer.json().error, 'store_unavailable');
    assert.match(answer.headers['cache-control'], /no-store/);
    assert.equal((await leave(fleet.b, people[1])).status, 503, 'a sign-out that cannot be promised is not');
  });
  const there = Date.now();
  return { load, gone, there, spans: [[gone, there + BACK]] };
}

e2e('CC-06 SC-23 Redis with its data: silent, stopped and started, restarted. Nobody is signed out, nobody who had left comes back', async (h) => {
  const fleet = await startFleet(h, { words: DURABLE, server: CACHE });
  const { redis, provider } = fleet;
  const people = await crowd(fleet, 6);
  assert.equal((await leave(fleet.a, people[0])).status, 302);
  await assertKnown(fleet, people);
  const ways = {
    silent: async (look) => { redis.pause(); await look().finally(() => redis.goOn()); },
    stopped: async (look) => { await redis.stop(); await look(); await redis.start(); },
    restarted: async () => { await redis.stop(); await redis.start(); },
  };
  for (const [name, way] of Object.entries(ways)) {
    const { load, there, spans } = await tryWithout(fleet, people, way);
    await until(async () => (await status(fleet.a, people[2])) === 200 && (await status(fleet.b, people[2])) === 200, name + ': both are well again', BACK);
    await until(() => fleet.nodes.every(isWell), name + ': all workers are well again', BACK);
    await pause(600);
    await load.stop();
    load.assertRight({ ...refused, away: spans });
    assert.ok(load.count('in', there) > 20, `${name}: all goes on`);
    await assertKnown(fleet, people);
  }
  assert.equal(provider.count('token'), people.length, 'nobody had to sign in again');
  assert.equal((await leave(fleet.b, people[1])).status, 302, 'what could not be done then');
  assert.equal(await status(fleet.b, people[1]), 401);
});

e2e('CC-06 Redis without its data: nobody is let in for it, and everybody can sign in again', async (h) => {
  const fleet = await startFleet(h, { server: CACHE });
  const { redis } = fleet;
  const people = await crowd(fleet, 4);
  assert.equal((await leave(fleet.a, people[0])).status, 302);
  const { load, there, spans } = await tryWithout(fleet, people, async (look) => { await redis.stop(); await look(); await redis.start(); });
  await until(async () => (await status(fleet.a, people[2])) === 401 && (await status(fleet.b, people[2])) === 401, 'both have asked the new one', BACK);
  await until(() => fleet.nodes.every(isWell), 'all workers have', BACK);
  const back = await visit(fleet, 'somebody who is back');
  await pause(400);
  await load.stop();
  load.assertRight({ ...refused, away: spans, forgotten: [[there - 500, Infinity]] });
  await assertKnown(fleet, people, 401);
  await assertKnown(fleet, [back]);
});
