//! HTTP/2, which real servers speak over TLS: many requests on one connection, and its end.

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
use super::fixtures::{Desk, capabilities, json, patient};
use crate::support::proxy::Proxy;
use crate::support::served::Served;

/// After this long, something hangs.
const PATIENCE: Duration = Duration::from_secs(30);

/// Takes connections on to a server, and counts them.
struct Relay {
    address: SocketAddr,
    taken: Arc<AtomicUsize>,
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
        let taken = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&taken);
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
        Self { address, taken, task }
    }

    fn taken(&self) -> usize {
        self.taken.load(Ordering::SeqCst)
    }

    fn client(&self, served: &Served) -> HttpBackend {
        served.client(&format!("https://{}", self.address), "ines", patient())
    }
}

#[tokio::test]
async fn requests_at_once_share_one_connection_with_one_that_waits() {
    let served = Served::start_with_tls().await;
    let relay = Relay::start(served.address).await;
    let client = relay.client(&served);
    let cursor = client.changes(None, Duration::ZERO).await.unwrap().cursor;
    let waiting = client.changes(Some(cursor), Duration::from_secs(20));
    let others = async {
        let asked = (0..20).map(|_| async { client.directory().await.is_ok() });
        assert!(join_all(asked).await.into_iter().all(|answered| answered));
        let (_, declared) = crate::support::requests::declare("Cards fail");
        client.execute(&declared).await.unwrap();
    };
    let (delta, ()) = timeout(PATIENCE, async { tokio::join!(waiting, others) }).await.unwrap();
    assert_eq!(delta.unwrap().rows.len(), 1, "what was asked beside it has ended the wait");
    assert_eq!(relay.taken(), 1);
}

#[tokio::test]
async fn a_server_that_is_killed_while_it_holds_a_question_is_told_and_found_again() {
    let mut served = Served::start_with_tls().await;
    let relay = Relay::start(served.address).await;
    let client = relay.client(&served);
    let cursor = client.changes(None, Duration::ZERO).await.unwrap().cursor;
    let waiting = client.changes(Some(cursor), Duration::from_secs(20));
    let killed = async {
        // Sent behind the other on the same connection: that one is there when this is answered.
        client.directory().await.unwrap();
        served.kill();
    };
    let (delta, ()) = timeout(PATIENCE, async { tokio::join!(waiting, killed) }).await.unwrap();
    let error = delta.unwrap_err();
    assert!(matches!(error, BackendError::Unreachable(_)), "{error:?}");
    let text = error.to_string().replace(&relay.address.to_string(), "HOST");
    let cut = "HOST cut the connection before it answered";
    assert!(text == cut || text.starts_with("HOST broke off the request ("), "{text}");
    // Meanwhile nobody is there, and that is told, too.
    let error = client.capabilities().await.unwrap_err();
    assert!(error.is_temporary() && error.to_string().contains(&relay.address.to_string()));
    served.again().await;
    let again = timeout(PATIENCE, client.changes(Some(cursor), Duration::ZERO)).await.unwrap();
    assert_eq!(again.unwrap().cursor, cursor);
    assert!(relay.taken() >= 2);
}

#[tokio::test]
async fn a_peer_that_only_offers_the_first_version_is_spoken_to_in_that() {
    for offered in [&[][..], &["http/1.1"]] {
        let authority = Authority::new("Ours");
        let tls = acceptor_of(authority.issue("127.0.0.1", GOOD), offered);
        let server = Proxy::with_tls(tls, |request| {
            assert!(request.head.lines().next().unwrap().ends_with(" HTTP/1.1"));
            json("", &capabilities())
        })
        .await;
        let desk = Desk::new();
        desk.write("ca.pem", &authority.pem());
        let mut options = desk.options(&format!("https://{}", server.address));
        options.ca_file = Some(desk.path("ca.pem"));
        let client = HttpBackend::new(options).unwrap();
        let asked = (0..4).map(|_| client.capabilities());
        let answers = timeout(PATIENCE, join_all(asked)).await.unwrap();
        assert!(answers.into_iter().all(|answer| answer == Ok(capabilities())), "{offered:?}");
    }
}
