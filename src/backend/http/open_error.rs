//! Why an API client can't be created.

/// Why an API client can't be created, as a sentence.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{0}")]
pub struct OpenError(pub(super) String);
