//! Verbs about the alerts of an incident: move some of them to another one, or to a new one.

use clap::Args;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::model::command::CommandKind;
use crate::model::id::IncidentRef;
use crate::model::{IncidentCommand, IncidentId};
use crate::verbs::error::{FieldError, Problem};
use crate::verbs::request::Request;
use crate::verbs::row::{Numbers, VerbRow};
use crate::verbs::situation::{Plan, Situation};

/// The error where a request names no alerts.
const ALERTS: &str = "a label such as instance=db-1, or the key of an alert";

/// Move some of its alerts to another incident.
#[derive(Args, Serialize, Deserialize, ToSchema, Clone, Debug)]
pub struct MoveAlerts {
    /// The number or id of the other incident
    #[arg(value_name = "INTO")]
    #[schema(min_length = 1, max_length = 40, example = "INC-14")]
    pub into: String,
    /// A label that the alerts have; may be repeated, and they have all of them
    #[arg(long = "label", value_name = "NAME=VALUE")]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 200, example = json!(["instance=db-1"]))]
    pub labels: Vec<String>,
    /// The key of an alert, as in `show --json`; may be repeated
    #[arg(long = "key", value_name = "KEY")]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 10_000, example = json!(["5ef77f1f8a3ecfa4"]))]
    pub keys: Vec<String>,
}

impl Request for MoveAlerts {
    const ROW: VerbRow = VerbRow::new(
        "move-alerts",
        "Move some of its alerts to another incident",
        &[CommandKind::MoveAlerts],
        "INC-12 INC-14 --label instance=db-1",
        r#"{"into": "INC-14", "labels": ["instance=db-1"]}"#,
    )
    .about("What is reported of these alerts later goes to that incident as long as it is open.")
    .irreversible()
    .done_with_content("alerts moved:")
    .numbers(Numbers::AllButLast);

    fn other_incident(&self) -> Option<IncidentRef> {
        self.into.parse().ok()
    }

    fn plan(&self, situation: &Situation<'_>) -> Result<Plan, FieldError> {
        let to = situation.other("into", &self.into)?;
        plan(to, false, &self.keys, &self.labels)
    }
}

/// Declare an incident for some of its alerts, which are moved to it.
#[derive(Args, Serialize, Deserialize, ToSchema, Clone, Debug)]
pub struct Split {
    /// A label that the alerts have; may be repeated, and they have all of them
    #[arg(long = "label", value_name = "NAME=VALUE")]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 200, example = json!(["instance=db-1"]))]
    pub labels: Vec<String>,
    /// The key of an alert, as in `show --json`; may be repeated
    #[arg(long = "key", value_name = "KEY")]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 10_000, example = json!(["5ef77f1f8a3ecfa4"]))]
    pub keys: Vec<String>,
}

impl Request for Split {
    const ROW: VerbRow = VerbRow::new(
        "split",
        "Declare an incident for some of its alerts, which are moved to it",
        &[CommandKind::MoveAlerts],
        "INC-12 --label instance=db-1",
        r#"{"labels": ["instance=db-1"]}"#,
    )
    .about("What is reported of these alerts later goes to that incident as long as it is open.")
    .irreversible()
    .done_with_content("split:");

    fn plan(&self, situation: &Situation<'_>) -> Result<Plan, FieldError> {
        plan(IncidentId(situation.new_id), true, &self.keys, &self.labels)
    }
}

fn plan(
    to: IncidentId,
    declare: bool,
    keys: &[String],
    labels: &[String],
) -> Result<Plan, FieldError> {
    if keys.is_empty() && labels.is_empty() {
        return Err(FieldError::new("labels", Problem::Missing { accepted: ALERTS }));
    }
    let (keys, labels) = (keys.to_vec(), labels.to_vec());
    Ok(Plan::one(IncidentCommand::MoveAlerts { to, declare, keys, labels }))
}
