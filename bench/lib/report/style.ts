/** The style of the page, for both themes, narrow screens and print. */
export const style = `
:root {
  color-scheme: light dark;
  --paper: light-dark(#f7f8f7, #12171a);
  --surface: light-dark(#ffffff, #192024);
  --ink: light-dark(#182023, #e8edee);
  --soft: light-dark(#46525a, #b4c0c5);
  --line: light-dark(#dfe3e2, #2b353b);
  --accent: light-dark(#0c6a62, #5cc9bb);
  --fill: light-dark(#b9dcd7, #245b54);
  --ok: light-dark(#17703b, #74cf94);
  --ok-soft: light-dark(#e2f2e6, #17301f);
  --warning: light-dark(#805200, #e6b95c);
  --warning-soft: light-dark(#fbf0d9, #352a13);
  --error: light-dark(#ad2a20, #ff9388);
  --error-soft: light-dark(#fbe7e4, #3b1d1a);
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 0.9375rem/1.5 system-ui, sans-serif; }
main { max-width: 90rem; margin: 0 auto; padding: 2rem 1.25rem 4rem; }
h1 { margin: 0 0 0.25rem; font-size: 1.75rem; line-height: 1.2; letter-spacing: -0.01em; }
h2 { margin: 3rem 0 0.25rem; font-size: 1.25rem; }
p { margin: 0.25rem 0; max-width: 60rem; }
a { color: var(--accent); }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; border-radius: 4px; }
.soft { color: var(--soft); }
.verdict { display: flex; flex-wrap: wrap; align-items: center; gap: 0.75rem 1.25rem; margin: 1.5rem 0; padding: 1rem 1.25rem;
  border: 1px solid var(--line); border-inline-start-width: 6px; border-radius: 10px; background: var(--surface); }
.verdict strong { font-size: 1.5rem; }
.verdict.pass { border-inline-start-color: var(--ok); } .verdict.pass strong { color: var(--ok); }
.verdict.warning { border-inline-start-color: var(--warning); } .verdict.warning strong { color: var(--warning); }
.verdict.fail { border-inline-start-color: var(--error); } .verdict.fail strong { color: var(--error); }
.scroll { position: relative; overflow-x: auto; margin-top: 0.75rem; border: 1px solid var(--line); border-radius: 10px; background: var(--surface); }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
caption { padding: 0.5rem 0.75rem; text-align: start; color: var(--soft); font-size: 0.8125rem; }
th, td { padding: 0.3rem 0.75rem; border-top: 1px solid var(--line); text-align: start; vertical-align: middle; }
thead th { color: var(--soft); font-size: 0.8125rem; font-weight: 600; white-space: nowrap; }
tbody th { min-width: 15rem; font-weight: 400; }
td.text { min-width: 15rem; color: var(--soft); }
td.line { color: var(--soft); white-space: nowrap; }
tbody tr:hover { background: color-mix(in srgb, var(--accent) 6%, transparent); }
.number { text-align: end; white-space: nowrap; }
.badge { display: inline-block; padding: 0 0.5rem; border-radius: 999px; font-size: 0.8125rem; white-space: nowrap; }
.badge.met { color: var(--ok); background: var(--ok-soft); }
.badge.close { color: var(--warning); background: var(--warning-soft); }
.badge.exceeded, .badge.critical { color: var(--error); background: var(--error-soft); font-weight: 600; }
.reason { display: block; max-width: 26rem; color: var(--soft); font-size: 0.8125rem; }
.hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
svg { display: block; overflow: visible; }
.legend { display: flex; flex-wrap: wrap; gap: 0.25rem 1.25rem; margin: 0.5rem 0; padding: 0; list-style: none; color: var(--soft); font-size: 0.8125rem; }
.legend li { display: flex; align-items: center; gap: 0.4rem; }
.grid { stroke: var(--line); }
.histogram { fill: var(--fill); }
.block { fill: var(--soft); opacity: 0.6; }
.tail { stroke: var(--accent); stroke-width: 1.5; }
.body { stroke: var(--accent); stroke-width: 5; opacity: 0.55; }
.median { fill: var(--accent); }
.reference { fill: var(--surface); stroke: var(--ink); stroke-width: 1.5; }
.target { fill: none; stroke: var(--error); stroke-width: 1.5; }
.past { fill: none; stroke: var(--soft); stroke-width: 1.5; }
@media (max-width: 40rem) {
  main { padding: 1.25rem 0.75rem 3rem; }
  tbody th { min-width: 9rem; }
}
@media print { .scroll { overflow: visible; } body { font-size: 0.7rem; } }
@media (forced-colors: active) { .badge, .verdict { border: 1px solid; } }
`
