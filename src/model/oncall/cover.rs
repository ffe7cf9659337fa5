//! Cover: somebody wants others to stand in for a shift, perhaps in exchange for one of theirs.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::model::bad_field::{BadField, FieldProblem};
use crate::model::extra::{Extra, extensible_record};
use crate::model::field_check as check;
use crate::model::id::CoverId;
use crate::model::status::growing_enum;

/// The most days that a span of cover lasts.
const MAX_DAYS: i64 = 400;

growing_enum! {
    /// What has become of a request for cover.
    CoverState, "state" {
        /// Nobody has accepted it yet.
        Open = "open",
        /// Somebody stands in.
        Accepted = "accepted",
        /// Whoever wanted it does not want it any more.
        Withdrawn = "withdrawn",
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

/// A request for cover: a person wants somebody of the schedule to stand in.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(remote = "Self")]
pub struct Cover {
    /// The id, which no other request has.
    pub id: CoverId,
    /// The name of the schedule, which is that of the team unless it has one of its own.
    pub schedule: String,
    /// The handle of the person who wants cover.
    pub person: String,
    /// The start of the span, which is part of it.
    pub from: DateTime<Utc>,
    /// The end of the span, which is not part of it.
    pub to: DateTime<Utc>,
    /// Why, or what to know; absent if nothing was said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// The span in which the person stands in for whoever accepts; absent if nothing is given in
    /// return.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub in_return: Option<TimeSpan>,
    /// What has become of it.
    #[serde(default = "open")]
    pub state: CoverState,
    /// When it was requested.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requested_at: Option<DateTime<Utc>>,
    /// The handle of the person who has accepted it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accepted_by: Option<String>,
    /// When it was accepted or withdrawn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed_at: Option<DateTime<Utc>>,
    /// The fields that a later version defines.
    #[serde(skip)]
    pub extra: Extra,
}

extensible_record!(Cover);

/// Names a request for cover, and who accepts or withdraws it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct CoverAnswer {
    /// The id of the request.
    pub id: CoverId,
    /// The name of the schedule.
    pub schedule: String,
    /// The handle of the person who accepts or withdraws.
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
    /// Returns a request for cover that nobody has answered.
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
            closed_at: None,
            extra: Extra::default(),
        }
    }

    /// Returns whether somebody can still accept it.
    #[must_use]
    pub fn is_open(&self, now: DateTime<Utc>) -> bool {
        self.state == CoverState::Open && self.to > now
    }

    /// Returns the last time that it is about.
    #[must_use]
    pub fn ends_at(&self) -> DateTime<Utc> {
        self.in_return.map_or(self.to, |span| span.to.max(self.to))
    }

    /// Checks its fields, without those that refer to entries of the directory. `now` is given where it
    /// is requested: a span that has passed needs no cover.
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
