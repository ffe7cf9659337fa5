//! Files that can't be a store, links to files, and disks that take nothing.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::process::Stdio;

use rstest::rstest;

use crate::support::cli::{CliFixture, Run, json_lines, mode};
use crate::support::program;

#[rstest]
#[case(":memory:")]
#[case("file:x.db")]
#[case("file::memory:?cache=shared")]
#[case("FILE:/tmp/x.db?mode=memory")]
#[case("")]
fn path_special_to_sqlite_is_refused_and_leaves_no_file(#[case] path: &str) {
    let cli = CliFixture::new();
    for args in [
        ["list"].as_slice(),
        &["declare", "--title", "One", "--impact", "low", "--urgency", "low"],
        &["--read-only", "list"],
        &["doctor"],
        &["doctor", "--rebuild"],
        &["export"],
    ] {
        let run = cli.run([&["--store", path], args].concat());
        assert!(run.code == 4 || run.code == 2, "{args:?} {run:?}");
        assert_eq!(run.out, "", "{run:?}");
        run.assert_error(&[]);
    }
    let left: Vec<_> = fs::read_dir(cli.path(".")).unwrap().map(|e| e.unwrap().path()).collect();
    assert!(left.iter().all(|path| path.ends_with("home")), "{left:?}");
}

#[test]
fn file_of_such_a_name_is_a_store_if_its_folder_is_named() {
    let cli = CliFixture::new();
    for name in ["./:memory:", "./file:x.db", "./a?b#c%20d.db", "./ä 漢.db"] {
        cli.ok([
            "--store",
            name,
            "declare",
            "--title",
            "One",
            "--impact",
            "low",
            "--urgency",
            "low",
        ]);
        assert!(cli.path(name).metadata().unwrap().len() > 0, "{name}");
        assert_eq!(json_lines(&cli.ok(["--store", name, "list", "--json"])).len(), 1, "{name}");
    }
}

#[test]
fn store_with_two_names_is_read_and_not_written() {
    let cli = CliFixture::new();
    cli.declare("One", "cdn");
    fs::create_dir(cli.path("copy")).unwrap();
    let other = cli.path("copy/other.db");
    fs::hard_link(cli.store(), &other).unwrap();
    let other = other.to_str().unwrap();
    let before = fs::read(cli.store()).unwrap();
    for store in [other, "store.db"] {
        for args in [
            ["note", "1", "x"].as_slice(),
            &["ack", "1"],
            &["declare", "--title", "Two", "--impact", "low", "--urgency", "low"],
            &["doctor", "--rebuild"],
        ] {
            let run = cli.run([&["--store", store], args].concat());
            assert_ne!(run.code, 0, "{args:?} {run:?}");
            run.assert_error(&["has 2 names (hard links)"]);
        }
        let run = cli.pipe(["--store", store, "import"], cli.ok(["export"]).as_bytes());
        run.assert_error(&["has 2 names (hard links)"]);
        let list = cli.run(["--store", store, "list", "--json"]);
        assert_eq!(json_lines(&list.out).len(), 1);
        for run in [list, cli.run(["--store", store, "show", "1"])] {
            assert_eq!(run.code, 0, "{run:?}");
            assert!(run.err.contains("has 2 names (hard links)"), "{run:?}");
        }
        cli.ok(["--store", store, "doctor"]);
    }
    assert!(fs::read(cli.store()).unwrap() == before);
    fs::remove_file(other).unwrap();
    cli.ok(["note", "1", "x"]);
}

#[test]
fn store_of_a_newer_version_is_read_and_says_so() {
    let cli = CliFixture::new();
    cli.declare("One", "cdn");
    let later =
        "UPDATE meta SET value = 99 WHERE name = 'needed_to_write'; PRAGMA user_version = 99";
    rusqlite::Connection::open(cli.store()).unwrap().execute_batch(later).unwrap();
    for args in [["list"].as_slice(), &["list", "--json"], &["show", "1"], &["show", "1", "--json"]]
    {
        let run = cli.run(args);
        assert!(run.code == 0 && run.out.contains("One"), "{run:?}");
        let notice = "can only be read, because a newer redphone has written to it";
        assert_eq!(run.err.matches(notice).count(), 1, "{run:?}");
        assert_eq!(run.err.lines().count(), 1, "{run:?}");
        // A session that requests read-only mode gets no hint.
        cli.ok([&["--read-only"], args].concat());
    }
    cli.run(["ack", "1"]).refused(1, &["a newer redphone has written to it"]);
}

