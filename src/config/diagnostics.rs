//! Where a setting stands, and what is wrong with it.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use crate::model::text::sanitize;

/// A place in a settings file.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct FilePosition {
    /// The file.
    pub file: Arc<Path>,
    /// From 1; 0 where the file as a whole is meant.
    pub line: u32,
    /// Characters from 1; 0 where the file as a whole is meant.
    pub column: u32,
}

impl FilePosition {
    /// The file as a whole.
    #[must_use]
    pub fn entire_file(file: &Arc<Path>) -> Self {
        Self { file: Arc::clone(file), line: 0, column: 0 }
    }
}

impl fmt::Display for FilePosition {
    /// `file:line:column`, safe to show.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&sanitize(&self.file.to_string_lossy()))?;
        if self.line > 0 {
            write!(f, ":{}:{}", self.line, self.column)?;
        }
        Ok(())
    }
}

/// A setting that can't be used. Its default holds instead.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Warning {
    /// Where it stands.
    pub position: FilePosition,
    /// What is wrong and what to do, safe to show.
    pub text: String,
}

impl Warning {
    /// A warning about a place. What is quoted from the file is made safe to show.
    #[must_use]
    pub fn new(place: FilePosition, text: &str) -> Self {
        Self { position: place, text: sanitize(text).into_owned() }
    }

    /// As short as it can be told: `config.toml:12: …`.
    #[must_use]
    pub fn brief(&self) -> String {
        let name = self.position.file.file_name().unwrap_or(self.position.file.as_os_str());
        let name = name.to_string_lossy();
        match self.position.line {
            0 => format!("{}: {}", sanitize(&name), self.text),
            line => format!("{}:{line}: {}", sanitize(&name), self.text),
        }
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.position, self.text)
    }
}
