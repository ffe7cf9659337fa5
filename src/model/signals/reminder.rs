//! Reminders of pending work on an incident.

use chrono::{DateTime, TimeDelta, Utc};

use crate::model::escalation::{AcknowledgementExpiry, expiry, responsible};
use crate::model::id::EventId;
use crate::model::notification::{
    Contacts, MessageKind, Notification, Occasion, ReminderKind, plan_message,
};
use crate::model::service_level::{ServiceLevels, update_due};
use crate::model::status::Status;
use crate::model::summary::Summary;

/// A reminder is left out if nothing was running for this long after it was due.
const FORGOTTEN_AFTER: TimeDelta = TimeDelta::hours(1);

/// The subjects of reminders. None, unless the settings enable them.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a setting of its own")]
pub struct ReminderSettings {
    /// Updates that stakeholders expect.
    pub updates: bool,
    /// Snoozes that have ended.
    pub snoozes: bool,
    /// The begin of a shift, this many seconds before; `None` to disable.
    pub on_call_s: Option<i64>,
    /// The shifts of a week, on its Monday.
    pub week: bool,
    /// A pause that has lasted for this many seconds; `None` to disable.
    pub pauses_s: Option<i64>,
    /// The end of a maintenance window, this many seconds before; `None` to disable.
    pub windows_s: Option<i64>,
    /// Owners of action items, of the day before one is due and of the day after.
    pub action_items: bool,
}

impl ReminderSettings {
    /// Returns whether anything of an incident is remembered.
    #[must_use]
    pub const fn follows_incidents(self) -> bool {
        self.updates || self.snoozes || self.pauses_s.is_some()
    }
}

/// A reminder about an incident, and when it is due.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DueReminder {
    /// The subject.
    pub kind: ReminderKind,
    /// The identity among reminders of the kind: the incident, and the time that it refers to.
    pub key: String,
    /// The due time.
    pub due: DateTime<Utc>,
}

/// Returns the reminders about an incident that are still of use at `now`, also those that are due
/// later. `promised` is when stakeholders were promised the next update.
#[must_use]
pub fn next_reminder(
    incident: &Summary,
    promised: Option<DateTime<Utc>>,
    (reminders, rule): (ReminderSettings, &AcknowledgementExpiry),
    levels: &ServiceLevels,
    now: DateTime<Utc>,
) -> Vec<DueReminder> {
    if !incident.status.is_open() || incident.is_muted() || responsible(incident).is_none() {
        return Vec::new();
    }
    let mut due: Vec<(ReminderKind, DateTime<Utc>, DateTime<Utc>)> = Vec::new();
    if let Some(expiry) = expiry(incident, rule) {
        due.push((ReminderKind::Acknowledgement, expiry.reminded_at, expiry.since));
    }
    let is_worked_on = incident.status != Status::Triggered && !incident.paused;
    if reminders.updates && is_worked_on {
        let regular =
            update_due(incident.priority, incident.reported_at, incident.updated_at, levels);
        if let Some(at) = promised.or(regular) {
            // It is the same update after a snooze.
            due.push((ReminderKind::Update, incident.snoozed_until.map_or(at, |u| u.max(at)), at));
        }
    }
    if let Some(until) = incident.snoozed_until.filter(|_| reminders.snoozes) {
        due.push((ReminderKind::Snooze, until, until));
    }
    if let (true, Some(since), Some(after_s)) =
        (incident.paused, incident.paused_since, reminders.pauses_s)
    {
        let due_at = since + TimeDelta::try_seconds(after_s).unwrap_or_default();
        due.push((ReminderKind::Pause, due_at, since));
    }
    due.into_iter()
        .filter(|(_, at, _)| now - *at <= FORGOTTEN_AFTER)
        .map(|(kind, due, about)| DueReminder {
            kind,
            key: format!("{} {}", incident.id, about.timestamp_millis()),
            due,
        })
        .collect()
}

/// Returns the notifications of a reminder: over the first contacts of the person responsible for
/// the incident. There is none if nobody is, or the person has no contact.
#[must_use]
pub fn plan_reminder(
    reminder: &DueReminder,
    incident: &Summary,
    contacts: &Contacts,
    now: DateTime<Utc>,
) -> Vec<Notification> {
    let occasion = Occasion {
        kind: MessageKind::Reminder,
        reminder: Some(reminder.kind),
        event: EventId::new(),
        due: reminder.due,
    };
    let person = responsible(incident);
    person.map_or_else(Vec::new, |person| plan_message(person, occasion, incident, contacts, now))
}

#[cfg(test)]
mod tests;
