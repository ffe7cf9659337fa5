//! Redact: remove evidence, a reporter, a contact or a note permanently. The event records the
//! author and the reason.

use uuid::Uuid;

use super::logic::{Case, CommandLogic, Decided, EventLogic};
use super::table::{Argument, CommandRow, SAMPLE_TEXT};
use super::{CommandKind, IncidentCommand};
use crate::model::check::{self, BadField, FieldProblem};
use crate::model::evidence::{REDACTED_TEXT, RedactedPart};
use crate::model::rejection::Rejection;
use crate::model::{Event, EventBody, Incident, PersonRef};

pub(super) const ROW: CommandRow = CommandRow::new(
    CommandKind::Redact,
    "redact",
    "redact",
    "remove evidence, a reporter, a contact or a note for good",
    |_, _| {
        let (part, target) = (RedactedPart::Reporter, Uuid::nil());
        Some(IncidentCommand::Redact { part, target, reason: SAMPLE_TEXT.into() })
    },
)
.argument(Argument::Listed("what is removed: evidence app.log, reporter Tom, contact Tom, a note"));

pub(in crate::model) struct Redact<'a> {
    pub part: RedactedPart,
    pub target: Uuid,
    pub reason: &'a str,
}

impl CommandLogic for Redact<'_> {
    fn row(&self) -> &'static CommandRow {
        &ROW
    }

    fn decide(&self, case: &Case<'_>) -> Decided {
        let Self { part, target, reason } = *self;
        check::required_text("reason", reason)?;
        let incident = case.incident;
        match part {
            RedactedPart::Evidence => match incident.evidence.iter().find(|one| one.id == target) {
                None => return Err(Rejection::NoSuchEvidence),
                Some(one) if one.redacted => return Err(Rejection::AlreadyRedacted),
                Some(_) => {}
            },
            // One who was removed is still in earlier events, so that the record need not have him.
            RedactedPart::Reporter | RedactedPart::Contact => {
                let reporter = incident.reporters.iter().find(|one| one.id == target);
                let is_empty = reporter.is_some_and(|one| match part {
                    RedactedPart::Contact => one.contact.is_none(),
                    _ => one.redacted && one.name.is_empty(),
                });
                if is_empty {
                    return Err(Rejection::AlreadyRedacted);
                }
            }
            // Notes are on the timeline alone: the store checks whether there is one.
            RedactedPart::Note => {}
            RedactedPart::Unknown(_) => {
                return Err(BadField::new("part", FieldProblem::UnknownPart).into());
            }
        }
        Ok(vec![EventBody::Redacted { part, target, reason: reason.to_owned() }])
    }

    fn applies_when_ended(&self) -> bool {
        true
    }

    fn phrase(&self) -> &'static str {
        "redact a part of"
    }

    fn content(&self) -> String {
        format!("{}: {}", self.part, self.reason)
    }
}

pub(in crate::model) struct Redacted<'a> {
    pub part: RedactedPart,
    pub target: Uuid,
    pub reason: &'a str,
}

impl EventLogic for Redacted<'_> {
    fn apply(&self, incident: &mut Incident, _: &Event) {
        match self.part {
            RedactedPart::Evidence => {
                let found = incident.evidence.iter_mut().find(|one| one.id == self.target);
                if let Some(evidence) = found {
                    evidence.redact();
                }
            }
            RedactedPart::Reporter | RedactedPart::Contact => {
                let found = incident.reporters.iter_mut().find(|one| one.id == self.target);
                if let Some(reporter) = found {
                    reporter.redact(self.part == RedactedPart::Contact);
                }
            }
            RedactedPart::Note => {
                // It may be the note that the row quotes, which the record does not reveal.
                let word = incident.summary.last_word.as_mut().filter(|word| word.quoted);
                if let Some(word) = word {
                    REDACTED_TEXT.clone_into(&mut word.text);
                }
            }
            RedactedPart::Unknown(_) => {}
        }
    }

    fn check(&self) -> Result<(), BadField> {
        check::required_text("reason", self.reason)
    }

    fn label(&self) -> &'static str {
        "Redacted"
    }

    fn detail(&self) -> String {
        format!("{}: {}", self.part, self.reason)
    }

    fn news(&self, _: &Event, _: &PersonRef) -> String {
        match self.part {
            RedactedPart::Evidence => "removed evidence for good".to_owned(),
            RedactedPart::Reporter => "removed a reporter for good".to_owned(),
            RedactedPart::Contact => "removed a contact for good".to_owned(),
            RedactedPart::Note => "removed a note for good".to_owned(),
            RedactedPart::Unknown(_) => "removed a part of it for good".to_owned(),
        }
    }
}
