// SPDX-License-Identifier: MIT
// What ./build.sh makes of the sources: protections as in Debian's nginx, warnings that stop nobody's build, and a module without debug symbols in
// nginx's folder. ./build.sh package-test looks at the package in the same way.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { e2e } from './lib/harness.mjs';
import { moduleFile } from './lib/nginx.mjs';
import { publicFolder } from './lib/folders.mjs';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const own = moduleFile() === path.join(root, 'build/ngx_http_oauth_module.so') && !process.env.NGINX_SRC;
const readelf = (...words) => execFileSync('readelf', ['--wide', ...words], { encoding: 'utf8', maxBuffer: 1 << 26 });

test('the module is hardened as Debian hardens nginx', { skip: !own && 'another module' }, () => {
  assert.match(readelf('--dynamic', moduleFile()), /\bBIND_NOW\b|\bNOW\b/);
  assert.match(readelf('--segments', moduleFile()), /\bGNU_RELRO\b/);
  assert.match(readelf('--dyn-syms', moduleFile()), /__stack_chk_fail/);
});

test('each file is compiled with all protections, and its warnings are no errors outside the project', { skip: !own && 'another module' }, () => {
  const database = JSON.parse(readFileSync(path.join(root, 'build/compile_commands.json'), 'utf8'));
  const module = database.filter(({ file }) => !file.includes('/t/unit/'));
  assert.ok(module.length > 100, module.length + ' files');
  for (const { file, command } of module) {
    assert.match(command, / -D_FORTIFY_SOURCE=[23] /, file);
    assert.match(command, / -fstack-protector-strong /, file);
    assert.match(command, / -Werror .* -Wno-error /, file);
  }
});

e2e('./build.sh install leaves the debug symbols out, and one line says where the module is', async (h) => {
  if (!own) {
    return;
  }
  const folder = publicFolder(h, { 'bin/nginx': '#!/bin/sh\necho "configure arguments: --modules-path=$MODULES" >&2\n' });
  const modules = path.join(folder, 'modules');
  mkdirSync(modules);
  chmodSync(path.join(folder, 'bin/nginx'), 0o755);
  const output = execFileSync(path.join(root, 'build.sh'), ['install'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'],
    env: { ...process.env, MODULES: modules, PATH: path.join(folder, 'bin') + ':' + process.env.PATH } });
  const installed = path.join(modules, 'ngx_http_oauth_module.so');
  assert.deepEqual(output.trim().split('\n'), [moduleFile(), `installed: ${installed} (load_module modules/ngx_http_oauth_module.so;)`]);
  assert.doesNotMatch(readelf('--sections', installed), /\.debug_|\.symtab/);
  assert.match(readelf('--sections', moduleFile()), /\.debug_info/);
  assert.equal(statSync(installed).mode & 0o777, 0o644);
});
