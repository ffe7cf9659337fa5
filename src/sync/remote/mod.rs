//! The cache and the outbox of a remote backend on this machine.
//!
//! [`Remote`] wraps a backend that may be slow or unreachable, and is a [`Backend`] again. It
//! caches fetched data. If a request fails, it answers from the cache, and reports the age of the
//! data. A command is in the outbox, on the disk, before it counts as accepted. One process of the
//! machine at a time sends the outbox, in order for each incident, and with the same id until a
//! command is answered. Pending commands are applied to all data that is read (optimistic update).
//!
//! Each remote has a folder with two files: the cache, which can be thrown away, and the outbox,
//! which can't.

mod about;
mod backend;
mod cache;
mod cache_reads;
mod choose;
mod clock;
mod database;
mod entry;
mod error;
mod fallback;
mod fetch;
mod identity;
mod lists;
mod local_copy;
mod lock;
mod open;
mod optimistic;
mod outbox;
mod outbox_remote;
mod outbox_snapshot;
mod paths;
mod prefetch;
mod reads;
mod redactions;
#[cfg(test)]
mod schema_tests;
mod sender;
mod submit;
mod survey;
mod verify;

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::task::AbortHandle;

use crate::backend::watch::StoreWatcher;
use crate::backend::{Backend, BackendError};
use crate::model::text::SafeText;
use crate::model::{CommandId, IncidentId, Rules, Summary};

pub use cache::{MAX_DETAILS, MAX_ENDED};
pub use database::{DatabaseError, Unusable};
pub use entry::{EntryOrigin, EntryState, OutboxEntry, PendingChange};
pub use local_copy::{LocalCopy, UnsentEntry};
pub use open::{OpenError, Options, describe_waiting};
pub use optimistic::{apply_pending_to_record, apply_pending_to_row};
pub use outbox::Batch;
pub use outbox_remote::{OutboxRemote, PutBackNotice};
pub use outbox_snapshot::{OutboxCounts, OutboxSnapshot};
pub use paths::RemoteKey;
pub(super) use prefetch::prefetch;
pub use submit::Submission;
pub use survey::{OutboxFolder, survey};

use cache::Cache;
use identity::TokenIdentity;
use outbox::Outbox;

/// A remote backend with its cache and outbox.
pub struct Remote {
    shared: Arc<Shared>,
    tasks: Vec<AbortHandle>,
    warnings: Vec<SafeText<'static>>,
    /// The folder in which each remote has a folder of its own.
    root: PathBuf,
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
    /// The outbox as it was last read.
    outbox_snapshot: watch::Sender<Arc<OutboxSnapshot>>,
    /// Whether the last request did not reach the remote.
    is_failing: AtomicBool,
    /// The error of the last request that did not reach the remote.
    last_failure: Mutex<Option<String>>,
    /// When rows were last written to the cache, in seconds since 1970.
    rows_written_at_s: AtomicI64,
    /// When redactions were last read for commands that had waited, in seconds since 1970.
    redactions_read_at_s: AtomicI64,
    /// Counts how often the remote has answered again after a failure.
    reconnects: watch::Sender<u64>,
    /// Wakes the sender, because there may be commands to send.
    wake_sender: Notify,
    /// Reports writes to the outbox, also by another process.
    watcher: Arc<StoreWatcher>,
    /// The file whose lock the sending process holds.
    lock_file: PathBuf,
    /// How long to wait for the process that holds the lock.
    lock_timeout: Duration,
    /// Outboxes of the same remote with other tokens.
    siblings: Vec<PathBuf>,
    /// Whether their pending commands were searched for those of the current person.
    has_claimed: AtomicBool,
    /// The results of commands that were sent without the outbox, because it could not be written.
    unstored: Mutex<VecDeque<OutboxEntry>>,
    /// The folder of the drafts on this machine.
    drafts: Option<PathBuf>,
}

impl Remote {
    /// Returns the problems that were found when the remote was opened, as sentences.
    #[must_use]
    pub fn warnings(&self) -> &[SafeText<'static>] {
        &self.warnings
    }

    /// Returns the path of the outbox.
    #[must_use]
    pub fn outbox_file(&self) -> &Path {
        &self.shared.outbox.path
    }

    /// Returns the outboxes of this remote that were damaged and moved aside, the oldest first.
    /// What they contain was not sent.
    #[must_use]
    pub fn set_aside_outboxes(&self) -> Vec<PathBuf> {
        database::find_set_aside(&self.shared.outbox.path)
    }

    /// Replaces the rules in force.
    pub fn set_rules(&self, rules: Rules) {
        *self.shared.rules.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(rules);
    }

    /// Returns the rules in force.
    #[must_use]
    pub fn rules(&self) -> Arc<Rules> {
        self.shared.rules()
    }

    /// Returns a receiver of outbox snapshots: the current one, and a new one after each change.
    #[must_use]
    pub fn watch_outbox(&self) -> watch::Receiver<Arc<OutboxSnapshot>> {
        self.shared.outbox_snapshot.subscribe()
    }

    /// Returns a receiver that changes when the remote answers again after a failure.
    #[must_use]
    pub fn watch_reconnects(&self) -> watch::Receiver<u64> {
        self.shared.reconnects.subscribe()
    }

    /// Returns the row of an incident as it was last fetched, whether the incident is open or not.
    pub async fn cached_row(&self, id: IncidentId) -> Option<Summary> {
        self.shared.cache.row(id).await
    }

