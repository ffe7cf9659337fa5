//! Arguments of the commands about the outbox.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, Subcommand};

use crate::model::CommandId;

pub(super) const OUTBOX: &str = "\
What is asked of an API is written down here first, sent in order for an incident, and sent again
with the same id until it is answered. Without the API it waits; the next redphone that runs sends
it, or `redphone outbox send`. What is refused stays until it is sent again or dropped; in the panes
(O) it can be edited. What waits for other APIs, or under other tokens, is named too; --all lists
every outbox of this account.

When the server was put back from a backup, `resend` sends again what was sent since (the last 2000
commands are held), with the same ids: what the server still has is not done twice.

--json prints one object a line: place, id, incident, label, state (pending, held, sent, refused),
asked_at, command, tries, said, next_at, settled_at.

Examples:
  redphone outbox
  redphone outbox send
  redphone outbox resend
  redphone outbox retry 14
  redphone outbox drop 14";

/// Arguments of `redphone outbox`.
#[derive(Args, Clone, Debug)]
pub struct OutboxArgs {
    /// What about it; without it the commands are listed
    #[command(subcommand)]
    pub about: Option<OutboxCommand>,
    /// Print JSON Lines
    #[arg(long, global = true)]
    pub json: bool,
    /// List every outbox of this account, with how much waits in it
    #[arg(long, conflicts_with = "json")]
    pub all: bool,
}

/// What can be done about the outbox.
#[derive(Subcommand, Clone, PartialEq, Eq, Debug)]
pub enum OutboxCommand {
    /// List refused, pending and the last sent commands
    List,
    /// Send what waits now
    Send,
    /// Send again what was sent before the server was put back from a backup
    Resend {
        /// Send nothing again: only take note that the server was put back
        #[arg(long)]
        none: bool,
    },
    /// Send with the present token what was asked with another one
    Approve {
        /// Their places in the list, or their ids
        #[arg(value_name = "PLACE|ID", required = true)]
        which: Vec<EntryRef>,
    },
    /// Move what waits in another outbox into this one; then `approve` lets it be sent
    Adopt {
        /// The folder, as --all prints it
        #[arg(value_name = "FOLDER")]
        folder: PathBuf,
    },
    /// Send a refused command again as it is
    Retry {
        /// Its place in the list, or its id
        #[arg(value_name = "PLACE|ID")]
        which: EntryRef,
    },
    /// Take a command out that was not sent; with a declaration, what needs it
    Drop {
        /// Its place in the list, or its id
        #[arg(value_name = "PLACE|ID")]
        which: EntryRef,
    },
}

/// Names an entry of the outbox.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum EntryRef {
    /// By its position in the list.
    Position(u64),
    /// By the id of its command.
    Id(CommandId),
}

impl fmt::Display for EntryRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Position(place) => write!(f, "command {place}"),
            Self::Id(id) => write!(f, "command {id}"),
        }
    }
}

impl FromStr for EntryRef {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Ok(place) = text.trim_start_matches('#').parse() {
            return Ok(Self::Position(place));
        }
        text.parse().map(Self::Id).map_err(|_| "name it by its place in the list or its id".into())
    }
}
