//! The local store: one `SQLite` file that several processes may use at once.
//!
//! Events are appended to a log and the projection is brought in step in the same transaction.
//! The log is the truth: what the projection holds can be made anew from it ([`doctor`]).

mod access_path;
mod bulk;
mod changes;
pub mod doctor;
mod error;
mod event_row;
mod export;
mod full_text;
mod group_commit;
mod import;
mod measures;
mod names;
mod open;
mod others;
mod projection;
mod queue;
mod read;
mod read_pool;
mod records;
mod reopening;
mod row;
mod search;
mod sql;
pub(crate) mod watch;
mod writer;
mod writer_guard;

use std::collections::BTreeSet;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use sqlx::pool::PoolConnection;
use sqlx::{Connection, Sqlite, SqliteConnection};
use tokio::sync::Mutex;

use crate::backend::record::Record;
use crate::backend::{
    Backend, BackendError, Capabilities, Cursor, Delta, Detail, Outcome, Page, Search,
    TimelineRange,
};
use crate::model::command::CommandKind;
use crate::model::directory::Directory;
use crate::model::measures::{Cut, Measures, Window};
use crate::model::problem::Problem;
use crate::model::{Envelope, Event, IncidentId, IncidentNumber, Rules, Summary};
use error::StoreResult;
use open::FileIdentity;
use read_pool::ReadPool;
use watch::{StoreListener, StoreWatcher};
use writer::{TxScope, Writer};

pub use import::Importer;
pub use reopening::ReopeningStore;

/// How a store is opened.
#[derive(Clone, Debug)]
pub struct Options {
    /// The name for the state line, such as `local`.
    pub name: String,
    /// The rules in force.
    pub rules: Rules,
    /// Laid over the store's own directory: what is in both is as here.
    pub overlay: Directory,
    /// Make the file and its folder where they are missing.
    pub create: bool,
    /// How long a lock of another process is waited for.
    pub lock_timeout: Duration,
}

/// An open store.
#[derive(Clone)]
pub struct FileStore {
    inner: Arc<Inner>,
}

struct Inner {
    path: PathBuf,
    options: Options,
    rules: RwLock<Arc<Rules>>,
    writer: Mutex<Writer>,
    readers: ReadPool,
    /// Nothing is written, whatever is asked for.
    read_only: bool,
    watcher: Arc<StoreWatcher>,
    /// The file that the connections are to, whatever its name leads to later.
    identity: Option<FileIdentity>,
}

impl fmt::Debug for FileStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileStore").field("path", &self.inner.path).finish_non_exhaustive()
    }
}

/// Why a store can't be opened. Each sentence names the file and says what to do.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// No such file, and it was not to be made.
    #[error("{0}")]
    Missing(String),
    /// Anything else.
    #[error("{0}")]
    Refused(String),
}

/// A record that can't be taken in.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ImportError {
    /// The record is wrong: which field, and why. The import can go on without it.
    #[error("{field}: {problem}")]
    Invalid {
        /// The field's name.
        field: String,
        /// What is wrong and what to do, as half a sentence.
        problem: String,
    },
    /// The store failed: nothing more can be added.
    #[error(transparent)]
    Store(#[from] BackendError),
}

/// What an import added.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Imported {
    /// Incidents.
    pub incidents: u64,
    /// Events.
    pub events: u64,
    /// Records of other kinds.
    pub others: u64,
    /// Events that were there already, word for word.
    pub already_present: u64,
}

impl FileStore {
    /// Opens a store, and makes it where that is wanted.
    ///
    /// # Errors
    /// [`OpenError`], in a sentence that names the file.
    pub async fn open(path: &Path, options: Options) -> Result<Self, OpenError> {
        let (conn, identity) = open::open(path, &options).await?;
        let readers = ReadPool::writable(path, options.lock_timeout);
        Ok(Self::new(path, options, identity, conn, readers, false))
    }

