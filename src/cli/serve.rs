//! `serve`: serves the store of this machine over HTTP.

use std::convert::Infallible;
use std::future::pending;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use chrono::{TimeDelta, Utc};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::oneshot;

use super::args::serve::Serve;
use super::channels::{reach_source, sms_settings};
use super::context::Context;
use super::engine::{ReceivesAlerts, RunningEngine};
use super::failure::{Exit, Failure, io_error_text, output_failed};
use super::out;
use super::service_manager::ServiceManager;
use super::session::{IfMissing, open_store};
use crate::backend::Backend;
use crate::backend::file::ReopeningStore;
use crate::config::watch::SettingsWatcher;
use crate::config::{Config, Flags, Reload, log};
use crate::model::Rules;
use crate::model::measures::Window;
use crate::model::measures::pages::{Offsets, PagesQuery, Selection};
use crate::outbound::site::SharedSite;
use crate::server::access_log::AccessLog;
use crate::server::limits::Limits;
use crate::server::settings::ServerSettings;
use crate::server::tls::TlsFiles;
use crate::server::tokens::{TokenError, TokenFile};
use crate::server::{BindError, Options, Server, openapi};

/// How many weeks are packed in the background: those of a window of 90 days and of the one before.
const PACKED_WEEKS: i64 = 26;

/// Serves until a signal arrives, or prints the `OpenAPI` document.
pub fn run(context: &mut Context, args: Serve) -> Result<(), Failure> {
    if args.print_openapi {
        use std::io::Write;
        return writeln!(context.out.document_writer(), "{}", openapi::document_json())
            .map_err(|error| output_failed(&error));
    }
    raise_file_limit();
    run_multi_threaded(serve(context, args))
}

/// Runs asynchronous work on a multi-threaded runtime.
///
/// Unlike the panes, a server has work for more than one thread.
pub fn run_multi_threaded<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| {
        let reason = io_error_text(&error);
        Failure::new(Exit::Failed, format!("can't start: {reason}: free some memory or files"))
    })?;
    let result = runtime.block_on(work);
    runtime.shutdown_background();
    result
}

/// Raises the soft limit of open files: each connection needs one, and the default is low.
fn raise_file_limit() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    // If the limit can't be raised, the server runs with the present one.
    setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit }).ok();
}

async fn serve(context: &mut Context, args: Serve) -> Result<(), Failure> {
    let config = &context.config;
    config.store_file("serve")?;
    let mut stop = StopSignals::listen()?;
    // Registered before the store is opened, which may be slow: without a handler, SIGHUP ends the
    // process.
    let hang_up = listen(SignalKind::hangup())?;
    let limits = Limits {
        max_body_bytes: usize::try_from(args.max_body).unwrap_or(usize::MAX),
        max_connections: usize::try_from(args.max_connections).unwrap_or(usize::MAX),
        max_connections_per_address: args
            .max_per_address
            .map(|most| usize::try_from(most).unwrap_or(usize::MAX)),
        min_free_bytes: u64::from(args.min_free) * 1024 * 1024,
        requests_per_minute: args.requests_a_minute,
        max_long_poll: args.hold,
        ..Limits::default()
    };
    let status_page = SharedSite::default();
    let options = Options {
        listen: args.listen,
        tokens: token_file(args.tokens, config)?,
        // The command line accepts both or neither.
        tls: args.tls_cert.zip(args.tls_key).map(|(cert, key)| TlsFiles { cert, key }),
        access_log: args.access_log.map_or(AccessLog::Stderr, AccessLog::File),
        insecure_http: args.insecure_http,
        read_only: config.read_only,
        socket: args.socket,
        metrics_listen: args.metrics_listen,
        trusted_proxies: args.trusted_proxies,
        limits,
        rules: config.rules.clone(),
        settings: server_settings(config, &status_page),
        log_file: config.log_file.clone(),
        lost_log_lines: log::lost_lines,
    };
    let missing = if config.read_only { IfMissing::Refuse } else { IfMissing::Create };
    let store = Arc::new(ReopeningStore::new(open_store(config, missing, "serve").await?));
    let tokens = options.tokens.clone();
    let server = Server::bind(options, Arc::clone(&store) as _).await.map_err(bind_failure)?;
    if tokens.list().is_ok_and(|tokens| tokens.is_empty()) {
        out::print_hint("there is no token yet: make one with `redphone token create`");
    }
    let serving = format!("serving {} at {}", config.location.display_name(), server.url());
    context.out.line(&serving)?;
    if let Some(metrics) = server.metrics_addr() {
        context.out.line(format!("serving the metrics at http://{metrics}/v1/metrics"))?;
    }
    context.out.flush()?;
    let manager = Rc::new(ServiceManager::from_process());
    manager.ready(&serving);
    let engine = RunningEngine::start(
        &store,
        config,
        Duration::ZERO,
        &ReceivesAlerts::Yes { status_page: status_page.clone() },
    );
    let follower = SettingsFollower {
        config: config.clone(),
        flags: context.flags.clone(),
        store: Arc::clone(&store),
        engine: engine.as_ref(),
        reopen_log: Box::new(server.log_reopener()),
        set_rules: Box::new(server.rules_setter()),
        set_settings: Box::new(server.settings_setter()),
        manager: Rc::clone(&manager),
        status_page,
        serving,
    };
    let watchdog = feed_watchdog(&manager, server.backend_check());
    let is_stopping = Arc::new(AtomicBool::new(false));
    let packing = tokio::spawn(pack_past_days(
        Arc::clone(&store),
        config.read_only,
        Arc::clone(&is_stopping),
    ));
    let has_finished = tokio::select! {
        has_finished = serve_until_stopped(server, &mut stop, || manager.stopping()) => has_finished,
        never = follower.run(hang_up) => match never {},
        never = watchdog => match never {},
    };
    is_stopping.store(true, Ordering::Relaxed);
    if has_finished {
        // The store can only be closed once nothing reads it.
        packing.await.ok();
        if let Some(engine) = engine {
            engine.stop().await;
        }
        store.close().await;
    }
    Ok(())
}

