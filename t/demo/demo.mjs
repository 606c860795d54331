// SPDX-License-Identifier: MIT
// ./build.sh demo ends here. DEMO_PORT chooses the port; DEMO_ONCE=1 signs in once by itself, prints what the application received, and exits;
// DEMO_ALLOW=you@example.com lets an account of a real provider in.
import { Browser, signIn } from '../e2e/lib/browser.mjs';
import { canConnect } from '../e2e/lib/ports.mjs';
import { guide } from './guide.mjs';
import { startDemo } from './site.mjs';

const port = Number(process.env.DEMO_PORT || 8080);
const once = Boolean(process.env.DEMO_ONCE) && process.env.DEMO_ONCE !== '0';

function fail(message) {
  console.error(message);
  process.exitCode = 1;
}

function expect(condition, message) {
  if (!condition) {
    throw new Error(message);
  }
}

// The real flow, with a small user agent instead of a browser.
async function demonstrate(origin) {
  const alice = new Browser();
  const page = await signIn(alice, origin + '/json', { provider: 'example', login: 'alice@example.org' });
  expect(page.status === 200, `alice@example.org was to be let in, but the answer is ${page.status}:\n${page.text.slice(0, 500)}`);
  const identity = page.json();
  expect(identity.verified && identity.claims.email === 'alice@example.org', 'the application did not verify the identity:\n' + page.text);
  const mallory = await signIn(new Browser(), origin + '/', { provider: 'example', login: 'mallory@example.net' });
  expect(mallory.status === 403, 'mallory@example.net was to be refused with 403, but the answer is ' + mallory.status);
  console.log('The application received and verified:');
  console.log(JSON.stringify(identity, null, 2));
  console.log('mallory@example.net was refused with 403.');
}

function explain(demo) {
  console.log(guide(demo));
  if (Object.keys(process.env).some((name) => /^OAUTH_.*_CLIENT_ID$/.test(name))) {
    console.log(process.env.DEMO_ALLOW ? `\nOf the real providers, ${process.env.DEMO_ALLOW} is let in.` : '\nReal providers join in; DEMO_ALLOW=you@example.com lets an account of theirs in.');
  }
}

async function main() {
  if (!Number.isInteger(port) || port < 1 || port > 65535) {
    return fail(`DEMO_PORT must be a port number from 1 to 65535, not "${process.env.DEMO_PORT}".`);
  }
  if (await canConnect(port)) {
    return fail(`Port ${port} on 127.0.0.1 is taken. Choose another: DEMO_PORT=8081 ./build.sh demo`);
  }
  let stopped = () => {};
  const interrupted = new Promise((resolve) => { stopped = resolve; });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => stopped());
  }
  let demo;
  try {
    demo = await startDemo({ port, allow: process.env.DEMO_ALLOW });
  } catch (error) {
    return fail('The demo could not start: ' + error.message);
  }
  try {
    if (once) {
      await demonstrate(demo.origin);
    } else {
      explain(demo);
      const reason = await Promise.race([interrupted.then(() => ''), demo.nginx.exited.then(() => 'nginx has ended by itself')]);
      if (reason) {
        throw new Error(reason);
      }
    }
  } catch (error) {
    fail(error.message + '\n\nThe end of the nginx error log:\n' + demo.nginx.log().split('\n').slice(-20).join('\n'));
  } finally {
    await demo.stop();
  }
  return undefined;
}

await main();
process.exit();
