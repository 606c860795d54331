// SPDX-License-Identifier: MIT
// The application's pages. What it knows of a person is what it verified.
import { readFileSync } from 'node:fs';
import { escapeHtml, frame, icon, initials } from './pages.mjs';

const LIVE = readFileSync(new URL('live.js', import.meta.url), 'utf8');
const NAVIGATION = [['/', 'Your account'], ['/admin/', 'Admin area'], ['/welcome', 'Public page']];
export const SIGN_OUT = '/auth/oauth/logout';

function site({ title, path, body, script, signedIn = true }) {
  const links = NAVIGATION.map(([href, text]) => `<li><a href="${href}"${href === path ? ' aria-current="page"' : ''}>${text}</a></li>`).join('');
  return frame({ title: title + ' · Demo application', script, body: `<a class="skip" href="#content">Skip to the content</a>
<header class="top"><div>
<a class="brand" href="/">${icon('application')}Demo application</a>
<nav aria-label="Demo application"><ul>${links}${signedIn ? `<li><a href="${SIGN_OUT}">Sign out</a></li>` : ''}</ul></nav>
</div></header>
<main class="page" id="content">
${body}
</main>` });
}

const hero = (face, title, text, kind = '') => `<div class="hero"><span class="face ${kind}" aria-hidden="true">${face}</span><div><h1>${escapeHtml(title)}</h1>
<p>${text}</p></div></div>`;

const time = (seconds) => {
  const date = new Date(seconds * 1000).toISOString();
  return `<time datetime="${date}">${date.slice(0, 16).replace('T', ' ')} UTC</time>`;
};

// The claims of a person, as rows of [what it is, HTML].
function factsOf(claims, provider) {
  const { name, user, email, email_verified: verified, groups, sub, auth_time: signedIn, exp: end } = claims;
  const chips = (groups ?? []).map((group) => `<span class="chip">${escapeHtml(group)}</span>`).join(' ');
  return [
    ['Name', escapeHtml(name ?? user)],
    ['E-mail address', email && `${escapeHtml(email)} ${verified ? '<span class="chip good">verified</span>' : '<span class="chip bad">not verified</span>'}`],
    ['Signed in at', escapeHtml(provider)],
    ['Groups', groups ? chips || 'none' : '<span class="quiet">this provider tells none</span>'],
    ['Stable key', `<code>${escapeHtml(sub)}</code>`],
    ['Signed in', signedIn && time(signedIn)],
    ['Session ends', '<span id="end">at the latest eight hours later</span>'],
    ['Identity valid until', time(end) + ' <span class="quiet">(nginx renews it)</span>'],
  ].filter(([, value]) => value);
}

const card = (name, title, content, { kind = '', more = '' } = {}) => `<section class="card ${kind}" id="${name}" aria-labelledby="${name}-title">
<div class="heading"><h2 id="${name}-title">${title}</h2>${more}</div>
${content}
</section>`;

const identityCard = (claims, { label }) => card('identity', 'What the application verified', `<dl class="facts">
${factsOf(claims, label).map(([term, value]) => `<div><dt>${term}</dt><dd>${value}</dd></div>`).join('\n')}
</dl>`,
{ kind: 'filled', more: '<a href="/json">The same as JSON</a>' });

const liveCard = () => card('live', 'A WebSocket through nginx', `<p class="state" id="state" role="status">Connecting</p>
<p class="tick" id="tick"></p>
<noscript><p>Without scripts there is no WebSocket here. All the rest works.</p></noscript>
<p class="quiet">It lives as long as your session. Sign out in another tab and watch: within five seconds nginx closes it.</p>
<div class="actions"><a class="button plain" href="${SIGN_OUT}" target="_blank" rel="noopener" id="leave">Sign out in a new tab</a> <a class="button" id="again" href="/" hidden>Sign in again</a></div>`);

const nextCard = ({ name }) => card('next', 'Try next', `<ul class="next">
<li><a href="/admin/">Open the admin area</a><span>For the group admins; others get 403 from nginx.</span></li>
<li><a href="/auth/oauth/${escapeHtml(name)}?account=other&amp;return_to=/">Use another account</a><span>The provider remembers you, but is asked to let you choose.</span></li>
<li><a href="/welcome">Read the public page</a><span>There the application is told nobody’s name.</span></li>
</ul>`);

