// SPDX-License-Identifier: MIT
// An HTTP proxy with CONNECT, the only way of a test to hosts with real names. It has a map from host:port to a port on loopback. Anything else gets
// 502 and is kept in `strays`. Owned by the test that started it.
import http from 'node:http';
import net from 'node:net';

export class ConnectProxy {
  // `targets` is a Map of 'host:port' to a port on 127.0.0.1.
  constructor(targets) {
    this.targets = targets;
    this.tunnels = [];
    this.strays = [];
    this.sockets = new Set();
    this.server = http.createServer((request, response) => {
      this.strays.push(request.method + ' ' + request.url);
      response.writeHead(502).end();
    });
    this.server.on('connect', (request, client, head) => this.connect(request, client, head));
    this.server.on('connection', (socket) => this.keep(socket));
  }

  keep(socket) {
    this.sockets.add(socket);
    socket.on('close', () => this.sockets.delete(socket));
    socket.on('error', () => {});
  }

  connect(request, client, head) {
    const port = this.targets.get(request.url);
    if (port === undefined) {
      this.strays.push('CONNECT ' + request.url);
      client.end('HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n');
      return;
    }
    this.tunnels.push(request.url);
    const target = net.connect({ host: '127.0.0.1', port }, () => {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n');
      target.write(head);
      target.pipe(client).pipe(target);
    });
    this.keep(target);
    target.on('error', () => client.destroy());
    target.on('close', () => client.destroy());
    client.on('close', () => target.destroy());
  }

  async start() {
    await new Promise((resolve, reject) => this.server.once('error', reject).listen(0, '127.0.0.1', resolve));
    this.url = 'http://127.0.0.1:' + this.server.address().port;
    return this;
  }

  async stop() {
    this.sockets.forEach((socket) => socket.destroy());
    await new Promise((resolve) => this.server.close(resolve));
  }
}
