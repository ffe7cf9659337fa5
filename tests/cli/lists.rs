//! The events of all incidents, on the command line.

use std::collections::BTreeMap;

use rstest::rstest;
use serde_json::{Value, json};

use crate::support::cli::{CliFixture, json_lines};

fn kinds(lines: &[Value]) -> Vec<&str> {
    lines.iter().filter_map(|line| line["event"]["kind"].as_str()).collect()
}

/// A store with two incidents and some notes.
fn filled() -> CliFixture {
    let cli = CliFixture::new();
    cli.declare("Card payments fail", "checkout");
    cli.declare("Logins time out", "auth");
    cli.ok(["ack", "1"]);
    cli.ok(["note", "2", "the pool is full"]);
    cli
}

/// A store with 51 changes, 51 changes of the directory, and 101 problems.
fn long_lists() -> CliFixture {
    let cli = CliFixture::new();
    let (at, by) = ("2026-03-01T10:00:00Z", json!({"person": {"handle": "ines", "name": "Ines"}}));
    let id = |kind: u8, index: usize| format!("019cb000-0000-7000-800{kind}-{index:012}");
    let change = |index| {
        json!({"change": {
            "id": id(0, index), "kind": "deploy", "title": "v1", "services": ["checkout"],
            "by": by, "starts_at": at, "ends_at": at, "state": "done",
        }})
    };
    let administration = |index| {
        json!({"administration": {
            "id": id(1, index), "at": at, "actor": by,
            "change": {"put_person": {"handle": "ines", "name": format!("Ines {index}")}},
        }})
    };
    let problem = |index| {
        json!({"problem": {
            "id": id(2, index), "title": "Pool", "state": "open", "services": ["checkout"],
            "cause": "", "workaround": "", "opened_at": at,
        }})
    };
    let mut lines = vec![json!({"header": {"format": "redphone", "version": 1}})];
    lines.extend((0..51).map(change));
    lines.extend((0..51).map(administration));
    lines.extend((0..101).map(problem));
    let lines: Vec<String> = lines.iter().map(ToString::to_string).collect();
    let text = lines.join("\n");
    let run = cli.pipe(["import", "-"], text.as_bytes());
    assert_eq!(run.code, 0, "{run:?}");
    cli
}

#[rstest]
#[case(&["change", "list"], "50 changes shown")]
#[case(&["change", "list", "--calendar"], "50 changes shown")]
#[case(&["change", "list", "--json"], "50 changes shown")]
#[case(&["audit"], "50 changes shown")]
#[case(&["problem", "list"], "100 problems shown")]
fn list_says_that_it_is_not_complete(#[case] args: &[&str], #[case] expected: &str) {
    let cli = long_lists();
    let run = cli.run(args);
    let hint = format!("redphone: {expected}; more with --limit N\n");
    assert_eq!((run.code, run.err.as_str()), (0, hint.as_str()), "{run:?}");
    // A limit that was chosen is expected, and the rest fits into the last one.
    for limit in ["2", "101"] {
        let run = cli.run([args, &["--limit", limit]].concat());
        assert_eq!((run.code, run.err.as_str()), (0, ""), "{run:?}");
    }
}

#[test]
fn feed_begins_where_the_viewer_was_last() {
    let cli = filled();
    let first = cli.run(["feed"]);
    let count = first.out.lines().count();
    assert!(first.code == 0 && count >= 4, "{first:?}");
    assert!(first.out.lines().next().unwrap().contains("the pool is full"), "{first:?}");
    assert!(first.err.contains(&format!("{count} events since 20")), "{first:?}");
    cli.ok(["note", "1", "it is the bank"]);
    let next = cli.run(["feed"]);
    assert_eq!(next.out.lines().count(), 1, "{next:?}");
    assert!(next.out.contains("it is the bank"), "{next:?}");
    assert!(next.err.contains("since you were last here, "), "{next:?}");
    // Another person was never here.
    let other = cli.run(["--user", "bo", "feed"]);
    assert_eq!(other.out.lines().count(), count + 1, "{other:?}");
}

