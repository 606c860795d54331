// SPDX-License-Identifier: MIT
// HTTP/3: Chromium speaks it, with an nginx that can.
import { spawnSync } from 'node:child_process';
import { X509Certificate, createHash } from 'node:crypto';
import test from 'node:test';
import { chromium } from 'playwright-core';
import { nginxBinary } from './nginx.mjs';

// Can this nginx? One that cannot (Debian 12's) is named in the output, as a test that is skipped.
export function withQuic() {
  const about = spawnSync(nginxBinary(), ['-V'], { encoding: 'utf8' }).stderr;
  const can = about.includes('--with-http_v3_module');
  if (!can) {
    const version = about.split('\n')[0].replace('nginx version: ', '');
    test('HTTP/3', { skip: `${version} has no HTTP/3 (--with-http_v3_module)` }, () => {});
  }
  return can;
}

// Chromium that believes our certificate and uses QUIC for these origins at once; `ports` are mapped: {public: nginx's}.
export async function openQuicBrowser(h, { cert, names, origins, ports = {} }) {
  const key = new X509Certificate(cert).publicKey.export({ type: 'spki', format: 'der' });
  const rules = names.flatMap((name) => [...Object.entries(ports).map(([from, to]) => `MAP ${name}:${from} 127.0.0.1:${to}`), `MAP ${name} 127.0.0.1`]);
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM || '/usr/bin/chromium', args: ['--headless', '--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync', '--enable-quic', '--origin-to-force-quic-on=' + origins.join(','),
    '--ignore-certificate-errors-spki-list=' + createHash('sha256').update(key).digest('base64'), '--host-resolver-rules=' + rules.join(',')] });
  h.closers.push(() => browser.close());
  return browser;
}
