//! Arguments of `ingest`.

use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, Subcommand};

/// Help text after the options of `ingest`.
pub const INGEST: &str = "\
Standard input is a message as a monitoring system sends it: it is read as the receiver NAME of a
server reads it, and its alerts are stored, in the name of --sender. With a profile or --backend that
leads to an API, the message is sent there.

A message that can't be understood is stored, here and by a server: `ingest dead` lists such messages,
and `ingest dead replay` reads them again once the settings or the sender are mended. The last 1,000
are stored, and 64 MiB of them.

--json prints one object a line: effect, incident, number and alerts, the counts of what became of
them.

Examples:
  redphone ingest < message.json
  curl -s https://monitor.example.net/alerts | redphone ingest alertmanager --sender Monitor
  redphone ingest test --as alertmanager message.json
  redphone ingest dead
  redphone ingest dead replay 14
  redphone ingest waiting";

/// Help text after the options of `ingest test`.
pub const TEST: &str = "\
Nothing is stored. It prints how the message is read: for a mapping the fields of each alert with where
they were found, the group of the alerts, the rule of the settings that counts and what it changes or
drops, and the incident that is declared if none is open for the group. Some senders say in a header what
a message is about, and the type of its content: --header has it read as a server would.

--json prints one object: receiver, mapping, confirm (an address that is to be opened first), readings
(group and fields, each with field, value and from), and groups (source, key, is_acknowledged, omitted,
rule, dropped, changes, alerts and declaration).

Examples:
  redphone ingest test --as alertmanager message.json
  redphone ingest test --as zabbix - < message.json
  redphone ingest test --as sentry --header 'Sentry-Hook-Resource: issue' message.json";

/// Help text after the subcommands of `ingest dead`.
pub const DEAD: &str = "\
Messages that could not be understood, the one that arrived last first. One that is sent again is
counted. A message that is replayed is read as its receiver reads it by now, stored in the name of its
sender, and removed; one that still can't be understood stays.

--json prints one object a line: number, received_at, last_at, count, source, actor, token,
content_type, headers, reason and bytes; of `show` one object: letter, encoding and message; of
`replay` letter and outcomes.

Examples:
  redphone ingest dead
  redphone ingest dead show 14
  redphone ingest dead replay 14 15
  redphone ingest dead replay --all
  redphone ingest dead remove 14";

/// Help text after the options of `ingest waiting`.
pub const WAITING: &str = "\
A rule of the settings may want several alerts within some time before an incident is declared
(at_least and within of [[ingest_rules]]). Until there are so many they wait, those that were reported
last first, with how many of their group there are in that time, and how many are wanted. One that is
resolved waits no more. They are stored for a week.

--json prints one object a line: group, key, source, title, rule, at_least, within_s, at, last_at,
starts_at, expires_at, labels, annotations and url.

Examples:
  redphone ingest waiting
  redphone ingest waiting --json | jq -r .title";

/// Arguments of `redphone ingest`.
#[derive(Args, Clone, Debug)]
#[command(args_conflicts_with_subcommands = true)]
pub struct IngestArgs {
    /// Another action; without it standard input is read
    #[command(subcommand)]
    pub about: Option<IngestCommand>,
    /// The name of the receiver that reads the message [default: alertmanager]
    #[arg(id = "receiver", value_name = "NAME")]
    pub receiver: Option<String>,
    /// In whose name the alerts are stored, such as the name of an integration key [default: the name
    /// of the receiver]
    #[arg(long, value_name = "NAME")]
    pub sender: Option<String>,
    /// Print JSON Lines
    #[arg(long)]
    pub json: bool,
}

/// What can be done with messages of alerts.
#[derive(Subcommand, Clone, Debug)]
pub enum IngestCommand {
    /// Print how a message is read, and store nothing
    #[command(after_help = TEST)]
    Test(TestMessage),
    /// Messages that could not be understood: list, show, replay, remove
    #[command(after_help = DEAD, disable_help_subcommand = true)]
    Dead(DeadArgs),
    /// Alerts that wait for others before an incident is declared
    #[command(after_help = WAITING)]
    Waiting(WaitingArgs),
}

