//! Second floor: serves any backend over HTTP.
//!
//! | part | module |
//! |---|---|
//! | start and end of the server | this one, `listener`, `accept` |
//! | who asks through a proxy | `trusted_proxies` |
//! | one connection and its time limits | `connection`, `stream`, `explained_errors` |
//! | connections without a token | `strangers` |
//! | work common to all requests | `middleware` |
//! | authentication and permissions | [`tokens`], [`scope`], `auth`, `credentials` |
//! | strict extractors for path, query and body | `extract` |
//! | handlers | `routes` |
//! | links in messages, and answers to text messages | [`answers`] |
//! | commands that share one transaction of the backend | `group_commit` |
//! | changes that are read once for all callers | `change_feed`, `single_flight` |
//! | responses and errors | `cached_json`, `error`, `public_error` |
//! | limits of sizes, times and rates | [`limits`] |
//! | observation | [`access_log`], `metrics`, `health`, `denials` |
//! | certificates | [`tls`] |
//! | description of the API | [`openapi`] |
//!
//! ```no_run
//! # async fn example(store: redphone::backend::file::FileStore) -> Result<(), Box<dyn std::error::Error>> {
//! use redphone::server::{Options, Server};
//!
//! let options = Options::new("127.0.0.1:0", "redphone.tokens.json");
//! let server = Server::bind(options, std::sync::Arc::new(store)).await?;
//! println!("listens on {}", server.addr());
//! server.run(std::future::pending()).await;
//! # Ok(())
//! # }
//! ```

pub mod access_log;
pub mod answers;
pub mod limits;
pub mod openapi;
pub mod paths;
pub mod scope;
pub mod settings;
pub mod tls;
pub mod tokens;

mod accept;
mod auth;
mod cached_json;
mod calendar_versions;
mod caller_slot;
mod change_feed;
mod connection;
mod credentials;
mod denials;
mod error;
mod explained_errors;
mod extract;
mod first_version;
mod group_commit;
mod health;
mod idempotency;
mod incident_request;
mod listener;
mod metrics;
mod metrics_router;
mod middleware;
mod public_error;
mod request_body;
mod response_headers;
mod routes;
mod sender;
mod single_flight;
mod state;
mod strangers;
mod stream;
mod strict;
mod throttle;
mod trusted_proxies;

pub use trusted_proxies::{InvalidProxy, TrustedProxy};

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, lookup_host};
use tokio::sync::{Semaphore, watch};

use self::access_log::{AccessLog, LogWriter};
use self::calendar_versions::CalendarVersions;
use self::change_feed::ChangeFeed;
use self::denials::Denials;
use self::group_commit::CommandQueue;
use self::health::Health;
use self::limits::Limits;
use self::listener::{Endpoint, Listener, SocketFile};
use self::metrics::Metrics;
use self::response_headers::MarkHeader;
use self::settings::ServerSettings;
use self::single_flight::SingleFlight;
use self::state::Shared;
use self::throttle::Throttle;
use self::tls::{Tls, TlsError, TlsFiles};
use self::tokens::{TokenError, TokenFile, TokenRegistry};
use crate::backend::Backend;
use crate::model::Rules;
use crate::model::text::SafeText;

/// How long writing the last log lines and token uses may take at the end.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(5);

/// How to start a server.
#[derive(Clone, Debug)]
pub struct Options {
    /// Host and port, such as `127.0.0.1:7373`. Port 0 selects a free one.
    pub listen: String,
    /// The file with the tokens.
    pub tokens: TokenFile,
    /// Certificate and key. Without them the server speaks plain HTTP.
    pub tls: Option<TlsFiles>,
    /// Where requests are logged.
    pub access_log: AccessLog,
    /// Whether plain HTTP may be spoken with other machines.
    pub insecure_http: bool,
    /// Whether commands are refused, whatever the scope of a token.
    pub read_only: bool,
    /// A Unix socket on which the API is served, too.
    pub socket: Option<PathBuf>,
    /// Host and port on which the metrics alone are served, to anybody.
    pub metrics_listen: Option<String>,
    /// The proxies that may name the addresses of their clients.
    pub trusted_proxies: Vec<TrustedProxy>,
    /// Limits of sizes, times and rates.
    pub limits: Limits,
    /// The rules of incident practice, by which requests are read; the backend decides by its own.
    pub rules: Rules,
    /// The parts of the settings file that may change while the server runs.
    pub settings: ServerSettings,
    /// The log of the program, whose size and losses are among the metrics.
    pub log_file: Option<PathBuf>,
    /// Returns how many lines that log has lost.
    pub lost_log_lines: fn() -> u64,
}

