//! Verbs along the lifecycle: acknowledge, move, resolve, reopen, merge, reclassify.

use clap::Args;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::model::command::CommandKind;
use crate::model::id::IncidentRef;
use crate::model::status::{Classification, ResolutionAction};
use crate::model::{IncidentCommand, Status, check};
use crate::verbs::error::FieldError;
use crate::verbs::request::Request;
use crate::verbs::row::{Numbers, VerbRow};
use crate::verbs::situation::{Plan, Situation};
use crate::verbs::value::{EnumParser, as_text, choices};

/// Acknowledge it: somebody has seen it and is on it.
#[derive(Args, Serialize, Deserialize, ToSchema, Clone, Debug)]
pub struct Acknowledge {}

impl Request for Acknowledge {
    const ROW: VerbRow = VerbRow::new(
        "acknowledge",
        "Acknowledge incidents",
        &[CommandKind::Acknowledge],
        "INC-12",
        "{}",
    )
    .command("ack")
    .more_examples(&["redphone ack 12 14 15"])
    .done("acknowledged");

    fn plan(&self, _: &Situation<'_>) -> Result<Plan, FieldError> {
        Ok(Plan::one(IncidentCommand::Acknowledge))
    }
}

/// Move it forward along the lifecycle.
#[derive(Args, Serialize, Deserialize, ToSchema, Clone, Debug)]
pub struct MoveStatus {
    /// A later stage, up to monitoring
    #[arg(value_name = "STAGE", value_parser = EnumParser::<Status>::new())]
    #[serde(with = "as_text")]
    #[schema(value_type = String, example = "monitoring")]
    pub to: Status,
}

impl Request for MoveStatus {
    const ROW: VerbRow = VerbRow::new(
        "move",
        "Move it forward along the lifecycle",
        &[CommandKind::MoveStatus, CommandKind::Acknowledge],
        "INC-12 monitoring",
        r#"{"to": "monitoring"}"#,
    )
    .choices(&[("to", choices::<Status>)])
    .done_with_content("moved to");

    fn plan(&self, _: &Situation<'_>) -> Result<Plan, FieldError> {
        if self.to == Status::Acknowledged {
            return Ok(Plan::one(IncidentCommand::Acknowledge));
        }
        check::stage(self.to)?;
        Ok(Plan::one(IncidentCommand::MoveStatus { to: self.to }))
    }
}

/// Say that service is restored: what was done, and how recovery was validated.
#[derive(Args, Serialize, Deserialize, ToSchema, Clone, Debug)]
pub struct Resolve {
    /// What restored service
    #[arg(long, value_name = "ACTION", value_parser = EnumParser::<ResolutionAction>::new())]
    #[serde(with = "as_text")]
    #[schema(value_type = String, example = "rollback")]
    pub action: ResolutionAction,
    /// What was done, in words
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    #[schema(min_length = 1, max_length = 65536, example = "checkout back to v811")]
    pub detail: String,
    /// How recovery was validated
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    #[schema(min_length = 1, max_length = 65536, example = "20 test payments went through")]
    pub validation: String,
    /// Why it is resolved before its alerts are resolved for as long as the settings ask
    #[arg(long, value_name = "REASON", allow_hyphen_values = true)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 65536, example = "the check itself was broken")]
    pub waive_soak: Option<String>,
}

impl Request for Resolve {
    const ROW: VerbRow = VerbRow::new(
        "resolve",
        "Resolve an incident: what was done, and how recovery was validated",
        &[CommandKind::Resolve],
        "INC-12 --action rollback --detail 'checkout back to v811' \\\n      --validation '20 test payments went through'",
        r#"{"action": "rollback", "detail": "checkout back to v811", "validation": "20 test payments went through"}"#,
    )
    .choices(&[("action", choices::<ResolutionAction>)])
    .done("resolved");

    fn plan(&self, _: &Situation<'_>) -> Result<Plan, FieldError> {
        let (detail, validation) = (self.detail.clone(), self.validation.clone());
        if let Some(reason) = &self.waive_soak {
            check::required_text("waive_soak", reason)?;
        }
        let command = IncidentCommand::Resolve { action: self.action, detail, validation };
        Ok(Plan::one(command).because(self.waive_soak.as_ref()))
    }
}

/// Reopen it: it is back.
#[derive(Args, Serialize, Deserialize, ToSchema, Clone, Debug)]
pub struct Reopen {
    /// What was seen
    #[arg(value_name = "REASON")]
    #[schema(min_length = 1, max_length = 65536, example = "Payments fail again since 14:05")]
    pub reason: String,
}

impl Request for Reopen {
    const ROW: VerbRow = VerbRow::new(
        "reopen",
        "Reopen it: it is back",
        &[CommandKind::Reopen],
        "INC-12 'Payments fail again since 14:05'",
        r#"{"reason": "Payments fail again since 14:05"}"#,
    )
    .irreversible()
    .done("reopened")
    .numbers(Numbers::One);

    fn plan(&self, _: &Situation<'_>) -> Result<Plan, FieldError> {
        check::required_text("reason", &self.reason)?;
        Ok(Plan::one(IncidentCommand::Reopen { reason: self.reason.clone() }))
    }
}

/// Merge it into another incident, in which the response continues.
#[derive(Args, Serialize, Deserialize, ToSchema, Clone, Debug)]
pub struct Merge {
    /// The number or id of the other incident
    #[arg(value_name = "INTO")]
    #[schema(min_length = 1, max_length = 40, example = "INC-14")]
    pub into: String,
}

impl Request for Merge {
    const ROW: VerbRow = VerbRow::new(
        "merge",
        "Merge it into another incident, in which the response continues",
        &[CommandKind::Merge],
        "INC-12 INC-14",
        r#"{"into": "INC-14"}"#,
    )
    .irreversible()
    .done("merged")
    .numbers(Numbers::AllButLast);

    fn other_incident(&self) -> Option<IncidentRef> {
        self.into.parse().ok()
    }

    fn plan(&self, situation: &Situation<'_>) -> Result<Plan, FieldError> {
        let into = situation.other("into", &self.into)?;
        Ok(Plan::one(IncidentCommand::Merge { into }))
    }
}

/// Take it out of the queue: it was no incident.
#[derive(Args, Serialize, Deserialize, ToSchema, Clone, Debug)]
pub struct Reclassify {
    /// What it was instead
    #[arg(value_name = "KIND", value_parser = EnumParser::<Classification>::new())]
    #[serde(with = "as_text")]
    #[schema(value_type = String, example = "false_alarm")]
    pub to: Classification,
    /// Why
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    #[schema(min_length = 1, max_length = 65536, example = "The probe itself was broken")]
    pub reason: String,
}

impl Request for Reclassify {
    const ROW: VerbRow = VerbRow::new(
        "reclassify",
        "Take it out of the queue: it was no incident",
        &[CommandKind::Reclassify],
        "INC-12 false-alarm --reason 'the probe itself was broken'",
        r#"{"to": "false_alarm", "reason": "The probe itself was broken"}"#,
    )
    .irreversible()
    .choices(&[("to", choices::<Classification>)])
    .done_with_content("reclassified:");

    fn plan(&self, _: &Situation<'_>) -> Result<Plan, FieldError> {
        check::required_text("reason", &self.reason)?;
        Ok(Plan::one(IncidentCommand::Reclassify { to: self.to, reason: self.reason.clone() }))
    }
}
