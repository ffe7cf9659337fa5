//! Arguments of the commands about settings: `config`, `profiles`, `login` and `logout`.

use clap::{Args, Subcommand};

pub(super) const CONFIG: &str = "\
`show` prints TOML that can be used as a settings file, with where each value comes from.
`check` prints one line for each setting that can't be used, and ends with 1 if there is one.

--json prints one object: settings (as in the file) and origins (by name, of those that are not
defaults) for `show`, file and exists for `path`, file and answered for `init`; for `check` one
object a line: file, line, column (0 for the file as a whole) and text.

Examples:
  redphone config init
  redphone config check
  redphone config show --json | jq .settings.looks
  $EDITOR \"$(redphone config path)\"";

/// Subcommands of `redphone config`.
#[derive(Subcommand, Clone, Copy, PartialEq, Eq, Debug)]
pub enum ConfigCommand {
    /// Print where the settings file is, or would be
    Path,
    /// Print all settings in force, and where each comes from
    Show,
    /// Print what is wrong in the settings file
    Check,
    /// Write a commented sample; a file that is there stays
    Init,
}

pub(super) const PROFILES: &str = "\
A command that gives a token is not run but with --check. With --check the exit code is 4 when one of
them does not answer.

--json prints one object a line: name, chosen, production, read_only, store or backend or unusable,
token (from, found, why), and with --check check (answers, ms, called, me, verbs, clock_s, error).

Examples:
  redphone profiles
  redphone profiles --check";

/// Arguments of `redphone profiles`.
#[derive(Args, Clone, Copy, Debug)]
pub struct Profiles {
    /// Ask each of them what it can do
    #[arg(long)]
    pub check: bool,
    /// Print JSON Lines
    #[arg(long)]
    pub json: bool,
}

pub(super) const LOGIN: &str = "\
The token is typed at a prompt that does not show it, or read from standard input; it is never an
argument, which others on the machine could see.

Examples:
  redphone login prod
  redphone login https://incidents.example.net < token";

/// Arguments of `redphone login` and of `redphone logout`.
#[derive(Args, Clone, Debug)]
pub struct Login {
    /// A profile's name or an API's URL [default: the API that is chosen]
    #[arg(id = "place", value_name = "PROFILE|URL")]
    pub target: Option<String>,
}
