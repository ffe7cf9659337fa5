//! Who did something: a person, or an integration by name.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

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
#[serde(rename_all = "snake_case")]
pub enum Actor {
    /// A person of the company.
    Person(PersonRef),
    /// A program, such as `Alertmanager`.
    Integration(String),
}

impl Actor {
    /// Returns the name to show: the person's full name, or the name of the integration.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Person(person) => &person.name,
            Self::Integration(name) => name,
        }
    }

    /// Returns the person, or `None` for an integration.
    #[must_use]
    pub fn person(&self) -> Option<&PersonRef> {
        match self {
            Self::Person(person) => Some(person),
            Self::Integration(_) => None,
        }
    }
}
