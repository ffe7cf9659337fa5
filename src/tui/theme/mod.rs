//! Colours and glyphs.
//!
//! One accent for the focus, priority colours for priorities and nothing else, dim for what is
//! secondary. Without colours the same is said by text, bold, underline and reverse.

mod depth;
mod glyphs;
mod palette;

use ratatui::buffer::Buffer;
use ratatui::style::{Color, Modifier, Style};
use ratatui::widgets::BorderType;

use crate::model::Priority;

pub use crate::config::appearance::ThemeName as Name;
pub use depth::{Choice, Depth};
pub use glyphs::locale_is_utf8;

use depth::Shade;
use palette::Palette;

/// The looks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Theme {
    name: Name,
    depth: Depth,
    ascii: bool,
}

impl Theme {
    /// The dark theme for so many colours, with ASCII only where that is all there is.
    #[must_use]
    pub const fn new(depth: Depth, ascii: bool) -> Self {
        Self { name: Name::Dark, depth, ascii }
    }

    /// The same with the colours of another theme.
    #[must_use]
    pub const fn with_name(self, name: Name) -> Self {
        Self { name, ..self }
    }

    /// Which one it is.
    #[must_use]
    pub const fn name(self) -> Name {
        self.name
    }

    /// How many colours the terminal has.
    #[must_use]
    pub const fn depth(self) -> Depth {
        self.depth
    }

    /// The colours; `None` where there are none.
    fn palette(self) -> Option<&'static Palette> {
        if self.depth == Depth::None { None } else { self.name.palette() }
    }

    /// A text in the colour of a role; without colours, in another way.
    fn foreground(self, role: impl Fn(&Palette) -> Shade, without: Style) -> Style {
        self.palette().map_or(without, |palette| Style::new().fg(role(palette).color(self.depth)))
    }

    /// What has the focus.
    #[must_use]
    pub fn accent(self) -> Style {
        self.foreground(|palette| palette.accent, Style::new().add_modifier(Modifier::BOLD))
    }

    /// What is secondary.
    #[must_use]
    pub fn dim(self) -> Style {
        self.foreground(|palette| palette.dim, Style::new())
    }

    /// Borders without focus.
    #[must_use]
    pub fn border(self) -> Style {
        self.foreground(|palette| palette.border, Style::new().add_modifier(Modifier::DIM))
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

    /// What is wrong: past, failing, refused.
    #[must_use]
    pub fn alarm(self) -> Style {
        Style::new().add_modifier(Modifier::REVERSED)
    }

    /// What needs care and is not wrong yet: read-only, a setting that could not be used.
    #[must_use]
    pub fn warning(self) -> Style {
        self.foreground(|palette| palette.warning, Style::new()).add_modifier(Modifier::BOLD)
    }

    /// All is well.
    #[must_use]
    pub fn good(self) -> Style {
        self.foreground(|palette| palette.good, Style::new())
    }

    /// Letters that a search has matched.
    #[must_use]
    pub fn matched(self) -> Style {
        self.accent().add_modifier(Modifier::UNDERLINED)
    }

    /// A priority.
    #[must_use]
    pub fn priority(self, priority: Priority) -> Style {
        let style = self.foreground(|palette| palette.priority[priority.index()], Style::new());
        if priority == Priority::P1 { style.add_modifier(Modifier::BOLD) } else { style }
    }

    /// The selected row; `focused` when keys go there.
    #[must_use]
    pub fn selection(self, focused: bool) -> Style {
        let palette = self.palette();
        let behind = palette.and_then(|palette| palette.selection);
        match (behind, self.depth) {
            (Some(_), Depth::Basic) if focused => Style::new().add_modifier(Modifier::BOLD),
            (Some(_), Depth::Basic) => Style::new(),
            (Some([with, without]), _) => {
                let style =
                    Style::new().bg((if focused { with } else { without }).color(self.depth));
                palette.map_or(style, |palette| style.fg(palette.selected.color(self.depth)))
            }
            (None, _) if focused => Style::new().add_modifier(Modifier::REVERSED),
            (None, _) => Style::new().add_modifier(Modifier::BOLD),
        }
    }

    /// The border of what has the focus: of another kind where no colour tells.
    #[must_use]
    pub fn focus_border(self) -> BorderType {
        if self.palette().is_none() { BorderType::Double } else { BorderType::Rounded }
    }

    /// A piece of the upper border.
    #[must_use]
    pub fn rule(self, focused: bool) -> &'static str {
        if focused && self.palette().is_none() { "═" } else { "─" }
    }

    /// The last step of a frame: the theme's own ground where it has one, and what ASCII has not
    /// is replaced where ASCII is all there is.
    pub fn finish(self, buffer: &mut Buffer) {
        if let Some((text, ground)) = self.palette().and_then(|palette| palette.base_colors) {
            for cell in &mut buffer.content {
                // What is reversed is one bar of the strongest contrast.
                if cell.fg == Color::Reset || cell.modifier.contains(Modifier::REVERSED) {
                    cell.fg = text.color(self.depth);
                }
                if cell.bg == Color::Reset {
                    cell.bg = ground.color(self.depth);
                }
            }
        }
        if self.ascii {
            glyphs::to_ascii(buffer);
        }
    }
}
