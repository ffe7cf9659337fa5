//! Lists for scripts: formats, columns, templates, their schemas, and watching.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use rstest::rstest;
use serde_json::Value;

use crate::support::cli::{CliFixture, json_lines};

fn with_two() -> CliFixture {
    let cli = CliFixture::with_company();
    cli.declare("Card payments fail, \"all\"", "checkout");
    cli.declare("Images | 404", "cdn");
    cli.ok(["assign", "2", "tom"]);
    cli
}

#[rstest]
#[case(&["--columns", "number,owner,title", "--format", "csv"],
       "number,owner,title\n1,,\"Card payments fail, \"\"all\"\"\"\n2,Tom Varga,Images | 404\n")]
#[case(&["--columns", "label,title", "--format", "markdown"],
       "| label | title |\n| --- | --- |\n| INC-1 | Card payments fail, \"all\" |\n\
        | INC-2 | Images \\| 404 |\n")]
#[case(&["--columns", "number", "--columns", "assignee.handle"],
       "NUMBER  ASSIGNEE.HANDLE\n1\n2       tom\n")]
#[case(&["--template", "{label}: {owner} {{{services}}}"],
       "INC-1:  {checkout}\nINC-2: Tom Varga {cdn}\n")]
#[case(&["--columns", "number,clock.target", "--format", "json"],
       "[{\"clock.target\":\"acknowledge\",\"number\":1}\n\
        ,{\"clock.target\":\"acknowledge\",\"number\":2}\n]\n")]
#[case(&["--columns", "number", "--json"], "{\"number\":1}\n{\"number\":2}\n")]
#[case(&["nothing", "--format", "json"], "[]\n")]
#[case(&["nothing", "--format", "csv", "--columns", "number,title"], "number,title\n")]
fn list_is_printed_in_each_format(#[case] args: &[&str], #[case] expected: &str) {
    let cli = with_two();
    let list = ["list", "--sort", "oldest"];
    assert_eq!(cli.ok(list.iter().chain(args)), expected);
}

#[rstest]
#[case(&["list", "--columns", "titel"], "there is no column \"titel\": did you mean title?")]
#[case(&["list", "--template", "{titel}"], "there is no column \"titel\"")]
#[case(&["list", "--template", "{title"], "the template has a brace")]
#[case(&["list", "--format", "template"], "--format template needs a text")]
#[case(&["list", "--format", "csv", "--template", "x"], "--template is for --format template")]
#[case(&["list", "--format", "csv", "--json"], "--json is a format too")]
#[case(&["list", "--format", "xml"], "possible values: table, json, jsonl, csv")]
#[case(&["list", "--watch", "--format", "json"], "--watch prints one line for each change")]
#[case(&["events", "--since", "1h", "--until", "2h"], "--since is not before --until")]
#[case(&["schema", "poem"], "possible values: list, events, notifications, show, similar, verb")]
fn wrong_columns_and_formats_are_named(#[case] args: &[&str], #[case] expected: &str) {
    with_two().run(args).refused(2, &[expected]);
}

#[test]
fn all_rows_are_printed_for_scripts() {
    let cli = CliFixture::new();
    let numbers: Vec<String> =
        (0..105).map(|index| cli.declare(&format!("Number {index}"), "cdn")).collect();
    let out = cli.ok(["list", "--template", "{label}"]);
    assert_eq!(out.lines().count(), numbers.len());
}

/// Checks JSON against the schema that the program itself prints.
fn assert_fits(cli: &CliFixture, of: &str, values: &[Value]) {
    let schema: Value = serde_json::from_str(&cli.ok(["schema", of])).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    assert!(!values.is_empty(), "{of}");
    for value in values {
        let errors: Vec<String> =
            validator.iter_errors(value).map(|error| format!("{error} at {error:?}")).collect();
        assert!(errors.is_empty(), "{of}: {}\n{value}", errors.join("\n"));
    }
}

#[test]
fn json_fits_the_schema_of_its_command() {
    let cli = with_two();
    cli.ok(["note", "1", "seen"]);
    cli.ok(["link", "1", "https://example.com"]);
    cli.ok(["role", "1", "scribe", "tom"]);
    cli.ok(["decision", "1", "fail over", "--reason", "writes are lost", "--yes"]);
    cli.ok(["resolve", "1", "--action", "rollback", "--detail", "d", "--validation", "v"]);
    cli.ok(["pause", "2", "vendor"]);
    assert_fits(&cli, "list", &json_lines(&cli.ok(["list", "is:any", "--json"])));
    assert_fits(&cli, "events", &json_lines(&cli.ok(["events", "--json"])));
    let shown: Value = serde_json::from_str(&cli.ok(["show", "1", "--json"])).unwrap();
    assert_fits(&cli, "show", &[shown]);
    let done = cli.run(["category", "2", "9", "security", "--json"]);
    assert_fits(&cli, "verb", &json_lines(&done.out));
}

