//! The local store: one SQLite file that several processes may use at once.

pub mod doctor;
mod shim;

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::backend::BackendError;
use crate::backend::record::Record;
use crate::model::Rules;
use crate::model::directory::Directory;

/// How a store is opened.
#[derive(Clone, Debug)]
pub struct Options {
    /// The name for the state line, such as `local`.
    pub name: String,
    /// The rules in force.
    pub rules: Rules,
    /// Make the file and its folder where they are missing.
    pub create: bool,
    /// How long a lock of another process is waited for.
    pub patience: Duration,
}

/// An open store.
#[derive(Clone, Debug)]
pub struct FileStore {
    path: PathBuf,
}

/// Why a store can't be opened. Each sentence names the file and says what to do.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// No such file, and it was not to be made.
    #[error("{0}")]
    Missing(String),
    /// Anything else.
    #[error("{0}")]
    Refused(String),
}

/// A record that can't be taken in.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ImportError {
    /// The record is wrong: which field, and why. The import can go on without it.
    #[error("{field}: {problem}")]
    Bad {
        /// The field's name.
        field: String,
        /// What is wrong and what to do, as half a sentence.
        problem: String,
    },
    /// The store failed: nothing more can be added.
    #[error(transparent)]
    Store(#[from] BackendError),
}

/// What an import added.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Imported {
    /// Incidents.
    pub incidents: u64,
    /// Events.
    pub events: u64,
    /// Records of other kinds.
    pub others: u64,
    /// Events that were there already, word for word.
    pub known: u64,
}

/// Takes records into a store in one transaction. Dropped without [`Importer::commit`], nothing
/// of it stays.
#[derive(Debug)]
pub struct Importer {}

impl FileStore {
    /// Opens a store, and makes it where that is wanted.
    ///
    /// # Errors
    /// [`OpenError`], in a sentence that names the file.
    pub async fn open(path: &Path, options: Options) -> Result<Self, OpenError> {
        let _ = options;
        Ok(Self { path: path.to_owned() })
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Puts a directory in the place of the one there is.
    ///
    /// # Errors
    /// As any write.
    pub async fn set_directory(&self, directory: &Directory) -> Result<(), BackendError> {
        let _ = directory;
        Ok(())
    }

    /// Begins an import. Other writers wait until it ends.
    ///
    /// # Errors
    /// When the store can't be locked.
    pub async fn importer(&self) -> Result<Importer, BackendError> {
        Ok(Importer {})
    }

    /// Gives every record of one consistent state of the store to `sink`, the header first.
    ///
    /// # Errors
    /// [`BackendError`] of the store; an error of the sink as [`BackendError::Unreachable`].
    pub async fn export(
        &self,
        sink: &mut (dyn FnMut(&Record) -> std::io::Result<()> + Send),
    ) -> Result<u64, BackendError> {
        let _ = sink;
        Ok(0)
    }

    /// Writes what is in memory and closes the file.
    pub async fn close(self) {}
}

impl Importer {
    /// Takes in one record.
    ///
    /// # Errors
    /// [`ImportError::Bad`] leaves the import as it was before the record.
    pub async fn add(&mut self, record: Record) -> Result<(), ImportError> {
        let _ = record;
        Ok(())
    }

    /// Makes it all durable at once.
    ///
    /// # Errors
    /// When the store can't write; then nothing was added.
    pub async fn commit(self) -> Result<Imported, BackendError> {
        Ok(Imported::default())
    }
}
