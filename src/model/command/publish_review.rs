//! Publish the post-incident review.

use super::logic::{Case, CommandLogic, Decided, EventLogic};
use super::table::CommandRow;
use super::{CommandKind, IncidentCommand};
use crate::model::decide::require_reviewable;
use crate::model::rejection::Rejection;
use crate::model::{Event, EventBody, Incident, PersonRef};

pub(super) const ROW: CommandRow = CommandRow::new(
    CommandKind::PublishReview,
    "publish_review",
    "publish-review",
    "publish the review",
    |_, _| Some(IncidentCommand::PublishReview),
)
.one_at_a_time();

pub(in crate::model) struct PublishReview;

impl CommandLogic for PublishReview {
    fn row(&self) -> &'static CommandRow {
        &ROW
    }

    fn decide(&self, case: &Case<'_>) -> Decided {
        let incident = case.incident;
        require_reviewable(incident)?;
        if let Some(at) = incident.review.published_at {
            return Err(Rejection::ReviewAlreadyPublished { at });
        }
        if incident.summary.status.is_open() {
            return Err(Rejection::PublishUnresolved);
        }
        let sections = incident.review.missing();
        if sections.is_empty() {
            return Ok(vec![EventBody::ReviewPublished]);
        }
        Err(Rejection::ReviewLacks { sections })
    }

    fn applies_when_ended(&self) -> bool {
        true
    }

    fn phrase(&self) -> &'static str {
        "publish the review of"
    }
}

pub(in crate::model) struct ReviewPublished;

impl EventLogic for ReviewPublished {
    fn apply(&self, incident: &mut Incident, event: &Event) {
        incident.review.published_at = Some(event.at);
    }

    fn is_move(&self) -> bool {
        true
    }

    fn label(&self) -> &'static str {
        "Review out"
    }

    fn news(&self, _: &Event, _: &PersonRef) -> String {
        "published the review".into()
    }
}