/// Reads the pages of the measures of the past [`PACKED_WEEKS`], so that a store packs and caches what it
/// needs for them. In a large store that was just upgraded this takes longer than a person wants to wait.
/// Each step is short and is stored by itself; none begins once the server is stopping.
async fn pack_past_days(
    store: Arc<ReopeningStore>,
    is_read_only: bool,
    is_stopping: Arc<AtomicBool>,
) {
    if is_read_only {
        // Nothing could be cached.
        return;
    }
    let now = Utc::now();
    // Pages compare a window with the one before.
    for weeks in (0..PACKED_WEEKS).step_by(2) {
        if is_stopping.load(Ordering::Relaxed) {
            return;
        }
        let query = PagesQuery {
            window: Window::last_days(7, now - TimeDelta::weeks(weeks), &Utc),
            selection: Selection::default(),
            by: Vec::new(),
            offsets: Offsets::default(),
        };
        if let Err(error) = store.pages(&query, now).await {
            tracing::debug!(%error, "past days are packed when they are needed");
            return;
        }
    }
}

/// Reports to the service manager that the server is alive, as long as its backend answers.
async fn feed_watchdog(manager: &ServiceManager, answers: impl AsyncFn() -> bool) -> Infallible {
    let Some(interval) = manager.watchdog_interval() else { return pending().await };
    loop {
        if answers().await {
            manager.alive();
        }
        tokio::time::sleep(interval).await;
    }
}

/// Serves until a signal arrives, then calls `on_stop` and finishes running requests.
///
/// Returns whether they have finished: a second signal ends the server immediately.
pub async fn serve_until_stopped(
    server: Server,
    stop: &mut StopSignals,
    on_stop: impl FnOnce(),
) -> bool {
    let (stop_sender, stop_receiver) = oneshot::channel();
    let running = server.run(async {
        // An error means that the sender is dropped, which ends the server too.
        stop_receiver.await.ok();
    });
    let twice = async {
        stop.wait().await;
        on_stop();
        stop_sender.send(()).ok();
        stop.wait().await;
    };
    tokio::select! {
        () = running => true,
        () = twice => {
            out::print_hint("ended at once: requests that ran were not answered, send those again");
            false
        }
    }
}

/// Reloads the settings of a running server when their file changes, and on SIGHUP.
///
/// SIGHUP reopens the access log as well.
struct SettingsFollower<'a> {
    config: Config,
    flags: Flags,
    store: Arc<ReopeningStore>,
    engine: Option<&'a RunningEngine>,
    reopen_log: Box<dyn Fn() + Send>,
    set_rules: Box<dyn Fn(Rules) + Send>,
    set_settings: Box<dyn Fn(ServerSettings) + Send>,
    manager: Rc<ServiceManager>,
    /// The status page, from where the engine puts it.
    status_page: SharedSite,
    /// The status in the service manager while the server answers.
    serving: String,
}

