//! Commands on the wire. They do not name the requester, who follows from the token.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Details;
use crate::backend::Outcome;
use crate::model::{Actor, Command, CommandId, Envelope};

/// Highest number of commands in one request.
pub const MAX_COMMANDS: usize = 500;

/// A command as a client sends it. Its actor is not part of it: the token determines the actor.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Order {
    /// The id of the command. A client that sends a command again uses the same id, so that the
    /// command takes effect only once.
    pub id: CommandId,
    /// When the command was requested, by the clock of the requester.
    pub at: DateTime<Utc>,
    /// The command, with its arguments.
    pub command: Command,
    /// The sequence number of the last event of the incident that the requester has seen (`seq` of
    /// its row); 0 for an incident that must not exist yet. If the incident has changed since, the
    /// command is refused with the code `changed_meanwhile`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected_seq: Option<u32>,
    /// Whether services and teams that the directory does not have are meant. Without it, a command of a
    /// person that names one is refused; a program may name them.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub accept_unknown: bool,
    /// The handle of the person to whom the token belongs, as far as known to the requester. The
    /// server refuses the command if the token belongs to somebody else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_person: Option<String>,
}

impl Order {
    /// Creates the envelope that a backend executes, with the actor of the token.
    #[must_use]
    pub fn into_envelope(self, actor: Actor) -> Envelope {
        Envelope {
            id: self.id,
            at: self.at,
            actor,
            command: self.command,
            expected_seq: self.expected_seq,
        }
    }
}

impl From<Envelope> for Order {
    fn from(envelope: Envelope) -> Self {
        let Envelope { id, at, command, expected_seq, .. } = envelope;
        Self { id, at, command, expected_seq, accept_unknown: false, as_person: None }
    }
}

/// Commands that are carried out in their order. A refused command does not prevent the commands
/// after it from being carried out.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Orders {
    /// From 1 to 500 commands.
    #[schema(min_items = 1, max_items = 500)]
    pub commands: Vec<Order>,
}

/// The outcomes of the commands of a request, in the order of the commands.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct Answers {
    /// One outcome for each command.
    pub answers: Vec<Answered>,
    /// How many of the commands were not carried out.
    #[serde(default)]
    pub refused: u32,
}

impl Answers {
    /// Returns the response with these outcomes.
    #[must_use]
    pub fn new(answers: Vec<Answered>) -> Self {
        let refused = answers.iter().filter(|a| matches!(a, Answered::Refused { .. })).count();
        Self { answers, refused: u32::try_from(refused).unwrap_or(u32::MAX) }
    }
}

/// The outcome of one command.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Answered {
    /// The command was carried out, by this request or by an earlier one.
    Done {
        /// The id of the command.
        id: CommandId,
        /// The result of the command: its events, and the row of its incident.
        outcome: Box<Outcome>,
    },
    /// The command was refused, or the backend failed while it carried out the command.
    Refused {
        /// The id of the command.
        id: CommandId,
        /// The kind of error, and a sentence with a remedy.
        details: Box<Details>,
    },
}
