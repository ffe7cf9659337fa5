//! Commands whose outcome can't be printed report on standard error what they have done.

use std::fs::OpenOptions;
use std::process::Stdio;

use rstest::rstest;

use crate::support::cli::{CliFixture, Run};

/// Runs a command whose standard output is a full disk.
fn into_full(cli: &CliFixture, args: &[&str]) -> Run {
    let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
    let mut program = cli.program();
    program.args(args).stdout(Stdio::from(full)).stderr(Stdio::piped());
    Run::from(program.spawn().unwrap().wait_with_output().unwrap())
}

/// Runs a command whose standard output nobody reads.
fn into_closed(cli: &CliFixture, args: &[&str]) -> Run {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut program = cli.program();
    program.args(args).stdout(Stdio::from(writer)).stderr(Stdio::piped());
    Run::from(program.spawn().unwrap().wait_with_output().unwrap())
}

const DECLARE: [&str; 7] = ["declare", "--title", "T", "--impact", "low", "--urgency", "low"];

#[rstest]
#[case::plain(&[])]
#[case::json(&["--json"])]
fn declaration_that_can_not_be_printed_is_reported(#[case] json: &[&str]) {
    let cli = CliFixture::with_company();
    let run = into_full(&cli, &[&DECLARE, json].concat());
    assert_eq!(run.code, 1, "{run:?}");
    run.assert_error(&["INC-1 is declared; but standard output can't be written: No space left"]);
    let run = into_closed(&cli, &[&DECLARE, json].concat());
    assert_eq!(run.code, 1, "{run:?}");
    run.assert_error(&["INC-2 is declared"]);
    let run = into_full(&cli, &[&DECLARE, json, &["--owner", "tom"]].concat());
    run.assert_error(&["INC-3 is declared"]);
    assert!(cli.ok(["show", "3"]).contains("Tom Varga"));
}

#[rstest]
#[case::plain(&[])]
#[case::json(&["--json"])]
fn change_that_can_not_be_printed_is_reported(#[case] json: &[&str]) {
    let cli = CliFixture::new();
    cli.declare("One", "cdn");
    cli.declare("Two", "cdn");
    let run = into_full(&cli, &[&["ack", "1", "9", "2"], json].concat());
    assert_eq!(run.code, 3, "{run:?}");
    assert!(run.err.contains("INC-9"), "{run:?}");
    assert!(run.err.contains("INC-1 acknowledged; INC-2 acknowledged; but"), "{run:?}");
    assert_eq!(run.err.lines().count(), 2, "{run:?}");
    into_full(&cli, &[&["note", "1", "x"], json].concat()).assert_error(&["INC-1 noted; but"]);
    let resolve = ["resolve", "1", "--action", "rollback", "--detail", "d", "--validation", "v"];
    into_full(&cli, &[&resolve, json].concat()).assert_error(&["INC-1 resolved; but"]);
    // A failed command changed nothing.
    let run = into_full(&cli, &[&["note", "9", "x"], json].concat());
    assert!(run.err.contains("there is no INC-9") && !run.err.contains("; but"), "{run:?}");
}

#[test]
fn files_that_were_written_are_reported() {
    let cli = CliFixture::new();
    cli.declare("One", "cdn");
    for (args, expected) in [
        (["export", "backup.jsonl"].as_slice(), "written to"),
        (&["doctor", "--salvage", "saved.jsonl"], "saved to"),
        (&["doctor", "--rebuild"], "store.db is rebuilt; but"),
        (&["import", "backup.jsonl", "--store", "new.db"], "1 incident and 1 event imported; but"),
        (&["man", "--out", "pages"], "pages written to"),
        (&["--config", "settings.toml", "config", "init"], "settings.toml has all settings"),
        (&["demo", "--incidents", "20", "--keep", "d.db", "--seed-only"], "20 incidents made"),
    ] {
        let run = into_full(&cli, args);
        assert_eq!(run.code, 1, "{args:?} {run:?}");
        run.assert_error(&[expected, "standard output can't be written"]);
    }
    for file in ["backup.jsonl", "saved.jsonl", "new.db", "settings.toml", "d.db"] {
        assert!(cli.path(file).metadata().unwrap().len() > 0, "{file}");
    }
}

#[rstest]
#[case::plain(&[])]
#[case::json(&["--json"])]
fn token_whose_secret_can_not_be_printed_is_revoked(#[case] json: &[&str]) {
    let cli = CliFixture::new();
    cli.declare("One", "cdn");
    let create = [&["token", "create", "--name", "pager", "--scope", "respond"], json].concat();
    for run in [into_full(&cli, &create), into_closed(&cli, &create)] {
        assert_eq!((run.code, run.out.as_str()), (1, ""), "{run:?}");
        run.assert_error(&["the secret of token \"pager\"", "was revoked: create another"]);
    }
    let list = cli.ok(["token", "list"]);
    assert_eq!(list.matches("revoked").count(), 2, "{list}");
    assert_eq!(cli.run(create).code, 0);
    into_full(&cli, &[&["token", "revoke", "pager"], json].concat())
        .assert_error(&["pager revoked; but"]);
}

#[test]
fn command_that_only_reads_says_what_failed() {
    let cli = CliFixture::new();
    cli.declare("One", "cdn");
    for args in [["list"].as_slice(), &["show", "1"], &["export"], &["doctor"]] {
        let run = into_full(&cli, args);
        assert_eq!(run.code, 1, "{run:?}");
        run.assert_error(&["can't write to standard output: No space left on device"]);
    }
}
