//! What a changed settings file comes to while the program runs.

use super::panes::{Profile, UnusableProfile};
use super::{Config, ConfigError, PanesSettings};
use crate::model::rules::Rules;

/// What a settings file says after it was changed.
#[derive(Clone, PartialEq, Debug)]
pub enum Reload {
    /// It was read.
    Changed(Box<Changed>),
    /// It can't be read: why, in a sentence. What held before still holds.
    Failed(String),
}

/// What can change while the program runs.
#[derive(Clone, PartialEq, Debug)]
pub struct Changed {
    /// What the panes are told.
    pub panes: PanesSettings,
    /// Places of work that can be chosen.
    pub profiles: Vec<Profile>,
    /// Those that can't, and why.
    pub unusable_profiles: Vec<UnusableProfile>,
    /// The rules in force.
    pub rules: Rules,
    /// Settings that could not be used.
    pub warnings: Vec<String>,
    /// Names of changed settings that count from the next start on.
    pub needs_restart: Vec<&'static str>,
}

impl Reload {
    /// What is told when `before` holds and the file has been read again, and what holds then.
    #[must_use]
    pub fn compare(before: &Config, after: Result<Config, ConfigError>) -> (Self, Option<Config>) {
        let mut after = match after {
            Ok(after) if after.is_broken => {
                let said = after.warnings.first().map(super::Warning::brief);
                return (Self::Failed(said.unwrap_or_default()), None);
            }
            Ok(after) => after,
            Err(error) => return (Self::Failed(error.to_string()), None),
        };
        let same = [
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
        ];
        let later = same.iter().filter(|(_, same)| !same).map(|(name, _)| *name).collect();
        // The place stays, and with it what is said of it.
        after.location.clone_from(&before.location);
        after.panes.profile.clone_from(&before.panes.profile);
        after.read_only = before.read_only;
        let changed = Changed {
            panes: after.panes.clone(),
            profiles: after.profiles.clone(),
            unusable_profiles: after.unusable_profiles.clone(),
            rules: after.rules.clone(),
            warnings: after.warnings.iter().map(super::Warning::brief).collect(),
            needs_restart: later,
        };
        (Self::Changed(Box::new(changed)), Some(after))
    }
}
