//! Draws the outbox popup.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::tui::core::app::App;
use crate::tui::outbox::OutboxPane;
use crate::tui::outbox::layout::{footer, layout, scroll_to_selected};
use crate::tui::widgets::popup;
use crate::tui::widgets::scroll_hint;
use crate::tui::widgets::text::{draw_line, draw_text};

pub(in crate::tui) fn draw(app: &App, pane: &OutboxPane, body: Rect, buffer: &mut Buffer) {
    let Some(outbox) = &app.inflight.outbox else { return };
    let name =
        app.connection.capabilities.as_ref().map_or("", |capabilities| capabilities.name.as_str());
    popup::frame(app, body, format!("Outbox · {name}"), buffer);
    let mut inside = popup::inner(body);
    let width = usize::from(inside.width);
    let footer_lines = footer(app, pane, outbox, width);
    let footer_rows =
        u16::try_from(footer_lines.len()).unwrap_or(0).min(inside.height.saturating_sub(2));
    inside.height -= footer_rows;
    let layout = layout(app, outbox, pane, width);
    let fits = usize::from(inside.height);
    let top = scroll_to_selected(&layout, pane.selected_index(outbox), pane.top, fits);
    let selected = layout.entry_ranges.get(pane.selected_index(outbox)).map(|(from, _)| *from);
    for ((index, line), row) in layout.lines.iter().enumerate().skip(top).zip(inside.rows()) {
        draw_line(line, row, buffer);
        if selected == Some(index) {
            draw_text("▌", app.ui.theme.accent(), Rect { x: row.x - 1, ..row }, buffer);
        }
    }
    let footer_area = Rect { y: inside.bottom(), height: footer_rows, ..inside };
    for (line, row) in footer_lines.iter().zip(footer_area.rows()) {
        draw_line(line, row, buffer);
    }
    let hidden = layout.lines.len().saturating_sub(top + fits);
    scroll_hint::draw(app, body, (top, hidden), buffer);
}
