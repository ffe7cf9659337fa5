//! Rows of the queue: one line with the columns, and a dim second one where rows are free.

use std::borrow::Cow;

use chrono::TimeDelta;
use ratatui::style::{Modifier, Style};
use unicode_segmentation::UnicodeSegmentation;

use crate::config::panes::Column;
use crate::model::change::by_begin;
use crate::model::service_level::running_clock;
use crate::model::text::{SafeText, pad, sanitize, truncate, width};
use crate::model::{LastWord, Priority, Status, Summary};

use crate::tui::core::app::App;
use crate::tui::input::fuzzy::{Hit, WordMatcher};
use crate::tui::queue::columns::{BAR_WIDTH, Columns, heading, is_right_aligned};
use crate::tui::queue::{Row, Unread};
use crate::tui::theme::Theme;
use crate::tui::widgets::formatting::{
    age, clock_text, pluralize, remaining_bar, short_duration, short_status,
};
use crate::tui::widgets::highlight;
use crate::tui::widgets::text::{Line, Span};

/// How long an incident with an assignee may be without an event before it is called silent.
const SILENT_AFTER: TimeDelta = TimeDelta::hours(2);

/// The width of a title up to which folded incidents are not mentioned.
const MIN_NESTED_WIDTH: usize = 16;

/// Returns the line with the names of the columns.
pub(in crate::tui) fn header(app: &App, columns: &Columns) -> Line<'static> {
    let mut text = " ".repeat(usize::from(columns.has_flag));
    for (column, wide) in &columns.list {
        let name = heading(*column, *wide);
        if is_right_aligned(*column) {
            text.push_str(&" ".repeat(wide.saturating_sub(name.len())));
            text.push_str(name);
        } else {
            text.push_str(&pad(name, *wide));
        }
        text.push(' ');
        if *column == Column::Title {
            text.push_str(&" ".repeat(columns.gap));
        }
    }
    Line::from(Span::styled(text.trim_end().to_owned(), app.ui.theme.dim()))
}

/// Appends a text with the matches of the filter's search words highlighted.
pub(in crate::tui) fn push_highlighted(
    app: &App,
    text: &SafeText<'_>,
    style: Style,
    line: &mut Line<'static>,
) {
    highlight::push_marked(app, text.clone(), &matches(app, text), style, line);
}

/// Returns the graphemes of a text that the filter's search words match.
fn matches(app: &App, text: &SafeText<'_>) -> Vec<usize> {
    let words = app.queue.text_matchers().iter();
    let mut marks: Vec<usize> =
        words.flat_map(|word: &WordMatcher| word.matched_graphemes(text)).collect();
    marks.sort_unstable();
    marks.dedup();
    marks
}

/// Appends a text with matches highlighted, padded or truncated to `wide` columns, and a blank.
pub(in crate::tui) fn push_fitted<'a>(
    app: &App,
    text: impl Into<SafeText<'a>>,
    wide: usize,
    style: Style,
    line: &mut Line<'static>,
) {
    let full = text.into();
    let mut marks = matches(app, &full);
    let text = truncate(&full, wide);
    // Neither truncated letters nor the ellipsis are highlighted.
    if text.len() < full.len() {
        let visible = text.graphemes(true).count().saturating_sub(1);
        marks.retain(|mark| *mark < visible);
    }
    let blank = wide.saturating_sub(text.width()) + 1;
    highlight::push_marked(app, text, &marks, style, line);
    // Blanks are never underlined or reversed.
    line.push_span(" ".repeat(blank));
}

/// The styles of a row, which show its urgency.
struct RowStyles {
    /// Number and title.
    title: Style,
    priority: Style,
    /// Status and owner.
    state: Style,
}

