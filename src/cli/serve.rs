//! `serve`: the store of this machine for others.

use std::sync::Arc;

use tokio::signal::unix::{Signal, SignalKind, signal};

use super::args::serve::Serve;
use super::failure::{Exit, Failure, output_failed, reason};
use super::session::{Missing, open_store};
use super::{Context, out};
use crate::backend::file::Lasting;
use crate::server::access_log::AccessLog;
use crate::server::limits::Limits;
use crate::server::tls::TlsFiles;
use crate::server::tokens::{TokenError, TokenFile};
use crate::server::{BindError, Options, Server, openapi};

/// Serves until it is told to stop, or prints what is served.
pub fn run(context: &mut Context, args: Serve) -> Result<(), Failure> {
    if args.print_openapi {
        use std::io::Write;
        return writeln!(context.out.writer(), "{}", openapi::text())
            .map_err(|error| output_failed(&error));
    }
    allow_files();
    on_all_cores(serve(context, args))
}

/// Runs a server: unlike the panes, it has work for more than one thread.
pub fn on_all_cores<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| {
        let reason = reason(&error);
        Failure::new(Exit::Failed, format!("can't start: {reason}: free some memory or files"))
    })?;
    let done = runtime.block_on(work);
    runtime.shutdown_background();
    done
}

/// Each connection needs a file; systems allow few unless they are asked.
fn allow_files() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    // Where more is not allowed, it goes with what there is.
    setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit }).ok();
}

async fn serve(context: &mut Context, args: Serve) -> Result<(), Failure> {
    let config = &context.config;
    config.store_file("serve")?;
    let mut stop = Stop::listen()?;
    let limits = Limits {
        body_bytes: usize::try_from(args.max_body).unwrap_or(usize::MAX),
        connections: usize::try_from(args.max_connections).unwrap_or(usize::MAX),
        requests_a_minute: args.requests_a_minute,
        hold: args.hold,
        ..Limits::default()
    };
    let options = Options {
        listen: args.listen,
        tokens: tokens(args.tokens, config)?,
        // The command line takes both or none.
        tls: args.tls_cert.zip(args.tls_key).map(|(cert, key)| TlsFiles { cert, key }),
        access_log: args.access_log.map_or(AccessLog::Stderr, AccessLog::File),
        insecure_http: args.insecure_http,
        read_only: config.read_only,
        limits,
    };
    let missing = if config.read_only { Missing::Refuse } else { Missing::Make };
    let store = Arc::new(Lasting::new(open_store(config, missing, "serve").await?));
    let tokens = options.tokens.clone();
    let server = Server::bind(options, Arc::clone(&store) as _).await.map_err(not_bound)?;
    if tokens.list().is_ok_and(|tokens| tokens.is_empty()) {
        out::hint("there is no token yet: make one with `redphone token create`");
    }
    context.out.line(&format!("serving {} at {}", config.location.told(), server.url()))?;
    context.out.flush()?;
    let reopen_log = server.reopen_log();
    let mut hang_up = listen(SignalKind::hangup())?;
    let reopening = tokio::spawn(async move {
        while hang_up.recv().await.is_some() {
            reopen_log();
        }
    });
    server.run(stop.told()).await;
    reopening.abort();
    store.close().await;
    Ok(())
}

/// Where the tokens of a configuration's store are kept.
pub fn tokens(
    given: Option<std::path::PathBuf>,
    config: &crate::config::Config,
) -> Result<TokenFile, Failure> {
    match given {
        Some(file) => Ok(TokenFile::open(file)),
        None => Ok(TokenFile::beside(config.store_file("token")?)),
    }
}

/// What does not listen.
pub fn not_bound(error: BindError) -> Failure {
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
        let reason = reason(&error);
        Failure::failed(format!("can't listen for signals: {reason}: try again"))
    })
}

/// Signals by which a server is told to stop.
pub struct Stop {
    interrupt: Signal,
    terminate: Signal,
}

impl Stop {
    /// Begins to listen, so that none is missed from here on.
    pub fn listen() -> Result<Self, Failure> {
        Ok(Self {
            interrupt: listen(SignalKind::interrupt())?,
            terminate: listen(SignalKind::terminate())?,
        })
    }

    /// Waits for the first.
    pub async fn told(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}
