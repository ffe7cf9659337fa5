//! What an incident links to.

use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::id::{ChangeId, IncidentId, IncidentNumber, ProblemId};

/// What an incident links to.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Link {
    /// The problem behind it.
    Problem {
        /// Which.
        id: ProblemId,
        /// Its title, for reading.
        title: String,
    },
    /// A change suspected of causing it.
    Change {
        /// Which.
        id: ChangeId,
        /// Its title, for reading.
        title: String,
    },
    /// Another incident.
    Incident {
        /// Which.
        id: IncidentId,
        /// Its number, for reading.
        number: Option<IncidentNumber>,
    },
    /// A page elsewhere.
    Url(String),
}

impl fmt::Display for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Problem { title, .. } => write!(f, "problem {title}"),
            Self::Change { title, .. } => write!(f, "change {title}"),
            Self::Incident { number: Some(number), .. } => number.fmt(f),
            Self::Incident { number: None, id } => write!(f, "incident {id}"),
            Self::Url(url) => f.write_str(url),
        }
    }
}
