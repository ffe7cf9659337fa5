//! The timeline pane: the events of the shown incident.

use std::borrow::Cow;

use chrono::{DateTime, NaiveDate, Utc};
use ratatui::style::{Modifier, Style};

use crate::model::Event;
use crate::model::event::EventBody;
use crate::model::text::{SafeText, lines as safe_lines, pad, truncate, width as width_of, wrap};
use crate::model::time::format_duration;

use crate::tui::action::Action;
use crate::tui::core::app::App;
use crate::tui::core::computed::Identity;
use crate::tui::core::layout::Frame;
use crate::tui::core::mode::Mode;
use crate::tui::core::pane::Pane;
use crate::tui::input::fuzzy::{Hit, WordMatcher};
use crate::tui::reading::{LoadedIncident, TimelineInputs};
use crate::tui::widgets::bounded::bounded;
use crate::tui::widgets::highlight::push_marked;
use crate::tui::widgets::text::{Line, Span};

/// The maximum width of the word after the mark, in columns.
const WORD_WIDTH: usize = 13;
/// The same if actor and text have no columns: a longer word moves them.
const NARROW_WORD_WIDTH: usize = 10;
/// The width of the actor's name where it has a column of its own.
const ACTOR_WIDTH: usize = 18;
/// The width from which actor and text have columns of their own.
const WIDE_FROM: usize = 90;
/// The width below which a text that does not fit on the line is shown below it, across the pane.
const NARROW_BELOW: usize = 44;

