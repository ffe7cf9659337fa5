//! Tokens of a server, from the command line over its API.

use redphone::server::tokens::TokenStatus;
use rstest::rstest;

use super::command_line::{ClientFixture, json};
use crate::support::served::Served;

#[tokio::test]
async fn token_of_a_server_is_created_listed_and_revoked() {
    let server = Served::start().await;
    let client = ClientFixture { server: &server };
    let run = client.run("ines", &["token", "create", "--name", "wall", "--scope", "read"]);
    assert_eq!(run.code, 0, "{run:?}");
    run.assert_error(&["token \"wall\" of scope read, good until", "shown this once"]);
    let secret = run.out.trim_end().to_owned();
    assert_eq!((secret.len(), &secret[..3]), (80, "rp_"));
    let list = client.ok("ines", &["token", "list"]);
    assert!(list.contains(&secret[3..15]) && !list.contains(&secret[16..]), "{list}");
    let stored = server.tokens().list().unwrap();
    let wall = stored.iter().find(|token| token.name == "wall").unwrap();
    assert_eq!(wall.status(chrono::Utc::now()), TokenStatus::Valid);
    assert_eq!(client.ok("ines", &["token", "revoke", "wall"]), "wall revoked\n");
    let again = client.run("ines", &["token", "revoke", "wall"]);
    again.refused(3, &["there is no token \"wall\" that holds"]);
    let again = client.run("ines", &["token", "revoke", &secret[3..15]]);
    again.refused(1, &["was revoked already"]);
    // The server records who did that.
    let log = json(&client.ok("ines", &["audit", "--json"]));
    assert_eq!(log[0]["change"]["revoke_token"]["name"], "wall");
    assert_eq!(log[0]["actor"]["person"]["handle"], "ines");
}

#[tokio::test]
async fn json_of_a_token_is_that_of_the_file() {
    let server = Served::start().await;
    let client = ClientFixture { server: &server };
    let create = ["token", "create", "--name", "mail", "--scope", "ingest", "--expires", "never"];
    let made = &json(&client.ok("ines", &[&create[..], &["--json"]].concat()))[0];
    assert!(made["token"].as_str().unwrap().starts_with("rp_"));
    let over_the_api = json(&client.ok("ines", &["token", "list", "--json"]));
    let tokens = server.tokens();
    let path = tokens.path().to_str().unwrap();
    let of_file = json(&client.ok("ines", &["token", "list", "--json", "--tokens", path]));
    // When a token was used last is written to the file later.
    let names = |lines: &[serde_json::Value]| -> Vec<serde_json::Value> {
        let mut lines = lines.to_vec();
        for line in &mut lines {
            line["last_used_at"] = serde_json::Value::Null;
        }
        lines
    };
    assert_eq!(names(&over_the_api), names(&of_file));
    assert_eq!(over_the_api.last().unwrap()["state"], "holds");
}

#[rstest]
#[case("tom", &["token", "list"], "scope")]
#[case("eye", &["token", "create", "--name", "x", "--scope", "admin"], "scope")]
#[case("ines", &["token", "create", "--name", "tom", "--scope", "read"], "there is a token")]
#[case("ines", &["--read-only", "token", "revoke", "tom"], "was opened read-only")]
#[tokio::test]
async fn token_command_that_is_refused_says_why(
    #[case] token: &str,
    #[case] args: &[&str],
    #[case] expected: &str,
) {
    let server = Served::start().await;
    let client = ClientFixture { server: &server };
    client.run(token, args).refused(1, &[expected]);
}
