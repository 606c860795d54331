// SPDX-License-Identifier: MIT
// What access tokens of programs cost: one that the worker knows, compared with plain nginx that moves the same bytes, and one that it does not know, compared with what OpenSSL takes for
// its signature alone. A token that is not known is another token each time. The signature alone is measured where it is needed: in a worker that verifies one for each request and does nothing
// else with it, because it takes longer there than in a loop of its own, and what comes after it does, too.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { API, accessToken } from '../e2e/lib/access-tokens.mjs';
import { withVerification } from '../e2e/lib/preloads.mjs';
import { measureRounds } from './cpu.mjs';
import { perRequest } from './instructions.mjs';
import { wrk } from './load.mjs';
import { costOf } from './profile.mjs';

const COLD = 20000; // tokens in turn: a worker remembers 2,048
const ROUNDS = 9;
// What is verified is measured without what is signed: the identity for the application, once for a token.
const DIRECTIVES = `oauth_bearer on; oauth_bearer_audience ${API};`;
const QUIET = 'location /quiet { oauth_identity off; proxy_pass http://application/bare; }';

export class Tokens {
  constructor(bench, stores, identity) {
    Object.assign(this, { bench, stores, identity });
  }

  token(alg) {
    return 'Bearer ' + accessToken(this.bench.provider, { alg });
  }

  start(options = {}) {
    return this.bench.startModule({ directives: DIRECTIVES + QUIET, ...options });
  }

  async measureInstructions() {
    const plain = await this.bench.startPlain({ callgrind: true }, this.identity);
    const module = await this.start({ callgrind: true });
    const known = this.token('ES256');
    const header = 'Authorization';
    const results = { plain: (await perRequest(this.bench, plain, '/', known, undefined, header)).instructions,
      warm: (await perRequest(this.bench, module, '/', known, undefined, header)).instructions };
    const quiet = (await perRequest(this.bench, module, '/quiet', known, undefined, header)).instructions;
    for (const alg of ['ES256', 'RS256']) {
      const cold = await perRequest(this.bench, module, '/quiet', this.token(alg), () => this.token(alg), header);
      const verified = costOf(cold.file, /EVP_DigestVerify$/) / cold.requests;
      results[alg] = { cold: cold.instructions - quiet, verified };
    }
    return results;
  }

  // CPU time of what is more than a known token, in microseconds, beside that of one signature, there and in OpenSSL's own loop.
  async measureCpu() {
    const plain = await this.bench.startPlain({}, this.identity);
    const module = await this.start();
    const folder = mkdtempSync(path.join(tmpdir(), 'oauth-bench-'));
    const verifying = await this.start({ env: withVerification(folder) });
    rmSync(folder, { recursive: true });
    const known = this.token('ES256');
    const tokens = this.stores.file('tokens', Array.from({ length: COLD }, () => this.token('ES256')));
    await wrk(module.url + '/quiet', { authorization: known, seconds: 1 });
    const arms = { plain: [plain, { authorization: known }], warm: [module, { authorization: known }], quiet: [module, { target: '/quiet', authorization: known }],
      cold: [module, { target: '/quiet', cookies: tokens, header: 'Authorization' }], verified: [verifying, { target: '/quiet', authorization: known }] };
    const cpu = await measureRounds(this.bench, arms, ROUNDS);
    return { cpu, cold: cpu.more('cold', 'quiet'), verified: cpu.more('verified', 'quiet'), ratio: cpu.moreRatio('cold', 'verified', 'quiet'), loop: verifyTime() };
  }
}

// Microseconds for one verification of ECDSA over P-256 by this machine's OpenSSL.
function verifyTime() {
  const text = execFileSync('openssl', ['speed', '-seconds', '2', '-mr', 'ecdsap256'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  return 1e6 / Number(/^\+F4:\d+:256:[\d.]+:([\d.]+)$/m.exec(text)[1]);
}
