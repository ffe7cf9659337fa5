//! Arguments of `status`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::model::status_page::MAX_DAYS;

/// Help text after the subcommands of `status`.
pub const STATUS: &str = "\
Nothing is public but services with a public name (`redphone service set checkout --public-name Checkout`),
updates written as public (`redphone update INC-12 'We are on it' --public`) and the public texts of
maintenance windows (`redphone maintenance add … --public 'The pool is replaced'`). The page is configured
under [status_page] in the settings file; `redphone serve` writes it again when something changes.
`redphone help statuspage` describes it.

Examples:
  redphone status build /var/www/status
  redphone status build public --title 'Example Shop' --url https://status.example.org";

/// What to do with the status page.
#[derive(Subcommand, Clone, Debug)]
pub enum StatusCommand {
    /// Write the page into a folder: HTML, RSS, and the JSON that aggregators read
    Build(BuildStatus),
}

/// Arguments of `redphone status build`.
#[derive(Args, Clone, Debug)]
pub struct BuildStatus {
    /// The folder, which is made if it is missing
    #[arg(value_name = "DIR")]
    pub directory: PathBuf,
    /// The title of the page [default: that of the settings]
    #[arg(long, value_name = "TEXT")]
    pub title: Option<String>,
    /// The address of the page [default: that of the settings]
    #[arg(long, value_name = "URL")]
    pub url: Option<String>,
    /// For how many days incidents that have ended are shown [default: that of the settings]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=i64::from(MAX_DAYS)))]
    pub days: Option<u32>,
    /// Also replace an index.html that is no status page
    #[arg(long)]
    pub replace: bool,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}
