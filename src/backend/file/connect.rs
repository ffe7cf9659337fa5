//! Connections to the file of a store, and the paths that belong to it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteSynchronous};
use sqlx::{ConnectOptions, SqliteConnection};

/// The size of the page cache of a connection, for `PRAGMA cache_size`: minus kibibytes.
pub(super) const CACHE_PRAGMA: &str = "-2000";

/// How many rows the thread of a connection reads ahead. A full buffer costs a wake-up for each further
/// row, because the thread waits until one was taken.
const ROW_BUFFER: usize = 1024;

/// Returns the options that every connection to the file uses.
pub(super) fn connect_options(path: &Path, lock_timeout: Duration) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(false)
        .foreign_keys(true)
        .synchronous(SqliteSynchronous::Full)
        // The driver stores milliseconds in 31 bits.
        .busy_timeout(lock_timeout.min(Duration::from_secs(1_000_000)))
        .pragma("cache_size", CACHE_PRAGMA)
        .pragma("temp_store", "MEMORY")
        .row_buffer_size(ROW_BUFFER)
        .thread_name(|n| format!("store-{n}"))
        .disable_statement_logging()
}

/// Opens a connection for writing. The caller has checked that the file is a store.
pub(super) async fn connect_writer(
    path: &Path,
    lock_timeout: Duration,
) -> Result<SqliteConnection, sqlx::Error> {
    // A larger write-ahead log means fewer pauses for copying it back into the file.
    connect_options(path, lock_timeout).pragma("wal_autocheckpoint", "4000").connect().await
}

/// Returns the folder of a file.
pub(super) fn parent_folder(path: &Path) -> &Path {
    path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Returns the path of a companion file of the store, such as the one with the suffix `-wal`.
pub(super) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}
