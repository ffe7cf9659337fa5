//! Copies of a store, and putting one back.
//!
//! A backup is a store in one file, with the content of the tokens file in its table `meta`. It is
//! made while others use the store.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::{DateTime, Utc};
use sqlx::{Connection, Row, SqliteConnection};
use tempfile::NamedTempFile;

use super::connect::{connect_writer, parent_folder, with_suffix};
use super::error::{SqliteFault, StoreError, StoreFaultKind, StoreResult, classify, display_path};
use super::high_water::{self, HighWater};
use super::meta::{self, StoreMeta, read_meta};
use super::open::{check_store, open_unchecked, refused};
use super::open_error::OpenError;
use super::sql::Batch;
use crate::backend::Cause;

/// The name of the row with the content of the tokens file.
const TOKENS: &str = "tokens_file";
/// How many numbers and positions are left out at least after the highest of a backup.
const MIN_GAP: u64 = 100;
/// How long to wait for a lock of a file that nobody else should use.
const LOCK_TIMEOUT: Duration = Duration::from_secs(2);

/// What a backup has.
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

/// What became of a restore.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Restored {
    /// What was restored.
    pub content: BackupContent,
    /// Where the store is now that was there before.
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

fn io_failure(path: &Path, what: &str, error: &io::Error) -> OpenError {
    let file = display_path(path);
    let advice = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "free some space",
        _ => "check the file and its folder, or name another",
    };
    refused(format!("{file} can't be {what} ({error}): {advice}"))
}

/// Writes a copy of a store into a new file beside the target, checks it, and gives it the target's
/// name once all of it is on the disk. Others may read and write the store meanwhile.
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
    let copy = NamedTempFile::new_in(folder).map_err(|e| io_failure(target, "written", &e))?;
    let name = copy.path().to_str().ok_or_else(|| {
        refused(format!("{} has a name that is no UTF-8: name another", display_path(target)))
    })?;
    let mut batch = Batch::one_off("PRAGMA query_only = OFF; VACUUM INTO ?");
    batch.arg(name.to_owned());
    batch.run(&mut conn).await.map_err(|error| match &error {
        StoreError::Sql(e) if classify(e) == SqliteFault::Full => refused(format!(
            "the disk that should hold {} is full: free some space or name another file",
            display_path(target)
        )),
        _ => failure(store, error),
    })?;
    conn.close().await.ok();
    let mut conn =
        connect_writer(copy.path(), LOCK_TIMEOUT).await.map_err(|e| sql_error(target, e))?;
    let content = async {
        put_tokens(&mut conn, tokens).await?;
        verify(&mut conn).await?;
        let has_meta = read_meta(&mut conn).await?.is_some();
        read_content(&mut conn, has_meta).await
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
            refused(format!("{} exists: name another file, or give --force", display_path(target)))
        }
        _ => io_failure(target, "written", &error),
    })?;
    Ok(content)
}

/// Puts a backup in the place of a store that nobody has open. The old store is kept under another
/// name. The restored store begins a new generation, and gives no number that the old one has given.
///
/// # Errors
/// [`OpenError`], in a sentence that names the file. The store is as it was then.
pub async fn restore(backup: &Path, store: &Path) -> Result<Restored, OpenError> {
    let target = fs::canonicalize(store).unwrap_or_else(|_| store.to_owned());
    let folder = parent_folder(&target);
    if fs::canonicalize(backup).is_ok_and(|backup| backup == target) {
        return Err(refused(format!(
            "{} is the store itself: name a backup",
            display_path(backup)
        )));
    }
    let source = File::open(backup).map_err(|e| io_failure(backup, "read", &e))?;
    let mut copy = NamedTempFile::new_in(folder).map_err(|e| io_failure(&target, "written", &e))?;
    io::copy(&mut &source, &mut copy).map_err(|e| io_failure(&target, "written", &e))?;
    let copied_bytes = copy.as_file().metadata().map_or(0, |meta| meta.len());
    if copied_bytes == 0 {
        return Err(refused(format!(
            "{} is empty, it is no backup: name another file",
            display_path(backup)
        )));
    }
    let (mut prepared, content) = prepare(backup, copy.path()).await?;
    // Whoever has the store open would go on with the old file.
    let old = lock_old(&target).await?;
    let floors = floors(&target, &prepared, old.as_ref().and_then(|old| old.meta.as_ref()));
    let now = Utc::now();
    let new_generation = async {
        if prepared.meta.is_some() {
            meta::begin_generation(&mut prepared.conn, floors.0, floors.1, now).await?;
            let mut batch = Batch::new("DELETE FROM meta WHERE name = ?;");
            batch.arg(TOKENS);
            batch.run(&mut prepared.conn).await?;
        }
        Batch::one_off("PRAGMA journal_mode = WAL").run(&mut prepared.conn).await?;
        read_meta(&mut prepared.conn).await
    };
    let outcome: StoreResult<Option<StoreMeta>> = new_generation.await;
    prepared.conn.close().await.ok();
    let meta = outcome.map_err(|error| failure(backup, error))?;
    copy.as_file().sync_all().map_err(|e| io_failure(&target, "written", &e))?;
    let previous = match old {
        Some(old) => Some(old.set_aside(&target, now).await?),
        None => None,
    };
    let put = || -> io::Result<()> {
        copy.persist(&target).map_err(|error| error.error)?;
        File::open(folder)?.sync_all()
    };
    put().map_err(|e| io_failure(&target, "written", &e))?;
    if let Some(meta) = &meta {
        HighWater::new(&target, meta).begin_generation(meta, floors.0, floors.1);
    }
    Ok(Restored { content, previous, next_number: floors.0 + 1 })
}

