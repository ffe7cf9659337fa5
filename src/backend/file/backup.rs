//! Copies of a store, and putting one back.
//!
//! A backup is a store in one file, with the content of the tokens file in its table `meta`. It is
//! made while the store is in use.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::{DateTime, Utc};
use rustix::fs::{FlockOperation, flock};
use sqlx::{Connection, Row, SqliteConnection};
use tempfile::{NamedTempFile, TempPath};

use super::connect::{connect_writer, parent_folder, with_suffix};
use super::error::{SqliteFault, StoreError, StoreFaultKind, StoreResult, classify};
use super::high_water::{self, HighWater};
use super::meta::{self, StoreMeta, read_meta};
use super::open::{bring_copy_up_to_date, check_needed_to_write, check_store, open_unchecked};
use super::open_error::OpenError;
use super::options::Options;
use super::refusal::{BackupAction, StoreRefusal};
use super::restore_journal::RestoreJournal;
use super::sql::Batch;
use crate::backend::Cause;

/// The name of the row with the content of the tokens file.
const TOKENS: &str = "tokens_file";
/// The table for it in a backup of a store of the version that had no table `meta`.
const TOKENS_TABLE: &str = "backup_tokens";
/// Follows the name of a backup that is being written, before some random letters.
const PART: &str = ".part-";
/// How many numbers and positions are left out at least after the highest of a backup.
const MIN_GAP: u64 = 100;
/// How long to wait for the lock of a file that no other process should use.
const LOCK_TIMEOUT: Duration = Duration::from_secs(2);

/// The content of a backup.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BackupContent {
    /// How many incidents.
    pub incidents: u64,
    /// How many events.
    pub events: u64,
    /// When the last event was recorded.
    pub last_at: Option<DateTime<Utc>>,
    /// The content of the tokens file, if the backup has one.
    pub tokens: Option<String>,
}

/// The result of a restore.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Restored {
    /// The restored content.
    pub content: BackupContent,
    /// The new path of the store that was replaced.
    pub previous: Option<PathBuf>,
    /// The lowest number that the next incident can have.
    pub next_number: u64,
}

fn sql_error(path: &Path, error: sqlx::Error) -> OpenError {
    failure(path, error.into())
}

fn failure(path: &Path, error: StoreError) -> OpenError {
    match error {
        StoreError::Sql(error) => OpenError::fault(path, StoreFaultKind::Sql(error)),
        other => OpenError::fault(path, StoreFaultKind::Damaged(Cause::new(other))),
    }
}

fn io_failure(path: &Path, action: BackupAction, source: io::Error) -> OpenError {
    OpenError::refused(StoreRefusal::BackupFile { path: path.to_owned(), action, source })
}

/// Writes a copy of a store into a temporary file next to the target, checks it, and renames it to
/// the target once it is completely on the disk. Other processes may read and write the store
/// meanwhile.
///
/// # Errors
/// [`OpenError`], in a sentence that names the file. The target is as it was then.
pub async fn back_up(
    store: &Path,
    target: &Path,
    tokens: Option<String>,
    replace: bool,
) -> Result<BackupContent, OpenError> {
    let mut conn = open_unchecked(store).await?;
    let folder = parent_folder(target);
    let copy = new_part(target).map_err(|e| io_failure(target, BackupAction::Written, e))?;
    let name = copy.path().to_str();
    let name =
        name.ok_or_else(|| OpenError::refused(StoreRefusal::NameIsNoText(target.to_owned())))?;
    let mut batch = Batch::one_off("PRAGMA query_only = OFF; VACUUM INTO ?");
    batch.arg(name.to_owned());
    batch.run(&mut conn).await.map_err(|error| match &error {
        StoreError::Sql(e) if classify(e) == SqliteFault::Full => {
            let (path, cause) = (target.to_owned(), Cause::new(error));
            OpenError::refused(StoreRefusal::BackupDiskFull { path, cause })
        }
        _ => failure(store, error),
    })?;
    conn.close().await.ok();
    let mut conn =
        connect_writer(copy.path(), LOCK_TIMEOUT).await.map_err(|e| sql_error(target, e))?;
    let content = async {
        put_tokens(&mut conn, tokens).await?;
        verify(&mut conn).await?;
        read_content(&mut conn).await
    };
    let content = content.await.map_err(|error| failure(target, error));
    conn.close().await.ok();
    let content = content?;
    let written = || -> io::Result<()> {
        copy.as_file().sync_all()?;
        let persisted = if replace { copy.persist(target) } else { copy.persist_noclobber(target) };
        persisted.map_err(|error| error.error)?;
        File::open(folder)?.sync_all()
    };
    written().map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => {
            OpenError::refused(StoreRefusal::BackupExists(target.to_owned()))
        }
        _ => io_failure(target, BackupAction::Written, error),
    })?;
    Ok(content)
}

