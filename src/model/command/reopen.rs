//! Reopen: the failure is back, and the same incident continues.

use super::logic::{Case, CommandLogic, Decided, EventLogic, quote};
use super::table::{CommandRow, SAMPLE_TEXT};
use super::{CommandKind, IncidentCommand};
use crate::model::check::{self, BadField};
use crate::model::checklist::Item;
use crate::model::decide::{already_ended, past_reopening};
use crate::model::rejection::Rejection;
use crate::model::{Event, EventBody, Incident, PersonRef, Status, Summary};

pub(super) const ROW: CommandRow =
    CommandRow::new(CommandKind::Reopen, "reopen", "reopen", "reopen it: it is back", |_, _| {
        Some(IncidentCommand::Reopen { reason: SAMPLE_TEXT.into() })
    })
    .one_at_a_time();

pub(in crate::model) struct Reopen<'a> {
    pub reason: &'a str,
}

impl CommandLogic for Reopen<'_> {
    fn row(&self) -> &'static CommandRow {
        &ROW
    }

    fn decide(&self, case: &Case<'_>) -> Decided {
        check::required_text("reason", self.reason)?;
        let incident = case.incident;
        match incident.summary.status {
            Status::Resolved | Status::Closed => {
                if let Some((closed_at, days)) = past_reopening(case) {
                    return Err(Rejection::ReopenedTooLate { closed_at, days });
                }
            }
            Status::Merged | Status::Reclassified => {
                return Err(already_ended(incident));
            }
            status => return Err(Rejection::NeedsNoReopening { status }),
        }
        Ok(vec![EventBody::Reopened { reason: self.reason.to_owned() }])
    }

    fn applies_when_ended(&self) -> bool {
        true
    }

    fn row_refusal(&self, row: &Summary) -> Option<Rejection> {
        let status = row.status;
        status.is_open().then_some(Rejection::NeedsNoReopening { status })
    }

    fn phrase(&self) -> &'static str {
        "reopen"
    }

    fn content(&self) -> String {
        self.reason.to_owned()
    }
}

pub(in crate::model) struct Reopened<'a> {
    pub reason: &'a str,
}

impl EventLogic for Reopened<'_> {
    fn apply(&self, incident: &mut Incident, event: &Event) {
        incident.reopened += 1;
        let row = &mut incident.summary;
        // A resolution passes the stages before it, although nobody performed them.
        row.never_acknowledged |=
            row.acknowledged_at.is_some() && row.acknowledged_at == row.resolved_at;
        row.resolved_at = None;
        incident.summary.closed_at = None;
        for reached_at in incident.stages.iter_mut().skip(3) {
            *reached_at = None;
        }
        // The closing gate was answered for the fix that did not last.
        incident.answered.retain(|answered| !matches!(answered.item, Item::Closing(_)));
        incident.advance_to(Status::Investigating, event);
    }

    fn check(&self) -> Result<(), BadField> {
        check::text("reason", self.reason)
    }

    fn is_move(&self) -> bool {
        true
    }

    fn is_milestone(&self) -> bool {
        true
    }

    fn label(&self) -> &'static str {
        "Reopened"
    }

    fn detail(&self) -> String {
        self.reason.to_owned()
    }

    fn news(&self, _: &Event, _: &PersonRef) -> String {
        format!("reopened it: {}", quote(self.reason))
    }
}
