//! The open incidents of a snapshot in order of urgency, which is computed once for all keys that
//! are typed into a filter.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use crate::model::Summary;
use crate::model::queue::{OpenCounts, UrgencyKey, urgency_key_by_clock};
use crate::model::service_level::{Clock, ServiceLevels, running_clock};
use crate::sync::Snapshot;

/// A timer must not fire a moment before the change for which it was set.
const MARGIN: TimeDelta = TimeDelta::milliseconds(1);

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
    /// The first moment at which it may be another one.
    ends_at: Option<DateTime<Utc>>,
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
        let mut ends_at: Option<DateTime<Utc>> = None;
        let mut entries = Vec::with_capacity(snapshot.rows.len());
        for summary in &snapshot.rows {
            let entry = Entry::new(summary, now, &levels);
            counts.add_by_clock(summary, entry.clock.as_ref(), now);
            if let Some(change) = change_by_clock(summary, entry.clock, now) {
                ends_at = Some(ends_at.map_or(change, |end| end.min(change)));
            }
            entries.push(entry);
        }
        entries.sort_by_cached_key(|entry| entry.rank);
        let counts = snapshot.counts.unwrap_or(counts);
        Self { snapshot, levels, computed_at: now, entries, counts, ends_at }
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
            && self.ends_at.is_none_or(|end| now < end)
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

    /// Returns when the order should be computed again; `None` if no time changes it.
    #[must_use]
    pub fn next_change(&self) -> Option<DateTime<Utc>> {
        self.ends_at.map(|end| end + MARGIN)
    }
}

/// Returns when an incident next crosses a service level, approaches one, or its snooze ends.
pub(in crate::tui) fn next_change(
    summary: &Summary,
    now: DateTime<Utc>,
    levels: &ServiceLevels,
) -> Option<DateTime<Utc>> {
    change_by_clock(summary, running_clock(summary, levels), now).map(|change| change + MARGIN)
}

/// Returns the first moment after `now` at which an incident has crossed a service level, is near
/// one, or is no longer snoozed.
fn change_by_clock(
    summary: &Summary,
    clock: Option<Clock>,
    now: DateTime<Utc>,
) -> Option<DateTime<Utc>> {
    // A clock that a pause has stopped does not change.
    let clock = clock.filter(|clock| clock.stopped_at.is_none_or(|stopped| stopped > now));
    let near = clock.map(|clock| clock.due - clock.goal / 4);
    // The due instant itself is in time.
    let past = clock.map(|clock| clock.due + TimeDelta::nanoseconds(1));
    [near, past, summary.snoozed_until].into_iter().flatten().filter(|at| *at > now).min()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::model::Rules;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::days(20_000) + TimeDelta::seconds(seconds)
    }

    prop_compose! {
        fn incident()(
            number in 0..u64::MAX,
            priority in 1..=4,
            acknowledged in any::<bool>(),
            reported in -90_000..0_i64,
            paused_since in prop::option::of(-3_000..3_000_i64),
            paused_ms in 0..5_000_000_i64,
            snoozed in prop::option::of(-3_000..9_000_i64),
        ) -> Arc<Summary> {
            let value = json!({
                "id": uuid::Uuid::from_u128(number.into()), "number": 1, "title": "Slow",
                "status": if acknowledged { "identified" } else { "triggered" },
                "impact": "high", "urgency": "high", "priority": format!("P{priority}"),
                "source": "monitoring", "services": [], "team": null,
                "detected_at": at(reported), "reported_at": at(reported),
                "acknowledged_at": acknowledged.then(|| at(reported + 60)),
                "paused": paused_since.is_some(), "paused_since": paused_since.map(at),
                "paused_ms": paused_ms, "snoozed_until": snoozed.map(at), "alerts": 1,
                "escalation": 0, "seq": 1, "last_event_at": at(reported),
            });
            Arc::new(serde_json::from_value(value).unwrap())
        }
    }

    fn ranks(order: &OpenOrder) -> Vec<UrgencyKey> {
        order.entries().iter().map(|entry| entry.rank).collect()
    }

    proptest! {
        #[test]
        fn order_holds_as_long_as_it_says(
            rows in prop::collection::vec(incident(), 1..20),
            seconds in 0..40_000_i64,
        ) {
            let levels = Rules::default().levels;
            let snapshot = Arc::new(Snapshot { rows, counts: None });
            let order = OpenOrder::new(Arc::clone(&snapshot), at(0), levels);
            let ordered = ranks(&order);
            prop_assert!(ordered.is_sorted());
            prop_assert_eq!(ordered.len(), snapshot.rows.len());
            let later = OpenOrder::new(Arc::clone(&snapshot), at(seconds), levels);
            if order.is_valid(&snapshot, at(seconds), &levels) {
                prop_assert_eq!(ordered, ranks(&later));
                prop_assert_eq!(order.counts(), later.counts());
                for (early, late) in order.entries().iter().zip(later.entries()) {
                    prop_assert_eq!(early.due(at(seconds)), late.due(at(seconds)));
                }
            } else {
                prop_assert!(order.ends_at.is_some_and(|end| end <= at(seconds)));
            }
        }
    }

    #[test]
    fn order_belongs_to_its_snapshot_and_its_rules() {
        let levels = Rules::default().levels;
        let snapshot = Arc::new(Snapshot::default());
        let order = OpenOrder::new(Arc::clone(&snapshot), at(0), levels);
        assert!(order.is_valid(&snapshot, at(0), &levels));
        assert!(order.is_valid(&snapshot, at(1_000_000), &levels), "nothing changes with time");
        // A clock that was set back.
        assert!(!order.is_valid(&snapshot, at(-1), &levels));
        assert!(!order.is_valid(&Arc::new(Snapshot::default()), at(0), &levels));
        let mut other = levels;
        other.0[0].acknowledge_s += 1;
        assert!(!order.is_valid(&snapshot, at(0), &other));
    }

    #[test]
    fn order_ends_when_a_clock_comes_near_its_goal() {
        let mut levels = Rules::default().levels;
        levels.0[0].acknowledge_s = 400;
        let value = json!({
            "id": uuid::Uuid::nil(), "number": 1, "title": "Slow", "status": "triggered",
            "impact": "high", "urgency": "high", "priority": "P1", "source": "monitoring",
            "services": [], "team": null, "detected_at": at(0), "reported_at": at(0),
            "paused": false, "alerts": 1, "escalation": 0, "seq": 1, "last_event_at": at(0),
        });
        let row: Arc<Summary> = Arc::new(serde_json::from_value(value).unwrap());
        let snapshot = Arc::new(Snapshot { rows: vec![row], counts: None });
        let past = at(400) + TimeDelta::nanoseconds(1);
        for (now, change) in [
            (0, Some(at(300))),
            (299, Some(at(300))),
            (300, Some(past)),
            (400, Some(past)),
            (401, None),
        ] {
            let order = OpenOrder::new(Arc::clone(&snapshot), at(now), levels);
            assert_eq!(order.next_change(), change.map(|change| change + MARGIN), "at {now}");
        }
    }
}
