//! Arguments of `serve` and `token`.

use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand};

use crate::cli::value::{EnumParser, Expiry, hold};
use crate::server::scope::Scope;

/// Help text after the options of `serve`.
pub const SERVE: &str = "\
Who asks needs a token, made with `redphone token create`. Other machines are only answered over
TLS, unless --insecure-http says that something in front does that. Certificate and key are read
again when they change. It ends on SIGTERM and SIGINT, once what runs is answered.

Each request is one line of JSON on standard error or in the access log: time, request, peer,
method, route, status, ms, bytes, token (its name). SIGHUP opens the access log anew and reads the
settings again, as a change of their file does. A second SIGTERM or SIGINT ends it at once.

A line also has, where it applies: denied (why the token was not accepted), token_id (its public
part), refused (how many commands). Warnings are lines on standard error and in the log.

/v1/ready says whether it can write: it can't after a write that failed, until one succeeds.

Examples:
  redphone serve
  redphone serve --listen 0.0.0.0:7373 --tls-cert cert.pem --tls-key key.pem
  redphone serve --print-openapi > openapi.json";

/// Arguments of `redphone serve`.
#[derive(Args, Clone, Debug)]
pub struct Serve {
    /// Address and port to listen on; port 0 takes a free one
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:7373")]
    pub listen: String,
    /// The file of tokens [default: beside the store]
    #[arg(long, value_name = "FILE")]
    pub tokens: Option<PathBuf>,
    /// The certificate, and those that vouch for it, as PEM
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    pub tls_cert: Option<PathBuf>,
    /// The certificate's private key, as PEM
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    pub tls_key: Option<PathBuf>,
    /// Speak plain HTTP with other machines, too: only behind a proxy that speaks TLS
    #[arg(long, conflicts_with = "tls_cert")]
    pub insecure_http: bool,
    /// Where requests are told [default: standard error]
    #[arg(long, value_name = "FILE")]
    pub access_log: Option<PathBuf>,
    /// The most connections at once
    #[arg(long, value_name = "N", default_value_t = 4096,
          value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub max_connections: u32,
    /// The most connections from one address that have shown no valid token yet; beyond it the one
    /// that is idle longest is cut off [default: a quarter of --max-connections]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub max_per_address: Option<u32>,
    /// With less space on the disk of the store or of a log than this, in MiB, it says that it is
    /// not ready; of a small disk a twentieth is enough
    #[arg(long, value_name = "MIB", default_value_t = 64,
          value_parser = clap::value_parser!(u32).range(0..=1_048_576))]
    pub min_free: u32,
    /// The longest body of a request, in bytes
    #[arg(long, value_name = "BYTES", default_value_t = 4 * 1024 * 1024,
          value_parser = clap::value_parser!(u32).range(1024..=1_073_741_824))]
    pub max_body: u32,
    /// The most requests a minute with one token, on average; one that is held counts once
    #[arg(long, value_name = "N", default_value = "1200")]
    pub requests_a_minute: NonZeroU32,
    /// How long a request for changes is held, at most
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = hold)]
    pub hold: Duration,
    /// Print the API's own description as JSON and end
    #[arg(long)]
    pub print_openapi: bool,
}

/// Help text after the subcommands of `token`.
pub const TOKEN: &str = "\
Tokens are kept in a file beside the store, without their secrets. A running server takes changes
over within a second.

Scopes:
  read     reads everything, changes nothing
  ingest   declares incidents, repeats alerts and records changes, for a program; reads nothing
  respond  reads everything, and does what people do
  admin    does everything

Examples:
  redphone token create --name ines --scope respond --expires 90d > token
  redphone token create --name Alertmanager --scope ingest --expires never
  redphone token list
  redphone token revoke ines";

/// Subcommands of `redphone token`.
#[derive(Subcommand, Clone, Debug)]
pub enum TokenCommand {
    /// Make a token and print it, this once
    Create(CreateToken),
    /// List all tokens, without their secrets
    List(ListTokens),
    /// Take a token back
    Revoke(RevokeToken),
}

/// Arguments of `redphone token create`.
#[derive(Args, Clone, Debug)]
pub struct CreateToken {
    /// What it is called: a person's handle, or the name of a program
    #[arg(long, value_name = "NAME")]
    pub name: String,
    /// What it is good for
    #[arg(long, value_name = "SCOPE", value_parser = EnumParser::<Scope>::new())]
    pub scope: Scope,
    /// Whom it acts for [default: the name]
    #[arg(long, value_name = "HANDLE")]
    pub person: Option<String>,
    /// From when on it is no longer good: a time from now, a date, or `never`
    #[arg(long, value_name = "TIME", default_value = "90d")]
    pub expires: Expiry,
    /// The file of tokens [default: beside the store]
    #[arg(long, value_name = "FILE")]
    pub tokens: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `redphone token list`.
#[derive(Args, Clone, Debug)]
pub struct ListTokens {
    /// The file of tokens [default: beside the store]
    #[arg(long, value_name = "FILE")]
    pub tokens: Option<PathBuf>,
    /// Print JSON Lines
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `redphone token revoke`.
#[derive(Args, Clone, Debug)]
pub struct RevokeToken {
    /// Its name or id
    #[arg(value_name = "NAME|ID")]
    pub token: String,
    /// The file of tokens [default: beside the store]
    #[arg(long, value_name = "FILE")]
    pub tokens: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}
