//! New unassigned incidents of the highest priorities: they have a line of their own until somebody
//! acknowledges them or the viewer visits them.

pub mod update;
pub mod view;

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::model::storm::is_quiet;
use crate::model::{IncidentId, Priority, Status, Summary};

/// A new unassigned urgent incident.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Unclaimed {
    /// The current row of the incident.
    pub row: Arc<Summary>,
    /// When it came, or became urgent.
    pub since: DateTime<Utc>,
}

/// The new unassigned urgent incidents that the viewer has neither visited nor dismissed.
#[derive(Clone, Debug, Default)]
pub struct Urgent {
    /// The incidents, the most urgent first.
    pub waiting: Vec<Unclaimed>,
}

impl Urgent {
    /// Removes an incident, because the viewer has turned to it.
    pub fn dismiss(&mut self, id: IncidentId) {
        self.waiting.retain(|unclaimed| unclaimed.row.id != id);
    }
}

/// The priorities of open incidents, by which those are found that are quiet.
#[derive(Clone, Debug, Default)]
pub struct Causes(HashMap<IncidentId, Priority>);

impl Causes {
    /// Reads them from the rows of a snapshot. Without folded incidents there is nothing to read.
    #[must_use]
    pub fn of(rows: &[Arc<Summary>]) -> Self {
        if rows.iter().all(|row| row.folded_under.is_none()) {
            return Self::default();
        }
        let open = rows.iter().filter(|row| row.status.is_open());
        Self(open.map(|row| (row.id, row.priority)).collect())
    }

    /// Returns whether nobody is called for an incident, because another one is worked on in its
    /// place.
    #[must_use]
    pub fn is_quiet(&self, row: &Summary) -> bool {
        is_quiet(row, |id| self.0.get(&id).copied())
    }
}

/// Returns whether an incident is an unacknowledged P1 or P2 without an assignee that no
/// maintenance window mutes.
#[must_use]
pub fn is_unclaimed(row: &Summary, now: DateTime<Utc>) -> bool {
    row.priority.rank() <= Priority::P2
        && row.status == Status::Triggered
        && row.assignee.is_none()
        && !row.is_snoozed(now)
        && !row.is_muted()
}
