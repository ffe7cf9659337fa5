//! Changes on the command line, and services that the directory does not have.

use rstest::rstest;

use crate::support::cli::{CliFixture, json_lines};

fn start<'a>(cli: &CliFixture, title: &'a str, more: &[&'a str]) -> String {
    let args = [&["change", "start", title, "--service", "checkout"][..], more].concat();
    let out = cli.ok(args);
    out.trim().to_owned()
}

#[rstest]
#[case(&[], "done")]
#[case(&["--failed"], "failed")]
#[case(&["--rolled-back"], "rolled_back")]
fn change_begins_and_ends(#[case] how: &[&str], #[case] state: &str) {
    let cli = CliFixture::with_company();
    let id =
        start(&cli, "checkout v813", &["--kind", "config", "--url", "https://ci.example.net/1"]);
    assert_eq!(id.len(), 36, "{id}");
    let listed = json_lines(&cli.ok(["change", "list", "--limit", "1", "--json"]));
    assert_eq!((&listed[0]["id"], &listed[0]["state"]), (&id.as_str().into(), &"running".into()));
    assert_eq!(listed[0]["kind"], "config_edit");
    assert_eq!(listed[0]["url"], "https://ci.example.net/1");
    let args = [&["change", "end", &id[id.len() - 12..], "--json"][..], how].concat();
    let ended = json_lines(&cli.ok(args));
    assert_eq!((&ended[0]["state"], &ended[0]["title"]), (&state.into(), &"checkout v813".into()));
    assert!(ended[0]["ends_at"].is_string());
    let listed = json_lines(&cli.ok(["change", "list", "--limit", "1", "--json"]));
    assert_eq!(listed[0], ended[0]);
}

#[test]
fn ended_change_is_recorded_at_once() {
    let cli = CliFixture::with_company();
    start(&cli, "rates of March", &["--ended", "--at", "20m"]);
    let listed = json_lines(&cli.ok(["change", "list", "--limit", "1", "--since", "1h", "--json"]));
    assert_eq!(
        (&listed[0]["title"], &listed[0]["state"]),
        (&"rates of March".into(), &"done".into())
    );
    let out = cli.ok(["change", "list", "--limit", "1", "--service", "checkout"]);
    assert!(out.lines().nth(1).is_some_and(|line| line.ends_with("rates of March")), "{out}");
}

#[test]
fn unknown_service_of_a_change_must_be_meant() {
    let cli = CliFixture::with_company();
    let refused = cli.run(["change", "start", "v1", "--service", "chekout"]);
    assert_eq!(refused.code, 1, "{refused:?}");
    assert!(refused.err.contains("there is no service"), "{refused:?}");
    let meant = cli.run(["change", "start", "v1", "--service", "promo", "--accept-unknown"]);
    let hint = "redphone: there is no service \"promo\": it is marked as unknown\n";
    assert_eq!((meant.code, meant.err.as_str()), (0, hint), "{meant:?}");
    assert_eq!(meant.out.trim_end().len(), 36, "{meant:?}");
    let unknown = json_lines(&cli.ok(["services", "--unknown", "--json"]));
    let promo = unknown.iter().find(|line| line["name"] == "promo").expect("the service");
    assert_eq!((&promo["changes"], &promo["incidents"]), (&1.into(), &0.into()));
    let team = json_lines(&cli.ok(["teams", "list", "--json"]))[0]["name"].clone();
    cli.ok(["service", "set", "promo", "--team", team.as_str().expect("a name")]);
    let unknown = json_lines(&cli.ok(["service", "list", "--unknown", "--json"]));
    assert!(unknown.iter().all(|line| line["name"] != "promo"), "{unknown:?}");
}

#[rstest]
#[case(&["change", "end", "12"], 3)]
#[case(&["change", "end", "ffffffffffff"], 3)]
#[case(&["change", "end", "01234567-89ab-7def-8123-456789abcdef"], 3)]
#[case(&["change", "start", "", "--service", "checkout"], 1)]
#[case(&["change", "start", "a", "--service", "checkout", "--url", "no url"], 1)]
#[case(&["change", "start", "a"], 2)]
#[case(&["change", "end", "abcd", "--failed", "--rolled-back"], 2)]
fn wrong_requests_say_why(#[case] args: &[&str], #[case] code: i32) {
    let cli = CliFixture::with_company();
    let result = cli.run(args);
    assert_eq!(result.code, code, "{result:?}");
    assert!(!result.err.is_empty(), "{result:?}");
}

#[test]
fn change_ends_once_and_not_before_it_began() {
    let cli = CliFixture::with_company();
    let id = start(&cli, "v811", &[]);
    let early = cli.run(["change", "end", &id, "--at", "2020-01-01T00:00:00Z"]);
    assert_eq!(early.code, 1, "{early:?}");
    let list = ["change", "list", "--limit", "1", "--json"];
    assert_eq!(json_lines(&cli.ok(list))[0]["state"], "running");
    cli.ok(["change", "end", &id]);
    assert_eq!(cli.run(["change", "end", &id]).code, 1);
    let ended_at = json_lines(&cli.ok(list))[0]["ends_at"].clone();
    // How it ended is corrected, and not when.
    cli.ok(["change", "end", &id, "--failed"]);
    let corrected = json_lines(&cli.ok(list))[0].clone();
    assert_eq!((&corrected["state"], &corrected["ends_at"]), (&"failed".into(), &ended_at));
}
