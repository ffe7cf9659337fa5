//! Text from outside, made safe to show.
//!
//! Titles, notes and alert labels can contain anything. What reaches the terminal has no control
//! characters, nothing that reorders or hides text, and the width it is believed to have.

use std::borrow::Cow;

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Marks that may be stacked on one character; more only smear the screen.
const MAX_COMBINING_MARKS: usize = 2;

/// One line, safe to show: control characters are made visible, invisible ones dropped.
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
            CharClass::Show(other) => {
                safe.push(other);
                marks = 0;
            }
            CharClass::CombiningMark => {
                // A mark needs something to stand on.
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
        // The pictures of control characters: U+241B stands for ESC.
        0x00..=0x1f => CharClass::Show(char::from_u32(0x2400 + code).unwrap_or('\u{fffd}')),
        0x7f => CharClass::Show('\u{2421}'),
        // The one-byte CSI and its kin, line and paragraph separators, bidi overrides and isolates,
        // private-use characters that a font or a terminal may treat in its own way.
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
        // Odd spaces are shown as one.
        0xa0 | 0x1680 | 0x2000..=0x200a | 0x202f | 0x205f => CharClass::Show(' '),
        // Flags are pairs of letters that terminals join or not: the letters are shown.
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

/// The lines of a text, each safe to show; a tab becomes four spaces.
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

/// Columns that a safe text takes.
#[must_use]
pub fn width(text: &str) -> usize {
    text.width()
}

/// A safe text cut to a number of columns; `…` stands for what is cut off.
#[must_use]
pub fn truncate(text: &str, columns: usize) -> Cow<'_, str> {
    if text.len() <= columns || text.width() <= columns {
        return Cow::Borrowed(text);
    }
    if columns == 0 {
        return Cow::Borrowed("");
    }
    let mut kept = String::with_capacity(columns + 3);
    // Of most texts every byte is a column, and many are cut in every frame.
    if text.is_ascii() {
        kept.push_str(text[..columns - 1].trim_end());
        kept.push('…');
        return Cow::Owned(kept);
    }
    let mut used = 0;
    for piece in text.graphemes(true) {
        let wide = piece.width();
        if used + wide > columns - 1 {
            break;
        }
        kept.push_str(piece);
        used += wide;
    }
    kept.truncate(kept.trim_end().len());
    kept.push('…');
    Cow::Owned(kept)
}

/// A safe text cut or filled with spaces to exactly a number of columns.
#[must_use]
pub fn pad(text: &str, columns: usize) -> String {
    let mut fitted = truncate(text, columns).into_owned();
    let used = fitted.width();
    fitted.extend(std::iter::repeat_n(' ', columns.saturating_sub(used)));
    fitted
}

/// Runs of blanks and runs of anything else, in turn: `22:37` and `a/b` stay whole.
fn split_runs(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let blank = rest.chars().next()?.is_whitespace();
        let end = rest.find(|c: char| c.is_whitespace() != blank).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        rest = after;
        Some(word)
    })
}

/// What stands for one character to a person, or where it is wider than all there is, as with a sign
/// that goes before an emoji, each character by itself.
fn split_if_too_wide(whole: &str, columns: usize) -> impl Iterator<Item = &str> {
    let too_wide = whole.width() > columns;
    whole.split_inclusive(move |_: char| too_wide)
}

/// A safe text broken at spaces into lines of at most so many columns; longer words are broken.
#[must_use]
pub fn wrap(text: &str, columns: usize) -> Vec<String> {
    let columns = columns.max(1);
    let mut lines = Vec::new();
    let mut line = String::new();
    let mut used = 0;
    for word in split_runs(text) {
        let wide = word.width();
        if used + wide <= columns {
            line.push_str(word);
            used += wide;
            continue;
        }
        if word.trim().is_empty() {
            // The blanks at which a line ends are not shown, and what comes after them is on the next.
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
        for piece in word.graphemes(true).flat_map(|whole| split_if_too_wide(whole, columns)) {
            let wide = piece.width();
            if used + wide > columns && used > 0 {
                lines.push(std::mem::take(&mut line));
                used = 0;
            }
            line.push_str(piece);
            used += wide;
        }
    }
    if !line.trim().is_empty() || lines.is_empty() {
        lines.push(line.trim_end().to_owned());
    }
    lines
}
