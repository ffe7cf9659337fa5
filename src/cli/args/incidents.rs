//! Arguments of the commands about incidents.

use clap::Args;

use super::super::records::FormatArgs;
use super::super::value::{EnumParser, IncidentRef, TextEnum, Time};
use super::selection::{EventSelection, RowLimit};
use crate::model::priority::Level;
use crate::model::queue::Sort;
use crate::model::status::{Category, Source, text_enum};

pub(super) const LIST: &str = "\
Words are looked for in number, title, services, owner and team. Terms are p1 (or sev1),
status:triggered, service:checkout, owner:me, owner:none, team:db, cat:security, age>2h, idle>2h
(nothing has happened for longer), sla:late, is:snoozed, is:any; a - in front excludes. Terms on one
field are alternatives, all else must hold together. Without is: or an ended status only open
incidents are listed.

More terms are role:me, role:scribe, label:eu, source:user-report, changed<8h, began<2h, users>100,
reporter:varga, primary:checkout (the first service), leading:db (without the teams that help),
is:never-acknowledged, missed:acknowledge and missed:resolve, also missed:resolve-p1, and
resolved<8h, resolved:yesterday and took>1h (from detection to resolution), which list ended ones too.
By the time of the report: since:yesterday, before:2026-11, on:2026-10-29, since:monday, on:last-week,
since:2026-10-29T14:00; days begin in the zone of --zone.

--json prints one object a line: id, number, title, status, impact, urgency, priority, category,
source, services, assignee, team, detected_at, reported_at, acknowledged_at, resolved_at, closed_at,
snoozed_until, paused, updated_at, alerts, escalation, seq, last_event_at. Times are RFC 3339 in UTC.
Where there is any, also last_word, and attributes (labels and roles).
And what follows from these: label, owner (the name), service (the primary one), acknowledge_due,
resolve_due and clock; `redphone schema list` describes them all. They are the names of --columns. With
--watch, change says whether an incident was listed, added, changed or removed.

Examples:
  redphone list
  redphone list p1 p2 owner:none
  redphone list 'age>2h' -service:cdn
  redphone list -status:triggered 'idle>2h' --sort changed
  redphone list is:any on:last-month payments
  redphone list is:any checkout --sort newest --limit 20 --json
  redphone list p1 p2 --columns label,owner,resolve_due,title --format csv
  redphone list --watch --json | jq -r 'select(.change == \"added\") | .title'";

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
    /// How many rows
    #[command(flatten)]
    pub limit: RowLimit,
    /// Print JSON Lines
    #[arg(long)]
    pub json: bool,
    /// Columns and format
    #[command(flatten)]
    pub output: FormatArgs,
    /// Print each incident that comes, changes or leaves, a line each, until it is stopped
    #[arg(long, help_heading = "Output", conflicts_with_all = ["limit", "all"])]
    pub watch: bool,
}

pub(super) const SHOW: &str = "\
--json prints one object: incident (the fields of `list` and the rest of the record), suspects,
similar, problem, and timeline with all events in order.
Where there are any, it also has notifications: the last 100, the first one first.

With --columns or another format it prints the row of the incident as `list` does. --format markdown
alone prints the record and the timeline as Markdown.

Examples:
  redphone show INC-12
  redphone show 12 --json
  redphone show 12 --template '{label} {title}: {owner}'
  redphone show 12 --format markdown
  redphone show 12 --watch --json | jq -r .status";

/// Arguments of `redphone show`.
#[derive(Args, Clone, Debug)]
pub struct Show {
    /// Its number or id
    #[arg(value_name = "NUMBER|ID")]
    pub incident: IncidentRef,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    /// Print its row each time that something happens to it, until it is stopped
    #[arg(long, help_heading = "Output")]
    pub watch: bool,
    /// Columns and format
    #[command(flatten)]
    pub output: FormatArgs,
}

pub(super) const EVENTS: &str = "\
What happened to all incidents, the earliest first, for scripts: `feed` is for people. Times are when
the store recorded an event. Kinds are those of `feed`.

--json prints one object a line: at, recorded_at, number, title, priority, seq, kind, actor, text,
incident and event. `redphone schema events` describes it. With --watch it goes on with each event as
it is recorded, from now on unless --since is given.

