//! Connections for reading, also from a file that this process can't or must not write.
//!
//! `SQLite` reads a write-ahead log through an index in shared memory (`-shm`), which every reader
//! uses. If this process may not create that file, there are two cases
//! (<https://www.sqlite.org/wal.html#readonly>):
//! - Another process has the store open. Then log and index exist, and this process uses them.
//! - No process has it open. Then there is no log, and the file is read as one that does not
//!   change.
//!
//! Which case applies can change at any time, so it is checked before each read.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use rustix::fs::{Access, access};
use sqlx::pool::PoolConnection;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool, SqlitePoolOptions};
use sqlx::{ConnectOptions, Sqlite, SqliteConnection};

use super::connect::{connect_options, parent_folder, with_suffix};

/// The maximum number of connections for reading. Each has a small page cache.
const MAX_READERS: u32 = 3;

/// A pool of connections for reading.
pub(super) enum ReadPool {
    /// To a store that this process can write.
    Writable(SqlitePool),
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
    /// Another process has the file open and coordinates the access.
    InUse,
    /// No process has the file open. Holds its length and the time of its last modification.
    Unused(u64, Option<SystemTime>),
}

impl FileState {
    fn read(path: &Path) -> Self {
        if with_suffix(path, "-wal").exists() {
            return Self::InUse;
        }
        let metadata = std::fs::metadata(path);
        metadata.map_or(Self::Unused(0, None), |metadata| {
            Self::Unused(metadata.len(), metadata.modified().ok())
        })
    }

    fn connect_options(self, path: &Path, lock_timeout: Duration) -> SqliteConnectOptions {
        let options = connect_options(path, lock_timeout).read_only(true);
        options.immutable(matches!(self, Self::Unused(..)))
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

/// Returns a pool of connections for reading, each of which is opened when it is needed.
fn lazy_read_pool(options: SqliteConnectOptions, lock_timeout: Duration) -> SqlitePool {
    SqlitePoolOptions::new()
        .max_connections(MAX_READERS)
        .min_connections(0)
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
        .acquire_timeout(lock_timeout.max(Duration::from_secs(30)))
        .connect_lazy_with(options.pragma("query_only", "ON"))
}

/// Opens a connection that only reads, in the way that the permissions of the file allow.
pub(super) async fn connect_reader(
    path: &Path,
    lock_timeout: Duration,
) -> Result<SqliteConnection, sqlx::Error> {
    let options = if is_writable(path) {
        connect_options(path, lock_timeout)
    } else {
        FileState::read(path).connect_options(path, lock_timeout)
    };
    options.pragma("query_only", "ON").connect().await
}

impl ReadPool {
    /// Returns the pool for a store that this process can write.
    pub(super) fn writable(path: &Path, lock_timeout: Duration) -> Self {
        Self::Writable(lazy_read_pool(connect_options(path, lock_timeout), lock_timeout))
    }

    /// Returns the pool for a store that this process only reads.
    pub(super) fn read_only(path: &Path, lock_timeout: Duration) -> Self {
        if is_writable(path) {
            return Self::writable(path, lock_timeout);
        }
        let state = FileState::read(path);
        let pool = lazy_read_pool(state.connect_options(path, lock_timeout), lock_timeout);
        let current = Mutex::new((state, pool));
        Self::ReadOnly(ReadOnlyPool { path: path.to_owned(), lock_timeout, current })
    }

    fn pool(&self) -> SqlitePool {
        let read_only = match self {
            Self::Writable(pool) => return pool.clone(),
            Self::ReadOnly(read_only) => read_only,
        };
        let state = FileState::read(&read_only.path);
        let mut current = read_only.current.lock().unwrap_or_else(PoisonError::into_inner);
        if current.0 != state {
            // The connections for the previous state are closed when they are no longer in use.
            let options = state.connect_options(&read_only.path, read_only.lock_timeout);
            *current = (state, lazy_read_pool(options, read_only.lock_timeout));
        }
        current.1.clone()
    }

    pub(super) async fn acquire(&self) -> Result<PoolConnection<Sqlite>, sqlx::Error> {
        self.pool().acquire().await
    }

    pub(super) async fn close(&self) {
        self.pool().close().await;
    }
}
