//! Errors at the n-th write or sync of the store's files, once or from then on.

use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use super::is_possible;
use crate::support::cli::{CliFixture, Run};
use crate::support::program;
use crate::support::sample::{Sample, seed};

/// The system calls that fail.
pub const CALLS: &str = "write,pwrite64,pwritev,fsync,fdatasync,ftruncate,fallocate";
/// The store's files, and its folder, which is synced too.
const FILES: [&str; 4] = ["store.db", "store.db-wal", "store.db-shm", "store.db.high"];
const ERRORS: [&str; 2] = ["ENOSPC", "EIO"];
/// No command makes more calls.
const MAX_CALLS: u64 = 40;

/// A fault of the disk.
#[derive(Clone, Copy, Debug)]
pub struct Fault {
    error: &'static str,
    /// Which call fails, from 1.
    at: u64,
    /// Whether all later calls fail too.
    lasting: bool,
}

impl Fault {
    /// Returns `strace`, which injects the fault into some system calls of its command, and writes
    /// the observed calls to a file. With paths, only calls about these files fail.
    pub fn strace(self, cli: &CliFixture, calls: &str, paths: &[PathBuf]) -> Command {
        let lasting = if self.lasting { "+" } else { "" };
        let inject = format!("inject={calls}:error={}:when={}{lasting}", self.error, self.at);
        let mut strace = Command::new("strace");
        strace.args(["-f", "-qq", "-e", &format!("trace={calls}"), "-e", &inject, "-o"]);
        strace.arg(cli.path("trace")).env_clear().current_dir(cli.path("")).stdin(Stdio::null());
        for path in paths {
            strace.arg("-P").arg(path);
        }
        for (name, value) in cli.program().get_envs() {
            strace.env(name, value.unwrap_or_default());
        }
        strace.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        strace
    }

    /// Returns whether the fault happened, and forgets it.
    pub fn happened(cli: &CliFixture) -> bool {
        let trace = cli.path("trace");
        let happened = std::fs::read_to_string(&trace).unwrap_or_default().contains("(INJECTED)");
        std::fs::remove_file(trace).ok();
        happened
    }
}

/// Returns what the program printed, without the messages that `strace` itself prints on the same
/// standard error, for example when a thread ended in the middle of a call that was to fail.
pub fn program_output(output: Output) -> Run {
    let mut run = Run::from(output);
    run.err = run.err.split_inclusive('\n').filter(|line| !line.starts_with("strace: ")).collect();
    run
}

pub fn has_strace() -> bool {
    let run = Command::new("strace").arg("-V").stdout(Stdio::null()).stderr(Stdio::null()).status();
    run.is_ok_and(|status| status.success())
}

/// Runs the program with a fault. Returns whether the fault happened.
fn run_with(cli: &CliFixture, fault: Fault, args: &[&str]) -> (Run, bool) {
    let mut strace = fault.strace(cli, CALLS, &files(cli));
    let run = program_output(strace.arg(program()).args(args).output().unwrap());
    (run, Fault::happened(cli))
}

/// Returns the paths of the store's files, and of its folder.
pub fn files(cli: &CliFixture) -> Vec<PathBuf> {
    let folder = cli.store().parent().unwrap().to_owned();
    FILES.iter().map(|file| cli.path(file)).chain([folder]).collect()
}

/// Checks that a run failed with one sentence, or did not fail.
#[track_caller]
pub fn check(fault: Fault, args: &[&str], run: &Run, happened: bool) {
    if run.code == 0 {
        return;
    }
    assert!(happened, "{fault:?} {args:?} {run:?}");
    assert!(matches!(run.code, 1 | 4), "{fault:?} {args:?} {run:?}");
    if run.err.is_empty() {
        // A check of the store prints its findings on standard output.
        assert!(args[0] == "doctor" && !run.out.is_empty(), "{fault:?} {args:?} {run:?}");
        return;
    }
    run.assert_error(&[]);
    for raw in ["code:", "os error", "SQLITE", "panicked", "database"] {
        assert!(!run.err.contains(raw), "{fault:?} {args:?} {run:?}");
    }
}

/// Returns all faults of the first calls, in an order that depends on the seed.
pub fn faults(calls: u64) -> Vec<Fault> {
    let mut all = Vec::new();
    for at in 1..=calls {
        for error in ERRORS {
            all.extend([true, false].map(|lasting| Fault { error, at, lasting }));
        }
    }
    all.shuffle(&mut ChaCha8Rng::seed_from_u64(seed()));
    all
}

#[test]
fn nothing_acknowledged_is_lost_to_a_disk_that_fails() {
    if !is_possible("strace", has_strace()) {
        return;
    }
    println!("seed {}", seed());
    let (mut happened_in, mut failed) = (0, 0);
    let rounds = Sample::new("REDPHONE_FAULT_RUNS", 4).rounds(2);
    for (round, fault) in rounds.zip(faults(MAX_CALLS)) {
        let cli = CliFixture::new();
        cli.declare("Before", "cdn");
        let mut acknowledged = Vec::new();
        let note = format!("note of round {round}");
        for (args, mark) in [
            (
                &["declare", "--title", "Declared", "--impact", "low", "--urgency", "low"][..],
                "\"title\":\"Declared\"",
            ),
            (&["ack", "1"], "\"kind\":\"acknowledged\""),
            (&["note", "1", &note], note.as_str()),
        ] {
            let (run, happened) = run_with(&cli, fault, args);
            check(fault, args, &run, happened);
            happened_in += u64::from(happened);
            if run.code == 0 {
                acknowledged.push(mark);
            } else {
                failed += 1;
            }
        }
        for args in [["list"].as_slice(), &["doctor"], &["--read-only", "list"]] {
            let (run, happened) = run_with(&cli, fault, args);
            check(fault, &args[args.len() - 1..], &run, happened);
        }
        // The disk is well again.
        let export = cli.ok(["export"]);
        for mark in acknowledged {
            assert!(export.contains(mark), "{fault:?}: {mark} was acknowledged and is lost");
        }
        cli.ok(["doctor"]);
        cli.declare("After", "cdn");
        cli.ok(["note", "1", "after"]);
        cli.ok(["doctor"]);
    }
    println!("{happened_in} commands met a fault, {failed} failed");
}
