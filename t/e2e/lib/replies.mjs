// SPDX-License-Identifier: MIT
// How an endpoint of the scripted provider answers. The members of a `shape` are its misbehaviours:
//   status, type (false: no Content-Type), headers, body (text or Buffer instead of the JSON), alter (object => object), rewrite (JSON text => text or Buffer), redirect (URL), wait
//   (promise or milliseconds before the answer), hang, close (no answer at all), truncated, huge (bytes of padding), endless, gzip, drip (ms a byte).
import zlib from 'node:zlib';

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

export async function reply(response, value, shape = {}, status = 200) {
  if (shape.wait !== undefined) {
    await (typeof shape.wait === 'number' ? pause(shape.wait) : shape.wait);
  }
  if (shape.hang || response.destroyed) {
    return;
  }
  if (shape.close) {
    response.socket.destroy();
    return;
  }
  if (shape.redirect) {
    response.writeHead(shape.status ?? 302, { Location: shape.redirect, 'Content-Length': 0 }).end();
    return;
  }
  const body = contentOf(value, shape);
  const headers = { 'Cache-Control': 'no-store', ...shape.headers };
  if (shape.type !== false) {
    headers['Content-Type'] = shape.type ?? 'application/json';
  }
  if (shape.gzip) {
    headers['Content-Encoding'] = 'gzip';
  }
  await write(response, shape.status ?? status, headers, shape.gzip ? zlib.gzipSync(body) : body, shape);
}

function contentOf(value, shape) {
  if (shape.body !== undefined) {
    return Buffer.from(shape.body);
  }
  const altered = shape.alter ? shape.alter(structuredClone(value)) ?? value : value;
  const text = JSON.stringify(altered);
  if (shape.rewrite) {
    return Buffer.from(shape.rewrite(text));
  }
  return Buffer.from(shape.huge ? text.slice(0, -1) + ',"padding":"' + 'x'.repeat(shape.huge) + '"}' : text);
}

async function write(response, status, headers, body, shape) {
  if (shape.endless) {
    response.writeHead(status, headers);
    response.write(body);
    const filler = Buffer.alloc(65536, 0x20);
    while (!response.destroyed && !response.socket?.destroyed) {
      if (!response.write(filler)) {
        await Promise.race([new Promise((resolve) => response.once('drain', resolve)), new Promise((resolve) => response.once('close', resolve))]);
      }
    }
    return;
  }
  response.writeHead(status, { ...headers, 'Content-Length': body.length });
  if (shape.truncated) {
    response.write(body.subarray(0, Math.floor(body.length / 2)), () => response.socket?.destroy());
    return;
  }
  if (shape.drip) {
    for (let i = 0; i < body.length; i++) {
      response.write(body.subarray(i, i + 1));
      await pause(shape.drip);
    }
  }
  response.end(shape.drip ? undefined : body);
}

export function readBody(request) {
  return new Promise((resolve, reject) => {
    const parts = [];
    request.on('data', (part) => parts.push(part));
    request.on('end', () => resolve(Buffer.concat(parts).toString('utf8')));
    request.on('error', reject);
  });
}

export function escapeHtml(text) {
  return String(text).replace(/[&<>"']/g, (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' })[c]);
}
