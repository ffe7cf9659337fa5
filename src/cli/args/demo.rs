//! Arguments of `demo` and `wall`.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::super::value;
use crate::backend::demo;

pub(super) const DEMO: &str = "\
The same seed gives the same company. Without --keep the store is removed at the end; a store that
is kept and has incidents in it already is shown as it is.

Examples:
  redphone demo
  redphone demo --speed 10
  redphone demo --serve --listen 127.0.0.1:7373
  redphone demo --incidents 100000 --keep big.db --seed-only";

/// Arguments of `redphone demo`.
#[derive(Args, Clone, Debug)]
pub struct Demo {
    /// Which company is made up
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// How fast it lives: at 1 something happens every few seconds, at 0 nothing
    #[arg(long, value_name = "FACTOR", default_value_t = 1.0, allow_negative_numbers = true,
          value_parser = value::speed)]
    pub speed: f64,
    /// How many incidents its history has
    #[arg(long, value_name = "N", default_value_t = demo::INCIDENTS,
          value_parser = clap::value_parser!(u32).range(1..=5_000_000))]
    pub incidents: u32,
    /// Keep the store in this file
    #[arg(id = "keep", long = "keep", value_name = "FILE")]
    pub store_file: Option<PathBuf>,
    /// Show it on the wall display
    #[arg(long, conflicts_with = "seed_only")]
    pub wall: bool,
    /// Serve it over HTTP instead, and print the command that opens panes on it
    #[arg(long, conflicts_with_all = ["seed_only", "wall"])]
    pub serve: bool,
    /// Where --serve listens; port 0 takes a free one
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:0", requires = "serve")]
    pub listen: String,
    /// Fill the store named by --keep and end, without opening the panes
    #[arg(long, requires = "keep")]
    pub seed_only: bool,
}

pub(super) const WALL: &str = "\
It only reads, for as long as it runs: a store that goes away is told over the full width, and used
again once it is back. Esc or q ends it.

Examples:
  redphone wall
  redphone wall --view 'team:payments'
  redphone wall --rotate 1m --no-takeover";

/// Arguments of `redphone wall`.
#[derive(Args, Clone, Debug)]
pub struct Wall {
    /// Words and terms that incidents must pass, as of `list`, or the name of a view
    #[arg(long, value_name = "FILTER|NAME", allow_hyphen_values = true)]
    pub view: Option<String>,
    /// How long a page of the measures stays
    #[arg(long, value_name = "TIME", default_value = "15s", value_parser = value::rotate)]
    pub rotate: Duration,
    /// A new P1 does not take the screen
    #[arg(long)]
    pub no_takeover: bool,
}
