//! Opens a store: checks the file before changing anything, creates it if it is missing, and
//! migrates the schema.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::Duration;

use chrono::Utc;
use rustix::fs::{Access, access};
use sqlx::migrate::{MigrateError, Migrator};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, Row, SqliteConnection};

use super::connect::{connect_writer, parent_folder, with_suffix};
use super::doctor::Outdated;
use super::error::{
    SqliteFault, StoreError, StoreFault, StoreFaultKind, classify, is_lack_of_room,
};
use super::high_water::{self, HighWater};
use super::meta::{self, StoreMeta, read_meta, read_needed};
use super::migrate::{self, Prepared, SCHEMA_VERSION, UNFINISHED, is_unfinished};
use super::new_store::{NewStore, check_name};
use super::open_error::OpenError;
use super::options::Options;
use super::read_only::{ReadOnlyReason, is_disk_full};
use super::read_pool::{Reader, connect_read_only, connect_reader};
use super::refusal::StoreRefusal;
use super::restore_journal::{self, Interrupted};
use super::sql::Batch;
use crate::backend::Cause;
use crate::files::resolve_links;

/// `application_id` in the header of every store.
pub(super) const APPLICATION_ID: i64 = 0x5264_706e;

static MIGRATIONS: Migrator = sqlx::migrate!("src/backend/file/migrations");

/// Identifies a file independently of its path, by device and inode.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct FileIdentity(u64, u64);

impl FileIdentity {
    /// Returns the identity of the file at `path`; `None` if there is no file or its metadata can't
    /// be read.
    pub(super) fn from_path(path: &Path) -> Option<Self> {
        std::fs::metadata(path).ok().map(|metadata| Self(metadata.dev(), metadata.ino()))
    }
}

/// The oldest version of the schema that can be read without migrating it.
const OLDEST_READABLE: i64 = 1;

/// A store that was just opened.
pub(super) struct OpenedFile {
    pub conn: SqliteConnection,
    /// The file that the connection has open.
    pub identity: Option<FileIdentity>,
    /// The version of its schema; an older one only if it is opened for reading.
    pub version: i64,
    /// `None` for a store of the version that had no properties.
    pub meta: Option<StoreMeta>,
    /// Whether the store was found to be put back from a copy.
    pub was_put_back: bool,
    /// The state of a restore that was interrupted.
    pub interrupted: Option<Interrupted>,
    /// Whether the files next to the store exist or could be created.
    pub has_room: bool,
}

/// A store that was opened for writing, or why it can only be read.
pub(super) enum Opened {
    Writable(Box<OpenedFile>),
    OnlyReadable(ReadOnlyReason),
}

/// Checks the file without changing it, creates it if it is missing and `options` allow it, and
/// migrates it. If it was restored from a copy, begins a new generation. A restore that was
/// interrupted is settled first: before that the file may be missing.
pub(super) async fn open(path: &Path, options: &Options) -> Result<Opened, OpenError> {
    let interrupted = restore_journal::settle(path)?;
    if options.create
        && let Some(new) = NewStore::begin(path)?
    {
        create(path, new, options).await?;
    }
    check_path(path)?;
    check_permissions(path)?;
    if let Some(reason) = ReadOnlyReason::from_file(path) {
        return Ok(Opened::OnlyReadable(reason));
    }
    match open_writable(path, options).await {
        Ok(opened) => Ok(Opened::Writable(Box::new(OpenedFile { interrupted, ..opened }))),
        Err(error) => match reason_to_read_only(&error) {
            Some(reason) => Ok(Opened::OnlyReadable(reason)),
            None => Err(error),
        },
    }
}

/// Returns the reason for which a store can't be written for the moment, if the error is one of
/// those that do not prevent reading.
fn reason_to_read_only(error: &OpenError) -> Option<ReadOnlyReason> {
    let OpenError::Refused(cause) = error else { return None };
    let fault: &StoreFault = cause.as_error()?.downcast_ref()?;
    match &fault.kind {
        StoreFaultKind::Sql(error) if is_lack_of_room(error) => {
            Some(ReadOnlyReason::NoRoom(cause.clone()))
        }
        StoreFaultKind::ReadOnly(reason @ ReadOnlyReason::Newer { .. }) => Some(reason.clone()),
        _ => None,
    }
}

