//! One incident from the release that caused it to the month's report, in the real program.

use std::io::Write;
use std::process::{Command, Stdio};

use chrono::{DateTime, TimeDelta, Utc};
use redphone::model::review::Section;
use serde_json::{Value, json};

use super::store::Store;
use crate::support::program;

const ENTER: &str = "\r";
const SEND: &str = "\x13";

/// Runs a command with standard input, and returns its output.
fn pipe(store: &Store, arguments: &[&str], input: &str) -> String {
    let mut child = Command::new(program())
        .arg("--store")
        .arg(store.file())
        .args(arguments)
        .env("REDPHONE_USER", "ines")
        .env("XDG_STATE_HOME", store.folder.path())
        .env("XDG_CONFIG_HOME", store.folder.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("it runs");
    child.stdin.take().expect("a pipe").write_all(input.as_bytes()).expect("it reads");
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).expect("text")
}

/// Returns what Alertmanager sends about errors of the checkout since a time.
fn errors(since: DateTime<Utc>, ended: Option<DateTime<Utc>>) -> String {
    let status = if ended.is_some() { "resolved" } else { "firing" };
    let ends_at = ended.map_or_else(|| "0001-01-01T00:00:00Z".to_owned(), |at| at.to_rfc3339());
    json!({
        "version": "4", "groupKey": "{}:{alertname=\"Errors\"}", "truncatedAlerts": 0,
        "status": status, "receiver": "redphone", "groupLabels": {"alertname": "Errors"},
        "alerts": [{
            "status": status,
            "labels": {"alertname": "Errors", "service": "checkout", "severity": "critical"},
            "annotations": {"summary": "Checkout answers with errors"},
            "startsAt": since.to_rfc3339(), "endsAt": ends_at, "fingerprint": "f1",
        }],
    })
    .to_string()
}

/// A company with one service, whose P2s must be stable for a quarter of an hour.
fn company() -> Store {
    let store = Store::empty();
    let settings = store.folder.path().join("redphone");
    std::fs::create_dir_all(&settings).expect("a folder");
    std::fs::write(settings.join("config.toml"), "[stability]\np2 = \"15m\"\n").expect("settings");
    let lines = [
        json!({"header": {"format": "redphone", "version": 1}}),
        json!({"directory": {
            "people": [{"handle": "ines", "name": "Ines Moreau"}],
            "teams": [{"name": "payments", "members": ["ines"]}],
            "services": [{"name": "checkout", "team": "payments"}],
        }}),
    ];
    let file = store.folder.path().join("company.jsonl");
    let text = lines.map(|line| line.to_string() + "\n").concat();
    std::fs::write(&file, text).expect("a file");
    let imported = store.run(&["import", file.to_str().expect("a name")]);
    assert!(imported.status.success(), "{imported:?}");
    store
}

/// Returns the kinds of the events of the incident, in order.
fn kinds(shown: &Value) -> Vec<&str> {
    let events = shown["timeline"].as_array().expect("a timeline");
    events.iter().filter_map(|event| event["kind"].as_str()).collect()
}

