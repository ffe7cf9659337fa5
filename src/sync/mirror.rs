//! The mirror: the poller's copy of the open incidents, and how a delta changes it.

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::sync::Arc;

use lru::LruCache;

use crate::backend::Delta;
use crate::model::queue::OpenCounts;
use crate::model::{IncidentId, Summary};

use super::snapshot::Snapshot;

/// How many incidents that have ended are remembered.
const MAX_ENDED: NonZeroUsize = NonZeroUsize::new(1000).expect("it is not zero");

/// The open incidents that are known. Rows are shared with the snapshots made of them, so that a
/// snapshot of thousands of rows costs as many pointers.
#[derive(Debug)]
pub struct Mirror {
    rows: Vec<Arc<Summary>>,
    index_by_id: HashMap<IncidentId, usize>,
    /// The last event of each incident that has ended: an older state must not bring it back.
    /// Reading one does not count as use: those that ended last are remembered.
    ended_seqs: LruCache<IncidentId, u32>,
    /// Rows that were put since the last request for changes was sent. Its response may be older.
    put_since_request: Vec<Arc<Summary>>,
    counts: Option<OpenCounts>,
}

impl Default for Mirror {
    fn default() -> Self {
        Self {
            rows: Vec::new(),
            index_by_id: HashMap::new(),
            ended_seqs: LruCache::new(MAX_ENDED),
            put_since_request: Vec::new(),
            counts: None,
        }
    }
}

impl Mirror {
    /// Adds the first page of a search. The remaining rows are still unknown.
    pub fn put_first_page(&mut self, rows: Vec<Summary>, counts: Option<OpenCounts>) {
        for row in rows {
            self.merge(&Arc::new(row));
        }
        self.counts = counts;
    }

    /// Records that a request for changes is sent now. Its answer will contain all rows put before.
    pub fn start_request(&mut self) {
        self.put_since_request.clear();
    }

    /// Applies a delta. Returns whether anything has changed.
    pub fn fold(&mut self, delta: Delta) -> bool {
        let put_since_request = std::mem::take(&mut self.put_since_request);
        if delta.reset {
            let mut fresh = Self::default();
            for row in delta.rows {
                fresh.merge(&Arc::new(row));
            }
            for row in &put_since_request {
                fresh.merge(row);
            }
            *self = fresh;
            return true;
        }
        let mut changed = false;
        for row in delta.rows {
            changed |= self.merge(&Arc::new(row));
        }
        changed
    }

    /// Adds or replaces a row, unless a later state of it is known. Returns whether anything has
    /// changed.
    pub fn put(&mut self, row: Summary) -> bool {
        let row = Arc::new(row);
        let changed = self.merge(&row);
        self.put_since_request.push(row);
        changed
    }

    fn merge(&mut self, row: &Arc<Summary>) -> bool {
        if self.ended_seqs.peek(&row.id).is_some_and(|seq| row.seq <= *seq) {
            return false;
        }
        let index = self.index_by_id.get(&row.id).copied();
        if let Some(current) = index.map(|index| &self.rows[index])
            && (row.seq < current.seq || current == row)
        {
            return false;
        }
        match (index, row.status.is_open()) {
            (Some(index), true) => self.rows[index] = Arc::clone(row),
            (None, true) => {
                self.ended_seqs.pop(&row.id);
                self.index_by_id.insert(row.id, self.rows.len());
                self.rows.push(Arc::clone(row));
            }
            (Some(index), false) => {
                self.remove(row.id, index);
                self.ended_seqs.put(row.id, row.seq);
            }
            // It was never among the rows, but an older state of it may still arrive.
            (None, false) => {
                self.ended_seqs.put(row.id, row.seq);
                return false;
            }
        }
        true
    }

    /// Returns whether an incident is among the open ones.
    #[must_use]
    pub fn contains(&self, id: IncidentId) -> bool {
        self.index_by_id.contains_key(&id)
    }

    /// Returns whether a row is older than the end of its incident.
    #[must_use]
    pub fn is_outdated(&self, row: &Summary) -> bool {
        self.ended_seqs.peek(&row.id).is_some_and(|seq| row.seq < *seq)
    }

    fn remove(&mut self, id: IncidentId, index: usize) {
        self.index_by_id.remove(&id);
        self.rows.swap_remove(index);
        if let Some(moved) = self.rows.get(index) {
            self.index_by_id.insert(moved.id, index);
        }
    }

    /// Returns an immutable copy of the current state.
    #[must_use]
    pub fn snapshot(&self) -> Arc<Snapshot> {
        Arc::new(Snapshot { rows: self.rows.clone(), counts: self.counts })
    }
}
