//! When a notification is sent, delayed or given up: pure decisions of the state machine.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::delivery::{AttemptOutcome, Notification, NotificationState};
use super::message_kind::MessageKind;
use super::reminder_kind::ReminderKind;
use super::step::EXPIRES_AFTER;
use crate::model::oncall::Cover;
use crate::model::priority::Priority;
use crate::model::status::Status;
use crate::model::summary::Summary;

/// The wait before the second attempt; it doubles with each one.
const FIRST_RETRY: TimeDelta = TimeDelta::seconds(5);
/// The longest wait between two attempts, unless the provider requests a longer one.
const MAX_RETRY: TimeDelta = TimeDelta::minutes(5);
/// The longest wait that a provider can request.
const MAX_RETRY_AFTER: TimeDelta = TimeDelta::minutes(30);
/// The maximum number of attempts to send a notification; with the waits above, they last about an
/// hour. The attempts are counted, so that a page that was delayed for hours is tried as often as
/// any other.
const MAX_ATTEMPTS: u32 = 16;

/// How many messages a contact of a person is sent within [`THROTTLE_WINDOW`]. Those beyond it wait,
/// and are then sent as one. Less urgent messages do not count for a page: see [`throttle_rank`].
pub const THROTTLE_MESSAGES: usize = 5;
/// The time within which messages to one contact are counted.
pub const THROTTLE_WINDOW: TimeDelta = TimeDelta::seconds(60);

/// Returns the rank of a message in the limit of its contact: that of the priority for a page, and one
/// behind all pages for any other message. Only messages of the same rank or a smaller one count for a
/// message, so that a page does not wait because of less urgent ones.
#[must_use]
pub fn throttle_rank(kind: MessageKind, priority: Option<Priority>) -> usize {
    match kind {
        MessageKind::Page => priority.map_or(0, Priority::index),
        _ => Priority::P4.index() + 1,
    }
}

/// The action for a page that is due.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PageDecision {
    /// It is sent.
    Send,
    /// It waits, because the incident is snoozed or paused; if that ends automatically, the
    /// notification is examined again at that time.
    Hold(Option<DateTime<Utc>>),
    /// It is not needed any more, for this reason.
    Cancel(&'static str),
}

/// Decides whether a page about an incident is still to be sent.
#[must_use]
pub fn decide_page(
    notification: &Notification,
    incident: &Summary,
    now: DateTime<Utc>,
) -> PageDecision {
    if matches!(notification.kind, MessageKind::Update | MessageKind::Resolved) {
        // It reports an event, whatever has happened since.
        let is_old = now - notification.due > EXPIRES_AFTER;
        let cancel = PageDecision::Cancel("it was due more than a day ago");
        return if is_old { cancel } else { PageDecision::Send };
    }
    if !incident.status.is_open() {
        return PageDecision::Cancel("the incident has ended");
    }
    let is_acknowledged =
        incident.status != Status::Triggered || incident.acknowledged_at.is_some();
    if is_acknowledged && !notification.after_acknowledgement {
        return PageDecision::Cancel("somebody has acknowledged the incident");
    }
    let handle = &notification.person.handle;
    let required = incident.required.as_ref();
    let has_acknowledged = required.is_some_and(|all| all.acknowledged_at(handle).is_some());
    if has_acknowledged && notification.kind == MessageKind::Page {
        return PageDecision::Cancel("the person has acknowledged the incident");
    }
    if now - notification.due > EXPIRES_AFTER {
        return PageDecision::Cancel("it was due more than a day ago");
    }
    if notification.kind == MessageKind::Reminder && is_past(notification, incident) {
        return PageDecision::Cancel("somebody has done something about the incident since");
    }
    if incident.is_muted() {
        return PageDecision::Cancel("a maintenance window mutes the incident");
    }
    if incident.is_snoozed(now) {
        return PageDecision::Hold(incident.snoozed_until);
    }
    if incident.paused && notification.reminder != Some(ReminderKind::Pause) {
        return PageDecision::Hold(None);
    }
    PageDecision::Send
}

/// Decides whether a notice, which is about no incident, is still to be sent. `covers` are the requests for
/// cover that the store has.
#[must_use]
pub fn decide_notice(
    notification: &Notification,
    covers: &[Cover],
    now: DateTime<Utc>,
) -> PageDecision {
    if notification.until.is_some_and(|until| until <= now) {
        return PageDecision::Cancel("it is of no use any more");
    }
    if let Some(id) = notification.cover {
        let cover = covers.iter().find(|cover| cover.id == id);
        let handle = &notification.person.handle;
        if cover.is_none_or(|cover| !cover.is_open(now) || cover.is_declined_by(handle)) {
            return PageDecision::Cancel("the request for cover was answered or withdrawn");
        }
    }
    if now - notification.due > EXPIRES_AFTER {
        return PageDecision::Cancel("it was due more than a day ago");
    }
    PageDecision::Send
}

/// Returns whether a reminder, which may wait for hours, is about something that was done meanwhile.
fn is_past(notification: &Notification, incident: &Summary) -> bool {
    let acted_at = incident.last_word.as_ref().map(|word| word.at);
    acted_at.is_some_and(|at| at > notification.planned_at)
        || (notification.reminder == Some(ReminderKind::Acknowledgement)
            && incident.status != Status::Acknowledged)
        || (notification.reminder == Some(ReminderKind::Pause) && !incident.paused)
}

/// The result of an attempt that has ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AttemptResult {
    /// When it ended.
    pub ended_at: DateTime<Utc>,
    /// Its outcome; not [`AttemptOutcome::Running`].
    pub outcome: AttemptOutcome,
    /// The id that the provider gave to the message.
    pub provider_id: Option<String>,
    /// The answer of the provider or the reason of the failure.
    pub answer: String,
    /// The wait before another attempt that the provider requests.
    pub retry_after: Option<Duration>,
}

/// Changes a notification by the result of an attempt: it is sent, tried again later, or given up.
///
/// A message that may have arrived is sent again: to be called twice is better than not to be
/// called.
pub fn apply_result(notification: &mut Notification, result: &AttemptResult) {
    let now = result.ended_at;
    notification.updated_at = now;
    notification.next_try = None;
    match result.outcome {
        AttemptOutcome::Accepted => {
            notification.state = NotificationState::Sent;
            notification.provider_id.clone_from(&result.provider_id);
            notification.reason = None;
            return;
        }
        AttemptOutcome::Permanent => {
            notification.state = NotificationState::Failed;
            notification.reason = Some(result.answer.clone());
            return;
        }
        AttemptOutcome::Uncertain | AttemptOutcome::Interrupted => {
            notification.perhaps_twice = true;
        }
        AttemptOutcome::Temporary | AttemptOutcome::Running | AttemptOutcome::Unknown(_) => {}
    }
    notification.reason = (!result.answer.is_empty()).then(|| result.answer.clone());
    if notification.attempts >= MAX_ATTEMPTS {
        notification.state = NotificationState::Failed;
    } else {
        notification.state = NotificationState::Waiting;
        notification.next_try = Some(now + retry_wait(notification.attempts, result.retry_after));
    }
}

/// Returns how long to wait after a number of attempts.
fn retry_wait(attempts: u32, retry_after: Option<Duration>) -> TimeDelta {
    let doublings = attempts.saturating_sub(1).min(10);
    let backoff = (FIRST_RETRY * (1 << doublings)).min(MAX_RETRY);
    let asked = retry_after.and_then(|wait| TimeDelta::from_std(wait).ok()).unwrap_or_default();
    backoff.max(asked.min(MAX_RETRY_AFTER))
}

#[cfg(test)]
mod tests;
