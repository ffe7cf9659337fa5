//! Stores when each viewer last saw the feed of each backend, as JSON in a file next to the drafts
//! folder.

use std::collections::BTreeMap;
use std::fs::{DirBuilder, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::backend::Capabilities;
use crate::files::Replacement;

/// The most bytes that are read, as a guard against a file that something else has filled.
const MAX_BYTES: u64 = 100_000;
/// The most viewers that are remembered: those who came last.
const MAX_VIEWERS: usize = 200;

/// When each viewer last saw the feed, by the clock of the backend.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LastSeen(BTreeMap<String, DateTime<Utc>>);

/// Returns the path of the file that belongs to a drafts folder.
#[must_use]
pub fn file_path(drafts: &Path) -> PathBuf {
    drafts.with_file_name("last-seen.json")
}

/// Returns who views what: a person, and the store of a backend, or its name where it does not tell
/// which store it is.
#[must_use]
pub fn viewer(person: &str, capabilities: &Capabilities) -> String {
    let store = capabilities.store.as_ref().map_or(&capabilities.name, |store| &store.id);
    format!("{person} {store}")
}

impl LastSeen {
    /// Loads the file. One that is missing, or is not what was written, has nobody.
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
    use chrono::TimeDelta;

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
