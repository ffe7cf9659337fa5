//! Processes that are killed while they bring an old store up to date, each at another point of it.
//!
//! `REDPHONE_MIGRATION_INCIDENTS` sets the size of the store (1,000), `REDPHONE_MIGRATION_KILLS` how many
//! are killed (3).

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use redphone::backend::file::{FileStore, doctor};
use rusqlite::{Connection, OpenFlags, OptionalExtension};
use tempfile::tempdir;

use super::fixtures::options;
use super::migration::{companion, projection, version, write_old_store};
use crate::support::program;
use crate::support::sample::number;

/// The last point at which a process is killed. An index that was interrupted is continued by the first
/// search, so that only one process can be killed meanwhile.
const LAST_POINT: f64 = 2.1;
/// The version of the schema whose migration works on all incidents.
const FIRST_WITH_WORK: i64 = 5;
/// How often the progress is read.
const INTERVAL: Duration = Duration::from_millis(2);

fn redphone(args: &[&str]) -> Command {
    let mut command = Command::new(program());
    command.args(args).env("REDPHONE_USER", "ines").env_remove("REDPHONE_STORE");
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

/// The steps in their order, each with the part of it that is done, from 0 to 1: the copy, the work on
/// the incidents, and the index of their texts.
#[derive(Clone, Copy, PartialEq, PartialOrd, Debug)]
enum Progress {
    Copying(f64),
    Working(f64),
    Indexing(f64),
}

impl Progress {
    /// Returns one number for all steps, from 0 to 3.
    fn total(self) -> f64 {
        match self {
            Self::Copying(part) => part,
            Self::Working(part) => 1.0 + part,
            Self::Indexing(part) => 2.0 + part,
        }
    }

    /// Reads how far a store of `incidents` incidents is.
    fn read(store: &Path, incidents: u64) -> rusqlite::Result<Self> {
        let conn = Connection::open_with_flags(store, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        let version: i64 = conn.query_row("PRAGMA user_version", [], |row| row.get(0))?;
        if version == 1 {
            return Ok(Self::Copying(copied(store)));
        }
        if version < FIRST_WITH_WORK {
            return Ok(Self::Copying(1.0));
        }
        // What is done is removed from the table. The other work is a short one.
        let sql =
            "SELECT CAST(done AS REAL) / max(total, 1) FROM migration WHERE work = 'verdicts'";
        let done: Option<f64> = conn.query_row(sql, [], |row| row.get(0)).optional()?;
        if let Some(done) = done {
            return Ok(Self::Working(done));
        }
        let todo: u32 = conn.query_row("SELECT count(*) FROM words_todo", [], |row| row.get(0))?;
        Ok(Self::Indexing(1.0 - f64::from(todo) / as_float(incidents)))
    }
}

/// Returns the part of a store that was copied.
fn copied(store: &Path) -> f64 {
    let size = |path: &Path| std::fs::metadata(path).map_or(0, |file| file.len());
    let copy = companion(store, ".before-migration-1");
    if copy.exists() {
        return 1.0;
    }
    as_float(size(&companion(&copy, ".part"))) / as_float(size(store).max(1))
}

#[expect(clippy::cast_precision_loss, reason = "sizes are far below 2^52")]
fn as_float(number: u64) -> f64 {
    number as f64
}

/// Kills a process once the store has reached a point. Returns how far it was; `None` if the process ended
/// before.
fn kill_at(child: &mut Child, point: f64, store: &Path, incidents: u64) -> Option<Progress> {
    loop {
        if child.try_wait().unwrap().is_some() {
            return None;
        }
        // A process that changes the schema holds the file for a moment.
        if let Ok(progress) = Progress::read(store, incidents)
            && progress.total() >= point
        {
            child.kill().unwrap();
            // It may have ended by itself meanwhile.
            return child.wait().unwrap().code().is_none().then_some(progress);
        }
        std::thread::sleep(INTERVAL);
    }
}

#[tokio::test]
async fn a_killed_process_leaves_a_store_that_the_next_one_finishes() {
    let incidents = number("REDPHONE_MIGRATION_INCIDENTS").unwrap_or(1000);
    let kills = number("REDPHONE_MIGRATION_KILLS").unwrap_or(3);
    let folder = tempdir().unwrap();
    let [new, old] = ["new.db", "old.db"].map(|name| folder.path().join(name));
    let size = incidents.to_string();
    let demo = ["demo", "--seed", "2", "--incidents", &size, "--seed-only", "--keep"];
    assert!(redphone(&demo).arg(&new).status().unwrap().success());
    write_old_store(&new, &old);
    let list = || redphone(&["--store", old.to_str().unwrap(), "list", "--limit", "1"]);
    let begun = Instant::now();
    let mut reached = Vec::new();
    let mut before = 0.0;
    for kill in 1..=kills {
        // Later processes go on where the one before was.
        let point = LAST_POINT * as_float(kill) / as_float(kills);
        let mut child = list().spawn().unwrap();
        reached.extend(kill_at(&mut child, point, &old, incidents));
        let error = FileStore::open_read_only(&old, options()).await;
        let version = version(&old);
        assert!(error.is_ok() || matches!(version, 1..=14 | 1005..=1015), "version {version}");
        let progress = Progress::read(&old, incidents).unwrap().total();
        // Only a copy that was not complete is begun again.
        assert!(progress >= before || progress < 1.0, "{progress} after {before}: {reached:?}");
        before = progress;
    }
    println!("{incidents} incidents, killed at {reached:?}");
    assert!(!reached.is_empty(), "no process was killed");
    assert!(list().status().unwrap().success());
    println!("finished after {:?}", begun.elapsed());
    assert_eq!(version(&old), version(&new));
    assert_eq!(projection(&old), projection(&new));
    let report = doctor::examine(&old).await.unwrap();
    assert!(report.findings.is_empty(), "{:?}", report.findings);
    let copy = companion(&old, ".before-migration-1");
    assert_eq!(projection(&copy).len(), projection(&old).len());
    assert!(!companion(&old, "-migrating").exists() && !companion(&copy, ".part").exists());
}
