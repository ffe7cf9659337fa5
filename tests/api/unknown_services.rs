//! Services that incidents and changes name and the directory does not have.

use serde_json::{Value, json};

use crate::support::api::{TestServer, fetch};

async fn unknown(server: &TestServer) -> Vec<Value> {
    let list = server.get(&server.read, "/v1/unknown-services").await.json();
    list.as_array().unwrap().clone()
}

async fn put(server: &TestServer, path: &str, body: Value) -> u16 {
    let request = server.request("PUT", path).bearer_auth(&server.admin).json(&body);
    fetch(request).await.status
}

#[tokio::test]
async fn service_is_listed_until_it_is_adopted() {
    let server = TestServer::new().await;
    for (monitor, status) in [(1, 0), (2, 0), (1, 1)] {
        let body = json!({
            "heartbeat": {"status": status, "msg": "x"},
            "monitor": {"id": monitor, "name": "promo"},
        });
        let request = server.request("POST", "/v1/ingest/uptime-kuma").bearer_auth(&server.ingest);
        assert_eq!(fetch(request.json(&body)).await.status, 200);
    }
    let change = json!({
        "object_kind": "deployment", "status": "success", "deployment_id": 1,
        "project": {"path_with_namespace": "shop/mailer"},
    });
    let request = server.request("POST", "/v1/ingest/gitlab").bearer_auth(&server.ingest);
    assert_eq!(fetch(request.json(&change)).await.status, 200);
    let services = unknown(&server).await;
    let names: Vec<&str> = services.iter().map(|one| one["name"].as_str().unwrap()).collect();
    assert!(names.contains(&"mailer"), "{services:?}");
    let promo = services.iter().find(|one| one["name"] == "promo").unwrap();
    assert_eq!((&promo["incidents"], &promo["alerts"]), (&json!(2), &json!(2)), "{promo}");
    assert_eq!(promo["sources"], json!(["uptime-kuma"]));
    let mailer = services.iter().find(|one| one["name"] == "mailer").unwrap();
    assert_eq!((&mailer["incidents"], &mailer["changes"]), (&json!(0), &json!(1)), "{mailer}");
    assert_eq!(mailer["sources"], json!(["change"]));
    assert!([200, 201].contains(&put(&server, "/v1/teams/shop", json!({"members": []})).await));
    for name in names {
        let path = format!("/v1/services/{name}");
        let status = put(&server, &path, json!({"team": "shop"})).await;
        assert!([200, 201].contains(&status), "{name}: {status}");
    }
    assert_eq!(unknown(&server).await, Vec::<Value>::new());
}

#[tokio::test]
async fn service_of_an_incident_is_listed() {
    let server = TestServer::new().await;
    assert_eq!(unknown(&server).await, Vec::<Value>::new());
    server.declared("Card payments fail").await;
    let services = unknown(&server).await;
    let [service] = &services[..] else { panic!("{services:?}") };
    assert_eq!((&service["name"], &service["incidents"]), (&json!("checkout"), &json!(1)));
    assert_eq!(
        (&service["last_incident"], &service["sources"]),
        (&json!(1), &json!(["monitoring"]))
    );
    let refused = server.get(&server.ingest, "/v1/unknown-services").await;
    assert_eq!(refused.status, 403);
}

#[tokio::test]
async fn service_that_only_a_label_names_can_be_adopted() {
    let server = TestServer::new().await;
    let alert = |service: &str, instance: &str| {
        json!({"status": "firing", "labels": {"alertname": "Slow", "service": service, "instance": instance},
               "startsAt": "2026-03-01T09:00:00Z"})
    };
    let alerts = json!([
        alert("checkout", "a"),
        alert("ledger", "a"),
        alert("ledger", "b"),
        alert("checkout", "b"),
        alert(" ", "c"),
        alert(&"x".repeat(300), "d"),
    ]);
    let message =
        json!({"version": "4", "status": "firing", "groupKey": "{}:{}", "alerts": alerts});
    // Repeats count nothing.
    for _ in 0..2 {
        let post = server.request("POST", "/v1/ingest/alertmanager").bearer_auth(&server.ingest);
        assert_eq!(fetch(post.json(&message)).await.status, 200);
    }
    let services = unknown(&server).await;
    let facts: Vec<Value> = services
        .iter()
        .map(|one| json!([one["name"], one["incidents"], one["alerts"], one["last_incident"]]))
        .collect();
    assert_eq!(facts.len(), 2, "{services:?}");
    // All alerts of its incident count for the service of the incident.
    assert!(facts.contains(&json!(["checkout", 1, 6, 1])), "{facts:?}");
    assert!(facts.contains(&json!(["ledger", 0, 2, 1])), "{facts:?}");
    let ledger = services.iter().find(|one| one["name"] == "ledger").unwrap();
    assert_eq!(ledger["sources"], json!(["alertmanager"]));
    assert!([200, 201].contains(&put(&server, "/v1/teams/shop", json!({"members": []})).await));
    let adopted = put(&server, "/v1/services/ledger", json!({"team": "shop"})).await;
    assert!([200, 201].contains(&adopted));
    let names: Vec<Value> = unknown(&server).await.iter().map(|one| one["name"].clone()).collect();
    assert_eq!(names, [json!("checkout")]);
}
