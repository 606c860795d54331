// SPDX-License-Identifier: MIT
// The look of all the demo's pages, light and dark. Each provider has a colour of its own: the classes tone-... of its <body>.
const LIGHT = `--ground: #f4f5fa; --paper: #fff; --ink: #171b2c; --quiet: #545d78; --line: #d9deea; --field: #7f88a3; --tone: #3547c9; --on-tone: #fff; --wash: #eceefc;
  --good: #0a6b43; --good-wash: #e0f4ea; --bad: #a81f2d; --bad-wash: #fce9eb;`;
const DARK = `--ground: #0d101c; --paper: #161a2b; --ink: #e8ebf6; --quiet: #a6afc9; --line: #2b3150; --field: #717aa0; --tone: #a3b0ff; --on-tone: #0d101c; --wash: #20264a;
  --good: #6fdcaa; --good-wash: #11352a; --bad: #ff9fa8; --bad-wash: #3f1b24;`;

const BASICS = `
*, ::before, ::after { box-sizing: border-box; }
body { margin: 0; min-height: 100vh; background: var(--ground); color: var(--ink); font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif; }
h1, h2, h3, p, dl, dd, ol, ul { margin: 0; padding: 0; }
h1 { font-size: clamp(1.6rem, 1.2rem + 1.8vw, 2.4rem); line-height: 1.15; letter-spacing: -.02em; overflow-wrap: anywhere; }
h2 { font-size: 1.05rem; line-height: 1.3; }
a { color: var(--tone); text-underline-offset: .2em; }
code { font: .92em/1.4 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; overflow-wrap: anywhere; }
[hidden] { display: none !important; }
svg { display: block; flex: none; }
.icon { width: 1.25rem; height: 1.25rem; fill: none; stroke: currentColor; stroke-width: 1.75; stroke-linecap: round; stroke-linejoin: round; }
:focus-visible { outline: 3px solid var(--tone); outline-offset: 2px; border-radius: .3rem; }
.skip { position: absolute; left: -100vw; }
.skip:focus { left: 1rem; top: 1rem; z-index: 1; padding: .5rem 1rem; background: var(--paper); }
.quiet { color: var(--quiet); }
.small { font-size: .9rem; }
.button, button { display: inline-flex; align-items: center; justify-content: center; gap: .5rem; min-height: 2.75rem; padding: .5rem 1.1rem; border: 1px solid var(--tone); border-radius: .6rem;
  background: var(--tone); color: var(--on-tone); font: inherit; font-weight: 600; text-decoration: none; cursor: pointer; }
.button:hover, button:hover { filter: brightness(1.1); }
.plain, .plain:hover { background: none; color: var(--tone); filter: none; }
.plain:hover { background: var(--wash); }
.chip { display: inline-block; padding: .05rem .6rem; border-radius: 1rem; background: var(--wash); color: var(--ink); font-size: .85rem; line-height: 1.6; white-space: nowrap; }
.chip.good { background: var(--good-wash); color: var(--good); }
.chip.bad { background: var(--bad-wash); color: var(--bad); }
.card { padding: 1.4rem; border: 1px solid var(--line); border-radius: 1rem; background: var(--paper); }`;

