//! Reads a token from a file that only its owner can read.

use std::fs::OpenOptions;
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;

use super::bearer::MAX_TOKEN_BYTES;

/// The reason why a file gives no token. Displayed as a sentence, not sanitized.
#[derive(Debug, thiserror::Error)]
#[error("the token file {} {fault}", path.display())]
pub struct TokenFileError {
    /// The path, as the setting names it.
    pub path: PathBuf,
    /// The error of the file.
    #[source]
    pub fault: TokenFileFault,
}

/// The error of a file that should contain a token. Never contains the content of the file.
#[derive(Debug, thiserror::Error)]
pub enum TokenFileFault {
    /// The system does not allow reading it.
    #[error("can't be read: {}", .0.to_string().split(" (os error").next().unwrap_or_default())]
    Unreadable(#[from] io::Error),
    /// It is a folder, a pipe or a device.
    #[error("is not a file: name one")]
    NotAFile,
    /// Another user owns it, who could replace the token.
    #[error("belongs to somebody else: make one of your own")]
    ForeignOwner,
    /// Its mode allows others to use it.
    #[error("can be used by others (mode {mode:04o}): run chmod 600 on it")]
    Exposed {
        /// The nine bits of the permissions.
        mode: u32,
    },
    /// It is not UTF-8.
    #[error("is no text: it holds the token and nothing else")]
    NotText,
}

/// Returns the text of the file.
///
/// # Errors
/// The file does not exist, is no regular file, belongs to another user, or others may use it.
pub(super) fn read(path: &Path) -> Result<String, TokenFileError> {
    read_private(path).map_err(|fault| TokenFileError { path: path.to_owned(), fault })
}

fn read_private(path: &Path) -> Result<String, TokenFileFault> {
    // Without this, opening a pipe would block.
    let nonblocking = i32::try_from(OFlags::NONBLOCK.bits()).unwrap_or(0);
    let file = OpenOptions::new().read(true).custom_flags(nonblocking).open(path)?;
    // Checks the open file, as the path may lead to another file by now.
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(TokenFileFault::NotAFile);
    }
    if metadata.uid() != rustix::process::geteuid().as_raw() {
        return Err(TokenFileFault::ForeignOwner);
    }
    let mode = metadata.mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(TokenFileFault::Exposed { mode });
    }
    let mut bytes = Vec::new();
    let max_bytes = MAX_TOKEN_BYTES as u64 + 16;
    file.take(max_bytes).read_to_end(&mut bytes)?;
    // The error of the conversion contains the bytes, so it is dropped.
    String::from_utf8(bytes).map_err(|_| TokenFileFault::NotText)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(0o600, true)]
    #[case(0o400, true)]
    #[case(0o700, true)]
    #[case(0o640, false)]
    #[case(0o604, false)]
    #[case(0o620, false)]
    #[case(0o644, false)]
    fn only_the_owner_may_use_the_file(#[case] bits: u32, #[case] is_private: bool) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        fs::write(&path, "hunter2\n").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(bits)).unwrap();
        match read(&path) {
            Ok(text) if is_private => assert_eq!(text, "hunter2\n"),
            Err(TokenFileError { fault: TokenFileFault::Exposed { mode }, .. }) if !is_private => {
                assert_eq!(mode, bits);
            }
            read => panic!("{read:?}"),
        }
    }

    #[test]
    fn refusal_names_the_file_and_what_to_do() {
        let refused = TokenFileError {
            path: "/run/token".into(),
            fault: TokenFileFault::Exposed { mode: 0o640 },
        };
        let sentence = "the token file /run/token can be used by others (mode 0640): run chmod 600 \
                        on it";
        assert_eq!(refused.to_string(), sentence);
        let fault = TokenFileFault::from(io::Error::from_raw_os_error(2));
        assert_eq!(fault.to_string(), "can't be read: No such file or directory");
    }

    #[test]
    fn path_that_is_no_file_is_refused_without_waiting() {
        let folder = tempfile::tempdir().unwrap();
        let fault = |path: &Path| read(path).unwrap_err().fault;
        assert!(matches!(fault(folder.path()), TokenFileFault::NotAFile));
        let missing = fault(&folder.path().join("missing"));
        assert!(
            matches!(&missing, TokenFileFault::Unreadable(e) if e.kind() == io::ErrorKind::NotFound),
            "{missing:?}"
        );
        let pipe = folder.path().join("pipe");
        rustix::fs::mknodat(
            rustix::fs::CWD,
            &pipe,
            rustix::fs::FileType::Fifo,
            rustix::fs::Mode::from_raw_mode(0o600),
            0,
        )
        .unwrap();
        assert!(matches!(fault(&pipe), TokenFileFault::NotAFile));
        let bytes = folder.path().join("bytes");
        fs::write(&bytes, [0xff, 0xfe]).unwrap();
        fs::set_permissions(&bytes, fs::Permissions::from_mode(0o600)).unwrap();
        assert!(matches!(fault(&bytes), TokenFileFault::NotText));
    }
}
