//! An open store: its connections, and the resources shared by its readers and writers.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use sqlx::Connection;
use tokio::sync::Mutex;

use super::contacts::ReachSlot;
use super::error::{StoreError, StoreFault, StoreFaultKind, StoreResult, display_path};
use super::generation::{Generation, put_back_notice};
use super::meta::read_needed;
use super::migrate::SCHEMA_VERSION;
use super::notifications::LedgerState;
use super::open::{self, FileIdentity, Opened, OpenedFile};
use super::open_error::OpenError;
use super::options::Options;
use super::read_only::ReadOnlyReason;
use super::read_pool::ReadPool;
use super::readers::ReadConnection;
use super::restore_journal::Interrupted;
use super::writer::Writer;
use super::{directory_table, sql};
use crate::backend::BackendError;
use crate::backend::watch::{StoreListener, StoreWatcher};
use crate::model::Rules;
use crate::model::directory::Directory;

/// An open store. Clones share the same connections.
#[derive(Clone)]
pub struct FileStore {
    pub(super) inner: Arc<Inner>,
}

/// The state that the clones of a store share.
pub(super) struct Inner {
    pub(super) path: PathBuf,
    pub(super) options: Options,
    pub(super) rules: RwLock<Arc<Rules>>,
    pub(super) writer: Mutex<Writer>,
    pub(super) readers: ReadPool,
    /// Set when the store was opened only for reading: every write is refused for this reason.
    pub(super) read_only: Option<ReadOnlyReason>,
    pub(super) watcher: Arc<StoreWatcher>,
    /// The settings of contacts and channels.
    pub(super) reach: ReachSlot,
    /// This process's cache of the ledger of notifications.
    pub(super) ledger: LedgerState,
    /// The file that the connections have open. The path may name another file later.
    pub(super) identity: Option<FileIdentity>,
    /// The version of the schema; an older one only where the store is read only.
    pub(super) version: i64,
    /// `None` for a store of the version that had no properties, which is read only.
    pub(super) generation: Option<Generation>,
    /// Whether the store was found to be put back from a copy when it was opened.
    was_put_back: bool,
    /// The state of an interrupted restore when the store was opened.
    interrupted: Option<Interrupted>,
}

impl fmt::Debug for FileStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileStore").field("path", &self.inner.path).finish_non_exhaustive()
    }
}

impl FileStore {
    /// Opens a store, and creates it if the options allow it. A store that can be read and not
    /// written, because its disk is full or it has several names, is opened for reading: every
    /// command is refused with the reason.
    ///
    /// # Errors
    /// [`OpenError`], in a sentence that names the file.
    pub async fn open(path: &Path, options: Options) -> Result<Self, OpenError> {
        let reason = match open::open(path, &options).await? {
            Opened::Writable(opened) => {
                let readers = ReadPool::writable(path, options.lock_timeout);
                let store = Self::new(path, options, *opened, readers, None);
                if let Some(notice) = store.put_back_notice() {
                    tracing::warn!("{notice}");
                }
                return Ok(store);
            }
            Opened::OnlyReadable(reason) => reason,
        };
        Self::open_for_reading(path, options, reason.clone())
            .await
            .map_err(|_| OpenError::fault(path, StoreFaultKind::ReadOnly(reason)))
    }

    /// Opens a store only for reading. Nothing is created or changed, and every command is refused.
    /// The file may belong to another user and be read-only.
    ///
    /// # Errors
    /// [`OpenError`], in a sentence that names the file.
    pub async fn open_read_only(path: &Path, options: Options) -> Result<Self, OpenError> {
        Self::open_for_reading(path, options, ReadOnlyReason::Requested).await
    }

    async fn open_for_reading(
        path: &Path,
        options: Options,
        reason: ReadOnlyReason,
    ) -> Result<Self, OpenError> {
        let opened = open::open_read_only(path, &options).await?;
        let readers = ReadPool::read_only(path, options.lock_timeout, opened.has_room);
        Ok(Self::new(path, options, opened, readers, Some(reason)))
    }

    fn new(
        path: &Path,
        options: Options,
        opened: OpenedFile,
        readers: ReadPool,
        read_only: Option<ReadOnlyReason>,
    ) -> Self {
        let OpenedFile { conn, identity, version, meta, was_put_back, interrupted, .. } = opened;
        let generation = meta.map(|meta| Generation::new(path, meta));
        Self {
            inner: Arc::new(Inner {
                path: path.to_owned(),
                identity,
                version,
                writer: Mutex::new(Writer::new(
                    conn,
                    options.overlay.clone(),
                    options.clock.clone(),
                )),
                generation,
                was_put_back,
                interrupted,
                readers,
                read_only,
                watcher: StoreWatcher::new(path),
                reach: ReachSlot::default(),
                ledger: LedgerState::default(),
                rules: RwLock::new(Arc::new(options.rules.clone())),
                options,
            }),
        }
    }

