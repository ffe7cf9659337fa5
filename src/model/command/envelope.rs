//! Commands for a backend, each in an envelope with its id, requester and time.

use chrono::{DateTime, TimeDelta, Utc};
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
    /// does not exist yet. The command is refused if there are later events. For a problem it is the
    /// revision that it must have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected_seq: Option<u32>,
}

impl Envelope {
    /// Corrects the times that the clock of the requester's machine made: `offset` is the time of
    /// the backend minus that of this machine.
    ///
    /// These are the time of the request, and those times of the command that have a fraction finer
    /// than a millisecond, which a clock has just given. A time that a person typed has full
    /// seconds, and one that a backend recorded has full milliseconds: they stay.
    pub fn correct_clock(&mut self, offset: TimeDelta) {
        let shifted = |at: DateTime<Utc>| at.checked_add_signed(offset).unwrap_or(at);
        let correct = |at: &mut DateTime<Utc>| {
            if is_of_clock(*at) {
                *at = shifted(*at);
            }
        };
        self.at = shifted(self.at);
        match &mut self.command {
            Command::Incident { command, .. } => match command {
                IncidentCommand::Declare(declaration) => {
                    correct(&mut declaration.reported_at);
                    correct(&mut declaration.detected_at);
                    // A typed time may be after the corrected report.
                    declaration.detected_at = declaration.detected_at.min(declaration.reported_at);
                }
                IncidentCommand::Snooze { until } => correct(until),
                IncidentCommand::SetExpectedRecovery { at: Some(at) }
                | IncidentCommand::SetImpactBegan { at: Some(at) } => correct(at),
                IncidentCommand::UpdateStakeholders { next_due: Some(due), .. } => correct(due),
                _ => {}
            },
            Command::RecordChange(change) => {
                correct(&mut change.starts_at);
                if let Some(ends_at) = &mut change.ends_at {
                    correct(ends_at);
                }
            }
            Command::RecordProblem(problem) => correct(&mut problem.opened_at),
        }
    }
}

/// Returns whether a time was just read from a clock: it is more precise than the times that people
/// type and backends record.
fn is_of_clock(at: DateTime<Utc>) -> bool {
    !at.timestamp_subsec_nanos().is_multiple_of(1_000_000)
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
        /// The command that this one undoes. A backend then also restores fields that that command
        /// changed and this one alone would not restore, such as the time and the person of an
        /// earlier move.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        undoes: Option<CommandId>,
        /// The reason why the command is given, for corrections of an incident that is resolved or
        /// closed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        because: Option<String>,
    },
    /// Record a change, or its new state.
    RecordChange(Change),
    /// Record a problem, or its new state.
    RecordProblem(Problem),
}

impl Command {
    /// Creates a command about one incident that undoes nothing and gives no reason.
    #[must_use]
    pub fn incident(incident: IncidentId, command: IncidentCommand) -> Self {
        Self::Incident { incident, command, undoes: None, because: None }
    }

    /// Returns the kind.
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

    /// Returns the typed or chosen values; empty if the phrase is complete without them. The text
    /// is not sanitized.
    #[must_use]
    pub fn content(&self) -> String {
        match self {
            Self::Incident { command, .. } => command.with_logic(|logic| logic.content()),
            Self::RecordChange(change) => change.title.clone(),
            Self::RecordProblem(problem) => problem.title.clone(),
        }
    }
}
