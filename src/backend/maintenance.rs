//! Maintenance windows, which a backend may have.

/// A backend has no maintenance windows.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("this has no maintenance windows: create them where the incidents are stored")]
pub struct NoMaintenance;
