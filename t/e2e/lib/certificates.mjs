// SPDX-License-Identifier: MIT
// A certificate authority and certificates made by the openssl command at run time, for tests over https.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const run = (folder, ...words) => execFileSync('openssl', words, { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] });

// Returns {caFile, ca, tls: {key, cert}, keyFile, certFile} for 127.0.0.1 and localhost, unless `names` says otherwise.
// With `days` 0 the server's certificate ends the second it begins: OpenSSL 3.5 makes none that ends before.
export function makeCertificates(folder, { names = 'IP:127.0.0.1,DNS:localhost', days = 2 } = {}) {
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  run(folder, 'req', '-x509', ...curve, '-keyout', 'ca.key', '-out', 'ca.pem', '-days', '2', '-subj', '/CN=test authority');
  run(folder, 'req', ...curve, '-keyout', 'server.key', '-out', 'server.csr', '-subj', '/CN=test server');
  writeFileSync(path.join(folder, 'server.ext'), `subjectAltName=${names}\n`);
  run(folder, 'x509', '-req', '-in', 'server.csr', '-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-out', 'server.pem', '-days', String(days),
    '-extfile', 'server.ext');
  const file = (name) => path.join(folder, name);
  const read = (name) => readFileSync(file(name), 'utf8');
  return { caFile: file('ca.pem'), ca: read('ca.pem'), keyFile: file('server.key'), certFile: file('server.pem'),
    tls: { key: read('server.key'), cert: read('server.pem') } };
}