const APPLICATION = `
.top { background: var(--paper); border-bottom: 1px solid var(--line); }
.top > div, .page { width: min(76rem, 100%); margin: 0 auto; padding: 0 clamp(1rem, 4vw, 2.5rem); }
.top > div { display: flex; flex-wrap: wrap; align-items: center; justify-content: space-between; gap: .35rem 1.5rem; padding-top: .6rem; padding-bottom: .6rem; }
.brand { display: inline-flex; align-items: center; gap: .6rem; color: var(--ink); font-weight: 700; text-decoration: none; }
.brand svg { width: 1.8rem; height: 1.8rem; color: var(--tone); }
.top ul { display: flex; flex-wrap: wrap; gap: .1rem; margin-left: -.7rem; list-style: none; }
.top li a { display: block; padding: .5rem .7rem; border-radius: .5rem; color: var(--quiet); text-decoration: none; }
.top li a:hover { background: var(--wash); color: var(--ink); }
.top li a[aria-current] { color: var(--ink); font-weight: 600; box-shadow: inset 0 -2px var(--tone); border-radius: .5rem .5rem 0 0; }
.page { padding-top: clamp(1.5rem, 4vw, 3rem); padding-bottom: 3rem; }
.hero { display: flex; align-items: center; gap: 1.1rem; margin-bottom: 1.8rem; }
.hero > div { min-width: 0; }
.hero p { max-width: 56rem; margin-top: .4rem; color: var(--quiet); }
.face { display: grid; place-items: center; flex: none; width: 4rem; height: 4rem; border-radius: 50%; background: var(--tone); color: var(--on-tone); font-size: 1.4rem; font-weight: 700; }
.face .icon { width: 1.9rem; height: 1.9rem; }
.face.good { background: var(--good-wash); color: var(--good); }
.face.bad { background: var(--bad-wash); color: var(--bad); }
.cards { display: grid; gap: 1.2rem; }
.cards > * { min-width: 0; }
.cards.free { align-items: start; }
.heading { display: flex; flex-wrap: wrap; align-items: center; justify-content: space-between; gap: .3rem .8rem; margin-bottom: 1rem; }
.facts { display: grid; grid-template-columns: 1fr; }
.facts > div { padding: .55rem 0; border-top: 1px solid var(--line); }
.facts > div:first-child { border-top: 0; padding-top: 0; }
.facts > div:last-child { padding-bottom: 0; }
.facts dt { color: var(--quiet); font-size: .9rem; }
.facts dd { overflow-wrap: anywhere; }
.actions { display: flex; flex-wrap: wrap; gap: .7rem; margin-top: 1.2rem; }
.stack { display: grid; gap: 1.2rem; }
.state { display: flex; align-items: center; gap: .7rem; font-size: 1.15rem; font-weight: 600; line-height: 1.35; }
.state::before { content: ""; flex: none; width: .8rem; height: .8rem; border-radius: 50%; background: var(--field); }
[data-state=open] .state::before { background: var(--good); box-shadow: 0 0 0 .3rem var(--good-wash); }
[data-state=closed] .state::before { background: var(--bad); box-shadow: 0 0 0 .3rem var(--bad-wash); }
.tick { min-height: 1.55em; margin: .3rem 0 1rem 1.5rem; color: var(--quiet); font-variant-numeric: tabular-nums; }
.next { list-style: none; }
.next li { padding: .6rem 0; border-top: 1px solid var(--line); }
.next li:first-child { padding-top: 0; border-top: 0; }
.next li:last-child { padding-bottom: 0; }
.next span { display: block; color: var(--quiet); font-size: .92rem; line-height: 1.45; }
.chain { display: grid; gap: 0; list-style: none; counter-reset: step; }
.chain li { position: relative; display: grid; grid-template-columns: 3rem 1fr; gap: 0 1rem; padding-bottom: 1.4rem; counter-increment: step; }
.chain li:last-child { padding-bottom: 0; }
.chain li:not(:last-child)::before { content: ""; position: absolute; left: 1.5rem; top: 3.3rem; bottom: .3rem; border-left: 2px dashed var(--field); }
.node { display: grid; place-items: center; width: 3rem; height: 3rem; border-radius: .9rem; background: var(--wash); color: var(--tone); }
.node .icon { width: 1.5rem; height: 1.5rem; }
.chain h3 { font-size: 1rem; }
.chain h3::before { content: counter(step) ". "; color: var(--quiet); }
.chain p { color: var(--quiet); font-size: .92rem; line-height: 1.5; }
.rule { margin: .8rem 0; padding: .8rem 1rem; border-radius: .6rem; background: var(--wash); white-space: pre-wrap; }
.rule code { white-space: pre-wrap; }
.people { list-style: none; }
.people li { display: flex; flex-wrap: wrap; align-items: center; justify-content: space-between; gap: .2rem .8rem; padding: .5rem 0; border-top: 1px solid var(--line); }
.people li > span:first-child { min-width: 0; overflow-wrap: anywhere; }
.people .quiet { display: block; font-size: .9rem; line-height: 1.4; }
.card h3 { font-size: .95rem; }
.card .people + h3 { margin-top: 1.1rem; }
.card h3 + .people { margin-top: .4rem; }
@media (max-width: 30rem) { .hero { align-items: flex-start; gap: .9rem; } .face { width: 3rem; height: 3rem; font-size: 1.1rem; } }
@media (min-width: 40rem) { .facts > div { display: grid; grid-template-columns: 9rem 1fr; gap: 1rem; align-content: center; } .stack { grid-template-columns: 1fr 1fr; } }
@media (min-width: 64rem) {
  .cards { grid-template-columns: 1.35fr 1fr; }
  .stack { grid-template-columns: 1fr; grid-template-rows: auto 1fr; }
  .filled { display: flex; flex-direction: column; }
  .filled .facts { flex: 1; grid-auto-rows: 1fr; }
  .wide { grid-column: 1 / -1; }
}
@media (min-width: 50rem) {
  .chain { grid-template-columns: repeat(5, 1fr); gap: 1.4rem; }
  .chain li { display: block; padding: 0; }
  .chain li:not(:last-child)::before { left: 3.6rem; right: -1rem; top: 1.5rem; bottom: auto; border-left: 0; border-top: 2px dashed var(--field); }
  .chain li:not(:last-child)::after { content: ""; position: absolute; right: -1.05rem; top: 1.22rem; width: .55rem; height: .55rem; border: solid var(--field); border-width: 2px 2px 0 0; transform: rotate(45deg); }
  .chain h3 { margin: .8rem 0 .2rem; }
}`;

