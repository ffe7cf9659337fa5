//! Arguments of `calendar`.

use clap::{Args, Subcommand};

/// Help text after the subcommands of `calendar`.
pub const CALENDAR: &str = "\
Calendar programs read the shifts of a schedule, or your own ones on all schedules, under an address of a
server: of the past month and of 13 months ahead. Whoever has the address can read them; it is printed
only once, and only its digest is stored. `link revoke` ends it at once. Over an API a token of scope respond is
enough. `redphone help calendars` describes both directions.

Examples:
  redphone calendar link create --me
  redphone calendar link create --schedule payments
  redphone calendar link list
  redphone calendar link revoke 4f1c8a02";

/// What to do with calendars.
#[derive(Subcommand, Clone, Debug)]
pub enum CalendarCommand {
    /// Addresses under which calendar programs read shifts: create, list, revoke
    #[command(after_help = CALENDAR, disable_help_subcommand = true, subcommand_required = true)]
    Link {
        /// What to do.
        #[command(subcommand)]
        about: CalendarLinkCommand,
    },
}

/// What to do with addresses of calendars.
#[derive(Subcommand, Clone, Debug)]
pub enum CalendarLinkCommand {
    /// Create an address, and print it
    Create(CreateCalendarLink),
    /// List the addresses that work
    List(ListCalendarLinks),
    /// Revoke an address
    Revoke(RevokeCalendarLink),
}

/// Arguments of `redphone calendar link create`.
#[derive(Args, Clone, Debug)]
pub struct CreateCalendarLink {
    /// The shifts of a schedule
    #[arg(long, value_name = "SCHEDULE", conflicts_with = "me", required_unless_present = "me")]
    pub schedule: Option<String>,
    /// Your own shifts on all schedules
    #[arg(long)]
    pub me: bool,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `redphone calendar link list`.
#[derive(Args, Clone, Debug)]
pub struct ListCalendarLinks {
    /// Also list those that were revoked lately
    #[arg(long)]
    pub all: bool,
    /// Print JSON Lines
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `redphone calendar link revoke`.
#[derive(Args, Clone, Debug)]
pub struct RevokeCalendarLink {
    /// The id of the address, or its last characters
    #[arg(value_name = "ID")]
    pub id: String,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

impl CalendarCommand {
    /// Returns whether it changes something.
    pub const fn writes(&self) -> bool {
        let Self::Link { about } = self;
        !matches!(about, CalendarLinkCommand::List(_))
    }
}
