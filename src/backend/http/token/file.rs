//! Reads a token from a file that only its owner can read.

use std::fs::OpenOptions;
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

use rustix::fs::OFlags;

use super::bearer::{MAX_TOKEN_BYTES, TokenError};

/// Returns the text of the file.
///
/// # Errors
/// The file does not exist, is no regular file, belongs to somebody else, or others may use it.
pub(super) fn read(path: &Path) -> Result<String, TokenError> {
    let name = path.display();
    let refuse = |why: &str| Err(TokenError::new(format!("the token file {name} {why}")));
    let read_error = |error: &io::Error| {
        let said = error.to_string();
        let said = said.split(" (os error").next().unwrap_or_default().to_owned();
        TokenError::new(format!("the token file {name} can't be read: {said}"))
    };
    // Without this, opening a pipe would block.
    let nonblocking = i32::try_from(OFlags::NONBLOCK.bits()).unwrap_or(0);
    let file = OpenOptions::new().read(true).custom_flags(nonblocking).open(path);
    let file = file.map_err(|error| read_error(&error))?;
    // Checks the open file, as the path may lead to another file by now.
    let metadata = file.metadata().map_err(|error| read_error(&error))?;
    if !metadata.is_file() {
        return refuse("is not a file: name one");
    }
    if metadata.uid() != rustix::process::geteuid().as_raw() {
        return refuse("belongs to somebody else: make one of your own");
    }
    let mode = metadata.mode() & 0o777;
    if mode & 0o077 != 0 {
        return refuse(&format!("can be used by others (mode {mode:04o}): run chmod 600 on it"));
    }
    let mut bytes = Vec::new();
    let max_bytes = MAX_TOKEN_BYTES as u64 + 16;
    file.take(max_bytes).read_to_end(&mut bytes).map_err(|error| read_error(&error))?;
    String::from_utf8(bytes).or_else(|_| refuse("is no text: it holds the token and nothing else"))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(0o600, None)]
    #[case(0o400, None)]
    #[case(0o700, None)]
    #[case(0o640, Some("mode 0640"))]
    #[case(0o604, Some("mode 0604"))]
    #[case(0o620, Some("mode 0620"))]
    #[case(0o644, Some("run chmod 600 on it"))]
    fn only_the_owner_may_use_the_file(#[case] mode: u32, #[case] says: Option<&str>) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        fs::write(&path, "hunter2\n").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        match (read(&path), says) {
            (Ok(text), None) => assert_eq!(text, "hunter2\n"),
            (Err(refused), Some(says)) => {
                let refused = refused.to_string();
                assert!(refused.contains(says) && !refused.contains("hunter2"), "{refused}");
            }
            (read, _) => panic!("{read:?}"),
        }
    }

    #[test]
    fn path_that_is_no_file_is_refused_without_waiting() {
        let folder = tempfile::tempdir().unwrap();
        assert!(read(folder.path()).unwrap_err().to_string().ends_with("is not a file: name one"));
        let missing = read(&folder.path().join("missing")).unwrap_err().to_string();
        assert!(missing.ends_with("can't be read: No such file or directory"), "{missing}");
        let pipe = folder.path().join("pipe");
        rustix::fs::mknodat(
            rustix::fs::CWD,
            &pipe,
            rustix::fs::FileType::Fifo,
            rustix::fs::Mode::from_raw_mode(0o600),
            0,
        )
        .unwrap();
        assert!(read(&pipe).unwrap_err().to_string().ends_with("is not a file: name one"));
        let bytes = folder.path().join("bytes");
        fs::write(&bytes, [0xff, 0xfe]).unwrap();
        fs::set_permissions(&bytes, fs::Permissions::from_mode(0o600)).unwrap();
        assert!(read(&bytes).unwrap_err().to_string().contains("is no text"));
    }
}
