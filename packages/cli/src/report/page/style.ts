import { cssVariables, fontStack } from "../theme.ts";

/** The style sheet of the page. */
export const pageStyle = `
:root { color-scheme: light; ${cssVariables("light")} }
@media screen and (prefers-color-scheme: dark) { :root:not([data-theme="light"]) { color-scheme: dark; ${cssVariables("dark")} } }
@media screen { :root[data-theme="dark"] { color-scheme: dark; ${cssVariables("dark")} } }
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body { margin: 0; background: var(--page); color: var(--ink); font: 16px/1.55 ${fontStack}; font-variant-numeric: lining-nums; overflow-wrap: break-word; }
.sheet { max-width: 68rem; overflow-x: clip; margin: 0 auto; padding: 1.5rem clamp(1rem, 4vw, 2.5rem) 4rem; }
a { color: var(--accent); }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; border-radius: 3px; }

.bar { display: flex; align-items: baseline; gap: 1rem; font-size: 0.8125rem; color: var(--soft); }
.bar .maker { margin-right: auto; letter-spacing: 0.02em; }
button { font: inherit; color: inherit; background: none; border: 1px solid var(--line); border-radius: 999px; padding: 0.15rem 0.8rem; cursor: pointer; }
button:hover { color: var(--ink); border-color: var(--soft); }
h1 { margin: 1rem 0 0.25rem; font-size: clamp(1.5rem, 4.2vw, 2.125rem); line-height: 1.18; letter-spacing: -0.018em; font-weight: 650; text-wrap: balance; overflow-wrap: anywhere; }
.facts { margin: 0; color: var(--soft); }
.facts span { white-space: nowrap; }
.facts .words { white-space: normal; }
.facts span:not(:last-child)::after { content: " ·"; color: var(--quiet); margin-right: 0.15em; }
.lead { margin: 1.25rem 0 0; font-size: 1.1875rem; line-height: 1.5; max-width: 56rem; text-wrap: pretty; }
.lead strong { font-weight: 650; }
.warnings { margin: 1.25rem 0 0; padding: 0.75rem 1rem 0.75rem 1.1rem; border-left: 4px solid var(--second); background: var(--paper); border-radius: 0 8px 8px 0; }
.warnings h2 { margin: 0; font-size: 0.9375rem; color: var(--second); font-weight: 650; }
.warnings ul, .notices { margin: 0.25rem 0 0; padding-left: 1.1rem; }
.warnings li, .notices li { max-width: 46rem; }

.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(8.5rem, 1fr)); gap: 0.75rem; margin: 1.5rem 0 0; padding: 0; }
.tile { background: var(--paper); border: 1px solid var(--grid); border-radius: 10px; padding: 0.75rem 1rem; }
.tile dt { color: var(--soft); font-size: 0.8125rem; }
.tile dd { margin: 0; font-size: 1.5rem; line-height: 1.25; font-weight: 600; letter-spacing: -0.01em; font-variant-numeric: tabular-nums; }
.tile dd small { font-size: 0.875rem; font-weight: 400; color: var(--soft); letter-spacing: 0; }
.tile .beside { font-size: 0.8125rem; font-weight: 400; letter-spacing: 0; color: var(--soft); line-height: 1.4; }

nav { margin: 1.75rem 0 0; padding: 0.5rem 0; border-block: 1px solid var(--line); font-size: 0.875rem; }
nav ul { display: flex; flex-wrap: wrap; gap: 0.25rem 1.5rem; margin: 0; padding: 0; list-style: none; }
nav a { text-decoration: none; }
nav a:hover { text-decoration: underline; }
section { margin-top: 2.75rem; scroll-margin-top: 1rem; }
section > h2 { margin: 0; font-size: 1.375rem; line-height: 1.25; letter-spacing: -0.01em; font-weight: 650; }
section > p { margin: 0.35rem 0 0; max-width: 46rem; color: var(--soft); }

.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 27rem), 1fr)); gap: 1rem; margin-top: 1rem; }
.card { margin: 0; min-width: 0; background: var(--paper); border: 1px solid var(--grid); border-radius: 12px; padding: 1rem 1.25rem 1.125rem; }
.cards > .wide { grid-column: 1 / -1; }
.card h3 { margin: 0; font-size: 1rem; line-height: 1.35; font-weight: 650; overflow-wrap: anywhere; }
.card p { margin: 0.3rem 0 0; font-size: 0.9rem; line-height: 1.5; color: var(--soft); max-width: 44rem; text-wrap: pretty; }
.card p strong { color: var(--ink); font-weight: 600; }
.frame { overflow-x: auto; margin-top: 0.9rem; }
.picture { display: block; width: 100%; max-width: var(--natural); min-width: min(var(--natural), 17.5rem); height: auto; font-family: ${fontStack}; }
.picture * { pointer-events: none; }
.picture [data-note] { pointer-events: all; }
.picture [data-note]:hover { stroke: var(--ink); }
@media (min-width: 56rem) {
  .beside { display: grid; grid-template-columns: 17rem 1fr; gap: 2rem; }
  .beside .frame { margin-top: 0; }
}
.panels { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 18rem), 1fr)); gap: 1.25rem 1rem; margin-top: 1rem; align-items: end; }
.panels .picture { min-width: 0; margin: 0 auto; }
.key { display: flex; flex-wrap: wrap; gap: 0.25rem 1.25rem; margin: 0.75rem 0 0; padding: 0; list-style: none; font-size: 0.875rem; color: var(--soft); }
.key li { display: flex; align-items: center; gap: 0.45rem; }
.key svg { flex: none; }

.bars { display: grid; grid-template-columns: fit-content(45%) 1fr auto; gap: 0.4rem 0.75rem; align-items: center; margin: 0.9rem 0 0; font-size: 0.9375rem; }
.bars dt { overflow-wrap: anywhere; line-height: 1.3; }
.bars dd { margin: 0; }
.bars .length { height: 0.65rem; border-radius: 2px; background: var(--accent); min-width: 1px; }
.bars .noise .length, .bars .length.noise { background: var(--paper); border: 1px solid var(--quiet); }
.bars .number { font-variant-numeric: tabular-nums; text-align: right; color: var(--soft); }

.scroll { overflow-x: auto; margin-top: 0.75rem; }
table { border-collapse: collapse; width: 100%; font-size: 0.875rem; line-height: 1.4; }
caption { text-align: left; color: var(--soft); padding-bottom: 0.35rem; }
th, td { padding: 0.35rem 1.25rem 0.35rem 0; text-align: left; vertical-align: top; border-bottom: 1px solid var(--grid); }
th:last-child, td:last-child { padding-right: 0; }
thead th { color: var(--soft); font-weight: 500; border-bottom-color: var(--line); white-space: nowrap; vertical-align: bottom; }
tbody th { font-weight: 400; }
tbody tr:last-child > * { border-bottom: 0; }
.numeric { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
td.name, th.name { min-width: 7rem; overflow-wrap: anywhere; }
td.words { min-width: 13rem; }
tr.model > * { font-weight: 600; }
td.best { position: relative; }
td.best::after { content: "★"; position: absolute; right: 0.3rem; color: var(--accent); font-size: 0.8em; }
td.best:last-child { padding-right: 1rem; }
.numeric + :not(.numeric) { padding-left: 1rem; }
tr.unused > * { color: var(--soft); }
thead button { border: 0; padding: 0; border-radius: 3px; font-weight: inherit; }
thead button::after { content: " ↕"; color: var(--quiet); }
th[aria-sort="ascending"] button::after { content: " ↑"; color: var(--ink); }
th[aria-sort="descending"] button::after { content: " ↓"; color: var(--ink); }
details { margin-top: 0.75rem; font-size: 0.875rem; }
summary { cursor: pointer; color: var(--accent); width: fit-content; }
.record { display: grid; grid-template-columns: minmax(7rem, max-content) 1fr; gap: 0.3rem 1.5rem; margin: 0; font-size: 0.9rem; }
.record dt { color: var(--soft); }
.record dd { margin: 0; overflow-wrap: anywhere; }
code { font: 0.9em/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; overflow-wrap: anywhere; }
.machines { margin: 0.75rem 0 0; padding: 0; list-style: none; font-size: 0.9375rem; }
.machines li { display: grid; grid-template-columns: 3.5rem 1fr; gap: 0 0.75rem; padding: 0.5rem 0; border-top: 1px solid var(--grid); }
.machines li:first-child { border-top: 0; }
.machines b { font-weight: 650; font-variant-numeric: tabular-nums; }
.machines small { display: block; font-size: 0.8125rem; color: var(--soft); }
.verdict { white-space: nowrap; font-weight: 600; color: var(--third); }
.verdict.does-not-hold { color: var(--second); }
.verdict.error { color: var(--fourth); }
.statement { margin-top: 0.75rem; padding-left: 1rem; border-left: 3px solid var(--accent); }
.formula { display: block; margin: 0.5rem 0; overflow-x: auto; overflow-y: hidden; }
th code { white-space: nowrap; }
#note { position: fixed; z-index: 9; pointer-events: none; max-width: min(22rem, 90vw); padding: 0.3rem 0.6rem; border-radius: 6px; background: var(--ink); color: var(--paper); font-size: 0.8125rem; line-height: 1.4; }
footer { margin-top: 3rem; padding-top: 0.75rem; border-top: 1px solid var(--line); font-size: 0.8125rem; color: var(--soft); }

@media (max-width: 30rem) {
  .card { padding: 0.875rem 0.9rem 1rem; border-radius: 10px; }
  .lead { font-size: 1.0625rem; }
  .tiles { grid-template-columns: 1fr 1fr; }
  .record { grid-template-columns: 1fr; gap: 0; }
  .record dd { margin-bottom: 0.5rem; }
}
@media print {
  :root { --page: var(--paper); }
  @page { margin: 14mm; }
  body { font-size: 10.5pt; print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  .sheet { max-width: none; padding: 0; }
  nav, button, summary, details:not([open]) { display: none !important; }
  section { margin-top: 1.5rem; }
  section > h2, .card h3, .card p { break-after: avoid; }
  .card, .tile, tr, .panels > * { break-inside: avoid; }
  .card:has(table) { break-inside: auto; }
  .cards { grid-template-columns: 1fr 1fr; gap: 0.75rem; }
  .card { padding: 0.75rem 0.9rem; }
  .frame, .scroll, .sheet { overflow: visible; }
  .tiles { grid-template-columns: repeat(auto-fit, minmax(6rem, 1fr)); gap: 0.5rem; }
  .tile { padding: 0.5rem 0.75rem; }
  .tile dd { font-size: 1.25rem; }
  .lead { font-size: 12pt; max-width: none; }
  .card p, .bars, .machines, .record { font-size: 9pt; max-width: none; }
  table { font-size: 8.5pt; }
  th, td { padding-right: 0.9rem; }
  td.name, th.name, td.words { min-width: 0; }
  td.best::after { right: 0.1rem; }
  .picture { min-width: 0; }
  .panels { grid-template-columns: repeat(3, 1fr); }
}
`.trim();
