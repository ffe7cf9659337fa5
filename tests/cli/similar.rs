//! Incidents that resemble another one, on the command line.

use rstest::rstest;
use serde_json::Value;

use crate::support::cli::CliFixture;

/// A store with an incident that was resolved, one like it, and one of another service.
fn filled() -> CliFixture {
    let cli = CliFixture::with_company();
    cli.declare("Replica orders-7 is behind", "checkout");
    cli.ok(["ack", "1"]);
    let resolve = ["resolve", "1", "--action", "restart", "--detail", "restarted the replica"];
    cli.ok(resolve.iter().chain(&["--validation", "no lag"]));
    cli.declare("Logins time out", "cdn");
    cli.declare("Replica orders-9 is behind", "checkout");
    cli
}

#[test]
fn similar_incidents_are_printed_with_their_lessons() {
    let out = filled().ok(["similar", "3"]);
    assert!(out.starts_with("INC-1  Replica orders-7 is behind"), "{out}");
    for line in ["    Why      same fault", "    Resolved restart: restarted the replica"] {
        assert!(out.lines().any(|printed| printed == line), "{line}\n{out}");
    }
    assert!(!out.contains("Logins"), "{out}");
}

#[rstest]
#[case("3", &["INC-1"])]
#[case("1", &["INC-3"])]
#[case("2", &[])]
fn json_has_the_incidents(#[case] incident: &str, #[case] expected: &[&str]) {
    let cli = filled();
    let found: Value = serde_json::from_str(&cli.ok(["similar", incident, "--json"])).unwrap();
    let numbers: Vec<String> = found["similar"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| format!("INC-{}", one["number"]))
        .collect();
    assert_eq!(numbers, expected);
}

#[test]
fn json_of_similar_incidents_fits_its_schema() {
    let cli = filled();
    let schema: Value = serde_json::from_str(&cli.ok(["schema", "similar"])).unwrap();
    let found: Value = serde_json::from_str(&cli.ok(["similar", "3", "--json"])).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    assert!(validator.is_valid(&found), "{found}");
}

#[rstest]
#[case(&["similar", "9"], 3)]
#[case(&["similar"], 2)]
#[case(&["similar", "1", "--limit", "0"], 2)]
#[case(&["similar", "1", "--limit", "101"], 2)]
fn what_is_wrong_has_its_exit_code(#[case] args: &[&str], #[case] code: i32) {
    let run = filled().run(args);
    assert_eq!(run.code, code, "{run:?}");
}
