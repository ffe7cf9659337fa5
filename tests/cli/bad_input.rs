//! Invalid input is refused with a sentence that names it, and no data is lost.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;

use rstest::rstest;

use crate::support::cli::{CliFixture, Run, json_lines};

fn declare(cli: &CliFixture, more: &[&str]) -> Run {
    let args = ["declare", "--impact", "low", "--urgency", "low"];
    cli.run(args.iter().chain(more))
}

#[rstest]
#[case(&["frobnicate"], "unrecognized subcommand 'frobnicate'")]
#[case(&["list", "--sort", "loudest"], "possible values: urgent, newest, oldest")]
#[case(&["list", "--limit", "0"], "'--limit <N>'")]
#[case(&["show", "abc"], "write it as INC-2041 or 2041")]
#[case(&["show", "-5"], "redphone show --help")]
#[case(&["ack"], "<NUMBER|ID>")]
#[case(&["declare", "--title", "x"], "--impact <LEVEL>")]
#[case(&["declare", "--title", "x", "--impact", "huge", "--urgency", "low"], "'huge'")]
#[case(&["completions", "tcsh"], "'tcsh'")]
#[case(&["demo", "--speed", "fast"], "from 0 to 1000")]
#[case(&["demo", "--seed-only"], "--keep <FILE>")]
#[case(&["list", "p1", "colour:red"], "\"colour:red\", character 4: colour: is not a filter term")]
#[case(&["wall", "--view", "p1 colour:red"], "colour: is not a filter term")]
#[case(&["wall", "--rotate", "1s"], "give a time from 5s to 1d")]
#[case(&["wall"], "need a terminal")]
#[case(&["demo", "--wall", "--seed-only", "--keep", "x.db"], "cannot be used with")]
#[case(&["list", "age>soon"], "is not a duration")]
#[case(&["list", "status:broken"], "is not a status")]
#[case(&["declare", "--title", "x", "--impact", "low", "--urgency", "low", "--detected-at", "noon"],
       "write it as 2026-03-01T22:37:00Z")]
#[case(&["list", "a\u{1b}[31m:b"], "a␛[31m:")]
fn a_wrong_command_line_ends_with_2(#[case] args: &[&str], #[case] expected: &str) {
    let cli = CliFixture::new();
    cli.run(args).refused(2, &[expected]);
    assert!(!cli.store().exists());
}

#[test]
fn wrong_filter_is_underlined() {
    let run = CliFixture::new().run(["list", "p1", "statsu:open"]);
    assert!(run.err.ends_with("\n  p1 statsu:open\n     ^^^^^^^^^^^\n"), "{run:?}");
}

#[rstest]
#[case("REDPHONE_LOG", "loud")]
#[case("REDPHONE_ASCII", "perhaps")]
#[case("REDPHONE_USER", "two\nlines")]
fn a_wrong_setting_is_named_with_its_source(#[case] name: &str, #[case] value: &str) {
    let cli = CliFixture::new();
    let run = Run::from(cli.program().arg("list").env(name, value).output().unwrap());
    run.refused(2, &[name]);
}

#[rstest]
#[case::long(&["--title", &"x".repeat(10_000)], "title: has 10000 characters")]
#[case::line_break(&["--title", "a\nb"], "title: has a line break")]
#[case::empty(&["--title", "  "], "title: is empty")]
#[case::before_1970(&["--title", "x", "--detected-at", "1969-12-31T23:59:59Z"], "detected_at: 1969")]
#[case::after_2100(&["--title", "x", "--reported-at", "2101-01-01T00:00:00Z",
                     "--detected-at", "now"], "reported_at: 2101")]
#[case::too_long_ago(&["--title", "x", "--detected-at", "99y"], "")]
#[case::future(&["--title", "x", "--reported-at", "2099-01-01T00:00:00Z",
                 "--detected-at", "now"], "lies in the future")]
#[case::order(&["--title", "x", "--reported-at", "10m", "--detected-at", "5m"],
              "detected_at: lies after reported_at")]
