//! A file that is there whole or not at all.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::failure::{Failure, io_error_text};
use crate::model::text::sanitize;

/// What is written goes to a file beside the target, readable by its owner alone, and takes the
/// target's place once it is on disk. Dropped before [`WholeFile::done`], nothing stays.
pub struct AtomicFile {
    target: PathBuf,
    to: BufWriter<NamedTempFile>,
}

impl AtomicFile {
    /// Begins a file.
    pub fn create(target: &Path) -> Result<Self, Failure> {
        // A link is followed, so that it stays one.
        let target = fs::canonicalize(target).unwrap_or_else(|_| target.to_owned());
        match fs::metadata(&target) {
            Ok(meta) if meta.is_dir() => {
                return Err(Failure::failed(format!(
                    "{} is a folder: name a file in it",
                    display_path(&target)
                )));
            }
            Ok(meta) if !meta.is_file() => {
                return Err(Failure::failed(format!(
                    "{} is no file: write to standard output instead, with -",
                    display_path(&target)
                )));
            }
            _ => {}
        }
        let folder = match target.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        let file = NamedTempFile::new_in(folder).map_err(|error| write_failure(&target, &error))?;
        Ok(Self { to: BufWriter::with_capacity(256 * 1024, file), target })
    }

    /// Where it will be.
    pub fn target(&self) -> &Path {
        &self.target
    }

    /// Makes it durable and puts it in its place.
    pub fn commit(self) -> Result<(), Failure> {
        let Self { target, to } = self;
        let finish = || -> io::Result<()> {
            let file = to.into_inner().map_err(io::IntoInnerError::into_error)?;
            file.as_file().sync_all()?;
            file.persist(&target).map_err(|error| error.error)?;
            if let Some(folder) = target.parent().filter(|f| !f.as_os_str().is_empty()) {
                File::open(folder)?.sync_all()?;
            }
            Ok(())
        };
        finish().map_err(|error| write_failure(&target, &error))
    }
}

impl Write for AtomicFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.to.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

/// Why a file can't be written.
pub fn write_failure(target: &Path, error: &io::Error) -> Failure {
    Failure::failed(format!(
        "can't write {}: {}: name another file or make room",
        display_path(target),
        io_error_text(error)
    ))
}

/// A path, safe to show.
pub fn display_path(path: &Path) -> String {
    sanitize(&path.to_string_lossy()).into_owned()
}