impl RowStyles {
    /// Returns the styles of a row. The row of an unacknowledged P1 is the loudest on the screen.
    fn new(theme: Theme, row: &Summary, is_selected: bool) -> Self {
        let priority = theme.priority(row.priority);
        if !is_unacknowledged(row) || row.is_muted() {
            let title = if is_selected { theme.strong() } else { Style::new() };
            return Self { title, priority, state: theme.dim() };
        }
        let urgent = theme.urgent_text(row.priority);
        match row.priority.rank() {
            Priority::P1 => {
                Self { title: urgent, priority: theme.urgent(row.priority), state: urgent }
            }
            Priority::P2 => Self {
                title: theme.strong(),
                priority: priority.add_modifier(Modifier::BOLD),
                state: theme.strong(),
            },
            _ => Self { title: theme.strong(), priority, state: theme.strong() },
        }
    }
}

fn is_unacknowledged(row: &Summary) -> bool {
    row.status == Status::Triggered
}

/// Returns the flag before a row: the viewer's first action on it, otherwise its news.
pub(in crate::tui) fn flag(app: &App, row: &Row) -> &'static str {
    let (summary, unread) = (&row.summary, app.queue.unread.get(&row.summary.id));
    if app.ui.marked.contains(&summary.id) {
        "✓"
    } else if app.is_pending(summary.id) {
        "↑"
    } else if row.hit == Hit::Similar {
        "~"
    } else if let Some(unread) = unread {
        unread.glyph()
    } else if summary.is_muted() {
        "×"
    } else if summary.paused {
        "‖"
    } else if summary.folded_under.is_some() {
        "└"
    } else {
        " "
    }
}

/// Returns the style of the flag.
pub(in crate::tui) fn flag_style(app: &App) -> Style {
    app.ui.theme.accent().add_modifier(Modifier::BOLD)
}

/// Returns the line of a row.
pub(in crate::tui) fn row_line(
    app: &App,
    row: &Row,
    columns: &Columns,
    is_selected: bool,
) -> Line<'static> {
    let theme = app.ui.theme;
    let mut line = Line::default();
    if columns.has_flag {
        line.push_span(Span::styled(flag(app, row), flag_style(app)));
    }
    let (is_nested, folds) = (row.is_nested, row.folds);
    let row = &*row.summary;
    let styles = RowStyles::new(theme, row, is_selected);
    for (column, wide) in &columns.list {
        let wide = *wide;
        match column {
            Column::Number => {
                let number = row.number.map_or_else(|| "new".into(), |n| n.0.to_string());
                let number = truncate(number, wide);
                line.push_span(" ".repeat(wide.saturating_sub(number.width())));
                push_highlighted(app, &number, styles.title, &mut line);
                line.push_span(" ");
            }
            Column::Priority => {
                let text = pad(row.priority.as_str(), wide).into_owned();
                line.push_span(Span::styled(text, styles.priority));
                line.push_span(" ");
            }
            Column::Status => {
                let full = columns.has_full_status;
                let text = if full { row.status.as_str() } else { short_status(row.status) };
                push_fitted(app, text, wide, styles.state, &mut line);
            }
            Column::Age => {
                let text = age(row.reported_at, app.backend_now());
                line.push_span(Span::styled(format!("{text:>wide$} "), theme.dim()));
            }
            Column::Sla => push_clock(app, row, columns.has_bar, wide, &mut line),
            Column::Service => {
                let service = row.primary_service().map_or("–".into(), |s| app.service_label(s));
                push_fitted(app, service, wide, theme.dim(), &mut line);
            }
            Column::Owner => {
                let owner = owner(app, row, columns.has_full_owner);
                let style = match &row.assignee {
                    Some(_) => theme.dim(),
                    None if row.priority.rank() <= Priority::P2
                        && is_unacknowledged(row)
                        && !row.is_muted() =>
                    {
                        theme.urgent_text(row.priority)
                    }
                    None => styles.state,
                };
                push_fitted(app, owner, wide, style, &mut line);
            }
            Column::Team => {
                let team = row.team.as_deref().map_or("–".into(), |team| app.team_label(team));
                push_fitted(app, team, wide, theme.dim(), &mut line);
            }
            Column::Title => {
                push_title(app, row, (is_nested, folds), (wide, styles.title), &mut line);
                if columns.gap > 0 {
                    line.push_span(" ".repeat(columns.gap));
                }
            }
        }
    }
    line
}