#[case::service(&["--title", "x", "--service", "a", "--service", "a"], "is there twice")]
#[case::owner(&["--title", "x", "--owner", ""], "owner: is empty")]
fn impossible_record_is_refused(#[case] more: &[&str], #[case] expected: &str) {
    let cli = CliFixture::new();
    let run = declare(&cli, more);
    run.refused(if expected.is_empty() { 2 } else { 1 }, &[expected]);
    cli.declare("The store still works", "cdn");
    assert_eq!(json_lines(&cli.ok(["list", "--json"])).len(), 1);
}

#[rstest]
#[case::escape("\u{1b}[2J\u{1b}]0;owned\u{7}", "␛[2J␛]0;owned␇")]
#[case::c1("\u{9b}31mred", "\u{fffd}31mred")]
#[case::right_to_left("\u{202e}evitcejbo", "\u{fffd}evitcejbo")]
#[case::zero_width("zero\u{200b}width", "zerowidth")]
#[case::wide("漢字🚒", "漢字🚒")]
#[case::tab("a\tb", "a␉b")]
fn title_is_stored_as_typed_and_printed_safely(#[case] title: &str, #[case] shown: &str) {
    let cli = CliFixture::new();
    assert_eq!(cli.declare(title, "cdn"), "INC-1");
    let table = cli.ok(["list"]);
    assert!(table.contains(shown), "{table:?}");
    assert!(table.chars().all(|c| c == '\n' || !c.is_control()), "{table:?}");
    let page = cli.ok(["show", "1"]);
    assert!(page.starts_with(&format!("INC-1  {shown}\n")), "{page:?}");
    assert!(page.chars().all(|c| c == '\n' || !c.is_control()), "{page:?}");
    let json = cli.ok(["list", "--json"]);
    assert!(json.chars().all(|c| c == '\n' || !c.is_control()), "{json:?}");
    assert_eq!(json_lines(&json)[0]["title"], title);
}

#[test]
fn reading_does_not_create_a_missing_store() {
    let cli = CliFixture::new();
    for args in [["list"].as_slice(), &["show", "1"], &["ack", "1"], &["export"], &["doctor"]] {
        cli.run(args).refused(3, &["store.db"]);
        assert!(!cli.store().exists(), "{args:?}");
    }
}

#[rstest]
fn file_that_is_no_store_is_refused_and_unchanged(
    #[values("folder", "text", "empty-name")] what: &str,
    #[values("list", "ack", "declare", "doctor")] command: &str,
) {
    let cli = CliFixture::new();
    let store = cli.store();
    match what {
        "folder" => fs::create_dir(&store).unwrap(),
        "text" => fs::write(&store, "These are my notes, not a database.\n".repeat(200)).unwrap(),
        _ => {}
    }
    let more: &[&str] = match command {
        "ack" => &["1"],
        "declare" => &["--title", "x", "--impact", "low", "--urgency", "low"],
        _ => &[],
    };
    if what == "empty-name" {
        let run = cli.run([command].iter().chain(more).chain(&["--store", ""]));
        return run.refused(2, &["--store"]);
    }
    let run = cli.run([command].iter().chain(more));
    assert!(matches!(run.code, 1 | 4), "{run:?}");
    run.refused(run.code, &["store.db"]);
    if what == "text" {
        let content = fs::read_to_string(&store).unwrap();
        assert!(content.starts_with("These are my notes"));
    }
}

#[test]
fn read_only_store_is_reported_and_unchanged() {
    // Root can write any file.
    if rustix::process::geteuid().is_root() {
        return;
    }
    let cli = CliFixture::new();
    cli.declare("One", "cdn");
    fs::set_permissions(cli.store(), fs::Permissions::from_mode(0o400)).unwrap();
    let run = cli.run(["ack", "1"]);
    assert!(matches!(run.code, 1 | 4), "{run:?}");
    run.refused(run.code, &["store.db"]);
}

