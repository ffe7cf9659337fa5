//! The screen of notifications: recipient, incident, channel, time and outcome.

use std::borrow::Cow;

use chrono::{DateTime, Utc};

use crate::backend::lists::{NotificationEntry, NotificationSearch};
use crate::model::IncidentId;
use crate::model::notification::{Attempt, Notification, NotificationState};

use crate::tui::action::Action;
use crate::tui::core::app::App;
use crate::tui::lists::shared::{
    MEDIUM, NUMBER_WIDTH, PRIORITY_WIDTH, WIDE, add_terms, day, one_line, searched, today,
};
use crate::tui::notified::{has_failed, state_style};
use crate::tui::screens::item::{ListItem, Rank};
use crate::tui::screens::logic::CopyText;
use crate::tui::screens::table::{Column, Content, RowContext, TableScreen, items_of, styled};
use crate::tui::screens::{ListScreen, ScreenData, ScreenKind, ScreenRequest};

/// The definition of the screen.
#[derive(Clone, Copy, Debug)]
pub struct NotificationsScreen;

type Col = Column<NotificationEntry>;

/// The width of a day and a time of day, such as `03-01 22:31:04`.
const TIME_WIDTH: usize = 14;
/// The width of a time of day alone, or of a day.
const SHORT_TIME_WIDTH: usize = 8;
const PERSON_WIDTH: usize = 12;
const SHORT_PERSON_WIDTH: usize = 9;
const BY_WIDTH: usize = 16;
const STATE_WIDTH: usize = 11;
/// The width of the list from which on the state has a column.
const STATE_FROM: usize = 56;

/// Returns a time in the viewer's zone.
fn time(app: &App, at: DateTime<Utc>) -> String {
    app.clock().local_time(at).format("%m-%d %H:%M:%S").to_string()
}

/// Returns when a notification last changed: in a narrow list only the time of day, or the day.
fn time_cell(of: &RowContext<'_, NotificationEntry>) -> Content {
    let (app, at) = (of.app, of.row.notification.updated_at);
    if of.width >= STATE_FROM {
        return of.dim(time(app, at));
    }
    let format = if day(app, at) == today(app) { "%H:%M:%S" } else { "%m-%d" };
    of.dim(app.clock().local_time(at).format(format).to_string())
}

