// SPDX-License-Identifier: MIT
// A soak: very many requests with sign-ins, refreshes and sign-outs mixed, on each store, with several workers. It prints what the workers have and hold as it goes, and exits 1 where an
// answer is wrong, or where at the end they hold more than a stated bound above what they held after warming up. SOAK_REQUESTS: of each store, a million by default.
import { keyFor } from '../e2e/lib/jws.mjs';
import { Crowd } from './crowd.mjs';
import { Site } from './site.mjs';

const REQUESTS = Number(process.env.SOAK_REQUESTS || 1000000);
const STORES = (process.env.SOAK_STORES || 'cookie shared redis').split(' ');
const WARM = 0.6; // of the requests: a million of them fill the workers' caches of sessions by then
const SAMPLES = 10;

// What may be there at the end, of what was there after warming up.
const BOUNDS = {
  memory: (before) => before * 1.03 + 2048, // kB of all workers
  descriptors: (before) => before + 8,
  connections: (before, site) => Math.max(before, 2 * site.workers), // of nginx to Redis
};

const failures = [];

function row(what, { memory, descriptors, connections }) {
  console.log('  ' + [String(what).padEnd(34), `${memory} kB`.padStart(12), String(descriptors).padStart(13), String(connections ?? '-').padStart(13)].join(''));
}

async function soak(store) {
  const site = await new Site(store).start();
  try {
    const crowd = new Crowd(site);
    console.log(`\n${store}: ${REQUESTS} requests to ${site.workers} workers`);
    console.log('  ' + 'requests'.padEnd(34) + 'memory'.padStart(12) + 'descriptors'.padStart(13) + 'to Redis'.padStart(13));
    const begun = Date.now();
    await crowd.send(Math.round(REQUESTS * WARM));
    const before = await site.figures();
    row(`${crowd.requests}, warmed up`, before);
    let last = before;
    for (let sample = 1; sample <= SAMPLES; sample++) {
      await crowd.send(Math.round(REQUESTS * (WARM + (1 - WARM) * sample / SAMPLES)));
      last = await site.figures();
      row(crowd.requests, last);
    }
    console.log(`  ${crowd.signIns} sign-ins, ${crowd.refreshes + site.provider.count('refresh')} refreshes, ${crowd.signOuts} sign-outs, ${Math.round(crowd.requests / (Date.now() - begun) * 1000)} requests a second`);
    for (const [what, bound] of Object.entries(BOUNDS)) {
      if (last[what] > bound(before[what], site)) {
        failures.push(`${store}: ${what} ${last[what]} at the end, ${before[what]} after warming up, at most ${Math.round(bound(before[what], site))}`);
      }
    }
    const room = await site.room();
    console.log(`  ${room.text}`);
    failures.push(...[...crowd.wrong.slice(0, 10), ...room.wrong, ...site.wrong()].map((text) => `${store}: ${text}`));
  } catch (error) {
    failures.push(`${store}: ${error.stack}`, ...site.wrong());
  } finally {
    await site.stop();
  }
}

async function main() {
  keyFor('ES256');
  for (const store of STORES) {
    await soak(store);
  }
  console.log('');
  failures.forEach((text) => console.log('FAILED  ' + text));
  console.log(failures.length ? '' : 'ok      all is flat, and no answer was wrong');
  process.exitCode = failures.length ? 1 : 0;
}

main().catch((error) => {
  console.error('soak: ' + error.stack);
  process.exitCode = 1;
});
