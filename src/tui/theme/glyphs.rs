//! Replacements of symbols, for terminals that can't show them or draw them in another width.

use ratatui::buffer::Buffer;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::model::text::fold;

use crate::tui::widgets::text::set_symbol;

/// Which symbols the terminal can show.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Symbols {
    /// All, each with the width that Unicode defines.
    #[default]
    All,
    /// Those of the Linux console: of symbols, the ones of code page 437.
    Console,
    /// All but those of ambiguous width, which this terminal draws two cells wide.
    Unambiguous,
    /// ASCII, and letters of all alphabets.
    AsciiAndLetters,
    /// ASCII alone.
    Ascii,
}

impl Symbols {
    /// Replaces the symbols that can't be shown.
    pub(super) fn replace(self, buffer: &mut Buffer) {
        if self == Self::All {
            return;
        }
        let mut wide = 0;
        for cell in &mut buffer.content {
            // The second half of a replaced wide character.
            if wide > 0 {
                wide -= 1;
                set_symbol(" ", cell);
                continue;
            }
            let symbol = cell.symbol();
            if symbol.is_ascii() || self.shows(symbol) {
                continue;
            }
            wide = symbol.width().saturating_sub(1);
            let replacement = match self {
                Self::Console => square(symbol).unwrap_or_else(|| plain(symbol)),
                _ => plain(symbol),
            };
            set_symbol(replacement, cell);
        }
    }

    fn shows(self, symbol: &str) -> bool {
        let is_letter = symbol.starts_with(char::is_alphanumeric);
        match self {
            Self::All => true,
            Self::Console => is_letter || CONSOLE_SYMBOLS.contains(symbol),
            Self::Unambiguous => {
                !symbol.chars().any(|ch| ch.width() != ch.width_cjk() || is_ambiguous_letter(ch))
            }
            Self::AsciiAndLetters => is_letter,
            Self::Ascii => false,
        }
    }
}

/// Whether a letter is of ambiguous width by Unicode (UAX #11). Terminals that draw such characters
/// wide do so with these letters too.
fn is_ambiguous_letter(ch: char) -> bool {
    const LATIN: &str = "ÆÐØÞßàáæèéêìíðòóøùúüþāđēěĦħīıĲĳĸĿŀŁłńňŉŊŋōŒœŦŧū";
    matches!(ch, 'Α'..='Ω' | 'α'..='ρ' | 'σ'..='ω' | 'А'..='я' | 'Ё' | 'ё') || LATIN.contains(ch)
}

/// Symbols of code page 437, which the fonts of the Linux console have.
const CONSOLE_SYMBOLS: &str = "─│┌┐└┘├┤┬┴┼═║╔╗╚╝█▓▒░▄▌▐▀■·°±≥≤÷≈•↑↓→←▲▼○";

/// Returns the symbol of the console that is nearest to another one.
fn square(symbol: &str) -> Option<&'static str> {
    Some(match symbol {
        "╭" => "┌",
        "╮" => "┐",
        "╰" => "└",
        "╯" => "┘",
        "‖" => "║",
        "▰" | "━" => "■",
        "▸" => "→",
        "▾" => "↓",
        "◦" => "○",
        "●" => "•",
        _ => return None,
    })
}

/// ASCII characters, each with the symbols that it replaces.
const ASCII_FALLBACKS: [(&str, &str); 24] = [
    ("\"", "“”„«»"),
    ("'", "‘’"),
    ("+", "╭╮╰╯┌┐└┘├┤┬┴┼"),
    ("-", "─–—−·"),
    ("#", "╔╗╚╝▰■█"),
    ("=", "═▄━"),
    ("|", "│║‖"),
    (">", "▌▶→≥▸"),
    ("<", "←≤"),
    ("{", "‹"),
    ("}", "›"),
    ("y", "✓"),
    ("*", "●▇•◆"),
    ("o", "◦○"),
    (".", "▱▁░"),
    (":", "▂▒"),
    (";", "▃"),
    ("+", "▅▆▓"),
    ("^", "▲↑"),
    ("v", "▼↓▾"),
    ("~", "…"),
    ("x", "×"),
    ("@", "↻"),
    ("!", "\u{fffd}"),
];

