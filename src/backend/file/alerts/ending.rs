//! The end of an incident whose alerts are all resolved.

use crate::backend::IngestEffect;
use crate::model::{IncidentCommand, Status};

/// The end of an incident whose alerts are all resolved.
pub(super) struct Ending {
    pub command: IncidentCommand,
    pub effect: IngestEffect,
    pub because: String,
}

impl Ending {
    /// It is watched: moved to monitoring.
    pub(super) fn watched(because: String) -> Self {
        let command = IncidentCommand::MoveStatus { to: Status::Monitoring };
        Self { command, effect: IngestEffect::Monitoring, because }
    }
}
