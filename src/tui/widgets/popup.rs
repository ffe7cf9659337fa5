//! Popups: boxes over the panes.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Modifier;

use crate::model::text::{SafeText, truncate};

use crate::tui::core::app::App;
use crate::tui::widgets::scroll_hint;
use crate::tui::widgets::text::{Line, clear, draw_border, draw_line, draw_text};

/// Returns the width of the text in a box over `body`, in columns.
pub(in crate::tui) fn text_width(body: Rect) -> usize {
    usize::from(body.width.saturating_sub(8).min(76))
}

fn box_area(body: Rect, lines: usize) -> Rect {
    let height = u16::try_from(lines + 2).unwrap_or(u16::MAX).min(body.height);
    let width = u16::try_from(text_width(body)).unwrap_or(0) + 4;
    centred(body, width, height)
}

/// Returns an area of the given size in the middle of `body`.
pub(in crate::tui) fn centred(body: Rect, width: u16, height: u16) -> Rect {
    let (width, height) = (width.min(body.width), height.min(body.height));
    Rect {
        x: body.x + (body.width - width) / 2,
        y: body.y + (body.height - height) / 2,
        width,
        height,
    }
}

/// Returns the area for text of a box with `lines` lines.
pub(in crate::tui) fn text_area(body: Rect, lines: usize) -> Rect {
    inner(box_area(body, lines))
}

pub(in crate::tui) fn inner(area: Rect) -> Rect {
    Rect {
        x: area.x + 2,
        y: area.y + 1,
        width: area.width.saturating_sub(4),
        height: area.height.saturating_sub(2),
    }
}

/// Draws an empty box.
pub(in crate::tui) fn frame<'a>(
    app: &App,
    area: Rect,
    title: impl Into<SafeText<'a>>,
    buffer: &mut Buffer,
) {
    clear(area, buffer);
    let style = app.ui.theme.accent();
    let room = usize::from(area.width.saturating_sub(6));
    let title = format!(" {} ", truncate(title, room));
    let row = Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area };
    if app.ui.low_bandwidth {
        // A border would cost more bytes than its content.
        let bar = style.add_modifier(Modifier::BOLD | Modifier::REVERSED);
        draw_text(title, bar, row, buffer);
        return;
    }
    draw_border(app.ui.theme.focus_border(), style, area, buffer);
    draw_text(title, style.add_modifier(Modifier::BOLD), row, buffer);
}

/// Draws a box with lines, scrolled by `top`.
pub(in crate::tui) fn draw(
    app: &App,
    body: Rect,
    title: &str,
    lines: &[Line<'_>],
    top: usize,
    buffer: &mut Buffer,
) {
    let area = box_area(body, lines.len());
    frame(app, area, title, buffer);
    let inside = inner(area);
    for (line, row) in lines.iter().skip(top).zip(inside.rows()) {
        draw_line(line, row, buffer);
    }
    let below = lines.len().saturating_sub(top + usize::from(inside.height));
    scroll_hint::draw(app, area, (top, below), buffer);
}
