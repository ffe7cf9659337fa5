//! The style of a review as a page: in light and dark, and on paper.

/// The colours of a page, each as `#rrggbb`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Colors {
    pub(super) background: &'static str,
    pub(super) text: &'static str,
    /// Secondary text.
    pub(super) dim: &'static str,
    /// Headings, and the edges of quotations.
    pub(super) accent: &'static str,
    /// Overdue items.
    pub(super) alarm: &'static str,
    /// Behind code and tags.
    pub(super) surface: &'static str,
    pub(super) line: &'static str,
}

/// The colours on a light background, and on paper.
pub(super) const LIGHT: Colors = Colors {
    background: "#ffffff",
    text: "#1a1d21",
    dim: "#4d5561",
    accent: "#0b4f94",
    alarm: "#a4231b",
    surface: "#eef1f5",
    line: "#c4cad2",
};

/// The colours on a dark background.
pub(super) const DARK: Colors = Colors {
    background: "#14171b",
    text: "#e6e8eb",
    dim: "#a9b2bd",
    accent: "#7db4f0",
    alarm: "#ff9a90",
    surface: "#262b32",
    line: "#3d444d",
};

/// The rules that have no colours of their own.
const RULES: &str = "\
body{margin:0;background:var(--background);color:var(--text);font:1rem/1.55 system-ui,sans-serif}
main{max-width:46rem;margin:0 auto;padding:2rem 1.25rem 4rem;overflow-wrap:anywhere}
h1{font-size:1.6rem;line-height:1.25;margin:0}
h2{font-size:1.2rem;line-height:1.3;margin:2.2rem 0 .6rem;color:var(--accent)}
h3{font-size:1rem;margin:1.2rem 0 .4rem}
p,ul,ol,pre,blockquote{margin:.6rem 0}
li p,li ul,li ol{margin:.2rem 0}
.state,.note{color:var(--dim)}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.25rem 1rem;margin:1.4rem 0}
dt{color:var(--dim)}
dd{margin:0}
code{font-family:ui-monospace,monospace;font-size:.92em;background:var(--surface);padding:.1em .25em}
pre{background:var(--surface);padding:.75rem;overflow-x:auto}
pre code{padding:0}
blockquote{border-left:3px solid var(--accent);padding-left:.9rem;margin-left:0}
.tags{list-style:none;padding:0;display:flex;flex-wrap:wrap;gap:.4rem}
.tags li{background:var(--surface);border-radius:.4rem;padding:.1rem .55rem}
table{border-collapse:collapse;width:100%}
th,td{text-align:left;vertical-align:top;padding:.35rem .6rem .35rem 0;border-bottom:1px solid var(--line)}
th{color:var(--dim);font-weight:600}
.wide{overflow-x:auto}
.late{color:var(--alarm);font-weight:600}
@media (max-width:30rem){dl{grid-template-columns:1fr;gap:0}dd{margin-bottom:.5rem}th,td{padding-right:.3rem}}
";

/// The rules for paper, on which the page is light.
const PAPER: &str = "\
@page{size:A4;margin:18mm}
@media print{body{font-size:10.5pt}main{max-width:none;padding:0}h2,h3{break-after:avoid}pre,tr,blockquote{break-inside:avoid}.wide{overflow:visible}}
";

/// Returns the style sheet. It loads nothing.
pub(super) fn style_sheet() -> String {
    let variables = |colors: &Colors| {
        format!(
            ":root{{--background:{};--text:{};--dim:{};--accent:{};--alarm:{};--surface:{};--line:{}}}",
            colors.background,
            colors.text,
            colors.dim,
            colors.accent,
            colors.alarm,
            colors.surface,
            colors.line
        )
    };
    format!(
        "{}\n@media screen and (prefers-color-scheme:dark){{{}}}\n{RULES}{PAPER}",
        variables(&LIGHT),
        variables(&DARK)
    )
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    /// Returns the relative luminance of a colour, as WCAG defines it.
    fn luminance(color: &str) -> f64 {
        let channel = |at: usize| {
            let value = u8::from_str_radix(&color[at..at + 2], 16).unwrap();
            let value = f64::from(value) / 255.0;
            if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5)
    }

    fn contrast(a: &str, b: &str) -> f64 {
        let (a, b) = (luminance(a), luminance(b));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    #[test]
    fn contrast_of_black_and_white_is_21() {
        assert!((contrast("#000000", "#ffffff") - 21.0).abs() < 0.01);
    }

    #[rstest]
    #[case(LIGHT)]
    #[case(DARK)]
    fn texts_have_enough_contrast(#[case] colors: Colors) {
        for text in [colors.text, colors.dim, colors.accent, colors.alarm] {
            for background in [colors.background, colors.surface] {
                let contrast = contrast(text, background);
                assert!(contrast >= 4.5, "{text} on {background}: {contrast:.2}");
            }
        }
    }

    #[test]
    fn style_sheet_loads_nothing() {
        let css = style_sheet();
        assert!(!css.contains("url(") && !css.contains("@import"), "{css}");
    }
}
