//! `note`: writes a note on an incident's timeline.

use std::io::{self, IsTerminal, Read};

use super::ack;
use super::args::Note;
use super::context::Context;
use super::failure::{Failure, io_error_text};
use super::runtime::block_on;
use crate::model::IncidentCommand;

/// How much of standard input is read, in bytes.
///
/// This is far more than a note may have, so that the rejection can give its length.
const MAX_BYTES: u64 = 1024 * 1024;

/// Adds one note. The text is read before the store is opened.
pub fn run(context: &mut Context, args: Note) -> Result<(), Failure> {
    let Note { incident, text, if_seq, json } = args;
    let piped = text == ["-"] || (text.is_empty() && !io::stdin().is_terminal());
    let text = if piped { read_text(io::stdin().lock())? } else { text.join(" ") };
    if text.is_empty() && !piped {
        return Err(Failure::usage(
            "the note has no text: write it after the number, or pipe it in with -",
        ));
    }
    block_on(ack::run_single(
        context,
        (incident, if_seq),
        IncidentCommand::AddNote { text },
        "noted",
        json,
    ))
}

fn read_text(input: impl Read) -> Result<String, Failure> {
    let mut bytes = Vec::new();
    input.take(MAX_BYTES).read_to_end(&mut bytes).map_err(|error| {
        Failure::failed(format!("can't read standard input: {}: try again", io_error_text(&error)))
    })?;
    let text = String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        Failure::failed(format!(
            "standard input is not UTF-8 text from byte {at} on: convert it first"
        ))
    })?;
    Ok(text.trim_end().to_owned())
}
