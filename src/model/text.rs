//! Sanitizing, truncating, padding and wrapping of text for the terminal, and folding of text for
//! searches.
//!
//! Titles, notes and alert labels come from outside and can contain anything. Sanitized text has no
//! control characters and nothing that reorders or hides text, and its computed width is the width
//! that terminals give it.

mod fold;
mod safe;

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

pub use fold::{FoldedText, compare_folded, equals_folded, fold, is_continuous, is_word_char};
use safe::cells;
pub use safe::{SafeText, sanitize};

/// Returns the lines of a text, each sanitized. A tab becomes four spaces.
pub fn lines(text: &str) -> impl Iterator<Item = SafeText<'_>> {
    text.split('\n').map(|line| {
        let line = line.strip_suffix('\r').unwrap_or(line);
        if line.contains('\t') { sanitize(line.replace('\t', "    ")) } else { sanitize(line) }
    })
}

/// Returns the words of a text on one line, sanitized and separated by single spaces.
#[must_use]
pub fn one_line(text: &str) -> SafeText<'static> {
    SafeText::from(text.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// Returns the width of a text in terminal cells, once it is sanitized.
#[must_use]
pub fn width<'a>(text: impl Into<SafeText<'a>>) -> usize {
    text.into().width()
}

/// Truncates a text to a number of columns and marks the cut with `…`.
#[must_use]
pub fn truncate<'a>(text: impl Into<SafeText<'a>>, columns: usize) -> SafeText<'a> {
    let text = text.into();
    if text.len() <= columns || text.width() <= columns {
        return text;
    }
    if columns == 0 {
        return SafeText::default();
    }
    let mut truncated = String::with_capacity(columns + 3);
    // Fast path: in an ASCII text every byte is a column, and every frame truncates many of them.
    if text.is_ascii() {
        truncated.push_str(text[..columns - 1].trim_end());
    } else {
        let mut used = 0;
        for grapheme in text.graphemes(true) {
            let grapheme_width = grapheme.width();
            if used + grapheme_width > columns - 1 {
                break;
            }
            truncated.push_str(grapheme);
            used += grapheme_width;
        }
        truncated.truncate(truncated.trim_end().len());
    }
    truncated.push('…');
    SafeText::from_safe_parts(truncated)
}

/// Truncates a text to a number of columns behind a word, and marks the cut with `…`: a number that is
/// cut is another number. Only a first word that does not fit is cut itself.
#[must_use]
pub fn truncate_at_space<'a>(text: impl Into<SafeText<'a>>, columns: usize) -> SafeText<'a> {
    let text = text.into();
    if text.width() <= columns {
        return text;
    }
    // A blank and the mark.
    let room = columns.saturating_sub(2);
    let first = wrap(text.borrowed(), room).into_iter().next().unwrap_or_default();
    match text.strip_prefix(first.as_str()) {
        Some(rest) if rest.starts_with(' ') => SafeText::from_safe_parts(format!("{first} …")),
        _ => truncate(text, columns),
    }
}

/// Truncates or pads a text to exactly a number of columns.
#[must_use]
pub fn pad<'a>(text: impl Into<SafeText<'a>>, columns: usize) -> SafeText<'a> {
    let text = truncate(text, columns);
    let missing = columns.saturating_sub(text.width());
    if missing == 0 {
        return text;
    }
    let mut padded = String::from(text);
    padded.extend(std::iter::repeat_n(' ', missing));
    SafeText::from_safe_parts(padded)
}

/// Splits a text into alternating runs of whitespace and of other characters.
///
/// Only whitespace separates: `22:37` and `a/b` are one run each.
fn split_runs(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let is_blank = rest.chars().next()?.is_whitespace();
        let end = rest.find(|c: char| c.is_whitespace() != is_blank).unwrap_or(rest.len());
        let (run, remainder) = rest.split_at(end);
        rest = remainder;
        Some(run)
    })
}

/// Splits a grapheme cluster into its characters if it is wider than a line of `columns`.
///
/// That happens on very narrow lines, for example when a sign precedes an emoji.
fn split_if_too_wide(grapheme: &str, columns: usize) -> impl Iterator<Item = &str> {
    let too_wide = grapheme.width() > columns;
    grapheme.split_inclusive(move |_: char| too_wide)
}

/// Wraps a text at spaces into lines of at most `columns`. Longer words are broken.
#[must_use]
pub fn wrap<'a>(text: impl Into<SafeText<'a>>, columns: usize) -> Vec<SafeText<'static>> {
    let text = text.into();
    let columns = columns.max(1);
    let mut lines = Vec::new();
    let mut line = String::new();
    let mut used = 0;
    for word in split_runs(&text) {
        let word_width = cells(word);
        if used + word_width <= columns {
            line.push_str(word);
            used += word_width;
            continue;
        }
        if word.trim().is_empty() {
            // The whitespace at which a line breaks is dropped; the next word begins the next line.
            if used > 0 {
                lines.push(std::mem::take(&mut line));
                used = 0;
            }
            continue;
        }
        if used > 0 {
            lines.push(std::mem::take(&mut line).trim_end().to_owned());
            used = 0;
        }
        for part in word.graphemes(true).flat_map(|grapheme| split_if_too_wide(grapheme, columns)) {
            let part_width = part.width();
            if used + part_width > columns && used > 0 {
                lines.push(std::mem::take(&mut line));
                used = 0;
            }
            line.push_str(part);
            used += part_width;
        }
    }
    if !line.trim().is_empty() || lines.is_empty() {
        lines.push(line.trim_end().to_owned());
    }
    lines.into_iter().map(SafeText::from).collect()
}
