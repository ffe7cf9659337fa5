//! What is wrong with a flag or a variable.

use crate::model::text::SafeText;

/// A value that can't be used: where it comes from, what is wrong, what to do.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{0}")]
pub struct ConfigError(SafeText<'static>);

impl ConfigError {
    pub(super) fn new(sentence: impl Into<SafeText<'static>>) -> Self {
        Self(sentence.into())
    }
}
