//! `override` and `take`: overrides on an on-call schedule.

use rstest::rstest;
use serde_json::Value;

use crate::support::cli::{CliFixture, json_lines};

/// A store with the schedules `payments` (ines, tomo by turns of a week) and `web` (mei alone).
fn fixture() -> CliFixture {
    let cli = CliFixture::new();
    for handle in ["ines", "tomo", "mei"] {
        cli.ok(["people", "set", handle]);
    }
    let starts = ["--starts", "2026-01-05T09:00:00Z", "--turn", "7d"];
    let payments = ["schedules", "set", "payments", "--rotation", "ines,tomo"];
    cli.ok(payments.iter().chain(&starts));
    cli.ok(["schedules", "set", "web", "--rotation", "mei"].iter().chain(&starts));
    cli
}

fn spans(cli: &CliFixture) -> Vec<Value> {
    json_lines(&cli.ok(["override", "list", "--json"]))
}

#[test]
fn override_is_added_listed_and_removed() {
    let cli = fixture();
    let span = ["--from", "2090-03-07T18:00:00Z", "--until", "2090-03-08T09:00:00Z"];
    let added = cli.ok(["override", "add", "web", "tomo"].iter().chain(&span));
    assert_eq!(added, "tomo stands in for mei on web until Wed 2090-03-08 09:00 UTC\n");
    let listed = spans(&cli);
    assert_eq!(listed.len(), 1, "{listed:?}");
    assert_eq!(listed[0]["schedule"], "web");
    assert_eq!((&listed[0]["person"], &listed[0]["covers"]), (&"tomo".into(), &"mei".into()));
    assert_eq!(listed[0]["from"], "2090-03-07T18:00:00Z");
    let oncall = json_lines(&cli.ok(["oncall", "--at", "2090-03-08T00:00:00Z", "--json"]));
    assert!(oncall.is_empty() || oncall.iter().any(|team| team.to_string().contains("tomo")));
    cli.ok(["override", "remove", "web", "tomo"]);
    assert!(spans(&cli).is_empty());
    let again = cli.run(["override", "remove", "web", "tomo"]);
    again.refused(3, &["tomo", "does not stand in"]);
}

#[test]
fn stand_in_lasts_until_the_turn_ends() {
    let cli = fixture();
    let taken = cli.ok(["--user", "mei", "take", "payments"]);
    assert!(taken.starts_with("mei stands in for "), "{taken}");
    let span = &spans(&cli)[0];
    assert_eq!(span["person"], "mei");
    // A turn of the schedule ends on a Monday at nine.
    let to = span["to"].as_str().unwrap();
    assert!(to.ends_with("T09:00:00Z"), "{to}");
    let log = json_lines(&cli.ok(["audit", "--limit", "1", "--json"]));
    assert_eq!(log[0]["actor"]["person"]["handle"], "mei");
    let again = cli.ok(["--user", "mei", "take", "payments"]);
    assert_eq!(again, "mei is on call for payments already\n");
    assert_eq!(spans(&cli).len(), 1);
}

#[test]
fn stand_in_that_is_longer_than_the_own_turn_is_added() {
    let cli = fixture();
    cli.ok(["--user", "mei", "take", "payments", "--for", "1h"]);
    let longer = cli.ok(["--user", "mei", "take", "payments", "--for", "3h"]);
    assert!(longer.starts_with("mei stands in for "), "{longer}");
    let spans = spans(&cli);
    assert_eq!(spans.len(), 2, "{spans:?}");
    assert_eq!(spans[1]["from"], spans[0]["to"]);
    let shorter = cli.ok(["--user", "mei", "take", "payments", "--for", "2h"]);
    assert_eq!(shorter, "mei is on call for payments already\n");
}

#[test]
fn own_schedule_is_used_when_none_is_named() {
    let cli = fixture();
    let already = cli.ok(["--user", "mei", "take", "--for", "2h"]);
    assert_eq!(already, "mei is on call for web already\n");
    cli.run(["--user", "zoe", "take"]).refused(2, &["say which schedule: payments, web"]);
}

#[rstest]
#[case(&["override", "add", "wen", "tomo", "--for", "1h"], 3, "did you mean \"web\"")]
#[case(&["override", "add", "web", "tomo"], 2, "--for")]
#[case(&["override", "add", "web", "tomo", "--for", "soon"], 2, "4h")]
#[case(&["override", "add", "web", "tomo", "--until", "1h"], 2, "2026-03-07T18:00:00Z")]
#[case(&["override", "add", "web", "inez", "--for", "1h"], 1, "did you mean \"ines\"")]
#[case(&["--user", "ines", "take", "web"], 2, "never changes")]
fn wrong_arguments_are_named(#[case] args: &[&str], #[case] code: i32, #[case] expected: &str) {
    let run = fixture().run(args);
    assert!(run.err.contains(expected), "{run:?}");
    assert_eq!(run.code, code, "{run:?}");
}

#[test]
fn one_of_several_spans_is_named_by_its_start() {
    let cli = fixture();
    for day in ["07", "09"] {
        let (from, until) =
            (format!("2090-03-{day}T18:00:00Z"), format!("2090-03-{day}T20:00:00Z"));
        cli.ok(["override", "add", "web", "tomo", "--from", &from, "--until", &until]);
    }
    cli.run(["override", "remove", "web", "tomo"]).refused(2, &["2 times", "--from"]);
    cli.ok(["override", "remove", "web", "tomo", "--from", "2090-03-07T18:00:00Z"]);
    assert_eq!(spans(&cli).len(), 1);
}

#[test]
fn last_of_several_with_one_start_is_removed() {
    let cli = fixture();
    let from = "2090-03-07T18:00:00Z";
    for until in ["2090-03-07T20:00:00Z", "2090-03-07T22:00:00Z"] {
        cli.ok(["override", "add", "web", "tomo", "--from", from, "--until", until]);
    }
    cli.ok(["override", "remove", "web", "tomo", "--from", from]);
    let listed = spans(&cli);
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0]["to"], "2090-03-07T20:00:00Z");
}
