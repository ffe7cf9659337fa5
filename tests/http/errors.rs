//! Each fault has its own error message, which names the host and no secret.

use std::error::Error;
use std::time::Duration;

use chrono::{TimeDelta, Utc};
use redphone::api::{Details, ErrorCode};
use redphone::backend::http::{FirstAnswer, HttpBackend, Timeouts};
use redphone::backend::{Backend, BackendError};
use rstest::rstest;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};

use super::fixtures::{ClientFixture, TOKEN, capabilities, json, patient, refusal};
use crate::support::port::ReservedPort;
use crate::support::proxy::{Fault, Proxy, answer};

/// Checks the message of an error, and returns it with a placeholder for the host.
#[track_caller]
fn message(error: &BackendError, host: &str) -> String {
    let text = error.to_string();
    assert!(text.contains(host), "{text}");
    assert!(!text.contains(TOKEN) && !text.contains("/v1/") && !text.contains('\n'), "{text}");
    // Nor does any of the causes contain a part of the request.
    let mut cause = error.source();
    while let Some(error) = cause {
        let text = format!("{error} {error:?}");
        assert!(!text.contains(TOKEN) && !text.contains("/v1/"), "{text}");
        cause = error.source();
    }
    text.replace(host, "HOST")
}

/// Returns the error that a fault causes, and its message.
async fn of(fault: Fault, timeouts: Timeouts) -> (BackendError, String) {
    let canned = match json("", &capabilities()) {
        Fault::Say(_, answer) => answer,
        _ => String::new(),
    };
    // A server behind the proxy, for faults that change a real response.
    let server = Proxy::start(None, move |_| Fault::Say(Duration::ZERO, canned.clone())).await;
    let proxy = Proxy::start(Some(server.address), move |_| fault.clone()).await;
    let fixture = ClientFixture::new();
    let client = HttpBackend::new(redphone::backend::http::Options {
        timeouts,
        ..fixture.options(&proxy.url())
    });
    let error = client.unwrap().capabilities().await.unwrap_err();
    let text = message(&error, &proxy.address.to_string());
    (error, text)
}

#[rstest]
#[case(Fault::DropBefore, "HOST cut the connection before it answered")]
#[case(Fault::DropAfter, "HOST cut the connection before it answered")]
#[case(Fault::Reset, "HOST cut the connection before it answered")]
#[case(Fault::ResetAfter, "HOST cut the connection before it answered")]
#[case(Fault::HalfBody, "HOST cut the connection in the middle of its answer")]
#[case(
    Fault::says("502 Bad Gateway", "", "text/html", "<h1>Bad gateway</h1>"),
    "HOST answers 502 Bad Gateway with text/html, which is nothing that the API says: it seems to \
     come from a proxy in between"
)]
#[case(
    Fault::says("500 Internal Server Error", "", "text/plain; charset=utf-8", "oops"),
    "HOST answers 500 Internal Server Error with text/plain, which is nothing"
)]
#[case(
    Fault::says("403 Forbidden", "", "text/html", "<h1>Blocked by policy</h1>"),
    "HOST answers 403 Forbidden with text/html, which is nothing that the API says"
)]
#[case(
    Fault::says("407 Proxy Authentication Required", "", "text/html", ""),
    "the proxy on the way to HOST wants a name and a password"
)]
#[case(
    Fault::says("200 OK", "", "text/html", "<form>Sign in</form>"),
    "HOST answers with text/html in place of JSON (200 OK): that is no redphone API"
)]
#[case(
    Fault::says("200 OK", "", "application/json", "{\"name\": \"te"),
    "HOST stopped in the middle of its answer"
)]
#[case(
    Fault::says("200 OK", "", "application/json", "[\u{1b}]"),
    "the answer of HOST can't be understood (expected value at line 1 column 2)"
)]
#[case(
    Fault::says("404 Not Found", "", "text/html", "<h1>nginx</h1>"),
    "there is no redphone API (v1) at http://HOST: correct the URL"
)]
#[case(
    refusal(&Details::new(ErrorCode::NotFound, "there is no such path")),
    "there is no redphone API (v1) at http://HOST: correct the URL"
)]
#[case(
    Fault::says(
        "302 Found",
        "location: https://ines:hunter2@sso.example/x?y=hunter2\r\n",
        "text/html",
        ""
    ),
    "HOST sends elsewhere, to https://sso.example/x (302 Found), and the token does not go there"
)]
#[case(
    refusal(&Details::new(ErrorCode::Unauthorized, "the token expired")),
    "HOST does not take the token (the token expired): put a good one in its place, with `redphone \
     login http://HOST`"
)]
#[case(
    Fault::says("401 Unauthorized", "", "text/html", ""),
    "HOST does not take the token (it wants another one): put a good one"
)]
#[case(
    refusal(&Details::new(ErrorCode::Internal, "it \u{1b}[31mfailed")),
    "HOST says: it ␛[31mfailed"
)]
#[case(refusal(&Details::new(ErrorCode::Unreachable, "it is about to end")), "HOST says: it is about to")]
#[case(refusal(&Details::new(ErrorCode::Broken, "row 7 makes no sense")), "HOST says: row 7 makes no")]
#[case(
    Fault::says("304 Not Modified", "", "text/html", ""),
    "HOST answers 304 to what is not known here yet"
)]
#[case(Fault::Say(Duration::ZERO, "SSH-2.0-OpenSSH_10.0\r\n".into()), "HOST answers with something that is not HTTP")]
#[case(
    Fault::Say(Duration::ZERO, "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\
        content-length: 100000000\r\n\r\n".into()),
    "the answer of HOST has more than 64 MiB: it is not read"
)]
#[tokio::test]
async fn unexpected_responses_are_explained(#[case] fault: Fault, #[case] expected: &str) {
    let (_, text) = of(fault, patient()).await;
    assert!(text.starts_with(expected), "{text}");
}

