//! Labels and roles of an incident, as its row has them for filters.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::actor::PersonRef;
use super::status::Role;

/// The labels of an incident and who has a role in it, besides the assignee. They are those of the
/// record.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct Attributes {
    /// The labels.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<String>,
    /// The roles with the people who have them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<RoleOf>,
}

/// A role and the person who has it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct RoleOf {
    /// The role.
    pub role: Role,
    /// The person who has it.
    pub person: PersonRef,
}

impl Attributes {
    /// Returns whether the incident has neither labels nor roles.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty() && self.roles.is_empty()
    }

    /// Makes them these labels and roles.
    pub(super) fn set(&mut self, labels: &[String], roles: &[(Role, PersonRef)]) {
        if self.labels != labels {
            self.labels = labels.to_vec();
        }
        let own = self.roles.iter().map(|one| (one.role, &one.person));
        if !own.eq(roles.iter().map(|(role, person)| (*role, person))) {
            let role_of =
                |(role, person): &(Role, PersonRef)| RoleOf { role: *role, person: person.clone() };
            self.roles = roles.iter().map(role_of).collect();
        }
    }
}
