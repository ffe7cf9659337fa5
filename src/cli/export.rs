//! `export`: everything the store holds, as JSON Lines.

use std::fs;
use std::io;
use std::path::Path;

use super::args::Export;
use super::atomic_file::{WholeFile, named, told};
use super::failure::{Exit, Failure, output_failed};
use super::out::counted;
use super::progress::{Count, Progress};
use super::session::{Missing, open_store};
use super::{Context, json, unless_stopped};
use crate::backend::record::Record;

/// Writes to a file, or to standard output.
pub async fn run(context: &mut Context, args: Export) -> Result<(), Failure> {
    let target = args.file.filter(|file| file.as_os_str() != "-");
    if let Some(target) = &target {
        spare_the_store(target, context.config.store_file("export")?)?;
    }
    let store = open_store(&context.config, Missing::Refuse, "export").await?;
    let Some(target) = target else {
        let to = context.out.writer();
        let mut failed = None;
        let mut sink = |record: &Record| keep(json::write_line(to, record), &mut failed);
        let done = store.export(&mut sink).await;
        if let Some(error) = failed {
            return Err(output_failed(&error));
        }
        done?;
        store.close().await;
        return Ok(());
    };
    let mut file = WholeFile::begin(&target)?;
    let mut progress = Progress::new(Count::Of("lines written"));
    let mut failed = None;
    let mut lines = 0_u64;
    let mut sink = |record: &Record| {
        lines += 1;
        progress.move_to(lines, None);
        keep(json::write_line(&mut file, record), &mut failed)
    };
    let done = unless_stopped(store.export(&mut sink)).await?;
    drop(progress);
    if let Some(error) = failed {
        return Err(told(&target, &error));
    }
    done?;
    let place = named(file.target());
    file.done()?;
    store.close().await;
    context.out.line(&format!("{} written to {place}", counted(lines, "line")))
}

/// Keeps an error of the sink for its own sentence, and lets the store stop.
pub fn keep(done: io::Result<()>, failed: &mut Option<io::Error>) -> io::Result<()> {
    done.map_err(|error| {
        let kind = error.kind();
        *failed = Some(error);
        kind.into()
    })
}

/// Refuses to write over the store itself.
pub fn spare_the_store(target: &Path, store: &Path) -> Result<(), Failure> {
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
            format!("{} is the store itself: name another file", named(target)),
        ));
    }
    Ok(())
}
