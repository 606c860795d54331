// SPDX-License-Identifier: MIT
// The demo's identity provider: the certified oidc-provider with two accounts and a login page for people. demo.mjs starts it.
import { ACCOUNTS, OidcProvider } from '../e2e/lib/oidc-provider.mjs';
import { escapeHtml, page } from './pages.mjs';

export const CLIENT_ID = 'demo';

function loginPage({ action, message, accounts }) {
  const error = message ? `<p class="error" role="alert">${escapeHtml(message)}</p>` : '';
  const options = accounts.map((account) => `<option value="${escapeHtml(account)}"></option>`).join('');
  return page('Demo identity provider', `
<p>This page belongs to the demo's own OpenID provider, not to the site that you came from.</p>
${error}
<form method="post" action="${escapeHtml(action)}">
<label for="login">Account</label>
<input id="login" name="login" type="email" list="accounts" autocomplete="username" required autofocus>
<datalist id="accounts">${options}</datalist>
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="off">
<button type="submit">Sign in</button>
</form>
<p class="note">Any password is accepted: this is a demonstration. <strong>alice@example.org</strong> is let in by the site's policy, <strong>mallory@example.net</strong> is not.</p>`);
}

// `form` is the provider's own form with its protection against forgery; its id is op.logoutForm.
function signOutPage(ctx, form) {
  ctx.body = page('Sign out', `
<p>You have left the site. Sign out of the demo identity provider too?</p>
${form}
<button type="submit" form="op.logoutForm" name="logout" value="yes" autofocus>Yes, sign out</button>
<button type="submit" form="op.logoutForm">No, stay signed in here</button>`);
}

// `origins` are the addresses under which the site may be opened.
export function startProvider({ port, clientSecret, origins }) {
  const clients = [{
    client_id: CLIENT_ID,
    client_secret: clientSecret,
    redirect_uris: origins.map((origin) => origin + '/auth/oauth/demo/callback'),
    post_logout_redirect_uris: origins.flatMap((origin) => [origin, origin + '/', origin + '/auth/oauth/signed-out']),
    response_types: ['code'],
    grant_types: ['authorization_code', 'refresh_token'],
  }];
  return new OidcProvider({ accounts: ACCOUNTS, renderLogin: loginPage, renderSignOut: signOutPage }).start(port, clients);
}
