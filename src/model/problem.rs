//! Problems: the underlying causes of incidents (ITIL 4 problem management).

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::actor::{Actor, PersonRef};
use super::extra::{Extra, extensible_record};
use super::id::ProblemId;
use super::status::{Category, growing_enum};
use super::text::truncate;
use super::unknown::read_entries;

growing_enum! {
    /// The state of a problem.
    ProblemState, "problem state" {
        /// The cause is being investigated.
        Open = "open",
        /// The cause is known and accepted, with a workaround.
        KnownError = "known error",
        /// The cause is removed.
        Removed = "removed",
    }
}

impl ProblemState {
    /// Returns the position of the state in lists: open work first, removed causes last.
    #[must_use]
    pub const fn rank(self) -> u8 {
        match self {
            Self::Open => 0,
            Self::KnownError => 1,
            Self::Unknown(_) => 2,
            Self::Removed => 3,
        }
    }
}

/// The most edits of a problem that are stored with it; of more the oldest are dropped, but for the
/// first one.
pub const MAX_EDITS: usize = 200;
/// The greatest width of a value in an edit, in columns.
pub(super) const MAX_VALUE: usize = 200;

/// The underlying cause of one or more incidents.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(remote = "Self")]
pub struct Problem {
    /// The id of the problem, which no other problem has.
    pub id: ProblemId,
    /// The title of the problem, on one line.
    pub title: String,
    /// The progress towards its removal.
    pub state: ProblemState,
    /// The services in which it causes incidents.
    pub services: Vec<String>,
    /// The cause, as far as known; may be empty.
    pub cause: String,
    /// How to reduce its effects until it is removed. A known error must have one.
    pub workaround: String,
    /// When it was first recorded.
    pub opened_at: DateTime<Utc>,
    /// The person who sees to it that the cause is removed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<PersonRef>,
    /// The team to which it belongs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub team: Option<String>,
    /// The kind of fault.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<Category>,
    /// When its cause was removed; set by the store.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub removed_at: Option<DateTime<Utc>>,
    /// The number of times it was recorded and changed; set by the store. A change can name the one
    /// that it was made from, as the `expected_seq` of its command.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub revision: u32,
    /// The changes and their authors, the earliest first; set by the store.
    #[serde(default, skip_serializing_if = "Vec::is_empty", deserialize_with = "read_entries")]
    pub edits: Vec<ProblemEdit>,
    /// The fields that a later version defines.
    #[serde(skip)]
    pub extra: Extra,
}

extensible_record!(Problem);

/// The record of who has changed a problem.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct ProblemEdit {
    /// When it was changed.
    pub at: DateTime<Utc>,
    /// The person or program that did.
    pub by: Actor,
    /// The fields that were changed; none where it was recorded first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<FieldEdit>,
}

/// A field that was changed.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct FieldEdit {
    /// The name of the field, such as `state`.
    pub field: String,
    /// Its value before; at most 200 characters, empty for none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub from: String,
    /// Its value after that; at most 200 characters, empty for none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub to: String,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

impl Problem {
    /// Creates an open problem about which nothing but the title is known.
    #[must_use]
    pub fn new(id: ProblemId, title: impl Into<String>, opened_at: DateTime<Utc>) -> Self {
        Self {
            id,
            title: title.into(),
            state: ProblemState::Open,
            services: Vec::new(),
            cause: String::new(),
            workaround: String::new(),
            opened_at,
            owner: None,
            team: None,
            category: None,
            removed_at: None,
            revision: 0,
            edits: Vec::new(),
            extra: Extra::default(),
        }
    }

