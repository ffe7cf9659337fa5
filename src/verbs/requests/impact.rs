//! Verbs about what happened to whom: impact-began, users-affected, reporter, remove-reporter,
//! involve-team, release-team.

use clap::Args;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::model::bad_field::FieldProblem;
use crate::model::command::CommandKind;
use crate::model::impact::{Reporter, parse_share};
use crate::model::{Incident, IncidentCommand, check};
use crate::verbs::error::{FieldError, Problem};
use crate::verbs::names::parse_team;
use crate::verbs::request::Request;
use crate::verbs::row::{Numbers, VerbRow};
use crate::verbs::situation::{Needs, Plan, Situation};

/// The argument that means that nobody knows.
const NONE: &str = "none";

/// Say when the impact began, which may be before it was detected.
#[derive(Args, Serialize, Deserialize, ToSchema, Clone, Debug)]
pub struct SetImpactBegan {
    /// When: 20m (ago), 10:10, 2026-03-01 09:00; `none` if nobody knows
    #[arg(value_name = "TIME")]
    #[schema(min_length = 1, max_length = 40, example = "20m")]
    pub began: String,
}

impl Request for SetImpactBegan {
    const ROW: VerbRow = VerbRow::new(
        "impact-began",
        "Say when the impact began, which may be before it was detected",
        &[CommandKind::SetImpactBegan],
        "INC-12 20m",
        r#"{"began": "20m"}"#,
    )
    .more_examples(&["redphone impact-began INC-12 10:10", "redphone impact-began INC-12 none"])
    .about("The mean time to detect rests on it.")
    .done("beginning of the impact set")
    .numbers(Numbers::AllButLast);

    fn plan(&self, situation: &Situation<'_>) -> Result<Plan, FieldError> {
        let at = match self.began.trim() {
            none if none.eq_ignore_ascii_case(NONE) => None,
            began => Some(situation.past_time("began", began)?),
        };
        Ok(Plan::one(IncidentCommand::SetImpactBegan { at }))
    }
}

/// Say how many users it affects, and where.
#[derive(Args, Serialize, Deserialize, ToSchema, Clone, Debug)]
pub struct SetAffected {
    /// The number of users
    #[arg(long, value_name = "N")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0, maximum = 100_000_000_000_i64, example = 1200)]
    pub users: Option<u64>,
    /// Their share of all users in percent, such as 12.5%
    #[arg(long, value_name = "PERCENT")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 10, example = "12.5%")]
    pub share: Option<String>,
    /// A region; may be repeated, and all of them replace those of before
    #[arg(long = "region", value_name = "REGION")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub regions: Option<Vec<String>>,
    /// A customer; may be repeated, and all of them replace those of before
    #[arg(long = "customer", value_name = "CUSTOMER")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customers: Option<Vec<String>>,
    /// Remove what was said before
    #[arg(long)]
    #[serde(default)]
    pub clear: bool,
}

impl Request for SetAffected {
    const ROW: VerbRow = VerbRow::new(
        "users-affected",
        "Say how many users it affects, and where",
        &[CommandKind::SetAffected],
        "INC-12 --users 1200 --share 12.5% --region eu-west",
        r#"{"users": 1200, "share": "12.5%", "regions": ["eu-west"]}"#,
    )
    .more_examples(&["redphone users-affected INC-12 --clear"])
    .about("What is not given stays as it is.")
    .done_with_content("affected:");

    fn needs(&self) -> Needs {
        Needs::Record
    }

    fn plan(&self, situation: &Situation<'_>) -> Result<Plan, FieldError> {
        let Self { users, share, regions, customers, clear } = self;
        let has_any =
            users.is_some() || share.is_some() || regions.is_some() || customers.is_some();
        if !has_any && !clear {
            let accepted = "a number of users, a share, regions or customers";
            return Err(FieldError::new("users", Problem::Missing { accepted }));
        }
        let mut affected =
            if *clear { <_>::default() } else { situation.record()?.affected.clone() };
        affected.users = users.or(affected.users);
        if let Some(share) = share {
            let parsed = parse_share(share);
            let parsed = parsed.ok_or_else(|| FieldError::new("share", FieldProblem::NotAShare))?;
            affected.share = Some(parsed);
        }
        affected.regions = regions.clone().unwrap_or(affected.regions);
        affected.customers = customers.clone().unwrap_or(affected.customers);
        affected.check()?;
        Ok(Plan::one(IncidentCommand::SetAffected { affected }))
    }
}

/// Add somebody who has reported it.
#[derive(Args, Serialize, Deserialize, ToSchema, Clone, Debug)]
pub struct AddReporter {
    /// The name
    #[arg(value_name = "NAME")]
    #[schema(min_length = 1, max_length = 100, example = "Tom Varga")]
    pub name: String,
    /// How the person can be reached
    #[arg(long, value_name = "CONTACT")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 200, example = "tom@example.org")]
    pub contact: Option<String>,
    /// The reference of the report, such as the number of a ticket
    #[arg(long, value_name = "TICKET")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 200, example = "T-4711")]
    pub ticket: Option<String>,
}