/// Creates the temporary file for a backup, and removes those of backups to the same target that were
/// interrupted.
fn new_part(target: &Path) -> io::Result<NamedTempFile> {
    let folder = parent_folder(target);
    let mut prefix = target.file_name().unwrap_or_default().to_owned();
    prefix.push(PART);
    for entry in fs::read_dir(folder)?.filter_map(Result::ok) {
        let is_part = entry.file_name().as_encoded_bytes().starts_with(prefix.as_encoded_bytes());
        if is_part && is_abandoned(&entry.path()) {
            fs::remove_file(entry.path()).ok();
        }
    }
    let part = tempfile::Builder::new().prefix(&prefix).tempfile_in(folder)?;
    // Where files can't be locked, none is removed either.
    flock(part.as_file(), FlockOperation::NonBlockingLockExclusive).ok();
    Ok(part)
}

/// Returns whether the process that created a temporary file has ended.
fn is_abandoned(part: &Path) -> bool {
    File::open(part)
        .is_ok_and(|file| flock(&file, FlockOperation::NonBlockingLockExclusive).is_ok())
}

/// Replaces a store that no process has open by a backup. The old store is renamed. The restored
/// store is migrated, begins a new generation, and issues no number that the old one has issued.
///
/// # Errors
/// [`OpenError`], in a sentence that names the file. The store is as it was then.
pub async fn restore(
    backup: &Path,
    store: &Path,
    options: &Options,
) -> Result<Restored, OpenError> {
    let target = fs::canonicalize(store).unwrap_or_else(|_| store.to_owned());
    let folder = parent_folder(&target);
    if fs::canonicalize(backup).is_ok_and(|backup| backup == target) {
        return Err(OpenError::refused(StoreRefusal::BackupIsStore(backup.to_owned())));
    }
    let source = File::open(backup).map_err(|e| io_failure(backup, BackupAction::Read, e))?;
    let now = Utc::now();
    let aside = with_suffix(&target, &format!(".before-{}", now.format("%Y%m%dT%H%M%S%3f")));
    let copy_path = with_suffix(&target, &format!(".restoring-{}", std::process::id()));
    let journal = RestoreJournal::begin(&target, &copy_path, &aside)?;
    let mut copy =
        new_copy(copy_path).map_err(|e| io_failure(&target, BackupAction::Written, e))?;
    io::copy(&mut &source, &mut copy).map_err(|e| io_failure(&target, BackupAction::Written, e))?;
    let copied_bytes = copy.as_file().metadata().map_or(0, |meta| meta.len());
    if copied_bytes == 0 {
        return Err(OpenError::refused(StoreRefusal::BackupEmpty(backup.to_owned())));
    }
    let (mut prepared, content) = prepare(backup, copy.path(), &target, options).await?;
    // A process that has the store open would continue with the old file.
    let old = lock_old(&target).await?;
    let floors = prepared.begin_generation(&target, old.as_ref(), now).await;
    let (meta, floors) = floors.map_err(|error| failure(backup, error))?;
    close_complete(prepared.conn, copy.path()).await.map_err(|e| match e.kind() {
        io::ErrorKind::StorageFull => io_failure(&target, BackupAction::Written, e),
        _ => io_failure(backup, BackupAction::Read, e),
    })?;
    copy.as_file().sync_all().map_err(|e| io_failure(&target, BackupAction::Written, e))?;
    let previous = match old {
        Some(old) => {
            old.set_aside(&target, &aside).await?;
            Some(aside)
        }
        None => None,
    };
    let put = || -> io::Result<()> {
        copy.persist(&target).map_err(|error| error.error)?;
        File::open(folder)?.sync_all()
    };
    put().map_err(|e| io_failure(&target, BackupAction::Written, e))?;
    HighWater::new(&target, &meta).begin_generation(&meta, floors.0, floors.1);
    journal.finish().map_err(|e| io_failure(&target, BackupAction::Written, e))?;
    Ok(Restored { content, previous, next_number: floors.0 + 1 })
}

