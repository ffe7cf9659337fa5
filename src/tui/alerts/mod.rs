//! The alerts of one incident: the screen that lists them, and moving some of them to another incident.

pub mod logic;
pub mod moving;
pub mod update;

use ratatui::style::Style;

use crate::model::alert::Alert;

use crate::tui::screens::{ListScreen, ScreenKind, Screens};
use crate::tui::theme::Theme;

/// Returns the style in which the state of an alert is shown.
pub(in crate::tui) fn state_style(theme: Theme, alert: &Alert) -> Style {
    if alert.is_firing() { theme.near() } else { theme.dim() }
}

/// Returns the screen of alerts, if it is visible.
pub(in crate::tui) fn shown_list(screens: &Screens) -> Option<&ListScreen> {
    screens.shown().filter(|screen| screen.kind == ScreenKind::Alerts)
}

/// Returns the key of the item of an alert.
pub(in crate::tui) fn item_key(group: &str, key: &str) -> String {
    format!("{group}\n{key}")
}
