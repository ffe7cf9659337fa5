//! The escalation policy of a team: levels that are called while nobody acknowledges.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// An escalation policy: levels that are called one after another.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct Policy {
    /// The name of the team whose incidents follow the policy.
    pub team: String,
    /// The levels, from the first to the last one called.
    pub levels: Vec<PolicyLevel>,
}

/// One level of an escalation policy.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct PolicyLevel {
    /// The level is called this many seconds after the report, unless somebody has acknowledged the
    /// incident by then.
    pub after_s: i64,
    /// The people whom the level calls.
    pub call: Vec<Target>,
}

/// A person whom a level of an escalation policy calls.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// Whoever is on call for the team with this name.
    OnCall(String),
    /// The person with this handle.
    Person(String),
}
