// SPDX-License-Identifier: MIT
// The login pages of the demo's providers, for people. A stand-in says that it is none of the company whose name it bears, and has none of its artwork.
import { escapeHtml, frame, icon, initials } from './pages.mjs';

function notice({ company, standIn }) {
  return standIn
    ? `<p class="notice"><strong>This is not ${escapeHtml(company)}.</strong> It is a stand-in on this machine that speaks as ${escapeHtml(company)} does. Nothing is sent anywhere else.</p>`
    : '<p class="notice">This is the demo’s own identity provider, on this machine. It belongs to no real company.</p>';
}

const choice = ({ login, name, email, note }) => `<button type="submit" form="choose" name="login" value="${escapeHtml(login)}">
<span class="face" aria-hidden="true">${initials(name)}</span><strong>${escapeHtml(name)}</strong>
<span class="quiet">${escapeHtml(email)}</span><span class="chip ${note === 'refused' ? 'bad' : 'good'}">${note}</span></button>`;

const typed = (action) => `<p class="or">or type it</p>
<form method="post" action="${escapeHtml(action)}">
<label for="login">Account</label>
<input id="login" name="login" type="email" autocomplete="username" placeholder="alice@example.org" required>
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="off" aria-describedby="any">
<p class="hint" id="any">Any password will do.</p>
<button type="submit">Sign in</button>
</form>`;

const login = ({ company, standIn, tone, symbol }, content) => frame({ title: `Sign in: ${company}${standIn ? ' (stand-in)' : ''}`, tone: 'login ' + tone, body: `<main><div class="card">
<span class="mark">${icon(symbol)}</span>
<h1>${escapeHtml(company)}${standIn ? ' <span class="quiet">(stand-in)</span>' : ''}</h1>
${content}
</div></main>` });

// `look` is {company, standIn, tone, symbol, typing}; `current` is the name of who is signed in here already.
export function loginPage(look, { action, message, choices, current }) {
  const lead = current ? `<strong>${escapeHtml(current)}</strong> is signed in here. Go on with that or choose another.` : 'Who wants to sign in to the demo?';
  return login(look, `<p class="quiet">${lead}</p>
${notice(look)}
${message ? `<p class="error" role="alert">${escapeHtml(message)}</p>` : ''}
<div class="choices">${choices.map(choice).join('\n')}</div>
${look.typing ? typed(action) : ''}
<form id="choose" method="post" action="${escapeHtml(action)}"></form>`);
}

// `form` is the certified provider's own form with its protection against forgery; its id is op.logoutForm.
export function signOutPage(look, form) {
  return login(look, `<p class="quiet">You are signed out of the demo application. Sign out of ${escapeHtml(look.company)} too?</p>
${form}
<div class="actions"><button type="submit" form="op.logoutForm" name="logout" value="yes" autofocus>Yes, sign out</button>
<button class="plain" type="submit" form="op.logoutForm">No, stay signed in here</button></div>
<p class="notice">With “no”, ${escapeHtml(look.company)} remembers you, and the next sign-in asks nothing.</p>`);
}