/// Arguments of `redphone ingest test`.
#[derive(Args, Clone, Debug)]
pub struct TestMessage {
    /// The name of the receiver that reads the message
    #[arg(id = "receiver", long = "as", value_name = "NAME", default_value = "alertmanager")]
    pub receiver: String,
    /// In whose name the alerts would be stored, such as the name of an integration key [default: the
    /// name of the receiver]
    #[arg(long, value_name = "NAME")]
    pub sender: Option<String>,
    /// A header that comes with the message, such as `ce-type: com.example.alert`; may be repeated
    #[arg(long = "header", value_name = "HEADER")]
    pub headers: Vec<SentHeader>,
    /// The file with the message; `-` reads standard input
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// A header that comes with a message.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SentHeader {
    /// Its name, in lower case.
    pub name: String,
    /// Its text.
    pub text: String,
}

/// The error for a header that can't be parsed.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("write a name and a text, as in `ce-type: com.example.alert`")]
pub struct BadHeader;

impl FromStr for SentHeader {
    type Err = BadHeader;

    fn from_str(header: &str) -> Result<Self, BadHeader> {
        let (name, text) = header.split_once(':').ok_or(BadHeader)?;
        let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        let name = name.trim().to_ascii_lowercase();
        if name.is_empty() || !name.bytes().all(is_allowed) {
            return Err(BadHeader);
        }
        Ok(Self { name, text: text.trim().to_owned() })
    }
}

/// Arguments of `redphone ingest waiting`.
#[derive(Args, Clone, Debug)]
pub struct WaitingArgs {
    /// Print JSON Lines
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `redphone ingest dead`.
#[derive(Args, Clone, Debug)]
pub struct DeadArgs {
    /// An action on them; without it they are listed
    #[command(subcommand)]
    pub about: Option<DeadCommand>,
    /// Print JSON
    #[arg(long, global = true)]
    pub json: bool,
}

/// What can be done with messages that could not be understood.
#[derive(Subcommand, Clone, PartialEq, Eq, Debug)]
pub enum DeadCommand {
    /// List them, without their content
    List,
    /// Print one of them with its content
    Show {
        /// Its number
        #[arg(value_name = "N")]
        number: u64,
    },
    /// Read them again, and remove those that are understood
    Replay {
        /// Their numbers
        #[arg(value_name = "N", required_unless_present = "all", conflicts_with = "all")]
        numbers: Vec<u64>,
        /// All of them, the one that arrived first first
        #[arg(long)]
        all: bool,
    },
    /// Remove them
    Remove {
        /// Their numbers
        #[arg(value_name = "N", required = true)]
        numbers: Vec<u64>,
    },
}

impl IngestArgs {
    /// Returns whether it changes something.
    #[must_use]
    pub fn writes(&self) -> bool {
        match &self.about {
            None => true,
            Some(IngestCommand::Test(_) | IngestCommand::Waiting(_)) => false,
            Some(IngestCommand::Dead(args)) => {
                matches!(args.about, Some(DeadCommand::Replay { .. } | DeadCommand::Remove { .. }))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("CE-Type: com.example.alert", Some(("ce-type", "com.example.alert")))]
    #[case("x_a:b: c", Some(("x_a", "b: c")))]
    #[case("x-a:", Some(("x-a", "")))]
    #[case("x-a", None)]
    #[case(": b", None)]
    #[case("x a: b", None)]
    fn header_is_a_name_and_a_text(#[case] header: &str, #[case] expected: Option<(&str, &str)>) {
        let parsed: Option<SentHeader> = header.parse().ok();
        let parsed = parsed.as_ref().map(|one| (one.name.as_str(), one.text.as_str()));
        assert_eq!(parsed, expected);
    }
}
