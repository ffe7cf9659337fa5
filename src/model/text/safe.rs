//! Text that is harmless on a terminal, as a type.

use std::borrow::{Borrow, Cow};
use std::fmt::{self, Write as _};
use std::ops::Deref;

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// How many combining marks one character may have; more of them smear over other lines.
const MAX_COMBINING_MARKS: usize = 2;

/// One line of text that is harmless on a terminal.
///
/// It has no control characters and nothing that reorders or hides text, and its computed width is
/// the width that terminals give it. The only way to create one is to sanitize: see [`sanitize`].
/// Sanitizing again changes nothing.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct SafeText<'a>(Cow<'a, str>);

/// Sanitizes one line: control characters become visible, invisible characters are dropped.
///
/// A text that is harmless already is borrowed.
#[must_use]
pub fn sanitize<'a>(text: impl Into<SafeText<'a>>) -> SafeText<'a> {
    text.into()
}

/// Returns the width of a safe text in terminal cells: what its graphemes need one by one, as they are
/// drawn. As a whole, some texts are said to be narrower: a lam and an alef are one letter on paper and two
/// cells in a terminal.
pub(super) fn cells(text: &str) -> usize {
    if text.is_ascii() {
        return text.len();
    }
    // Punctuation and symbols, and letters before those of Arabic, do not depend on what is beside them.
    let is_simple = |ch: char| ch < '\u{600}' || ('\u{2000}'..'\u{2c00}').contains(&ch);
    if text.chars().all(is_simple) {
        return text.width();
    }
    text.graphemes(true).map(UnicodeWidthStr::width).sum()
}

impl<'a> SafeText<'a> {
    /// Returns the sanitized text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the same text, borrowed from this one.
    #[must_use]
    pub fn borrowed(&self) -> SafeText<'_> {
        SafeText(Cow::Borrowed(&self.0))
    }

    /// Returns the same text, independent of its source.
    #[must_use]
    pub fn into_owned(self) -> SafeText<'static> {
        SafeText(Cow::Owned(self.0.into_owned()))
    }

    /// Returns the text as a string.
    #[must_use]
    pub fn into_string(self) -> String {
        self.0.into_owned()
    }

    /// Returns the text as the standard type, for functions that join and format texts.
    #[must_use]
    pub fn into_cow(self) -> Cow<'a, str> {
        self.0
    }

    /// Returns the width in terminal cells.
    #[must_use]
    pub fn width(&self) -> usize {
        cells(&self.0)
    }

    /// Creates a safe text from one that consists of parts of safe texts and of safe literals, each
    /// broken between graphemes only.
    pub(super) fn from_safe_parts(text: impl Into<Cow<'a, str>>) -> Self {
        let text = text.into();
        debug_assert!(is_safe(&text), "{text:?} was not sanitized");
        Self(text)
    }
}

impl Deref for SafeText<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for SafeText<'_> {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

/// Lets texts be joined, which gives a string.
impl Borrow<str> for SafeText<'_> {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SafeText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// Writes the text in quotation marks, as messages quote what they are about. Quotation marks and
/// backslashes in it are escaped. Nothing else is: unlike for a string, letters of all alphabets
/// stay readable, with their marks.
impl fmt::Debug for SafeText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_char('"')?;
        for part in self.0.split_inclusive(['"', '\\']) {
            let (text, special) = match part.strip_suffix(['"', '\\']) {
                Some(text) => (text, &part[text.len()..]),
                None => (part, ""),
            };
            f.write_str(text)?;
            if !special.is_empty() {
                write!(f, "\\{special}")?;
            }
        }
        f.write_char('"')
    }
}

impl PartialEq<str> for SafeText<'_> {
    fn eq(&self, other: &str) -> bool {
        self.0 == other
    }
}

impl PartialEq<&str> for SafeText<'_> {
    fn eq(&self, other: &&str) -> bool {
        self.0 == *other
    }
}

impl PartialEq<String> for SafeText<'_> {
    fn eq(&self, other: &String) -> bool {
        self.0 == *other
    }
}

impl PartialEq<SafeText<'_>> for String {
    fn eq(&self, other: &SafeText<'_>) -> bool {
        *self == other.0
    }
}

impl<'a> From<&'a str> for SafeText<'a> {
    fn from(text: &'a str) -> Self {
        Self(if is_safe(text) { Cow::Borrowed(text) } else { Cow::Owned(replace_unsafe(text)) })
    }
}

impl<'a> From<&&'a str> for SafeText<'a> {
    fn from(text: &&'a str) -> Self {
        (*text).into()
    }
}

impl<'a> From<&'a String> for SafeText<'a> {
    fn from(text: &'a String) -> Self {
        text.as_str().into()
    }
}

impl From<String> for SafeText<'_> {
    fn from(text: String) -> Self {
        Self(Cow::Owned(if is_safe(&text) { text } else { replace_unsafe(&text) }))
    }
}

impl<'a> From<Cow<'a, str>> for SafeText<'a> {
    fn from(text: Cow<'a, str>) -> Self {
        match text {
            Cow::Borrowed(text) => text.into(),
            Cow::Owned(text) => text.into(),
        }
    }
}

impl<'a> From<&'a Cow<'_, str>> for SafeText<'a> {
    fn from(text: &'a Cow<'_, str>) -> Self {
        (&**text).into()
    }
}

impl<'a> From<&'a SafeText<'_>> for SafeText<'a> {
    fn from(text: &'a SafeText<'_>) -> Self {
        text.borrowed()
    }
}