#[test]
fn link_to_a_store_still_to_come_is_followed() {
    let cli = CliFixture::new();
    fs::create_dir(cli.path("a")).unwrap();
    fs::create_dir(cli.path("b")).unwrap();
    symlink("../a/x.db", cli.path("b/y.db")).unwrap();
    cli.run(["--store", "b/y.db", "list"]).refused(3, &["b/y.db is a link", "a/x.db is missing"]);
    let declare = ["declare", "--title", "One", "--impact", "low", "--urgency", "low"];
    let output = cli.ok([&["--store", "b/y.db"], declare.as_slice()].concat());
    assert_eq!(output, "INC-1\n");
    assert!(cli.path("b/y.db").symlink_metadata().unwrap().is_symlink());
    assert!(cli.path("a/x.db").metadata().unwrap().is_file());
    assert_eq!(mode(&cli.path("a/x.db")), 0o600);
    assert_eq!(json_lines(&cli.ok(["--store", "a/x.db", "list", "--json"])).len(), 1);
    cli.ok(["--store", "b/y.db", "ack", "1"]);
    cli.ok(["--store", "b/y.db", "doctor"]);
    // A link into a folder that is missing, and a circle.
    symlink("../gone/x.db", cli.path("b/z.db")).unwrap();
    let run = cli.run([&["--store", "b/z.db"], declare.as_slice()].concat());
    run.refused(3, &["b/z.db is a link", "gone/x.db is missing"]);
    symlink("two.db", cli.path("one.db")).unwrap();
    symlink("one.db", cli.path("two.db")).unwrap();
    let run = cli.run([&["--store", "one.db"], declare.as_slice()].concat());
    run.refused(4, &["one.db"]);
}

#[test]
fn log_without_its_store_is_not_played_into_a_new_one() {
    let cli = CliFixture::new();
    cli.declare("One", "cdn");
    let owner = rusqlite::Connection::open(cli.store()).unwrap();
    owner.query_row("SELECT count(*) FROM incident", [], |row| row.get::<_, i64>(0)).unwrap();
    cli.declare("Two", "cdn");
    let log = fs::read(cli.path("store.db-wal")).unwrap();
    drop(owner);
    fs::rename(cli.store(), cli.path("elsewhere.db")).unwrap();
    fs::write(cli.path("store.db-wal"), &log).unwrap();
    let run = cli.run(["declare", "--title", "Three", "--impact", "low", "--urgency", "low"]);
    run.refused(4, &["store.db is not there", "store.db-wal"]);
    assert!(!cli.store().exists());
    assert!(fs::read(cli.path("store.db-wal")).unwrap() == log);
}

#[rstest]
#[case(0o640)]
#[case(0o664)]
#[case(0o400)]
fn export_onto_a_file_preserves_its_mode_and_group(#[case] bits: u32) {
    let cli = CliFixture::new();
    cli.declare("One", "cdn");
    let file = cli.path("backup.jsonl");
    fs::write(&file, "old").unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(bits)).unwrap();
    if rustix::process::geteuid().is_root() {
        chown(&file, Some(12_345), Some(54_321)).unwrap();
    }
    let access = || {
        let metadata = file.metadata().unwrap();
        (metadata.mode() & 0o777, metadata.uid(), metadata.gid())
    };
    let before = access();
    cli.run(["export", "backup.jsonl"]).refused(1, &["backup.jsonl exists", "--force"]);
    cli.ok(["export", "--force", "backup.jsonl"]);
    assert_eq!(access(), before);
    cli.ok(["doctor", "--force", "--salvage", "backup.jsonl"]);
    assert_eq!(access(), before);
}

#[test]
fn export_follows_a_link_to_a_file_still_to_come() {
    let cli = CliFixture::new();
    cli.declare("One", "cdn");
    fs::create_dir(cli.path("far")).unwrap();
    symlink("far/backup.jsonl", cli.path("link.jsonl")).unwrap();
    for _ in 0..2 {
        cli.ok(["export", "link.jsonl"]);
        assert!(cli.path("link.jsonl").symlink_metadata().unwrap().is_symlink());
        assert_eq!(mode(&cli.path("far/backup.jsonl")), 0o600);
    }
    // A link to a file next to the store that is missing now is one to the store itself.
    symlink("store.db-wal", cli.path("log.jsonl")).unwrap();
    cli.run(["export", "log.jsonl"]).refused(1, &["is the store itself"]);
}

