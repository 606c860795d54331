// SPDX-License-Identifier: MIT
// The application behind nginx. It keeps the raw header list of every request and answers with it as JSON. It answers an upgrade
// with 101 and then echoes what it receives. Owned by the test that started it.
import http from 'node:http';

export class Upstream {
  constructor() {
    this.requests = [];
    this.sockets = new Set();
    this.reply = undefined; // (request, response) => true where it has answered
    this.upgradeHeaders = ''; // more lines of a 101
    this.server = http.createServer((request, response) => this.answer(request, response));
    this.server.on('connection', (socket) => {
      this.sockets.add(socket);
      socket.on('close', () => this.sockets.delete(socket));
      socket.on('error', () => {});
    });
    this.server.on('upgrade', (request, socket) => {
      this.record(request);
      socket.write(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n${this.upgradeHeaders}\r\n`);
      socket.pipe(socket);
    });
  }

  async start() {
    await new Promise((resolve, reject) => this.server.once('error', reject).listen(0, '127.0.0.1', resolve));
    this.port = this.server.address().port;
    this.url = 'http://127.0.0.1:' + this.port;
    return this;
  }

  record(request) {
    const headers = [];
    for (let i = 0; i < request.rawHeaders.length; i += 2) {
      headers.push([request.rawHeaders[i], request.rawHeaders[i + 1]]);
    }
    const entry = { method: request.method, url: request.url, headers };
    this.requests.push(entry);
    return entry;
  }

  answer(request, response) {
    const entry = this.record(request);
    let length = 0;
    request.on('data', (part) => { length += part.length; });
    request.on('end', () => {
      if (this.reply && this.reply(request, response)) {
        return;
      }
      const body = JSON.stringify({ ...entry, length });
      response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) });
      response.end(request.method === 'HEAD' ? undefined : body);
    });
  }

  // All values of a header, as an application finds them that ignores case and does not tell '-' from '_'.
  static folded(entry, name) {
    const fold = (text) => text.toLowerCase().replace(/[^a-z0-9]/g, '_');
    return entry.headers.filter(([key]) => fold(key) === fold(name)).map(([, value]) => value);
  }

  get last() {
    return this.requests.at(-1);
  }

  async stop() {
    this.sockets.forEach((socket) => socket.destroy());
    await new Promise((resolve) => this.server.close(resolve));
  }
}
