//! The local store: one `SQLite` file that several processes may use at once.
//!
//! Events are appended to a log, and the same transaction updates the projection: the tables that
//! hold the current state of each incident. The log is the source of truth. The projection can be
//! rebuilt from it ([`doctor`]).

mod access_path;
mod bulk;
mod changes;
mod connect;
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
use std::error::Error;
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
    Backend, BackendError, Capabilities, Cause, Cursor, Delta, Detail, Outcome, Page, Search,
    TimelineRange,
};
use crate::model::command::CommandKind;
use crate::model::directory::Directory;
use crate::model::measures::{Cut, Measures, Window};
use crate::model::problem::Problem;
use crate::model::{Envelope, Event, IncidentId, IncidentNumber, Rules, Summary};
use error::{StoreError, StoreResult};
use open::FileIdentity;
use read_pool::ReadPool;
use watch::{StoreListener, StoreWatcher};
use writer::{TxScope, Writer};

pub use error::{ExportFault, OutOfNumbers, Panicked, StoreFault, StoreFaultKind};
pub use import::Importer;
pub use reopening::ReopeningStore;

/// Options for opening a store.
#[derive(Clone, Debug)]
pub struct Options {
    /// The name that the state line shows, such as `local`.
    pub name: String,
    /// The rules that commands are checked against.
    pub rules: Rules,
    /// Entries that extend the store's own directory; on a conflict these win.
    pub overlay: Directory,
    /// Whether to create the file and its folder if they are missing.
    pub create: bool,
    /// How long to wait for a lock that another process holds.
    pub lock_timeout: Duration,
}

/// An open store. Clones share the same connections.
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
    /// Set when the store was opened only for reading: every write is refused.
    read_only: bool,
    watcher: Arc<StoreWatcher>,
    /// The file that the connections have open. The path may name another file later.
    identity: Option<FileIdentity>,
}

impl fmt::Debug for FileStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileStore").field("path", &self.inner.path).finish_non_exhaustive()
    }
}

/// The reasons for which a store can't be opened. Displayed as a sentence that names the file and
/// says what to do.
#[derive(Debug)]
pub enum OpenError {
    /// The file does not exist, and the options do not allow creating it.
    Missing(PathBuf),
    /// The file can't be opened for any other reason.
    Refused(Cause),
}

impl OpenError {
    /// Returns the error for a fault of the store that is opened.
    fn fault(path: &Path, kind: StoreFaultKind) -> Self {
        Self::Refused(Cause::new(StoreFault { path: path.to_owned(), kind }))
    }
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(path) => write!(
                f,
                "{} does not exist: declare or import an incident, or name another file",
                error::display_path(path)
            ),
            Self::Refused(cause) => cause.fmt(f),
        }
    }
}

impl Error for OpenError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Missing(_) => None,
            Self::Refused(cause) => cause.as_error(),
        }
    }
}

/// The reasons for which a record can't be imported.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ImportError {
    /// A field of the record is invalid. The import can go on without the record.
    #[error("{field}: {problem}")]
    Invalid {
        /// The name of the field.
        field: String,
        /// What is wrong and what to do: the part of a sentence that follows the field's name.
        problem: String,
    },
    /// The store failed; no further record can be added.
    #[error(transparent)]
    Store(#[from] BackendError),
}

/// Counts the records of an import.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Imported {
    /// Incidents that were added.
    pub incidents: u64,
    /// Events that were added.
    pub events: u64,
    /// Records of other kinds: directories, problems and changes.
    pub others: u64,
    /// Events that the store already had, identical in every field.
    pub already_present: u64,
}

impl FileStore {
    /// Opens a store, and creates it if the options say so.
    ///
    /// # Errors
    /// [`OpenError`], in a sentence that names the file.
    pub async fn open(path: &Path, options: Options) -> Result<Self, OpenError> {
        let (conn, identity) = open::open(path, &options).await?;
        let readers = ReadPool::writable(path, options.lock_timeout);
        Ok(Self::new(path, options, identity, conn, readers, false))
    }

    /// Opens a store only for reading. Nothing is created or changed, and every command is refused.
    /// The file may belong to another user and be read-only.
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

    /// Returns whether the store was opened only for reading.
    #[must_use]
    pub fn is_read_only(&self) -> bool {
        self.inner.read_only
    }

    /// Refuses a write if the store was opened only for reading.
    fn check_writable(&self) -> Result<(), BackendError> {
        if !self.inner.read_only {
            return Ok(());
        }
        let path = self.path().to_owned();
        Err(StoreFault { path, kind: StoreFaultKind::ReadOnly }.into())
    }

