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

use super::open::{connecting, folder_of, readers};

/// The connections that read.
pub(super) enum Readers {
    /// Of a store that is written to by this process, or could be.
    Own(SqlitePool),
    /// Of one that it can only read.
    Foreign(Foreign),
}

/// Connections to a file that can only be read.
pub(super) struct Foreign {
    path: PathBuf,
    patience: Duration,
    made_for: Mutex<(State, SqlitePool)>,
}

/// What tells one state of such a file from another.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    /// Somebody has it open: they keep it consistent.
    Open,
    /// Nobody has; the file has this length and was written then.
    Still(u64, Option<SystemTime>),
}

impl State {
    fn of(path: &Path) -> Self {
        if beside(path, "-wal").exists() {
            return Self::Open;
        }
        let found = std::fs::metadata(path);
        found.map_or(Self::Still(0, None), |found| Self::Still(found.len(), found.modified().ok()))
    }

    fn connecting(self, path: &Path, patience: Duration) -> SqliteConnectOptions {
        let options = connecting(path, patience).read_only(true);
        options.immutable(matches!(self, Self::Still(..)))
    }
}

/// A file that belongs to a store, by its ending.
pub(super) fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

/// Whether this process could write the store: the file, and those beside it.
fn is_writable(path: &Path) -> bool {
    let may = |path: &Path| access(path, Access::WRITE_OK).is_ok();
    let log = ["-wal", "-shm"].map(|ending| beside(path, ending));
    may(path) && may(folder_of(path)) && log.iter().all(|file| !file.exists() || may(file))
}

/// A connection that only reads, by whatever way the file allows.
pub(super) async fn reading(
    path: &Path,
    patience: Duration,
) -> Result<SqliteConnection, sqlx::Error> {
    let options = if is_writable(path) {
        connecting(path, patience)
    } else {
        State::of(path).connecting(path, patience)
    };
    options.pragma("query_only", "ON").connect().await
}

impl Readers {
    /// For a store that this process may write to.
    pub(super) fn own(path: &Path, patience: Duration) -> Self {
        Self::Own(readers(connecting(path, patience), patience))
    }

    /// For one that it only reads.
    pub(super) fn only(path: &Path, patience: Duration) -> Self {
        if is_writable(path) {
            return Self::own(path, patience);
        }
        let state = State::of(path);
        let pool = readers(state.connecting(path, patience), patience);
        let made_for = Mutex::new((state, pool));
        Self::Foreign(Foreign { path: path.to_owned(), patience, made_for })
    }

    fn pool(&self) -> SqlitePool {
        let foreign = match self {
            Self::Own(pool) => return pool.clone(),
            Self::Foreign(foreign) => foreign,
        };
        let state = State::of(&foreign.path);
        let mut made_for = foreign.made_for.lock().unwrap_or_else(PoisonError::into_inner);
        if made_for.0 != state {
            // The connections made for the state before are closed when their work is done.
            let options = state.connecting(&foreign.path, foreign.patience);
            *made_for = (state, readers(options, foreign.patience));
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
