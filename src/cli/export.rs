//! `export`: everything the store holds, as JSON Lines.

use std::fs;
use std::io;
use std::path::Path;

use super::args::Export;
use super::atomic_file::{AtomicFile, display_path, write_failure};
use super::failure::{Exit, Failure, output_failed};
use super::out::pluralize;
use super::progress::{Progress, Unit};
use super::session::{IfMissing, open_store};
use super::{Context, json, unless_stopped};
use crate::backend::record::Record;

/// Writes to a file, or to standard output.
pub async fn run(context: &mut Context, args: Export) -> Result<(), Failure> {
    let target = args.file.filter(|file| file.as_os_str() != "-");
    if let Some(target) = &target {
        refuse_store_as_target(target, context.config.store_file("export")?)?;
    }
    let store = open_store(&context.config, IfMissing::Refuse, "export").await?;
    let Some(target) = target else {
        let to = context.out.writer();
        let mut failed = None;
        let mut sink = |record: &Record| record_error(json::write_line(to, record), &mut failed);
        let done = store.export(&mut sink).await;
        if let Some(error) = failed {
            return Err(output_failed(&error));
        }
        done?;
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
    let done = unless_stopped(store.export(&mut sink)).await?;
    drop(progress);
    if let Some(error) = failed {
        return Err(write_failure(&target, &error));
    }
    done?;
    let place = display_path(file.target());
    file.commit()?;
    store.close().await;
    context.out.line(&format!("{} written to {place}", pluralize(lines, "line")))
}

/// Keeps an error of the sink for its own sentence, and lets the store stop.
pub fn record_error(done: io::Result<()>, failed: &mut Option<io::Error>) -> io::Result<()> {
    done.map_err(|error| {
        let kind = error.kind();
        *failed = Some(error);
        kind.into()
    })
}

/// Refuses to write over the store itself.
pub fn refuse_store_as_target(target: &Path, store: &Path) -> Result<(), Failure> {
    let (Ok(there), Ok(store)) = (fs::canonicalize(target), fs::canonicalize(store)) else {
        return Ok(());
    };
    let of_store = there == store
        || ["-wal", "-shm", "-journal"].iter().any(|end| {
            let mut name = store.clone().into_os_string();
            name.push(end);
            there == Path::new(&name)
        });
    if of_store {
        return Err(Failure::new(
            Exit::Failed,
            format!("{} is the store itself: name another file", display_path(target)),
        ));
    }
    Ok(())
}