/// Creates the file that becomes the store.
fn new_copy(path: PathBuf) -> io::Result<NamedTempFile> {
    let file =
        OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(&path)?;
    Ok(NamedTempFile::from_parts(file, TempPath::try_from_path(path)?))
}

/// Closes the connection to a file that must be complete without a write-ahead log.
async fn close_complete(mut conn: SqliteConnection, path: &Path) -> io::Result<()> {
    let checkpoint = Batch::one_off("PRAGMA wal_checkpoint(TRUNCATE)").run(&mut conn).await;
    let closed = conn.close().await;
    checkpoint.map_err(io::Error::other)?;
    closed.map_err(io::Error::other)?;
    let has_log = with_suffix(path, "-wal").metadata().is_ok_and(|log| log.len() > 0);
    if has_log { Err(io::ErrorKind::StorageFull.into()) } else { Ok(()) }
}

/// A copy of a backup that is about to become the store.
struct Prepared {
    conn: SqliteConnection,
    /// Whether the backup is of a version whose stores have no identity.
    lacks_identity: bool,
}

/// Checks a copy of a backup, and brings it up to date.
async fn prepare(
    backup: &Path,
    copy: &Path,
    target: &Path,
    options: &Options,
) -> Result<(Prepared, BackupContent), OpenError> {
    let mut conn = connect_writer(copy, LOCK_TIMEOUT).await.map_err(|e| sql_error(backup, e))?;
    check_store(backup, &mut conn).await?;
    verify(&mut conn).await.map_err(|error| failure(backup, error))?;
    let described = async {
        let lacks_identity = read_meta(&mut conn).await?.is_none();
        let content = read_content(&mut conn).await?;
        Batch::one_off(&format!("DROP TABLE IF EXISTS {TOKENS_TABLE}")).run(&mut conn).await?;
        Ok((lacks_identity, content))
    };
    let described: StoreResult<_> = described.await;
    let (lacks_identity, content) = described.map_err(|error| failure(backup, error))?;
    // A store that only a later version may write is not changed.
    if check_needed_to_write(backup, &mut conn).await.is_ok() {
        bring_copy_up_to_date(target, &mut conn, options).await?;
    }
    Ok((Prepared { conn, lacks_identity }, content))
}

