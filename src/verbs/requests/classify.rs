//! Verbs that classify: priority, impact, urgency, category, services, team.

use clap::Args;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::model::command::CommandKind;
use crate::model::priority::Level;
use crate::model::status::Category;
use crate::model::{IncidentCommand, check};
use crate::verbs::error::{FieldError, Problem};
use crate::verbs::names::{
    TypedPriority, UNKNOWN, parse_category, parse_priority, parse_services, parse_team, split_names,
};
use crate::verbs::request::Request;
use crate::verbs::row::VerbRow;
use crate::verbs::situation::{Needs, Plan, Situation};
use crate::verbs::value::{EnumParser, as_text, choices};

/// Set the priority: by impact and urgency, or one that the matrix does not give.
#[derive(Args, Serialize, Deserialize, ToSchema, Clone, Debug)]
pub struct SetPriority {
    /// p1 to p4 with a reason, or impact and urgency such as `high medium`
    #[arg(value_name = "PRIORITY")]
    #[schema(min_length = 2, max_length = 40, example = "p2")]
    pub priority: String,
    /// Why the matrix of impact and urgency is overridden, or why it is corrected afterwards
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "many customers call")]
    pub reason: Option<String>,
}

impl Request for SetPriority {
    const ROW: VerbRow = VerbRow::new(
        "priority",
        "Set the priority, by impact and urgency or overriding them",
        &[CommandKind::Prioritize, CommandKind::OverridePriority],
        "INC-12 p2 --reason 'many customers call'",
        r#"{"priority": "p2", "reason": "many customers call"}"#,
    )
    .about("A priority that overrides what impact and urgency lead to needs a reason.")
    .done_with_content("prioritized:");

    fn plan(&self, _: &Situation<'_>) -> Result<Plan, FieldError> {
        let typed = parse_priority(&self.priority);
        match typed.map_err(|problem| FieldError::new("priority", problem))? {
            TypedPriority::Levels(impact, urgency) => {
                let plan = Plan::one(IncidentCommand::Prioritize { impact, urgency });
                Ok(plan.because(self.reason.as_ref()))
            }
            TypedPriority::Override(priority) => {
                let Some(reason) = self.reason.clone() else {
                    let accepted = "why it differs from what impact and urgency lead to";
                    return Err(FieldError::new("reason", Problem::Missing { accepted }));
                };
                check::required_text("reason", &reason)?;
                Ok(Plan::one(IncidentCommand::OverridePriority { priority, reason }))
            }
        }
    }
}

/// Set the extent of the harm; it leads to the priority together with the urgency.
#[derive(Args, Serialize, Deserialize, ToSchema, Clone, Debug)]
pub struct SetImpact {
    /// The extent of the harm
    #[arg(value_name = "LEVEL", value_parser = EnumParser::<Level>::new())]
    #[serde(with = "as_text")]
    #[schema(value_type = String, example = "high")]
    pub impact: Level,
    /// Why, if the incident is resolved or closed already
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl Request for SetImpact {
    const ROW: VerbRow = VerbRow::new(
        "impact",
        "Set the extent of the harm; the urgency stays",
        &[CommandKind::Prioritize],
        "INC-12 high",
        r#"{"impact": "high"}"#,
    )
    .choices(&[("impact", choices::<Level>)])
    .done_with_content("prioritized:");

    fn needs(&self) -> Needs {
        Needs::Record
    }

    fn plan(&self, situation: &Situation<'_>) -> Result<Plan, FieldError> {
        let urgency = situation.row()?.urgency;
        let plan = Plan::one(IncidentCommand::Prioritize { impact: self.impact, urgency });
        Ok(plan.because(self.reason.as_ref()))
    }
}

/// Set how fast it must be handled; it leads to the priority together with the impact.
#[derive(Args, Serialize, Deserialize, ToSchema, Clone, Debug)]
pub struct SetUrgency {
    /// How fast it must be handled
    #[arg(value_name = "LEVEL", value_parser = EnumParser::<Level>::new())]
    #[serde(with = "as_text")]
    #[schema(value_type = String, example = "low")]
    pub urgency: Level,
    /// Why, if the incident is resolved or closed already
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl Request for SetUrgency {
    const ROW: VerbRow = VerbRow::new(
        "urgency",
        "Set how fast it must be handled; the impact stays",
        &[CommandKind::Prioritize],
        "INC-12 low",
        r#"{"urgency": "low"}"#,
    )
    .choices(&[("urgency", choices::<Level>)])
    .done_with_content("prioritized:");

    fn needs(&self) -> Needs {
        Needs::Record
    }

    fn plan(&self, situation: &Situation<'_>) -> Result<Plan, FieldError> {
        let impact = situation.row()?.impact;
        let plan = Plan::one(IncidentCommand::Prioritize { impact, urgency: self.urgency });
        Ok(plan.because(self.reason.as_ref()))
    }
}

/// Set the kind of fault.
#[derive(Args, Serialize, Deserialize, ToSchema, Clone, Debug)]
pub struct Categorize {
    /// The kind of fault, or `unknown`
    #[arg(value_name = "KIND")]
    #[schema(min_length = 1, max_length = 40, example = "security")]
    pub category: String,
}

impl Request for Categorize {
    const ROW: VerbRow = VerbRow::new(
        "category",
        "Set the kind of fault",
        &[CommandKind::Categorize],
        "INC-12 security",
        r#"{"category": "security"}"#,
    )
    .choices(&[("category", categories)])
    .done_with_content("category:");