async fn open_writable(path: &Path, options: &Options) -> Result<OpenedFile, OpenError> {
    // Read before connecting, so that a file that replaces this one meanwhile is noticed later.
    let identity = FileIdentity::from_path(path);
    let mut conn = connect(path, path, options.lock_timeout).await?;
    let header = read_header(path, &mut conn).await?;
    refuse_if_newer(path, &header)?;
    if header.is_current() {
        migrate::remove_stale_lock(path);
    } else {
        let prepared = migrate::prepare(path, &mut conn, options, header.version).await?;
        upgrade(path, &mut conn).await?;
        migrate::finish(path, &mut conn, options, prepared).await?;
    }
    let meta_error = |failure| store_error(path, failure);
    let mut meta = read_meta(&mut conn).await.map_err(meta_error)?;
    let mut was_put_back = false;
    if let Some(found) = &meta
        && let Some(written) = high_water::read(&high_water::path_for(path), &found.info.id)
        && written.shows_put_back(found)
    {
        let (number, log) = written.floors();
        meta::begin_generation(&mut conn, number, log, Utc::now()).await.map_err(meta_error)?;
        meta = read_meta(&mut conn).await.map_err(meta_error)?;
        if let Some(meta) = &meta {
            HighWater::new(path, meta).begin_generation(meta, number, log);
        }
        was_put_back = true;
    }
    Ok(OpenedFile {
        conn,
        identity,
        meta,
        version: SCHEMA_VERSION,
        was_put_back,
        interrupted: None,
        has_room: true,
    })
}

/// Refuses a file that is no store, or of a later version.
pub(super) async fn check_store(path: &Path, conn: &mut SqliteConnection) -> Result<(), OpenError> {
    if read_header(path, conn).await?.version == 0 {
        return Err(OpenError::refused(StoreRefusal::NoStore(path.to_owned())));
    }
    Ok(())
}

/// Refuses a store to which only a later version may write.
pub(super) async fn check_needed_to_write(
    path: &Path,
    conn: &mut SqliteConnection,
) -> Result<(), OpenError> {
    refuse_if_newer(path, &read_header(path, conn).await?)
}

fn refuse_if_newer(path: &Path, header: &StoreHeader) -> Result<(), OpenError> {
    let Some(needed) = header.needed_to_write else { return Ok(()) };
    let reason = ReadOnlyReason::Newer { needed, newest: SCHEMA_VERSION };
    Err(OpenError::fault(path, StoreFaultKind::ReadOnly(reason)))
}

/// Returns the error for a failure while a store is opened.
fn store_error(path: &Path, failure: StoreError) -> OpenError {
    match failure {
        StoreError::Sql(e) => OpenError::fault(path, StoreFaultKind::Sql(e)),
        other => OpenError::fault(path, StoreFaultKind::Damaged(Cause::new(other))),
    }
}

/// Connects to `file`; an error names `path`.
async fn connect(
    path: &Path,
    file: &Path,
    lock_timeout: Duration,
) -> Result<SqliteConnection, OpenError> {
    let opened = connect_writer(file, lock_timeout).await;
    opened.map_err(|error| OpenError::fault(path, StoreFaultKind::Sql(error)))
}

/// Creates an empty store and gives it its name. Another process may have made one first.
async fn create(path: &Path, new: NewStore, options: &Options) -> Result<(), OpenError> {
    let mut conn = connect(path, &new.path(), options.lock_timeout).await?;
    bring_copy_up_to_date(path, &mut conn, options).await?;
    let closed = conn.close().await;
    closed.map_err(|error| OpenError::fault(path, StoreFaultKind::Sql(error)))?;
    new.commit().map(drop)
}

/// Migrates a file that no other process uses: the future store at `path`, or a copy of it.
pub(super) async fn bring_copy_up_to_date(
    path: &Path,
    conn: &mut SqliteConnection,
    options: &Options,
) -> Result<(), OpenError> {
    upgrade(path, conn).await?;
    migrate::finish(path, conn, options, Prepared::default()).await
}