function chainCard({ label }) {
  const steps = [
    ['browser', 'Your browser', 'asked for this page. It brought no session yet.'],
    ['gate', 'nginx with the module', 'stopped the request and asked you to sign in.'],
    ['person', escapeHtml(label), 'found out who you are and told nginx, which checked it and then its rules.'],
    ['seal', 'A signed header', '<code>X-OAuth-Identity</code> goes with each request now. nginx signs it; nobody else can.'],
    ['application', 'This application', 'verified the signature with <a href="/auth/oauth/jwks.json">jwks.json</a>. It has no sign-in code.'],
  ];
  return card('way', 'How you came here', `<ol class="chain">
${steps.map(([symbol, title, text]) => `<li><span class="node">${icon(symbol)}</span><div><h3>${title}</h3><p>${text}</p></div></li>`).join('\n')}
</ol>`, { kind: 'wide' });
}

export function homePage(claims, provider) {
  const name = claims.name ?? claims.user;
  return site({ title: 'Hello, ' + name, path: '/', script: LIVE, body: `${hero(initials(name), 'Hello, ' + name, 'nginx told this application who you are, and the application verified it by nginx’s public keys.')}
<div class="cards">
${identityCard(claims, provider)}
<div class="stack">
${liveCard()}
${nextCard(provider)}
</div>
${chainCard(provider)}
</div>` });
}

export function adminPage(claims, rule) {
  const name = claims.name ?? claims.user;
  return site({ title: 'Admin area', path: '/admin/', body: `${hero(icon('gate'), 'Admin area', `${escapeHtml(name)}, you are in: one of your groups is <strong>admins</strong>.`, 'good')}
<div class="cards free">
${card('rule', 'Why you see this', `<p>This part of the site has a rule of its own in nginx. The application did not decide anything.</p>
<pre class="rule"><code>${escapeHtml(rule)}</code></pre>
<p class="quiet">Somebody of the group staff alone gets 403 here, with a page of the module. The application never sees that request.</p>`)}
${card('try', 'Try the other side', `<p class="quiet">Choose Bob at Example Corporation. He may use the application, but not this page.</p>
<div class="actions"><a class="button" href="/auth/oauth/example?account=other&amp;return_to=/admin/">Use another account</a></div>`)}
</div>` });
}

// `accounts`: rows of {company, name, email, note}. `told`: whether the request brought an identity.
export function publicPage(accounts, told) {
  const row = ({ name, email, note }) => `<li><span>${escapeHtml(name)} <span class="quiet">${escapeHtml(email)}</span></span>
<span class="chip ${note === 'refused' ? 'bad' : 'good'}">${escapeHtml(note)}</span></li>`;
  const companies = [...new Set(accounts.map(({ company }) => company))];
  const list = (company) => `<h3>${escapeHtml(company)}</h3>
<ul class="people">${accounts.filter((account) => account.company === company).map(row).join('\n')}</ul>`;
  const text = told ? 'An identity came with this request, though this page asks for none.'
    : 'Everybody may read this page. The application is told nobody’s name here, whether you are signed in or not.';
  return site({ title: 'Public page', path: '/welcome', signedIn: false, body: `${hero(icon('door'), 'Public page', text)}
<div class="cards free">
${card('people', 'Who can sign in', companies.map(list).join('\n'))}
${card('open', 'The rest needs a sign-in', `<p>One line of nginx’s configuration opens this page:</p>
<pre class="rule"><code>location = /welcome { oauth off; … }</code></pre>
<p class="quiet">Everything else asks who you are, and lets in addresses of example.org.</p>
<div class="actions"><a class="button" href="/">Open the application</a></div>`)}
</div>` });
}

export function notFoundPage() {
  return site({ title: 'Not found', body: hero(icon('stop'), 'Not found', 'You are signed in, but the application has no such page. <a href="/">Back to your account</a>', 'bad') });
}

export function notVerifiedPage(reason) {
  return site({ title: 'Not verified', signedIn: false, body: hero(icon('stop'), 'Not verified', `${escapeHtml(reason)} The application trusts only what nginx has signed.`, 'bad') });
}
