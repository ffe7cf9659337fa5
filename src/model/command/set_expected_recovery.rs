//! Set expected recovery: record when service is expected to be restored.

use chrono::{DateTime, TimeDelta, Utc};

use super::logic::{Before, Case, CommandLogic, Decided, EventLogic};
use super::table::{Argument, CommandRow, Fact};
use super::{CommandKind, IncidentCommand};
use crate::model::check::{self, BadField, FieldProblem};
use crate::model::decide::require_open;
use crate::model::rejection::Rejection;
use crate::model::time::recorded_time;
use crate::model::{CommandId, Event, EventBody, Incident, PersonRef};

pub(super) const ROW: CommandRow = CommandRow::new(
    CommandKind::SetExpectedRecovery,
    "set_expected_recovery",
    "recovery",
    "say when service is expected to be restored",
    |_, now| Some(IncidentCommand::SetExpectedRecovery { at: Some(now + TimeDelta::hours(1)) }),
)
.argument(Argument::Listed("a time, such as 2h or 14:00; none if nobody knows"))
.inverse(&[CommandKind::SetExpectedRecovery])
.facts(facts);

/// Returns when service is expected to be restored, from the record.
fn facts(incident: &Incident) -> Vec<Fact> {
    let expected = incident.expected_recovery.filter(|_| incident.summary.status.is_open());
    let text = expected.map(|at| format!("expected at {}", time(at)));
    text.map(|text| Fact { label: "Recovery", text }).into_iter().collect()
}

fn time(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M UTC").to_string()
}

pub(in crate::model) struct SetExpectedRecovery {
    pub at: Option<DateTime<Utc>>,
}

impl CommandLogic for SetExpectedRecovery {
    fn row(&self) -> &'static CommandRow {
        &ROW
    }

    fn decide(&self, case: &Case<'_>) -> Decided {
        require_open(case.incident)?;
        let at = self.at.map(recorded_time);
        if let Some(at) = at {
            check::time("at", at)?;
            // An undo restores the earlier expectation, which may have passed.
            if at <= case.requested_at && !case.is_undo {
                return Err(BadField::new("at", FieldProblem::Passed).into());
            }
        }
        if case.incident.expected_recovery == at {
            return Err(Rejection::NothingToChange);
        }
        Ok(vec![EventBody::ExpectedRecoverySet { expected_at: at }])
    }

    fn inverse(&self, _: CommandId, before: Option<&Before<'_>>) -> Option<IncidentCommand> {
        let record = before?.record?;
        Some(IncidentCommand::SetExpectedRecovery { at: record.expected_recovery })
    }

    fn phrase(&self) -> &'static str {
        "set the expected recovery of"
    }

    fn content(&self) -> String {
        self.at.map_or_else(|| "none".to_owned(), time)
    }
}

pub(in crate::model) struct ExpectedRecoverySet {
    pub at: Option<DateTime<Utc>>,
}

impl EventLogic for ExpectedRecoverySet {
    fn apply(&self, incident: &mut Incident, _: &Event) {
        incident.expected_recovery = self.at;
    }

    fn check(&self) -> Result<(), BadField> {
        self.at.map_or(Ok(()), |at| check::time("at", at))
    }

    fn label(&self) -> &'static str {
        "Recovery"
    }

    fn detail(&self) -> String {
        match self.at {
            Some(at) => format!("expected at {}", time(at)),
            None => "it is not known when".to_owned(),
        }
    }

    fn news(&self, _: &Event, _: &PersonRef) -> String {
        match self.at {
            Some(at) => format!("expects recovery at {}", time(at)),
            None => "took back when recovery is expected".to_owned(),
        }
    }
}
