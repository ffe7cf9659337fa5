//! Export and import are complete or have no effect.

use std::fs;
use std::io::Read;
use std::process::Stdio;

use rstest::rstest;
use serde_json::Value;

use crate::support::cli::{CliFixture, mode};

/// Creates a store with records of all kinds, and returns its export too.
fn exported() -> (CliFixture, String) {
    let cli = CliFixture::with_company();
    cli.declare("Card payments fail \u{202e}\u{1b}[2J漢字🚒", "checkout");
    cli.declare("Images answer 404", "cdn");
    cli.ok(["ack", "1", "2"]);
    cli.ok(["note", "1", "line one\nline two \u{9b}31m"]);
    cli.ok([
        "resolve",
        "1",
        "--action",
        "rollback",
        "--detail",
        "v811",
        "--validation",
        "test orders",
    ]);
    let text = cli.ok(["export"]);
    (cli, text)
}

#[test]
fn an_export_imported_and_exported_again_is_the_same_bytes() {
    let (cli, text) = exported();
    let run = cli.pipe(["import", "--store", "copy.db"], text.as_bytes());
    assert_eq!((run.code, run.err.as_str()), (0, ""), "{run:?}");
    assert!(run.out.starts_with("2 incidents and "), "{run:?}");
    assert_eq!(cli.ok(["export", "--store", "copy.db"]), text);
    assert_eq!(
        cli.ok(["list", "is:any", "--json"]),
        cli.ok(["list", "is:any", "--json", "--store", "copy.db"])
    );
    assert_eq!(cli.ok(["show", "1"]), cli.ok(["show", "1", "--store", "copy.db"]));
    cli.ok(["doctor", "--store", "copy.db"]);
}

#[test]
fn export_has_no_terminal_control_characters() {
    let (_, text) = exported();
    assert!(text.chars().all(|c| c == '\n' || (!c.is_control() && c != '\u{202e}')));
    assert!(text.starts_with("{\"header\":{\"format\":\"redphone\",\"version\":1}}\n"));
}

#[test]
fn the_same_import_twice_changes_nothing() {
    let (cli, text) = exported();
    let events = text.lines().filter(|line| line.starts_with("{\"event\"")).count();
    let run = cli.pipe(["import", "--json"], text.as_bytes());
    assert_eq!(run.code, 0, "{run:?}");
    let report: Value = serde_json::from_str(&run.out).unwrap();
    assert_eq!(report["known"], events);
    assert_eq!(report["events"], 0);
    assert_eq!(cli.ok(["export"]), text);
}

