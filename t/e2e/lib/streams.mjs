// SPDX-License-Identifier: MIT
// Streams: an application that answers without an end, and a client's side of such an answer, over HTTP/1.1 and HTTP/2.
import assert from 'node:assert/strict';
import net from 'node:net';
import { until } from './ports.mjs';

export const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

// What locations need to pass upgrades on.
export const UPGRADES = 'proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $http_connection;';

const every = (response, milliseconds, write) => {
  write();
  const timer = setInterval(write, milliseconds);
  response.on('close', () => clearInterval(timer));
};

// For Upstream.reply. The last part of the path says what comes: events (now and then), idle (one event), silent (headers alone), download (much, chunked),
// file (a known length, slowly), late (events, but the answer begins when `release` is called).
export function endless(request, response) {
  const events = () => response.writeHead(200, { 'Content-Type': 'text/event-stream' });
  const kinds = {
    events: () => { events(); every(response, 200, () => response.write('data: x\n\n')); },
    idle: () => { events(); response.write('data: x\n\n'); },
    silent: () => { events(); response.flushHeaders(); },
    counted: () => { response.writeHead(200, { 'Content-Type': 'Text/Event-Stream; charset=utf-8', 'Content-Length': 1000000 }); response.write('data: x\n\n'); },
    download: () => { response.writeHead(200, { 'Content-Type': 'application/octet-stream' }); every(response, 50, () => response.write(Buffer.alloc(16384))); },
    file: () => { response.writeHead(200, { 'Content-Type': 'application/octet-stream', 'Content-Length': 1000000 }); every(response, 100, () => response.write(Buffer.alloc(1000))); },
    late: () => { endless.release = () => kinds.events(); },
  };
  const kind = kinds[/\/(\w+)(?:\?|$)/.exec(request.url)?.[1]];
  kind?.();
  return Boolean(kind);
}

// A client's side. `ended`: when the other side ended it.
class Stream {
  constructor(name) {
    this.name = name;
    this.text = '';
    this.ended = undefined;
  }

  // Resolves when it has been ended, which is to be within `seconds` from `start` on, and not before.
  async endsWithin(seconds, start) {
    await until(() => this.ended, this.name + ' to be ended', seconds * 1000 - (Date.now() - start));
    assert.ok(this.ended >= start, `${this.name} was ended ${start - this.ended} ms too early`);
  }
}

// GET over HTTP/1.1; returns once the answer is there, unless it is `silent`.
export async function open(site, path, { browser = site.browser, upgrade = false, silent = false } = {}) {
  const stream = new Stream(path);
  const before = site.upstream.requests.length;
  const cookies = browser.jar.header(new URL(site.origin));
  stream.socket = net.connect(site.port, '127.0.0.1');
  stream.socket.on('data', (part) => { stream.text = (stream.text + part.toString('latin1')).slice(0, 10000); });
  stream.socket.on('error', () => {});
  stream.socket.on('end', () => { stream.ended ??= Date.now(); });
  stream.socket.on('close', () => { stream.ended ??= Date.now(); });
  stream.socket.write(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${site.port}\r\nCookie: ${cookies}\r\n${upgrade ? 'Connection: Upgrade\r\nUpgrade: websocket\r\n' : ''}\r\n`);
  await until(() => (silent ? site.upstream.requests.length > before : stream.text.includes('\r\n\r\n')), 'an answer to ' + path);
  assert.match(stream.text, silent ? /^/ : upgrade ? /^HTTP\/1\.1 101 / : /^HTTP\/1\.1 200 /);
  stream.stop = () => stream.socket.destroy();
  return stream;
}

// The same over an HTTP/2 connection.
export async function open2(site, client, path, { browser = site.browser } = {}) {
  const stream = new Stream(path);
  stream.request = client.request({ ':path': path, cookie: browser.jar.header(new URL(site.origin)) });
  stream.request.on('error', () => {});
  stream.request.on('close', () => { stream.ended ??= Date.now(); stream.code = stream.request.rstCode; });
  stream.request.on('data', (part) => { stream.text += part; });
  const headers = await new Promise((resolve) => { stream.request.once('response', resolve); });
  assert.equal(headers[':status'], 200, path);
  stream.stop = () => stream.request.close();
  return stream;
}

export function signOut(site, browser = site.browser) {
  return browser.navigate(site.origin + '/auth/oauth/logout', { initiator: site.origin, follow: false });
}
