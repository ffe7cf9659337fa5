//! Heartbeats, which a backend may have.

/// A backend has no heartbeats.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("this has no heartbeats: send them where the incidents are stored")]
pub struct NoHeartbeats;
