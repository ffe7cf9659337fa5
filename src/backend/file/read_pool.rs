//! Connections for reading, also from a file that this process can't or must not write.
//!
//! `SQLite` reads a write-ahead log through an index in shared memory (`-shm`), which every reader
//! uses. If this process may not create that file, there are two cases
//! (<https://www.sqlite.org/wal.html#readonly>):
//! - Another process has the store open. Then log and index exist, and this process uses them.
//! - No process has it open. Then there is no log, and the file is read as an immutable one.
//!
//! The same applies if this process may create the file, but the disk has no space for it: no other
//! process uses the store then, as the index would exist. But a process that crashed may have left
//! its log. It is read with an index in the memory of one connection, which locks the store for as
//! long as it reads (<https://www.sqlite.org/wal.html#noshm>).
//!
//! Which case applies can change at any time, so it is checked before each read.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use rustix::fs::{Access, access};
use sqlx::sqlite::{SqliteConnectOptions, SqliteLockingMode, SqlitePool, SqlitePoolOptions};
use sqlx::{ConnectOptions, Connection, SqliteConnection};

use super::connect::{connect_options, parent_folder, with_suffix};
use super::error::is_lack_of_room;
use super::readers::{ReadConnection, Readers};

/// The maximum number of connections for reading. Each has a small page cache.
const MAX_READERS: usize = 3;

/// The size of the smallest index of a log; a smaller file `-shm` is in no use.
const MIN_INDEX_BYTES: u64 = 32 * 1024;

/// A pool of connections for reading.
pub(super) enum ReadPool {
    /// To a store that this process can write.
    Writable(Box<Readers>),
    /// To a store that this process can only read.
    ReadOnly(ReadOnlyPool),
}

/// Connections to a file that this process can only read.
pub(super) struct ReadOnlyPool {
    path: PathBuf,
    lock_timeout: Duration,
    current: Mutex<(FileState, SqlitePool)>,
}

/// The state of a file that this process can only read. Connections are valid for one state.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum FileState {
    /// Another process has the file open and coordinates the access, or there is space to do so.
    InUse,
    /// No process has the file open, and there is no log. The fields are the length of the file and
    /// the time of its last modification.
    Unused(u64, Option<SystemTime>),
    /// No process has the file open, and there is a log, which this process can write.
    AbandonedLog,
}

impl FileState {
    /// Returns the state of a file for which there is no space to create the missing files.
    fn read(path: &Path) -> Self {
        let size = |suffix| Some(std::fs::metadata(with_suffix(path, suffix)).ok()?.len());
        let (log, index) = (size("-wal"), size("-shm"));
        let has_index = index.is_some_and(|size| size >= MIN_INDEX_BYTES);
        match log {
            Some(_) if has_index => Self::InUse,
            Some(1..) if is_writable(path) => Self::AbandonedLog,
            Some(1..) => Self::InUse,
            None | Some(0) => {
                let metadata = std::fs::metadata(path);
                metadata.map_or(Self::Unused(0, None), |metadata| {
                    Self::Unused(metadata.len(), metadata.modified().ok())
                })
            }
        }
    }

    fn connect_options(self, path: &Path, lock_timeout: Duration) -> SqliteConnectOptions {
        let options = connect_options(path, lock_timeout);
        match self {
            Self::InUse if is_writable(path) => options,
            Self::InUse => options.read_only(true),
            Self::Unused(..) => options.read_only(true).immutable(true),
            Self::AbandonedLog => options.locking_mode(SqliteLockingMode::Exclusive),
        }
    }

    fn pool(self, path: &Path, lock_timeout: Duration) -> SqlitePool {
        let options = self.connect_options(path, lock_timeout);
        if self == Self::AbandonedLog {
            // No other process can read while it is open, so it is closed soon.
            let pool = pool_options(lock_timeout).max_connections(1);
            let pool = pool.idle_timeout(Some(Duration::from_secs(1)));
            return pool.connect_lazy_with(options.pragma("query_only", "ON"));
        }
        pool_options(lock_timeout).connect_lazy_with(options.pragma("query_only", "ON"))
    }
}

/// Returns whether this process can write the store: the file, its folder, and the files `-wal`
/// and `-shm` if they exist.
fn is_writable(path: &Path) -> bool {
    let can_write = |path: &Path| access(path, Access::WRITE_OK).is_ok();
    let log_files = ["-wal", "-shm"].map(|suffix| with_suffix(path, suffix));
    can_write(path)
        && can_write(parent_folder(path))
        && log_files.iter().all(|file| !file.exists() || can_write(file))
}

