//! Opens a private `SQLite` file, migrates it, and moves it aside if it can't be used.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::{DateTime, Utc};
use rustix::fs::FlockOperation;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Executor, SqliteConnection};

use super::lock::{self, try_flock};
use super::paths::{open_private_file, with_suffix};

/// How long to wait for another process that holds a lock of the file.
const LOCK_TIMEOUT: Duration = Duration::from_secs(10);

/// The suffix of a file that was moved aside; the time follows it.
const ASIDE_SUFFIX: &str = ".aside-";

/// The result of statements on a file.
pub(super) type SqlResult<T> = Result<T, sqlx::Error>;

/// The properties of one kind of database file.
pub(super) struct DatabaseKind {
    /// The `application_id` in the file's header.
    pub application_id: i64,
    /// Each migration brings a file from the version before to its own, the first an empty file to
    /// version 1.
    pub migrations: &'static [&'static str],
    /// Whether each commit is on the disk before it counts. A durable file is never moved away from
    /// a process that can use it: it is not moved if a later version wrote it, or while it is open.
    pub durable: bool,
}

/// An open database file.
pub(super) struct OpenDatabase {
    pub conn: SqliteConnection,
    /// Held for as long as the connection is used, if the file is durable.
    pub use_lock: Option<UseLock>,
    /// The new path of an existing file that could not be used, and why.
    pub set_aside: Option<(PathBuf, Unusable)>,
}

/// A lock on a file next to the database, shared by all processes that have the database open, so
/// that it is not moved while they use it.
#[derive(Debug)]
pub(super) struct UseLock(File);

impl UseLock {
    fn acquire_shared(path: &Path) -> Result<Self, DatabaseError> {
        let file = open_private_file(&with_suffix(path, ".use"))?;
        if try_flock(&file, FlockOperation::NonBlockingLockShared)? {
            Ok(Self(file))
        } else {
            Err(DatabaseError::Moving)
        }
    }

    /// Returns whether no other process has the file open. A process that opens it meanwhile waits
    /// for the lock that guards opening.
    pub(super) fn is_sole_user(&self) -> io::Result<bool> {
        let is_sole = try_flock(&self.0, FlockOperation::NonBlockingLockExclusive)?;
        // A lock whose conversion failed may be lost.
        try_flock(&self.0, FlockOperation::NonBlockingLockShared)?;
        Ok(is_sole)
    }
}

/// The reason why a file can't be used unchanged. Each sentence is about the file, without its
/// name.
#[derive(Debug, thiserror::Error)]
pub enum Unusable {
    /// It is damaged, or no database.
    #[error(transparent)]
    Damaged(sqlx::Error),
    /// It did not pass the check of its integrity, which reported this.
    #[error("{0}")]
    FailedCheck(String),
    /// It belongs to another program.
    #[error("it belongs to another program: move it away")]
    Foreign,
    /// A later version wrote it.
    #[error(
        "it was written by a newer redphone (version {version}, this one knows {newest}): \
         update this one"
    )]
    Newer {
        /// The version of the file.
        version: i64,
        /// The latest version that can be used.
        newest: i64,
    },
}

impl Unusable {
    /// Returns whether no version can use the file.
    fn is_damage(&self) -> bool {
        matches!(self, Self::Damaged(_) | Self::FailedCheck(_))
    }
}

/// The reason why a file can't be opened. Each sentence is about the file, without its name.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    /// The file, or one next to it, can't be opened, locked or moved.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// A statement failed. It may succeed later.
    #[error(transparent)]
    Sql(sqlx::Error),
    /// Another process moves the file away.
    #[error("another process is moving it away: try again")]
    Moving,
    /// Another process opens the file, and has not finished in time.
    #[error("another process has been opening it for {} s: end that one", LOCK_TIMEOUT.as_secs())]
    Opening,
    /// The file can't be used, and is not moved.
    #[error(transparent)]
    Unusable(Unusable),
    /// The file is damaged and can't be moved aside.
    #[error("it is damaged ({0}), and another redphone has it open: end that one, and start again")]
    InUse(#[source] Unusable),
}

