//! The backgrounds of bars that belong to people: on a calendar, one for each person.

use ratatui::style::{Color, Modifier, Style};

use super::{Depth, Name, Theme};

/// Indexed colours that text of a light colour can be read on, and that are none of a priority.
const ON_DARK: [u8; 5] = [24, 60, 53, 22, 58];
/// Indexed colours that text of a dark colour can be read on.
const ON_LIGHT: [u8; 5] = [153, 223, 225, 194, 189];

impl Theme {
    /// Returns the style of the bar of the person with an index among those of a list. With few
    /// colours bars are distinguished by their text alone.
    #[must_use]
    pub fn band(self, index: usize) -> Style {
        let (bands, text) =
            if self.name() == Name::Light { (ON_LIGHT, 234) } else { (ON_DARK, 255) };
        if self.palette().is_none() || matches!(self.depth(), Depth::None | Depth::Basic) {
            return Style::new().add_modifier(Modifier::UNDERLINED);
        }
        let background = Color::Indexed(bands[index % bands.len()]);
        Style::new().bg(background).fg(Color::Indexed(text))
    }

    /// Returns the style of a bar without a person.
    #[must_use]
    pub fn gap(self) -> Style {
        self.past().add_modifier(Modifier::REVERSED)
    }
}
