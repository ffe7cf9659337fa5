//! The content of evidence, which a backend may have.

/// A backend has no evidence.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("this has no evidence: ask where the incidents are stored, with a version that has it")]
pub struct NoEvidence;

/// There is no such evidence.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("there is no such evidence: it may have been redacted")]
pub struct MissingEvidence;
