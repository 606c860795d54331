// SPDX-License-Identifier: MIT
// Counts the instructions of a request with callgrind, in a single nginx process. Counts are taken after two numbers of requests, and only their
// difference is used, so that starting, waiting and counting are not part of any figure.
import { Sequence } from './load.mjs';
import { profile } from './profile.mjs';
import { POLICIES, policyPath } from './servers.mjs';

const WARM = 50;
const FEW = 100;
const MANY = 600;

// `fresh`, where it is given, makes the cookie of each request, or what another header has.
export async function perRequest(bench, nginx, target, cookie, fresh, header) {
  const client = await new Sequence(nginx.port, { path: target, cookie, header }).open();
  await client.send(WARM, fresh);
  const received = await bench.received();
  await nginx.takeCounters();
  await client.send(FEW, fresh);
  const few = await nginx.takeCounters();
  await client.send(MANY, fresh);
  const many = await nginx.takeCounters();
  client.close();
  const reached = (await bench.received()) - received;
  if (reached !== FEW + MANY) {
    throw new Error(`${target}: the upstream received ${reached} requests of ${FEW + MANY}`);
  }
  return { instructions: (many.instructions - few.instructions) / (MANY - FEW), file: many.file, requests: MANY };
}

async function perSignIn(bench, nginx) {
  const counts = [];
  for (const count of [1, 5]) {
    await nginx.takeCounters();
    for (let i = 0; i < count; i++) {
      await bench.signIn(nginx);
    }
    counts.push((await nginx.takeCounters()).instructions);
  }
  return (counts[1] - counts[0]) / 4;
}

export async function measureInstructions(bench, identity, { withProfile = false } = {}) {
  const module = await bench.startModule({ callgrind: true });
  const cookie = await bench.signIn(module);
  const plain = await bench.startPlain({ callgrind: true }, identity);
  const warm = await perRequest(bench, module, '/', cookie);
  const results = { module: warm.instructions, policies: {} };
  results.plain = (await perRequest(bench, plain, '/', cookie)).instructions;
  results.bare = (await perRequest(bench, plain, '/bare')).instructions;
  for (const count of POLICIES) {
    results.policies[count] = (await perRequest(bench, module, policyPath(count), cookie)).instructions;
  }
  results.signIn = {};
  for (const alg of ['RS256', 'ES256']) { // of the ID token; the first is OpenID Connect's default, and most providers'
    bench.provider.alg = alg;
    await bench.signIn(module);
    results.signIn[alg] = await perSignIn(bench, module);
  }
  results.profile = withProfile ? profile(warm.file, MANY) : [];
  return results;
}
