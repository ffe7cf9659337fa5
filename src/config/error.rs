//! Errors of flags and variables.

use crate::model::text::SafeText;

/// A value that can't be used: its source, the error, the remedy.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{0}")]
pub struct ConfigError(SafeText<'static>);

impl ConfigError {
    pub(super) fn new(sentence: impl Into<SafeText<'static>>) -> Self {
        Self(sentence.into())
    }
}
