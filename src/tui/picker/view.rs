//! A picker: a list to choose from.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};
use unicode_segmentation::UnicodeSegmentation;

use crate::model::text::{sanitize, truncate, width, wrap};

use crate::tui::core::app::App;
use crate::tui::picker::{Hit, Item, Picker};
use crate::tui::widgets::popup;

/// The width of the box, in columns.
const BOX_WIDTH: u16 = 88;
/// The maximum number of rows for items.
const MAX_ROWS: u16 = 16;
/// The maximum number of rows for the notice below the items.
const MAX_NOTICE_LINES: usize = 3;

/// Returns the area of the box, and how many items fit.
fn box_area(picker: &Picker, body: Rect) -> (Rect, u16) {
    let typed = u16::from(picker.searchable);
    let columns = usize::from(BOX_WIDTH.min(body.width).saturating_sub(4));
    let notice_rows = u16::try_from(notice_lines(picker, columns).len()).unwrap_or(0);
    let count = u16::try_from(picker.items.len()).unwrap_or(u16::MAX).clamp(1, MAX_ROWS);
    let height = count.saturating_add(typed + notice_rows + 2).min(body.height);
    let area = popup::centred(body, BOX_WIDTH, height);
    (area, height.saturating_sub(typed + notice_rows + 2))
}

/// Returns the notice, wrapped and truncated to a few lines.
fn notice_lines(picker: &Picker, columns: usize) -> Vec<String> {
    let notice =
        picker.notice.as_ref().map(|notice| wrap(&format!("! {}", sanitize(notice)), columns));
    let mut lines = notice.unwrap_or_default();
    if lines.len() > MAX_NOTICE_LINES {
        lines.truncate(MAX_NOTICE_LINES);
        lines[MAX_NOTICE_LINES - 1] =
            truncate(&format!("{} …", lines[MAX_NOTICE_LINES - 1]), columns).into_owned();
    }
    lines
}

/// Returns the number of items that fit.
pub(in crate::tui) fn rows(picker: &Picker, body: Rect) -> usize {
    usize::from(box_area(picker, body).1)
}

pub(in crate::tui) fn draw(app: &App, picker: &Picker, body: Rect, buffer: &mut Buffer) {
    let (area, rows) = box_area(picker, body);
    popup::frame(app, area, &picker.heading, buffer);
    let mut inside = popup::inner(area);
    if picker.searchable {
        let mut line = Line::from(Span::styled("› ", app.theme.accent()));
        line.push_span(Span::raw(sanitize(&picker.query).into_owned()));
        line.push_span(Span::styled(" ", Style::new().add_modifier(Modifier::REVERSED)));
        if picker.query.is_empty() {
            line.push_span(Span::styled(" type to search", app.theme.dim()));
        }
        buffer.set_line(inside.x, inside.y, &line, inside.width);
        inside.y += 1;
        inside.height = inside.height.saturating_sub(1);
    }
    if picker.hits.is_empty() {
        let text = if picker.items.is_empty() { "reading …" } else { "nothing matches" };
        buffer.set_stringn(inside.x, inside.y, text, usize::from(inside.width), app.theme.dim());
    }
    let visible = picker.hits.iter().skip(picker.top).take(usize::from(rows));
    let texts =
        visible.clone().map(|hit| width(&picker.items[hit.item_index].text)).max().unwrap_or(0);
    let room = usize::from(inside.width);
    let column = texts.min(room * 6 / 10).max(10);
    for ((index, hit), row) in visible.enumerate().zip(inside.rows()) {
        let selected = picker.top + index == picker.selected_index;
        let item = &picker.items[hit.item_index];
        if selected {
            let highlight = Rect { x: row.x - 1, width: row.width + 2, ..row };
            buffer.set_style(highlight, app.theme.selection(true));
            buffer.set_string(row.x - 1, row.y, "▌", app.theme.accent());
        }
        buffer.set_line(row.x, row.y, &line(app, picker, item, hit, column, room), row.width);
    }
    let notice = notice_lines(picker, room);
    let first = area.bottom().saturating_sub(1 + u16::try_from(notice.len()).unwrap_or(0));
    for (text, y) in notice.iter().zip(first..) {
        buffer.set_stringn(inside.x, y, text, room, app.theme.strong());
    }
    let below = picker.hits.len().saturating_sub(picker.top + usize::from(rows));
    popup::draw_scroll_hint(app, area, (picker.top, below), buffer);
}

fn line(
    app: &App,
    picker: &Picker,
    item: &Item,
    hit: &Hit,
    column: usize,
    room: usize,
) -> Line<'static> {
    let plain = if item.disabled_reason.is_some() { app.theme.dim() } else { Style::new() };
    let mut line = Line::default();
    if !picker.searchable {
        let key = item.key.map_or(" ".into(), |key| key.to_string());
        line.push_span(Span::styled(format!("{key}  "), app.theme.accent()));
    }
    let text = truncate(&item.text, column).into_owned();
    let blank = column.saturating_sub(width(&text)) + 2;
    push_marked(app, &text, &hit.marks, plain, &mut line);
    line.push_span(Span::raw(" ".repeat(blank)));
    let about = match &item.disabled_reason {
        Some(why) => format!("not now: {}", sanitize(why)),
        None => item.about.clone(),
    };
    let remaining = room.saturating_sub(line.width());
    let about = truncate(&about, remaining).into_owned();
    let marks: &[usize] = if item.disabled_reason.is_some() { &[] } else { &hit.about_marks };
    push_marked(app, &about, marks, app.theme.dim(), &mut line);
    line
}

/// Appends a text with some of its graphemes highlighted.
pub(in crate::tui) fn push_marked(
    app: &App,
    text: &str,
    marks: &[usize],
    plain: Style,
    line: &mut Line<'static>,
) {
    if marks.is_empty() {
        line.push_span(Span::styled(text.to_owned(), plain));
        return;
    }
    let mut run = String::new();
    let mut on = false;
    for (index, grapheme) in text.graphemes(true).enumerate() {
        let is_marked = marks.binary_search(&index).is_ok();
        if is_marked != on && !run.is_empty() {
            let style = if on { app.theme.matched() } else { plain };
            line.push_span(Span::styled(std::mem::take(&mut run), style));
        }
        on = is_marked;
        run.push_str(grapheme);
    }
    let style = if on { app.theme.matched() } else { plain };
    line.push_span(Span::styled(run, style));
}
