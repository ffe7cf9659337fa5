//! `resolve`: resolves an incident.

use super::ack;
use super::args::Resolve;
use super::context::Context;
use super::failure::Failure;
use crate::model::IncidentCommand;

/// Resolves one incident and prints the result, or its row as JSON.
pub async fn run(context: &mut Context, args: Resolve) -> Result<(), Failure> {
    let Resolve { incident, if_seq, action, detail, validation, json } = args;
    let ask = IncidentCommand::Resolve { action, detail, validation };
    ack::run_single(context, (incident, if_seq), ask, "resolved", json).await
}
