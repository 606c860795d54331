// SPDX-License-Identifier: MIT
// Applications that are not reached by HTTP/1: minimal servers for gRPC (HTTP/2 without TLS), FastCGI, uwsgi and SCGI. Each keeps its requests in `requests`: `headers` are
// [name, value] pairs (for the CGI family the parameters), in the order in which they arrived, with repeats. Owned by the test that started it.
import http2 from 'node:http2';
import net from 'node:net';

const BODY = '{"reached":true}';
const CGI_ANSWER = `Status: 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${BODY.length}\r\n\r\n${BODY}`;

class Application {
  constructor(server) {
    this.server = server;
    this.requests = [];
    this.sockets = new Set();
    server.on('connection', (socket) => {
      this.sockets.add(socket);
      socket.on('close', () => this.sockets.delete(socket));
      socket.on('error', () => {});
    });
  }

  async start() {
    await new Promise((resolve, reject) => this.server.once('error', reject).listen(0, '127.0.0.1', resolve));
    this.port = this.server.address().port;
    return this;
  }

  get last() {
    return this.requests.at(-1);
  }

  async stop() {
    this.sockets.forEach((socket) => socket.destroy());
    await new Promise((resolve) => this.server.close(resolve));
  }
}

class GrpcApplication extends Application {
  constructor() {
    super(http2.createServer());
    this.server.on('stream', (stream, headers, flags, raw) => {
      const pairs = [];
      for (let i = 0; i < raw.length; i += 2) {
        pairs.push([raw[i], raw[i + 1]]);
      }
      this.requests.push({ headers: pairs });
      stream.on('trailers', (trailers) => this.requests.at(-1).headers.push(...Object.entries(trailers)));
      stream.on('error', () => {});
      stream.resume().on('end', () => {
        if (stream.destroyed) {
          return;
        }
        stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
        stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
        stream.end(BODY);
      });
    });
  }
}

// Collects bytes until `read` gives a request, answers it and ends the connection.
class CgiApplication extends Application {
  constructor(read, wrap = (text) => Buffer.from(text)) {
    super(net.createServer((socket) => {
      let bytes = Buffer.alloc(0);
      socket.on('data', (part) => {
        bytes = Buffer.concat([bytes, part]);
        const headers = read(bytes);
        if (headers) {
          this.requests.push({ headers });
          socket.end(wrap(CGI_ANSWER));
        }
      });
    }));
  }
}

function fastcgiLength(bytes, at) {
  return bytes[at] < 128 ? [bytes[at], at + 1] : [bytes.readUInt32BE(at) & 0x7fffffff, at + 4];
}

function fastcgiPairs(bytes) {
  const pairs = [];
  for (let at = 0; at < bytes.length;) {
    const [nameLength, afterName] = fastcgiLength(bytes, at);
    const [valueLength, start] = fastcgiLength(bytes, afterName);
    at = start + nameLength + valueLength;
    pairs.push([bytes.toString('latin1', start, start + nameLength), bytes.toString('latin1', start + nameLength, at)]);
  }
  return pairs;
}

const [FCGI_END, FCGI_PARAMS, FCGI_STDIN, FCGI_STDOUT] = [3, 4, 5, 6];

function readFastcgi(bytes) {
  const parameters = [];
  for (let at = 0; at + 8 <= bytes.length;) {
    const [type, length, padding] = [bytes[at + 1], bytes.readUInt16BE(at + 4), bytes[at + 6]];
    if (type === FCGI_PARAMS) {
      parameters.push(bytes.subarray(at + 8, at + 8 + length));
    } else if (type === FCGI_STDIN && length === 0) {
      return fastcgiPairs(Buffer.concat(parameters));
    }
    at += 8 + length + padding;
  }
  return undefined;
}

function fastcgiRecord(type, content) {
  return Buffer.concat([Buffer.from([1, type, 0, 1, content.length >> 8, content.length & 255, 0, 0]), content]);
}

const wrapFastcgi = (text) => Buffer.concat([fastcgiRecord(FCGI_STDOUT, Buffer.from(text)), fastcgiRecord(FCGI_STDOUT, Buffer.alloc(0)), fastcgiRecord(FCGI_END, Buffer.alloc(8))]);

function readUwsgi(bytes) {
  if (bytes.length < 4 || bytes.length < 4 + bytes.readUInt16LE(1)) {
    return undefined;
  }
  const pairs = [];
  for (let at = 4; at < 4 + bytes.readUInt16LE(1);) {
    const texts = [];
    for (let i = 0; i < 2; i++) {
      const length = bytes.readUInt16LE(at);
      texts.push(bytes.toString('latin1', at + 2, at + 2 + length));
      at += 2 + length;
    }
    pairs.push(texts);
  }
  return pairs;
}

function readScgi(bytes) {
  const colon = bytes.indexOf(':');
  const length = Number(bytes.toString('latin1', 0, Math.max(colon, 0)));
  if (colon < 0 || bytes.length < colon + 1 + length + 1) {
    return undefined;
  }
  const texts = bytes.toString('latin1', colon + 1, colon + length).split('\0');
  return texts.flatMap((text, i) => (i % 2 === 0 ? [[text, texts[i + 1] ?? '']] : []));
}

// [name, how it is started, the directives that pass a request there].
const CGI = (name) => `${name}_param REQUEST_METHOD $request_method; ${name}_param REQUEST_URI $request_uri; ${name}_param CONTENT_LENGTH $content_length;
  ${name}_param SERVER_PROTOCOL $server_protocol; ${name}_param REMOTE_USER $remote_user;`;

export const protocols = {
  grpc: { start: () => new GrpcApplication().start(), pass: (application) => `grpc_pass grpc://127.0.0.1:${application.port};` },
  fastcgi: { start: () => new CgiApplication(readFastcgi, wrapFastcgi).start(), pass: (application) => `fastcgi_pass 127.0.0.1:${application.port}; ${CGI('fastcgi')}` },
  uwsgi: { start: () => new CgiApplication(readUwsgi).start(), pass: (application) => `uwsgi_pass 127.0.0.1:${application.port}; ${CGI('uwsgi')}` },
  scgi: { start: () => new CgiApplication(readScgi).start(), pass: (application) => `scgi_pass 127.0.0.1:${application.port}; ${CGI('scgi')}` },
};
