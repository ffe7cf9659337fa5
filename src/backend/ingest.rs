//! Alerts of other programs, which a backend may store.

pub use crate::model::alert::{IngestEffect, IngestOutcome};

/// A backend has no alerts.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("this stores no alerts: send them where the incidents are stored")]
pub struct NoIngest;
