//! The mark of the selected link in the detail.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::tui::core::app::App;
use crate::tui::core::layout::PaneSlot;
use crate::tui::core::pane::Pane;
use crate::tui::follow::layout;

/// Marks the lines of the selected link while the detail has the focus, also behind a form. Only
/// their text is marked: blanks of a marked line have a color, so that each must be sent to the
/// terminal.
pub(in crate::tui) fn mark_selected(app: &App, slot: &PaneSlot, buffer: &mut Buffer) {
    if app.ui.focus != Pane::Detail {
        return;
    }
    let Some(link) = layout::selected(app) else { return };
    let inside = slot.inner();
    for (line, row) in layout::visible_lines(app).zip(inside.rows()) {
        if link.lines.contains(&line) {
            let is_text = |x: &u16| !buffer[(*x, row.y)].symbol().trim().is_empty();
            let Some(end) = (row.left()..row.right()).rfind(is_text) else { continue };
            let highlight = Rect { x: row.x - 1, width: end - row.x + 3, ..row };
            buffer.set_style(highlight, app.ui.theme.selection(true));
        }
    }
}