/// Returns the remark on a notification in a column of this list: with the state and the channel if
/// these have no columns.
fn remark(app: &App, notification: &Notification, room: usize) -> String {
    let mut parts = Vec::new();
    if room < STATE_FROM {
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

/// Returns the remark; if the state has no column it begins with the state, in its style.
fn remark_cell(of: &RowContext<'_, NotificationEntry>) -> Content {
    let (theme, notification) = (of.app.ui.theme, &of.row.notification);
    let has_column = of.width >= STATE_FROM;
    let style = if has_column { theme.dim() } else { state_style(theme, notification.state) };
    styled(remark(of.app, notification, of.width), style)
}

/// Returns the priority of the incident; nothing for a notice, which is about none.
fn priority_text(entry: &NotificationEntry) -> String {
    if entry.notification.is_notice() { String::new() } else { entry.incident.priority.to_string() }
}

fn priority_cell(of: &RowContext<'_, NotificationEntry>) -> Content {
    if of.row.notification.is_notice() {
        return Content::new();
    }
    of.priority(of.row.incident.priority)
}

fn state_cell(of: &RowContext<'_, NotificationEntry>) -> Content {
    let state = of.row.notification.state;
    styled(state.to_string(), state_style(of.app.ui.theme, state))
}

fn item(entry: &NotificationEntry) -> ListItem {
    let notification = &entry.notification;
    let person = &notification.person;
    let mut terms = vec![
        ("state", notification.state.to_string()),
        ("person", person.handle.clone()),
        ("person", person.name.clone()),
        ("channel", notification.channel.clone()),
    ];
    add_terms(&mut terms, &entry.incident);
    ListItem {
        key: notification.id.to_string(),
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
            Rank::latest_first(Some(notification.planned_at)),
            Rank::Number(i64::from(!has_failed(notification.state))),
            Rank::text(&person.name),
        ],
        ..ListItem::default()
    }
}

impl TableScreen for NotificationsScreen {
    type Row = NotificationEntry;

    const TERMS: &'static [&'static str] =
        &["state", "person", "channel", "team", "service", "priority"];
    const ORDERS: &'static [&'static str] = &["latest first", "failures first", "by person"];
    const COLUMNS: &'static [Col] = &[
        Col::new("TIME", TIME_WIDTH, time_cell).narrow(STATE_FROM, SHORT_TIME_WIDTH),
        Col::new("INC", NUMBER_WIDTH, |of| of.dim(of.row.incident.label())).from(MEDIUM),
        Col::new("P", PRIORITY_WIDTH, priority_cell).from(MEDIUM),
        Col::new("PERSON", PERSON_WIDTH, |of| {
            of.plain(one_line(&of.app.handle_label(&of.row.notification.person)))
        })
        .narrow(STATE_FROM, SHORT_PERSON_WIDTH),
        Col::new("BY", BY_WIDTH, |of| of.plain(one_line(&of.row.notification.way()))).from(WIDE),
        Col::new("STATE", STATE_WIDTH, state_cell).from(STATE_FROM),
        Col::fill("REMARK", remark_cell),
    ];
    const COPIED: &'static str = "this notification";
    const EMPTY: &'static str =
        "Nobody was notified yet: levels of escalation policies notify the people they call";
    const EMPTY_ACTIONS: &'static [(Action, &'static str)] =
        &[(Action::Screen(ScreenKind::Contacts), "shows how")];

    fn request(_: &App, _: &ListScreen, limit: u32) -> Option<ScreenRequest> {
        Some(ScreenRequest::Notifications(NotificationSearch::first(limit)))
    }

    fn rows(screen: &ListScreen) -> &[NotificationEntry] {
        match &screen.data {
            ScreenData::Notifications(rows) => rows,
            _ => &[],
        }
    }

    fn items(_: &App, rows: &[NotificationEntry]) -> Vec<ListItem> {
        items_of(rows, item)
    }

    fn about(_: &App, screen: &ListScreen) -> Vec<String> {
        let count = |wanted: fn(NotificationState) -> bool| {
            let rows = Self::rows(screen).iter();
            rows.filter(|entry| wanted(entry.notification.state)).count()
        };
        let counts =
            [(count(has_failed), "failed"), (count(|state| !state.is_final()), "under way")];
        let counts = counts.into_iter().filter(|(count, _)| *count > 0);
        counts.map(|(count, text)| format!("{count} {text}")).collect()
    }

    fn details(of: &RowContext<'_, NotificationEntry>) -> Vec<(Cow<'static, str>, String)> {
        let RowContext { app, row: entry, .. } = *of;
        let notification = &entry.notification;
        let is_notice = notification.is_notice();
        let about = if is_notice {
            ("Says".into(), notification.text.clone().unwrap_or_default())
        } else {
            let incident = format!("{} {}", entry.incident.label(), entry.incident.priority);
            (incident.into(), entry.incident.title.clone())
        };
        let level = format!("{}, round {}", notification.level, notification.round);
        let level = if is_notice { String::new() } else { level };
        let mut details: Vec<(Cow<'static, str>, String)> = vec![
            about,
            ("Person".into(), app.person_label(&notification.person).into_owned()),
            ("Level".into(), level),
            ("Due".into(), time(app, notification.due)),
        ];
        let attempts = entry.attempts.iter();
        details.extend(attempts.map(|attempt| {
            (format!("Attempt {}", attempt.number).into(), attempt_text(app, attempt))
        }));
        details.push(("Reason".into(), notification.reason.clone().unwrap_or_default()));
        let id = notification.provider_id.clone().unwrap_or_default();
        details.push(("Provider's id".into(), id));
        details
    }

    fn incident(_: &App, entry: &NotificationEntry) -> Option<IncidentId> {
        (!entry.notification.is_notice()).then_some(entry.incident.id)
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
        let facts: Vec<&str> =
            facts.iter().map(String::as_str).filter(|one| !one.is_empty()).collect();
        facts.join("  ")
    }

    fn parts(entry: &NotificationEntry) -> Vec<CopyText> {
        vec![CopyText { key: 'n', what: "the incident's number", text: entry.incident.label() }]
    }
}
