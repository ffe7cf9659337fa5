//! Changes that other programs report: deployments of GitHub and GitLab, and events of `CDEvents`.

use std::collections::BTreeMap;
use std::sync::Arc;

use hmac::{Hmac, KeyInit, Mac};
use redphone::ingest::changes::{ChangeForm, ChangeRules};
use redphone::ingest::{SecretSource, Sender};
use rstest::rstest;
use serde_json::{Value, json};
use sha2::Sha256;

use crate::support::api::{TestResponse, TestServer, declare, fetch};

async fn send(server: &TestServer, name: &str, body: &Value) -> TestResponse {
    let request = server.request("POST", &format!("/v1/ingest/{name}"));
    fetch(request.bearer_auth(&server.ingest).body(body.to_string())).await
}

async fn recorded(server: &TestServer) -> Vec<Value> {
    let page = server.get(&server.read, "/v1/change-records").await.json();
    page["rows"].as_array().unwrap().clone()
}

fn at(minutes_ago: i64) -> String {
    let at = chrono::Utc::now() - chrono::TimeDelta::minutes(minutes_ago);
    at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
}

fn github(state: &str, minutes_ago: i64) -> Value {
    json!({
        "deployment": {
            "id": 71, "sha": "a1b2c3d4e5f6", "ref": "main", "environment": "production",
            "created_at": at(40), "creator": {"login": "octocat"},
        },
        "deployment_status": {
            "state": state, "environment": "production", "created_at": at(minutes_ago),
        },
        "repository": {"full_name": "shop/Checkout"},
    })
}

fn gitlab(status: &str, minutes_ago: i64) -> Value {
    json!({
        "object_kind": "deployment", "status": status, "deployment_id": 15,
        "status_changed_at": at(minutes_ago), "environment": "production", "ref": "v812",
        "short_sha": "279484c0", "project": {"path_with_namespace": "shop/checkout"},
        "user": {"username": "octocat"},
    })
}

fn pipeline(predicate: &str, outcome: Option<&str>, minutes_ago: i64) -> Value {
    json!({
        "specversion": "1.0", "id": format!("{predicate}-1"), "source": "/ci",
        "type": format!("dev.cdevents.pipelinerun.{predicate}.0.2.0"),
        "data": {
            "context": {
                "version": "0.4.1", "id": format!("{predicate}-1"), "source": "/ci",
                "type": format!("dev.cdevents.pipelinerun.{predicate}.0.2.0"),
                "timestamp": at(minutes_ago),
            },
            "subject": {
                "id": "run/7", "content": {"pipelineName": "checkout", "outcome": outcome},
            },
        },
    })
}

#[rstest]
#[case::github("github", [github("queued", 40), github("in_progress", 30), github("failure", 20)])]
#[case::gitlab("gitlab", [gitlab("created", 40), gitlab("running", 30), gitlab("failed", 20)])]
#[case::cdevents("cdevents", [
    pipeline("queued", None, 40), pipeline("started", None, 30),
    pipeline("finished", Some("failure"), 20),
])]
#[case::cloudevents("cloudevents", [
    pipeline("queued", None, 40), pipeline("started", None, 30),
    pipeline("finished", Some("failure"), 20),
])]
#[tokio::test]
async fn change_is_recorded_once_in_any_order(#[case] name: &str, #[case] bodies: [Value; 3]) {
    for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0]] {
        let server = TestServer::new().await;
        // Each is sent once more at the end.
        for index in order.into_iter().chain(order) {
            let answer = send(&server, name, &bodies[index]).await;
            assert_eq!(answer.status, 200, "{answer:?}");
            assert_eq!(answer.json()["changes"].as_array().unwrap().len(), 1, "{answer:?}");
        }
        let changes = recorded(&server).await;
        let [change] = &changes[..] else { panic!("{changes:?}") };
        assert_eq!(change["state"], "failed", "{order:?}: {change}");
        let service = change["services"][0].as_str().unwrap();
        assert_eq!(service.to_lowercase(), "checkout");
        let time = |name: &str| {
            let text = change[name].as_str().unwrap();
            chrono::DateTime::parse_from_rfc3339(text).unwrap()
        };
        let took = time("ends_at") - time("starts_at");
        assert!((599..=601).contains(&took.num_seconds()), "{order:?}: {change}");
    }
}

#[tokio::test]
async fn reported_change_is_a_suspect() {
    let server = TestServer::new().await;
    let mut bodies = [github("in_progress", 30), github("success", 20)];
    for body in &mut bodies {
        body["repository"]["full_name"] = json!("shop/checkout");
        send(&server, "github", body).await;
    }
    let (id, order) = declare("Card payments fail");
    server.send(&server.respond, vec![order]).await;
    let shown = server.get(&server.read, &format!("/v1/incidents/{id}")).await.json();
    let suspects = shown["suspects"].as_array().unwrap();
    assert_eq!(suspects[0]["change"]["title"], "shop/checkout main (a1b2c3d) to production");
}

#[tokio::test]
async fn release_of_github_is_recorded_once() {
    let server = TestServer::new().await;
    let release = |action: &str| {
        json!({
            "action": action,
            "release": {"id": 3, "tag_name": "v8", "draft": false, "published_at": at(9)},
            "repository": {"full_name": "shop/checkout"}, "sender": {"login": "octocat"},
        })
    };
    for (action, expected) in [("created", 0), ("published", 1), ("published", 1), ("edited", 0)] {
        let answer = send(&server, "github", &release(action)).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        let changes = answer.json()["changes"].as_array().map_or(0, Vec::len);
        assert_eq!(changes, expected, "{action}: {answer:?}");
    }
    let changes = recorded(&server).await;
    let [change] = &changes[..] else { panic!("{changes:?}") };
    assert_eq!(change["title"], "shop/checkout release v8");
    assert_eq!((&change["state"], &change["services"]), (&json!("done"), &json!(["checkout"])));
}

