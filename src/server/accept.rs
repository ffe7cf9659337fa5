//! Accepts connections, up to the maximum number of open ones.

use std::future::Future;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use hyper_util::server::graceful::GracefulShutdown;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;

use super::connection::Connection;
use super::listener::{Endpoint, Stream, accept_any};
use super::state::Shared;
use super::strangers::Strangers;
use crate::api::{Details, ErrorCode, details};

/// The pause after the system had no resources for another connection.
const ACCEPT_RETRY_DELAY: Duration = Duration::from_millis(50);
/// The time limit of a TLS handshake.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a connection waits for the slot of one that is cut off.
const SLOT_TIMEOUT: Duration = Duration::from_secs(1);
/// The number of excess connections that are answered concurrently with the error that the server
/// is busy. Further ones are closed without a response.
const MAX_BUSY_REPLIES: usize = 64;
/// The address under which connections through the Unix socket are counted together.
const ON_THIS_MACHINE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// Accepts connections until `shutdown` completes and returns those that are still open.
pub(super) async fn accept(
    endpoints: &[Endpoint],
    shared: &Arc<Shared>,
    shutdown: impl Future<Output = ()>,
) -> GracefulShutdown {
    let connections = GracefulShutdown::new();
    let slots = Arc::new(Semaphore::new(shared.limits.max_connections));
    let busy_slots = Arc::new(Semaphore::new(MAX_BUSY_REPLIES));
    let strangers = Strangers::new(shared.limits.max_per_address());
    let mut shutdown = std::pin::pin!(shutdown);
    loop {
        let (endpoint, accepted) = tokio::select! {
            biased;
            () = &mut shutdown => return connections,
            accepted = accept_any(endpoints) => accepted,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                // Either the peer has disconnected already, or the system's resources are
                // exhausted.
                tracing::warn!("a connection could not be taken in: {error}");
                sleep(ACCEPT_RETRY_DELAY).await;
                continue;
            }
        };
        let tls = shared.tls.as_ref().filter(|_| endpoint.uses_tls && peer.is_some());
        let busy = BusyReplies { slots: Arc::clone(&busy_slots), is_plain: tls.is_none() };
        let address = peer.map(|peer| peer.ip());
        let Some(admission) = strangers.admit(address.unwrap_or(ON_THIS_MACHINE)) else {
            tokio::spawn(busy.reply(stream));
            continue;
        };
        // All clients behind a proxy come from its one address, so it has no limit of its own.
        if shared.trusted_proxies.trusts(address) {
            admission.promote();
        }
        let slot = match Arc::clone(&slots).try_acquire_owned() {
            Ok(slot) => Some(slot),
            // The newcomer is a stranger itself, and would be the one that is cut off.
            Err(_) if strangers.make_room_for(&admission) => None,
            Err(_) => {
                tokio::spawn(busy.reply(stream));
                continue;
            }
        };
        let slots = Arc::clone(&slots);
        let acceptor = tls.map(|tls| tls.acceptor());
        let (shared, app) = (Arc::clone(shared), endpoint.app.clone());
        let watcher = connections.watcher();
        tokio::spawn(async move {
            // A connection that is cut off releases its slot immediately.
            let slot = match slot {
                Some(slot) => slot,
                None => match timeout(SLOT_TIMEOUT, slots.acquire_owned()).await {
                    Ok(Ok(slot)) => slot,
                    _ => return busy.reply(stream).await,
                },
            };
            let metrics = Arc::clone(&shared.metrics);
            metrics.connections.inc();
            let connection = Connection { peer, admission: Arc::clone(&admission), shared, app };
            tokio::select! {
                biased;
                () = admission.cut_off() => {
                    tracing::debug!("an idle connection without a token makes room for another");
                }
                () = serve(connection, stream, acceptor) => {}
            }
            metrics.connections.dec();
            drop(slot);
            // Until the watcher is dropped, a server that stops waits for the connection.
            drop(watcher);
        });
    }
}

/// Serves a connection, after the TLS handshake if there is TLS.
async fn serve(connection: Connection, stream: Stream, acceptor: Option<TlsAcceptor>) {
    let Some(acceptor) = acceptor else { return connection.serve_http1(stream).await };
    match timeout(HANDSHAKE_TIMEOUT, acceptor.accept(stream)).await {
        Ok(Ok(stream)) if stream.get_ref().1.alpn_protocol() == Some(b"h2") => {
            connection.serve_http2(stream).await;
        }
        Ok(Ok(stream)) => connection.serve_http1(stream).await,
        Ok(Err(error)) => tracing::debug!("a TLS handshake failed: {error}"),
        Err(_) => tracing::debug!("a TLS handshake took too long"),
    }
}

/// Answers connections that exceed the maximum.
#[derive(Clone, Debug)]
struct BusyReplies {
    slots: Arc<Semaphore>,
    /// Whether there is no TLS, so that a response can be sent immediately.
    is_plain: bool,
}

impl BusyReplies {
    async fn reply(self, stream: Stream) {
        if self.is_plain
            && let Ok(_slot) = self.slots.try_acquire()
        {
            timeout(Duration::from_secs(1), reply_busy(stream)).await.ok();
        }
    }
}

/// Sends an error response on a connection that exceeds the maximum.
async fn reply_busy(mut stream: Stream) -> std::io::Result<()> {
    let message = "the server has as many connections as it may: try again in a second";
    let body = serde_json::to_string(&Details::new(ErrorCode::Unreachable, message))?;
    let head = format!(
        "HTTP/1.1 503 Service Unavailable\r\ncontent-type: {}\r\ncontent-length: {}\r\n\
         retry-after: 1\r\nconnection: close\r\n\r\n",
        details::MEDIA_TYPE,
        body.len()
    );
    stream.write_all((head + &body).as_bytes()).await?;
    stream.shutdown().await?;
    // Reads the rest of the request: closing with unread data could discard the response.
    let mut unread = [0; 1024];
    while stream.read(&mut unread).await? > 0 {}
    Ok(())
}
