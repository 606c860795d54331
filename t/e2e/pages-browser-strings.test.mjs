// SPDX-License-Identifier: MIT
// CS-09: strings that would break out of a page that escapes badly, in every place where a page takes one from outside or from the configuration. In Chromium
// no script runs, no request leaves, no element appears that pages do not have, and people read what was given. Half of the cases run without the
// Content-Security-Policy, so that the escaping alone has to hold. FUZZ_SEED=N repeats a run.
import assert from 'node:assert/strict';
import { quoted } from './lib/harness.mjs';
import { application, newContext, openChromium, pageTest } from './lib/pages.mjs';
import { freePort } from './lib/ports.mjs';

const CASES = 60;
const SITES = 6;
const SEED = Number(process.env.FUZZ_SEED || 20260101);
const chromium = await openChromium();

const VISIBLE = ['</pre><script>pwned(1)</script>', '"><img src=x onerror=pwned(2)>', "' onfocus=pwned(3) autofocus x='", '<svg onload=pwned(4)>', '</title><script>pwned(5)</script>', '</style><script>pwned(6)</script>',
  '--></script><script>pwned(7)</script>', 'javascript:pwned(8)', '<base href=//evil.example/>', '<meta http-equiv=refresh content="0;url=//evil.example/">', '<iframe srcdoc="<script>parent.pwned(9)</script>">',
  '\u2028pwned(10)\u2029', '\u202egnp.exe\u202c', '\u2066\u200f', '{site}', '{provider}{account}', '{', '}{', '{{7*7}}', '&lt;script&gt;', '&#60;b&#62;', '&amp', '%3Cscript%3E', '%00', 'W'.repeat(300), '\\', '`${pwned(11)}`',
  'ü漢字🎉e\u0301', '<!--', ']]>', 'https://evil.example/"onmouseover="pwned(12)', 'a@b.example', '//evil.example', '\u00a0', '<x', '=', '#f', '?q', ';x'];
const INVISIBLE = ['\u0000', '\u0001', '\u001b[31m', '\u007f', '\u0085', '\r\n', '\t', '\u0008'];
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/gu;
const ELEMENTS = new Set(['html', 'head', 'meta', 'title', 'style', 'body', 'main', 'p', 'span', 'bdi', 'h1', 'h2', 'ul', 'li', 'a', 'em', 'div', 'footer', 'code', 'script', 'svg', 'path', 'rect', 'circle', 'g']);

function randomOf(seed) {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
  const pick = (list) => list[Math.floor(next() * list.length)];
  const text = (list) => Array.from({ length: 1 + Math.floor(next() * 3) }, () => pick(list)).join(pick(['', ' ', 'x']));
  return { pick, text };
}

async function sites(h, random) {
  const upstream = await h.upstream();
  upstream.reply = application;
  const provider = await h.provider();
  const made = [];
  const blocks = [];
  for (let index = 0; index < SITES; index++) {
    const site = { port: await freePort(), labels: [`A ${random.text(VISIBLE)}`, `B ${random.text(VISIBLE)}`], title: `T ${random.text(VISIBLE)}`, help: `H ${random.text(VISIBLE)}` };
    site.origin = 'http://127.0.0.1:' + site.port;
    site.names = [`a${index}`, `b${index}`];
    site.names.forEach((name, which) => blocks.push(`oauth_provider ${name} oidc { issuer ${provider.issuer}; client_id ${quoted(provider.clientId)}; client_secret ${quoted(provider.clientSecret)}; user name;
      label ${quoted(site.labels[which])}; }`));
    blocks.push(`server { listen 127.0.0.1:${site.port}; oauth on; oauth_allow any; oauth_providers ${site.names.join(' ')}; oauth_page_title ${quoted(site.title)}; oauth_page_help ${quoted(site.help)};
      location / { proxy_pass ${upstream.url}; } location /root { oauth_allow email=root@example.org; proxy_pass ${upstream.url}; } }`);
    made.push(site);
  }
  await h.nginx(made.at(-1).port, blocks.join('\n'));
  return { made, provider };
}

// What of the page is not a page's own.
const inspect = (page) => page.evaluate(() => ({
  tags: [...new Set([...document.querySelectorAll('*')].map((element) => element.localName))],
  handlers: [...document.querySelectorAll('*')].flatMap((element) => [...element.attributes]).filter(({ name }) => /^on|^src|^style$|^autofocus$/.test(name)).map(({ name }) => name),
  scripts: document.querySelectorAll('script').length,
  links: [...document.querySelectorAll('a')].map((link) => link.href),
  title: [...document.querySelectorAll('.site bdi, h1')].map((element) => element.textContent).join(' '),
  labels: [...document.querySelectorAll('li a span')].map((span) => span.textContent),
  footer: document.querySelector('footer')?.textContent ?? '',
  text: document.querySelector('main')?.textContent ?? '',
}));

