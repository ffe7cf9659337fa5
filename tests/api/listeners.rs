//! Listeners of a server besides its address, the addresses of its clients, and the headers of
//! their rate limits.

use std::path::Path;

use redphone::server::access_log::AccessLog;
use redphone::server::scope::Scope;
use reqwest::header::HeaderValue;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;

use crate::support::api::{TestServer, client, declare, fetch, token};

/// Sends a GET request through a Unix socket, and returns the response as it comes.
async fn get_local(socket: &Path, path: &str, headers: &str) -> String {
    let mut stream = UnixStream::connect(socket).await.unwrap();
    let request =
        format!("GET {path} HTTP/1.1\r\nhost: local\r\n{headers}connection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).await.unwrap();
    response
}

/// Returns the lines of an access log, once the server has stopped.
async fn stopped_log(mut server: TestServer, log: &Path) -> Vec<Value> {
    server.stop();
    server.stopped().await;
    let text = std::fs::read_to_string(log).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[tokio::test]
async fn headers_say_the_rate_limit_before_it_is_reached() {
    let server = TestServer::with(|o| o.limits.requests_per_minute = 3.try_into().unwrap()).await;
    let rate = |response: &crate::support::api::TestResponse| {
        ["ratelimit-limit", "ratelimit-remaining", "ratelimit-policy"]
            .map(|name| response.header(name).map(str::to_owned))
    };
    let told = |remaining: &str| ["3", remaining, "3;w=60"].map(|text| Some(text.to_owned()));
    let token = server.read.clone();
    for remaining in ["2", "1", "0"] {
        let response = server.get(&token, "/v1/incidents").await;
        assert_eq!((response.status, rate(&response)), (200, told(remaining)));
        let reset: u64 = response.header("ratelimit-reset").unwrap().parse().unwrap();
        assert!((1..=60).contains(&reset), "{reset}");
        assert_eq!(response.header("retry-after"), None);
    }
    let response = server.get(&token, "/v1/incidents").await;
    assert_eq!((response.status, rate(&response)), (429, told("0")));
    assert!(response.header("retry-after").is_some());
    // Each token has its own, and a caller without a token gets none.
    let response = server.get(&server.respond, "/v1/incidents").await;
    assert_eq!(rate(&response), told("2"));
    for path in ["/v1/health", "/v1/incidents"] {
        let response = fetch(server.request("GET", path)).await;
        assert_eq!(response.header("ratelimit-limit"), None, "{path}");
    }
}

#[tokio::test]
async fn unix_socket_serves_the_same_api_and_is_removed() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("api.sock");
    // The socket of a killed server is replaced.
    drop(std::os::unix::net::UnixListener::bind(&socket).unwrap());
    let mut server = TestServer::with(|o| o.socket = Some(socket.clone())).await;
    let mode = crate::support::cli::mode(&socket);
    assert_eq!(mode, 0o660, "{mode:o}");
    let (_, order) = declare("Card payments fail");
    server.send(&server.respond, vec![order]).await;
    let answer = get_local(&socket, "/v1/incidents", "").await;
    assert!(answer.starts_with("HTTP/1.1 401 "), "{answer}");
    let bearer = format!("authorization: Bearer {}\r\n", server.read);
    let answer = get_local(&socket, "/v1/incidents", &bearer).await;
    assert!(
        answer.starts_with("HTTP/1.1 200 ") && answer.contains("Card payments fail"),
        "{answer}"
    );
    server.stop();
    server.stopped().await;
    assert!(!socket.exists());
}

#[tokio::test]
async fn socket_in_use_is_not_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("api.sock");
    let _other = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    let store = crate::support::store::open(&folder.path().join("store.db")).await;
    let bind = async |path: &Path| {
        let tokens = folder.path().join("tokens.json");
        let mut options = redphone::server::Options::new("127.0.0.1:0", tokens);
        options.socket = Some(path.to_owned());
        let server = redphone::server::Server::bind(options, std::sync::Arc::new(store.clone()));
        server.await.unwrap_err().to_string()
    };
    let refused = bind(&socket).await;
    assert!(refused.contains("api.sock is in use") && socket.exists(), "{refused}");
    let refused = bind(&folder.path().join("none/api.sock")).await;
    assert!(refused.contains("make the folder first"), "{refused}");
    let file = folder.path().join("file");
    std::fs::write(&file, "kept").unwrap();
    bind(&file).await;
    assert_eq!(std::fs::read(&file).unwrap(), b"kept");
}