fn plain(symbol: &str) -> &'static str {
    let found = ASCII_FALLBACKS.iter().find(|(_, symbols)| symbols.contains(symbol));
    found.map(|(plain, _)| *plain).or_else(|| transliterate(symbol)).unwrap_or("?")
}

const CAPITALS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const SMALL: &str = "abcdefghijklmnopqrstuvwxyz0123456789";

/// Greek and Cyrillic letters, and the nearest Latin ones: a cell has room for one letter.
const OTHER_LETTERS: [(char, &str); 24] = [
    ('a', "αая"),
    ('b', "βб"),
    ('c', "цч"),
    ('d', "δд"),
    ('e', "εеэєё"),
    ('f', "φф"),
    ('g', "γгґ"),
    ('h', "χх"),
    ('i', "ιηиії"),
    ('j', "йј"),
    ('k', "κк"),
    ('l', "λл"),
    ('m', "μм"),
    ('n', "νн"),
    ('o', "οωо"),
    ('p', "πψп"),
    ('r', "ρр"),
    ('s', "σςсшщ"),
    ('t', "τθт"),
    ('u', "ую"),
    ('v', "в"),
    ('x', "ξ"),
    ('y', "υыў"),
    ('z', "ζзж"),
];

/// Returns the ASCII letter or digit that a character is a form of; `None` for other alphabets.
fn transliterate(symbol: &str) -> Option<&'static str> {
    let folded = fold(symbol).chars().next()?;
    let is_capital = symbol.starts_with(char::is_uppercase);
    let other = || OTHER_LETTERS.iter().find(|(_, letters)| letters.contains(folded));
    let latin = if folded.is_ascii() { folded } else { other()?.0 };
    let index = SMALL.find(latin)?;
    let letters = if is_capital && latin.is_ascii_lowercase() { CAPITALS } else { SMALL };
    letters.get(index..=index)
}

/// Whether the locale uses UTF-8; assumed if no variable is set.
#[must_use]
pub fn locale_is_utf8() -> bool {
    let set = ["LC_ALL", "LC_CTYPE", "LANG"]
        .iter()
        .filter_map(|name| std::env::var(name).ok())
        .find(|value| !value.is_empty());
    set.is_none_or(|value| {
        let value = value.to_ascii_lowercase();
        value.contains("utf-8") || value.contains("utf8")
    })
}

#[cfg(test)]
mod tests {
    use ratatui::layout::Rect;
    use ratatui::style::Style;

    use super::*;
    use crate::tui::widgets::text::draw_text;

    fn shown(symbols: Symbols, text: &str) -> String {
        let area = Rect::new(0, 0, u16::try_from(text.width()).expect("short"), 1);
        let mut buffer = Buffer::empty(area);
        draw_text(text, Style::new(), area, &mut buffer);
        symbols.replace(&mut buffer);
        buffer.content.iter().map(ratatui::buffer::Cell::symbol).collect()
    }

    #[test]
    fn symbols_are_replaced_as_far_as_the_terminal_needs_it() {
        let text = "╭─▌● Žofie José Борис Ηλίας 漢 …";
        for (symbols, expected) in [
            (Symbols::All, "╭─▌● Žofie José Борис Ηλίας 漢  …"),
            (Symbols::Console, "┌─▌• Žofie José Борис Ηλίας 漢  ~"),
            (Symbols::Unambiguous, "+->* Žofie Jose Boris Ilίaς 漢  ~"),
            (Symbols::AsciiAndLetters, "+->* Žofie José Борис Ηλίας 漢  ~"),
            (Symbols::Ascii, "+->* Zofie Jose Boris Ilias ?  ~"),
        ] {
            assert_eq!(shown(symbols, text), expected, "{symbols:?}");
        }
    }

    #[test]
    fn replaced_symbols_have_an_unambiguous_width() {
        for (ascii, symbols) in ASCII_FALLBACKS {
            assert!(ascii.is_ascii());
            for symbol in symbols.chars() {
                let symbol = symbol.to_string();
                assert_eq!(shown(Symbols::Ascii, &symbol), *ascii, "{symbol}");
            }
        }
    }
}