#[test]
fn fields_of_a_line_are_the_columns_that_can_be_named() {
    let cli = with_two();
    let rows = json_lines(&cli.ok(["list", "--json"]));
    for name in rows[0].as_object().unwrap().keys() {
        cli.ok(["list", "--columns", name]);
    }
    let events = json_lines(&cli.ok(["events", "--json"]));
    for name in events[0].as_object().unwrap().keys() {
        cli.ok(["events", "--columns", name]);
    }
}

#[test]
fn line_has_due_times_owner_and_clock() {
    let cli = with_two();
    let rows = json_lines(&cli.ok(["list", "--json", "--sort", "oldest"]));
    let row = &rows[1];
    assert_eq!(
        (&row["label"], &row["owner"], &row["service"]),
        (&"INC-2".into(), &"Tom Varga".into(), &"cdn".into())
    );
    assert_eq!(row["clock"]["target"], "acknowledge");
    assert_eq!(row["clock"]["due"], row["acknowledge_due"]);
    assert_eq!(row["clock"]["past"], Value::Bool(false));
    assert!(row["resolve_due"].as_str().unwrap() > row["acknowledge_due"].as_str().unwrap());
    cli.ok(["resolve", "2", "--action", "rollback", "--detail", "d", "--validation", "v"]);
    let ended = json_lines(&cli.ok(["list", "status:resolved", "--json"]));
    assert_eq!((&ended[0]["clock"], &ended[0]["resolve_due"]), (&Value::Null, &Value::Null));
}

#[test]
fn events_are_selected_and_shown_with_show() {
    let cli = with_two();
    cli.ok(["note", "1", "seen"]);
    let out = cli.ok(["events", "1", "--template", "{number} {kind} {actor}: {text}"]);
    let lines: Vec<&str> = out.lines().collect();
    assert_eq!(lines.len(), 2, "{out}");
    assert!(lines[0].starts_with("1 declared Ines Moreau: "), "{out}");
    assert_eq!(lines[1], "1 note_added Ines Moreau: seen");
    cli.ok(["note", "1", "two\nlines"]);
    let table = cli.ok(["events", "1", "--columns", "kind,text"]);
    assert!(table.lines().any(|line| line == "note_added  two lines"), "{table}");
    let assigned = cli.ok(["events", "--kind", "assigned", "--template", "{incident.number}"]);
    assert_eq!(assigned, "2\n");
    assert_eq!(cli.ok(["show", "2", "--template", "{label} {owner}"]), "INC-2 Tom Varga\n");
    let page = cli.ok(["show", "2", "--format", "markdown"]);
    assert!(page.starts_with("# INC-2: Images \\| 404\n"), "{page}");
    assert!(page.contains("**Assigned**, Ines Moreau: to Tom Varga"), "{page}");
}

/// Starts a command that runs until it is stopped, and returns it with its lines.
fn watch(cli: &CliFixture, args: &[&str]) -> (std::process::Child, impl FnMut() -> Value) {
    let mut child = cli.program().args(args).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    (child, move || serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap())
}

#[test]
fn watched_list_prints_a_line_for_each_change() {
    let cli = CliFixture::with_company();
    cli.declare("One", "cdn");
    let (mut child, mut next) = watch(&cli, &["list", "status:triggered", "--watch", "--json"]);
    let line = next();
    assert_eq!((&line["change"], &line["number"]), (&"listed".into(), &1.into()));
    cli.declare("Two", "cdn");
    let line = next();
    assert_eq!((&line["change"], &line["number"]), (&"added".into(), &2.into()));
    cli.ok(["assign", "1", "tom"]);
    let line = next();
    assert_eq!((&line["change"], &line["owner"]), (&"changed".into(), &"Tom Varga".into()));
    cli.ok(["ack", "1"]);
    let line = next();
    assert_eq!((&line["change"], &line["status"]), (&"removed".into(), &"acknowledged".into()));
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn watched_incident_prints_its_row_after_each_change() {
    let cli = CliFixture::with_company();
    cli.declare("One", "cdn");
    let (mut child, mut next) = watch(&cli, &["show", "1", "--watch", "--json"]);
    assert_eq!(next()["status"], "triggered");
    cli.ok(["ack", "1"]);
    let line = next();
    assert_eq!((&line["change"], &line["status"]), (&"changed".into(), &"acknowledged".into()));
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn watched_events_come_once_each() {
    let cli = CliFixture::with_company();
    cli.declare("One", "cdn");
    let (mut child, mut next) = watch(&cli, &["events", "--since", "1h", "--watch", "--json"]);
    assert_eq!(next()["kind"], "declared");
    cli.ok(["ack", "1"]);
    assert_eq!(next()["kind"], "acknowledged");
    cli.ok(["note", "1", "seen"]);
    let line = next();
    assert_eq!((&line["kind"], &line["text"]), (&"note_added".into(), &"seen".into()));
    child.kill().unwrap();
    child.wait().unwrap();
}
