//! Links of an incident: to another incident, an address, a problem or a change.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::ToSchema;

use super::id::{ChangeId, IncidentId, IncidentNumber, ProblemId};
use super::unknown::Foreign;

/// Links of an incident: to another incident, an address, a problem or a change.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case", remote = "Self")]
pub enum Link {
    /// The problem behind it.
    Problem {
        /// The id of the problem.
        id: ProblemId,
        /// Its title, for reading.
        title: String,
    },
    /// A change suspected of causing it.
    Change {
        /// The id of the change.
        id: ChangeId,
        /// Its title, for reading.
        title: String,
    },
    /// Another incident.
    Incident {
        /// The id of the incident.
        id: IncidentId,
        /// Its number, for reading.
        number: Option<IncidentNumber>,
    },
    /// A page elsewhere.
    Url(String),
    /// A link of a kind that a later version defines.
    #[serde(skip)]
    Unknown(Foreign),
}

impl Link {
    /// Returns whether both lead to the same incident, whatever number each has for reading; for
    /// links of another kind, whether they are equal.
    #[must_use]
    pub fn has_target_of(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Incident { id, .. }, Self::Incident { id: other, .. }) => id == other,
            _ => self == other,
        }
    }
}

impl Serialize for Link {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Unknown(foreign) => foreign.serialize(to),
            defined => Self::serialize(defined, to),
        }
    }
}

impl<'de> Deserialize<'de> for Link {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let defined = ["problem", "change", "incident", "url"];
        Foreign::read_enum(from, &defined, |value| Self::deserialize(value), Self::Unknown)
    }
}

impl fmt::Display for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Problem { title, .. } => write!(f, "problem {title}"),
            Self::Change { title, .. } => write!(f, "change {title}"),
            Self::Incident { number: Some(number), .. } => number.fmt(f),
            Self::Incident { number: None, id } => write!(f, "incident {id}"),
            Self::Url(url) => f.write_str(url),
            Self::Unknown(foreign) => f.write_str(foreign.text()),
        }
    }
}
