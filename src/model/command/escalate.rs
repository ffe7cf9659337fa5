//! Escalate: call a level of the escalation policy.

use chrono::{DateTime, Utc};

use super::logic::{Case, CommandLogic, Decided, EventLogic};
use super::table::{Argument, CommandRow, SAMPLE_TEXT};
use super::{CommandKind, IncidentCommand};
use crate::model::check::{self, BadField};
use crate::model::decide::require_open;
use crate::model::field_check::list_length;
use crate::model::notification::step::{AutomaticStep, DueStep};
use crate::model::rejection::Rejection;
use crate::model::{Event, EventBody, Incident, PersonRef, Status, Summary};

pub(super) const ROW: CommandRow = CommandRow::new(
    CommandKind::Escalate,
    "escalate",
    "escalate",
    "call the next level of the policy",
    |_, _| {
        let reason = Some(SAMPLE_TEXT.into());
        Some(IncidentCommand::Escalate {
            level: 1,
            to: Vec::new(),
            reason,
            automatic: None,
            all_must_acknowledge: false,
        })
    },
)
.argument(Argument::Listed("a level of the policy, from 1"))
.one_at_a_time();

pub(in crate::model) struct Escalate<'a> {
    pub level: u8,
    pub to: &'a [PersonRef],
    pub reason: Option<&'a str>,
    pub automatic: Option<&'a DueStep>,
    pub all_must_acknowledge: bool,
}

impl CommandLogic for Escalate<'_> {
    fn row(&self) -> &'static CommandRow {
        &ROW
    }

    fn decide(&self, case: &Case<'_>) -> Decided {
        let Self { level, to, reason, automatic, all_must_acknowledge } = *self;
        require_open(case.incident)?;
        check::people("to", to)?;
        reason.map_or(Ok(()), |reason| check::text("reason", reason))?;
        let summary = &case.incident.summary;
        // Without a reason it is automatic. A step of the policy has its own rules.
        if reason.is_none() && automatic.is_none() && summary.acknowledged_at.is_some() {
            return Err(Rejection::AcknowledgedMeanwhile);
        }
        if reason.is_none() && automatic.is_none() && level <= summary.escalation {
            return Err(Rejection::LevelAlreadyCalled { level });
        }
        let automatic = match automatic {
            None => None,
            Some(due) => Some(decide_due_step(summary, level, due, case.requested_at)?),
        };
        let reason = reason.map(ToOwned::to_owned);
        Ok(vec![EventBody::Escalated {
            level,
            to: to.to_vec(),
            reason,
            automatic,
            all_must_acknowledge,
        }])
    }

    fn phrase(&self) -> &'static str {
        "escalate"
    }

    fn content(&self) -> String {
        format!("level {}", self.level)
    }
}

/// Checks a step that the program carries out automatically, and returns it for the record.
fn decide_due_step(
    row: &Summary,
    level: u8,
    step: &DueStep,
    now: DateTime<Utc>,
) -> Result<AutomaticStep, Rejection> {
    check::time("due", step.due)?;
    if let Some(since) = step.unattended_since {
        check::time("unattended_since", since)?;
        // Somebody has done something since, or works on it.
        if row.status != Status::Acknowledged || row.last_attended_at() != Some(since) {
            return Err(Rejection::AcknowledgedMeanwhile);
        }
    } else if row.status != Status::Triggered || row.acknowledged_at.is_some() {
        return Err(Rejection::AcknowledgedMeanwhile);
    }
    if row.paused || row.is_snoozed(now) {
        return Err(Rejection::EscalationOnHold);
    }
    if row.is_muted() {
        return Err(Rejection::EscalationMuted);
    }
    let begins_again = step.unattended_since.is_some();
    // A step from before the policy restarted is void.
    if step.due > now || (!begins_again && step.due < row.escalation_start()) {
        return Err(Rejection::LevelNotDue { level });
    }
    if !begins_again && (step.round.max(1), level) <= (row.escalation_round.max(1), row.escalation)
    {
        return Err(Rejection::LevelAlreadyCalled { level });
    }
    check_missed(row, level, step)?;
    Ok(step.recorded(now))
}

/// Checks the levels that are called with a step as they were missed: each was due before it and was not
/// called yet.
fn check_missed(row: &Summary, level: u8, step: &DueStep) -> Result<(), Rejection> {
    list_length("missed", step.missed.len())?;
    let called = (row.escalation_round.max(1), row.escalation);
    let last = (step.round.max(1), level);
    for missed in &step.missed {
        check::time("due", missed.due)?;
        let number = (missed.round.max(1), missed.level);
        if missed.due > step.due || number >= last || number <= called {
            return Err(Rejection::LevelNotDue { level: missed.level });
        }
    }
    Ok(())
}

pub(in crate::model) struct Escalated<'a> {
    pub level: u8,
    pub to: &'a [PersonRef],
    pub reason: Option<&'a str>,
    pub automatic: Option<&'a AutomaticStep>,
    pub all_must_acknowledge: bool,
}

impl Escalated<'_> {
    /// Records the people who must acknowledge, as long as nobody has.
    fn require(&self, row: &mut Summary) {
        if row.acknowledged_at.is_some() || !(self.all_must_acknowledge || row.required.is_some()) {
            return;
        }
        let mut required = row.required.take().unwrap_or_default();
        required.call(self.to, self.all_must_acknowledge);
        row.required = (!required.is_empty()).then_some(required);
    }

    /// Returns whether the acknowledgement has expired, so that nobody is responsible any more.
    fn has_expired(&self) -> bool {
        self.automatic.is_some_and(|step| step.unattended_since.is_some())
    }
}

impl EventLogic for Escalated<'_> {
    fn apply(&self, incident: &mut Incident, event: &Event) {
        if self.has_expired() {
            incident.revert_to(Status::Triggered, event);
        }
        let row = &mut incident.summary;
        if self.automatic.is_none() && self.reason.is_some() {
            // A person calls others despite maintenance.
            row.end_mute(event.at);
        }
        match self.automatic {
            Some(step) if step.unattended_since.is_some() => {
                row.restart_escalation(event.recorded_at);
                row.escalation = self.level;
            }
            Some(step) if step.round > row.escalation_round.max(1) => {
                row.escalation = self.level;
                row.escalation_round = step.round;
            }
            _ => row.escalation = row.escalation.max(self.level),
        }
        self.require(row);
    }

    fn check(&self) -> Result<(), BadField> {
        check::people("to", self.to)?;
        self.reason.map_or(Ok(()), |reason| check::text("reason", reason))
    }

    fn is_move(&self) -> bool {
        self.has_expired()
    }

    fn is_milestone(&self) -> bool {
        true
    }

    fn label(&self) -> &'static str {
        if self.has_expired() { "Expired" } else { "Escalated" }
    }

    fn detail(&self) -> String {
        let mut text = format!("level {}", self.level);
        if !self.to.is_empty() {
            let names: Vec<&str> = self.to.iter().map(|p| p.name.as_str()).collect();
            text.push_str(" to ");
            text.push_str(&names.join(", "));
        }
        if self.all_must_acknowledge && self.to.len() > 1 {
            text.push_str(", each of whom must acknowledge");
        }
        if let Some(reason) = self.reason {
            text.push_str(": ");
            text.push_str(reason);
        }
        if let Some(step) = self.automatic {
            text.push_str(&step.remark(self.to.is_empty()));
        }
        text
    }

    fn news(&self, _: &Event, _: &PersonRef) -> String {
        if self.has_expired() {
            return format!("let the acknowledgement expire and called level {}", self.level);
        }
        format!("called level {}", self.level)
    }
}
