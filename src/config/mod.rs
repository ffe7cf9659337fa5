//! Checks the settings file, the environment and the flags once, and merges them into one value.
//!
//! A flag wins over the environment, the environment over the settings file, and the file over the
//! default: only [`ConfigLoader::load`] chooses values. What is wrong with a flag or a variable is
//! an error. What is wrong in the file is a [`Warning`], and its default holds.

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
mod load_location;
mod nearest;
mod toml_text;

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

/// Settings that the command line can give; each field is the flag of its name.
#[allow(missing_docs, reason = "the names say it")]
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Flags {
    pub config: Option<PathBuf>,
    pub profile: Option<String>,
    pub store: Option<PathBuf>,
    pub backend: Option<String>,
    pub token_file: Option<PathBuf>,
    pub user: Option<String>,
    pub ascii: bool,
    pub theme: Option<ThemeName>,
    pub depth: Option<DepthChoice>,
    pub zone: Option<Zone>,
    pub low_bandwidth: bool,
    pub read_only: bool,
}

/// The configuration in force for this run. Every value is checked.
#[derive(Clone, PartialEq, Eq, Debug)]
#[allow(clippy::struct_excessive_bools, reason = "each is a setting of its own")]
pub struct Config {
    /// Where the settings file is, or would be; `None` if there is no home folder.
    pub file: Option<PathBuf>,
    /// Whether the file could not be read at all, so that nothing of it counts.
    pub is_broken: bool,
    /// Where incidents live.
    pub location: Location,
    /// Handle of the person who uses the program.
    pub me: String,
    /// Service levels, priorities and time spans in force.
    pub rules: Rules,
    /// People, teams and services of the file, to be merged over those of the store.
    pub directory: Directory,
    /// Whether to draw with ASCII characters only.
    pub ascii: bool,
    /// Whether colours may be used if there is a terminal.
    pub color: bool,
    /// Settings of the panes.
    pub panes: PanesSettings,
    /// Profiles that can be chosen.
    pub profiles: Vec<panes::Profile>,
    /// Profiles of the file that can't be chosen.
    pub unusable_profiles: Vec<panes::UnusableProfile>,
    /// Whether changes are forbidden.
    pub read_only: bool,
    /// Settings of the file that could not be used, in the file's order.
    pub warnings: Vec<Warning>,
    /// Where values come from that are not defaults.
    pub origins: Origins,
    /// The least severe level that is logged.
    pub log_level: LevelFilter,
    /// Path of the log; `None` if there is no home folder.
    pub log_file: Option<PathBuf>,
    /// The folder of drafts; `None` if there is no home folder.
    pub drafts: Option<PathBuf>,
    /// The folder with the caches and outboxes of remotes; `None` if there is no home folder.
    pub remotes: Option<PathBuf>,
}

/// A value that can't be used: where it comes from, what is wrong, what to do.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{0}")]
pub struct ConfigError(String);

/// The folders of the user, without the program's name.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Folders {
    /// The user's home folder.
    pub home: PathBuf,
    /// The folder of settings.
    pub config: PathBuf,
    /// The folder of data.
    pub data: PathBuf,
    /// The folder of logs, drafts and caches.
    pub state: PathBuf,
}

impl Folders {
    /// Returns the XDG folders of this process, also on macOS; `None` without a home folder.
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
    /// Loads the configuration from flags, the process's environment and the settings file.
    ///
    /// # Errors
    /// The first flag or variable that can't be used.
    pub fn from_process(flags: Flags) -> Result<Self, ConfigError> {
        ConfigLoader::from_process(flags).load()
    }
}

/// Returns the name of a log level in the settings.
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
