//! `ingest dead`: messages that could not be understood.

use chrono::{DateTime, Utc};

use super::print::{changes, outcome_line, outcomes};
use super::target::Target;
use crate::backend::dead_letters::MessageEncoding;
use crate::backend::file::FileStore;
use crate::backend::{Backend, DeadLetter, DeadLetterList, DeadLetterMessage, DeadLetterSearch};
use crate::cli::args::ingest::{DeadArgs, DeadCommand};
use crate::cli::columns::print_columns;
use crate::cli::context::Context;
use crate::cli::failure::{Exit, Failure};
use crate::cli::json;
use crate::cli::out::{self, Out, pluralize};
use crate::cli::session::{IfMissing, store_options};
use crate::config::Config;
use crate::model::text::{SafeText, truncate};

/// The maximum number of messages in one answer of a backend, which is as many as there can be.
const PAGE_ROWS: u32 = 1000;
/// The width of reasons in the list on a terminal of unknown width.
const REASON_WIDTH: usize = 60;

/// Runs `ingest dead` and its subcommands.
pub(super) async fn run(context: &mut Context, args: DeadArgs) -> Result<(), Failure> {
    let target = Target::open(&context.config, IfMissing::Refuse).await?;
    let done = match args.about.unwrap_or(DeadCommand::List) {
        DeadCommand::List => list(context, &target, args.json).await,
        DeadCommand::Show { number } => show(context, &target, number, args.json).await,
        DeadCommand::Replay { numbers, all: false } => {
            replay(context, &target, &numbers, args.json).await
        }
        DeadCommand::Replay { all: true, .. } => match all_numbers(&target).await {
            Ok(numbers) => replay(context, &target, &numbers, args.json).await,
            Err(failure) => Err(failure),
        },
        DeadCommand::Remove { numbers } => remove(context, &target, &numbers, args.json).await,
    };
    target.close().await;
    done
}

/// Returns how many messages the store of a configuration has that could not be understood. None are
/// counted for an API, and where the store can't be opened.
pub async fn count_dead_letters(config: &Config) -> u64 {
    let Some(path) = config.location.file().filter(|path| path.exists()) else { return 0 };
    let options = store_options(config, IfMissing::Refuse);
    let Ok(store) = FileStore::open_read_only(path, options).await else { return 0 };
    let list = store.dead_letters(&DeadLetterSearch { limit: 1, before: None }).await;
    store.close().await;
    list.map_or(0, |list| list.total)
}

async fn read(target: &Target) -> Result<DeadLetterList, Failure> {
    let search = DeadLetterSearch { limit: PAGE_ROWS, before: None };
    Ok(target.backend().dead_letters(&search).await?)
}

/// Returns the numbers of all messages, the one that arrived first first.
async fn all_numbers(target: &Target) -> Result<Vec<u64>, Failure> {
    let mut numbers: Vec<u64> =
        read(target).await?.letters.iter().map(|letter| letter.number).collect();
    numbers.reverse();
    Ok(numbers)
}

async fn list(context: &mut Context, target: &Target, as_json: bool) -> Result<(), Failure> {
    let DeadLetterList { letters, dropped, .. } = read(target).await?;
    if as_json {
        letters.iter().try_for_each(|letter| json::print(&mut context.out, letter))?;
    } else if letters.is_empty() {
        out::print_hint("there are no messages that could not be understood");
    } else {
        let width = context.out.width().map_or(usize::MAX, |width| width.min(REASON_WIDTH));
        let head = ["NUMBER", "LAST", "TIMES", "RECEIVER", "SENDER", "BYTES", "REASON"];
        let rows = letters.iter().map(|letter| {
            [
                letter.number.to_string(),
                minute(letter.last_at),
                letter.count.to_string(),
                letter.source.clone(),
                letter.actor.name().to_owned(),
                letter.bytes.to_string(),
                truncate(&letter.reason, width).to_string(),
            ]
            .map(|text| SafeText::from(text).into_owned())
        });
        print_columns(&mut context.out, head, rows)?;
    }
    if dropped > 0 {
        let verb = if dropped == 1 { "was" } else { "were" };
        let dropped = pluralize(dropped, "older message");
        out::print_hint(format!("{dropped} {verb} removed, as there were too many"));
    }
    Ok(())
}

