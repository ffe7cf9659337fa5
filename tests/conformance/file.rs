//! The file backend as the suite needs it.

use std::path::PathBuf;

use redphone::backend::file::FileStore;
use tempfile::TempDir;

use crate::support::store::open;

/// A store in a folder that goes with it.
pub struct Place {
    pub store: FileStore,
    path: PathBuf,
    pub folder: TempDir,
}

/// A new store.
pub async fn empty() -> Place {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("store.db");
    Place { store: open(&path).await, path, folder }
}

/// The same file, opened once more as another process would.
pub async fn again(place: &Place) -> FileStore {
    open(&place.path).await
}
