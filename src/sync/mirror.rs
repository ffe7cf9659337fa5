//! The rows that are known, and how a delta changes them.

use std::collections::HashMap;
use std::sync::Arc;

use crate::backend::Delta;
use crate::model::queue::OpenCounts;
use crate::model::{IncidentId, Summary};

use super::Snapshot;

/// How many of those that have left are remembered.
const MAX_ENDED: usize = 1000;

/// All open incidents that are known. Rows are shared with the snapshots made of them, so that a
/// snapshot of thousands costs as many pointers.
#[derive(Debug, Default)]
pub struct Mirror {
    rows: Vec<Arc<Summary>>,
    index_by_id: HashMap<IncidentId, usize>,
    /// Those that have left the queue, and their last event: an older state must not bring them back.
    ended_seqs: HashMap<IncidentId, u32>,
    counts: Option<OpenCounts>,
}

impl Mirror {
    /// Takes in the first page of a search; the rest is still unknown.
    pub fn put_first_page(&mut self, rows: Vec<Summary>, counts: Option<OpenCounts>) {
        for row in rows {
            self.put(row);
        }
        self.counts = counts;
    }

    /// Takes in what has changed. Says whether anything has.
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

    /// Takes in one row unless a later state of it is known. Says whether anything has changed.
    pub fn put(&mut self, row: Summary) -> bool {
        match self.index_by_id.get(&row.id).copied() {
            Some(place) => {
                let known = &mut self.rows[place];
                if row.seq < known.seq || **known == row {
                    return false;
                }
                if row.status.is_open() {
                    *known = Arc::new(row);
                } else {
                    self.remove(row.id, place);
                    if self.ended_seqs.len() >= MAX_ENDED {
                        self.ended_seqs.clear();
                    }
                    self.ended_seqs.insert(row.id, row.seq);
                }
                true
            }
            None if row.status.is_open()
                && self.ended_seqs.get(&row.id).is_none_or(|s| *s < row.seq) =>
            {
                self.ended_seqs.remove(&row.id);
                self.index_by_id.insert(row.id, self.rows.len());
                self.rows.push(Arc::new(row));
                true
            }
            None => false,
        }
    }

    /// Whether an incident is among the open ones.
    #[must_use]
    pub fn contains(&self, id: IncidentId) -> bool {
        self.index_by_id.contains_key(&id)
    }

    fn remove(&mut self, id: IncidentId, place: usize) {
        self.index_by_id.remove(&id);
        self.rows.swap_remove(place);
        if let Some(moved) = self.rows.get(place) {
            self.index_by_id.insert(moved.id, place);
        }
    }

    /// What is known now.
    #[must_use]
    pub fn snapshot(&self) -> Arc<Snapshot> {
        Arc::new(Snapshot { rows: self.rows.clone(), counts: self.counts })
    }
}
