//! Assign: set or remove the person who leads the response.

use chrono::{DateTime, Utc};

use super::logic::{Before, Case, CommandLogic, Decided, EventLogic};
use super::prioritize::refuse_uncorrectable;
use super::table::{Argument, CommandRow, SAMPLE_TEXT};
use super::{CommandKind, IncidentCommand};
use crate::model::check::{self, BadField};
use crate::model::decide::require_correctable;
use crate::model::rejection::Rejection;
use crate::model::text::sanitize;
use crate::model::{CommandId, Event, EventBody, Incident, PersonRef, Summary};

pub(super) const ROW: CommandRow = CommandRow::new(
    CommandKind::Assign,
    "assign",
    "assign",
    "assign it to somebody, on call first",
    |_, _| Some(IncidentCommand::Assign { to: Some(PersonRef::new(SAMPLE_TEXT, SAMPLE_TEXT)) }),
)
.argument(Argument::Person)
.inverse(&[CommandKind::Assign])
.one_at_a_time();

fn handle(person: Option<&PersonRef>) -> Option<&str> {
    person.map(|person| person.handle.as_str())
}

pub(in crate::model) struct Assign<'a> {
    pub to: Option<&'a PersonRef>,
}

impl CommandLogic for Assign<'_> {
    fn row(&self) -> &'static CommandRow {
        &ROW
    }

    fn decide(&self, case: &Case<'_>) -> Decided {
        require_correctable(case, None)?;
        let owner = case.incident.summary.assignee.as_ref();
        if handle(owner) == handle(self.to) {
            return Err(match owner {
                Some(owner) => Rejection::AlreadyOwned { by: owner.clone() },
                None => Rejection::AlreadyUnowned,
            });
        }
        if let Some(person) = self.to {
            check::person("assignee", person)?;
        }
        Ok(vec![EventBody::Assigned { to: self.to.cloned() }])
    }

    fn applies_when_ended(&self) -> bool {
        true
    }

    fn row_refusal(&self, row: &Summary) -> Option<Rejection> {
        if let Some(refusal) = refuse_uncorrectable(row) {
            return Some(refusal);
        }
        match (self.to, &row.assignee) {
            (Some(to), Some(owner)) if to.handle == owner.handle => {
                Some(Rejection::AlreadyOwned { by: owner.clone() })
            }
            (None, None) => Some(Rejection::AlreadyUnowned),
            _ => None,
        }
    }

    fn inverse(&self, _: CommandId, before: Option<&Before<'_>>) -> Option<IncidentCommand> {
        Some(IncidentCommand::Assign { to: before?.row.assignee.clone() })
    }

    fn still_holds(&self, row: &Summary, _: Option<&Incident>) -> bool {
        handle(row.assignee.as_ref()) == handle(self.to)
    }

    fn phrase(&self) -> &'static str {
        if self.to.is_some() { "assign" } else { "make unowned" }
    }

    fn content(&self) -> String {
        self.to.map(|person| format!("to {}", person.name)).unwrap_or_default()
    }
}

pub(in crate::model) struct Assigned<'a> {
    pub to: Option<&'a PersonRef>,
}

impl EventLogic for Assigned<'_> {
    fn apply(&self, incident: &mut Incident, event: &Event) {
        incident.summary.assignee = self.to.cloned();
        // Fields that a later version added belong to the previous person.
        incident.summary.extra.remove_fields(&["assignee"]);
        incident.update_unowned(event.at);
    }

    fn check(&self) -> Result<(), BadField> {
        self.to.map_or(Ok(()), |to| check::person("to", to))
    }

    /// Depends on the time since which the incident is unowned.
    fn earliest_time(&self, incident: &Incident) -> DateTime<Utc> {
        incident.unowned_since.unwrap_or(incident.status_at)
    }

    fn label(&self) -> &'static str {
        "Assigned"
    }

    fn detail(&self) -> String {
        self.to.map_or_else(|| "unowned".to_owned(), |p| format!("to {}", p.name))
    }

    fn news(&self, event: &Event, reader: &PersonRef) -> String {
        let Some(person) = self.to else { return "made it unowned".into() };
        if person.handle == reader.handle {
            "assigned it to you".into()
        } else if event.actor.person().is_some_and(|actor| actor.handle == person.handle) {
            "took it".into()
        } else {
            format!("assigned it to {}", sanitize(&person.name))
        }
    }
}
