//! Draws the line of new urgent incidents below the state line.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Modifier;

use crate::model::command::CommandKind;
use crate::model::text::{truncate, width};

use crate::tui::action::Action;
use crate::tui::core::app::App;
use crate::tui::widgets::formatting::age;
use crate::tui::widgets::text::{Line, Span, draw_line, fill};

/// Draws the line, if it has content.
pub(in crate::tui) fn draw(app: &App, area: Rect, buffer: &mut Buffer) {
    let waiting = &app.notices.urgent.waiting;
    let Some(first) = waiting.first().filter(|_| area.height > 0) else { return };
    let row = &first.row;
    let style = app.ui.theme.urgent(row.priority);
    fill(" ", style, area, buffer);
    let room = usize::from(area.width);
    let hints = hints(app, room);
    let count = if waiting.len() > 1 { format!("{} new: ", waiting.len()) } else { String::new() };
    let priority = row.priority.as_str();
    let mut line = Line::from(Span::styled(format!(" {count}"), style));
    line.push_span(Span::styled(priority, style.add_modifier(Modifier::UNDERLINED)));
    line.push_span(Span::styled(format!(" {}  ", row.label()), style));
    let about = format!(" · {} old · nobody has it", age(row.reported_at, app.backend_now()));
    let free = room.saturating_sub(line.width() + width(&hints) + 2);
    let title = truncate(&row.title, free).into_owned();
    let about = if title.width() + width(&about) <= free { about } else { String::new() };
    line.push_span(Span::styled(title, style));
    line.push_span(Span::styled(about, style));
    draw_line(&line, area, buffer);
    let wide = u16::try_from(width(&hints) + 1).unwrap_or(0).min(area.width);
    let right = Rect { x: area.right() - wide, width: wide, ..area };
    draw_line(&Line::from(Span::styled(hints, style)), right, buffer);
}

/// Returns the keys that concern the incident. The key that acknowledges is named only if it would
/// act on this incident.
fn hints(app: &App, room: usize) -> String {
    let first = app.notices.urgent.waiting.first().map(|unclaimed| unclaimed.row.id);
    let is_target = app.ui.marked.is_empty() && app.target().map(|row| row.id) == first;
    let mut hints = Vec::new();
    let actions = [
        (Action::Command(CommandKind::Acknowledge), "acknowledge", "ack", is_target),
        (Action::MostUrgent, "go there", "go", !is_target),
        (Action::Back, "not now", "", true),
    ];
    for (action, long, short, applies) in actions {
        let word = if room < 80 { short } else { long };
        let key = app.ui.keymap.keys(action).first().filter(|_| applies && !word.is_empty());
        hints.extend(key.map(|key| format!("{key} {word}")));
    }
    hints.join("  ")
}
