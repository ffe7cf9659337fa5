//! The actor of an event: a person, or an integration by name.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::ToSchema;

use super::unknown::{Foreign, is_exact};

/// A reference to a person. The handle identifies the person; the name is shown.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize, ToSchema)]
pub struct PersonRef {
    /// Short unique name, such as `ines`.
    pub handle: String,
    /// Full name, such as `Ines Moreau`.
    pub name: String,
}

impl PersonRef {
    /// Creates a reference to a person from a handle and a full name.
    pub fn new(handle: impl Into<String>, name: impl Into<String>) -> Self {
        Self { handle: handle.into(), name: name.into() }
    }
}

/// The actor of an event.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case", remote = "Self")]
pub enum Actor {
    /// A person of the company.
    Person(PersonRef),
    /// A program, such as `Alertmanager`.
    Integration(String),
    /// An actor of a kind that a later version defines.
    #[serde(skip)]
    Unknown(Foreign),
}

impl Serialize for Actor {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Unknown(foreign) => foreign.serialize(to),
            defined => Self::serialize(defined, to),
        }
    }
}

impl<'de> Deserialize<'de> for Actor {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        if is_exact() {
            return Self::deserialize(from);
        }
        let read = |value: &_| Self::deserialize(value);
        Foreign::read_enum(from, &["person", "integration"], read, Self::Unknown)
    }
}

impl Actor {
    /// Returns the name to show: the person's full name, or the name of the integration. For an
    /// actor of a kind that a later version defines, it is the part that can be read.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Person(person) => &person.name,
            Self::Integration(name) => name,
            Self::Unknown(foreign) => foreign.text(),
        }
    }

    /// Returns the person, or `None` for an integration and for an actor of a later version.
    #[must_use]
    pub fn person(&self) -> Option<&PersonRef> {
        match self {
            Self::Person(person) => Some(person),
            Self::Integration(_) | Self::Unknown(_) => None,
        }
    }
}
