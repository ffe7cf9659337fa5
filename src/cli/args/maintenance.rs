//! Arguments of `maintenance`.

use chrono::{DateTime, Utc};
use clap::{Args, Subcommand};

use super::overrides::{End, time};
use crate::model::maintenance::MaintenanceFilter;
use crate::model::oncall::Day;

/// Help text after the subcommands of `maintenance`.
pub const MAINTENANCE: &str = "\
While a window is active, incidents of which all alerts that fire are muted escalate to nobody: no
notification, no bell. They stay in the queue, with what mutes them (is:muted). At the end of a window,
and when it is ended or changed before, what still fires is released, and its escalation begins.
`redphone help maintenance` describes it. Over an API a token of scope respond is enough.

FILTER has terms: service:checkout, team:payments, source:alertmanager, p1, labels such as env=prod,
env!=prod, host=db-*, host=~db-[0-9]+ or label:canary, and words of the title. Each kind of term must
match; services, teams, sources and priorities are alternatives among themselves.

Times are RFC 3339, or `now`. A window that comes again does so at the same time of day in its zone.
A window is named by its id, a part of it, or its title.

Examples:
  redphone maintenance add \"The pool is replaced\" --filter 'service:checkout env=prod' --for 2h
  redphone maintenance add Backups --filter host=db-* --from 2026-03-01T01:00:00Z --for 1h \\
      --every day --clock Europe/Berlin
  redphone maintenance preview --filter 'service:checkout'
  redphone maintenance muted
  redphone maintenance end Backups";

/// What to do with maintenance windows.
#[derive(Subcommand, Clone, Debug)]
pub enum MaintenanceCommand {
    /// List those that have not ended
    List(ListWindows),
    /// Create one
    Add(AddWindow),
    /// Show one, with what it mutes
    Show(OneWindow),
    /// Let one last longer, or end earlier
    Extend(ExtendWindow),
    /// End one permanently; incidents that still fire are released
    End(OneWindow),
    /// Print what a filter would mute now
    Preview(PreviewWindow),
    /// List the incidents that are or were muted
    Muted(ListMuted),
}

impl MaintenanceCommand {
    /// Returns whether it changes something.
    pub const fn writes(&self) -> bool {
        matches!(self, Self::Add(_) | Self::Extend(_) | Self::End(_))
    }
}

/// Arguments of `redphone maintenance list`.
#[derive(Args, Clone, Debug)]
pub struct ListWindows {
    /// Also those that have ended
    #[arg(long)]
    pub all: bool,
    /// Print JSON Lines
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `redphone maintenance add`.
#[derive(Args, Clone, Debug)]
pub struct AddWindow {
    /// The work done in it
    #[arg(value_name = "TITLE")]
    pub title: String,
    /// The alerts and incidents that it mutes
    #[arg(long, value_name = "FILTER", id = "mutes")]
    pub filter: MaintenanceFilter,
    /// When it begins, for the first time [default: now]
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub from: Option<DateTime<Utc>>,
    /// How long it lasts, or until when
    #[command(flatten)]
    pub end: End,
    /// How often it comes again: `day`, `week`, or days such as `mon,thu`
    #[arg(long, value_name = "DAYS", value_parser = every)]
    pub every: Option<Every>,
    /// The time zone by whose clock it comes again [default: UTC]
    #[arg(long, value_name = "ZONE", requires = "every")]
    pub clock: Option<String>,
    /// The time after which none begins any more
    #[arg(long, value_name = "TIME", value_parser = time, requires = "every")]
    pub last: Option<DateTime<Utc>>,
    /// Further remarks
    #[arg(long, value_name = "TEXT")]
    pub comment: Option<String>,
    /// The text on status pages [default: it is not public]
    #[arg(long, value_name = "TEXT")]
    pub public: Option<String>,
    /// Mute what people report as well
    #[arg(long)]
    pub people: bool,
    /// Create it also for services and teams that the directory does not have
    #[arg(long)]
    pub accept_unknown: bool,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Arguments of a command about one window.
#[derive(Args, Clone, Debug)]
pub struct OneWindow {
    /// Its id, a part of it, or its title
    #[arg(value_name = "WINDOW")]
    pub window: String,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `redphone maintenance extend`.
#[derive(Args, Clone, Debug)]
pub struct ExtendWindow {
    /// Its id, a part of it, or its title
    #[arg(value_name = "WINDOW")]
    pub window: String,
    /// How much longer it lasts, or until when
    #[command(flatten)]
    pub end: End,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `redphone maintenance preview`.
#[derive(Args, Clone, Debug)]
pub struct PreviewWindow {
    /// The alerts and incidents that the window would mute
    #[arg(long, value_name = "FILTER", id = "mutes")]
    pub filter: MaintenanceFilter,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `redphone maintenance muted`.
#[derive(Args, Clone, Debug)]
pub struct ListMuted {
    /// Only those of this window: its id, a part of it, or its title
    #[arg(value_name = "WINDOW")]
    pub window: Option<String>,
    /// Print JSON Lines
    #[arg(long)]
    pub json: bool,
}

/// How often a window comes again.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Every {
    /// Every day.
    Day,
    /// Once a week, or on these days.
    Week(Vec<Day>),
}

fn every(text: &str) -> Result<Every, &'static str> {
    match text.trim().to_ascii_lowercase().as_str() {
        "day" | "daily" => return Ok(Every::Day),
        "week" | "weekly" => return Ok(Every::Week(Vec::new())),
        _ => {}
    }
    let days: Option<Vec<Day>> = text.split(',').map(Day::parse).collect();
    days.map(Every::Week).ok_or("write day, week, or days such as mon,thu")
}
