//! Write a section of the post-incident review.

use super::logic::{Before, Case, CommandLogic, Decided, EventLogic};
use super::table::{CommandRow, SAMPLE_TEXT};
use super::{CommandKind, IncidentCommand};
use crate::model::check::{self, BadField};
use crate::model::decide::require_reviewable;
use crate::model::review::Section;
use crate::model::{CommandId, Event, EventBody, Incident, PersonRef, Summary};

pub(super) const ROW: CommandRow = CommandRow::new(
    CommandKind::WriteReview,
    "write_review",
    "review",
    "post-incident review",
    |_, _| {
        let section = Section::Summary;
        Some(IncidentCommand::WriteReview { section, text: SAMPLE_TEXT.into() })
    },
)
.inverse(&[CommandKind::WriteReview]);

/// The news that the timeline shows for an event that concerns the review.
pub(super) const REVIEW_NEWS: &str = "wrote a part of the review";

pub(in crate::model) struct WriteReview<'a> {
    pub section: Section,
    pub text: &'a str,
}

impl CommandLogic for WriteReview<'_> {
    fn row(&self) -> &'static CommandRow {
        &ROW
    }

    fn decide(&self, case: &Case<'_>) -> Decided {
        require_reviewable(case.incident)?;
        check::text("text", self.text)?;
        Ok(vec![EventBody::ReviewWritten { section: self.section, text: self.text.to_owned() }])
    }

    fn applies_when_ended(&self) -> bool {
        true
    }

    fn inverse(&self, _: CommandId, before: Option<&Before<'_>>) -> Option<IncidentCommand> {
        let sections = &before?.record?.review.sections;
        let text = sections.get(&self.section).cloned().unwrap_or_default();
        Some(IncidentCommand::WriteReview { section: self.section, text })
    }

    fn still_holds(&self, _: &Summary, record: Option<&Incident>) -> bool {
        record.is_none_or(|record| {
            let current = record.review.sections.get(&self.section).map_or("", String::as_str);
            current.trim() == self.text.trim()
        })
    }

    fn phrase(&self) -> &'static str {
        "write the review of"
    }

    fn content(&self) -> String {
        format!("{}: {}", self.section, self.text)
    }
}

pub(in crate::model) struct ReviewWritten<'a> {
    pub section: Section,
    pub text: &'a str,
}

impl EventLogic for ReviewWritten<'_> {
    fn apply(&self, incident: &mut Incident, _: &Event) {
        incident.review.sections.insert(self.section, self.text.to_owned());
    }

    fn check(&self) -> Result<(), BadField> {
        check::text("text", self.text)
    }

    fn label(&self) -> &'static str {
        "Review"
    }

    fn detail(&self) -> String {
        self.section.to_string()
    }

    fn news(&self, _: &Event, _: &PersonRef) -> String {
        REVIEW_NEWS.into()
    }
}
