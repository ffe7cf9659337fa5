//! Verbs of storms and noise: fold, unfold, mark-noise, clear-noise.

use clap::Args;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::model::command::CommandKind;
use crate::model::id::IncidentRef;
use crate::model::{IncidentCommand, check};
use crate::verbs::error::FieldError;
use crate::verbs::request::Request;
use crate::verbs::row::{Numbers, VerbRow};
use crate::verbs::situation::{Plan, Situation};

/// Fold it under the incident that it follows from.
#[derive(Args, Serialize, Deserialize, ToSchema, Clone, Debug)]
pub struct Fold {
    /// The number or id of the incident that it follows from
    #[arg(value_name = "UNDER")]
    #[schema(min_length = 1, max_length = 40, example = "INC-14")]
    pub under: String,
}

impl Request for Fold {
    const ROW: VerbRow = VerbRow::new(
        "fold",
        "Fold it under the incident that it follows from",
        &[CommandKind::Fold],
        "INC-12 INC-14",
        r#"{"under": "INC-14"}"#,
    )
    .about(
        "It stays open and is listed. Nobody is called for it while the other one is open and at least \
         as urgent; for a P1 people are called all the same.",
    )
    .done("folded")
    .numbers(Numbers::AllButLast);

    fn other_incident(&self) -> Option<IncidentRef> {
        self.under.parse().ok()
    }

    fn plan(&self, situation: &Situation<'_>) -> Result<Plan, FieldError> {
        let under = situation.other("under", &self.under)?;
        Ok(Plan::one(IncidentCommand::Fold { under: Some(under) }))
    }
}

/// Unfold it: people are called for it by itself.
#[derive(Args, Serialize, Deserialize, ToSchema, Clone, Debug)]
pub struct Unfold {}

impl Request for Unfold {
    const ROW: VerbRow = VerbRow::new(
        "unfold",
        "Unfold it: people are called for it by itself",
        &[CommandKind::Fold],
        "INC-12",
        "{}",
    )
    .done("unfolded");

    fn plan(&self, _: &Situation<'_>) -> Result<Plan, FieldError> {
        Ok(Plan::one(IncidentCommand::Fold { under: None }))
    }
}

/// Mark it as noise: its alert was not worth a call.
#[derive(Args, Serialize, Deserialize, ToSchema, Clone, Debug)]
pub struct MarkNoise {
    /// Why it was not worth a call
    #[arg(value_name = "REASON")]
    #[schema(
        min_length = 1,
        max_length = 65536,
        example = "It ends by itself before anybody can look"
    )]
    pub reason: String,
}

impl Request for MarkNoise {
    const ROW: VerbRow = VerbRow::new(
        "mark-noise",
        "Mark it as noise: its alert was not worth a call",
        &[CommandKind::MarkNoise],
        "INC-12 'it ends by itself before anybody can look'",
        r#"{"reason": "It ends by itself before anybody can look"}"#,
    )
    .about("`redphone noise` counts it for the check that reported it.")
    .done("marked as noise")
    .numbers(Numbers::AllButLast);

    fn plan(&self, _: &Situation<'_>) -> Result<Plan, FieldError> {
        check::required_text("reason", &self.reason)?;
        Ok(Plan::one(IncidentCommand::MarkNoise { reason: Some(self.reason.clone()) }))
    }
}

/// Take the mark of noise from it.
#[derive(Args, Serialize, Deserialize, ToSchema, Clone, Debug)]
pub struct ClearNoise {}

impl Request for ClearNoise {
    const ROW: VerbRow = VerbRow::new(
        "clear-noise",
        "Take the mark of noise from it",
        &[CommandKind::MarkNoise],
        "INC-12",
        "{}",
    )
    .done("no noise");

    fn plan(&self, _: &Situation<'_>) -> Result<Plan, FieldError> {
        Ok(Plan::one(IncidentCommand::MarkNoise { reason: None }))
    }
}
