//! `import`: take in JSON Lines, all or nothing.
//!
//! A second thread reads and parses; this one hands the records to the store. What is between
//! them is bounded, so memory does not grow with the input.

mod diagnose;
mod lines;

use std::fs::File;
use std::io::{self, IsTerminal, Read};
use std::path::Path;

use serde::Serialize;
use tokio::sync::mpsc;

use self::lines::{Bad, Batch, Item};
use super::args::Import;
use super::atomic_file::named;
use super::failure::{Failure, reason};
use super::out::counted;
use super::progress::{Count, Progress};
use super::session::{Missing, open_store};
use super::{Context, json, out, wait};
use crate::backend::file::{ImportError, Imported};
use crate::model::text::{cut, shown};

/// The most reasons that are told one by one.
const REASONS: usize = 20;
/// Batches that may lie between the threads.
const BATCHES: usize = 4;

/// What came of it, as `--json` prints it.
#[derive(Debug, Serialize)]
struct Told {
    incidents: u64,
    events: u64,
    others: u64,
    known: u64,
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
    let (from, size): (Box<dyn Read + Send>, Option<u64>) = match file {
        Some(path) => {
            let (file, size) = open_file(path)?;
            (Box::new(file), size)
        }
        None => (Box::new(io::stdin()), None),
    };
    let place = file.map_or_else(|| "standard input".to_owned(), named);
    wait(take_in(context, from, size, &place, args))
}

fn open_file(path: &Path) -> Result<(File, Option<u64>), Failure> {
    let told = |error: io::Error| {
        let what = format!("can't read {}: {}: name another file", named(path), reason(&error));
        match error.kind() {
            io::ErrorKind::NotFound => Failure::new(super::Exit::NotFound, what),
            _ => Failure::failed(what),
        }
    };
    let file = File::open(path).map_err(told)?;
    let meta = file.metadata().map_err(told)?;
    if meta.is_dir() {
        return Err(Failure::failed(format!("{} is a folder: name a file in it", named(path))));
    }
    Ok((file, meta.is_file().then_some(meta.len())))
}

/// Lines that were left out.
#[derive(Default)]
struct Skipped {
    count: u64,
    reasons: Vec<String>,
}

impl Skipped {
    fn add(&mut self, line: u64, bad: &Bad) {
        self.count += 1;
        if self.reasons.len() < REASONS {
            self.reasons.push(sentence(line, bad));
        }
    }
}

async fn take_in(
    context: &mut Context,
    from: Box<dyn Read + Send>,
    size: Option<u64>,
    place: &str,
    args: &Import,
) -> Result<(), Failure> {
    let store = open_store(&context.config, Missing::Make, "import").await?;
    let mut importer = store.importer().await?;
    let (sender, mut batches) = mpsc::channel::<Batch>(BATCHES);
    // Left alone where the import ends early: it ends with its next batch, or with the process.
    std::thread::Builder::new()
        .name("import".into())
        .spawn(move || lines::read(from, &sender))
        .map_err(|error| {
            Failure::failed(format!("can't start a thread: {}: try again", reason(&error)))
        })?;
    let mut progress = Progress::new(Count::Bytes);
    let mut skipped = Skipped::default();
    let mut complete = false;
    while let Some(batch) = batches.recv().await {
        complete = batch.last;
        for Item { line, record } in batch.items {
            let bad = match record {
                Ok(record) => match importer.add(record).await {
                    Ok(()) => continue,
                    Err(ImportError::Bad { field, problem }) => {
                        Bad::Line(format!("{field}: {problem}"))
                    }
                    Err(ImportError::Store(error)) => return Err(error.into()),
                },
                Err(bad) => bad,
            };
            match bad {
                Bad::Line(_) if args.skip_bad => skipped.add(line, &bad),
                Bad::Line(_) => {
                    return Err(Failure::failed(format!(
                        "{}: correct it or use --skip-bad, nothing was imported from {place}",
                        sentence(line, &bad)
                    )));
                }
                Bad::All(reason) => {
                    let reason = shown(&reason);
                    return Err(Failure::failed(format!(
                        "line {line}: {reason}, nothing was imported from {place}"
                    )));
                }
            }
        }
        progress.move_to(batch.bytes, size);
    }
    if !complete {
        return Err(Failure::failed(format!(
            "reading {place} ended by a fault of this program, nothing was imported: report it"
        )));
    }
    progress.say("making it durable");
    let added = importer.commit().await?;
    drop(progress);
    store.close().await;
    tell(context, added, &skipped, args.json)
}

fn tell(
    context: &mut Context,
    added: Imported,
    skipped: &Skipped,
    as_json: bool,
) -> Result<(), Failure> {
    let Imported { incidents, events, others, known } = added;
    if as_json {
        let counts = Told { incidents, events, others, known, skipped: skipped.count };
        json::print(&mut context.out, &counts)?;
    } else {
        let mut text =
            format!("{} and {} imported", counted(incidents, "incident"), counted(events, "event"));
        for (count, noun, what) in [
            (others, "other record", ""),
            (known, "event", " already there"),
            (skipped.count, "line", " left out"),
        ] {
            if count > 0 {
                text = format!("{text}, {}{what}", counted(count, noun));
            }
        }
        context.out.line(&text)?;
    }
    context.out.flush()?;
    for reason in &skipped.reasons {
        out::hint(&format!("left out {reason}"));
    }
    let rest = skipped.count.saturating_sub(u64::try_from(REASONS).unwrap_or(u64::MAX));
    if rest > 0 {
        out::hint(&format!("left out {}", counted(rest, "more line")));
    }
    Ok(())
}

fn sentence(line: u64, bad: &Bad) -> String {
    let (Bad::Line(reason) | Bad::All(reason)) = bad;
    format!("line {line}: {}", cut(&shown(reason), 300))
}
