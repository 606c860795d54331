// SPDX-License-Identifier: MIT
// What the tests of oauth_path/auth ask, and other proxies that ask it: an nginx without the module, Caddy, HAProxy.
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { canConnect, freePort, until } from './ports.mjs';

export const claims = (token) => JSON.parse(Buffer.from(token.split('.')[1], 'base64url'));

// One question. `headers` say what the other proxy tells.
export const ask = (site, headers = {}, { browser = site.browser, query = '', ...options } = {}) =>
  browser.request(site.origin + '/auth/oauth/auth' + query, { headers, ...options });

export const original = (url) => ({ 'X-Original-URL': url });
export const forwarded = (url) => {
  const { protocol, host } = new URL(url);
  return { 'X-Forwarded-Method': 'GET', 'X-Forwarded-Proto': protocol.slice(0, -1), 'X-Forwarded-Host': host, 'X-Forwarded-Uri': url.slice(url.indexOf(host) + host.length) };
};

// A program in the foreground, with a configuration of its own; stopped with the test.
export async function program(h, command, port, name, configuration, parameters) {
  const file = path.join(h.folder(), name);
  writeFileSync(file, configuration);
  const child = spawn(command, parameters(file), { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, HOME: path.dirname(file), XDG_DATA_HOME: path.dirname(file), XDG_CONFIG_HOME: path.dirname(file) } });
  let output = '';
  child.stdout.on('data', (part) => { output += part; });
  child.stderr.on('data', (part) => { output += part; });
  const exited = new Promise((resolve) => { child.once('exit', resolve); child.once('error', resolve); });
  h.closers.push(async () => { child.kill('SIGKILL'); await exited; });
  let gone = false;
  exited.then(() => { gone = true; });
  await until(async () => gone || await canConnect(port), command + ' to listen');
  if (gone) {
    throw new Error(command + ' did not start: ' + output);
  }
  return { output: () => output };
}

// A site whose base URL is that of another proxy in front of it, which is started with `start(site, port)`.
export async function siteBehind(h, start, { server = '', ...options } = {}) {
  const port = await freePort();
  const front = 'http://127.0.0.1:' + port;
  const site = await h.site({ server: `oauth_base_url ${front}; oauth_trusted_proxy 127.0.0.1; ${server}`, ...options });
  site.front = front;
  site.application = await h.upstream();
  site.other = await start(site, port);
  return site;
}
