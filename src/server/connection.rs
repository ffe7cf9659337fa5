//! Serves one connection until it ends, the server stops, or it is idle for too long.

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

use super::explained_errors::ExplainedErrors;
use super::middleware::Peer;
use super::state::Shared;
use super::strangers::Admission;
use super::stream::{Metered, Traffic};

/// How often an HTTP/2 connection is pinged, and how long its answer may take.
const PING_INTERVAL: Duration = Duration::from_secs(20);
/// The maximum number of concurrent requests on one HTTP/2 connection.
const MAX_STREAMS: u32 = 128;
/// The number of bytes in a period up to which traffic counts as pings, rather than as a response
/// being received.
const MIN_PROGRESS_BYTES: u64 = 1024;
/// The maximum number of idle periods for which a response that is received slowly is waited for.
const MAX_SLOW_PERIODS: u32 = 20;

/// An accepted connection and the resources to serve it.
pub(super) struct Connection {
    /// `None` for the Unix socket.
    pub peer: Option<SocketAddr>,
    pub admission: Arc<Admission>,
    pub shared: Arc<Shared>,
    pub app: Router,
}

/// Answers a request with the routes.
async fn respond(
    mut app: Router,
    peer: Option<SocketAddr>,
    admission: Arc<Admission>,
    mut request: Request<Incoming>,
) -> Result<Response, Infallible> {
    let _running = admission.traffic.start_request();
    request.extensions_mut().insert(Peer(peer));
    request.extensions_mut().insert(admission);
    app.call(request.map(Body::new)).await
}

impl Connection {
    /// Serves HTTP/1.1. The time limit for request heads also ends idle connections.
    pub(super) async fn serve_http1<S>(self, stream: S)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let Self { peer, admission, shared, app } = self;
        let limits = &shared.limits;
        let stream = Metered::new(stream, &admission.traffic, limits.body_timeout);
        let stream = TokioIo::new(ExplainedErrors::new(stream));
        let service =
            service_fn(move |request| respond(app.clone(), peer, Arc::clone(&admission), request));
        let mut builder = http1::Builder::new();
        builder
            .timer(TokioTimer::new())
            .header_read_timeout(limits.head_timeout)
            // hyper accepts no smaller value.
            .max_buf_size(limits.max_head_bytes.max(8192));
        let connection = builder.serve_connection(stream, service);
        supervise(connection, &shared, None).await;
    }

    /// Serves HTTP/2 on the connection until it ends.
    pub(super) async fn serve_http2<S>(self, stream: S)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let Self { peer, admission, shared, app } = self;
        let limits = &shared.limits;
        let traffic = Arc::clone(&admission.traffic);
        let stream = TokioIo::new(Metered::new(stream, &traffic, limits.body_timeout));
        let service =
            service_fn(move |request| respond(app.clone(), peer, Arc::clone(&admission), request));
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

/// Drives a connection until it ends. When the server stops, running requests are completed first.
/// If `traffic` is given, a connection without requests for the idle time is closed gracefully, and
/// is cut off if it has not closed after another idle time.
async fn supervise<C>(connection: C, shared: &Shared, traffic: Option<&Traffic>)
where
    C: GracefulConnection<Error = hyper::Error>,
{
    let idle_time = shared.limits.head_timeout;
    let mut connection = pin!(connection);
    let mut stopped = pin!(shared.stopped());
    let mut idle_timer = pin!(sleep(idle_time));
    let mut previous = traffic.map(Traffic::counts);
    let (mut stopping, mut is_closing, mut idle_periods) = (false, false, 0);
    loop {
        tokio::select! {
            biased;
            // The peer has disconnected or did not speak HTTP.
            result = connection.as_mut() => {
                if let Err(error) = result {
                    tracing::debug!("a connection ended: {error}");
                }
                return;
            }
            () = &mut stopped, if !stopping => {
                stopping = true;
                connection.as_mut().graceful_shutdown();
            }
            () = &mut idle_timer, if traffic.is_some() => {
                let current = traffic.map(Traffic::counts);
                if let (Some(current), Some(previous)) = (current, previous) {
                    idle_periods = if current.is_idle_since(previous) { idle_periods + 1 } else { 0 };
                    let is_receiving = current.bytes_since(previous) >= MIN_PROGRESS_BYTES
                        && idle_periods < MAX_SLOW_PERIODS;
                    if idle_periods > 0 && !is_receiving {
                        if is_closing {
                            tracing::debug!("a connection in which nothing goes on is cut off");
                            return;
                        }
                        is_closing = true;
                        connection.as_mut().graceful_shutdown();
                    }
                }
                previous = current;
                idle_timer.as_mut().reset(Instant::now() + idle_time);
            }
        }
    }
}
