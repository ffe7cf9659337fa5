//! Where settings, data and state are by default.

use std::path::PathBuf;

use etcetera::base_strategy::{BaseStrategy, Xdg};

/// The name of the folders and of the store's file.
pub(super) const NAME: &str = "redphone";
/// The name of the settings file in its folder.
pub const FILE_NAME: &str = "config.toml";

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
