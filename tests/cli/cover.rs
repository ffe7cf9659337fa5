//! `cover`: requests that another person accepts one's shift.

use rstest::rstest;
use serde_json::Value;

use crate::support::cli::{CliFixture, json_lines};

/// A store with the schedule `payments` (ines, tomo by turns of a week) and mei, who is not on it.
fn fixture() -> CliFixture {
    let cli = CliFixture::new();
    for handle in ["ines", "tomo", "mei"] {
        cli.ok(["people", "set", handle]);
    }
    let starts = ["--starts", "2026-01-05T09:00:00Z", "--turn", "7d"];
    cli.ok(["schedules", "set", "payments", "--rotation", "ines,tomo"].iter().chain(&starts));
    cli
}

/// A day in a week of ines.
const DAY: [&str; 4] = ["--from", "2090-01-04T00:00:00Z", "--until", "2090-01-05T00:00:00Z"];

fn covers(cli: &CliFixture) -> Vec<Value> {
    json_lines(&cli.ok(["cover", "list", "--all", "--json"]))
}

fn requested(cli: &CliFixture, who: &str) -> String {
    cli.ok(["--user", who, "cover", "payments", "--note", "wedding"].iter().chain(&DAY));
    let id = covers(cli)[0]["id"].as_str().unwrap().to_owned();
    id[id.len() - 8..].to_owned()
}

/// Returns who of the two is on call on the day.
fn turn(cli: &CliFixture) -> (&'static str, &'static str) {
    let oncall = cli.ok(["oncall", "--at", "2090-01-04T12:00:00Z", "--json"]);
    let line = json_lines(&oncall)[0]["lines"][0]["shifts"][0]["person"]["handle"].clone();
    if line == "ines" { ("ines", "tomo") } else { ("tomo", "ines") }
}

#[test]
fn cover_is_requested_and_accepted_once() {
    let cli = fixture();
    let (on_call, other) = turn(&cli);
    let id = requested(&cli, on_call);
    let listed = covers(&cli);
    assert_eq!((&listed[0]["person"], &listed[0]["state"]), (&on_call.into(), &"open".into()));
    assert_eq!(listed[0]["note"], "wedding");
    cli.ok(["--user", other, "cover", "accept", &id]);
    assert_eq!(covers(&cli)[0]["accepted_by"], other);
    let spans = json_lines(&cli.ok(["override", "list", "--json"]));
    assert_eq!((&spans[0]["person"], &spans[0]["covers"]), (&other.into(), &on_call.into()));
    assert_eq!((&spans[0]["from"], &spans[0]["to"]), (&DAY[1].into(), &DAY[3].into()));
    cli.run(["--user", on_call, "cover", "withdraw", &id]).refused(1, &["accepted", other]);
    let log = json_lines(&cli.ok(["audit", "--limit", "1", "--json"]));
    assert_eq!(log[0]["actor"]["person"]["handle"], other);
    assert_eq!(log[0]["change"]["accept_cover"]["person"], other);
}

#[test]
fn code_of_a_text_message_names_a_request() {
    let cli = fixture();
    let (on_call, other) = turn(&cli);
    let id = requested(&cli, on_call);
    let code = format!("C{}", &id[3..]);
    cli.ok(["--user", other, "cover", "accept", &code]);
    assert_eq!(covers(&cli)[0]["accepted_by"], other);
}

#[test]
fn cover_is_declined_by_whoever_can_not_stand_in() {
    let cli = fixture();
    let (on_call, other) = turn(&cli);
    let id = requested(&cli, on_call);
    cli.run(["--user", on_call, "cover", "decline", &id]).refused(1, &["yourself"]);
    cli.run(["--user", "mei", "cover", "decline", &id]).refused(1, &["mei"]);
    // The schedule has nobody else.
    cli.ok(["--user", other, "cover", "decline", &id]);
    let declined = &covers(&cli)[0];
    assert_eq!(
        (&declined["state"], &declined["declined_by"][0]),
        (&"declined".into(), &other.into())
    );
    assert!(cli.ok(["cover", "list", "--all"]).contains(&format!("declined by {other}")));
    cli.run(["--user", other, "cover", "accept", &id]).refused(1, &["declined"]);
    let log = json_lines(&cli.ok(["audit", "--limit", "1", "--json"]));
    assert_eq!(log[0]["change"]["decline_cover"]["person"], other);
}

#[test]
fn withdrawn_cover_is_not_listed() {
    let cli = fixture();
    let (on_call, _) = turn(&cli);
    let id = requested(&cli, on_call);
    cli.ok(["--user", on_call, "cover", "withdraw", &id]);
    assert_eq!(covers(&cli)[0]["state"], "withdrawn");
    assert!(json_lines(&cli.ok(["cover", "list", "--json"])).is_empty());
}

#[rstest]
#[case(&["--user", "mei", "cover", "payments"], 3, "no shift")]
#[case(&["cover", "payments", "--for", "tomorrow"], 2, "2026-03-14T09:00:00Z")]
#[case(&["cover", "accept", "4f1c"], 3, "cover list")]
#[case(&["cover", "accept", "4f"], 2, "4 characters")]
fn wrong_arguments_are_named(#[case] args: &[&str], #[case] code: i32, #[case] expected: &str) {
    let run = fixture().run(args);
    assert!(run.err.contains(expected), "{run:?}");
    assert_eq!(run.code, code, "{run:?}");
}
