//! The list of notifications: recipients, subjects and states.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::brief::IncidentBrief;
use super::{List, ListSearch, is_same_name};
use crate::backend::page_mark::PageMark;
use crate::model::IncidentId;
use crate::model::notification::{Attempt, Notification, NotificationState};
use crate::model::unknown::read_entries;

/// A request for one page of the notifications, the one that was planned last first.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct NotificationSearch {
    /// The incident; `None` for all.
    pub incident: Option<IncidentId>,
    /// The handle of the person; `None` for all.
    pub person: Option<String>,
    /// The states of the notifications; all if it is empty.
    pub states: Vec<NotificationState>,
    /// The maximum number of rows, from 1 to 1000.
    pub limit: u32,
    /// The end of the previous page; `None` for the first page.
    pub after: Option<PageMark>,
}

/// A notification with its incident and the attempts to send it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct NotificationEntry {
    /// The incident of which the person is notified. A notice has none: the id is zeros, and the
    /// title is the first line of the text.
    pub incident: IncidentBrief,
    /// The notification, with its state.
    pub notification: Notification,
    /// The attempts to send it, the first one first. A notification that was sent as a part of
    /// another one has none of its own.
    #[serde(deserialize_with = "read_entries")]
    pub attempts: Vec<Attempt>,
}

impl NotificationSearch {
    /// Returns the search for the latest notifications.
    #[must_use]
    pub fn first(limit: u32) -> Self {
        Self { incident: None, person: None, states: Vec::new(), limit, after: None }
    }

    /// Returns whether the search finds a notification.
    #[must_use]
    pub fn finds(&self, notification: &Notification) -> bool {
        self.incident.is_none_or(|incident| notification.incident == incident)
            && self
                .person
                .as_ref()
                .is_none_or(|person| is_same_name(&notification.person.handle, person))
            && (self.states.is_empty() || self.states.contains(&notification.state))
    }
}

impl ListSearch for NotificationSearch {
    type Row = NotificationEntry;
    const LIST: List = List::Notifications;

    fn limit(&self) -> u32 {
        self.limit
    }

    fn after(&self) -> Option<&PageMark> {
        self.after.as_ref()
    }

    fn matches(&self, row: &NotificationEntry) -> bool {
        self.finds(&row.notification)
    }

    fn compare(&self, a: &NotificationEntry, b: &NotificationEntry) -> Ordering {
        let key = |row: &NotificationEntry| {
            (row.notification.planned_at.timestamp_millis(), row.notification.id)
        };
        key(b).cmp(&key(a))
    }

    fn identity(row: &NotificationEntry) -> String {
        row.notification.id.to_string()
    }
}
