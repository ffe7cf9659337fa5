//! Drawing functions that several parts of the wall display use.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::model::text::{SafeText, truncate};

use crate::tui::core::app::App;
use crate::tui::widgets::text::{Line, draw_line, draw_text};

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
    draw_line(left, Rect { width: room, ..area }, buffer);
    draw_line(right, Rect { x: area.right() - wide, width: wide, ..area }, buffer);
}

/// Draws a title followed by a rule.
pub(in crate::tui) fn rule(app: &App, title: &Line<'_>, area: Rect, buffer: &mut Buffer) {
    let used = u16::try_from(title.width()).unwrap_or(area.width).min(area.width);
    draw_line(title, area, buffer);
    let rest = area.width.saturating_sub(used + 1);
    let right = Rect { x: area.x + used + 1, width: rest, ..area };
    draw_text("─".repeat(usize::from(rest)), app.ui.theme.border(), right, buffer);
}

/// Draws a text in the middle of an area's first line, unless the area is empty.
pub(in crate::tui) fn centred<'a>(
    text: impl Into<SafeText<'a>>,
    style: Style,
    area: Rect,
    buffer: &mut Buffer,
) {
    if area.is_empty() {
        return;
    }
    let text = truncate(text, usize::from(area.width));
    let used = u16::try_from(text.width()).unwrap_or(area.width);
    let indent = area.width.saturating_sub(used) / 2;
    draw_text(text, style, Rect { x: area.x + indent, ..area }, buffer);
}
