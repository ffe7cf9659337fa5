//! A store that belongs to another user and can only be read.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::process::Command;

use crate::support::cli::{CliFixture, Run, json_lines};

/// The id of the account `nobody`.
const NOBODY: u32 = 65_534;

fn set_mode(cli: &CliFixture, name: &str, mode: u32) {
    let path = cli.path(name);
    if path.exists() {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }
}

/// Runs the program as a user who can read the store and the files next to it, and can write
/// nothing.
fn as_reader(cli: &CliFixture, args: &[&str]) -> Run {
    let files = ["store.db", "store.db-wal", "store.db-shm"];
    let mut program = cli.program();
    let root = rustix::process::geteuid().is_root();
    let (folder, file) = if root { (0o755, 0o644) } else { (0o555, 0o444) };
    if root {
        // File modes do not restrict root, so another account runs a copy of the program that it
        // can reach.
        let copy = cli.path("redphone");
        if !copy.exists() {
            // Copied by another process: a program whose file this one has open for writing, which a
            // child that starts meanwhile inherits, can't be run.
            let copied = Command::new("cp").arg(crate::support::program()).arg(&copy).status();
            assert!(copied.unwrap().success());
        }
        let env: Vec<_> =
            program.get_envs().map(|(k, v)| (k.to_owned(), v.map(ToOwned::to_owned))).collect();
        program = Command::new(copy);
        program.env_clear().current_dir("/").uid(NOBODY).gid(NOBODY);
        for (key, value) in env {
            if let Some(value) = value {
                program.env(key, value);
            }
        }
    }
    for name in files {
        set_mode(cli, name, file);
    }
    set_mode(cli, "", folder);
    let run = Run::from(program.args(args).output().unwrap());
    set_mode(cli, "", 0o755);
    for name in files {
        set_mode(cli, name, 0o644);
    }
    run
}

fn titles(run: &Run) -> Vec<String> {
    assert_eq!((run.code, run.err.as_str()), (0, ""), "{run:?}");
    let title = |row: &serde_json::Value| row["title"].as_str().unwrap().to_owned();
    json_lines(&run.out).iter().map(title).collect()
}

const LIST: [&str; 5] = ["list", "--json", "--sort", "oldest", "--read-only"];

#[test]
fn reading_a_closed_store_creates_no_sidecar_files() {
    let cli = CliFixture::new();
    cli.declare("One", "cdn");
    assert_eq!(titles(&as_reader(&cli, &LIST)), ["One"]);
    assert!(!cli.path("store.db-wal").exists());
    assert!(!cli.path("store.db-shm").exists());
    cli.declare("Two", "cdn");
    assert_eq!(titles(&as_reader(&cli, &LIST)), ["One", "Two"]);
    let shown = as_reader(&cli, &["show", "2", "--read-only"]);
    assert!(shown.out.contains("Two"), "{shown:?}");
    let found = as_reader(&cli, &["list", "Two", "is:any", "--read-only"]);
    assert!(found.out.contains("Two"), "{found:?}");
}

#[test]
fn store_is_read_while_its_owner_writes() {
    let cli = CliFixture::new();
    cli.declare("One", "cdn");
    let owner = rusqlite::Connection::open(cli.store()).unwrap();
    let count = |sql: &str| owner.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
    assert_eq!(count("SELECT count(*) FROM incident"), 1);
    // While the owner has the store open, new records are only in the write-ahead log.
    cli.declare("Two", "cdn");
    assert!(cli.path("store.db-wal").metadata().unwrap().len() > 0);
    assert_eq!(titles(&as_reader(&cli, &LIST)), ["One", "Two"]);
    drop(owner);
}

#[test]
fn unreadable_leftover_wal_is_reported() {
    let cli = CliFixture::new();
    cli.declare("One", "cdn");
    cli.declare_before_crash("Two", "cdn");
    as_reader(&cli, &LIST).refused(4, &["store.db", "let its owner open it once"]);
    assert_eq!(titles(&cli.run(LIST)), ["One", "Two"], "its owner reads on");
}

#[test]
fn error_without_the_flag_names_the_read_only_flag() {
    let cli = CliFixture::new();
    cli.declare("One", "cdn");
    as_reader(&cli, &["list"]).refused(4, &["store.db", "--read-only"]);
    as_reader(&cli, &["ack", "1", "--read-only"]);
    assert!(cli.ok(["show", "1", "--json"]).contains("triggered"));
}
