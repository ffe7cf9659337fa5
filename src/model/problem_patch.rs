//! What is changed of a problem: the fields that are given, and no others.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::actor::PersonRef;
use super::bad_field::{BadField, FieldProblem};
use super::check;
use super::directory::Directory;
use super::problem::{Problem, ProblemState};
use super::status::Category;

/// The fields of a problem that are to be changed; those that are absent stay.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProblemPatch {
    /// The title, on one line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 200, example = "Connections leak in the pool")]
    pub title: Option<String>,
    /// How far the problem is from being removed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<ProblemState>,
    /// The services in which it causes incidents.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub services: Option<Vec<String>>,
    /// The cause, as far as it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
    /// How to reduce its effects. A known error must have one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workaround: Option<String>,
    /// The handle of the person who sees to it; empty for nobody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// The team to which it belongs; empty for none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub team: Option<String>,
    /// The kind of fault.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<Category>,
}

impl ProblemPatch {
    /// Returns whether nothing is to be changed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Returns the problem with the fields changed, as a command has it. Somebody whom the directory does
    /// not have is named by the handle alone, and the store decides about that.
    ///
    /// # Errors
    /// [`BadField`] for a known error without a workaround.
    pub fn apply(self, problem: Problem, directory: &Directory) -> Result<Problem, BadField> {
        let mut next = problem.as_requested();
        next.title = self.title.unwrap_or(next.title);
        next.services = self.services.unwrap_or(next.services);
        next.cause = self.cause.unwrap_or(next.cause);
        next.workaround = self.workaround.unwrap_or(next.workaround);
        next.category = self.category.or(next.category);
        next.state = self.state.unwrap_or(next.state);
        if let Some(handle) = self.owner {
            let handle = handle.trim().trim_start_matches('@');
            next.owner = (!handle.is_empty()).then(|| {
                let person = directory.person(handle).cloned();
                person.unwrap_or_else(|| PersonRef::new(handle, handle))
            });
        }
        if let Some(team) = self.team {
            let team = team.trim();
            next.team = (!team.is_empty()).then(|| team.to_owned());
        }
        check_state(&next)?;
        Ok(next)
    }
}

/// Checks that a known error has a workaround.
///
/// # Errors
/// [`BadField`] names the workaround.
pub fn check_state(problem: &Problem) -> Result<(), BadField> {
    let lacks_workaround = problem.workaround.trim().is_empty();
    if problem.state == ProblemState::KnownError && lacks_workaround {
        return Err(BadField::new("workaround", FieldProblem::NoText));
    }
    check::title(&problem.title)
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;
    use crate::model::ProblemId;

    fn problem() -> Problem {
        let id = ProblemId(uuid::Uuid::from_u128(7));
        let problem = Problem::new(id, "Pool too small", DateTime::UNIX_EPOCH);
        Problem { owner: Some(PersonRef::new("ines", "Ines Moreau")), ..problem }
    }

    #[test]
    fn absent_fields_stay_and_empty_ones_clear() {
        let directory = Directory::default();
        let patch = ProblemPatch { cause: Some("a leak".into()), ..ProblemPatch::default() };
        let changed = patch.apply(problem(), &directory).unwrap();
        assert_eq!((changed.cause.as_str(), changed.owner), ("a leak", problem().owner));
        let patch = ProblemPatch { owner: Some(String::new()), ..ProblemPatch::default() };
        assert_eq!(patch.apply(problem(), &directory).unwrap().owner, None);
        let patch = ProblemPatch { owner: Some("@tomasz".into()), ..ProblemPatch::default() };
        let owner = patch.apply(problem(), &directory).unwrap().owner;
        assert_eq!(owner, Some(PersonRef::new("tomasz", "tomasz")));
    }

    #[test]
    fn accepted_cause_needs_a_workaround() {
        let state = Some(ProblemState::KnownError);
        let patch = ProblemPatch { state, ..ProblemPatch::default() };
        let refused = patch.clone().apply(problem(), &Directory::default()).unwrap_err();
        assert_eq!(refused, BadField::new("workaround", FieldProblem::NoText));
        let patch = ProblemPatch { workaround: Some("restart".into()), ..patch };
        let changed = patch.apply(problem(), &Directory::default()).unwrap();
        assert_eq!(changed.state, ProblemState::KnownError);
    }
}
