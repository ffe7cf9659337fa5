//! What a backend is asked for: commands, each in an envelope with its id, requester and time.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{CommandKind, IncidentCommand, record_change, record_problem};
use crate::model::actor::Actor;
use crate::model::change::Change;
use crate::model::id::{CommandId, IncidentId};
use crate::model::problem::Problem;

/// A command with its requester and its time. Two envelopes with one id are the same request.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Envelope {
    /// The id of the request, created once; a retry carries the same id.
    pub id: CommandId,
    /// When the request was made, by the clock of the requester's machine.
    pub at: DateTime<Utc>,
    /// The person or program that makes the request.
    pub actor: Actor,
    /// The change that is requested.
    pub command: Command,
    /// The sequence number that the last event of the incident must have; 0 for an incident that
    /// does not exist yet. The command is refused if there are later events.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected_seq: Option<u32>,
}

/// A request to change something in a backend.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// A command about one incident.
    Incident {
        /// The id of the incident; for a declaration, the id that it will have.
        incident: IncidentId,
        /// The command about that incident.
        #[serde(rename = "ask")]
        command: IncidentCommand,
    },
    /// Record a change, or its new state.
    RecordChange(Change),
    /// Record a problem, or its new state.
    RecordProblem(Problem),
}

impl Command {
    /// Which kind it is.
    #[must_use]
    pub fn kind(&self) -> CommandKind {
        match self {
            Self::Incident { command, .. } => command.kind(),
            Self::RecordChange(_) => CommandKind::RecordChange,
            Self::RecordProblem(_) => CommandKind::RecordProblem,
        }
    }

    /// Returns the command as a phrase, such as "acknowledge"; the incident's number follows it.
    #[must_use]
    pub fn phrase(&self) -> &'static str {
        match self {
            Self::Incident { command, .. } => command.with_logic(|logic| logic.phrase()),
            Self::RecordChange(_) => record_change::PHRASE,
            Self::RecordProblem(_) => record_problem::PHRASE,
        }
    }

    /// Returns what was typed or chosen; empty if the phrase says everything. The text is not
    /// sanitized.
    #[must_use]
    pub fn content(&self) -> String {
        match self {
            Self::Incident { command, .. } => command.with_logic(|logic| logic.content()),
            Self::RecordChange(change) => change.title.clone(),
            Self::RecordProblem(problem) => problem.title.clone(),
        }
    }
}
