//! The ribbon: the last events, with incident and actor.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::model::text::{pad, truncate};

use crate::tui::core::app::App;
use crate::tui::wall::view::parts::{below, rule};
use crate::tui::wall::{RibbonEntry, Wall};
use crate::tui::widgets::text::{Line, Span, draw_line, draw_text};

/// The width of the event's word, in columns.
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
        draw_text(text, app.ui.theme.dim(), lines, buffer);
    }
    for (entry, row) in wall.ribbon.iter().zip(lines.rows()) {
        let line = line(app, entry, usize::from(row.width));
        draw_line(&line, row, buffer);
    }
}

fn line(app: &App, entry: &RibbonEntry, room: usize) -> Line<'static> {
    let theme = app.ui.theme;
    let number = entry.incident.number.map_or_else(|| "new".into(), |number| number.0.to_string());
    let mut line = Line::from(vec![
        Span::styled(format!("{}  ", app.clock().hh_mm(entry.at)), theme.dim()),
        Span::styled(format!("{number:>4} "), theme.priority(entry.incident.priority)),
        Span::raw(format!("{} ", pad(&*entry.word, WORD_WIDTH.min(room.saturating_sub(20))))),
    ]);
    let remaining = room.saturating_sub(line.width());
    let actor = app.actor_label(&entry.actor);
    if room < WIDE_FROM {
        line.push_span(Span::styled(truncate(actor, remaining).into_owned(), theme.dim()));
        return line;
    }
    let first = entry.detail.lines().next().unwrap_or_default();
    let actor = pad(actor, 16).into_owned();
    let remaining = remaining.saturating_sub(actor.width() + 2);
    line.push_span(actor);
    line.push_span(Span::styled(format!("  {}", truncate(first, remaining)), theme.dim()));
    line
}
