//! How tests open a store by default.

use std::path::Path;
use std::time::Duration;

use redphone::backend::file::{FileStore, MigrationObserver, Options, StoreClock};
use redphone::model::Rules;
use redphone::model::directory::Directory;

/// Returns options that create a missing store, and that wait long for a lock, because other tests
/// may keep the machine busy.
pub fn options() -> Options {
    Options {
        name: "local".into(),
        rules: Rules::default(),
        overlay: Directory::default(),
        overlay_file: None,
        create: true,
        lock_timeout: Duration::from_mins(1),
        migration: MigrationObserver::default(),
        clock: StoreClock::default(),
    }
}

/// Opens a store, and creates it if it is missing.
pub async fn open(path: &Path) -> FileStore {
    FileStore::open(path, options()).await.unwrap()
}

/// Writes the write-ahead log of a store into its file, so that the log is empty.
pub fn empty_log(path: &Path) {
    let conn = rusqlite::Connection::open(path).unwrap();
    conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
}

/// Returns how many transactions are in the write-ahead log of a store: the last page of each has the
/// size of the store in its header, the others have 0.
pub fn logged_commits(path: &Path) -> usize {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    let log = std::fs::read(log).unwrap();
    let pages = log[32..].chunks_exact(24 + 4096);
    pages.filter(|page| page[4..8] != [0; 4]).count()
}
