//! The disk fails while a store is being made: there is a complete store then or none, and the next
//! attempt makes it.

use super::injected::{Fault, check, faults, has_strace, program_output};
use super::is_possible;
use crate::support::cli::{CliFixture, Run, json_lines};
use crate::support::program;
use crate::support::sample::{Sample, seed};

/// The system calls that make files and write them. `write` is left out: it prints.
const CALLS: &str = "pwrite64,pwritev,fsync,fdatasync,ftruncate,fallocate,link,linkat,rename,renameat,\
    renameat2,mkdir,mkdirat";
/// No command makes more calls.
const MAX_CALLS: u64 = 60;

const DECLARE: [&str; 7] = ["declare", "--title", "New", "--impact", "low", "--urgency", "low"];
const DEMO: [&str; 6] = ["demo", "--incidents", "20", "--seed-only", "--keep", "store.db"];

fn run_with(cli: &CliFixture, fault: Fault, args: &[&str]) -> (Run, bool) {
    let mut strace = fault.strace(cli, CALLS, &[]);
    let run = program_output(strace.arg(program()).args(args).output().unwrap());
    (run, Fault::happened(cli))
}

#[test]
fn store_is_made_completely_or_not_at_all() {
    if !is_possible("strace", has_strace()) {
        return;
    }
    println!("seed {}", seed());
    let export = CliFixture::new();
    export.declare("Imported", "cdn");
    export.ok(["export", "export.jsonl"]);
    let (mut happened_in, mut failed) = (0, 0);
    let rounds = Sample::new("REDPHONE_FAULT_RUNS", 4).rounds(3);
    for (round, fault) in rounds.zip(faults(MAX_CALLS)) {
        let cli = CliFixture::new();
        std::fs::copy(export.path("export.jsonl"), cli.path("export.jsonl")).unwrap();
        let (args, incidents) = match round % 3 {
            0 => (DECLARE.as_slice(), 1),
            1 => (DEMO.as_slice(), 20),
            _ => (["import", "export.jsonl"].as_slice(), 1),
        };
        let (run, happened) = run_with(&cli, fault, args);
        check(fault, args, &run, happened);
        happened_in += u64::from(happened);
        let count = |store: &str| {
            let list = ["list", "is:any", "--all", "--json", "--store", store];
            json_lines(&cli.ok(list)).len()
        };
        if cli.store().exists() {
            let found = count("store.db");
            assert!(found == incidents || found == 0, "{fault:?} {args:?}: {found} incidents");
            assert!(run.code != 0 || found == incidents, "{fault:?} {args:?}: it was acknowledged");
            cli.ok(["doctor"]);
        } else {
            assert_ne!(run.code, 0, "{fault:?} {args:?}: it was acknowledged");
        }
        failed += u64::from(run.code != 0);
        let left: Vec<String> = std::fs::read_dir(cli.path(""))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| name.contains("new") || name.starts_with(".tmp"))
            .collect();
        assert!(left.is_empty(), "{fault:?} {args:?}: {left:?} was left");
        // The disk is well again.
        let before = if cli.store().exists() { count("store.db") } else { 0 };
        let again = cli.run(args);
        assert_eq!(again.code, 0, "{fault:?} {args:?}: {again:?}");
        let expected = if round % 3 == 0 { before + 1 } else { incidents };
        assert_eq!(count("store.db"), expected, "{fault:?} {args:?}");
        cli.ok(["doctor"]);
    }
    println!("{happened_in} commands met a fault, {failed} failed");
}
