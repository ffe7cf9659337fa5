//! Connections are taken in, as many as may be open at once.

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

/// How long nothing is accepted after the system had no room for another connection.
const ACCEPT_RETRY_DELAY: Duration = Duration::from_millis(50);
/// How long a TLS handshake may take.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
/// Connections beyond the most that are told so at once; more are only closed.
const MAX_BUSY_REPLIES: usize = 64;

/// Takes connections in until `shutdown` is done; gives those that are still open.
pub(super) async fn accept(
    listener: TcpListener,
    tls: Option<Tls>,
    shared: &Arc<Shared>,
    app: &Router,
    shutdown: impl Future<Output = ()>,
) -> GracefulShutdown {
    let open = GracefulShutdown::new();
    let places = Arc::new(Semaphore::new(shared.limits.max_connections));
    let turned_away = Arc::new(Semaphore::new(MAX_BUSY_REPLIES));
    let mut shutdown = std::pin::pin!(shutdown);
    loop {
        let accepted = tokio::select! {
            biased;
            () = &mut shutdown => return open,
            accepted = listener.accept() => accepted,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                // Whoever connects may have gone again; else there is no room for another.
                tracing::warn!("a connection could not be taken in: {error}");
                sleep(ACCEPT_RETRY_DELAY).await;
                continue;
            }
        };
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else {
            if tls.is_none()
                && let Ok(place) = Arc::clone(&turned_away).try_acquire_owned()
            {
                tokio::spawn(async move {
                    timeout(Duration::from_secs(1), reply_busy(stream)).await.ok();
                    drop(place);
                });
            }
            continue;
        };
        let acceptor = tls.as_ref().map(Tls::acceptor);
        let talk = Connection { peer, shared: Arc::clone(shared), app: app.clone() };
        let watcher = open.watcher();
        tokio::spawn(async move {
            let metrics = Arc::clone(&talk.shared.metrics);
            metrics.connections.inc();
            // Answers are small and waited for.
            stream.set_nodelay(true).ok();
            match acceptor {
                None => talk.serve_http1(stream).await,
                Some(acceptor) => match timeout(HANDSHAKE_TIMEOUT, acceptor.accept(stream)).await {
                    Ok(Ok(stream)) if stream.get_ref().1.alpn_protocol() == Some(b"h2") => {
                        talk.serve_http2(stream).await;
                    }
                    Ok(Ok(stream)) => talk.serve_http1(stream).await,
                    Ok(Err(error)) => tracing::debug!("a TLS handshake failed: {error}"),
                    Err(_) => tracing::debug!("a TLS handshake took too long"),
                },
            }
            metrics.connections.dec();
            drop(place);
            // Until here the server waits for it when it stops.
            drop(watcher);
        });
    }
}

/// Says that there is no room, in place of an answer.
async fn reply_busy(mut stream: TcpStream) -> std::io::Result<()> {
    let what = "the server has as many connections as it may: try again in a second";
    let body = serde_json::to_string(&Details::new(ErrorCode::Unreachable, what))?;
    let head = format!(
        "HTTP/1.1 503 Service Unavailable\r\ncontent-type: {}\r\ncontent-length: {}\r\n\
         retry-after: 1\r\nconnection: close\r\n\r\n",
        details::MEDIA_TYPE,
        body.len()
    );
    stream.write_all((head + &body).as_bytes()).await?;
    stream.shutdown().await?;
    // What was asked is read away, or the answer might not arrive.
    let mut rest = [0; 1024];
    while stream.read(&mut rest).await? > 0 {}
    Ok(())
}
