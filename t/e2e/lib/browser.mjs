// SPDX-License-Identifier: MIT
// A small user agent: cookies, redirects one at a time, the headers of a navigation or of a fetch, forms. It runs no scripts. `raw`
// sends any bytes. One instance is one person's browser; requests may run in parallel.
import http from 'node:http';
import https from 'node:https';
import net from 'node:net';
import { CookieJar } from './cookies.mjs';

const NAVIGATION = { Accept: 'text/html,application/xhtml+xml,*/*;q=0.8', 'Sec-Fetch-Mode': 'navigate', 'Sec-Fetch-Dest': 'document',
  'Sec-Fetch-User': '?1', 'Upgrade-Insecure-Requests': '1' };
const FETCH = { Accept: '*/*', 'Sec-Fetch-Mode': 'cors', 'Sec-Fetch-Dest': 'empty', 'Sec-Fetch-Site': 'same-origin' };

export class Browser {
  // `resolve` replaces name resolution: it gives the loopback port for a URL's host, or undefined if the URL has the port itself. `agent`: of node:http, to keep connections.
  constructor({ ca, jar = new CookieJar(), resolve = () => undefined, agent = false } = {}) {
    this.ca = ca;
    this.jar = jar;
    this.resolve = resolve;
    this.agent = agent;
  }

  // One request, with cookies. Redirects are not followed.
  request(target, { method = 'GET', headers = {}, body, signal, path } = {}) {
    const url = new URL(target);
    const all = { Host: url.host, 'User-Agent': 'Mozilla/5.0 (test)', ...headers };
    const cookies = this.jar.header(url);
    if (cookies && !('Cookie' in headers)) {
      all.Cookie = cookies;
    }
    if (body !== undefined && !('Transfer-Encoding' in headers)) {
      all['Content-Length'] = Buffer.byteLength(body);
    }
    const port = this.resolve(url);
    const place = port === undefined ? { host: url.hostname, port: url.port || undefined } : { host: '127.0.0.1', port, servername: url.hostname };
    const options = { ...place, method, path: path ?? url.pathname + url.search, agent: this.agent,
      setHost: false, headers: all, signal, ca: this.ca };
    return new Promise((resolve, reject) => {
      const request = (url.protocol === 'https:' ? https : http).request(options, (response) => {
        (response.headers['set-cookie'] ?? []).forEach((header) => this.jar.store(header, url));
        collect(response, url, method).then(resolve, reject);
      });
      request.once('error', reject);
      request.end(body);
    });
  }

  // A page load, as from the address bar (`initiator` undefined) or from a page of that origin; follows redirects.
  async navigate(target, { method = 'GET', headers = {}, body, form, follow = true, initiator, signal } = {}) {
    const history = [];
    let url = new URL(target);
    let content = form ? new URLSearchParams(form).toString() : body;
    const chain = [url];
    let extra = { ...headers, ...(form ? { 'Content-Type': 'application/x-www-form-urlencoded' } : {}) };
    for (let hops = 0; hops < 20; hops++) {
      const navigation = { ...NAVIGATION, 'Sec-Fetch-Site': fetchSite(initiator, chain), ...extra };
      const response = await this.request(url, { method, headers: navigation, body: content, signal });
      response.history = history;
      if (!follow || ![301, 302, 303, 307, 308].includes(response.status) || !response.headers.location) {
        return response;
      }
      history.push(response);
      url = new URL(response.headers.location, url);
      chain.push(url);
      if (response.status < 307 && method !== 'HEAD') {
        [method, content, extra] = ['GET', undefined, headers];
      }
    }
    throw new Error('too many redirects: ' + history.map((response) => response.url).join(' -> '));
  }

  // A request as a script of the page itself would send it. Redirects are not followed, so that a test sees them.
  fetch(target, { method = 'GET', headers = {}, body, signal } = {}) {
    return this.request(target, { method, headers: { ...FETCH, ...headers }, body, signal });
  }

  // Submits the first form of a page; `values` replace or add to its fields.
  submit(response, values = {}, options = {}) {
    const form = readForm(response.text);
    const action = new URL(form.action || response.url, response.url);
    const origin = new URL(response.url).origin;
    return this.navigate(action, { method: form.method, form: { ...form.fields, ...values }, initiator: origin, headers: { Origin: origin }, ...options });
  }
}

