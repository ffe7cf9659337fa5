//! A file that appears complete or not at all.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::failure::{Failure, io_error_text};

/// Writes to a temporary file next to the target, and replaces the target once all is on disk.
///
/// Only the owner can read the file. If it is dropped before [`AtomicFile::commit`], nothing
/// remains.
pub struct AtomicFile {
    target: PathBuf,
    writer: BufWriter<NamedTempFile>,
}

impl AtomicFile {
    /// Creates the temporary file for a target.
    pub fn create(target: &Path) -> Result<Self, Failure> {
        // A symbolic link is followed, so that it remains a link.
        let target = fs::canonicalize(target).unwrap_or_else(|_| target.to_owned());
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
        let folder = match target.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        let file = NamedTempFile::new_in(folder).map_err(|error| write_failure(&target, &error))?;
        Ok(Self { writer: BufWriter::with_capacity(256 * 1024, file), target })
    }

    /// Returns the path of the target.
    pub fn target(&self) -> &Path {
        &self.target
    }

    /// Makes the file durable and moves it to the target.
    pub fn commit(self) -> Result<(), Failure> {
        let Self { target, writer } = self;
        let finish = || -> io::Result<()> {
            let file = writer.into_inner().map_err(io::IntoInnerError::into_error)?;
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
        self.writer.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer.flush()
    }
}

/// Returns the failure for a file that can't be written.
pub fn write_failure(target: &Path, error: &io::Error) -> Failure {
    Failure::failed(format!(
        "can't write {}: {}: name another file or make room",
        target.display(),
        io_error_text(error)
    ))
}
