// SPDX-License-Identifier: MIT
// The people of the demo. Addresses of example.org are let in by the site's rule, others are not; the group admins opens the admin area.
const person = (email, name, groups) => ({ email, email_verified: true, name, ...(groups ? { groups } : {}) });

// By their address, as the class OidcProvider takes them.
export const EXAMPLE = {
  'alice@example.org': person('alice@example.org', 'Alice Example', ['staff', 'admins']),
  'bob@example.org': person('bob@example.org', 'Bob Example', ['staff']),
  'mallory@example.net': person('mallory@example.net', 'Mallory Example', ['guests']),
};
export const GOOGLE = {
  'dave@example.org': person('dave@example.org', 'Dave Example'),
  'eve@example.net': person('eve@example.net', 'Eve Example'),
};

const developer = (id, login, name, email) => ({
  user: { login, id, node_id: 'U_' + id, avatar_url: null, html_url: null, type: 'User', site_admin: false, name, company: null, email: null },
  emails: [{ email, primary: true, verified: true, visibility: 'private' }],
  orgs: [],
  teams: [],
});

// By their login name, as the class GitHubMock takes one of them.
export const GITHUB = {
  'carol-example': developer(1000001, 'carol-example', 'Carol Example', 'carol@example.org'),
  'trudy-example': developer(1000002, 'trudy-example', 'Trudy Example', 'trudy@example.net'),
};

const noteOf = ({ email, groups = [] }) => {
  if (!email.endsWith('@example.org')) {
    return 'refused';
  }
  return groups.includes('admins') ? 'let in, admin' : 'let in';
};

// What a login page shows of each: [{login, name, email, note}].
export const choicesOf = (accounts) => Object.entries(accounts).map(([login, account]) => {
  const { name, email } = account.user ? { name: account.user.name, email: account.emails[0].email } : account;
  return { login, name, email, note: noteOf({ ...account, email }) };
});