/// Appends the title: indented below the incident from which it follows, and with the number of those that
/// follow from it.
fn push_title(
    app: &App,
    row: &Summary,
    (is_nested, folds): (bool, usize),
    (wide, style): (usize, Style),
    line: &mut Line<'static>,
) {
    let dim = app.ui.theme.dim();
    let indent = if is_nested && wide > MIN_NESTED_WIDTH { "└ " } else { "" };
    let count =
        if folds > 0 && wide > MIN_NESTED_WIDTH { format!("└ {folds}") } else { String::new() };
    let mut room = wide;
    if !indent.is_empty() {
        line.push_span(Span::styled(indent, dim));
        room = room.saturating_sub(width(indent));
    }
    if count.is_empty() {
        push_fitted(app, &row.title, room, style, line);
        return;
    }
    push_fitted(app, &row.title, room.saturating_sub(width(&count) + 1), style, line);
    line.push_span(Span::styled(count, dim));
    line.push_span(" ");
}

/// Returns who leads the response, in full or as a handle.
fn owner<'a>(app: &App, row: &'a Summary, full: bool) -> Cow<'a, str> {
    match &row.assignee {
        Some(person) if full => app.person_label(person),
        Some(person) => app.handle_label(person),
        None if full => "unowned".into(),
        None => "nobody".into(),
    }
}

/// Appends the running clock, aligned at the right: a bar of the remaining time if there is room,
/// and the time.
pub(in crate::tui) fn push_clock(
    app: &App,
    row: &Summary,
    has_bar: bool,
    wide: usize,
    line: &mut Line<'static>,
) {
    let theme = app.ui.theme;
    let Some(clock) = running_clock(row, &app.session.rules.levels) else {
        line.push_span(" ".repeat(wide + 1));
        return;
    };
    let unacknowledged = is_unacknowledged(row) && !row.is_muted();
    let now = app.backend_now();
    let style = if clock.is_past(now) {
        let loud = unacknowledged && row.priority.rank() == Priority::P1;
        if loud { theme.past().add_modifier(Modifier::REVERSED) } else { theme.past() }
    } else if clock.is_near(now) {
        theme.near()
    } else if unacknowledged {
        theme.strong()
    } else {
        theme.dim()
    };
    let mut room = wide;
    if has_bar {
        room = room.saturating_sub(BAR_WIDTH + 1);
        line.push_span(Span::styled(remaining_bar(&clock, now, BAR_WIDTH), theme.dim()));
        line.push_span(" ");
    }
    let text = clock_text(&clock, now, room);
    line.push_span(" ".repeat(room.saturating_sub(width(&text))));
    line.push_span(Span::styled(text, style));
    line.push_span(" ");
}

/// Returns the second line of a row, below the title: facts that the columns don't show, and the
/// activity or its absence.
pub(in crate::tui) fn second_line(
    app: &App,
    row: &Summary,
    columns: &Columns,
    room: usize,
) -> Line<'static> {
    let theme = app.ui.theme;
    let mut parts: Vec<Cow<'_, str>> = Vec::new();
    if columns.width(Column::Status).is_none() {
        parts.push(row.status.as_str().into());
    }
    if columns.width(Column::Owner).is_none() {
        parts.push(owner(app, row, true));
    }
    if let Some(first) = row.primary_service()
        && columns.width(Column::Service).is_none()
    {
        parts.push(app.service_label(first));
        if row.services.len() > 1 {
            let last = parts.pop().unwrap_or_default();
            parts.push(format!("{last} +{}", row.services.len() - 1).into());
        }
    }
    if columns.width(Column::Age).is_none() {
        parts.push(age(row.reported_at, app.backend_now()).into());
    }
    if row.alerts > 1 {
        parts.push(pluralize(row.alerts.into(), "alert", "alerts").into());
    }
    if row.escalation > 0 {
        parts.push(format!("escalated to level {}", row.escalation).into());
    }
    let unread = app.queue.unread.get(&row.id).map(Unread::description);
    parts.extend(unread.map(Cow::from));
    parts.extend(suspect(app, row).map(Cow::from));
    let (remark, style) = remark(app, row);
    let indent = columns.title_offset();
    let mut line = Line::from(" ".repeat(indent));
    let text = truncate(parts.join(" · "), room.saturating_sub(indent)).into_owned();
    line.push_span(Span::styled(text, theme.dim()));
    let free = room.saturating_sub(line.width() + 2);
    // That it is unassigned takes precedence over the last word.
    let urgent = remark.as_ref().filter(|_| is_unacknowledged(row)).map_or(0, |r| width(r) + 2);
    if let Some(word) = &row.last_word
        && let Some(text) = last_word_text(app, word, free.saturating_sub(urgent))
    {
        line.push_span("  ");
        line.push_span(Span::styled(text, theme.dim()));
    }
    let free = room.saturating_sub(line.width() + 2);
    if let Some(remark) = remark.filter(|remark| width(remark) <= free) {
        line.push_span("  ");
        line.push_span(Span::styled(remark, style));
    }
    line
}

