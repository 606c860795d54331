// SPDX-License-Identifier: MIT
// The accounts of a mock that has several users. A browser that has chosen one is remembered in a cookie of the provider's own, and its next request is answered
// at once, unless it has a prompt with which the real provider asks again: then, and for a browser that has chosen nobody, a form of accounts is shown.
import crypto from 'node:crypto';
import { escapeHtml } from '../replies.mjs';

export const CHOOSE = '/choose-an-account';

export class Accounts {
  // `users` by name: each in the form that the mock's `user` has. `prompts`: what makes this provider ask. `maxAge`: max_age=0 does, too.
  constructor({ users, prompts, maxAge = false }) {
    Object.assign(this, { users, prompts, maxAge, waiting: new Map(), forms: 0 });
    this.cookie = 'provider_user_' + crypto.randomBytes(4).toString('hex'); // ports do not separate cookies
  }

  remembered(entry) {
    const values = (entry.headers.cookie ?? '').split('; ').filter((pair) => pair.startsWith(this.cookie + '=')).map((pair) => pair.slice(this.cookie.length + 1));
    return values.find((name) => name in this.users);
  }

  isAsked(asked) {
    const prompts = asked.get('prompt')?.split(' ') ?? [];
    return prompts.some((prompt) => this.prompts.includes(prompt)) || (this.maxAge && asked.get('max_age') === '0');
  }

  // The name of the user, or undefined if this browser has to choose one.
  userOf(entry) {
    return entry.account ?? (this.isAsked(entry.parameters) ? undefined : this.remembered(entry));
  }

  // The form is this request's, and no other's.
  ask(entry, response) {
    const id = crypto.randomBytes(8).toString('hex');
    this.waiting.set(id, entry);
    this.forms++;
    const names = Object.keys(this.users).map((name) => `<button name="account" value="${escapeHtml(name)}">${escapeHtml(name)}</button>`).join('');
    response.writeHead(200, { 'Content-Type': 'text/html' }).end(`<form method="post" action="${CHOOSE}"><input type="hidden" name="id" value="${id}">${names}</form>`);
  }

  // The authorization request that goes on with the account that was chosen; undefined: there is none.
  chosen(entry, response) {
    const form = new URLSearchParams(entry.body);
    const waiting = this.waiting.get(form.get('id'));
    const account = form.get('account');
    if (!waiting || !(account in this.users)) {
      return undefined;
    }
    this.waiting.delete(form.get('id'));
    response.setHeader('Set-Cookie', `${this.cookie}=${account}; Path=/; HttpOnly`);
    return { ...waiting, account };
  }

  forget(response) {
    response.setHeader('Set-Cookie', `${this.cookie}=; Path=/; Max-Age=0; HttpOnly`);
  }
}

// A browser's answer to the form.
export const isAccountForm = (response) => response.status === 200 && response.text.includes(`action="${CHOOSE}"`);
