//! People, teams, services, schedules and policies on the command line, and who changed them.

use serde_json::{Value, json};

use crate::support::cli::{CliFixture, json_lines};

#[test]
fn directory_is_made_on_the_command_line() {
    let cli = CliFixture::new();
    assert_eq!(
        cli.ok(["people", "set", "ines", "--name", "Ines Moreau"]),
        "the person \"ines\" added\n"
    );
    cli.ok(["people", "set", "@tomo"]);
    cli.ok(["teams", "set", "payments", "--members", "INES"]);
    cli.ok(["teams", "set", "payments", "--add", "tomo"]);
    cli.ok(["service", "set", "ledger", "--team", "payments"]);
    let set = ["services", "set", "checkout", "--team", "payments", "--depends-on", "ledger"];
    cli.ok(set.iter().chain(&["--objective", "99.9", "--runbook", "checkout/slow"]));
    let starts = "2026-01-05T09:00:00Z";
    let rotation = ["schedules", "set", "payments", "--rotation", "ines,tomo", "--starts", starts];
    cli.ok(rotation.iter().chain(&["--turn", "7d"]));
    let levels = ["policies", "set", "payments", "--level", "0 on-call", "--level", "10m tomo"];
    cli.ok(levels);
    for (command, expected) in [
        (
            "people",
            json!([{"handle": "ines", "name": "Ines Moreau"}, {"handle": "tomo", "name": "tomo"}]),
        ),
        ("teams", json!([{"name": "payments", "members": ["ines", "tomo"]}])),
    ] {
        assert_eq!(Value::from(json_lines(&cli.ok([command, "list", "--json"]))), expected);
    }
    let table = cli.ok(["services", "list"]);
    let rows: Vec<Vec<&str>> =
        table.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(rows[2], ["checkout", "payments", "ledger"], "{table}");
    let shown = cli.ok(["service", "show", "checkout"]);
    assert!(shown.contains("runbook: checkout/slow") && shown.contains("objective: 99.9 %"));
    let shown = cli.ok(["policies", "show", "payments"]);
    assert!(shown.contains("levels: 0 on-call; 10m tomo"), "{shown}");
    assert!(cli.ok(["oncall"]).contains("payments"));
    // The verb of the same name is about an incident.
    cli.declare("Cards fail", "checkout");
    cli.ok(["services", "1", "ledger"]);
    cli.ok(["services", "set", "checkout", "--depends-on", "none", "--runbook", "none"]);
    let one = json_lines(&cli.ok(["service", "show", "checkout", "--json"]));
    assert_eq!((&one[0]["depends_on"], &one[0]["runbook"]), (&json!([]), &Value::Null));
    let again = cli.ok(["services", "set", "checkout", "--team", "payments"]);
    assert_eq!(again, "the service \"checkout\" is so already\n");
}

#[test]
fn schedule_is_printed_and_read_as_json() {
    let cli = CliFixture::new();
    cli.ok(["people", "set", "ines"]);
    let starts = ["--starts", "2026-01-05T09:00:00Z", "--turn", "1d"];
    cli.ok(["schedules", "set", "web", "--rotation", "ines"].iter().chain(&starts));
    let printed = cli.ok(["schedules", "show", "web", "--json"]);
    let file = cli.path("web.json");
    std::fs::write(&file, printed.replace("86400", "3600")).unwrap();
    cli.ok(["schedules", "set", "web", "--file", file.to_str().unwrap()]);
    let changed = json_lines(&cli.ok(["schedules", "show", "web", "--json"]));
    assert_eq!(changed[0]["turn_s"], 3600);
    for (text, expected) in [
        ("{\"team\": \"db\"}", "of the team"),
        ("{", "EOF"),
        ("[]", "no JSON object"),
        ("{\"rotation\": 3}", "invalid type"),
    ] {
        std::fs::write(&file, text).unwrap();
        let run = cli.run(["schedules", "set", "web", "--file", file.to_str().unwrap()]);
        run.refused(2, &["web.json", expected]);
    }
}

