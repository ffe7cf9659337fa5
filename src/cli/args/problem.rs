//! Arguments of `problem`.

use clap::{Args, Subcommand};

use super::super::value::{EnumParser, IncidentRef};
use crate::model::problem::ProblemState;
use crate::model::status::Category;

/// How many problems are listed unless a limit is chosen.
pub const DEFAULT_PROBLEMS: u32 = 100;

pub(super) const PROBLEM: &str = "\
The causes behind incidents. One that has a workaround and whose cause is accepted is a known error:
incidents that match it show it with its workaround, by their fingerprint or by texts that are alike.

A problem is named by its id or the end of it, or by its title. LOST is for how long service was out in
its incidents: from detection to resolution, and from each reopening to the next one.

--json prints one object a line: problem (id, title, state, services, cause, workaround, opened_at,
owner, team, category, removed_at, revision and edits), incident_count, open_count, lost_s and
incidents.

Examples:
  redphone problem list --state open --owner me
  id=$(redphone problem create 'Pool too small' --service checkout --incident 12,14)
  redphone problem edit $id --workaround 'restart one instance' --state known-error
  redphone problem link $id 15 16
  redphone problem close $id";

/// What to do with problems.
#[derive(Subcommand, Clone, Debug)]
pub enum ProblemCommand {
    /// List problems: open ones first, and in each state the newest first
    List(ListProblems),
    /// Print one problem, its incidents, and who has changed what
    Show(ShowProblem),
    /// Record a problem, link incidents to it, and print its id
    Create(CreateProblem),
    /// Change a problem
    Edit(EditProblem),
    /// Link incidents to a problem
    Link(LinkedIncidents),
    /// Remove the links of incidents to a problem
    Unlink(LinkedIncidents),
    /// Record that the cause of a problem is removed
    Close(CloseProblem),
}

impl ProblemCommand {
    /// Returns whether it changes something.
    pub const fn writes(&self) -> bool {
        !matches!(self, Self::List(_) | Self::Show(_))
    }
}

/// Arguments of `redphone problem list`.
#[derive(Args, Clone, Debug)]
pub struct ListProblems {
    /// Only problems in this state; may be repeated
    #[arg(long = "state", value_name = "STATE", value_parser = EnumParser::<ProblemState>::new())]
    pub states: Vec<ProblemState>,
    /// Only those that cause incidents in this service
    #[arg(long, value_name = "NAME")]
    pub service: Option<String>,
    /// Only those of this person (a handle, `me` or `nobody`)
    #[arg(long, value_name = "HANDLE")]
    pub owner: Option<String>,
    /// The most problems
    #[arg(long, value_name = "N", default_value_t = DEFAULT_PROBLEMS,
          value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub limit: u32,
    /// Print JSON Lines
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `redphone problem show`.
#[derive(Args, Clone, Debug)]
pub struct ShowProblem {
    /// Its id, the end of it, or its title
    #[arg(value_name = "PROBLEM")]
    pub problem: String,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// The fields of a problem besides its title.
#[derive(Args, Clone, Debug, Default)]
pub struct ProblemFields {
    /// A service in which it causes incidents; may be repeated
    #[arg(long = "service", value_name = "NAME,…", value_delimiter = ',')]
    pub services: Vec<String>,
    /// The cause, as far as it is known
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    pub cause: Option<String>,
    /// How to reduce its effects until the cause is removed
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    pub workaround: Option<String>,
    /// The person who sees to it (a handle, `me` or `nobody`)
    #[arg(long, value_name = "HANDLE")]
    pub owner: Option<String>,
    /// The team to which it belongs
    #[arg(long, value_name = "TEAM")]
    pub team: Option<String>,
    /// The kind of fault
    #[arg(long, value_name = "KIND", value_parser = EnumParser::<Category>::new())]
    pub category: Option<Category>,
    /// The state
    #[arg(long, value_name = "STATE", value_parser = EnumParser::<ProblemState>::new())]
    pub state: Option<ProblemState>,
    /// Services and a team that the directory does not have are meant
    #[arg(long)]
    pub accept_unknown: bool,
}

/// Arguments of `redphone problem create`.
#[derive(Args, Clone, Debug)]
pub struct CreateProblem {
    /// The cause behind the incidents, on one line
    #[arg(value_name = "TITLE")]
    pub title: String,
    /// Further properties
    #[command(flatten)]
    pub fields: ProblemFields,
    /// An incident that is linked to it; may be repeated
    #[arg(long = "incident", value_name = "NUMBER|ID", value_delimiter = ',')]
    pub incidents: Vec<IncidentRef>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `redphone problem edit`.
#[derive(Args, Clone, Debug)]
pub struct EditProblem {
    /// Its id, the end of it, or its title
    #[arg(value_name = "PROBLEM")]
    pub problem: String,
    /// Another title
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    pub title: Option<String>,
    /// What is changed
    #[command(flatten)]
    pub fields: ProblemFields,
    /// Only if it has this revision
    #[arg(long, value_name = "N")]
    pub if_revision: Option<u32>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `redphone problem link` and `unlink`.
#[derive(Args, Clone, Debug)]
pub struct LinkedIncidents {
    /// Its id, the end of it, or its title
    #[arg(value_name = "PROBLEM")]
    pub problem: String,
    /// The incidents
    #[arg(value_name = "NUMBER|ID", required = true)]
    pub incidents: Vec<IncidentRef>,
}

/// Arguments of `redphone problem close`.
#[derive(Args, Clone, Debug)]
pub struct CloseProblem {
    /// Its id, the end of it, or its title
    #[arg(value_name = "PROBLEM")]
    pub problem: String,
    /// Its cause
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    pub cause: Option<String>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}
