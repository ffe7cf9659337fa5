//! Stores the filters that were used before: one a line, the latest last, in a file next to the
//! drafts folder.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};

use crate::files::Replacement;

/// The most filters that are remembered.
pub const MAX_FILTERS: usize = 100;
/// The most bytes that are read, as a guard against a file that something else has filled.
const MAX_BYTES: u64 = 100_000;

/// Returns the path of the filters file that belongs to a drafts folder.
#[must_use]
pub fn file_path(drafts: &Path) -> PathBuf {
    drafts.with_file_name("filters")
}

/// Loads the filters of earlier runs; empty when there is no file.
///
/// # Errors
/// When the file can't be read.
pub fn load(path: &Path) -> io::Result<Vec<String>> {
    let file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        opened => opened?,
    };
    let mut bytes = Vec::new();
    io::Read::read_to_end(&mut io::Read::take(file, MAX_BYTES), &mut bytes)?;
    let text = String::from_utf8_lossy(&bytes);
    let mut filters: Vec<String> = Vec::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        if !line.chars().any(char::is_control) {
            add(&mut filters, line);
        }
    }
    Ok(filters)
}

/// Appends a filter to a list. An earlier duplicate is removed, and so are the oldest filters
/// beyond [`MAX_FILTERS`].
pub fn add(filters: &mut Vec<String>, filter: &str) {
    filters.retain(|other| other != filter);
    filters.push(filter.to_owned());
    let excess = filters.len().saturating_sub(MAX_FILTERS);
    filters.drain(..excess);
}

/// Appends a filter to the file, which is replaced atomically. Filters that another process has
/// added meanwhile are preserved.
///
/// # Errors
/// When the file can't be written.
pub fn remember(path: &Path, filter: &str) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false).mode(0o600);
    let lock = options.open(path.with_extension("lock"))?;
    flock(&lock, FlockOperation::LockExclusive)?;
    let mut filters = load(path)?;
    add(&mut filters, filter);
    let mut file = Replacement::begin(path)?;
    for filter in filters {
        writeln!(file, "{filter}")?;
    }
    file.commit()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn filters_are_remembered_once_with_the_latest_last() {
        let folder = tempfile::tempdir().unwrap();
        let path = file_path(&folder.path().join("drafts"));
        assert_eq!(path, folder.path().join("filters"));
        assert_eq!(load(&path).unwrap(), Vec::<String>::new());
        for filter in ["p1", "owner:me", "p1", "checkout p2"] {
            remember(&path, filter).unwrap();
        }
        assert_eq!(load(&path).unwrap(), ["owner:me", "p1", "checkout p2"]);
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{mode:o}");
    }

    #[test]
    fn filters_beyond_the_limit_are_dropped() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("filters");
        for number in 0..MAX_FILTERS + 5 {
            remember(&path, &format!("word{number}")).unwrap();
        }
        let filters = load(&path).unwrap();
        assert_eq!(filters.len(), MAX_FILTERS);
        assert_eq!(filters.first().unwrap(), "word5");
        assert_eq!(filters.last().unwrap(), "word104");
    }

    #[test]
    fn damaged_file_yields_its_readable_lines() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("filters");
        fs::write(&path, b"p1\n\n \x1b[31mred\n\xff\xfe\np2 \np1\n").unwrap();
        assert_eq!(load(&path).unwrap(), ["\u{fffd}\u{fffd}", "p2", "p1"]);
    }
}