#[test]
fn incident_goes_from_a_release_to_the_report() {
    let store = company();
    // The release was 20 minutes ago, and its errors began 10 minutes later.
    let release = ["change", "start", "checkout v812", "--service", "checkout", "--at", "20m"];
    let change = pipe(&store, &release, "");
    let since = Utc::now() - TimeDelta::minutes(10);
    let declared = pipe(&store, &["ingest", "alertmanager"], &errors(since, None));
    assert!(declared.starts_with("INC-1 declared"), "{declared}");

    let mut terminal = store.open(126, 36);
    let press = |terminal: &mut crate::support::terminal::Terminal, steps: &[(&str, &str)]| {
        for (text, keys) in steps {
            terminal.wait_for_text(text);
            terminal.press(keys);
        }
    };
    terminal.wait_for_text("Checkout answers");
    terminal.wait_for_text("Reported");
    press(
        &mut terminal,
        &[
            // Categorized, and the release is found among the suspects.
            ("Checkout answers", "c"),
            ("Category of INC-1", "p"),
            ("checkout v812", "\t\t\t"),
            ("▸ [ ] caused", " "),
            ("[x] caused", SEND),
            ("INC-1 categorized", "p"),
            ("Priority of INC-1", "l"),
            ("high × medium", ENTER),
            ("INC-1 P2", "o"),
            ("INC-1 owned by you", "a"),
            ("INC-1 acknowledged", "t"),
            ("Move INC-1", "i"),
        ],
    );
    terminal.wait_for_text("INC-1 investigating");

    // It is rolled back, and monitoring reports that the errors have ended.
    let end = store.run(&["change", "end", change.trim(), "--rolled-back"]);
    assert!(end.status.success(), "{end:?}");
    let ended = errors(since, Some(Utc::now()));
    let moved = pipe(&store, &["ingest", "alertmanager"], &ended);
    assert!(moved.starts_with("INC-1 "), "{moved}");
    terminal.wait_for_text("P2 · monitoring");

    let early =
        ["resolve", "1", "--action", "rollback", "--detail", "v811", "--validation", "seen"];
    let refused = store.run(&early);
    assert!(!refused.status.success(), "{refused:?}");
    let refused = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(refused.contains("of 15m: wait, or give a reason"), "{refused}");

    press(
        &mut terminal,
        &[
            ("P2 · monitoring", "r"),
            ("Not stable yet", "\tback to v811"),
            ("back to v811", "\terrors at 0"),
            ("errors at 0", "\tthe gateway says the same"),
            ("says the same", SEND),
            ("INC-1 resolved", "g1"),
            ("Go to INC-1", ENTER),
            ("errors at 0", "C"),
            ("Close INC-1", " \t \t \t \t "),
            ("[x] follow", SEND),
            ("INC-1 closed", "V"),
        ],
    );
    terminal.wait_for_text("Review of INC-1");
    terminal.wait_for("it is stored", |screen| !screen.contents().contains("pending"));
    terminal.press("\x1b");
    terminal.wait_for("the menu ends", |screen| !screen.contents().contains("Review of INC-1"));
    terminal.press("\x03");
    assert!(terminal.wait_for_end().success());

    for section in Section::ALL {
        let written = store.run(&["review", "1", section.as_str(), "It is written."]);
        assert!(written.status.success(), "{written:?}");
    }
    let published = store.run(&["publish", "1", "--yes"]);
    assert!(published.status.success(), "{published:?}");

    let shown = store.shown("1");
    check_kinds(&shown);
    let events = shown["timeline"].as_array().expect("a timeline");
    let resolved = events.iter().find(|event| event["kind"] == "resolved").expect("it is resolved");
    assert_eq!(resolved["because"], "the gateway says the same");
    assert_eq!(resolved["stability"]["required_s"], 900);
    let linked = events.iter().find(|event| event["kind"] == "linked").expect("a link");
    assert_eq!(linked["link"]["change"]["title"], "checkout v812");
    assert_eq!(
        shown["linked_changes"][0]["state"].as_str().or(suspect(&shown)),
        Some("rolled_back")
    );

    check_report(&store);
}

/// Checks that the timeline has the events of the whole way, in order.
fn check_kinds(shown: &Value) {
    let kinds = kinds(shown);
    let mut found = kinds.iter();
    for kind in [
        "declared",
        "categorized",
        "linked",
        "prioritized",
        "assigned",
        "acknowledged",
        "status_moved",
        "status_moved",
        "resolved",
        "item_answered",
        "closed",
        "review_written",
        "review_published",
    ] {
        assert!(found.any(|other| *other == kind), "no {kind} in {kinds:?}");
    }
}

/// Checks the incident in the report of the month.
fn check_report(store: &Store) {
    let report = store.run(&["report", "--window", "30d", "--format", "json"]);
    assert!(report.status.success(), "{report:?}");
    let report: Value = serde_json::from_slice(&report.stdout).expect("JSON");
    let now = &report["now"];
    assert_eq!((&now["volume"], &now["resolved"]), (&json!([0, 1, 0, 0]), &json!(1)));
    assert_eq!((&now["mtta"]["count"], &now["mttr"]["count"]), (&json!(1), &json!(1)));
    let practice = &now["practice"];
    assert_eq!((&practice["reviews_owed"], &practice["reviews_published"]), (&json!(1), &json!(1)));
}

/// Returns the state of the suspected change.
fn suspect(shown: &Value) -> Option<&str> {
    shown["suspects"][0]["change"]["state"].as_str()
}
