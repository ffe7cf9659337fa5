//! Reasons for which a request is refused before it becomes a command: a field, and its error.

use std::borrow::Cow;

use super::typed_time::TimeError;
use crate::model::bad_field::{BadField, FieldProblem};
use crate::model::id::InvalidNumber;
use crate::model::priority::{Level, UnknownValue};
use crate::model::rejection::DatedRejection;
use crate::model::text::sanitize;

/// The name in an error that no field has.
pub const INCIDENT: &str = "incident";

/// A field of a request that can't be used.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{}{problem}", prefix(field))]
pub struct FieldError {
    /// The name of the field; `body` if the request has no fields at all, and `incident` if it does
    /// not fit the incident, which no field can change.
    pub field: Cow<'static, str>,
    /// The error.
    pub problem: Problem,
}

impl FieldError {
    /// Creates the error for a field.
    pub fn new(field: impl Into<Cow<'static, str>>, problem: impl Into<Problem>) -> Self {
        Self { field: field.into(), problem: problem.into() }
    }
}

impl From<BadField> for FieldError {
    fn from(bad: BadField) -> Self {
        Self::new(bad.field, bad.problem)
    }
}

/// Returns the prefix of the error: nothing for an error without a field.
fn prefix(field: &str) -> String {
    if field == INCIDENT { String::new() } else { format!("{field}: ") }
}

/// The error of a field. Displayed as half a sentence with a remedy.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Problem {
    /// The request has no such field.
    #[error("there is no such field: {suggestion}")]
    UnknownField {
        /// The field that may be meant, as half a sentence.
        suggestion: String,
    },
    /// A required field is absent.
    #[error("is missing: give {accepted}")]
    Missing {
        /// The accepted values.
        accepted: &'static str,
    },
    /// The value has the wrong type, or is none that is accepted.
    #[error("{0}")]
    Unreadable(String),
    /// The text is not an accepted value.
    #[error(transparent)]
    Value(#[from] UnknownValue),
    /// The text is no time, or none that is accepted.
    #[error(transparent)]
    Time(#[from] TimeError),
    /// A request for a role is combined with its withdrawal.
    #[error("can't be combined with withdraw: ask somebody, or withdraw the role")]
    AskAndWithdraw,
    /// The text is no date.
    #[error("{:?} is no date: write it as 2026-03-31", sanitize(.0))]
    NotADate(String),
    /// The text is no number of an incident.
    #[error(transparent)]
    Number(#[from] InvalidNumber),
    /// The command's rules refuse the value.
    #[error(transparent)]
    Field(#[from] FieldProblem),
    /// Nothing has the typed name.
    #[error("{problem} {:?}: {suggestion}", sanitize(text))]
    UnknownName {
        /// The missing object, such as `there is no team`.
        problem: &'static str,
        /// The name as it was typed.
        text: String,
        /// The name that may be meant, as half a sentence.
        suggestion: String,
    },
    /// Several people may be meant by the text.
    #[error("{:?} may be {alternatives}: write more of it", sanitize(text))]
    SeveralPeople {
        /// The text as it was typed.
        text: String,
        /// The people, sanitized.
        alternatives: String,
    },
    /// A program has no handle by which it could be meant.
    #[error("a program is nobody who can be named: name a person")]
    NoPerson,
    /// Nobody but the backend can say who makes the request, and it has not been reached yet.
    #[error("the API has not confirmed yet who you are: name yourself, as in `assign 12 ines`")]
    UnconfirmedRequester,
    /// The impact is given without the urgency.
    #[error("impact is {0}: say the urgency too, as in {0} medium")]
    UrgencyMissing(Level),
    /// The text is neither a priority nor two levels.
    #[error(
        "{:?} is no priority: write p1 to p4, or impact and urgency: high medium",
        sanitize(.0)
    )]
    NotAPriority(String),
    /// Two fields exclude each other.
    #[error("can't be given together with {other}: leave out one of them")]
    Excludes {
        /// The other field.
        other: &'static str,
    },
    /// The incident has no such part.
    #[error("{incident} has no {what} {:?}: {advice}", sanitize(text))]
    NoSuchPart {
        /// The incident's number or id.
        incident: String,
        /// The missing property, such as `link`.
        what: &'static str,
        /// The typed text.
        text: String,
        /// The remedy.
        advice: &'static str,
    },
    /// The team of the incident has no escalation policy.
    #[error(
        "there is no escalation policy for its team: set the team, or a policy in the settings"
    )]
    NoPolicy,
    /// The policy has no further level.
    #[error("the last level of its policy, {last}, was called already: assign it to somebody")]
    LastLevel {
        /// The last level of the policy.
        last: u8,
    },
    /// The policy has no such level.
    #[error("its policy has the levels 1 to {last}: name one of them")]
    NoSuchLevel {
        /// The last level of the policy.
        last: u8,
    },
    /// A level reaches nobody at this time.
    #[error("level {level} reaches nobody now: name another, or assign it to somebody")]
    NobodyReached {
        /// The level.
        level: u8,
    },
    /// Nothing of the person can be undone.
    #[error("there is nothing of yours to undo on {incident}")]
    NothingToUndo {
        /// The incident's number or id.
        incident: String,
    },
    /// The last change can't be undone.
    #[error("your last change of {incident} can't be undone: the timeline has it as {label:?}")]
    NotUndoable {
        /// The incident's number or id.
        incident: String,
        /// The label of the event, sanitized.
        label: String,
    },
    /// Somebody has replaced the change to undo.
    #[error("somebody has changed that since: nothing is undone")]
    ChangedSince,
    /// The rules refuse a command of the plan, so that none is sent.
    #[error("{0}")]
    Refused(Box<DatedRejection>),
    /// The caller has not read the data that the request depends on.
    #[error("{0} was not read: try again")]
    NotRead(&'static str),
}