impl From<char> for SafeText<'_> {
    fn from(ch: char) -> Self {
        ch.to_string().into()
    }
}

impl From<SafeText<'_>> for String {
    fn from(text: SafeText<'_>) -> Self {
        text.0.into_owned()
    }
}

impl<'a> From<SafeText<'a>> for Cow<'a, str> {
    fn from(text: SafeText<'a>) -> Self {
        text.0
    }
}

/// Returns whether sanitizing would change nothing.
fn is_safe(text: &str) -> bool {
    // Fast path: nearly all texts are printable ASCII.
    let Some(first) = text.bytes().position(|byte| !(0x20..0x7f).contains(&byte)) else {
        return true;
    };
    // A mark at the very beginning has nothing to combine with.
    let (mut has_base, mut marks) = (first > 0, 0);
    text[first..].chars().all(|ch| match classify(ch) {
        CharClass::Show(shown) => {
            (has_base, marks) = (true, 0);
            shown == ch
        }
        CharClass::CombiningMark => {
            marks += 1;
            has_base && marks <= MAX_COMBINING_MARKS
        }
        CharClass::Drop => false,
    })
}

fn replace_unsafe(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    let mut marks = 0;
    for ch in text.chars() {
        match classify(ch) {
            CharClass::Drop => {}
            CharClass::Show(shown) => {
                safe.push(shown);
                marks = 0;
            }
            CharClass::CombiningMark => {
                // A mark needs a character to combine with.
                if !safe.is_empty() && marks < MAX_COMBINING_MARKS {
                    safe.push(ch);
                    marks += 1;
                }
            }
        }
    }
    safe
}

enum CharClass {
    Show(char),
    CombiningMark,
    Drop,
}

fn classify(ch: char) -> CharClass {
    let code = u32::from(ch);
    match code {
        // Fast paths for what the panes draw: printable ASCII, middle dot and times sign, dashes, dots
        // and quotes, arrows, box drawing, blocks and geometric shapes. All are one cell wide.
        0x20..=0x7e | 0xb7 | 0xd7 | 0x2010..=0x2027 | 0x2190..=0x21ff | 0x2500..=0x25fc => {
            CharClass::Show(ch)
        }
        // Control pictures represent control characters: U+241B is shown for ESC.
        0x00..=0x1f => CharClass::Show(char::from_u32(0x2400 + code).unwrap_or('\u{fffd}')),
        0x7f => CharClass::Show('\u{2421}'),
        // C1 controls such as the one-byte CSI, line and paragraph separators, bidi overrides and
        // isolates, and private-use characters, which fonts and terminals treat in their own ways.
        0x80..=0x9f
        | 0x061c
        | 0x200e
        | 0x200f
        | 0x2028..=0x202e
        | 0x2066..=0x2069
        | 0xfff9..=0xfffb
        | 0xe000..=0xf8ff
        | 0xf_0000..=0x10_ffff => CharClass::Show('\u{fffd}'),
        // Zero-width: joiners, spaces, the byte order mark, variation selectors, tags, fillers,
        // emoji skin tones. Terminals disagree on their width, and they hide text.
        0x00ad
        | 0x034f
        | 0x115f
        | 0x1160
        | 0x17b4
        | 0x17b5
        | 0x180b..=0x180f
        | 0x200b..=0x200d
        | 0x2060..=0x2065
        | 0x206a..=0x206f
        | 0x3164
        | 0xfe00..=0xfe0f
        | 0xfeff
        | 0xffa0
        | 0xfff0..=0xfff8
        | 0x1_f3fb..=0x1_f3ff
        | 0xe_0000..=0xe_0fff => CharClass::Drop,
        // Special spaces are shown as a plain space.
        0xa0 | 0x1680 | 0x2000..=0x200a | 0x202f | 0x205f => CharClass::Show(' '),
        // Flags are pairs of letters, which only some terminals join: the letters are shown.
        0x1_f1e6..=0x1_f1ff => {
            CharClass::Show(char::from_u32(code - 0x1_f1e6 + 0x41).unwrap_or('\u{fffd}'))
        }
        _ => match ch.width() {
            None => CharClass::Show('\u{fffd}'),
            Some(0) => CharClass::CombiningMark,
            Some(_) => CharClass::Show(ch),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn symbols_on_the_fast_path_are_one_cell_wide() {
        let ranges = [0x2010..=0x2027, 0x2190..=0x21ff, 0x2500..=0x25fc];
        let symbols = ranges.into_iter().flatten().filter_map(char::from_u32).chain(['·', '×']);
        for symbol in symbols {
            assert_eq!(symbol.width(), Some(1), "{symbol:?}");
        }
    }

    #[test]
    fn quoted_text_is_readable_and_harmless() {
        for (text, quoted) in [
            ("ท\u{e35}", "\"ท\u{e35}\""),
            ("हिन्दी", "\"हिन्दी\""),
            ("مَرحبًا", "\"مَرحبًا\""),
            ("e\u{301}", "\"e\u{301}\""),
            ("a \"b\" \\ 'c'", "\"a \\\"b\\\" \\\\ 'c'\""),
            ("\"", "\"\\\"\""),
            // Nothing combines with the quotation mark, and nothing controls the terminal.
            ("\u{301}x", "\"x\""),
            ("\u{1b}[31m\n\u{202e}", "\"␛[31m␊\u{fffd}\""),
            ("", "\"\""),
        ] {
            assert_eq!(format!("{:?}", sanitize(text)), quoted);
        }
    }
}
