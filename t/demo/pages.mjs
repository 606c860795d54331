// SPDX-License-Identifier: MIT
// The frame of the demo's pages. Each carries a Content-Security-Policy by which it asks nothing of any other site.
import crypto from 'node:crypto';
import { escapeHtml } from '../e2e/lib/replies.mjs';
import { STYLE } from './style.mjs';

export { escapeHtml };

const PATHS = {
  browser: '<rect x="3" y="4" width="18" height="16" rx="2"/><path d="M3 9h18M6.5 6.5h0M9.5 6.5h0"/>',
  gate: '<path d="M12 3l7.5 3v5.5c0 4.6-3.1 8-7.5 9.5-4.4-1.5-7.5-4.9-7.5-9.5V6z"/><path d="M8.5 12l2.5 2.5 4.5-5"/>',
  person: '<circle cx="12" cy="8" r="4"/><path d="M4.5 20.5c.8-4 3.8-6 7.5-6s6.7 2 7.5 6"/>',
  seal: '<path d="M6 3h8l5 5v7"/><path d="M14 3v5h5M6 3v18h6M9.5 12h5M9.5 16h2"/><circle cx="17" cy="18" r="3"/>',
  application: '<rect x="3" y="3" width="7.5" height="7.5" rx="1.5"/><rect x="13.5" y="3" width="7.5" height="7.5" rx="1.5"/><rect x="3" y="13.5" width="7.5" height="7.5" rx="1.5"/><path d="M14 17.500l2.2 2.2 4.3-4.7"/>',
  key: '<circle cx="8" cy="15.5" r="4.5"/><path d="M11.2 12.300L20 3.500M16 7.500l3 3"/>',
  building: '<path d="M4 21V4.500h9V21M13 9.500h7V21M2.5 21h19M7.5 8.500h2M7.5 12.500h2M7.5 16.500h2M16.5 13.500h0M16.5 17h0"/>',
  branch: '<circle cx="6.5" cy="5" r="2"/><circle cx="6.5" cy="19" r="2"/><circle cx="17.5" cy="9" r="2"/><path d="M6.5 7v10M17.5 11c0 3.5-6 3-10.5 6"/>',
  mail: '<rect x="3" y="5" width="18" height="14" rx="2"/><path d="M3.5 7l8.5 6.500L20.5 7"/>',
  door: '<path d="M6 21V3.500h12V21M3.5 21h17M14.5 12.500h0"/>',
  stop: '<circle cx="12" cy="12" r="9"/><path d="M5.7 5.700l12.6 12.6"/>',
};
export const icon = (name) => `<svg class="icon" viewBox="0 0 24 24" aria-hidden="true">${PATHS[name]}</svg>`;
export const initials = (name) => escapeHtml(name.split(/\s+/).map((word) => [...word][0]).join('').slice(0, 2).toUpperCase());

const ICON = 'data:image/svg+xml,' + encodeURIComponent('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24"><rect width="24" height="24" rx="6" fill="#3547c9"/><path d="M8 12.500l3 3 5.5-6.5" fill="none" stroke="#fff" stroke-width="2.5"/></svg>');
const hash = (text) => `'sha256-${crypto.createHash('sha256').update(text).digest('base64')}'`;

// `body` is the whole content of <body>; `tone` is a class of style.mjs; `script` runs at its end.
export function frame({ title, body, tone = '', script }) {
  const policy = `default-src 'none'; style-src ${hash(STYLE)}; img-src data:; ${script ? `script-src ${hash(script)}; connect-src 'self'; ` : ''}base-uri 'none'`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<link rel="icon" href="${ICON}">
<style>${STYLE}</style>
</head>
<body class="${tone}">
${body}
${script ? `<script>${script}</script>\n` : ''}</body>
</html>
`;
}
