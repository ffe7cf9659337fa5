//! Stores how the viewer has arranged the screen, as JSON in a file next to the drafts folder.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::files::Replacement;

/// The most bytes that are read, as a guard against a file that something else has filled.
const MAX_BYTES: u64 = 10_000;

/// A choice that was made by key instead of a setting.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Choice {
    chosen: String,
    /// The setting at that time.
    setting: String,
}

impl Choice {
    /// Creates a choice; `None` if it equals the setting.
    #[must_use]
    pub fn new(chosen: &str, setting: &str) -> Option<Self> {
        (chosen != setting).then(|| Self { chosen: chosen.into(), setting: setting.into() })
    }

    /// Returns the choice, if the setting is still the one that it replaces.
    #[must_use]
    pub fn instead_of(&self, setting: &str) -> Option<&str> {
        (self.setting == setting).then_some(self.chosen.as_str())
    }
}

/// How the viewer has arranged the screen.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ScreenState {
    /// The share of the width that the queue has beside the detail, in per cent; `None` if the
    /// queue's rows decide.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queue_share: Option<u16>,
    /// The theme that was chosen by key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub theme: Option<Choice>,
    /// The time zone that was chosen by key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub zone: Option<Choice>,
}

/// Returns the path of the file that belongs to a drafts folder.
#[must_use]
pub fn file_path(drafts: &Path) -> PathBuf {
    drafts.with_file_name("screen.json")
}

/// Loads the state of the latest run; `None` when there is no file.
///
/// # Errors
/// If the file can't be read, or is invalid.
pub fn load(path: &Path) -> io::Result<Option<ScreenState>> {
    let file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        opened => opened?,
    };
    let mut bytes = Vec::new();
    file.take(MAX_BYTES).read_to_end(&mut bytes)?;
    serde_json::from_slice(&bytes).map(Some).map_err(io::Error::other)
}

/// Saves the state: the file is replaced atomically.
///
/// # Errors
/// When the file can't be written.
pub fn save(path: &Path, state: &ScreenState) -> io::Result<()> {
    let mut file = Replacement::begin(path)?;
    serde_json::to_writer(&mut file, state).map_err(io::Error::other)?;
    file.write_all(b"\n")?;
    file.commit()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn screen_state_is_loaded_as_it_was_saved() {
        let folder = tempfile::tempdir().unwrap();
        let path = file_path(&folder.path().join("drafts"));
        assert_eq!(load(&path).unwrap(), None);
        let state = ScreenState {
            queue_share: Some(62),
            theme: Choice::new("light", "auto"),
            zone: Choice::new("utc", "utc"),
        };
        save(&path, &state).unwrap();
        assert_eq!(load(&path).unwrap(), Some(state));
        fs::write(&path, br#"{"queue_share":60,"later":true}"#).unwrap();
        assert_eq!(
            load(&path).unwrap(),
            Some(ScreenState { queue_share: Some(60), ..ScreenState::default() })
        );
        fs::write(&path, b"{").unwrap();
        assert!(load(&path).is_err());
    }
}