/// Refuses a path that can't be a store.
fn check_path(path: &Path) -> Result<(), OpenError> {
    check_name(path)?;
    let file = path.to_owned();
    let refused = |refusal| Err(OpenError::refused(refusal));
    match std::fs::metadata(path) {
        Ok(metadata) if metadata.is_dir() => refused(StoreRefusal::Folder(file)),
        Ok(metadata) if !metadata.is_file() => refused(StoreRefusal::NotPlainFile(file)),
        Ok(_) => check_magic(path),
        Err(e) if e.kind() == io::ErrorKind::NotFound && restore_journal::is_at(path) => {
            refused(StoreRefusal::RestoreInterrupted(file))
        }
        Err(e) if e.kind() == io::ErrorKind::NotFound => match resolve_links(path) {
            Ok(target) if target != file => Err(OpenError::MissingTarget { link: file, target }),
            _ => Err(OpenError::Missing(file)),
        },
        Err(e) if e.kind() == io::ErrorKind::NotADirectory => {
            refused(StoreRefusal::ParentIsNoFolder(file))
        }
        Err(source) => refused(StoreRefusal::NoMetadata { path: file, source }),
    }
}

fn check_magic(path: &Path) -> Result<(), OpenError> {
    let mut magic = Vec::new();
    File::open(path).and_then(|f| f.take(16).read_to_end(&mut magic)).map_err(|source| {
        OpenError::refused(StoreRefusal::Unreadable { path: path.to_owned(), source })
    })?;
    if !magic.is_empty() && magic != *b"SQLite format 3\0" {
        return Err(OpenError::refused(StoreRefusal::NoDatabase(path.to_owned())));
    }
    Ok(())
}

/// Refuses a store whose file or folder can't be written.
fn check_permissions(path: &Path) -> Result<(), OpenError> {
    if access(path, Access::WRITE_OK).is_err() {
        return Err(OpenError::refused(StoreRefusal::FileReadOnly(path.to_owned())));
    }
    let folder = parent_folder(path);
    if access(folder, Access::WRITE_OK).is_err() {
        let (folder, file) = (folder.to_owned(), path.to_owned());
        return Err(OpenError::refused(StoreRefusal::FolderReadOnly { folder, file }));
    }
    Ok(())
}

/// Opens a store only for reading; nothing is created or changed.
pub(super) async fn open_read_only(
    path: &Path,
    options: &Options,
) -> Result<OpenedFile, OpenError> {
    check_path(path)?;
    let identity = FileIdentity::from_path(path);
    let opened = connect_reader(path, options.lock_timeout).await;
    let Reader { mut conn, has_room, is_exclusive } = opened.map_err(|e| read_error(path, e))?;
    let header = read_header(path, &mut conn).await?;
    if is_unfinished(header.version) {
        return Err(OpenError::refused(StoreRefusal::MigrationUnfinished(path.to_owned())));
    }
    if header.version < OLDEST_READABLE {
        return Err(OpenError::refused(StoreRefusal::OldOrEmpty(path.to_owned())));
    }
    let meta = read_meta(&mut conn).await.map_err(|failure| store_error(path, failure))?;
    if is_exclusive {
        // Other processes must be able to read. Nothing reads with this connection.
        conn.close().await.ok();
        let unused = SqliteConnectOptions::new().in_memory(true).connect().await;
        conn = unused.map_err(|e| OpenError::fault(path, StoreFaultKind::Sql(e)))?;
    }
    let version = header.version.min(SCHEMA_VERSION);
    let (was_put_back, interrupted) = (false, None);
    Ok(OpenedFile { conn, identity, version, meta, was_put_back, interrupted, has_room })
}

/// Returns the error for a file that can't be read. A write-ahead log that a dead process did not
/// remove can only be read by a user who may write it, which needs a sentence of its own.
fn read_error(path: &Path, error: sqlx::Error) -> OpenError {
    if matches!(classify(&error), SqliteFault::CannotOpen)
        && with_suffix(path, "-wal").exists()
        && !is_disk_full(path)
    {
        let path = path.to_owned();
        return OpenError::refused(StoreRefusal::LogUnreadable { path, source: error });
    }
    OpenError::fault(path, StoreFaultKind::Sql(error))
}

/// Which tables a file has.
pub(super) enum SchemaState {
    /// Those of this version, or of a later one that this one can read.
    Current,
    /// Those of an older version.
    Outdated(Outdated),
    /// None yet.
    Empty,
}

/// Returns which tables a file has. This also works for a file that no process has open, where it
/// is read without its log.
pub(super) async fn schema_state(
    path: &Path,
    conn: &mut SqliteConnection,
) -> Result<SchemaState, OpenError> {
    let header = read_header(path, conn).await?;
    if header.has_current_schema() {
        return Ok(SchemaState::Current);
    }
    if header.version < OLDEST_READABLE {
        return Ok(SchemaState::Empty);
    }
    let is_unfinished = is_unfinished(header.version);
    let version = if is_unfinished { SCHEMA_VERSION } else { header.version };
    Ok(SchemaState::Outdated(Outdated { version, newest: SCHEMA_VERSION, is_unfinished }))
}

