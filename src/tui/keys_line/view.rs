//! The keys line, last on the screen: keys that work in the current situation, and pending
//! commands.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use unicode_segmentation::UnicodeSegmentation;

use crate::model::text::{SafeText, truncate, width, wrap};

use crate::tui::action::availability::current_layer;
use crate::tui::action::{Action, Entry, Layer};
use crate::tui::core::app::App;
use crate::tui::core::freshness::Freshness;
use crate::tui::core::mode::Mode;
use crate::tui::core::pane::Pane;
use crate::tui::follow;
use crate::tui::keys_line::layout::{ALWAYS_LAST, useful_entries};
use crate::tui::metrics::pages::request::is_page;
use crate::tui::widgets::cursor::CURSOR;
use crate::tui::widgets::formatting::retry_text;
use crate::tui::widgets::text::{Line, Span, clear, draw_line, draw_text};

/// The most rows of a sentence that says why something was not done.
const MAX_ERROR_ROWS: usize = 3;
/// The columns in front of it: a mark and a blank.
const ERROR_INDENT: usize = 4;

pub(in crate::tui) fn draw(app: &App, area: Rect, buffer: &mut Buffer) {
    let right = right(app);
    let room = usize::from(area.width).saturating_sub(right.width() + 1);
    if draw_long_error(app, room, area, buffer) {
        return;
    }
    let left = left(app, room);
    let width = u16::try_from(room).unwrap_or(area.width);
    draw_line(&left, Rect { width, ..area }, buffer);
    let x = area.right().saturating_sub(u16::try_from(right.width()).unwrap_or(0));
    draw_line(&right, Rect { x, width: area.right() - x, ..area }, buffer);
}

/// Draws an error that is too long for the line over the rows above it as well: its end says what helps.
/// Returns whether there is one.
fn draw_long_error(app: &App, room: usize, area: Rect, buffer: &mut Buffer) -> bool {
    let toast = app.notices.toast.as_ref().filter(|toast| toast.is_error);
    let Some(toast) = toast.filter(|_| matches!(app.ui.mode, Mode::Panes)) else { return false };
    let columns = room.saturating_sub(ERROR_INDENT + 1).max(8);
    if width(&toast.text) <= columns {
        return false;
    }
    let mut lines = wrap(&toast.text, columns);
    if lines.len() > MAX_ERROR_ROWS {
        lines.truncate(MAX_ERROR_ROWS);
        let last = &mut lines[MAX_ERROR_ROWS - 1];
        *last = truncate(format!("{last} …"), columns).into_owned();
    }
    let rows = u16::try_from(lines.len()).unwrap_or(1).min(area.y + 1);
    let area = Rect { y: area.y + 1 - rows, height: rows, ..area };
    clear(area, buffer);
    draw_text(" ! ", app.ui.theme.alarm(), area, buffer);
    let indent = u16::try_from(ERROR_INDENT).unwrap_or(0);
    for (line, row) in lines.iter().zip(area.rows()) {
        let row = Rect { x: row.x + indent, width: row.width.saturating_sub(indent), ..row };
        draw_text(line, app.ui.theme.strong(), row, buffer);
    }
    true
}

/// Returns the right part: commands that are pending, refused or sent.
fn right(app: &App) -> Line<'static> {
    let mut parts = Vec::new();
    // The outbox counts all its commands, including those of other processes.
    let counts = app.inflight.outbox.as_ref().map(|outbox| outbox.counts()).unwrap_or_default();
    let direct = app.inflight.pending.iter().filter(|pending| !pending.enqueued).count();
    let pending = if app.inflight.outbox.is_some() { counts.pending.max(direct) } else { direct };
    if pending > 0 {
        let again =
            if app.inflight.pending.iter().any(|p| p.retrying) { ", trying again" } else { "" };
        parts.push(format!("{pending} pending{again}"));
    }
    if counts.refused > 0 {
        let key = app.ui.keymap.keys(Action::Outbox).first();
        let key = key.map(|key| format!(" ({key})")).unwrap_or_default();
        parts.push(format!("{} refused{key}", counts.refused));
    }
    if let Some(at) = app.inflight.last_settled_at {
        parts.push(format!("sent {}", app.clock().hh_mm_ss(at)));
    }
    let quiet = pending == 0 && counts.refused == 0;
    let style = if quiet { app.ui.theme.dim() } else { app.ui.theme.strong() };
    let text = parts.join(" · ");
    if text.is_empty() || (quiet && app.ui.low_bandwidth) {
        return Line::default();
    }
    // On a small screen, only commands that are not done.
    if app.ui.size.0 < 80 {
        let text = match (pending, counts.refused) {
            (0, 0) => String::new(),
            (0, refused) => format!("{refused} refused "),
            (pending, 0) => format!("{pending} pending "),
            (pending, refused) => format!("{pending}↑ {refused}! "),
        };
        return Line::from(Span::styled(text, style));
    }
    Line::from(Span::styled(format!("{text} "), style))
}

