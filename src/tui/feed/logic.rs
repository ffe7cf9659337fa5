//! The events of all incidents, the latest first.

use chrono::{DateTime, Utc};
use ratatui::style::Style;

use crate::backend::{FeedEntry, FeedSearch, TimeOrder};
use crate::model::text::{lines, sanitize};
use crate::model::{Actor, Event, EventBody};

use crate::tui::core::app::App;
use crate::tui::core::zone::Clock;
use crate::tui::screens::columns::{Cell, ColumnSpec, fit, heading, line};
use crate::tui::screens::item::{ListItem, Rank};
use crate::tui::screens::logic::{CopyText, Entered, ScreenLogic};
use crate::tui::screens::{ListScreen, ScreenData, ScreenRequest};
use crate::tui::widgets::text::{Line, Span};

/// The definition of the screen.
#[derive(Clone, Copy, Debug)]
pub struct FeedScreen;

const TIME: &str = "TIME";
const INCIDENT: &str = "INC";
const PRIORITY: &str = "P";
const TITLE: &str = "INCIDENT";
const WHAT: &str = "WHAT";
const WHO: &str = "WHO";
const TEXT: &str = "TEXT";

/// The width below which kind, actor and text share a column, so that the text has enough room.
const MERGED_BELOW: usize = 90;
/// The width from which on the priority has a column.
const PRIORITY_FROM: usize = 44;
/// The columns if there is room for one each.
const COLUMNS: [ColumnSpec; 7] = [
    ColumnSpec::new(TIME, 5, 0),
    ColumnSpec::new(INCIDENT, 8, 0),
    ColumnSpec::new(PRIORITY, 2, PRIORITY_FROM),
    ColumnSpec::new(TITLE, 40, 140),
    ColumnSpec::new(WHAT, 13, MERGED_BELOW),
    ColumnSpec::new(WHO, 16, MERGED_BELOW),
    ColumnSpec::fill(TEXT),
];

impl ScreenLogic for FeedScreen {
    fn terms(&self) -> &'static [&'static str] {
        &["team", "kind", "person", "service", "incident", "priority"]
    }

    fn orders(&self) -> &'static [&'static str] {
        &["latest first", "earliest first", "by incident"]
    }

    fn request(&self, _app: &App, _screen: &ListScreen, limit: u32) -> Option<ScreenRequest> {
        let search = FeedSearch { order: TimeOrder::Newest, ..FeedSearch::first(limit) };
        Some(ScreenRequest::Feed(search))
    }

    fn items(&self, app: &App, screen: &ListScreen) -> Vec<ListItem> {
        let ScreenData::Feed(entries) = &screen.data else { return Vec::new() };
        let items = entries.iter().enumerate().map(|(index, entry)| item(app, index, entry));
        items.collect()
    }

    fn about(&self, app: &App, _screen: &ListScreen) -> Vec<String> {
        let since = app.screens.last_visit.map(|at| {
            format!("you were last here {}", day_and_time(app.clock(), at, app.backend_now()))
        });
        since.into_iter().collect()
    }

    fn heading(&self, app: &App, _screen: &ListScreen, width: usize) -> Vec<Line<'static>> {
        vec![heading(&fit(&COLUMNS, width), app.ui.theme.dim())]
    }

    fn lines(
        &self,
        app: &App,
        screen: &ListScreen,
        item: &ListItem,
        width: usize,
    ) -> Vec<Line<'static>> {
        let ScreenData::Feed(entries) = &screen.data else { return vec![Line::default()] };
        let Some(entry) = entries.get(item.index) else { return vec![Line::default()] };
        vec![entry_line(app, entry, width)]
    }

    fn empty_text(&self, _app: &App, _screen: &ListScreen) -> String {
        "Nothing has happened yet: no incident was declared.".into()
    }

    fn enter(&self, _app: &App, screen: &ListScreen, item: &ListItem) -> Entered {
        match &screen.data {
            ScreenData::Feed(entries) => match entries.get(item.index) {
                Some(entry) => Entered::Incident(entry.incident.id),
                None => Entered::Details,
            },
            _ => Entered::Details,
        }
    }

    fn copies(&self, app: &App, screen: &ListScreen, item: Option<&ListItem>) -> Vec<CopyText> {
        let ScreenData::Feed(entries) = &screen.data else { return Vec::new() };
        let text = |item: &ListItem| entries.get(item.index).map(|entry| entry_text(app, entry));
        let all: Vec<String> = screen.items.iter().filter_map(text).collect();
        let selected = item.and_then(|item| entries.get(item.index));
        let Some(entry) = selected else { return Vec::new() };
        let number = entry.incident.label();
        vec![
            CopyText { key: 't', what: "this event", text: entry_text(app, entry) },
            CopyText { key: 'n', what: "the incident's number", text: number },
            CopyText { key: 'a', what: "all that are listed", text: all.join("\n") },
        ]
    }
}

