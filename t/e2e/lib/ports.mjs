// SPDX-License-Identifier: MIT
// Free ports for the processes of a test. They are taken below the range that the kernel uses for outgoing connections, and each
// test process begins at a place of its own, so that two test files running at once do not pick the same ones.
import net from 'node:net';

const FIRST = 12000;
const LAST = 32000;
let next = FIRST + ((process.pid * 61) % (LAST - FIRST));

function canListen(port) {
  return new Promise((resolve) => {
    const server = net.createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)));
  });
}

export async function freePort() {
  for (let attempts = 0; attempts < 200; attempts++) {
    next = next + 1 >= LAST ? FIRST : next + 1;
    if (await canListen(next)) {
      return next;
    }
  }
  throw new Error('no free port between ' + FIRST + ' and ' + LAST);
}

export function canConnect(port, host = '127.0.0.1') {
  return new Promise((resolve) => {
    const socket = net.connect({ port, host });
    socket.once('connect', () => { socket.destroy(); resolve(true); });
    socket.once('error', () => resolve(false));
  });
}

// Polls until `condition` gives something true, because it depends on another process.
export async function until(condition, what, milliseconds = 10000) {
  const deadline = Date.now() + milliseconds;
  for (;;) {
    const value = await condition();
    if (value) {
      return value;
    }
    if (Date.now() > deadline) {
      throw new Error('timed out waiting for ' + what);
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