fn left(app: &App, room: usize) -> Line<'static> {
    if let Some(toast) = &app.notices.toast {
        let (mark, style) =
            if toast.is_error { (" ! ", app.ui.theme.strong()) } else { (" ", Style::new()) };
        let text = truncate(&toast.text, room.saturating_sub(4)).into_owned();
        let mark_style = if toast.is_error { app.ui.theme.alarm() } else { style };
        return Line::from(vec![
            Span::styled(mark, mark_style),
            Span::raw(if toast.is_error { " " } else { "" }),
            Span::styled(text, style),
        ]);
    }
    if let Mode::TimelineSearch(_) = &app.ui.mode {
        let mut line = Line::from(Span::styled(" search ", app.ui.theme.dim()));
        let most = room.saturating_sub(26).max(8);
        line.push_span(Span::styled(
            truncate_start(&app.timeline.search, most),
            app.ui.theme.strong(),
        ));
        line.push_span(Span::styled(" ", Style::new().add_modifier(CURSOR)));
        push_hints(app, room, &mut line);
        return line;
    }
    if let Some(as_of) = as_of_text(app, room).filter(|_| current_layer(app) == Layer::Panes) {
        let text = truncate(as_of, room.saturating_sub(2));
        let mut line = Line::from(Span::styled(format!(" {text} "), app.ui.theme.alarm()));
        push_hints(app, room, &mut line);
        return line;
    }
    match (current_layer(app), app.freshness()) {
        (Layer::Quitting, _) => {
            let count = app.inflight.pending.len();
            let mut line = Line::from(Span::styled(
                format!(" ending when {count} pending is stored …  "),
                app.ui.theme.strong(),
            ));
            push_hints(app, room, &mut line);
            line
        }
        (Layer::Switching, _) => {
            let mut line = Line::from(Span::styled(switching_text(app), app.ui.theme.strong()));
            push_hints(app, room, &mut line);
            line
        }
        (Layer::Panes, Freshness::Failing { since, message, retry_in }) if !app.is_offline() => {
            let since = app.clock().hh_mm_ss(since);
            let again = retry_text(app, retry_in);
            let text = if room < 70 {
                let now = app.ui.keymap.hint(Action::Refresh, "now");
                let now = now.map(|now| format!(", {now}")).unwrap_or_default();
                format!("{again}{now}: {message}")
            } else {
                let now = app.ui.keymap.hint_suffix(Action::Refresh, "now");
                let details = app.ui.keymap.hint_suffix(Action::Failure, "details");
                format!("{message} · since {since} · {again}{now}{details}")
            };
            Line::from(vec![
                Span::styled(" ! ", app.ui.theme.alarm()),
                Span::styled(
                    format!(" {}", truncate(text, room.saturating_sub(5))),
                    app.ui.theme.strong(),
                ),
            ])
        }
        (Layer::Panes, _) if !app.ui.marked.is_empty() => {
            let count = format!(" {} selected", app.ui.marked.len());
            let mut line = Line::from(Span::styled(count, app.ui.theme.strong()));
            push_hints(app, room, &mut line);
            line
        }
        _ => {
            let mut line = Line::default();
            push_hints(app, room, &mut line);
            line
        }
    }
}

