//! Colours and glyphs.
//!
//! One accent for the focus, priority colours for priorities and nothing else, dim for what is
//! secondary. Without colours the same is said by text, bold and reverse.

use ratatui::buffer::Buffer;
use ratatui::style::{Color, Modifier, Style};
use ratatui::widgets::BorderType;
use unicode_width::UnicodeWidthStr;

use crate::model::Priority;

/// How many colours there are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Depth {
    /// None: only bold, dim and reverse.
    None,
    /// The 16 of every colour terminal.
    Basic,
    /// 256. More would only cost bytes.
    Indexed,
}

impl Depth {
    /// What this terminal has, unless colours aren't wanted.
    #[must_use]
    pub fn found(wanted: bool) -> Self {
        crossterm::style::force_color_output(wanted);
        if !wanted {
            Self::None
        } else if crossterm::style::available_color_count() >= 256 {
            Self::Indexed
        } else {
            Self::Basic
        }
    }
}

/// The looks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Theme {
    depth: Depth,
    ascii: bool,
}

impl Theme {
    /// A theme for so many colours, with ASCII only where that is all there is.
    #[must_use]
    pub const fn new(depth: Depth, ascii: bool) -> Self {
        Self { depth, ascii }
    }

    fn color(self, indexed: u8, basic: Color) -> Style {
        match self.depth {
            Depth::None => Style::new(),
            Depth::Basic => Style::new().fg(basic),
            Depth::Indexed => Style::new().fg(Color::Indexed(indexed)),
        }
    }

    /// What has the focus.
    #[must_use]
    pub fn accent(self) -> Style {
        match self.depth {
            Depth::None => Style::new().add_modifier(Modifier::BOLD),
            _ => self.color(80, Color::Cyan),
        }
    }

    /// What is secondary.
    #[must_use]
    pub fn dim(self) -> Style {
        match self.depth {
            Depth::None => Style::new(),
            _ => self.color(246, Color::DarkGray),
        }
    }

    /// Borders without focus.
    #[must_use]
    pub fn border(self) -> Style {
        match self.depth {
            Depth::None => Style::new().add_modifier(Modifier::DIM),
            _ => self.color(240, Color::DarkGray),
        }
    }

    /// Plain text, where something else was drawn before.
    #[must_use]
    pub fn text(self) -> Style {
        Style::new().fg(Color::Reset).remove_modifier(Modifier::DIM)
    }

    /// What must be read.
    #[must_use]
    pub fn strong(self) -> Style {
        Style::new().add_modifier(Modifier::BOLD)
    }

    /// Letters that match what was typed.
    #[must_use]
    pub fn matched(self) -> Style {
        self.accent().add_modifier(Modifier::BOLD | Modifier::UNDERLINED)
    }

    /// What is wrong: past, failing, refused.
    #[must_use]
    pub fn alarm(self) -> Style {
        Style::new().add_modifier(Modifier::REVERSED)
    }

    /// All is well.
    #[must_use]
    pub fn good(self) -> Style {
        self.color(114, Color::Green)
    }

    /// A priority.
    #[must_use]
    pub fn priority(self, priority: Priority) -> Style {
        let style = match priority {
            Priority::P1 => self.color(203, Color::LightRed),
            Priority::P2 => self.color(215, Color::LightYellow),
            Priority::P3 => self.color(186, Color::Yellow),
            Priority::P4 => self.color(110, Color::LightBlue),
        };
        if priority == Priority::P1 { style.add_modifier(Modifier::BOLD) } else { style }
    }

    /// The selected row; `focused` when keys go there.
    #[must_use]
    pub fn selection(self, focused: bool) -> Style {
        match self.depth {
            Depth::None if focused => Style::new().add_modifier(Modifier::REVERSED),
            Depth::None => Style::new().add_modifier(Modifier::BOLD),
            Depth::Basic if focused => Style::new().add_modifier(Modifier::BOLD),
            Depth::Basic => Style::new(),
            Depth::Indexed => Style::new().bg(Color::Indexed(if focused { 238 } else { 236 })),
        }
    }

    /// The border of what has the focus: of another kind where no colour tells.
    #[must_use]
    pub fn focus_border(self) -> BorderType {
        if self.depth == Depth::None { BorderType::Double } else { BorderType::Rounded }
    }

    /// A piece of the upper border.
    #[must_use]
    pub fn rule(self, focused: bool) -> &'static str {
        if focused && self.depth == Depth::None { "═" } else { "─" }
    }

    /// Replaces what ASCII has not, where ASCII is all there is. The last step of a frame.
    pub fn finish(self, buffer: &mut Buffer) {
        if !self.ascii {
            return;
        }
        let mut wide = 0;
        for cell in &mut buffer.content {
            // The second half of a replaced wide character.
            if wide > 0 {
                wide -= 1;
                cell.set_symbol(" ");
                continue;
            }
            let symbol = cell.symbol();
            if symbol.is_ascii() {
                continue;
            }
            wide = symbol.width().saturating_sub(1);
            let plain = plain(symbol);
            cell.set_symbol(plain);
        }
    }
}

/// What stands in ASCII for which symbols.
const PLAIN: [(&str, &str); 18] = [
    ("+", "╭╮╰╯┌┐└┘├┤"),
    ("-", "─–—−·"),
    ("#", "╔╗╚╝▰■█"),
    ("=", "═▄"),
    ("|", "│║‖"),
    (">", "▌▶▸›→≥"),
    ("<", "←≤‹"),
    ("*", "●▇"),
    ("o", "◦○"),
    (".", "▱▁"),
    (":", "▂"),
    ("-", "▃"),
    ("+", "▅▆"),
    ("^", "▲↑"),
    ("v", "▼▾↓"),
    ("~", "…"),
    ("x", "×✓"),
    ("!", "\u{fffd}"),
];

fn plain(symbol: &str) -> &'static str {
    let found = PLAIN.iter().find(|(_, symbols)| symbols.contains(symbol));
    found.map_or("?", |(plain, _)| plain)
}

/// Whether the locale writes UTF-8. Without any setting it is taken for granted.
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
