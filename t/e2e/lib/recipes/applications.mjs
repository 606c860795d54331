// SPDX-License-Identifier: MIT
// What the recipes about kinds of applications promise: their scripts run in Chromium, Chainlit's callback in Python.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import crypto from 'node:crypto';
import { writeFileSync } from 'node:fs';
import https from 'node:https';
import path from 'node:path';
import { challengeOf } from '../access-tokens.mjs';
import { sign } from '../jws.mjs';
import { GitHubMock, OCTO } from '../providers/github.mjs';
import { endless } from '../streams.mjs';
import { openWindow, speakWebSocket, within } from './chromium.mjs';
import { blocksOf } from './page.mjs';
import { Certified, SECRET } from './peers.mjs';

const APP = 'https://app.example.org';
const script = (page) => `<!doctype html><title>app</title><script>${blocksOf('recipes', page, 'js')[0]}</script>`;

async function singlePage(page) {
  const stranger = page.browse();
  for (const answer of [await stranger.fetch(APP + '/api/items'), await stranger.navigate(APP + '/api/items', { follow: false })]) {
    assert.deepEqual([answer.status, answer.json().login_url], [401, APP + '/auth/oauth/login']);
  }
  const view = APP + '/view/7?x=1#part';
  const window = await openWindow(page, view.replace('#part', ''));
  await window.evaluate(() => { globalThis.location.hash = 'part'; });
  const call = () => window.evaluate(async () => (await globalThis.api('/items', { method: 'POST' })).status);
  assert.equal(await call(), 200);
  assert.equal(page.told().identity.sub, 'example|alice@example.org');
  await window.context().clearCookies({ name: /oauth/ });
  const [status] = await Promise.all([call(), window.waitForEvent('load')]);
  assert.equal(status, 401);
  await window.waitForURL(view);
  assert.equal(await call(), 200, 'signed in again, and back at its view');
  await window.context().browser().close();

  const alice = await page.visits(APP + '/', 200);
  assert.equal(alice.answer.headers['cache-control'], 'no-cache');
  for (const [site, expected] of [['same-origin', 200], ['none', 200], [undefined, 200], ['same-site', 403], ['cross-site', 403]]) {
    const headers = { Accept: 'application/json', ...(site ? { 'Sec-Fetch-Site': site } : {}) };
    const answer = await alice.request(APP + '/api/items', { method: 'POST', headers });
    assert.equal(answer.status, expected, site);
    assert.ok(expected === 200 || answer.json().error === 'policy_denied');
  }
  await page.visits(APP + '/api/items', 401, { browser: page.browse() });
  await page.visits(APP + '/', 403, { login: 'mallory@example.net' });
}

async function streams(page) {
  const application = page.upstreams['3000'];
  speakWebSocket(application);
  application.reply = (request, response) => endless(request, response) || (request.url === '/page' && Boolean(response.writeHead(200, { 'Content-Type': 'text/html' }).end(script('streams'))));
  const window = await openWindow(page, APP + '/page');
  const echo = await within(window.evaluate(() => new Promise((resolve) => {
    globalThis.socket = globalThis.connect();
    globalThis.socket.onopen = () => globalThis.socket.send('hello');
    globalThis.socket.onmessage = ({ data }) => resolve(data);
  })), 'the echo');
  assert.equal(echo, 'hello');
  assert.equal(page.told().identity.sub, 'example|alice@example.org', 'the application knows who has opened it');
  const event = await within(window.evaluate(() => new Promise((resolve) => {
    globalThis.source = new EventSource('/events/idle');
    globalThis.source.onmessage = ({ data }) => resolve(data);
  })), 'the first event');
  assert.equal(event, 'x', 'the first event comes at once');

  const start = Date.now();
  await Promise.all([window.waitForEvent('load', { timeout: 10000 }), window.evaluate(() => fetch('/auth/oauth/logout', { redirect: 'manual' }))]);
  assert.ok(Date.now() - start < 6000, `the WebSocket ended with the session, and the page was loaded again, after ${Date.now() - start} ms`);
  assert.equal(page.machines[0].nginx.linesSince(0, /a stream is closed, because session/).length, 2, 'the events ended, too');
  await window.context().browser().close();

  const alice = await page.visits(APP + '/page', 200);
  const upgrade = { Connection: 'Upgrade', Upgrade: 'websocket', 'Sec-WebSocket-Key': 'AAAAAAAAAAAAAAAAAAAAAA==', 'Sec-WebSocket-Version': '13' };
  for (const origin of ['https://evil.example.org', 'https://app.example.org.evil.example', 'null']) {
    const refusal = await within(alice.request(APP + '/ws/chat', { headers: { ...upgrade, Origin: origin } }), 'a refusal of ' + origin);
    assert.equal(refusal.status, 403, origin);
  }
}

