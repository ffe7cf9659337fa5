//! Arguments of `integration`.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use crate::cli::value::Expiry;

/// Help text after the subcommands of `integration`.
pub const INTEGRATION: &str = "\
A key has 32 characters, for programs that have no room for a token of 80. It is good for sending
alerts, and for nothing else: as Authorization: Bearer, GenieKey, Token or Basic (as the password),
in the query as ?key= or ?token=, or as the routing key in a message. The incidents are declared in
its name. Keys are in the file of tokens, which has only their hashes, and `token list` has them too.

With a profile or --backend that leads to an API, they are the keys of its server: that needs a token
of scope admin.

Examples:
  redphone integration create Zabbix
  redphone integration create Alertmanager --expires 365d > key
  redphone integration list
  redphone integration revoke Zabbix";

/// Subcommands of `redphone integration`.
#[derive(Subcommand, Clone, Debug)]
pub enum IntegrationCommand {
    /// Make a key and print it, this once
    Create(CreateKey),
    /// List all keys, without their secrets
    List(ListKeys),
    /// End a key
    Revoke(RevokeKey),
}

impl IntegrationCommand {
    /// Returns the file of tokens that is meant; `None` unless one is named.
    #[must_use]
    pub fn file(&self) -> Option<&Path> {
        match self {
            Self::Create(args) => args.tokens.as_deref(),
            Self::List(args) => args.tokens.as_deref(),
            Self::Revoke(args) => args.tokens.as_deref(),
        }
    }

    /// Returns whether it changes keys: those of a server if an API is meant and no file is named, else
    /// those of a file.
    #[must_use]
    pub fn writes(&self) -> bool {
        !matches!(self, Self::List(_))
    }
}

/// Arguments of `redphone integration create`.
#[derive(Args, Clone, Debug)]
pub struct CreateKey {
    /// The name of the program; incidents are declared in this name
    #[arg(value_name = "NAME")]
    pub name: String,
    /// From when on it is no longer good: a time from now, a date, or `never`
    #[arg(long, value_name = "TIME", default_value = "never")]
    pub expires: Expiry,
    /// The file of tokens [default: beside the store]
    #[arg(long, value_name = "FILE")]
    pub tokens: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `redphone integration list`.
#[derive(Args, Clone, Debug)]
pub struct ListKeys {
    /// The file of tokens [default: beside the store]
    #[arg(long, value_name = "FILE")]
    pub tokens: Option<PathBuf>,
    /// Print JSON Lines
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `redphone integration revoke`.
#[derive(Args, Clone, Debug)]
pub struct RevokeKey {
    /// Its name or id
    #[arg(id = "token", value_name = "NAME|ID")]
    pub key: String,
    /// The file of tokens [default: beside the store]
    #[arg(long, value_name = "FILE")]
    pub tokens: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}
