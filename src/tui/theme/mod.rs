//! Themes: the colours and glyphs of the interface.
//!
//! One accent colour marks the focus, priority colours are used for priorities only, and secondary
//! text is dim. Without colours the same is expressed by text, bold, underline and reverse.

mod background;
mod band;
mod depth;
mod glyphs;
mod palette;

use ratatui::buffer::Buffer;
use ratatui::style::{Color, Modifier, Style};
use ratatui::widgets::BorderType;

use crate::config::colors::OwnColors;
use crate::model::Priority;
use crate::model::text::width;

pub use crate::config::appearance::ThemeName as Name;
pub use background::Background;
pub use depth::{Choice, Depth};
pub use glyphs::{Symbols, locale_is_utf8};

use depth::Shade;
use palette::Palette;

/// The active theme, for the terminal's colour depth.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Theme {
    name: Name,
    depth: Depth,
    symbols: Symbols,
    background: Background,
    /// The colours of the theme `own`, if there are any.
    own: Option<Palette>,
    /// Whether colours that only please are left out, because each costs bytes.
    saves_bytes: bool,
}

impl Theme {
    /// Creates the dark theme for a colour depth; `ascii` replaces all other symbols.
    #[must_use]
    pub const fn new(depth: Depth, ascii: bool) -> Self {
        let symbols = if ascii { Symbols::Ascii } else { Symbols::All };
        Self {
            name: Name::Auto,
            depth,
            symbols,
            background: Background::Dark,
            own: None,
            saves_bytes: false,
        }
    }

    /// Sets which symbols the terminal can show.
    #[must_use]
    pub const fn with_symbols(self, symbols: Symbols) -> Self {
        Self { symbols, ..self }
    }

    /// Replaces symbols that this terminal draws two cells wide.
    #[must_use]
    pub const fn with_wide_ambiguous(self) -> Self {
        match self.symbols {
            Symbols::All | Symbols::Console => self.with_symbols(Symbols::Unambiguous),
            _ => self,
        }
    }

    /// Sets the background that the colours are for, unless the theme's name defines it.
    #[must_use]
    pub const fn with_background(self, background: Background) -> Self {
        Self { background, ..self }
    }

    /// Sets whether only meaningful elements have a colour, one of the 16: each other one costs
    /// bytes.
    #[must_use]
    pub const fn saving_bytes(self, saves_bytes: bool) -> Self {
        Self { saves_bytes, ..self }
    }

    /// Sets the colours of the theme `own`.
    #[must_use]
    pub fn with_own(self, own: Option<&OwnColors>) -> Self {
        Self { own: own.map(|own| palette::own(own, self.background)), ..self }
    }

    /// Returns whether there are colours of the theme `own`.
    #[must_use]
    pub const fn has_own(self) -> bool {
        self.own.is_some()
    }

    /// Changes the colours to those of another theme.
    #[must_use]
    pub const fn with_name(self, name: Name) -> Self {
        Self { name, ..self }
    }

    /// Returns whether the terminal can show all symbols, such as braille.
    #[must_use]
    pub fn has_all_symbols(self) -> bool {
        self.symbols == Symbols::All
    }

    /// Returns the name of the theme.
    #[must_use]
    pub const fn name(self) -> Name {
        self.name
    }

    /// Returns the colour depth of the terminal.
    #[must_use]
    pub const fn depth(self) -> Depth {
        self.depth
    }

    /// Returns the colours; `None` if the theme or the terminal has none.
    fn palette(self) -> Option<Palette> {
        match (self.depth, self.name) {
            (Depth::None, _) => None,
            (_, Name::Own) if self.own.is_some() => self.own,
            (_, name) => palette::find(name, self.background).copied(),
        }
    }

    /// Returns the style for text of a role; `without` is used if there are no colours.
    fn foreground(self, role: impl Fn(&Palette) -> Shade, without: Style) -> Style {
        let depth = if self.saves_bytes { self.depth.min(Depth::Basic) } else { self.depth };
        self.palette().map_or(without, |palette| Style::new().fg(role(&palette).color(depth)))
    }

    /// Returns the style of the focused element.
    #[must_use]
    pub fn accent(self) -> Style {
        self.foreground(|palette| palette.accent, Style::new().add_modifier(Modifier::BOLD))
    }

    /// Returns the style for secondary text.
    #[must_use]
    pub fn dim(self) -> Style {
        if self.saves_bytes {
            return Style::new();
        }
        self.foreground(|palette| palette.dim, Style::new())
    }

    /// Returns the style for borders without focus.
    #[must_use]
    pub fn border(self) -> Style {
        if self.saves_bytes {
            return Style::new();
        }
        self.foreground(|palette| palette.border, Style::new().add_modifier(Modifier::DIM))
    }

    /// Returns the style for plain text that is drawn over something else.
    #[must_use]
    pub fn text(self) -> Style {
        Style::new().fg(Color::Reset).remove_modifier(Modifier::DIM)
    }

    /// Returns the style for important text.
    #[must_use]
    pub fn strong(self) -> Style {
        Style::new().add_modifier(Modifier::BOLD)
    }

    /// Returns the style for faults: a missed service level, a failure, a refused command.
    #[must_use]
    pub fn alarm(self) -> Style {
        Style::new().add_modifier(Modifier::REVERSED)
    }

