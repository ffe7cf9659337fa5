//! Declare: report and log an incident.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::logic::{Before, Case, CommandLogic, Decided, EventLogic};
use super::table::{CommandRow, CommandScope, no_sample};
use super::{CommandKind, IncidentCommand};
use crate::model::check::{self, BadField, FieldProblem};
use crate::model::decide::Context;
use crate::model::directory::Directory;
use crate::model::priority::{Impact, Priority, Urgency};
use crate::model::rejection::Rejection;
use crate::model::status::{Category, Classification, Source};
use crate::model::time::truncate_to_second;
use crate::model::{CommandId, Event, EventBody, Incident, PersonRef};

pub(super) const ROW: CommandRow =
    CommandRow::new(CommandKind::Declare, "declare", "declare", "declare an incident", no_sample)
        .scope(CommandScope::RespondOrIngest)
        .inverse(&[CommandKind::Reclassify]);

/// How far the time of a report may be after the request and the deciding clock: clocks differ a
/// little.
const MAX_CLOCK_SKEW: TimeDelta = TimeDelta::minutes(5);

/// The reason recorded when a declaration is undone.
const DECLARED_BY_MISTAKE: &str = "declared by mistake, taken back at once";

/// The fields of an incident when it is declared.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct Declaration {
    /// One line, 1 to 200 characters.
    pub title: String,
    /// The affected services; the first is the primary.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub services: Vec<String>,
    /// Extent of the harm.
    pub impact: Impact,
    /// How fast it must be handled.
    pub urgency: Urgency,
    /// The kind of fault, where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<Category>,
    /// How it was detected.
    pub source: Source,
    /// The symptoms that users see.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub symptoms: String,
    /// When it was noticed. Not after the report.
    pub detected_at: DateTime<Utc>,
    /// When the clocks start.
    pub reported_at: DateTime<Utc>,
    /// The team that answers for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub team: Option<String>,
    /// Free-form labels.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<String>,
    /// Repeated alerts with this key are grouped into one open incident.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dedup_key: Option<String>,
    /// The runbook's name or URL.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runbook: Option<String>,
    /// The number of alerts for which it is declared; absent for one, and if a person declares it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alerts: Option<u32>,
}

impl Declaration {
    /// Fills in a missing team or runbook from the directory's entry of the primary service.
    pub fn fill_from_directory(&mut self, directory: &Directory) {
        let primary = self.services.first();
        let Some(service) = primary.and_then(|name| directory.service(name)) else { return };
        if self.team.is_none() && !service.team.is_empty() {
            self.team = Some(service.team.clone());
        }
        if self.runbook.is_none() {
            self.runbook.clone_from(&service.runbook);
        }
    }
}

pub(in crate::model) struct Declare<'a> {
    pub declaration: &'a Declaration,
}

impl CommandLogic for Declare<'_> {
    fn row(&self) -> &'static CommandRow {
        &ROW
    }

    fn decide(&self, case: &Case<'_>) -> Decided {
        Err(Rejection::AlreadyDeclared { number: case.incident.summary.number })
    }

    fn inverse(&self, _: CommandId, _: Option<&Before<'_>>) -> Option<IncidentCommand> {
        let reason = DECLARED_BY_MISTAKE.into();
        Some(IncidentCommand::Reclassify { to: Classification::FalseAlarm, reason })
    }

    fn phrase(&self) -> &'static str {
        "declare"
    }

    fn content(&self) -> String {
        self.declaration.title.clone()
    }
}

/// Returns the event of a new incident. Its number is set by the store.
///
/// A report in the future of the deciding clock is one of now if the requester's clock is ahead too,
/// as `requested_at` shows: no declaration is lost because clocks differ.
pub(in crate::model) fn decide(
    declaration: &Declaration,
    requested_at: DateTime<Utc>,
    context: Context<'_>,
) -> Result<EventBody, Rejection> {
    let mut declared = Declaration {
        title: declaration.title.trim().to_owned(),
        detected_at: truncate_to_second(declaration.detected_at),
        reported_at: truncate_to_second(declaration.reported_at),
        ..declaration.clone()
    };
    check::declaration(&declared)?;
    if declared.reported_at > requested_at.max(context.now) + MAX_CLOCK_SKEW {
        let problem = FieldProblem::InTheFuture(declared.reported_at);
        return Err(BadField::new("reported_at", problem).into());
    }
    if declared.reported_at > context.now {
        declared.reported_at = truncate_to_second(context.now);
        declared.detected_at = declared.detected_at.min(declared.reported_at);
    }
    let priority = context.rules.matrix.priority(declared.impact, declared.urgency);
    Ok(EventBody::Declared { number: None, priority, declaration: Box::new(declared) })
}

pub(in crate::model) struct Declared<'a> {
    pub priority: Priority,
    pub declaration: &'a Declaration,
}

impl EventLogic for Declared<'_> {
    /// Does nothing: the record is created from the declaration.
    fn apply(&self, _: &mut Incident, _: &Event) {}

    fn check(&self) -> Result<(), BadField> {
        check::declaration(self.declaration)
    }

    fn is_milestone(&self) -> bool {
        true
    }

    fn label(&self) -> &'static str {
        "Triggered"
    }

    fn detail(&self) -> String {
        format!("{} · {}", self.priority, self.declaration.title)
    }

    fn news(&self, _: &Event, _: &PersonRef) -> String {
        "declared it".into()
    }
}
