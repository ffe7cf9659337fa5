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
    assert!(text.starts_with("{\"header\":{\"format\":\"redphone\",\"version\":2,"));
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
    let output = cli.ok(["export", "backup.jsonl", "--force"]);
    assert!(
        output.ends_with("lines written to backup.jsonl\n") || output.contains("/backup.jsonl\n")
    );
    assert_eq!(fs::read_to_string(cli.path("backup.jsonl")).unwrap(), text);
    cli.ok(["export", "new.jsonl"]);
    assert_eq!(mode(&cli.path("new.jsonl")), 0o600);
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

#[test]
fn export_does_not_wait_for_a_named_pipe() {
    let (cli, _) = exported();
    let made = std::process::Command::new("mkfifo").arg(cli.path("pipe")).status().unwrap();
    assert!(made.success());
    for target in ["pipe", "/dev/null"] {
        cli.run(["export", target]).refused(1, &["is no file", "with -"]);
    }
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
#[case::kind("\"declared\"", "\"exploded\"".to_owned(), "kind: is not a declaration")]
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
    assert!(!cli.path("new.db").exists(), "a refused import leaves no store");
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
fn import_accepts_crlf_blank_lines_and_bom() {
    let (cli, text) = exported();
    let body = text.replace('\n', "\r\n\r\n");
    let run = cli.pipe(["import", "--store", "new.db"], format!("\u{feff}{body}").as_bytes());
    assert_eq!((run.code, run.err.as_str()), (0, ""), "{run:?}");
    assert_eq!(cli.ok(["export", "--store", "new.db"]), text);
}

#[test]
fn a_newer_version_is_refused_even_with_skip_bad() {
    let (cli, text) = exported();
    let newer = text.replace("\"needed_to_read\":2", "\"needed_to_read\":3");
    let run = cli.pipe(["import", "--skip-bad", "--store", "new.db"], newer.as_bytes());
    run.refused(1, &["line 1: version: is 3, and 2 is the newest known here: update redphone"]);
}

#[test]
fn at_most_twenty_reasons_are_printed() {
    let cli = CliFixture::new();
    let header = "{\"header\":{\"format\":\"redphone\",\"version\":1}}\n";
    let input = header.to_owned() + &"{\"what\":1}\n".repeat(33);
    let run = cli.pipe(["import", "--skip-bad"], input.as_bytes());
    assert_eq!((run.code, run.err.lines().count()), (0, 21), "{run:?}");
    assert!(run.err.contains("left out line 21: "), "{run:?}");
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

/// An export of a version that does not end with a count.
fn without_count(text: &str) -> String {
    let lines: Vec<_> = text.lines().collect();
    lines[..lines.len() - 1].join("\n").replace("\"version\":2", "\"version\":1") + "\n"
}

#[test]
fn export_of_an_earlier_version_needs_no_count() {
    let (cli, text) = exported();
    let run = cli.pipe(["import", "--store", "new.db"], without_count(&text).as_bytes());
    assert_eq!((run.code, run.err.as_str()), (0, ""), "{run:?}");
    assert_eq!(cli.ok(["export", "--store", "new.db"]), text);
}

#[rstest]
#[case::nothing(|_: &str| String::new(), "there is no record in it")]
#[case::blank(|_: &str| "\n \n\n".to_owned(), "there is no record in it")]
#[case::no_header(|text: &str| text.split_once('\n').unwrap().1.to_owned(), "line 1: is not the header")]
#[case::old_no_header(
    |text: &str| without_count(text).split_once('\n').unwrap().1.to_owned(),
    "line 1: is not the header"
)]
#[case::only_the_end(|text: &str| text.lines().last().unwrap().to_owned(), "line 1: is not the header")]
fn input_that_does_not_begin_as_an_export_is_refused(
    #[case] change: fn(&str) -> String,
    #[case] expected: &str,
) {
    let (cli, text) = exported();
    for args in [["import", "-"].as_slice(), &["import", "-", "--skip-bad"]] {
        let args = [args, &["--store", "new.db"]].concat();
        cli.pipe(args, change(&text).as_bytes()).refused(1, &[expected, "nothing was imported"]);
        assert!(!cli.path("new.db").exists());
    }
    let left: Vec<_> = fs::read_dir(cli.path("."))
        .unwrap()
        .filter_map(|e| e.unwrap().file_name().into_string().ok())
        .filter(|name| name.contains("new"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn export_cut_between_two_lines_is_refused_at_each_line() {
    let (cli, text) = exported();
    let lines: Vec<&str> = text.lines().collect();
    for count in 1..lines.len() {
        let cut = lines[..count].join("\n") + "\n";
        let run = cli.pipe(["import", "--store", "new.db"], cut.as_bytes());
        run.refused(1, &[&format!("line {}: is missing", count + 1), "cut off after"]);
        assert!(!cli.path("new.db").exists());
    }
    // With a line missing in the middle, the count is wrong.
    let holed = [&lines[..1], &lines[2..]].concat().join("\n") + "\n";
    let run = cli.pipe(["import", "--store", "new.db"], holed.as_bytes());
    run.refused(1, &["end: counts ", "some are missing"]);
    let run = cli.pipe(["import", "--skip-bad", "--store", "new.db"], holed.as_bytes());
    assert_eq!(run.code, 0, "{run:?}");
    assert!(run.err.contains("left out line"), "{run:?}");
}

#[test]
fn two_exports_in_one_input_are_imported() {
    let (cli, text) = exported();
    let other = CliFixture::new();
    other.declare("Elsewhere", "cdn");
    let both = text.clone() + &other.ok(["export"]);
    let run = cli.pipe(["import", "--renumber", "--store", "new.db"], both.as_bytes());
    assert_eq!((run.code, run.err.as_str()), (0, ""), "{run:?}");
    assert!(run.out.contains("3 incidents"), "{run:?}");
    assert!(run.out.ends_with("numbered INC-1 to INC-3\n"), "{run:?}");
}

#[test]
fn refused_import_into_a_store_leaves_it_as_it_was() {
    let (_, text) = exported();
    let cut: String = text.split_inclusive('\n').take(3).collect();
    let other = CliFixture::new();
    other.declare("Mine", "cdn");
    let before = other.ok(["export"]);
    assert_eq!(other.pipe(["import"], cut.as_bytes()).code, 1);
    assert_eq!(other.ok(["export"]), before);
}

#[test]
fn incidents_of_another_store_are_imported_under_new_numbers() {
    let other = CliFixture::new();
    for title in ["Theirs one", "Theirs two", "Theirs three"] {
        other.declare(title, "cdn");
    }
    let ids: Vec<Value> = (1..=3)
        .map(|number| {
            let shown = other.ok(["show", &number.to_string(), "--json"]);
            serde_json::from_str::<Value>(&shown).unwrap()["incident"]["id"].clone()
        })
        .collect();
    // The command line has no command for a merge.
    let mut lines: Vec<Value> =
        other.ok(["export"]).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    // The last declaration: no event is dated before the events that it builds on.
    let template = lines[3]["event"].clone();
    assert_eq!(template["incident"], ids[2]);
    let event = |id: &str, incident: &Value, body: Value| {
        let mut event = serde_json::json!({
            "id": id, "command": id, "incident": incident, "seq": 2, "at": template["at"],
            "recorded_at": template["recorded_at"], "actor": template["actor"],
        });
        event.as_object_mut().unwrap().extend(body.as_object().unwrap().clone());
        serde_json::json!({"event": event})
    };
    let end = lines.len() - 1;
    lines[end]["end"]["records"] = (end + 1).into();
    lines.insert(
        end,
        event(
            "01890000-0000-7000-8000-000000000001",
            &ids[0],
            serde_json::json!({"kind": "merged_into", "into": ids[1], "number": 2}),
        ),
    );
    lines.insert(end + 1, event(
        "01890000-0000-7000-8000-000000000002",
        &ids[2],
        serde_json::json!({"kind": "linked", "link": {"incident": {"id": ids[1], "number": 2}}}),
    ));
    let theirs = joined(&lines);

    let cli = CliFixture::new();
    cli.declare("Mine one", "cdn");
    cli.declare("Mine two", "cdn");
    let run = cli.pipe(["import"], theirs.as_bytes());
    run.refused(1, &["number: INC-1 is another incident's already", "--renumber"]);
    let run = cli.pipe(["import", "--renumber", "--json"], theirs.as_bytes());
    assert_eq!((run.code, run.err.as_str()), (0, ""), "{run:?}");
    let report: Value = serde_json::from_str(&run.out).unwrap();
    assert_eq!((&report["incidents"], &report["new_numbers"]), (&3.into(), &[3, 5].into()));
    let shown = cli.ok(["show", "3"]);
    assert!(shown.contains("Theirs one") && shown.contains("into INC-4"), "{shown}");
    assert!(!shown.contains("into INC-2"), "{shown}");
    let shown = cli.ok(["show", "5"]);
    assert!(shown.contains("Theirs three") && shown.contains("INC-4"), "{shown}");
    assert!(cli.ok(["show", "1"]).contains("Mine one"));
    cli.ok(["doctor"]);
    // A second time they are there already.
    let run = cli.pipe(["import", "--renumber", "--json"], theirs.as_bytes());
    let report: Value = serde_json::from_str(&run.out).unwrap();
    assert_eq!((&report["incidents"], &report["known"]), (&0.into(), &5.into()), "{run:?}");
}

#[test]
fn folded_incidents_name_each_other_by_new_numbers() {
    let other = CliFixture::new();
    other.declare("Cause", "cdn");
    other.declare("Consequence", "cdn");
    other.ok(["fold", "2", "1"]);
    let theirs = other.ok(["export"]);
    let cli = CliFixture::new();
    cli.declare("Mine one", "cdn");
    cli.declare("Mine two", "cdn");
    let run = cli.pipe(["import", "--renumber"], theirs.as_bytes());
    assert_eq!(run.code, 0, "{run:?}");
    let lines = |number: &str, word: &str| -> String {
        cli.ok(["show", number]).lines().filter(|line| line.contains(word)).collect()
    };
    let folded = lines("4", "Folded");
    assert!(folded.contains("under INC-3") && !folded.contains("INC-1"), "{folded}");
    let link = lines("3", "follows from it");
    assert!(link.contains("INC-4 follows from it") && !link.contains("INC-2"), "{link}");
}

/// An earlier version renamed the link, but neither the folded incident nor the reason.
#[rstest]
#[case::of_an_earlier_version("INC-2 follows from it, and is folded under it", true)]
#[case::with_another_reason("INC-2 is a reason of another kind", false)]
fn folded_incidents_are_imported_under_new_numbers_again(
    #[case] because: &str,
    #[case] is_present: bool,
) {
    let other = CliFixture::new();
    other.declare("Cause", "cdn");
    other.declare("Consequence", "cdn");
    other.ok(["fold", "2", "1"]);
    let theirs = other.ok(["export"]);
    let renumbered = CliFixture::new();
    renumbered.declare("Mine one", "cdn");
    renumbered.declare("Mine two", "cdn");
    let import = ["import", "--renumber", "--json"];
    assert_eq!(renumbered.pipe(import, theirs.as_bytes()).code, 0);
    let (mut folded, mut linked) = (0, 0);
    let earlier = with_events(&renumbered.ok(["export"]), |event| {
        if event["kind"] == "folded" {
            assert_eq!(event["number"], 3);
            event["number"] = 1.into();
        } else if event["kind"] == "linked" {
            assert_eq!(event["because"], "INC-4 follows from it, and is folded under it");
            event["because"] = because.into();
        }
    });
    for line in earlier.lines() {
        folded += u32::from(line.contains("\"kind\":\"folded\""));
        linked += u32::from(line.contains("\"kind\":\"linked\""));
    }
    assert_eq!((folded, linked), (1, 1));

    let cli = CliFixture::new();
    assert_eq!(cli.pipe(["import"], earlier.as_bytes()).code, 0);
    let run = cli.pipe(import, theirs.as_bytes());
    if is_present {
        let report: Value = serde_json::from_str(&run.out).unwrap();
        assert_eq!((&report["incidents"], &report["known"]), (&0.into(), &4.into()), "{run:?}");
    } else {
        run.refused(1, &["seq: is 2"]);
    }
}

/// Changes the events of an export of two incidents, of which the first is resolved.
fn with_events(text: &str, change: impl Fn(&mut Value)) -> String {
    let mut lines: Vec<Value> =
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    lines.iter_mut().filter(|line| line["event"].is_object()).for_each(|l| change(&mut l["event"]));
    joined(&lines)
}

#[rstest]
#[case::priority(
    |event: &mut Value| if event["kind"] == "declared" { event["priority"] = "P4".into() },
    "2 with a priority against the matrix and no reason",
    "event 1 of INC-1 is with a priority"
)]
#[case::reopened(
    |event: &mut Value| if event["kind"] == "acknowledged" {
        event["kind"] = "reopened".into();
        event["reason"] = "back".into();
    },
    "2 reopened while open",
    "of INC-2 is reopened while open"
)]
#[case::merged(
    |event: &mut Value| if event["kind"] == "resolved" {
        event["kind"] = "merged_into".into();
        event["into"] = event["incident"].clone();
    },
    "1 merged into itself",
    "of INC-1 is merged into itself"
)]
#[case::acknowledged(
    |event: &mut Value| if event["kind"] == "note_added" { event["kind"] = "acknowledged".into() },
    "1 acknowledged a second time",
    "of INC-1 is acknowledged a second time"
)]
#[case::early(
    |event: &mut Value| if event["kind"] == "acknowledged" {
        event["at"] = "2020-01-01T00:00:00Z".into();
    },
    "2 dated before what it builds on",
    ""
)]
fn odd_events_are_imported_with_a_warning_and_named_by_doctor(
    #[case] change: fn(&mut Value),
    #[case] warning: &str,
    #[case] oddity: &str,
) {
    let (cli, text) = exported();
    let odd = with_events(&text, change);
    let run = cli.pipe(["import", "--store", "new.db"], odd.as_bytes());
    assert_eq!(run.code, 0, "{run:?}");
    run.assert_error(&["imported that no command allows", warning, "redphone doctor"]);
    let doctor = cli.run(["doctor", "--store", "new.db"]);
    assert_eq!(doctor.code, 0, "it is no fault of the store: {doctor:?}");
    assert!(doctor.out.contains(oddity), "{doctor:?}");
    assert_eq!(doctor.out.contains("odd: "), !oddity.is_empty(), "a time is corrected: {doctor:?}");
    let report: Value =
        serde_json::from_str(&cli.ok(["doctor", "--store", "new.db", "--json"])).unwrap();
    assert_eq!((&report["content"], &report["findings"]), (&true.into(), &Value::Array(vec![])));
}

#[test]
fn what_commands_led_to_is_nothing_odd() {
    let cli = CliFixture::new();
    cli.ok(["demo", "--incidents", "600", "--keep", "demo.db", "--seed-only"]);
    cli.ok(["export", "one.jsonl", "--store", "demo.db"]);
    let report: Value = serde_json::from_str(&cli.ok(["import", "one.jsonl", "--json"])).unwrap();
    assert!(report["odd"].is_null(), "{report}");
    assert!(!cli.ok(["doctor"]).contains("odd: "));
}

/// Writes records as the lines of an export.
fn joined(records: &[Value]) -> String {
    records.iter().fold(String::new(), |text, record| text + &record.to_string() + "\n")
}
