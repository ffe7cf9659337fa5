//! Names in an incident that the directory does not have.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The names in a row or record that the directory did not have when it was sent.
///
/// A directory without services, teams or people marks no names of that kind as unknown.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct UnknownNames {
    /// The affected services that are unknown.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub services: Vec<String>,
    /// The team, if it is unknown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub team: Option<String>,
    /// The handles of the people who are unknown: the assignee, and in a record everybody whom it
    /// names.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub people: Vec<String>,
}

impl UnknownNames {
    /// Returns whether the directory has all names.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.services.is_empty() && self.team.is_none() && self.people.is_empty()
    }
}
