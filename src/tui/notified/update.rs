//! Reading who is notified: with each record, and again while a notification is under way.

use std::error::Error;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use crate::backend::lists::{NoSuchList, NotificationEntry};
use crate::backend::{BackendError, Page};
use crate::model::notification::{Notification, NotificationState};
use crate::model::{Event, EventBody, IncidentId};
use crate::sync::Sourced;

use crate::tui::core::app::App;
use crate::tui::core::computed::Identity;
use crate::tui::core::message::{Effect, Timer};
use crate::tui::notified::NotifiedList;

/// The shortest and the longest time after which a list is read again.
const SHORTEST: TimeDelta = TimeDelta::seconds(3);
const LONGEST: TimeDelta = TimeDelta::seconds(60);
/// The shortest time with low bandwidth, and after a failure.
const SHORTEST_SLOW: TimeDelta = TimeDelta::seconds(15);
/// How long after a level was called its notifications may still be missing from the list.
const PLANNED_WITHIN: TimeDelta = TimeDelta::seconds(30);

/// Reads the notifications of the incident on the screen if its record was just read, or sets a
/// timer that reads them again if one of them is under way. To be called after each message.
pub(in crate::tui) fn follow(app: &mut App) -> Option<Effect> {
    // Behind the wall and a list screen it is invisible.
    if app.wall.is_some() || app.reading.moving || app.screens.shown().is_some() {
        return None;
    }
    let shown = app.reading.shown.as_ref()?;
    let (id, record) = (shown.id, Identity::new(&shown.detail));
    if app.notified.in_flight.is_some_and(|(_, incident)| incident == id) {
        return None;
    }
    if app.notified.requested_for.as_ref() != Some(&record) {
        let notified = &mut app.notified;
        notified.requested_for = Some(record);
        notified.timer = None;
        notified.last_request += 1;
        notified.in_flight = Some((notified.last_request, id));
        return Some(Effect::LoadNotified(notified.last_request, id));
    }
    if app.notified.timer.is_some() {
        return None;
    }
    let wait = next_read(app)?.to_std().unwrap_or_default();
    app.notified.last_timer += 1;
    app.notified.timer = Some(app.notified.last_timer);
    Some(Effect::StartTimer(wait, Timer::Notified(app.notified.last_timer)))
}

/// Lets the list be read again, because the timer of that number has run out.
pub(in crate::tui) fn read_due(app: &mut App, number: u64) {
    if app.notified.timer.take_if(|timer| *timer == number).is_some() {
        app.notified.requested_for = None;
    }
}

/// Shows the fetched list.
pub(in crate::tui) fn loaded(
    app: &mut App,
    number: u64,
    id: IncidentId,
    result: Result<Sourced<Page<NotificationEntry>>, BackendError>,
    at: DateTime<Utc>,
) {
    let notified = &mut app.notified;
    if notified.in_flight.take_if(|(awaited, _)| *awaited == number).is_none() {
        return;
    }
    notified.answered_at = Some(at);
    notified.is_unsupported = result.as_ref().is_err_and(is_no_such_list);
    let before = notified.list_of(id).cloned();
    let list = match result {
        Ok(Sourced { value: Page { rows, next, .. }, as_of }) => NotifiedList {
            incident: id,
            notifications: rows.into_iter().rev().map(|entry| entry.notification).collect(),
            has_earlier: next.is_some(),
            as_of,
            error: None,
        },
        Err(_) if notified.is_unsupported => NotifiedList::empty(id),
        Err(error) => {
            let before = before.as_deref().cloned();
            let before = before.unwrap_or(NotifiedList::empty(id));
            NotifiedList { error: Some(error.to_string()), ..before }
        }
    };
    // The lines of the record are laid out again only if something is different.
    notified.list =
        Some(before.filter(|before| **before == list).unwrap_or_else(|| Arc::new(list)));
}

/// Returns whether the backend has no list of notifications.
fn is_no_such_list(error: &BackendError) -> bool {
    error.source().is_some_and(<dyn Error>::is::<NoSuchList>)
}

/// Returns after how long the list must be read again; `None` if no notification is in progress.
fn next_read(app: &App) -> Option<TimeDelta> {
    let shown = app.reading.shown.as_ref()?;
    if app.notified.is_unsupported {
        return None;
    }
    // The time of the panes advances with the minute.
    let answered_at = app.notified.answered_at.unwrap_or(app.now);
    let now = app.backend_time(answered_at.max(app.now));
    let list = app.notified.list_of(shown.id)?;
    let waits = list.notifications.iter().filter_map(|notification| wait(notification, now));
    let planned = last_call(&shown.events)
        .filter(|(event, at)| {
            now - *at < PLANNED_WITHIN && list.notifications.iter().all(|one| one.event != event.id)
        })
        .map(|_| SHORTEST);
    let is_slow = app.ui.low_bandwidth || list.error.is_some();
    let shortest = if is_slow { SHORTEST_SLOW } else { SHORTEST };
    waits.chain(planned).min().map(|wait| wait.clamp(shortest, LONGEST))
}

/// Returns after how long a notification should have changed; `None` if it is final. The longer it
/// is overdue, the longer the interval.
fn wait(notification: &Notification, now: DateTime<Utc>) -> Option<TimeDelta> {
    let due = match notification.state {
        NotificationState::Waiting => notification.next_try.unwrap_or(notification.due),
        NotificationState::Sending => notification.updated_at,
        _ => return None,
    };
    Some(if due > now { due - now } else { (now - due) / 4 })
}

/// Returns the last event by which a level was called, and when it was recorded.
fn last_call(events: &[Event]) -> Option<(&Event, DateTime<Utc>)> {
    let event = events.iter().rfind(|event| matches!(event.body, EventBody::Escalated { .. }))?;
    Some((event, event.recorded_at))
}
