//! Arguments of `cover`.

use chrono::{DateTime, Utc};
use clap::{Args, Subcommand};

use super::overrides::time;
use crate::model::oncall::TimeSpan;

/// Help text after the options of `cover`.
pub const COVER: &str = "\
You want somebody else of the schedule to be on call in your place. Without --from and --until it is
about your shift that runs now, or the next one. With --for it is a swap: in return you cover
a span in which the person who accepts is on call. The first one who accepts is on call, immediately;
later ones are refused. A person who declines is not asked again; a swap that is declined by the one
whose shift is wanted has ended. `cover list` has all requests, with the ids by which they are accepted,
declined and withdrawn; the last 4 characters of an id or more are enough. Times are RFC 3339. The
schedule may be one of the settings file. Over an API a token of scope respond is enough.

People learn of a request over their contacts, as far as they have some, with links by which they accept
and decline (`redphone help answers`).

--json prints the entry of /v1/administration: who changed what, and when.

Examples:
  redphone cover payments
  redphone cover payments --from 2026-03-07T18:00:00Z --until 2026-03-08T09:00:00Z --note 'wedding'
  redphone cover payments --until 2026-03-08T09:00:00Z \\
    --for 2026-03-14T09:00:00Z..2026-03-15T09:00:00Z
  redphone cover list
  redphone cover accept 4f1c
  redphone cover decline 4f1c";

/// Arguments of `redphone cover`.
#[derive(Args, Clone, Debug)]
#[command(args_conflicts_with_subcommands = true)]
pub struct CoverArgs {
    /// Another action; without it cover is requested
    #[command(subcommand)]
    pub about: Option<CoverCommand>,
    /// On which schedule [default: the one that has you]
    #[arg(value_name = "SCHEDULE")]
    pub schedule: Option<String>,
    /// When the span begins [default: now, or when your next shift does]
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub from: Option<DateTime<Utc>>,
    /// When the span ends [default: when your shift does]
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub until: Option<DateTime<Utc>>,
    /// The span that you offer in return
    #[arg(long = "for", value_name = "FROM..UNTIL", value_parser = span, id = "in_return")]
    pub in_return: Option<TimeSpan>,
    /// Why, or what to know
    #[arg(long, value_name = "TEXT")]
    pub note: Option<String>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// What to do with requests for cover.
#[derive(Subcommand, Clone, Debug)]
pub enum CoverCommand {
    /// List those that are open
    List(ListCovers),
    /// Accept a request, and be on call
    Accept(AnswerCover),
    /// Decline a request
    Decline(AnswerCover),
    /// Withdraw your request
    Withdraw(AnswerCover),
}

/// Arguments of `redphone cover list`.
#[derive(Args, Clone, Debug)]
pub struct ListCovers {
    /// Also list those that were accepted, declined or withdrawn, or have passed
    #[arg(long)]
    pub all: bool,
    /// Print JSON Lines
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `redphone cover accept`, `redphone cover decline` and `redphone cover withdraw`.
#[derive(Args, Clone, Debug)]
pub struct AnswerCover {
    /// The id of the request, or its last characters
    #[arg(value_name = "COVER")]
    pub id: String,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

impl CoverArgs {
    /// Returns whether it changes something.
    pub const fn writes(&self) -> bool {
        !matches!(self.about, Some(CoverCommand::List(_)))
    }
}

/// Parses a span such as `2026-03-14T09:00:00Z..2026-03-15T09:00:00Z`.
fn span(text: &str) -> Result<TimeSpan, &'static str> {
    let error = "write it as 2026-03-14T09:00:00Z..2026-03-15T09:00:00Z";
    let (from, to) = text.split_once("..").ok_or(error)?;
    let (from, to) = (time(from).map_err(|_| error)?, time(to).map_err(|_| error)?);
    if to > from { Ok(TimeSpan { from, to }) } else { Err("the span ends before it begins") }
}
