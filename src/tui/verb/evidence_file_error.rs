//! Reasons why a file can't be attached.

use std::io;

use tokio::task::JoinError;

/// The reason why a file can't be attached. Displayed as half a sentence that follows its name, not
/// sanitized.
#[derive(Debug, thiserror::Error)]
pub enum EvidenceFileError {
    /// The system does not let it be read.
    #[error("{0}")]
    Unreadable(#[from] io::Error),
    /// The path starts in the home folder, and there is none.
    #[error("there is no home folder: write the full path")]
    NoHome,
    /// It is a folder, a pipe or a device.
    #[error("it is no file")]
    NotAFile,
    /// It has no content.
    #[error("it is empty: there is nothing to attach")]
    Empty,
    /// It has more content than evidence may have.
    #[error("it is longer than 1 MiB: attach a part of it")]
    TooLarge,
    /// The task that read the file panicked, which is a bug of the program.
    #[error("reading it failed")]
    Panicked(#[source] JoinError),
}
