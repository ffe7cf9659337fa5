//! The alerts of one incident: the screen that lists them.

pub mod logic;
pub mod update;

use ratatui::style::Style;

use crate::model::alert::Alert;

use crate::tui::theme::Theme;

/// Returns the style in which the state of an alert is shown.
pub(in crate::tui) fn state_style(theme: Theme, alert: &Alert) -> Style {
    if alert.is_firing() { theme.near() } else { theme.dim() }
}
