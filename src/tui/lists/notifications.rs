//! The screen of notifications: who was told of which incident, by what, when, and with what
//! outcome.

use chrono::{DateTime, Utc};

use crate::backend::lists::{NotificationEntry, NotificationSearch};
use crate::model::notification::{Attempt, Notification, NotificationState};

use crate::tui::core::app::App;
use crate::tui::lists::shared::{
    MEDIUM, NUMBER_WIDTH, PRIORITY_WIDTH, WIDE, add_terms, detail, number_cell, one_line,
    priority_cell, searched,
};
use crate::tui::notified::{has_failed, state_style};
use crate::tui::screens::columns::{Cell, ColumnSpec, fit, heading, line};
use crate::tui::screens::item::{ListItem, Rank};
use crate::tui::screens::logic::{CopyText, Entered, ScreenLogic};
use crate::tui::screens::{ListScreen, ScreenData, ScreenRequest};
use crate::tui::widgets::text::Line;

/// The definition of the screen.
#[derive(Clone, Copy, Debug)]
pub struct NotificationsScreen;

const TIME: &str = "TIME";
const PERSON: &str = "PERSON";
const BY: &str = "BY";
const STATE: &str = "STATE";
const REMARK: &str = "REMARK";
const NUMBER: &str = "INC";
const PRIORITY: &str = "P";

/// The width of a day and a time of day, such as `03-01 22:31:04`.
const TIME_WIDTH: usize = 14;
const PERSON_WIDTH: usize = 12;
const BY_WIDTH: usize = 16;
const STATE_WIDTH: usize = 11;

fn columns(room: usize) -> Vec<ColumnSpec> {
    fit(
        &[
            ColumnSpec::new(TIME, TIME_WIDTH, 0),
            ColumnSpec::new(NUMBER, NUMBER_WIDTH, MEDIUM),
            ColumnSpec::new(PRIORITY, PRIORITY_WIDTH, MEDIUM),
            ColumnSpec::new(PERSON, PERSON_WIDTH, 0),
            ColumnSpec::new(BY, BY_WIDTH, WIDE),
            ColumnSpec::new(STATE, STATE_WIDTH, 56),
            ColumnSpec::fill(REMARK),
        ],
        room,
    )
}

fn rows(screen: &ListScreen) -> &[NotificationEntry] {
    match &screen.data {
        ScreenData::Notifications(rows) => rows,
        _ => &[],
    }
}

/// Returns a time in the viewer's zone.
fn time(app: &App, at: DateTime<Utc>) -> String {
    app.clock().local_time(at).format("%m-%d %H:%M:%S").to_string()
}

/// Returns what is to be said of a notification in a column of this list: the state as well where
/// that has no column, and the way where that has none.
fn remark(app: &App, notification: &Notification, room: usize) -> String {
    let mut parts = Vec::new();
    if room < 56 {
        parts.push(notification.state.to_string());
    }
    if room < WIDE && !notification.way().is_empty() {
        parts.push(format!("by {}", one_line(&notification.way())));
    }
    let remark =
        notification.remark(|at| app.clock().local_time(at).format("%H:%M:%S").to_string());
    parts.extend(Some(one_line(&remark)).filter(|remark| !remark.is_empty()));
    parts.join(" ")
}

/// Returns the priority of the incident; nothing for a notice, which is about none.
fn priority_text(entry: &NotificationEntry) -> String {
    if entry.notification.is_notice() { String::new() } else { entry.incident.priority.to_string() }
}

fn text(app: &App, entry: &NotificationEntry) -> String {
    let notification = &entry.notification;
    let facts = [
        time(app, notification.updated_at),
        entry.incident.label(),
        priority_text(entry),
        one_line(&app.handle_label(&notification.person)),
        one_line(&notification.way()),
        notification.state.to_string(),
        remark(app, notification, usize::MAX),
    ];
    let facts: Vec<&str> = facts.iter().map(String::as_str).filter(|one| !one.is_empty()).collect();
    facts.join("  ")
}

fn attempt_text(app: &App, attempt: &Attempt) -> String {
    let took = attempt.ended_at.map(|ended| (ended - attempt.began_at).num_milliseconds());
    let took =
        took.map_or_else(String::new, |ms| format!(" after {}.{} s", ms / 1000, ms % 1000 / 100));
    let answer = if attempt.answer.is_empty() {
        String::new()
    } else {
        format!(": {}", one_line(&attempt.answer))
    };
    format!("{} {}{took}{answer}", time(app, attempt.began_at), attempt.outcome)
}

