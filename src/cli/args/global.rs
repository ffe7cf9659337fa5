//! Options that every command has.

use std::path::PathBuf;

use clap::Args;

use super::super::value::EnumParser;
use crate::tui::core::zone::Zone;
use crate::tui::theme::{Choice, Name};

/// What holds for every command; written before or after it.
#[derive(Args, Clone, Debug)]
pub struct Global {
    /// The settings file [default: redphone/config.toml in the XDG config folder]
    #[arg(long, global = true, help_heading = "Everywhere", value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// The profile of the settings file that says which store or API is meant
    #[arg(long, global = true, help_heading = "Everywhere", value_name = "NAME")]
    pub profile: Option<String>,
    /// The store's file [default: in the XDG data folder]
    #[arg(long, global = true, help_heading = "Everywhere", value_name = "FILE")]
    pub store: Option<PathBuf>,
    /// The URL of an API that `redphone serve` serves, in place of a store's file
    #[arg(long, global = true, help_heading = "Everywhere", value_name = "URL")]
    pub backend: Option<String>,
    /// The file with the API's token, mode 0600 [default: the keyring]
    #[arg(long, global = true, help_heading = "Everywhere", value_name = "FILE")]
    pub token_file: Option<PathBuf>,
    /// Your handle: who acts, and whose `owner:me` is [default: the account's name]
    #[arg(long, global = true, help_heading = "Everywhere", value_name = "HANDLE")]
    pub user: Option<String>,
    /// Draw with ASCII characters only
    #[arg(long, global = true, help_heading = "Everywhere")]
    pub ascii: bool,
    /// How many colours are used
    #[arg(long, global = true, help_heading = "Everywhere", value_name = "DEPTH",
          value_parser = EnumParser::<Choice>::new())]
    pub depth: Option<Choice>,
    /// Change nothing: a store is only read, and no verb works
    #[arg(long, global = true, help_heading = "Everywhere")]
    pub read_only: bool,
    /// Which colours the panes have [default: auto]
    #[arg(long, global = true, help_heading = "Panes", value_name = "NAME",
          value_parser = EnumParser::<Name>::new())]
    pub theme: Option<Name>,
    /// In which time zone the panes show times [default: viewer]
    #[arg(long, global = true, help_heading = "Panes", value_name = "ZONE",
          value_parser = EnumParser::<Zone>::new())]
    pub zone: Option<Zone>,
    /// Panes for a slow link: no clock seconds, fewer frames
    #[arg(long, global = true, help_heading = "Panes")]
    pub low_bandwidth: bool,
}
