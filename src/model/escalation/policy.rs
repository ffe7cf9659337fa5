//! The escalation policy of a team: levels that are called while nobody acknowledges.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Levels that are called one after another.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct Policy {
    /// The team it is for.
    pub team: String,
    /// From the first to the last.
    pub levels: Vec<PolicyLevel>,
}

/// One level.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct PolicyLevel {
    /// Called this many seconds after the report, if nobody has acknowledged by then.
    pub after_s: i64,
    /// Who is called.
    pub call: Vec<Target>,
}

/// Who is called.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// Whoever is on call for a team.
    OnCall(String),
    /// A person, by handle.
    Person(String),
}
