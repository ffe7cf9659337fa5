//! Arguments of `change`.

use clap::{Args, Subcommand};

use super::super::value::{EnumParser, Time};
use crate::model::change::{ChangeApproval, ChangeKind};

/// How many changes are listed unless a limit is chosen.
pub const DEFAULT_CHANGES: u32 = 50;

pub(super) const CHANGE: &str = "\
Deployments, edits of settings and migrations. Incidents of the services that they touch, and of
those that depend on them, show them as suspects. GitHub, GitLab, CDEvents and PagerDuty's change
events report theirs by themselves: `redphone help github`.

`start` prints the id of the change, with which `end` ends it; the end of an id is enough. One that
is over already is recorded by `start` with --ended.

SUSPECT OF are the incidents whose suspects a change is: one of a service that it touched, or of one that
depends on it, that was detected while it ran or soon after.

--json prints the change, as in the API; for the list one object a line: id, kind, title, services,
by, starts_at, ends_at, state, url, approval, and suspect_of (change, incident_count, incidents) where it
is suspected of something.

Examples:
  id=$(redphone change start 'checkout v812' --service checkout)
  redphone change end $id || redphone change end $id --failed
  redphone change start 'rates of March' --service ledger --kind config --ended
  redphone change start 'ledger v4' --service ledger --at 2026-03-02T08:00:00Z --approval requested
  redphone change list --since 4h --service checkout
  redphone change list --since 7d --calendar";

/// What to do with changes.
#[derive(Subcommand, Clone, Debug)]
pub enum ChangeCommand {
    /// Record that a change begins, and print its id
    Start(StartChange),
    /// Record that a change has ended
    End(EndChange),
    /// Record that a change may be made, or may not
    Approve(ApproveChange),
    /// List changes, the one that began last first
    List(ListChanges),
}

impl ChangeCommand {
    /// Returns whether it changes something.
    pub const fn writes(&self) -> bool {
        !matches!(self, Self::List(_))
    }
}

/// Arguments of `redphone change start`.
#[derive(Args, Clone, Debug)]
pub struct StartChange {
    /// The change, such as the version that is deployed
    #[arg(value_name = "TITLE")]
    pub title: String,
    /// A service that it touches; may be repeated
    #[arg(long = "service", value_name = "NAME,…", value_delimiter = ',', required = true)]
    pub services: Vec<String>,
    /// The kind of change [default: deploy]
    #[arg(long = "kind", value_name = "KIND", id = "change_kinds",
          value_parser = EnumParser::<ChangeKind>::new())]
    pub kind: Option<ChangeKind>,
    /// The page about it, such as the run of a pipeline
    #[arg(long, value_name = "URL")]
    pub url: Option<String>,
    /// When it began [default: now]
    #[arg(long, value_name = "TIME")]
    pub at: Option<Time>,
    /// It is over already
    #[arg(long)]
    pub ended: bool,
    /// Whether it is approved by those who have to
    #[arg(long, value_name = "APPROVAL", value_parser = EnumParser::<ChangeApproval>::new())]
    pub approval: Option<ChangeApproval>,
    /// Record it also for services that the directory does not have
    #[arg(long)]
    pub accept_unknown: bool,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `redphone change end`.
#[derive(Args, Clone, Debug)]
pub struct EndChange {
    /// Its id, or the end of it
    #[arg(value_name = "CHANGE")]
    pub change: String,
    /// It failed
    #[arg(long, conflicts_with = "rolled_back")]
    pub failed: bool,
    /// It was rolled back
    #[arg(long)]
    pub rolled_back: bool,
    /// When it ended [default: now]
    #[arg(long, value_name = "TIME")]
    pub at: Option<Time>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `redphone change approve`.
#[derive(Args, Clone, Debug)]
pub struct ApproveChange {
    /// Its id, or the end of it
    #[arg(value_name = "CHANGE")]
    pub change: String,
    /// It may not be made
    #[arg(long)]
    pub rejected: bool,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `redphone change list`.
#[derive(Args, Clone, Debug)]
pub struct ListChanges {
    /// Only those that ran at this time or later
    #[arg(long, value_name = "TIME")]
    pub since: Option<Time>,
    /// Only those that began before this time
    #[arg(long, value_name = "TIME")]
    pub until: Option<Time>,
    /// Only those that touch this service
    #[arg(long, value_name = "NAME")]
    pub service: Option<String>,
    /// The most changes
    #[arg(long, value_name = "N", default_value_t = DEFAULT_CHANGES,
          value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub limit: u32,
    /// By day, the earliest first, with planned ones
    #[arg(long, conflicts_with = "json")]
    pub calendar: bool,
    /// Print JSON Lines
    #[arg(long)]
    pub json: bool,
}