impl Request for AddReporter {
    const ROW: VerbRow = VerbRow::new(
        "reporter",
        "Add somebody who has reported it",
        &[CommandKind::AddReporter],
        "INC-12 'Tom Varga' --contact tom@example.org --ticket T-4711",
        r#"{"name": "Tom Varga", "contact": "tom@example.org", "ticket": "T-4711"}"#,
    )
    .about("Several may have reported it: each is added, and they are counted.")
    .done("reporter added")
    .numbers(Numbers::One);

    fn plan(&self, situation: &Situation<'_>) -> Result<Plan, FieldError> {
        let trimmed = |text: &String| text.trim().to_owned();
        let name = trimmed(&self.name);
        let (contact, ticket) =
            (self.contact.as_ref().map(trimmed), self.ticket.as_ref().map(trimmed));
        let reporter = Reporter { id: situation.new_id, name, contact, ticket, redacted: false };
        reporter.check()?;
        Ok(Plan::one(IncidentCommand::AddReporter { reporter }))
    }
}

/// Remove somebody who was added as a reporter.
#[derive(Args, Serialize, Deserialize, ToSchema, Clone, Debug)]
pub struct RemoveReporter {
    /// The name, the ticket or the id of the reporter
    #[arg(value_name = "REPORTER")]
    #[schema(min_length = 1, max_length = 200, example = "Tom Varga")]
    pub reporter: String,
}

impl Request for RemoveReporter {
    const ROW: VerbRow = VerbRow::new(
        "remove-reporter",
        "Remove somebody who was added as a reporter",
        &[CommandKind::RemoveReporter],
        "INC-12 'Tom Varga'",
        r#"{"reporter": "Tom Varga"}"#,
    )
    .about("What was added stays on the timeline: `redact` removes it for good.")
    .done("reporter removed")
    .numbers(Numbers::One);

    fn needs(&self) -> Needs {
        Needs::Record
    }

    fn plan(&self, situation: &Situation<'_>) -> Result<Plan, FieldError> {
        let record = situation.record()?;
        let reporter = record.reporters.iter().find(|one| is_meant(one, &self.reporter));
        let reporter = reporter
            .ok_or_else(|| FieldError::new("reporter", no_reporter(record, &self.reporter)))?;
        Ok(Plan::one(IncidentCommand::RemoveReporter { reporter: reporter.id }))
    }
}

/// Returns whether a text is the name, the ticket or the id of a reporter.
pub(super) fn is_meant(reporter: &Reporter, text: &str) -> bool {
    let text = text.trim();
    text.parse().is_ok_and(|id: Uuid| id == reporter.id)
        || !reporter.name.is_empty() && reporter.name == text
        || reporter.ticket.as_deref() == Some(text)
}

/// Returns the error for a text that is no reporter.
pub(super) fn no_reporter(record: &Incident, text: &str) -> Problem {
    Problem::NoSuchPart {
        incident: record.summary.label(),
        what: "reporter",
        text: text.to_owned(),
        advice: "give the name, the ticket or the id of one of its reporters",
    }
}

/// Involve a team that helps, beside the team that leads.
#[derive(Args, Serialize, Deserialize, ToSchema, Clone, Debug)]
pub struct InvolveTeam {
    /// The team's name
    #[arg(value_name = "TEAM")]
    #[schema(min_length = 1, max_length = 100, example = "payments")]
    pub team: String,
}

impl Request for InvolveTeam {
    const ROW: VerbRow = VerbRow::new(
        "involve-team",
        "Involve a team that helps, beside the team that leads",
        &[CommandKind::InvolveTeam],
        "INC-12 payments",
        r#"{"team": "payments"}"#,
    )
    .about("The filter `team:` finds it among the incidents of that team, too.")
    .done_with_content("team")
    .numbers(Numbers::AllButLast);

    fn plan(&self, situation: &Situation<'_>) -> Result<Plan, FieldError> {
        let team = parse_team(&self.team, situation.directory);
        let team = team.map_err(|problem| FieldError::new("team", problem))?;
        let missing = || FieldError::new("team", Problem::Missing { accepted: "a team" });
        let team = team.ok_or_else(missing)?;
        check::name("team", &team)?;
        Ok(Plan::one(IncidentCommand::InvolveTeam { team, involved: true }))
    }
}

/// Release a team that was involved.
#[derive(Args, Serialize, Deserialize, ToSchema, Clone, Debug)]
pub struct ReleaseTeam {
    /// The team's name
    #[arg(value_name = "TEAM")]
    #[schema(min_length = 1, max_length = 100, example = "payments")]
    pub team: String,
}

impl Request for ReleaseTeam {
    const ROW: VerbRow = VerbRow::new(
        "release-team",
        "Release a team that was involved",
        &[CommandKind::InvolveTeam],
        "INC-12 payments",
        r#"{"team": "payments"}"#,
    )
    .done_with_content("team")
    .numbers(Numbers::AllButLast);

    fn plan(&self, _: &Situation<'_>) -> Result<Plan, FieldError> {
        // It may be one that the directory does not have any more.
        let team = self.team.trim().to_owned();
        Ok(Plan::one(IncidentCommand::InvolveTeam { team, involved: false }))
    }
}
