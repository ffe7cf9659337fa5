//! `backup` and `restore` are killed at chosen system calls: afterwards the old file or the new one
//! is complete, and the next start continues and prints a remedy.

use std::collections::BTreeSet;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, Stdio};

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use crate::faults::{has_strace, is_possible};
use crate::support::cli::{CliFixture, json_lines};
use crate::support::old_store::StoreState;
use crate::support::program;
use crate::support::sample::{Sample, seed};

/// The system calls that make, name and remove files, and how often they are made at most.
const NAMES: (&str, u64) = ("openat,link,linkat,rename,renameat,renameat2,unlink,unlinkat", 60);
/// Those that write them.
const WRITES: (&str, u64) = ("pwrite64,write,fsync,fdatasync,ftruncate,copy_file_range", 60);

/// Runs the program, and kills it at the n-th of some system calls. Returns whether it was killed.
fn run_and_kill(cli: &CliFixture, calls: &str, at: u64, args: &[&str]) -> bool {
    let mut strace = Command::new("strace");
    let inject = format!("inject={calls}:signal=KILL:when={at}");
    strace.args(["-f", "-qq", "-e", &format!("trace={calls}"), "-e", &inject, "-o", "/dev/null"]);
    strace.arg(program()).args(args).env_clear().current_dir(cli.path(""));
    for (name, value) in cli.program().get_envs() {
        strace.env(name, value.unwrap_or_default());
    }
    strace.env("PATH", std::env::var_os("PATH").unwrap_or_default());
    let output = strace.stdin(Stdio::null()).output().unwrap();
    let killed = output.status.signal() == Some(9) || output.status.code() == Some(137);
    assert!(killed || output.status.success(), "{args:?}: {output:?}");
    killed
}

/// Returns the points at which a run is killed, in an order that depends on the seed.
fn points() -> Vec<(&'static str, u64)> {
    let of = |(calls, most): (&'static str, u64)| (1..=most).map(move |at| (calls, at));
    let mut all: Vec<_> = of(NAMES).chain(of(WRITES)).collect();
    all.shuffle(&mut ChaCha8Rng::seed_from_u64(seed()));
    all
}

fn titles(text: &str) -> BTreeSet<String> {
    let rows = json_lines(text);
    rows.iter().map(|row| row["title"].as_str().unwrap().to_owned()).collect()
}

const LIST: [&str; 4] = ["list", "is:any", "--all", "--json"];

/// Returns the names of files that only a run in progress has.
fn leftovers(folder: &Path) -> Vec<String> {
    let names = std::fs::read_dir(folder).unwrap();
    let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let is_temporary =
        |name: &String| [".restoring", ".part-", ".tmp"].iter().any(|part| name.contains(part));
    names.filter(is_temporary).collect()
}

#[test]
fn killed_restore_leaves_the_old_store_or_the_new_one() {
    if !is_possible("strace", has_strace()) {
        return;
    }
    println!("seed {}", seed());
    // Of each state of a backup, the store of after and the files beside it.
    let mut prepared = Vec::new();
    for state in StoreState::ALL {
        let cli = CliFixture::new();
        state.make(&cli);
        assert_eq!(cli.run(["backup", "backup.db"]).code, 0);
        let mut declared = ["declare", "--impact", "low", "--urgency", "low", "--title"].to_vec();
        declared.push("after the backup");
        assert_eq!(cli.run(declared).code, 0);
        let old = titles(&cli.ok(LIST));
        let mut new = old.clone();
        assert!(new.remove("after the backup"));
        prepared.push((cli, old, new));
    }
    let rounds = Sample::new("REDPHONE_CRASH_RUNS", 6).rounds(3);
    let (mut killed_in, mut undone, mut done) = (0, 0, 0);
    for (round, (calls, at)) in rounds.zip(points()) {
        let (template, old, new) = &prepared[usize::try_from(round).unwrap() % prepared.len()];
        let cli = CliFixture::new();
        for name in ["store.db", "store.db.high", "backup.db"] {
            std::fs::copy(template.path(name), cli.path(name)).unwrap();
        }
        let point = format!("round {round}, {calls} {at}");
        let killed = run_and_kill(&cli, calls, at, &["restore", "backup.db"]);
        killed_in += u64::from(killed);
        // Reading alone changes nothing, and prints a remedy if it fails.
        let read = cli.run([&["--read-only"], LIST.as_slice()].concat());
        assert!(read.code == 0 || read.err.contains("run redphone list"), "{point}: {read:?}");
        let run = cli.run(LIST);
        assert_eq!(run.code, 0, "{point}: {run:?}");
        let now = titles(&run.out);
        assert!(now == *old || now == *new, "{point}: {now:?}");
        assert!(killed || now == *new, "{point}: it was put back");
        if now == *new && now != *old {
            done += 1;
        } else {
            undone += 1;
        }
        if !run.err.is_empty() {
            let said = ["was interrupted", "was put back", "up to date"];
            assert!(said.iter().any(|part| run.err.contains(part)), "{point}: {run:?}");
        }
        assert_eq!(leftovers(&cli.path("")), Vec::<String>::new(), "{point}");
        assert_eq!(cli.run(["doctor"]).code, 0, "{point}");
        // And again, following the remedy.
        let again = cli.run(["restore", "backup.db"]);
        assert_eq!(again.code, 0, "{point}: {again:?}");
        assert_eq!(titles(&cli.ok(LIST)), *new, "{point}");
        cli.ok(["doctor"]);
        assert_eq!(leftovers(&cli.path("")), Vec::<String>::new(), "{point}");
        for line in ["Declared after", "Declared later"] {
            cli.ok(["declare", "--impact", "low", "--urgency", "low", "--title", line]);
        }
    }
    println!("killed {killed_in} times: {undone} old stores, {done} new ones");
}

#[test]
fn killed_backup_leaves_the_old_backup_or_the_new_one() {
    if !is_possible("strace", has_strace()) {
        return;
    }
    println!("seed {}", seed());
    let template = CliFixture::new();
    template.declare("First", "cdn");
    template.ok(["backup", "backup.db"]);
    template.declare("Second", "cdn");
    let rounds = Sample::new("REDPHONE_CRASH_RUNS", 4).rounds(2);
    for (round, (calls, at)) in rounds.zip(points()) {
        let cli = CliFixture::new();
        for name in ["store.db", "store.db.high", "backup.db"] {
            std::fs::copy(template.path(name), cli.path(name)).unwrap();
        }
        let point = format!("round {round}, {calls} {at}");
        let (target, args) = if round % 2 == 0 {
            ("backup.db", ["backup", "--force", "backup.db"].as_slice())
        } else {
            ("new.db", ["backup", "new.db"].as_slice())
        };
        let killed = run_and_kill(&cli, calls, at, args);
        assert_eq!(titles(&cli.ok(LIST)).len(), 2, "{point}: the store is as it was");
        let backup = cli.path(target);
        if backup.exists() {
            let listed = cli.run([&["--read-only", "--store", target], LIST.as_slice()].concat());
            assert_eq!(listed.code, 0, "{point}: {listed:?}");
            let count = titles(&listed.out).len();
            assert!(count == 2 || (killed && count == 1), "{point}: {listed:?}");
        } else {
            assert!(killed && target == "new.db", "{point}");
        }
        cli.ok(["backup", "--force", target]);
        assert_eq!(leftovers(&cli.path("")), Vec::<String>::new(), "{point}");
        let again = cli.run(["restore", target]);
        assert_eq!(again.code, 0, "{point}: {again:?}");
        assert_eq!(titles(&cli.ok(LIST)).len(), 2, "{point}");
    }
}
