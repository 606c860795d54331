// SPDX-License-Identifier: MIT
// In the browser, on the application's page: times in the reader's own zone, the end of the session, and the WebSocket.
'use strict';
(() => {
  const clock = (time) => time.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit', second: '2-digit' });
  const moment = (time) => time.toLocaleString([], { dateStyle: 'medium', timeStyle: 'short' });
  for (const element of document.querySelectorAll('time')) {
    element.textContent = moment(new Date(element.dateTime));
  }

  const section = document.getElementById('live');
  const state = document.getElementById('state');
  const tick = document.getElementById('tick');
  const show = (name, text, detail) => {
    section.dataset.state = name;
    state.textContent = text;
    tick.textContent = detail;
    document.getElementById('again').hidden = name !== 'closed';
    document.getElementById('leave').hidden = name === 'closed';
  };
  const session = () => fetch('/auth/oauth/userinfo', { cache: 'no-store', headers: { Accept: 'application/json' } });

  async function showEnd() {
    const answer = await session().catch(() => undefined);
    if (answer && answer.ok) {
      const { expires_at: end } = await answer.json();
      document.getElementById('end').textContent = moment(new Date(end * 1000));
    }
  }

  // nginx closes the connection when the session ends; whoever is still signed in has lost it by something else.
  async function explain(since) {
    const now = clock(new Date());
    const answer = await session().catch(() => undefined);
    const lived = since ? `It was open from ${clock(since)} to ${now}.` : '';
    if (!answer) {
      show('closed', 'nginx does not answer any more', lived);
    } else if (answer.status === 401) {
      show('closed', 'nginx closed this connection: your session has ended', lived);
    } else {
      show('closed', 'The connection was lost', lived);
    }
  }

  function connect() {
    let since;
    const socket = new WebSocket(location.origin.replace(/^http/, 'ws') + '/live');
    socket.onopen = () => {
      since = new Date();
      show('open', 'Connected since ' + clock(since), 'Waiting for the first message');
    };
    socket.onmessage = ({ data }) => {
      const { number, name, time } = JSON.parse(data);
      tick.textContent = `Message ${number} for ${name}: ${clock(new Date(time))}`;
    };
    socket.onclose = () => explain(since);
    addEventListener('pagehide', () => { socket.onclose = null; socket.close(); });
  }

  addEventListener('pageshow', (event) => { if (event.persisted) { location.reload(); } });
  showEnd();
  connect();
})();
