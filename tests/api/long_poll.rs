//! Long polls for changes, and requests that follow a write.

use std::time::{Duration, Instant};

use redphone::api::Answered;
use redphone::backend::{Backend, Delta};
use redphone::model::IncidentCommand;

use super::security::wait_for_long_polls;
use crate::support::api::{TestServer, declare, fetch, order};
use crate::support::store::open;

async fn changes(server: &TestServer, since: Option<&Delta>, wait: u64) -> Delta {
    let since = since.map_or(String::new(), |delta| format!("&since={}", delta.cursor.0));
    let response = server.get(&server.read, &format!("/v1/changes?wait={wait}{since}")).await;
    assert_eq!(response.status, 200, "{response:?}");
    serde_json::from_slice(&response.body).unwrap()
}

#[tokio::test]
async fn written_command_is_in_the_next_changes() {
    let server = TestServer::new().await;
    let mut last = changes(&server, None, 0).await;
    for round in 0..30 {
        let (id, declaration) = declare(&format!("No {round}"));
        server.send(&server.respond, vec![declaration]).await;
        let delta = changes(&server, Some(&last), 0).await;
        assert_eq!(delta.rows.iter().map(|row| row.id).collect::<Vec<_>>(), [id], "{round}");
        let page = server.get(&server.read, "/v1/incidents?sort=newest&limit=1").await.json();
        assert_eq!(page["rows"][0]["id"], id.to_string(), "the first page is not an old one");
        last = delta;
    }
    assert!(changes(&server, Some(&last), 0).await.rows.is_empty());
}

#[tokio::test]
async fn long_poll_sees_changes_of_this_server_and_of_others() {
    let server = TestServer::new().await;
    let other = open(&server.path("store.db")).await;
    let mut last = changes(&server, None, 0).await;
    for past in [false, true, false, true] {
        let waiting = async { (changes(&server, Some(&last), 60).await, Instant::now()) };
        let change = async {
            wait_for_long_polls(&server, 1).await;
            let (id, declaration) = declare("Card payments fail");
            if past {
                let actor = redphone::model::Actor::Integration("import".into());
                other.execute(&declaration.into_envelope(actor)).await.unwrap();
            } else {
                server.send(&server.respond, vec![declaration]).await;
            }
            (id, Instant::now())
        };
        let ((delta, heard), (id, wrote)) = tokio::join!(waiting, change);
        assert_eq!(delta.rows[0].id, id);
        // It takes some milliseconds, and not until the end of the wait.
        assert!(heard.saturating_duration_since(wrote) < Duration::from_secs(30));
        last = delta;
    }
}

#[tokio::test]
async fn many_long_polls_get_one_response_and_count_once_each() {
    // One request for the first fetch, and one for each long poll.
    let server = TestServer::with(|o| o.limits.requests_per_minute = 51.try_into().unwrap()).await;
    let first = changes(&server, None, 0).await;
    let waiting: Vec<_> = (0..50)
        .map(|_| {
            let path = format!("/v1/changes?wait=60&since={}", first.cursor.0);
            tokio::spawn(fetch(server.request("GET", &path).bearer_auth(&server.read)))
        })
        .collect();
    wait_for_long_polls(&server, 50).await;
    let (id, declaration) = declare("Card payments fail");
    server.send(&server.respond, vec![declaration]).await;
    let mut tags = std::collections::HashSet::new();
    for response in waiting {
        let response = response.await.unwrap();
        assert_eq!(response.status, 200, "{response:?}");
        let delta: Delta = serde_json::from_slice(&response.body).unwrap();
        assert_eq!(delta.rows[0].id, id);
        tags.insert(response.header("etag").unwrap().to_owned());
    }
    assert_eq!(tags.len(), 1);
    wait_for_long_polls(&server, 0).await;
}

#[tokio::test]
async fn wait_without_change_ends_with_the_same_cursor() {
    let server = TestServer::new().await;
    server.declared("Card payments fail").await;
    let first = changes(&server, None, 0).await;
    let begun = Instant::now();
    let second = changes(&server, Some(&first), 1).await;
    assert!(begun.elapsed() >= Duration::from_secs(1));
    assert_eq!((second.cursor, second.rows.len(), second.reset), (first.cursor, 0, false));
}

#[tokio::test]
async fn server_limits_the_time_of_a_long_poll() {
    let server =
        TestServer::with(|options| options.limits.max_long_poll = Duration::from_millis(200)).await;
    let first = changes(&server, None, 0).await;
    let begun = Instant::now();
    changes(&server, Some(&first), 60).await;
    assert!(begun.elapsed() < Duration::from_secs(30));
}

