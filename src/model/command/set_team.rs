//! Set the team: record the team that is responsible for the incident.

use super::logic::{Before, Case, CommandLogic, Decided, EventLogic};
use super::prioritize::refuse_uncorrectable;
use super::table::{Argument, CommandRow, SAMPLE_TEXT};
use super::{CommandKind, IncidentCommand};
use crate::model::check::{self, BadField};
use crate::model::decide::require_correctable;
use crate::model::rejection::Rejection;
use crate::model::text::sanitize;
use crate::model::{CommandId, Event, EventBody, Incident, PersonRef, Status, Summary};

pub(super) const ROW: CommandRow =
    CommandRow::new(CommandKind::SetTeam, "set_team", "team", "the team alone", |_, _| {
        Some(IncidentCommand::SetTeam { team: Some(SAMPLE_TEXT.into()) })
    })
    .argument(Argument::Team)
    .inverse(&[CommandKind::SetTeam]);

pub(in crate::model) struct SetTeam<'a> {
    pub team: Option<&'a str>,
}

impl CommandLogic for SetTeam<'_> {
    fn row(&self) -> &'static CommandRow {
        &ROW
    }

    fn decide(&self, case: &Case<'_>) -> Decided {
        require_correctable(case, None)?;
        if let Some(team) = self.team {
            check::name("team", team)?;
        }
        if case.incident.summary.team.as_deref() == self.team {
            return Err(Rejection::AlreadyItsTeam);
        }
        let team = self.team.map(ToOwned::to_owned);
        // Who was called before is of another team, which has a policy of its own.
        let row = &case.incident.summary;
        let is_unacknowledged = row.status == Status::Triggered && row.acknowledged_at.is_none();
        let restarts_escalation = !case.is_undo && is_unacknowledged;
        Ok(vec![EventBody::TeamSet { team, restarts_escalation }])
    }

    fn applies_when_ended(&self) -> bool {
        true
    }

    fn row_refusal(&self, row: &Summary) -> Option<Rejection> {
        refuse_uncorrectable(row)
    }

    fn inverse(&self, _: CommandId, before: Option<&Before<'_>>) -> Option<IncidentCommand> {
        Some(IncidentCommand::SetTeam { team: before?.row.team.clone() })
    }

    fn still_holds(&self, row: &Summary, _: Option<&Incident>) -> bool {
        row.team.as_deref() == self.team
    }

    fn phrase(&self) -> &'static str {
        "set the team of"
    }

    fn content(&self) -> String {
        self.team.unwrap_or("none").to_owned()
    }
}

pub(in crate::model) struct TeamSet<'a> {
    pub team: Option<&'a str>,
    pub restarts_escalation: bool,
}

impl EventLogic for TeamSet<'_> {
    fn apply(&self, incident: &mut Incident, event: &Event) {
        if self.restarts_escalation {
            incident.summary.restart_escalation(event.at);
        }
        incident.summary.team = self.team.map(ToOwned::to_owned);
    }

    fn check(&self) -> Result<(), BadField> {
        self.team.map_or(Ok(()), |team| check::name("team", team))
    }

    fn label(&self) -> &'static str {
        "Team"
    }

    fn detail(&self) -> String {
        self.team.unwrap_or("no team").to_owned()
    }

    fn news(&self, _: &Event, _: &PersonRef) -> String {
        match self.team {
            Some(team) => format!("gave it to team {}", sanitize(team)),
            None => "took its team away".into(),
        }
    }
}