/// A copy of a backup that is about to become the store.
struct Prepared {
    conn: SqliteConnection,
    meta: Option<StoreMeta>,
}

/// Checks a copy of a backup. One of an older version is migrated when it is opened as a store.
async fn prepare(backup: &Path, copy: &Path) -> Result<(Prepared, BackupContent), OpenError> {
    let mut conn = connect_writer(copy, LOCK_TIMEOUT).await.map_err(|e| sql_error(backup, e))?;
    check_store(backup, &mut conn).await?;
    verify(&mut conn).await.map_err(|error| failure(backup, error))?;
    let meta = read_meta(&mut conn).await.map_err(|error| failure(backup, error))?;
    let content = read_content(&mut conn, meta.is_some()).await;
    let content = content.map_err(|error| failure(backup, error))?;
    Ok((Prepared { conn, meta }, content))
}

/// The store that is to be replaced.
struct OldStore {
    /// Holds the lock of the file; `None` if the file is too damaged to be locked.
    conn: Option<SqliteConnection>,
    meta: Option<StoreMeta>,
}

/// Locks the store that is to be replaced; `None` if there is none.
async fn lock_old(target: &Path) -> Result<Option<OldStore>, OpenError> {
    if !target.exists() {
        return Ok(None);
    }
    let Ok(mut conn) = connect_writer(target, LOCK_TIMEOUT).await else {
        return Ok(Some(OldStore { conn: None, meta: None }));
    };
    // Leaving the write-ahead log needs the file for this connection alone.
    let locked = Batch::one_off(
        "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = DELETE; BEGIN EXCLUSIVE; COMMIT",
    )
    .run(&mut conn)
    .await;
    match locked {
        Err(StoreError::Sql(error)) if classify(&error) == SqliteFault::Locked => {
            Err(refused(format!(
                "{} is open: end the panes, the server and whatever else uses it, and try again",
                display_path(target)
            )))
        }
        Err(_) => Ok(Some(OldStore { conn: None, meta: None })),
        Ok(()) => {
            let meta = read_meta(&mut conn).await.ok().flatten();
            Ok(Some(OldStore { conn: Some(conn), meta }))
        }
    }
}

impl OldStore {
    /// Gives the store a second name, so that it stays when another one takes its place.
    async fn set_aside(self, target: &Path, now: DateTime<Utc>) -> Result<PathBuf, OpenError> {
        let suffix = format!(".before-{}", now.format("%Y%m%dT%H%M%S%3f"));
        let aside = with_suffix(target, &suffix);
        // A damaged store has its log with it.
        for companion in ["-wal", "-shm"] {
            let from = with_suffix(target, companion);
            if from.exists() {
                fs::rename(&from, with_suffix(&aside, companion))
                    .map_err(|e| io_failure(&from, "kept aside", &e))?;
            }
        }
        let linked = fs::hard_link(target, &aside).or_else(|_| fs::rename(target, &aside));
        linked.map_err(|e| io_failure(target, "kept aside", &e))?;
        if let Some(conn) = self.conn {
            conn.close().await.ok();
        }
        Ok(aside)
    }
}

/// Returns up to which number and position none is given any more.
fn floors(target: &Path, prepared: &Prepared, old: Option<&StoreMeta>) -> (u64, u64) {
    let Some(meta) = &prepared.meta else { return (MIN_GAP, MIN_GAP) };
    let id = &meta.info.id;
    let written = high_water::read(&high_water::path_for(target), id).unwrap_or_default();
    let old = old.filter(|old| old.info.id == *id);
    let (number, log) = old.map_or((0, 0), |old| (old.number, old.log));
    let number = written.number_ceiling.max(number).max(meta.number + MIN_GAP);
    let log = written.log_ceiling.max(log).max(meta.log + MIN_GAP);
    (number, log)
}

async fn put_tokens(conn: &mut SqliteConnection, tokens: Option<String>) -> StoreResult<()> {
    let Some(tokens) = tokens else { return Ok(()) };
    if read_meta(conn).await?.is_none() {
        return Err(StoreError::content("it is of an older version: open it once, and try again"));
    }
    let mut batch = Batch::new("INSERT OR REPLACE INTO meta (name, value) VALUES (?, ?)");
    batch.arg(TOKENS).arg(tokens);
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

async fn read_content(conn: &mut SqliteConnection, has_meta: bool) -> StoreResult<BackupContent> {
    let tokens = if has_meta { "(SELECT value FROM meta WHERE name = ?)" } else { "?" };
    let mut batch = Batch::new(&format!(
        "SELECT (SELECT count(*) FROM incident), (SELECT count(*) FROM event),
            (SELECT recorded FROM event ORDER BY log DESC LIMIT 1), {tokens}"
    ));
    batch.arg(has_meta.then_some(TOKENS));
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