#[rstest]
#[case(Fault::Hang, "HOST took the request and did not answer within 0.1 s")]
#[case(Fault::Stall, "HOST stopped in the middle of its answer: nothing came for 0.1 s")]
#[tokio::test]
async fn missing_responses_are_explained(#[case] fault: Fault, #[case] expected: &str) {
    let short = Duration::from_millis(100);
    let stalled = matches!(fault, Fault::Stall);
    let timeouts = if stalled {
        Timeouts { chunk: short, ..patient() }
    } else {
        // The time limit of the connection is added.
        Timeouts { response: short, connect: Duration::from_secs(1), ..patient() }
    };
    let (error, text) = of(fault, timeouts).await;
    assert!(text.starts_with(expected) && error.is_temporary(), "{text}");
}

#[tokio::test]
async fn silent_server_is_not_awaited_as_long_each_time() {
    let proxy = Proxy::start(None, |_| Fault::Hang).await;
    let first = FirstAnswer {
        capabilities: Duration::from_millis(300),
        after_silence: Duration::from_millis(100),
    };
    let fixture = ClientFixture::new();
    let client = HttpBackend::new(redphone::backend::http::Options {
        timeouts: Timeouts { first, ..patient() },
        ..fixture.options(&proxy.url())
    });
    let client = client.unwrap();
    let error = client.capabilities().await.unwrap_err();
    let text = message(&error, &proxy.address.to_string());
    assert!(text.ends_with("did not answer within 0.3 s") && error.is_temporary(), "{text}");
    let error = client.directory().await.unwrap_err();
    let text = message(&error, &proxy.address.to_string());
    assert!(text.ends_with("did not answer within 0.1 s") && error.is_temporary(), "{text}");
}

#[tokio::test]
async fn dripping_response_is_not_awaited_without_end() {
    let timeouts = Timeouts { body: Duration::from_millis(300), ..patient() };
    let drip = Fault::Drip(1, Duration::from_millis(20));
    let (error, text) = of(drip, timeouts).await;
    assert!(text.starts_with("the answer of HOST came too slowly"), "{text}");
    assert!(error.is_temporary());
}

#[tokio::test]
async fn endless_body_is_not_read_into_memory() {
    let mut endless =
        answer("200 OK", "", "application/json", "").replace("content-length: 0\r\n", "");
    endless.push_str(&" ".repeat(65 * 1024 * 1024));
    let (error, text) = of(Fault::Say(Duration::ZERO, endless), patient()).await;
    assert!(text.starts_with("the answer of HOST has more than 64 MiB"), "{text}");
    assert!(matches!(error, BackendError::Broken(_)));
}

#[rstest]
#[case("429 Too Many Requests", "retry-after: 30\r\n", 30)]
#[case("503 Service Unavailable", "retry-after: 30\r\n", 30)]
#[case("429 Too Many Requests", "", 5)]
#[tokio::test]
async fn rate_limited_client_waits_as_requested(
    #[case] status: &str,
    #[case] headers: &str,
    #[case] seconds: i64,
) {
    let fault = Fault::says(status, headers, "text/html", "");
    let proxy = Proxy::start(None, move |_| fault.clone()).await;
    let fixture = ClientFixture::new();
    let before = Utc::now();
    let error = fixture.client(&proxy.url()).capabilities().await.unwrap_err();
    let BackendError::Limited { until } = error else { panic!("{error}") };
    let rest = TimeDelta::seconds(seconds);
    assert!(until >= before + rest && until <= Utc::now() + rest, "{until}");
}

