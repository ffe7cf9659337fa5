//! Submit the post-incident review for reading, or return it to its author.

use super::logic::{Before, Case, CommandLogic, Decided, EventLogic, quote};
use super::table::CommandRow;
use super::{CommandKind, IncidentCommand};
use crate::model::check::{self, BadField};
use crate::model::decide::require_reviewable;
use crate::model::rejection::Rejection;
use crate::model::{CommandId, Event, EventBody, Incident, PersonRef, Summary};

pub(super) const ROW: CommandRow = CommandRow::new(
    CommandKind::SubmitReview,
    "submit_review",
    "submit-review",
    "submit the review to be read, or return it",
    |_, _| Some(IncidentCommand::SubmitReview { returned: None }),
)
.inverse(&[CommandKind::SubmitReview])
.one_at_a_time();

/// The reason why a review is returned that was submitted by mistake.
const UNDONE: &str = "It was submitted by mistake.";

pub(in crate::model) struct SubmitReview<'a> {
    pub returned: Option<&'a str>,
}

impl CommandLogic for SubmitReview<'_> {
    fn row(&self) -> &'static CommandRow {
        &ROW
    }

    fn decide(&self, case: &Case<'_>) -> Decided {
        let (incident, review) = (case.incident, &case.incident.review);
        require_reviewable(incident)?;
        if let Some(reason) = self.returned {
            check::required_text("returned", reason)?;
        }
        if let Some(at) = review.published_at {
            return Err(Rejection::ReviewAlreadyPublished { at });
        }
        // Undoing a return restores the earlier state, even if parts were emptied or reopened
        // before.
        let is_new = !case.is_undo;
        let sections = review.missing();
        match self.returned {
            None if is_new && incident.summary.status.is_open() => {
                Err(Rejection::PublishUnresolved)
            }
            None if is_new && !sections.is_empty() => Err(Rejection::ReviewLacks { sections }),
            None if review.submitted_at.is_some() => Err(Rejection::ReviewAlreadySubmitted),
            Some(_) if review.submitted_at.is_none() => Err(Rejection::ReviewNotSubmitted),
            returned => {
                let returned = returned.map(ToOwned::to_owned);
                Ok(vec![EventBody::ReviewSubmitted { returned }])
            }
        }
    }

    fn applies_when_ended(&self) -> bool {
        true
    }

    fn inverse(&self, _: CommandId, _: Option<&Before<'_>>) -> Option<IncidentCommand> {
        let returned = self.returned.is_none().then(|| UNDONE.to_owned());
        Some(IncidentCommand::SubmitReview { returned })
    }

    fn still_holds(&self, _: &Summary, record: Option<&Incident>) -> bool {
        record.is_none_or(|record| {
            let review = &record.review;
            review.published_at.is_none()
                && review.submitted_at.is_some() == self.returned.is_none()
        })
    }

    fn phrase(&self) -> &'static str {
        if self.returned.is_some() { "return the review of" } else { "submit the review of" }
    }

    fn content(&self) -> String {
        self.returned.unwrap_or_default().to_owned()
    }
}

pub(in crate::model) struct ReviewSubmitted<'a> {
    pub returned: Option<&'a str>,
}

impl EventLogic for ReviewSubmitted<'_> {
    fn apply(&self, incident: &mut Incident, event: &Event) {
        incident.review.submitted_at = self.returned.is_none().then_some(event.at);
    }

    fn check(&self) -> Result<(), BadField> {
        self.returned.map_or(Ok(()), |reason| check::required_text("returned", reason))
    }

    fn label(&self) -> &'static str {
        if self.returned.is_some() { "Review back" } else { "Review in" }
    }

    fn detail(&self) -> String {
        self.returned.unwrap_or_default().to_owned()
    }

    fn news(&self, _: &Event, _: &PersonRef) -> String {
        match self.returned {
            Some(reason) => format!("returned the review: {}", quote(reason)),
            None => "submitted the review".into(),
        }
    }
}
