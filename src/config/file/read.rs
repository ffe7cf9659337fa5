//! Reads the settings file as text.

use std::io::{self, Read as _};
use std::path::Path;
use std::str::Utf8Error;

/// The largest file that is read. A larger one is no settings file.
const MAX_BYTES: u64 = 1024 * 1024;

/// The reason why a settings file can't be read: the part of a sentence that follows its name.
#[derive(Debug, thiserror::Error)]
pub(in crate::config) enum ReadError {
    /// It can't be opened or read.
    #[error("can't be read: {}: correct that, until then the defaults hold", describe(.0))]
    Io(#[source] io::Error),
    /// It is a folder, a pipe or a device.
    #[error("is not a file: until it is one the defaults hold")]
    NotAFile,
    /// It has more than [`MAX_BYTES`].
    #[error("has more than 1 MiB: that is no settings file, the defaults hold")]
    TooLarge,
    /// It is not UTF-8.
    #[error("is not UTF-8 text from byte {} on: until it is the defaults hold", .0.valid_up_to())]
    NotUtf8(#[source] Utf8Error),
}

/// Returns the text of an error, without its number.
fn describe(error: &io::Error) -> String {
    let message = error.to_string();
    message.split(" (os error").next().unwrap_or_default().to_owned()
}

/// Reads the text of a settings file; `None` if there is no file.
///
/// # Errors
/// The reason why it can't be read.
pub(in crate::config) fn read(path: &Path) -> Result<Option<String>, ReadError> {
    // Reading a pipe would block, and a device has no end.
    match std::fs::metadata(path) {
        Err(error) if is_missing(&error) => return Ok(None),
        Err(error) => return Err(ReadError::Io(error)),
        Ok(meta) if !meta.is_file() => {
            return Err(ReadError::NotAFile);
        }
        Ok(_) => {}
    }
    let file = std::fs::File::open(path).map_err(ReadError::Io)?;
    let mut bytes = Vec::new();
    file.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(ReadError::Io)?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(ReadError::TooLarge);
    }
    String::from_utf8(bytes).map(Some).map_err(|error| ReadError::NotUtf8(error.utf8_error()))
}

fn is_missing(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}
