//! The escalation policy of a team: levels that are called while nobody acknowledges.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::ToSchema;

use crate::model::unknown::Foreign;

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
#[serde(rename_all = "snake_case", remote = "Self")]
pub enum Target {
    /// Whoever is on call for the team with this name.
    OnCall(String),
    /// The person with this handle.
    Person(String),
    /// A target of a kind that a later version defines. This version calls nobody for it.
    #[serde(skip)]
    Unknown(Foreign),
}

impl Serialize for Target {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Unknown(foreign) => foreign.serialize(to),
            defined => Self::serialize(defined, to),
        }
    }
}

impl<'de> Deserialize<'de> for Target {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let read = |value: &_| Self::deserialize(value);
        Foreign::read_enum(from, &["on_call", "person"], read, Self::Unknown)
    }
}
