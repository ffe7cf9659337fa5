//! ASCII replacements of symbols, for terminals that show nothing else.

use ratatui::buffer::Buffer;
use unicode_width::UnicodeWidthStr;

use crate::tui::widgets::text::set_symbol;

/// Replaces all symbols that are not ASCII.
pub(super) fn to_ascii(buffer: &mut Buffer) {
    let mut wide = 0;
    for cell in &mut buffer.content {
        // The second half of a replaced wide character.
        if wide > 0 {
            wide -= 1;
            set_symbol(" ", cell);
            continue;
        }
        let symbol = cell.symbol();
        if symbol.is_ascii() {
            continue;
        }
        wide = symbol.width().saturating_sub(1);
        set_symbol(plain(symbol), cell);
    }
}

/// ASCII characters, each with the symbols that it replaces.
const ASCII_FALLBACKS: [(&str, &str); 18] = [
    ("+", "╭╮╰╯┌┐└┘├┤"),
    ("-", "─–—−·"),
    ("#", "╔╗╚╝▰■█"),
    ("=", "═▄"),
    ("|", "│║‖"),
    (">", "▌▶→≥"),
    ("<", "←≤"),
    ("*", "●▇•"),
    ("o", "◦○"),
    (".", "▱▁"),
    (":", "▂"),
    ("-", "▃"),
    ("+", "▅▆"),
    ("^", "▲↑"),
    ("v", "▼↓"),
    ("~", "…"),
    ("x", "×"),
    ("!", "\u{fffd}"),
];

fn plain(symbol: &str) -> &'static str {
    let found = ASCII_FALLBACKS.iter().find(|(_, symbols)| symbols.contains(symbol));
    found.map_or("?", |(plain, _)| plain)
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
