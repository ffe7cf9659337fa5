//! Arguments of `completions` and `man`.

use std::path::PathBuf;

use clap::Args;

pub(super) const COMPLETIONS: &str = "\
Examples:
  redphone completions bash > ~/.local/share/bash-completion/completions/redphone
  redphone completions fish > ~/.config/fish/completions/redphone.fish
  redphone completions zsh > \"${fpath[1]}/_redphone\"";

pub(super) const MAN: &str = "\
There is a page for each command, and redphone.toml(5) for the settings. Where DIR is called man1,
that of the settings is written to man5 beside it.

Examples:
  redphone man | man -l -
  redphone man token create | man -l -
  redphone man redphone.toml | man -l -
  redphone man --out ~/.local/share/man/man1";

/// Arguments of `redphone man`.
#[derive(Args, Clone, Debug)]
pub struct Man {
    /// A command, or `redphone.toml` for the settings [default: the program as a whole]
    #[arg(value_name = "PAGE", conflicts_with = "out")]
    pub page: Vec<String>,
    /// The folder to write the pages to; it is made where it is missing
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
}