/// Returns how long a reader waits for a connection of a pool.
fn acquire_timeout(lock_timeout: Duration) -> Duration {
    lock_timeout.max(Duration::from_secs(30))
}

fn pool_options(lock_timeout: Duration) -> SqlitePoolOptions {
    SqlitePoolOptions::new()
        .max_connections(u32::try_from(MAX_READERS).unwrap_or(1))
        .min_connections(0)
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
        .acquire_timeout(acquire_timeout(lock_timeout))
}

/// A connection that only reads.
pub(super) struct Reader {
    pub(super) conn: SqliteConnection,
    /// Whether the files next to the store exist or could be created.
    pub(super) has_room: bool,
    /// Whether no other process can read while the connection is open.
    pub(super) is_exclusive: bool,
}

/// Opens a connection that only reads, in the way that the permissions of the file and the room on
/// its disk allow.
pub(super) async fn connect_reader(
    path: &Path,
    lock_timeout: Duration,
) -> Result<Reader, sqlx::Error> {
    let mut has_room = true;
    if is_writable(path) {
        match connect_with_log(connect_options(path, lock_timeout)).await {
            Ok(conn) => return Ok(Reader { conn, has_room, is_exclusive: false }),
            Err(error) if is_lack_of_room(&error) => has_room = false,
            Err(error) => return Err(error),
        }
    }
    let state = FileState::read(path);
    let conn = connect(state.connect_options(path, lock_timeout)).await?;
    Ok(Reader { conn, has_room, is_exclusive: state == FileState::AbandonedLog })
}

/// Opens a connection to a store that has a log, which changes neither of them. The last connection
/// that may write copies the log into the file when it is closed, and deletes it.
pub(super) async fn connect_read_only(
    path: &Path,
    lock_timeout: Duration,
) -> Result<SqliteConnection, sqlx::Error> {
    connect_with_log(connect_options(path, lock_timeout).read_only(true)).await
}

/// Opens a connection that uses the log, and the log with it: `SQLite` does that when it first
/// reads. Fails if there is no space for the log; other errors of that read are for the caller to
/// find.
async fn connect_with_log(options: SqliteConnectOptions) -> Result<SqliteConnection, sqlx::Error> {
    let mut conn = connect(options).await?;
    let read = sqlx::query("SELECT 1 FROM sqlite_schema LIMIT 1").fetch_optional(&mut conn);
    match read.await {
        Err(error) if is_lack_of_room(&error) => {
            conn.close().await.ok();
            Err(error)
        }
        _ => Ok(conn),
    }
}

async fn connect(options: SqliteConnectOptions) -> Result<SqliteConnection, sqlx::Error> {
    options.pragma("query_only", "ON").connect().await
}

impl ReadPool {
    /// Returns the pool for a store that this process can write.
    pub(super) fn writable(path: &Path, lock_timeout: Duration) -> Self {
        let options = connect_options(path, lock_timeout).pragma("query_only", "ON");
        let readers = Readers::new(options, MAX_READERS, acquire_timeout(lock_timeout));
        Self::Writable(Box::new(readers))
    }

    /// Returns the pool for a store that this process only reads. `has_room` is whether the files
    /// next to the store could be created.
    pub(super) fn read_only(path: &Path, lock_timeout: Duration, has_room: bool) -> Self {
        if is_writable(path) && has_room {
            return Self::writable(path, lock_timeout);
        }
        let state = FileState::read(path);
        let current = Mutex::new((state, state.pool(path, lock_timeout)));
        Self::ReadOnly(ReadOnlyPool { path: path.to_owned(), lock_timeout, current })
    }

    /// Returns a connection for reading.
    pub(super) async fn acquire(&self) -> Result<ReadConnection, sqlx::Error> {
        match self {
            Self::Writable(readers) => readers.acquire().await,
            Self::ReadOnly(read_only) => {
                Ok(ReadConnection::Pooled(read_only.pool().acquire().await?))
            }
        }
    }

    pub(super) async fn close(&self) {
        match self {
            Self::Writable(readers) => readers.close().await,
            Self::ReadOnly(read_only) => read_only.pool().close().await,
        }
    }
}

impl ReadOnlyPool {
    /// Returns the pool for the present state of the file.
    fn pool(&self) -> SqlitePool {
        let state = FileState::read(&self.path);
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        if current.0 != state {
            // The connections for the previous state are closed when they are no longer in use.
            *current = (state, state.pool(&self.path, self.lock_timeout));
        }
        current.1.clone()
    }
}
