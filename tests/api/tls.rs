//! TLS: certificates, their renewal, and HTTP/2.

use std::path::Path;
use std::time::{Duration, Instant};

use rcgen::{CertifiedKey, generate_simple_self_signed};
use redphone::server::tls::TlsFiles;
use redphone::server::{Options, Server};
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use crate::support::api::TestServer;
use crate::support::store::open;
use crate::support::wait::{PATIENCE, until};

fn write(folder: &Path) -> Vec<u8> {
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed(["localhost".to_owned(), "127.0.0.1".to_owned()]).unwrap();
    std::fs::write(folder.join("key.pem"), signing_key.serialize_pem()).unwrap();
    std::fs::write(folder.join("cert.pem"), cert.pem()).unwrap();
    cert.pem().into_bytes()
}

fn files(folder: &Path) -> TlsFiles {
    TlsFiles { cert: folder.join("cert.pem"), key: folder.join("key.pem") }
}

fn trusting(cert: &[u8]) -> reqwest::ClientBuilder {
    let cert = reqwest::Certificate::from_pem(cert).unwrap();
    reqwest::Client::builder().no_proxy().tls_certs_only([cert])
}

async fn status(
    client: reqwest::ClientBuilder,
    server: &TestServer,
) -> Option<(u16, reqwest::Version)> {
    let url = format!("{}/v1/incidents", server.url);
    let request = client.build().unwrap().get(url).bearer_auth(&server.read);
    let response = request.send().await.ok()?;
    Some((response.status().as_u16(), response.version()))
}

#[tokio::test]
async fn tls_serves_both_http_versions_and_plain_text_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let cert = write(folder.path());
    let server = TestServer::with(|options| options.tls = Some(files(folder.path()))).await;
    assert!(server.url.starts_with("https://"));
    let two = status(trusting(&cert), &server).await;
    assert_eq!(two, Some((200, reqwest::Version::HTTP_2)));
    let one = status(trusting(&cert).http1_only(), &server).await;
    assert_eq!(one, Some((200, reqwest::Version::HTTP_11)));
    let stranger = reqwest::Client::builder().no_proxy();
    assert_eq!(status(stranger, &server).await, None, "nobody vouches for it");
    let plain = reqwest::Client::builder().no_proxy().build().unwrap();
    let plain = plain.get(server.url.replace("https", "http")).send().await;
    assert!(plain.is_err());
}

#[tokio::test]
async fn new_certificate_is_used_and_a_wrong_one_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let old = write(folder.path());
    let server = TestServer::with(|options| options.tls = Some(files(folder.path()))).await;
    assert!(status(trusting(&old), &server).await.is_some());
    let old_cert = std::fs::read(folder.path().join("cert.pem")).unwrap();
    std::fs::write(folder.path().join("cert.pem"), "-----BEGIN NONSENSE").unwrap();
    // The files are checked once a second. What is true after that stays true.
    let begun = Instant::now();
    until("it was looked at", async || {
        assert!(status(trusting(&old), &server).await.is_some(), "the old one holds");
        begun.elapsed() > Duration::from_millis(1100)
    })
    .await;
    std::fs::write(folder.path().join("cert.pem"), old_cert).unwrap();
    let new = write(folder.path());
    let used = async || status(trusting(&new), &server).await.is_some();
    until("the new one is used", used).await;
    assert!(status(trusting(&old), &server).await.is_none());
}

/// Connects with TLS and negotiates HTTP/2 (ALPN).
async fn agreed_on_http2(server: &TestServer, cert: &[u8]) -> TlsStream<TcpStream> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(cert).unwrap()).unwrap();
    let mut config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec()];
    let stream = TcpStream::connect(server.addr).await.unwrap();
    let name = "localhost".try_into().unwrap();
    TlsConnector::from(Arc::new(config)).connect(name, stream).await.unwrap()
}