#[test]
fn store_locked_by_another_process_is_reported_after_a_wait() {
    let cli = CliFixture::new();
    cli.declare("One", "cdn");
    let other = rusqlite::Connection::open(cli.store()).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let since = std::time::Instant::now();
    cli.run(["ack", "1"]).refused(4, &["store.db"]);
    assert!(since.elapsed() >= std::time::Duration::from_secs(2));
    assert_eq!(json_lines(&cli.ok(["list", "--json"])).len(), 1, "reading goes on");
    other.execute_batch("ROLLBACK").unwrap();
    cli.ok(["ack", "1"]);
}

#[rstest]
#[case(&["note", "1"], "", "is empty")]
#[case(&["note", "1", " "], "", "is empty")]
#[case(&["resolve", "1", "--action", "other", "--detail", "", "--validation", "x"], "", "is empty")]
fn blank_text_is_refused(#[case] args: &[&str], #[case] input: &str, #[case] expected: &str) {
    let cli = CliFixture::new();
    cli.declare("One", "cdn");
    cli.pipe(args, input.as_bytes()).refused(1, &[expected]);
}

#[test]
fn too_long_or_non_text_note_is_refused() {
    let cli = CliFixture::new();
    cli.declare("One", "cdn");
    let run = cli.pipe(["note", "1", "-"], "x".repeat(70 * 1024).as_bytes());
    run.refused(1, &["has 70 KiB: shorten it to 64 KiB"]);
    let run = cli.pipe(["note", "1", "-"], b"abc\xff");
    run.refused(1, &["not UTF-8 text from byte 3 on"]);
}

#[test]
fn full_disk_at_standard_output_is_reported() {
    let cli = CliFixture::new();
    cli.declare("One", "cdn");
    for args in [["list"].as_slice(), &["export"], &["show", "1", "--json"], &["man"]] {
        let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let output = cli.program().args(args).stdout(Stdio::from(full)).output().unwrap();
        let run = Run::from(output);
        run.refused(1, &["can't write to standard output: No space left on device"]);
    }
}

#[test]
fn panes_without_a_terminal_create_no_store() {
    let cli = CliFixture::new();
    cli.run([] as [&str; 0]).refused(2, &["the panes need a terminal"]);
    cli.run(["demo", "--keep", "store.db"]).refused(2, &["the panes need a terminal"]);
    assert!(!cli.store().exists());
}

#[test]
fn signal_during_import_leaves_nothing_half_done() {
    use rustix::process::{Pid, Signal, kill_process};

    use crate::support::wait::until_blocking;

    let cli = CliFixture::new();
    // Far more incidents than are created before the signal arrives.
    let args = ["demo", "--incidents", "5000000", "--keep", "demo.db", "--seed-only"];
    let child =
        cli.program().args(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    until_blocking("a store is made", || cli.path("demo.db").exists());
    let pid = Pid::from_child(&child);
    kill_process(pid, Signal::TERM).unwrap();
    let run = Run::from(child.wait_with_output().unwrap());
    run.refused(1, &["stopped by a signal"]);
    let run = cli.run(["list", "is:any", "--store", "demo.db"]);
    assert_eq!((run.code, run.out.as_str()), (0, ""), "{run:?}");
}

#[test]
fn arguments_that_are_not_utf8_are_refused() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    let cli = CliFixture::new();
    cli.run([OsStr::new("list"), OsStr::from_bytes(b"caf\xe9")]).refused(2, &["UTF-8"]);
}

#[rstest]
#[case(&["ack", "1"])]
#[case(&["note", "1", "look"])]
#[case(&["declare", "--title", "x", "--impact", "low", "--urgency", "low"])]
#[case(&["resolve", "1", "--action", "other", "--detail", "x", "--validation", "x"])]
fn read_only_flag_changes_no_file(#[case] args: &[&str]) {
    let cli = CliFixture::new();
    cli.declare("One", "cdn");
    let before = cli.ok(["export"]);
    let run = cli.run(args.iter().copied().chain(["--read-only"]));
    run.refused(1, &["store.db", "read-only"]);
    assert_eq!(cli.ok(["export"]), before);
    assert_eq!(json_lines(&cli.ok(["list", "--json", "--read-only"])).len(), 1);
    cli.run(["doctor", "--rebuild", "--read-only"]).refused(2, &["--rebuild"]);
}
