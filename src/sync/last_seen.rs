//! Stores when each viewer last saw the feed of each backend, as JSON in a file next to the drafts
//! folder.

use std::collections::BTreeMap;
use std::fs::{DirBuilder, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::backend::Capabilities;
use crate::files::Replacement;

/// The most bytes that are read, as a guard against a file that something else has filled.
const MAX_BYTES: u64 = 100_000;
/// The most viewers that are remembered: those who came last.
const MAX_VIEWERS: usize = 200;

/// How far a stored time may lie in the future, since clocks are not equal to the second.
const CLOCK_MARGIN: TimeDelta = TimeDelta::minutes(1);

/// When each viewer last saw the feed, by the clock of the backend.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LastSeen(BTreeMap<String, DateTime<Utc>>);

/// Returns the path of the file that belongs to a drafts folder.
#[must_use]
pub fn file_path(drafts: &Path) -> PathBuf {
    drafts.with_file_name("last-seen.json")
}

/// Returns the key of a viewer: the person, and the store of a backend, or the backend's name if
/// the store is not identified.
#[must_use]
pub fn viewer(person: &str, capabilities: &Capabilities) -> String {
    let store = capabilities.store.as_ref().map_or(&capabilities.name, |store| &store.id);
    format!("{person} {store}")
}

/// Returns whether a viewer can have seen the feed at a time: it does not lie in the future. One that
/// does comes from a clock that was ahead, and would hide all events until then.
#[must_use]
pub fn is_plausible(time: DateTime<Utc>, now: DateTime<Utc>) -> bool {
    time <= now + CLOCK_MARGIN
}

impl LastSeen {
    /// Loads the file. If it is missing or invalid, the result is empty.
    #[must_use]
    pub fn load(path: &Path) -> Self {
        let read = || -> io::Result<Self> {
            let mut bytes = Vec::new();
            File::open(path)?.take(MAX_BYTES).read_to_end(&mut bytes)?;
            serde_json::from_slice(&bytes).map_err(io::Error::other)
        };
        read().unwrap_or_default()
    }

    /// Returns the time up to which a viewer has seen the feed.
    #[must_use]
    pub fn time(&self, viewer: &str) -> Option<DateTime<Utc>> {
        self.0.get(viewer).copied()
    }

    /// Removes the time of a viewer unless it [is plausible](is_plausible).
    pub fn remove_future(&mut self, viewer: &str, now: DateTime<Utc>) {
        if self.time(viewer).is_some_and(|time| !is_plausible(time, now)) {
            self.0.remove(viewer);
        }
    }

    /// Records the time up to which a viewer has seen the feed, if that is later than before.
    pub fn record(&mut self, viewer: &str, time: DateTime<Utc>) {
        let latest = self.0.entry(viewer.to_owned()).or_insert(time);
        *latest = time.max(*latest);
        while self.0.len() > MAX_VIEWERS {
            let Some((oldest, _)) = self.0.iter().min_by_key(|(_, time)| **time) else { break };
            let oldest = oldest.clone();
            self.0.remove(&oldest);
        }
    }

    /// Saves the file: it is replaced atomically.
    ///
    /// # Errors
    /// When the file can't be written.
    pub fn save(&self, path: &Path) -> io::Result<()> {
        if let Some(folder) = path.parent() {
            DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        }
        let mut file = Replacement::begin(path)?;
        serde_json::to_writer(&mut file, self).map_err(io::Error::other)?;
        file.write_all(b"\n")?;
        file.commit()
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[test]
    fn each_viewer_has_a_time_that_only_grows() {
        let folder = tempfile::tempdir().unwrap();
        let path = file_path(&folder.path().join("state").join("drafts"));
        let now = Utc::now();
        let mut seen = LastSeen::load(&path);
        assert_eq!(seen.time("ines a"), None);
        seen.record("ines a", now);
        seen.record("ines a", now - TimeDelta::hours(1));
        seen.record("bo a", now - TimeDelta::hours(2));
        seen.save(&path).unwrap();
        let seen = LastSeen::load(&path);
        assert_eq!(seen.time("ines a"), Some(now));
        assert_eq!(seen.time("bo a"), Some(now - TimeDelta::hours(2)));
        std::fs::write(&path, "{").unwrap();
        assert_eq!(LastSeen::load(&path), LastSeen::default());
    }

    #[rstest]
    #[case::a_clock_that_was_ahead(3600, None)]
    #[case::the_clock_of_another_machine(30, Some(30))]
    #[case::a_visit_before(-3600, Some(-3600))]
    fn time_in_the_future_is_removed(#[case] seen_s: i64, #[case] expected_s: Option<i64>) {
        let now = Utc::now();
        let after = |seconds| now + TimeDelta::seconds(seconds);
        let mut seen = LastSeen::default();
        seen.record("ines a", after(seen_s));
        seen.record("bo a", after(7200));
        seen.remove_future("ines a", now);
        assert_eq!(seen.time("ines a"), expected_s.map(after));
        assert_eq!(seen.time("bo a"), Some(after(7200)));
    }

    #[test]
    fn viewers_who_came_last_are_remembered() {
        let mut seen = LastSeen::default();
        let now = Utc::now();
        for number in 0..=MAX_VIEWERS {
            let time = now + TimeDelta::seconds(i64::try_from(number).unwrap());
            seen.record(&format!("viewer {number}"), time);
        }
        assert_eq!((seen.0.len(), seen.time("viewer 0")), (MAX_VIEWERS, None));
    }
}
