// SPDX-License-Identifier: MIT
// The look of the demo's pages: one style for the identity provider and the application.
export function escapeHtml(text) {
  return String(text).replace(/[&<>"']/g, (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' })[c]);
}

const STYLE = `
  :root { color-scheme: light dark; font-family: system-ui, sans-serif; line-height: 1.5; }
  body { max-width: 38rem; margin: 10vh auto; padding: 0 1.25rem; }
  label { display: block; margin: .75rem 0 .25rem; font-weight: 600; }
  input { font: inherit; width: 100%; padding: .5rem; box-sizing: border-box; }
  button, .button { font: inherit; display: inline-block; margin-top: 1rem; padding: .5rem 1rem; cursor: pointer; }
  dt { font-weight: 600; margin-top: .5rem; } dd { margin: 0; overflow-wrap: anywhere; }
  .error { border-left: .3rem solid #c00; padding-left: .75rem; }
  .note { opacity: .8; font-size: .9rem; }`;

export function page(title, body) {
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>${escapeHtml(title)}</title><style>${STYLE}</style></head>
<body><main><h1>${escapeHtml(title)}</h1>
${body}
</main></body>
</html>
`;
}
