// SPDX-License-Identifier: MIT
// Makes the picture of the sign-in page in the README, from the real page: OAUTH_MODULE=build/ngx_http_oauth_module.so node t/demo/picture.mjs docs/images/sign-in.png
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { chromium } from 'playwright-core';
import { Nginx, freePort } from '../e2e/lib/nginx.mjs';

const provider = (name, block) => `oauth_provider ${name} { client_id my-application; client_secret my-secret; ${block} }`;

const port = await freePort();
const nginx = new Nginx();
nginx.write(`
  ${provider('example oidc', 'issuer https://id.example.org; label "Example Corporation";')}
  ${provider('github', '')}
  ${provider('google', '')}
  server { listen 127.0.0.1:${port}; oauth on; oauth_allow any; oauth_page_title app.example.org; }`);
let browser;
try {
  await nginx.start(port);
  browser = await chromium.launch({ executablePath: process.env.CHROMIUM || '/usr/bin/chromium', args: ['--headless', '--no-sandbox', '--disable-gpu'] });
  const page = await browser.newPage({ viewport: { width: 640, height: 400 }, colorScheme: 'light' });
  await page.goto(`http://127.0.0.1:${port}/`);
  mkdirSync(path.dirname(process.argv[2]), { recursive: true });
  await page.screenshot({ path: process.argv[2] });
} finally {
  await browser?.close();
  await nginx.stop();
  nginx.remove();
}