const LOGIN = `
.login { display: grid; place-content: center; padding: 1.5rem 1rem; }
.login main { width: min(27rem, calc(100vw - 2rem)); }
.login .card { padding: clamp(1.3rem, 5vw, 2rem); border-top: .3rem solid var(--tone); }
.mark { display: grid; place-items: center; width: 3.2rem; height: 3.2rem; margin-bottom: 1rem; border-radius: 1rem; background: var(--tone); color: var(--on-tone); }
.mark .icon { width: 1.7rem; height: 1.7rem; }
.login h1 { font-size: 1.5rem; }
.login h1 + p { margin-top: .4rem; }
.notice { margin-top: 1rem; padding: .7rem .9rem; border-radius: .6rem; background: var(--wash); font-size: .92rem; }
.error { margin-top: 1rem; padding: .7rem .9rem; border-left: .3rem solid var(--bad); background: var(--bad-wash); color: var(--bad); }
.choices { display: grid; gap: .6rem; margin-top: 1.2rem; }
.choices button { display: grid; grid-template-columns: 2.4rem 1fr auto; gap: 0 .8rem; justify-items: start; width: 100%; padding: .6rem .8rem; border-color: var(--line); background: none; color: var(--ink); font-weight: 400; text-align: left; }
.choices button:hover { border-color: var(--tone); background: var(--wash); filter: none; }
.choices .face { grid-row: span 2; width: 2.4rem; height: 2.4rem; font-size: .9rem; background: var(--wash); color: var(--tone); }
.choices button:hover .face { background: var(--paper); }
.choices strong { line-height: 1.3; }
.choices .quiet { grid-column: 2; font-size: .9rem; overflow-wrap: anywhere; }
.choices .chip { grid-column: 3; grid-row: 1 / span 2; }
.or { display: flex; align-items: center; gap: .8rem; margin: 1.3rem 0 .2rem; color: var(--quiet); font-size: .9rem; }
.or::before, .or::after { content: ""; flex: 1; border-top: 1px solid var(--line); }
label { display: block; margin: .8rem 0 .25rem; font-weight: 600; font-size: .95rem; }
input { width: 100%; min-height: 2.75rem; padding: .5rem .75rem; border: 1px solid var(--field); border-radius: .6rem; background: var(--paper); color: inherit; font: inherit; }
::placeholder { color: var(--quiet); opacity: 1; }
.hint { margin-top: .3rem; color: var(--quiet); font-size: .9rem; }
.login form > button[type=submit] { width: 100%; margin-top: 1.2rem; }
.login .actions button { flex: 1 1 12rem; }
@media (max-width: 24rem) { .choices button { grid-template-columns: 2rem 1fr; gap: 0 .6rem; padding: .6rem; } .choices .face { width: 2rem; height: 2rem; }  .choices .chip { grid-column: 2; grid-row: auto; margin-top: .2rem; } .choices .face { grid-row: span 3; } }`;

const TONES = `
.tone-slate { --tone: #2f3a4d; --wash: #e9ecf2; } .tone-teal { --tone: #0b6a75; --wash: #e0f2f4; }
@media (prefers-color-scheme: dark) { .tone-slate { --tone: #c6d0e2; --wash: #262d40; } .tone-teal { --tone: #77d3de; --wash: #12343b; } }
@media (prefers-reduced-motion: no-preference) { .button, button, .top a { transition: background-color .15s, border-color .15s; } }`;

export const STYLE = `:root { color-scheme: light dark; ${LIGHT} }
@media (prefers-color-scheme: dark) { :root { ${DARK} } }
${BASICS}${APPLICATION}${LOGIN}${TONES}`;
