//! Resolve: record that service is restored, how, and how that was validated.

use super::logic::{Before, Case, CommandLogic, Decided, EventLogic, quote};
use super::table::{CommandRow, SAMPLE_TEXT};
use super::{CommandKind, IncidentCommand};
use crate::model::check::{self, BadField};
use crate::model::decide::require_open;
use crate::model::incident::Resolution;
use crate::model::stability::Stability;
use crate::model::status::ResolutionAction;
use crate::model::{CommandId, Event, EventBody, Incident, PersonRef, Status};

pub(super) const ROW: CommandRow = CommandRow::new(
    CommandKind::Resolve,
    "resolve",
    "resolve",
    "resolve: what was done, how validated",
    |_, _| {
        let (detail, validation) = (SAMPLE_TEXT.into(), SAMPLE_TEXT.into());
        Some(IncidentCommand::Resolve { action: ResolutionAction::Other, detail, validation })
    },
)
.inverse(&[CommandKind::UndoMove])
.one_at_a_time();

pub(in crate::model) struct Resolve<'a> {
    pub action: ResolutionAction,
    pub detail: &'a str,
    pub validation: &'a str,
}

impl CommandLogic for Resolve<'_> {
    fn row(&self) -> &'static CommandRow {
        &ROW
    }

    fn decide(&self, case: &Case<'_>) -> Decided {
        require_open(case.incident)?;
        check::required_text("what was done", self.detail)?;
        check::required_text("how recovery was validated", self.validation)?;
        Ok(vec![EventBody::Resolved {
            action: self.action,
            detail: self.detail.to_owned(),
            validation: self.validation.to_owned(),
            stability: None,
        }])
    }

    fn inverse(&self, _: CommandId, before: Option<&Before<'_>>) -> Option<IncidentCommand> {
        before.map(|_| IncidentCommand::UndoMove)
    }

    fn phrase(&self) -> &'static str {
        "resolve"
    }

    fn content(&self) -> String {
        format!("{}: {} · {}", self.action, self.detail, self.validation)
    }
}

pub(in crate::model) struct Resolved<'a> {
    pub action: ResolutionAction,
    pub detail: &'a str,
    pub validation: &'a str,
    /// Set by the store, which has the alerts.
    pub stability: Option<Stability>,
}

impl EventLogic for Resolved<'_> {
    fn apply(&self, incident: &mut Incident, event: &Event) {
        incident.resolution = Some(Resolution {
            action: self.action,
            detail: self.detail.to_owned(),
            validation: self.validation.to_owned(),
            by: event.actor.clone(),
            stability: self.stability,
        });
        incident.unpause(event.at);
        incident.advance_to(Status::Resolved, event);
    }

    fn check(&self) -> Result<(), BadField> {
        check::text("detail", self.detail)?;
        check::text("validation", self.validation)
    }

    fn is_move(&self) -> bool {
        true
    }

    fn reaches_stage(&self) -> bool {
        true
    }

    fn is_milestone(&self) -> bool {
        true
    }

    fn label(&self) -> &'static str {
        "Resolved"
    }

    fn detail(&self) -> String {
        let text = format!("{}: {} · validated: {}", self.action, self.detail, self.validation);
        match self.stability.filter(Stability::is_waived) {
            Some(stability) => format!("{text} · stability waived: {}", stability.text()),
            None => text,
        }
    }

    fn news(&self, _: &Event, _: &PersonRef) -> String {
        format!("resolved it: {}", quote(self.detail))
    }
}
