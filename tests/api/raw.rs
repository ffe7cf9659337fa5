//! Malformed HTTP requests, written byte for byte.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};

use rstest::rstest;

use crate::support::api::TestServer;
use crate::support::wait::PATIENCE;

/// Sends bytes and returns everything that arrives until the other side closes.
pub fn exchange(addr: SocketAddr, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(addr).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    // A server that refuses early does not read everything.
    stream.write_all(bytes).ok();
    let mut answer = Vec::new();
    ended(stream.read_to_end(&mut answer));
    String::from_utf8_lossy(&answer).into_owned()
}

/// Checks that a connection has ended, by a close or a reset. A read that timed out fails the
/// check.
pub fn ended(how: std::io::Result<usize>) {
    if let Err(error) = how {
        let open = matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut);
        assert!(!open, "the server does not end the connection: {error}");
    }
}

/// Sends the head of a request, so that the server waits for its body.
pub async fn stuck(server: &TestServer, length: usize) -> TcpStream {
    let (addr, token) = (server.addr, server.respond.clone());
    let sender = tokio::task::spawn_blocking(move || {
        let mut stream = TcpStream::connect(addr).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let head = format!(
            "POST /v1/commands HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\
             Expect: 100-continue\r\nContent-Type: application/json\r\n\
             Content-Length: {length}\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).unwrap();
        // The server requests the body once it has read the head.
        let mut some = [0; 12];
        stream.read_exact(&mut some).unwrap();
        assert_eq!(&some, b"HTTP/1.1 100");
        stream
    });
    sender.await.unwrap()
}

/// Sends a request from a thread of its own, so that the server can run meanwhile.
async fn response_to(server: &TestServer, request: String) -> String {
    let addr = server.addr;
    tokio::task::spawn_blocking(move || exchange(addr, request.as_bytes())).await.unwrap()
}

fn status(answer: &str) -> u16 {
    answer.split(' ').nth(1).and_then(|s| s.parse().ok()).unwrap_or(0)
}

/// Returns the number of responses in a text.
fn answers(text: &str) -> usize {
    text.matches("HTTP/1.").count()
}

#[rstest]
#[case::double_slashes("//v1//incidents", 404)]
#[case::a_slash_at_the_end("/v1/incidents/", 404)]
#[case::up_and_down("/v1/health/../incidents", 404)]
#[case::up_encoded("/v1/health/%2e%2e/incidents", 404)]
#[case::an_encoded_slash("/v1%2fincidents", 404)]
#[case::an_encoded_slash_in_the_id("/v1/incidents/..%2f..%2fetc%2fpasswd", 400)]
#[case::a_nul("/v1/incidents/%00", 400)]
#[case::no_utf8("/v1/incidents/%ff%fe", 400)]
#[case::another_version("/v2/incidents", 404)]
#[case::capitals("/V1/incidents", 404)]
#[case::a_parameter_of_the_path("/v1/incidents;x=1", 404)]
#[case::nothing("/", 404)]
#[case::a_number_that_is_none("/v1/numbers/-1", 400)]
#[case::a_number_with_blanks("/v1/numbers/%2041", 400)]
#[case::a_number_that_is_too_large("/v1/numbers/99999999999999999999", 400)]
#[case::a_uuid_in_braces("/v1/incidents/%7b01920000-0000-7000-8000-000000000000%7d", 400)]
#[case::an_unknown_parameter("/v1/incidents?admin=true", 400)]
#[case::a_parameter_twice("/v1/incidents?limit=1&limit=2", 400)]
#[case::a_limit_of_nothing("/v1/incidents?limit=0", 400)]
#[case::a_limit_too_high("/v1/incidents?limit=1001", 400)]
#[case::a_wait_too_long("/v1/changes?wait=61", 400)]
#[case::a_wait_that_is_none("/v1/changes?wait=-1", 400)]
#[case::a_cursor_that_is_none("/v1/changes?since=abc", 400)]
#[case::an_unknown_order("/v1/incidents?sort=random", 400)]
#[case::a_filter_that_is_none("/v1/incidents?filter=statsu%3Aopen", 422)]
#[case::a_page_that_is_none("/v1/incidents?after=nowhere", 422)]
#[case::after_and_before(
    "/v1/incidents/01920000-0000-7000-8000-000000000000/timeline?after=1&before=2",
    422
)]
#[case::a_window_without_time(
    "/v1/measures?from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z",
    422
)]
#[case::a_window_of_another_age(
    "/v1/measures?from=1026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z",
    422
)]
#[case::half_a_window("/v1/measures?from=2026-01-02T00:00:00Z", 400)]
#[case::no_window("/v1/measures/pages", 400)]
#[case::a_month_that_is_none("/v1/measures?window=2026-13", 422)]
#[case::a_month_and_a_start("/v1/measures/pages?window=2026-03&from=2026-01-02T00:00:00Z", 422)]
#[case::a_month_and_edges("/v1/measures/pages?window=2026-03&edges=2026-03-02T00:00:00Z", 422)]
#[case::more_days_than_ten_years("/v1/measures?window=3661d", 422)]
#[case::edges_that_do_not_ascend(
    "/v1/measures?from=2026-01-01T00:00:00Z&to=2026-01-05T00:00:00Z&edges=2026-01-03T00:00:00Z,2026-01-02T00:00:00Z",
    422
)]
#[tokio::test]
async fn malformed_request_target_is_refused(#[case] target: &str, #[case] expected: u16) {
    let server = TestServer::new().await;
    let token = &server.admin;
    let request = format!(
        "GET {target} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n\r\n"
    );
    let answer = response_to(&server, request).await;
    assert_eq!(status(&answer), expected, "{answer}");
    assert!(answer.contains("application/problem+json"), "{answer}");
    assert!(!answer.contains(token.as_str()));
}

