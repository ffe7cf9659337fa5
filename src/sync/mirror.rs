//! The mirror: the poller's copy of the open incidents, and how a delta changes it.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use crate::backend::Delta;
use crate::model::queue::OpenCounts;
use crate::model::{IncidentId, Summary};

use super::snapshot::Snapshot;

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
    /// The incidents of `ended_seqs`, in the order in which they ended.
    ended_order: VecDeque<IncidentId>,
    /// Rows that were put since the last request for changes was sent. Its response may be older.
    put_since_request: Vec<Arc<Summary>>,
    counts: Option<OpenCounts>,
}

impl Mirror {
    /// Adds the first page of a search. The remaining rows are still unknown.
    pub fn put_first_page(&mut self, rows: Vec<Summary>, counts: Option<OpenCounts>) {
        for row in rows {
            self.merge(&Arc::new(row));
        }
        self.counts = counts;
    }

    /// Records that a request for changes is sent now. What was put before is known to whoever
    /// answers it.
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
        if self.ended_seqs.get(&row.id).is_some_and(|seq| row.seq <= *seq) {
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
                if self.ended_seqs.remove(&row.id).is_some() {
                    self.ended_order.retain(|id| *id != row.id);
                }
                self.index_by_id.insert(row.id, self.rows.len());
                self.rows.push(Arc::clone(row));
            }
            (Some(index), false) => {
                self.remove(row.id, index);
                self.remember_ended(row);
            }
            // It was never among the rows, but an older state of it may still arrive.
            (None, false) => {
                self.remember_ended(row);
                return false;
            }
        }
        true
    }

    fn remember_ended(&mut self, row: &Summary) {
        if self.ended_seqs.insert(row.id, row.seq).is_some() {
            return;
        }
        self.ended_order.push_back(row.id);
        if self.ended_order.len() > MAX_ENDED
            && let Some(oldest) = self.ended_order.pop_front()
        {
            self.ended_seqs.remove(&oldest);
        }
    }

    /// Returns whether an incident is among the open ones.
    #[must_use]
    pub fn contains(&self, id: IncidentId) -> bool {
        self.index_by_id.contains_key(&id)
    }

    /// Returns whether a row is older than the end of its incident.
    #[must_use]
    pub fn is_outdated(&self, row: &Summary) -> bool {
        self.ended_seqs.get(&row.id).is_some_and(|seq| row.seq < *seq)
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
