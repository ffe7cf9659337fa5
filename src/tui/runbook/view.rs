//! Draws the runbook popup.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::model::runbook::find_ticks;

use crate::tui::core::app::App;
use crate::tui::runbook::RunbookPane;
use crate::tui::runbook::layout::{layout, text_size};
use crate::tui::runbook::steps::loaded_events;
use crate::tui::widgets::popup;
use crate::tui::widgets::scroll_hint;
use crate::tui::widgets::text::draw_line;

pub(in crate::tui) fn draw(app: &App, book: &RunbookPane, body: Rect, buffer: &mut Buffer) {
    let mut heading = format!("{} · {}", book.head.name, book.target.label);
    if let Some(page) = book.page.as_ref().filter(|page| !page.steps.is_empty()) {
        let ticks = find_ticks(&book.head.name, &page.steps, loaded_events(app, book.target.id));
        let done = ticks.iter().flatten().count();
        heading = format!("{heading} · {done} of {} done", page.steps.len());
    }
    popup::frame(app, body, &heading, buffer);
    let inside = popup::inner(body);
    let layout = layout(app, book, text_size(body).0);
    for (line, row) in layout.lines.iter().skip(book.top).zip(inside.rows()) {
        draw_line(line, row, buffer);
    }
    let below = layout.lines.len().saturating_sub(book.top + usize::from(inside.height));
    scroll_hint::draw(app, body, (book.top, below), buffer);
}
