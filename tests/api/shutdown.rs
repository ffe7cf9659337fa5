//! Shutdown of the server, and the limits that protect it from slow clients.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use redphone::backend::Backend;
use redphone::server::access_log::AccessLog;
use serde_json::Value;

use super::security::wait_for_long_polls;
use crate::support::api::{TestServer, client, declare, fetch};
use crate::support::store::open;
use crate::support::wait::{PATIENCE, until};

#[tokio::test(flavor = "multi_thread")]
async fn shutdown_under_32_writers_loses_no_acknowledged_command() {
    let mut server = TestServer::new().await;
    let ended = Arc::new(AtomicBool::new(false));
    let (url, token) = (format!("{}/v1/commands", server.url), server.respond.clone());
    let client = client();
    let writers: Vec<_> = (0..32)
        .map(|writer| {
            let (url, token, client) = (url.clone(), token.clone(), client.clone());
            let ended = Arc::clone(&ended);
            tokio::spawn(async move {
                let mut acknowledged = Vec::new();
                while !ended.load(Ordering::Relaxed) {
                    let (id, order) = declare(&format!("from {writer}"));
                    let body = serde_json::json!({"commands": [order]});
                    let request = client.post(&url).bearer_auth(&token).json(&body);
                    let Ok(response) = request.send().await else { break };
                    let Ok(answers) = response.json::<Value>().await else { break };
                    if answers["answers"][0]["done"].is_object() {
                        acknowledged.push(id);
                    }
                }
                acknowledged
            })
        })
        .collect();
    let some = server.store.clone();
    let some = async || some.find_by_number("INC-100".parse().unwrap()).await.is_ok();
    until("some have been answered", some).await;
    server.stop();
    server.stopped().await;
    ended.store(true, Ordering::Relaxed);
    let mut acknowledged = Vec::new();
    for writer in writers {
        acknowledged.extend(writer.await.unwrap());
    }
    let count = acknowledged.len();
    // The check reads the file as the next process that opens it would.
    server.store.clone().close().await;
    let file = server.path("again.db");
    std::fs::copy(server.path("store.db"), &file).unwrap();
    let log = server.path("store.db-wal");
    if log.exists() {
        std::fs::copy(log, server.path("again.db-wal")).unwrap();
    }
    let again = open(&file).await;
    for id in acknowledged {
        again.incident(id).await.expect("it was acknowledged");
    }
    assert!(count >= 50, "{count}");
}

#[tokio::test]
async fn shutdown_answers_long_polls_at_once() {
    let mut server = TestServer::new().await;
    let first = server.get(&server.read, "/v1/changes").await.json();
    let cursor = first["cursor"].as_str().unwrap();
    let path = format!("/v1/changes?wait=60&since={cursor}");
    let waiting = tokio::spawn(fetch(server.request("GET", &path).bearer_auth(&server.read)));
    wait_for_long_polls(&server, 1).await;
    let begun = Instant::now();
    server.stop();
    let response = waiting.await.unwrap();
    assert_eq!(response.status, 200);
    assert_eq!(response.json()["cursor"], cursor);
    server.stopped().await;
    assert!(begun.elapsed() < Duration::from_secs(30));
}

#[tokio::test]
async fn endless_request_head_is_cut_off() {
    let server = TestServer::with(|o| o.limits.head_timeout = Duration::from_millis(300)).await;
    let addr = server.addr;
    let answer = tokio::task::spawn_blocking(move || {
        let mut stream = TcpStream::connect(addr).unwrap();
        stream.write_all(b"GET /v1/health HTTP/1.1\r\nHost:").unwrap();
        let mut answer = String::new();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        super::raw::ended(stream.read_to_string(&mut answer));
        answer
    });
    let answer = answer.await.unwrap();
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 408 "), "{answer}");
}

/// Sends requests repeatedly and reads no response. Ends when the server does.
#[tokio::test]
async fn client_that_reads_no_response_is_cut_off() {
    let server = TestServer::with(|o| o.limits.body_timeout = Duration::from_millis(300)).await;
    let addr = server.addr;
    let sender = tokio::task::spawn_blocking(move || {
        let mut stream = TcpStream::connect(addr).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        let request = b"GET /v1/openapi.json HTTP/1.1\r\nHost: x\r\n\r\n".repeat(100);
        loop {
            if let Err(error) = stream.write_all(&request) {
                return error;
            }
        }
    });
    super::raw::ended(Err(sender.await.unwrap()));
    until("it is not open any more", async || {
        let figures = server.get(&server.read, "/v1/metrics").await.body;
        String::from_utf8(figures).unwrap().contains("redphone_connections 1\n")
    })
    .await;
}

#[tokio::test]
async fn bodies_wait_while_others_use_up_the_body_memory() {
    let server = TestServer::with(|o| o.limits.max_total_body_bytes = 1).await;
    let stuck = super::raw::stuck(&server, 4 * 1024 * 1024).await;
    let (id, order) = declare("Card payments fail");
    let body = serde_json::json!({"commands": [order]}).to_string();
    let mut sent = std::pin::pin!(server.post(&server.respond, body));
    let early = tokio::time::timeout(Duration::from_millis(300), &mut sent).await;
    assert!(early.is_err(), "there is no room yet");
    drop(stuck);
    assert_eq!(sent.await.status, 200);
    server.store.incident(id).await.unwrap();
}

