//! Heartbeats on the command line.

use rstest::rstest;

use crate::support::cli::{CliFixture, json_lines};

const SETTINGS: &str = r#"
[heartbeats.backup]
interval = "1d"
grace = "1h"

[heartbeats.report]
interval = "5m"
"#;

/// A store with settings.
fn fixture(settings: &str) -> CliFixture {
    let cli = CliFixture::with_company();
    let file = cli.path("home/.config/redphone/config.toml");
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    let before = std::fs::read_to_string(&file).unwrap_or_default();
    std::fs::write(file, format!("{before}{settings}")).unwrap();
    cli
}

#[test]
fn sign_of_life_is_listed() {
    let cli = fixture(SETTINGS);
    assert_eq!(cli.ok(["heartbeat", "backup"]), "backup: received\n");
    let out = cli.ok(["heartbeat", "list"]);
    let lines: Vec<&str> = out.lines().collect();
    assert_eq!(lines.len(), 2, "{out}");
    assert!(lines[0].starts_with("backup  every 1d, received 20"), "{out}");
    assert_eq!(lines[1], "report  every 5m, never received");
}

#[test]
fn json_has_each_heartbeat_on_a_line() {
    let cli = fixture(SETTINGS);
    let sent = json_lines(&cli.ok(["heartbeat", "report", "--json"]));
    assert_eq!(
        (&sent[0]["effect"], &sent[0]["heartbeat"]["name"]),
        (&"unchanged".into(), &"report".into())
    );
    let listed = json_lines(&cli.ok(["heartbeat", "list", "--json"]));
    let names: Vec<_> = listed.iter().map(|line| line["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["backup", "report"]);
    assert_eq!((&listed[0]["interval_s"], &listed[0]["grace_s"]), (&86_400.into(), &3600.into()));
    assert_eq!(listed[1]["last_at"], sent[0]["heartbeat"]["last_at"]);
}

#[rstest]
#[case(SETTINGS, "bakcup", "there is no heartbeat \"bakcup\": did you mean backup?")]
#[case("", "backup", "add [heartbeats.NAME] to the settings file")]
fn unknown_heartbeat_is_refused(
    #[case] settings: &str,
    #[case] name: &str,
    #[case] expected: &str,
) {
    fixture(settings).run(["heartbeat", name]).refused(3, &[expected]);
}

#[test]
fn read_only_store_refuses_a_sign_of_life() {
    let run = fixture(SETTINGS).run(["--read-only", "heartbeat", "backup"]);
    assert_eq!(run.code, 1, "{run:?}");
}

#[test]
fn list_without_heartbeats_says_so() {
    let run = fixture("").run(["heartbeat", "list"]);
    assert_eq!((run.code, run.out.as_str()), (0, ""));
    assert!(run.err.contains("there are no heartbeats"), "{run:?}");
}
