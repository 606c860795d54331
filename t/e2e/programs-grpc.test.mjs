// SPDX-License-Identifier: MIT
// gRPC with a client and a server of the real library, over HTTP/2 through nginx: a status of gRPC's own for whoever is not let in, and the
// call itself, in one piece and as streams, with a session. The HTTP status stays for those who look at that.
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import http2 from 'node:http2';
import grpc from '@grpc/grpc-js';
import { assertSignedIn, e2e } from './lib/harness.mjs';
import { freePort } from './lib/ports.mjs';
import { Redis } from './lib/redis.mjs';
import { decode } from './lib/providers/site.mjs';

const same = (bytes) => bytes;
const raw = { requestSerialize: same, requestDeserialize: same, responseSerialize: same, responseDeserialize: same };
const SERVICE = {
  say: { path: '/test.Echo/Say', requestStream: false, responseStream: false, ...raw },
  chat: { path: '/test.Echo/Chat', requestStream: true, responseStream: true, ...raw },
};
const EchoClient = grpc.makeGenericClientConstructor(SERVICE, 'Echo');

// The application: says again what it hears, and keeps what was told with each call.
async function startEcho(h) {
  const server = new grpc.Server();
  const calls = [];
  server.addService(SERVICE, {
    say: (call, done) => { calls.push(call.metadata.getMap()); done(null, call.request); },
    chat: (call) => { calls.push(call.metadata.getMap()); call.on('data', (part) => call.write(part)); call.on('end', () => call.end()); },
  });
  const port = await new Promise((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, found) => (error ? reject(error) : resolve(found)));
  });
  h.closers.push(() => server.forceShutdown());
  return { port, calls };
}

// A site whose second address speaks HTTP/2 without TLS. `cookie` is what a browser that has signed in sends.
async function grpcSite(h, { server = '', rules, ...options } = {}) {
  const echo = await startEcho(h);
  const port = await freePort();
  const site = await h.site({ ...options, rules: rules ?? 'oauth_allow email=*@example.org;', server: (each) => `listen 127.0.0.1:${port} http2; oauth_base_url ${each.origin}; ${server}`,
    locations: `location /test.Echo/ { grpc_pass grpc://127.0.0.1:${echo.port}; }
      location /refused/ { oauth_allow email=root@example.org; grpc_pass grpc://127.0.0.1:${echo.port}; }
      location /redirect/ { oauth_unauthenticated redirect; grpc_pass grpc://127.0.0.1:${echo.port}; }` });
  site.client = new EchoClient(`127.0.0.1:${port}`, grpc.credentials.createInsecure());
  h.closers.push(() => site.client.close());
  site.signIn = async () => {
    await assertSignedIn(site);
    return site.browser.jar.header(new URL(site.origin));
  };
  return Object.assign(site, { echo, grpcPort: port });
}

function metadataOf(cookie) {
  const metadata = new grpc.Metadata();
  if (cookie) {
    metadata.set('cookie', cookie);
  }
  return metadata;
}

// {reply} or {error}: what the library's client makes of it.
const say = (site, { cookie, path = '/test.Echo/Say' } = {}) => new Promise((resolve) => {
  site.client.makeUnaryRequest(path, same, same, Buffer.from('hello'), metadataOf(cookie), { deadline: Date.now() + 10000 }, (error, reply) => resolve({ error, reply: reply?.toString() }));
});

// The HTTP answer itself. `end`: the headers are all of it.
function ask(h, site, { cookie, path = '/test.Echo/Say', type = 'application/grpc', headers = {} } = {}) {
  const connection = http2.connect('http://127.0.0.1:' + site.grpcPort);
  h.closers.push(() => connection.destroy());
  return new Promise((resolve, reject) => {
    const stream = connection.request({ ':method': 'POST', ':path': path, 'content-type': type, te: 'trailers', ...(cookie ? { cookie } : {}), ...headers });
    const answer = { body: '' };
    stream.on('response', (found) => { answer.headers = found; });
    stream.setEncoding('utf8').on('data', (text) => { answer.body += text; });
    stream.on('end', () => resolve(answer)).on('error', reject);
    stream.end(Buffer.from([0, 0, 0, 0, 5, ...Buffer.from('hello')]));
  });
}

function assertStatus({ error }, code, name) {
  assert.ok(error, name + ' and no reply');
  assert.equal(error.code, code, `${error.code} ${error.details}`);
  assert.match(error.details, new RegExp('^' + name + ': '), 'by our message, not by the HTTP status alone');
}

e2e('gRPC without a session: UNAUTHENTICATED', async (h) => {
  const site = await grpcSite(h);
  for (const path of ['/test.Echo/Say', '/redirect/x', '/refused/x']) {
    assertStatus(await say(site, { path }), grpc.status.UNAUTHENTICATED, 'login_required');
    const { headers, body } = await ask(h, site, { path });
    assert.deepEqual([headers[':status'], headers['grpc-status'], body], [401, '16', ''], path);
    assert.match(headers['content-type'], /^application\/grpc/);
    assert.match(headers['www-authenticate'], /^Bearer /);
    assert.match(headers['cache-control'], /no-store/);
    assert.equal(headers.location, undefined);
    assert.equal(headers['set-cookie'], undefined);
  }
  assert.equal(site.echo.calls.length, 0);
});

