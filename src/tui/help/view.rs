//! Draws the list of keys.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::tui::core::app::App;
use crate::tui::help::Help;
use crate::tui::help::layout::{areas, lines};
use crate::tui::widgets::cursor::CURSOR;
use crate::tui::widgets::popup;
use crate::tui::widgets::scroll_hint;
use crate::tui::widgets::text::{Line, Span, draw_line};

pub(in crate::tui) fn draw(app: &App, help: &Help, body: Rect, buffer: &mut Buffer) {
    let (area, list) = areas(body);
    popup::frame(app, area, "Keys", buffer);
    let mut line = Line::from(Span::styled("› ", app.ui.theme.accent()));
    line.push_span(Span::raw(help.query.clone()));
    line.push_span(Span::styled(" ", Style::new().add_modifier(CURSOR)));
    if help.query.is_empty() {
        line.push_span(Span::styled(" type to search", app.ui.theme.dim()));
    }
    draw_line(&line, Rect { y: list.y - 1, ..list }, buffer);
    let lines = lines(app, help, usize::from(list.width));
    for (line, row) in lines.iter().skip(help.top).zip(list.rows()) {
        draw_line(line, row, buffer);
    }
    let below = lines.len().saturating_sub(help.top + usize::from(list.height));
    scroll_hint::draw(app, area, (help.top, below), buffer);
}
