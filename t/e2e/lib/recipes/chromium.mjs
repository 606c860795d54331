// SPDX-License-Identifier: MIT
// Chromium, for the scripts of a page: hosts lead to the nginx and the providers of a running page. And an application with a real WebSocket, which echoes short texts.
import crypto from 'node:crypto';
import { chromium } from 'playwright-core';

const ARGUMENTS = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync',
  '--ignore-certificate-errors'];

// What may have no end otherwise: a script that waits for an event, an upgrade that was to be refused.
export function within(promise, what, milliseconds = 10000) {
  const late = new Promise((_, fail) => { setTimeout(() => fail(new Error('timed out waiting for ' + what)), milliseconds).unref(); });
  return Promise.race([promise, late]);
}

// A window in which somebody signs in at `url`, as alice. Who opens it closes the browser when it is not needed any more: nginx waits for its connections.
export async function openWindow(page, url) {
  const hosts = [...page.targets, ...page.machines.flatMap(({ names, ports }) => names.map((name) => [name + ':443', ports.get('443')]))];
  const rules = hosts.map(([host, port]) => `MAP ${host} 127.0.0.1:${port}`).join(', ');
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM || '/usr/bin/chromium', args: [...ARGUMENTS, '--host-resolver-rules=' + rules] });
  page.h.closers.push(() => browser.close());
  const window = await (await browser.newContext({ ignoreHTTPSErrors: true })).newPage();
  await window.goto(url);
  await window.locator('input[name=login]').fill('alice@example.org');
  await window.locator('input[name=password]').fill('any');
  await window.getByRole('button').click();
  await window.waitForURL(url);
  return window;
}

// Answers an upgrade as RFC 6455 has it.
export function speakWebSocket(upstream) {
  upstream.server.removeAllListeners('upgrade');
  upstream.server.on('upgrade', (request, socket) => {
    upstream.record(request);
    const accept = crypto.createHash('sha1').update(request.headers['sec-websocket-key'] + '258EAFA5-E914-47DA-95CA-C5AB0DC85B11').digest('base64');
    socket.write(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`);
    socket.on('data', (frame) => {
      const length = frame[1] & 0x7f;
      if ((frame[0] & 0x0f) === 1 && length < 126) {
        const text = frame.subarray(6, 6 + length).map((byte, i) => byte ^ frame[2 + (i % 4)]);
        socket.write(Buffer.concat([Buffer.from([0x81, length]), text]));
      }
    });
    socket.on('error', () => {});
  });
}
