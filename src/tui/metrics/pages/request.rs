//! The request of the current page, and the description of its selection.

use crate::model::measures::sheet::{Page, Sheet};
use crate::tui::core::app::App;
use crate::tui::core::pane::Pane;
use crate::tui::metrics::pages::cursor::map_rows;
use crate::tui::metrics::pages::{CUTS, PagesRequest, selection_of};

/// Returns whether the pane shows the tables of a page. The overview has them where it fills the screen, and
/// the most important figures in a few lines otherwise.
#[must_use]
pub(in crate::tui) fn is_page(app: &App) -> bool {
    let is_alone = || app.layout().slots.iter().all(|slot| slot.pane == Pane::Metrics);
    let fills_screen = app.ui.focus == Pane::Metrics && (app.ui.zoomed || is_alone());
    app.metrics.page != Page::Overview || fills_screen
}

/// Returns whether the cursor is on the map of hours and weekdays.
#[must_use]
pub(in crate::tui) fn is_on_map(app: &App) -> bool {
    if app.ui.focus != Pane::Metrics || app.metrics.page != Page::Volume || !is_page(app) {
        return false;
    }
    let request = request(app);
    let loaded = app.metrics.pages.find(&request);
    loaded.is_some_and(|loaded| {
        let sheet = Sheet::new(Page::Volume, &loaded.pages, request.by);
        map_rows(&sheet).contains(&app.metrics.row)
    })
}

/// Returns the request of the current page.
pub(in crate::tui) fn request(app: &App) -> PagesRequest {
    PagesRequest {
        span: app.metrics.span,
        selection: selection_of(app.queue.filter()).0,
        by: CUTS.get(app.metrics.cut).copied().flatten(),
        offsets: app.clock().offsets(),
    }
}

/// Returns the selection that the figures cover: window, comparison, incidents and breakdown.
pub(in crate::tui) fn about(app: &App) -> String {
    let request = request(app);
    let span = request.span.label();
    let mut about = if app.metrics.hides_comparison {
        span.clone()
    } else {
        format!("{span} vs {}", request.span.label_before())
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
