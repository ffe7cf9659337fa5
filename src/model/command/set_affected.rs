//! Set whom it affects: how many users, and where.

use super::logic::{Before, Case, CommandLogic, Decided, EventLogic};
use super::table::{Argument, CommandRow, Fact};
use super::{CommandKind, IncidentCommand};
use crate::model::check::BadField;
use crate::model::impact::Affected;
use crate::model::rejection::Rejection;
use crate::model::text::sanitize;
use crate::model::{CommandId, Event, EventBody, Incident, PersonRef, Summary};

pub(super) const ROW: CommandRow = CommandRow::new(
    CommandKind::SetAffected,
    "set_affected",
    "users-affected",
    "say how many users it affects, and where",
    |_, _| {
        let affected = Affected { users: Some(1), ..Affected::default() };
        Some(IncidentCommand::SetAffected { affected })
    },
)
.argument(Argument::Listed("a number, a share such as 12.5%, and regions; none if nobody knows"))
.inverse(&[CommandKind::SetAffected])
.facts(facts);

fn facts(incident: &Incident) -> Vec<Fact> {
    let text = incident.affected.line();
    if text.is_empty() { Vec::new() } else { vec![Fact { label: "Affected", text }] }
}

pub(in crate::model) struct SetAffected<'a> {
    pub affected: &'a Affected,
}

impl CommandLogic for SetAffected<'_> {
    fn row(&self) -> &'static CommandRow {
        &ROW
    }

    fn decide(&self, case: &Case<'_>) -> Decided {
        self.affected.check()?;
        if case.incident.affected == *self.affected {
            return Err(Rejection::NothingToChange);
        }
        Ok(vec![EventBody::AffectedSet { affected: self.affected.clone() }])
    }

    fn applies_when_ended(&self) -> bool {
        true
    }

    fn inverse(&self, _: CommandId, before: Option<&Before<'_>>) -> Option<IncidentCommand> {
        Some(IncidentCommand::SetAffected { affected: before?.record?.affected.clone() })
    }

    fn still_holds(&self, _: &Summary, record: Option<&Incident>) -> bool {
        record.is_none_or(|record| record.affected == *self.affected)
    }

    fn phrase(&self) -> &'static str {
        "set the affected users of"
    }

    fn content(&self) -> String {
        self.affected.line()
    }
}

pub(in crate::model) struct AffectedSet<'a> {
    pub affected: &'a Affected,
}

impl EventLogic for AffectedSet<'_> {
    fn apply(&self, incident: &mut Incident, _: &Event) {
        incident.affected = self.affected.clone();
    }

    fn check(&self) -> Result<(), BadField> {
        self.affected.check()
    }

    fn label(&self) -> &'static str {
        "Affected"
    }

    fn detail(&self) -> String {
        match self.affected.line() {
            line if line.is_empty() => "it is not known whom it affects".to_owned(),
            line => line,
        }
    }

    fn news(&self, _: &Event, _: &PersonRef) -> String {
        match self.affected.line() {
            line if line.is_empty() => "took back whom it affects".to_owned(),
            line => format!("says that it affects {}", sanitize(&line)),
        }
    }
}
