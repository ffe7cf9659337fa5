//! What is kept of a remote backend on this machine: what was read of it, and what waits for it.
//!
//! [`Remote`] wraps any backend that may be slow or gone, and is a [`Backend`] again. What it reads
//! it keeps; what can't be read it gives as it was kept, and says how old it is. What is asked is in
//! the outbox, on the disk, before it counts as accepted; one process of the machine at a time sends
//! it, in order for an incident, with the same id until it is answered. Pending commands are laid over
//! whatever is read.
//!
//! There is a folder for each remote with two files: the cache, which can be thrown away, and the
//! outbox, which can't.

mod backend;
mod cache;
mod cache_reads;
pub mod command_text;
mod database;
mod entry;
mod fetch;
mod identity;
mod lock;
mod open;
mod optimistic;
mod outbox;
mod paths;
mod pending;
mod prefetch;
mod reads;
mod sender;
mod submit;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::sync::{Notify, watch};
use tokio::task::AbortHandle;

use crate::backend::file::watch::StoreWatcher;
use crate::backend::{Backend, BackendError, Capabilities, Cursor};
use crate::model::directory::Directory;
use crate::model::{CommandId, IncidentId, Rules, Summary};

pub use cache::{MAX_DETAILS, MAX_ENDED};
pub use entry::{EntryState, OutboxCounts, OutboxEntry, OutboxSnapshot};
pub use open::Options;
pub use optimistic::{apply_pending_to_record, apply_pending_to_row};
pub use outbox::Batch;
pub use paths::RemoteKey;
pub(super) use prefetch::prefetch;
pub use reads::Sourced;
pub use submit::Submission;

use cache::Cache;
use identity::TokenIdentity;
use outbox::Outbox;

/// What is known of a remote before it was asked.
#[derive(Clone, Debug, Default)]
pub struct CachedState {
    /// Its name and what it can do.
    pub capabilities: Option<Capabilities>,
    /// People, teams and services, and when they were read.
    pub directory: Option<(Directory, DateTime<Utc>)>,
    /// The rows of all open incidents, where they were read once, and when.
    pub rows: Option<(Vec<Summary>, DateTime<Utc>)>,
    /// From where to ask on.
    pub cursor: Option<Cursor>,
}

/// A remote backend with what is kept of it.
pub struct Remote {
    shared: Arc<Shared>,
    tasks: Vec<AbortHandle>,
    warnings: Vec<String>,
}

impl std::fmt::Debug for Remote {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Remote").field("outbox", &self.shared.outbox.path).finish_non_exhaustive()
    }
}

struct Shared {
    backend: Arc<dyn Backend>,
    cache: Cache,
    outbox: Outbox,
    identity: TokenIdentity,
    rules: RwLock<Arc<Rules>>,
    answer_timeout: Duration,
    /// What is on its way, as it was read last.
    outbox_snapshot: watch::Sender<Arc<OutboxSnapshot>>,
    /// The remote did not answer the last time.
    is_failing: AtomicBool,
    /// Why it did not answer the last time that it did not, in its own words.
    last_failure: Mutex<Option<String>>,
    /// As of when the oldest is of what was given as it was kept.
    served_as_of: Mutex<Option<DateTime<Utc>>>,
    /// When rows were written down last, in seconds since 1970.
    rows_written_at_s: AtomicI64,
    /// Counts how often it has answered after it had not.
    reconnects: watch::Sender<u64>,
    /// Something may be there to be sent.
    wake_sender: Notify,
    /// Rings when the outbox is written to, also by another process.
    watcher: Arc<StoreWatcher>,
    /// The lock of whoever sends just now.
    lock_file: PathBuf,
    /// How long the one who has it is waited for.
    lock_timeout: Duration,
}

impl Remote {
    /// What was found to be wrong when it was opened, in sentences.
    #[must_use]
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// Where the outbox is.
    #[must_use]
    pub fn outbox_file(&self) -> &Path {
        &self.shared.outbox.path
    }

    /// Outboxes of this remote that were damaged and set aside, the oldest first: what they hold was
    /// not sent.
    #[must_use]
    pub fn set_aside_outboxes(&self) -> Vec<PathBuf> {
        database::find_set_aside(&self.shared.outbox.path)
    }

    /// From now on these rules are in force.
    pub fn set_rules(&self, rules: Rules) {
        *self.shared.rules.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(rules);
    }

    /// The rules in force.
    #[must_use]
    pub fn rules(&self) -> Arc<Rules> {
        self.shared.rules()
    }

    /// What is on its way, now and whenever it changes.
    #[must_use]
    pub fn watch_outbox(&self) -> watch::Receiver<Arc<OutboxSnapshot>> {
        self.shared.outbox_snapshot.subscribe()
    }

    /// Tells when the remote has answered after it had not.
    #[must_use]
    pub fn watch_reconnects(&self) -> watch::Receiver<u64> {
        self.shared.reconnects.subscribe()
    }

    /// What is known before anything is asked.
    pub async fn cached_state(&self) -> CachedState {
        self.shared.cached_state().await
    }

    /// The row of an incident as it was read last, whether it is open or not.
    pub async fn cached_row(&self, id: IncidentId) -> Option<Summary> {
        self.shared.cache.row(id).await
    }

    /// One command, whatever became of it and however long ago; `None` where it was dropped.
    ///
    /// # Errors
    /// When the outbox can't be read.
    pub async fn entry(&self, id: CommandId) -> Result<Option<OutboxEntry>, BackendError> {
        self.shared.outbox.get(id).await
    }

    /// The incident in which one that was declared here is counted, because its alert belongs to one
    /// that was open; the same where it is its own.
    ///
    /// # Errors
    /// When the outbox can't be read.
    pub async fn resolve_alias(&self, id: IncidentId) -> Result<IncidentId, BackendError> {
        self.shared.outbox.resolve_alias(id).await
    }
}

impl Drop for Remote {
    fn drop(&mut self) {
        // What is being sent is sent again by whoever comes next, with the same id.
        for task in &self.tasks {
            task.abort();
        }
    }
}

impl Shared {
    fn rules(&self) -> Arc<Rules> {
        Arc::clone(&self.rules.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// What is on its way, as it is now, and for whom.
    async fn read_outbox(&self) -> Result<OutboxSnapshot, BackendError> {
        Ok(OutboxSnapshot { me: self.identity.handle(), ..self.outbox.snapshot().await? })
    }

    /// Reads what is on its way, and tells where that has changed.
    async fn refresh_outbox(&self) -> Result<(), BackendError> {
        let listing = self.read_outbox().await?;
        self.outbox_snapshot.send_if_modified(|known| {
            let is_new = **known != listing;
            if is_new {
                *known = Arc::new(listing);
            }
            is_new
        });
        Ok(())
    }

    /// The outbox was written to by this process.
    async fn refresh_and_wake(&self) -> Result<(), BackendError> {
        self.refresh_outbox().await?;
        self.wake_sender.notify_one();
        Ok(())
    }

    /// What an answer of the remote tells about the way to it.
    fn record_reachability<T>(&self, answer: &Result<T, BackendError>) {
        match answer {
            Err(BackendError::Unreachable(why)) => {
                self.is_failing.store(true, Ordering::Relaxed);
                let mut failure = self.last_failure.lock().unwrap_or_else(PoisonError::into_inner);
                *failure = Some(why.clone());
            }
            Err(BackendError::Limited { .. }) => {}
            _ => {
                if self.is_failing.swap(false, Ordering::Relaxed) {
                    self.reconnects.send_modify(|count| *count += 1);
                }
            }
        }
    }
}
