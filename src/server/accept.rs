//! Accepts connections, up to the maximum number of open ones.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};

use super::connection::Connection;
use super::state::Shared;
use super::tls::Tls;
use crate::api::{Details, ErrorCode, details};

/// The pause after the system had no resources for another connection.
const ACCEPT_RETRY_DELAY: Duration = Duration::from_millis(50);
/// The time limit of a TLS handshake.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
/// The number of excess connections that are answered at the same time, with an error which says
/// that the server is busy. Further ones are closed without a response.
const MAX_BUSY_REPLIES: usize = 64;

/// Accepts connections until `shutdown` completes and returns those that are still open.
pub(super) async fn accept(
    listener: TcpListener,
    tls: Option<Tls>,
    shared: &Arc<Shared>,
    app: &Router,
    shutdown: impl Future<Output = ()>,
) -> GracefulShutdown {
    let connections = GracefulShutdown::new();
    let slots = Arc::new(Semaphore::new(shared.limits.max_connections));
    let busy_slots = Arc::new(Semaphore::new(MAX_BUSY_REPLIES));
    let mut shutdown = std::pin::pin!(shutdown);
    loop {
        let accepted = tokio::select! {
            biased;
            () = &mut shutdown => return connections,
            accepted = listener.accept() => accepted,
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
        let Ok(slot) = Arc::clone(&slots).try_acquire_owned() else {
            if tls.is_none()
                && let Ok(slot) = Arc::clone(&busy_slots).try_acquire_owned()
            {
                tokio::spawn(async move {
                    timeout(Duration::from_secs(1), reply_busy(stream)).await.ok();
                    drop(slot);
                });
            }
            continue;
        };
        let acceptor = tls.as_ref().map(Tls::acceptor);
        let connection = Connection { peer, shared: Arc::clone(shared), app: app.clone() };
        let watcher = connections.watcher();
        tokio::spawn(async move {
            let metrics = Arc::clone(&connection.shared.metrics);
            metrics.connections.inc();
            // Responses are small and awaited: they must not be delayed.
            stream.set_nodelay(true).ok();
            match acceptor {
                None => connection.serve_http1(stream).await,
                Some(acceptor) => match timeout(HANDSHAKE_TIMEOUT, acceptor.accept(stream)).await {
                    Ok(Ok(stream)) if stream.get_ref().1.alpn_protocol() == Some(b"h2") => {
                        connection.serve_http2(stream).await;
                    }
                    Ok(Ok(stream)) => connection.serve_http1(stream).await,
                    Ok(Err(error)) => tracing::debug!("a TLS handshake failed: {error}"),
                    Err(_) => tracing::debug!("a TLS handshake took too long"),
                },
            }
            metrics.connections.dec();
            drop(slot);
            // Until the watcher is dropped, a server that stops waits for the connection.
            drop(watcher);
        });
    }
}

/// Sends an error response on a connection that exceeds the maximum.
async fn reply_busy(mut stream: TcpStream) -> std::io::Result<()> {
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