#[tokio::test]
async fn lock_that_is_never_released_does_not_stop_the_server() {
    let mut server =
        TestServer::with(|o| o.limits.shutdown_timeout = Duration::from_millis(300)).await;
    server.get(&server.read, "/v1/incidents").await;
    let lock = std::fs::File::create(server.path("tokens.json.lock")).unwrap();
    lock.lock().unwrap();
    server.stop();
    server.stopped().await;
    drop(lock);
}

#[tokio::test]
async fn endless_body_is_refused() {
    let server = TestServer::with(|o| o.limits.body_timeout = Duration::from_millis(300)).await;
    let (addr, token) = (server.addr, server.respond.clone());
    let answer = tokio::task::spawn_blocking(move || {
        let mut stream = TcpStream::connect(addr).unwrap();
        let head = format!(
            "POST /v1/commands HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\
             Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{{\"comm"
        );
        stream.write_all(head.as_bytes()).unwrap();
        let mut answer = vec![0; 4096];
        let length = stream.read(&mut answer).unwrap();
        String::from_utf8_lossy(&answer[..length]).into_owned()
    });
    let answer = answer.await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 408 ") && answer.contains("too_slow"), "{answer}");
}

#[tokio::test]
async fn connection_above_the_limit_is_refused_until_one_is_freed() {
    let server = TestServer::with(|options| options.limits.max_connections = 2).await;
    let addr = server.addr;
    let request_health = move || {
        super::raw::exchange(
            addr,
            b"GET /v1/health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        )
    };
    let token = server.read.clone();
    let (first, second) = tokio::task::spawn_blocking(move || {
        let connect = || {
            let mut stream = TcpStream::connect(addr).unwrap();
            let request = format!(
                "GET /v1/capabilities HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n"
            );
            stream.write_all(request.as_bytes()).unwrap();
            let mut some = [0; 64];
            assert!(stream.read(&mut some).unwrap() > 0);
            stream
        };
        (connect(), connect())
    })
    .await
    .unwrap();
    let turned_away = tokio::task::spawn_blocking(request_health).await.unwrap();
    assert!(turned_away.starts_with("HTTP/1.1 503 "), "{turned_away}");
    assert!(turned_away.contains("as many connections as it may"), "{turned_away}");
    drop((first, second));
    let answered = async || {
        let answer = tokio::task::spawn_blocking(request_health).await.unwrap();
        answer.starts_with("HTTP/1.1 200 ")
    };
    until("there is room again", answered).await;
}

#[tokio::test]
async fn access_log_has_requests_and_no_secrets() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("access.jsonl");
    let mut server = TestServer::with(|o| o.access_log = AccessLog::File(log.clone())).await;
    let request =
        server.request("GET", "/v1/incidents?filter=secretword").bearer_auth(&server.read);
    let answer = fetch(request.header("x-request-id", "mine-7")).await;
    assert_eq!(answer.header("x-request-id"), Some("mine-7"));
    let odd = server.request("GET", "/v1/health").header("x-request-id", "a b\"c");
    let made = fetch(odd).await;
    assert_eq!(made.header("x-request-id").unwrap().len(), 36);
    server.get("rp_nothing", "/v1/incidents").await;
    server.get(&server.read, "/etc/passwd").await;
    server.stop();
    server.stopped().await;
    let text = std::fs::read_to_string(&log).unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 4);
    assert_eq!(lines[0]["request"], "mine-7");
    assert_eq!(lines[0]["route"], "/v1/incidents");
    assert_eq!(lines[0]["method"], "GET");
    assert_eq!(lines[0]["status"], 200);
    assert_eq!(lines[0]["token"], "wall");
    assert_eq!(lines[0]["bytes"], answer.body.len());
    assert!(lines[0]["ms"].as_f64().is_some() && lines[0]["time"].is_string());
    assert_eq!((&lines[2]["status"], &lines[2]["token"]), (&401.into(), &Value::Null));
    assert_eq!(lines[3]["route"], "none");
    for secret in [&server.read[16..], "secretword", "passwd", "rp_nothing"] {
        assert!(!text.contains(secret), "{secret} is in {text}");
    }
    assert_eq!(std::fs::metadata(&log).unwrap().permissions().mode() & 0o777, 0o600);
}

#[tokio::test]
async fn server_metrics_count_requests_and_open_connections() {
    let server = TestServer::new().await;
    let (_, declaration) = declare("Card payments fail");
    server.send(&server.respond, vec![declaration.clone()]).await;
    server.send(&server.respond, vec![declaration]).await;
    let response = server.get(&server.read, "/v1/metrics").await;
    assert!(response.header("content-type").unwrap().starts_with("application/openmetrics-text"));
    let text = String::from_utf8(response.body).unwrap();
    for line in [
        "redphone_requests_total{method=\"POST\",route=\"/v1/commands\",status=\"200\"} 2",
        "redphone_request_seconds_count{route=\"/v1/commands\"} 2",
        "redphone_commands_total{verb=\"declare\",outcome=\"done\"} 1",
        "redphone_commands_total{verb=\"declare\",outcome=\"replayed\"} 1",
        "redphone_incidents_open{priority=\"P1\"} 1",
        "redphone_incidents_open{priority=\"P4\"} 0",
        "redphone_tokens_in_use 2",
        "redphone_requests_held 0",
    ] {
        assert!(text.contains(&format!("{line}\n")), "{line} is not in:\n{text}");
    }
    assert!(text.contains("redphone_connections ") && text.ends_with("# EOF\n"));
}
