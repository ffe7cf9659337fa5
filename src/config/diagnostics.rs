//! Positions in a settings file, and warnings about its errors.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use crate::model::text::SafeText;

/// A position in a settings file.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct FilePosition {
    /// Path of the file.
    pub file: Arc<Path>,
    /// The line from 1; 0 if the entire file is meant.
    pub line: u32,
    /// The column in characters from 1; 0 if the entire file is meant.
    pub column: u32,
}

impl FilePosition {
    /// Returns the position that represents the entire file.
    #[must_use]
    pub fn entire_file(file: &Arc<Path>) -> Self {
        Self { file: Arc::clone(file), line: 0, column: 0 }
    }
}

impl fmt::Display for FilePosition {
    /// Formats as `file:line:column`, safe to show.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&SafeText::from(self.file.to_string_lossy()))?;
        if self.line > 0 {
            write!(f, ":{}:{}", self.line, self.column)?;
        }
        Ok(())
    }
}

/// A setting that can't be used. Its default holds instead.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Warning {
    /// Position of the setting.
    pub position: FilePosition,
    /// The error and the remedy.
    pub text: SafeText<'static>,
}

impl Warning {
    /// Creates a warning about a position.
    #[must_use]
    pub fn new(position: FilePosition, text: &str) -> Self {
        Self { position, text: SafeText::from(text).into_owned() }
    }

    /// Formats the warning as short as possible: `config.toml:12: …`.
    #[must_use]
    pub fn brief(&self) -> SafeText<'static> {
        let name = self.position.file.file_name().unwrap_or(self.position.file.as_os_str());
        let name = name.to_string_lossy();
        match self.position.line {
            0 => format!("{name}: {}", self.text).into(),
            line => format!("{name}:{line}: {}", self.text).into(),
        }
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.position, self.text)
    }
}
