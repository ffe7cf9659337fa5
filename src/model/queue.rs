//! The order of the queue: what needs a person next comes first.

use std::cmp::Ordering;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::id::IncidentId;
use super::priority::Priority;
use super::service_level::{ServiceLevels, running_clock};
use super::status::{Status, text_enum};
use super::summary::Summary;

#[allow(clippy::derivable_impls, reason = "the words are made by a macro")]
impl Default for Sort {
    fn default() -> Self {
        Self::Urgent
    }
}

text_enum! {
    /// Orders of a list of incidents.
    Sort, "sort" {
        /// What needs a person next; see [`rank`].
        Urgent = "urgent",
        /// Last reported first.
        Newest = "newest",
        /// First reported first.
        Oldest = "oldest",
        /// By priority, P1 first.
        Priority = "priority",
        /// By primary service, those without one last.
        Service = "service",
        /// By name of the owner, unowned ones first.
        Owner = "owner",
        /// What has changed last first.
        Changed = "changed",
    }
}

/// A place in the queue; the least comes first.
pub type UrgencyKey = (bool, Priority, bool, DateTime<Utc>, IncidentId);

/// The place of an incident in the queue.
///
/// First what is past its service level or nearly so, every P1, and every P2 that nobody has
/// acknowledged; then the rest. Within both, by priority, then those that nobody has acknowledged,
/// then the oldest first. A fresh P1 is never below a P4 that has been late for a week, nor below a
/// P1 that somebody works on.
#[must_use]
pub fn urgency_key(incident: &Summary, now: DateTime<Utc>, levels: &ServiceLevels) -> UrgencyKey {
    let pressing = running_clock(incident, levels).is_some_and(|clock| clock.is_near(now))
        || incident.priority == Priority::P1
        || (incident.priority == Priority::P2 && incident.status == Status::Triggered);
    let held = incident.status != Status::Triggered;
    (!pressing, incident.priority, held, incident.reported_at, incident.id)
}

/// Which of two incidents comes first in an order. Where the order leaves them the same, their ranks
/// tell.
#[must_use]
pub fn compare(sort: Sort, a: (&Summary, &UrgencyKey), b: (&Summary, &UrgencyKey)) -> Ordering {
    let reported = |row: &Summary| (row.reported_at, row.number, row.id);
    let by = match sort {
        Sort::Urgent => Ordering::Equal,
        Sort::Newest => reported(b.0).cmp(&reported(a.0)),
        Sort::Oldest => reported(a.0).cmp(&reported(b.0)),
        Sort::Priority => a.0.priority.cmp(&b.0.priority),
        Sort::Service => {
            let service = |row: &Summary| row.primary_service().is_none();
            service(a.0)
                .cmp(&service(b.0))
                .then_with(|| a.0.primary_service().cmp(&b.0.primary_service()))
        }
        Sort::Owner => {
            let (a, b) = (a.0.assignee.as_ref(), b.0.assignee.as_ref());
            a.map(|person| &person.name).cmp(&b.map(|person| &person.name))
        }
        Sort::Changed => b.0.last_event_at.cmp(&a.0.last_event_at),
    };
    by.then_with(|| a.1.cmp(b.1))
}

/// How many open incidents there are, snoozed ones included, for the state of the world.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, ToSchema)]
pub struct OpenCounts {
    /// By priority.
    pub by_priority: [u64; 4],
    /// Nobody has picked them up.
    pub unacknowledged: u64,
    /// Past the service level that runs.
    pub past: u64,
    /// Hidden for a while.
    pub snoozed: u64,
}

impl OpenCounts {
    /// Counts one incident, if it is open.
    pub fn add(&mut self, incident: &Summary, now: DateTime<Utc>, levels: &ServiceLevels) {
        if !incident.status.is_open() {
            return;
        }
        self.by_priority[incident.priority.index()] += 1;
        self.unacknowledged += u64::from(incident.status == Status::Triggered);
        self.past += u64::from(running_clock(incident, levels).is_some_and(|c| c.is_past(now)));
        self.snoozed += u64::from(incident.is_snoozed(now));
    }

    /// All of them.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.by_priority.iter().sum()
    }
}