fn item(app: &App, index: usize, entry: &FeedEntry) -> ListItem {
    let FeedEntry { incident, event, .. } = entry;
    let label = incident.label();
    let text = format!(
        "{label} {} {} {} {} {} {}",
        incident.priority,
        incident.title,
        incident.services.join(" "),
        event.body.label(),
        event.actor.name(),
        event.detail()
    );
    let mut terms = vec![
        ("kind", event.body.kind().replace('_', "-")),
        ("kind", event.body.label().into_owned()),
        ("person", event.actor.name().to_owned()),
        ("incident", label),
        ("priority", incident.priority.to_string()),
    ];
    terms.extend(event.actor.person().map(|person| ("person", person.handle.clone())));
    terms.extend(incident.team.clone().map(|team| ("team", team)));
    terms.extend(incident.services.iter().map(|service| ("service", service.clone())));
    let at = event.recorded_at.timestamp_millis();
    let number = incident.number.map_or(i64::MAX, |number| i64::try_from(number.0).unwrap_or(0));
    ListItem {
        key: event.id.to_string(),
        index,
        text,
        terms,
        // Entries of a millisecond stay in the order of the backend.
        ranks: vec![Rank::Number(-at), Rank::Number(at), Rank::Number(-number)],
        section: Some(section(app, event.recorded_at)),
        ..ListItem::default()
    }
}

/// Returns the heading over an event: whether it came since the viewer was last here, or its day.
fn section(app: &App, at: DateTime<Utc>) -> String {
    let (clock, now) = (app.clock(), app.backend_now());
    if let Some(last) = app.screens.last_visit.filter(|last| at >= *last) {
        return format!("Since you were last here, {}", day_and_time(clock, last, now));
    }
    let (day, today) = (clock.local_time(at).date(), clock.local_time(now).date());
    let name = day.format("%a %-d %b %Y").to_string();
    match (today - day).num_days() {
        0 if app.screens.last_visit.is_some() => "Earlier today".into(),
        0 => "Today".into(),
        1 => format!("Yesterday, {name}"),
        _ => name,
    }
}

/// Formats a past time: `18:00` today, else with its day.
fn day_and_time(clock: Clock, at: DateTime<Utc>, now: DateTime<Utc>) -> String {
    let local = clock.local_time(at);
    if local.date() == clock.local_time(now).date() {
        return local.format("%H:%M").to_string();
    }
    local.format("%a %-d %b %H:%M").to_string()
}

fn entry_line(app: &App, entry: &FeedEntry, width: usize) -> Line<'static> {
    let FeedEntry { incident, event, .. } = entry;
    let theme = app.ui.theme;
    let columns = fit(&COLUMNS, width);
    let detail = detail(app, event);
    let label = sanitize(&*event.body.label()).into_owned();
    let milestone = if event.body.is_milestone() { theme.strong() } else { theme.text() };
    let who = app.actor_label(&event.actor).into_owned();
    let has_title = columns.iter().any(|column| column.title == TITLE);
    let mut text = Vec::new();
    if width < MERGED_BELOW {
        text.push(Span::styled(label.clone(), milestone));
        text.push(Span::styled(format!(" {} ", short_name(app, &event.actor)), theme.dim()));
    }
    if !detail.is_empty() {
        text.push(Span::styled(detail.clone(), Style::new()));
    }
    if !has_title {
        let gap = if detail.is_empty() { "" } else { " · " };
        text.push(Span::styled(format!("{gap}{}", one_line(&incident.title)), theme.dim()));
    }
    if let Some(delay) = event.recording_delay() {
        let late = crate::model::time::format_duration(delay);
        text.push(Span::styled(format!(" (done {late} before it arrived)"), theme.dim()));
    }
    let priority = incident.priority.to_string();
    let cells = vec![
        Cell::new(TIME, app.clock().hh_mm(event.recorded_at), theme.dim()),
        Cell::new(INCIDENT, incident.label(), theme.text()),
        Cell::new(PRIORITY, priority, theme.priority(incident.priority)),
        Cell::new(TITLE, one_line(&incident.title), theme.dim()),
        Cell::new(WHAT, label, milestone),
        Cell::new(WHO, who, theme.text()),
        Cell::of_spans(TEXT, text),
    ];
    line(&columns, cells)
}

/// Returns the details of an event on one line. Those of a declaration are the title, which is shown
/// anyway.
fn detail(app: &App, event: &Event) -> String {
    match event.body {
        EventBody::Declared { .. } => String::new(),
        _ => one_line(&event.marked_detail(app.fetched.directory.as_deref())),
    }
}

fn short_name(app: &App, actor: &Actor) -> String {
    match actor.person() {
        Some(person) => app.handle_label(person).into_owned(),
        None => actor.name().to_owned(),
    }
}

/// Describes an event as text: `2026-11-28 22:38 INC-2041 P1 Note, Ines Moreau: …`.
fn entry_text(app: &App, entry: &FeedEntry) -> String {
    let FeedEntry { incident, event, .. } = entry;
    let time = time_text(app, event);
    let detail = detail(app, event);
    let colon = if detail.is_empty() { "" } else { ": " };
    format!(
        "{time} {} {} {} · {}, {}{colon}{detail}",
        incident.label(),
        incident.priority,
        one_line(&incident.title),
        sanitize(&*event.body.label()),
        one_line(&app.actor_label(&event.actor)),
    )
}

fn time_text(app: &App, event: &Event) -> String {
    let clock = app.clock();
    let local = clock.local_time(event.recorded_at);
    format!("{} {}", local.format("%Y-%m-%d %H:%M"), clock.name_at(event.recorded_at))
}

/// Returns the text on one line, sanitized.
fn one_line(text: &str) -> String {
    lines(text.trim()).collect::<Vec<_>>().join(" ")
}
