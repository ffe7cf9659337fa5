//! The open incidents of a snapshot in order of urgency, which is computed once for all keys that are
//! typed into a filter.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use crate::model::Summary;
use crate::model::queue::{OpenCounts, UrgencyKey, urgency_key_by_clock};
use crate::model::service_level::{Clock, ServiceLevels, running_clock};
use crate::sync::Snapshot;

/// The open incidents of a snapshot in order of urgency. It is valid until one of them crosses a
/// service level, approaches one, or its snooze ends.
#[derive(Clone, Debug)]
pub struct OpenOrder {
    snapshot: Arc<Snapshot>,
    levels: ServiceLevels,
    computed_at: DateTime<Utc>,
    /// The most urgent one first.
    entries: Vec<Entry>,
    counts: OpenCounts,
    next_change: Option<DateTime<Utc>>,
}

/// An open incident with what its place in the order depends on.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The incident.
    pub summary: Arc<Summary>,
    /// Its sort key.
    pub rank: UrgencyKey,
    clock: Option<Clock>,
}

impl Entry {
    /// Determines the place of an incident at `now`, a time of the backend.
    #[must_use]
    pub fn new(summary: &Arc<Summary>, now: DateTime<Utc>, levels: &ServiceLevels) -> Self {
        let clock = running_clock(summary, levels);
        let rank = urgency_key_by_clock(summary, clock.as_ref(), now);
        Self { summary: Arc::clone(summary), rank, clock }
    }

    /// Returns when its clock runs out, if it is not stopped until then; `None` if no clock runs.
    #[must_use]
    pub fn due(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.clock.map(|clock| now + clock.remaining(now))
    }
}

impl OpenOrder {
    /// Computes the order at `now`, a time of the backend.
    #[must_use]
    pub fn new(snapshot: Arc<Snapshot>, now: DateTime<Utc>, levels: ServiceLevels) -> Self {
        let mut counts = OpenCounts::default();
        let mut next_change: Option<DateTime<Utc>> = None;
        let mut entries = Vec::with_capacity(snapshot.rows.len());
        for summary in &snapshot.rows {
            let entry = Entry::new(summary, now, &levels);
            counts.add_by_clock(summary, entry.clock.as_ref(), now);
            if let Some(change) = change_by_clock(summary, entry.clock, now) {
                next_change = Some(next_change.map_or(change, |next| next.min(change)));
            }
            entries.push(entry);
        }
        entries.sort_by_cached_key(|entry| entry.rank);
        let counts = snapshot.counts.unwrap_or(counts);
        Self { snapshot, levels, computed_at: now, entries, counts, next_change }
    }

    /// Returns whether this is the order of a snapshot at `now`.
    #[must_use]
    pub fn is_valid(
        &self,
        snapshot: &Arc<Snapshot>,
        now: DateTime<Utc>,
        levels: &ServiceLevels,
    ) -> bool {
        Arc::ptr_eq(&self.snapshot, snapshot)
            && self.levels == *levels
            && self.computed_at <= now
            && self.next_change.is_none_or(|change| now < change)
    }

    /// Returns the incidents, the most urgent first.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Returns the counts of all open incidents.
    #[must_use]
    pub fn counts(&self) -> OpenCounts {
        self.counts
    }

    /// Returns until when the order is valid; `None` if no time changes it.
    #[must_use]
    pub fn next_change(&self) -> Option<DateTime<Utc>> {
        self.next_change
    }
}

/// Returns when an incident next crosses a service level, approaches one, or its snooze ends.
pub(in crate::tui) fn next_change(
    summary: &Summary,
    now: DateTime<Utc>,
    levels: &ServiceLevels,
) -> Option<DateTime<Utc>> {
    change_by_clock(summary, running_clock(summary, levels), now)
}

fn change_by_clock(
    summary: &Summary,
    clock: Option<Clock>,
    now: DateTime<Utc>,
) -> Option<DateTime<Utc>> {
    // A clock that a pause has stopped does not change.
    let clock = clock.filter(|clock| clock.stopped_at.is_none());
    let near = clock.map(|clock| clock.due - clock.goal / 4);
    // One millisecond later: a timer must not fire a moment too early.
    [near, clock.map(|clock| clock.due), summary.snoozed_until]
        .into_iter()
        .flatten()
        .filter(|at| *at > now)
        .min()
        .map(|at| at + TimeDelta::milliseconds(1))
}