Examples:
  redphone events --since 8h
  redphone events 12 14 --since 7d --format csv --columns at,number,kind,actor,text
  redphone events --watch --kind declared --json | jq -r .title";

/// Arguments of `redphone events`.
#[derive(Args, Clone, Debug)]
pub struct Events {
    /// Only these incidents [default: all]
    #[arg(value_name = "NUMBER|ID")]
    pub incidents: Vec<IncidentRef>,
    /// Only what was recorded from this time on [default: a day ago]
    #[arg(long, value_name = "TIME")]
    pub since: Option<Time>,
    /// Only what was recorded before this time
    #[arg(long, value_name = "TIME", conflicts_with = "watch")]
    pub until: Option<Time>,
    /// Which events
    #[command(flatten)]
    pub selection: EventSelection,
    /// Print each event as it is recorded, a line each, until it is stopped
    #[arg(long, help_heading = "Output")]
    pub watch: bool,
    /// Print JSON Lines
    #[arg(long)]
    pub json: bool,
    /// Columns and format
    #[command(flatten)]
    pub output: FormatArgs,
}

text_enum! {
    /// The commands whose JSON has a schema.
    SchemaOf, "command" {
        /// A line of `list --json`.
        List = "list",
        /// A line of `events --json`.
        Events = "events",
        /// A line of `notifications --json`.
        Notifications = "notifications",
        /// The object of `show --json`.
        Show = "show",
        /// The object of `similar --json`.
        Similar = "similar",
        /// A line of a verb with --json, such as `assign`.
        Verb = "verb",
    }
}

impl TextEnum for SchemaOf {
    fn offered_values() -> Vec<&'static str> {
        Self::ALL.iter().map(|value| value.as_str()).collect()
    }
}

pub(super) const DECLARE: &str = "\
Impact and urgency lead to the priority. Team and runbook are those of the first service in the
directory, where they are not given. Times are written as 2026-03-01T22:37:00Z, or as 10m for ten
minutes ago.

--json prints the incident's row, with the fields of `list --json`.

Examples:
  redphone declare --title 'Card payments fail at checkout' --service checkout \\
      --service payments-gateway --impact high --urgency high --detected-at 10m
  redphone declare --title 'Card payments fail' --service checkout --impact high --urgency high \\
      --began 20m --users 1200 --share 12.5% --region eu-west --reporter 'Tom Varga' --ticket T-4711
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
    /// Services and a team that the directory does not have are meant
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
    /// What is said about the impact at once
    #[command(flatten)]
    pub about_impact: AboutImpact,
    /// Who leads the response: a handle, or `me`
    #[arg(long, value_name = "HANDLE")]
    pub owner: Option<String>,
    /// Print the incident's row as JSON
    #[arg(long)]
    pub json: bool,
}

/// What `redphone declare` says about the impact besides its level.
#[derive(Args, Clone, Debug)]
pub struct AboutImpact {
    /// When the impact began, which may be before it was noticed: 20m, 10:10, 2026-03-01 09:00
    #[arg(long, value_name = "TIME")]
    pub began: Option<String>,
    /// How many users it affects
    #[arg(long, value_name = "N")]
    pub users: Option<u64>,
    /// Their share of all users in percent, such as 12.5%
    #[arg(long, value_name = "PERCENT")]
    pub share: Option<String>,
    /// A region that it affects; may be repeated
    #[arg(long = "region", value_name = "REGION")]
    pub regions: Vec<String>,
    /// A customer whom it affects; may be repeated
    #[arg(long = "customer", value_name = "CUSTOMER")]
    pub customers: Vec<String>,
    /// When service is expected to be restored: 2h, 14:00, 2026-03-01 09:00
    #[arg(long, value_name = "TIME")]
    pub recovery: Option<String>,
    /// Who has reported it, where that is not who declares it
    #[arg(long, value_name = "REPORTER")]
    pub reporter: Option<String>,
    /// How the reporter can be reached
    #[arg(long, value_name = "CONTACT", requires = "reporter")]
    pub contact: Option<String>,
    /// The reference of the report, such as the number of a ticket
    #[arg(long, value_name = "TICKET", requires = "reporter")]
    pub ticket: Option<String>,
    /// A team that helps, beside the team that leads; may be repeated
    #[arg(long = "involve-team", value_name = "TEAM")]
    pub involved_teams: Vec<String>,
}
