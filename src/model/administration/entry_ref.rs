//! References to entries of the directory.

use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::model::text::sanitize;

/// The kinds of entries of the directory.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum EntryKind {
    /// Somebody who can be assigned to an incident; named by the handle.
    Person,
    /// A team; named by its name.
    Team,
    /// A service; named by its name.
    Service,
    /// An on-call schedule; named by its own name, or else by its team.
    Schedule,
    /// An escalation policy; named by its own name, or else by its team.
    Policy,
}

impl EntryKind {
    /// All kinds, in the order of the directory.
    pub const ALL: [Self; 5] =
        [Self::Person, Self::Team, Self::Service, Self::Schedule, Self::Policy];

    /// Returns the singular noun for the kind of entry.
    #[must_use]
    pub const fn singular(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Team => "team",
            Self::Service => "service",
            Self::Schedule => "schedule",
            Self::Policy => "policy",
        }
    }

    /// Returns the plural noun for the kind of entry: the name of its list in the directory, in the
    /// settings file, in paths and on the command line.
    #[must_use]
    pub const fn plural(self) -> &'static str {
        match self {
            Self::Person => "people",
            Self::Team => "teams",
            Self::Service => "services",
            Self::Schedule => "schedules",
            Self::Policy => "policies",
        }
    }

    /// Returns the name of the field by which an entry is identified.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::Person => "handle",
            Self::Team | Self::Service => "name",
            Self::Schedule | Self::Policy => "team",
        }
    }
}

impl fmt::Display for EntryKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.singular())
    }
}

/// Names an entry of the directory. Displayed as `the team "payments"`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct EntryRef {
    /// The kind of the entry.
    pub kind: EntryKind,
    /// The handle of the person, the name of the team or service, or the team of the schedule or
    /// policy.
    pub name: String,
}

impl EntryRef {
    /// Creates a reference to an entry.
    pub fn new(kind: EntryKind, name: impl Into<String>) -> Self {
        Self { kind, name: name.into() }
    }
}

impl fmt::Display for EntryRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the {} {:?}", self.kind, sanitize(&self.name))
    }
}
