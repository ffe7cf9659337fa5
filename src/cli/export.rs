//! `export`: writes all records of the store as JSON Lines.

use std::fs;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use serde_json::Value;

use super::args::Export;
use super::atomic_file::{AtomicFile, refuse_existing, write_failure};
use super::context::Context;
use super::failure::{Exit, Failure, output_failed};
use super::json;
use super::out::pluralize;
use super::progress::{Progress, Unit};
use super::runtime::unless_stopped;
use super::session::{IfMissing, open_store};
use crate::backend::file::Addresses;
use crate::backend::record::{FORMAT, Record};
use crate::files::{folder_of, resolve_links};

/// The most bytes of the first line that are read to find out whether a file is an export.
const MAX_HEADER: u64 = 64 * 1024;

/// Exports the store to a file, or to standard output.
pub async fn run(context: &mut Context, args: Export) -> Result<(), Failure> {
    let addresses = if args.with_contacts { Addresses::Included } else { Addresses::Omitted };
    let target = args.file.filter(|file| file.as_os_str() != "-");
    if let Some(target) = &target {
        refuse_store_as_target(target, context.config.store_file("export")?)?;
        refuse_existing(target, args.force || is_export(target))?;
    }
    let store = open_store(&context.config, IfMissing::Refuse, "export").await?;
    let Some(target) = target else {
        let writer = context.out.document_writer();
        let mut failed = None;
        let mut sink =
            |record: &Record| record_error(json::write_line(writer, record), &mut failed);
        let result = store.export_records(&mut sink, addresses).await;
        if let Some(error) = failed {
            return Err(output_failed(&error));
        }
        result?;
        store.close().await;
        return Ok(());
    };
    let mut file = AtomicFile::create(&target)?;
    let mut progress = Progress::new(Unit::Items("lines written"));
    let mut failed = None;
    let mut lines = 0_u64;
    let mut sink = |record: &Record| {
        lines += 1;
        progress.set_position(lines, None);
        record_error(json::write_line(&mut file, record), &mut failed)
    };
    let result = unless_stopped(store.export_records(&mut sink, addresses)).await?;
    drop(progress);
    if let Some(error) = failed {
        return Err(write_failure(&target, &error));
    }
    result?;
    let target_text = file.target().display().to_string();
    file.commit()?;
    store.close().await;
    context.out.done_line(format!("{} written to {target_text}", pluralize(lines, "line")))
}

/// Returns whether a file is empty or an export of any version, so that a timer may replace it.
fn is_export(file: &Path) -> bool {
    // To open a named pipe waits for whoever writes to it.
    if !file.is_file() {
        return false;
    }
    let Ok(opened) = fs::File::open(file) else { return false };
    let mut line = Vec::new();
    let read = BufReader::new(opened).take(MAX_HEADER).read_until(b'\n', &mut line);
    if read.is_err() {
        return false;
    }
    let header: Option<Value> = serde_json::from_slice(&line).ok();
    line.is_empty() || header.is_some_and(|header| header["header"]["format"] == FORMAT)
}

/// Stores an I/O error of the sink in `failed`, and returns its kind so that the store stops.
///
/// The caller reports the stored error in its own sentence.
pub fn record_error(result: io::Result<()>, failed: &mut Option<io::Error>) -> io::Result<()> {
    result.map_err(|error| {
        let kind = error.kind();
        *failed = Some(error);
        kind.into()
    })
}

/// Refuses a target that would overwrite the store or one of its `SQLite` files.
pub fn refuse_store_as_target(target: &Path, store: &Path) -> Result<(), Failure> {
    // The files next to the store may be missing now and needed later.
    let canonical = |path: &Path| {
        let file = resolve_links(path).ok()?;
        Some(fs::canonicalize(folder_of(&file)).ok()?.join(file.file_name()?))
    };
    let (Some(target_path), Some(store)) = (canonical(target), canonical(store)) else {
        return Ok(());
    };
    let is_store = target_path == store
        || ["-wal", "-shm", "-journal"].iter().any(|suffix| {
            let mut name = store.clone().into_os_string();
            name.push(suffix);
            target_path == Path::new(&name)
        });
    if is_store {
        return Err(Failure::new(
            Exit::Failed,
            format!("{} is the store itself: name another file", target.display()),
        ));
    }
    Ok(())
}