impl ScreenLogic for NotificationsScreen {
    fn terms(&self) -> &'static [&'static str] {
        &["state", "person", "channel", "team", "service", "priority"]
    }

    fn orders(&self) -> &'static [&'static str] {
        &["latest first", "failures first", "by person"]
    }

    fn request(&self, _: &App, _: &ListScreen, limit: u32) -> Option<ScreenRequest> {
        Some(ScreenRequest::Notifications(NotificationSearch::first(limit)))
    }

    fn items(&self, _: &App, screen: &ListScreen) -> Vec<ListItem> {
        let item = |(index, entry): (usize, &NotificationEntry)| {
            let notification = &entry.notification;
            let person = &notification.person;
            let mut terms = vec![
                ("state", notification.state.to_string()),
                ("person", person.handle.clone()),
                ("person", person.name.clone()),
                ("channel", notification.channel.clone()),
            ];
            add_terms(&mut terms, &entry.incident);
            let latest = Rank::latest_first(Some(notification.planned_at));
            ListItem {
                key: notification.id.to_string(),
                index,
                text: format!(
                    "{} {} {} {} {} {}",
                    searched(&entry.incident),
                    person.handle,
                    person.name,
                    notification.way(),
                    notification.state,
                    notification.reason.as_deref().unwrap_or_default()
                ),
                terms,
                ranks: vec![
                    latest,
                    Rank::Number(i64::from(!has_failed(notification.state))),
                    Rank::text(&person.name),
                ],
                section: None,
                ..ListItem::default()
            }
        };
        rows(screen).iter().enumerate().map(item).collect()
    }

    fn about(&self, _: &App, screen: &ListScreen) -> Vec<String> {
        let count = |wanted: fn(NotificationState) -> bool| {
            rows(screen).iter().filter(|entry| wanted(entry.notification.state)).count()
        };
        let counts =
            [(count(has_failed), "failed"), (count(|state| !state.is_final()), "under way")];
        counts
            .into_iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, text)| format!("{count} {text}"))
            .collect()
    }

    fn heading(&self, app: &App, _: &ListScreen, width: usize) -> Vec<Line<'static>> {
        vec![heading(&columns(width), app.ui.theme.dim())]
    }

    fn lines(
        &self,
        app: &App,
        screen: &ListScreen,
        item: &ListItem,
        width: usize,
    ) -> Vec<Line<'static>> {
        let Some(entry) = rows(screen).get(item.index) else { return vec![Line::default()] };
        let theme = app.ui.theme;
        let notification = &entry.notification;
        let state_style = state_style(theme, notification.state);
        // Where the state has no column it stands at the beginning of the remark.
        let remark_style = if width < 56 { state_style } else { theme.dim() };
        let mut lines = vec![line(
            &columns(width),
            vec![
                Cell::new(TIME, time(app, notification.updated_at), theme.dim()),
                number_cell(app, NUMBER, &entry.incident),
                if notification.is_notice() {
                    Cell::new(PRIORITY, String::new(), theme.dim())
                } else {
                    priority_cell(app, PRIORITY, entry.incident.priority)
                },
                Cell::new(PERSON, one_line(&app.handle_label(&notification.person)), theme.text()),
                Cell::new(BY, one_line(&notification.way()), theme.text()),
                Cell::new(STATE, notification.state.to_string(), state_style),
                Cell::new(REMARK, remark(app, notification, width), remark_style),
            ],
        )];
        if screen.is_expanded(item) {
            if notification.is_notice() {
                let text = notification.text.as_deref().unwrap_or_default();
                lines.extend(detail(app, "Says", text, width));
            } else {
                let incident = format!("{} {}", entry.incident.label(), entry.incident.priority);
                lines.extend(detail(app, &incident, &entry.incident.title, width));
            }
            lines.extend(detail(app, "Person", &app.person_label(&notification.person), width));
            if !notification.is_notice() {
                let level = format!("{}, round {}", notification.level, notification.round);
                lines.extend(detail(app, "Level", &level, width));
            }
            lines.extend(detail(app, "Due", &time(app, notification.due), width));
            for attempt in &entry.attempts {
                let name = format!("Attempt {}", attempt.number);
                lines.extend(detail(app, &name, &attempt_text(app, attempt), width));
            }
            let reason = notification.reason.as_deref().unwrap_or_default();
            lines.extend(detail(app, "Reason", reason, width));
            let id = notification.provider_id.as_deref().unwrap_or_default();
            lines.extend(detail(app, "Provider's id", id, width));
        }
        lines
    }

    fn empty_text(&self, _: &App, screen: &ListScreen) -> String {
        if screen.total > 0 {
            "No notification passes the filter.".into()
        } else {
            "Nobody was notified yet: levels of escalation policies notify the people they call, \
             over the contacts in the settings."
                .into()
        }
    }

    /// Shows the details. Where they are shown, the incident is opened, if it is about one.
    fn enter(&self, _: &App, screen: &ListScreen, item: &ListItem) -> Entered {
        match rows(screen).get(item.index) {
            Some(entry) if screen.is_expanded(item) && !entry.notification.is_notice() => {
                Entered::Incident(entry.incident.id)
            }
            _ => Entered::Details,
        }
    }

    fn copies(&self, app: &App, screen: &ListScreen, item: Option<&ListItem>) -> Vec<CopyText> {
        let Some(entry) = item.and_then(|item| rows(screen).get(item.index)) else {
            return Vec::new();
        };
        let listed = screen.items.iter().filter_map(|item| rows(screen).get(item.index));
        let all: Vec<String> = listed.map(|entry| text(app, entry)).collect();
        vec![
            CopyText { key: 't', what: "this notification", text: text(app, entry) },
            CopyText { key: 'n', what: "the incident's number", text: entry.incident.label() },
            CopyText { key: 'a', what: "all that are listed", text: all.join("\n") },
        ]
    }
}
