//! Trackers, in which action items become issues: one file each, behind the trait [`Tracker`].
//!
//! An issue must be created once, whatever happens to an answer. Plane refuses a second one with
//! the same external id. The others have no such check, so each issue has a marker, and the tracker
//! is searched for it before one is created.

mod build;
mod common;
mod github;
mod gitlab;
mod issue;
mod jira;
mod options;
mod plane;
mod states;
mod text;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

pub use build::build;
pub use issue::{FoundIssue, NewIssue, Tracker};
pub use options::{TrackerKey, TrackerKind, TrackerOptions, TrackerProblem};

/// A tracker with the settings for its use.
#[derive(Clone)]
pub struct ConfiguredTracker {
    /// The tracker itself.
    pub tracker: Arc<dyn Tracker>,
    /// Whether it is used if no tracker is named.
    pub is_default: bool,
    /// Whether an action item is done when its issue is.
    pub closes_items: bool,
    /// How often the state of an issue is read.
    pub poll: Duration,
}

/// The trackers of the settings, by name.
#[derive(Clone, Default)]
pub struct Trackers {
    trackers: BTreeMap<String, ConfiguredTracker>,
}

impl Trackers {
    /// Adds a tracker. One with the same name is replaced.
    pub fn insert(&mut self, name: impl Into<String>, tracker: ConfiguredTracker) {
        self.trackers.insert(name.into(), tracker);
    }

    /// Returns whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.trackers.is_empty()
    }

    /// Returns the tracker with this name and the name; without one, the default tracker: the only one,
    /// or the one that the settings mark.
    #[must_use]
    pub fn choose(&self, name: Option<&str>) -> Option<(&str, &ConfiguredTracker)> {
        let mut entries = self.trackers.iter().map(|(name, tracker)| (name.as_str(), tracker));
        match name {
            Some(name) => entries.find(|(other, _)| *other == name),
            None if self.trackers.len() == 1 => entries.next(),
            None => entries.find(|(_, tracker)| tracker.is_default),
        }
    }

    /// Returns the names of the trackers, and an empty one if there is a default tracker.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        let unnamed = self.choose(None).map(|_| String::new());
        self.trackers.keys().cloned().chain(unnamed).collect()
    }
}
