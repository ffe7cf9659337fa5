//! The timeline pane: the events of the shown incident, newest first.

use std::borrow::Cow;

use chrono::{DateTime, NaiveDate, Utc};
use ratatui::style::{Modifier, Style};

use crate::model::Event;
use crate::model::event::EventBody;
use crate::model::text::{lines as safe_lines, pad, truncate, wrap};
use crate::model::time::format_duration;

use crate::tui::core::app::App;
use crate::tui::core::computed::Identity;
use crate::tui::core::layout::Frame;
use crate::tui::core::pane::Pane;
use crate::tui::reading::{LoadedIncident, TimelineInputs};
use crate::tui::widgets::text::{Line, Span};

/// The width of the word after the mark, in columns.
const WORD_WIDTH: usize = 13;
/// The width of the actor's name, in columns.
const ACTOR_WIDTH: usize = 13;
/// The width from which there is more room for the actor.
const WIDE_FROM: usize = 90;
/// The width from which an entry fits on one line.
const ONE_LINE_FROM: usize = 52;
/// The minimum number of columns in which a longer text is wrapped next to the actor.
const MIN_TEXT_WIDTH: usize = 36;

/// Returns what [`lines`] depends on.
pub(in crate::tui) fn inputs(app: &App, width: usize) -> TimelineInputs {
    let shown = app.reading.shown.as_ref();
    TimelineInputs {
        shown: shown.map(|shown| (Identity::new(&shown.detail), Identity::new(&shown.events))),
        outbox: app.inflight.outbox.as_ref().map(Identity::new),
        width,
        is_bare: is_bare(app),
        day: app.clock().local_time(app.now).date(),
        clock: app.clock(),
        theme: app.ui.theme,
        as_of: viewed_seq(app),
    }
}

/// Returns whether the pane is shown without a border.
fn is_bare(app: &App) -> bool {
    app.layout().slot(Pane::Timeline).is_some_and(|slot| slot.frame == Frame::Bare)
}

/// Returns the sequence number of the event as of which the incident is shown; `None` for now.
fn viewed_seq(app: &App) -> Option<u32> {
    app.travel.as_ref().map(|travel| travel.seq)
}

/// Scrolls to the event as of which the incident is shown, if that was requested.
pub(in crate::tui) fn scroll_to_viewed_event(app: &mut App, page: usize) {
    let Some(travel) = &mut app.travel else { return };
    let Some(line) = app.reading.timeline_mark else { return };
    if std::mem::take(&mut travel.scroll_pending) {
        let top = &mut app.reading.timeline_top;
        *top = (*top).min(line.saturating_sub(1)).max((line + 2).saturating_sub(page));
    }
}

/// Returns the line of the event as of which the incident is shown.
pub(in crate::tui) fn viewed_event_line(lines: &[Line<'static>]) -> Option<usize> {
    lines
        .iter()
        .position(|line| line.spans.get(1).is_some_and(|span| span.content == VIEWED_EVENT_MARK))
}

/// The mark of the event as of which the incident is shown.
const VIEWED_EVENT_MARK: &str = "▶ ";

/// An entry of the timeline before it is laid out.
struct Entry {
    seq: u32,
    at: DateTime<Utc>,
    milestone: bool,
    /// Whether its command is still in the outbox.
    pending: bool,
    word: Cow<'static, str>,
    actor: String,
    text: String,
}

pub(in crate::tui) fn lines(app: &App, width: usize) -> Vec<Line<'static>> {
    let Some(shown) = &app.reading.shown else { return Vec::new() };
    let mut lines = Vec::new();
    if is_bare(app) {
        // Without a border there is no title that names the incident.
        let summary = &shown.detail.incident.summary;
        let (label, zone) = (summary.label(), zone_name(app, shown));
        let text = format!("{label} · {zone} · {}", summary.title);
        lines.push(Line::from(Span::styled(truncate(text, width), app.ui.theme.strong())));
    }
    let mut day = app.clock().local_time(app.now).date();
    let viewed_at =
        viewed_seq(app).and_then(|seq| shown.events.iter().find(|event| event.seq == seq));
    let viewed_at = viewed_at.map(|event| event.at);
    for entry in entries(app, shown) {
        let date = app.clock().local_time(entry.at).date();
        if date != day {
            lines.push(separator(app, date, width));
            day = date;
        }
        let from = lines.len();
        layout_entry(app, &entry, width, &mut lines);
        let Some(viewed) = viewed_seq(app) else { continue };
        let is_later =
            if entry.seq > 0 { entry.seq > viewed } else { viewed_at.is_none_or(|t| entry.at > t) };
        if is_later {
            for line in &mut lines[from..] {
                *line = std::mem::take(line)
                    .patch_style(app.ui.theme.dim().add_modifier(Modifier::DIM));
            }
        } else if entry.seq == viewed
            && let Some(first) = lines.get_mut(from)
        {
            if let Some(mark) = first.spans.get_mut(1) {
                mark.content = VIEWED_EVENT_MARK.into();
            }
            *first = std::mem::take(first).patch_style(app.ui.theme.strong());
        }
    }
    if shown.events.first().is_some_and(|first| first.seq > 1) {
        let text = "earlier events follow when scrolled to";
        lines.push(Line::from(Span::styled(text, app.ui.theme.dim())));
    }
    lines
}

/// Returns the name of the zone of the times of an incident's timeline, up to now.
pub(in crate::tui) fn zone_name(app: &App, shown: &LoadedIncident) -> String {
    let first = shown.events.iter().map(|event| event.at).min().unwrap_or(app.now);
    app.clock().name_between(first.min(app.now), app.now)
}

