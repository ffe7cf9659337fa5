//! Writes manual pages in the man macros of roff (`man(7)`, `groff_man(7)`), as both groff and mandoc
//! read them.
//!
//! Every character that a formatter would replace by a typographical one is escaped: text copied
//! from a page works in a shell.

use std::fmt::Write;

/// Lines of the source are broken at this width, in bytes: longer ones are hard to review.
const SOURCE_WIDTH: usize = 76;

/// The date of the pages: the last substantial change of their texts.
const DATE: &str = "2026-11-28";

/// A manual page that is being written.
#[derive(Debug, Default)]
pub(super) struct Roff(String);

impl Roff {
    /// Begins a page.
    pub(super) fn new(title: &str, section: u8) -> Self {
        let mut page = Self::default();
        let title = escape(&title.to_uppercase());
        let version = escape(env!("CARGO_PKG_VERSION"));
        page.request(&format!(
            ".TH {title} {section} {DATE} \"redphone {version}\" \"redphone manual\""
        ));
        page
    }

    /// Returns the source of the page.
    pub(super) fn into_string(self) -> String {
        self.0
    }

    /// Appends a request unchanged.
    pub(super) fn request(&mut self, request: &str) {
        self.0.push_str(request);
        self.0.push('\n');
    }

    /// Begins a section.
    pub(super) fn section(&mut self, heading: &str) {
        self.request(&format!(".SH {}", escape(heading)));
    }

    /// Begins a subsection.
    pub(super) fn subsection(&mut self, heading: &str) {
        self.request(&format!(".SS {}", escape(heading)));
    }

    /// Appends a text that is filled, in bold where `**` surrounds it.
    pub(super) fn text(&mut self, text: &str) {
        let mut line = String::new();
        let mut is_bold = false;
        for word in text.split_whitespace() {
            let mut escaped = String::new();
            for (index, part) in word.split("**").enumerate() {
                if index > 0 {
                    is_bold = !is_bold;
                    escaped.push_str(if is_bold { "\\fB" } else { "\\fR" });
                }
                escaped.push_str(&escape(part));
            }
            if !line.is_empty() && line.len() + 1 + escaped.len() > SOURCE_WIDTH {
                self.push_text(&line);
                line.clear();
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(&escaped);
        }
        if !line.is_empty() {
            self.push_text(&line);
        }
    }

    /// Begins a paragraph with a text that is filled.
    pub(super) fn paragraph(&mut self, text: &str) {
        self.begin_paragraph();
        self.text(text);
    }

    /// Begins a paragraph. After a heading this is redundant, and mandoc warns about it.
    fn begin_paragraph(&mut self) {
        let last = self.0.lines().next_back().unwrap_or_default();
        if !last.starts_with(".SH ") && !last.starts_with(".SS ") {
            self.request(".PP");
        }
    }

    /// Appends a term and its description.
    pub(super) fn term(&mut self, term: &str, meaning: &str) {
        self.request(".TP");
        // The term must be on one line.
        let mut bold = String::new();
        for (index, part) in term.split("**").enumerate() {
            if index > 0 {
                bold.push_str(if index % 2 == 1 { "\\fB" } else { "\\fR" });
            }
            bold.push_str(&escape(part));
        }
        self.push_text(&bold);
        self.text(meaning);
    }

    /// Appends lines unchanged, such as a command to copy.
    pub(super) fn example<'a>(&mut self, lines: impl IntoIterator<Item = &'a str>) {
        self.begin_paragraph();
        self.request(".RS 4");
        self.request(".nf");
        for line in lines {
            self.push_text(&escape(line));
        }
        self.request(".fi");
        self.request(".RE");
    }

    /// Appends a line of text, escaped so that it does not begin a request.
    fn push_text(&mut self, line: &str) {
        if line.starts_with(['.', '\'']) {
            self.0.push_str("\\&");
        }
        self.request(line);
    }
}

/// Returns a text whose characters are printed as they are.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for ch in text.chars() {
        let name = match ch {
            '\\' => "\\e",
            '-' => "\\-",
            '\'' => "\\(aq",
            '"' => "\\(dq",
            '`' => "\\(ga",
            '^' => "\\(ha",
            '~' => "\\(ti",
            ch if ch.is_ascii() => {
                escaped.push(ch);
                continue;
            }
            ch => {
                // Writing to a String can't fail.
                let _ = write!(escaped, "\\[u{:04X}]", u32::from(ch));
                continue;
            }
        };
        escaped.push_str(name);
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_printed_as_it_is() {
        for (text, source) in [
            (
                "a --b 'c' \"d\" `e` ~/f ^g \\",
                "a \\-\\-b \\(aqc\\(aq \\(dqd\\(dq \\(gae\\(ga \\(ti/f \\(hag \\e",
            ),
            (".TP", "\\&.TP"),
            ("P1 · é", "P1 \\[u00B7] \\[u00E9]"),
            (
                "**--json** prints **two words** here",
                "\\fB\\-\\-json\\fR prints \\fBtwo words\\fR here",
            ),
        ] {
            let mut page = Roff::default();
            page.text(text);
            assert_eq!(page.into_string(), format!("{source}\n"));
        }
    }

    #[test]
    fn filled_text_is_broken_and_examples_are_not() {
        let mut page = Roff::default();
        let long = "word ".repeat(40);
        page.text(&long);
        let source = page.into_string();
        assert!(source.lines().count() > 2 && source.lines().all(|line| line.len() <= 76));
        let mut page = Roff::default();
        page.example([long.trim_end(), "  .x"]);
        let source = page.into_string();
        assert_eq!(source, format!(".PP\n.RS 4\n.nf\n{}\n  .x\n.fi\n.RE\n", long.trim_end()));
    }
}