/// Reads frames until the server ends the connection, and answers each ping.
async fn frames(mut stream: TlsStream<TcpStream>) -> Vec<u8> {
    let mut kinds = Vec::new();
    loop {
        // RFC 9113, 4.1: length, kind, flags, stream.
        let mut head = [0; 9];
        if stream.read_exact(&mut head).await.is_err() {
            return kinds;
        }
        let length = usize::from(head[1]) << 8 | usize::from(head[2]);
        let mut rest = vec![0; length];
        stream.read_exact(&mut rest).await.unwrap();
        kinds.push(head[3]);
        if (head[3], head[4]) == (PING, 0) {
            head[4] = 1;
            // The server may have ended the connection meanwhile.
            stream.write_all(&[&head, &rest[..]].concat()).await.ok();
        }
    }
}

const PING: u8 = 6;
const GO_AWAY: u8 = 7;

#[rstest::rstest]
#[case::that_never_begins(&b""[..], false)]
#[case::in_which_nothing_is_asked(&b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0"[..], true)]
#[tokio::test]
async fn unfinished_http2_connection_ends_at_its_timeout(
    #[case] begins: &[u8],
    #[case] is_told: bool,
) {
    let folder = tempfile::tempdir().unwrap();
    let cert = write(folder.path());
    let server = TestServer::with(|options| {
        options.tls = Some(files(folder.path()));
        options.limits.head_timeout = Duration::from_secs(1);
    })
    .await;
    let mut stream = agreed_on_http2(&server, &cert).await;
    stream.write_all(begins).await.unwrap();
    let kinds = tokio::time::timeout(PATIENCE, frames(stream)).await;
    let kinds = kinds.expect("the server ends it");
    assert_eq!(kinds.contains(&GO_AWAY), is_told, "{kinds:?}");
}

#[tokio::test]
async fn connection_with_a_long_poll_is_not_idle() {
    let folder = tempfile::tempdir().unwrap();
    let cert = write(folder.path());
    let server = TestServer::with(|options| {
        options.tls = Some(files(folder.path()));
        options.limits.head_timeout = Duration::from_millis(500);
    })
    .await;
    let client = trusting(&cert).build().unwrap();
    let get = async |path: &str| {
        let request = client.get(format!("{}{path}", server.url)).bearer_auth(&server.read);
        request.send().await.unwrap()
    };
    let first: serde_json::Value = get("/v1/changes").await.json().await.unwrap();
    let cursor = first["cursor"].as_str().unwrap();
    let answer = get(&format!("/v1/changes?wait=1&since={cursor}")).await;
    assert_eq!((answer.status().as_u16(), answer.version()), (200, reqwest::Version::HTTP_2));
}

#[tokio::test]
async fn files_without_a_certificate_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(open(&folder.path().join("store.db")).await);
    let bind = async || {
        let mut options = Options::new("127.0.0.1:0", folder.path().join("tokens.json"));
        options.tls = Some(files(folder.path()));
        Server::bind(options, Arc::clone(&store) as _).await.unwrap_err().to_string()
    };
    assert!(bind().await.contains("cert.pem can't be read"));
    write(folder.path());
    let key = std::fs::read(folder.path().join("key.pem")).unwrap();
    write(folder.path());
    std::fs::write(folder.path().join("key.pem"), key).unwrap();
    assert!(bind().await.contains("can't be used together"));
    std::fs::write(folder.path().join("key.pem"), "").unwrap();
    assert!(bind().await.contains("key.pem has no private key in it"));
    std::fs::write(folder.path().join("cert.pem"), "hello").unwrap();
    assert!(bind().await.contains("cert.pem has no certificate in it"));
}

#[tokio::test]
async fn plain_http_is_local_only_unless_allowed() {
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(open(&folder.path().join("store.db")).await);
    let bind = async |listen: &str, insecure_http| {
        let mut options = Options::new(listen, folder.path().join("tokens.json"));
        options.insecure_http = insecure_http;
        Server::bind(options, Arc::clone(&store) as _).await.map(|server| server.addr())
    };
    for open in ["0.0.0.0:0", "[::]:0"] {
        let refused = bind(open, false).await.unwrap_err().to_string();
        assert!(refused.contains("--tls-cert") && refused.contains("--insecure-http"), "{refused}");
    }
    assert!(bind("0.0.0.0:0", true).await.is_ok());
    let first = bind("127.0.0.1:0", false).await.unwrap();
    assert!(first.port() > 0);
    let refused = bind("nonsense", false).await.unwrap_err().to_string();
    assert!(refused.contains("is no address to listen on"), "{refused}");
}
