//! Reasons why the person's own editor gives no text.

use std::io;
use std::process::ExitStatus;

/// A shell exits with this plus the signal's number if the program it ran was killed.
const SIGNAL_STATUS_BASE: i32 = 128;

/// The reason why the editor gives no text. Displayed as a sentence, not sanitized.
#[derive(Debug, thiserror::Error)]
pub enum EditorError {
    /// The temporary file can't be created.
    #[error("no file for the editor can be made: {0}")]
    NoFile(#[source] io::Error),
    /// The text can't be written to the temporary file.
    #[error("the editor's file can't be written: {0}")]
    NotWritten(#[source] io::Error),
    /// The shell that runs the editor can't be started.
    #[error("the editor can't be started: {0}")]
    NotStarted(#[source] io::Error),
    /// The editor ended and reported a failure.
    #[error("{editor} ended with {status}: the text is as it was")]
    Failed {
        /// The editor's command line, as the environment has it.
        editor: String,
        /// The status with which the shell ended.
        status: ExitStatus,
    },
    /// This program was stopped while the editor ran.
    #[error("the editor was stopped")]
    Stopped,
    /// The terminal was closed while the editor ran.
    #[error("the terminal is gone")]
    TerminalClosed,
    /// The temporary file can't be read after the editor has ended.
    #[error("what the editor wrote can't be read: {0}")]
    Unreadable(#[source] io::Error),
}

impl EditorError {
    /// Returns whether the text in the file is used nevertheless: nobody chose to discard it.
    #[must_use]
    pub fn text_counts(&self) -> bool {
        match self {
            Self::Failed { status, .. } => {
                status.code().is_none_or(|code| code > SIGNAL_STATUS_BASE)
            }
            Self::Stopped | Self::TerminalClosed => true,
            Self::NoFile(_) | Self::NotWritten(_) | Self::NotStarted(_) | Self::Unreadable(_) => {
                false
            }
        }
    }
}