#[test]
fn visit_by_a_clock_that_was_ahead_hides_no_event() {
    let cli = filled();
    cli.run(["feed"]);
    let file = cli.path("home/.local/state/redphone/last-seen.json");
    let read = || std::fs::read_to_string(&file).unwrap();
    let seen: BTreeMap<String, String> = serde_json::from_str(&read()).unwrap();
    let ahead = seen.keys().map(|viewer| (viewer.clone(), "2100-01-01T00:00:00Z".to_owned()));
    let ahead: BTreeMap<String, String> = ahead.collect();
    assert_eq!(ahead.len(), 1);
    std::fs::write(&file, serde_json::to_vec(&ahead).unwrap()).unwrap();
    cli.ok(["note", "1", "it is the bank"]);
    let next = cli.run(["feed"]);
    assert!(next.out.contains("it is the bank"), "{next:?}");
    assert!(!next.err.contains("last here"), "{next:?}");
    assert!(!read().contains("2100-01-01"), "{}", read());
}

#[rstest]
#[case(&["--json"])]
#[case(&["--since", "1h"])]
#[case(&["--kind", "note_added"])]
#[case(&["--limit", "1"])]
fn partial_feed_does_not_count_as_a_visit(#[case] args: &[&str]) {
    let cli = filled();
    for _ in 0..2 {
        let run = cli.run(["feed"].iter().chain(args));
        assert_eq!(run.code, 0, "{run:?}");
        assert!(!run.out.is_empty() && !run.err.contains("last here"), "{run:?}");
    }
}

#[test]
fn feed_is_filtered_and_ordered() {
    let cli = filled();
    let lines = |args: &[&str]| {
        let all = ["feed", "--json"].iter().chain(args);
        json_lines(&cli.ok(all)).into_iter().collect::<Vec<Value>>()
    };
    let oldest = lines(&["--oldest"]);
    assert_eq!(kinds(&oldest)[0], "declared");
    let mut newest = lines(&[]);
    newest.reverse();
    assert_eq!(newest, oldest);
    assert_eq!(kinds(&lines(&["--kind", "note_added"])), ["note_added"]);
    assert_eq!(lines(&["--kind", "note_added"])[0]["incident"]["title"], "Logins time out");
    assert_eq!(lines(&["--person", "me"]).len(), oldest.len());
    assert_eq!(lines(&["--person", "nobody"]).len(), 0);
    assert_eq!(lines(&["--team", "nobody"]).len(), 0);
    assert_eq!(lines(&["--until", "1h"]).len(), 0);
    assert_eq!(lines(&["--limit", "2", "--oldest"]), oldest[..2]);
}

#[rstest]
#[case(&["--kind", "note"], &["note_added"])]
#[case(&["--since", "yesterdy"], &["--since", "10m for ten minutes ago"])]
#[case(&["--since", "1h", "--until", "2h"], &["--since is not before --until"])]
#[case(&["--limit", "0"], &["--limit"])]
fn wrong_arguments_of_feed_are_named(#[case] args: &[&str], #[case] expected: &[&str]) {
    filled().run(["feed"].iter().chain(args)).refused(2, expected);
}

/// A store whose directory has schedules: payments with a gap, platform without anybody.
fn with_schedules() -> CliFixture {
    let cli = CliFixture::new();
    let header = serde_json::json!({"header": {"format": "redphone", "version": 1}});
    let directory = serde_json::json!({"directory": {
        "people": [
            {"handle": "ines", "name": "Ines Moreau"}, {"handle": "tom", "name": "Tom Varga"},
        ],
        "teams": [
            {"name": "payments", "members": ["ines", "tom"]}, {"name": "platform", "members": []},
        ],
        "services": [{"name": "checkout", "team": "payments"}],
        "policies": [],
        "schedules": [{
            "team": "payments", "rotation": ["ines", "tom"],
            "starts_at": "2026-03-02T09:00:00Z", "turn_s": 604_800,
            "overrides": [{
                "person": "nobody", "from": "2026-03-04T00:00:00Z", "to": "2026-03-04T06:00:00Z",
            }],
        }],
    }});
    let run = cli.pipe(["import", "-"], format!("{header}\n{directory}\n").as_bytes());
    assert_eq!((run.code, run.err.as_str()), (0, ""));
    cli
}

