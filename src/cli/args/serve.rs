//! Arguments of `serve` and `token`.

use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, Subcommand};

use crate::cli::value::{EnumParser, Expiry, hold};
use crate::server::TrustedProxy;
use crate::server::scope::Scope;

/// Help text after the options of `serve`.
pub const SERVE: &str = "\
Who asks needs a token, made with `redphone token create`. Other machines are only answered over
TLS, unless --insecure-http says that something in front does that. Certificate and key are read
again when they change. It ends on SIGTERM and SIGINT, once what runs is answered.

It calls the levels of escalation policies that are due, and notifies people over the channels of
its settings, unless these have automatic_escalation = false; not with --read-only.

Each request is one line of JSON on standard error or in the access log: time, request, peer,
method, route, status, ms, bytes, token (its name). SIGHUP opens the access log anew and reads the
settings again, as a change of their file does. A second SIGTERM or SIGINT ends it at once.

A line also has, where it applies: denied (why the token was not accepted), token_id (its public
part), refused (how many commands). Warnings are lines on standard error and in the log.
Where they apply, too: user_agent, verb (or the kinds of commands), and proxy, the address of a
trusted one that named the peer.

With --metrics-listen, /v1/metrics, /v1/health and /v1/ready are also served on an address of their
own, without a token. Elsewhere /v1/metrics needs one, and scope metrics is enough.

Under systemd (Type=notify, or notify-reload) it says when it is ready, reloads or stops, and with
WatchdogSec= that it still answers.

/v1/ready says whether it can write: it can't after a write that failed, until one succeeds.

Examples:
  redphone serve
  redphone serve --listen 0.0.0.0:7373 --tls-cert cert.pem --tls-key key.pem
  redphone serve --socket /run/redphone/api.sock --trusted-proxy unix
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
    /// A Unix socket on which the API is served, too; its owner and group can use it
    #[arg(long, value_name = "FILE")]
    pub socket: Option<PathBuf>,
    /// Address and port on which the metrics are served to whoever asks, without a token
    #[arg(long, value_name = "ADDR")]
    pub metrics_listen: Option<String>,
    /// A proxy in front that may say for whom it asks (`Forwarded`, or `X-Forwarded-For`): an address,
    /// a network such as 10.0.0.0/8, or `unix` for the socket; may be repeated
    #[arg(long = "trusted-proxy", value_name = "ADDR")]
    pub trusted_proxies: Vec<TrustedProxy>,
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

With a profile or --backend that leads to an API, they are the tokens of its server, which changes
them: that needs a token of scope admin.

Scopes:
  metrics  reads the metrics of the server, and nothing else
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

impl TokenCommand {
    /// Returns the file of tokens that is meant; `None` unless one is named.
    #[must_use]
    pub fn file(&self) -> Option<&Path> {
        match self {
            Self::Create(args) => args.tokens.as_deref(),
            Self::List(args) => args.tokens.as_deref(),
            Self::Revoke(args) => args.tokens.as_deref(),
        }
    }

    /// Returns whether it changes tokens: those of a server if an API is meant and no file is named, else
    /// those of a file.
    #[must_use]
    pub fn writes(&self) -> bool {
        !matches!(self, Self::List(_))
    }
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