impl Options {
    /// Returns the defaults, for plain HTTP on this machine.
    pub fn new(listen: impl Into<String>, tokens: impl Into<PathBuf>) -> Self {
        Self {
            listen: listen.into(),
            tokens: TokenFile::new(tokens),
            tls: None,
            access_log: AccessLog::Off,
            insecure_http: false,
            read_only: false,
            socket: None,
            metrics_listen: None,
            trusted_proxies: Vec::new(),
            limits: Limits::default(),
            rules: Rules::default(),
            settings: ServerSettings::default(),
            log_file: None,
            lost_log_lines: || 0,
        }
    }
}

/// The reason why a server can't be started, as a sentence with a remedy.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// The options are not safe or make no sense.
    #[error("{0}")]
    Refused(String),
    /// The server can't listen on the address.
    #[error("{0}")]
    Listen(String),
    /// The token file can't be read.
    #[error(transparent)]
    Tokens(#[from] TokenError),
    /// Certificate and key can't be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The access log can't be written.
    #[error("{0}")]
    Log(String),
}

/// A server that listens on its address.
pub struct Server {
    addr: SocketAddr,
    metrics_addr: Option<SocketAddr>,
    endpoints: Vec<Endpoint>,
    shared: Arc<Shared>,
    stop: watch::Sender<bool>,
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server").field("addr", &self.addr).finish_non_exhaustive()
    }
}

impl Server {
    /// Starts to listen. Requests are answered only after [`Self::run`].
    ///
    /// # Errors
    /// [`BindError`]: the address, the tokens, the certificate or the access log can't be used.
    pub async fn bind(options: Options, backend: Arc<dyn Backend>) -> Result<Self, BindError> {
        let local_addr = |listener: &TcpListener, named: &str| {
            listener.local_addr().map_err(|error| listen_error(named, &error))
        };
        let listener = listen(&options).await?;
        let addr = local_addr(&listener, &options.listen)?;
        let socket = options.socket.as_deref().map(bind_socket).transpose()?;
        let metrics_listener = match &options.metrics_listen {
            Some(named) => Some((listen_for_metrics(named, options.insecure_http).await?, named)),
            None => None,
        };
        let metrics_addr = match &metrics_listener {
            Some((listener, named)) => Some(local_addr(listener, named)?),
            None => None,
        };
        let metrics_listener = metrics_listener.map(|(listener, _)| listener);
        let tls = options.tls.map(Tls::open).transpose()?.map(Arc::new);
        let metrics = Arc::new(Metrics::new());
        let log = LogWriter::open(&options.access_log, metrics.lost_lines.clone())
            .map_err(|error| log_error(&options.access_log, &error))?;
        let tokens = TokenRegistry::open(options.tokens, options.limits.requests_per_minute)?;
        let (stop, stopping) = watch::channel(false);
        let feed = ChangeFeed::new(Arc::clone(&backend), stopping.clone());
        let access_log = match options.access_log {
            AccessLog::File(path) => Some(("access_log", path)),
            AccessLog::Off | AccessLog::Stderr => None,
        };
        let log_file = options.log_file.map(|path| ("log", path));
        let files = access_log.into_iter().chain(log_file).collect();
        let min_free = options.limits.min_free_bytes;
        let health = Health::new(Arc::clone(&backend), files, min_free, stopping.clone());
        health.check_at_start();
        let shared = Arc::new(Shared {
            calendars: CalendarVersions::default(),
            commands: CommandQueue::new(
                Arc::clone(&backend),
                Arc::clone(&feed),
                Arc::clone(&metrics),
                Arc::clone(&health),
            ),
            health,
            denials: Denials::new(Arc::clone(&metrics)),
            hidden_errors: Throttle::new(),
            mark_header: MarkHeader::default(),
            trusted_proxies: options.trusted_proxies.into(),
            tls,
            lost_log_lines: options.lost_log_lines,
            oldest_unacknowledged: SingleFlight::default(),
            metrics,
            log,
            first_pages: SingleFlight::default(),
            feed,
            backend,
            tokens: Arc::new(tokens),
            body_permits: limits::body_permits(&options.limits),
            alert_permits: Semaphore::new(options.limits.max_queued_alerts),
            alert_lists: Semaphore::new(1),
            limits: options.limits,
            rules: watch::Sender::new(Arc::new(options.rules)),
            settings: watch::Sender::new(Arc::new(options.settings)),
            read_only: options.read_only,
            stopping,
        });
        let app = routes::router(&shared);
        let endpoint = |listener, app, uses_tls| Endpoint { listener, app, uses_tls };
        let mut endpoints = vec![endpoint(Listener::Tcp(listener), app.clone(), true)];
        endpoints.extend(socket.map(|socket| endpoint(Listener::Unix(socket), app, false)));
        endpoints.extend(metrics_listener.map(|listener| {
            endpoint(Listener::Tcp(listener), metrics_router::metrics_router(&shared), false)
        }));
        Ok(Self { addr, metrics_addr, endpoints, shared, stop })
    }

