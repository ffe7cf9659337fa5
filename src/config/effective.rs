//! The configuration in force: every value is chosen and checked.

use std::path::{Path, PathBuf};

use tracing::level_filters::LevelFilter;

use super::diagnostics::Warning;
use super::error::ConfigError;
use super::location::Location;
use super::origin::Origins;
use super::outbound::OutboundSettings;
use super::panes::{PanesSettings, Profile, UnusableProfile};
use super::publishing::PublishingSettings;
use crate::ingest::IngestSettings;
use crate::model::directory::Directory;
use crate::model::notification::AnswerSettings;
use crate::model::rules::Rules;
use crate::model::signals::SignalSettings;

/// The configuration in force for this run. Every value is checked.
#[derive(Clone, PartialEq, Eq, Debug)]
#[allow(clippy::struct_excessive_bools, reason = "each is a setting of its own")]
pub struct Config {
    /// Path of the settings file, whether it exists or not; `None` if there is no home folder.
    pub file: Option<PathBuf>,
    /// Whether the file could not be read at all, so that nothing of it counts.
    pub is_broken: bool,
    /// The store's file or the API that the program works on.
    pub location: Location,
    /// Handle of the person who uses the program.
    pub me: String,
    /// Service levels, priorities and time spans in force.
    pub rules: Rules,
    /// People, teams and services of the file, to be merged over those of the store.
    pub directory: Directory,
    /// Channels and contacts.
    pub outbound: OutboundSettings,
    /// How messages with alerts are read.
    pub ingest: IngestSettings,
    /// How people answer messages.
    pub answers: AnswerSettings,
    /// Heartbeats and reminders.
    pub signals: SignalSettings,
    /// The targets of the status page, and scheduled reports.
    pub publishing: PublishingSettings,
    /// Whether levels of escalation policies are called, and people notified, by themselves.
    pub automatic_escalation: bool,
    /// Whether to draw with ASCII characters only.
    pub ascii: bool,
    /// Whether colours may be used if there is a terminal.
    pub color: bool,
    /// Settings of the panes.
    pub panes: PanesSettings,
    /// Profiles that can be chosen.
    pub profiles: Vec<Profile>,
    /// Profiles of the file that can't be chosen.
    pub unusable_profiles: Vec<UnusableProfile>,
    /// Whether changes are forbidden.
    pub read_only: bool,
    /// Settings of the file that could not be used, in the file's order.
    pub warnings: Vec<Warning>,
    /// The sources of values that are not defaults.
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

impl Config {
    /// Returns the store's file, for commands that need one.
    ///
    /// # Errors
    /// If the incidents are behind an API. `what` names the command that needs the file, such as
    /// `export`.
    pub fn store_file(&self, what: &str) -> Result<&Path, ConfigError> {
        self.location.file().ok_or_else(|| {
            ConfigError::new(format!(
                "{what} needs a store's file, and {} is an API: run it where the file is, or name \
                 one with --store FILE",
                self.location.display_name()
            ))
        })
    }
}
