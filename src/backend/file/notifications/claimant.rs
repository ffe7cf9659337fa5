//! The owner of a claim: an open store of a process, identified by a file that the process has
//! locked.
//!
//! The lock ends with the process, however it ends. So another process that can lock the file knows
//! without a time-out that the claims of this one are abandoned.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use uuid::Uuid;

use crate::backend::file::connect::with_suffix;
use crate::backend::file::error::display_path;

/// How often a file is created again if another process removes it before it is locked.
const TRIES: u32 = 20;

/// The claims of notifications can't be marked, or those of others can't be checked.
#[derive(Debug, thiserror::Error)]
#[error(
    "{} can't be made or locked, and without it no notification is sent: {source}",
    display_path(.path)
)]
pub(super) struct ClaimFault {
    /// The file, or its folder.
    path: PathBuf,
    source: io::Error,
}

/// The locked file of an open store that has claims. It is removed with it.
#[derive(Debug)]
pub(super) struct Claimant {
    id: Uuid,
    path: PathBuf,
    _file: File,
}

impl Drop for Claimant {
    fn drop(&mut self) {
        fs::remove_file(&self.path).ok();
        if let Some(folder) = self.path.parent() {
            // Fails while there are files of other processes in it.
            fs::remove_dir(folder).ok();
        }
    }
}

impl Claimant {
    /// Makes and locks a file for the store, and removes those that ended processes have not.
    pub(super) fn create(store: &Path) -> Result<Self, ClaimFault> {
        let folder = folder(store);
        remove_stale(&folder);
        let id = Uuid::now_v7();
        let path = file_path(&folder, id);
        let fault = |source| ClaimFault { path: path.clone(), source };
        for _ in 0..TRIES {
            match DirBuilder::new().mode(0o700).create(&folder) {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(source) => return Err(ClaimFault { path: folder, source }),
            }
            let mut options = OpenOptions::new();
            let opened = options.write(true).create(true).truncate(false).mode(0o600).open(&path);
            let file = match opened {
                Ok(file) => file,
                // The folder was removed with the last file in it.
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(source) => return Err(fault(source)),
            };
            match file.try_lock() {
                Ok(()) if is_at(&file, &path) => return Ok(Self { id, path, _file: file }),
                Ok(()) | Err(TryLockError::WouldBlock) => {}
                Err(TryLockError::Error(source)) => return Err(fault(source)),
            }
        }
        Err(fault(io::ErrorKind::ResourceBusy.into()))
    }

    /// Returns the id that its claims have.
    pub(super) fn id(&self) -> Uuid {
        self.id
    }
}

/// Returns whether the open store that has claims with an id is still open. The file of one that is
/// not is removed.
pub(super) fn is_alive(store: &Path, id: Uuid) -> Result<bool, ClaimFault> {
    let path = file_path(&folder(store), id);
    is_locked(&path).map_err(|source| ClaimFault { path, source })
}

/// Returns whether a process has locked a file. An unlocked file is removed.
fn is_locked(path: &Path) -> io::Result<bool> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(error),
    };
    match file.try_lock() {
        Ok(()) => {
            fs::remove_file(path).ok();
            Ok(false)
        }
        Err(TryLockError::WouldBlock) => Ok(true),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// Returns the folder of the files of a store. It is the same for every path through which the
/// store was opened.
fn folder(store: &Path) -> PathBuf {
    let store = fs::canonicalize(store).unwrap_or_else(|_| store.to_owned());
    with_suffix(&store, "-claims")
}

fn file_path(folder: &Path, id: Uuid) -> PathBuf {
    folder.join(id.simple().to_string())
}

/// Removes the files of processes that have ended.
fn remove_stale(folder: &Path) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        is_locked(&entry.path()).ok();
    }
}

fn is_at(file: &File, path: &Path) -> bool {
    let identity = |metadata: fs::Metadata| (metadata.dev(), metadata.ino());
    let [opened, named] = [file.metadata(), fs::metadata(path)].map(|m| m.ok().map(identity));
    opened.is_some() && opened == named
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn claimant_is_alive_until_it_is_dropped() {
        let home = tempfile::tempdir().unwrap();
        let store = home.path().join("store.db");
        let (one, two) = (Claimant::create(&store).unwrap(), Claimant::create(&store).unwrap());
        assert_ne!(one.id(), two.id());
        let (one_id, two_id) = (one.id(), two.id());
        assert!(is_alive(&store, one_id).unwrap() && is_alive(&store, two_id).unwrap());
        drop(one);
        assert!(!is_alive(&store, one_id).unwrap() && is_alive(&store, two_id).unwrap());
        drop(two);
        assert!(!is_alive(&store, two_id).unwrap());
        assert!(!folder(&store).exists(), "nothing stays next to the store");
    }

    #[test]
    fn file_of_an_ended_process_is_removed() {
        let home = tempfile::tempdir().unwrap();
        let store = home.path().join("store.db");
        let (folder, id) = (folder(&store), Uuid::now_v7());
        fs::create_dir(&folder).unwrap();
        fs::write(file_path(&folder, id), []).unwrap();
        let claimant = Claimant::create(&store).unwrap();
        assert!(!file_path(&folder, id).exists() && claimant.path.exists());
    }

    #[test]
    fn folder_that_can_not_be_made_is_named() {
        let home = tempfile::tempdir().unwrap();
        let error = Claimant::create(&home.path().join("missing/store.db")).unwrap_err();
        assert_eq!(error.source.kind(), io::ErrorKind::NotFound);
        assert!(error.to_string().contains("store.db-claims"), "{error}");
    }
}
