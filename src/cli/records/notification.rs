//! The record of a notification that `notifications` prints.

use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::backend::lists::{IncidentBrief, NotificationEntry};
use crate::model::notification::{Attempt, Notification, NotificationState};
use crate::model::{IncidentNumber, Priority};

/// A notification with its incident and the attempts to send it.
#[derive(Debug, Serialize, ToSchema)]
pub struct NotificationLine {
    /// When it got its state.
    pub at: DateTime<Utc>,
    /// The number of the incident; null before the store has assigned it.
    #[schema(required)]
    pub number: Option<IncidentNumber>,
    /// The current title of the incident.
    pub title: String,
    /// The current priority of the incident.
    pub priority: Priority,
    /// The handle of the person.
    pub person: String,
    /// The name of the channel; empty if the person has no contact.
    pub channel: String,
    /// The name of the contact; empty if the person has none.
    pub contact: String,
    /// Its state.
    pub state: NotificationState,
    /// The remark on its state, such as the reason of a failure; may be empty.
    pub text: String,
    /// The time of its first attempt.
    pub due: DateTime<Utc>,
    /// The number of attempts that were begun.
    pub attempt_count: u32,
    /// The attempts, the first one first.
    pub attempts: Vec<Attempt>,
    /// The current state of the incident.
    pub incident: IncidentBrief,
    /// The notification.
    pub notification: Notification,
}

impl NotificationLine {
    /// Creates the line of an entry of the list.
    pub fn new(entry: NotificationEntry) -> Self {
        let NotificationEntry { incident, notification, attempts } = entry;
        Self {
            at: notification.updated_at,
            number: incident.number,
            title: incident.title.clone(),
            priority: incident.priority,
            person: notification.person.handle.clone(),
            channel: notification.channel.clone(),
            contact: notification.contact.clone(),
            state: notification.state,
            text: notification.remark(|at| at.to_rfc3339_opts(SecondsFormat::AutoSi, true)),
            due: notification.due,
            attempt_count: notification.attempts,
            attempts,
            incident,
            notification,
        }
    }

    /// The default columns of a table.
    pub const DEFAULT_COLUMNS: &[&str] =
        &["at", "number", "priority", "person", "channel", "contact", "state", "text"];

    /// The names of the fields.
    pub const FIELDS: &[&str] = &[
        "at",
        "attempt_count",
        "attempts",
        "channel",
        "contact",
        "due",
        "incident",
        "notification",
        "number",
        "person",
        "priority",
        "state",
        "text",
        "title",
    ];
}
