//! Snooze: hide an incident from the queue until a time, or until it changes.

use chrono::{DateTime, TimeDelta, Utc};

use super::logic::{Before, Case, CommandLogic, Decided, EventLogic};
use super::table::{Argument, CommandRow};
use super::{CommandKind, IncidentCommand};
use crate::model::check::{self, BadField, FieldProblem};
use crate::model::decide::require_open;
use crate::model::time::{UNTIL_CHANGED, recorded_time};
use crate::model::{CommandId, Event, EventBody, Incident, PersonRef, Summary};

pub(super) const ROW: CommandRow = CommandRow::new(
    CommandKind::Snooze,
    "snooze",
    "snooze",
    "snooze it, or wait on somebody else",
    |_, now| Some(IncidentCommand::Snooze { until: now + TimeDelta::hours(1) }),
)
.argument(Argument::Time)
.inverse(&[CommandKind::Wake, CommandKind::Snooze]);

pub(in crate::model) struct Snooze {
    pub until: DateTime<Utc>,
}

impl CommandLogic for Snooze {
    fn row(&self) -> &'static CommandRow {
        &ROW
    }

    fn decide(&self, case: &Case<'_>) -> Decided {
        require_open(case.incident)?;
        check::time("until", self.until)?;
        // An undo may lead back to a snooze that has ended meanwhile.
        if self.until <= case.requested_at && !case.is_undo {
            return Err(BadField::new("until", FieldProblem::Passed).into());
        }
        Ok(vec![EventBody::Snoozed { until: recorded_time(self.until) }])
    }

    fn inverse(&self, _: CommandId, before: Option<&Before<'_>>) -> Option<IncidentCommand> {
        let before = before?;
        Some(match before.row.snoozed_until.filter(|until| *until > before.now) {
            Some(until) => IncidentCommand::Snooze { until },
            None => IncidentCommand::Wake,
        })
    }

    fn still_holds(&self, row: &Summary, _: Option<&Incident>) -> bool {
        row.snoozed_until.map(recorded_time) == Some(recorded_time(self.until))
    }

    fn phrase(&self) -> &'static str {
        "snooze"
    }

    fn content(&self) -> String {
        format!("until {}", self.until.format("%Y-%m-%d %H:%M UTC"))
    }
}

pub(in crate::model) struct Snoozed {
    pub until: DateTime<Utc>,
}

impl EventLogic for Snoozed {
    fn apply(&self, incident: &mut Incident, _: &Event) {
        incident.summary.snoozed_until = Some(self.until);
    }

    fn check(&self) -> Result<(), BadField> {
        check::time("until", self.until)
    }

    fn label(&self) -> &'static str {
        "Snoozed"
    }

    fn detail(&self) -> String {
        if self.until >= UNTIL_CHANGED {
            "until it changes".into()
        } else {
            format!("until {}", self.until.format("%Y-%m-%d %H:%M UTC"))
        }
    }

    fn news(&self, _: &Event, _: &PersonRef) -> String {
        "snoozed it".into()
    }
}
