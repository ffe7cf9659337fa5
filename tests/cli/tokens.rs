//! `redphone token`: creating, listing and revoking tokens.

use rstest::rstest;
use serde_json::Value;

use crate::support::cli::CliFixture;

#[test]
fn a_token_is_shown_once_and_listed_without_its_secret() {
    let cli = CliFixture::new();
    let run = cli.run(["token", "create", "--name", "ines", "--scope", "respond"]);
    assert_eq!(run.code, 0, "{run:?}");
    run.assert_error(&["token \"ines\" of scope respond, good until", "shown this once"]);
    let token = run.out.trim_end();
    assert_eq!((token.len(), &token[..3]), (80, "rp_"));
    let list = cli.ok(["token", "list"]);
    assert!(list.starts_with("ID ") && list.contains(&token[3..15]), "{list}");
    assert!(list.contains("ines  respond") && !list.contains(&token[16..]), "{list}");
    let again = cli.run(["token", "create", "--name", "ines", "--scope", "read"]);
    again.refused(1, &["there is a token \"ines\" already"]);
    assert_eq!(cli.ok(["token", "revoke", "ines"]), "ines revoked\n");
    cli.run(["token", "revoke", "ines"]).refused(3, &["there is no token \"ines\" that holds"]);
    assert!(cli.ok(["token", "list"]).contains("revoked"));
}

#[test]
fn json_lists_all_fields_and_the_secret_only_once() {
    let cli = CliFixture::new();
    let args = ["token", "create", "--name", "Alertmanager", "--scope", "ingest", "--json"];
    let made: Value =
        serde_json::from_str(&cli.ok(args.iter().chain(&["--expires", "never"]))).unwrap();
    let secret = made["token"].as_str().unwrap();
    assert_eq!(made["scope"], "ingest");
    assert_eq!(made["expires_at"], Value::Null);
    let listed: Value = serde_json::from_str(&cli.ok(["token", "list", "--json"])).unwrap();
    assert_eq!((&listed["id"], &listed["state"]), (&made["id"], &"holds".into()));
    assert_eq!(listed.get("token"), None);
    let revoked = cli.ok(["token", "revoke", &secret[3..15], "--json"]);
    let revoked: Value = serde_json::from_str(&revoked).unwrap();
    assert_eq!(revoked["state"], "revoked");
}

#[rstest]
#[case::no_scope(&["--name", "a"], &["scope"])]
#[case::an_unknown_scope(&["--name", "a", "--scope", "root"], &["read", "admin"])]
#[case::no_time(&["--name", "a", "--scope", "read", "--expires", "soon"], &["90d", "never"])]
#[case::a_bare_number(&["--name", "a", "--scope", "read", "--expires", "90"], &["90d"])]
fn wrong_token_arguments_are_named(#[case] args: &[&str], #[case] expected: &[&str]) {
    let cli = CliFixture::new();
    cli.run(["token", "create"].iter().chain(args)).refused(2, expected);
}

#[rstest]
#[case::a_date("2120-03-01", "2120-03-01T00:00:00Z")]
#[case::a_moment("2120-03-01T10:00:00+02:00", "2120-03-01T08:00:00Z")]
fn expiry_is_a_date_or_a_time(#[case] argument: &str, #[case] expected: &str) {
    let cli = CliFixture::new();
    let args =
        ["token", "create", "--name", "a", "--scope", "read", "--json", "--expires", argument];
    let made: Value = serde_json::from_str(&cli.ok(args)).unwrap();
    assert_eq!(made["expires_at"], expected);
}

#[test]
fn past_expiry_is_refused() {
    let cli = CliFixture::new();
    let args = ["token", "create", "--name", "a", "--scope", "read", "--expires", "2020-01-01"];
    cli.run(args).refused(1, &["would have expired already"]);
}

#[test]
fn who_changed_a_token_is_recorded_in_the_store() {
    let cli = CliFixture::new();
    cli.ok(["people", "set", "ines"]);
    cli.ok(["--user", "ines", "token", "create", "--name", "wall", "--scope", "read", "--json"]);
    cli.ok(["--user", "ines", "token", "revoke", "wall"]);
    let log = crate::support::cli::json_lines(&cli.ok(["audit", "--json"]));
    assert_eq!(log[0]["change"]["revoke_token"]["name"], "wall");
    assert_eq!(log[1]["change"]["create_token"]["scope"], "read");
    assert_eq!(log[1]["actor"]["person"]["handle"], "ines");
}

#[rstest]
#[case::of_a_token(&["token", "create", "--name", "b", "--scope", "read"])]
#[case::an_end(&["token", "revoke", "a"])]
#[case::of_a_key(&["integration", "create", "Zabbix"])]
fn read_only_flag_changes_no_token(#[case] args: &[&str]) {
    let cli = CliFixture::new();
    cli.ok(["token", "create", "--name", "a", "--scope", "read", "--json"]);
    let before = cli.ok(["token", "list", "--json"]);
    cli.run(args.iter().copied().chain(["--read-only"])).refused(1, &["store.db", "--read-only"]);
    assert_eq!(cli.ok(["token", "list", "--json", "--read-only"]), before);
    assert_eq!(cli.ok(["integration", "list", "--json"]), "");
}