/// Returns the end of a text that is too long, after a mark.
fn truncate_start(text: &str, columns: usize) -> SafeText<'static> {
    let text = SafeText::from(text);
    let mut rest = text.as_str();
    while width(rest) + 1 > columns {
        let Some((index, _)) = rest.grapheme_indices(true).nth(1) else { break };
        rest = &rest[index..];
    }
    if rest.len() == text.len() { text.into_owned() } else { format!("‹{rest}").into() }
}

/// Describes the progress of switching to another workspace.
fn switching_text(app: &App) -> String {
    let Mode::Switching(switching) = &app.ui.mode else { return String::new() };
    let name = truncate(switching.to.name(), 24);
    if switching.opened {
        let count = app.inflight.pending.len();
        format!(" to {name} when {count} pending is stored …  ")
    } else {
        format!(" opening {name} …  ")
    }
}

/// The width below which only the help is always shown.
const NARROW_BELOW: usize = 60;

/// Returns the text of an action's hint; the key that clears the selection has its own.
fn hint_text(app: &App, entry: &Entry) -> &'static str {
    let clears = !app.ui.marked.is_empty() && !app.ui.zoomed && app.ui.focus == Pane::Queue;
    match entry.action {
        Action::Back if clears => "select none",
        Action::Open if app.ui.focus == Pane::Metrics && is_page(app) => "the incidents",
        Action::Open if app.ui.focus == Pane::Metrics => "recurring",
        Action::Open if app.ui.focus == Pane::Detail && follow::layout::selected(app).is_some() => {
            "follow"
        }
        _ => entry.visible_hint(app).unwrap_or_default(),
    }
}

/// Returns the remark that an earlier state of the incident is shown.
fn as_of_text(app: &App, room: usize) -> Option<String> {
    let travel = app.travel.as_ref()?;
    let all = app.reading.shown.as_ref()?.detail.incident.summary.seq;
    let key = app.ui.keymap.keys(Action::Back).first();
    let back = key.map(|key| format!(" · {key} returns")).unwrap_or_default();
    Some(match &travel.record {
        Some((_, at)) => {
            let at = app.clock().hh_mm_ss(*at);
            if room < 46 {
                return Some(format!("as of {at} · {}/{all}{back}", travel.seq));
            }
            format!("as of {at} · event {} of {all}{back}", travel.seq)
        }
        None => format!("reading earlier events · event {} of {all}{back}", travel.seq),
    })
}

/// Appends as many hints as fit. Help is always among them, and the palette if there is some room.
fn push_hints(app: &App, room: usize, line: &mut Line<'static>) {
    let layer = current_layer(app);
    // With low bandwidth, the line does not change with the selection.
    let is_brief = app.ui.low_bandwidth && matches!(layer, Layer::Panes | Layer::Screen);
    let is_shown = |action: Action| {
        let is_constant = ALWAYS_LAST.contains(&action) || action == Action::CloseScreen;
        !is_brief || is_constant || action == Action::Undo
    };
    let all: Vec<(String, &str, bool)> = useful_entries(app, layer)
        .into_iter()
        .filter(|entry| is_shown(entry.action))
        .filter_map(|entry| {
            let key = app.ui.keymap.keys(entry.action).first()?;
            let always = ALWAYS_LAST.contains(&entry.action)
                && (room >= NARROW_BELOW || entry.action == Action::Help);
            Some((key.to_string(), hint_text(app, entry), always))
        })
        .collect();
    let wide = |(key, word, _): &(String, &str, bool)| width(key) + width(*word) + 3;
    let last: usize = all.iter().filter(|hint| hint.2).map(wide).sum();
    let mut remaining = room.saturating_sub(line.width() + last);
    for hint in &all {
        if !hint.2 && wide(hint) > remaining {
            continue;
        }
        if !hint.2 {
            remaining -= wide(hint);
        }
        line.push_span(Span::raw(if line.spans.is_empty() { " " } else { "  " }));
        line.push_span(Span::styled(hint.0.clone(), app.ui.theme.accent()));
        line.push_span(Span::styled(format!(" {}", hint.1), app.ui.theme.dim()));
    }
}
