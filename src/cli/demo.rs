//! `demo`: a made-up company that lives while it is shown.

use std::io::Write;
use std::sync::Arc;

use chrono::Utc;

use super::args::Demo;
use super::atomic_file::{AtomicFile, display_path, write_failure};
use super::failure::Failure;
use super::out::pluralize;
use super::progress::{Progress, Unit};
use super::serve::{self, StopSignals};
use super::workspace::OpenWorkspace;
use super::{Context, block_on, panes, unless_stopped};
use crate::backend::demo::{self, DemoError};
use crate::model::text::sanitize;
use crate::server::scope::Scope;
use crate::server::tokens::{NewToken, TokenFile};
use crate::server::{self, Server};
use crate::tui;

/// Makes the company, and shows it unless only a file is wanted.
pub fn run(context: &mut Context, args: Demo) -> Result<(), Failure> {
    if args.serve {
        return serve::run_multi_threaded(serve(context, args));
    }
    if !args.seed_only {
        panes::check_terminal()?;
    }
    block_on(show(context, args))
}

/// Makes the company, or finds it made; and says how many incidents were made.
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
    let mut made = 0;
    let mut told = |done, all| {
        made = done;
        progress.set_position(done, Some(all));
    };
    let opened = unless_stopped(demo::open(options, &mut told)).await?;
    drop(progress);
    Ok((opened.map_err(open_failure)?, made))
}

/// Serves the company to panes elsewhere until a signal comes.
async fn serve(context: &mut Context, args: Demo) -> Result<(), Failure> {
    let (demo, _) = open(context, &args).await?;
    let mut stop = StopSignals::listen()?;
    let store = demo.store.path();
    let tokens = TokenFile::for_store(store);
    let token_file = store.with_extension("token");
    let name = demo.me.handle.clone();
    // That of an earlier run on a store that is kept; mostly there is none.
    tokens.revoke(&name).ok();
    let new = NewToken { name, scope: Scope::Respond, person: None, expires_at: None };
    let (secret, _) = tokens.create(new)?;
    let mut file = AtomicFile::create(&token_file)?;
    writeln!(file, "{}", secret.reveal()).map_err(|error| write_failure(&token_file, &error))?;
    file.commit()?;
    let mut options = server::Options::new(args.listen, tokens.path());
    options.tokens = tokens;
    let backend = Arc::new(demo.store.clone());
    let server = Server::bind(options, backend).await.map_err(serve::bind_failure)?;
    let url = server.url();
    context.out.line(&format!("the demo is served at {url}; this opens panes on it:"))?;
    let token_file = std::path::absolute(&token_file).unwrap_or(token_file);
    let token_file = shell_quote(&display_path(&token_file));
    context.out.line(&format!("  redphone --backend {url} --token-file {token_file}"))?;
    context.out.flush()?;
    let serving = serve::serve_until_stopped(server, &mut stop);
    tokio::pin!(serving);
    let in_peace = tokio::select! {
        in_peace = &mut serving => in_peace,
        () = demo.simulate() => serving.await,
    };
    if in_peace {
        demo.store.clone().close().await;
    }
    Ok(())
}

async fn show(context: &mut Context, args: Demo) -> Result<(), Failure> {
    let (demo, made) = open(context, &args).await?;
    if args.seed_only {
        demo.store.clone().close().await;
        let place = display_path(demo.store.path());
        return context.out.line(&match made {
            0 => format!("{place} has incidents already: nothing was added"),
            made => format!("{} made in {place}", pluralize(made, "incident")),
        });
    }
    // What a profile says is said of another store.
    let mut config = context.config.clone();
    config.panes.profile = None;
    config.read_only = context.flags.read_only;
    let wall = args.wall.then(tui::wall::Settings::default);
    let desk =
        OpenWorkspace::shared(config, context.flags.clone(), demo.me.clone(), demo.store.clone());
    let shown = panes::show(desk, wall);
    tokio::pin!(shown);
    let done = tokio::select! {
        done = &mut shown => done,
        () = demo.simulate() => shown.await,
    };
    demo.store.clone().close().await;
    done.map_err(|error| panes::run_failure(&error))
}

/// As one word for a shell.
fn shell_quote(text: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '/' | '.' | '_' | '-' | '+');
    if text.chars().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', "'\\''"))
}

fn open_failure(error: DemoError) -> Failure {
    match error {
        DemoError::Open(error) => error.into(),
        DemoError::Store(error) => error.into(),
        error => Failure::failed(sanitize(&error.to_string())),
    }
}
