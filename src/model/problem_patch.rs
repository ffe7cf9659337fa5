//! A partial update of a problem: only the given fields change.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::actor::{Actor, PersonRef};
use super::bad_field::{BadField, FieldProblem};
use super::check;
use super::directory::Directory;
use super::problem::{FieldEdit, MAX_VALUE, Problem, ProblemEdit, ProblemState};
use super::status::Category;
use super::text::truncate;

/// The new values of the fields of a problem; fields that are absent do not change.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProblemPatch {
    /// The title, on one line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 200, example = "Connections leak in the pool")]
    pub title: Option<String>,
    /// The progress towards its removal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<ProblemState>,
    /// The services in which it causes incidents.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub services: Option<Vec<String>>,
    /// The cause, as far as known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
    /// How to reduce its effects. A known error must have one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workaround: Option<String>,
    /// The handle of the person responsible for it; empty for nobody.
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
    /// Returns whether it changes nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Returns the problem with the fields changed, as a command contains it. A person whom the
    /// directory does not have is named by the handle alone, and the store decides whether to
    /// accept it.
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

    /// Returns whether one of the edits of a problem is what this patch has led to, as the same person or
    /// program has made it: all that it changed is as the patch has it, and all that the patch sets
    /// was so after it.
    #[must_use]
    pub fn was_applied_by(&self, by: &Actor, problem: &Problem) -> bool {
        let is_same = |edit: &FieldEdit| {
            let text = self.text_of(&edit.field);
            text.is_some_and(|text| truncate(text, MAX_VALUE) == edit.to)
        };
        let is_own = |edit: &&ProblemEdit| {
            let is_same_person = match (edit.by.person(), by.person()) {
                (Some(one), Some(other)) => one.handle == other.handle,
                _ => edit.by == *by,
            };
            is_same_person && !edit.fields.is_empty()
        };
        // The value of a field after an edit: what the next change of it began with, or what it is now.
        let after = |index: usize, field: &str| {
            let mut later = problem.edits.iter().skip(index + 1).flat_map(|edit| &edit.fields);
            let next = later.find(|one| one.field == field).map(|edit| edit.from.clone());
            let now = || {
                let mut texts = problem.texts().into_iter();
                let found = texts.find(|(name, _)| *name == field);
                found.map(|(_, text)| truncate(text, MAX_VALUE).to_string())
            };
            next.or_else(now)
        };
        let holds = |index: usize| {
            problem.texts().into_iter().all(|(field, _)| {
                self.text_of(field).is_none_or(|text| {
                    Some(truncate(text, MAX_VALUE).to_string()) == after(index, field)
                })
            })
        };
        problem
            .edits
            .iter()
            .enumerate()
            .any(|(index, edit)| is_own(&edit) && edit.fields.iter().all(is_same) && holds(index))
    }

    /// Returns the text of a field as edits have it; `None` if the patch does not set it.
    fn text_of(&self, field: &str) -> Option<String> {
        match field {
            "title" => self.title.clone(),
            "state" => self.state.as_ref().map(ToString::to_string),
            "services" => self.services.as_ref().map(|services| services.join(", ")),
            "cause" => self.cause.clone(),
            "workaround" => self.workaround.clone(),
            "owner" => self.owner.as_ref().map(|one| one.trim().trim_start_matches('@').to_owned()),
            "team" => self.team.as_ref().map(|team| team.trim().to_owned()),
            "category" => self.category.as_ref().map(ToString::to_string),
            _ => None,
        }
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
    fn edit_of_a_part_of_a_patch_is_not_its_result() {
        let (by, at) = (Actor::Person(PersonRef::new("ines", "Ines Moreau")), DateTime::UNIX_EPOCH);
        let directory = Directory::default();
        let title = ProblemPatch { title: Some("AAA".into()), ..ProblemPatch::default() };
        let state = Some(ProblemState::KnownError);
        let workaround = Some("restart".into());
        let all = ProblemPatch { state, workaround, ..title.clone() };
        let first = problem().recorded(None, &by, at);
        let next = title.clone().apply(first.clone(), &directory).unwrap();
        let second = next.recorded(Some(&first), &by, at);
        assert!(title.was_applied_by(&by, &second));
        assert!(!all.was_applied_by(&by, &second));
        // The title was so already, and what was set changes again later.
        let next = all.clone().apply(second.clone(), &directory).unwrap();
        let third = next.recorded(Some(&second), &by, at);
        assert!(all.was_applied_by(&by, &third) && title.was_applied_by(&by, &third));
        let other = ProblemPatch { title: Some("BBB".into()), ..ProblemPatch::default() };
        let next = other.apply(third.clone(), &directory).unwrap();
        assert!(all.was_applied_by(&by, &next.recorded(Some(&third), &by, at)));
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
