// SPDX-License-Identifier: MIT
// What ./build.sh demo prints: where to go, who is who, and what to try.
import { EXAMPLE, GITHUB, GOOGLE, choicesOf } from './accounts.mjs';
import { LABELS } from './providers.mjs';

const MEANING = { 'let in, admin': 'is let in, also to the admin area', 'let in': 'is let in', refused: 'is refused: 403' };

function people() {
  const lines = Object.entries({ example: EXAMPLE, github: GITHUB, google: GOOGLE })
    .flatMap(([name, accounts]) => choicesOf(accounts).map(({ email, note }) => [email.padEnd(20), LABELS[name].padEnd(20), MEANING[note]]));
  return lines.map((line) => '  ' + line.join(' ')).join('\n');
}

const things = ({ origin, applicationUrl, nginx }) => [
  `Open ${origin}/, choose Example Corporation and Alice. The application greets her by name.`,
  'Open the admin area. Alice is let in, because of her group.',
  'Go back, and sign out in a new tab. In the first tab nginx closes the WebSocket within five seconds.',
  'Sign in as Bob. The application greets him; the admin area answers 403.',
  'Sign in as Mallory: 403, and a way to use another account.',
  'Sign in with GitHub (stand-in), sign out, and sign in with it again. GitHub has no sign-out and remembers Carol, but is told to ask.',
  `curl -i -H 'X-OAuth-Identity: forged' ${applicationUrl}/json\n     Past nginx, the application answers 401: nginx has not signed that.`,
  `Change a rule in ${nginx.configurationFile}\n     and run: kill -HUP ${nginx.child.pid}. The next request meets the new rule; nobody is signed out.`,
];

export function guide(demo) {
  const list = things(demo).map((text, at) => `  ${at + 1}. ${text}`).join('\n');
  return `
The demo runs at ${demo.origin}/

${people()}

Any password will do. The rule is "oauth_allow email=*@example.org;". GitHub and Google are stand-ins on this machine.

Try this:

${list}

Ctrl-C stops everything.`;
}