/// Runs the program where no file can grow, as on a full disk.
fn without_room(cli: &CliFixture, args: &[&str]) -> Run {
    let mut shell = cli.program();
    let mut limited = std::process::Command::new("sh");
    limited.args(["-c", "trap '' XFSZ; ulimit -f 0; exec \"$@\"", "sh"]).arg(program());
    limited.args(args).env_clear().current_dir(cli.path(".")).stdin(Stdio::null());
    limited.env("PATH", std::env::var_os("PATH").unwrap_or_default());
    for (name, value) in shell.stdin(Stdio::null()).get_envs() {
        limited.env(name, value.unwrap_or_default());
    }
    Run::from(limited.output().unwrap())
}

fn titles(run: &Run) -> usize {
    assert_eq!((run.code, run.err.as_str()), (0, ""), "{run:?}");
    json_lines(&run.out).len()
}

#[test]
fn store_is_read_where_nothing_can_be_written() {
    let cli = CliFixture::new();
    cli.declare("One", "cdn");
    cli.declare("Two", "cdn");
    for args in [["list", "--json"].as_slice(), &["--read-only", "list", "--json"]] {
        assert_eq!(titles(&without_room(&cli, args)), 2);
    }
    assert_eq!(titles(&without_room(&cli, &["list", "two", "is:any", "--json"])), 1);
    for args in [["show", "2"].as_slice(), &["export"], &["doctor"], &["--read-only", "doctor"]] {
        let run = without_room(&cli, args);
        assert_eq!((run.code, run.err.as_str()), (0, ""), "{args:?} {run:?}");
    }
    for args in [
        ["declare", "--title", "Three", "--impact", "low", "--urgency", "low"].as_slice(),
        &["ack", "1"],
        &["note", "1", "x"],
    ] {
        let run = without_room(&cli, args);
        run.refused(4, &["store.db", "disk"]);
        assert!(!run.err.contains("code"), "{run:?}");
    }
    assert_eq!(titles(&cli.run(["list", "--json"])), 2);
    cli.ok(["ack", "1"]);
    cli.ok(["doctor"]);
}

#[test]
fn log_of_a_dead_process_is_read_where_nothing_can_be_written() {
    let cli = CliFixture::new();
    cli.declare("One", "cdn");
    cli.declare_before_crash("Two", "cdn");
    let log = fs::read(cli.path("store.db-wal")).unwrap();
    assert!(!log.is_empty());
    for args in [["list", "--json"].as_slice(), &["--read-only", "list", "--json"]] {
        assert_eq!(titles(&without_room(&cli, args)), 2, "with what is only in the log");
    }
    let run = without_room(&cli, &["doctor"]);
    assert_eq!((run.code, run.err.as_str()), (0, ""), "{run:?}");
    without_room(&cli, &["ack", "1"]).refused(4, &["store.db"]);
    assert_eq!(titles(&cli.run(["list", "--json"])), 2);
    cli.ok(["doctor"]);
}

#[test]
fn store_in_use_is_read_where_nothing_can_be_written() {
    let cli = CliFixture::new();
    cli.declare("One", "cdn");
    let owner = rusqlite::Connection::open(cli.store()).unwrap();
    owner.query_row("SELECT count(*) FROM incident", [], |row| row.get::<_, i64>(0)).unwrap();
    cli.declare("Two", "cdn");
    assert_eq!(titles(&without_room(&cli, &["list", "--json"])), 2);
    without_room(&cli, &["ack", "1"]).refused(4, &["store.db"]);
    drop(owner);
    cli.ok(["ack", "1"]);
}

#[test]
fn store_that_can_not_be_made_leaves_no_file() {
    let cli = CliFixture::new();
    let run =
        without_room(&cli, &["declare", "--title", "One", "--impact", "low", "--urgency", "low"]);
    run.refused(4, &["store.db", "disk"]);
    let left: Vec<_> = fs::read_dir(cli.path(".")).unwrap().map(|e| e.unwrap().path()).collect();
    assert!(left.iter().all(|path| path.ends_with("home")), "{left:?}");
}