impl From<sqlx::Error> for DatabaseError {
    fn from(error: sqlx::Error) -> Self {
        if is_corruption(&error) {
            Self::Unusable(Unusable::Damaged(error))
        } else {
            Self::Sql(error)
        }
    }
}

/// Returns whether an error means that the file is damaged, or no `SQLite` database at all
/// (<https://www.sqlite.org/rescode.html>).
pub(super) fn is_corruption(error: &sqlx::Error) -> bool {
    let code = error
        .as_database_error()
        .and_then(|e| e.code().and_then(|code| code.parse::<i32>().ok()))
        .unwrap_or(0);
    matches!(code & 0xff, 11 | 26)
}

/// Returns whether an error means that a file can't be written now: it or its folder is read-only,
/// or the disk is full or failing (<https://www.sqlite.org/rescode.html>).
pub(super) fn is_unwritable(error: &sqlx::Error) -> bool {
    // The second is of a transaction that was not rolled back, because there was no space.
    if let sqlx::Error::Io(_) | sqlx::Error::InvalidSavePointStatement = error {
        return true;
    }
    let code = error
        .as_database_error()
        .and_then(|e| e.code().and_then(|code| code.parse::<i32>().ok()))
        .unwrap_or(0);
    matches!(code & 0xff, 8 | 10 | 13 | 14)
}

impl DatabaseError {
    /// Returns whether the file can't be written now, although nothing is wrong with it.
    pub(super) fn is_unwritable(&self) -> bool {
        match self {
            Self::Io(_) => true,
            Self::Sql(error) => is_unwritable(error),
            _ => false,
        }
    }
}

/// Opens a file. An unusable one is moved aside and replaced by an empty one. A durable file is
/// moved only if it is damaged and no other process has it open.
///
/// # Errors
/// When neither the file nor a new one can be used.
pub(super) async fn open(path: &Path, kind: &DatabaseKind) -> Result<OpenDatabase, DatabaseError> {
    // Two processes must not move aside each other's newly created file.
    let lock = lock::acquire(&with_suffix(path, ".lock"), LOCK_TIMEOUT, || true).await?;
    let Some(_lock) = lock else { return Err(DatabaseError::Opening) };
    let use_lock = if kind.durable { Some(UseLock::acquire_shared(path)?) } else { None };
    let why = match connect(path, kind).await {
        Ok(conn) => return Ok(OpenDatabase { conn, use_lock, set_aside: None }),
        Err(DatabaseError::Unusable(why)) if why.is_damage() || !kind.durable => why,
        Err(error) => return Err(error),
    };
    if let Some(use_lock) = &use_lock
        && !use_lock.is_sole_user()?
    {
        return Err(DatabaseError::InUse(why));
    }
    let moved_to = set_aside(path, Utc::now())?;
    let conn = connect(path, kind).await?;
    Ok(OpenDatabase { conn, use_lock, set_aside: Some((moved_to, why)) })
}

/// Returns the files that were moved aside from a path, the oldest first.
pub(super) fn find_set_aside(path: &Path) -> Vec<PathBuf> {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned() + ASIDE_SUFFIX;
    let folder = path.parent().and_then(|folder| fs::read_dir(folder).ok());
    let mut files: Vec<PathBuf> = folder
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|file| {
            let file = file.file_name().unwrap_or_default().to_string_lossy();
            file.starts_with(&name) && !file.ends_with("-wal") && !file.ends_with("-shm")
        })
        .collect();
    files.sort();
    files
}

