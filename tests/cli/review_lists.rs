//! The reviews and the action items over all incidents, on the command line.

use rstest::rstest;
use serde_json::Value;

use crate::support::cli::{CliFixture, json_lines};

/// A store with two incidents that are reviewed, and one whose review is missing.
fn filled() -> CliFixture {
    let cli = CliFixture::with_company();
    for title in ["Cards fail", "Logins fail", "Images are blurred"] {
        cli.declare(title, "checkout");
    }
    for number in ["1", "2", "3"] {
        cli.ok(["ack", number]);
        let how = ["resolve", number, "--action", "rollback", "--detail", "back to v811"];
        cli.ok(how.iter().chain(&["--validation", "no errors"]));
    }
    for section in
        ["summary", "timeline", "impact", "root-cause", "resolution", "communication", "gaps"]
    {
        cli.ok(["review", "1", section, "text"]);
    }
    cli.ok(["submit-review", "1"]);
    cli.ok(["review", "1", "factors", "Config, capacity"]);
    cli.ok(["review", "2", "summary", "text"]);
    cli.ok(["review", "2", "factors", "config"]);
    let item = |number, text, due| cli.ok(["action-item", number, text, "--due", due]);
    item("1", "Alert on full pools", "2099-01-01");
    item("2", "Write the runbook", "2021-03-04");
    cli.ok(["action-item", "2", "Limit each client", "--owner", "ines", "--done"]);
    cli
}

#[rstest]
#[case(&[], &[3, 2, 1])]
#[case(&["--state", "missing"], &[3])]
#[case(&["--state", "draft"], &[2])]
#[case(&["--state", "in-review"], &[1])]
#[case(&["--state", "published"], &[])]
#[case(&["--limit", "1"], &[3])]
#[case(&["--owner", "tom"], &[])]
fn reviews_are_selected(#[case] args: &[&str], #[case] expected: &[u64]) {
    let lines = json_lines(&filled().ok(["reviews", "--json"].iter().chain(args)));
    let numbers: Vec<u64> =
        lines.iter().map(|line| line["incident"]["number"].as_u64().unwrap()).collect();
    assert_eq!(numbers, expected);
}

#[test]
fn contributing_factors_are_counted() {
    let cli = filled();
    assert_eq!(cli.ok(["reviews", "--factors"]), "   2  config\n   1  capacity\n");
    let lines = json_lines(&cli.ok(["reviews", "--factors", "--json", "--state", "draft"]));
    assert_eq!(lines, [serde_json::json!({"factor": "config", "reviews": 1})]);
}

#[test]
fn reviews_are_printed_a_line_each() {
    let out = filled().ok(["reviews"]);
    let line = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let lines: Vec<String> = out.lines().map(line).collect();
    assert_eq!(
        lines,
        [
            "INC-3 P1 missing 0/7 Images are blurred",
            "INC-2 P1 draft 1/7 Logins fail (config) 1 open action item",
            "INC-1 P1 in review 7/7 Cards fail (config, capacity) 1 open action item",
        ]
    );
}

#[rstest]
#[case(&[], &["Write the runbook", "Alert on full pools"])]
#[case(&["--overdue"], &["Write the runbook"])]
#[case(&["--done"], &["Limit each client"])]
#[case(&["--owner", "nobody"], &["Write the runbook", "Alert on full pools"])]
#[case(&["--owner", "me", "--done"], &["Limit each client"])]
#[case(&["--owner", "ines"], &[])]
fn action_items_are_selected(#[case] args: &[&str], #[case] expected: &[&str]) {
    let lines = json_lines(&filled().ok(["action-items", "--json"].iter().chain(args)));
    let texts: Vec<&Value> = lines.iter().map(|line| &line["item"]["text"]).collect();
    assert_eq!(texts, expected);
}

#[test]
fn overdue_items_come_first_with_their_incident() {
    let out = filled().ok(["action-items"]);
    let first = out.lines().next().unwrap();
    assert!(first.starts_with("INC-2"), "{out}");
    assert!(first.contains("[ ] Write the runbook · nobody · due 2021-03-04, "), "{out}");
    assert!(first.contains(" days late"), "{out}");
}

#[rstest]
#[case(&["reviews", "--state", "lost"], 2)]
#[case(&["action-items", "--overdue", "--done"], 2)]
fn wrong_arguments_are_refused(#[case] args: &[&str], #[case] code: i32) {
    assert_eq!(filled().run(args).code, code);
}
