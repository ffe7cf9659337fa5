//! Colour depth: how many colours the terminal can show.

use ratatui::style::Color;

pub use crate::config::appearance::DepthChoice as Choice;

/// How many colours the terminal can show.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Depth {
    /// None: only bold, dim, underline and reverse.
    None,
    /// The 16 colours of every colour terminal.
    Basic,
    /// The 256 indexed colours.
    Indexed,
    /// 24 bits for each colour.
    True,
}

/// Terminals that draw 24-bit colours, recognized by their name because a login on another machine
/// drops `COLORTERM`.
const TRUE_COLOR_TERMS: [&str; 8] =
    ["direct", "kitty", "alacritty", "foot", "ghostty", "wezterm", "contour", "rio"];

/// Terminals without colours, by the start of their names.
const MONOCHROME_TERMS: [&str; 4] = ["dumb", "vt1", "vt2", "vt3"];

impl Depth {
    /// Returns the chosen depth, or detects the terminal's from the environment.
    #[must_use]
    pub fn detect(choice: Choice, var: &dyn Fn(&str) -> Option<String>) -> Self {
        match choice {
            Choice::True => Self::True,
            Choice::Indexed => Self::Indexed,
            Choice::Basic => Self::Basic,
            Choice::None => Self::None,
            Choice::Auto => {
                Self::from_environment(&|name| var(name).filter(|value| !value.is_empty()))
            }
        }
    }

    fn from_environment(var: &dyn Fn(&str) -> Option<String>) -> Self {
        let term = var("TERM").unwrap_or_default().to_ascii_lowercase();
        if var("NO_COLOR").is_some() || MONOCHROME_TERMS.iter().any(|name| term.starts_with(name)) {
            return Self::None;
        }
        let colors = var("COLORTERM").unwrap_or_default().to_ascii_lowercase();
        let full = ["truecolor", "24bit"].contains(&colors.as_str())
            || TRUE_COLOR_TERMS.iter().any(|name| term.contains(name));
        // GNU screen passes COLORTERM on to programs, but no 24-bit colours to the terminal.
        let screen = term.starts_with("screen") && var("TMUX").is_none();
        match (full, screen) {
            (true, false) => Self::True,
            (true, true) => Self::Indexed,
            _ if term.contains("256") => Self::Indexed,
            _ => Self::Basic,
        }
    }
}

/// A colour, and its replacements at lower colour depths.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Shade {
    /// Red, green and blue.
    pub rgb: (u8, u8, u8),
    /// Its number among the 256 indexed colours.
    pub indexed: u8,
    /// Its replacement among the 16 colours.
    pub basic: Color,
}

impl Shade {
    /// Returns the colour at a depth. If the 256 colours contain exactly the same one, its number
    /// is used at 24 bits too: it takes half the bytes.
    pub(super) fn color(self, depth: Depth) -> Color {
        match depth {
            Depth::None => Color::Reset,
            Depth::Basic => self.basic,
            Depth::True if xterm_rgb(self.indexed) != Some(self.rgb) => {
                let (red, green, blue) = self.rgb;
                Color::Rgb(red, green, blue)
            }
            Depth::Indexed | Depth::True => Color::Indexed(self.indexed),
        }
    }
}

/// Returns an indexed colour by xterm's table, where it can be relied on: people change the first
/// 16 colours, and some palettes the next 6.
pub(super) fn xterm_rgb(index: u8) -> Option<(u8, u8, u8)> {
    const STEPS: [u8; 6] = [0, 95, 135, 175, 215, 255];
    match index {
        0..22 => None,
        22..232 => {
            let cube = usize::from(index - 16);
            Some((STEPS[cube / 36], STEPS[cube / 6 % 6], STEPS[cube % 6]))
        }
        232.. => {
            let grey = 8 + 10 * (index - 232);
            Some((grey, grey, grey))
        }
    }
}

/// Returns the number of the indexed colour that is nearest to a colour.
pub(super) fn nearest_indexed((red, green, blue): (u8, u8, u8)) -> u8 {
    let distance = |index: &u8| {
        let (r, g, b) = xterm_rgb(*index).unwrap_or_default();
        [(r, red), (g, green), (b, blue)]
            .map(|(one, other)| u32::from(one.abs_diff(other)).pow(2))
            .iter()
            .sum::<u32>()
    };
    (22..=u8::MAX).min_by_key(distance).unwrap_or(231)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::said(&[("TERM", "xterm-256color"), ("COLORTERM", "truecolor")], Depth::True)]
    #[case::said_otherwise(&[("TERM", "xterm"), ("COLORTERM", "24bit")], Depth::True)]
    #[case::by_name(&[("TERM", "xterm-kitty")], Depth::True)]
    #[case::by_name(&[("TERM", "xterm-direct")], Depth::True)]
    #[case::by_name(&[("TERM", "alacritty")], Depth::True)]
    #[case::number(&[("TERM", "xterm-256color")], Depth::Indexed)]
    #[case::in_tmux(&[("TERM", "tmux-256color"), ("TMUX", "/tmp/t,1,0")], Depth::Indexed)]
    #[case::in_tmux(
        &[("TERM", "screen-256color"), ("TMUX", "/tmp/t,1,0"), ("COLORTERM", "truecolor")],
        Depth::True
    )]
    #[case::in_screen(&[("TERM", "screen"), ("COLORTERM", "truecolor")], Depth::Indexed)]
    #[case::console(&[("TERM", "linux")], Depth::Basic)]
    #[case::unknown(&[("TERM", "xterm")], Depth::Basic)]
    #[case::nothing_said(&[], Depth::Basic)]
    #[case::old(&[("TERM", "vt220")], Depth::None)]
    #[case::unwanted(&[("TERM", "xterm-256color"), ("NO_COLOR", "1")], Depth::None)]
    #[case::empty_is_unset(&[("TERM", "xterm-256color"), ("NO_COLOR", "")], Depth::Indexed)]
    fn color_depth_is_detected_from_the_environment(
        #[case] env: &[(&str, &str)],
        #[case] depth: Depth,
    ) {
        let var = |name: &str| {
            env.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
        };
        assert_eq!(Depth::detect(Choice::Auto, &var), depth);
        assert_eq!(Depth::detect(Choice::Indexed, &var), Depth::Indexed, "a choice wins");
    }

    #[test]
    fn exact_indexed_colour_is_sent_as_its_number() {
        let exact = Shade { rgb: (95, 215, 215), indexed: 80, basic: Color::Cyan };
        assert_eq!(exact.color(Depth::True), Color::Indexed(80));
        let other = Shade { rgb: (86, 180, 233), indexed: 74, basic: Color::Cyan };
        assert_eq!(other.color(Depth::True), Color::Rgb(86, 180, 233));
        assert_eq!(other.color(Depth::Indexed), Color::Indexed(74));
        assert_eq!(other.color(Depth::Basic), Color::Cyan);
        assert_eq!(other.color(Depth::None), Color::Reset);
    }
}