#[rstest]
#[case::scheme_in_capitals("Authorization: BEARER {token}", 200)]
#[case::scheme_in_small_letters("authorization: bearer {token}", 200)]
#[case::another_scheme("Authorization: Basic {token}", 401)]
#[case::no_scheme("Authorization: {token}", 401)]
#[case::two_headers("Authorization: Bearer {token}\r\nAuthorization: Bearer {token}", 401)]
#[case::two_tokens_in_one("Authorization: Bearer {token}, Bearer {token}", 401)]
#[case::in_another_header("X-Authorization: Bearer {token}", 401)]
#[case::as_a_cookie("Cookie: token={token}", 401)]
#[case::with_more_behind("Authorization: Bearer {token}x", 401)]
#[tokio::test]
async fn token_is_accepted_only_as_a_bearer_header(#[case] header: &str, #[case] expected: u16) {
    let server = TestServer::new().await;
    let header = header.replace("{token}", &server.admin);
    let request =
        format!("GET /v1/incidents HTTP/1.1\r\nHost: x\r\n{header}\r\nConnection: close\r\n\r\n");
    let answer = response_to(&server, request).await;
    assert_eq!(status(&answer), expected, "{answer}");
}

#[tokio::test]
async fn token_in_the_query_is_ignored() {
    let server = TestServer::new().await;
    let target = format!("/v1/incidents?access_token={}", server.admin);
    let request = format!("GET {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    let answer = response_to(&server, request).await;
    assert_eq!(status(&answer), 401, "{answer}");
}

#[tokio::test]
async fn absolute_request_target_is_the_same_path() {
    let server = TestServer::new().await;
    let with = |header: &str| {
        format!(
            "GET http://elsewhere.example/v1/incidents HTTP/1.1\r\nHost: x\r\n{header}Connection: close\r\n\r\n"
        )
    };
    let none = response_to(&server, with("")).await;
    assert_eq!(status(&none), 401, "{none}");
    let token = format!("Authorization: Bearer {}\r\n", server.read);
    let good = response_to(&server, with(&token)).await;
    assert_eq!(status(&good), 200, "{good}");
}

#[rstest]
#[case::no_http("hello\r\n\r\n")]
#[case::a_header_without_a_name("GET /v1/health HTTP/1.1\r\nHost: x\r\n: y\r\n\r\n")]
#[case::a_blank_before_the_colon("GET /v1/health HTTP/1.1\r\nHost : x\r\n\r\n")]
#[case::a_folded_header("GET /v1/health HTTP/1.1\r\nHost: x\r\nX-A: 1\r\n 2\r\n\r\n")]
#[case::a_control_character("GET /v1/health HTTP/1.1\r\nHost: x\r\nX-A: \u{1}\r\n\r\n")]
#[case::two_lengths(
    "POST /v1/commands HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab"
)]
#[case::a_length_that_is_none(
    "POST /v1/commands HTTP/1.1\r\nHost: x\r\nContent-Length: +1\r\n\r\na"
)]
#[case::a_length_below_nothing(
    "POST /v1/commands HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\na"
)]
#[case::chunks_that_do_not_end_it(
    "POST /v1/commands HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n"
)]
#[case::chunks_in_http_1_0(
    "POST /v1/commands HTTP/1.0\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
)]
#[tokio::test]
async fn bytes_that_are_not_http_end_the_connection(#[case] request: &str) {
    let server = TestServer::new().await;
    let answer = response_to(&server, request.to_owned()).await;
    assert_eq!(explained(&answer), (400, "bad_request".into()));
}

