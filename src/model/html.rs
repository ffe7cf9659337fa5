//! HTML texts: escaping, and cutting to the length of a page title.

use unicode_segmentation::UnicodeSegmentation;

use super::text::sanitize;

/// The greatest length of a page title in characters, as validators and browser tabs accept it.
const MAX_TITLE: usize = 70;

/// Sanitizes a text, and escapes the characters that have a meaning in HTML, in text and in
/// attributes.
#[must_use]
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in sanitize(text).as_str().chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            // No file of XML has these.
            '\u{fffe}' | '\u{ffff}' => escaped.push(' '),
            character if character.is_control() => escaped.push(' '),
            character => escaped.push(character),
        }
    }
    escaped
}

/// Returns a text for the title of a page: on one line, escaped, and cut to [`MAX_TITLE`].
pub(super) fn head_title(text: &str) -> String {
    let mut title = String::new();
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut rest = line.graphemes(true).peekable();
    while let Some(grapheme) = rest.next() {
        let escaped = escape(grapheme);
        let reserved = usize::from(rest.peek().is_some());
        if title.chars().count() + escaped.chars().count() + reserved > MAX_TITLE {
            title.push('…');
            break;
        }
        title.push_str(&escaped);
    }
    title
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("plain", "plain")]
    #[case("<script>alert('x')</script>", "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;")]
    #[case("\"&\"", "&quot;&amp;&quot;")]
    fn text_from_elsewhere_is_escaped(#[case] text: &str, #[case] expected: &str) {
        assert_eq!(escape(text), expected);
    }

    #[rstest]
    #[case("Shop", "Shop")]
    #[case(" a\nb  c ", "a b c")]
    #[case("<b>", "&lt;b&gt;")]
    fn short_title_is_escaped(#[case] text: &str, #[case] expected: &str) {
        assert_eq!(head_title(text), expected);
    }

    #[rstest]
    #[case("x")]
    #[case("<")]
    #[case("\u{1f9c0}")]
    fn long_title_is_cut_with_its_escapes(#[case] unit: &str) {
        let title = head_title(&unit.repeat(200));
        assert!((66..=MAX_TITLE).contains(&title.chars().count()), "{title}");
        let complete = title.strip_suffix('…').unwrap();
        assert_eq!(complete.replace(&escape(unit), ""), "");
        assert_eq!(head_title(&"x".repeat(MAX_TITLE)), "x".repeat(MAX_TITLE));
    }
}