    fn plan(&self, _: &Situation<'_>) -> Result<Plan, FieldError> {
        let category = parse_category(&self.category);
        let category = category.map_err(|problem| FieldError::new("category", problem))?;
        Ok(Plan::one(IncidentCommand::Categorize { category }))
    }
}

fn categories() -> Vec<&'static str> {
    choices::<Category>().into_iter().chain([UNKNOWN]).collect()
}

/// Set the affected services, the primary one first.
#[derive(Args, Serialize, Deserialize, ToSchema, Clone, Debug)]
pub struct SetServices {
    /// All affected services, the primary one first
    #[arg(value_name = "NAMES", value_parser = parse_list)]
    #[schema(value_type = Vec<String>, min_items = 1, max_items = 50)]
    pub services: List,
}

/// A list of names. On the command line it is one argument, in which commas or blanks separate them.
type List = Vec<String>;

#[allow(clippy::unnecessary_wraps, reason = "a parser of clap returns a result")]
fn parse_list(text: &str) -> Result<List, std::convert::Infallible> {
    Ok(split_names(text).map(str::to_owned).collect())
}

impl Request for SetServices {
    const ROW: VerbRow = VerbRow::new(
        "services",
        "Set the affected services, the primary one first",
        &[CommandKind::SetServices],
        "INC-12 checkout payments-gateway",
        r#"{"services": ["checkout", "payments-gateway"]}"#,
    )
    .done_with_content("services:");

    fn plan(&self, situation: &Situation<'_>) -> Result<Plan, FieldError> {
        let names = self.services.iter().map(String::as_str);
        let services = parse_services(names, situation.directory);
        let services = services.map_err(|problem| FieldError::new("services", problem))?;
        check::names("services", &services)?;
        Ok(Plan::one(IncidentCommand::SetServices { services }))
    }
}

/// Set the team that answers for it.
#[derive(Args, Serialize, Deserialize, ToSchema, Clone, Debug)]
pub struct SetTeam {
    /// The team's name, or `none`
    #[arg(value_name = "TEAM")]
    #[schema(min_length = 1, max_length = 100, example = "payments")]
    pub team: String,
    /// Why, if the incident is resolved or closed already
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl Request for SetTeam {
    const ROW: VerbRow = VerbRow::new(
        "team",
        "Set the team that answers for it",
        &[CommandKind::SetTeam],
        "INC-12 payments",
        r#"{"team": "payments"}"#,
    )
    .done_with_content("team:");

    fn plan(&self, situation: &Situation<'_>) -> Result<Plan, FieldError> {
        let team = parse_team(&self.team, situation.directory);
        let team = team.map_err(|problem| FieldError::new("team", problem))?;
        Ok(Plan::one(IncidentCommand::SetTeam { team }).because(self.reason.as_ref()))
    }
}
