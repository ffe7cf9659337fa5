//! Creates a store in a temporary folder next to its final path, so that a complete store or none
//! exists under its name, also after a crash and on a full disk.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use tempfile::{TempDir, TempPath};

use super::connect::{parent_folder, with_suffix};
use super::open_error::OpenError;
use super::refusal::StoreRefusal;
use crate::files::resolve_links;

/// A store that is being created. It gets its name when it is committed; dropped before, it is
/// removed.
#[derive(Debug)]
pub struct NewStore {
    folder: TempDir,
    target: PathBuf,
}

impl NewStore {
    /// Begins a store for a path; `None` if there is a file already. Only its owner can read the
    /// store. A symbolic link is followed to its missing target.
    ///
    /// # Errors
    /// [`OpenError`] if there can't be a store at that path.
    pub fn begin(path: &Path) -> Result<Option<Self>, OpenError> {
        check_name(path)?;
        if path.exists() {
            return Ok(None);
        }
        let target = resolve_links(path).map_err(|error| create_error(path, error))?;
        let folder = parent_folder(&target);
        if !folder.is_dir() {
            if target != path {
                return Err(OpenError::MissingTarget { link: path.to_owned(), target });
            }
            let created = DirBuilder::new().recursive(true).mode(0o700).create(folder);
            created.map_err(|error| create_error(folder, error))?;
        }
        // A log that stayed behind would be replayed into the new file.
        for log in ["-wal", "-journal"].map(|suffix| with_suffix(&target, suffix)) {
            if log.metadata().is_ok_and(|metadata| metadata.len() > 0) {
                let path = path.to_owned();
                return Err(OpenError::refused(StoreRefusal::LogWithoutStore { path, log }));
            }
        }
        let draft = tempfile::Builder::new()
            .prefix(".redphone-new-")
            .permissions(Permissions::from_mode(0o700))
            .tempdir_in(folder)
            .map_err(|error| create_error(&target, error))?;
        let new = Self { folder: draft, target };
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(new.path());
        file.map_err(|error| create_error(&new.target, error))?;
        Ok(Some(new))
    }

    /// Returns the path under which the store is made.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        self.folder.path().join(self.target.file_name().unwrap_or_default())
    }

    /// Gives the store its name. All its connections must be closed. Returns `false` if another
    /// process has made a store under the name meanwhile; this one is dropped then.
    ///
    /// # Errors
    /// [`OpenError`] if it is not complete or can't be moved; then it is dropped too.
    pub fn commit(self) -> Result<bool, OpenError> {
        let made = self.path();
        let log = with_suffix(&made, "-wal");
        if log.metadata().is_ok_and(|metadata| metadata.len() > 0) {
            // Closing could not copy the log into the file.
            return Err(create_error(&self.target, io::ErrorKind::StorageFull.into()));
        }
        let failed = |error: io::Error| create_error(&self.target, error);
        File::open(&made).and_then(|file| file.sync_all()).map_err(failed)?;
        match TempPath::try_from_path(&made).map_err(failed)?.persist_noclobber(&self.target) {
            Ok(()) => {}
            Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => return Ok(false),
            // Some file systems can only rename.
            Err(error) if !self.target.exists() => {
                fs::rename(&error.path, &self.target).map_err(failed)?;
            }
            Err(error) => return Err(failed(error.error)),
        }
        let folder = File::open(parent_folder(&self.target));
        folder.and_then(|folder| folder.sync_all()).map_err(failed)?;
        Ok(true)
    }
}

/// Refuses a text that `SQLite` does not accept as the path of a file.
pub(super) fn check_name(path: &Path) -> Result<(), OpenError> {
    let name = path.as_os_str().as_encoded_bytes();
    let refusal = if name.is_empty() {
        StoreRefusal::NoName
    } else if name.starts_with(b":memory:") {
        StoreRefusal::InMemory(path.to_owned())
    } else if name.get(..5).is_some_and(|scheme| scheme.eq_ignore_ascii_case(b"file:")) {
        StoreRefusal::Uri(path.to_owned())
    } else {
        return Ok(());
    };
    Err(OpenError::refused(refusal))
}

/// Returns the error for a file or folder that can't be created.
fn create_error(target: &Path, source: io::Error) -> OpenError {
    let path = target.to_owned();
    OpenError::refused(match source.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            StoreRefusal::NoRoomToCreate { path, source }
        }
        io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::PermissionDenied => {
            StoreRefusal::FolderNotWritable { path, source }
        }
        io::ErrorKind::NotADirectory => StoreRefusal::ParentIsNoFolder(path),
        _ => StoreRefusal::NotCreated { path, source },
    })
}
