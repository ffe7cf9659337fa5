//! `serve`: the store of this machine for others.

use std::convert::Infallible;
use std::future::pending;
use std::sync::Arc;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::oneshot;

use super::args::serve::Serve;
use super::failure::{Exit, Failure, io_error_text, output_failed};
use super::session::{IfMissing, open_store};
use super::{Context, out};
use crate::backend::file::ReopeningStore;
use crate::config::watch::SettingsWatcher;
use crate::config::{Config, Flags, Reload};
use crate::server::access_log::AccessLog;
use crate::server::limits::Limits;
use crate::server::tls::TlsFiles;
use crate::server::tokens::{TokenError, TokenFile};
use crate::server::{BindError, Options, Server, openapi};

/// Serves until it is told to stop, or prints what is served.
pub fn run(context: &mut Context, args: Serve) -> Result<(), Failure> {
    if args.print_openapi {
        use std::io::Write;
        return writeln!(context.out.writer(), "{}", openapi::document_json())
            .map_err(|error| output_failed(&error));
    }
    raise_file_limit();
    run_multi_threaded(serve(context, args))
}

/// Runs a server: unlike the panes, it has work for more than one thread.
pub fn run_multi_threaded<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| {
        let reason = io_error_text(&error);
        Failure::new(Exit::Failed, format!("can't start: {reason}: free some memory or files"))
    })?;
    let done = runtime.block_on(work);
    runtime.shutdown_background();
    done
}

/// Each connection needs a file; systems allow few unless they are asked.
fn raise_file_limit() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    // Where more is not allowed, it goes with what there is.
    setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit }).ok();
}

async fn serve(context: &mut Context, args: Serve) -> Result<(), Failure> {
    let config = &context.config;
    config.store_file("serve")?;
    let mut stop = StopSignals::listen()?;
    // Before the store is opened, which may take a while: until then this signal ends a program.
    let hang_up = listen(SignalKind::hangup())?;
    let limits = Limits {
        max_body_bytes: usize::try_from(args.max_body).unwrap_or(usize::MAX),
        max_connections: usize::try_from(args.max_connections).unwrap_or(usize::MAX),
        requests_per_minute: args.requests_a_minute,
        max_long_poll: args.hold,
        ..Limits::default()
    };
    let options = Options {
        listen: args.listen,
        tokens: token_file(args.tokens, config)?,
        // The command line takes both or none.
        tls: args.tls_cert.zip(args.tls_key).map(|(cert, key)| TlsFiles { cert, key }),
        access_log: args.access_log.map_or(AccessLog::Stderr, AccessLog::File),
        insecure_http: args.insecure_http,
        read_only: config.read_only,
        limits,
    };
    let missing = if config.read_only { IfMissing::Refuse } else { IfMissing::Create };
    let store = Arc::new(ReopeningStore::new(open_store(config, missing, "serve").await?));
    let tokens = options.tokens.clone();
    let server = Server::bind(options, Arc::clone(&store) as _).await.map_err(bind_failure)?;
    if tokens.list().is_ok_and(|tokens| tokens.is_empty()) {
        out::print_hint("there is no token yet: make one with `redphone token create`");
    }
    context.out.line(&format!("serving {} at {}", config.location.display_name(), server.url()))?;
    context.out.flush()?;
    let follow = SettingsFollower {
        config: config.clone(),
        flags: context.flags.clone(),
        store: Arc::clone(&store),
        reopen_log: Box::new(server.log_reopener()),
        forget_answers: Box::new(server.cache_invalidator()),
    };
    tokio::select! {
        in_peace = serve_until_stopped(server, &mut stop) => {
            if in_peace {
                store.close().await;
            }
        }
        never = follow.run(hang_up) => match never {},
    }
    Ok(())
}

/// Serves until a signal comes and what runs has ended; whether it has. A second signal does not
/// wait for that.
pub async fn serve_until_stopped(server: Server, stop: &mut StopSignals) -> bool {
    let (tell, told) = oneshot::channel();
    let running = server.run(async {
        // It is told, or not waited for.
        told.await.ok();
    });
    let twice = async {
        stop.wait().await;
        tell.send(()).ok();
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

/// What a running server takes in: its settings whenever their file changes and on SIGHUP, which
/// opens the access log anew as well.
struct SettingsFollower {
    config: Config,
    flags: Flags,
    store: Arc<ReopeningStore>,
    reopen_log: Box<dyn Fn() + Send>,
    forget_answers: Box<dyn Fn() + Send>,
}

impl SettingsFollower {
    async fn run(mut self, mut hang_up: Signal) -> Infallible {
        let mut watched = self.config.file.as_deref().and_then(SettingsWatcher::start);
        loop {
            let changed = async {
                match &mut watched {
                    Some(watched) => watched.changed().await,
                    None => pending().await,
                }
            };
            let is_there = tokio::select! {
                is_there = changed => is_there,
                _ = hang_up.recv() => {
                    (self.reopen_log)();
                    true
                }
            };
            if is_there {
                self.reload().await;
            } else {
                tracing::warn!("the settings file is gone: what it said still holds");
            }
        }
    }

    async fn reload(&mut self) {
        let read = Config::from_process(self.flags.clone());
        match Reload::compare(&self.config, read) {
            (Reload::Changed(changed), Some(holds)) => {
                self.store.set_rules(holds.rules.clone()).await;
                (self.forget_answers)();
                self.config = holds;
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

/// Where the tokens of a configuration's store are kept.
pub fn token_file(
    given: Option<std::path::PathBuf>,
    config: &Config,
) -> Result<TokenFile, Failure> {
    match given {
        Some(file) => Ok(TokenFile::new(file)),
        None => Ok(TokenFile::for_store(config.store_file("token")?)),
    }
}

/// What does not listen.
pub fn bind_failure(error: BindError) -> Failure {
    match error {
        BindError::Refused(told) => Failure::usage(told),
        BindError::Listen(told) | BindError::Log(told) => Failure::new(Exit::Unreachable, told),
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

/// Signals by which a server is told to stop.
pub struct StopSignals {
    interrupt: Signal,
    terminate: Signal,
}

impl StopSignals {
    /// Begins to listen, so that none is missed from here on.
    pub fn listen() -> Result<Self, Failure> {
        Ok(Self {
            interrupt: listen(SignalKind::interrupt())?,
            terminate: listen(SignalKind::terminate())?,
        })
    }

    /// Waits for the first.
    pub async fn wait(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}
