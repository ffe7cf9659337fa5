//! The body of a request that records a problem.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::model::problem::ProblemState;
use crate::model::problem_patch::ProblemPatch;
use crate::model::status::Category;

/// A problem to be recorded.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewProblem {
    /// The title, on one line.
    #[schema(min_length = 1, max_length = 200, example = "Connections leak in the pool")]
    pub title: String,
    /// The progress towards its removal; a known error if it has a workaround, otherwise open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<ProblemState>,
    /// The services in which it causes incidents.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub services: Vec<String>,
    /// The cause, as far as known.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub cause: String,
    /// How to reduce its effects. A known error must have one.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub workaround: String,
    /// The handle of the person who sees to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// The team to which it belongs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub team: Option<String>,
    /// The kind of fault.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<Category>,
    /// The incidents that are linked to it, each by its number or its UUID; at most 100.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 100)]
    pub incidents: Vec<String>,
}

impl NewProblem {
    /// Returns the fields as a change of a problem of which nothing is known yet, and the incidents.
    #[must_use]
    pub fn into_patch(self) -> (ProblemPatch, Vec<String>) {
        let has_workaround = !self.workaround.trim().is_empty();
        let state = if has_workaround { ProblemState::KnownError } else { ProblemState::Open };
        let patch = ProblemPatch {
            title: Some(self.title),
            state: Some(self.state.unwrap_or(state)),
            services: Some(self.services),
            cause: Some(self.cause),
            workaround: Some(self.workaround),
            owner: self.owner,
            team: self.team,
            category: self.category,
        };
        (patch, self.incidents)
    }
}
