//! Connections: taken in, spoken with, and ended in peace.

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use axum::response::Response;
use hyper::body::Incoming;
use hyper::rt::{Read, Write};
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};
use tower_service::Service;

use super::around::Peer;
use super::limits::Limits;
use super::state::Shared;
use super::tls::Tls;
use crate::api::{Code, Details, details};

/// How long nothing is accepted after the system had no room for another connection.
const PAUSE: Duration = Duration::from_millis(50);
/// How long a TLS handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// How often an HTTP/2 connection is asked whether it is alive, and how long it may take to say so.
const ALIVE: Duration = Duration::from_secs(20);
/// Requests at once on one HTTP/2 connection.
const STREAMS: u32 = 128;
/// Connections beyond the most that are told so at once; more are only closed.
const TURNED_AWAY: usize = 64;

/// Takes connections in until `shutdown` is done; gives those that are still open.
pub(super) async fn accept(
    listener: TcpListener,
    tls: Option<Tls>,
    shared: &Arc<Shared>,
    app: &Router,
    shutdown: impl Future<Output = ()>,
) -> GracefulShutdown {
    let open = GracefulShutdown::new();
    let places = Arc::new(Semaphore::new(shared.limits.connections));
    let turned_away = Arc::new(Semaphore::new(TURNED_AWAY));
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
                sleep(PAUSE).await;
                continue;
            }
        };
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else {
            if tls.is_none()
                && let Ok(place) = Arc::clone(&turned_away).try_acquire_owned()
            {
                tokio::spawn(async move {
                    timeout(Duration::from_secs(1), turn_away(stream)).await.ok();
                    drop(place);
                });
            }
            continue;
        };
        let acceptor = tls.as_ref().map(Tls::acceptor);
        let (shared, app, watcher) = (Arc::clone(shared), app.clone(), open.watcher());
        tokio::spawn(async move {
            let metrics = Arc::clone(&shared.metrics);
            metrics.connections.inc();
            let limits = &shared.limits;
            // Answers are small and waited for.
            stream.set_nodelay(true).ok();
            match acceptor {
                None => speak_http1(stream, peer, limits, app, watcher).await,
                Some(acceptor) => match timeout(HANDSHAKE, acceptor.accept(stream)).await {
                    Ok(Ok(stream)) if stream.get_ref().1.alpn_protocol() == Some(b"h2") => {
                        speak_http2(stream, peer, limits, app, watcher).await;
                    }
                    Ok(Ok(stream)) => speak_http1(stream, peer, limits, app, watcher).await,
                    Ok(Err(error)) => tracing::debug!("a TLS handshake failed: {error}"),
                    Err(_) => tracing::debug!("a TLS handshake took too long"),
                },
            }
            metrics.connections.dec();
            drop(place);
        });
    }
}

/// Answers requests with the routes.
async fn answer(
    mut app: Router,
    peer: SocketAddr,
    mut request: Request<Incoming>,
) -> Result<Response, Infallible> {
    request.extensions_mut().insert(Peer(peer));
    app.call(request.map(Body::new)).await
}

async fn speak_http1<S>(stream: S, peer: SocketAddr, limits: &Limits, app: Router, watcher: Watcher)
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static,
    TokioIo<S>: Read + Write,
{
    let service = service_fn(move |request| answer(app.clone(), peer, request));
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head_time)
        // The least that hyper takes.
        .max_buf_size(limits.head_bytes.max(8192));
    let connection = builder.serve_connection(TokioIo::new(stream), service);
    ended(watcher.watch(connection).await);
}

async fn speak_http2<S>(stream: S, peer: SocketAddr, limits: &Limits, app: Router, watcher: Watcher)
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static,
{
    let service = service_fn(move |request| answer(app.clone(), peer, request));
    let mut builder = http2::Builder::new(TokioExecutor::new());
    builder
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS)
        .max_header_list_size(u32::try_from(limits.head_bytes).unwrap_or(u32::MAX))
        .keep_alive_interval(ALIVE)
        .keep_alive_timeout(ALIVE);
    let connection = builder.serve_connection(TokioIo::new(stream), service);
    ended(watcher.watch(connection).await);
}

/// Whoever asked has gone, or did not speak HTTP.
fn ended(how: Result<(), hyper::Error>) {
    if let Err(error) = how {
        tracing::debug!("a connection ended: {error}");
    }
}

/// Says that there is no room, in place of an answer.
async fn turn_away(mut stream: TcpStream) -> std::io::Result<()> {
    let what = "the server has as many connections as it may: try again in a second";
    let body = serde_json::to_string(&Details::new(Code::Unreachable, what))?;
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