impl SettingsFollower<'_> {
    async fn run(mut self, mut hang_up: Signal) -> Infallible {
        let mut watcher = self.config.file.as_deref().and_then(SettingsWatcher::start);
        loop {
            let changed = async {
                match &mut watcher {
                    Some(watcher) => watcher.changed().await,
                    None => pending().await,
                }
            };
            let exists = tokio::select! {
                exists = changed => exists,
                _ = hang_up.recv() => {
                    (self.reopen_log)();
                    true
                }
            };
            if exists {
                self.manager.reloading();
                self.reload().await;
                self.manager.ready(&self.serving);
            } else {
                tracing::warn!("the settings file is gone: what it said still holds");
            }
        }
    }

    async fn reload(&mut self) {
        let loaded = Config::from_process(self.flags.clone());
        match Reload::compare(&self.config, loaded) {
            (Reload::Changed(changed), Some(applied)) => {
                self.store.set_rules(applied.rules.clone()).await;
                self.store.set_reach(reach_source(&applied)).await;
                (self.set_rules)(applied.rules.clone());
                (self.set_settings)(server_settings(&applied, &self.status_page));
                if let Some(engine) = self.engine {
                    engine.apply(&applied);
                }
                self.config = applied;
                for warning in changed.warnings {
                    tracing::warn!("{warning}");
                }
                if !changed.needs_restart.is_empty() {
                    let later = changed.needs_restart.join(", ");
                    tracing::warn!("{later}: changed settings that count from the next start on");
                }
            }
            (Reload::Failed(why), _) => {
                tracing::warn!("the settings are as before: {why}");
            }
            (Reload::Changed(_), None) => {}
        }
    }
}

/// Returns the settings that a server follows.
fn server_settings(config: &Config, status_page: &SharedSite) -> ServerSettings {
    let is_served = config.publishing.status_page.as_ref().is_some_and(|page| page.served);
    ServerSettings {
        ingest: config.ingest.clone(),
        answers: config.answers.clone(),
        sms: sms_settings(&config.outbound),
        signals: config.signals.clone(),
        status_page: is_served.then(|| status_page.clone()),
        trackers: Some(config.outbound.tracker_names()),
    }
}

/// Returns the file of tokens: the one given, or the one next to the configuration's store.
pub fn token_file(path: Option<std::path::PathBuf>, config: &Config) -> Result<TokenFile, Failure> {
    match path {
        Some(file) => Ok(TokenFile::new(file)),
        None => Ok(TokenFile::for_store(config.store_file("token")?)),
    }
}

/// Converts the error of a server that can't listen to a failure.
pub fn bind_failure(error: BindError) -> Failure {
    match error {
        BindError::Refused(message) => Failure::usage(message),
        BindError::Listen(message) | BindError::Log(message) => {
            Failure::new(Exit::Unreachable, message)
        }
        BindError::Tls(error) => Failure::new(Exit::Unreachable, error.to_string()),
        BindError::Tokens(error) => error.into(),
    }
}

impl From<TokenError> for Failure {
    fn from(error: TokenError) -> Self {
        let exit = match &error {
            TokenError::Refused(_) => Exit::Failed,
            TokenError::NotFound(_) => Exit::NotFound,
            TokenError::File(_) => Exit::Unreachable,
        };
        Self::new(exit, error.to_string())
    }
}

fn listen(kind: SignalKind) -> Result<Signal, Failure> {
    signal(kind).map_err(|error| {
        let reason = io_error_text(&error);
        Failure::failed(format!("can't listen for signals: {reason}: try again"))
    })
}

/// The signals that stop a server: SIGINT and SIGTERM.
pub struct StopSignals {
    interrupt: Signal,
    terminate: Signal,
}

impl StopSignals {
    /// Registers the handlers, so that no signal is missed from this call on.
    pub fn listen() -> Result<Self, Failure> {
        Ok(Self {
            interrupt: listen(SignalKind::interrupt())?,
            terminate: listen(SignalKind::terminate())?,
        })
    }

    /// Waits for the next of the signals.
    pub async fn wait(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}
