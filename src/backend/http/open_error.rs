//! Reasons why an API client can't be created.

use crate::model::text::SafeText;

/// The reason why an API client can't be created, as a sentence.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{0}")]
pub struct OpenError(SafeText<'static>);

impl OpenError {
    pub(super) fn new(sentence: impl Into<SafeText<'static>>) -> Self {
        Self(sentence.into())
    }
}
