//! Cover: a person asks others to accept a shift, perhaps in exchange for one of theirs.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::model::bad_field::{BadField, FieldProblem};
use crate::model::extra::{Extra, extensible_record};
use crate::model::field_check as check;
use crate::model::id::CoverId;
use crate::model::status::growing_enum;

/// How many digits of its id the code of a request has.
const CODE_DIGITS: usize = 5;
/// The most days that a span of cover lasts.
const MAX_DAYS: i64 = 400;

growing_enum! {
    /// The state of a request for cover.
    CoverState, "state" {
        /// Nobody has accepted it yet.
        Open = "open",
        /// A person has accepted it.
        Accepted = "accepted",
        /// The requester has withdrawn it.
        Withdrawn = "withdrawn",
        /// Everybody who could have accepted it has declined.
        Declined = "declined",
    }
}

/// A span of time.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct TimeSpan {
    /// The start, which is part of it.
    pub from: DateTime<Utc>,
    /// The end, which is not part of it.
    pub to: DateTime<Utc>,
}

/// Takes the code of a request for cover out of a text, wherever it stands; returns it as [`Cover::code`]
/// does, with the rest of the text. `None` if there is none.
#[must_use]
pub fn split_code(text: &str) -> Option<(String, String)> {
    let is_separator = |c: char| !(c.is_alphanumeric() || c == '-');
    for term in text.split(is_separator) {
        let lower = term.to_lowercase();
        let Some(digits) = lower.strip_prefix('c') else { continue };
        let digits = digits.strip_prefix('-').unwrap_or(digits);
        if digits.len() == CODE_DIGITS && digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Some((format!("c{digits}"), text.replacen(term, " ", 1)));
        }
    }
    None
}

/// A request for cover: a person asks the other people of the schedule to accept a shift.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(remote = "Self")]
pub struct Cover {
    /// The id, which no other request has.
    pub id: CoverId,
    /// The name of the schedule, which is that of the team unless it has one of its own.
    pub schedule: String,
    /// The handle of the requester.
    pub person: String,
    /// The start of the span, which is part of it.
    pub from: DateTime<Utc>,
    /// The end of the span, which is not part of it.
    pub to: DateTime<Utc>,
    /// The reason or a remark; absent without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// The span in which the requester covers for the person who accepts; absent if nothing is
    /// offered in return.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub in_return: Option<TimeSpan>,
    /// Its state.
    #[serde(default = "open")]
    pub state: CoverState,
    /// When it was requested.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requested_at: Option<DateTime<Utc>>,
    /// The handle of the person who has accepted it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accepted_by: Option<String>,
    /// The handles of the people who have declined it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub declined_by: Vec<String>,
    /// When it was accepted or withdrawn, or the last one declined.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed_at: Option<DateTime<Utc>>,
    /// The fields that a later version defines.
    #[serde(skip)]
    pub extra: Extra,
}

extensible_record!(Cover);

/// Names a request for cover, and who accepts, declines or withdraws it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct CoverAnswer {
    /// The id of the request.
    pub id: CoverId,
    /// The name of the schedule.
    pub schedule: String,
    /// The handle of the person who accepts, declines or withdraws.
    pub person: String,
}

const fn open() -> CoverState {
    CoverState::Open
}

impl TimeSpan {
    /// Checks that the span has a length, and ends after `now`.
    fn check(
        self,
        (from, to): (&'static str, &'static str),
        now: Option<DateTime<Utc>>,
    ) -> Result<(), BadField> {
        check::time(from, self.from)?;
        check::time(to, self.to)?;
        if self.to <= self.from {
            return Err(BadField::new(to, FieldProblem::NotAfter(from)));
        }
        if self.to - self.from > TimeDelta::days(MAX_DAYS) {
            return Err(BadField::new(to, FieldProblem::TooLong { days: MAX_DAYS }));
        }
        if now.is_some_and(|now| self.to <= now) {
            return Err(BadField::new(to, FieldProblem::Passed));
        }
        Ok(())
    }
}

impl Cover {
    /// Returns a new request for cover.
    #[must_use]
    pub fn new(id: CoverId, schedule: &str, person: &str, span: TimeSpan) -> Self {
        Self {
            id,
            schedule: schedule.to_owned(),
            person: person.to_owned(),
            from: span.from,
            to: span.to,
            note: None,
            in_return: None,
            state: CoverState::Open,
            requested_at: None,
            accepted_by: None,
            declined_by: Vec::new(),
            closed_at: None,
            extra: Extra::default(),
        }
    }

    /// Returns the code by which a text message names it: `c` and the last five digits of its id.
    #[must_use]
    pub fn code(&self) -> String {
        let id = self.id.0.simple().to_string();
        format!("c{}", &id[id.len() - CODE_DIGITS..])
    }

    /// Returns whether a person has declined it.
    #[must_use]
    pub fn is_declined_by(&self, handle: &str) -> bool {
        self.declined_by.iter().any(|other| other == handle)
    }

    /// Returns whether it can still be accepted.
    #[must_use]
    pub fn is_open(&self, now: DateTime<Utc>) -> bool {
        self.state == CoverState::Open && self.to > now
    }

    /// Returns the end of its last span.
    #[must_use]
    pub fn ends_at(&self) -> DateTime<Utc> {
        self.in_return.map_or(self.to, |span| span.to.max(self.to))
    }

    /// Checks its fields, without those that refer to entries of the directory. `now` is given when
    /// it is requested: a span that has passed needs no cover.
    ///
    /// # Errors
    /// [`BadField`] describes the first field that is wrong.
    pub fn check(&self, now: Option<DateTime<Utc>>) -> Result<(), BadField> {
        check::name("schedule", &self.schedule)?;
        check::name("person", &self.person)?;
        TimeSpan { from: self.from, to: self.to }.check(("from", "to"), now)?;
        if let Some(span) = self.in_return {
            span.check(("in_return.from", "in_return.to"), now)?;
        }
        self.note.as_ref().map_or(Ok(()), |note| check::required_text("note", note))
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[test]
    fn code_is_the_end_of_the_id() {
        let id: CoverId = "019cb000-0000-7100-8000-0000000A1d0f".parse().unwrap();
        let at = DateTime::UNIX_EPOCH;
        let cover = Cover::new(id, "web", "ines", TimeSpan { from: at, to: at });
        assert_eq!(cover.code(), "ca1d0f");
    }

    #[rstest]
    #[case("accept ca1d0f", Some(("ca1d0f", "accept  ")))]
    #[case("CA1D0F yes", Some(("ca1d0f", "  yes")))]
    #[case("no, c-a1d0f!", Some(("ca1d0f", "no,  !")))]
    #[case("accept", None)]
    #[case("accept a1d0f", None)]
    #[case("accept ca1d0", None)]
    #[case("accept ca1d0f0", None)]
    #[case("accept cä1d0f", None)]
    #[case("", None)]
    fn code_is_found_in_a_text(#[case] text: &str, #[case] expected: Option<(&str, &str)>) {
        let found = split_code(text);
        let found = found.as_ref().map(|(code, rest)| (code.as_str(), rest.as_str()));
        assert_eq!(found, expected);
    }
}
