// SPDX-License-Identifier: MIT
// The people of a soak. Each signs in, asks for pages in bursts, with a pause that makes a refresh due, and then signs out or walks away, and sometimes a copy of the cookie is tried
// afterwards. All go on until a number of requests has been sent; then everybody finishes what they do.
import http from 'node:http';
import { Browser, signIn } from '../e2e/lib/browser.mjs';
import { pause } from '../e2e/lib/streams.mjs';

const PEOPLE = 60;
const BURST = 20; // requests
const BURSTS = 3;
const WAIT = 2100; // milliseconds: longer than oauth_refresh
const KEEP = 1000; // of what the provider remembers of requests

export class Crowd {
  constructor(site) {
    Object.assign(this, { site, requests: 0, signIns: 0, signOuts: 0, refreshes: 0, wrong: [] });
  }

  // Resolves when `count` requests have been sent in all, and everybody has finished.
  async send(count) {
    const agent = new http.Agent({ keepAlive: true, maxSockets: PEOPLE });
    const people = Array.from({ length: PEOPLE }, async (_, index) => {
      await pause(index * 20);
      while (this.requests < count && this.wrong.length < 100) {
        await this.visit(agent, count);
        this.tidy();
      }
    });
    await Promise.all(people);
    agent.destroy();
  }

  async ask(browser, path = '/') {
    this.requests++;
    return browser.fetch(this.site.origin + path, { headers: { Accept: 'application/json' } });
  }

  async visit(agent, count) {
    const browser = new Browser({ agent });
    const page = await signIn(browser, this.site.origin + '/');
    this.requests += 3;
    this.signIns++;
    if (page.status !== 200) {
      this.wrong.push(`a sign-in got ${page.status}: ${page.text.slice(0, 200)}`);
      return;
    }
    const end = Date.now() + (this.site.lifetime - 5) * 1000; // a slow machine's sessions run out
    for (let burst = 0; burst < BURSTS && Date.now() < end; burst++) {
      burst && await pause(WAIT);
      for (let i = 0; i < BURST && this.requests < count && Date.now() < end; i++) {
        const answer = await this.ask(browser);
        if (answer.status !== 200 || !answer.text) {
          this.wrong.push(`a known session got ${answer.status}: ${answer.text.slice(0, 200)}`);
          return;
        }
      }
    }
    if (this.signIns % 2) {
      await this.leave(browser, agent);
    }
  }

  async leave(browser, agent) {
    const copy = new Browser({ agent, jar: browser.jar.clone() });
    const answer = await browser.navigate(this.site.origin + '/auth/oauth/logout', { initiator: this.site.origin, follow: false });
    this.requests++;
    this.signOuts++;
    if (answer.status !== 302) {
      this.wrong.push(`a sign-out got ${answer.status}: ${answer.text.slice(0, 200)}`);
    } else if ((await this.ask(copy)).status !== 401) {
      this.wrong.push('a copy of a cookie was good after its sign-out');
    }
  }

  // The provider remembers all requests; a soak has too many.
  tidy() {
    const { requests, grants, tokens, secrets } = this.site.provider;
    for (const [name, list] of Object.entries(requests)) {
      if (list.length > KEEP) {
        this.refreshes += name === 'refresh' ? list.length : 0;
        list.length = 0;
      }
    }
    for (const map of [grants, tokens, secrets]) {
      for (const key of map.size > 20 * KEEP ? [...map.keys()].slice(0, map.size / 2) : []) {
        map.delete(key);
      }
    }
  }
}
