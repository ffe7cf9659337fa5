//! Reads a message of alerts from a file or from standard input.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use crate::cli::failure::{Exit, Failure, io_error_text};
use crate::ingest::mail;

/// The maximum size of a message in bytes, as by default on a server.
const MAX_BYTES: u64 = 4 * 1024 * 1024;

/// Reads a message to a receiver from a file; `-` is standard input. Beyond the maximum size of a
/// mail are attachments, without which it is read.
pub(super) fn read_message(file: &Path, receiver: &str) -> Result<Vec<u8>, Failure> {
    let name = if file == Path::new("-") {
        "standard input".to_owned()
    } else {
        file.display().to_string()
    };
    let mut message = Vec::new();
    let read = if file == Path::new("-") {
        io::stdin().lock().take(MAX_BYTES + 1).read_to_end(&mut message)
    } else {
        File::open(file).and_then(|file| file.take(MAX_BYTES + 1).read_to_end(&mut message))
    };
    read.map_err(|error| {
        let text = format!("can't read {name}: {}", io_error_text(&error));
        match error.kind() {
            io::ErrorKind::NotFound => Failure::new(Exit::NotFound, text),
            _ => Failure::failed(text),
        }
    })?;
    let most = usize::try_from(MAX_BYTES).unwrap_or(usize::MAX);
    if message.len() > most && receiver == mail::SOURCE {
        message.truncate(most);
        if file == Path::new("-") {
            // A mail server that can't write all of it would try again.
            io::copy(&mut io::stdin().lock(), &mut io::sink()).ok();
        }
    }
    if message.len() > most {
        return Err(Failure::failed(format!(
            "{name} is longer than {MAX_BYTES} bytes: send less at once"
        )));
    }
    Ok(message)
}
