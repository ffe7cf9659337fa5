//! Problems on the command line.

use rstest::rstest;

use crate::support::cli::{CliFixture, json_lines};

/// Records a problem behind the incidents, and returns its id.
fn create(cli: &CliFixture, more: &[&str]) -> String {
    let args = [&["problem", "create", "Pool too small", "--service", "checkout"][..], more];
    cli.ok(args.concat()).trim().to_owned()
}

fn filled() -> CliFixture {
    let cli = CliFixture::with_company();
    cli.declare("Carts are empty", "checkout");
    cli.declare("Cards fail", "checkout");
    cli
}

#[test]
fn problem_is_recorded_with_its_incidents() {
    let cli = filled();
    let id = create(&cli, &["--incident", "1,2,INC-1", "--owner", "ines", "--team", "payments"]);
    assert_eq!(id.len(), 36, "{id}");
    let listed = json_lines(&cli.ok(["problem", "list", "--owner", "ines", "--json"]));
    assert_eq!(listed[0]["problem"]["id"], id);
    assert_eq!(listed[0]["problem"]["state"], "open");
    assert_eq!(listed[0]["problem"]["owner"]["name"], "Ines Moreau");
    assert_eq!((&listed[0]["incident_count"], &listed[0]["open_count"]), (&2.into(), &2.into()));
    assert_eq!(cli.ok(["problem", "list", "--owner", "nobody", "--json"]), "");
    let out = cli.ok(["problem", "list"]);
    let row = out.lines().nth(1).unwrap_or_default();
    assert!(row.starts_with(&id[28..]) && row.ends_with("Pool too small"), "{out}");
    let out = cli.ok(["problem", "show", &id[28..]]);
    for expected in ["INC-1", "INC-2", "Ines Moreau", "payments", "2, 2 open", "recorded"] {
        assert!(out.contains(expected), "{expected}\n{out}");
    }
}

#[test]
fn edits_are_on_record_and_checked() {
    let cli = filled();
    let id = create(&cli, &[]);
    cli.run(["problem", "edit", &id, "--state", "known-error"]).refused(1, &["workaround"]);
    let args = ["problem", "edit", "pool too small", "--state", "known-error", "--workaround"];
    let out = cli.ok([&args[..], &["restart one"]].concat());
    assert_eq!(out, "Pool too small: known error\n");
    cli.run(["problem", "edit", &id, "--cause", "a leak", "--if-revision", "1"])
        .refused(1, &["changed"]);
    cli.run(["problem", "edit", &id]).refused(1, &["nothing is to be changed"]);
    assert_eq!(cli.ok(["problem", "close", &id, "--cause", "a leak"]), "Pool too small: removed\n");
    let shown = json_lines(&cli.ok(["problem", "show", &id, "--json"]));
    let problem = &shown[0]["problem"];
    assert_eq!((&problem["revision"], &problem["cause"]), (&3.into(), &"a leak".into()));
    assert_eq!(problem["edits"].as_array().map(Vec::len), Some(3));
    assert!(problem["removed_at"].is_string(), "{problem}");
}

#[test]
fn incidents_are_linked_and_unlinked() {
    let cli = filled();
    let id = create(&cli, &[]);
    let out = cli.ok(["problem", "link", &id, "1", "INC-2"]);
    assert_eq!(
        out,
        "INC-1: linked: problem Pool too small\nINC-2: linked: problem Pool too small\n"
    );
    cli.ok(["problem", "unlink", &id, "1"]);
    let shown = json_lines(&cli.ok(["problem", "show", &id, "--json"]));
    assert_eq!(shown[0]["incidents"][0]["number"], 2);
    assert_eq!(shown[0]["incident_count"], 1);
    cli.run(["problem", "unlink", &id, "1"]).refused(1, &["INC-1 is not linked"]);
}

#[test]
fn incident_shows_the_accepted_cause_behind_its_fault() {
    let cli = filled();
    create(&cli, &["--workaround", "restart one", "--incident", "1"]);
    cli.declare("Carts are empty", "checkout");
    let out = cli.ok(["show", "3"]);
    let line = out.lines().find(|line| line.starts_with("Known error"));
    let line = line.unwrap_or_default();
    assert!(line.contains("Pool too small · restart one (the same fault once)"), "{out}");
    let shown = json_lines(&cli.ok(["show", "3", "--json"]));
    assert_eq!(shown[0]["known_errors"][0]["title"], "Pool too small");
}

#[rstest]
#[case(&["problem", "show", "nothing"], 3)]
#[case(&["problem", "show", "01234567-89ab-7def-8123-456789abcdef"], 3)]
#[case(&["problem", "create", ""], 1)]
#[case(&["problem", "create", "a", "--incident", "9"], 3)]
#[case(&["problem", "create", "a", "--owner", "nosuchone"], 1)]
#[case(&["problem", "list", "--state", "odd"], 2)]
#[case(&["problem"], 2)]
fn wrong_requests_are_refused(#[case] args: &[&str], #[case] code: i32) {
    let run = filled().run(args);
    assert_eq!((run.code, run.out.as_str()), (code, ""), "{run:?}");
}

#[test]
fn change_says_its_approval_and_what_it_is_suspected_of() {
    let cli = CliFixture::with_company();
    let start = ["change", "start", "checkout v812", "--service", "checkout"];
    let id = cli.ok([&start[..], &["--at", "20m", "--approval", "requested"]].concat());
    let id = id.trim();
    cli.declare("Carts are empty", "checkout");
    let listed = json_lines(&cli.ok(["change", "list", "--json"]));
    assert_eq!(listed[0]["suspect_of"]["incident_count"], 1);
    assert_eq!(listed[0]["suspect_of"]["incidents"][0]["number"], 1);
    assert_eq!(listed[0]["approval"], "requested");
    assert_eq!(cli.ok(["change", "approve", id]), "checkout v812: running, approved\n");
    let out = cli.ok(["change", "list", "--calendar"]);
    assert!(out.contains("suspect of INC-1") && out.contains("running, approved"), "{out}");
    assert!(out.lines().next().is_some_and(|line| line.ends_with("1 change")), "{out}");
}

#[test]
fn calendar_has_a_running_change_on_each_day() {
    let cli = CliFixture::with_company();
    cli.ok(["change", "start", "migration", "--service", "checkout", "--at", "50h"]);
    let out = cli.ok(["change", "list", "--calendar"]);
    for expected in ["  day 2 · running · migration", "  day 3 · running · migration"] {
        assert!(out.contains(expected), "{out}");
    }
    let out = cli.ok(["change", "list", "--calendar", "--since", "1h"]);
    assert!(!out.contains("day 2 ·") && out.contains("· running · migration"), "{out}");
    let out = cli.ok(["change", "list"]);
    assert_eq!(out.matches("migration").count(), 1, "{out}");
}

#[test]
fn unknown_names_of_a_problem_must_be_meant() {
    let cli = CliFixture::with_company();
    for unknown in [["--service", "chekout"], ["--team", "paymnts"]] {
        let args = ["problem", "create", "Pool too small"];
        let refused = cli.run(args.iter().chain(&unknown));
        assert_eq!(refused.code, 1, "{refused:?}");
        let meant = cli.run(args.iter().chain(&unknown).chain(&["--accept-unknown"]));
        assert_eq!(meant.code, 0, "{meant:?}");
    }
    assert_eq!(cli.run(["problem", "edit", "Pool too small", "--team", "x"]).code, 1);
}
