//! Verbs of waiting: snooze, wake, pause, unpause.

use clap::Args;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::model::command::CommandKind;
use crate::model::time::UNTIL_CHANGED;
use crate::model::{IncidentCommand, check};
use crate::verbs::error::FieldError;
use crate::verbs::request::Request;
use crate::verbs::row::{Numbers, VerbRow};
use crate::verbs::situation::{Plan, Situation};

/// The text of a snooze that lasts until the incident changes.
const CHANGE: &str = "change";

/// Hide it from the queue until a time, or until it changes.
#[derive(Args, Serialize, Deserialize, ToSchema, Clone, Debug)]
pub struct Snooze {
    /// 4h, 09:00, tomorrow, 2026-03-01 09:00, or `change`: until it changes
    #[arg(value_name = "TIME")]
    #[schema(min_length = 1, max_length = 40, example = "4h")]
    pub until: String,
}

impl Request for Snooze {
    const ROW: VerbRow = VerbRow::new(
        "snooze",
        "Hide it from the queue until a time, or until it changes",
        &[CommandKind::Snooze],
        "INC-12 4h",
        r#"{"until": "4h"}"#,
    )
    .done_with_content("snoozed");

    fn plan(&self, situation: &Situation<'_>) -> Result<Plan, FieldError> {
        let until = if self.until.trim().eq_ignore_ascii_case(CHANGE) {
            UNTIL_CHANGED
        } else {
            situation.time("until", &self.until)?
        };
        Ok(Plan::one(IncidentCommand::Snooze { until }))
    }
}

/// End its snooze.
#[derive(Args, Serialize, Deserialize, ToSchema, Clone, Debug)]
pub struct Wake {}

impl Request for Wake {
    const ROW: VerbRow =
        VerbRow::new("wake", "End its snooze", &[CommandKind::Wake], "INC-12", "{}")
            .done("shown again");

    fn plan(&self, _: &Situation<'_>) -> Result<Plan, FieldError> {
        Ok(Plan::one(IncidentCommand::Wake))
    }
}

/// Wait on somebody else: the clock to resolve it stops.
#[derive(Args, Serialize, Deserialize, ToSchema, Clone, Debug)]
pub struct Pause {
    /// For what or whom
    #[arg(value_name = "REASON")]
    #[schema(min_length = 1, max_length = 65536, example = "The provider looks into it")]
    pub reason: String,
}

impl Request for Pause {
    const ROW: VerbRow = VerbRow::new(
        "pause",
        "Wait on somebody else: the clock to resolve it stops",
        &[CommandKind::Pause],
        "INC-12 'the provider looks into it'",
        r#"{"reason": "The provider looks into it"}"#,
    )
    .done("paused")
    .numbers(Numbers::One);

    fn plan(&self, _: &Situation<'_>) -> Result<Plan, FieldError> {
        check::required_text("reason", &self.reason)?;
        Ok(Plan::one(IncidentCommand::Pause { reason: self.reason.clone() }))
    }
}

/// Go on with it: it no longer waits on somebody else.
#[derive(Args, Serialize, Deserialize, ToSchema, Clone, Debug)]
pub struct Unpause {}

impl Request for Unpause {
    const ROW: VerbRow = VerbRow::new(
        "unpause",
        "Go on with it: it no longer waits on somebody else",
        &[CommandKind::Unpause],
        "INC-12",
        "{}",
    )
    .done("goes on");

    fn plan(&self, _: &Situation<'_>) -> Result<Plan, FieldError> {
        Ok(Plan::one(IncidentCommand::Unpause))
    }
}
