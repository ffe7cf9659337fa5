//! When a notification is sent, held back or given up: pure decisions of the state machine.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::delivery::{AttemptOutcome, Notification, NotificationState};
use super::step::EXPIRES_AFTER;
use crate::model::status::Status;
use crate::model::summary::Summary;

/// The wait before the second attempt; it doubles with each one.
const FIRST_RETRY: TimeDelta = TimeDelta::seconds(5);
/// The longest wait between two attempts, unless the provider asks for a longer one.
const MAX_RETRY: TimeDelta = TimeDelta::minutes(5);
/// The longest wait that a provider can ask for.
const MAX_RETRY_AFTER: TimeDelta = TimeDelta::minutes(30);
/// Attempts are given up this long after a notification was due.
const GIVES_UP_AFTER: TimeDelta = TimeDelta::hours(1);

/// How many messages a contact of a person is sent within [`THROTTLE_WINDOW`]. Those beyond it wait,
/// and are then sent as one.
pub const THROTTLE_MESSAGES: usize = 5;
/// The time within which messages to one contact are counted.
pub const THROTTLE_WINDOW: TimeDelta = TimeDelta::seconds(60);

/// What to do with a page that is due.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PageDecision {
    /// It is sent.
    Send,
    /// It waits, as the incident is snoozed or paused; at a time at which that ends by itself it is
    /// looked at again.
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
    if !incident.status.is_open() {
        return PageDecision::Cancel("the incident has ended");
    }
    if incident.status != Status::Triggered || incident.acknowledged_at.is_some() {
        return PageDecision::Cancel("somebody has acknowledged the incident");
    }
    if now - notification.due > EXPIRES_AFTER {
        return PageDecision::Cancel("it was due more than a day ago");
    }
    if incident.is_snoozed(now) {
        return PageDecision::Hold(incident.snoozed_until);
    }
    if incident.paused {
        return PageDecision::Hold(None);
    }
    PageDecision::Send
}

/// What is known of an attempt when it has ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AttemptResult {
    /// When it ended.
    pub ended_at: DateTime<Utc>,
    /// What came of it; not [`AttemptOutcome::Running`].
    pub outcome: AttemptOutcome,
    /// The id that the provider gave to the message.
    pub provider_id: Option<String>,
    /// The answer of the provider or the reason of the failure.
    pub answer: String,
    /// How long the provider asks to wait before another attempt.
    pub retry_after: Option<Duration>,
}

/// Changes a notification by the result of an attempt: it is sent, tried again later, or given up.
///
/// What may have arrived is sent again: to be called twice is better than not to be called.
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
            notification.perhaps_twice = true
        }
        AttemptOutcome::Temporary | AttemptOutcome::Running | AttemptOutcome::Unknown(_) => {}
    }
    notification.reason = (!result.answer.is_empty()).then(|| result.answer.clone());
    let next = now + retry_wait(notification.attempts, result.retry_after);
    if next - notification.due > GIVES_UP_AFTER {
        notification.state = NotificationState::Failed;
    } else {
        notification.state = NotificationState::Waiting;
        notification.next_try = Some(next);
    }
}

/// Returns how long to wait after a number of attempts.
fn retry_wait(attempts: u32, retry_after: Option<Duration>) -> TimeDelta {
    let doublings = attempts.saturating_sub(1).min(10);
    let backoff = (FIRST_RETRY * (1 << doublings)).min(MAX_RETRY);
    let asked = retry_after.and_then(|wait| TimeDelta::from_std(wait).ok()).unwrap_or_default();
    backoff.max(asked.min(MAX_RETRY_AFTER))
}
