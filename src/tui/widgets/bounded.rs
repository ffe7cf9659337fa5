//! Long texts in a record: of one that would be laid out for a long time only the beginning is shown.

use std::borrow::Cow;

/// The most lines and the most bytes of one text.
const MAX_LINES: usize = 300;
const MAX_BYTES: usize = 20_000;

/// Returns a text, or its beginning with how much is left out.
pub(in crate::tui) fn bounded(text: &str) -> Cow<'_, str> {
    let mut end = text.match_indices('\n').nth(MAX_LINES - 1).map_or(text.len(), |(at, _)| at);
    if end > MAX_BYTES {
        end = MAX_BYTES;
        while !text.is_char_boundary(end) {
            end -= 1;
        }
    }
    let rest = text[end..].trim();
    if rest.is_empty() {
        return Cow::Borrowed(text);
    }
    let count = rest.chars().count();
    Cow::Owned(format!("{}\n… {count} more characters, which a copy of it has", &text[..end]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_text_stays_as_it_is() {
        for text in ["", "a\nb", &"x\n".repeat(MAX_LINES), &"x".repeat(MAX_BYTES)] {
            assert!(matches!(bounded(text), Cow::Borrowed(same) if same == text));
        }
    }

    #[test]
    fn long_text_ends_with_what_is_omitted() {
        let many = format!("{}end", "line\n".repeat(MAX_LINES));
        let cut = bounded(&many);
        assert_eq!(cut.lines().count(), MAX_LINES + 1);
        assert!(cut.ends_with("… 3 more characters, which a copy of it has"), "{cut}");
        let wide = "é".repeat(MAX_BYTES);
        let cut = bounded(&wide);
        assert!(cut.len() < MAX_BYTES + 100);
        assert!(cut.contains(&format!("… {} more characters", MAX_BYTES / 2)));
    }
}
