//! One connection: spoken with until it ends, the server stops, or nothing goes on in it.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use axum::response::Response;
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulConnection;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, sleep};
use tower_service::Service;

use super::middleware::Peer;
use super::state::Shared;
use super::stream::{Metered, Traffic};

/// How often an HTTP/2 connection is asked whether it is alive, and how long it may take to say so.
const PING_INTERVAL: Duration = Duration::from_secs(20);
/// Requests at once on one HTTP/2 connection.
const MAX_STREAMS: u32 = 128;
/// Fewer bytes are no answer on its way, but only signs of life.
const MIN_PROGRESS_BYTES: u64 = 1024;
/// An answer that is taken slowly is waited for so many times as long as a connection may be idle.
const MAX_SLOW_PERIODS: u32 = 20;

/// Whom a connection is with, and what answers.
pub(super) struct Connection {
    pub peer: SocketAddr,
    pub shared: Arc<Shared>,
    pub app: Router,
}

/// Answers requests with the routes.
async fn respond(
    mut app: Router,
    peer: SocketAddr,
    traffic: Arc<Traffic>,
    mut request: Request<Incoming>,
) -> Result<Response, Infallible> {
    let _running = traffic.start_request();
    request.extensions_mut().insert(Peer(peer));
    app.call(request.map(Body::new)).await
}

impl Connection {
    /// Speaks HTTP/1.1. The time of a head ends what is idle.
    pub(super) async fn serve_http1<S>(self, stream: S)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let Self { peer, shared, app } = self;
        let limits = &shared.limits;
        let traffic = Arc::new(Traffic::default());
        let stream = TokioIo::new(Metered::new(stream, &traffic, limits.body_timeout));
        let service =
            service_fn(move |request| respond(app.clone(), peer, Arc::clone(&traffic), request));
        let mut builder = http1::Builder::new();
        builder
            .timer(TokioTimer::new())
            .header_read_timeout(limits.head_timeout)
            // The least that hyper takes.
            .max_buf_size(limits.max_head_bytes.max(8192));
        let connection = builder.serve_connection(stream, service);
        supervise(connection, &shared, None).await;
    }

    /// Speaks HTTP/2.
    pub(super) async fn serve_http2<S>(self, stream: S)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let Self { peer, shared, app } = self;
        let limits = &shared.limits;
        let traffic = Arc::new(Traffic::default());
        let stream = TokioIo::new(Metered::new(stream, &traffic, limits.body_timeout));
        let counted = Arc::clone(&traffic);
        let service =
            service_fn(move |request| respond(app.clone(), peer, Arc::clone(&counted), request));
        let mut builder = http2::Builder::new(TokioExecutor::new());
        builder
            .timer(TokioTimer::new())
            .max_concurrent_streams(MAX_STREAMS)
            .max_header_list_size(u32::try_from(limits.max_head_bytes).unwrap_or(u32::MAX))
            .keep_alive_interval(PING_INTERVAL)
            .keep_alive_timeout(PING_INTERVAL);
        let connection = builder.serve_connection(stream, service);
        supervise(connection, &shared, Some(&traffic)).await;
    }
}

/// Goes on with a connection until it ends. Once the server stops, it ends with what runs. Where its
/// traffic is looked at, it is told to end when nothing went on in it for as long as it may be idle,
/// and cut off when it has not ended after as long again.
async fn supervise<C>(connection: C, shared: &Shared, traffic: Option<&Traffic>)
where
    C: GracefulConnection<Error = hyper::Error>,
{
    let idle = shared.limits.head_timeout;
    let mut connection = pin!(connection);
    let mut stopped = pin!(shared.stopped());
    let mut look = pin!(sleep(idle));
    let mut before = traffic.map(Traffic::counts);
    let (mut stopping, mut told, mut unasked) = (false, false, 0);
    loop {
        tokio::select! {
            biased;
            // Whoever asked has gone, or did not speak HTTP.
            done = connection.as_mut() => {
                if let Err(error) = done {
                    tracing::debug!("a connection ended: {error}");
                }
                return;
            }
            () = &mut stopped, if !stopping => {
                stopping = true;
                connection.as_mut().graceful_shutdown();
            }
            () = &mut look, if traffic.is_some() => {
                let now = traffic.map(Traffic::counts);
                if let (Some(now), Some(then)) = (now, before) {
                    unasked = if now.is_idle_since(then) { unasked + 1 } else { 0 };
                    let answering = now.bytes_since(then) >= MIN_PROGRESS_BYTES && unasked < MAX_SLOW_PERIODS;
                    if unasked > 0 && !answering {
                        if told {
                            tracing::debug!("a connection in which nothing goes on is cut off");
                            return;
                        }
                        told = true;
                        connection.as_mut().graceful_shutdown();
                    }
                }
                before = now;
                look.as_mut().reset(Instant::now() + idle);
            }
        }
    }
}
