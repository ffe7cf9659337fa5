//! Senders of other systems, each in its own format: the life of an alert, and the answers.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use redphone::backend::Ledger;
use redphone::server::access_log::AccessLog;
use redphone::server::tokens::Secret;
use rstest::rstest;
use serde_json::{Value, json};

use crate::support::api::{TestResponse, TestServer, fetch};
use crate::support::wait::until;

/// Alerts count whenever they were last reported.
const ANY_TIME: DateTime<Utc> = DateTime::<Utc>::MIN_UTC;

/// A kind of sender.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Sender {
    Prometheus,
    EventsV2,
    EventsV1,
    Opsgenie,
    GoAlert,
}

/// A report of a sender.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Step {
    /// The alert fires; with another severity it has become worse.
    Fires(&'static str),
    Acknowledged,
    Resolved,
    /// The first report, once more.
    Late,
    /// It fires again.
    Again,
}

fn time(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

impl Sender {
    /// Sends a report about the disk of db1. Returns the response; `None` if the sender can't say it.
    async fn send(
        self,
        server: &TestServer,
        step: Step,
        now: DateTime<Utc>,
    ) -> Option<TestResponse> {
        let severity = if let Step::Fires(severity) = step { severity } else { "warning" };
        let begins = if step == Step::Again {
            now - TimeDelta::minutes(1)
        } else {
            now - TimeDelta::hours(1)
        };
        let is_firing = !matches!(step, Step::Acknowledged | Step::Resolved);
        let action = match step {
            Step::Acknowledged => "acknowledge",
            Step::Resolved => "resolve",
            _ => "trigger",
        };
        let title = "The disk of db1 is full";
        let post = |path: &str| server.request("POST", path);
        let request = match (self, step) {
            // Two of them acknowledge nothing; without times a late report is one that fires again.
            (Self::Prometheus | Self::GoAlert, Step::Acknowledged)
            | (Self::EventsV1 | Self::Opsgenie | Self::GoAlert, Step::Late) => return None,
            (Self::Prometheus, _) => {
                let ends = if is_firing { now + TimeDelta::minutes(4) } else { now };
                let labels =
                    json!({"alertname": "DiskFull", "service": "checkout", "instance": "db1"});
                let mut alert = json!({
                    "labels": labels, "annotations": {"summary": title},
                    "startsAt": time(begins), "endsAt": time(ends),
                });
                // Another severity is another alert: labels distinguish them.
                alert["labels"]["severity"] = json!("warning");
                post("/api/v2/alerts").bearer_auth(&server.ingest).json(&json!([alert]))
            }
            (Self::EventsV2, _) => post("/v2/enqueue").json(&json!({
                "routing_key": server.ingest, "event_action": action, "dedup_key": "db1/disk",
                "payload": {"summary": title, "source": "db1", "severity": severity,
                            "timestamp": time(begins)},
            })),
            (Self::EventsV1, _) => post("/generic/2010-04-15/create_event.json").json(&json!({
                "service_key": server.ingest, "event_type": action, "incident_key": "db1/disk",
                "description": title,
            })),
            (Self::Opsgenie, Step::Acknowledged | Step::Resolved) => {
                let verb = if step == Step::Resolved { "close" } else { "acknowledge" };
                let path = format!("/v2/alerts/db1%2Fdisk/{verb}?identifierType=alias");
                post(&path).header("authorization", format!("GenieKey {}", server.ingest))
            }
            (Self::Opsgenie, _) => {
                let priority = if severity == "critical" { "P1" } else { "P3" };
                post("/v2/alerts")
                    .header("authorization", format!("GenieKey {}", server.ingest))
                    .json(&json!({"message": title, "alias": "db1/disk", "priority": priority}))
            }
            (Self::GoAlert, _) => {
                let action = if is_firing { "" } else { "close" };
                let meta = format!("severity={severity}");
                post("/api/v2/generic/incoming").query(&[
                    ("token", server.ingest.as_str()),
                    ("summary", title),
                    ("dedup", "db1/disk"),
                    ("action", action),
                    ("meta", meta.as_str()),
                ])
            }
        };
        Some(fetch(request).await)
    }

    fn accepted(self) -> u16 {
        match self {
            Self::Prometheus | Self::EventsV1 => 200,
            Self::EventsV2 | Self::Opsgenie => 202,
            Self::GoAlert => 204,
        }
    }
}

/// Returns the rows of all incidents, the last one first.
async fn incidents(server: &TestServer) -> Vec<Value> {
    let page = server.get(&server.read, "/v1/incidents?filter=is:any&sort=newest").await.json();
    page["rows"].as_array().unwrap().clone()
}

/// Returns the number of incidents and of alerts, and status and priority of the last incident.
async fn state(server: &TestServer) -> (usize, usize, String, String) {
    let rows = incidents(server).await;
    let mut alerts = 0;
    for row in &rows {
        let path = format!("/v1/incidents/{}/alerts", row["id"].as_str().unwrap());
        alerts += server.get(&server.read, &path).await.json().as_array().unwrap().len();
    }
    let text = |name: &str| rows[0][name].as_str().unwrap().to_owned();
    (rows.len(), alerts, text("status"), text("priority"))
}

#[rstest]
#[case(Sender::Prometheus, "triggered", "resolved", (2, 2, "triggered"))]
#[case(Sender::EventsV2, "acknowledged", "monitoring", (1, 1, "acknowledged"))]
#[case(Sender::EventsV1, "acknowledged", "monitoring", (1, 1, "acknowledged"))]
#[case(Sender::Opsgenie, "acknowledged", "monitoring", (1, 1, "acknowledged"))]
#[case(Sender::GoAlert, "triggered", "resolved", (2, 2, "triggered"))]
#[tokio::test]
async fn alert_lives_as_its_sender_says(
    #[case] sender: Sender,
    #[case] acknowledged: &str,
    #[case] resolved: &str,
    #[case] again: (usize, usize, &str),
) {
    let server = TestServer::new().await;
    let now = Utc::now();
    let steps = [
        (Step::Fires("warning"), (1, 1, "triggered")),
        (Step::Fires("warning"), (1, 1, "triggered")),
        (Step::Fires("critical"), (1, 1, "triggered")),
        (Step::Acknowledged, (1, 1, acknowledged)),
        (Step::Resolved, (1, 1, resolved)),
        (Step::Resolved, (1, 1, resolved)),
        (Step::Late, (1, 1, resolved)),
        (Step::Again, again),
    ];
    for (step, (count, alerts, status)) in steps {
        let Some(response) = sender.send(&server, step, now).await else { continue };
        assert_eq!(response.status, sender.accepted(), "{step:?} {response:?}");
        let found = state(&server).await;
        assert_eq!((found.0, found.1, found.2.as_str()), (count, alerts, status), "{step:?}");
        let may_be_worse = !matches!(sender, Sender::Prometheus | Sender::EventsV1);
        if step == Step::Fires("critical") && may_be_worse {
            assert_eq!(found.3, "P1", "{sender:?}");
        }
    }
    assert_eq!(incidents(&server).await.last().unwrap()["title"], "The disk of db1 is full");
}

#[tokio::test]
async fn acknowledged_elsewhere_is_acknowledged_by_the_sender() {
    let server = TestServer::new().await;
    let now = Utc::now();
    let unknown = Sender::EventsV2.send(&server, Step::Acknowledged, now).await.unwrap();
    assert_eq!((unknown.status, incidents(&server).await.len()), (202, 0));
    for _ in 0..2 {
        Sender::EventsV2.send(&server, Step::Fires("error"), now).await.unwrap();
        Sender::EventsV2.send(&server, Step::Acknowledged, now).await.unwrap();
    }
    let timeline = server.get(&server.read, "/v1/incidents/1/timeline").await.json();
    let timeline = timeline.as_array().unwrap();
    assert_eq!(timeline.len(), 2, "{timeline:?}");
    assert_eq!(timeline[1]["actor"], json!({"integration": "Alertmanager"}));
}

/// Posts alerts in the name of the ingest token.
async fn post_alerts(server: &TestServer, alerts: &Value) -> TestResponse {
    let request = server.request("POST", "/api/v2/alerts").bearer_auth(&server.ingest);
    fetch(request.json(alerts)).await
}

#[tokio::test]
async fn alert_that_is_not_repeated_ends_by_itself() {
    let server = TestServer::new().await;
    let now = Utc::now();
    let alert = |ends: DateTime<Utc>| {
        json!([{"labels": {"alertname": "Watchdog", "service": "checkout"},
                "startsAt": time(now - TimeDelta::hours(1)), "endsAt": time(ends)}])
    };
    let ends = now + TimeDelta::minutes(4);
    assert_eq!(post_alerts(&server, &alert(ends)).await.status, 200);
    let early = server.store.expire_alerts(now, ANY_TIME).await.unwrap();
    assert_eq!((early.count, early.next.map(time)), (0, Some(time(ends))));
    // A repeat moves the end.
    let later = now + TimeDelta::minutes(8);
    assert_eq!(post_alerts(&server, &alert(later)).await.status, 200);
    assert_eq!(
        server.store.expire_alerts(ends + TimeDelta::seconds(1), ANY_TIME).await.unwrap().count,
        0
    );
    let ended = server.store.expire_alerts(later + TimeDelta::seconds(1), ANY_TIME).await.unwrap();
    assert_eq!((ended.count, ended.next), (1, None));
    assert_eq!(state(&server).await.2, "resolved");
    let alerts = server.get(&server.read, "/v1/incidents/1/alerts").await.json();
    assert_eq!(
        (&alerts[0]["state"], &alerts[0]["has_expired"]),
        (&json!("resolved"), &json!(true))
    );
    let ends_at: DateTime<Utc> = alerts[0]["ends_at"].as_str().unwrap().parse().unwrap();
    assert_eq!(time(ends_at), time(later));
    // Its end was not reported, so the same report is not late.
    assert_eq!(post_alerts(&server, &alert(later)).await.status, 200);
    let (incidents, alerts, status, _) = state(&server).await;
    assert_eq!((incidents, alerts, status.as_str()), (2, 2, "triggered"));
}

#[tokio::test]
async fn alerts_can_be_queried_as_at_an_alertmanager() {
    let server = TestServer::new().await;
    let now = Utc::now();
    let alert = |name: &str, instance: &str| {
        json!({"labels": {"alertname": name, "instance": instance, "job": "api"},
               "annotations": {"summary": format!("{name} of {instance}")},
               "endsAt": time(now + TimeDelta::minutes(4)), "generatorURL": "http://p.example.com/"})
    };
    let posted = json!([alert("Slow", "a"), alert("Slow", "b"), alert("Down", "a")]);
    let response = post_alerts(&server, &posted).await;
    assert_eq!((response.status, response.body.len()), (200, 0));
    let get = async |path: &str| server.get(&server.read, &format!("/api/v2/{path}")).await.json();
    let count = async |path: &str| get(path).await.as_array().unwrap().len();
    assert_eq!(count("alerts").await, 3);
    assert_eq!(count("alerts?filter=alertname%3D%22Slow%22&filter=instance!%3Db").await, 1);
    assert_eq!(count("alerts?filter=alertname%3D~%22S.*%7CDown%22").await, 3);
    assert_eq!(count("alerts?active=false").await, 0);
    assert_eq!(count("alerts?receiver=red.*&silenced=true&inhibited=true").await, 3);
    assert_eq!(count("alerts?receiver=pager").await, 0);
    assert_eq!(count("alerts/groups").await, 2);
    assert_eq!(count("silences").await, 0);
    assert_eq!(get("receivers").await, json!([{"name": "redphone"}]));
    assert_eq!(get("status").await["cluster"]["status"], "disabled");
    let alerts = get("alerts?filter=alertname%3DDown").await;
    assert_eq!(alerts[0]["labels"], json!({"alertname": "Down", "instance": "a", "job": "api"}));
    assert_eq!(alerts[0]["fingerprint"].as_str().unwrap().len(), 16);
    assert_eq!(alerts[0]["status"]["state"], "active");
    assert_eq!(alerts[0]["endsAt"], time(now + TimeDelta::minutes(4)));
    let wrong = server.get(&server.read, "/api/v2/alerts?filter=%3Dx").await;
    assert_eq!(wrong.status, 400);
    assert!(wrong.json().as_str().unwrap().contains("no name of a label"));
}

#[tokio::test]
async fn alert_that_follows_from_another_is_inhibited_by_it() {
    let server = TestServer::new().await;
    let now = Utc::now();
    let alert = |name: &str| {
        json!([{"labels": {"alertname": name, "service": name, "severity": "error"},
                "startsAt": time(now - TimeDelta::hours(1)),
                "endsAt": time(now + TimeDelta::minutes(4))}])
    };
    post_alerts(&server, &alert("ledger")).await;
    post_alerts(&server, &alert("checkout")).await;
    let get = async |path: &str| server.get(&server.read, &format!("/api/v2/{path}")).await.json();
    let count = async |path: &str| get(path).await.as_array().unwrap().len();
    assert_eq!(count("alerts?inhibited=false").await, 2);
    let fold = server.request("POST", "/v1/incidents/2/fold").bearer_auth(&server.respond);
    let folded = fetch(fold.json(&json!({"under": "INC-1"}))).await;
    assert_eq!(folded.status, 200, "{folded:?}");

    let cause = get("alerts?filter=service%3Dledger").await;
    let follows = get("alerts?filter=service%3Dcheckout").await;
    assert_eq!(follows[0]["status"]["inhibitedBy"], json!([cause[0]["fingerprint"]]));
    assert_eq!(follows[0]["status"]["state"], "suppressed");
    assert_eq!(cause[0]["status"]["state"], "active");
    for (query, expected) in [
        ("", 2),
        ("?inhibited=true", 2),
        ("?inhibited=false", 1),
        ("?inhibited=0&active=", 1),
        ("?active=false", 1),
        ("?silenced=false", 2),
        ("?active=false&inhibited=false", 0),
    ] {
        assert_eq!(count(&format!("alerts{query}")).await, expected, "{query}");
        assert_eq!(count(&format!("alerts/groups{query}")).await, expected, "{query}");
    }
    // Once its cause has ended, people are called for it.
    let mut ended = alert("ledger");
    ended[0]["endsAt"] = json!(time(now));
    post_alerts(&server, &ended).await;
    assert_eq!(incidents(&server).await[1]["status"], "resolved");
    assert_eq!(count("alerts?filter=service%3Dcheckout&inhibited=false").await, 1);
}

#[tokio::test]
async fn alert_is_silenced_by_what_its_incident_is() {
    let server = TestServer::new().await;
    let alert =
        json!([{"labels": {"alertname": "Slow", "service": "checkout", "severity": "error"}}]);
    post_alerts(&server, &alert).await;
    let now = Utc::now();
    for (priority, is_silenced) in [("P1", false), ("P2", true)] {
        let window = json!({
            "title": "Less is called for", "filter": {"priorities": [priority]},
            "from": time(now - TimeDelta::minutes(1)), "until": time(now + TimeDelta::hours(1)),
        });
        let create = server.request("POST", "/v1/maintenance").bearer_auth(&server.respond);
        let created = fetch(create.json(&window)).await;
        assert_eq!(created.status, 201, "{created:?}");
        let alerts = server.get(&server.read, "/api/v2/alerts").await.json();
        let expected = if is_silenced { json!([created.json()["id"]]) } else { json!([]) };
        assert_eq!(alerts[0]["status"]["silencedBy"], expected, "{priority}");
    }
}

/// The first requests of dashboards and of programs that monitor an Alertmanager.
#[tokio::test]
async fn version_and_health_are_those_of_an_alertmanager() {
    let server = TestServer::new().await;
    let metrics = server.get(&server.read, "/metrics").await;
    assert_eq!(metrics.status, 200);
    let text = String::from_utf8(metrics.body).unwrap();
    let line = text.lines().find(|line| line.starts_with("alertmanager_build_info{"));
    let line = line.expect("the version");
    let version = line.strip_prefix("alertmanager_build_info{version=\"").unwrap();
    let version = version.strip_suffix("\"} 1").unwrap();
    let status = server.get(&server.read, "/api/v2/status").await.json();
    assert_eq!(status["versionInfo"]["version"], version);
    assert!(version.split('.').all(|part| part.parse::<u32>().is_ok()), "{line}");
    assert_eq!(server.get(&server.ingest, "/metrics").await.status, 403);
    for path in ["/-/healthy", "/-/ready"] {
        let answer = fetch(server.request("GET", path)).await;
        assert_eq!((answer.status, answer.body.as_slice()), (200, &b"OK"[..]), "{path}");
    }
}

/// The fields that karma reads of an Alertmanager: each must be present.
#[tokio::test]
async fn groups_and_silences_have_every_field_that_readers_need() {
    let server = TestServer::new().await;
    let now = Utc::now();
    let alert = json!([{"labels": {"alertname": "Slow", "job": "api"},
                        "endsAt": time(now + TimeDelta::minutes(4))}]);
    post_alerts(&server, &alert).await;
    let silence = json!({
        "matchers": [{"name": "job", "value": "api", "isRegex": false}], "createdBy": "ines",
        "startsAt": time(now), "endsAt": time(now + TimeDelta::hours(1)), "comment": "Later",
    });
    let post = server.request("POST", "/api/v2/silences").bearer_auth(&server.respond);
    assert_eq!(fetch(post.json(&silence)).await.status, 200);
    let get = async |path: &str| server.get(&server.read, &format!("/api/v2/{path}")).await.json();
    let groups = get("alerts/groups").await;
    let [group] = &groups.as_array().unwrap()[..] else { panic!("{groups}") };
    assert_eq!(group["labels"], json!({"alertname": "Slow", "job": "api"}));
    assert_eq!(group["receiver"], json!({"name": "redphone"}));
    let [alert] = &group["alerts"].as_array().unwrap()[..] else { panic!("{group}") };
    for (pointer, is_right) in [
        ("/labels", Value::is_object as fn(&Value) -> bool),
        ("/annotations", Value::is_object),
        ("/receivers", Value::is_array),
        ("/fingerprint", Value::is_string),
        ("/startsAt", Value::is_string),
        ("/updatedAt", Value::is_string),
        ("/endsAt", Value::is_string),
        ("/status/state", Value::is_string),
        ("/status/silencedBy", Value::is_array),
        ("/status/inhibitedBy", Value::is_array),
    ] {
        assert!(alert.pointer(pointer).is_some_and(is_right), "{pointer}: {alert}");
    }
    let silences = get("silences").await;
    for pointer in [
        "/id",
        "/status/state",
        "/createdBy",
        "/comment",
        "/startsAt",
        "/endsAt",
        "/updatedAt",
        "/matchers/0/name",
        "/matchers/0/value",
    ] {
        assert!(
            silences[0].pointer(pointer).is_some_and(Value::is_string),
            "{pointer}: {silences}"
        );
    }
    for pointer in ["/matchers/0/isRegex", "/matchers/0/isEqual"] {
        assert!(silences[0].pointer(pointer).is_some_and(Value::is_boolean), "{pointer}");
    }
    assert_eq!(alert["status"]["silencedBy"], json!([silences[0]["id"]]));
    let status = get("status").await;
    for pointer in ["/cluster/status", "/versionInfo/version", "/config/original", "/uptime"] {
        assert!(status.pointer(pointer).is_some_and(Value::is_string), "{pointer}: {status}");
    }
    assert_eq!(status["cluster"]["peers"], json!([]));
}

#[tokio::test]
async fn posted_alerts_are_stored_whatever_the_others_are() {
    let server = TestServer::new().await;
    let response =
        post_alerts(&server, &json!([{"labels": {}}, {"labels": {"alertname": "A"}}])).await;
    assert_eq!(response.status, 400);
    assert_eq!(response.json(), json!("labels of an alert is missing"));
    assert_eq!(incidents(&server).await.len(), 1);
    assert_eq!(post_alerts(&server, &json!({})).await.status, 400);
    assert_eq!(post_alerts(&server, &json!([])).await.status, 200);
}

#[rstest]
#[case("/api/v2/alerts", "[]", 401, |body: &Value| body.is_string())]
#[case("/v2/enqueue", "{}", 401, |body: &Value| body["errors"].is_array())]
#[case("/v2/enqueue", "{\"routing_key\":\"x\"}", 401, |body: &Value| body["status"] == "invalid event")]
#[case("/v2/enqueue", "[", 400, |body: &Value| body["message"].is_string())]
#[case("/v2/change/enqueue", "{}", 401, |body: &Value| body["message"].is_string())]
#[case("/generic/2010-04-15/create_event.json", "{}", 400, |body: &Value| body["errors"].is_array())]
#[case("/v2/alerts", "{}", 401, |body: &Value| body["requestId"].is_string())]
#[case("/v2/alerts/x/close", "", 401, |body: &Value| body["message"].is_string())]
#[tokio::test]
async fn stranger_is_refused_in_the_form_of_the_sender(
    #[case] path: &str,
    #[case] body: &'static str,
    #[case] status: u16,
    #[case] has_form: fn(&Value) -> bool,
) {
    let server = TestServer::new().await;
    let response = fetch(server.request("POST", path).body(body)).await;
    assert_eq!(response.status, status, "{response:?}");
    assert!(has_form(&response.json()), "{response:?}");
    assert_eq!(incidents(&server).await.len(), 0);
}

#[tokio::test]
async fn token_of_the_wrong_scope_is_refused() {
    let server = TestServer::new().await;
    let body =
        json!({"routing_key": server.read, "event_action": "trigger", "payload": {"summary": "x"}});
    assert_eq!(fetch(server.request("POST", "/v2/enqueue").json(&body)).await.status, 403);
    assert_eq!(server.get(&server.ingest, "/api/v2/alerts").await.status, 403);
    assert_eq!(server.get(&server.ingest, "/api/v2/status").await.status, 200);
    let post = server.request("POST", "/api/v2/alerts").bearer_auth(&server.read).json(&json!([]));
    assert_eq!(fetch(post).await.status, 403);
    let incoming = format!("/api/v2/generic/incoming?summary=x&token={}", server.read);
    let response = fetch(server.request("POST", &incoming)).await;
    assert_eq!(
        (response.status, response.header("content-type")),
        (403, Some("text/plain; charset=utf-8"))
    );
}

#[rstest]
#[case(Sender::Prometheus, 503)]
#[case(Sender::EventsV2, 429)]
#[case(Sender::EventsV1, 403)]
#[case(Sender::Opsgenie, 429)]
#[case(Sender::GoAlert, 503)]
#[tokio::test]
async fn full_queue_is_what_the_sender_tries_again(#[case] sender: Sender, #[case] status: u16) {
    let server = TestServer::with(|o| o.limits.max_queued_alerts = 0).await;
    let response = sender.send(&server, Step::Fires("error"), Utc::now()).await.unwrap();
    assert_eq!((response.status, response.header("retry-after")), (status, Some("1")));
}

#[tokio::test]
async fn change_event_is_recorded_once() {
    let server = TestServer::new().await;
    let body = json!({
        "routing_key": server.ingest,
        "payload": {"summary": "checkout v812", "timestamp": time(Utc::now() - TimeDelta::minutes(1)),
                    "custom_details": {"service": "checkout"}},
    });
    for _ in 0..2 {
        let response = fetch(server.request("POST", "/v2/change/enqueue").json(&body)).await;
        assert_eq!(response.status, 202, "{response:?}");
    }
    let changes = server.get(&server.read, "/v1/change-records").await.json();
    let [row] = &changes["rows"].as_array().unwrap()[..] else { panic!("{changes}") };
    assert!(row.to_string().contains("checkout v812"), "{row}");
    let bare = json!({"routing_key": server.ingest, "payload": {}});
    let response = fetch(server.request("POST", "/v2/change/enqueue").json(&bare)).await;
    assert_eq!(
        (response.status, &response.json()["errors"]),
        (400, &json!(["payload.summary is missing"]))
    );
}

#[tokio::test]
async fn events_without_a_key_are_alerts_of_their_own() {
    let server = TestServer::new().await;
    let body = json!({"routing_key": server.ingest, "event_action": "trigger",
                      "payload": {"summary": "The disk is full", "source": "db1", "severity": "info"}});
    let mut keys = Vec::new();
    for _ in 0..2 {
        let answer = fetch(server.request("POST", "/v2/enqueue").json(&body)).await.json();
        assert_eq!(
            (&answer["status"], &answer["message"]),
            (&json!("success"), &json!("Event processed"))
        );
        keys.push(answer["dedup_key"].as_str().unwrap().to_owned());
    }
    assert_ne!(keys[0], keys[1]);
    assert_eq!(incidents(&server).await.len(), 2);
    let resolve =
        json!({"routing_key": server.ingest, "event_action": "resolve", "dedup_key": keys[0]});
    fetch(server.request("POST", "/v2/enqueue").json(&resolve)).await;
    let statuses: Vec<Value> =
        incidents(&server).await.iter().map(|row| row["status"].clone()).collect();
    assert!(statuses.contains(&json!("resolved")) && statuses.contains(&json!("triggered")));
}

#[tokio::test]
async fn key_that_replaces_another_goes_on_with_its_alerts() {
    let server = TestServer::new().await;
    let send = async |key: &Secret, action: &str| {
        let event = json!({
            "routing_key": key.reveal(), "event_action": action, "dedup_key": "db1/disk",
            "payload": {"summary": "The disk of db1 is full", "source": "db1", "severity": "error"},
        });
        fetch(server.request("POST", "/v2/enqueue").json(&event)).await.status
    };
    let (first, key) = server.tokens.create_key("Disks".into(), None).unwrap();
    assert_eq!(send(&first, "trigger").await, 202);
    server.tokens.revoke(&key.id).unwrap();
    let (second, _) = server.tokens.create_key("Disks".into(), None).unwrap();
    let (other, _) = server.tokens.create_key("Disks of others".into(), None).unwrap();
    until("the file is read again", async || send(&second, "trigger").await == 202).await;
    assert_eq!(incidents(&server).await.len(), 1);
    assert_eq!(send(&other, "trigger").await, 202);
    assert_eq!(incidents(&server).await.len(), 2);
    assert_eq!(send(&second, "resolve").await, 202);
    let rows = incidents(&server).await;
    let statuses: Vec<&str> = rows.iter().map(|row| row["status"].as_str().unwrap()).collect();
    assert_eq!(statuses, ["triggered", "resolved"]);
}

#[tokio::test]
async fn opsgenie_request_leads_to_its_alert() {
    let server = TestServer::new().await;
    let key = format!("GenieKey {}", server.ingest);
    let request =
        |method: &str, path: &str| server.request(method, path).header("authorization", &key);
    let body = json!({"message": "The disk is full"});
    let created = fetch(request("POST", "/v2/alerts").json(&body)).await.json();
    assert_eq!(created["result"], "Request will be processed");
    let id = created["requestId"].as_str().unwrap();
    let found = fetch(request("GET", &format!("/v2/alerts/requests/{id}"))).await.json();
    assert_eq!(
        (&found["data"]["alertId"], &found["data"]["isSuccess"]),
        (&json!(id), &json!(true))
    );
    for verb in ["notes", "snooze", "unacknowledge"] {
        let path = format!("/v2/alerts/{id}/{verb}");
        assert_eq!(fetch(request("POST", &path).json(&json!({"note": "x"}))).await.status, 202);
    }
    let message = request("PUT", &format!("/v2/alerts/{id}/message")).json(&body);
    assert_eq!(fetch(message).await.status, 202);
    assert_eq!(state(&server).await.2, "triggered");
    assert_eq!(fetch(request("DELETE", &format!("/v2/alerts/{id}"))).await.status, 202);
    assert_eq!(state(&server).await.2, "resolved");
}

#[tokio::test]
async fn goalert_answers_with_the_alert_on_request() {
    let server = TestServer::new().await;
    let path = format!("/api/v2/generic/incoming?token={}", server.ingest);
    let request = || server.request("POST", &path).header("accept", "application/json");
    let body = json!({"summary": "The disk is full", "details": "0 B"});
    for is_new in [true, false] {
        let answer = fetch(request().json(&body)).await.json();
        assert_eq!(answer, json!({"AlertID": 1, "ServiceID": "", "IsNew": is_new}));
    }
    let wrong = fetch(request().json(&json!({"details": "x"}))).await;
    assert_eq!((wrong.status, wrong.body.as_slice()), (400, &b"summary is missing\n"[..]));
}

#[tokio::test]
async fn keys_are_nowhere_in_the_access_log() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("access.log");
    let log = AccessLog::File(path.clone());
    let mut server = TestServer::with(|o| o.access_log = log).await;
    for sender in [Sender::EventsV2, Sender::Opsgenie, Sender::GoAlert] {
        sender.send(&server, Step::Fires("error"), Utc::now()).await.unwrap();
    }
    let wrong = format!("/api/v2/generic/incoming?token={}&summary=x", server.read);
    fetch(server.request("POST", &wrong)).await;
    let secrets = [server.ingest.clone(), server.read.clone()];
    server.stop();
    server.stopped().await;
    let text = std::fs::read_to_string(&path).unwrap();
    assert_eq!(text.lines().count(), 4, "{text}");
    for secret in secrets {
        assert!(!text.contains(secret.rsplit('_').next().unwrap()), "{text}");
    }
}
