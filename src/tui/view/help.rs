//! The keys, read from the table of actions.

use ratatui::style::Style;
use ratatui::text::{Line, Span};

use crate::model::text::{fit, wrap};

use super::super::action::{Entry, Layer, TABLE};
use super::super::app::App;

/// Columns of the keys.
const KEYS: usize = 7;

pub(super) fn lines(app: &App, width: usize) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    for (name, layer) in [
        ("Panes", Layer::Panes),
        ("A filter", Layer::Filter),
        ("A form", Layer::Form),
        ("A list", Layer::Pick),
        ("Impact × urgency", Layer::Matrix),
        ("A question", Layer::Confirm),
    ] {
        if !lines.is_empty() {
            lines.push(Line::default());
        }
        lines.push(Line::from(Span::styled(name, app.theme.strong())));
        for entry in TABLE.iter().filter(|entry| entry.layers.contains(&layer)) {
            of_entry(app, entry, width, &mut lines);
        }
    }
    for text in [
        "",
        "A filter is words, looked for in number, title, services, owner and team, and terms: p1, \
         status:, service:, owner:me, owner:none, team:, cat:, age>2h, idle>2h, sla:late, is:snoozed, \
         is:any; a - before one excludes. Terms on one field are alternatives.",
        "In the queue: ✓ selected, ↑ a command is on its way, ‖ paused; the bar is the time left.",
    ] {
        for part in wrap(text, width) {
            lines.push(Line::from(Span::styled(part, app.theme.dim())));
        }
    }
    lines
}

fn of_entry(app: &App, entry: &Entry, width: usize, lines: &mut Vec<Line<'static>>) {
    let keys: Vec<String> = app.keymap.keys(entry.action).iter().map(ToString::to_string).collect();
    let barred = entry.barred(app);
    let (style, text) = match &barred {
        Some(why) => (app.theme.dim(), format!("{} – not now: {why}", entry.help)),
        None => (Style::new(), entry.help.to_owned()),
    };
    let mut keys = fit(&keys.join(" "), KEYS);
    for part in wrap(&text, width.saturating_sub(KEYS + 2).max(8)) {
        lines.push(Line::from(vec![
            Span::styled(
                format!("{keys}  "),
                if barred.is_some() { style } else { app.theme.accent() },
            ),
            Span::styled(part, style),
        ]));
        keys = " ".repeat(KEYS);
    }
}