/// The properties of a file that show whether it is a store, and its version.
struct StoreHeader {
    /// The version of the schema; 0 for an empty file.
    version: i64,
    /// Whether the file uses a write-ahead log.
    has_wal: bool,
    /// The version that a program must support to write the store, if this one does not.
    needed_to_write: Option<i64>,
}

impl StoreHeader {
    /// Whether the file is a store of this version, or of a later one that this one can read.
    fn is_current(&self) -> bool {
        self.has_current_schema() && self.has_wal
    }

    fn has_current_schema(&self) -> bool {
        self.version >= SCHEMA_VERSION && !is_unfinished(self.version)
    }
}

/// Reads the header of a file, and refuses one that is no store or of a newer version.
async fn read_header(path: &Path, conn: &mut SqliteConnection) -> Result<StoreHeader, OpenError> {
    let result_sets = Batch::new(
        "PRAGMA application_id; PRAGMA user_version; SELECT count(*) FROM sqlite_schema;
         PRAGMA journal_mode;",
    )
    .fetch_result_sets(conn)
    .await
    .map_err(|failure| match failure {
        StoreError::Sql(e)
            if matches!(classify(&e), SqliteFault::Damaged | SqliteFault::Foreign) =>
        {
            OpenError::fault(path, StoreFaultKind::Damaged(Cause::new(e)))
        }
        StoreError::Sql(e) => read_error(path, e),
        other => OpenError::fault(path, StoreFaultKind::Damaged(Cause::new(other))),
    })?;
    let number = |index: usize| -> i64 {
        result_sets
            .get(index)
            .and_then(|rows| rows.first())
            .and_then(|row| row.try_get::<i64, _>(0).ok())
            .unwrap_or(0)
    };
    let (application, version, tables) = (number(0), number(1), number(2));
    if tables == 0 && (application == 0 || application == APPLICATION_ID) {
        return Ok(StoreHeader { version: 0, has_wal: false, needed_to_write: None });
    }
    if application != APPLICATION_ID {
        // A store whose creation was interrupted has no header yet, but a migrations table.
        let has_migrations =
            Batch::new("SELECT 1 FROM sqlite_schema WHERE name = '_sqlx_migrations'")
                .fetch_optional(conn)
                .await
                .is_ok_and(|row| row.is_some());
        if has_migrations && application == 0 && tables <= 2 {
            return Ok(StoreHeader { version: 0, has_wal: false, needed_to_write: None });
        }
        return Err(OpenError::refused(StoreRefusal::OtherProgram(path.to_owned())));
    }
    let needed = match version {
        ..=1 => None,
        version if is_unfinished(version) => None,
        // Damage is found by whatever reads on.
        _ => read_needed(conn).await.unwrap_or_default(),
    };
    if version > SCHEMA_VERSION
        && !is_unfinished(version)
        && needed.is_none_or(|needed| needed.to_read > SCHEMA_VERSION)
    {
        let (path, newest) = (path.to_owned(), SCHEMA_VERSION);
        return Err(OpenError::refused(StoreRefusal::Newer { path, version, newest }));
    }
    let needed_to_write = needed.map(|needed| needed.to_write);
    let needed_to_write = needed_to_write.filter(|version| *version > SCHEMA_VERSION);
    let wal = result_sets
        .get(3)
        .and_then(|rows| rows.first())
        .and_then(|row| row.try_get::<String, _>(0).ok())
        .is_some_and(|mode| mode == "wal");
    Ok(StoreHeader { version, has_wal: wal, needed_to_write })
}

/// Runs the migrations.
///
/// Uses `run_direct` because the future of `Migrator::run`, which is generic over how it gets its
/// connection, is not recognized as `Send` by the compiler.
async fn run_migrations(conn: &mut SqliteConnection) -> Result<(), MigrateError> {
    MIGRATIONS.run_direct(None, conn, false).await
}