/// Returns the options that every connection to a file uses.
fn connect_options(path: &Path, kind: &DatabaseKind) -> SqliteConnectOptions {
    let synchronous =
        if kind.durable { SqliteSynchronous::Full } else { SqliteSynchronous::Normal };
    SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(false)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(synchronous)
        .busy_timeout(LOCK_TIMEOUT)
        .pragma("cache_size", "-2000")
        .pragma("temp_store", "MEMORY")
        // Redacted data must not remain in unused space of the file.
        .pragma("secure_delete", "ON")
        .thread_name(|n| format!("remote-{n}"))
        .disable_statement_logging()
}

async fn connect(path: &Path, kind: &DatabaseKind) -> Result<SqliteConnection, DatabaseError> {
    open_private_file(path).map_err(|error| DatabaseError::Sql(sqlx::Error::Io(error)))?;
    let mut conn = connect_options(path, kind).connect().await?;
    let application: i64 = query_number(&mut conn, "PRAGMA application_id").await?;
    let version = query_number(&mut conn, "PRAGMA user_version").await?;
    let tables = query_number(&mut conn, "SELECT count(*) FROM sqlite_schema").await?;
    let is_empty = tables == 0 && version == 0;
    if !is_empty && application != kind.application_id {
        return Err(DatabaseError::Unusable(Unusable::Foreign));
    }
    let newest = i64::try_from(kind.migrations.len()).unwrap_or(i64::MAX);
    if version > newest {
        return Err(DatabaseError::Unusable(Unusable::Newer { version, newest }));
    }
    if kind.durable && !is_empty {
        quick_check(&mut conn).await?;
    }
    for (step, migration) in kind.migrations.iter().enumerate() {
        let to = i64::try_from(step + 1).unwrap_or(i64::MAX);
        if to > version {
            let sql = format!("BEGIN IMMEDIATE; {migration} PRAGMA user_version = {to}; COMMIT;");
            conn.execute(AssertSqlSafe(sql)).await?;
        }
    }
    Ok(conn)
}

/// Checks the integrity of a file; used for files that are small and whose loss would matter.
async fn quick_check(conn: &mut SqliteConnection) -> Result<(), DatabaseError> {
    let report: String = sqlx::query_scalar("PRAGMA quick_check(1)").fetch_one(&mut *conn).await?;
    if report == "ok" {
        Ok(())
    } else {
        Err(DatabaseError::Unusable(Unusable::FailedCheck(report)))
    }
}

async fn query_number(conn: &mut SqliteConnection, sql: &'static str) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar(sql).fetch_one(conn).await
}

/// Replaces a connection on which the driver considers a transaction open although no task is in
/// one.
///
/// If a statement fails on a full disk, `SQLite` rolls back automatically. The rollback of the
/// driver then fails, and every later transaction of the connection would be refused.
pub(super) async fn end_stale_transaction(
    conn: &mut SqliteConnection,
    path: &Path,
    kind: &DatabaseKind,
) {
    if !conn.is_in_transaction() {
        return;
    }
    // A transaction that was dropped may still be rolled back by the driver.
    conn.ping().await.ok();
    if conn.is_in_transaction()
        && let Ok(fresh) = connect_options(path, kind).connect().await
    {
        // Closed after the new one is open, so that its log stays: a full disk has no room for one.
        std::mem::replace(conn, fresh).close().await.ok();
    }
}

/// Moves a file and its write-ahead log to a name that contains the time.
fn set_aside(path: &Path, now: DateTime<Utc>) -> io::Result<PathBuf> {
    let moved_to = with_suffix(path, &format!("{ASIDE_SUFFIX}{}", now.format("%Y%m%dT%H%M%S%3f")));
    fs::rename(path, &moved_to)?;
    for suffix in ["-wal", "-shm"] {
        match fs::rename(with_suffix(path, suffix), with_suffix(&moved_to, suffix)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(moved_to)
}

/// Converts a time to milliseconds since 1970, as times are stored.
pub(super) fn to_millis(time: DateTime<Utc>) -> i64 {
    time.timestamp_millis()
}

/// Converts milliseconds since 1970 to a time; the inverse of [`to_millis`].
pub(super) fn from_millis(millis: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(millis).unwrap_or_default()
}
