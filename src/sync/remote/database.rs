//! One private `SQLite` file: opened, brought up to date, and set aside where it can't be used.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::{DateTime, Utc};
use rustix::fs::FlockOperation;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{AssertSqlSafe, ConnectOptions, Executor, SqliteConnection};

use super::lock::{self, try_flock};
use super::paths::{open_private_file, with_suffix};

/// How long another process may hold a lock of the file.
const LOCK_TIMEOUT: Duration = Duration::from_secs(10);

/// Behind the name of a file that was set aside; when it was follows.
const ASIDE_SUFFIX: &str = ".aside-";

/// What a file is made of.
pub(super) struct DatabaseKind {
    /// In its header.
    pub application_id: i64,
    /// Each brings a file of the version before to its own, the first an empty one to version 1.
    pub migrations: &'static [&'static str],
    /// Whether each commit is on the disk before it counts. Such a file is never taken from a process
    /// that can use it: one of a later version stays where it is, and so does one that is open.
    pub durable: bool,
}

/// An open file.
pub(super) struct OpenDatabase {
    pub conn: SqliteConnection,
    /// Held for as long as the connection is used, where the file is durable.
    pub use_lock: Option<UseLock>,
    /// Where the file is that was there and could not be used, and why.
    pub set_aside: Option<(PathBuf, String)>,
}

/// Whoever has the file open shares a lock of a file beside it: it is not moved away under them.
#[derive(Debug)]
pub(super) struct UseLock(File);

impl UseLock {
    fn acquire_shared(path: &Path) -> Result<Self, String> {
        let file = open_private_file(&with_suffix(path, ".use")).map_err(|e| e.to_string())?;
        match try_flock(&file, FlockOperation::NonBlockingLockShared) {
            Ok(true) => Ok(Self(file)),
            Ok(false) => Err("another process is moving it away: try again".into()),
            Err(error) => Err(error.to_string()),
        }
    }

    /// Whether nobody else has it open. Who opens it meanwhile waits for the lock of opening.
    fn is_sole_user(&self) -> io::Result<bool> {
        let is_alone = try_flock(&self.0, FlockOperation::NonBlockingLockExclusive)?;
        // A lock that is changed in vain may be gone.
        try_flock(&self.0, FlockOperation::NonBlockingLockShared)?;
        Ok(is_alone)
    }
}

/// Why a file can't be used as it is.
enum OpenError {
    /// It is damaged: another takes its place.
    Damaged(String),
    /// It is of another program or of a later version.
    Foreign(String),
    /// It may be usable later.
    Sql(sqlx::Error),
}

impl From<sqlx::Error> for OpenError {
    fn from(error: sqlx::Error) -> Self {
        if is_corruption(&error) { Self::Damaged(error.to_string()) } else { Self::Sql(error) }
    }
}

/// Whether an error tells of a damaged file, or of none of `SQLite`
/// (<https://www.sqlite.org/rescode.html>).
pub(super) fn is_corruption(error: &sqlx::Error) -> bool {
    let code = error
        .as_database_error()
        .and_then(|e| e.code().and_then(|code| code.parse::<i32>().ok()))
        .unwrap_or(0);
    matches!(code & 0xff, 11 | 26)
}

/// Opens a file; one that can't be used is moved aside, and an empty one takes its place. One that is
/// durable is moved only where it is damaged and nobody else has it open.
///
/// # Errors
/// A sentence, without the file's name.
pub(super) async fn open(path: &Path, kind: &DatabaseKind) -> Result<OpenDatabase, String> {
    // Two processes must not move aside what the other has just made.
    let lock = lock::acquire(&with_suffix(path, ".lock"), LOCK_TIMEOUT, || true).await;
    let Some(_lock) = lock.map_err(|e| e.to_string())? else {
        let seconds = LOCK_TIMEOUT.as_secs();
        return Err(format!("another process has been opening it for {seconds} s: end that one"));
    };
    let in_use = if kind.durable { Some(UseLock::acquire_shared(path)?) } else { None };
    let why = match connect(path, kind).await {
        Ok(conn) => return Ok(OpenDatabase { conn, use_lock: in_use, set_aside: None }),
        Err(OpenError::Sql(error)) => return Err(error.to_string()),
        Err(OpenError::Foreign(why)) if kind.durable => return Err(why),
        Err(OpenError::Foreign(why) | OpenError::Damaged(why)) => why,
    };
    if let Some(in_use) = &in_use
        && !in_use.is_sole_user().map_err(|e| e.to_string())?
    {
        return Err(format!(
            "it is damaged ({why}), and another redphone has it open: end that one, and start again"
        ));
    }
    let aside = set_aside(path, Utc::now()).map_err(|e| e.to_string())?;
    match connect(path, kind).await {
        Ok(conn) => Ok(OpenDatabase { conn, use_lock: in_use, set_aside: Some((aside, why)) }),
        Err(OpenError::Sql(error)) => Err(error.to_string()),
        Err(OpenError::Foreign(why) | OpenError::Damaged(why)) => Err(why),
    }
}

/// The files that were set aside in place of one, the oldest first.
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

async fn connect(path: &Path, kind: &DatabaseKind) -> Result<SqliteConnection, OpenError> {
    open_private_file(path).map_err(|error| OpenError::Sql(sqlx::Error::Io(error)))?;
    let synchronous =
        if kind.durable { SqliteSynchronous::Full } else { SqliteSynchronous::Normal };
    let mut conn = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(false)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(synchronous)
        .busy_timeout(LOCK_TIMEOUT)
        .pragma("cache_size", "-2000")
        .pragma("temp_store", "MEMORY")
        .thread_name(|n| format!("remote-{n}"))
        .disable_statement_logging()
        .connect()
        .await?;
    let application: i64 = query_number(&mut conn, "PRAGMA application_id").await?;
    let version = query_number(&mut conn, "PRAGMA user_version").await?;
    let tables = query_number(&mut conn, "SELECT count(*) FROM sqlite_schema").await?;
    let is_empty = tables == 0 && version == 0;
    if !is_empty && application != kind.application_id {
        return Err(OpenError::Foreign("it belongs to another program: move it away".into()));
    }
    let newest = i64::try_from(kind.migrations.len()).unwrap_or(i64::MAX);
    if version > newest {
        return Err(OpenError::Foreign(format!(
            "it was written by a newer redphone (version {version}, this one knows {newest}): \
             update this one"
        )));
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

/// Looks through a file that is small, and whose loss would matter.
async fn quick_check(conn: &mut SqliteConnection) -> Result<(), OpenError> {
    let said: String = sqlx::query_scalar("PRAGMA quick_check(1)").fetch_one(&mut *conn).await?;
    if said == "ok" { Ok(()) } else { Err(OpenError::Damaged(said)) }
}

async fn query_number(conn: &mut SqliteConnection, sql: &'static str) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar(sql).fetch_one(conn).await
}

/// Moves a file and its log to a name that says when.
fn set_aside(path: &Path, now: DateTime<Utc>) -> io::Result<PathBuf> {
    let aside = with_suffix(path, &format!("{ASIDE_SUFFIX}{}", now.format("%Y%m%dT%H%M%S%3f")));
    fs::rename(path, &aside)?;
    for ending in ["-wal", "-shm"] {
        match fs::rename(with_suffix(path, ending), with_suffix(&aside, ending)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(aside)
}

/// Milliseconds since 1970, as times are written.
pub(super) fn to_millis(time: DateTime<Utc>) -> i64 {
    time.timestamp_millis()
}

/// The opposite of [`millis`].
pub(super) fn from_millis(millis: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(millis).unwrap_or_default()
}
