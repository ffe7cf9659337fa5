//! Alerts and heartbeats as Opsgenie's clients read and define them.

use redphone::backend::Backend;
use redphone::model::Priority;
use redphone::model::signals::HeartbeatRule;
use rstest::rstest;
use serde_json::{Value, json};

use crate::support::api::{TestResponse, TestServer, fetch, token};
use crate::support::wait::until;

async fn send(
    server: &TestServer,
    token: &str,
    method: &str,
    path: &str,
    body: Option<&Value>,
) -> TestResponse {
    let request = server.request(method, path);
    let request = request.header("authorization", format!("GenieKey {token}"));
    fetch(match body {
        Some(body) => request.json(body),
        None => request,
    })
    .await
}

async fn create(server: &TestServer, body: &Value) -> String {
    let answer = send(server, &server.ingest, "POST", "/v2/alerts", Some(body)).await;
    assert_eq!(answer.status, 202, "{answer:?}");
    answer.json()["requestId"].as_str().unwrap().to_owned()
}

async fn get(server: &TestServer, token: &str, path: &str) -> Value {
    let answer = send(server, token, "GET", path, None).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let answer = answer.json();
    assert!(answer["requestId"].is_string() && answer["took"].is_number(), "{answer}");
    answer
}

fn disk() -> Value {
    json!({
        "message": "The disk of db1 is full", "alias": "db1/disk", "priority": "P1",
        "description": "0 B are free", "entity": "db1", "source": "watcher",
        "tags": ["env=prod", "urgent"], "details": {"region": "eu"},
    })
}

#[tokio::test]
async fn alert_is_read_back_by_each_of_its_names() {
    let server = TestServer::new().await;
    let id = create(&server, &disk()).await;
    for path in [
        format!("/v2/alerts/{id}"),
        format!("/v2/alerts/{id}?identifierType=id"),
        "/v2/alerts/db1%2Fdisk?identifierType=alias".to_owned(),
        "/v2/alerts/1?identifierType=tiny".to_owned(),
    ] {
        for token in [&server.ingest, &server.read] {
            let alert = get(&server, token, &path).await["data"].clone();
            let expected = json!({
                "id": id, "tinyId": "1", "alias": "db1/disk", "message": "The disk of db1 is full",
                "status": "open", "acknowledged": false, "isSeen": false, "snoozed": false,
                "count": 1, "source": "watcher", "owner": "", "priority": "P1", "entity": "db1",
                "description": "0 B are free", "details": {"region": "eu"}, "actions": [],
                "tags": ["env=prod", "urgent"], "responders": [],
            });
            for (name, value) in expected.as_object().unwrap() {
                assert_eq!(&alert[name], value, "{name} of {path}");
            }
            for name in ["createdAt", "updatedAt", "lastOccurredAt"] {
                assert!(alert[name].as_str().unwrap().ends_with('Z'), "{name}");
            }
        }
    }
    let request = get(&server, &server.ingest, &format!("/v2/alerts/requests/{id}")).await;
    assert_eq!(
        (&request["data"]["alertId"], &request["data"]["alias"]),
        (&json!(id), &json!("db1/disk"))
    );
    for path in ["/v2/alerts/other", "/v2/alerts/2?identifierType=tiny", "/v2/alerts/x/notes"] {
        let answer = send(&server, &server.read, "GET", path, None).await;
        assert_eq!(answer.status, 404, "{path}");
        assert!(answer.json()["message"].is_string());
    }
    let none = get(&server, &server.ingest, "/v2/alerts/requests/nonsense").await;
    assert_eq!((&none["data"]["isSuccess"], &none["data"]["alertId"]), (&json!(false), &json!("")));
}

