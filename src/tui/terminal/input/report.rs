//! Answers of the terminal that the panes have requested themselves.

use crate::tui::theme::Background;

/// An answer to a request of the panes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Report {
    /// The terminal has drawn everything that was sent before the request (`CSI 0 n`).
    Ready,
    /// The row and column of the cursor, from 1.
    Cursor(u16, u16),
    /// The background of the terminal (OSC 11).
    Background(Background),
}

impl Report {
    /// Parses a complete control sequence or string, from `ESC` on, without the end of a string.
    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(bytes).ok()?.strip_prefix('\u{1b}')?;
        if text == "[0n" {
            return Some(Self::Ready);
        }
        if let Some(color) = text.strip_prefix("]11;") {
            return luminance(color).map(Background::from_luminance).map(Self::Background);
        }
        let (row, column) = text.strip_prefix('[')?.strip_suffix('R')?.split_once(';')?;
        Some(Self::Cursor(row.parse().ok()?, column.parse().ok()?))
    }
}

/// Returns how bright a colour is, from 0 to 1. Terminals write it as `rgb:RRRR/GGGG/BBBB` with one
/// to four digits for each part, as `rgba:` with a fourth part, or as `#RRGGBB`.
fn luminance(color: &str) -> Option<f64> {
    let prefixed = color.strip_prefix("rgb:").or_else(|| color.strip_prefix("rgba:"));
    let parts: Vec<&str> = if let Some(parts) = prefixed {
        parts.split('/').collect()
    } else {
        let digits = color.strip_prefix('#').filter(|digits| digits.is_ascii())?;
        let each = digits.len() / 3;
        (0..3).map(|part| digits.get(part * each..(part + 1) * each)).collect::<Option<_>>()?
    };
    let mut levels = parts.iter().map(|digits| {
        let most = 16_u32.checked_pow(u32::try_from(digits.len()).ok()?)?.checked_sub(1)?;
        let level = u32::from_str_radix(digits, 16).ok().filter(|_| most > 0)?;
        Some(f64::from(level) / f64::from(most))
    });
    let mut next = || levels.next().flatten();
    Some(0.2126 * next()? + 0.7152 * next()? + 0.0722 * next()?)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("\x1b[0n", Some(Report::Ready))]
    #[case("\x1b[2;3R", Some(Report::Cursor(2, 3)))]
    #[case("\x1b]11;rgb:1010/1212/1818", Some(Report::Background(Background::Dark)))]
    #[case("\x1b]11;rgb:ff/ff/ff", Some(Report::Background(Background::Light)))]
    #[case("\x1b]11;rgba:fdfd/f6f6/e3e3/ffff", Some(Report::Background(Background::Light)))]
    #[case("\x1b]11;#1e1e1e", Some(Report::Background(Background::Dark)))]
    #[case("\x1b]11;#eee", Some(Report::Background(Background::Light)))]
    #[case("\x1b]11;rgb:zz/zz/zz", None)]
    #[case("\x1b]11;rgb:///", None)]
    #[case("\x1b]11;#", None)]
    #[case("\x1b]11;#é", None)]
    #[case("\x1b]10;rgb:ff/ff/ff", None)]
    #[case("\x1b[3n", None)]
    #[case("\x1b[999999;1R", None)]
    fn answers_are_parsed(#[case] bytes: &str, #[case] report: Option<Report>) {
        assert_eq!(Report::parse(bytes.as_bytes()), report);
    }
}
