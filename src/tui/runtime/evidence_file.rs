//! Reads files to be attached to incidents.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use crate::model::evidence::MAX_EVIDENCE_BYTES;

use crate::tui::verb::evidence_file_error::EvidenceFileError;

/// Reads a file completely. A path that starts with `~/` starts in the home folder.
///
/// # Errors
/// The reason why it can't be attached: it is unreadable, empty or too large, or not a regular
/// file.
pub fn read(path: &Path) -> Result<Vec<u8>, EvidenceFileError> {
    let path = expand_home(path)?;
    // Reading a pipe could block forever, so it is not opened at all.
    if !fs::metadata(&path)?.is_file() {
        return Err(EvidenceFileError::NotAFile);
    }
    let most = u64::try_from(MAX_EVIDENCE_BYTES).unwrap_or(u64::MAX);
    let mut content = Vec::new();
    // The file may grow meanwhile: one byte more than allowed is enough to see it.
    File::open(&path)?.take(most.saturating_add(1)).read_to_end(&mut content)?;
    match content.len() {
        0 => Err(EvidenceFileError::Empty),
        bytes if bytes > MAX_EVIDENCE_BYTES => Err(EvidenceFileError::TooLarge),
        _ => Ok(content),
    }
}

fn expand_home(path: &Path) -> Result<PathBuf, EvidenceFileError> {
    let Ok(rest) = path.strip_prefix("~") else { return Ok(path.to_owned()) };
    let home = std::env::var_os("HOME").filter(|home| !home.is_empty());
    Ok(PathBuf::from(home.ok_or(EvidenceFileError::NoHome)?).join(rest))
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[test]
    fn file_is_read_up_to_the_limit() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("app.log");
        fs::write(&path, vec![7; MAX_EVIDENCE_BYTES]).expect("a file");
        assert_eq!(read(&path).expect("it is read").len(), MAX_EVIDENCE_BYTES);
        fs::write(&path, vec![7; MAX_EVIDENCE_BYTES + 1]).expect("a file");
        assert!(matches!(read(&path), Err(EvidenceFileError::TooLarge)));
        fs::write(&path, "").expect("a file");
        assert!(matches!(read(&path), Err(EvidenceFileError::Empty)));
    }

    #[test]
    fn folders_and_missing_files_are_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        assert!(matches!(read(folder.path()), Err(EvidenceFileError::NotAFile)));
        let missing = read(&folder.path().join("missing.log"));
        let Err(EvidenceFileError::Unreadable(error)) = &missing else { panic!("{missing:?}") };
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
    }
}
