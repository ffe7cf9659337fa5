//! `import`: imports JSON Lines, all or nothing.
//!
//! A second thread reads and parses; this one passes the records to the store. The queue between
//! them is bounded, so that memory does not grow with the input.

mod diagnose;
mod lines;

use std::collections::BTreeMap;
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
use super::runtime::{block_on, unless_stopped};
use super::session::{IfMissing, open_store_at};
use super::{json, out};
use crate::backend::file::{FileStore, ImportError, Imported, NewStore};
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
    #[serde(rename = "odd", skip_serializing_if = "BTreeMap::is_empty")]
    anomalies: BTreeMap<&'static str, u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    new_numbers: Option<[u64; 2]>,
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
    block_on(import_file(context, input, size, &source, args))
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

/// Imports into the store. A store that is missing is made apart and gets its name at the end, so
/// that an import that is refused leaves none.
async fn import_file(
    context: &mut Context,
    input: Box<dyn Read + Send>,
    size: Option<u64>,
    source: &str,
    args: &Import,
) -> Result<(), Failure> {
    let path = context.config.store_file("import")?.to_owned();
    let new = if context.config.read_only { None } else { NewStore::begin(&path)? };
    let Some(new) = new else {
        let store = open_store_at(&path, &context.config, IfMissing::Refuse).await?;
        let importing = import_records(&store, input, size, source, args);
        let (added, skipped) = Box::pin(unless_stopped(importing)).await??;
        store.close().await;
        return print_outcome(context, added, &skipped, args.json);
    };
    // Its temporary path is meaningless to users.
    let made_at = new.path();
    let renamed = |failure: Failure| {
        let (made_at, path) = (made_at.to_string_lossy(), path.to_string_lossy());
        Failure { message: failure.message.replace(&*made_at, &path).into(), ..failure }
    };
    let store = open_store_at(&made_at, &context.config, IfMissing::Refuse).await;
    let store = store.map_err(renamed)?;
    let importing = import_records(&store, input, size, source, args);
    let result = Box::pin(unless_stopped(importing)).await.flatten();
    store.close().await;
    let (added, skipped) = result.map_err(renamed)?;
    if !new.commit()? {
        return Err(Failure::failed(format!(
            "{} was made by another program meanwhile, nothing was imported from {source}: start \
             the import again",
            path.display()
        )));
    }
    print_outcome(context, added, &skipped, args.json)
}

async fn import_records(
    store: &FileStore,
    input: Box<dyn Read + Send>,
    size: Option<u64>,
    source: &str,
    args: &Import,
) -> Result<(Imported, Skipped), Failure> {
    let mut importer = store.importer().await?;
    if args.renumber {
        importer = importer.with_new_numbers();
    }
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
                    let at = if line > 0 { format!("line {line}: ") } else { String::new() };
                    return Err(Failure::failed(format!(
                        "{at}{problem}, nothing was imported from {source}"
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
    Ok((added, skipped))
}

fn print_outcome(
    context: &mut Context,
    added: Imported,
    skipped: &Skipped,
    as_json: bool,
) -> Result<(), Failure> {
    let Imported { incidents, events, others, already_present: known, .. } = added;
    let mut text =
        format!("{} and {} imported", pluralize(incidents, "incident"), pluralize(events, "event"));
    for (count, noun, what) in [
        (others, "other record", ""),
        (known, "event", " already there"),
        (skipped.count, "line", " left out"),
    ] {
        if count > 0 {
            text = format!("{text}, {}{what}", pluralize(count, noun));
        }
    }
    if let Some((first, last)) = added.new_numbers {
        text = format!("{text}, numbered INC-{first} to INC-{last}");
    }
    context.out.record_done(text.clone());
    if as_json {
        let counts = ImportJson {
            incidents,
            events,
            others,
            duplicates: known,
            skipped: skipped.count,
            anomalies: added.anomalies.counted().map(|(odd, n)| (odd.as_str(), n)).collect(),
            new_numbers: added.new_numbers.map(|(first, last)| [first, last]),
        };
        json::print(&mut context.out, &counts)?;
    } else {
        context.out.line(text)?;
    }
    context.out.flush()?;
    if added.anomalies.total() > 0 {
        let kinds: Vec<String> =
            added.anomalies.counted().map(|(odd, n)| format!("{n} {}", odd.text())).collect();
        out::print_hint(format!(
            "{} imported that no command allows: {}; redphone doctor names them",
            pluralize(added.anomalies.total(), "event"),
            kinds.join(", ")
        ));
    }
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
