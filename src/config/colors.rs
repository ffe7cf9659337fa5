//! The colours of the panes: themes, user-defined colours, and checks of their contrast.

use std::fmt;
use std::str::FromStr;

use crate::model::status::text_enum;

text_enum! {
    /// The colours of the panes.
    ThemeName, "theme" {
        /// Colours for the terminal's background: dark or light.
        Auto = "auto",
        /// Colours for terminals with a dark background.
        Dark = "dark",
        /// Colours for terminals with a light background.
        Light = "light",
        /// Colours with the strongest contrasts.
        Contrast = "contrast" | "high contrast",
        /// Distinguishable also for people who can't distinguish red from green.
        Colorblind = "colorblind" | "colourblind" | "color blind",
        /// The same for terminals with a light background.
        ColorblindLight = "colorblind-light" | "colorblind light" | "colourblind light",
        /// The colours of the settings file, under `[looks.own]`.
        Own = "own",
        /// No colours: bold, dim and reverse alone.
        None = "none",
    }
}

text_enum! {
    /// The use of a colour of the panes.
    ColorRole, "colour" {
        /// The focused element.
        Accent = "accent",
        /// Text of secondary importance.
        Dim = "dim",
        /// Borders without the focus.
        Border = "border",
        /// A state that is good.
        Good = "good",
        /// A state that needs attention.
        Warning = "warning",
        /// A clock in its last quarter.
        Near = "near",
        /// A clock that is past its level.
        Past = "past",
        /// Incidents of priority P1.
        P1 = "p1",
        /// Incidents of priority P2.
        P2 = "p2",
        /// Incidents of priority P3.
        P3 = "p3",
        /// Incidents of priority P4.
        P4 = "p4",
        /// The background of the selected row.
        Selection = "selection",
        /// Text on the selected row.
        Selected = "selected",
        /// The background, instead of the terminal's.
        Background = "background",
        /// Plain text on that background.
        Text = "text",
    }
}

impl ThemeName {
    /// Returns the theme after this one; after the last, the first.
    #[must_use]
    pub fn next(self) -> Self {
        let index = Self::ALL.iter().position(|name| *name == self).unwrap_or(0);
        Self::ALL[(index + 1) % Self::ALL.len()]
    }
}

/// Red, green and blue.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rgb(pub u8, pub u8, pub u8);

/// The text is no colour.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("is no colour: write one as #rrggbb, such as #5fd7d7")]
pub struct NoColor;

impl FromStr for Rgb {
    type Err = NoColor;

    /// Parses `#rrggbb`.
    fn from_str(text: &str) -> Result<Self, NoColor> {
        let digits = text.strip_prefix('#').filter(|digits| digits.len() == 6).ok_or(NoColor)?;
        if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(NoColor);
        }
        let number = u32::from_str_radix(digits, 16).map_err(|_| NoColor)?;
        let [_, red, green, blue] = number.to_be_bytes();
        Ok(Self(red, green, blue))
    }
}

impl fmt::Display for Rgb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{:02x}{:02x}{:02x}", self.0, self.1, self.2)
    }
}

/// The colours of a user-defined theme.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct OwnColors {
    /// The theme that has the colours which are not chosen.
    pub base: ThemeName,
    chosen: [Option<Rgb>; ColorRole::ALL.len()],
}

/// The least contrast at which text can be read, by WCAG 2.2 (1.4.3).
const MIN_CONTRAST: f64 = 4.5;

impl OwnColors {
    /// Creates a theme without changes to the one that it is based on.
    #[must_use]
    pub const fn new(base: ThemeName) -> Self {
        Self { base, chosen: [None; ColorRole::ALL.len()] }
    }

    /// Returns the colour that was chosen for a role.
    #[must_use]
    pub const fn color(&self, role: ColorRole) -> Option<Rgb> {
        self.chosen[role as usize]
    }

    /// Chooses the colour of a role.
    pub const fn choose(&mut self, role: ColorRole, color: Rgb) {
        self.chosen[role as usize] = Some(color);
    }

