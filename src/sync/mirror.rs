//! The mirror: the poller's copy of the open incidents, and how a delta changes it.

use std::collections::HashMap;
use std::sync::Arc;

use crate::backend::Delta;
use crate::model::queue::OpenCounts;
use crate::model::{IncidentId, Summary};

use super::Snapshot;

/// How many incidents that have ended are remembered.
const MAX_ENDED: usize = 1000;

/// The open incidents that are known. Rows are shared with the snapshots made of them, so that a
/// snapshot of thousands of rows costs as many pointers.
#[derive(Debug, Default)]
pub struct Mirror {
    rows: Vec<Arc<Summary>>,
    index_by_id: HashMap<IncidentId, usize>,
    /// The last event of each incident that has ended: an older state must not bring it back.
    ended_seqs: HashMap<IncidentId, u32>,
    counts: Option<OpenCounts>,
}

impl Mirror {
    /// Adds the first page of a search. The remaining rows are still unknown.
    pub fn put_first_page(&mut self, rows: Vec<Summary>, counts: Option<OpenCounts>) {
        for row in rows {
            self.put(row);
        }
        self.counts = counts;
    }

    /// Applies a delta. Returns whether anything has changed.
    pub fn fold(&mut self, delta: Delta) -> bool {
        if delta.reset {
            let mut fresh = Self::default();
            for row in delta.rows {
                fresh.put(row);
            }
            *self = fresh;
            return true;
        }
        let mut changed = false;
        for row in delta.rows {
            changed |= self.put(row);
        }
        changed
    }

    /// Adds or replaces a row, unless a later state of it is known. Returns whether anything has
    /// changed.
    pub fn put(&mut self, row: Summary) -> bool {
        match self.index_by_id.get(&row.id).copied() {
            Some(index) => {
                let current = &mut self.rows[index];
                if row.seq < current.seq || **current == row {
                    return false;
                }
                if row.status.is_open() {
                    *current = Arc::new(row);
                } else {
                    self.remove(row.id, index);
                    if self.ended_seqs.len() >= MAX_ENDED {
                        self.ended_seqs.clear();
                    }
                    self.ended_seqs.insert(row.id, row.seq);
                }
                true
            }
            None if row.status.is_open()
                && self.ended_seqs.get(&row.id).is_none_or(|seq| *seq < row.seq) =>
            {
                self.ended_seqs.remove(&row.id);
                self.index_by_id.insert(row.id, self.rows.len());
                self.rows.push(Arc::new(row));
                true
            }
            None => false,
        }
    }

    /// Returns whether an incident is among the open ones.
    #[must_use]
    pub fn contains(&self, id: IncidentId) -> bool {
        self.index_by_id.contains_key(&id)
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
