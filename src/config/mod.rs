//! File, environment and flags, checked once into one value.
//!
//! A flag wins over the environment, the environment over the settings file, and the file over the
//! default: [`Settings::load`] is the one place where a value is chosen. What is wrong with a flag
//! or a variable is an error; what is wrong in the file is a [`Warning`], and its default holds.

pub mod appearance;
pub mod diagnostics;
pub mod load;
pub mod location;
pub mod log;
pub mod origin;
pub mod panes;
pub mod pattern;
pub mod reload;
pub mod sample;
pub mod show;
pub mod watch;

mod file;
mod nearest;

use std::path::PathBuf;

use etcetera::base_strategy::{BaseStrategy, Xdg};
use tracing::level_filters::LevelFilter;

use crate::model::directory::Directory;
use crate::model::rules::Rules;

use appearance::{DepthChoice, ThemeName, Zone};

pub use diagnostics::{FilePosition, Warning};
pub use load::ConfigLoader;
pub use location::{Location, RemoteConfig};
pub(crate) use nearest::{nearest, suggestion};
pub use origin::{Origin, Origins};
pub use panes::PanesSettings;
pub use reload::Reload;

/// The name of the folders and of the store's file.
const NAME: &str = "redphone";
/// The name of the settings file in its folder.
pub const FILE_NAME: &str = "config.toml";

/// What the command line can set.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Flags {
    /// `--config`.
    pub config: Option<PathBuf>,
    /// `--profile`.
    pub profile: Option<String>,
    /// `--store`.
    pub store: Option<PathBuf>,
    /// `--backend`.
    pub backend: Option<String>,
    /// `--token-file`.
    pub token_file: Option<PathBuf>,
    /// `--user`.
    pub user: Option<String>,
    /// `--ascii`.
    pub ascii: bool,
    /// `--theme`.
    pub theme: Option<ThemeName>,
    /// `--depth`.
    pub depth: Option<DepthChoice>,
    /// `--zone`.
    pub zone: Option<Zone>,
    /// `--low-bandwidth`.
    pub low_bandwidth: bool,
    /// `--read-only`.
    pub read_only: bool,
}

/// What holds for this run. Every value is checked.
#[derive(Clone, PartialEq, Eq, Debug)]
#[allow(clippy::struct_excessive_bools, reason = "each is a setting of its own")]
pub struct Config {
    /// Where the settings file is, or would be; `None` where there is no home folder.
    pub file: Option<PathBuf>,
    /// The file could not be read at all: nothing of it counts.
    pub is_broken: bool,
    /// Where incidents live.
    pub location: Location,
    /// Handle of whoever uses the program.
    pub me: String,
    /// The rules in force.
    pub rules: Rules,
    /// People, teams and services of the file, to be laid over those of the store.
    pub directory: Directory,
    /// Draw with ASCII characters only.
    pub ascii: bool,
    /// Colours may be used where there is a terminal.
    pub color: bool,
    /// What the panes are told.
    pub panes: PanesSettings,
    /// Places of work that can be chosen.
    pub profiles: Vec<panes::Profile>,
    /// Those of the file that can't be chosen.
    pub unusable_profiles: Vec<panes::UnusableProfile>,
    /// Nothing may be changed.
    pub read_only: bool,
    /// Settings of the file that could not be used, in the file's order.
    pub warnings: Vec<Warning>,
    /// Where values come from that are no defaults.
    pub origins: Origins,
    /// What the log takes in.
    pub log_level: LevelFilter,
    /// The log's file; `None` where there is no place for it.
    pub log_file: Option<PathBuf>,
    /// The folder where what is typed is kept; `None` where there is no place for it.
    pub drafts: Option<PathBuf>,
    /// The folder where what is kept of APIs is; `None` where there is no place for it.
    pub remotes: Option<PathBuf>,
}

/// A value that can't be used: where it comes from, what is wrong, what to do.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{0}")]
pub struct ConfigError(String);

/// The folders of the user, without the program's name.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Folders {
    /// The home folder.
    pub home: PathBuf,
    /// Where settings are kept.
    pub config: PathBuf,
    /// Where data is kept.
    pub data: PathBuf,
    /// Where logs are kept.
    pub state: PathBuf,
}

impl Folders {
    /// The XDG folders of this process, also on macOS; `None` without a home folder.
    #[must_use]
    pub fn from_process() -> Option<Self> {
        let xdg = Xdg::new().ok()?;
        let data = xdg.data_dir();
        let state = xdg.state_dir().unwrap_or_else(|| data.clone());
        let home = xdg.home_dir().to_owned();
        Some(Self { home, config: xdg.config_dir(), data, state })
    }
}

impl Config {
    /// From flags, the process's environment and the settings file.
    ///
    /// # Errors
    /// The first flag or variable that can't be used.
    pub fn from_process(flags: Flags) -> Result<Self, ConfigError> {
        ConfigLoader::from_process(flags).load()
    }
}

/// The word for what the log takes in.
pub(crate) fn log_level_name(level: LevelFilter) -> &'static str {
    match level {
        LevelFilter::OFF => "off",
        LevelFilter::ERROR => "error",
        LevelFilter::WARN => "warn",
        LevelFilter::INFO => "info",
        LevelFilter::DEBUG => "debug",
        LevelFilter::TRACE => "trace",
    }
}
