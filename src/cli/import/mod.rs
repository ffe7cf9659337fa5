//! `import`: imports JSON Lines, all or nothing.
//!
//! A second thread reads and parses; this one passes the records to the store. The queue between
//! them is bounded, so that memory does not grow with the input.

mod diagnose;
mod lines;

use std::fs::File;
use std::io::{self, IsTerminal, Read};
use std::path::Path;

use serde::Serialize;
use tokio::sync::mpsc;

use self::lines::{Batch, LineError, LineProblem, ParsedLine};
use super::args::Import;
use super::context::Context;
use super::failure::{Exit, Failure, io_error_text};
use super::out::pluralize;
use super::progress::{Progress, Unit};
use super::runtime::block_on;
use super::session::{IfMissing, open_store};
use super::{json, out};
use crate::backend::file::{ImportError, Imported};
use crate::model::text::truncate;

/// Highest number of skipped lines whose reasons are printed.
const MAX_REASONS: usize = 20;
/// Capacity of the queue between the threads, in batches.
const BATCH_CAPACITY: usize = 4;

/// The counts of an import, as `--json` prints them.
#[derive(Debug, Serialize)]
struct ImportJson {
    incidents: u64,
    events: u64,
    others: u64,
    #[serde(rename = "known")]
    duplicates: u64,
    skipped: u64,
}

/// Imports a file or standard input.
pub fn run(context: &mut Context, args: &Import) -> Result<(), Failure> {
    let file = args.file.as_deref().filter(|file| file.as_os_str() != "-");
    if args.file.is_none() && io::stdin().is_terminal() {
        return Err(Failure::usage(
            "there is nothing to import: name a file, or pipe JSON Lines in with -",
        ));
    }
    let (input, size): (Box<dyn Read + Send>, Option<u64>) = match file {
        Some(path) => {
            let (file, size) = open_file(path)?;
            (Box::new(file), size)
        }
        None => (Box::new(io::stdin()), None),
    };
    let source =
        file.map_or_else(|| "standard input".to_owned(), |file| file.display().to_string());
    block_on(import_records(context, input, size, &source, args))
}

fn open_file(path: &Path) -> Result<(File, Option<u64>), Failure> {
    let read_failure = |error: io::Error| {
        let message =
            format!("can't read {}: {}: name another file", path.display(), io_error_text(&error));
        match error.kind() {
            io::ErrorKind::NotFound => Failure::new(Exit::NotFound, message),
            _ => Failure::failed(message),
        }
    };
    let file = File::open(path).map_err(read_failure)?;
    let meta = file.metadata().map_err(read_failure)?;
    if meta.is_dir() {
        return Err(Failure::failed(format!("{} is a folder: name a file in it", path.display())));
    }
    Ok((file, meta.is_file().then_some(meta.len())))
}

/// The lines that were skipped.
#[derive(Default)]
struct Skipped {
    count: u64,
    reasons: Vec<String>,
}

impl Skipped {
    fn add(&mut self, line: u64, bad: &LineError) {
        self.count += 1;
        if self.reasons.len() < MAX_REASONS {
            self.reasons.push(format_reason(line, bad));
        }
    }
}

async fn import_records(
    context: &mut Context,
    input: Box<dyn Read + Send>,
    size: Option<u64>,
    source: &str,
    args: &Import,
) -> Result<(), Failure> {
    let store = open_store(&context.config, IfMissing::Create, "import").await?;
    let mut importer = store.importer().await?;
    let (sender, mut batches) = mpsc::channel::<Batch>(BATCH_CAPACITY);
    // The thread is not joined when the import ends early: it ends with its next batch, or with
    // the process.
    std::thread::Builder::new()
        .name("import".into())
        .spawn(move || lines::read_batches(input, &sender))
        .map_err(|error| {
            Failure::failed(format!("can't start a thread: {}: try again", io_error_text(&error)))
        })?;
    let mut progress = Progress::new(Unit::Bytes);
    let mut skipped = Skipped::default();
    let mut complete = false;
    while let Some(batch) = batches.recv().await {
        complete = batch.last;
        for ParsedLine { line, record } in batch.items {
            let bad = match record {
                Ok(record) => match importer.add(record).await {
                    Ok(()) => continue,
                    Err(ImportError::Invalid { field, problem }) => {
                        LineProblem::Refused { field, problem }.into()
                    }
                    Err(ImportError::Store(error)) => return Err(error.into()),
                },
                Err(bad) => bad,
            };
            match bad {
                LineError::Skippable(_) if args.skip_bad => skipped.add(line, &bad),
                LineError::Skippable(_) => {
                    return Err(Failure::failed(format!(
                        "{}: correct it or use --skip-bad, nothing was imported from {source}",
                        format_reason(line, &bad)
                    )));
                }
                LineError::Fatal(problem) => {
                    return Err(Failure::failed(format!(
                        "line {line}: {problem}, nothing was imported from {source}"
                    )));
                }
            }
        }
        progress.set_position(batch.bytes, size);
    }
    if !complete {
        return Err(Failure::failed(format!(
            "reading {source} ended by a fault of this program, nothing was imported: report it"
        )));
    }
    progress.set_message("making it durable");
    let added = importer.commit().await?;
    drop(progress);
    store.close().await;
    print_outcome(context, added, &skipped, args.json)
}

fn print_outcome(
    context: &mut Context,
    added: Imported,
    skipped: &Skipped,
    as_json: bool,
) -> Result<(), Failure> {
    let Imported { incidents, events, others, already_present: known } = added;
    if as_json {
        let counts =
            ImportJson { incidents, events, others, duplicates: known, skipped: skipped.count };
        json::print(&mut context.out, &counts)?;
    } else {
        let mut text = format!(
            "{} and {} imported",
            pluralize(incidents, "incident"),
            pluralize(events, "event")
        );
        for (count, noun, what) in [
            (others, "other record", ""),
            (known, "event", " already there"),
            (skipped.count, "line", " left out"),
        ] {
            if count > 0 {
                text = format!("{text}, {}{what}", pluralize(count, noun));
            }
        }
        context.out.line(text)?;
    }
    context.out.flush()?;
    for reason in &skipped.reasons {
        out::print_hint(format!("left out {reason}"));
    }
    let rest = skipped.count.saturating_sub(u64::try_from(MAX_REASONS).unwrap_or(u64::MAX));
    if rest > 0 {
        out::print_hint(format!("left out {}", pluralize(rest, "more line")));
    }
    Ok(())
}

fn format_reason(line: u64, bad: &LineError) -> String {
    format!("line {line}: {}", truncate(bad.to_string(), 300))
}