    /// Returns the path that the store was opened with.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.inner.path
    }

    /// Returns the rules that commands are checked against.
    #[must_use]
    pub fn rules(&self) -> Arc<Rules> {
        Arc::clone(&self.inner.rules.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Replaces the rules that commands are checked against.
    pub fn set_rules(&self, rules: Rules) {
        *self.inner.rules.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(rules);
    }

    /// Replaces the directory of people, teams, services, policies and schedules.
    ///
    /// # Errors
    /// [`BackendError`] if the store is read-only or can't be written.
    pub async fn set_directory(&self, directory: &Directory) -> Result<(), BackendError> {
        self.check_writable()?;
        let (store, directory) = (self.clone(), directory.clone());
        self.run_to_completion(async move {
            store.check_same_file()?;
            let mut writer = store.lock_writer().await;
            let mut batch = sql::Batch::new("BEGIN IMMEDIATE;");
            others::put_directory(&mut batch, &directory)?;
            batch.sql("COMMIT;");
            let result = batch.run(&mut writer.conn).await;
            if result.is_err() {
                writer.roll_back().await;
            }
            store.inner.watcher.wake();
            result
        })
        .await
    }

    /// Begins an import. Other writers wait until it ends.
    ///
    /// # Errors
    /// [`BackendError`] if the store is read-only or can't be locked.
    pub async fn importer(&self) -> Result<Importer, BackendError> {
        self.check_writable()?;
        Importer::begin(self.clone())
            .await
            .map_err(|failure| failure.into_backend_error(self.path()))
    }

    /// Passes every record of one consistent state of the store to `sink`, the header first.
    /// Returns the number of records.
    ///
    /// # Errors
    /// [`BackendError`] if the store can't be read. An error of the sink is returned as
    /// [`BackendError::Unreachable`].
    pub async fn export(
        &self,
        sink: &mut (dyn FnMut(&Record) -> std::io::Result<()> + Send),
    ) -> Result<u64, BackendError> {
        self.with_path_context(async {
            export::export(&mut *self.acquire_reader().await?, sink).await
        })
        .await
    }

    /// Closes the connections for reading, and the one for writing if no clone is in use.
    pub async fn close(self) {
        self.inner.readers.close().await;
        if let Ok(inner) = Arc::try_unwrap(self.inner).map_err(|_| ()) {
            // Everything is written by now, so a failure to close loses nothing.
            inner.writer.into_inner().conn.close().await.ok();
        }
    }

    /// Refuses if the file was moved away or replaced. The connections would still read the old
    /// file, which nobody else uses any more and which would never change again.
    fn check_same_file(&self) -> StoreResult<()> {
        let current = FileIdentity::from_path(&self.inner.path);
        if current == self.inner.identity {
            return Ok(());
        }
        let kind = StoreFaultKind::Moved { replaced: current.is_some() };
        Err(BackendError::from(StoreFault { path: self.path().to_owned(), kind }).into())
    }

    /// Returns a connection for reading.
    async fn acquire_reader(&self) -> StoreResult<PoolConnection<Sqlite>> {
        self.check_same_file()?;
        Ok(self.inner.readers.acquire().await?)
    }

    /// Returns a listener that is woken when this or another process writes to the store.
    fn listen(&self) -> StoreListener {
        self.inner.watcher.listen()
    }

    /// Runs `work` and turns its error into one whose sentence names the file.
    async fn with_path_context<T>(
        &self,
        work: impl Future<Output = StoreResult<T>>,
    ) -> Result<T, BackendError> {
        work.await.map_err(|failure| {
            let failure = match failure {
                // A read fails in many ways if the file is moved away under it.
                StoreError::Sql(_) => self.check_same_file().err().unwrap_or(failure),
                other => other,
            };
            failure.into_backend_error(self.path())
        })
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
        range: TimelineRange,
    ) -> Result<Vec<Event>, BackendError> {
        self.with_path_context(async {
            read::read_timeline(&mut *self.acquire_reader().await?, id, range).await
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
            let result = writer_guard::poll_eagerly(work).await;
            drop(writer);
            if result.is_ok() {
                store.inner.watcher.wake();
            }
            result
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
        let stored = self.with_path_context(async {
            others::read_directory(&mut *self.acquire_reader().await?).await
        });
        Ok(stored.await?.unwrap_or_default().merged_with(&self.inner.options.overlay))
    }
}
