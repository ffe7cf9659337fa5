//! Sanitizing, truncating, padding and wrapping of text for the terminal.
//!
//! Titles, notes and alert labels come from outside and can contain anything. Sanitized text has no
//! control characters and nothing that reorders or hides text, and its computed width is the width
//! that terminals give it.

use std::borrow::Cow;

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// How many combining marks one character may have; more of them smear over other lines.
const MAX_COMBINING_MARKS: usize = 2;

/// Sanitizes one line: control characters become visible, invisible characters are dropped.
#[must_use]
pub fn sanitize(text: &str) -> Cow<'_, str> {
    if text.bytes().all(|b| (0x20..0x7f).contains(&b)) {
        return Cow::Borrowed(text);
    }
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
    Cow::Owned(safe)
}

enum CharClass {
    Show(char),
    CombiningMark,
    Drop,
}

fn classify(ch: char) -> CharClass {
    let code = u32::from(ch);
    match code {
        0x20..=0x7e => CharClass::Show(ch),
        // Control pictures show control characters: U+241B stands for ESC.
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

/// Returns the lines of a text, each sanitized. A tab becomes four spaces.
pub fn lines(text: &str) -> impl Iterator<Item = Cow<'_, str>> {
    text.split('\n').map(|line| {
        let line = line.strip_suffix('\r').unwrap_or(line);
        if line.contains('\t') {
            Cow::Owned(sanitize(&line.replace('\t', "    ")).into_owned())
        } else {
            sanitize(line)
        }
    })
}

/// Returns the width of a sanitized text in terminal cells.
#[must_use]
pub fn width(text: &str) -> usize {
    text.width()
}

/// Truncates a sanitized text to a number of columns; `…` stands for the rest.
#[must_use]
pub fn truncate(text: &str, columns: usize) -> Cow<'_, str> {
    if text.len() <= columns || text.width() <= columns {
        return Cow::Borrowed(text);
    }
    if columns == 0 {
        return Cow::Borrowed("");
    }
    let mut truncated = String::with_capacity(columns + 3);
    // Fast path: in an ASCII text every byte is a column, and every frame truncates many of them.
    if text.is_ascii() {
        truncated.push_str(text[..columns - 1].trim_end());
        truncated.push('…');
        return Cow::Owned(truncated);
    }
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
    truncated.push('…');
    Cow::Owned(truncated)
}

/// Truncates or pads a sanitized text to exactly a number of columns.
#[must_use]
pub fn pad(text: &str, columns: usize) -> String {
    let mut padded = truncate(text, columns).into_owned();
    let used = padded.width();
    padded.extend(std::iter::repeat_n(' ', columns.saturating_sub(used)));
    padded
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

/// Wraps a sanitized text at spaces into lines of at most `columns`. Longer words are broken.
#[must_use]
pub fn wrap(text: &str, columns: usize) -> Vec<String> {
    let columns = columns.max(1);
    let mut lines = Vec::new();
    let mut line = String::new();
    let mut used = 0;
    for word in split_runs(text) {
        let word_width = word.width();
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
    lines
}