impl Prepared {
    /// Begins a new generation of the store. Returns its properties, and the number and position up
    /// to which none may be issued.
    async fn begin_generation(
        &mut self,
        target: &Path,
        old: Option<&OldStore>,
        now: DateTime<Utc>,
    ) -> StoreResult<(StoreMeta, (u64, u64))> {
        let conn = &mut self.conn;
        let mut meta = require_meta(conn).await?;
        let first_event = first_event(conn).await?;
        let shares_history =
            |old: &OldStore| old.first_event.is_some() && old.first_event == first_event;
        // A store of the version without an identity got one when it was brought up to date.
        let adopted = old.filter(|old| self.lacks_identity && shares_history(old));
        if let Some(old) = adopted.and_then(|old| old.meta.as_ref()) {
            let mut batch = Batch::new(
                "UPDATE meta SET value = ? WHERE name = 'store';
                 UPDATE meta SET value = ? WHERE name = 'mark_key';",
            );
            batch.arg(old.info.id.clone()).arg(old.mark_key.clone());
            batch.run(conn).await?;
            meta = require_meta(conn).await?;
        }
        let written = high_water::read(&high_water::path_for(target), &meta.info.id);
        let written = written.unwrap_or_default();
        let is_same = |old: &&OldStore| {
            shares_history(old) || old.meta.as_ref().is_some_and(|old| old.info.id == meta.info.id)
        };
        let (number, log) = old.filter(is_same).map_or((0, 0), |old| (old.number, old.log));
        let (number_floor, log_floor) = written.floors();
        let number = number_floor.max(number).max(meta.number + MIN_GAP);
        let log = log_floor.max(log).max(meta.log + MIN_GAP);
        meta::begin_generation(conn, number, log, now).await?;
        let mut batch = Batch::new("DELETE FROM meta WHERE name = ?;");
        batch.arg(TOKENS);
        batch.run(conn).await?;
        Batch::one_off("PRAGMA journal_mode = WAL").run(conn).await?;
        Ok((require_meta(conn).await?, (number, log)))
    }
}

async fn require_meta(conn: &mut SqliteConnection) -> StoreResult<StoreMeta> {
    read_meta(conn).await?.ok_or_else(|| StoreError::content("the properties of the store"))
}

/// Returns the id of the first event of a store, by which copies of it are recognized.
async fn first_event(conn: &mut SqliteConnection) -> StoreResult<Option<Vec<u8>>> {
    let batch = Batch::new("SELECT id FROM event ORDER BY log LIMIT 1");
    let row = batch.fetch_optional(conn).await?;
    Ok(row.map(|row| row.try_get(0)).transpose()?)
}

/// The store to be replaced.
struct OldStore {
    /// Holds the lock of the file; `None` if the file is too damaged to be locked.
    conn: Option<SqliteConnection>,
    meta: Option<StoreMeta>,
    first_event: Option<Vec<u8>>,
    /// The highest number and position that it has given.
    number: u64,
    log: u64,
}

impl OldStore {
    const DAMAGED: Self = Self { conn: None, meta: None, first_event: None, number: 0, log: 0 };

    /// Reads which numbers and positions the store has issued, as far as it is readable.
    async fn read(mut conn: SqliteConnection) -> Self {
        let meta = read_meta(&mut conn).await.ok().flatten();
        let first_event = first_event(&mut conn).await.ok().flatten();
        let batch = Batch::new("SELECT (SELECT max(number) FROM incident), max(log) FROM event");
        let row = batch.fetch_optional(&mut conn).await.ok().flatten();
        let highest = |column: usize| -> u64 {
            let value = row.as_ref().and_then(|row| row.try_get_unchecked::<i64, _>(column).ok());
            value.and_then(|value| u64::try_from(value).ok()).unwrap_or(0)
        };
        let (number, log) = (highest(0), highest(1));
        Self { conn: Some(conn), meta, first_event, number, log }
    }
}

/// Locks the store to be replaced; `None` if there is none.
async fn lock_old(target: &Path) -> Result<Option<OldStore>, OpenError> {
    if !target.exists() {
        return Ok(None);
    }
    let Ok(mut conn) = connect_writer(target, LOCK_TIMEOUT).await else {
        return Ok(Some(OldStore::DAMAGED));
    };
    // Leaving the write-ahead log needs the file for this connection alone.
    let locked = Batch::one_off(
        "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = DELETE; BEGIN EXCLUSIVE; COMMIT",
    )
    .run(&mut conn)
    .await;
    match locked {
        Err(StoreError::Sql(error)) if classify(&error) == SqliteFault::Locked => {
            Err(OpenError::refused(StoreRefusal::StoreInUse(target.to_owned())))
        }
        Err(_) => Ok(Some(OldStore::DAMAGED)),
        Ok(()) => Ok(Some(OldStore::read(conn).await)),
    }
}

