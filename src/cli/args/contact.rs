//! Arguments of `redphone contact`.

use chrono::TimeDelta;
use clap::{Args, Subcommand};

use crate::model::time::parse_duration;

pub const CONTACT: &str = "\
A person sets own contacts with add, set, remove and quiet: a channel of the settings, an address in it,
and after which time it is used. They are in the store; over an API a token of scope respond is
enough for one's own, and those of others need scope admin. Contacts are also under [[contacts]] in
the settings file, which wins, and the channels under [channels.NAME]: `redphone help contacts` and
`redphone help channels` describe both. Of the addresses of others `list` shows only the ends.

`test` sends a message marked as a test, and prints what the provider answered. It ends
with 1 if one was not sent.

Examples:
  redphone contact list
  redphone contact add phone --channel sms --address +4915112345678 --urgent 2m --rest never
  redphone contact set phone --urgent 0s,5m
  redphone contact quiet 22:00 07:00 --clock Europe/Berlin
  redphone contact remove phone
  redphone contact test
  redphone contact test ines phone";

pub const HELP: &str = "\
Examples:
  redphone help
  redphone help channels
  redphone help ntfy";

/// What about contacts.
#[derive(Subcommand, Clone, Debug)]
pub enum ContactCommand {
    /// List how people are reached: their contacts, in which order these are used, what is wrong
    List(ListContacts),
    /// Add a contact
    Add(AddContact),
    /// Change a contact: what is not named stays as it is
    Set(SetContact),
    /// Remove a contact
    Remove(RemoveContact),
    /// Set your quiet hours: what is not urgent is sent after them
    Quiet(QuietContact),
    /// Send a test message to a person, and print what came of it
    Test(TestContacts),
}

impl ContactCommand {
    /// Returns whether it changes something.
    pub const fn writes(&self) -> bool {
        !matches!(self, Self::List(_) | Self::Test(_))
    }
}

/// Whose contacts are changed.
#[derive(Args, Clone, Debug)]
pub struct Whose {
    /// Whose contact it is: a handle, or `me`
    #[arg(long, value_name = "HANDLE", default_value = "me")]
    pub person: String,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// After which times a contact is used.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Waits(pub Vec<i64>);

/// Arguments of `redphone contact add`.
#[derive(Args, Clone, Debug)]
pub struct AddContact {
    /// Its name, such as `phone`
    #[arg(value_name = "NAME")]
    pub name: String,
    /// The channel of the settings over which messages go
    #[arg(long, value_name = "NAME")]
    pub channel: String,
    /// The address in the channel, such as a telephone number [default: none]
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    pub address: String,
    /// When it is used for P1 and P2: times such as 0s,5m, or `never`
    #[arg(long, value_name = "TIMES", default_value = "0s", value_parser = waits)]
    pub urgent: Waits,
    /// When it is used for all others: times such as 0s,5m, or `never`
    #[arg(long, value_name = "TIMES", default_value = "0s", value_parser = waits)]
    pub rest: Waits,
    /// Whose it is
    #[command(flatten)]
    pub whose: Whose,
}

/// Arguments of `redphone contact set`.
#[derive(Args, Clone, Debug)]
pub struct SetContact {
    /// Its name
    #[arg(value_name = "NAME")]
    pub name: String,
    /// Another channel of the settings
    #[arg(long, value_name = "NAME")]
    pub channel: Option<String>,
    /// Another address
    #[arg(long, value_name = "TEXT")]
    pub address: Option<String>,
    /// When it is used for P1 and P2: times such as 0s,5m, or `never`
    #[arg(long, value_name = "TIMES", value_parser = waits)]
    pub urgent: Option<Waits>,
    /// When it is used for all others: times such as 0s,5m, or `never`
    #[arg(long, value_name = "TIMES", value_parser = waits)]
    pub rest: Option<Waits>,
    /// Whose it is
    #[command(flatten)]
    pub whose: Whose,
}

/// Arguments of `redphone contact remove`.
#[derive(Args, Clone, Debug)]
pub struct RemoveContact {
    /// Its name
    #[arg(value_name = "NAME")]
    pub name: String,
    /// Whose it is
    #[command(flatten)]
    pub whose: Whose,
}

/// Arguments of `redphone contact quiet`.
#[derive(Args, Clone, Debug)]
pub struct QuietContact {
    /// When they begin, such as 22:00
    #[arg(value_name = "FROM", required_unless_present = "none", requires = "to")]
    pub from: Option<String>,
    /// When they end, such as 07:00
    #[arg(value_name = "UNTIL")]
    pub to: Option<String>,
    /// The time zone of these times, such as Europe/Berlin [default: that of the machine that sends]
    // `--zone` is the zone of the panes, for every command.
    #[arg(long, value_name = "ZONE")]
    pub clock: Option<String>,
    /// Have no quiet hours any more
    #[arg(long, conflicts_with_all = ["from", "to", "clock"])]
    pub none: bool,
    /// Whose they are
    #[command(flatten)]
    pub whose: Whose,
}

/// Parses times, or `never`.
fn waits(text: &str) -> Result<Waits, String> {
    if text == "never" {
        return Ok(Waits(Vec::new()));
    }
    let wait = |text: &str| {
        parse_duration(text.trim())
            .filter(|wait| *wait >= TimeDelta::zero())
            .map(|wait| wait.num_seconds())
            .ok_or_else(|| "write times such as 0s,5m, or never".to_owned())
    };
    text.split(',').map(wait).collect::<Result<_, _>>().map(Waits)
}

/// Arguments of `redphone contact list`.
#[derive(Args, Clone, Debug)]
pub struct ListContacts {
    /// Only of this person: a handle, or `me`
    #[arg(value_name = "HANDLE")]
    pub person: Option<String>,
    /// Print JSON, one object a line
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `redphone contact test`.
#[derive(Args, Clone, Debug)]
pub struct TestContacts {
    /// Whom to reach: a handle, or `me`
    #[arg(value_name = "HANDLE", default_value = "me")]
    pub person: String,
    /// Only by this contact [default: all of the person]
    #[arg(value_name = "CONTACT")]
    pub contact: Option<String>,
    /// Print JSON, one object a line
    #[arg(long)]
    pub json: bool,
}
