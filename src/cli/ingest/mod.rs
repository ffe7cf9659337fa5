//! `ingest`: messages of alerts from standard input, how they are read, and those that could not be
//! understood.

mod dead;
mod explain;
mod explanation_json;
mod input;
mod print;
mod target;
mod waiting;

use std::io::{self, IsTerminal};
use std::path::Path;

use self::input::read_message;
use self::target::{Sent, Target};
use super::args::ingest::{IngestArgs, IngestCommand};
use super::context::Context;
use super::failure::Failure;
use super::session::IfMissing;
use crate::ingest::receivers::RECEIVERS;

pub use dead::count_dead_letters;

/// Runs `ingest` and its subcommands.
pub async fn run(context: &mut Context, args: IngestArgs) -> Result<(), Failure> {
    match args.about {
        Some(IngestCommand::Test(args)) => explain::run(context, &args).await,
        Some(IngestCommand::Dead(args)) => dead::run(context, args).await,
        Some(IngestCommand::Waiting(args)) => waiting::run(context, &args).await,
        None => {
            if io::stdin().is_terminal() {
                return Err(Failure::usage(
                    "there is no message: pipe one in, such as redphone ingest < message.json",
                ));
            }
            let receiver = args.receiver.as_deref().unwrap_or(RECEIVERS[0]);
            let message = read_message(Path::new("-"), receiver)?;
            let sender = args.sender.as_deref().unwrap_or(receiver);
            let target = Target::open(&context.config, IfMissing::Create).await?;
            let sent = target.send(&context.config.ingest, receiver, sender, message).await;
            target.close().await;
            let Sent { message, failure } = sent?;
            print::sent(&mut context.out, &message, args.json)?;
            failure.map_or(Ok(()), Err)
        }
    }
}
