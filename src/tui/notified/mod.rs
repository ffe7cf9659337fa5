//! The notifications about the visible incident: the fetched list, and when it is read again.

pub mod update;

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use ratatui::style::Style;

use crate::model::notification::{MessageKind, Notification, NotificationState, PersonReach};
use crate::model::{IncidentId, PersonRef};

use crate::tui::core::computed::Identity;
use crate::tui::reading::Reading;
use crate::tui::theme::Theme;

/// A page that is due within this time is under way. One that waits for the end of quiet hours is
/// not.
const SOON: TimeDelta = TimeDelta::minutes(15);

/// The notifications of an incident, as they were read last.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NotifiedList {
    /// The incident.
    pub incident: IncidentId,
    /// The last notifications, at most 100, the one that was planned first first.
    pub notifications: Vec<Notification>,
    /// Whether there are earlier ones.
    pub has_earlier: bool,
    /// When they were fetched, if they come from the cache.
    pub as_of: Option<DateTime<Utc>>,
    /// The reason why they could not be read the last time; then they are those from before.
    pub error: Option<String>,
}

impl NotifiedList {
    /// Returns a list of no notifications.
    #[must_use]
    pub const fn empty(incident: IncidentId) -> Self {
        Self { incident, notifications: Vec::new(), has_earlier: false, as_of: None, error: None }
    }
}

/// The known notifications about the visible incident.
#[derive(Debug, Default)]
pub struct Notified {
    /// The list that was read last.
    pub list: Option<Arc<NotifiedList>>,
    /// The record for which the list was requested last; `None` when it must be read again.
    pub requested_for: Option<Identity>,
    /// The number and the incident of the request that is not answered yet.
    pub in_flight: Option<(u64, IncidentId)>,
    /// The number of the last request.
    pub last_request: u64,
    /// The number of the timer that reads the list again.
    pub timer: Option<u64>,
    /// The number of the last timer.
    pub last_timer: u64,
    /// When the last answer came.
    pub answered_at: Option<DateTime<Utc>>,
    /// Whether the backend has no such list.
    pub is_unsupported: bool,
    /// How people are reached, as it was read last; empty if that is not known.
    pub people: Arc<Vec<PersonReach>>,
}

impl Notified {
    /// Returns the list of an incident, if it was read.
    #[must_use]
    pub fn list_of(&self, incident: IncidentId) -> Option<&Arc<NotifiedList>> {
        self.list.as_ref().filter(|list| list.incident == incident)
    }

    /// Returns the list of the incident on the screen.
    #[must_use]
    pub fn shown_list(&self, reading: &Reading) -> Option<&Arc<NotifiedList>> {
        self.list_of(reading.shown.as_ref()?.id)
    }

    /// Returns the people to whom a page about an incident is being sent, or will be soon, each
    /// once.
    #[must_use]
    pub fn paged(&self, incident: IncidentId, now: DateTime<Utc>) -> Vec<&PersonRef> {
        let mut people: Vec<&PersonRef> = Vec::new();
        let Some(list) = self.list_of(incident) else { return people };
        let is_under_way = |one: &&Notification| {
            let due = match one.state {
                NotificationState::Sending => true,
                NotificationState::Waiting => one.next_try.unwrap_or(one.due) - now <= SOON,
                _ => false,
            };
            due && one.kind == MessageKind::Page
        };
        for notification in list.notifications.iter().filter(is_under_way) {
            if !people.iter().any(|person| person.handle == notification.person.handle) {
                people.push(&notification.person);
            }
        }
        people
    }
}

/// Returns whether a person was not reached.
#[must_use]
pub const fn has_failed(state: NotificationState) -> bool {
    matches!(state, NotificationState::Failed | NotificationState::Unreachable)
}

/// Returns the style in which a notification in a state is shown.
pub(in crate::tui) fn state_style(theme: Theme, state: NotificationState) -> Style {
    match state {
        state if has_failed(state) => theme.past(),
        NotificationState::Waiting | NotificationState::Sending => theme.near(),
        NotificationState::Sent | NotificationState::Bundled => theme.text(),
        _ => theme.dim(),
    }
}