async function assertHarmless(page, site, what) {
  const found = await inspect(page);
  assert.deepEqual(found.tags.filter((tag) => !ELEMENTS.has(tag)), [], what);
  assert.deepEqual(found.handlers, [], what);
  assert.ok(found.scripts <= 1, what);
  const helpLinks = site.help.split(' ').filter((word) => /^https?:\/\/|@/.test(word));
  for (const link of found.links) {
    const url = new URL(link);
    assert.ok(url.origin === site.origin || ((url.protocol === 'mailto:' || url.protocol.startsWith('http')) && helpLinks.length > 0), `${what}: a link to ${link}`);
  }
  assert.ok(found.title.includes(site.title), `${what}: the site is ${found.title}`);
  assert.ok(found.footer.includes(site.help), `${what}: help is ${found.footer}`);
  if (found.labels.length === 2) {
    assert.deepEqual(site.labels.map((label) => found.labels.some((text) => text.includes(label))), [true, true], `${what}: labels are ${found.labels}`);
  }
  return found;
}

const escaped = encodeURIComponent;
const shown = (text) => text.replace(CONTROL, '');
// A name with control characters is none: the subject stands for it.
const names = (said, text) => shown(said).includes(shown(text)) || (shown(text) !== text && said.includes('alice-1'));
const PLACES = {
  'user name': async (page, site, given, provider) => {
    const text = given.replaceAll('\u0000', ''); // JSON with one is refused as a whole
    provider.user.name = text;
    await page.goto(`${site.origin}/auth/oauth/${site.names[0]}?return_to=/root`);
    const { text: said } = await assertHarmless(page, site, 'refused');
    assert.ok(names(said, text), `refused: the name ${JSON.stringify(text)} in ${JSON.stringify(said)}`);
    for (const address of ['login', 'signed-out']) {
      await page.goto(`${site.origin}/auth/oauth/${address}`);
      assert.ok(names((await assertHarmless(page, site, address)).text, text), address + ': the name ' + JSON.stringify(text));
    }
  },
  'error of a callback': async (page, site, text, provider) => {
    for (const error of [text, 'server_error', 'access_denied']) {
      await page.goto(`${site.origin}/auth/oauth/${site.names[0]}/callback?error=${escaped(error)}&error_description=${escaped(text)}&state=${'s'.repeat(43)}`);
      await assertHarmless(page, site, 'stray error');
      provider.authorize = { error, description: text };
      await page.goto(`${site.origin}/auth/oauth/${site.names[0]}?return_to=/x`);
      await assertHarmless(page, site, 'error of the provider');
      provider.authorize = {};
    }
  },
  'return_to': async (page, site, text) => {
    for (const address of [text, '/' + text]) {
      await page.goto(`${site.origin}/auth/oauth/login?return_to=${escaped(address)}`);
      await assertHarmless(page, site, 'return_to');
      await page.goto(`${site.origin}/auth/oauth/${site.names[0]}/callback?state=${'s'.repeat(43)}&code=x&return_to=${escaped(address)}`);
      await assertHarmless(page, site, 'return_to of a callback');
    }
  },
  path: async (page, site, text) => {
    await page.goto(`${site.origin}/x${escaped(shown(text)).replace(/%00/g, '')}?${escaped(text)}#${text}`);
    await assertHarmless(page, site, 'path');
    await page.goto(`${site.origin}/auth/oauth/x${escaped(shown(text)).replace(/%00/g, '')}?${escaped(text)}`);
    await assertHarmless(page, site, 'path of an endpoint');
  },
  'state and code': async (page, site, text) => {
    await page.goto(`${site.origin}/auth/oauth/${site.names[1]}/callback?state=${escaped(text)}&code=${escaped(text)}&iss=${escaped(text)}&session_state=${escaped(text)}`);
    await assertHarmless(page, site, 'state');
  },
};

pageTest(`no string breaks out of a page (seed ${SEED})`, async (h) => {
  const random = randomOf(SEED);
  const { made, provider } = await sites(h, random);
  const contexts = [await newContext(h, chromium), await newContext(h, chromium, { bypassCSP: true })];
  const ran = [];
  const strangers = [];
  const pages = [];
  for (const context of contexts) {
    await context.exposeFunction('pwned', (which) => ran.push(which));
    const page = await context.newPage();
    page.on('dialog', (dialog) => { ran.push(dialog.message()); return dialog.dismiss(); });
    page.on('request', (request) => {
      if (![...made, provider].some(({ origin }) => request.url().startsWith(origin + '/'))) {
        strangers.push(request.url());
      }
    });
    pages.push(page);
  }
  const wrong = [];
  const kinds = Object.entries(PLACES);
  for (let number = 0; number < CASES; number++) {
    const [place, attempt] = kinds[number % kinds.length];
    const site = made[number % made.length];
    const which = Math.floor(number / kinds.length) % 2;
    const text = 'U' + random.text(number % 3 === 0 ? [...VISIBLE, ...INVISIBLE] : VISIBLE) + 'Z';
    try {
      await contexts[which].clearCookies();
      await attempt(pages[which], site, text, provider);
    } catch (error) {
      wrong.push(`${number} ${place} ${JSON.stringify(text)}: ${error.message.slice(0, 500)}`);
    }
    provider.authorize = {};
  }
  assert.deepEqual(wrong, []);
  assert.deepEqual(ran, []);
  assert.deepEqual(strangers, []);
});