/// Returns the status of the only response in a text and the code of its problem details.
#[track_caller]
fn explained(answer: &str) -> (u16, String) {
    assert_eq!(answers(answer), 1, "{answer}");
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.contains("content-type: application/problem+json"), "{answer}");
    let details: redphone::api::Details = serde_json::from_str(body).unwrap();
    assert_eq!(details.status, status(answer));
    (details.status, details.code)
}

#[rstest]
#[case::none("GET /v1/health HTTP/1.1\r\n", 400)]
#[case::none_for_an_absolute_target("GET http://x/v1/health HTTP/1.1\r\n", 400)]
#[case::none_for_a_path_that_is_not_there("GET /nothing HTTP/1.1\r\n", 400)]
#[case::two("GET /v1/health HTTP/1.1\r\nHost: x\r\nHost: x\r\n", 400)]
#[case::two_in_http_1_0("GET /v1/health HTTP/1.0\r\nHost: x\r\nHost: y\r\n", 400)]
#[case::one_with_a_path("GET /v1/health HTTP/1.1\r\nHost: x/y\r\n", 400)]
#[case::one_with_a_user("GET /v1/health HTTP/1.1\r\nHost: me@x\r\n", 400)]
#[case::one_with_a_blank("GET /v1/health HTTP/1.1\r\nHost: x y\r\n", 400)]
#[case::an_empty_one("GET /v1/health HTTP/1.1\r\nHost:\r\n", 200)]
#[case::with_a_port("GET /v1/health HTTP/1.1\r\nHost: x:7373\r\n", 200)]
#[case::of_ipv6("GET /v1/health HTTP/1.1\r\nHost: [::1]:7373\r\n", 200)]
#[case::none_in_http_1_0("GET /v1/health HTTP/1.0\r\n", 200)]
#[tokio::test]
async fn request_of_http_1_1_needs_one_host(#[case] head: &str, #[case] expected: u16) {
    let server = TestServer::new().await;
    let answer = response_to(&server, format!("{head}Connection: close\r\n\r\n")).await;
    assert_eq!(status(&answer), expected, "{answer}");
    if expected == 400 {
        assert_eq!(explained(&answer).1, "bad_request");
        assert!(answer.contains("Host header"), "{answer}");
    }
}

#[rstest]
#[case::length_and_chunks("Content-Length: {length}\r\nTransfer-Encoding: chunked")]
#[case::chunks_and_length("Transfer-Encoding: chunked\r\nContent-Length: {length}")]
#[case::chunks_twice("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked")]
#[case::chunks_in_disguise("Transfer-Encoding: \tchunked")]
#[tokio::test]
async fn request_smuggled_in_a_body_is_never_answered(#[case] headers: &str) {
    let server = TestServer::new().await;
    let hidden = format!(
        "GET /v1/incidents HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\n\r\n",
        server.admin
    );
    let headers = headers.replace("{length}", &(5 + hidden.len()).to_string());
    let request =
        format!("POST /v1/commands HTTP/1.1\r\nHost: x\r\n{headers}\r\n\r\n0\r\n\r\n{hidden}");
    let answer = response_to(&server, request).await;
    assert_eq!(answers(&answer), 1, "{answer}");
    assert!(status(&answer) >= 400, "{answer}");
}

#[tokio::test]
async fn too_long_request_head_is_refused() {
    let server = TestServer::new().await;
    let long = "x".repeat(64 * 1024);
    let answer = response_to(
        &server,
        format!("GET /v1/health HTTP/1.1\r\nHost: x\r\nX-Long: {long}\r\n\r\n"),
    )
    .await;
    assert_eq!(explained(&answer), (431, "head_too_large".into()));
    let many = "X-Many: 1\r\n".repeat(500);
    let answer =
        response_to(&server, format!("GET /v1/health HTTP/1.1\r\nHost: x\r\n{many}\r\n")).await;
    assert_eq!(explained(&answer), (431, "head_too_large".into()));
}

#[tokio::test]
async fn head_request_returns_the_length_without_a_body() {
    let server = TestServer::new().await;
    server.declared("Card payments fail").await;
    let request_with = |method: &str| {
        format!(
            "{method} /v1/incidents HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nConnection: close\r\n\r\n",
            server.read
        )
    };
    let (head, get) = (
        response_to(&server, request_with("HEAD")).await,
        response_to(&server, request_with("GET")).await,
    );
    let length = |answer: &str| {
        let line = answer.lines().find(|line| line.starts_with("content-length: ")).unwrap();
        line["content-length: ".len()..].parse::<usize>().unwrap()
    };
    assert_eq!(status(&head), 200);
    assert_eq!(length(&head), length(&get));
    assert!(head.ends_with("\r\n\r\n") && length(&get) > 100);
}