#[tokio::test]
async fn cursor_of_another_store_causes_a_resync() {
    let server = TestServer::new().await;
    server.declared("Card payments fail").await;
    for cursor in ["18446744073709551615", "99999999999999999999", "4611686018427387904"] {
        let response =
            server.get(&server.read, &format!("/v1/changes?wait=5&since={cursor}")).await;
        let delta: Delta = serde_json::from_slice(&response.body).unwrap();
        assert!(delta.reset && delta.rows.len() == 1, "{cursor}");
    }
}

#[tokio::test]
async fn unchanged_response_is_not_sent_again() {
    let server = TestServer::new().await;
    let id = server.declared("Card payments fail").await;
    let first = changes(&server, None, 0).await;
    for path in [
        "/v1/capabilities".to_owned(),
        "/v1/incidents".to_owned(),
        format!("/v1/incidents/{id}"),
        format!("/v1/incidents/{id}/timeline"),
        format!("/v1/changes?since={}", first.cursor.0),
        "/v1/directory".to_owned(),
        "/v1/openapi.json".to_owned(),
    ] {
        let full = server.get(&server.read, &path).await;
        let tag = full.header("etag").unwrap();
        let again = server.request("GET", &path).bearer_auth(&server.read);
        let again = fetch(again.header("if-none-match", tag)).await;
        assert_eq!((again.status, again.body.len()), (304, 0), "{path}");
        assert_eq!(again.header("etag"), Some(tag));
    }
    let page = server.get(&server.read, "/v1/incidents").await;
    server.send(&server.respond, vec![order(id, IncidentCommand::Acknowledge)]).await;
    let again = server.request("GET", "/v1/incidents").bearer_auth(&server.read);
    let again = fetch(again.header("if-none-match", page.header("etag").unwrap())).await;
    assert_eq!(again.status, 200);
}

#[tokio::test]
async fn command_results_are_sent_whatever_the_etag() {
    let server = TestServer::new().await;
    let body = serde_json::json!({"commands": [declare("Card payments fail").1]}).to_string();
    let request = server.request("POST", "/v1/commands").bearer_auth(&server.respond);
    let request = request.header("content-type", "application/json").header("if-none-match", "*");
    let answer = fetch(request.body(body)).await;
    assert_eq!((answer.status, answer.header("etag")), (200, None));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(answer.json()["answers"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn large_response_is_compressed_for_clients_that_accept_it() {
    let server = TestServer::new().await;
    let commands = (0..100).map(|n| declare(&format!("No {n}")).1).collect();
    server.send(&server.respond, commands).await;
    let get = |path: &str, encoding: &str| {
        let request = server.request("GET", path).bearer_auth(&server.read);
        fetch(request.header("accept-encoding", encoding))
    };
    let plain = get("/v1/incidents", "identity").await;
    assert_eq!(plain.header("content-encoding"), None);
    let packed = get("/v1/incidents", "gzip").await;
    assert_eq!(packed.header("content-encoding"), Some("gzip"));
    assert!(packed.body.len() * 4 < plain.body.len());
    let mut unpacked = String::new();
    let mut reader = flate2::read::GzDecoder::new(&packed.body[..]);
    std::io::Read::read_to_string(&mut reader, &mut unpacked).unwrap();
    assert_eq!(unpacked.as_bytes(), plain.body);
    assert_eq!(get("/v1/health", "gzip").await.header("content-encoding"), None);
    let vary = packed.header("vary").unwrap();
    assert!(vary.contains("accept-encoding"));
}

#[tokio::test]
async fn too_many_requests_get_a_retry_after() {
    let server = TestServer::with(|o| o.limits.requests_per_minute = 5.try_into().unwrap()).await;
    for _ in 0..5 {
        assert_eq!(server.get(&server.read, "/v1/incidents").await.status, 200);
    }
    let response = server.get(&server.read, "/v1/incidents").await;
    response.refused(429, "limited", "asked too often");
    let wait: u64 = response.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=60).contains(&wait));
    let until = response.json()["until"].as_str().unwrap().to_owned();
    assert!(chrono::DateTime::parse_from_rfc3339(&until).unwrap() > chrono::Utc::now());
    // The limit counts per token.
    assert_eq!(server.get(&server.admin, "/v1/incidents").await.status, 200);
}

#[tokio::test]
async fn read_only_server_refuses_every_command() {
    let server = TestServer::with(|options| options.read_only = true).await;
    let capabilities = server.get(&server.admin, "/v1/capabilities").await.json();
    assert_eq!(capabilities["verbs"].as_array().unwrap().len(), 0);
    let answers = server.send(&server.admin, vec![declare("Card payments fail").1]).await;
    let Answered::Refused { details, .. } = &answers[0] else { panic!("{answers:?}") };
    assert_eq!(details.code, "not_allowed");
}
