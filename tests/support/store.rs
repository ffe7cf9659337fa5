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