impl OldStore {
    /// Gives the store a second name, so that it still exists when another one replaces it.
    async fn set_aside(self, target: &Path, aside: &Path) -> Result<(), OpenError> {
        // A damaged store has its log with it.
        for companion in ["-wal", "-shm"] {
            let from = with_suffix(target, companion);
            if from.exists() {
                fs::rename(&from, with_suffix(aside, companion))
                    .map_err(|e| io_failure(&from, BackupAction::SetAside, e))?;
            }
        }
        let linked = fs::hard_link(target, aside).or_else(|_| fs::rename(target, aside));
        linked.map_err(|e| io_failure(target, BackupAction::SetAside, e))?;
        if let Some(conn) = self.conn {
            conn.close().await.ok();
        }
        Ok(())
    }
}

/// Stores the tokens in a copy: in a table of its own where the version has no table `meta`.
async fn put_tokens(conn: &mut SqliteConnection, tokens: Option<String>) -> StoreResult<()> {
    let Some(tokens) = tokens else { return Ok(()) };
    let mut batch = Batch::default();
    if read_meta(conn).await?.is_some() {
        batch.sql("INSERT OR REPLACE INTO meta (name, value) VALUES (?, ?);").arg(TOKENS);
    } else {
        batch.sql(&format!("CREATE TABLE {TOKENS_TABLE} (body TEXT NOT NULL);"));
        batch.sql(&format!("INSERT INTO {TOKENS_TABLE} VALUES (?);"));
    }
    batch.arg(tokens);
    batch.run(conn).await
}

/// Checks the integrity of a file.
async fn verify(conn: &mut SqliteConnection) -> StoreResult<()> {
    let row = Batch::one_off("PRAGMA integrity_check(1)").fetch_optional(conn).await?;
    let report: Option<String> = row.map(|row| row.try_get(0)).transpose()?;
    match report.as_deref() {
        Some("ok") => Ok(()),
        report => Err(StoreError::content(report.unwrap_or("it can't be checked").to_owned())),
    }
}

async fn read_content(conn: &mut SqliteConnection) -> StoreResult<BackupContent> {
    let mut tables = Vec::new();
    let named = Batch::new("SELECT name FROM sqlite_schema WHERE type = 'table'");
    for row in named.fetch_all(conn).await? {
        tables.push(row.try_get::<String, _>(0)?);
    }
    let has_table = |name: &str| tables.iter().any(|table| table == name);
    let tokens = if has_table("meta") {
        format!("(SELECT value FROM meta WHERE name = '{TOKENS}')")
    } else if has_table(TOKENS_TABLE) {
        format!("(SELECT body FROM {TOKENS_TABLE})")
    } else {
        "NULL".into()
    };
    let batch = Batch::new(&format!(
        "SELECT (SELECT count(*) FROM incident), (SELECT count(*) FROM event),
            (SELECT recorded FROM event ORDER BY log DESC LIMIT 1), {tokens}"
    ));
    let row = batch.fetch_optional(conn).await?;
    let row = row.ok_or_else(|| StoreError::content("what the backup has"))?;
    let count = |column: usize| -> StoreResult<u64> {
        Ok(u64::try_from(row.try_get_unchecked::<i64, _>(column)?).unwrap_or(0))
    };
    Ok(BackupContent {
        incidents: count(0)?,
        events: count(1)?,
        last_at: row
            .try_get_unchecked::<Option<i64>, _>(2)?
            .and_then(DateTime::from_timestamp_millis),
        tokens: row.try_get_unchecked(3)?,
    })
}