#[tokio::test]
async fn what_becomes_of_an_alert_is_read_back() {
    let server = TestServer::new().await;
    let id = create(&server, &disk()).await;
    let act = async |method: &str, part: &str, body: Value| {
        let path = format!("/v2/alerts/{id}{part}");
        let answer = send(&server, &server.ingest, method, &path, Some(&body)).await;
        assert_eq!(answer.status, 202, "{answer:?}");
        get(&server, &server.ingest, &format!("/v2/alerts/{id}")).await["data"].clone()
    };
    assert_eq!(act("POST", "/acknowledge", json!({})).await["acknowledged"], true);
    assert_eq!(act("PUT", "/message", json!({"message": "Full"})).await["message"], "Full");
    assert_eq!(act("PUT", "/description", json!({"description": "-"})).await["description"], "-");
    assert_eq!(act("PUT", "/priority", json!({"priority": "P3"})).await["priority"], "P3");
    let tagged = act("POST", "/tags", json!({"tags": ["eu"]})).await;
    assert_eq!(tagged["tags"], json!(["env=prod", "urgent", "eu"]));
    for text in ["first", "second", "third"] {
        act("POST", "/notes", json!({"note": text})).await;
    }
    let path = format!("/v2/alerts/{id}/notes?limit=2&order=asc");
    let notes = get(&server, &server.read, &path).await;
    let texts = |notes: &Value| {
        let notes = notes["data"].as_array().unwrap().iter();
        notes.map(|note| note["note"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(texts(&notes), ["first", "second"]);
    assert_eq!(notes["data"][0]["owner"], "Alertmanager");
    let next = notes["paging"]["next"].as_str().unwrap();
    let last = get(&server, &server.read, next).await;
    assert_eq!((texts(&last), &last["paging"]["next"]), (vec!["third".to_owned()], &json!(null)));
    let logs = get(&server, &server.read, &format!("/v2/alerts/{id}/logs")).await;
    assert!(logs["data"].as_array().unwrap().iter().all(|log| log["log"].is_string()), "{logs}");
    let closed = act("POST", "/close", json!({})).await;
    assert_eq!((&closed["status"], &closed["acknowledged"]), (&json!("closed"), &json!(false)));
    assert_eq!((&closed["isSeen"], closed["report"]["ackTime"].is_i64()), (&json!(true), true));
}

#[tokio::test]
async fn alert_that_ends_by_itself_was_seen_by_nobody() {
    let server = TestServer::new().await;
    let path = format!("/v2/alerts/{}", create(&server, &disk()).await);
    let close = format!("{path}/close");
    assert_eq!(send(&server, &server.ingest, "POST", &close, None).await.status, 202);
    let closed = get(&server, &server.read, &path).await["data"].clone();
    assert_eq!((&closed["status"], &closed["isSeen"]), (&json!("closed"), &json!(false)));
    assert_eq!((&closed["seen"], closed["report"].get("ackTime")), (&json!(false), None));
    assert!(closed["report"]["closeTime"].is_i64(), "{closed}");
}

#[tokio::test]
async fn number_of_no_alert_is_no_alias() {
    let server = TestServer::new().await;
    create(&server, &json!({"message": "Disk full", "alias": "7"})).await;
    for token in [&server.ingest, &server.respond] {
        let close = "/v2/alerts/7/close?identifierType=tiny";
        let answer = send(&server, token, "POST", close, None).await;
        assert_eq!(answer.status, 202, "{answer:?}");
        let path = "/v2/alerts/7?identifierType=alias";
        assert_eq!(get(&server, &server.read, path).await["data"]["status"], "open");
    }
}

#[rstest]
#[case::own_last(true)]
#[case::own_first(false)]
#[tokio::test]
async fn person_closes_the_own_alert_first(#[case] is_own_last: bool) {
    let server = TestServer::new().await;
    let mut tokens = [&server.respond, &server.ingest];
    if is_own_last {
        tokens.reverse();
    }
    for token in tokens {
        let answer = send(&server, token, "POST", "/v2/alerts", Some(&disk())).await;
        assert_eq!(answer.status, 202, "{answer:?}");
    }
    let one = "/v2/alerts/db1%2Fdisk?identifierType=alias";
    let close = "/v2/alerts/db1%2Fdisk/close?identifierType=alias";
    for (open, status) in [(1, "open"), (0, "closed")] {
        assert_eq!(send(&server, &server.respond, "POST", close, None).await.status, 202);
        let count = get(&server, &server.read, "/v2/alerts/count?query=status%3Aopen").await;
        assert_eq!(count["data"]["count"], open);
        // The key reads that which it has created.
        assert_eq!(get(&server, &server.ingest, one).await["data"]["status"], status);
    }
}

#[tokio::test]
async fn lists_at_the_same_time_are_all_answered() {
    let server = TestServer::new().await;
    for index in 0..34 {
        create(&server, &json!({"message": "Disk full", "alias": format!("db{index}")})).await;
    }
    let list = async || get(&server, &server.read, "/v2/alerts?query=disk&limit=100").await;
    let count = async || get(&server, &server.ingest, "/v2/alerts/count").await;
    let (a, b, c, d) = tokio::join!(list(), count(), list(), count());
    for list in [a, c] {
        assert_eq!(list["data"].as_array().unwrap().len(), 34);
    }
    assert_eq!((&b["data"]["count"], &d["data"]["count"]), (&json!(34), &json!(34)));
}

#[tokio::test]
async fn alerts_are_listed_by_a_query() {
    let server = TestServer::new().await;
    for (alias, priority) in [("a", "P1"), ("b", "P2"), ("c", "P1"), ("d", "P5")] {
        create(
            &server,
            &json!({"message": format!("Alert {alias}"), "alias": alias,
            "priority": priority, "tags": [format!("tag of {alias}")]}),
        )
        .await;
    }
    let close = "/v2/alerts/a/close?identifierType=alias";
    assert_eq!(send(&server, &server.ingest, "POST", close, None).await.status, 202);
    let aliases = async |query: &str| {
        let found = get(&server, &server.read, &format!("/v2/alerts?{query}")).await;
        let alerts = found["data"].as_array().unwrap().iter();
        alerts.map(|alert| alert["alias"].as_str().unwrap().to_owned()).collect::<String>()
    };
    assert_eq!(aliases("sort=alias&order=asc").await, "abcd");
    assert_eq!(aliases("sort=alias").await, "dcba");
    assert_eq!(aliases("query=status%3A%20open&sort=alias&order=asc").await, "bcd");
    assert_eq!(aliases("query=status%3Aclosed").await, "a");
    assert_eq!(
        aliases("query=priority%3A+%28P1+OR+P5%29+AND+NOT+alias%3Ac&sort=alias").await,
        "da"
    );
    assert_eq!(aliases("query=tag%3A%22tag+of+b%22").await, "b");
    assert_eq!(aliases("sort=alias&order=asc&limit=2&offset=1").await, "bc");
    assert_eq!(aliases("offset=4").await, "");
    let count = get(&server, &server.ingest, "/v2/alerts/count?query=status%3Aopen").await;
    assert_eq!(count["data"], json!({"count": 3}));

    let page = get(&server, &server.read, "/v2/alerts?sort=alias&limit=3").await;
    assert_eq!(page["paging"]["next"], "/v2/alerts?sort=alias&order=desc&limit=3&offset=3");
    assert_eq!(page["paging"].get("prev"), None);
    let next = page["paging"]["next"].as_str().unwrap();
    let next = get(&server, &server.read, next).await;
    assert_eq!((next["data"].as_array().unwrap().len(), next["paging"].get("next")), (1, None));
    // The alias that is used again is the same alert, which is listed once.
    create(&server, &json!({"message": "Alert a", "alias": "a"})).await;
    assert_eq!(aliases("query=status%3Aopen&sort=alias&order=asc").await, "abcd");
}

#[rstest]
#[case("query=colour%3Ared", "colour")]
#[case("query=%28", "OR, or within parentheses")]
#[case("query=a+a+a+a+a+a+a+a+a+a+a+a+a+a+a+a+a+a+a+a+a+a+a+a+a+a+a+a+a+a+a", "30 conditions")]
#[case("limit=0", "limit")]
#[case("limit=101", "limit")]
#[case("offset=-1", "offset")]
#[case("offset=19990", "20000")]
#[case("sort=colour", "sort")]
#[case("order=up", "order")]
#[case("searchIdentifier=x", "saved searches")]
#[tokio::test]
async fn query_that_is_wrong_is_refused(#[case] query: &str, #[case] expected: &str) {
    let server = TestServer::new().await;
    let path = format!("/v2/alerts?{query}");
    let answer = send(&server, &server.ingest, "GET", &path, None).await;
    assert_eq!(answer.status, 422, "{answer:?}");
    let answer = answer.json();
    assert!(answer["message"].as_str().unwrap().contains(expected), "{answer}");
}

#[tokio::test]
async fn key_sees_its_own_alerts_alone() {
    let server = TestServer::new().await;
    let id = create(&server, &disk()).await;
    let other = token(&server.tokens, "Other", redphone::server::scope::Scope::Ingest);
    until("the tokens are read again", async || {
        send(&server, &other, "GET", "/v2/alerts", None).await.status == 200
    })
    .await;
    assert_eq!(get(&server, &other, "/v2/alerts").await["data"], json!([]));
    let path = format!("/v2/alerts/{id}");
    assert_eq!(send(&server, &other, "GET", &path, None).await.status, 404);
    assert_eq!(send(&server, &other, "POST", &format!("{path}/close"), None).await.status, 202);
    assert_eq!(get(&server, &server.read, &path).await["data"]["status"], "open");
    // Nobody reads what people write by a key, even of its own alert.
    for part in ["notes", "logs"] {
        let answer = send(&server, &server.ingest, "GET", &format!("{path}/{part}"), None).await;
        assert_eq!((answer.status, answer.json()["message"].is_string()), (403, true), "{part}");
    }
    // Whoever may do it for people closes it, whichever program has created it.
    let close = format!("{path}/close");
    assert_eq!(send(&server, &server.respond, "POST", &close, None).await.status, 202);
    assert_eq!(get(&server, &server.read, &path).await["data"]["status"], "closed");
    for path in ["/v2/alerts", "/v2/alerts/count", "/v2/heartbeats", "/v2/heartbeats/x"] {
        let answer = fetch(server.request("GET", path)).await;
        assert_eq!(answer.status, 401, "{path}");
        assert!(answer.json()["message"].is_string());
    }
}

/// The path of the heartbeat that tests define.
const ONE: &str = "/v2/heartbeats/ledger";

fn heartbeat() -> Value {
    json!({
        "name": "ledger", "description": "Copies it", "interval": 10, "intervalUnit": "minutes",
        "enabled": true, "ownerTeam": {"name": "payments"}, "alertMessage": "No ledger",
        "alertTags": ["db"], "alertPriority": "P5",
    })
}

#[tokio::test]
async fn heartbeat_is_defined_changed_and_removed() {
    let server = TestServer::new().await;
    let call = async |method: &str, path: &str, body: Option<Value>| {
        send(&server, &server.respond, method, path, body.as_ref()).await
    };
    let ping = async || send(&server, &server.ingest, "GET", &format!("{ONE}/ping"), None).await;
    assert_eq!(ping().await.status, 404);
    let created = call("POST", "/v2/heartbeats", Some(heartbeat())).await;
    assert_eq!(created.status, 201, "{created:?}");
    let mut expected = heartbeat();
    expected["ownerTeam"]["id"] = json!("payments");
    expected["expired"] = json!(false);
    assert_eq!(created.json()["data"], expected);
    assert_eq!(call("POST", "/v2/heartbeats", Some(heartbeat())).await.status, 422);
    assert_eq!(get(&server, &server.ingest, ONE).await["data"], expected);
    assert_eq!(ping().await.status, 202);
    let read = get(&server, &server.read, "/v2/heartbeats").await;
    assert!(read["data"]["heartbeats"][0]["lastPingTime"].is_string(), "{read}");

    let patch = json!({"interval": 2, "intervalUnit": "hours", "alertTags": ["db", "eu"]});
    let changed = call("PATCH", ONE, Some(patch)).await.json();
    let short = json!({"name": "ledger", "enabled": true, "expired": false});
    assert_eq!(changed["data"], short);
    let read = get(&server, &server.read, ONE).await["data"].clone();
    assert_eq!((&read["interval"], &read["intervalUnit"]), (&json!(2), &json!("hours")));
    assert_eq!(
        (&read["alertTags"], &read["description"]),
        (&json!(["db", "eu"]), &json!("Copies it"))
    );
    let disabled = call("POST", &format!("{ONE}/disable"), None).await.json();
    assert_eq!(disabled["data"]["enabled"], false);
    let enabled = call("POST", &format!("{ONE}/enable"), None).await.json();
    assert_eq!(enabled["data"]["enabled"], true);
    let listed = server.get(&server.read, "/v1/heartbeats").await.json();
    assert_eq!((&listed[0]["name"], &listed[0]["interval_s"]), (&json!("ledger"), &json!(7200)));
    assert_eq!(server.store.heartbeats().await.unwrap().len(), 1);

    let removed = call("DELETE", ONE, None).await;
    assert_eq!((removed.status, &removed.json()["result"]), (200, &json!("Deleted")));
    assert_eq!(call("DELETE", ONE, None).await.status, 404);
    assert_eq!(call("GET", ONE, None).await.status, 404);
    assert_eq!(call("PATCH", ONE, Some(json!({}))).await.status, 404);
    assert_eq!(ping().await.status, 404);
}

#[tokio::test]
async fn team_of_a_heartbeat_is_one_of_the_directory() {
    let server = TestServer::new().await;
    let team = server.request("PUT", "/v1/teams/payments").bearer_auth(&server.admin);
    let team = fetch(team.json(&json!({"members": []}))).await;
    assert!([200, 201].contains(&team.status), "{team:?}");
    let call = async |method: &str, path: &str, team: &str| {
        let mut body = heartbeat();
        body["ownerTeam"] = json!({"name": team});
        send(&server, &server.respond, method, path, Some(&body)).await.status
    };
    let shown = async || get(&server, &server.read, ONE).await["data"]["ownerTeam"]["name"].clone();
    assert_eq!(call("POST", "/v2/heartbeats", "payment").await, 422);
    assert_eq!(call("POST", "/v2/heartbeats", "Payments").await, 201);
    assert_eq!(shown().await, "payments");
    assert_eq!(call("PATCH", ONE, "ledger").await, 422);
    assert_eq!(call("PATCH", ONE, "PAYMENTS").await, 200);
    assert_eq!(shown().await, "payments");
}

#[tokio::test]
async fn heartbeat_of_the_settings_is_shown_and_not_changed() {
    let server = TestServer::with(|options| {
        options.settings.signals.heartbeats = vec![HeartbeatRule {
            name: "backup".into(),
            interval_s: 7200,
            grace_s: 60,
            priority: Priority::P2,
            title: None,
            service: None,
            team: Some("db".into()),
            runbook: None,
        }];
    })
    .await;
    let shown = get(&server, &server.ingest, "/v2/heartbeats/backup").await["data"].clone();
    let expected = json!({
        "name": "backup", "description": "", "interval": 2, "intervalUnit": "hours",
        "enabled": true, "ownerTeam": {"id": "db", "name": "db"}, "alertMessage": "",
        "alertTags": [], "alertPriority": "P2", "expired": false,
    });
    assert_eq!(shown, expected);
    let mut own = heartbeat();
    own["name"] = json!("backup");
    for (method, path) in [
        ("POST", "/v2/heartbeats"),
        ("PATCH", "/v2/heartbeats/backup"),
        ("DELETE", "/v2/heartbeats/backup"),
        ("POST", "/v2/heartbeats/backup/disable"),
    ] {
        let answer = send(&server, &server.respond, method, path, Some(&own)).await;
        assert_eq!(answer.status, 422, "{method} {path}");
    }
    let ingest = send(&server, &server.ingest, "POST", "/v2/heartbeats", Some(&heartbeat())).await;
    assert_eq!(ingest.status, 403);
    let wrong = send(&server, &server.respond, "POST", "/v2/heartbeats", Some(&json!([]))).await;
    assert_eq!(wrong.status, 400);
    let wrong = json!({"name": "x", "interval": 1, "intervalUnit": "weeks"});
    let wrong = send(&server, &server.respond, "POST", "/v2/heartbeats", Some(&wrong)).await;
    assert_eq!(wrong.status, 422);
}
