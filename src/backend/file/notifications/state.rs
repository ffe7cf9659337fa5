//! The state that an open store remembers of the ledger between its steps.

use std::path::Path;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use uuid::Uuid;

use super::claimant::{ClaimFault, Claimant};

/// The state that an open store remembers of the ledger.
#[derive(Debug, Default)]
pub(in crate::backend::file) struct LedgerState {
    /// The position in the log up to which nothing remains to be planned, which may be after the
    /// stored one.
    scanned: AtomicI64,
    /// Marks the claims of this open store; made with the first one.
    claimant: Mutex<Option<Claimant>>,
}

impl LedgerState {
    /// Returns the position up to which nothing remains to be planned, as known to this open store.
    pub(super) fn scanned(&self) -> i64 {
        self.scanned.load(Ordering::Relaxed)
    }

    /// Remembers that nothing remains to be planned up to a position.
    pub(super) fn remember_scanned(&self, log: i64) {
        self.scanned.fetch_max(log, Ordering::Relaxed);
    }

    fn lock(&self) -> MutexGuard<'_, Option<Claimant>> {
        self.claimant.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the id of the claims of this open store; `None` before the first one.
    pub(super) fn claimant_id(&self) -> Option<Uuid> {
        self.lock().as_ref().map(Claimant::id)
    }

    /// Returns the id of the claims of this open store, and marks that it is open.
    pub(super) fn require_claimant(&self, store: &Path) -> Result<Uuid, ClaimFault> {
        let mut claimant = self.lock();
        if let Some(claimant) = claimant.as_ref() {
            return Ok(claimant.id());
        }
        let created = Claimant::create(store)?;
        Ok(claimant.insert(created).id())
    }
}