    /// Returns the style for warnings, such as read-only mode or a setting that could not be used.
    #[must_use]
    pub fn warning(self) -> Style {
        self.foreground(|palette| palette.warning, Style::new()).add_modifier(Modifier::BOLD)
    }

    /// Returns the style for a good state.
    #[must_use]
    pub fn good(self) -> Style {
        self.foreground(|palette| palette.good, Style::new())
    }

    /// Returns the style for letters that a search has matched.
    #[must_use]
    pub fn matched(self) -> Style {
        self.accent().add_modifier(Modifier::UNDERLINED)
    }

    /// Returns the style for a priority.
    #[must_use]
    pub fn priority(self, priority: Priority) -> Style {
        let style = self.foreground(|palette| palette.priority[priority.index()], Style::new());
        if priority == Priority::P1 { style.add_modifier(Modifier::BOLD) } else { style }
    }

    /// Returns the style of an incident that must not be overlooked: an unacknowledged one of that
    /// priority.
    #[must_use]
    pub fn urgent(self, priority: Priority) -> Style {
        self.priority(priority).add_modifier(Modifier::BOLD | Modifier::REVERSED)
    }

    /// Returns the style for the texts of a row that must not be overlooked. Without colours they
    /// are underlined.
    #[must_use]
    pub fn urgent_text(self, priority: Priority) -> Style {
        let without =
            if self.palette().is_none() { Modifier::UNDERLINED } else { Modifier::empty() };
        self.priority(priority).add_modifier(Modifier::BOLD | without)
    }

    /// Returns the style for a clock in its last quarter.
    #[must_use]
    pub fn near(self) -> Style {
        let without = Style::new().add_modifier(Modifier::UNDERLINED);
        self.foreground(|palette| palette.near, without).add_modifier(Modifier::BOLD)
    }

    /// Returns the style for a clock that is past its level.
    #[must_use]
    pub fn past(self) -> Style {
        let without = Style::new().add_modifier(Modifier::REVERSED);
        self.foreground(|palette| palette.past, without).add_modifier(Modifier::BOLD)
    }

    /// Returns the style for the selected row; `focused` if its pane has the focus.
    #[must_use]
    pub fn selection(self, focused: bool) -> Style {
        let palette = self.palette();
        let backgrounds = palette.and_then(|palette| palette.selection);
        match (backgrounds, self.depth) {
            (Some(_), Depth::Basic) | (None, _) if focused => {
                Style::new().add_modifier(Modifier::REVERSED)
            }
            (Some(_), Depth::Basic) => Style::new(),
            (Some([with, without]), _) => {
                let style =
                    Style::new().bg((if focused { with } else { without }).color(self.depth));
                palette.map_or(style, |palette| style.fg(palette.selected.color(self.depth)))
            }
            (None, _) => Style::new().add_modifier(Modifier::BOLD),
        }
    }

    /// Returns the border type of the focused pane: a different one if no colour shows the focus.
    #[must_use]
    pub fn focus_border(self) -> BorderType {
        if self.palette().is_none() { BorderType::Double } else { BorderType::Rounded }
    }

    /// Returns the symbol of the upper border.
    #[must_use]
    pub fn rule(self, focused: bool) -> &'static str {
        if focused && self.palette().is_none() { "═" } else { "─" }
    }

    /// Finishes a frame: applies the theme's own background if it has one, and replaces symbols
    /// where only ASCII can be shown.
    pub fn finish(self, buffer: &mut Buffer) {
        if let Some((text, ground)) = self.palette().and_then(|palette| palette.base_colors) {
            for cell in &mut buffer.content {
                // Reversed cells form one bar of the strongest contrast.
                if cell.fg == Color::Reset || cell.modifier.contains(Modifier::REVERSED) {
                    cell.fg = text.color(self.depth);
                }
                if cell.bg == Color::Reset {
                    cell.bg = ground.color(self.depth);
                }
            }
        }
        self.symbols.replace(buffer);
        style_covered_cells(buffer);
    }
}

/// Gives the second cell of each wide character the style of the first one, as terminals do: a cell
/// that the character does not cover any more in the next frame then counts as changed if it looks
/// different.
fn style_covered_cells(buffer: &mut Buffer) {
    for index in 1..buffer.content.len() {
        let (before, rest) = buffer.content.split_at_mut(index);
        let (Some(first), Some(second)) = (before.last(), rest.first_mut()) else { continue };
        // ASCII is never wide, and most cells have it.
        if first.symbol().len() > 1 && width(first.symbol()) > 1 {
            (second.fg, second.bg, second.modifier) = (first.fg, first.bg, first.modifier);
        }
    }
}

#[cfg(test)]
mod tests {
    use ratatui::layout::Rect;

    use super::*;

    #[test]
    #[allow(clippy::disallowed_methods, reason = "no text comes from outside")]
    fn covered_cell_has_the_style_of_its_wide_character() {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 4, 1));
        buffer.set_string(0, 0, "a決b", Style::new().bg(Color::Blue).fg(Color::Red));
        // As drawing does with a cell that it does not write itself.
        buffer.content[2].reset();
        style_covered_cells(&mut buffer);
        let styles: Vec<_> = buffer.content.iter().map(|cell| (cell.fg, cell.bg)).collect();
        assert_eq!(styles, [(Color::Red, Color::Blue); 4]);
    }
}
