//! Where a value comes from.

use std::collections::BTreeMap;
use std::fmt;

use super::diagnostics::FilePosition;

/// Where a value comes from.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum Origin {
    /// Nobody has set it.
    #[default]
    Default,
    /// The settings file.
    File(FilePosition),
    /// A variable of the environment, or an option of the command line.
    EnvOrFlag(&'static str),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(place) => {
                let name = place.file.file_name().unwrap_or(place.file.as_os_str());
                let name = name.to_string_lossy();
                write!(f, "{}:{}", crate::model::text::sanitize(&name), place.line)
            }
            Self::EnvOrFlag(name) => f.write_str(name),
        }
    }
}

/// Origins by the setting's full name, such as `looks.theme`; the rest are defaults.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Origins(BTreeMap<String, Origin>);

impl Origins {
    pub(super) fn from_file(places: BTreeMap<String, FilePosition>) -> Self {
        Self(places.into_iter().map(|(name, place)| (name, Origin::File(place))).collect())
    }

    pub(super) fn set(&mut self, name: &str, origin: &'static str) {
        self.0.insert(name.to_owned(), Origin::EnvOrFlag(origin));
    }

    /// Where a setting comes from.
    #[must_use]
    pub fn get(&self, name: &str) -> Origin {
        self.0.get(name).cloned().unwrap_or_default()
    }
}
