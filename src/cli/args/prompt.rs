//! Arguments of the commands that shells run: `prompt`, and what the completions ask for.

use std::str::FromStr;

use clap::Args;

use super::super::value::{EnumParser, TextEnum};

pub(super) const PROMPT: &str = "\
It reads what is on this machine and asks nobody, so that a prompt never waits: the store's file, or
what was last read of an API, with its age once that is over a minute. The line has the open P1 and
P2, the incidents that are yours, whether you are on call now, and what waits to be sent or was
refused. Zeros are left out, and if all are zero, nothing is printed. Snoozed incidents do not
count.

--json prints one object: p1 to p4, unacknowledged, me, snoozed, on_call (teams), unsent, refused,
and as_of where it comes from an API.

Examples:
  redphone prompt
  PS1='$(redphone prompt 2>/dev/null) \\$ '
  set -g status-right '#(redphone prompt)'";

/// Arguments of `redphone prompt`.
#[derive(Args, Clone, Copy, Debug)]
pub struct Prompt {
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Arguments of what the completions run at each press of Tab.
#[derive(Args, Clone, Debug)]
pub struct Complete {
    /// The shell that asks
    #[arg(long, value_name = "SHELL", value_parser = EnumParser::<CompletionShell>::new())]
    pub shell: CompletionShell,
    /// The command line up to the cursor, where the shell has not split it
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    pub line: Option<String>,
    /// The part of the last word that the shell replaces
    #[arg(long, value_name = "TEXT", default_value = "", allow_hyphen_values = true)]
    pub current: String,
    /// The kind of completion, as `COMP_TYPE` of bash
    #[arg(long, value_name = "N", default_value_t = 9)]
    pub kind: u32,
    /// The width of the terminal
    #[arg(long, value_name = "N", default_value_t = 80)]
    pub columns: usize,
    /// The words up to the cursor, where the shell has split them
    #[arg(value_name = "TEXT", last = true)]
    pub arguments: Vec<String>,
}

/// A shell whose completions ask the program.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CompletionShell {
    /// The GNU Bourne-again shell.
    Bash,
    /// The Z shell.
    Zsh,
    /// The friendly interactive shell.
    Fish,
}

impl CompletionShell {
    const ALL: [Self; 3] = [Self::Bash, Self::Zsh, Self::Fish];

    fn as_str(self) -> &'static str {
        match self {
            Self::Bash => "bash",
            Self::Zsh => "zsh",
            Self::Fish => "fish",
        }
    }
}

/// The error for a text that names none of the shells.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("give bash, zsh or fish")]
pub struct UnknownShell;

impl FromStr for CompletionShell {
    type Err = UnknownShell;

    fn from_str(text: &str) -> Result<Self, UnknownShell> {
        Self::ALL.into_iter().find(|shell| shell.as_str() == text).ok_or(UnknownShell)
    }
}

impl TextEnum for CompletionShell {
    fn offered_values() -> Vec<&'static str> {
        Self::ALL.map(Self::as_str).to_vec()
    }
}
