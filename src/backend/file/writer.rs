//! The connection that writes, with its caches. It carries out commands with at most two round trips
//! to the database each, in a transaction of their own or in one shared with other commands
//! ([`super::group_commit`]).

mod execution;
mod fold;
mod link;
mod move_alerts;
mod refold;
mod stability;

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use lru::LruCache;
use sqlx::{Row, SqliteConnection};

use super::directory_table::read_directory;
use super::error::StoreResult;
use super::full_text::index::RedactedNote;
use super::maintenance::CachedWindows;
use super::names::NameInterner;
use super::records::KeyedIncident;
use super::sql::Batch;
use super::store_clock::StoreClock;
use crate::model::IncidentId;
use crate::model::directory::Directory;

/// The maximum number of records in memory between commands.
const MAX_RECENT: NonZeroUsize = NonZeroUsize::new(128).expect("it is not zero");

/// The connection of this process that writes, with its caches.
pub(super) struct Writer {
    pub conn: SqliteConnection,
    pub names: NameInterner,
    /// The directory of the settings, which is added to that of the store.
    overlay: Directory,
    /// The clock by which events are recorded.
    pub clock: StoreClock,
    /// The directory with the version of the stored one that it was read with.
    directory: Option<(i64, Arc<Directory>)>,
    /// Records after the last commands of this process. Other processes may have added events
    /// since; these are folded in before a record is used.
    recent_records: LruCache<IncidentId, KeyedIncident>,
    /// The last number that this process assigned; another process may have assigned more since.
    last_number: Option<u64>,
    /// The maintenance windows that were read last.
    pub windows: Option<CachedWindows>,
    /// The position of the last event, as of the last commit of this process.
    pub last_log: Option<u64>,
    /// Set when a task panicked while it held the writer: the caches and the open transaction
    /// can't be trusted.
    pub poisoned: bool,
    /// Whether the running transaction redacts something.
    pub redacted: bool,
    /// The incidents whose notes it redacts, by key, each with the words of those notes.
    pub redacted_notes: Vec<RedactedNote>,
}

/// The scope within which a command is carried out completely or not at all.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum TxScope {
    /// A transaction of its own.
    Transaction,
    /// A savepoint in a transaction that other commands share.
    Savepoint,
}

impl TxScope {
    /// Returns the statement that begins the scope.
    fn begin(self) -> &'static str {
        match self {
            Self::Transaction => "BEGIN IMMEDIATE;",
            Self::Savepoint => "SAVEPOINT command;",
        }
    }

    /// Returns the statement that ends the scope. The changes of a savepoint are not durable yet.
    fn commit(self) -> &'static str {
        match self {
            Self::Transaction => "COMMIT;",
            Self::Savepoint => "RELEASE command;",
        }
    }

    /// Returns the statements that undo the scope.
    fn roll_back(self) -> &'static str {
        match self {
            Self::Transaction => "ROLLBACK",
            Self::Savepoint => "ROLLBACK TO command; RELEASE command",
        }
    }
}

impl Writer {
    /// `overlay` is added to the directory of the store.
    pub(super) fn new(conn: SqliteConnection, overlay: Directory, clock: StoreClock) -> Self {
        Self {
            conn,
            overlay,
            clock,
            directory: None,
            names: NameInterner::default(),
            recent_records: LruCache::new(MAX_RECENT),
            last_number: None,
            windows: None,
            last_log: None,
            poisoned: false,
            redacted: false,
            redacted_notes: Vec::new(),
        }
    }

    /// Returns the directory in the running transaction, merged with that of the settings.
    pub(super) async fn directory(&mut self) -> StoreResult<Arc<Directory>> {
        let row = Batch::new("SELECT version FROM directory WHERE id = 1")
            .fetch_optional(&mut self.conn)
            .await?;
        let version: i64 = row.map(|row| row.try_get(0)).transpose()?.unwrap_or(0);
        if let Some((cached, directory)) = &self.directory
            && *cached == version
        {
            return Ok(Arc::clone(directory));
        }
        let stored = read_directory(&mut self.conn).await?.unwrap_or_default();
        let directory = Arc::new(stored.merged_with(&self.overlay));
        self.directory = Some((version, Arc::clone(&directory)));
        Ok(directory)
    }

    /// Rolls back a transaction that did not reach its commit.
    pub(super) async fn roll_back(&mut self) {
        self.roll_back_scope(TxScope::Transaction).await;
    }

    /// Rolls back a scope that did not reach its end. Names that other commands of a shared
    /// transaction stored are removed from the cache as well; they are looked up again.
    async fn roll_back_scope(&mut self, scope: TxScope) {
        self.names.on_rollback();
        // Fails if the scope never began or was ended by SQLite.
        Batch::new(scope.roll_back()).run(&mut self.conn).await.ok();
    }

    /// Clears the caches after the transaction that they were filled in was rolled back.
    pub(super) fn clear_caches(&mut self) {
        self.names.on_rollback();
        self.recent_records.clear();
        self.last_number = None;
        self.directory = None;
    }

    /// Makes the writer usable after a panic: rolls back the transaction and clears the caches.
    pub(super) async fn recover(&mut self, lock_timeout: Duration) -> StoreResult<()> {
        self.roll_back().await;
        self.clear_caches();
        self.set_lock_timeout(lock_timeout).await?;
        self.poisoned = false;
        Ok(())
    }

    /// Sets how long to wait for a lock that another process holds.
    pub(super) async fn set_lock_timeout(&mut self, lock_timeout: Duration) -> StoreResult<()> {
        let ms = lock_timeout.as_millis().min(1_000_000_000);
        Batch::one_off(&format!("PRAGMA busy_timeout = {ms}")).run(&mut self.conn).await
    }

    /// Called when the transaction is durable.
    pub(super) fn on_commit(&mut self) {
        self.names.on_commit();
    }

    /// Runs statements and ends the scope. After a transaction, updates the known end of the log.
    async fn run_and_commit(&mut self, mut batch: Batch, scope: TxScope) -> StoreResult<()> {
        batch.sql(scope.commit());
        match scope {
            TxScope::Transaction => self.run_and_read_log(batch).await,
            TxScope::Savepoint => batch.run(&mut self.conn).await,
        }
    }

    /// Runs statements that end with a commit, and updates the known end of the log.
    pub(super) async fn run_and_read_log(&mut self, mut batch: Batch) -> StoreResult<()> {
        batch.sql("SELECT max(log) FROM event;");
        let rows = batch.fetch_result_sets(&mut self.conn).await?;
        let last: Option<i64> = match rows.last().and_then(|rows| rows.first()) {
            Some(row) => row.try_get(0)?,
            None => None,
        };
        self.last_log = last.and_then(|last| u64::try_from(last).ok());
        Ok(())
    }

    /// Caches records that are durable, or will be with the commit of a shared transaction.
    fn remember(&mut self, records: Vec<KeyedIncident>) {
        for record in records {
            let number = record.incident.summary.number.map(|n| n.0);
            self.last_number = self.last_number.max(number);
            self.recent_records.put(record.incident.summary.id, record);
        }
    }
}
