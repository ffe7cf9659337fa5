//! `maintenance`: windows at the command line.

use crate::support::cli::{CliFixture, json_lines};

fn add(cli: &CliFixture, title: &str, more: &[&str]) -> serde_json::Value {
    let mut args = vec!["maintenance", "add", title, "--filter", "service:checkout env=prod"];
    args.extend(more);
    args.push("--json");
    json_lines(&cli.ok(args)).remove(0)
}

#[test]
fn window_is_created_listed_extended_and_ended() {
    let cli = CliFixture::with_company();
    let window = add(&cli, "The pool is replaced", &["--for", "2h"]);
    assert_eq!(window["filter"]["labels"], serde_json::json!(["env=prod"]));
    let listed = json_lines(&cli.ok(["maintenance", "list", "--json"]));
    assert_eq!(listed, std::slice::from_ref(&window));
    let table = cli.ok(["maintenance", "list"]);
    let lines: Vec<&str> = table.lines().collect();
    assert!(lines[0].starts_with("ID "), "{table}");
    assert!(
        lines[1].contains("active") && lines[1].ends_with("service:checkout env=prod"),
        "{table}"
    );
    let id = window["id"].as_str().unwrap();
    let args = ["maintenance", "extend", &id[28..], "--for", "1h", "--json"];
    let longer = json_lines(&cli.ok(args)).remove(0);
    assert_eq!(longer["revision"], 2);
    assert_ne!(longer["until"], window["until"]);
    let done = cli.ok(["maintenance", "end", "the pool is replaced"]);
    assert!(done.contains("has ended"), "{done}");
    assert_eq!(json_lines(&cli.ok(["maintenance", "list", "--json"])).len(), 0);
    assert_eq!(json_lines(&cli.ok(["maintenance", "list", "--all", "--json"])).len(), 1);
}

#[test]
fn window_comes_again_by_the_clock_of_a_zone() {
    let cli = CliFixture::with_company();
    let more =
        ["--from", "2030-03-01T01:00:00Z", "--for", "1h", "--every", "mon,thu", "--clock", "UTC"];
    let window = add(&cli, "Backups", &more);
    assert_eq!(window["recurrence"]["days"], serde_json::json!(["mon", "thu"]));
    let shown = cli.ok(["maintenance", "show", "Backups"]);
    assert!(shown.contains("again    on mon, thu by the clock of UTC"), "{shown}");
}

#[test]
fn preview_counts_what_would_be_muted() {
    let cli = CliFixture::with_company();
    let preview = cli.ok(["maintenance", "preview", "--filter", "service:nowhere"]);
    assert!(preview.starts_with("0 alerts and incidents match now, 0 incidents"), "{preview}");
    assert_eq!(cli.ok(["maintenance", "muted", "--json"]), "");
}

#[test]
fn wrong_arguments_are_named() {
    let cli = CliFixture::with_company();
    let no_end = ["maintenance", "add", "X", "--filter", "service:checkout"];
    cli.run(no_end).refused(2, &["--for"]);
    cli.run(["maintenance", "end", "nothing"]).refused(3, &["there is no maintenance window"]);
    let never = ["--for", "1h", "--every", "day", "--last", "2020-01-01T00:00:00Z"];
    cli.run(no_end.into_iter().chain(never)).refused(2, &["--last"]);
    let no_value = ["maintenance", "add", "X", "--filter", "service:", "--for", "1h"];
    let run = cli.run(no_value);
    assert!(run.code == 2 && run.err.contains("has no value"), "{run:?}");
}

#[test]
fn names_that_the_directory_lacks_need_a_second_yes() {
    let cli = CliFixture::with_company();
    let add = |filter: &str, more: &[&str]| {
        let args = ["maintenance", "add", "X", "--filter", filter, "--for", "1h"];
        cli.run(args.iter().chain(more))
    };
    add("service:chekout", &[]).refused(1, &["is \"checkout\" meant?", "--accept-unknown"]);
    add("team:paymets", &[]).refused(1, &["is \"payments\" meant?"]);
    assert_eq!(json_lines(&cli.ok(["maintenance", "list", "--json"])).len(), 0);
    let run = add("service:chekout", &["--accept-unknown"]);
    assert_eq!(run.code, 0, "{run:?}");
    assert!(run.err.contains("there is no service \"chekout\""), "{run:?}");
    assert_eq!(json_lines(&cli.ok(["maintenance", "list", "--json"])).len(), 1);
}

#[test]
fn team_that_does_not_exist_is_named_where_nothing_is_found() {
    let cli = CliFixture::with_company();
    for command in ["handoff", "feed", "metrics"] {
        let run = cli.run([command, "--team", "paymets"]);
        assert_eq!(run.code, 0, "{run:?}");
        assert!(run.err.contains("is \"payments\" meant?"), "{command}: {run:?}");
        let run = cli.run([command, "--team", "payments"]);
        assert!(!run.err.contains("there is no team"), "{command}: {run:?}");
    }
}
