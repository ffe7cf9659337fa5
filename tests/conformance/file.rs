//! The file backend as the suite needs it.

use std::path::PathBuf;

use redphone::backend::file::FileStore;
use tempfile::TempDir;

/// A store in a folder that goes with it.
pub struct Place {
    pub store: FileStore,
    path: PathBuf,
    _folder: TempDir,
}

async fn open(path: &std::path::Path) -> FileStore {
    FileStore::open(path, crate::support::store::options()).await.unwrap()
}

/// A new store.
pub async fn empty() -> Place {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("store.db");
    Place { store: open(&path).await, path, _folder: folder }
}

/// The same file, opened once more as another process would.
pub async fn again(place: &Place) -> FileStore {
    open(&place.path).await
}
