//! The escalation policy of a team: levels that are called while nobody acknowledges.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::ToSchema;

use crate::model::priority::Priority;
use crate::model::unknown::Foreign;

/// An escalation policy: levels that are called one after another.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, ToSchema)]
pub struct Policy {
    /// The name of the team whose incidents follow the policy.
    pub team: String,
    /// The levels, from the first to the last one called.
    pub levels: Vec<PolicyLevel>,
    /// The unique name of the policy; absent if it is that of the team.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The services whose incidents follow it, whatever their team; all of the team if there are
    /// none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub services: Vec<String>,
    /// The priorities of the incidents that follow it; all if there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub priorities: Vec<Priority>,
    /// How often the levels are called again; absent if they are called once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repeat: Option<Repeat>,
    /// Whom to call once after the last round, its time counted from the start of that round.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_end: Option<PolicyLevel>,
}

/// The number of times that the levels of a policy are repeated while nobody acknowledges.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct Repeat {
    /// How many more times, from 1 to 99.
    pub times: u16,
    /// The time from the first call of a round to that of the next one, in seconds.
    pub every_s: i64,
}

/// One level of an escalation policy.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, ToSchema)]
pub struct PolicyLevel {
    /// The level is called this many seconds after the report, or after the priority was raised,
    /// unless somebody has acknowledged the
    /// incident by then.
    pub after_s: i64,
    /// The people whom the level calls.
    pub call: Vec<Target>,
    /// Whether it calls only one of them, in turn: each incident another one.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub round_robin: bool,
    /// Whether each person whom it calls must acknowledge, so that the others continue to be
    /// called.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub all_must_acknowledge: bool,
}

impl Policy {
    /// The most times that levels are called again.
    pub const MOST_REPEATS: u16 = 99;

    /// Returns the name by which the policy is found: its own one, or that of its team.
    #[must_use]
    pub fn key(&self) -> &str {
        self.name.as_deref().unwrap_or(&self.team)
    }

    /// Returns whether it holds for all incidents of its team.
    #[must_use]
    pub fn is_general(&self) -> bool {
        self.services.is_empty() && self.priorities.is_empty()
    }
}

/// A target of a level of an escalation policy.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case", remote = "Self")]
pub enum Target {
    /// The person on call for the team with this name.
    OnCall(String),
    /// The person with this handle.
    Person(String),
    /// The person on call by the schedule with this name.
    Schedule(String),
    /// All members of the team with this name.
    Team(String),
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
        Foreign::read_enum(from, &["on_call", "person", "schedule", "team"], read, Self::Unknown)
    }
}
