//! Mark as noise: record that the incident, and so the check that reported it, was not worth a
//! call; or remove that mark.

use super::logic::{Before, Case, CommandLogic, Decided, EventLogic, quote};
use super::table::{CommandRow, Fact, SAMPLE_TEXT};
use super::{CommandKind, IncidentCommand};
use crate::model::check::{self, BadField};
use crate::model::rejection::Rejection;
use crate::model::{CommandId, Event, EventBody, Incident, PersonRef, Summary};

pub(super) const ROW: CommandRow = CommandRow::new(
    CommandKind::MarkNoise,
    "mark_noise",
    "noise",
    "mark it as noise: its alert was not worth a call",
    |row, _| {
        let is_noise = row.is_some_and(|row| row.is_noise);
        Some(IncidentCommand::MarkNoise { reason: (!is_noise).then(|| SAMPLE_TEXT.into()) })
    },
)
.inverse(&[CommandKind::MarkNoise])
.facts(facts);

fn facts(incident: &Incident) -> Vec<Fact> {
    let reason = incident.noise_reason.iter();
    reason.map(|reason| Fact { label: "Noise", text: reason.clone() }).collect()
}

pub(in crate::model) struct MarkNoise<'a> {
    pub reason: Option<&'a str>,
}

impl CommandLogic for MarkNoise<'_> {
    fn row(&self) -> &'static CommandRow {
        &ROW
    }

    fn decide(&self, case: &Case<'_>) -> Decided {
        if let Some(reason) = self.reason {
            check::required_text("reason", reason)?;
        }
        match self.row_refusal(&case.incident.summary) {
            Some(refusal) => Err(refusal),
            None => Ok(vec![EventBody::NoiseMarked { reason: self.reason.map(ToOwned::to_owned) }]),
        }
    }

    fn applies_when_ended(&self) -> bool {
        true
    }

    fn row_refusal(&self, row: &Summary) -> Option<Rejection> {
        match (self.reason.is_some(), row.is_noise) {
            (true, true) => Some(Rejection::AlreadyNoise),
            (false, false) => Some(Rejection::NotNoise),
            _ => None,
        }
    }

    fn inverse(&self, _: CommandId, before: Option<&Before<'_>>) -> Option<IncidentCommand> {
        if self.reason.is_some() {
            Some(IncidentCommand::MarkNoise { reason: None })
        } else {
            let reason = before?.record?.noise_reason.clone()?;
            Some(IncidentCommand::MarkNoise { reason: Some(reason) })
        }
    }

    fn still_holds(&self, row: &Summary, _: Option<&Incident>) -> bool {
        row.is_noise == self.reason.is_some()
    }

    fn phrase(&self) -> &'static str {
        if self.reason.is_some() { "mark as noise" } else { "take the mark of noise from" }
    }

    fn content(&self) -> String {
        self.reason.unwrap_or_default().to_owned()
    }
}

pub(in crate::model) struct NoiseMarked<'a> {
    pub reason: Option<&'a str>,
}

impl EventLogic for NoiseMarked<'_> {
    fn apply(&self, incident: &mut Incident, _: &Event) {
        incident.summary.is_noise = self.reason.is_some();
        incident.noise_reason = self.reason.map(ToOwned::to_owned);
    }

    fn check(&self) -> Result<(), BadField> {
        self.reason.map_or(Ok(()), |reason| check::required_text("reason", reason))
    }

    fn label(&self) -> &'static str {
        if self.reason.is_some() { "Noise" } else { "No noise" }
    }

    fn detail(&self) -> String {
        self.reason.unwrap_or("the mark is taken back").to_owned()
    }

    fn news(&self, _: &Event, _: &PersonRef) -> String {
        match self.reason {
            Some(reason) => format!("marked it as noise: {}", quote(reason)),
            None => "said that it is no noise".into(),
        }
    }
}