    /// Returns the address on which the metrics alone are served, if there is one.
    #[must_use]
    pub fn metrics_addr(&self) -> Option<SocketAddr> {
        self.metrics_addr
    }

    /// Returns a function that checks whether the backend answers. While it does not, or the check
    /// does not end, the server is useless.
    pub fn backend_check(&self) -> impl AsyncFn() -> bool + Send + 'static {
        let shared = Arc::clone(&self.shared);
        async move || shared.check_backend().await.is_ok()
    }

    /// Returns the address on which the server listens.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Returns the URL of the server, such as `http://127.0.0.1:7373`.
    #[must_use]
    pub fn url(&self) -> String {
        let scheme = if self.shared.tls.is_some() { "https" } else { "http" };
        format!("{scheme}://{}", self.addr)
    }

    /// Returns a function that opens the access log again, for use after its file was moved away.
    pub fn log_reopener(&self) -> impl Fn() + Send + 'static {
        let shared = Arc::clone(&self.shared);
        move || shared.log.reopen()
    }

    /// Returns a function for use after the rules of the backend have changed: it sets those of the
    /// server and discards the cached responses, which depend on them.
    pub fn rules_setter(&self) -> impl Fn(Rules) + Send + 'static {
        let shared = Arc::clone(&self.shared);
        move |rules| {
            shared.rules.send_replace(Arc::new(rules));
            shared.feed.record_write();
        }
    }

    /// Returns a function that replaces the settings of the server.
    pub fn settings_setter(&self) -> impl Fn(ServerSettings) + Send + 'static {
        let shared = Arc::clone(&self.shared);
        move |settings| {
            shared.settings.send_replace(Arc::new(settings));
        }
    }

    /// Serves until `shutdown` completes. Then no new connections are accepted, parked long polls
    /// are answered immediately, and running requests are completed and answered.
    pub async fn run(self, shutdown: impl Future<Output = ()>) {
        let Self { endpoints, shared, stop, .. } = self;
        let connections = accept::accept(&endpoints, &shared, shutdown).await;
        // From now on there are no connections.
        drop(endpoints);
        // Wakes the parked long polls.
        stop.send_replace(true);
        if tokio::time::timeout(shared.limits.shutdown_timeout, connections.shutdown())
            .await
            .is_err()
        {
            tracing::warn!("some connections did not end in time and were cut off");
        }
        let limit = FLUSH_TIMEOUT.min(shared.limits.shutdown_timeout);
        let flush = move || {
            if let Err(error) = shared.tokens.write_uses() {
                tracing::warn!("when tokens were used is not written down: {error}");
            }
            shared.log.close();
        };
        // Both write to files: one may be locked, or a pipe that nobody reads. A panic of this task
        // is in the log.
        let flush = tokio::task::spawn_blocking(flush);
        if tokio::time::timeout(limit, flush).await.is_err() {
            tracing::warn!("the last lines of the log or the last uses of tokens are not written");
        }
    }
}

