// SPDX-License-Identifier: MIT
// Which store the end-to-end tests run with: OAUTH_STORE is cookie (the default), shared or redis. run.mjs starts a Redis for the whole run. A test
// that names a store in its configuration is about that store, whatever the run is.
import { randomBytes } from 'node:crypto';

export const STORE = process.env.OAUTH_STORE || 'cookie';

// What is to stand in http {} of one nginx, for as long as the test has it: sessions of one test are none of another.
export function storeDirectives() {
  const key = randomBytes(32).toString('base64');
  return (http) => {
    if (STORE === 'cookie' || !/\boauth\s/.test(http) || /\boauth_session\s/.test(http)) {
      return '';
    }
    if (STORE === 'shared') {
      return 'oauth_session shared;';
    }
    return `oauth_session ${process.env.OAUTH_STORE_URL}; oauth_session_key "${key}";`;
  };
}
