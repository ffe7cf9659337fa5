//! The layout of the queue: its columns, and the heights of its rows.

use crate::tui::core::app::App;
use crate::tui::core::mode::Mode;
use crate::tui::core::pane::Pane;
use crate::tui::filter::FILTER_LINE_ROWS;
use crate::tui::queue::columns::Columns;

/// Returns the columns of the queue for a width inside its frame.
pub(in crate::tui) fn columns(app: &App, room: usize) -> Columns {
    Columns::for_width(&app.session.settings.columns, room, app.queue.number_width)
}

/// Returns whether each incident has a second line: if all of them fit, without scrolling, into a
/// number of lines that includes the header.
pub(in crate::tui) fn has_second_lines(app: &App, height: u16) -> bool {
    app.queue.double_line_count() < usize::from(height)
}

/// Returns how many lines of the queue fit on the screen, below its header and an open filter line.
/// Where incidents have a second line, all of them fit.
pub(in crate::tui) fn visible_rows(app: &App) -> usize {
    let used = if matches!(app.ui.mode, Mode::Filter(_)) { FILTER_LINE_ROWS } else { 0 };
    let slot = app.layout().slot(Pane::Queue).map(|slot| slot.inner().height);
    let Some(height) = slot.map(|height| height.saturating_sub(used)) else { return 1 };
    let lines = usize::from(height.saturating_sub(1)).max(1);
    if has_second_lines(app, height) { lines.min(app.queue.lines.len()).max(1) } else { lines }
}
