//! The ribbon: the last events, with incident and actor.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::model::text::{pad, sanitize, truncate, width};

use crate::tui::core::app::App;
use crate::tui::wall::view::parts::{below, rule};
use crate::tui::wall::{RibbonEntry, Wall};

/// The width of the word for what happened, in columns.
const WORD_WIDTH: usize = 13;
/// The width from which details are shown after the word.
const WIDE_FROM: usize = 58;

pub(in crate::tui) fn draw(app: &App, wall: &Wall, area: Rect, buffer: &mut Buffer) {
    if area.height < 2 {
        return;
    }
    let title = Line::from(Span::styled("Last events", app.ui.theme.dim()));
    rule(app, &title, Rect { height: 1, ..area }, buffer);
    let lines = below(area, if area.height > 8 { 2 } else { 1 });
    if wall.ribbon.is_empty() {
        let text = "none since this was opened";
        buffer.set_stringn(lines.x, lines.y, text, usize::from(area.width), app.ui.theme.dim());
    }
    for (entry, row) in wall.ribbon.iter().zip(lines.rows()) {
        let line = line(app, entry, usize::from(row.width));
        buffer.set_line(row.x, row.y, &line, row.width);
    }
}

fn line(app: &App, entry: &RibbonEntry, room: usize) -> Line<'static> {
    let theme = app.ui.theme;
    let number = entry.incident.number.map_or_else(|| "new".into(), |number| number.0.to_string());
    let mut line = Line::from(vec![
        Span::styled(format!("{}  ", app.clock().hh_mm(entry.at)), theme.dim()),
        Span::styled(format!("{number:>4} "), theme.priority(entry.incident.priority)),
        Span::raw(format!("{} ", pad(entry.word, WORD_WIDTH.min(room.saturating_sub(20))))),
    ]);
    let actor = sanitize(&entry.actor);
    let remaining = room.saturating_sub(line.width());
    if room < WIDE_FROM {
        line.push_span(Span::styled(truncate(&actor, remaining).into_string(), theme.dim()));
        return line;
    }
    let first = entry.detail.lines().next().unwrap_or_default();
    let detail = sanitize(first);
    let actor = pad(&actor, 16);
    let remaining = remaining.saturating_sub(width(&actor) + 2);
    line.push_span(actor.into_string());
    line.push_span(Span::styled(format!("  {}", truncate(&detail, remaining)), theme.dim()));
    line
}
