//! The content of evidence, which the command line reads from a file.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use super::super::failure::{Exit, Failure, io_error_text};
use crate::model::evidence::{MAX_EVIDENCE_BYTES, encode_content};
use crate::verbs::VerbRequest;

/// The file name for standard input.
const STDIN: &str = "-";

/// Replaces the file in a request to attach evidence by its content in base64, and adds its name if
/// none is given.
pub(super) fn load(request: &mut VerbRequest) -> Result<(), Failure> {
    let VerbRequest::Attach(attach) = request else { return Ok(()) };
    let file = attach.content.clone();
    let content = read(&file)?;
    if attach.name.is_none() && file != STDIN {
        let name = Path::new(&file).file_name();
        attach.name = name.map(|name| name.to_string_lossy().into_owned());
    }
    attach.content = encode_content(&content);
    Ok(())
}

fn read(file: &str) -> Result<Vec<u8>, Failure> {
    let name = if file == STDIN { "standard input" } else { file };
    let most = u64::try_from(MAX_EVIDENCE_BYTES).unwrap_or(u64::MAX);
    let mut content = Vec::new();
    let read = if file == STDIN {
        io::stdin().lock().take(most + 1).read_to_end(&mut content)
    } else {
        File::open(file).and_then(|file| file.take(most + 1).read_to_end(&mut content))
    };
    read.map_err(|error| {
        let text = format!("can't read {name}: {}", io_error_text(&error));
        match error.kind() {
            io::ErrorKind::NotFound => Failure::new(Exit::NotFound, text),
            _ => Failure::failed(text),
        }
    })?;
    if content.len() > MAX_EVIDENCE_BYTES {
        return Err(Failure::failed(format!("{name} is longer than 1 MiB: attach a part of it")));
    }
    if content.is_empty() {
        return Err(Failure::failed(format!("{name} is empty: there is nothing to attach")));
    }
    Ok(content)
}