// Chainlit is not installed where the tests run. This is its part that the callback meets: `User`, and the decorator, which keeps the function; the server then calls it with the headers of
// POST /auth/header, whose names ignore case, and takes None as a refusal (chainlit/server.py, header_auth).
const STUB = `
import json, sys, types
class User:
    def __init__(self, identifier, display_name=None, metadata=None):
        self.identifier, self.display_name, self.metadata = identifier, display_name, metadata or {}
class Headers(dict):
    def get(self, name, default=None):
        return super().get(name.lower(), default)
callbacks = []
module = types.ModuleType("chainlit")
module.User, module.header_auth_callback = User, lambda function: callbacks.append(function) or function
sys.modules["chainlit"] = module
exec(compile(open(sys.argv[1]).read(), "app.py", "exec"), {"__name__": "app"})
users = [callbacks[0](Headers({name.lower(): value for name, value in headers.items()})) for headers in json.load(sys.stdin)]
json.dump([user and vars(user) for user in users], sys.stdout)
`;

// What the page's callback says to each of these lists of headers. It fetches the keys from `port`, by the name of the page's nginx, which is there by default.
function askCallback(page, requests, port = page.machines[0].ports.get('443')) {
  page.proxy.targets.set('chat.example.org:443', port);
  const file = path.join(page.place, 'app.py');
  writeFileSync(file, blocksOf('recipes', 'chainlit', 'python')[0]);
  const env = { PATH: process.env.PATH, CHAINLIT_URL: page.environment.CHAINLIT_URL, SSL_CERT_FILE: page.made.caFile, https_proxy: page.proxy.url, PYTHONDONTWRITEBYTECODE: '1' };
  return new Promise((resolve, reject) => {
    const child = execFile('/usr/bin/python3', ['-c', STUB, file], { env }, (error, stdout, stderr) => (error ? reject(new Error(stderr)) : resolve(JSON.parse(stdout))));
    child.stdin.end(JSON.stringify(requests));
  });
}

// With a key that the test has in place of nginx's, so that each claim can be wrong by itself.
async function assertClaimsAreChecked(page, identity, key) {
  const jwks = { keys: [{ ...key.publicKey.export({ format: 'jwk' }), kid: 'own', alg: 'ES256', use: 'sig' }] };
  const server = https.createServer(page.made.tls, (request, response) => response.end(request.url === '/auth/oauth/jwks.json' ? JSON.stringify(jwks) : ''));
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  page.h.closers.push(() => server.close());
  const token = (claims, alg = 'ES256') => ({ 'X-OAuth-Identity': sign({ header: { alg, kid: 'own', typ: 'JWT' }, payload: { ...identity, ...claims }, alg, key }) });
  const past = Math.floor(Date.now() / 1000) - 10;
  const [right, ...wrong] = await askCallback(page, [token({}), token({ iss: 'https://other.example.org' }), token({ aud: 'https://other.example.org' }), token({ exp: past }), token({ exp: undefined }),
    token({ sub: undefined }), token({}, 'none')], server.address().port);
  assert.equal(right.identifier, identity.sub);
  assert.deepEqual(wrong, Array(6).fill(null));
}

const github = Object.assign(new GitHubMock(), { callbackUrl: 'https://chat.example.org/auth/oauth/github/callback', clientSecret: 'change-me',
  user: { ...OCTO, orgs: [{ login: 'acme', id: 42 }] } });

