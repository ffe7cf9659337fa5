//! Describe: rewrite title, symptoms, labels or runbook; `None` leaves a part unchanged.

use super::logic::{Before, Case, CommandLogic, Decided, EventLogic, quote};
use super::table::{CommandRow, SAMPLE_TEXT};
use super::{CommandKind, IncidentCommand};
use crate::model::check::{self, BadField};
use crate::model::rejection::Rejection;
use crate::model::{CommandId, Event, EventBody, Incident, PersonRef, Summary};

pub(super) const ROW: CommandRow = CommandRow::new(
    CommandKind::Describe,
    "describe",
    "describe",
    "title, symptoms, labels, runbook",
    |_, _| {
        let title = Some(SAMPLE_TEXT.into());
        Some(IncidentCommand::Describe { title, symptoms: None, labels: None, runbook: None })
    },
)
.inverse(&[CommandKind::Describe]);

pub(in crate::model) struct Describe<'a> {
    pub title: Option<&'a str>,
    pub symptoms: Option<&'a str>,
    pub labels: Option<&'a [String]>,
    pub runbook: Option<&'a str>,
}

impl CommandLogic for Describe<'_> {
    fn row(&self) -> &'static CommandRow {
        &ROW
    }

    fn decide(&self, _: &Case<'_>) -> Decided {
        let Self { title, symptoms, labels, runbook } = *self;
        check::description(title, symptoms, labels, runbook)?;
        if title.is_none() && symptoms.is_none() && labels.is_none() && runbook.is_none() {
            return Err(Rejection::NothingToChange);
        }
        Ok(vec![EventBody::Described {
            title: title.map(|title| title.trim().to_owned()),
            symptoms: symptoms.map(ToOwned::to_owned),
            labels: labels.map(ToOwned::to_owned),
            runbook: runbook.map(ToOwned::to_owned),
        }])
    }

    fn applies_when_ended(&self) -> bool {
        true
    }

    fn inverse(&self, _: CommandId, before: Option<&Before<'_>>) -> Option<IncidentCommand> {
        let before = before?;
        let record = before.record?;
        Some(IncidentCommand::Describe {
            title: self.title.map(|_| before.row.title.clone()),
            symptoms: self.symptoms.map(|_| record.symptoms.clone()),
            labels: self.labels.map(|_| record.labels.clone()),
            runbook: self.runbook.map(|_| record.runbook.clone().unwrap_or_default()),
        })
    }

    fn still_holds(&self, row: &Summary, record: Option<&Incident>) -> bool {
        let same =
            |set: Option<&str>, current: &str| set.is_none_or(|set| set.trim() == current.trim());
        same(self.title, &row.title)
            && record.is_none_or(|record| {
                same(self.symptoms, &record.symptoms)
                    && self.labels.is_none_or(|labels| record.labels == labels)
                    && same(self.runbook, record.runbook.as_deref().unwrap_or_default())
            })
    }

    fn phrase(&self) -> &'static str {
        "rewrite"
    }

    fn content(&self) -> String {
        let labels = self.labels.map(|labels| labels.join(", "));
        let parts = [self.title, self.symptoms, labels.as_deref(), self.runbook];
        parts.into_iter().flatten().collect::<Vec<_>>().join(" · ")
    }
}

pub(in crate::model) struct Described<'a> {
    pub title: Option<&'a str>,
    pub symptoms: Option<&'a str>,
    pub labels: Option<&'a [String]>,
    pub runbook: Option<&'a str>,
}

impl EventLogic for Described<'_> {
    fn apply(&self, incident: &mut Incident, _: &Event) {
        if let Some(title) = self.title {
            title.clone_into(&mut incident.summary.title);
        }
        if let Some(symptoms) = self.symptoms {
            symptoms.clone_into(&mut incident.symptoms);
        }
        if let Some(labels) = self.labels {
            incident.labels = labels.to_vec();
        }
        if let Some(runbook) = self.runbook {
            incident.runbook = Some(runbook.to_owned()).filter(|name| !name.is_empty());
        }
    }

    fn check(&self) -> Result<(), BadField> {
        check::description(self.title, self.symptoms, self.labels, self.runbook)
    }

    fn label(&self) -> &'static str {
        "Record"
    }

    fn detail(&self) -> String {
        let mut parts = Vec::new();
        if let Some(title) = self.title {
            parts.push(format!("title: {title}"));
        }
        if let Some(symptoms) = self.symptoms {
            parts.push(format!("symptoms: {symptoms}"));
        }
        if let Some(labels) = self.labels {
            parts.push(format!("labels: {}", labels.join(", ")));
        }
        if let Some(runbook) = self.runbook {
            parts.push(format!("runbook: {runbook}"));
        }
        parts.join(" · ")
    }

    fn news(&self, _: &Event, _: &PersonRef) -> String {
        format!("rewrote its {}", quote(&self.detail()))
    }
}
