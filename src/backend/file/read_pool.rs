//! The connections that read, also of a file that this process can't or must not write.
//!
//! `SQLite` reads a write-ahead log through an index in shared memory (`-shm`) that every reader
//! takes part in. Where this process may not make that file there are two cases
//! (<https://www.sqlite.org/wal.html#readonly>): somebody has the store open, then log and index
//! are there and it reads through them; or nobody has, then there is no log, and the file is read
//! as one that does not change. Which of the two it is can change at any time, so it is looked at
//! before each reading.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use rustix::fs::{Access, access};
use sqlx::pool::PoolConnection;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool};
use sqlx::{ConnectOptions, Sqlite, SqliteConnection};

use super::open::{connect_options, lazy_read_pool, parent_folder};

/// The connections that read.
pub(super) enum ReadPool {
    /// Of a store that is written to by this process, or could be.
    Writable(SqlitePool),
    /// Of one that it can only read.
    ReadOnly(ReadOnlyPool),
}

/// Connections to a file that can only be read.
pub(super) struct ReadOnlyPool {
    path: PathBuf,
    patience: Duration,
    current: Mutex<(FileState, SqlitePool)>,
}

/// What tells one state of such a file from another.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum FileState {
    /// Somebody has it open: they keep it consistent.
    InUse,
    /// Nobody has; the file has this length and was written then.
    Unused(u64, Option<SystemTime>),
}

impl FileState {
    fn read(path: &Path) -> Self {
        if with_suffix(path, "-wal").exists() {
            return Self::InUse;
        }
        let found = std::fs::metadata(path);
        found
            .map_or(Self::Unused(0, None), |found| Self::Unused(found.len(), found.modified().ok()))
    }

    fn connect_options(self, path: &Path, patience: Duration) -> SqliteConnectOptions {
        let options = connect_options(path, patience).read_only(true);
        options.immutable(matches!(self, Self::Unused(..)))
    }
}

/// A file that belongs to a store, by its ending.
pub(super) fn with_suffix(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

/// Whether this process could write the store: the file, and those beside it.
fn is_writable(path: &Path) -> bool {
    let may = |path: &Path| access(path, Access::WRITE_OK).is_ok();
    let log = ["-wal", "-shm"].map(|ending| with_suffix(path, ending));
    may(path) && may(parent_folder(path)) && log.iter().all(|file| !file.exists() || may(file))
}

/// A connection that only reads, by whatever way the file allows.
pub(super) async fn connect_reader(
    path: &Path,
    patience: Duration,
) -> Result<SqliteConnection, sqlx::Error> {
    let options = if is_writable(path) {
        connect_options(path, patience)
    } else {
        FileState::read(path).connect_options(path, patience)
    };
    options.pragma("query_only", "ON").connect().await
}

impl ReadPool {
    /// For a store that this process may write to.
    pub(super) fn writable(path: &Path, patience: Duration) -> Self {
        Self::Writable(lazy_read_pool(connect_options(path, patience), patience))
    }

    /// For one that it only reads.
    pub(super) fn read_only(path: &Path, patience: Duration) -> Self {
        if is_writable(path) {
            return Self::writable(path, patience);
        }
        let state = FileState::read(path);
        let pool = lazy_read_pool(state.connect_options(path, patience), patience);
        let made_for = Mutex::new((state, pool));
        Self::ReadOnly(ReadOnlyPool { path: path.to_owned(), patience, current: made_for })
    }

    fn pool(&self) -> SqlitePool {
        let foreign = match self {
            Self::Writable(pool) => return pool.clone(),
            Self::ReadOnly(foreign) => foreign,
        };
        let state = FileState::read(&foreign.path);
        let mut made_for = foreign.current.lock().unwrap_or_else(PoisonError::into_inner);
        if made_for.0 != state {
            // The connections made for the state before are closed when their work is done.
            let options = state.connect_options(&foreign.path, foreign.patience);
            *made_for = (state, lazy_read_pool(options, foreign.patience));
        }
        made_for.1.clone()
    }

    pub(super) async fn acquire(&self) -> Result<PoolConnection<Sqlite>, sqlx::Error> {
        self.pool().acquire().await
    }

    pub(super) async fn close(&self) {
        self.pool().close().await;
    }
}
