//! What the present page is read for, and what its figures are about.

use crate::tui::core::app::App;
use crate::tui::metrics::pages::{CUTS, PagesRequest, selection_of};

/// Returns what the present page is to be read for.
pub(in crate::tui) fn request(app: &App) -> PagesRequest {
    PagesRequest {
        span: app.metrics.span,
        selection: selection_of(app.queue.filter()).0,
        by: CUTS.get(app.metrics.cut).copied().flatten(),
        offsets: app.clock().offsets(),
    }
}

/// Returns what the figures are about: window, comparison, incidents and breakdown.
pub(in crate::tui) fn about(app: &App) -> String {
    let request = request(app);
    let span = request.span.label();
    let mut about = if app.metrics.hides_comparison {
        span.clone()
    } else {
        format!("{span} vs {span} before")
    };
    let selection = request.selection.describe();
    if !selection.is_empty() {
        about.extend([format!(" · {selection}")]);
    }
    if let Some(by) = request.by {
        about.extend([format!(" · by {by}")]);
    }
    about
}
