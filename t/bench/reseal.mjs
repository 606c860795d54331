// SPDX-License-Identifier: MIT
// Makes many cookies of one session: opens its cookie with the session key and seals what is in it again, with another nonce each time. A worker takes each for one that it has not seen,
// because its cache has the whole cookie as its key. This is the format of src/session/sealer.cpp and cookie_store.cpp: an ID token that is sealed behind the session stays as it is.
import assert from 'node:assert/strict';
import crypto from 'node:crypto';

const VERSION = 1;
const BOUND_TO = { cookie: '', shared: ' handle', redis: ' redis' }; // after the cookie's name

function text(value) {
  const size = [];
  for (let rest = value.length; rest >= 0x80; rest >>= 7) {
    size.push((rest & 0x7f) | 0x80);
  }
  return Buffer.concat([Buffer.from([...size, value.length >> (7 * size.length)]), Buffer.from(value)]);
}

export class Resealer {
  // `cookie`: `name=value` of a session at `baseUrl`.
  constructor(secret, cookie, { store, baseUrl }) {
    const [name, value] = cookie.split('=');
    const [sealed] = value.split('.');
    this.name = name;
    this.behind = value.slice(sealed.length);
    this.key = Buffer.from(crypto.hkdfSync('sha256', secret, 'ngx_http_oauth_module', 'session', 32));
    this.binding = Buffer.concat([Buffer.from([VERSION]), text(name + BOUND_TO[store]), text(baseUrl), ...(this.behind ? [text(this.behind)] : [])]);
    const bytes = Buffer.from(sealed, 'base64url');
    this.prefix = bytes.subarray(0, 2);
    const decipher = crypto.createDecipheriv('aes-256-gcm', this.key, bytes.subarray(2, 14)).setAAD(this.binding).setAuthTag(bytes.subarray(-16));
    this.content = Buffer.concat([decipher.update(bytes.subarray(14, -16)), decipher.final()]);
    assert.equal(this.prefix[0], VERSION);
  }

  once() {
    const nonce = crypto.randomBytes(12);
    const cipher = crypto.createCipheriv('aes-256-gcm', this.key, nonce).setAAD(this.binding);
    const sealed = Buffer.concat([cipher.update(this.content), cipher.final()]);
    return `${this.name}=${Buffer.concat([this.prefix, nonce, sealed, cipher.getAuthTag()]).toString('base64url')}${this.behind}`;
  }

  many(count) {
    return Array.from({ length: count }, () => this.once());
  }
}
