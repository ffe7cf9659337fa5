//! Old tokens authenticate as they did, with the same scopes; those that had ended stay ended.

use serde_json::Value;

use super::program::{Home, copy_folder, file, json_lines, text_of};
use super::remote::token;
use super::server::Server;

#[test]
fn old_tokens_authenticate_with_their_scopes() {
    let home = Home::new();
    copy_folder(&file("data"), &home.path("data/redphone"));
    let server = Server::start(&home, &[], &[]);
    let cases = [
        ("ines", 200, Some("ines"), true),
        ("tom", 200, Some("tom"), true),
        ("admin", 200, Some("akiko"), true),
        ("watcher", 200, Some("watcher"), false),
        ("Alertmanager", 200, None, true),
        ("revoked", 401, None, false),
        ("soon", 401, None, false),
    ];
    for (name, status, person, commands) in cases {
        let response = server.get(&token(name), "/v1/capabilities");
        assert_eq!(response.status, status, "{name}");
        let capabilities: Value = serde_json::from_slice(&response.body).unwrap();
        assert_eq!(capabilities["me"]["handle"].as_str(), person, "{name}: {capabilities}");
        let verbs = capabilities["verbs"].as_array();
        assert_eq!(verbs.is_some_and(|verbs| !verbs.is_empty()), commands, "{name}");
    }
    assert_eq!(server.get("rp_nothing", "/v1/capabilities").status, 401);
}

#[test]
fn old_token_file_accepts_new_tokens() {
    let home = Home::new();
    copy_folder(&file("data"), &home.path("data/redphone"));
    let before = home.json(["token", "list", "--json"]);
    assert_eq!(before.len(), 7);
    let made = home.run(["token", "create", "--name", "new", "--scope", "read", "--json"]);
    assert_eq!(made.code, 0, "{made:?}");
    let made: Value = serde_json::from_str(&made.out).unwrap();
    assert!(made["token"].as_str().is_some_and(|token| token.starts_with("rp_")), "{made}");
    let after = home.json(["token", "list", "--json"]);
    assert_eq!(after[..7], before);
    assert_eq!((&after[7]["name"], &after[7]["scope"]), (&"new".into(), &"read".into()));
}

/// A token as versions before the scope `metrics` read it.
#[derive(Debug, serde::Deserialize)]
struct OldToken {
    name: String,
    scope: OldScope,
    revoked_at: Option<String>,
}

#[derive(PartialEq, Eq, Debug, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
enum OldScope {
    Read,
    Ingest,
    Respond,
    Admin,
}

/// The file, as those versions read it: they ignore other fields.
#[derive(Debug, serde::Deserialize)]
struct OldTokenFile {
    version: u32,
    tokens: Vec<OldToken>,
}

#[test]
fn older_server_reads_a_file_with_a_later_scope() {
    let home = Home::new();
    copy_folder(&file("data"), &home.path("data/redphone"));
    for scope in ["metrics", "respond"] {
        let made = home.run(["token", "create", "--name", scope, "--scope", scope, "--json"]);
        assert_eq!(made.code, 0, "{made:?}");
    }
    let text = std::fs::read_to_string(home.path("data/redphone/redphone.tokens.json")).unwrap();
    let read: OldTokenFile = serde_json::from_str(&text).unwrap();
    assert_eq!((read.version, read.tokens.len()), (1, 9));
    // To an older server the token is one that was revoked, so it opens nothing.
    let of = |name: &str| read.tokens.iter().find(|token| token.name == name).unwrap();
    assert!(of("metrics").revoked_at.is_some(), "{read:?}");
    assert!(of("respond").revoked_at.is_none() && of("respond").scope == OldScope::Respond);
    // For this one it has its original scope.
    let listed = home.json(["token", "list", "--json"]);
    let token = listed.iter().find(|token| token["name"] == "metrics").unwrap();
    assert_eq!((&token["scope"], &token["revoked_at"]), (&"metrics".into(), &Value::Null));
    assert_eq!(home.run(["token", "revoke", "metrics"]).code, 0);
    let listed = home.json(["token", "list", "--json"]);
    let token = listed.iter().find(|token| token["name"] == "metrics").unwrap();
    assert!(token["revoked_at"].is_string(), "{token}");
}

#[test]
fn older_server_reads_a_file_with_a_key() {
    let home = Home::new();
    copy_folder(&file("data"), &home.path("data/redphone"));
    let made = home.run(["integration", "create", "Zabbix", "--json"]);
    assert_eq!(made.code, 0, "{made:?}");
    let path = home.path("data/redphone/redphone.tokens.json");
    let text = std::fs::read_to_string(&path).unwrap();
    let read: OldTokenFile = serde_json::from_str(&text).unwrap();
    let key = read.tokens.iter().find(|token| token.name == "Zabbix").unwrap();
    assert_eq!((read.version, &key.scope, &key.revoked_at), (1, &OldScope::Ingest, &None));
    // It writes the file without the form, and the key can still be revoked.
    std::fs::write(&path, text.replace("\"form\": \"key\",", "")).unwrap();
    assert!(home.json(["integration", "list", "--json"]).is_empty());
    assert_eq!(home.run(["token", "revoke", "Zabbix"]).code, 0);
}

#[test]
fn access_log_has_every_old_field() {
    let home = Home::new();
    copy_folder(&file("data"), &home.path("data/redphone"));
    let server = Server::start(&home, &[], &[]);
    server.get("", "/v1/health");
    server.get(&token("ines"), "/v1/incidents");
    server.get(&token("ines"), "/v1/nothing");
    let recorded = json_lines(&text_of("access.jsonl"));
    server.stop();
    let lines = json_lines(&std::fs::read_to_string(home.path("access.jsonl")).unwrap());
    assert!(lines.len() >= recorded.len(), "{lines:?}");
    for (was, is) in recorded.iter().zip(&lines) {
        for name in ["method", "route", "status", "token"] {
            assert_eq!(was[name], is[name], "{name} in {is}");
        }
        for (name, value) in was.as_object().unwrap() {
            let kind = |value: &Value| (value.is_string(), value.is_number(), value.is_null());
            assert_eq!(kind(value), kind(&is[name]), "{name} in {is}");
        }
    }
}
