//! Volume: the number of incidents reported in each bucket of a window.

use chrono::{DateTime, Utc};

use super::super::priority::Priority;

/// Counts incidents by bucket and priority.
pub(super) struct Buckets {
    starts_ms: Vec<i64>,
    /// One count for each bucket, by priority.
    pub(super) counts: Vec<[u64; 4]>,
}

impl Buckets {
    pub(super) fn new(edges: &[DateTime<Utc>]) -> Self {
        Self {
            starts_ms: edges.iter().map(DateTime::timestamp_millis).collect(),
            counts: vec![[0; 4]; edges.len()],
        }
    }

    pub(super) fn add(&mut self, reported_ms: i64, priority: Priority) {
        let bucket = self.starts_ms.partition_point(|start| *start <= reported_ms);
        if let Some(counts) = bucket.checked_sub(1).and_then(|b| self.counts.get_mut(b)) {
            counts[priority.index()] += 1;
        }
    }
}
