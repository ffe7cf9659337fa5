//! What several parts of the wall display draw with.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Line;

use crate::model::text::{truncate, width};

use crate::tui::core::app::App;

/// Returns the part of an area below its first `rows` rows.
pub(in crate::tui) fn below(area: Rect, rows: u16) -> Rect {
    let rows = rows.min(area.height);
    Rect { y: area.y + rows, height: area.height - rows, ..area }
}

/// Draws one line at the left and one at the right; the left one is truncated if they don't fit.
pub(in crate::tui) fn draw_left_right(
    left: &Line<'_>,
    right: &Line<'_>,
    area: Rect,
    buffer: &mut Buffer,
) {
    let wide = u16::try_from(right.width()).unwrap_or(area.width).min(area.width);
    let room = area.width.saturating_sub(wide + 1);
    buffer.set_line(area.x, area.y, left, room);
    buffer.set_line(area.right() - wide, area.y, right, wide);
}

/// Draws a title followed by a rule.
pub(in crate::tui) fn rule(app: &App, title: &Line<'_>, area: Rect, buffer: &mut Buffer) {
    let used = u16::try_from(title.width()).unwrap_or(area.width).min(area.width);
    buffer.set_line(area.x, area.y, title, area.width);
    let rest = usize::from(area.width.saturating_sub(used + 1));
    buffer.set_string(area.x + used + 1, area.y, "─".repeat(rest), app.ui.theme.border());
}

/// Draws a text in the middle of an area's first line, unless the area is empty.
pub(in crate::tui) fn centred(text: &str, style: Style, area: Rect, buffer: &mut Buffer) {
    if area.is_empty() {
        return;
    }
    let text = truncate(text, usize::from(area.width));
    let used = u16::try_from(width(&text)).unwrap_or(area.width);
    let x = area.x + area.width.saturating_sub(used) / 2;
    buffer.set_stringn(x, area.y, text, usize::from(area.width), style);
}