/// Returns the events in the order in which they were recorded, newest first, with suspected
/// changes inserted by time.
fn entries(app: &App, shown: &LoadedIncident) -> Vec<Entry> {
    let mut entries: Vec<Entry> =
        shown.events.iter().rev().map(|event| event_entry(app, event, shown)).collect();
    let first = shown.events.first();
    let mut suspects: Vec<_> = shown
        .detail
        .suspects
        .iter()
        .map(|suspect| {
            (suspect.change.ends_at.unwrap_or(suspect.change.starts_at), &suspect.change)
        })
        .collect();
    suspects.sort_by_key(|(at, _)| *at);
    for (at, change) in suspects {
        // Its position among earlier events that aren't loaded yet is unknown.
        if first.is_some_and(|first| first.seq > 1 && at < first.at) {
            continue;
        }
        let text = format!("{} {} · {}", change.kind, change.title, change.state);
        let actor = app.actor_label(&change.by).into_owned();
        let index = entries.iter().position(|entry| entry.at <= at).unwrap_or(entries.len());
        let entry = Entry {
            seq: 0,
            at,
            milestone: false,
            pending: false,
            word: "Change".into(),
            actor,
            text,
        };
        entries.insert(index, entry);
    }
    entries
}

fn event_entry(app: &App, event: &Event, shown: &LoadedIncident) -> Entry {
    let pending = app.is_command_pending(event.command);
    let mut text = match &event.body {
        EventBody::Declared { declaration, priority, .. } => {
            let mut text = format!("{priority} · detected by {}", declaration.source);
            let alerts = shown.detail.incident.summary.alerts;
            if alerts > 1 {
                text = format!("{text} · {alerts} alerts grouped");
            }
            for (label, other) in event.extra.labelled() {
                text = format!("{text} · {label}: {other}");
            }
            text
        }
        _ => event.detail(),
    };
    // An event recorded later may have an earlier time than the entry below it.
    if let Some(late) = event.recording_delay().filter(|_| !pending) {
        let separator = if text.is_empty() { "" } else { " · " };
        text = format!("{text}{separator}recorded {} later", format_duration(late));
    }
    Entry {
        seq: event.seq,
        at: event.at,
        milestone: event.body.is_milestone(),
        pending,
        word: event.body.label(),
        actor: app.actor_label(&event.actor).into_owned(),
        text,
    }
}

fn separator(app: &App, date: NaiveDate, width: usize) -> Line<'static> {
    let text = format!(" {} ", date.format("%a %Y-%m-%d"));
    let rest = width.saturating_sub(crate::model::text::width(&text) + 2);
    Line::from(vec![
        Span::styled("──", app.ui.theme.border()),
        Span::styled(text, app.ui.theme.dim()),
        Span::styled("─".repeat(rest), app.ui.theme.border()),
    ])
}

fn layout_entry(app: &App, entry: &Entry, width: usize, lines: &mut Vec<Line<'static>>) {
    let theme = app.ui.theme;
    let (mark, style) = match entry {
        Entry { pending: true, .. } => ("↑ ", theme.accent()),
        Entry { milestone: true, .. } => ("● ", theme.strong()),
        _ => ("◦ ", Style::new()),
    };
    let utc = app.clock().secondary_utc(entry.at).filter(|_| width >= WIDE_FROM);
    let utc = utc.map(|at| at.format("%H:%MZ  ").to_string()).unwrap_or_default();
    let mut line = Line::from(vec![
        Span::styled(format!("{}  {utc}", app.clock().hh_mm_ss(entry.at)), theme.dim()),
        Span::styled(mark, style),
    ]);
    let texts: Vec<_> = safe_lines(&entry.text).collect();
    let by = if width < WIDE_FROM { ACTOR_WIDTH } else { 2 * ACTOR_WIDTH - 8 };
    let column = 8 + 2 + utc.len() + 2 + WORD_WIDTH + 1 + by + 2;
    let text_width = width.saturating_sub(column);
    let fits = texts.len() == 1 && texts[0].width() <= text_width;
    if width >= ONE_LINE_FROM {
        line.push_span(Span::styled(pad(&*entry.word, WORD_WIDTH).into_owned(), style));
        line.push_span(format!(" {}  ", pad(&entry.actor, by)));
    } else {
        let word = truncate(&*entry.word, width.saturating_sub(12)).into_owned();
        let room = width.saturating_sub(12 + word.width() + 3);
        line.push_span(Span::styled(word, style));
        line.push_span(Span::styled(format!(" · {}", truncate(&entry.actor, room)), theme.dim()));
    }
    // The text goes next to the actor if that column is wide enough, else below across the pane.
    let (indent, below) = match width {
        ONE_LINE_FROM.. if fits || text_width >= MIN_TEXT_WIDTH => (column, false),
        ONE_LINE_FROM.. => (12, true),
        _ => (4, true),
    };
    let room = width.saturating_sub(indent).max(8);
    let mut wrapped = texts.iter().flat_map(|text| wrap(text, room)).peekable();
    if entry.text.is_empty() {
        lines.push(line);
        return;
    }
    if !below && let Some(first) = wrapped.next() {
        line.push_span(first);
    }
    lines.push(line);
    for more in wrapped {
        lines.push(Line::from(vec![Span::raw(" ".repeat(indent)), Span::raw(more)]));
    }
}
