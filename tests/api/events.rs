//! The events of all incidents as they are written, in pages and as server-sent events.

use redphone::model::IncidentCommand;
use serde_json::Value;

use super::security::wait_for_long_polls;
use crate::support::api::{TestServer, declare, order};
use crate::support::wait::PATIENCE;

async fn page(server: &TestServer, query: &str) -> Value {
    let response = server.get(&server.read, &format!("/v1/events?{query}")).await;
    assert_eq!(response.status, 200, "{query}: {response:?}");
    response.json()
}

fn kinds(page: &Value) -> Vec<&str> {
    let events = page["events"].as_array().unwrap();
    events.iter().map(|entry| entry["event"]["kind"].as_str().unwrap()).collect()
}

/// Declares an incident and writes notes on it.
async fn write(server: &TestServer, notes: usize) {
    let (id, declaration) = declare("Card payments fail");
    let note = |number| order(id, IncidentCommand::AddNote { text: format!("note {number}") });
    let orders = std::iter::once(declaration).chain((0..notes).map(note)).collect();
    server.send(&server.respond, orders).await;
}

#[tokio::test]
async fn each_event_is_returned_once_by_following_the_cursor() {
    let server = TestServer::new().await;
    let mut seen = Vec::new();
    let mut cursor = String::new();
    for notes in [3, 0, 5] {
        write(&server, notes).await;
        loop {
            let since = if cursor.is_empty() { String::new() } else { format!("&since={cursor}") };
            let page = page(&server, &format!("limit=2{since}")).await;
            let events = page["events"].as_array().unwrap();
            assert!(events.len() <= 2);
            seen.extend(events.iter().map(|entry| entry["event"]["id"].clone()));
            cursor = page["cursor"].as_str().unwrap().to_owned();
            if events.is_empty() {
                break;
            }
        }
    }
    assert_eq!(seen.len(), 3 + 1 + 1 + 5 + 1);
    seen.sort_by_key(ToString::to_string);
    seen.dedup();
    assert_eq!(seen.len(), 11, "none comes twice");
}

#[tokio::test]
async fn events_are_selected_by_time_kind_team_and_person() {
    let server = TestServer::new().await;
    write(&server, 2).await;
    assert_eq!(kinds(&page(&server, "").await), ["declared", "note_added", "note_added"]);
    for (query, expected) in [
        ("kinds=note_added", vec!["note_added", "note_added"]),
        ("kinds=declared,resolved", vec!["declared"]),
        ("person=ines&limit=1", vec!["declared"]),
        ("person=tom", vec![]),
        ("team=payments", vec![]),
        ("since=2099-01-01T00:00:00Z", vec![]),
        ("since=2020-01-01T00:00:00%2B02:00&limit=1", vec!["declared"]),
    ] {
        assert_eq!(kinds(&page(&server, query).await), expected, "{query}");
    }
    for (query, status, code, expected) in [
        ("since=yesterday", 422, "rejected", "neither a cursor nor a time"),
        ("since=etrue.1.2", 422, "rejected", "neither a cursor nor a time"),
        // A store that was put back from a copy has fewer events.
        ("since=l99999", 422, "rejected", ""),
        ("kinds=noted", 400, "bad_request", "is no kind of event"),
        ("wait=61", 400, "bad_request", "wait in the query"),
        ("limit=0", 400, "bad_request", "limit in the query"),
    ] {
        let response = server.get(&server.read, &format!("/v1/events?{query}")).await;
        response.refused(status, code, expected);
    }
}

#[tokio::test]
async fn waiting_request_is_answered_with_the_next_event() {
    let server = TestServer::new().await;
    write(&server, 0).await;
    let first = page(&server, "").await;
    let query = format!("since={}&wait=60", first["cursor"].as_str().unwrap());
    let waiting = page(&server, &query);
    let change = async {
        wait_for_long_polls(&server, 1).await;
        write(&server, 1).await;
    };
    let (answer, ()) = tokio::join!(waiting, change);
    assert_eq!(kinds(&answer), ["declared", "note_added"]);
}

/// Reads server-sent events until as many as expected have arrived. Returns the kinds, and the ids.
async fn read_stream(
    mut response: reqwest::Response,
    expected: usize,
) -> (Vec<String>, Vec<String>) {
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let mut text = String::new();
    let reading = async {
        while text.matches("\ndata: ").count() < expected {
            let chunk = response.chunk().await.unwrap().expect("the stream goes on");
            text.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    };
    tokio::time::timeout(PATIENCE, reading).await.expect("the events come");
    let field = |name: &str| {
        let values = text.lines().filter_map(|line| line.strip_prefix(name));
        values.map(ToOwned::to_owned).collect::<Vec<_>>()
    };
    for data in field("data: ") {
        let entry: Value = serde_json::from_str(&data).unwrap();
        assert!(entry["incident"]["title"].is_string(), "{entry}");
    }
    let named = text.split("\n\n").filter(|event| event.contains("data: "));
    for event in named {
        assert!(event.starts_with("id: "), "each event has an id: {event}");
    }
    (field("event: "), field("id: "))
}

#[tokio::test]
async fn events_are_sent_as_they_are_written() {
    let server = TestServer::new().await;
    write(&server, 0).await;
    let stream = async |query: &str, last_id: &str| {
        let mut request = server.request("GET", &format!("/v1/events?{query}"));
        if !last_id.is_empty() {
            request = request.header("last-event-id", last_id);
        }
        let request = request.bearer_auth(&server.read).header("accept", "text/event-stream");
        request.send().await.unwrap()
    };
    let from_now_on = stream("", "").await;
    write(&server, 1).await;
    let (kinds, ids) = read_stream(from_now_on, 2).await;
    assert_eq!(kinds, ["declared", "note_added"]);
    write(&server, 2).await;
    let (kinds, _) = read_stream(stream("kinds=note_added", &ids[1]).await, 2).await;
    assert_eq!(kinds, ["note_added", "note_added"]);
    // All arrive together, and a client may lose the connection after each of them.
    let all = stream("since=2020-01-01T00:00:00Z", "").await;
    let (kinds, ids) = read_stream(all, 6).await;
    assert_eq!(ids.len(), kinds.len());
    for (index, id) in ids.iter().enumerate().take(5) {
        let (rest, _) = read_stream(stream("", id).await, 5 - index).await;
        assert_eq!(rest, kinds[index + 1..], "after {id}");
    }
}

#[tokio::test]
async fn stream_of_events_ends_when_the_server_stops() {
    let mut server = TestServer::new().await;
    let request = server.request("GET", "/v1/events").bearer_auth(&server.read);
    let mut response = request.header("accept", "text/event-stream").send().await.unwrap();
    // The first chunk contains the delay before connecting again.
    assert!(response.chunk().await.unwrap().unwrap().starts_with(b"retry: "));
    wait_for_long_polls(&server, 1).await;
    server.stop();
    let ended = async { while response.chunk().await.unwrap().is_some() {} };
    tokio::time::timeout(PATIENCE, ended).await.expect("the stream ends");
    tokio::time::timeout(PATIENCE, server.stopped()).await.unwrap();
}
