//! Arguments of the commands about incidents.

use clap::Args;

use super::super::value::{EnumParser, IncidentRef, Time};
use crate::model::priority::Level;
use crate::model::queue::Sort;
use crate::model::status::{Category, ResolutionAction, Source};

/// Arguments of `redphone list`.
#[derive(Args, Clone, Debug)]
pub struct List {
    /// Words and terms that must hold [default: all open incidents]
    #[arg(value_name = "FILTER")]
    pub filter: Vec<String>,
    /// The order; only `newest` and `oldest` hold among ended ones, any other means `newest` there
    #[arg(long, value_name = "ORDER", default_value = "urgent",
          value_parser = EnumParser::<Sort>::new())]
    pub sort: Sort,
    /// The most rows [default: 100 on a terminal; all in a pipe, a file or JSON]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub limit: Option<u32>,
    /// All rows
    #[arg(long, conflicts_with = "limit")]
    pub all: bool,
    /// Print JSON Lines
    #[arg(long)]
    pub json: bool,
}

pub(super) const SHOW: &str = "\
--json prints one object: incident (the fields of `list` and the rest of the record), suspects,
similar, problem, and timeline with all events in order.

Examples:
  redphone show INC-12
  redphone show 12 --json";

/// Arguments of `redphone show`.
#[derive(Args, Clone, Debug)]
pub struct Show {
    /// Its number or id
    #[arg(value_name = "NUMBER|ID")]
    pub incident: IncidentRef,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

pub(super) const DECLARE: &str = "\
Impact and urgency lead to the priority. Team and runbook are those of the first service in the
directory, where they are not given. Times are written as 2026-03-01T22:37:00Z, or as 10m for ten
minutes ago.

--json prints the incident's row, with the fields of `list --json`.

Examples:
  redphone declare --title 'Card payments fail at checkout' --service checkout \\
      --service payments-gateway --impact high --urgency high --detected-at 10m
  redphone declare --title 'Disk 90 % full on db-3' --service db --impact low --urgency medium \\
      --source monitoring --dedup-key disk/db-3";

/// Arguments of `redphone declare`.
#[derive(Args, Clone, Debug)]
pub struct Declare {
    /// What is wrong, on one line of 1 to 200 characters
    #[arg(long, allow_hyphen_values = true)]
    pub title: String,
    /// An affected service; may be repeated, the first is the primary
    #[arg(long = "service", value_name = "NAME")]
    pub services: Vec<String>,
    /// Extent of the harm
    #[arg(long, value_name = "LEVEL", value_parser = EnumParser::<Level>::new())]
    pub impact: Level,
    /// How fast it must be handled
    #[arg(long, value_name = "LEVEL", value_parser = EnumParser::<Level>::new())]
    pub urgency: Level,
    /// The kind of fault, where known
    #[arg(long, value_name = "KIND", value_parser = EnumParser::<Category>::new())]
    pub category: Option<Category>,
    /// How it was detected
    #[arg(long, value_name = "SOURCE", default_value = "internal",
          value_parser = EnumParser::<Source>::new())]
    pub source: Source,
    /// What users see
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    pub symptoms: Option<String>,
    /// The team that answers for it
    #[arg(long, value_name = "NAME")]
    pub team: Option<String>,
    /// Services and a team that the directory has not are meant
    #[arg(long)]
    pub accept_unknown: bool,
    /// A free word; may be repeated
    #[arg(long = "label", value_name = "WORD")]
    pub labels: Vec<String>,
    /// Declarations with this key are grouped into one open incident
    #[arg(long, value_name = "KEY")]
    pub dedup_key: Option<String>,
    /// The runbook's name or URL
    #[arg(long, value_name = "NAME|URL")]
    pub runbook: Option<String>,
    /// When it was noticed [default: when it was reported]
    #[arg(long, value_name = "TIME")]
    pub detected_at: Option<Time>,
    /// When the clocks start [default: now]
    #[arg(long, value_name = "TIME")]
    pub reported_at: Option<Time>,
    /// Who leads the response: a handle, or `me`
    #[arg(long, value_name = "HANDLE")]
    pub owner: Option<String>,
    /// Print the incident's row as JSON
    #[arg(long)]
    pub json: bool,
}

pub(super) const ACK: &str = "\
Each incident has its own line; the exit code is that of the worst.

--json prints one object a line: incident (as it was given), done, and row or error.

Examples:
  redphone ack INC-12
  redphone ack 12 14 15";

/// Arguments of `redphone ack`.
#[derive(Args, Clone, Debug)]
pub struct Ack {
    /// Their numbers or ids
    #[arg(value_name = "NUMBER|ID", required = true)]
    pub incidents: Vec<IncidentRef>,
    /// Only if its last event still has this number, as `seq` of `show --json` gives it
    #[arg(long, value_name = "N", help_heading = "Conditions")]
    pub if_seq: Option<u32>,
    /// Print JSON Lines
    #[arg(long)]
    pub json: bool,
}

pub(super) const NOTE: &str = "\
Several words are joined by blanks.

--json prints one object: incident (as it was given), done, and row.

Examples:
  redphone note INC-12 'Rolled back to v811, error rate falls'
  kubectl get pods | redphone note INC-12 -";

/// Arguments of `redphone note`.
#[derive(Args, Clone, Debug)]
pub struct Note {
    /// Its number or id
    #[arg(value_name = "NUMBER|ID")]
    pub incident: IncidentRef,
    /// The text; `-`, or none where input is piped, reads it from standard input
    #[arg(value_name = "TEXT")]
    pub text: Vec<String>,
    /// Only if its last event still has this number, as `seq` of `show --json` gives it
    #[arg(long, value_name = "N", help_heading = "Conditions")]
    pub if_seq: Option<u32>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

pub(super) const RESOLVE: &str = "\
--json prints one object: incident (as it was given), done, and row.

Examples:
  redphone resolve INC-12 --action rollback --detail 'checkout back to v811' \\
      --validation '20 test payments went through'";

/// Arguments of `redphone resolve`.
#[derive(Args, Clone, Debug)]
pub struct Resolve {
    /// Its number or id
    #[arg(value_name = "NUMBER|ID")]
    pub incident: IncidentRef,
    /// What restored service
    #[arg(long, value_name = "ACTION", value_parser = EnumParser::<ResolutionAction>::new())]
    pub action: ResolutionAction,
    /// What was done, in words
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    pub detail: String,
    /// How recovery was validated
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    pub validation: String,
    /// Only if its last event still has this number, as `seq` of `show --json` gives it
    #[arg(long, value_name = "N", help_heading = "Conditions")]
    pub if_seq: Option<u32>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}
