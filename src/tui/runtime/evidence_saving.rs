//! Saves evidence as files.

use std::fs::OpenOptions;
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use crate::model::evidence::saved_name;

/// How many names are tried for a file: no other one is replaced.
const MAX_NAMES: usize = 100;

/// Writes content into a new file of a folder, which only its owner can read, and returns its path. Where a file with the name exists, the
/// new one has a number.
///
/// # Errors
/// The error of the system, also if all names are in use.
pub fn save(folder: &Path, name: &str, content: &[u8]) -> io::Result<PathBuf> {
    let name = saved_name(name);
    for number in 1..=MAX_NAMES {
        let path = folder.join(if number == 1 { name.clone() } else { numbered(&name, number) });
        match OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path) {
            Ok(mut file) => return file.write_all(content).map(|()| path),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Err(ErrorKind::AlreadyExists.into())
}

/// Returns a name with a number before its ending.
fn numbered(name: &str, number: usize) -> String {
    match name.rsplit_once('.') {
        Some((stem, ending)) if !stem.is_empty() => format!("{stem}-{number}.{ending}"),
        _ => format!("{name}-{number}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_other_file_is_replaced() {
        let folder = tempfile::tempdir().expect("a folder");
        let saved = |name: &str, content: &[u8]| {
            let path = save(folder.path(), name, content).expect("it is saved");
            let name = path.file_name().expect("a name").to_string_lossy().into_owned();
            (name, std::fs::read(path).expect("it is read"))
        };
        assert_eq!(saved("app.log", b"one"), ("app.log".to_owned(), b"one".to_vec()));
        assert_eq!(saved("../app.log", b"two"), ("app-2.log".to_owned(), b"two".to_vec()));
        assert_eq!(saved("core", b"a"), ("core".to_owned(), b"a".to_vec()));
        assert_eq!(saved("core", b"b"), ("core-2".to_owned(), b"b".to_vec()));
    }
}
