//! Reads paths.

use std::path::{Path, PathBuf};

use super::section::{Value, ValueResult};

/// The folder at which relative paths of a file start, and the home folder for `~/`.
#[derive(Clone, Debug)]
pub(in crate::config) struct PathBase {
    pub(in crate::config) folder: PathBuf,
    pub(in crate::config) home: Option<PathBuf>,
}

/// Reads a path. `~/` is the home folder, and a relative path starts at the file's folder.
pub(super) fn path(value: &Value<'_>, base: &PathBase) -> ValueResult<PathBuf> {
    let text = value.text()?;
    if text.is_empty() || text.contains('\0') {
        return Err(value.invalid("is not a path: name a file"));
    }
    if let Some(rest) = text.strip_prefix("~/") {
        let home = base.home.as_ref();
        let home = home.ok_or_else(|| {
            value.invalid("starts with ~/ and there is no home folder: write the whole path")
        })?;
        return Ok(home.join(rest));
    }
    Ok(base.folder.join(Path::new(text)))
}
