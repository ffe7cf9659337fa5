//! The style of reports: light and dark, on a phone and on paper.

/// The style sheet. All colours of text have a contrast of at least 4.5 to 1 on their ground.
pub(super) const STYLE_SHEET: &str = "\
:root { --ground: #ffffff; --text: #1b1d22; --dim: #575c66; --line: #d5d8de; --good: #1a6b33;
  --bad: #b3261e; --p1: #c62828; --p2: #b26a00; --p3: #7a7400; --p4: #2b5fb0; --bar: #2b5fb0; }
@media (prefers-color-scheme: dark) {
  :root { --ground: #14161a; --text: #e4e6eb; --dim: #a3a9b4; --line: #3a3f48; --good: #6fd08c;
    --bad: #ff8a80; --p1: #ff6f6f; --p2: #ffb35c; --p3: #d8d46e; --p4: #86b0ea; --bar: #86b0ea; }
}
body { margin: 0; background: var(--ground); color: var(--text);
  font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 60rem; margin: 0 auto; padding: 1.5rem 1rem; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 0 0 0.5rem; }
h2 { font-size: 1.2rem; margin: 2rem 0 0.5rem; }
h2::first-letter { text-transform: uppercase; }
p { margin: 0 0 0.75rem; }
.note, small { color: var(--dim); }
.better { color: var(--good); }
.worse { color: var(--bad); }
.wide { overflow-x: auto; }
table { border-collapse: collapse; margin: 0 0 1rem; font-variant-numeric: tabular-nums; }
th, td { padding: 0.2rem 0.75rem 0.2rem 0; border-bottom: 1px solid var(--line); text-align: start;
  font-weight: normal; }
thead th { color: var(--dim); }
.number { text-align: end; white-space: nowrap; }
.short { white-space: nowrap; }
svg { display: block; max-width: 100%; }
svg text { fill: var(--dim); font: 11px system-ui, sans-serif; }
.chart { width: 100%; height: auto; margin: 0 0 1rem; }
.p1 { fill: var(--p1); } .p2 { fill: var(--p2); } .p3 { fill: var(--p3); } .p4 { fill: var(--p4); }
.bar { fill: var(--bar); } .track { fill: var(--line); }
.marked { fill: var(--p2); }
.line { fill: none; stroke: var(--bar); stroke-width: 2; }
.second { stroke: var(--good); stroke-dasharray: 6 3; }
.third { stroke: var(--p2); stroke-dasharray: 2 3; }
.fourth { stroke: var(--p1); stroke-dasharray: 10 3 2 3; }
circle.line { fill: var(--ground); stroke-dasharray: none; }
@media (max-width: 40rem) { svg text { font-size: 16px; } }
@media print {
  @page { size: A4; margin: 15mm; }
  :root { --ground: #ffffff; --text: #000000; --dim: #444444; --line: #cccccc; --good: #1a6b33;
    --bad: #b3261e; --p1: #c62828; --p2: #b26a00; --p3: #7a7400; --p4: #2b5fb0; --bar: #2b5fb0; }
  body { font-size: 10pt; }
  main { max-width: none; padding: 0; }
  .wide { overflow: visible; }
  tr, svg { break-inside: avoid; }
  h2 { break-after: avoid; }
}
";
