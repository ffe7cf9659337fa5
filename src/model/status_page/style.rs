//! The style of status pages: light and dark, on a phone and on paper.

/// The style sheet. All colours of text have a contrast of at least 4.5 to 1 on their ground.
pub(super) const STYLE_SHEET: &str = "\
:root { --ground: #ffffff; --text: #1b1d22; --dim: #575c66; --line: #d5d8de; --link: #2b5fb0;
  --good: #1a6b33; --work: #2b5fb0; --minor: #7a5200; --major: #a03c00; --critical: #b3261e; }
@media (prefers-color-scheme: dark) {
  :root { --ground: #14161a; --text: #e4e6eb; --dim: #a3a9b4; --line: #3a3f48; --link: #86b0ea;
    --good: #6fd08c; --work: #86b0ea; --minor: #e6c35c; --major: #ffb35c; --critical: #ff8a80; }
}
body { margin: 0; background: var(--ground); color: var(--text);
  font: 16px/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
header, main, footer { max-width: 44rem; margin: 0 auto; padding: 0 1rem; }
header { padding-top: 2rem; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 0 0 1rem; }
h2 { font-size: 1.2rem; margin: 2rem 0 0.5rem; }
h3 { font-size: 1rem; margin: 1rem 0 0; }
p { margin: 0 0 0.5rem; }
.overall { border: 1px solid; border-radius: 0.25rem; padding: 0.75rem 1rem; font-weight: 600; }
.good { color: var(--good); } .work { color: var(--work); } .minor { color: var(--minor); }
.major { color: var(--major); } .critical { color: var(--critical); }
.components { list-style: none; margin: 0; padding: 0; }
.components li { display: flex; flex-wrap: wrap; justify-content: space-between; column-gap: 1rem;
  border-bottom: 1px solid var(--line); padding: 0.5rem 0; }
.about, dt, footer { color: var(--dim); }
dl { margin: 0.25rem 0 1rem; }
dt { font-size: 0.875rem; margin-top: 0.5rem; }
dd { margin: 0; }
footer { border-top: 1px solid var(--line); margin-top: 2rem; padding: 1rem; font-size: 0.875rem; }
a { color: var(--link); }
@media print {
  @page { size: A4; margin: 15mm; }
  :root { --ground: #ffffff; --text: #000000; --dim: #444444; --line: #cccccc; --link: #000000;
    --good: #1a6b33; --work: #2b5fb0; --minor: #7a5200; --major: #a03c00; --critical: #b3261e; }
  body { font-size: 10pt; }
  header, main, footer { max-width: none; padding-left: 0; padding-right: 0; }
  article, li { break-inside: avoid; }
  h2, h3 { break-after: avoid; }
}
";
