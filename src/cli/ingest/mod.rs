//! `ingest`: messages of alerts from standard input, how they are read, and those that could not be
//! understood.

mod dead;
mod print;
mod target;
mod test;

use std::io::{self, IsTerminal};
use std::path::Path;

use self::target::Target;
use super::args::ingest::{IngestArgs, IngestCommand};
use super::context::Context;
use super::failure::{Exit, Failure, io_error_text};
use super::session::IfMissing;
use crate::ingest::receivers::RECEIVERS;

pub use dead::count_dead_letters;

/// The longest message that is read, in bytes, as a server does by default.
const MAX_BYTES: u64 = 4 * 1024 * 1024;

/// Runs `ingest` and its subcommands.
pub async fn run(context: &mut Context, args: IngestArgs) -> Result<(), Failure> {
    match args.about {
        Some(IngestCommand::Test(args)) => test::run(context, &args).await,
        Some(IngestCommand::Dead(args)) => dead::run(context, args).await,
        None => {
            if io::stdin().is_terminal() {
                return Err(Failure::usage(
                    "there is no message: pipe one in, such as redphone ingest < message.json",
                ));
            }
            let message = read_message(Path::new("-"))?;
            let receiver = args.receiver.as_deref().unwrap_or(RECEIVERS[0]);
            let sender = args.sender.as_deref().unwrap_or(receiver);
            let target = Target::open(&context.config, IfMissing::Create).await?;
            let outcomes = target.send(&context.config.ingest, receiver, sender, message).await;
            target.close().await;
            print::outcomes(&mut context.out, &outcomes?, args.json)
        }
    }
}

/// Reads a message from a file; `-` is standard input.
fn read_message(file: &Path) -> Result<Vec<u8>, Failure> {
    use std::io::Read as _;
    let name = if file == Path::new("-") {
        "standard input".to_owned()
    } else {
        file.display().to_string()
    };
    let mut message = Vec::new();
    let read = if file == Path::new("-") {
        io::stdin().lock().take(MAX_BYTES + 1).read_to_end(&mut message)
    } else {
        std::fs::File::open(file)
            .and_then(|file| file.take(MAX_BYTES + 1).read_to_end(&mut message))
    };
    read.map_err(|error| {
        let text = format!("can't read {name}: {}", io_error_text(&error));
        match error.kind() {
            io::ErrorKind::NotFound => Failure::new(Exit::NotFound, text),
            _ => Failure::failed(text),
        }
    })?;
    if message.len() as u64 > MAX_BYTES {
        return Err(Failure::failed(format!(
            "{name} is longer than {MAX_BYTES} bytes: send less at once"
        )));
    }
    Ok(message)
}
