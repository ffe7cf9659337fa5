//! The line in which a filter is typed, and below it what is said about it.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};
use unicode_segmentation::UnicodeSegmentation;

use crate::model::text::{sanitize, truncate, width};

use super::super::app::App;
use super::super::filter_line::FilterLine;

pub(super) fn draw(app: &App, typed: &FilterLine, area: Rect, found: &str, buffer: &mut Buffer) {
    let mut rows = area.rows();
    if let Some(row) = rows.next() {
        let line = input_line(app, typed, usize::from(row.width));
        buffer.set_line(row.x, row.y, &line, row.width);
    }
    if let Some(row) = rows.next() {
        let line = status_line(app, typed, found, usize::from(row.width));
        buffer.set_line(row.x, row.y, &line, row.width);
    }
}

/// What is typed, wrong terms underlined, so much of it that the cursor is seen.
fn input_line(app: &App, typed: &FilterLine, room: usize) -> Line<'static> {
    let mut cells: Vec<(String, Style)> = Vec::new();
    let mut cursor = None;
    for (at, grapheme) in typed.text().grapheme_indices(true) {
        let end = at + grapheme.len();
        if cursor.is_none() && typed.cursor() < end {
            cursor = Some(cells.len());
        }
        let wrong = typed
            .parsed
            .errors
            .iter()
            .find(|wrong| wrong.range.start < end && at < wrong.range.end);
        let wrong = wrong.is_some_and(|wrong| !typed.is_in_progress(&wrong.range));
        let style = if wrong {
            app.theme.strong().add_modifier(Modifier::UNDERLINED)
        } else {
            Style::new()
        };
        cells.push((sanitize(grapheme).into_owned(), style));
    }
    let cursor = cursor.unwrap_or(cells.len());
    if cursor == cells.len() {
        cells.push((" ".into(), Style::new()));
    }
    cells[cursor].1 = cells[cursor].1.add_modifier(Modifier::REVERSED);
    // From the left as much as must go so that the cursor is seen.
    let room = room.saturating_sub(2);
    let wide: Vec<usize> = cells.iter().map(|(text, _)| width(text)).collect();
    let mut from = 0;
    while wide[from..=cursor].iter().sum::<usize>() > room && from < cursor {
        from += 1;
    }
    let mark = if from > 0 { "…" } else { "/" };
    let mut line = Line::from(Span::styled(format!("{mark} "), app.theme.accent()));
    for (text, style) in cells.drain(from..) {
        line.push_span(Span::styled(text, style));
    }
    line
}

/// An offer without the key that is typed already.
fn brief(offer: &str) -> &str {
    match offer.find([':', '<', '>']) {
        Some(at) if at + 1 < offer.len() => &offer[at + 1..],
        _ => offer,
    }
}

/// The first wrong term, what the piece at the cursor may become, or how many rows there are.
fn status_line(app: &App, typed: &FilterLine, found: &str, room: usize) -> Line<'static> {
    if let Some(wrong) = typed.first_error() {
        let message = sanitize(&wrong.message).into_owned();
        return Line::from(vec![
            Span::styled("!", app.theme.alarm()),
            Span::styled(
                format!(" {}", truncate(&message, room.saturating_sub(2))),
                app.theme.strong(),
            ),
        ]);
    }
    let mut line = Line::from(Span::styled(format!("{found}  "), app.theme.strong()));
    let offers = &typed.completions;
    // From the one that was put in, where all before it don't fit.
    let before: usize = offers
        .texts
        .iter()
        .take(offers.chosen.map_or(0, |at| at + 1))
        .map(|t| width(brief(t)) + 2)
        .sum();
    let from = if line.width() + before > room { offers.chosen.unwrap_or(0) } else { 0 };
    for (place, text) in offers.texts.iter().enumerate().skip(from) {
        let text = sanitize(brief(text));
        let left = room.saturating_sub(line.width());
        if width(&text) > left {
            if left > 0 {
                line.push_span(Span::styled("…", app.theme.dim()));
            }
            break;
        }
        let here = offers.chosen == Some(place);
        let style = if here {
            app.theme.selection(true).patch(app.theme.strong())
        } else {
            app.theme.dim()
        };
        line.push_span(Span::styled(text.into_owned(), style));
        line.push_span("  ");
    }
    line
}
