//! Compares a settings file that changed while the program runs with the settings in force.

use super::diagnostics::Warning;
use super::effective::Config;
use super::error::ConfigError;
use super::panes::{PanesSettings, Profile, UnusableProfile};
use crate::model::rules::Rules;

/// The result of reading a changed settings file.
#[derive(Clone, PartialEq, Debug)]
pub enum Reload {
    /// The file was read.
    Changed(Box<Changed>),
    /// The file can't be read, with the reason as a sentence. The earlier settings remain in force.
    Failed(String),
}

/// The settings that can change while the program runs.
#[derive(Clone, PartialEq, Debug)]
pub struct Changed {
    /// Settings of the panes.
    pub panes: PanesSettings,
    /// Profiles that can be chosen.
    pub profiles: Vec<Profile>,
    /// Profiles that can't be chosen, and why.
    pub unusable_profiles: Vec<UnusableProfile>,
    /// Service levels, priorities and time spans in force.
    pub rules: Rules,
    /// Settings that could not be used.
    pub warnings: Vec<String>,
    /// Names of changed settings that count only from the next start.
    pub needs_restart: Vec<&'static str>,
}

impl Reload {
    /// Compares the configuration in force with the file as it was read again. Returns the report,
    /// and the configuration that is in force then.
    #[must_use]
    pub fn compare(before: &Config, after: Result<Config, ConfigError>) -> (Self, Option<Config>) {
        let mut after = match after {
            Ok(after) if after.is_broken => {
                let warning = after.warnings.first().map(Warning::brief);
                return (Self::Failed(warning.unwrap_or_default().into_string()), None);
            }
            Ok(after) => after,
            Err(error) => return (Self::Failed(error.to_string()), None),
        };
        let comparisons = [
            ("user", before.me == after.me),
            ("the store or backend", before.location == after.location),
            ("ascii", before.ascii == after.ascii),
            ("color", before.color == after.color),
            ("log", before.log_level == after.log_level),
            (
                "the profile",
                before.panes.profile.is_none() || before.panes.profile == after.panes.profile,
            ),
            ("people and services", before.directory == after.directory),
            ("automatic_escalation", before.automatic_escalation == after.automatic_escalation),
        ];
        let needs_restart = comparisons
            .iter()
            .filter(|(_, comparisons)| !comparisons)
            .map(|(name, _)| *name)
            .collect();
        // Settings that apply only from the next start remain as they are in force: the next reload
        // then reports them again while they still differ.
        after.me.clone_from(&before.me);
        after.location.clone_from(&before.location);
        after.ascii = before.ascii;
        after.color = before.color;
        after.log_level = before.log_level;
        after.directory.clone_from(&before.directory);
        after.automatic_escalation = before.automatic_escalation;
        after.panes.profile.clone_from(&before.panes.profile);
        // This was set about the location.
        after.read_only = before.read_only;
        let changed = Changed {
            panes: after.panes.clone(),
            profiles: after.profiles.clone(),
            unusable_profiles: after.unusable_profiles.clone(),
            rules: after.rules.clone(),
            warnings: after.warnings.iter().map(|warning| warning.brief().into_string()).collect(),
            needs_restart,
        };
        (Self::Changed(Box::new(changed)), Some(after))
    }
}