async fn show(
    context: &mut Context,
    target: &Target,
    number: u64,
    as_json: bool,
) -> Result<(), Failure> {
    let message = target.backend().dead_letter(number).await?;
    let out = &mut context.out;
    if as_json {
        return json::print(out, &message);
    }
    let DeadLetterMessage { letter, encoding, message } = message;
    print_letter(out, &letter)?;
    if encoding != MessageEncoding::Text {
        out.line(format!("encoding  {encoding}"))?;
    }
    out.line("")?;
    message.lines().try_for_each(|line| out.line(line))
}

fn print_letter(out: &mut Out, letter: &DeadLetter) -> Result<(), Failure> {
    let mut fields = vec![
        ("number", letter.number.to_string()),
        ("receiver", letter.source.clone()),
        ("sender", letter.actor.name().to_owned()),
        ("received", minute(letter.received_at)),
        ("last", minute(letter.last_at)),
        ("times", letter.count.to_string()),
        ("bytes", letter.bytes.to_string()),
    ];
    fields.extend(letter.content_type.clone().map(|text| ("type", text)));
    for (name, value) in &letter.headers {
        fields.push(("header", format!("{name}: {value}")));
    }
    fields.push(("reason", letter.reason.clone()));
    fields.iter().try_for_each(|(name, value)| out.line(format!("{name:<8}  {value}")))
}

/// Reads messages again. Those that still can't be understood are listed, and the others are
/// processed.
async fn replay(
    context: &mut Context,
    target: &Target,
    numbers: &[u64],
    as_json: bool,
) -> Result<(), Failure> {
    if numbers.is_empty() {
        out::print_hint("there are no messages that could not be understood");
    }
    let mut failed = None;
    for number in numbers {
        match target.replay(&context.config.ingest, *number).await {
            Ok(replayed) => {
                let out = &mut context.out;
                out.record_done(format!("message {number} was read again"));
                if as_json {
                    json::print(out, &replayed)?;
                } else {
                    for outcome in &replayed.outcomes {
                        out.line(format!("{number}: {}", outcome_line(outcome)))?;
                    }
                    changes(out, &replayed.changes, false)?;
                    if replayed.outcomes.is_empty() && replayed.changes.is_empty() {
                        outcomes(out, &[], false)?;
                    }
                }
            }
            Err(failure) => report(&mut failed, failure, *number),
        }
    }
    end(failed)
}

async fn remove(
    context: &mut Context,
    target: &Target,
    numbers: &[u64],
    as_json: bool,
) -> Result<(), Failure> {
    let mut failed = None;
    for number in numbers {
        match target.backend().remove_dead_letter(*number).await {
            Ok(letter) => {
                let out = &mut context.out;
                out.record_done(format!("message {number} was removed"));
                if as_json {
                    json::print(out, &letter)?;
                } else {
                    out.line(format!("{number} removed"))?;
                }
            }
            Err(error) => report(&mut failed, error.into(), *number),
        }
    }
    end(failed)
}

/// Prints why something was not done with a message, and remembers the worst code.
fn report(failed: &mut Option<Exit>, failure: Failure, number: u64) {
    let failure = failure.with_prefix(&number.to_string());
    out::print_failure(&failure);
    *failed = Some(failed.map_or(failure.exit, |exit| exit.worse_of(failure.exit)));
}

fn end(failed: Option<Exit>) -> Result<(), Failure> {
    failed.map_or(Ok(()), |exit| Err(Failure::silent(exit)))
}

fn minute(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M").to_string()
}