#[test]
fn oncall_says_who_is_called_now_and_next() {
    let cli = with_schedules();
    let at = ["oncall", "--at", "2026-03-05T12:00:00Z"];
    let out = cli.ok(at);
    let lines: Vec<&str> = out.lines().collect();
    assert!(lines[0].starts_with("payments  level 1"), "{out}");
    assert!(lines[0].contains("Ines Moreau until Mon 2026-03-09 09:00  then Tom Varga"), "{out}");
    assert!(lines[1].starts_with("platform") && lines[1].contains("nobody"), "{out}");
    // An override of a person who is not in the directory leaves a gap.
    let out = cli.ok(["oncall", "Payments", "--at", "2026-03-03T00:00:00Z", "--days", "3"]);
    assert!(out.contains("nobody from Wed 2026-03-04 00:00 to Wed 2026-03-04 06:00"), "{out}");
    assert!(!out.contains("platform"), "{out}");
    let teams = json_lines(&cli.ok(["oncall", "--json", "--at", "2026-03-03T00:00:00Z"]));
    assert_eq!(teams.len(), 2);
    assert_eq!(teams[0]["gaps"][0]["from"], "2026-03-04T00:00:00Z");
    let shifts = &teams[0]["lines"][0]["shifts"];
    assert_eq!(shifts[0]["person"]["handle"], "ines");
    assert_eq!(shifts[1]["unknown_handle"], "nobody");
    let named = cli.ok(["oncall", "--team", "payments", "--json", "--at", "2026-03-03T00:00:00Z"]);
    assert_eq!(json_lines(&named)[0], teams[0]);
    assert_eq!(json_lines(&named).len(), 1);
    cli.run(["oncall", "--team", "paymnts"]).refused(3, &["paymnts", "payments, platform"]);
    cli.run(["oncall", "paymnts"]).refused(3, &["paymnts", "payments, platform"]);
}

#[test]
fn oncall_prints_shifts_as_a_calendar() {
    let cli = with_schedules();
    let at = ["oncall", "--ical", "--at", "2026-03-03T00:00:00Z", "--days", "3"];
    let calendar = cli.ok(at);
    assert!(calendar.starts_with("BEGIN:VCALENDAR\r\nVERSION:2.0\r\n"), "{calendar}");
    let count = |text: &str| text.matches("BEGIN:VEVENT").count();
    let nobody = cli.ok(at.iter().chain(&["--person", "nobody"]));
    assert!(count(&calendar) > 0 && count(&nobody) == 0, "{calendar}");
    cli.run(["oncall", "--person", "ines"]).refused(2, &["--ical"]);
}

#[test]
fn oncall_without_teams_says_so() {
    let cli = filled();
    let run = cli.run(["oncall"]);
    assert_eq!((run.code, run.out.as_str()), (0, ""), "{run:?}");
    assert!(run.err.contains("no teams"), "{run:?}");
}

#[test]
fn handoff_has_what_is_open_and_what_ended() {
    let cli = filled();
    cli.declare("Disk is full", "db");
    let ended = ["--action", "rollback", "--detail", "cleaned", "--validation", "it has room"];
    cli.ok(["resolve", "3"].iter().chain(&ended));
    let text = cli.ok(["handoff"]);
    assert!(text.starts_with("Handoff, 20"), "{text}");
    for part in ["INC-1", "Card payments fail", "INC-2", "the pool is full", "INC-3", "cleaned"] {
        assert!(text.contains(part), "{part:?} is not in {text}");
    }
    let markdown = cli.ok(["handoff", "--markdown", "--since", "1h"]);
    assert!(markdown.starts_with("# Handoff, ") && markdown.contains("\n## "), "{markdown}");
    let lines = json_lines(&cli.ok(["handoff", "--json"]));
    let handoff = &lines[0];
    assert_eq!(handoff["open"].as_array().unwrap().len(), 2);
    assert!(handoff["events"].as_array().unwrap().len() > 5);
    let other = json_lines(&cli.ok(["handoff", "--json", "--team", "nobody"]));
    assert_eq!((&other[0]["open"], &other[0]["events"]), (&Value::from([""; 0]), &[""; 0].into()));
    cli.run(["handoff", "--since", "2100-01-01T00:00:00Z"]).refused(2, &["in the future"]);
}
