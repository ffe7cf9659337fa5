//! Add a reporter: a person who has reported the incident, where that is not the one who records
//! it.

use uuid::Uuid;

use super::logic::{Before, Case, CommandLogic, Decided, EventLogic};
use super::table::{CommandRow, Fact, SAMPLE_TEXT};
use super::{CommandKind, IncidentCommand};
use crate::model::check::{BadField, FieldProblem};
use crate::model::impact::{MAX_REPORTERS, Reporter};
use crate::model::rejection::Rejection;
use crate::model::text::sanitize;
use crate::model::{CommandId, Event, EventBody, Incident, PersonRef, Summary};

pub(super) const ROW: CommandRow = CommandRow::new(
    CommandKind::AddReporter,
    "add_reporter",
    "reporter",
    "add somebody who has reported it: name, contact, ticket",
    |_, _| {
        let (id, name) = (Uuid::nil(), SAMPLE_TEXT.to_owned());
        let reporter = Reporter { id, name, contact: None, ticket: None, redacted: false };
        Some(IncidentCommand::AddReporter { reporter })
    },
)
.inverse(&[CommandKind::RemoveReporter])
.facts(facts);

/// How many reporters a detail view shows; the record has all of them.
const MAX_SHOWN: usize = 5;

/// Returns the first reporters, and the total number if there are more.
fn facts(incident: &Incident) -> Vec<Fact> {
    let reporters = &incident.reporters;
    let fact = |text| Fact { label: "Reporter", text };
    let mut facts: Vec<Fact> =
        reporters.iter().take(MAX_SHOWN).map(|reporter| fact(reporter.line())).collect();
    if reporters.len() > MAX_SHOWN {
        facts.push(fact(format!("{} reports in all", reporters.len())));
    }
    facts
}

pub(in crate::model) struct AddReporter<'a> {
    pub reporter: &'a Reporter,
}

impl CommandLogic for AddReporter<'_> {
    fn row(&self) -> &'static CommandRow {
        &ROW
    }

    fn decide(&self, case: &Case<'_>) -> Decided {
        self.reporter.check()?;
        let reporters = &case.incident.reporters;
        if reporters.iter().any(|one| one.id == self.reporter.id) {
            return Err(Rejection::AlreadyReported);
        }
        if reporters.len() >= MAX_REPORTERS {
            let problem =
                FieldProblem::TooManyEntries { count: reporters.len() + 1, max: MAX_REPORTERS };
            return Err(BadField::new("reporter", problem).into());
        }
        Ok(vec![EventBody::ReporterAdded { reporter: self.reporter.clone() }])
    }

    fn applies_when_ended(&self) -> bool {
        true
    }

    fn inverse(&self, _: CommandId, _: Option<&Before<'_>>) -> Option<IncidentCommand> {
        Some(IncidentCommand::RemoveReporter { reporter: self.reporter.id })
    }

    fn still_holds(&self, _: &Summary, record: Option<&Incident>) -> bool {
        record.is_none_or(|record| record.reporters.iter().any(|one| one.id == self.reporter.id))
    }

    fn phrase(&self) -> &'static str {
        "add a reporter to"
    }

    fn content(&self) -> String {
        self.reporter.line()
    }
}

pub(in crate::model) struct ReporterAdded<'a> {
    pub reporter: &'a Reporter,
}

impl EventLogic for ReporterAdded<'_> {
    fn apply(&self, incident: &mut Incident, _: &Event) {
        if incident.reporters.iter().all(|one| one.id != self.reporter.id) {
            incident.reporters.push(self.reporter.clone());
        }
    }

    fn check(&self) -> Result<(), BadField> {
        self.reporter.check()
    }

    fn label(&self) -> &'static str {
        "Reporter"
    }

    fn detail(&self) -> String {
        self.reporter.line()
    }

    fn news(&self, _: &Event, _: &PersonRef) -> String {
        if self.reporter.name.is_empty() {
            return "added a reporter".to_owned();
        }
        format!("says that {} has reported it", sanitize(&self.reporter.name))
    }
}
