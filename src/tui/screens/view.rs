//! Draws a list screen.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};

use crate::model::text::{truncate, truncate_at_space, width};

use crate::tui::core::app::App;
use crate::tui::screens::ListScreen;
use crate::tui::screens::layout::{Areas, ListLines, areas, heading, list, text_width};
use crate::tui::screens::registry::logic;
use crate::tui::widgets::cursor::CURSOR;
use crate::tui::widgets::scroll_hint;
use crate::tui::widgets::text::{Line, Span, draw_border, draw_line, draw_text};

pub(in crate::tui) fn draw(app: &App, screen: &ListScreen, body: Rect, buffer: &mut Buffer) {
    let width = text_width(body);
    let heading = heading(app, screen, width);
    let areas = areas(screen, body, heading.len());
    if areas.framed {
        draw_border(app.ui.theme.focus_border(), app.ui.theme.accent(), body, buffer);
    }
    draw_title(app, screen, &areas, buffer);
    draw_filter(app, screen, areas.filter, buffer);
    for (line, row) in heading.iter().zip(areas.heading.rows()) {
        draw_line(line, row, buffer);
    }
    let list = list(app, screen, width);
    draw_list(app, screen, &list, areas.list, buffer);
    let below = list.lines.len().saturating_sub(screen.top + usize::from(areas.list.height));
    if areas.framed {
        scroll_hint::draw(app, body, (screen.top, below), buffer);
    }
}

/// Draws the name of the screen, its subject, and the position in the list.
fn draw_title(app: &App, screen: &ListScreen, areas: &Areas, buffer: &mut Buffer) {
    let margin = u16::from(areas.framed);
    let row = Rect {
        x: areas.title.x + margin,
        width: areas.title.width.saturating_sub(2 * margin),
        ..areas.title
    };
    let room = usize::from(row.width);
    let name = format!(" {} ", screen.kind.name());
    let position = if screen.items.is_empty() { 0 } else { screen.selected + 1 };
    let more = if screen.load.next.is_some() { "+" } else { "" };
    let right = match screen.total {
        0 => String::new(),
        _ => format!(" {position}/{}{more} ", screen.items.len()),
    };
    let mut line =
        Line::from(Span::styled(name.clone(), app.ui.theme.accent().add_modifier(Modifier::BOLD)));
    let mut parts = Vec::new();
    if !screen.filter.is_empty() {
        parts.push(format!("{} of {}", screen.items.len(), screen.total));
    }
    parts.extend(logic(screen.kind).about(app, screen));
    if screen.order > 0 {
        parts
            .extend(logic(screen.kind).orders().get(screen.order).map(|order| (*order).to_owned()));
    }
    parts.extend(screen.load.as_of.map(|at| app.as_of(at)));
    let rule = app.ui.theme.rule(true);
    let free = room.saturating_sub(width(&name) + width(&right) + 5);
    let about = fitting_parts(&parts, free);
    if !about.is_empty() {
        line.push_span(Span::styled(rule, app.ui.theme.accent()));
        line.push_span(Span::styled(format!(" {about} "), app.ui.theme.dim()));
    }
    let end = draw_line(&line, row, buffer);
    let wide = u16::try_from(width(&right)).unwrap_or(0);
    if end + wide < row.right() {
        let area = Rect { x: row.right() - wide, width: wide, ..row };
        draw_text(right, app.ui.theme.dim(), area, buffer);
    }
}

/// Joins as many parts as fit, the first of them in any case.
fn fitting_parts(parts: &[String], room: usize) -> String {
    let mut text = String::new();
    for part in parts {
        let more = if text.is_empty() { part.clone() } else { format!("{text} · {part}") };
        if width(&more) > room {
            if text.is_empty() {
                return truncate_at_space(more, room).into_string();
            }
            break;
        }
        text = more;
    }
    text
}

/// Draws the filter, with its errors underlined, and the number of items that pass.
fn draw_filter(app: &App, screen: &ListScreen, area: Rect, buffer: &mut Buffer) {
    if area.height == 0 {
        return;
    }
    let more = if screen.load.next.is_some() { "+" } else { "" };
    let mut right = format!("{} of {}{more}", screen.items.len(), screen.total);
    if let Some(error) = screen.filter_errors.first() {
        right.clone_from(&error.message);
    }
    let text = &screen.filter_text;
    let room = usize::from(area.width);
    let mut line = Line::from(Span::styled("/ ", app.ui.theme.accent()));
    let mut from = 0;
    for error in &screen.filter_errors {
        line.push_span(Span::raw(text.get(from..error.range.start).unwrap_or_default().to_owned()));
        let wrong = text.get(error.range.clone()).unwrap_or_default().to_owned();
        let style = app.ui.theme.strong().add_modifier(Modifier::UNDERLINED);
        line.push_span(Span::styled(wrong, style));
        from = error.range.end;
    }
    line.push_span(Span::raw(text.get(from..).unwrap_or_default().to_owned()));
    if screen.is_typing() {
        line.push_span(Span::styled(" ", Style::new().add_modifier(CURSOR)));
    }
    let right = truncate(right, (room / 2).max(8)).into_owned();
    let free = room.saturating_sub(right.width() + 2);
    // The end of a long text is being typed.
    while line.width() > free && line.spans.len() > 1 {
        let excess = line.width() - free;
        let Some(span) = line.spans.get_mut(1) else { break };
        if span.width() <= excess {
            line.spans.remove(1);
        } else {
            let rest: String = span.content.chars().skip(excess + 1).collect();
            *span = Span::styled(format!("‹{rest}"), span.style);
            break;
        }
    }
    draw_line(&line, area, buffer);
    let wide = u16::try_from(right.width()).unwrap_or(0).min(area.width);
    let style =
        if screen.filter_errors.is_empty() { app.ui.theme.dim() } else { app.ui.theme.strong() };
    draw_text(right, style, Rect { x: area.right() - wide, width: wide, ..area }, buffer);
}

fn draw_list(app: &App, screen: &ListScreen, list: &ListLines, area: Rect, buffer: &mut Buffer) {
    let selected = list.ranges.get(screen.selected).copied().filter(|_| !screen.items.is_empty());
    let lines = list.lines.iter().enumerate().skip(screen.top);
    for ((index, line), row) in lines.zip(area.rows()) {
        if let Some((from, _)) = selected.filter(|(from, to)| (*from..*to).contains(&index)) {
            let highlight = Rect { x: row.x - 1, width: row.width + 2, ..row };
            // Low bandwidth: a background would cost as many bytes as the two rows have cells, with
            // each key.
            if index == from && !app.ui.low_bandwidth {
                buffer.set_style(highlight, app.ui.theme.selection(!screen.is_typing()));
            }
            if line.width() > 0 {
                draw_text("▌", app.ui.theme.accent(), highlight, buffer);
            }
        }
        draw_line(line, row, buffer);
    }
}