    /// Returns, as a sentence, that the store was found to be put back from a copy when it was
    /// opened, and to when, or that this was interrupted; `None` if neither is so.
    #[must_use]
    pub fn put_back_notice(&self) -> Option<String> {
        let inner = &self.inner;
        let info = inner.generation.as_ref().filter(|_| inner.was_put_back).map(Generation::info);
        let put_back = info.and_then(|info| Some(put_back_notice(self.path(), info.put_back?)));
        let interrupted = inner.interrupted.as_ref().map(|what| what.sentence(self.path()));
        let sentences: Vec<String> = interrupted.into_iter().chain(put_back).collect();
        (!sentences.is_empty()).then(|| sentences.join("; "))
    }

    /// Returns, as a sentence, why the store can only be read although that was not requested:
    /// reads may be incomplete. `None` if it was requested, if only the disk is full, and if the
    /// store can be written.
    #[must_use]
    pub fn read_only_notice(&self) -> Option<String> {
        let reason = self.inner.read_only.as_ref();
        let reason = reason.filter(|reason| !reason.is_requested() && !reason.is_temporary())?;
        Some(reason.message(&display_path(self.path())))
    }

    /// Returns whether the file has the tables of this version, so that opening it for writing would
    /// not bring it up to date.
    #[must_use]
    pub fn has_current_schema(&self) -> bool {
        self.inner.version >= SCHEMA_VERSION
    }

    /// Returns whether the store was opened only for reading.
    #[must_use]
    pub fn is_read_only(&self) -> bool {
        self.inner.read_only.is_some()
    }

    /// Returns whether the store can only be read although nobody asked for that. It can be written once its
    /// disk has room again, or its file has one name alone.
    pub(super) fn may_become_writable(&self) -> bool {
        self.inner.read_only.as_ref().is_some_and(|reason| !reason.is_requested())
    }

    /// Returns whether the store can be written once its disk has room again.
    pub(super) fn lacks_room(&self) -> bool {
        self.inner.read_only.as_ref().is_some_and(ReadOnlyReason::is_temporary)
    }

    /// Refuses a write if the store was opened only for reading.
    ///
    /// # Errors
    /// [`BackendError`] with the reason why it can't be written.
    pub fn check_writable(&self) -> Result<(), BackendError> {
        let Some(reason) = &self.inner.read_only else { return Ok(()) };
        let path = self.path().to_owned();
        Err(StoreFault { path, kind: StoreFaultKind::ReadOnly(reason.clone()) }.into())
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
            directory_table::put_directory(&mut batch, &directory)?;
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

    /// Writes something that changes nothing, durably.
    ///
    /// `SQLite` writes the page with the version of the schema even if the version does not change.
    pub(super) async fn write_nothing(&self) -> Result<(), BackendError> {
        self.check_writable()?;
        let store = self.clone();
        self.run_to_completion(async move {
            store.check_same_file()?;
            let mut writer = store.lock_writer().await;
            let result = async {
                sql::Batch::new("BEGIN IMMEDIATE").run(&mut writer.conn).await?;
                let needed = read_needed(&mut writer.conn).await?.map(|needed| needed.to_write);
                if let Some(needed) = needed.filter(|needed| *needed > SCHEMA_VERSION) {
                    let reason = ReadOnlyReason::Newer { needed, newest: SCHEMA_VERSION };
                    let kind = StoreFaultKind::ReadOnly(reason);
                    let fault = StoreFault { path: store.path().to_owned(), kind };
                    return Err(StoreError::Answer(fault.into()));
                }
                let version: i64 =
                    sqlx::query_scalar("PRAGMA user_version").fetch_one(&mut writer.conn).await?;
                let write = format!("PRAGMA user_version = {version}; COMMIT");
                sql::Batch::one_off(&write).run(&mut writer.conn).await
            }
            .await;
            if result.is_err() {
                writer.roll_back().await;
            }
            result
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

    /// Refuses if the file was moved or replaced. The connections would still read the old file,
    /// which no other process uses any more and which would never change again.
    pub(super) fn check_same_file(&self) -> StoreResult<()> {
        let current = FileIdentity::from_path(&self.inner.path);
        if current == self.inner.identity {
            return Ok(());
        }
        let kind = StoreFaultKind::Moved { replaced: current.is_some() };
        Err(BackendError::from(StoreFault { path: self.path().to_owned(), kind }).into())
    }

    /// Returns a connection for reading.
    pub(super) async fn acquire_reader(&self) -> StoreResult<ReadConnection> {
        self.check_same_file()?;
        Ok(self.inner.readers.acquire().await?)
    }

    /// Returns a listener that is woken when this or another process writes to the store.
    pub(super) fn listen(&self) -> StoreListener {
        self.inner.watcher.listen()
    }

    /// Runs `work` and turns its error into one whose sentence names the file.
    pub(super) async fn with_path_context<T>(
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