    /// Opens a store only to read it. Nothing is made or changed, and every command is refused; the
    /// file may belong to somebody else and be readable only.
    ///
    /// # Errors
    /// [`OpenError`], in a sentence that names the file.
    pub async fn open_read_only(path: &Path, options: Options) -> Result<Self, OpenError> {
        let (conn, identity) = open::open_read_only(path, &options).await?;
        let readers = ReadPool::read_only(path, options.lock_timeout);
        Ok(Self::new(path, options, identity, conn, readers, true))
    }

    fn new(
        path: &Path,
        options: Options,
        identity: Option<FileIdentity>,
        conn: SqliteConnection,
        readers: ReadPool,
        read_only: bool,
    ) -> Self {
        Self {
            inner: Arc::new(Inner {
                path: path.to_owned(),
                identity,
                writer: Mutex::new(Writer::new(conn)),
                readers,
                read_only,
                watcher: StoreWatcher::new(path),
                rules: RwLock::new(Arc::new(options.rules.clone())),
                options,
            }),
        }
    }

    /// Whether it was opened only to be read.
    #[must_use]
    pub fn is_read_only(&self) -> bool {
        self.inner.read_only
    }

    /// Refuses a write to a store that is only read.
    fn check_writable(&self) -> Result<(), BackendError> {
        if !self.inner.read_only {
            return Ok(());
        }
        let file = error::display_path(self.path());
        Err(BackendError::NotAllowed(format!(
            "{file} was opened read-only: open it without --read-only to change something"
        )))
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.inner.path
    }