// The links of a sign-in page that lead to a provider, whatever they say: {name: URL}. Other pages have none.
export function providerLinks({ url, text, status }) {
  const page = new URL(url);
  const folder = page.pathname.replace(/login$/, '');
  if (status !== 200 || folder === page.pathname) {
    return {};
  }
  const targets = [...text.matchAll(/<a\b([^>]*)>/gi)].map(([, attributes]) => new URL(attributeOf(attributes, 'href') ?? '', page));
  const named = targets.filter(({ origin, pathname }) => origin === page.origin && pathname.startsWith(folder)).map((target) => [target.pathname.slice(folder.length), target.href]);
  return Object.fromEntries(named.filter(([name]) => /^[\w-]+$/.test(name) && name !== 'login'));
}

// Follows a sign-in to its end: chooses `provider`, or the first one, on a sign-in page, submits a form_post page, and fills in a login form.
export async function signIn(browser, target, { login = 'alice@example.org', provider } = {}) {
  let response = await browser.navigate(target);
  const history = [...response.history];
  const links = providerLinks(response);
  const chosen = provider ? links[provider] : Object.values(links)[0];
  if (chosen) {
    history.push(response);
    response = await browser.navigate(chosen, { initiator: new URL(response.url).origin });
    history.push(...response.history);
  }
  for (let pages = 0; pages < 4 && /<form[^>]*method="?post/i.test(response.text) && !/\/logout/.test(response.url); pages++) {
    const fields = readForm(response.text).fields;
    response = await browser.submit(response, 'login' in fields ? { login, password: 'any' } : {});
    history.push(...response.history);
  }
  response.history = history;
  return response;
}

// Sends bytes as they are. Returns everything that arrives until the server closes or `end` is seen.
export function raw(port, bytes, { host = '127.0.0.1', end, milliseconds = 5000 } = {}) {
  return new Promise((resolve, reject) => {
    const parts = [];
    const socket = net.connect({ port, host }, () => socket.write(bytes));
    const text = () => Buffer.concat(parts).toString('latin1');
    const timer = setTimeout(() => { socket.destroy(); reject(new Error('no end of the answer: ' + text())); }, milliseconds);
    socket.on('data', (part) => {
      parts.push(part);
      if (end && end.test(text())) {
        socket.destroy();
      }
    });
    socket.on('error', (error) => { if (error.code !== 'ECONNRESET') { clearTimeout(timer); reject(error); } });
    socket.on('close', () => { clearTimeout(timer); resolve(text()); });
  });
}

export function readForm(html) {
  const form = /<form\b([^>]*)>([\s\S]*?)<\/form>/i.exec(html);
  if (!form) {
    throw new Error('no form in: ' + html.slice(0, 400));
  }
  const fields = {};
  for (const [, attributes] of form[2].matchAll(/<input\b([^>]*)>/gi)) {
    const name = attributeOf(attributes, 'name');
    if (name) {
      fields[name] = attributeOf(attributes, 'value') ?? '';
    }
  }
  return { action: attributeOf(form[1], 'action'), method: (attributeOf(form[1], 'method') ?? 'GET').toUpperCase(), fields };
}

export function attributeOf(text, name) {
  const found = new RegExp('\\b' + name + '\\s*=\\s*(?:"([^"]*)"|\'([^\']*)\'|([^\\s>]+))', 'i').exec(text);
  return found ? decodeEntities(found[1] ?? found[2] ?? found[3]) : undefined;
}

function decodeEntities(text) {
  const names = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };
  return text.replace(/&(?:#x([\da-f]+)|#(\d+)|(\w+));/gi, (all, hex, decimal, name) =>
    hex ? String.fromCodePoint(parseInt(hex, 16)) : decimal ? String.fromCodePoint(Number(decimal)) : names[name] ?? all);
}

function fetchSite(initiator, chain) {
  if (!initiator) {
    return 'none';
  }
  const from = new URL(initiator);
  const same = (key) => chain.every((url) => url[key] === from[key] && url.protocol === from.protocol);
  return same('host') ? 'same-origin' : same('hostname') ? 'same-site' : 'cross-site';
}

async function collect(response, url, method) {
  const parts = [];
  for await (const part of response) {
    parts.push(part);
  }
  const text = Buffer.concat(parts).toString('utf8');
  return { status: response.statusCode, headers: response.headers, rawHeaders: response.rawHeaders, text, url: url.href, method, history: [],
    setCookies: response.headers['set-cookie'] ?? [], json: () => JSON.parse(text) };
}