e2e('gRPC with a session that the rules refuse: PERMISSION_DENIED', async (h) => {
  const site = await grpcSite(h);
  const cookie = await site.signIn();
  const mark = site.nginx.mark();
  assertStatus(await say(site, { cookie, path: '/refused/x' }), grpc.status.PERMISSION_DENIED, 'policy_denied');
  await site.nginx.waitForLine(mark, /policy_denied: .*, reference /);
  const { headers, body } = await ask(h, site, { cookie, path: '/refused/x' });
  assert.deepEqual([headers[':status'], headers['grpc-status'], body], [403, '7', '']);
  assert.equal(headers['www-authenticate'], undefined);
  assert.equal(site.echo.calls.length, 0);
});

e2e('gRPC while the store is away: UNAVAILABLE', async (h) => {
  const redis = await Redis.start(h);
  const site = await grpcSite(h, { server: `oauth_session ${redis.url}; oauth_session_key "${crypto.randomBytes(32).toString('base64')}"; oauth_session_cache off; oauth_session_timeout 500ms;` });
  const cookie = await site.signIn();
  assert.equal((await say(site, { cookie })).reply, 'hello');
  await redis.stop();
  assertStatus(await say(site, { cookie }), grpc.status.UNAVAILABLE, 'store_unavailable');
  const { headers, body } = await ask(h, site, { cookie });
  assert.deepEqual([headers[':status'], headers['grpc-status'], body], [503, '14', '']);
  assert.equal(headers['set-cookie'], undefined, 'nobody is signed out for it');
  assertStatus(await say(site), grpc.status.UNAUTHENTICATED, 'login_required');
  assert.equal(site.echo.calls.length, 1);
});

e2e('gRPC with a session reaches the application, which is told who calls, and nothing of ours', async (h) => {
  const site = await grpcSite(h);
  const cookie = await site.signIn();
  const { error, reply } = await say(site, { cookie: cookie + '; theirs=kept' });
  assert.equal(error, null);
  assert.equal(reply, 'hello');
  const [told] = site.echo.calls;
  assert.equal(decode(String(told['x-oauth-identity'])).sub, 'test|alice-1');
  assert.equal(String(told.cookie), 'theirs=kept');
});

e2e('gRPC streams in both directions, with a session', async (h) => {
  const site = await grpcSite(h);
  const cookie = await site.signIn();
  const heard = await new Promise((resolve, reject) => {
    const call = site.client.chat(metadataOf(cookie));
    const parts = [];
    call.on('data', (part) => {
      parts.push(part.toString());
      parts.length < 3 ? call.write(Buffer.from('part ' + parts.length)) : call.end();
    });
    call.on('error', reject).on('end', () => resolve(parts));
    call.write(Buffer.from('part 0'));
  });
  assert.deepEqual(heard, ['part 0', 'part 1', 'part 2']);
  const refused = await new Promise((resolve) => {
    const call = site.client.chat(metadataOf());
    call.on('data', () => {}).on('error', (error) => resolve({ error }));
    call.write(Buffer.from('part 0'));
  });
  assertStatus(refused, grpc.status.UNAUTHENTICATED, 'login_required');
});

e2e('what counts as gRPC, and what does not', async (h) => {
  const site = await grpcSite(h);
  for (const type of ['application/grpc', 'application/grpc+proto', 'application/grpc;charset', 'application/grpc; charset=utf-8', 'application/grpc-web+proto', 'application/grpc-web-text',
    'APPLICATION/GRPC+json']) {
    const { headers } = await ask(h, site, { type });
    assert.deepEqual([headers[':status'], headers['grpc-status']], [401, '16'], type);
    const browser = await site.browser.fetch(site.origin + '/x', { method: 'POST', headers: { 'Content-Type': type }, body: 'x' });
    assert.deepEqual([browser.status, browser.headers['grpc-status']], [401, '16'], type + ' over HTTP/1.1');
  }
  for (const type of ['application/json', 'text/plain; application/grpc', 'application/x-grpc']) {
    const { headers, body } = await ask(h, site, { type });
    assert.deepEqual([headers[':status'], headers['grpc-status']], [401, undefined], type);
    assert.equal(JSON.parse(body).error, 'login_required', type);
  }
});

e2e('a message of gRPC is plain ASCII, whatever the language', async (h) => {
  const site = await grpcSite(h, { server: 'oauth_page_language ja;' });
  const { headers } = await ask(h, site);
  assert.match(headers['grpc-message'], /^login_required: [\x20-\x7e]+$/);
  const { error } = await say(site);
  assert.match(error.details, /[\u3040-\u30ff]/, 'and is read as what it was');
});
