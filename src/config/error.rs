//! What is wrong with a flag or a variable.

/// A value that can't be used: where it comes from, what is wrong, what to do.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{0}")]
pub struct ConfigError(pub(super) String);
