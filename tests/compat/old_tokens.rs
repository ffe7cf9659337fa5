//! Old tokens authenticate as they did, with the same scopes; those that had ended stay ended.

use serde_json::Value;

use super::program::{Home, copy_folder, file};
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
        let said: Value = serde_json::from_slice(&response.body).unwrap();
        assert_eq!(said["me"]["handle"].as_str(), person, "{name}: {said}");
        let verbs = said["verbs"].as_array();
        assert_eq!(verbs.is_some_and(|verbs| !verbs.is_empty()), commands, "{name}");
    }
    assert_eq!(server.get("rp_nothing", "/v1/capabilities").status, 401);
}
