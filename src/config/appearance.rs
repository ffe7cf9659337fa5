//! Appearance of the panes: the words that a settings file may choose from.

use super::colors::OwnColors;
pub use super::colors::ThemeName;
use crate::model::status::text_enum;

text_enum! {
    /// The number of colours that are used.
    DepthChoice, "colour depth" {
        /// As many colours as the terminal reports.
        Auto = "auto",
        /// 16 million colours, with 24 bits for each.
        True = "24bit" | "truecolor",
        /// The 256 colours of the xterm palette.
        Indexed = "256",
        /// The 16 colours that every colour terminal has.
        Basic = "16",
        /// No colours at all.
        None = "none" | "never",
    }
}

text_enum! {
    /// In which time zone times are shown.
    Zone, "time zone choice" {
        /// The time zone of the viewer.
        Viewer = "viewer" | "local",
        /// Coordinated universal time (UTC).
        Utc = "utc",
        /// Both, if there is room.
        Both = "both",
    }
}

impl Zone {
    /// Returns the choice after this one; after the last, the first.
    #[must_use]
    pub const fn next(self) -> Self {
        match self {
            Self::Viewer => Self::Utc,
            Self::Utc => Self::Both,
            Self::Both => Self::Viewer,
        }
    }
}

/// Appearance of the panes.
#[allow(clippy::struct_excessive_bools, reason = "each is a setting of its own")]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Appearance {
    /// The colour theme.
    pub theme: ThemeName,
    /// How many colours are used.
    pub depth: DepthChoice,
    /// In which time zone times are shown.
    pub zone: Zone,
    /// Whether to send as few bytes as possible: no seconds, nothing animated, fewer frames.
    pub low_bandwidth: bool,
    /// Whether to put marks around each frame, so that the terminal draws it in one step. They are
    /// always left out if the terminal is known not to support them.
    pub synchronized: bool,
    /// Whether the mouse scrolls and selects, instead of marking text.
    pub mouse: bool,
    /// Whether the title of the terminal's window contains the numbers of open P1 and P2.
    pub title: bool,
    /// The colours of the theme `own`.
    pub own: Option<OwnColors>,
}

impl Default for Appearance {
    fn default() -> Self {
        Self {
            theme: ThemeName::Auto,
            depth: DepthChoice::Auto,
            zone: Zone::Viewer,
            low_bandwidth: false,
            synchronized: true,
            mouse: false,
            title: true,
            own: None,
        }
    }
}