    /// The rules in force.
    #[must_use]
    pub fn rules(&self) -> Arc<Rules> {
        Arc::clone(&self.inner.rules.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// From now on these rules are in force.
    pub fn set_rules(&self, rules: Rules) {
        *self.inner.rules.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(rules);
    }

    /// Puts a directory in the place of the one there is.
    ///
    /// # Errors
    /// As any write.
    pub async fn set_directory(&self, directory: &Directory) -> Result<(), BackendError> {
        self.check_writable()?;
        let (store, directory) = (self.clone(), directory.clone());
        self.run_to_completion(async move {
            let mut writer = store.lock_writer().await;
            let mut batch = sql::Batch::new("BEGIN IMMEDIATE;");
            others::put_directory(&mut batch, &directory)?;
            batch.sql("COMMIT;");
            let done = batch.run(&mut writer.conn).await;
            if done.is_err() {
                writer.roll_back().await;
            }
            store.inner.watcher.wake();
            done
        })
        .await
    }

    /// Begins an import. Other writers wait until it ends.
    ///
    /// # Errors
    /// When the store can't be locked.
    pub async fn importer(&self) -> Result<Importer, BackendError> {
        self.check_writable()?;
        Importer::begin(self.clone())
            .await
            .map_err(|failure| failure.into_backend_error(self.path()))
    }

    /// Gives every record of one consistent state of the store to `sink`, the header first, and
    /// says how many there were.
    ///
    /// # Errors
    /// [`BackendError`] of the store; an error of the sink as [`BackendError::Unreachable`].
    pub async fn export(
        &self,
        sink: &mut (dyn FnMut(&Record) -> std::io::Result<()> + Send),
    ) -> Result<u64, BackendError> {
        self.with_path_context(async {
            export::export(&mut *self.acquire_reader().await?, sink).await
        })
        .await
    }

    /// Writes what is in memory and closes the file.
    pub async fn close(self) {
        self.inner.readers.close().await;
        if let Ok(inner) = Arc::try_unwrap(self.inner).map_err(|_| ()) {
            // Nothing is left to write: a failure to close loses nothing.
            inner.writer.into_inner().conn.close().await.ok();
        }
    }

    /// Refuses where the file has been moved away or replaced: what the connections would read is
    /// nobody's store any more, and would never change again.
    fn check_same_file(&self) -> StoreResult<()> {
        let there = FileIdentity::from_path(&self.inner.path);
        if there == self.inner.identity {
            return Ok(());
        }
        Err(BackendError::Unreachable(error::moved_message(self.path(), there.is_some())).into())
    }

    /// A connection that reads.
    async fn acquire_reader(&self) -> StoreResult<PoolConnection<Sqlite>> {
        self.check_same_file()?;
        Ok(self.inner.readers.acquire().await?)
    }

    /// Told when the store is written to.
    fn listen(&self) -> StoreListener {
        self.inner.watcher.listen()
    }

    /// A failure in words that name the file.
    async fn with_path_context<T>(
        &self,
        work: impl Future<Output = StoreResult<T>>,
    ) -> Result<T, BackendError> {
        work.await.map_err(|failure| failure.into_backend_error(self.path()))
    }
}

#[async_trait]
impl Backend for FileStore {
    async fn capabilities(&self) -> Result<Capabilities, BackendError> {
        Ok(Capabilities {
            name: self.inner.options.name.clone(),
            verbs: if self.inner.read_only {
                BTreeSet::new()
            } else {
                BTreeSet::from(CommandKind::ALL)
            },
            live: true,
            me: None,
            checks_person: false,
        })
    }

    async fn changes(&self, since: Option<Cursor>, wait: Duration) -> Result<Delta, BackendError> {
        self.with_path_context(changes::wait_for_changes(self, since, wait)).await
    }

    async fn search(&self, search: &Search) -> Result<Page<Summary>, BackendError> {
        if search.filter.search_texts().next().is_some() {
            self.update_full_text().await?;
        }
        let rules = self.rules();
        let read_only = self.inner.read_only;
        self.with_path_context(async {
            search::search(&mut *self.acquire_reader().await?, search, &rules, read_only).await
        })
        .await
    }

    async fn incident(&self, id: IncidentId) -> Result<Detail, BackendError> {
        let store = self.clone();
        self.with_path_context(changes::read_to_completion(async move {
            let (rules, overlay) = (store.rules(), &store.inner.options.overlay);
            read::read_detail(&mut *store.acquire_reader().await?, id, &rules, overlay).await
        }))
        .await
    }

    async fn find_by_number(&self, number: IncidentNumber) -> Result<IncidentId, BackendError> {
        self.with_path_context(async {
            read::find_by_number(&mut *self.acquire_reader().await?, number).await
        })
        .await
    }

    async fn timeline(
        &self,
        id: IncidentId,
        part: TimelineRange,
    ) -> Result<Vec<Event>, BackendError> {
        self.with_path_context(async {
            read::read_timeline(&mut *self.acquire_reader().await?, id, part).await
        })
        .await
    }

    async fn measures(
        &self,
        window: &Window,
        cut: Cut,
        now: DateTime<Utc>,
    ) -> Result<Measures, BackendError> {
        let (store, window) = (self.clone(), window.clone());
        self.with_path_context(changes::read_to_completion(async move {
            measures::read_measures(&store, &window, cut, now).await
        }))
        .await
    }

    async fn execute(&self, envelope: &Envelope) -> Result<Outcome, BackendError> {
        self.check_writable()?;
        let (store, envelope) = (self.clone(), envelope.clone());
        self.run_to_completion(async move {
            store.check_same_file()?;
            let mut writer = store.lock_writer().await;
            let rules = store.rules();
            let work = Box::pin(writer.execute(&envelope, &rules, TxScope::Transaction));
            let done = writer_guard::poll_eagerly(work).await;
            drop(writer);
            if done.is_ok() {
                store.inner.watcher.wake();
            }
            done
        })
        .await
    }

    async fn execute_all(&self, envelopes: &[Envelope]) -> Vec<Result<Outcome, BackendError>> {
        group_commit::execute_all(self, envelopes).await
    }

    async fn problems(&self) -> Result<Vec<Problem>, BackendError> {
        self.with_path_context(async {
            others::read_problems(&mut *self.acquire_reader().await?).await
        })
        .await
    }

    async fn directory(&self) -> Result<Directory, BackendError> {
        let found = self.with_path_context(async {
            others::read_directory(&mut *self.acquire_reader().await?).await
        });
        Ok(found.await?.unwrap_or_default().merged_with(&self.inner.options.overlay))
    }
}
