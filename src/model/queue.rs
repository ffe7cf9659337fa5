//! The order of the queue: what needs a person next comes first.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::id::IncidentId;
use super::priority::Priority;
use super::service_level::{Levels, clock};
use super::status::{Status, words};
use super::summary::Summary;

words! {
    /// Orders of a list of incidents.
    Sort, "sort" {
        /// What needs a person next; see [`rank`].
        Urgent = "urgent",
        /// Last reported first.
        Newest = "newest",
        /// First reported first.
        Oldest = "oldest",
    }
}

/// A place in the queue; the least comes first.
pub type Rank = (bool, Priority, bool, DateTime<Utc>, IncidentId);

/// The place of an incident in the queue.
///
/// First what is past its service level or nearly so, every P1, and every P2 that nobody has
/// acknowledged; then the rest. Within both, by priority, then those that nobody has acknowledged,
/// then the oldest first. A fresh P1 is never below a P4 that has been late for a week, nor below a
/// P1 that somebody works on.
#[must_use]
pub fn rank(incident: &Summary, now: DateTime<Utc>, levels: &Levels) -> Rank {
    let pressing = clock(incident, levels).is_some_and(|clock| clock.is_near(now))
        || incident.priority == Priority::P1
        || (incident.priority == Priority::P2 && incident.status == Status::Triggered);
    let held = incident.status != Status::Triggered;
    (!pressing, incident.priority, held, incident.reported_at, incident.id)
}

/// How many open incidents there are, snoozed ones included, for the state of the world.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
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
    pub fn add(&mut self, incident: &Summary, now: DateTime<Utc>, levels: &Levels) {
        if !incident.status.is_open() {
            return;
        }
        self.by_priority[incident.priority.index()] += 1;
        self.unacknowledged += u64::from(incident.status == Status::Triggered);
        self.past += u64::from(clock(incident, levels).is_some_and(|c| c.is_past(now)));
        self.snoozed += u64::from(incident.is_snoozed(now));
    }

    /// All of them.
    #[must_use]
    pub fn open(&self) -> u64 {
        self.by_priority.iter().sum()
    }
}
