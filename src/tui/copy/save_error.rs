//! Reasons why evidence can't be saved as a file.

use std::io;

use tokio::task::JoinError;

use crate::backend::BackendError;
use crate::model::bad_field::BadField;

/// The reason why evidence can't be saved. Displayed as half a sentence that follows its name, not
/// sanitized.
#[derive(Debug, thiserror::Error)]
pub enum SaveEvidenceError {
    /// Its content can't be read.
    #[error(transparent)]
    NotRead(BackendError),
    /// Its content is damaged.
    #[error("it is damaged ({0})")]
    Damaged(BadField),
    /// The file can't be written.
    #[error("{0}")]
    Unwritable(#[from] io::Error),
    /// The task that wrote the file panicked, which is a bug of the program.
    #[error("writing it failed")]
    Panicked(#[source] JoinError),
}
