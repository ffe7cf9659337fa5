//! The last line: the keys that work here and now, and what is on its way.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};

use crate::model::text::{cut, shown};

use super::super::action::{Action, Layer, TABLE, layer};
use super::super::app::{App, Freshness};
use super::super::mode::Mode;

pub(super) fn draw(app: &App, area: Rect, buffer: &mut Buffer) {
    let right = right(app);
    let room = usize::from(area.width).saturating_sub(right.width() + 1);
    let left = left(app, room);
    buffer.set_line(area.x, area.y, &left, u16::try_from(room).unwrap_or(area.width));
    let x = area.right().saturating_sub(u16::try_from(right.width()).unwrap_or(0));
    buffer.set_line(x, area.y, &right, area.right() - x);
}

/// What is on its way to the backend.
fn right(app: &App) -> Line<'static> {
    let mut parts = Vec::new();
    if !app.pending.is_empty() {
        let again = if app.pending.iter().any(|p| p.retrying) { ", trying again" } else { "" };
        parts.push(format!("{} pending{again}", app.pending.len()));
    }
    if let Some(at) = app.sent_at {
        parts.push(format!("sent {}", at.format("%H:%M:%S")));
    }
    let style = if app.pending.is_empty() { app.theme.dim() } else { app.theme.strong() };
    let text = parts.join(" · ");
    if text.is_empty() {
        return Line::default();
    }
    // On a small screen, only what is still on its way.
    if app.size.0 < 80 {
        let pending = app.pending.len();
        let text = if pending > 0 { format!("{pending} pending ") } else { String::new() };
        return Line::from(Span::styled(text, style));
    }
    Line::from(Span::styled(format!("{text} "), style))
}

fn left(app: &App, room: usize) -> Line<'static> {
    if let Some(toast) = &app.toast {
        let (mark, style) =
            if toast.bad { (" ! ", app.theme.strong()) } else { (" ", Style::new()) };
        let text = shown(&toast.text).into_owned();
        let text = cut(&text, room.saturating_sub(4)).into_owned();
        let mark_style = if toast.bad { app.theme.alarm() } else { style };
        return Line::from(vec![
            Span::styled(mark, mark_style),
            Span::raw(if toast.bad { " " } else { "" }),
            Span::styled(text, style),
        ]);
    }
    if let Mode::Jump(number) = &app.mode {
        let mut line = Line::from(Span::styled(" go to INC-", app.theme.strong()));
        line.push_span(Span::styled(number.clone(), app.theme.strong()));
        line.push_span(Span::styled(" ", Style::new().add_modifier(Modifier::REVERSED)));
        hints(app, room, &mut line);
        return line;
    }
    if let Some(said) = as_of(app, room).filter(|_| layer(app) == Layer::Panes) {
        let text = cut(&said, room.saturating_sub(2)).into_owned();
        let mut line = Line::from(Span::styled(format!(" {text} "), app.theme.alarm()));
        hints(app, room, &mut line);
        return line;
    }
    match (layer(app), app.freshness()) {
        (Layer::Leaving, _) => {
            let count = app.pending.len();
            let mut line = Line::from(Span::styled(
                format!(" ending when {count} pending is stored …  "),
                app.theme.strong(),
            ));
            hints(app, room, &mut line);
            line
        }
        (Layer::Panes, Freshness::Failing { since, said, retry_in }) => {
            let seconds = retry_in.num_seconds().max(0);
            let (since, said) = (since.format("%H:%M:%S"), shown(&said));
            let text = if room < 70 {
                format!("retry in {seconds} s, R now: {said}")
            } else {
                format!("{said} · since {since} · retrying in {seconds} s · R now · ! details")
            };
            Line::from(vec![
                Span::styled(" ! ", app.theme.alarm()),
                Span::styled(
                    format!(" {}", cut(&text, room.saturating_sub(5))),
                    app.theme.strong(),
                ),
            ])
        }
        _ => {
            let mut line = Line::default();
            hints(app, room, &mut line);
            line
        }
    }
}

/// That the incident is shown as it was.
fn as_of(app: &App, room: usize) -> Option<String> {
    let travel = app.travel.as_ref()?;
    let all = app.reading.shown.as_ref()?.detail.incident.summary.seq;
    let key = app.keymap.keys(Action::Back).first();
    let back = key.map(|key| format!(" · {key} returns")).unwrap_or_default();
    Some(match &travel.record {
        Some((_, at)) => {
            let at = at.format("%H:%M:%S");
            if room < 46 {
                return Some(format!("as of {at} · {}/{all}{back}", travel.seq));
            }
            format!("as of {at} · event {} of {all}{back}", travel.seq)
        }
        None => format!("reading earlier events · event {} of {all}{back}", travel.seq),
    })
}

/// As many hints as fit; help is always among them.
fn hints(app: &App, room: usize, line: &mut Line<'static>) {
    let here = layer(app);
    let all: Vec<(String, &str, Action)> = TABLE
        .iter()
        .filter(|entry| entry.layers.contains(&here))
        .filter_map(|entry| {
            let key = app.keymap.keys(entry.action).first()?;
            Some((key.to_string(), entry.hinted(app)?, entry.action))
        })
        .collect();
    let wide = |(key, word, _): &(String, &str, Action)| key.len() + word.len() + 3;
    let help: usize = all.iter().filter(|hint| hint.2 == Action::Help).map(wide).sum();
    let mut left = room.saturating_sub(line.width() + help);
    for hint in &all {
        let is_help = hint.2 == Action::Help;
        if !is_help && wide(hint) > left {
            continue;
        }
        if !is_help {
            left -= wide(hint);
        }
        line.push_span(Span::raw(if line.spans.is_empty() { " " } else { "  " }));
        line.push_span(Span::styled(hint.0.clone(), app.theme.accent()));
        line.push_span(Span::styled(format!(" {}", hint.1), app.theme.dim()));
    }
}
