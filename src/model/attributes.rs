//! Labels, roles and impact of an incident, as its row has them for filters.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::actor::PersonRef;
use super::impact::{Affected, Reporter};
use super::status::Role;

/// The labels of an incident, the people who have a role in it besides the assignee, and whom it
/// affects, all copied from the record.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct Attributes {
    /// The labels.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<String>,
    /// The roles with the people who have them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<RoleOf>,
    /// When the impact began.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub began_at: Option<DateTime<Utc>>,
    /// How many users it affects.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub users: Option<u64>,
    /// The names and the tickets of those who have reported it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reporters: Vec<String>,
    /// The teams that help.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub teams: Vec<String>,
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
    /// Returns whether none of these is present.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Sets the labels and roles.
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

    /// Copies the impact of a record.
    pub(super) fn set_impact(
        &mut self,
        began_at: Option<DateTime<Utc>>,
        affected: &Affected,
        reporters: &[Reporter],
        teams: &[String],
    ) {
        self.began_at = began_at;
        self.users = affected.users;
        let names = reporters.iter().flat_map(|one| [Some(&one.name), one.ticket.as_ref()]);
        let names = names.flatten().filter(|name| !name.is_empty());
        if !self.reporters.iter().eq(names.clone()) {
            self.reporters = names.cloned().collect();
        }
        if self.teams != teams {
            self.teams = teams.to_vec();
        }
    }
}
