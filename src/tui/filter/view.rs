//! The line in which a filter is typed, and the status below it.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use unicode_segmentation::UnicodeSegmentation;

use crate::model::filter::{FilterError, FilterFault};
use crate::model::text::{SafeText, sanitize, truncate, width};

use crate::tui::core::app::App;
use crate::tui::filter::FilterLine;
use crate::tui::widgets::cursor::CURSOR;
use crate::tui::widgets::text::{Line, Span, draw_line};

pub(in crate::tui) fn draw(
    app: &App,
    typed: &FilterLine,
    area: Rect,
    count_text: &str,
    buffer: &mut Buffer,
) {
    let mut rows = area.rows();
    if let Some(row) = rows.next() {
        let line = input_line(app, typed, usize::from(row.width));
        draw_line(&line, row, buffer);
    }
    if let Some(row) = rows.next() {
        let line = status_line(app, typed, count_text, usize::from(row.width));
        draw_line(&line, row, buffer);
    }
}

/// Returns the typed text with wrong terms underlined, scrolled so that the cursor is visible.
fn input_line(app: &App, typed: &FilterLine, room: usize) -> Line<'static> {
    let mut cells: Vec<(SafeText<'_>, Style)> = Vec::new();
    let mut cursor = None;
    for (at, grapheme) in typed.text().grapheme_indices(true) {
        let end = at + grapheme.len();
        if cursor.is_none() && typed.cursor() < end {
            cursor = Some(cells.len());
        }
        let error = typed
            .parsed
            .errors
            .iter()
            .find(|error| error.range.start < end && at < error.range.end);
        let is_error = error.is_some_and(|error| !typed.is_in_progress(&error.range));
        let style = if is_error {
            app.ui.theme.strong().add_modifier(Modifier::UNDERLINED)
        } else {
            Style::new()
        };
        cells.push((grapheme.into(), style));
    }
    let cursor = cursor.unwrap_or(cells.len());
    if cursor == cells.len() {
        cells.push((" ".into(), Style::new()));
    }
    cells[cursor].1 = cells[cursor].1.add_modifier(CURSOR);
    // Cells on the left are skipped until the cursor is visible.
    let room = room.saturating_sub(2);
    let wide: Vec<usize> = cells.iter().map(|(text, _)| text.width()).collect();
    let mut from = 0;
    while wide[from..=cursor].iter().sum::<usize>() > room && from < cursor {
        from += 1;
    }
    let mark = if from > 0 { "…" } else { "/" };
    let mut line = Line::from(Span::styled(format!("{mark} "), app.ui.theme.accent()));
    for (text, style) in cells.drain(from..) {
        line.push_span(Span::styled(text.into_owned(), style));
    }
    line
}

/// Returns a completion without the key, such as `service:`, that is typed already.
fn short_completion(completion: &str) -> &str {
    match completion.find([':', '<', '>']) {
        Some(at) if at + 1 < completion.len() => &completion[at + 1..],
        _ => completion,
    }
}

/// Returns an error in a number of columns. Rather than its suggestion, the term is left out, which is
/// underlined in the line above.
fn error_text(error: &FilterError, room: usize) -> SafeText<'static> {
    let text = sanitize(error.to_string());
    match &error.fault {
        FilterFault::MisspeltKey { nearest, .. } if text.width() > room => {
            truncate(format!("did you mean {nearest}?"), room)
        }
        _ => truncate(text, room),
    }
}

/// Returns the first error, or the number of rows and the completions of the term at the cursor.
fn status_line(app: &App, typed: &FilterLine, count_text: &str, room: usize) -> Line<'static> {
    if let Some(error) = typed.first_error() {
        let text = error_text(error, room.saturating_sub(2));
        return Line::from(vec![
            Span::styled("!", app.ui.theme.alarm()),
            Span::styled(format!(" {text}"), app.ui.theme.strong()),
        ]);
    }
    let mut line = Line::from(Span::styled(format!("{count_text}  "), app.ui.theme.strong()));
    if let Some(hint) = typed.first_hint(app.queue.rows.is_empty()) {
        let question = truncate(hint.question(), room.saturating_sub(line.width()));
        line.push_span(Span::styled(question.into_owned(), app.ui.theme.strong()));
        return line;
    }
    let completions = &typed.completions;
    // Starts at the inserted completion if those before it don't fit.
    let before: usize = completions
        .texts
        .iter()
        .take(completions.chosen.map_or(0, |at| at + 1))
        .map(|t| width(short_completion(t)) + 2)
        .sum();
    let from = if line.width() + before > room { completions.chosen.unwrap_or(0) } else { 0 };
    for (index, text) in completions.texts.iter().enumerate().skip(from) {
        let text = SafeText::from(short_completion(text));
        let remaining = room.saturating_sub(line.width());
        if text.width() > remaining {
            if remaining > 0 {
                line.push_span(Span::styled("…", app.ui.theme.dim()));
            }
            break;
        }
        let is_chosen = completions.chosen == Some(index);
        let style = if is_chosen {
            app.ui.theme.selection(true).patch(app.ui.theme.strong())
        } else {
            app.ui.theme.dim()
        };
        line.push_span(Span::styled(text.into_owned(), style));
        line.push_span("  ");
    }
    line
}
