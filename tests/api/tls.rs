//! TLS: certificates, their change, and HTTP/2.

use std::path::Path;
use std::time::Duration;

use rcgen::{CertifiedKey, generate_simple_self_signed};
use redphone::server::tls::TlsFiles;
use redphone::server::{Options, Server};
use std::sync::Arc;

use crate::support::{Place, store};

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

async fn status(client: reqwest::ClientBuilder, place: &Place) -> Option<(u16, reqwest::Version)> {
    let url = format!("{}/v1/incidents", place.url);
    let request = client.build().unwrap().get(url).bearer_auth(&place.read);
    let response = request.send().await.ok()?;
    Some((response.status().as_u16(), response.version()))
}

#[tokio::test]
async fn both_versions_of_http_are_spoken_over_tls_and_none_without() {
    let folder = tempfile::tempdir().unwrap();
    let cert = write(folder.path());
    let place = Place::with(|options| options.tls = Some(files(folder.path()))).await;
    assert!(place.url.starts_with("https://"));
    let two = status(trusting(&cert), &place).await;
    assert_eq!(two, Some((200, reqwest::Version::HTTP_2)));
    let one = status(trusting(&cert).http1_only(), &place).await;
    assert_eq!(one, Some((200, reqwest::Version::HTTP_11)));
    let stranger = reqwest::Client::builder().no_proxy();
    assert_eq!(status(stranger, &place).await, None, "nobody vouches for it");
    let plain = reqwest::Client::builder().no_proxy().build().unwrap();
    let plain = plain.get(place.url.replace("https", "http")).send().await;
    assert!(plain.is_err());
}

#[tokio::test]
async fn a_new_certificate_is_used_and_a_wrong_one_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let old = write(folder.path());
    let place = Place::with(|options| options.tls = Some(files(folder.path()))).await;
    assert!(status(trusting(&old), &place).await.is_some());
    let kept = std::fs::read(folder.path().join("cert.pem")).unwrap();
    std::fs::write(folder.path().join("cert.pem"), "-----BEGIN NONSENSE").unwrap();
    tokio::time::sleep(Duration::from_millis(1100)).await;
    assert!(status(trusting(&old), &place).await.is_some(), "the old one holds");
    std::fs::write(folder.path().join("cert.pem"), kept).unwrap();
    let new = write(folder.path());
    tokio::time::sleep(Duration::from_millis(1100)).await;
    assert!(status(trusting(&new), &place).await.is_some(), "the new one is used");
    assert!(status(trusting(&old), &place).await.is_none());
}

#[tokio::test]
async fn files_that_make_no_certificate_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(store(&folder.path().join("store.db")).await);
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
async fn plain_http_is_only_spoken_with_this_machine_unless_it_is_wanted() {
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(store(&folder.path().join("store.db")).await);
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