/// Returns the inputs of [`lines`].
pub(in crate::tui) fn inputs(app: &App, width: usize) -> TimelineInputs {
    let shown = app.reading.shown.as_ref();
    let zone = shown.filter(|_| is_bare(app)).map(|shown| zone_name(app, shown));
    TimelineInputs {
        shown: shown.map(|shown| (Identity::new(&shown.detail), Identity::new(&shown.events))),
        outbox: app.inflight.outbox.as_ref().map(Identity::new),
        width,
        zone,
        day: app.clock().local_time(app.now).date(),
        clock: app.clock(),
        theme: app.ui.theme,
        as_of: viewed_seq(app),
        view: app.timeline.clone(),
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

/// An entry of the timeline before its lines are computed.
struct Entry {
    seq: u32,
    at: DateTime<Utc>,
    milestone: bool,
    is_note: bool,
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
        // Without a border no title names the incident.
        let summary = &shown.detail.incident.summary;
        let (label, zone) = (summary.label(), zone_name(app, shown));
        let text = format!("{label} · {zone} · {}", summary.title);
        lines.push(Line::from(Span::styled(truncate(text, width), app.ui.theme.strong())));
    }
    let view = &app.timeline;
    let has_earlier = shown.events.first().is_some_and(|first| first.seq > 1);
    let earlier = || {
        let loads = app.reading.loading_earlier || view.oldest_first || view.is_partial();
        let text = if app.reading.earlier_failed {
            "earlier events could not be read"
        } else if loads {
            "reading earlier events …"
        } else {
            "earlier events follow when scrolled to"
        };
        Line::from(Span::styled(text, app.ui.theme.dim()))
    };
    if has_earlier && view.oldest_first {
        lines.push(earlier());
    }
    let today = app.clock().local_time(app.now).date();
    // Times of today have no date above them.
    let mut day = today;
    let viewed_at =
        viewed_seq(app).and_then(|seq| shown.events.iter().find(|event| event.seq == seq));
    let viewed_at = viewed_at.map(|event| event.at);
    let matchers: Vec<WordMatcher> = view.search.split_whitespace().map(WordMatcher::new).collect();
    let mut entries = entries(app, shown);
    entries.retain(|entry| (entry.is_note || !view.notes_only) && entry.has_all(&matchers));
    if view.oldest_first {
        entries.reverse();
    }
    if entries.is_empty() && view.is_partial() {
        lines.push(Line::from(Span::styled(nothing_found(app), app.ui.theme.dim())));
    }
    let word_width = entries.iter().map(|entry| width_of(&*entry.word)).max().unwrap_or(0);
    let word_width = word_width.min(NARROW_WORD_WIDTH);
    for entry in entries {
        let date = app.clock().local_time(entry.at).date();
        if date != day {
            lines.push(separator(app, date, width));
            day = date;
        }
        let from = lines.len();
        layout_entry(app, &entry, (width, word_width), &mut lines);
        if !matchers.is_empty() {
            for (index, line) in lines[from..].iter_mut().enumerate() {
                highlight_matches(app, &matchers, index == 0, line);
            }
        }
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
    if has_earlier && !view.oldest_first {
        lines.push(earlier());
    }
    lines
}

impl Entry {
    /// Returns whether each word is somewhere in the entry.
    fn has_all(&self, matchers: &[WordMatcher]) -> bool {
        let texts = [&*self.word, self.actor.as_str(), self.text.as_str()];
        let is_in = |text: &str, word: &WordMatcher| word.hit(text) == Some(Hit::Exact);
        matchers.iter().all(|word| texts.iter().any(|text| is_in(text, word)))
    }
}

/// Returns the line for when no event is shown.
fn nothing_found(app: &App) -> String {
    let view = &app.timeline;
    if !view.is_searched() {
        return format!(
            "no note was written{}",
            app.ui.keymap.hint_suffix(Action::NotesOnly, "shows all")
        );
    }
    let what = if view.notes_only { "no note" } else { "nothing" };
    let found = format!("{what} has “{}”", view.search.trim());
    match app.ui.mode {
        Mode::TimelineSearch(_) => found,
        _ => format!("{found}{}", app.ui.keymap.hint_suffix(Action::Back, "shows all")),
    }
}

/// Highlights the words in a line, but not in its time and mark.
fn highlight_matches(
    app: &App,
    matchers: &[WordMatcher],
    is_first: bool,
    line: &mut Line<'static>,
) {
    let spans = std::mem::take(&mut line.spans);
    for (index, span) in spans.into_iter().enumerate() {
        // Of a first line, the time and the mark.
        if index < 2 && is_first {
            line.push_span(span);
            continue;
        }
        let found = matchers.iter().filter(|word| word.hit(&span.content) == Some(Hit::Exact));
        let mut marks: Vec<usize> =
            found.flat_map(|word| word.matched_graphemes(&span.content)).collect();
        marks.sort_unstable();
        marks.dedup();
        push_marked(app, span.content, &marks, span.style, line);
    }
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
    let mut suspects: Vec<_> =
        shown.detail.suspects.iter().map(|suspect| (suspect.change.starts_at, suspect)).collect();
    suspects.sort_by_key(|(at, _)| *at);
    for (at, suspect) in suspects {
        let change = &suspect.change;
        // Its position among earlier events that aren't loaded yet is unknown.
        if first.is_some_and(|first| first.seq > 1 && at < first.at) {
            continue;
        }
        let (kind, title, state) = (&change.kind, &change.title, &change.state);
        let text = format!("{kind} {title} · {state}, {}", suspect.course());
        let actor = app.actor_label(&change.by).into_owned();
        let index = entries.iter().position(|entry| entry.at <= at).unwrap_or(entries.len());
        let entry = Entry {
            seq: 0,
            at,
            milestone: false,
            is_note: false,
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
        _ => event.marked_detail(app.fetched.directory.as_deref()),
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
        is_note: event.body.is_note(),
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

/// Computes the lines of an entry: time, mark, kind, actor and text on one line if they fit.
///
/// In a wide pane each has its column. Otherwise actor and text follow each other, and continue
/// below the kind; in a narrow pane a text that does not fit has lines of its own.
fn layout_entry(
    app: &App,
    entry: &Entry,
    (width, word_width): (usize, usize),
    lines: &mut Vec<Line<'static>>,
) {
    let theme = app.ui.theme;
    let (mark, style) = match entry {
        Entry { pending: true, .. } => ("↑ ", theme.accent()),
        Entry { milestone: true, .. } => ("● ", theme.strong()),
        _ => ("◦ ", Style::new()),
    };
    let is_wide = width >= WIDE_FROM;
    let utc = app.clock().secondary_utc(entry.at).filter(|_| is_wide);
    let utc = utc.map(|at| at.format("%H:%MZ  ").to_string()).unwrap_or_default();
    let gap = if is_wide { "  " } else { " " };
    let time = format!("{}{gap}{utc}", app.clock().hh_mm_ss(entry.at));
    let lead = width_of(&time) + 2;
    let mut line = Line::from(vec![Span::styled(time, theme.dim()), Span::styled(mark, style)]);
    let text = bounded(&entry.text);
    let texts: Vec<_> = safe_lines(&text).filter(|_| !text.is_empty()).collect();
    if is_wide {
        line.push_span(Span::styled(pad(&*entry.word, WORD_WIDTH).into_owned(), style));
        line.push_span(" ");
        line.push_span(Span::styled(pad(&entry.actor, ACTOR_WIDTH).into_owned(), theme.dim()));
        line.push_span("  ");
        push_wrapped(texts.into_iter(), line, width, lines);
        return;
    }
    let actor = truncate(&entry.actor, width.saturating_sub(lead + 4)).into_owned();
    let fits = |column: usize| match texts.as_slice() {
        [] => true,
        [one] => column + actor.width() + SEPARATOR_WIDTH + one.width() <= width,
        _ => false,
    };
    let word_width = word_width.max(width_of(&*entry.word)).min(WORD_WIDTH);
    let column = lead + word_width + 1;
    if width < NARROW_BELOW && !fits(column) {
        let word = truncate(&*entry.word, width.saturating_sub(lead)).into_owned();
        let room = width.saturating_sub(lead + word.width() + SEPARATOR_WIDTH);
        line.push_span(Span::styled(word, style));
        let actor = format!("{SEPARATOR}{}", truncate(actor, room));
        line.push_span(Span::styled(actor, theme.dim()));
        lines.push(line);
        let room = width.saturating_sub(2).max(8);
        for more in texts.into_iter().flat_map(|text| wrap(text, room)) {
            lines.push(Line::from(vec![Span::raw("  "), Span::raw(more)]));
        }
        return;
    }
    line.push_span(Span::styled(pad(&*entry.word, word_width).into_owned(), style));
    line.push_span(" ");
    let actor_width = actor.width();
    line.push_span(Span::styled(actor, theme.dim()));
    let mut texts = texts.into_iter();
    let Some(first) = texts.next() else { return lines.push(line) };
    line.push_span(Span::styled(SEPARATOR, theme.dim()));
    // Kind and actor are in the first line of the text.
    let room = width.saturating_sub(lead).max(8);
    let offset = (word_width + 1 + actor_width + SEPARATOR_WIDTH).min(room);
    let stand_in = "x".repeat(offset - 1);
    let mut wrapped = wrap(format!("{stand_in} {first}"), room).into_iter();
    let begin = wrapped.next().unwrap_or_default();
    line.push_span(Span::raw(begin.as_str().get(offset..).unwrap_or_default().to_owned()));
    lines.push(line);
    let rest = wrapped.chain(texts.flat_map(|text| wrap(text, room)));
    for more in rest {
        lines.push(Line::from(vec![Span::raw(" ".repeat(lead)), Span::raw(more)]));
    }
}

/// Between an actor and their text.
const SEPARATOR: &str = " · ";
/// The width of [`SEPARATOR`], in columns.
const SEPARATOR_WIDTH: usize = 3;

/// Appends texts at the end of a line, wrapped at where they begin.
fn push_wrapped<'t>(
    texts: impl Iterator<Item = SafeText<'t>>,
    mut line: Line<'static>,
    width: usize,
    lines: &mut Vec<Line<'static>>,
) {
    let column = line.width();
    let room = width.saturating_sub(column).max(8);
    let mut wrapped = texts.flat_map(|text| wrap(text, room));
    if let Some(first) = wrapped.next() {
        line.push_span(first);
    }
    lines.push(line);
    for more in wrapped {
        lines.push(Line::from(vec![Span::raw(" ".repeat(column)), Span::raw(more)]));
    }
}