#[tokio::test]
async fn unavailable_server_is_reported_and_retried_when_it_says() {
    let full =
        serde_json::to_string(&Details::new(ErrorCode::Unreachable, "the disk is full")).unwrap();
    let kind = redphone::api::details::MEDIA_TYPE;
    let fault = Fault::says("503 Service Unavailable", "retry-after: 30\r\n", kind, &full);
    let proxy = Proxy::start(None, move |_| fault.clone()).await;
    let fixture = ClientFixture::new();
    let client = fixture.client(&proxy.url());
    for _ in 0..2 {
        let error = client.capabilities().await.unwrap_err();
        assert!(matches!(error, BackendError::Unreachable(_)), "{error:?}");
        let text = message(&error, &proxy.address.to_string());
        assert_eq!(text, "HOST says: the disk is full");
    }
    assert_eq!(proxy.count(), 1, "it is not asked again so soon");
    // The pause does not apply to other paths.
    client.directory().await.unwrap_err();
    assert_eq!(proxy.count(), 2);
}

#[tokio::test]
async fn refused_connection_is_explained() {
    let port = ReservedPort::new();
    let closed = port.address;
    let error =
        ClientFixture::new().client(&format!("http://{closed}")).capabilities().await.unwrap_err();
    let text = message(&error, &closed.to_string());
    assert_eq!(text, "HOST refuses the connection: nothing listens on that port");
}

#[tokio::test]
async fn unresolvable_host_is_explained() {
    // The label is longer than DNS allows, so no name server is asked.
    let name = format!("{}.example", "n".repeat(64));
    let fixture = ClientFixture::new();
    let options = redphone::backend::http::Options {
        insecure_http: true,
        ..fixture.options(&format!("http://{name}"))
    };
    let error = HttpBackend::new(options).unwrap().capabilities().await.unwrap_err();
    let text = message(&error, &name);
    assert!(text.starts_with("the name HOST can't be looked up ("), "{text}");
}

#[test]
fn nothing_is_sent_where_the_token_would_be_readable() {
    let fixture = ClientFixture::new();
    let refused = HttpBackend::new(fixture.options("http://a.example")).unwrap_err().to_string();
    let expected = "the API is http://a.example: without TLS the token could be read on the way";
    assert!(refused.starts_with(expected), "{refused}");
}

#[tokio::test]
async fn unreachable_host_is_explained() {
    // Nobody accepts connections. Once the queue is full, further ones get no answer.
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(([127, 0, 0, 1], 0).into()).unwrap();
    let full = socket.listen(1).unwrap();
    let address = full.local_addr().unwrap();
    let mut waiting = Vec::new();
    let patience = Duration::from_millis(500);
    while let Ok(connection) = tokio::time::timeout(patience, TcpStream::connect(address)).await {
        waiting.push(connection.unwrap());
    }
    let fixture = ClientFixture::new();
    let timeouts = Timeouts { connect: Duration::from_millis(300), ..patient() };
    let options = redphone::backend::http::Options {
        timeouts,
        ..fixture.options(&format!("http://{address}"))
    };
    let error = HttpBackend::new(options).unwrap().capabilities().await.unwrap_err();
    let text = message(&error, &address.to_string());
    assert!(text.starts_with("HOST did not take the connection in time"), "{text}");
}

#[tokio::test]
async fn mismatch_of_http_and_tls_is_explained() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            let mut bytes = [0; 1024];
            let _ = client.read(&mut bytes).await;
            let _ = client.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
        }
    });
    let fixture = ClientFixture::new();
    let authority = super::certificates::Authority::new("Test");
    fixture.write("ca.pem", &authority.pem());
    let mut options = fixture.options(&format!("https://{address}"));
    options.ca_file = Some(fixture.path("ca.pem"));
    let error = HttpBackend::new(options).unwrap().capabilities().await.unwrap_err();
    let text = message(&error, &address.to_string());
    assert!(text.starts_with("HOST does not speak TLS on that port"), "{text}");
    server.abort();
}

#[tokio::test]
async fn clock_skew_is_measured_without_further_effect() {
    let canned = Proxy::start(None, |_| json("", &capabilities())).await;
    let skew = Fault::Skew(TimeDelta::minutes(90));
    let proxy = Proxy::start(Some(canned.address), move |_| skew.clone()).await;
    let client = ClientFixture::new();
    let client = client.client(&proxy.url());
    assert_eq!(client.clock_offset(), None);
    assert_eq!(client.capabilities().await.unwrap(), capabilities());
    let off = client.clock_offset().unwrap().offset;
    // The tolerance is for a machine that is busy with other things.
    assert!((off - TimeDelta::minutes(90)).abs() < TimeDelta::seconds(30), "{off}");
}