    /// Returns whether the cause still exists, known or not.
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.state != ProblemState::Removed
    }

    /// Returns the problem without the fields that the store sets, as a command contains it.
    #[must_use]
    pub fn as_requested(mut self) -> Self {
        (self.removed_at, self.revision, self.edits) = (None, 0, Vec::new());
        self
    }

    /// Returns the problem to store when it is recorded, or changed if `stored` is the version
    /// stored before. A request that changes nothing leaves it as it is.
    #[must_use]
    pub fn recorded(self, stored: Option<&Self>, by: &Actor, at: DateTime<Utc>) -> Self {
        let mut next = self.as_requested();
        let (edits, fields) = match stored {
            None => (Vec::new(), Vec::new()),
            Some(stored) => {
                // The time of the first record stays.
                next.opened_at = stored.opened_at;
                let fields = stored.differences(&next);
                if fields.is_empty() && next.extra == stored.extra {
                    return stored.clone();
                }
                (stored.edits.clone(), fields)
            }
        };
        next.removed_at = match (next.is_active(), stored.and_then(|stored| stored.removed_at)) {
            (true, _) => None,
            (false, Some(before)) => Some(before),
            (false, None) => Some(at),
        };
        next.revision = stored.map_or(0, |stored| stored.revision).saturating_add(1);
        next.edits = edits;
        next.edits.push(ProblemEdit { at, by: by.clone(), fields });
        if next.edits.len() > MAX_EDITS {
            next.edits.remove(1);
        }
        next
    }

    /// Returns the fields in which another state of the problem differs.
    fn differences(&self, next: &Self) -> Vec<FieldEdit> {
        let before = self.texts();
        let fields = before.into_iter().zip(next.texts());
        fields
            .filter(|((_, from), (_, to))| from != to)
            .map(|((field, from), (_, to))| FieldEdit {
                field: field.to_owned(),
                from: truncate(from, MAX_VALUE).to_string(),
                to: truncate(to, MAX_VALUE).to_string(),
            })
            .collect()
    }

    /// Returns the fields that people set, as text.
    pub(super) fn texts(&self) -> [(&'static str, String); 8] {
        let owner = self.owner.as_ref().map(|owner| owner.handle.clone());
        [
            ("title", self.title.clone()),
            ("state", self.state.to_string()),
            ("services", self.services.join(", ")),
            ("cause", self.cause.clone()),
            ("workaround", self.workaround.clone()),
            ("owner", owner.unwrap_or_default()),
            ("team", self.team.clone().unwrap_or_default()),
            ("category", self.category.map(|one| one.to_string()).unwrap_or_default()),
        ]
    }
}

impl ProblemEdit {
    /// Returns the change as text, as in `state: open → removed`. The text is not sanitized.
    #[must_use]
    pub fn text(&self) -> String {
        if self.fields.is_empty() {
            return "recorded".to_owned();
        }
        let value = |text: &str| if text.is_empty() { "none".to_owned() } else { text.to_owned() };
        let fields: Vec<String> = self
            .fields
            .iter()
            .map(|edit| format!("{}: {} → {}", edit.field, value(&edit.from), value(&edit.to)))
            .collect();
        fields.join(" · ")
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    fn at(minute: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::minutes(minute)
    }

    fn ines() -> Actor {
        Actor::Person(PersonRef::new("ines", "Ines Moreau"))
    }

    fn open() -> Problem {
        Problem::new(ProblemId(uuid::Uuid::from_u128(7)), "Pool too small", at(0))
    }

    #[test]
    fn each_edit_says_who_changed_what() {
        let first = open().recorded(None, &ines(), at(1));
        assert_eq!((first.revision, first.edits.len()), (1, 1));
        assert_eq!(first.edits[0].fields, []);
        let tomasz = Actor::Person(PersonRef::new("tomasz", "Tomasz Zielinski"));
        let change = Problem { state: ProblemState::Removed, opened_at: at(9), ..first.clone() };
        let second = change.recorded(Some(&first), &tomasz, at(2));
        assert_eq!((second.revision, second.removed_at), (2, Some(at(2))));
        assert_eq!(second.opened_at, at(0));
        let edit = &second.edits[1];
        assert_eq!((edit.at, &edit.by), (at(2), &tomasz));
        assert_eq!(edit.text(), "state: open → removed");
        let again = Problem { state: ProblemState::Open, ..second.clone() };
        assert_eq!(again.recorded(Some(&second), &ines(), at(3)).removed_at, None);
    }

    #[test]
    fn edit_that_changes_nothing_is_none() {
        let first = open().recorded(None, &ines(), at(1));
        assert_eq!(first.clone().as_requested().recorded(Some(&first), &ines(), at(2)), first);
    }

    #[test]
    fn what_only_the_store_sets_is_ignored() {
        let forged = Problem { revision: 9, removed_at: Some(at(5)), ..open() };
        let stored = forged.recorded(None, &ines(), at(1));
        assert_eq!((stored.revision, stored.removed_at), (1, None));
    }

    #[test]
    fn many_edits_drop_the_oldest_but_the_first() {
        let mut problem = open().recorded(None, &ines(), at(0));
        for minute in 1..=250 {
            let next = Problem { cause: format!("cause {minute}"), ..problem.clone() };
            problem = next.recorded(Some(&problem), &ines(), at(minute));
        }
        assert_eq!((problem.edits.len(), problem.revision), (MAX_EDITS, 251));
        assert_eq!(problem.edits[0].at, at(0));
        assert_eq!(problem.edits[MAX_EDITS - 1].at, at(250));
    }

    #[test]
    fn problem_of_an_earlier_version_is_read() {
        let text = r#"{"id": "0198c0de-0000-7000-8000-000000000001", "title": "Pool too small",
            "state": "open", "services": [], "cause": "", "workaround": "",
            "opened_at": "2026-03-01T12:00:00Z"}"#;
        let problem: Problem = serde_json::from_str(text).unwrap();
        assert_eq!((problem.owner.as_ref(), problem.revision), (None, 0));
        let written = serde_json::to_value(&problem).unwrap();
        assert_eq!(written, serde_json::from_str::<serde_json::Value>(text).unwrap());
    }
}