    /// Returns a command, whatever became of it and however long ago; `None` if it was dropped.
    ///
    /// # Errors
    /// When the outbox can't be read.
    pub async fn entry(&self, id: CommandId) -> Result<Option<OutboxEntry>, BackendError> {
        self.shared.entry(id).await
    }

    /// Requests the identity of the remote's store, if a response has shown that it changed or was
    /// restored. Waits no longer than the answer timeout.
    pub async fn confirm_store(&self) {
        if self.shared.identity.has_changed() {
            let verified = tokio::time::timeout(self.shared.answer_timeout, self.shared.verify());
            if let Ok(Err(error)) = verified.await {
                tracing::debug!(%error, "which store it is");
            }
        }
        // Another task may have requested it, and not have published the answer yet.
        if let Err(error) = self.shared.refresh_outbox().await {
            tracing::warn!(%error, "looking at the outbox");
        }
    }

    /// Requests from the remote whose token it is, if other outboxes of the same remote may have
    /// commands of that person, and so moves them here.
    ///
    /// # Errors
    /// If the remote does not answer.
    pub async fn claim_own_commands(&self) -> Result<(), BackendError> {
        let shared = &self.shared;
        if shared.siblings.is_empty() || shared.has_claimed.load(Ordering::Relaxed) {
            return Ok(());
        }
        shared.verify().await
    }

    /// Returns the other outboxes under the state folder.
    pub async fn other_outboxes(&self) -> Vec<OutboxFolder> {
        let own = self.shared.outbox.path.parent();
        let mut folders = survey(&self.root).await;
        folders.retain(|folder| Some(folder.folder.as_path()) != own);
        folders
    }

    /// Sends commands that were sent to an earlier generation of the store again, with the same
    /// ids. Returns their number.
    ///
    /// # Errors
    /// When the outbox can't be written.
    pub async fn resend(&self) -> Result<u64, BackendError> {
        let count = self.shared.outbox.resend().await?;
        self.shared.refresh_and_wake().await?;
        Ok(count)
    }

    /// Records that a person has seen that the store was restored from a copy.
    ///
    /// # Errors
    /// When the outbox can't be written.
    pub async fn acknowledge_put_back(&self) -> Result<(), BackendError> {
        self.shared.outbox.acknowledge_put_back().await?;
        self.shared.refresh_outbox().await
    }

    /// Allows the current token to send commands that were requested with another one.
    ///
    /// # Errors
    /// When the outbox can't be written.
    pub async fn approve(&self, ids: &[CommandId]) -> Result<(), BackendError> {
        self.shared.outbox.approve(ids).await?;
        self.shared.refresh_and_wake().await
    }

    /// Moves all that another outbox holds into this one. Returns whether that was done: a process
    /// that has the other one open sends it itself.
    ///
    /// # Errors
    /// When one of the outboxes can't be used.
    pub async fn adopt(&self, folder: &Path) -> Result<bool, BackendError> {
        let file = folder.join(paths::OUTBOX_FILE);
        let moved = self.shared.outbox.import(&file, outbox::Import::All).await;
        let moved = moved.map_err(BackendError::broken)?;
        self.shared.refresh_and_wake().await?;
        Ok(moved)
    }
}

impl Drop for Remote {
    fn drop(&mut self) {
        // A command that is being sent is sent again by the next process, with the same id.
        for task in &self.tasks {
            task.abort();
        }
    }
}

impl Shared {
    fn rules(&self) -> Arc<Rules> {
        Arc::clone(&self.rules.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Reads the outbox, and adds the identity of the token.
    async fn read_outbox(&self) -> Result<OutboxSnapshot, BackendError> {
        let mut snapshot = self.outbox.snapshot().await?;
        snapshot.me = self.identity.handle();
        snapshot.remote.token = self.backend.token_id();
        Ok(snapshot)
    }

    /// Returns a command that was sent without the outbox.
    fn find_unstored(&self, id: CommandId) -> Option<OutboxEntry> {
        let unstored = self.unstored.lock().unwrap_or_else(PoisonError::into_inner);
        unstored.iter().find(|entry| entry.id == id).cloned()
    }

    /// Returns a command, whatever became of it.
    async fn entry(&self, id: CommandId) -> Result<Option<OutboxEntry>, BackendError> {
        if let Some(entry) = self.find_unstored(id) {
            return Ok(Some(entry));
        }
        self.outbox.get(id).await
    }

    /// Reads the outbox, and publishes it if it has changed.
    async fn refresh_outbox(&self) -> Result<(), BackendError> {
        let snapshot = self.read_outbox().await?;
        self.outbox_snapshot.send_if_modified(|current| {
            let is_new = **current != snapshot;
            if is_new {
                *current = Arc::new(snapshot);
            }
            is_new
        });
        Ok(())
    }

    /// Publishes the outbox after this process wrote it, and wakes the sender.
    async fn refresh_and_wake(&self) -> Result<(), BackendError> {
        self.refresh_outbox().await?;
        self.wake_sender.notify_one();
        Ok(())
    }

    /// Records from a response whether the remote can be reached.
    fn record_reachability<T>(&self, response: &Result<T, BackendError>) {
        match response {
            Err(BackendError::Unreachable(why)) => {
                self.is_failing.store(true, Ordering::Relaxed);
                let mut failure = self.last_failure.lock().unwrap_or_else(PoisonError::into_inner);
                *failure = Some(why.to_string());
            }
            // Who reads the cache instead gets the reason.
            Err(BackendError::Broken(why)) => {
                let mut failure = self.last_failure.lock().unwrap_or_else(PoisonError::into_inner);
                *failure = Some(why.to_string());
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
