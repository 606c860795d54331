// SPDX-License-Identifier: MIT
// A site whose store of sessions answers when the test has it answer (t/late_store), with what the test wants to come with each session: `site.store`.
import { once } from 'node:events';
import http from 'node:http';
import { assertSignedIn } from './harness.mjs';
import { lateModuleFile } from './nginx.mjs';

// What the module asks before each operation. Answers at once unless it is held.
class LateServer {
  asked = [];
  waiting = [];
  held = false;
  status = 200;
  note = '';

  async start() {
    this.server = http.createServer((request, response) => {
      this.asked.push(request.url.slice(1));
      this.waiting.push(response);
      response.on('close', () => { this.waiting = this.waiting.filter((other) => other !== response); });
      this.held || this.release();
    });
    this.server.listen(0, '127.0.0.1');
    await once(this.server, 'listening');
    this.url = 'http://127.0.0.1:' + this.server.address().port;
    return this;
  }

  release() {
    this.held = false;
    for (const response of this.waiting.splice(0)) {
      response.writeHead(this.status).end(this.note);
    }
  }

  hold() {
    this.held = true;
    this.asked.length = 0;
  }

  count(operation) {
    return this.asked.filter((each) => each === operation).length;
  }

  stop() {
    this.server.closeAllConnections();
    this.server.close();
  }
}

export async function lateSite(h, options = {}) {
  const store = await new LateServer().start();
  h.closers.push(() => store.stop());
  const site = await h.site({ object: lateModuleFile(), main: 'env OAUTH_LATE_STORE;', env: { OAUTH_LATE_STORE: store.url }, ...options });
  site.store = store;
  await assertSignedIn(site);
  site.upstream.requests.length = 0;
  store.asked.length = 0;
  return site;
}

export const cookieOf = (site) => site.browser.jar.header(new URL(site.origin));
