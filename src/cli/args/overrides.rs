//! Arguments of `override` and `take`.

use chrono::{DateTime, TimeDelta, Utc};
use clap::{Args, Subcommand};

use crate::model::time::parse_duration;

/// Help text after the subcommands of `override`.
pub const OVERRIDE: &str = "\
An override puts somebody on call on a schedule for a span of time. A schedule is named by its team, or by
its own name; it may be one of the settings file. Where spans overlap, the one that was added last
counts. Times are RFC 3339. Over an API a token of scope respond is enough to add one, and to
remove what one has added for oneself; to remove those of others it needs scope admin.

--json prints the entry of /v1/administration: who changed what, and when.

Examples:
  redphone override list
  redphone override add payments tomo --for 4h
  redphone override add payments tomo --from 2026-03-07T18:00:00Z --until 2026-03-08T09:00:00Z
  redphone override remove payments tomo";

/// Help text after the options of `take`.
pub const STAND_IN: &str = "\
You are on call in place of the person who is now. Without a schedule it is the one that has
you; without --for or --until it lasts until the current turn ends. `redphone override remove`
gives it back, with --from where you have two parts.

Examples:
  redphone take
  redphone take payments --for 2h";

/// What to do with overrides.
#[derive(Subcommand, Clone, Debug)]
pub enum OverrideCommand {
    /// List those that count now or later
    List(ListOverrides),
    /// Put somebody on call
    Add(AddOverride),
    /// Remove one that counts now or later
    Remove(RemoveOverride),
}

impl OverrideCommand {
    /// Returns whether it changes something.
    pub const fn writes(&self) -> bool {
        matches!(self, Self::Add(_) | Self::Remove(_))
    }
}

/// Arguments of `redphone override list`.
#[derive(Args, Clone, Debug)]
pub struct ListOverrides {
    /// Of which schedules [default: all]
    #[arg(value_name = "SCHEDULE")]
    pub schedules: Vec<String>,
    /// Print JSON Lines
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `redphone override add`.
#[derive(Args, Clone, Debug)]
pub struct AddOverride {
    /// On which schedule
    #[arg(value_name = "SCHEDULE")]
    pub schedule: String,
    /// Who is on call: a handle, or `me`
    #[arg(value_name = "PERSON")]
    pub person: String,
    /// When the span begins [default: now]
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub from: Option<DateTime<Utc>>,
    /// How long it lasts, or until when
    #[command(flatten)]
    pub end: End,
    /// The handle of the person whose turn it is [default: the person on call when it begins]
    #[arg(long, value_name = "HANDLE")]
    pub covers: Option<String>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// When a span ends.
#[derive(Args, Clone, Copy, Debug)]
pub struct End {
    /// How long the span lasts
    #[arg(long = "for", value_name = "DURATION", value_parser = duration, id = "lasts")]
    pub lasts: Option<TimeDelta>,
    /// When the span ends
    #[arg(long, value_name = "TIME", value_parser = time, conflicts_with = "lasts")]
    pub until: Option<DateTime<Utc>>,
}

impl End {
    /// Returns the end of a span that begins at `from`; `None` if none was given.
    #[must_use]
    pub fn after(self, from: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.until.or_else(|| from.checked_add_signed(self.lasts?))
    }
}

/// Arguments of `redphone override remove`.
#[derive(Args, Clone, Debug)]
pub struct RemoveOverride {
    /// On which schedule
    #[arg(value_name = "SCHEDULE")]
    pub schedule: String,
    /// Who is on call: a handle, or `me`
    #[arg(value_name = "PERSON")]
    pub person: String,
    /// When the span begins, if the person has several
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub from: Option<DateTime<Utc>>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `redphone take`.
#[derive(Args, Clone, Debug)]
pub struct StandIn {
    /// On which schedule [default: the one that has you]
    #[arg(value_name = "SCHEDULE")]
    pub schedule: Option<String>,
    /// How long it lasts, or until when
    #[command(flatten)]
    pub end: End,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Parses a time with its zone, or `now`.
pub(super) fn time(text: &str) -> Result<DateTime<Utc>, &'static str> {
    if text.trim().eq_ignore_ascii_case("now") {
        return Ok(Utc::now());
    }
    DateTime::parse_from_rfc3339(text.trim())
        .map(|at| at.with_timezone(&Utc))
        .map_err(|_| "write it as 2026-03-07T18:00:00Z, with the zone")
}

fn duration(text: &str) -> Result<TimeDelta, &'static str> {
    let error = "write a duration such as 4h or 7d";
    parse_duration(text.trim()).filter(|span| *span > TimeDelta::zero()).ok_or(error)
}