async function chainlit(page) {
  const chat = 'https://chat.example.org';
  const chainlitCookie = 'access_token=of-somebody-else; Path=/; HttpOnly; SameSite=Lax';
  const browser = page.browse();
  browser.jar.store(chainlitCookie, new URL(chat));
  await page.visits(chat + '/', 200, { browser });
  assert.ok(!browser.jar.get('access_token'), 'no cookie of Chainlit outlives the sign-in of another person');
  await browser.fetch(chat + '/auth/header', { method: 'POST', headers: { 'X-OAuth-Identity': 'forged' } });
  assert.equal(page.told('8000').url, '/auth/header', 'this path is Chainlit\'s');
  const { token, identity } = page.told('8000');

  const [head, body, signature] = token.split('.');
  const own = crypto.generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const { kid } = JSON.parse(Buffer.from(head, 'base64url'));
  const signed = (claims, header = {}) => sign({ header: { alg: 'ES256', kid, typ: 'JWT', ...header }, payload: { ...identity, ...claims }, alg: 'ES256', key: own });
  const bad = { 'another key': signed({}), 'an unknown key': signed({}, { kid: 'other' }), 'no signature': `${head}.${body}.`, 'another signature': `${head}.${body}.${Buffer.alloc(64, 1).toString('base64url')}`,
    'another payload': `${head}.${Buffer.from(JSON.stringify({ ...identity, sub: 'github|1' })).toString('base64url')}.${signature}`, text: 'github|1234567', empty: '' };
  const [user, none, ...refused] = await askCallback(page, [{ 'X-OAuth-Identity': token }, {}, ...Object.values(bad).map((value) => ({ 'x-oauth-identity': value }))]);
  assert.deepEqual(user, { identifier: 'github|1234567', display_name: 'Octo Fake', metadata: { provider: 'github', email: 'octo@example.org' } });
  assert.deepEqual([none, ...refused], Array(1 + Object.keys(bad).length).fill(null));

  await assertClaimsAreChecked(page, identity, own);

  const upgrade = { Connection: 'Upgrade', Upgrade: 'websocket' };
  assert.equal((await page.browse().fetch(chat + '/ws/socket.io/?EIO=4&transport=websocket', { headers: upgrade })).status, 401);
  const polling = await browser.fetch(chat + '/ws/socket.io/?EIO=4&transport=polling', { method: 'POST', body: 'x'.repeat(2000000) });
  assert.deepEqual([polling.status, polling.json().length], [200, 2000000]);
  browser.jar.store(chainlitCookie, new URL(chat));
  await browser.navigate(chat + '/auth/oauth/logout', { initiator: chat, follow: false });
  assert.ok(!browser.jar.get('access_token'), 'nor a sign-out');
  github.user = OCTO;
  await page.visits(chat + '/', 403);
  assert.deepEqual(github.violations, []);
}

// What a client asks first; the whole way of a real one is in mcp-clients.test.mjs.
async function mcpServer(page) {
  const origin = 'https://mcp.example.org';
  const program = page.browse();
  const refused = await program.fetch(origin + '/mcp', { method: 'POST', body: '{}', headers: { Accept: 'application/json, text/event-stream' } });
  assert.equal(refused.status, 401);
  const { scope, resource_metadata: where } = challengeOf(refused);
  assert.equal(scope, 'tools');
  assert.equal(where, origin + '/.well-known/oauth-protected-resource/mcp');
  assert.deepEqual((await program.fetch(where)).json(), { resource: origin + '/mcp', authorization_servers: ['https://id.example.org'], bearer_methods_supported: ['header'], scopes_supported: ['tools'] });
}

export const applicationRecipes = {
  'single-page-application': { providers: () => [new Certified()], files: { 'example.secret': SECRET, www: { 'index.html': script('single-page-application') } }, check: singlePage },
  streams: { providers: () => [new Certified()], files: { 'example.secret': SECRET }, check: streams },
  'mcp-server': { providers: () => [new Certified('https://mcp.example.org')], files: { 'example.secret': SECRET }, check: mcpServer },
  chainlit: { providers: [github], check: chainlit },
};
