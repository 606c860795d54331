// SPDX-License-Identifier: MIT
// A folder that stands for a machine's root, in which what docs/install.md shows is run: its paths are mapped into the folder, nginx and its module are the real ones, and programs
// that would change this machine only write down how they were called. An nginx runs there with the configuration that Debian's package has.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { appendFileSync, chmodSync, copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Nginx, environment, moduleFile, nginxBinary } from './nginx.mjs';

const MAPPED = /(?<![\w.-])\/(etc|run|usr\/src|var\/log|usr\/lib\/nginx)(?![\w.-])/g;
const FOLDERS = ['conf.d', 'modules-enabled', 'sites-available', 'sites-enabled'].map((name) => 'etc/nginx/' + name);
const RECORDED = ['apt', 'apt-get', 'docker', 'kubectl'];

export class RootFolder extends Nginx {
  constructor(options) {
    super(options);
    this.pidFile = path.join(this.prefix, 'run/nginx.pid');
    this.configurationFile = this.inside('/etc/nginx/nginx.conf');
    [...FOLDERS, 'run', 'modules', 'bin', 'project', 'usr/src', 'var/log/nginx'].forEach((name) => mkdirSync(this.inside(name), { recursive: true }));
    writeFileSync(this.inside('/etc/nginx/mime.types'), 'types { text/html html; }\n');
    const binary = execFileSync('sh', ['-c', 'command -v "$0"', nginxBinary()], { encoding: 'utf8' }).trim();
    this.program('nginx', `exec ${binary} ${this.arguments().join(' ')} "$@"`);
    RECORDED.forEach((name) => this.program(name, 'true'));
    this.program('systemctl', 'case "$*" in "reload nginx") exec nginx -s reload ;; esac');
  }

  inside(file) {
    return path.join(this.prefix, file);
  }

  map(text) {
    return text.replace(MAPPED, (all, name) => this.inside(name));
  }

  put(file, text) {
    mkdirSync(path.dirname(this.inside(file)), { recursive: true });
    writeFileSync(this.inside(file), this.map(text));
    return this;
  }

  read(file) {
    return readFileSync(this.inside(file), 'utf8');
  }

  // Like Debian's nginx.conf, which is copied where it is on this machine; no port but those of sites.
  write(http, main = '') {
    const debian = existsSync('/etc/nginx/nginx.conf') ? readFileSync('/etc/nginx/nginx.conf', 'utf8') : '';
    const base = /sites-enabled/.test(debian) ? debian : `pid /run/nginx.pid;
include /etc/nginx/modules-enabled/*.conf;
events {}
http {
include /etc/nginx/mime.types;
include /etc/nginx/conf.d/*.conf;
include /etc/nginx/sites-enabled/*;
}`;
    const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${this.prefix}/${name};`).join(' ');
    const text = this.map(base).replace(/^(error_log|user) .*$/gm, '').replace(/^\s*access_log .*$/m, `access_log ${this.accessLog};`)
      .replace(/^http \{$/m, () => `http {\n${temporary}\n${http}`);
    writeFileSync(this.configurationFile, `${main}\ndaemon off;\nerror_log ${this.errorLog} info;\n${text}`);
  }

  // In bin/, before all others. What a program is called with is in `calls`.
  program(name, text, folder = 'bin') {
    const file = this.inside(path.join(folder, name));
    writeFileSync(file, `#!/bin/sh\necho "$(basename "$0") $*" >>${this.inside('calls')}\n${text}\n`);
    chmodSync(file, 0o755);
  }

  calls() {
    return existsSync(this.inside('calls')) ? this.read('calls').trim().split('\n') : [];
  }

  // `./build.sh install` and what comes of it.
  withBuild(check = '') {
    this.program('build.sh', `${check}\ncase "$1" in install) cp ${moduleFile()} ${this.inside('modules')}/ngx_http_oauth_module.so ;; package) mkdir -p build/package && touch build/package/libnginx-mod-http-oauth_1_amd64.deb ;; esac`, 'project');
    return this;
  }

  loadModule() {
    copyFileSync(moduleFile(), this.inside('modules/ngx_http_oauth_module.so'));
    return this.put('/etc/nginx/modules-enabled/oauth.conf', 'load_module modules/ngx_http_oauth_module.so;\n');
  }

  // Runs a snippet of shell as it is documented, in the project's folder.
  shell(text, { input = '', env = {}, code = 0, syntaxOnly = false } = {}) {
    const words = syntaxOnly ? ['-n'] : ['-e', '-o', 'pipefail'];
    const result = spawnSync('bash', [...words, '-c', this.map(text)], { cwd: this.inside('project'), input, encoding: 'utf8', env: environment({ PATH: this.inside('bin') + ':' + process.env.PATH, ...env }) });
    const output = result.stdout + result.stderr;
    assert.equal(result.status === 0, code === 0, text + '\n' + output);
    return output;
  }

  append(file, text) {
    appendFileSync(this.inside(file), this.map(text));
  }
}
