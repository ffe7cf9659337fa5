//! How tests open a store by default.

use std::path::Path;
use std::time::Duration;

use redphone::backend::file::{FileStore, Options};
use redphone::model::Rules;
use redphone::model::directory::Directory;

/// Made where it is missing. Others may write for long, on a machine that is busy with other tests.
pub fn options() -> Options {
    Options {
        name: "local".into(),
        rules: Rules::default(),
        overlay: Directory::default(),
        create: true,
        lock_timeout: Duration::from_mins(1),
    }
}

/// Opens a store, and makes it where it is missing.
pub async fn open(path: &Path) -> FileStore {
    FileStore::open(path, options()).await.unwrap()
}
