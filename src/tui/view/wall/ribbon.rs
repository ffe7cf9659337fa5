//! What happened last, to which incident, and who did it.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::model::text::{pad, sanitize, truncate, width};

use super::super::super::app::App;
use super::super::super::wall::{RibbonEntry, Wall};
use super::{below, rule};

/// Columns of the word for what happened.
const WORD: usize = 13;
/// From this width on, more is said than the word.
const WIDE: usize = 58;

pub(super) fn draw(app: &App, wall: &Wall, area: Rect, buffer: &mut Buffer) {
    if area.height < 2 {
        return;
    }
    let title = Line::from(Span::styled("Last events", app.theme.dim()));
    rule(app, &title, Rect { height: 1, ..area }, buffer);
    let lines = below(area, if area.height > 8 { 2 } else { 1 });
    if wall.ribbon.is_empty() {
        let text = "none since this was opened";
        buffer.set_stringn(lines.x, lines.y, text, usize::from(area.width), app.theme.dim());
    }
    for (moment, row) in wall.ribbon.iter().zip(lines.rows()) {
        let line = line(app, moment, usize::from(row.width));
        buffer.set_line(row.x, row.y, &line, row.width);
    }
}

fn line(app: &App, moment: &RibbonEntry, room: usize) -> Line<'static> {
    let theme = app.theme;
    let number = moment.incident.number.map_or_else(|| "new".into(), |number| number.0.to_string());
    let mut line = Line::from(vec![
        Span::styled(format!("{}  ", app.clock().hh_mm(moment.at)), theme.dim()),
        Span::styled(format!("{number:>4} "), theme.priority(moment.incident.priority)),
        Span::raw(format!("{} ", pad(moment.word, WORD.min(room.saturating_sub(20))))),
    ]);
    let actor = sanitize(&moment.actor);
    let left = room.saturating_sub(line.width());
    if room < WIDE {
        line.push_span(Span::styled(truncate(&actor, left).into_owned(), theme.dim()));
        return line;
    }
    let first = moment.detail.lines().next().unwrap_or_default();
    let detail = sanitize(first);
    let actor = pad(&actor, 16);
    let left = left.saturating_sub(width(&actor) + 2);
    line.push_span(actor);
    line.push_span(Span::styled(format!("  {}", truncate(&detail, left)), theme.dim()));
    line
}