/// Switches a file to a write-ahead log and migrates its schema; `migrate` does the rest. Two
/// processes may do so at the same time: the second finds it done.
async fn upgrade(path: &Path, conn: &mut SqliteConnection) -> Result<(), OpenError> {
    let mut last_error = None;
    for _ in 0..20 {
        let wal_result = Batch::new("PRAGMA journal_mode = WAL").run(conn).await;
        let migration_result = match wal_result {
            Ok(()) => run_migrations(conn).await.map_err(|e| match e {
                MigrateError::Execute(e) => OpenError::fault(path, StoreFaultKind::Sql(e)),
                source => {
                    let path = path.to_owned();
                    OpenError::refused(StoreRefusal::Migration { path, source })
                }
            }),
            Err(StoreError::Sql(e)) => Err(OpenError::fault(path, StoreFaultKind::Sql(e))),
            Err(other) => Err(OpenError::refused(StoreRefusal::Store(Cause::new(other)))),
        };
        let header = read_header(path, conn).await?;
        let is_migrated = is_unfinished(header.version) && migration_result.is_ok();
        if header.is_current() || header.version == UNFINISHED || is_migrated {
            return Ok(());
        }
        if let Err(error) = migration_result {
            // An operation that the disk refuses is not completed by another process meanwhile.
            if is_fault_of_the_disk(&error) {
                return Err(error);
            }
            last_error = Some(error);
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Err(last_error.unwrap_or_else(|| OpenError::refused(StoreRefusal::Changing(path.to_owned()))))
}

fn is_fault_of_the_disk(error: &OpenError) -> bool {
    let OpenError::Refused(cause) = error else { return false };
    let fault: Option<&StoreFault> = cause.as_error().and_then(|error| error.downcast_ref());
    let Some(StoreFault { kind: StoreFaultKind::Sql(error), .. }) = fault else { return false };
    matches!(
        classify(error),
        SqliteFault::Disk
            | SqliteFault::Full
            | SqliteFault::ReadOnly
            | SqliteFault::CannotOpen
            | SqliteFault::LogIndex
    )
}

/// Returns the error of `SQLite`, if a file can't be opened because it is damaged.
pub(super) fn damage(error: &OpenError) -> Option<&sqlx::Error> {
    let OpenError::Refused(cause) = error else { return None };
    let fault: Option<&StoreFault> = cause.as_error().and_then(|error| error.downcast_ref());
    match &fault?.kind {
        StoreFaultKind::Sql(error) if classify(error) == SqliteFault::Damaged => Some(error),
        _ => None,
    }
}

/// Opens a damaged file for salvaging. One that is shorter than its header says, as a copy that was cut off,
/// is only opened if its schema may be written; the connection only reads. A log next to the file is
/// used, and neither is changed.
pub(super) async fn open_to_salvage(path: &Path) -> Result<SqliteConnection, OpenError> {
    match open_unchanged(path).await {
        Ok(mut conn) => match Batch::new("SELECT count(*) FROM sqlite_schema").run(&mut conn).await
        {
            Err(StoreError::Sql(e)) if classify(&e) == SqliteFault::Damaged => {
                conn.close().await.ok();
            }
            _ => return Ok(conn),
        },
        Err(error) if damage(&error).is_some() => {}
        Err(error) => return Err(error),
    }
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(false)
        // Without a log, such a connection would create one and not delete it.
        .read_only(has_log(path))
        .pragma("writable_schema", "ON")
        .pragma("query_only", "ON")
        .pragma("temp_store", "MEMORY")
        .disable_statement_logging();
    options.connect().await.map_err(|e| read_error(path, e))
}

/// Opens a file as [`open_unchecked`] does. If it has a log, closing the connection does not copy the
/// log into the file: a damaged one would be changed by that.
pub(super) async fn open_unchanged(path: &Path) -> Result<SqliteConnection, OpenError> {
    check_path(path)?;
    if has_log(path) {
        match connect_read_only(path, Duration::from_secs(5)).await {
            // The index of the log can't be created, so another way to read it is needed.
            Err(error) if is_lack_of_room(&error) => {}
            opened => return opened.map_err(|e| read_error(path, e)),
        }
    }
    open_unchecked(path).await
}

/// Returns whether a write-ahead log with content is next to a file.
fn has_log(path: &Path) -> bool {
    std::fs::metadata(with_suffix(path, "-wal")).is_ok_and(|log| log.len() > 0)
}

/// Opens a file only for reading without checking its header, so that a damaged one can be read.
pub(super) async fn open_unchecked(path: &Path) -> Result<SqliteConnection, OpenError> {
    check_path(path)?;
    let opened = connect_reader(path, Duration::from_secs(5)).await;
    let mut conn = opened.map_err(|e| read_error(path, e))?.conn;
    conn.ping().await.map_err(|e| read_error(path, e))?;
    Ok(conn)
}
