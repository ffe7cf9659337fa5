//! Notifications, on the command line.

use redphone::model::IncidentId;
use rstest::rstest;
use serde_json::{Value, json};

use crate::support::cli::{CliFixture, json_lines};
use crate::support::notifications::{export, notification, of_a_night};

/// A store with an incident of a night and its notifications.
fn filled() -> CliFixture {
    let cli = CliFixture::with_company();
    let at = ["--detected-at", "2026-03-01T22:29:00Z", "--reported-at", "2026-03-01T22:30:00Z"];
    let what = ["declare", "--title", "Card payments fail", "--service", "checkout"];
    let level = ["--impact", "high", "--urgency", "high"];
    cli.ok(what.iter().chain(&level).chain(&at));
    let row = json_lines(&cli.ok(["list", "--json"]));
    let id: IncidentId = row[0]["id"].as_str().unwrap().parse().unwrap();
    let run = cli.pipe(["import", "-"], export(&of_a_night(id)).as_bytes());
    assert_eq!((run.code, run.err.as_str()), (0, ""), "{run:?}");
    cli
}

#[test]
fn notifications_are_printed_a_line_each() {
    // The directory does not have mei.
    let out = filled().ok(["notifications"]);
    let expected = "\
2026-03-01 22:34:04  INC-1    P1  mei?          -                 unreachable  no contact in the settings
2026-03-01 22:33:04  INC-1    P1  tom           ntfy phone        sent         (2nd attempt, perhaps twice)
2026-03-01 22:32:04  INC-1    P1  ines          sms               failed       (3 attempts): the number is not in service
2026-03-01 22:31:04  INC-1    P1  ines          ntfy phone        sent
";
    let words = |text: &str| -> Vec<String> {
        text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
    };
    assert_eq!(words(&out), words(expected), "{out}");
}

#[rstest]
#[case(&["INC-1"], &["mei", "tom", "ines", "ines"])]
#[case(&["--person", "me"], &["ines", "ines"])]
#[case(&["--person", "Tom"], &["tom"])]
#[case(&["--state", "failed", "--state", "unreachable"], &["mei", "ines"])]
#[case(&["--limit", "1"], &["mei"])]
#[case(&["1", "--state", "waiting"], &[])]
fn notifications_are_selected(#[case] args: &[&str], #[case] expected: &[&str]) {
    let cli = filled();
    let lines = json_lines(&cli.ok(["notifications", "--json"].iter().chain(args)));
    let people: Vec<&str> = lines.iter().map(|line| line["person"].as_str().unwrap()).collect();
    assert_eq!(people, expected);
}

#[test]
fn notice_is_listed_without_an_incident() {
    let cli = filled();
    let nil = "00000000-0000-0000-0000-000000000000";
    let said = json!({
        "kind": "reminder", "reminder": "on call", "text": "You go on call for web in 1h.\nLater.",
    });
    let notice = json!({"notice": notification(nil, 9, said)["notification"].take()});
    let run = cli.pipe(["import", "-"], export(&[notice]).as_bytes());
    assert_eq!((run.code, run.err.as_str()), (0, ""), "{run:?}");
    let out = cli.ok(["notifications", "--limit", "1"]);
    let words: Vec<&str> = out.split_whitespace().collect();
    let expected = "2026-03-01 22:39:04 - ines ntfy phone sent (reminder: on call): \
                    You go on call for web in 1h.";
    assert_eq!(words.join(" "), expected);
    let lines = json_lines(&cli.ok(["notifications", "--json"]));
    assert_eq!(lines.len(), 5);
    assert_eq!(lines[0]["title"], "You go on call for web in 1h.");
    assert!(lines[0]["number"].is_null());
    // It is in an export, and in no list of an incident.
    assert!(cli.ok(["export"]).contains("{\"notice\":"));
    assert_eq!(json_lines(&cli.ok(["notifications", "INC-1", "--json"])).len(), 4);
}

#[test]
fn json_has_every_attempt_and_fits_its_schema() {
    let cli = filled();
    let lines = json_lines(&cli.ok(["notifications", "--json"]));
    let failed = &lines[2];
    assert_eq!((&failed["state"], &failed["attempt_count"]), (&"failed".into(), &3.into()));
    assert_eq!(failed["attempts"][2]["outcome"], "permanent");
    assert_eq!(failed["text"], "(3 attempts): the number is not in service");
    let schema: Value = serde_json::from_str(&cli.ok(["schema", "notifications"])).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    for line in &lines {
        let errors: Vec<String> =
            validator.iter_errors(line).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{errors:?}\n{line}");
        for name in line.as_object().unwrap().keys() {
            cli.ok(["notifications", "--columns", name]);
        }
    }
}

#[test]
fn notifications_have_the_formats_of_lists() {
    let cli = filled();
    let args = ["notifications", "--format", "csv", "--columns", "number,person,state"];
    let expected =
        "number,person,state\n1,mei,unreachable\n1,tom,sent\n1,ines,failed\n1,ines,sent\n";
    assert_eq!(cli.ok(args), expected);
    let template = ["notifications", "--state", "sent", "--template", "{person} {channel}"];
    assert_eq!(cli.ok(template), "tom ntfy\nines ntfy\n");
}

#[rstest]
#[case(&["--state", "lost"], 2, "possible values: waiting, sending, sent")]
#[case(&["INC-9"], 3, "INC-9")]
#[case(&["--columns", "persn"], 2, "did you mean person?")]
fn wrong_arguments_of_notifications_are_named(
    #[case] args: &[&str],
    #[case] code: i32,
    #[case] expected: &str,
) {
    filled().run(["notifications"].iter().chain(args)).refused(code, &[expected]);
}

#[test]
fn store_without_notifications_says_so() {
    let run = CliFixture::with_company().run(["notifications"]);
    assert_eq!((run.code, run.out.as_str()), (0, ""), "{run:?}");
    assert!(run.err.contains("there are no such notifications"), "{run:?}");
}

#[test]
fn shown_incident_says_who_was_notified() {
    let cli = filled();
    let shown = cli.ok(["show", "1"]);
    let lines: Vec<&str> = shown.lines().filter(|line| line.starts_with("Notified")).collect();
    let expected = [
        "Notified     ines by ntfy phone 22:31:04 sent · by sms 22:32:04 failed (3 attempts): the \
         number is not in service",
        "Notified     tom by ntfy phone 22:33:04 sent (2nd attempt, perhaps twice)",
        "Notified     mei 22:34:04 unreachable: no contact in the settings",
    ];
    assert_eq!(lines, expected, "{shown}");
    let json: Value = serde_json::from_str(&cli.ok(["show", "1", "--json"])).unwrap();
    let people: Vec<_> = json["notifications"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["notification"]["person"]["handle"].as_str().unwrap())
        .collect();
    assert_eq!(people, ["ines", "ines", "tom", "mei"]);
}

#[test]
fn incident_without_notifications_is_shown_as_before() {
    let cli = CliFixture::with_company();
    cli.declare("Card payments fail", "checkout");
    assert!(!cli.ok(["show", "1"]).contains("Notified"));
    let json: Value = serde_json::from_str(&cli.ok(["show", "1", "--json"])).unwrap();
    assert_eq!(json.get("notifications"), None);
}
