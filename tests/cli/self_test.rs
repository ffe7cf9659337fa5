//! The self-test on the command line, where nothing runs that would notify anybody.

use crate::support::cli::{CliFixture, json_lines};

#[test]
fn self_test_fails_without_a_program_that_notifies() {
    let cli = CliFixture::with_company();
    let run = cli.run(["selftest", "--person", "ines", "--timeout", "1", "--json"]);
    assert_eq!(run.code, 1, "{run:?}");
    assert!(run.err.contains("the self-test has failed"), "{run:?}");
    let steps: Vec<(String, bool)> = json_lines(&run.out)
        .iter()
        .map(|line| (line["step"].as_str().unwrap().to_owned(), line["is_done"] == true))
        .collect();
    let expected = [
        ("alert", true),
        ("escalation", true),
        ("notification", false),
        ("acknowledged", true),
        ("ended", true),
    ];
    assert_eq!(steps, expected.map(|(step, is_done)| (step.to_owned(), is_done)));
}

#[test]
fn incident_of_a_self_test_ends_and_is_marked() {
    let cli = CliFixture::with_company();
    cli.run(["selftest", "--person", "ines", "--timeout", "1", "--priority", "p1"]);
    assert_eq!(json_lines(&cli.ok(["list", "--json"])), Vec::<serde_json::Value>::new());
    let shown: serde_json::Value = serde_json::from_str(&cli.ok(["show", "1", "--json"])).unwrap();
    let record = &shown["incident"];
    assert_eq!((&record["status"], &record["priority"]), (&"reclassified".into(), &"P1".into()));
    assert_eq!(record["labels"], serde_json::json!(["self-test"]));
    assert_eq!(record["title"], "Self-test of redphone: nothing has happened");
}

#[test]
fn self_test_without_a_policy_says_what_is_missing() {
    let cli = CliFixture::with_company();
    let run = cli.run(["selftest", "--service", "checkout", "--timeout", "1"]);
    assert_eq!(run.code, 1, "{run:?}");
    assert!(run.out.contains("no level was called: is `redphone serve` running"), "{run:?}");
    assert!(run.out.contains("it is reclassified"), "{run:?}");
}

#[test]
fn self_test_needs_somebody_to_call() {
    CliFixture::with_company().run(["selftest"]).refused(2, &["--person"]);
}
