//! `demo`: shows or serves a fictional company, whose incidents continue while it runs.

use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use chrono::Utc;

use super::args::Demo;
use super::atomic_file::{AtomicFile, write_failure};
use super::context::Context;
use super::failure::Failure;
use super::out::pluralize;
use super::panes;
use super::progress::{Progress, Unit};
use super::runtime::{block_on, unless_stopped};
use super::serve::{self, StopSignals};
use super::workspace::OpenWorkspace;
use crate::backend::demo::{self, DemoError};
use crate::engine::{
    Engine, EngineOptions, EngineSettings, PublishSettings, StandIns, SystemClock,
};
use crate::model::notification::AnswerSettings;
use crate::model::text::SafeText;
use crate::server::scope::Scope;
use crate::server::tokens::{NewToken, TokenFile};
use crate::server::{self, Server};
use crate::tui;

/// How long after the start levels are called and people notified.
const ENGINE_DELAY: Duration = Duration::from_secs(1);

/// Creates the company, and shows or serves it unless only its store is wanted.
pub fn run(context: &mut Context, args: Demo) -> Result<(), Failure> {
    if args.serve {
        return serve::run_multi_threaded(serve(context, args));
    }
    if !args.seed_only {
        panes::check_terminal()?;
    }
    block_on(show(context, args))
}

/// Opens the store of the company, filling it if it is empty.
///
/// Returns the demo and the number of incidents that were created.
async fn open(context: &Context, args: &Demo) -> Result<(demo::Demo, u64), Failure> {
    let options = demo::Options {
        seed: args.seed,
        speed: args.speed,
        incidents: args.incidents,
        open: None,
        now: Utc::now(),
        path: args.store_file.clone(),
        rules: context.config.rules.clone(),
    };
    let mut progress = Progress::new(Unit::Items("incidents made"));
    let mut created = 0;
    let mut on_progress = |done, total| {
        created = done;
        progress.set_position(done, Some(total));
    };
    let opened = Box::pin(unless_stopped(demo::open(options, &mut on_progress))).await?;
    drop(progress);
    Ok((opened.map_err(open_failure)?, created))
}

/// Runs the company until the future is dropped: incidents continue, levels of escalation policies
/// are called, and people are notified, over channels that never leave the process.
async fn live(demo: &demo::Demo) {
    if !demo.goes_on() {
        return std::future::pending().await;
    }
    let clock = Arc::new(SystemClock);
    let store = Arc::new(demo.store.clone());
    let engine = Engine::new(EngineOptions {
        backend: Arc::clone(&store) as _,
        ledger: store,
        settings: EngineSettings {
            sender: Arc::new(StandIns::new(demo.seed(), Arc::clone(&clock) as _)),
            contacts: Arc::new(demo.contacts()),
            signals: Arc::default(),
            levels: demo.rules().levels,
            calendars: Arc::default(),
            calendar_reader: None,
            answers: AnswerSettings::default(),
            publish: PublishSettings::default(),
            trackers: Arc::default(),
        },
        clock,
        receives_alerts: false,
    });
    let engine = async {
        // The first picture has not to wait for it.
        tokio::time::sleep(ENGINE_DELAY).await;
        Box::pin(engine.run(std::future::pending())).await;
    };
    tokio::join!(demo.simulate(), engine);
}

/// Serves the company over HTTP until a signal arrives.
async fn serve(context: &mut Context, args: Demo) -> Result<(), Failure> {
    let (demo, _) = open(context, &args).await?;
    let mut stop = StopSignals::listen()?;
    let store = demo.store.path();
    let tokens = TokenFile::for_store(store);
    let token_file = store.with_extension("token");
    let name = demo.me.handle.clone();
    // Revokes the token of an earlier run on the same store; usually there is none.
    tokens.revoke(&name).ok();
    let new_token = NewToken { name, scope: Scope::Respond, person: None, expires_at: None };
    let (secret, _) = tokens.create(new_token)?;
    let mut file = AtomicFile::create_private(&token_file)?;
    writeln!(file, "{}", secret.reveal()).map_err(|error| write_failure(&token_file, &error))?;
    file.commit()?;
    let mut options = server::Options::new(args.listen, tokens.path());
    options.tokens = tokens;
    let backend = Arc::new(demo.store.clone());
    let server = Server::bind(options, backend).await.map_err(serve::bind_failure)?;
    let url = server.url();
    context.out.line(format!("the demo is served at {url}; this opens panes on it:"))?;
    let token_file = std::path::absolute(&token_file).unwrap_or(token_file);
    let token_file = shell_quote(&SafeText::from(token_file.to_string_lossy()));
    context.out.line(format!("  redphone --backend {url} --token-file {token_file}"))?;
    context.out.flush()?;
    let serving = serve::serve_until_stopped(server, &mut stop, || ());
    tokio::pin!(serving);
    let has_finished = tokio::select! {
        has_finished = &mut serving => has_finished,
        () = live(&demo) => serving.await,
    };
    if has_finished {
        demo.store.clone().close().await;
    }
    Ok(())
}

async fn show(context: &mut Context, args: Demo) -> Result<(), Failure> {
    let (demo, created) = open(context, &args).await?;
    if args.seed_only {
        demo.store.clone().close().await;
        let path = demo.store.path().display();
        return match created {
            0 => context.out.line(format!("{path} has incidents already: nothing was added")),
            created => {
                let made = format!("{} made in {path}", pluralize(created, "incident"));
                context.out.done_line(made)
            }
        };
    }
    // The settings of a profile are meant for another store.
    let mut config = context.config.clone();
    config.panes.profile = None;
    config.read_only = context.flags.read_only;
    let wall = args.wall.then(tui::wall::Settings::default);
    let workspace =
        OpenWorkspace::shared(config, context.flags.clone(), demo.me.clone(), demo.store.clone());
    let panes = panes::show(workspace, wall, panes::HasErrands::No);
    tokio::pin!(panes);
    let result = tokio::select! {
        result = &mut panes => result,
        () = live(&demo) => panes.await,
    };
    demo.store.clone().close().await;
    result.map(drop).map_err(|error| panes::run_failure(&error))
}

/// Quotes a text as one word for a shell.
fn shell_quote(text: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || matches!(c, '/' | '.' | '_' | '-' | '+');
    if text.chars().all(is_plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', "'\\''"))
}

fn open_failure(error: DemoError) -> Failure {
    match error {
        DemoError::Open(error) => error.into(),
        DemoError::Store(error) => error.into(),
        error => Failure::failed(error.to_string()),
    }
}
