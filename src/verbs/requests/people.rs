//! Verbs about who responds: own, assign, escalate, role.

use clap::Args;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::model::command::CommandKind;
use crate::model::status::Role;
use crate::model::{IncidentCommand, escalation};
use crate::verbs::error::{FieldError, Problem};
use crate::verbs::names::{parse_owner, parse_person};
use crate::verbs::request::Request;
use crate::verbs::row::VerbRow;
use crate::verbs::situation::{Needs, Plan, Situation};
use crate::verbs::value::{EnumParser, as_text, choices};

/// The reason of an escalation for which nobody gives one; without any it would be an automatic one.
const MANUAL_REASON: &str = "called by hand";

/// Make yourself the one who leads the response.
#[derive(Args, Serialize, Deserialize, ToSchema, Clone, Debug)]
pub struct Own {
    /// Why, if the incident is resolved or closed already
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl Request for Own {
    const ROW: VerbRow = VerbRow::new(
        "own",
        "Make yourself the one who leads the response",
        &[CommandKind::Assign],
        "INC-12",
        "{}",
    )
    .done_with_content("assigned");

    fn plan(&self, situation: &Situation<'_>) -> Result<Plan, FieldError> {
        let me = situation.me().map_err(|problem| FieldError::new("body", problem))?;
        let plan = Plan::one(IncidentCommand::Assign { to: Some(me.clone()) });
        Ok(plan.because(self.reason.as_ref()))
    }
}

/// Say who leads the response, or that nobody does.
#[derive(Args, Serialize, Deserialize, ToSchema, Clone, Debug)]
pub struct Assign {
    /// A handle or a name, or the beginning of one; `me` or `nobody`
    #[arg(value_name = "PERSON")]
    #[schema(min_length = 1, max_length = 100, example = "ines")]
    pub to: String,
    /// Why, if the incident is resolved or closed already
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl Request for Assign {
    const ROW: VerbRow = VerbRow::new(
        "assign",
        "Say who leads the response, or that nobody does",
        &[CommandKind::Assign],
        "INC-12 ines",
        r#"{"to": "ines"}"#,
    )
    .done_with_content("assigned");

    fn needs(&self) -> Needs {
        Needs::Record
    }

    fn plan(&self, situation: &Situation<'_>) -> Result<Plan, FieldError> {
        let to =
            parse_owner(&self.to, situation).map_err(|problem| FieldError::new("to", problem))?;
        Ok(Plan::one(IncidentCommand::Assign { to }).because(self.reason.as_ref()))
    }
}

/// Call the next level of the escalation policy, or a given one.
#[derive(Args, Serialize, Deserialize, ToSchema, Clone, Debug)]
pub struct Escalate {
    /// The level, from 1 [default: the next one]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 255, example = 2)]
    pub level: Option<u8>,
    /// Why [default: called by hand]
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl Request for Escalate {
    const ROW: VerbRow = VerbRow::new(
        "escalate",
        "Call the next level of the escalation policy",
        &[CommandKind::Escalate],
        "INC-12 --reason 'no answer for 10 minutes'",
        r#"{"reason": "no answer for 10 minutes"}"#,
    )
    .irreversible()
    .done_with_content("escalated:");

    fn needs(&self) -> Needs {
        Needs::Record
    }

    fn plan(&self, situation: &Situation<'_>) -> Result<Plan, FieldError> {
        let refused = |problem| Err(FieldError::new("level", problem));
        let row = situation.row()?;
        let path = escalation::path(row, situation.directory);
        let Some(last) = path.iter().map(|step| step.level).max() else {
            return refused(Problem::NoPolicy);
        };
        let level = self.level.unwrap_or_else(|| row.escalation.saturating_add(1));
        let Some(step) = path.into_iter().find(|step| step.level == level) else {
            return refused(match self.level {
                Some(_) => Problem::NoSuchLevel { last },
                None => Problem::LastLevel { last },
            });
        };
        let to = step.people();
        if to.is_empty() {
            return refused(Problem::NobodyReached { level });
        }
        let reason = self.reason.clone().unwrap_or_else(|| MANUAL_REASON.to_owned());
        let reason = Some(reason);
        Ok(Plan::one(IncidentCommand::Escalate {
            level,
            to,
            reason,
            automatic: None,
            all_must_acknowledge: step.all_must_acknowledge,
        }))
    }
}

/// Give a role in the response to somebody, or withdraw it.
#[derive(Args, Serialize, Deserialize, ToSchema, Clone, Debug)]
pub struct GiveRole {
    /// The role
    #[arg(value_name = "ROLE", value_parser = EnumParser::<Role>::new())]
    #[serde(with = "as_text")]
    #[schema(value_type = String, example = "scribe")]
    pub role: Role,
    /// A handle or a name, or the beginning of one; `me`
    #[arg(value_name = "PERSON")]
    #[schema(min_length = 1, max_length = 100, example = "ines")]
    pub person: String,
    /// Withdraw the role instead of giving it
    #[arg(long)]
    #[serde(default)]
    pub withdraw: bool,
    /// Ask the person to join instead of giving the role at once
    #[arg(long, conflicts_with = "withdraw")]
    #[serde(default)]
    pub ask: bool,
}

impl Request for GiveRole {
    const ROW: VerbRow = VerbRow::new(
        "role",
        "Give a role in the response to somebody, or withdraw it",
        &[CommandKind::GiveRole, CommandKind::AskForRole],
        "INC-12 scribe ines",
        r#"{"role": "scribe", "person": "ines"}"#,
    )
    .more_examples(&[
        "redphone role INC-12 comms ines --ask",
        "redphone role accept INC-12 comms",
        "redphone role decline INC-12 comms",
    ])
    .about("Who is asked is notified over the contacts of that person, and accepts or declines.")
    .choices(&[("role", choices::<Role>)])
    .done_with_content("role");

    fn needs(&self) -> Needs {
        Needs::Record
    }

    fn plan(&self, situation: &Situation<'_>) -> Result<Plan, FieldError> {
        let person = parse_person(&self.person, situation)
            .map_err(|problem| FieldError::new("person", problem))?;
        if self.ask && self.withdraw {
            return Err(FieldError::new("ask", Problem::AskAndWithdraw));
        }
        if self.ask {
            return Ok(Plan::one(IncidentCommand::AskForRole { role: self.role, person }));
        }
        let given = !self.withdraw;
        Ok(Plan::one(IncidentCommand::GiveRole { role: self.role, person, given }))
    }
}

/// Accept or decline a role that you were asked for.
#[derive(Args, Serialize, Deserialize, ToSchema, Clone, Debug)]
pub struct AnswerRole {
    /// The role
    #[arg(value_name = "ROLE", value_parser = EnumParser::<Role>::new())]
    #[serde(with = "as_text")]
    #[schema(value_type = String, example = "scribe")]
    pub role: Role,
    /// Decline it instead of accepting it
    #[arg(long)]
    #[serde(default)]
    pub decline: bool,
}

impl Request for AnswerRole {
    const ROW: VerbRow = VerbRow::new(
        "answer-role",
        "Accept or decline a role that you were asked for",
        &[CommandKind::AnswerRole],
        "INC-12 scribe",
        r#"{"role": "scribe"}"#,
    )
    .choices(&[("role", choices::<Role>)])
    .more_examples(&["redphone answer-role INC-12 scribe --decline"])
    .done_with_content("answered");

    fn plan(&self, _: &Situation<'_>) -> Result<Plan, FieldError> {
        let (role, accepted) = (self.role, !self.decline);
        Ok(Plan::one(IncidentCommand::AnswerRole { role, accepted }))
    }
}
