//! Arguments of `redphone contact`.

use clap::{Args, Subcommand};

pub const CONTACT: &str = "\
Contacts stand under [[contacts]] in the settings file, the channels that they use under
[channels.NAME]; `redphone help channels` describes both.

`test` sends a message that says that it is a test, and prints what the provider answered. It ends
with 1 if one was not sent.

Examples:
  redphone contact list
  redphone contact test ines
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
    /// Send a test message to a person, and print what came of it
    Test(TestContacts),
}

/// Arguments of `redphone contact list`.
#[derive(Args, Clone, Debug)]
pub struct ListContacts {
    /// Only of this person
    #[arg(value_name = "HANDLE")]
    pub person: Option<String>,
    /// Print JSON, one object a line
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `redphone contact test`.
#[derive(Args, Clone, Debug)]
pub struct TestContacts {
    /// Whom to reach
    #[arg(value_name = "HANDLE")]
    pub person: String,
    /// Only by this contact [default: all of the person]
    #[arg(value_name = "CONTACT")]
    pub contact: Option<String>,
    /// Print JSON, one object a line
    #[arg(long)]
    pub json: bool,
}