#[test]
fn export_file_is_written_atomically_and_privately() {
    let (cli, text) = exported();
    fs::write(cli.path("backup.jsonl"), "old").unwrap();
    let output = cli.ok(["export", "backup.jsonl"]);
    assert!(
        output.ends_with("lines written to backup.jsonl\n") || output.contains("/backup.jsonl\n")
    );
    assert_eq!(fs::read_to_string(cli.path("backup.jsonl")).unwrap(), text);
    assert_eq!(mode(&cli.path("backup.jsonl")), 0o600);
    let left: Vec<_> = fs::read_dir(cli.path("."))
        .unwrap()
        .filter_map(|e| e.unwrap().file_name().into_string().ok())
        .filter(|name| name.contains("tmp"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

#[rstest]
#[case("store.db", "is the store itself")]
#[case("home", "is a folder")]
#[case("no/such/folder.jsonl", "No such file or directory")]
fn unwritable_export_path_is_refused(#[case] target: &str, #[case] expected: &str) {
    let (cli, _) = exported();
    fs::create_dir_all(cli.path("home")).unwrap();
    cli.run(["export", target]).refused(1, &[expected]);
    cli.ok(["doctor"]);
}

/// Changes a line of an export, which is named by its 1-based number.
fn with_line(text: &str, number: usize, change: impl Fn(&str) -> String) -> String {
    let lines = text.lines().zip(1..).map(
        |(line, n)| {
            if n == number { change(line) } else { line.to_owned() }
        },
    );
    lines.collect::<Vec<_>>().join("\n") + "\n"
}

/// The line of the second incident's declaration.
fn second_declaration(text: &str) -> usize {
    text.lines().position(|line| line.contains("Images answer 404")).unwrap() + 1
}

#[rstest]
#[case::too_long("Images answer 404", "x".repeat(250), "title: has 250 characters: shorten it to 200")]
#[case::line_break("Images answer 404", "a\\nb".to_owned(), "title: has a line break")]
#[case::empty("Images answer 404", " ".to_owned(), "title: is empty")]
#[case::no_text("\"Images answer 404\"", "5".to_owned(), "title: invalid type: integer `5`")]
#[case::level("\"impact\":\"high\"", "\"impact\":\"huge\"".to_owned(), "impact: unknown variant `huge`")]
#[case::record("{\"event\"", "{\"incident\"".to_owned(), "incident: is a kind of record not known")]
#[case::kind("\"declared\"", "\"exploded\"".to_owned(), "kind: \"exploded\" is an event not known")]
#[case::no_json("{\"event\":{", "{\"event\":{,".to_owned(), "column 11: is not JSON")]
#[case::torn("}}", String::new(), "is cut off: it ends in the middle of a record")]
fn a_wrong_line_is_named_with_its_field_and_nothing_is_imported(
    #[case] from: &str,
    #[case] to: String,
    #[case] expected: &str,
) {
    let (cli, text) = exported();
    let number = second_declaration(&text);
    let wrong = with_line(&text, number, |line| line.replace(from, &to));
    assert_ne!(wrong, text);
    let run = cli.pipe(["import", "-", "--store", "new.db"], wrong.as_bytes());
    run.refused(1, &[&format!("line {number}: {expected}"), "nothing was imported"]);
    let run = cli.run(["list", "is:any", "--store", "new.db"]);
    assert_eq!(run.out, "", "{run:?}");
    // Without it, the other events of that incident have no declaration.
    let run = cli.pipe(["import", "--skip-bad", "--store", "new.db", "--json"], wrong.as_bytes());
    assert_eq!(run.code, 0, "{run:?}");
    let report: Value = serde_json::from_str(&run.out).unwrap();
    assert_eq!(report["incidents"], 1, "{run:?}");
    assert!(report["skipped"].as_u64().unwrap() >= 1, "{run:?}");
    assert!(run.err.contains(&format!("left out line {number}: {expected}")), "{run:?}");
    cli.ok(["doctor", "--store", "new.db"]);
}

#[rstest]
#[case("1969-12-31T23:59:59Z")]
#[case("2101-01-01T00:00:00Z")]
fn a_time_out_of_range_is_named(#[case] time: &str) {
    let (cli, text) = exported();
    let number = second_declaration(&text);
    let wrong = with_line(&text, number, |line| {
        let mut value: Value = serde_json::from_str(line).unwrap();
        value["event"]["reported_at"] = time.into();
        value["event"]["detected_at"] = time.into();
        value.to_string()
    });
    let run = cli.pipe(["import", "--store", "new.db"], wrong.as_bytes());
    run.refused(1, &[&format!("line {number}: detected_at: "), "is outside 1970 to 2100"]);
}

#[test]
fn truncated_last_line_is_named_as_such() {
    let (cli, text) = exported();
    let torn = &text[..text.len() - 40];
    let last = torn.lines().count();
    let run = cli.pipe(["import", "--store", "new.db"], torn.as_bytes());
    run.refused(1, &[&format!("line {last}: is cut off: the input ends in the middle of it")]);
    let run = cli.pipe(["import", "--skip-bad", "--store", "new.db"], torn.as_bytes());
    assert_eq!(run.code, 0, "{run:?}");
    assert!(run.out.ends_with(", 1 line left out\n"), "{run:?}");
}

#[test]
fn import_accepts_crlf_blank_lines_bom_and_no_header() {
    let (cli, text) = exported();
    let body = text.split_once('\n').unwrap().1.replace('\n', "\r\n\r\n");
    let run = cli.pipe(["import", "--store", "new.db"], format!("\u{feff}{body}").as_bytes());
    assert_eq!((run.code, run.err.as_str()), (0, ""), "{run:?}");
    assert_eq!(cli.ok(["export", "--store", "new.db"]), text);
}

#[test]
fn a_newer_version_is_refused_even_with_skip_bad() {
    let (cli, text) = exported();
    let newer = text.replace("\"version\":1", "\"version\":2");
    let run = cli.pipe(["import", "--skip-bad", "--store", "new.db"], newer.as_bytes());
    run.refused(1, &["line 1: version: is 2, and 1 is the newest known here: update redphone"]);
}

#[test]
fn at_most_twenty_reasons_are_printed() {
    let cli = CliFixture::new();
    let input = "{\"what\":1}\n".repeat(33);
    let run = cli.pipe(["import", "--skip-bad"], input.as_bytes());
    assert_eq!((run.code, run.err.lines().count()), (0, 21), "{run:?}");
    assert!(run.err.contains("left out line 20: "), "{run:?}");
    assert!(run.err.ends_with("left out 13 more lines\n"), "{run:?}");
}

#[rstest]
#[case("gone.jsonl", 3, "No such file or directory")]
#[case("home", 1, "is a folder")]
fn a_file_that_can_not_be_read_is_named(
    #[case] file: &str,
    #[case] code: i32,
    #[case] expected: &str,
) {
    let cli = CliFixture::new();
    fs::create_dir_all(cli.path("home")).unwrap();
    cli.run(["import", file]).refused(code, &[file, expected]);
    assert!(!cli.store().exists());
}

#[test]
fn closed_pipe_ends_the_export_quietly() {
    let (cli, _) = exported();
    // More than the buffer of a pipe can hold.
    let note = "line of a note\n".repeat(4000);
    for _ in 0..3 {
        assert_eq!(cli.pipe(["note", "2", "-"], note.as_bytes()).code, 0);
    }
    for args in [["list", "--all"].as_slice(), &["export"], &["show", "2"], &["man"]] {
        let mut child =
            cli.program().args(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let mut stderr = String::new();
        child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
        child.wait().unwrap();
        assert_eq!(stderr, "", "{args:?}");
    }
}

#[test]
fn demo_company_survives_export_and_import_unchanged() {
    let cli = CliFixture::new();
    cli.ok(["demo", "--incidents", "400", "--keep", "demo.db", "--seed-only"]);
    cli.ok(["export", "one.jsonl", "--store", "demo.db"]);
    cli.ok(["import", "one.jsonl", "--store", "copy.db"]);
    cli.ok(["export", "two.jsonl", "--store", "copy.db"]);
    let read = |name: &str| fs::read(cli.path(name)).unwrap();
    assert!(read("one.jsonl") == read("two.jsonl"));
    let list = |store: &str| {
        cli.ok(["list", "is:any", "--all", "--sort", "oldest", "--json", "--store", store])
    };
    assert!(list("demo.db") == list("copy.db"));
}