#[tokio::test]
async fn settings_say_which_services_a_change_touches() {
    let services = vec![
        ("shop/mono production".into(), vec!["ledger".into(), "auth".into()]),
        ("*/docs".into(), vec![]),
    ];
    let rules = ChangeRules::new(services, vec!["prod*".into()], vec!["Deploy*".into()]);
    let sender =
        Sender { changes: Some(ChangeForm::Github), change_rules: rules, ..Sender::default() };
    let server = TestServer::with(|options| {
        options.settings.ingest.senders = BTreeMap::from([("shop".to_owned(), Arc::new(sender))]);
    })
    .await;
    let of = |repository: &str, environment: &str, id: u32| {
        let mut body = github("success", 5);
        body["repository"]["full_name"] = json!(repository);
        body["deployment_status"]["environment"] = json!(environment);
        body["deployment"]["id"] = json!(id);
        body
    };
    for (body, expected) in [
        (of("shop/mono", "production", 1), Some(json!(["ledger", "auth"]))),
        (of("shop/docs", "production", 2), None),
        (of("shop/mono", "staging", 3), None),
        (of("shop/unheard-of", "prod-eu", 4), Some(json!(["unheard-of"]))),
    ] {
        let answer = send(&server, "shop", &body).await.json();
        assert_eq!(answer["changes"].get(0).map(|change| change["services"].clone()), expected);
    }
    assert_eq!(recorded(&server).await.len(), 2);
}

fn secret_file(folder: &tempfile::TempDir) -> SecretSource {
    let file = folder.path().join("secret");
    std::fs::write(&file, "It's a Secret to Everybody\n").unwrap();
    std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    SecretSource::File(file)
}

#[tokio::test]
async fn signature_of_github_is_checked() {
    let folder = tempfile::tempdir().unwrap();
    let sender = Sender {
        changes: Some(ChangeForm::Github),
        secret: Some(secret_file(&folder)),
        ..Sender::default()
    };
    let server = TestServer::with(|options| {
        let senders = BTreeMap::from([("github".to_owned(), Arc::new(sender))]);
        options.settings.ingest.senders = senders;
    })
    .await;
    let body = github("success", 5).to_string();
    let mut mac = Hmac::<Sha256>::new_from_slice(b"It's a Secret to Everybody").unwrap();
    mac.update(body.as_bytes());
    let right = format!("sha256={}", hex::encode(mac.finalize().into_bytes()));
    for (signature, status) in [(right.as_str(), 200), ("sha256=00", 401), ("", 401)] {
        // GitHub can set no header of its own.
        let path = format!("/v1/ingest/github?key={}", server.ingest);
        let request = server.request("POST", &path).header("X-Hub-Signature-256", signature);
        let response = fetch(request.body(body.clone())).await;
        assert_eq!(response.status, status, "{response:?}");
    }
    assert_eq!(recorded(&server).await.len(), 1);
}

#[tokio::test]
async fn secret_of_gitlab_is_checked_or_is_the_token() {
    let folder = tempfile::tempdir().unwrap();
    let sender = Sender {
        changes: Some(ChangeForm::Gitlab),
        secret: Some(secret_file(&folder)),
        ..Sender::default()
    };
    let server = TestServer::with(|options| {
        options.settings.ingest.senders = BTreeMap::from([("shop".to_owned(), Arc::new(sender))]);
    })
    .await;
    let body = gitlab("success", 5).to_string();
    let (ingest, secret) = (server.ingest.clone(), "It's a Secret to Everybody");
    for (path, header, status) in [
        (format!("/v1/ingest/shop?key={ingest}"), secret, 200),
        (format!("/v1/ingest/shop?key={ingest}"), "another", 401),
        ("/v1/ingest/shop".to_owned(), secret, 401),
        ("/v1/ingest/gitlab".to_owned(), ingest.as_str(), 200),
        ("/v1/ingest/gitlab".to_owned(), "another", 401),
    ] {
        let request = server.request("POST", &path).header("X-Gitlab-Token", header);
        let response = fetch(request.body(body.clone())).await;
        assert_eq!(response.status, status, "{path}, {response:?}");
    }
}

#[tokio::test]
async fn change_that_is_not_understood_is_read_again() {
    let server = TestServer::new().await;
    let body = json!({"object_kind": "deployment", "status": "paused", "deployment_id": 1});
    send(&server, "gitlab", &body).await.refused(400, "bad_request", "status");
    let dead = server.get(&server.respond, "/v1/ingest/dead").await.json();
    assert_eq!((&dead["total"], &dead["letters"][0]["source"]), (&json!(1), &json!("gitlab")));
    let replay = server.request("POST", "/v1/ingest/dead/1/replay").bearer_auth(&server.respond);
    fetch(replay).await.refused(422, "rejected", "status");
}

#[tokio::test]
async fn other_events_are_accepted_and_change_nothing() {
    let server = TestServer::new().await;
    for (name, body) in [
        ("github", json!({"zen": "Design for failure.", "hook_id": 1})),
        ("github", github("inactive", 5)),
        ("gitlab", json!({"object_kind": "push"})),
        ("cdevents", json!({"specversion": "1.0", "type": "com.example.a", "data": "text"})),
    ] {
        let answer = send(&server, name, &body).await;
        assert_eq!(answer.status, 200, "{name}: {answer:?}");
    }
    assert_eq!(recorded(&server).await.len(), 0);
}
