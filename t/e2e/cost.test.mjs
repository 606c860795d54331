// SPDX-License-Identifier: MIT
// What a request costs a worker grows with what was sent, and no faster: eight times as much of one kind is measured against once as much, in CPU time
// of the worker. Linear is 8, quadratic 64. What the same request costs in a server without the module is taken off: nginx 1.23 and later walks through
// all Cookie lines for each one.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import net from 'node:net';
import { assertSignedIn, e2e } from './lib/harness.mjs';
import { freePort, until } from './lib/ports.mjs';

const FEW = 110;
const MANY = 8 * FEW;
const MOST = 20;
const REQUESTS = 40;
const ROUNDS = 12;

const workerOf = (nginx) => execFileSync('pgrep', ['-P', String(nginx.child.pid)], { encoding: 'utf8' }).trim();
const cpuTime = (worker) => Number(readFileSync(`/proc/${worker}/schedstat`, 'utf8').split(' ')[0]);

// Requests one after the other on one connection; resolves to the last answer's first line.
async function send(port, bytes, count) {
  const socket = net.connect({ port, host: '127.0.0.1' });
  await once(socket, 'connect');
  let line = '';
  for (let i = 0; i < count; i++) {
    socket.write(bytes);
    let text = '';
    do {
      text += (await once(socket, 'data', { signal: AbortSignal.timeout(10000) }))[0].toString('latin1');
    } while (!isWhole(text));
    line = text.split('\r\n')[0];
  }
  socket.destroy();
  return line;
}

function isWhole(text) {
  const head = text.indexOf('\r\n\r\n');
  return head >= 0 && text.length >= head + 4 + Number(/\r\ncontent-length: (\d+)/i.exec(text)?.[1] ?? 0);
}

const many = (count, text) => Array.from({ length: count }, (_, i) => text.replaceAll('#', String(i % 10))).join('');

// Each makes a request's target and its header lines from a number.
const kinds = {
  'forged headers': (n) => ['/', many(n, 'X-OAuth_Identity: a\r\n')],
  'other headers': (n) => ['/', many(n, 'X-Other-Header-#: a\r\n')],
  'cookies of ours, a line each': (n) => ['/', many(n, 'Cookie: oauth=#\r\n')],
  'cookies of ours in one line': (n) => ['/', `Cookie: ${many(n, 'oauth=#; ')}\r\n`],
  'chunks of a session': (n) => ['/', `Cookie: ${many(n, 'oauth.#=a; ')}\r\n`],
  'sessions that do not open': (n) => ['/', `Cookie: ${many(n, `oauth=AQs${'A'.repeat(60)}#; `)}\r\n`],
  'parts of as many sessions': (n) => ['/', `Cookie: ${many(n >> 1, `oauth.0=AQsAAAAAAAA#a; oauth.1=AQsAAAAAAAA#${'a'.repeat(40)}; `)}\r\n`],
  'cookies of sign-ins': (n) => ['/', `Cookie: ${many(n, 'oauth_login_#=aa; ')}\r\n`],
  'cookies of the application, with one of ours': (n) => ['/', `Cookie: ${many(n, 'name#=a; ')}oauth=1\r\n`],
  'parameters of a callback': (n) => ['/auth/oauth/test/callback?' + many(n, 'parameter=#&') + 'state=s', ''],
  'an address to come back to': (n) => ['/auth/oauth/test?return_to=/' + many(n, '%20a#'), ''],
};

e2e('DS-07 DS-08 what a request costs is linear in what was sent', async (h) => {
  const plain = await freePort();
  const site = await h.site({ http: `access_log off; underscores_in_headers on; large_client_header_buffers 8 64k; keepalive_requests 100000; server { listen 127.0.0.1:${plain}; location / { return 204; } }` });
  await until(() => workerOf(site.nginx) !== '', 'a worker');
  await assertSignedIn(site);
  const worker = workerOf(site.nginx);
  let longest = 0;
  const cost = async (kind, n, port = site.port) => {
    const [target, lines] = kinds[kind](n);
    const bytes = `GET ${target} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nAccept: application/json\r\n${lines}\r\n`;
    const before = cpuTime(worker);
    const line = await send(port, bytes, REQUESTS);
    assert.match(line, port === plain ? / 204 / : / (200|302|400|401) /, kind);
    return cpuTime(worker) - before;
  };
  // Other load on the machine makes a request dearer and never cheaper, for some milliseconds or for long: so all take turns, and the cheapest of each is what it costs.
  const cheapest = async (...measured) => {
    const least = measured.map(() => Infinity);
    for (let round = 0; round < ROUNDS; round++) {
      for (const [i, what] of measured.entries()) {
        least[i] = Math.min(least[i], await cost(...what));
      }
    }
    return least;
  };
  const figures = [];
  for (const kind of Object.keys(kinds)) {
    await cost(kind, MANY); // memory and caches are warm
    const [nothing, few, most, ...elsewhere] = await cheapest([kind, 0], [kind, FEW], [kind, MANY], [kind, 0, plain], [kind, FEW, plain], [kind, MANY, plain]);
    longest = Math.max(longest, few / REQUESTS / 1000);
    const ofNothing = nothing - elsewhere[0];
    const ofFew = Math.max(few - elsewhere[1] - ofNothing, nothing / 10); // smaller differences are noise
    const ratio = (most - elsewhere[2] - ofNothing) / ofFew;
    figures.push(`${kind}: ${ratio.toFixed(1)}`);
    assert.ok(ratio < MOST, `${kind}: eight times as many cost ${ratio.toFixed(1)} times as much`);
  }
  assert.ok(longest < 5000 || process.env.OAUTH_SANITIZE, `a request took ${longest} microseconds`);
  console.log(`# with ${FEW} of them a request takes ${longest.toFixed(0)} microseconds at most`);
  console.log('# eight times as much costs, times: ' + figures.join('; '));
});
