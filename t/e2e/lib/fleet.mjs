// SPDX-License-Identifier: MIT
// Two nodes behind one name with one Redis, people who sign in at either, and a load that asks both nodes for all of them without a pause. The load notes every answer, so that a
// test can say afterwards what none of them may have been.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Browser } from './browser.mjs';
import { assertSignedIn } from './harness.mjs';
import { Redis } from './redis.mjs';
import { pause, signOut } from './streams.mjs';
import { Upstream } from './upstream.mjs';

export const BASE = 'http://app.example.org';
const JSON_PLEASE = { Accept: 'application/json' };

// The nodes, which share provider, keys and Redis. `words` are further arguments of redis-server, `server` further directives.
export async function startFleet(h, { words, server = '', ...options } = {}) {
  const redis = await Redis.start(h, { words });
  const key = randomBytes(32).toString('base64url');
  const provider = await h.provider();
  const directives = `server_name app.example.org; oauth_base_url ${BASE}; oauth_session ${redis.url}; oauth_session_key ${key}; ${server}`;
  const nodes = [];
  for (const name of ['A', 'B']) {
    const node = await h.site({ provider, server: directives, workers: 2, ...options });
    node.upstream.record = recordNothing;
    nodes.push(Object.assign(node, { name, origin: BASE }));
  }
  return { redis, provider, nodes, a: nodes[0], b: nodes[1], closers: h.closers };
}

// The application answers with what it was sent, and keeps only the last of it.
function recordNothing(request) {
  const entry = Upstream.prototype.record.call(this, request);
  this.requests = [entry];
  return entry;
}

export const workersOf = (node) => readFileSync(`/proc/${node.nginx.child.pid}/task/${node.nginx.child.pid}/children`, 'utf8').trim().split(' ').map(Number);

// Somebody who has signed in at `node`.
export async function visit(fleet, sub, node = fleet.a) {
  const browser = new Browser({ resolve: (url) => (url.origin === BASE ? node.port : undefined) });
  fleet.provider.user = { ...fleet.provider.user, sub };
  await assertSignedIn(node, { browser, target: BASE + '/' });
  return { sub, jar: browser.jar.clone(), leftAt: Infinity };
}

// Signs `person` out at `node`; everybody who has a copy of the cookie goes on trying.
export async function leave(node, person) {
  person.leavingAt = Date.now();
  const answer = await signOut(node, new Browser({ jar: person.jar.clone(), resolve: () => node.port }));
  if (answer.status === 302) {
    Object.assign(person, { leftAt: Date.now(), leftFrom: node });
  } else {
    person.leavingAt = undefined;
  }
  return answer;
}

export function ask(node, person, options = {}) {
  return new Browser({ jar: person.jar.clone(), resolve: () => node.port }).fetch(BASE + '/', { headers: JSON_PLEASE, ...options });
}

export const status = async (node, person) => (await ask(node, person)).status;

// Whom the application was told, by the answer in which it repeats it.
function toldOf(response) {
  const [token] = Upstream.folded(response.json(), 'X-OAuth-Identity');
  return token && JSON.parse(Buffer.from(token.split('.')[1], 'base64url')).sub;
}

export class Load {
  constructor(fleet, people, { width = 6 } = {}) {
    Object.assign(this, { fleet, people, seen: [], isOver: false });
    fleet.closers.push(() => this.stop()); // also where the test fails
    this.loops = Array.from({ length: width }, (_, index) => this.run(index));
  }

  async run(turn) {
    for (; !this.isOver; turn++) {
      const [node, person] = [this.fleet.nodes[turn % 2], this.people[Math.floor(Math.random() * this.people.length)]];
      this.seen.push(await this.once(node, person));
      await pause(3);
    }
  }

  async once(node, person) {
    const answer = { node, person, begun: Date.now(), signal: AbortSignal.timeout(10000) };
    try {
      const response = await ask(node, person, { signal: answer.signal });
      const is503 = response.status === 503 && response.json().error === 'store_unavailable';
      Object.assign(answer, { what: is503 ? 'away' : response.status === 200 ? 'in' : response.status === 401 ? 'out' : `${response.status} ${response.text.slice(0, 200)}`,
        told: response.status === 200 ? toldOf(response) : undefined, cookies: response.setCookies });
    } catch (error) {
      Object.assign(answer, { what: 'broken', cookies: [], error });
    }
    return Object.assign(answer, { ended: Date.now() });
  }

  async stop() {
    this.isOver = true;
    await Promise.all(this.loops);
  }

  // What has been seen, as lines that are compared with nothing at all: every answer that does not fit. `stale`: milliseconds that another node may not know of a sign-out;
  // `away`, `broken`, `forgotten`: pairs of moments between which the store may be away, a connection may break, everybody may be unknown.
  wrong({ stale, away = [], broken = [], forgotten = [] }) {
    const within = (answer, spans) => spans.some(([from, to]) => answer.ended >= from && answer.begun <= to);
    const fits = (answer) => {
      const { person } = answer;
      const mayBeIn = answer.begun <= person.leftAt + (answer.node === person.leftFrom ? 0 : stale);
      const mayBeOut = answer.ended >= (person.leavingAt ?? person.leftAt) || within(answer, forgotten);
      return (answer.what === 'out' || answer.cookies.length === 0) && {
        in: () => mayBeIn && answer.told === 'test|' + person.sub,
        out: () => mayBeOut,
        away: () => within(answer, away),
        broken: () => within(answer, broken),
      }[answer.what]?.();
    };
    return this.seen.filter((answer) => !fits(answer)).map((answer) => `${answer.what} for ${answer.person.sub} at ${answer.node.name}, told ${answer.told}, ${answer.error ?? ''} ${answer.cookies}`);
  }

  count(what, since = 0) {
    return this.seen.filter((answer) => answer.what === what && answer.begun >= since).length;
  }

  assertRight(bounds) {
    const wrong = this.wrong(bounds);
    assert.deepEqual(wrong.slice(0, 5), [], `${wrong.length} of ${this.seen.length} answers`);
  }
}

// Nobody: a stranger, and somebody whose cookie is made up.
export function nobody(name, cookie) {
  const browser = new Browser();
  cookie && browser.jar.set('oauth', cookie, BASE);
  return { sub: name, jar: browser.jar, leftAt: -Infinity };
}
