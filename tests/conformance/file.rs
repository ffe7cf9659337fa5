//! The file backend for the conformance suite.

use std::path::PathBuf;

use redphone::backend::file::FileStore;
use tempfile::TempDir;

use crate::support::store::open;

/// A store in a folder that is removed with it.
pub struct FileFixture {
    pub store: FileStore,
    path: PathBuf,
    pub folder: TempDir,
}

/// A new store.
pub async fn empty() -> FileFixture {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("store.db");
    FileFixture { store: open(&path).await, path, folder }
}

/// Opens the same file again, as another process would.
pub async fn reopen(fixture: &FileFixture) -> FileStore {
    open(&fixture.path).await
}