/// The minimum width of a useful last word in columns.
const MIN_WORD_WIDTH: usize = 12;

/// Returns the last word with its author and age, in at most `room` columns: `“pool is full” Freja
/// 3m` or `Freja moved it to monitoring 3m`. `None` if that does not fit.
fn last_word_text(app: &App, word: &LastWord, room: usize) -> Option<String> {
    let first = word.by.name.split_whitespace().next().unwrap_or(&word.by.handle);
    let directory = app.fetched.directory.as_deref();
    let is_unknown = directory.is_some_and(|all| all.is_unknown_person(&word.by.handle));
    let name = sanitize(format!("{first}{}", if is_unknown { "?" } else { "" })).into_owned();
    let when = age(word.at, app.backend_now());
    let frame_width = name.width() + width(&when) + if word.quoted { 4 } else { 2 };
    let text = sanitize(&word.text);
    let room = room.checked_sub(frame_width)?;
    if text.width() > room && room < MIN_WORD_WIDTH {
        return None;
    }
    let text = truncate(text, room);
    Some(if word.quoted {
        format!("“{text}” {name} {when}")
    } else {
        format!("{name} {text} {when}")
    })
}

/// Returns the change that began last before an unacknowledged incident, if its record was read.
fn suspect(app: &App, row: &Summary) -> Option<String> {
    let mut read = app.reading.shown.iter().chain(&app.reading.cache);
    let detail = &read.find(|read| read.id == row.id && is_unacknowledged(row))?.detail;
    let suspect = *by_begin(&detail.suspects).first()?;
    let before = short_duration(suspect.began_before(row.detected_at));
    Some(format!("{} {} {before} before", suspect.change.kind, suspect.change.title))
}

/// Returns the remark on the progress of the work on an incident, and its style.
fn remark(app: &App, row: &Summary) -> (Option<String>, Style) {
    let theme = app.ui.theme;
    let now = app.backend_now();
    let quiet = now - row.last_event_at;
    if let Some(mute) = row.mute() {
        let until = app.clock().hh_mm(mute.until);
        let text = format!("muted until {until} by {}", sanitize(&mute.title));
        (Some(text), theme.dim())
    } else if let Some(since) = row.paused_since {
        let text = format!("paused for {}", short_duration(now - since));
        (Some(text), theme.dim())
    } else if is_unacknowledged(row) {
        let urgent = row.priority.rank() <= Priority::P2 && row.assignee.is_none();
        (urgent.then(|| "nobody has it yet".to_owned()), theme.near())
    } else if row.status.is_open() && quiet >= SILENT_AFTER {
        let pressing = row.priority.rank() <= Priority::P2;
        let style = if pressing { theme.near() } else { theme.dim() };
        (Some(format!("silent for {}", short_duration(quiet))), style)
    } else {
        (None, theme.dim())
    }
}
