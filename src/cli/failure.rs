//! The failure of a command: one sentence and an exit code.

use std::io;

use crate::backend::BackendError;
use crate::backend::file::OpenError;
use crate::config::ConfigError;
use crate::model::text::SafeText;

pub(crate) use crate::files::io_error_text;

/// Exit codes. The first four are ordered: each is worse than the one before.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Exit {
    /// The command was refused, or it failed.
    Failed = 1,
    /// The command line or a setting is wrong.
    Usage = 2,
    /// The incident or the store does not exist.
    NotFound = 3,
    /// The store can't be opened, or the API does not answer; the same may work later.
    Unreachable = 4,
    /// The command has no answer yet: it waits in the outbox and will be sent.
    Queued = 5,
}

impl Exit {
    /// Returns the worse of two codes. A queued command is the least bad, as it will be executed.
    #[must_use]
    pub fn worse_of(self, other: Self) -> Self {
        match (self, other) {
            (Self::Queued, other) | (other, Self::Queued) => other,
            (one, other) => one.max(other),
        }
    }
}

/// The reason why a command failed.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    /// The code with which the program exits.
    pub exit: Exit,
    /// One sentence without a full stop; empty if everything was reported already.
    pub message: SafeText<'static>,
    /// Lines below the sentence that show the input and mark the error in it.
    pub snippet: Vec<SafeText<'static>>,
    /// The reason why standard output can't be written, if that is the failure.
    pub output_error: Option<SafeText<'static>>,
}

impl Failure {
    /// Creates a failure from an exit code and a sentence.
    pub fn new(exit: Exit, message: impl Into<SafeText<'static>>) -> Self {
        Self { exit, message: message.into(), snippet: Vec::new(), output_error: None }
    }

    /// Creates a failure with the code [`Exit::Failed`].
    pub fn failed(message: impl Into<SafeText<'static>>) -> Self {
        Self::new(Exit::Failed, message)
    }

    /// Creates a failure with the code [`Exit::Usage`]: the command line is wrong.
    pub fn usage(message: impl Into<SafeText<'static>>) -> Self {
        Self::new(Exit::Usage, message)
    }

    /// Creates a failure without a message: everything was reported already.
    #[must_use]
    pub fn silent(exit: Exit) -> Self {
        Self::new(exit, "")
    }

    /// Prefixes the message with its subject.
    #[must_use]
    pub fn with_prefix(mut self, prefix: &str) -> Self {
        self.message = format!("{prefix}: {}", self.message).into();
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
            OpenError::Missing(_) | OpenError::MissingTarget { .. } => Exit::NotFound,
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

/// Returns the failure of a write to standard output.
///
/// It is silent when the reader has closed the pipe.
pub fn output_failed(error: &io::Error) -> Failure {
    let reason = io_error_text(error);
    let failure = if error.kind() == io::ErrorKind::BrokenPipe {
        Failure::silent(Exit::Failed)
    } else {
        Failure::failed(format!(
            "can't write to standard output: {reason}: make room or send it elsewhere"
        ))
    };
    Failure { output_error: Some(reason.into()), ..failure }
}