    /// Returns why a chosen colour is hard to read, as a part of a sentence that begins with its
    /// name.
    #[must_use]
    pub fn contrast_problem(&self, role: ColorRole) -> Option<String> {
        let color = self.color(role)?;
        let grounds = match role {
            ColorRole::Border | ColorRole::Selection | ColorRole::Background => return None,
            ColorRole::Selected => self.color(ColorRole::Selection).into_iter().collect(),
            _ => self.grounds(),
        };
        let ratio = |ground: &Rgb| contrast_ratio(color, *ground);
        let worst = grounds.into_iter().min_by(|one, other| ratio(one).total_cmp(&ratio(other)))?;
        let found = ratio(&worst);
        (found < MIN_CONTRAST).then(|| {
            // Rounded down, so that an insufficient contrast never looks sufficient.
            let found = (found * 10.0).floor() / 10.0;
            format!(
                "is {color} and has a contrast of {found:.1}:1 on {worst}: text is readable from {MIN_CONTRAST}:1 on"
            )
        })
    }

    /// Returns the possible backgrounds of text: that of the theme, or usual ones of terminals.
    fn grounds(&self) -> Vec<Rgb> {
        let mut grounds = match (self.color(ColorRole::Background), self.base) {
            (Some(ground), _) => vec![ground],
            (None, ThemeName::Light | ThemeName::ColorblindLight) => {
                vec![Rgb(0xff, 0xff, 0xff), Rgb(0xee, 0xee, 0xee)]
            }
            (None, ThemeName::Auto | ThemeName::Colorblind) => Vec::new(),
            (None, _) => vec![Rgb(0, 0, 0), Rgb(0x28, 0x28, 0x28)],
        };
        grounds.extend(self.color(ColorRole::Selection));
        grounds
    }
}

/// Returns the contrast ratio of two colours as WCAG 2.2 defines it
/// (<https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio>), from 1 to 21.
#[must_use]
pub fn contrast_ratio(one: Rgb, other: Rgb) -> f64 {
    let linear = |channel: u8| {
        let value = f64::from(channel) / 255.0;
        if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
    };
    let luminance = |Rgb(red, green, blue): Rgb| {
        0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue)
    };
    let (one, other) = (luminance(one), luminance(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_parsed_and_printed() {
        assert_eq!("#5fD7d7".parse(), Ok(Rgb(0x5f, 0xd7, 0xd7)));
        assert_eq!(Rgb(0, 9, 255).to_string(), "#0009ff");
        for wrong in ["", "#", "5fd7d7", "#5fd", "#5fd7d7d7", "#+fd7d7", "#5fd7é7", "red"] {
            assert_eq!(wrong.parse::<Rgb>(), Err(NoColor), "{wrong}");
        }
    }

    #[test]
    fn each_role_has_its_own_colour() {
        let mut own = OwnColors::new(ThemeName::Dark);
        for (number, role) in (0..).zip(ColorRole::ALL) {
            own.choose(*role, Rgb(number, 0, 0));
        }
        for (number, role) in (0..).zip(ColorRole::ALL) {
            assert_eq!(own.color(*role), Some(Rgb(number, 0, 0)), "{role}");
        }
    }

    #[test]
    fn little_contrast_is_named_with_its_ratio() {
        let problem = |base, chosen: &[(ColorRole, &str)], role| {
            let mut own = OwnColors::new(base);
            for (role, color) in chosen {
                own.choose(*role, color.parse().expect("a colour"));
            }
            own.contrast_problem(role)
        };
        let dim = ColorRole::Dim;
        let found = problem(ThemeName::Dark, &[(dim, "#555555")], dim).expect("too dark");
        assert!(found.contains("#555555") && found.contains(":1 on #282828"), "{found}");
        assert_eq!(problem(ThemeName::Dark, &[(dim, "#9e9e9e")], dim), None);
        assert!(problem(ThemeName::Light, &[(dim, "#9e9e9e")], dim).is_some());
        let own_ground = [(dim, "#555555"), (ColorRole::Background, "#ffffff")];
        assert_eq!(problem(ThemeName::Dark, &own_ground, dim), None);
        // A border is no text.
        let border = ColorRole::Border;
        assert_eq!(problem(ThemeName::Dark, &[(border, "#111111")], border), None);
    }
}
