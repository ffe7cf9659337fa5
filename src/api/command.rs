//! Commands on the wire. They do not name the requester, who follows from the token.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Details;
use crate::backend::Outcome;
use crate::model::{Actor, Command, CommandId, Envelope};

/// Highest number of commands in one request.
pub const MAX_COMMANDS: usize = 500;

/// One command.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Order {
    /// Made once; a replay carries it again.
    pub id: CommandId,
    /// When it was asked for, by the clock of whoever asks.
    pub at: DateTime<Utc>,
    /// What for.
    pub command: Command,
    /// The handle of whom the asker takes the token to be of. A token of somebody else does not carry
    /// it out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_person: Option<String>,
}

impl Order {
    /// Makes the envelope that a backend executes, with the actor of the token.
    #[must_use]
    pub fn into_envelope(self, actor: Actor) -> Envelope {
        Envelope { id: self.id, at: self.at, actor, command: self.command }
    }
}

impl From<Envelope> for Order {
    fn from(envelope: Envelope) -> Self {
        Self { id: envelope.id, at: envelope.at, command: envelope.command, as_person: None }
    }
}

/// Commands, carried out in their order; what follows a refusal is carried out all the same.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Orders {
    /// From 1 to [`MOST`].
    #[allow(rustdoc::broken_intra_doc_links, reason = "the text is part of the OpenAPI document")]
    #[schema(min_items = 1, max_items = 500)]
    pub commands: Vec<Order>,
}

/// What became of each, in the same order.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct Answers {
    /// As many as there were commands.
    pub answers: Vec<Answered>,
}

/// What became of one command.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Answered {
    /// It was carried out, now or before.
    Done {
        /// Which.
        id: CommandId,
        /// What it led to.
        outcome: Box<Outcome>,
    },
    /// It was not.
    Refused {
        /// Which.
        id: CommandId,
        /// Why.
        details: Box<Details>,
    },
}
