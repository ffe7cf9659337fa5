//! A picker: a list to choose from.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::model::text::truncate;

use crate::tui::core::app::App;
use crate::tui::picker::layout::{box_area, notice_lines, remark_lines};
use crate::tui::picker::{Hit, Item, Picker};
use crate::tui::widgets::cursor::CURSOR;
use crate::tui::widgets::highlight::push_marked;
use crate::tui::widgets::popup;
use crate::tui::widgets::scroll_hint;
use crate::tui::widgets::text::{Line, Span, draw_line, draw_text};

pub(in crate::tui) fn draw(app: &App, picker: &Picker, body: Rect, buffer: &mut Buffer) {
    let (area, rows) = box_area(picker, body);
    popup::frame(app, area, &picker.heading, buffer);
    let mut inside = popup::inner(area);
    if picker.searchable {
        let mut line = Line::from(Span::styled("› ", app.ui.theme.accent()));
        line.push_span(Span::raw(picker.query.clone()));
        line.push_span(Span::styled(" ", Style::new().add_modifier(CURSOR)));
        if picker.query.is_empty() {
            line.push_span(Span::styled(" type to search", app.ui.theme.dim()));
        }
        draw_line(&line, inside, buffer);
        inside.y += 1;
        inside.height = inside.height.saturating_sub(1);
    }
    if picker.hits.is_empty() {
        let text = if picker.items.is_empty() { "reading …" } else { "nothing matches" };
        draw_text(text, app.ui.theme.dim(), inside, buffer);
    }
    let visible = picker.hits.iter().skip(picker.top).take(usize::from(rows));
    let texts =
        visible.clone().map(|hit| picker.items[hit.item_index].text.width()).max().unwrap_or(0);
    let room = usize::from(inside.width);
    let column = texts.min(room * 6 / 10).max(10);
    for ((index, hit), row) in visible.enumerate().zip(inside.rows()) {
        let selected = picker.top + index == picker.selected_index;
        let item = &picker.items[hit.item_index];
        if selected {
            let highlight = Rect { x: row.x - 1, width: row.width + 2, ..row };
            // On a slow link the mark is enough: a background costs two rows with each key.
            if !app.ui.low_bandwidth {
                buffer.set_style(highlight, app.ui.theme.selection(true));
            }
            draw_text("▌", app.ui.theme.accent(), highlight, buffer);
        }
        draw_line(&line(app, picker, item, hit, column, room), row, buffer);
    }
    let (dim, strong) = (app.ui.theme.dim(), app.ui.theme.strong());
    let remark = remark_lines(picker, room).into_iter().map(|text| (text, dim));
    let notice = notice_lines(picker, room).into_iter().map(|text| (text, strong));
    let below: Vec<_> = remark.chain(notice).collect();
    let first = area.bottom().saturating_sub(1 + u16::try_from(below.len()).unwrap_or(0));
    for ((text, style), y) in below.into_iter().zip(first..) {
        draw_text(text, style, Rect { y, height: 1, ..inside }, buffer);
    }
    let below = picker.hits.len().saturating_sub(picker.top + usize::from(rows));
    scroll_hint::draw(app, area, (picker.top, below), buffer);
}

pub(in crate::tui) fn line(
    app: &App,
    picker: &Picker,
    item: &Item,
    hit: &Hit,
    column: usize,
    room: usize,
) -> Line<'static> {
    let plain = if item.disabled_reason.is_some() { app.ui.theme.dim() } else { Style::new() };
    let mut line = Line::default();
    if !picker.searchable {
        let key = item.key.map_or(" ".into(), |key| key.to_string());
        line.push_span(Span::styled(format!("{key}  "), app.ui.theme.accent()));
    }
    let text = truncate(&item.text, column);
    let blank = column.saturating_sub(text.width()) + 2;
    push_marked(app, text, &hit.marks, plain, &mut line);
    line.push_span(Span::raw(" ".repeat(blank)));
    let about = match &item.disabled_reason {
        Some(why) => format!("not now: {why}").into(),
        None => item.about.borrowed(),
    };
    let remaining = room.saturating_sub(line.width());
    let about = truncate(about, remaining);
    let marks: &[usize] = if item.disabled_reason.is_some() { &[] } else { &hit.about_marks };
    push_marked(app, about, marks, app.ui.theme.dim(), &mut line);
    line
}
