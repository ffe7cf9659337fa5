//! `check`: problems that would prevent an incident from reaching somebody, and the people whom one
//! would reach.

use serde_json::{Value, json};

use crate::support::cli::{CliFixture, json_lines};

/// Settings in which every incident of `checkout` reaches ines and then tomo.
const COMPLETE: &str = r#"
[[people]]
handle = "ines"
name = "Ines Moreau"

[[people]]
handle = "tomo"
name = "Tomo Abe"

[[teams]]
name = "payments"
members = ["ines", "tomo"]

[[services]]
name = "checkout"
team = "payments"

[[schedules]]
team = "payments"
rotation = ["ines"]
starts = 2026-01-05T09:00:00Z
turn = "7d"

[[policies]]
team = "payments"
levels = [
  { after = "0s", call = ["on-call:payments"] },
  { after = "10m", call = ["tomo"] },
]
repeat = 1
repeat_every = "30m"

[channels.push]
kind = "ntfy"

[channels.pager]
kind = "command"
run = ["true"]

[[contacts]]
person = "ines"
ways = [{ name = "phone", channel = "pager", address = "1" }]

[[contacts]]
person = "tomo"
ways = [{ name = "phone", channel = "pager", address = "2" }]
"#;

/// A store with settings.
fn fixture(settings: &str) -> CliFixture {
    let cli = CliFixture::new();
    let file = cli.path("home/.config/redphone/config.toml");
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(&file, settings).unwrap();
    // Settings with a mistake have a warning.
    let declared = ["declare", "--title", "Cards fail", "--service", "checkout"];
    let run = cli.run(declared.iter().chain(&["--impact", "high", "--urgency", "high"]));
    assert_eq!(run.code, 0, "{run:?}");
    cli
}

