//! Draws the list of keys.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};

use crate::model::text::sanitize;

use crate::tui::core::app::App;
use crate::tui::help::Help;
use crate::tui::help::layout::{areas, lines};
use crate::tui::widgets::popup;

pub(in crate::tui) fn draw(app: &App, help: &Help, body: Rect, buffer: &mut Buffer) {
    let (area, list) = areas(body);
    popup::frame(app, area, "Keys", buffer);
    let mut line = Line::from(Span::styled("› ", app.ui.theme.accent()));
    line.push_span(Span::raw(sanitize(&help.query).into_owned()));
    line.push_span(Span::styled(" ", Style::new().add_modifier(Modifier::REVERSED)));
    if help.query.is_empty() {
        line.push_span(Span::styled(" type to search", app.ui.theme.dim()));
    }
    buffer.set_line(list.x, list.y - 1, &line, list.width);
    let lines = lines(app, help, usize::from(list.width));
    for (line, row) in lines.iter().skip(help.top).zip(list.rows()) {
        buffer.set_line(row.x, row.y, line, row.width);
    }
    let below = lines.len().saturating_sub(help.top + usize::from(list.height));
    popup::draw_scroll_hint(app, area, (help.top, below), buffer);
}
