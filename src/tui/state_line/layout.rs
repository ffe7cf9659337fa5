//! The title of the terminal's window: the content of the first line, for people who view another
//! window.

use crate::model::Priority;

use crate::tui::core::app::App;
use crate::tui::core::freshness::Freshness;

/// Returns the title of the terminal's window; empty if it is disabled.
#[must_use]
pub fn window_title(app: &App) -> String {
    if !app.session.settings.appearance.title || app.ui.low_bandwidth {
        return String::new();
    }
    let mut parts = Vec::new();
    match app.freshness() {
        Freshness::Failing { .. } if app.is_offline() => parts.push("offline".into()),
        Freshness::Failing { .. } => parts.push("failing".into()),
        Freshness::Loading | Freshness::Live | Freshness::Polling(_) | Freshness::Stale(_) => {}
    }
    let counts = Priority::ALL.iter().zip(app.queue.counts.by_priority).take(2);
    parts.extend(
        counts
            .filter(|(_, count)| *count > 0)
            .map(|(priority, count)| format!("{priority} {count}")),
    );
    parts.push("redphone".into());
    parts.extend(app.workspace_name().map(ToString::to_string));
    parts.join(" · ")
}