/// Binds the address, unless it would expose tokens to other machines.
async fn listen(options: &Options) -> Result<TcpListener, BindError> {
    let named = SafeText::from(&options.listen);
    let addresses: Vec<SocketAddr> = lookup_host(&options.listen)
        .await
        .map_err(|_| {
            BindError::Refused(format!(
                "{named:?} is no address to listen on: give one as 127.0.0.1:7373 or [::1]:7373"
            ))
        })?
        .collect();
    if !options.insecure_http
        && options.tls.is_none()
        && addresses.iter().any(|addr| !addr.ip().is_loopback())
    {
        return Err(BindError::Refused(format!(
            "{named} can be reached by other machines, and tokens would travel unprotected: give \
             --tls-cert and --tls-key, or --insecure-http behind a proxy that does it"
        )));
    }
    let listener = TcpListener::bind(&addresses[..]).await;
    listener.map_err(|error| listen_error(&options.listen, &error))
}

/// Binds the address on which anybody can read the metrics.
async fn listen_for_metrics(named: &str, is_public: bool) -> Result<TcpListener, BindError> {
    let shown = SafeText::from(named);
    let addresses: Vec<SocketAddr> = lookup_host(named)
        .await
        .map_err(|_| {
            BindError::Refused(format!(
                "{shown:?} is no address to listen on: give one as 127.0.0.1:9373 or [::1]:9373"
            ))
        })?
        .collect();
    if !is_public && addresses.iter().any(|addr| !addr.ip().is_loopback()) {
        return Err(BindError::Refused(format!(
            "{shown} can be reached by other machines, and the metrics are served there to whoever \
             asks: give an address of this machine, or --insecure-http if that is meant"
        )));
    }
    let listener = TcpListener::bind(&addresses[..]).await;
    listener.map_err(|error| listen_error(named, &error))
}

/// Listens on a Unix socket.
fn bind_socket(path: &Path) -> Result<SocketFile, BindError> {
    SocketFile::bind(path).map_err(|error| {
        let file = path.display();
        BindError::Listen(match error.kind() {
            io::ErrorKind::AddrInUse => {
                format!("{file} is in use: stop the server there, or give another path")
            }
            io::ErrorKind::NotFound => format!("{file} is in no folder: make the folder first"),
            kind => format!("{file} can't be listened on ({kind}): give another path"),
        })
    })
}

fn log_error(log: &AccessLog, error: &io::Error) -> BindError {
    let name = match log {
        AccessLog::File(path) => path.display().to_string(),
        AccessLog::Off | AccessLog::Stderr => "the access log".to_owned(),
    };
    let reason = error.kind();
    BindError::Log(format!("{name} can't be written ({reason}): give another file"))
}

fn listen_error(listen: &str, error: &io::Error) -> BindError {
    BindError::Listen(match error.kind() {
        io::ErrorKind::AddrInUse => {
            format!("{listen} is in use: stop what listens there, or give another port")
        }
        io::ErrorKind::PermissionDenied => {
            format!("{listen} may not be listened on: give a port above 1023")
        }
        io::ErrorKind::AddrNotAvailable => {
            format!("{listen} is no address of this machine: give one of its own")
        }
        kind => format!("{listen} can't be listened on ({kind}): give another address"),
    })
}
