//! Set when the impact began, which may be before it was detected.

use chrono::{DateTime, TimeDelta, Utc};

use super::logic::{Before, Case, CommandLogic, Decided, EventLogic};
use super::table::{Argument, CommandRow, Fact};
use super::{CommandKind, IncidentCommand};
use crate::model::check::{self, BadField, FieldProblem};
use crate::model::rejection::Rejection;
use crate::model::time::recorded_time;
use crate::model::{CommandId, Event, EventBody, Incident, PersonRef, Summary};

pub(super) const ROW: CommandRow = CommandRow::new(
    CommandKind::SetImpactBegan,
    "set_impact_began",
    "impact-began",
    "say when the impact began, which may be before it was detected",
    |_, now| Some(IncidentCommand::SetImpactBegan { at: Some(now - TimeDelta::hours(1)) }),
)
.argument(Argument::Listed("a time, such as 20m or 10:10; none if nobody knows"))
.inverse(&[CommandKind::SetImpactBegan])
.facts(facts);

/// Returns when the impact began, and how long before the detection.
fn facts(incident: &Incident) -> Vec<Fact> {
    let began = incident.began_at.map(|at| {
        let before = incident.summary.detected_at - at;
        let minutes = before.num_minutes();
        let text = match minutes {
            1.. => format!("{}, {minutes} min before it was detected", time(at)),
            _ => time(at),
        };
        Fact { label: "Began", text }
    });
    began.into_iter().collect()
}

fn time(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M UTC").to_string()
}

pub(in crate::model) struct SetImpactBegan {
    pub at: Option<DateTime<Utc>>,
}

impl CommandLogic for SetImpactBegan {
    fn row(&self) -> &'static CommandRow {
        &ROW
    }

    fn decide(&self, case: &Case<'_>) -> Decided {
        let at = self.at.map(recorded_time);
        if let Some(at) = at {
            check::time("at", at)?;
            if at > case.requested_at {
                return Err(BadField::new("at", FieldProblem::InTheFuture(at)).into());
            }
        }
        if case.incident.began_at == at {
            return Err(Rejection::NothingToChange);
        }
        Ok(vec![EventBody::ImpactBeganSet { began_at: at }])
    }

    fn applies_when_ended(&self) -> bool {
        true
    }

    fn inverse(&self, _: CommandId, before: Option<&Before<'_>>) -> Option<IncidentCommand> {
        Some(IncidentCommand::SetImpactBegan { at: before?.record?.began_at })
    }

    fn still_holds(&self, _: &Summary, record: Option<&Incident>) -> bool {
        record.is_none_or(|record| record.began_at == self.at.map(recorded_time))
    }

    fn phrase(&self) -> &'static str {
        "set the beginning of"
    }

    fn content(&self) -> String {
        self.at.map_or_else(|| "none".to_owned(), time)
    }
}

pub(in crate::model) struct ImpactBeganSet {
    pub at: Option<DateTime<Utc>>,
}

impl EventLogic for ImpactBeganSet {
    fn apply(&self, incident: &mut Incident, _: &Event) {
        incident.began_at = self.at;
    }

    fn check(&self) -> Result<(), BadField> {
        self.at.map_or(Ok(()), |at| check::time("began_at", at))
    }

    fn label(&self) -> &'static str {
        "Began"
    }

    fn detail(&self) -> String {
        match self.at {
            Some(at) => format!("the impact began at {}", time(at)),
            None => "it is not known when the impact began".to_owned(),
        }
    }

    fn news(&self, _: &Event, _: &PersonRef) -> String {
        match self.at {
            Some(at) => format!("says that the impact began at {}", time(at)),
            None => "took back when the impact began".to_owned(),
        }
    }
}
