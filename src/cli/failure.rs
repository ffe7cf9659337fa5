//! How a command ends when it does not end well: one sentence and an exit code.

use std::io;

use crate::backend::BackendError;
use crate::backend::file::OpenError;
use crate::config::ConfigError;

/// Exit codes; of those up to the fourth, each is worse than the one before.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Exit {
    /// It was refused, or it failed.
    Failed = 1,
    /// The command line or a setting is wrong.
    Usage = 2,
    /// There is no such incident or store.
    NotFound = 3,
    /// The store can't be opened or does not answer; the same may work later.
    Unreachable = 4,
    /// What was asked has no answer yet: it is kept and will be sent.
    Queued = 5,
}

impl Exit {
    /// The worse of two: what is kept is done sooner or later.
    #[must_use]
    pub fn worse_of(self, other: Self) -> Self {
        match (self, other) {
            (Self::Queued, other) | (other, Self::Queued) => other,
            (one, other) => one.max(other),
        }
    }
}

/// Why a command did not do what it was asked for.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    /// The exit code.
    pub exit: Exit,
    /// One sentence without a full stop; empty where nobody is left to read it, or all is said.
    pub message: String,
    /// Lines that point at the place, shown below the sentence.
    pub snippet: Option<String>,
}

impl Failure {
    /// A failure with its sentence.
    pub fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self { exit, message: message.into(), snippet: None }
    }

    /// It was refused, or it failed.
    pub fn failed(message: impl Into<String>) -> Self {
        Self::new(Exit::Failed, message)
    }

    /// The command line is wrong.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, message)
    }

    /// All has been said already.
    #[must_use]
    pub fn silent(exit: Exit) -> Self {
        Self::new(exit, "")
    }

    /// The same with what it is about in front.
    #[must_use]
    pub fn with_prefix(mut self, what: &str) -> Self {
        self.message = format!("{what}: {}", self.message);
        self
    }
}

impl From<BackendError> for Failure {
    fn from(error: BackendError) -> Self {
        let exit = match &error {
            BackendError::NotFound(_) => Exit::NotFound,
            BackendError::Limited { .. } | BackendError::Unreachable(_) => Exit::Unreachable,
            BackendError::Rejected(_)
            | BackendError::Conflict(_)
            | BackendError::NotAllowed(_)
            | BackendError::Broken(_) => Exit::Failed,
        };
        Self::new(exit, error.to_string())
    }
}

impl From<OpenError> for Failure {
    fn from(error: OpenError) -> Self {
        let exit = match &error {
            OpenError::Missing(_) => Exit::NotFound,
            OpenError::Refused(_) => Exit::Unreachable,
        };
        Self::new(exit, error.to_string())
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self::usage(error.to_string())
    }
}

/// A write to standard output that failed. Whoever has closed it does not want to hear more.
pub fn output_failed(error: &io::Error) -> Failure {
    if error.kind() == io::ErrorKind::BrokenPipe {
        return Failure::silent(Exit::Failed);
    }
    Failure::failed(format!(
        "can't write to standard output: {}: make room or send it elsewhere",
        io_error_text(error)
    ))
}

/// What the system says, without its number.
pub fn io_error_text(error: &io::Error) -> String {
    let text = error.to_string();
    match text.find(" (os error") {
        Some(end) => text[..end].to_owned(),
        None => text,
    }
}
