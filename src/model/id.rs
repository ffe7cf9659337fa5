//! Identifiers: newtypes over UUID v7.
//!
//! An id is created on the machine where the record is created, which also works offline.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::text::sanitize;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize, ToSchema)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl $name {
            /// Creates a new identifier. Identifiers sort by the time of their creation (UUID v7).
            #[must_use]
            #[allow(clippy::new_without_default, reason = "a fresh id is not a default value")]
            pub fn new() -> Self {
                Self(Uuid::now_v7())
            }

            /// Returns the 16 bytes, most significant first.
            #[must_use]
            pub fn as_bytes(&self) -> &[u8; 16] {
                self.0.as_bytes()
            }

            /// Creates an identifier from exactly 16 bytes; `None` for any other length.
            #[must_use]
            pub fn from_slice(bytes: &[u8]) -> Option<Self> {
                Uuid::from_slice(bytes).ok().map(Self)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }
    };
}

id! {
    /// The id of an incident, which no other incident has on any machine.
    IncidentId
}

impl IncidentId {
    /// The id of no incident.
    pub const NONE: Self = Self(Uuid::nil());
}

id! {
    /// The id of an event, which is an entry of a timeline.
    EventId
}
id! {
    /// The id of a command. Commands with the same id are the same command, sent again.
    CommandId
}
id! {
    /// The id of a change, which is a planned modification.
    ChangeId
}
id! {
    /// The id of a problem, which is the underlying cause of incidents.
    ProblemId
}

id! {
    /// The id of a request for cover of a shift.
    CoverId
}

id! {
    /// The id of an address of a calendar, which is no secret.
    CalendarLinkId
}

impl EventId {
    /// Returns the id of the `index`-th event that a command leads to.
    ///
    /// It is derived from the command's id, so that deciding stays pure and a replay makes the same
    /// events.
    #[must_use]
    pub fn derived(command: CommandId, index: usize) -> Self {
        let step = u128::try_from(index).unwrap_or(0).wrapping_add(1);
        Self(Uuid::from_u128(command.0.as_u128().wrapping_add(step)))
    }
}

/// The number of an incident that people use, shown as `INC-2041`. The store assigns ascending
/// numbers in the order in which it records incidents.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize, ToSchema,
)]
#[serde(transparent)]
pub struct IncidentNumber(pub u64);

impl fmt::Display for IncidentNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "INC-{}", self.0)
    }
}

/// The error for a text that is not an incident number.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{:?} is not an incident number: write it as INC-2041 or 2041", sanitize(.0))]
pub struct InvalidNumber(pub String);

impl FromStr for IncidentNumber {
    type Err = InvalidNumber;

    /// Parses `INC-2041`, `inc2041`, `#2041` and `2041`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let trimmed = text.trim();
        let digits = match trimmed.get(..3) {
            Some(head) if head.eq_ignore_ascii_case("inc") => trimmed[3..].trim_start_matches('-'),
            _ => trimmed.trim_start_matches('#'),
        };
        match digits.parse::<u64>() {
            Ok(number) if number > 0 && digits.bytes().all(|b| b.is_ascii_digit()) => {
                Ok(Self(number))
            }
            _ => Err(InvalidNumber(text.chars().take(40).collect())),
        }
    }
}

/// Names an incident by number or id.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum IncidentRef {
    /// By its number, such as `INC-12`.
    Number(IncidentNumber),
    /// By its id, a UUID.
    Id(IncidentId),
}

impl fmt::Display for IncidentRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Id(id) => id.fmt(f),
        }
    }
}

impl FromStr for IncidentRef {
    type Err = InvalidNumber;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Ok(id) = text.trim().parse() {
            return Ok(Self::Id(id));
        }
        text.parse().map(Self::Number)
    }
}
