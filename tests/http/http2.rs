//! HTTP/2 over TLS: many requests on one connection, and how it ends.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use redphone::backend::http::HttpBackend;
use redphone::backend::{Backend, BackendError};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::certificates::{Authority, GOOD, acceptor_of};
use super::fixtures::{ClientFixture, capabilities, json, patient};
use crate::support::proxy::Proxy;
use crate::support::served::Served;
use crate::support::wait::PATIENCE;

/// Relays connections to a server and counts them.
struct Relay {
    address: SocketAddr,
    accepted: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Relay {
    async fn start(server: SocketAddr) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let accepted = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&accepted);
        let task = tokio::spawn(async move {
            while let Ok((mut client, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(async move {
                    if let Ok(mut server) = TcpStream::connect(server).await {
                        let _ = copy_bidirectional(&mut client, &mut server).await;
                    }
                });
            }
        });
        Self { address, accepted, task }
    }

    fn accepted(&self) -> usize {
        self.accepted.load(Ordering::SeqCst)
    }

    fn client(&self, served: &Served) -> HttpBackend {
        served.client(&format!("https://{}", self.address), "ines", patient())
    }
}

#[tokio::test]
async fn concurrent_requests_share_the_long_poll_connection() {
    let served = Served::start_with_tls().await;
    let relay = Relay::start(served.address).await;
    let client = relay.client(&served);
    let cursor = client.changes(None, Duration::ZERO).await.unwrap().cursor;
    let waiting = client.changes(Some(cursor), Duration::from_mins(1));
    let others = async {
        let requests = (0..20).map(|_| async { client.directory().await.is_ok() });
        assert!(join_all(requests).await.into_iter().all(|answered| answered));
        let (_, declared) = crate::support::requests::declare("Cards fail");
        client.execute(&declared).await.unwrap();
    };
    let (delta, ()) = timeout(PATIENCE, async { tokio::join!(waiting, others) }).await.unwrap();
    assert_eq!(delta.unwrap().rows.len(), 1, "what was asked beside it has ended the wait");
    assert_eq!(relay.accepted(), 1);
}

#[tokio::test]
async fn server_killed_during_a_long_poll_is_reported_and_rejoined() {
    let mut served = Served::start_with_tls().await;
    let relay = Relay::start(served.address).await;
    let client = relay.client(&served);
    let cursor = client.changes(None, Duration::ZERO).await.unwrap().cursor;
    let waiting = client.changes(Some(cursor), Duration::from_mins(1));
    let killed = async {
        // Sent after the other request on the same connection: once it is answered, the server has
        // the other one.
        client.directory().await.unwrap();
        served.kill();
    };
    let (delta, ()) = timeout(PATIENCE, async { tokio::join!(waiting, killed) }).await.unwrap();
    let error = delta.unwrap_err();
    assert!(matches!(error, BackendError::Unreachable(_)), "{error:?}");
    let text = error.to_string().replace(&relay.address.to_string(), "HOST");
    let cut = "HOST cut the connection before it answered";
    assert!(text == cut || text.starts_with("HOST broke off the request ("), "{text}");
    // Meanwhile no server listens, which the error reports.
    let error = client.capabilities().await.unwrap_err();
    assert!(error.is_temporary() && error.to_string().contains(&relay.address.to_string()));
    served.again().await;
    let again = timeout(PATIENCE, client.changes(Some(cursor), Duration::ZERO)).await.unwrap();
    assert_eq!(again.unwrap().cursor, cursor);
    assert!(relay.accepted() >= 2);
}

#[tokio::test]
async fn http1_is_used_where_the_server_offers_nothing_else() {
    for offered in [&[][..], &["http/1.1"]] {
        let authority = Authority::new("Ours");
        let tls = acceptor_of(authority.issue("127.0.0.1", GOOD), offered);
        let server = Proxy::with_tls(tls, |request| {
            assert!(request.head.lines().next().unwrap().ends_with(" HTTP/1.1"));
            json("", &capabilities())
        })
        .await;
        let fixture = ClientFixture::new();
        fixture.write("ca.pem", &authority.pem());
        let mut options = fixture.options(&format!("https://{}", server.address));
        options.ca_file = Some(fixture.path("ca.pem"));
        let client = HttpBackend::new(options).unwrap();
        let requests = (0..4).map(|_| client.capabilities());
        let answers = timeout(PATIENCE, join_all(requests)).await.unwrap();
        assert!(answers.into_iter().all(|answer| answer == Ok(capabilities())), "{offered:?}");
    }
}
