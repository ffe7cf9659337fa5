//! The source of a value.

use std::collections::BTreeMap;
use std::fmt;

use super::diagnostics::FilePosition;
use crate::model::text::SafeText;

/// The source of a value.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum Origin {
    /// No source has set the value.
    #[default]
    Default,
    /// The settings file, at this position.
    File(FilePosition),
    /// A variable of the environment, or an option of the command line.
    EnvOrFlag(&'static str),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(position) => {
                let name = position.file.file_name().unwrap_or(position.file.as_os_str());
                write!(f, "{}:{}", SafeText::from(name.to_string_lossy()), position.line)
            }
            Self::EnvOrFlag(name) => f.write_str(name),
        }
    }
}

/// Origins by the full name of a setting, such as `looks.theme`; the others are defaults.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Origins(BTreeMap<String, Origin>);

impl Origins {
    pub(super) fn from_file(positions: BTreeMap<String, FilePosition>) -> Self {
        Self(positions.into_iter().map(|(name, position)| (name, Origin::File(position))).collect())
    }

    pub(super) fn set(&mut self, name: &str, origin: &'static str) {
        self.0.insert(name.to_owned(), Origin::EnvOrFlag(origin));
    }

    /// Returns the settings that are not defaults by their full names, each with its origin.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Origin)> {
        self.0.iter().map(|(name, origin)| (name.as_str(), origin))
    }

    /// Returns the source of a setting.
    #[must_use]
    pub fn get(&self, name: &str) -> Origin {
        self.0.get(name).cloned().unwrap_or_default()
    }
}