#[tokio::test]
async fn metrics_have_a_listener_and_a_scope_of_their_own() {
    let folder = tempfile::tempdir().unwrap();
    let store = crate::support::store::open(&folder.path().join("store.db")).await;
    let mut options =
        redphone::server::Options::new("127.0.0.1:0", folder.path().join("tokens.json"));
    options.metrics_listen = Some("127.0.0.1:0".into());
    let server = redphone::server::Server::bind(options, std::sync::Arc::new(store)).await.unwrap();
    let url = format!("http://{}", server.metrics_addr().unwrap());
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let running = tokio::spawn(server.run(async { drop(stopped.await) }));
    let answer = fetch(client().get(format!("{url}/v1/metrics"))).await;
    let text = String::from_utf8(answer.body).unwrap();
    assert!(answer.status == 200 && text.contains("redphone_requests"), "{text}");
    for path in ["/v1/health", "/v1/ready"] {
        assert_eq!(fetch(client().get(format!("{url}{path}"))).await.status, 200, "{path}");
    }
    for path in ["/v1/incidents", "/v1/commands", "/v1/openapi.json", "/"] {
        let answer = fetch(client().get(format!("{url}{path}"))).await;
        answer.refused(404, "not_found", "only /v1/metrics");
    }
    let answer = fetch(client().post(format!("{url}/v1/metrics"))).await;
    answer.refused(405, "no_such_method", "send GET");
    stop.send(()).unwrap();
    running.await.unwrap();

    let server = TestServer::new().await;
    let metrics = token(&server.tokens, "prometheus", Scope::Metrics);
    for (token, path, status) in [
        (&metrics, "/v1/metrics", 200),
        (&metrics, "/v1/capabilities", 200),
        (&metrics, "/v1/incidents", 403),
        (&metrics, "/v1/directory", 403),
        (&server.read, "/v1/metrics", 200),
        (&server.ingest, "/v1/metrics", 403),
    ] {
        assert_eq!(server.get(token, path).await.status, status, "{path}");
    }
    let (_, order) = declare("Card payments fail");
    let body = serde_json::json!({"commands": [order]}).to_string();
    assert_eq!(server.post(&metrics, body).await.status, 403);
}

#[tokio::test]
async fn metrics_are_not_opened_to_other_machines_by_mistake() {
    let folder = tempfile::tempdir().unwrap();
    let store = crate::support::store::open(&folder.path().join("store.db")).await;
    let mut options =
        redphone::server::Options::new("127.0.0.1:0", folder.path().join("tokens.json"));
    options.metrics_listen = Some("0.0.0.0:0".into());
    let bound = redphone::server::Server::bind(options, std::sync::Arc::new(store)).await;
    let refused = bound.unwrap_err().to_string();
    assert!(refused.contains("served there to whoever asks"), "{refused}");
}

#[tokio::test]
async fn access_log_has_client_proxy_user_agent_and_verb() {
    let folder = tempfile::tempdir().unwrap();
    let (log, socket) = (folder.path().join("access.jsonl"), folder.path().join("api.sock"));
    let server = TestServer::with(|options| {
        options.access_log = AccessLog::File(log.clone());
        options.socket = Some(socket.clone());
        options.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap(), "unix".parse().unwrap()];
    })
    .await;
    let request = server.request("GET", "/v1/incidents").bearer_auth(&server.read);
    let request = request.header("x-forwarded-for", "192.0.2.99, 198.51.100.7");
    // A control character beyond ASCII, which a header may have.
    let agent = HeaderValue::from_bytes("wall\u{9b} display/2".as_bytes()).unwrap();
    fetch(request.header("user-agent", agent)).await;
    let bearer = format!("authorization: Bearer {}\r\n", server.read);
    get_local(&socket, "/v1/incidents", &format!("{bearer}forwarded: for=198.51.100.8\r\n")).await;
    get_local(&socket, "/v1/incidents", &bearer).await;
    let (id, order) = declare("Card payments fail");
    server.send(&server.respond, vec![order]).await;
    let acknowledge = crate::support::api::order(id, redphone::model::IncidentCommand::Acknowledge);
    server.send(&server.respond, vec![acknowledge]).await;
    let lines = stopped_log(server, &log).await;
    let field =
        |name: &str| -> Vec<Value> { lines.iter().map(|line| line[name].clone()).collect() };
    let peers = ["198.51.100.7", "198.51.100.8"].map(Value::from);
    assert_eq!(field("peer")[..2], peers);
    assert_eq!(field("peer")[2], Value::Null);
    assert_eq!(field("proxy")[0], "127.0.0.1");
    assert_eq!(field("peer")[3], "127.0.0.1");
    assert!(lines[3].get("proxy").is_none(), "{}", lines[3]);
    let agent = field("user_agent")[0].as_str().unwrap().to_owned();
    assert!(agent.starts_with("wall") && !agent.contains('\u{9b}'), "{agent}");
    assert_eq!(field("verb")[3..], ["declare", "acknowledge"].map(Value::from));
    assert!(lines[0].get("verb").is_none(), "{}", lines[0]);
}

#[tokio::test]
async fn forwarded_headers_of_strangers_are_ignored() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("access.jsonl");
    let server = TestServer::with(|o| o.access_log = AccessLog::File(log.clone())).await;
    let request = server.request("GET", "/v1/incidents").bearer_auth(&server.read);
    fetch(request.header("x-forwarded-for", "198.51.100.7")).await;
    let lines = stopped_log(server, &log).await;
    assert_eq!(lines[0]["peer"], "127.0.0.1");
}
