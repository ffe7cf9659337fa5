//! A file that appears complete or not at all.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use super::failure::{Failure, io_error_text};
use crate::files::{Replacement, resolve_links};

/// Writes to a temporary file next to the target, and replaces the target once all is on disk.
///
/// Only the owner can read a new file; one that is replaced keeps its owner, group and mode. If it
/// is dropped before [`AtomicFile::commit`], nothing remains.
pub struct AtomicFile(Replacement);

impl AtomicFile {
    /// Creates the temporary file for a target.
    pub fn create(target: &Path) -> Result<Self, Failure> {
        let file = Self::create_private(target)?;
        file.0.copy_access().map_err(|error| write_failure(file.target(), &error))?;
        Ok(file)
    }

    /// Creates the temporary file for a target with a secret, which only its owner can read,
    /// whatever the mode of an existing file.
    pub fn create_private(target: &Path) -> Result<Self, Failure> {
        // A symbolic link is followed, so that it remains a link, also to a missing file.
        let target = resolve_links(target).map_err(|error| write_failure(target, &error))?;
        match fs::metadata(&target) {
            Ok(meta) if meta.is_dir() => {
                return Err(Failure::failed(format!(
                    "{} is a folder: name a file in it",
                    target.display()
                )));
            }
            Ok(meta) if !meta.is_file() => {
                return Err(Failure::failed(format!(
                    "{} is no file: write to standard output instead, with -",
                    target.display()
                )));
            }
            _ => {}
        }
        Replacement::begin(&target).map(Self).map_err(|error| write_failure(&target, &error))
    }

    /// Returns the path of the target.
    pub fn target(&self) -> &Path {
        self.0.target()
    }

    /// Makes the file durable and moves it to the target.
    pub fn commit(self) -> Result<(), Failure> {
        let target = self.target().to_owned();
        self.0.commit().map_err(|error| write_failure(&target, &error))
    }

    /// Makes the file durable and moves it to the target, unless another program has made that meanwhile
    /// and it is not to be replaced.
    pub fn commit_with(self, force: bool) -> Result<(), Failure> {
        if force {
            return self.commit();
        }
        let target = self.target().to_owned();
        self.0.commit_new().map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => exists(&target),
            _ => write_failure(&target, &error),
        })
    }

    /// Makes the file durable under another name in the same folder. Fails if there is such a file.
    pub fn commit_as(mut self, name: &Path) -> Result<(), Failure> {
        self.0.rename_target(name.to_owned());
        self.0.commit_new().map_err(|error| write_failure(name, &error))
    }
}

impl Write for AtomicFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// Refuses a target that is a file already, unless it is to be replaced.
pub fn refuse_existing(target: &Path, force: bool) -> Result<(), Failure> {
    if target.is_file() && !force { Err(exists(target)) } else { Ok(()) }
}

fn exists(target: &Path) -> Failure {
    Failure::failed(format!(
        "{} exists: name another file, or give --force to replace it",
        target.display()
    ))
}

/// Returns the failure for a file that can't be written.
pub fn write_failure(target: &Path, error: &io::Error) -> Failure {
    Failure::failed(format!(
        "can't write {}: {}: name another file or make room",
        target.display(),
        io_error_text(error)
    ))
}
