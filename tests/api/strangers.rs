//! Connections on which no token has come: how many there may be, and that they keep nobody out.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use redphone::server::access_log::AccessLog;
use redphone::server::scope::Scope;
use serde_json::Value;

use crate::support::api::{TestServer, client, token};
use crate::support::wait::until;

fn connect(server: &TestServer) -> TcpStream {
    let stream = TcpStream::connect(server.addr).unwrap();
    stream.set_nonblocking(true).unwrap();
    stream
}

fn is_open(stream: &mut TcpStream) -> bool {
    matches!(stream.read(&mut [0; 1]), Err(error) if error.kind() == ErrorKind::WouldBlock)
}

/// Connections, each with a part of a head that never ends.
fn idle_connections(server: &TestServer, count: usize) -> Vec<TcpStream> {
    (0..count)
        .map(|n| {
            let mut stream = connect(server);
            if n % 2 == 0 {
                stream.write_all(b"GET /v1/health HTTP/1.1\r\nHo").unwrap();
            }
            stream
        })
        .collect()
}

#[tokio::test]
async fn idle_strangers_make_room_for_others() {
    let server = TestServer::with(|options| {
        options.limits.max_connections = 8;
        options.limits.max_connections_per_address = Some(100);
    })
    .await;
    // This connection stays open, as its client sends requests with a token.
    let client = client();
    let get = async || {
        let request = client.get(format!("{}/v1/capabilities", server.url));
        request.bearer_auth(&server.read).send().await.map(|response| response.status().as_u16())
    };
    assert_eq!(get().await.unwrap(), 200);
    let mut idle = idle_connections(&server, 30);
    for _ in 0..10 {
        // New connections are let in, too.
        assert_eq!(server.get(&server.read, "/v1/capabilities").await.status, 200);
        assert_eq!(get().await.unwrap(), 200);
    }
    let mut open = || idle.iter_mut().map(is_open).collect::<Vec<_>>();
    until("only as many are open as there may be", async || {
        open().iter().filter(|open| **open).count() < 8
    })
    .await;
    assert!(!open()[0], "the first ones made room");
}

#[tokio::test]
async fn strangers_of_one_address_have_a_limit() {
    let server =
        TestServer::with(|options| options.limits.max_connections_per_address = Some(3)).await;
    let mut idle = idle_connections(&server, 10);
    let mut open = || idle.iter_mut().map(is_open).collect::<Vec<_>>();
    until("the last three are left", async || open() == [vec![false; 7], vec![true; 3]].concat())
        .await;
    assert_eq!(server.get(&server.read, "/v1/capabilities").await.status, 200);
}

#[tokio::test]
async fn refused_tokens_are_counted_and_logged() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("access.jsonl");
    let mut server = TestServer::with(|o| o.access_log = AccessLog::File(log.clone())).await;
    let revoked = token(&server.tokens, "gone", Scope::Read);
    let id = server.tokens.revoke("gone").unwrap().id;
    let status = async |token: &str| server.get(token, "/v1/incidents").await.status;
    until("the server has read the file", async || {
        let response = server.get(&revoked, "/v1/incidents").await;
        String::from_utf8_lossy(&response.body).contains("was revoked")
    })
    .await;
    assert_eq!([status("rp_x").await, status("").await], [401, 401]);
    assert_eq!(
        client().get(format!("{}/v1/changes", server.url)).send().await.unwrap().status(),
        401
    );
    let figures = String::from_utf8(server.get(&server.read, "/v1/metrics").await.body).unwrap();
    let value = |name: &str| {
        let line = figures.lines().find_map(|line| line.strip_prefix(name));
        line.unwrap_or_else(|| panic!("{name} in {figures}")).trim().parse::<u64>().unwrap()
    };
    assert!(value(&format!("redphone_revoked_token_uses_total{{token=\"{id}\"}}")) >= 1);
    assert!(value("redphone_auth_failures_total{reason=\"revoked\"}") >= 1);
    assert_eq!(value("redphone_auth_failures_total{reason=\"missing\"}"), 1);
    assert!(value("redphone_auth_failures_total{reason=\"unknown\"}") >= 1);
    server.stop();
    server.stopped().await;
    let text = std::fs::read_to_string(&log).unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let denied = |reason: &str| lines.iter().find(|line| line["denied"] == reason);
    let line = denied("revoked").unwrap_or_else(|| panic!("{text}"));
    assert_eq!((&line["token_id"], &line["peer"]), (&id.as_str().into(), &"127.0.0.1".into()));
    assert!(denied("missing").is_some() && denied("unknown").is_some(), "{text}");
    assert!(!text.contains(&revoked), "{text}");
}

#[tokio::test]
async fn head_that_does_not_arrive_ends_the_connection() {
    let server =
        TestServer::with(|options| options.limits.head_timeout = Duration::from_millis(200)).await;
    let mut idle = idle_connections(&server, 2);
    until("both are closed", async || !idle.iter_mut().any(is_open)).await;
}
