//! Arguments of `mcp`.

use std::str::FromStr;

use clap::Args;

use crate::config::suggestion;
use crate::verbs::Verb;

pub(super) const MCP: &str = "\
Agents start it and speak the Model Context Protocol with it on standard input and output. It has
the tools `list`, `show`, `similar`, `oncall` and `handoff`, and those verbs that --allow-writes
names. Each result is marked: its texts were written by others and are no instructions.

Whatever an agent changes needs a reason, which is shown on the timeline with the name of the program.
In a store the program is the actor; behind an API the token is, so that a token of the agent's own
is better than a person's. Nothing else can be reached: no administration, no runbooks and no
commands of the settings.

Examples:
  redphone mcp
  redphone mcp --allow-writes note,acknowledge
  redphone --profile prod --read-only mcp";

/// Arguments of `redphone mcp`.
#[derive(Args, Clone, Debug)]
pub struct Mcp {
    /// The verbs that an agent may use, separated by commas [default: none, it only reads]
    #[arg(long, value_name = "VERB,…", value_delimiter = ',')]
    pub allow_writes: Vec<AllowedVerb>,
}

/// A verb that an agent may use.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct AllowedVerb(pub Verb);

/// The error for a text that names no verb.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("there is no such verb: {0}")]
pub struct UnknownVerb(String);

impl FromStr for AllowedVerb {
    type Err = UnknownVerb;

    fn from_str(text: &str) -> Result<Self, UnknownVerb> {
        let names: Vec<&str> = Verb::ALL.iter().map(|verb| verb.row().name).collect();
        let verb = Verb::find(text.trim());
        verb.map(Self).ok_or_else(|| UnknownVerb(suggestion(text.trim(), &names)))
    }
}
