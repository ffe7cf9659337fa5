//! Bounds of the texts of alerts, which come from outside and can be of any length.

/// The most labels, and the most annotations, of an alert.
pub const MAX_ENTRIES: usize = 64;
/// The longest name of a label or annotation, in characters.
pub const MAX_NAME_CHARS: usize = 100;
/// The longest value of a label, in characters.
pub const MAX_LABEL_CHARS: usize = 500;
/// The longest annotation, in characters.
pub const MAX_ANNOTATION_CHARS: usize = 2000;
/// The longest URL, in characters. A longer one is left out, since a part of it leads nowhere.
pub const MAX_URL_CHARS: usize = 2000;

/// Truncates a text to a number of characters and marks the cut with `…`.
#[must_use]
pub fn cut(text: &str, max: usize) -> String {
    if text.chars().nth(max).is_none() {
        return text.to_owned();
    }
    let mut cut: String = text.chars().take(max.saturating_sub(1)).collect();
    cut.truncate(cut.trim_end().len());
    cut.push('…');
    cut
}

/// Puts a text on one line: line breaks and control characters become spaces. The line has at most
/// `max` characters.
#[must_use]
pub fn one_line(text: &str, max: usize) -> String {
    let separates = |ch: char| ch.is_whitespace() || ch.is_control();
    let mut line = String::new();
    for word in text.split(separates).filter(|word| !word.is_empty()) {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
        // Four bytes are the longest character.
        if line.len() > max.saturating_mul(4).saturating_add(4) {
            break;
        }
    }
    cut(&line, max)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("", "")]
    #[case("  a\r\n b\tc\u{2028}d ", "a b c d")]
    #[case("\u{1b}[31mred", "[31mred")]
    #[case("0123456789", "0123456789")]
    #[case("0123456789x", "012345678…")]
    #[case("ääääääääääää", "äääääääää…")]
    fn line_has_no_breaks_and_is_bounded(#[case] text: &str, #[case] expected: &str) {
        assert_eq!(one_line(text, 10), expected);
    }

    #[test]
    fn cut_text_has_the_requested_length() {
        for max in 1..6 {
            assert_eq!(cut("some text", max).chars().count(), max, "{max}");
        }
        assert_eq!(cut("some text", 9), "some text");
    }
}
