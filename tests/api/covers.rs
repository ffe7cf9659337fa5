//! Cover for shifts, and addresses of calendars, over a real server.

use serde_json::{Value, json};

use crate::support::api::{TestResponse, TestServer, fetch};

pub async fn send(
    server: &TestServer,
    token: &str,
    method: &str,
    path: &str,
    body: Value,
) -> TestResponse {
    fetch(server.request(method, path).bearer_auth(token).json(&body)).await
}

/// A server with the schedule `web`, on which ines is alone, and tomo in its team.
pub async fn server() -> TestServer {
    filled(TestServer::new().await).await
}

/// Fills a server with that directory.
pub async fn filled(server: TestServer) -> TestServer {
    for (path, body) in [
        ("/v1/people/ines", json!({"name": "Ines Moreau"})),
        ("/v1/people/tomo", json!({"name": "Tomo Hayashi"})),
        ("/v1/people/zoe", json!({"name": "Zoe"})),
        ("/v1/teams/web", json!({"members": ["ines", "tomo"]})),
        (
            "/v1/schedules/web",
            json!({"rotation": ["ines"], "starts_at": "2026-01-05T09:00:00Z", "turn_s": 604_800}),
        ),
    ] {
        let response = send(&server, &server.admin, "PUT", path, body).await;
        assert!([200, 201].contains(&response.status), "{path}: {response:?}");
    }
    server
}

pub fn span() -> Value {
    json!({"from": "2090-03-04T00:00:00Z", "to": "2090-03-05T00:00:00Z"})
}

#[tokio::test]
async fn cover_is_wanted_by_oneself_and_accepted_once() {
    let server = server().await;
    let path = "/v1/schedules/web/covers";
    let mut of_another = span();
    of_another["person"] = "tomo".into();
    let response = send(&server, &server.respond, "POST", path, of_another).await;
    response.refused(403, "not_allowed", "somebody else");
    let response = send(&server, &server.respond, "POST", path, span()).await;
    assert_eq!(response.status, 200, "{response:?}");
    let directory = server.get(&server.read, "/v1/directory").await.json();
    let cover = &directory["covers"][0];
    assert_eq!((&cover["person"], &cover["state"]), (&"ines".into(), &"open".into()));
    let accept = format!("/v1/covers/{}/accept", cover["id"].as_str().unwrap());
    let own = send(&server, &server.respond, "POST", &accept, json!({})).await;
    own.refused(409, "conflict", "yourself");
    let stranger = send(&server, &server.admin, "POST", &accept, json!({"person": "zoe"})).await;
    stranger.refused(409, "conflict", "zoe");
    let tomo = send(&server, &server.admin, "POST", &accept, json!({"person": "tomo"})).await;
    assert_eq!(tomo.status, 200, "{tomo:?}");
    let schedule = server.get(&server.read, "/v1/schedules/web").await.json();
    assert_eq!(schedule["overrides"][0]["person"], "tomo");
    let withdraw = accept.replace("accept", "withdraw");
    let late = send(&server, &server.respond, "POST", &withdraw, json!({})).await;
    late.refused(409, "conflict", "tomo");
    let decline = accept.replace("accept", "decline");
    let late = send(&server, &server.admin, "POST", &decline, json!({"person": "tomo"})).await;
    late.refused(409, "conflict", "tomo");
    let unknown = "/v1/covers/019cb000-0000-7100-8000-00000001d000/accept";
    let unknown = send(&server, &server.respond, "POST", unknown, json!({})).await;
    unknown.refused(404, "not_found", "019cb000");
}

#[tokio::test]
async fn cover_that_nobody_else_can_give_is_closed_when_declined() {
    let server = server().await;
    let path = "/v1/schedules/web/covers";
    assert_eq!(send(&server, &server.respond, "POST", path, span()).await.status, 200);
    let cover =
        || async { server.get(&server.read, "/v1/directory").await.json()["covers"][0].clone() };
    let id = cover().await["id"].as_str().unwrap().to_owned();
    let decline = format!("/v1/covers/{id}/decline");
    let own = send(&server, &server.respond, "POST", &decline, json!({})).await;
    own.refused(409, "conflict", "yourself");
    let another = send(&server, &server.respond, "POST", &decline, json!({"person": "tomo"})).await;
    another.refused(403, "not_allowed", "somebody else");
    // Tomo is the only other one of the team.
    let tomo = send(&server, &server.admin, "POST", &decline, json!({"person": "tomo"})).await;
    assert_eq!(tomo.status, 200, "{tomo:?}");
    let closed = cover().await;
    assert_eq!((&closed["state"], &closed["declined_by"]), (&"declined".into(), &json!(["tomo"])));
    let again = send(&server, &server.admin, "POST", &decline, json!({"person": "tomo"})).await;
    assert_eq!((again.status, &again.json()["event"]), (200, &Value::Null));
}

#[tokio::test]
async fn request_with_a_key_is_added_once() {
    let server = server().await;
    let request = || {
        let request = server.request("POST", "/v1/schedules/web/covers").json(&span());
        fetch(request.bearer_auth(&server.respond).header("idempotency-key", "wedding"))
    };
    let (first, again) = (request().await.json(), request().await.json());
    assert_eq!((&first["replayed"], &again["replayed"]), (&false.into(), &true.into()));
    assert_eq!(first["event"], again["event"]);
    let directory = server.get(&server.read, "/v1/directory").await.json();
    assert_eq!(directory["covers"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn calendar_is_read_by_its_address_until_that_is_revoked() {
    let server = server().await;
    let body = json!({"schedule": "web"});
    let created = send(&server, &server.respond, "POST", "/v1/calendar-links", body).await.json();
    let path = created["path"].as_str().unwrap().to_owned();
    let read = async || fetch(server.request("GET", &path)).await;
    let response = read().await;
    assert_eq!(response.status, 200, "{response:?}");
    assert_eq!(response.header("content-type"), Some("text/calendar; charset=utf-8"));
    let text = String::from_utf8(response.body.clone()).unwrap();
    assert!(text.contains("SUMMARY:Ines Moreau on call for web\r\n"), "{text}");
    let tag = response.header("etag").unwrap().to_owned();
    let modified = response.header("last-modified").unwrap().to_owned();
    for (name, value) in [("if-none-match", tag), ("if-modified-since", modified)] {
        let fresh = fetch(server.request("GET", &path).header(name, value)).await;
        assert_eq!((fresh.status, fresh.body.len()), (304, 0), "{name}");
    }
    // Another calendar has another path, and the directory has no path at all.
    let directory = server.get(&server.admin, "/v1/directory").await;
    let secret = path.trim_start_matches("/calendar/").trim_end_matches(".ics").to_owned();
    assert!(!String::from_utf8_lossy(&directory.body).contains(&secret));
    let id = directory.json()["calendar_links"][0]["id"].as_str().unwrap().to_owned();
    let revoke = format!("/v1/calendar-links/{id}/revoke");
    let revoked = send(&server, &server.respond, "POST", &revoke, json!({})).await;
    assert_eq!(revoked.status, 200, "{revoked:?}");
    assert_eq!(read().await.status, 404);
    let again = send(&server, &server.respond, "POST", &revoke, json!({})).await;
    again.refused(404, "not_found", &id);
    let unknown = fetch(server.request("GET", "/calendar/0123456789abcdefghijklmno.ics")).await;
    assert_eq!(unknown.status, 404);
}