/// The first service of a directory may depend on services that are added later, and the first team
/// may have members before there are people.
#[test]
fn entry_with_unlisted_names_can_be_changed() {
    let cli = CliFixture::new();
    cli.ok(["service", "set", "checkout", "--team", "payments", "--depends-on", "ledger,auth"]);
    cli.ok(["service", "set", "checkout", "--runbook", "checkout/slow"]);
    cli.run(["service", "set", "checkout", "--depends-on", "auth,cdn"]).refused(1, &["cdn"]);
    cli.ok(["service", "set", "checkout", "--depends-on", "auth"]);
    cli.ok(["teams", "set", "payments", "--members", "ines,tomo"]);
    cli.ok(["people", "set", "ines"]);
    cli.ok(["teams", "set", "payments", "--drop", "ines"]);
    cli.run(["teams", "set", "payments", "--add", "mei"]).refused(1, &["mei"]);
    let team = json_lines(&cli.ok(["teams", "show", "payments", "--json"]));
    assert_eq!(team[0]["members"], json!(["tomo"]));
    let service = json_lines(&cli.ok(["service", "show", "checkout", "--json"]));
    assert_eq!(service[0]["depends_on"], json!(["auth"]));
    assert_eq!(service[0]["runbook"], "checkout/slow");
}

#[test]
fn schedule_with_a_name_is_called_by_it() {
    let cli = CliFixture::new();
    cli.ok(["people", "set", "ines"]);
    let schedule = json!({
        "team": "payments", "name": "nights", "rotation": ["ines"],
        "starts_at": "2026-01-05T09:00:00Z", "turn_s": 604_800, "overrides": [],
    });
    let set = ["schedules", "set", "nights", "--file", "-"];
    let run = cli.pipe(set, schedule.to_string().as_bytes());
    assert_eq!((run.code, run.out.as_str()), (0, "the schedule \"nights\" added\n"), "{run:?}");
    let rows = cli.ok(["schedules", "list"]);
    let first = |line: usize| rows.lines().nth(line).and_then(|row| row.split(' ').next());
    assert_eq!((first(0), first(1)), (Some("SCHEDULE"), Some("nights")), "{rows}");
}

#[test]
fn what_can_not_be_changed_is_refused_with_a_reason() {
    let cli = CliFixture::new();
    cli.ok(["people", "set", "ines"]);
    cli.ok(["teams", "set", "web", "--members", "ines"]);
    for (args, code, expected) in [
        (&["people", "remove", "ines"][..], 1, "is in use: change the team \"web\""),
        (&["people", "remove", "inez"], 3, "did you mean \"ines\""),
        (&["teams", "show", "wev"], 3, "did you mean \"web\""),
        (&["teams", "set", "db", "--members", "inez"], 1, "did you mean \"ines\""),
        (&["teams", "set", "web", "--drop", "tomo"], 2, "is no member"),
        (&["service", "set", "mail"], 2, "--team"),
        (&["schedules", "set", "web"], 2, "--rotation"),
        (&["policies", "set", "web"], 2, "--level"),
        (&["policies", "set", "web", "--level", "soon"], 2, "10m on-call,ines"),
        (&["service", "set", "mail", "--objective", "100"], 2, "99.9"),
    ] {
        let run = cli.run(args);
        assert!(run.err.contains(expected), "{args:?}: {run:?}");
        assert_ne!(run.code, 0, "{args:?}: {run:?} {code}");
    }
    let run = cli.run(["--read-only", "people", "set", "mei"]);
    assert!(run.code != 0 && run.err.contains("read-only"), "{run:?}");
    let file = cli.path("home/.config/redphone/config.toml");
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(&file, "[[teams]]\nname = \"web\"\nmembers = [\"ines\"]\n").unwrap();
    let run = cli.run(["teams", "set", "web", "--add", "ines", "--drop", "ines"]);
    assert_ne!(run.code, 0, "{run:?}");
    let run = cli.run(["teams", "remove", "web"]);
    assert!(run.code != 0 && run.err.contains("config.toml: change it there"), "{run:?}");
}

#[test]
fn audit_says_who_changed_what() {
    let cli = CliFixture::new();
    assert!(cli.run(["people", "set", "ines", "--json"]).out.contains("\"put_person\""));
    cli.ok(["--user", "tomo", "people", "set", "ines", "--name", "Ines Moreau"]);
    cli.ok(["people", "remove", "ines"]);
    let log = json_lines(&cli.ok(["audit", "--json"]));
    let changes: Vec<&str> = log
        .iter()
        .filter_map(|line| line["change"].as_object()?.keys().next().map(String::as_str))
        .collect();
    assert_eq!(changes, ["remove_person", "put_person", "put_person"]);
    assert_eq!(log[1]["actor"]["person"]["handle"], "tomo");
    assert_eq!(log[1]["before"]["person"]["name"], "ines");
    let table = cli.ok(["audit", "--limit", "1"]);
    assert!(table.lines().count() == 2 && table.contains("the person \"ines\" removed"), "{table}");
}
