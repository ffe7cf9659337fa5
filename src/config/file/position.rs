//! Converts byte offsets of the file to lines and columns, as an editor shows them.

/// The text of a file and where its lines begin, so that a position is found without reading all
/// that is before it: each setting has one.
pub(super) struct Lines<'a> {
    text: &'a str,
    /// The offset of the first byte of each line, in ascending order; the first one is 0.
    starts: Vec<usize>,
}

impl<'a> Lines<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        let starts = text.match_indices('\n').map(|(newline, _)| newline + 1);
        Self { text, starts: std::iter::once(0).chain(starts).collect() }
    }

    /// Returns the text of the file.
    pub(super) fn text(&self) -> &'a str {
        self.text
    }

    /// Returns the line and column of a byte, both from 1. Columns count characters.
    pub(super) fn line_and_column(&self, offset: usize) -> (u32, u32) {
        let mut at = offset.min(self.text.len());
        while !self.text.is_char_boundary(at) {
            at -= 1;
        }
        let line = self.starts.partition_point(|start| *start <= at);
        let start = self.starts[line - 1];
        let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        (number(line), number(self.text[start..at].chars().count() + 1))
    }
}

/// Returns the offset of a byte of a text within the string literal that was written for it, quotes
/// included; 0, the start of the literal, if that can't be determined.
pub(super) fn offset_in_literal(written: &str, text: &str, offset: usize) -> usize {
    let quotes = ["\"\"\"", "'''", "\"", "'"].into_iter().find(|q| written.starts_with(q));
    let Some(quotes) = quotes else { return 0 };
    let mut at = quotes.len();
    if quotes.len() == 3 {
        let rest = &written[at..];
        // The line break after the opening quotes is not part of the text.
        at += if rest.starts_with("\r\n") { 2 } else { usize::from(rest.starts_with('\n')) };
    }
    let mut chars = text.char_indices().peekable();
    while let Some(&(index, ch)) = chars.peek() {
        if index >= offset {
            return at;
        }
        let rest = &written[at..];
        if rest.starts_with(ch) && !(ch == '\\' && quotes.starts_with('"')) {
            at += ch.len_utf8();
        } else if let Some(escape) = rest.strip_prefix('\\') {
            at += 1 + match escape.chars().next() {
                Some('u') => 5,
                Some('U') => 9,
                Some('x') => 3,
                Some(one) if !one.is_whitespace() => one.len_utf8(),
                // A line that continues in the next one.
                _ => return 0,
            };
        } else {
            return 0;
        }
        if !written.is_char_boundary(at) {
            return 0;
        }
        chars.next();
    }
    at
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[test]
    fn columns_count_characters() {
        let source = "a = 1\nü = \"é\" # x";
        let lines = Lines::new(source);
        assert_eq!(lines.line_and_column(0), (1, 1));
        assert_eq!(lines.line_and_column(source.find('=').unwrap()), (1, 3));
        assert_eq!(lines.line_and_column(source.find('\n').unwrap()), (1, 6));
        assert_eq!(lines.line_and_column(source.find('ü').unwrap()), (2, 1));
        assert_eq!(lines.line_and_column(source.find('#').unwrap()), (2, 9));
        assert_eq!(lines.line_and_column(999), (2, 12));
    }

    #[rstest]
    #[case::no_text("", 0, (1, 1))]
    #[case::after_the_last_line("a\n", 2, (2, 1))]
    #[case::empty_lines("a\n\n\nb", 4, (4, 1))]
    #[case::carriage_returns("a\r\nb", 3, (2, 1))]
    #[case::within_a_character("ü", 1, (1, 1))]
    fn lines_begin_after_each_newline(
        #[case] source: &str,
        #[case] offset: usize,
        #[case] position: (u32, u32),
    ) {
        assert_eq!(Lines::new(source).line_and_column(offset), position);
    }

    #[rstest]
    #[case(r#""p1 x:y""#, "p1 x:y", 3, 4)]
    #[case("'p1 x:y'", "p1 x:y", 3, 4)]
    #[case(r#""a \"b\" x:y""#, "a \"b\" x:y", 6, 9)]
    #[case(r#""\u00e9 x:y""#, "é x:y", 3, 8)]
    #[case("\"\"\"\nab\nx:y\"\"\"", "ab\nx:y", 3, 7)]
    #[case("\"\"\"ab \\\n   x:y\"\"\"", "ab x:y", 4, 0)]
    #[case(r"'a\b x:y'", "a\\b x:y", 4, 5)]
    fn offset_in_a_text_is_found_in_the_file(
        #[case] written: &str,
        #[case] text: &str,
        #[case] offset: usize,
        #[case] found: usize,
    ) {
        assert_eq!(offset_in_literal(written, text, offset), found);
    }
}