fn kinds(out: &str) -> Vec<String> {
    json_lines(out).iter().map(|line| line["kind"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn settings_are_checked_before_a_store_exists() {
    let cli = CliFixture::new();
    let file = cli.path("home/.config/redphone/config.toml");
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(&file, COMPLETE).unwrap();
    assert!(cli.ok(["check"]).starts_with("nothing would"));
    assert!(!cli.store().exists());
}

#[test]
fn complete_settings_have_no_finding() {
    let cli = fixture(COMPLETE);
    let run = cli.run(["check"]);
    assert_eq!(run.code, 0, "{run:?}");
    assert_eq!(run.out, "nothing would keep an incident from reaching somebody\n");
    assert_eq!(cli.ok(["check", "--json"]), "");
}

#[test]
fn store_without_policies_calls_nobody() {
    let cli = CliFixture::new();
    cli.declare("Cards fail", "checkout");
    let run = cli.run(["check", "--json"]);
    assert_eq!((run.code, kinds(&run.out)), (1, vec!["no_policies".to_owned()]), "{run:?}");
    assert!(cli.run(["check"]).out.contains("no incident would call anybody"));
}

#[test]
fn each_kind_of_finding_is_named_and_fails() {
    for (old, new, kind, text) in [
        (
            "team = \"payments\"\nrotation",
            "team = \"web\"\nrotation",
            "unreachable_level",
            "payments has no schedule",
        ),
        ("repeat = 1\nrepeat_every = \"30m\"", "", "ends_nowhere", "ends after its last level"),
        ("person = \"tomo\"", "person = \"mei\"", "no_contact", "tomo may be called"),
        (
            "\"pager\", address = \"2\"",
            "\"push\", address = \"no topic\"",
            "unusable_contact",
            "of tomo",
        ),
        (
            "name = \"checkout\"\nteam = \"payments\"",
            "name = \"checkout\"\nteam = \"payments\"\n\n[[services]]\nname = \"mail\"\nteam = \"office\"",
            "no_policy",
            "mail",
        ),
        (
            "[channels.push]",
            "[heartbeats.backup]\ninterval = \"1d\"\n\n[channels.push]",
            "heartbeat_without_policy",
            "backup",
        ),
        (
            "[channels.push]",
            "[heartbeats.backup]\ninterval = \"1d\"\nservice = \"nowhere\"\nteam = \"payments\"\n\n\
             [channels.push]",
            "heartbeat_of_unknown_service",
            "nowhere",
        ),
        (
            "[channels.push]",
            "[[watch]]\nname = \"other\"\nurl = \"https://a.example.net\"\n\n[channels.push]",
            "watch_without_policy",
            "other",
        ),
        (
            "[channels.push]",
            "[self_test]\nevery = \"1h\"\nteam = \"web\"\n\n[channels.push]",
            "self_test_without_policy",
            "self-test",
        ),
        (
            "[channels.push]",
            "[self_test]\nevery = \"1h\"\nteam = \"payments\"\nservice = \"nowhere\"\n\n\
             [channels.push]",
            "self_test_of_unknown_service",
            "nowhere",
        ),
        (
            "[channels.push]",
            "[[stakeholders]]\npeople = [\"boss\"]\n\n[channels.push]",
            "unreachable_stakeholder",
            "boss is a stakeholder",
        ),
        (
            "[channels.push]",
            "[[reports]]\nname = \"weekly\"\nto = [\"ines\", \"boss\"]\n\n[channels.push]",
            "unreached_report",
            "the report weekly does not reach boss",
        ),
        (
            "[channels.push]",
            "[[reports]]\nname = \"weekly\"\n\n[channels.push]",
            "unreached_report",
            "the report weekly is for nobody",
        ),
        ("repeat = 1\n", "priorities = [\"p1\", \"p2\"]\nrepeat = 1\n", "no_policy", "P3, P4"),
    ] {
        assert!(COMPLETE.contains(old), "{old}");
        let cli = fixture(&COMPLETE.replace(old, new));
        let run = cli.run(["check", "--json"]);
        let lines = json_lines(&run.out);
        let found = lines.iter().find(|line| line["kind"] == kind);
        let found = found.unwrap_or_else(|| panic!("no {kind}: {run:?}"));
        assert!(found["text"].as_str().unwrap().contains(text), "{found}");
        let is_note = kind == "ends_nowhere";
        assert_eq!(found["is_note"], is_note);
        assert_eq!(run.code, i32::from(!is_note), "{run:?}");
    }
}

#[test]
fn heartbeat_of_a_program_is_checked_too() {
    let cli = fixture(COMPLETE);
    let heartbeat = |team: &str| {
        let header = json!({"header": {"format": "redphone", "version": 2}});
        let at = "2026-03-01T09:00:00Z";
        let definition = json!({"every": 1, "unit": "days", "is_enabled": true, "team": team});
        let heartbeat =
            json!({"heartbeat": {"name": "ledger", "since": at, "definition": definition}});
        format!("{header}\n{heartbeat}\n{}\n", json!({"end": {"records": 1}}))
    };
    for (team, problems) in [("web", 1), ("payments", 0)] {
        let run = cli.pipe(["import"], heartbeat(team).as_bytes());
        assert_eq!(run.code, 0, "{run:?}");
        let found = json_lines(&cli.run(["check", "--json"]).out);
        let found = found.iter().filter(|line| line["kind"] == "heartbeat_without_policy");
        assert_eq!(found.count(), problems, "{team}");
    }
}

/// Replaces a part of the settings that they must have.
fn changed(old: &str, new: &str) -> String {
    assert!(COMPLETE.contains(old), "{old}");
    COMPLETE.replace(old, new)
}

#[test]
fn dry_run_waits_for_the_end_of_quiet_hours() {
    let quiet = "address = \"1\" }]\nquiet = { from = \"00:00\", to = \"00:00\", zone = \"UTC\" }";
    let cli = fixture(&changed("address = \"1\" }]", quiet));
    let steps = |priority: &str| {
        let args = ["check", "--service", "checkout", "--priority", priority, "--json"];
        json_lines(&cli.ok(args))
    };
    let at = |step: &Value| step["at"].as_str().unwrap().to_owned();
    // All day is quiet, so that it is the next midnight.
    let later = steps("p3");
    assert_eq!(later[0]["person"], "ines");
    assert!(at(&later[0]).contains("T00:00:00"), "{later:?}");
    assert_eq!(later[1]["person"], "tomo");
    let urgent = steps("p1");
    assert!(at(&urgent[0]) < at(&urgent[1]), "{urgent:?}");
    let out = cli.ok(["check", "--service", "checkout", "--priority", "p3"]);
    assert!(out.contains("after quiet hours"), "{out}");
}

#[test]
fn dry_run_has_each_use_of_a_contact() {
    let rules = "address = \"1\" }]\n\
                 urgent = [{ contact = \"phone\", after = \"5m\" }, { contact = \"phone\", after = \"2m\" }]";
    let cli = fixture(&changed("address = \"1\" }]", rules));
    let out = cli.ok(["check", "--service", "checkout"]);
    let expected = "Ines Moreau  phone (pager) after 2m, phone (pager) after 5m\n";
    assert!(out.contains(expected), "{out}");
}

#[test]
fn dry_run_names_all_who_are_called_by_turns() {
    let level = "call = [\"ines\", \"tomo\"], round_robin = true }";
    let cli = fixture(&changed("call = [\"tomo\"] }", level));
    let steps = json_lines(&cli.ok(["check", "--service", "checkout", "--json"]));
    let second: Vec<&Value> =
        steps.iter().filter(|step| step["level"] == 2 && step["round"] == 1).collect();
    let people: Vec<&Value> = second.iter().map(|step| &step["person"]).collect();
    assert_eq!(people, ["ines", "tomo"]);
    assert!(second.iter().all(|step| step["by_turns"] == true), "{second:?}");
    assert_eq!(steps[0]["by_turns"], false);
    let out = cli.ok(["check", "--service", "checkout"]);
    assert!(out.contains("level 2, 10m, one of them by turns\n"), "{out}");
    let out = cli.ok(["oncall", "payments"]);
    assert!(
        out.lines().any(|line| line.contains("level 2 10m") && line.contains("by turns")),
        "{out}"
    );
}

#[test]
fn dry_run_says_that_all_must_acknowledge() {
    let level = "call = [\"ines\", \"tomo\"], all_must_acknowledge = true }";
    let cli = fixture(&changed("call = [\"tomo\"] }", level));
    let out = cli.ok(["check", "--service", "checkout"]);
    assert!(out.contains("level 2, 10m, all must acknowledge\n"), "{out}");
    let steps = json_lines(&cli.ok(["check", "--service", "checkout", "--json"]));
    let marked = steps.iter().filter(|step| step["all_must_acknowledge"] == true);
    assert!(marked.count() > 0 && steps[0]["all_must_acknowledge"] == false, "{steps:?}");
}

#[test]
fn dry_run_names_contacts_that_can_not_be_used() {
    let cli = fixture(&changed("\"pager\", address = \"2\"", "\"push\", address = \"no topic\""));
    let steps = json_lines(&cli.ok(["check", "--service", "checkout", "--json"]));
    assert!(steps[0]["problem"].is_null(), "{steps:?}");
    assert!(steps[1]["problem"].is_string(), "{steps:?}");
}

#[test]
fn dry_run_fails_while_maintenance_mutes_the_service() {
    let cli = fixture(COMPLETE);
    let filter = ["--filter", "service:checkout", "--for", "2h"];
    cli.ok(["maintenance", "add", "The pool is replaced"].iter().chain(&filter));
    let run = cli.run(["check", "--service", "checkout"]);
    assert_eq!(run.code, 1, "{run:?}");
    run.assert_error(&["a maintenance window mutes it"]);
    assert!(run.out.contains("level 1, at once"), "{run:?}");
}

#[test]
fn maintenance_without_an_end_is_mentioned() {
    let cli = fixture(COMPLETE);
    let when = ["--from", "2030-03-01T01:00:00Z", "--for", "1h", "--every", "mon,thu"];
    let add = ["maintenance", "add", "Backups", "--filter", "service:checkout", "--clock", "UTC"];
    cli.ok(add.iter().chain(&when));
    let run = cli.run(["check", "--json"]);
    assert_eq!((run.code, kinds(&run.out)), (0, vec!["endless_maintenance".to_owned()]));
    assert!(run.out.contains("Backups"), "{run:?}");
}

#[test]
fn gap_of_a_schedule_is_named_within_the_days() {
    let plain = "starts = 2026-01-05T09:00:00Z\nturn = \"7d\"";
    let by_day =
        "starts = 2026-01-05T09:00:00\nturn = \"7d\"\nzone = \"UTC\"\nhours = [\"08:00-16:00\"]";
    assert!(COMPLETE.contains(plain));
    let settings = COMPLETE.replace(plain, by_day);
    let cli = fixture(&settings);
    let run = cli.run(["check", "--days", "3", "--json"]);
    assert_eq!(run.code, 1, "{run:?}");
    let gaps = kinds(&run.out).iter().filter(|kind| *kind == "gap").count();
    assert!((3..=4).contains(&gaps), "{run:?}");
}

#[test]
fn dry_run_says_who_would_be_notified_and_when() {
    let cli = fixture(COMPLETE);
    let out = cli.ok(["check", "--service", "checkout"]);
    for expected in ["level 1, at once", "Ines Moreau  phone (pager)", "level 2, 10m", "round 2"] {
        assert!(out.contains(expected), "{expected}: {out}");
    }
    let steps =
        json_lines(&cli.ok(["check", "--service", "checkout", "--priority", "p3", "--json"]));
    let people: Vec<&Value> = steps.iter().map(|step| &step["person"]).collect();
    assert_eq!(people, ["ines", "tomo", "ines", "tomo"]);
    assert_eq!(steps[0]["channel"], "pager");
    cli.run(["check", "--service", "chekout"]).refused(3, &["did you mean \"checkout\""]);
    let cli = fixture("");
    cli.ok(["service", "set", "mail", "--team", "office"]);
    cli.run(["check", "--service", "mail"]).refused(1, &["follow no policy"]);
}
