//! `demo`: a made-up company that lives while it is shown.

use std::io::Write;
use std::sync::Arc;

use chrono::Utc;

use super::args::Demo;
use super::atomic_file::{WholeFile, named, told};
use super::failure::Failure;
use super::out::counted;
use super::progress::{Count, Progress};
use super::serve::{self, Stop};
use super::workspace::Desk;
use super::{Context, panes, unless_stopped, wait};
use crate::backend::demo::{self, DemoError};
use crate::model::text::shown;
use crate::server::scope::Scope;
use crate::server::tokens::{New, TokenFile};
use crate::server::{self, Server};
use crate::tui;

/// Makes the company, and shows it unless only a file is wanted.
pub fn run(context: &mut Context, args: Demo) -> Result<(), Failure> {
    if args.serve {
        return serve::on_all_cores(serve(context, args));
    }
    if !args.seed_only {
        panes::check_terminal()?;
    }
    wait(show(context, args))
}

/// Makes the company, or finds it made; and says how many incidents were made.
async fn open(context: &Context, args: &Demo) -> Result<(demo::Demo, u64), Failure> {
    let options = demo::Options {
        seed: args.seed,
        speed: args.speed,
        incidents: args.incidents,
        open: None,
        now: Utc::now(),
        keep: args.keep.clone(),
        rules: context.config.rules.clone(),
    };
    let mut progress = Progress::new(Count::Of("incidents made"));
    let mut made = 0;
    let mut told = |done, all| {
        made = done;
        progress.move_to(done, Some(all));
    };
    let opened = unless_stopped(demo::open(options, &mut told)).await?;
    drop(progress);
    Ok((opened.map_err(not_opened)?, made))
}

/// Serves the company to panes elsewhere until a signal comes.
async fn serve(context: &mut Context, args: Demo) -> Result<(), Failure> {
    let (demo, _) = open(context, &args).await?;
    let mut stop = Stop::listen()?;
    let store = demo.store.path();
    let tokens = TokenFile::beside(store);
    let token_file = store.with_extension("token");
    let name = demo.me.handle.clone();
    // That of an earlier run on a store that is kept; mostly there is none.
    tokens.revoke(&name).ok();
    let new = New { name, scope: Scope::Respond, person: None, expires_at: None };
    let (secret, _) = tokens.create(new)?;
    let mut file = WholeFile::begin(&token_file)?;
    writeln!(file, "{}", secret.reveal()).map_err(|error| told(&token_file, &error))?;
    file.done()?;
    let mut options = server::Options::new(args.listen, tokens.path());
    options.tokens = tokens;
    let backend = Arc::new(demo.store.clone());
    let server = Server::bind(options, backend).await.map_err(serve::not_bound)?;
    let url = server.url();
    context.out.line(&format!("the demo is served at {url}; this opens panes on it:"))?;
    let token_file = std::path::absolute(&token_file).unwrap_or(token_file);
    let token_file = quoted(&named(&token_file));
    context.out.line(&format!("  redphone --backend {url} --token-file {token_file}"))?;
    context.out.flush()?;
    let serving = serve::until_stopped(server, &mut stop);
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
        let place = named(demo.store.path());
        return context.out.line(&match made {
            0 => format!("{place} has incidents already: nothing was added"),
            made => format!("{} made in {place}", counted(made, "incident")),
        });
    }
    // What a profile says is said of another store.
    let mut config = context.config.clone();
    config.panes.profile = None;
    config.read_only = context.flags.read_only;
    let wall = args.wall.then(tui::wall::Settings::default);
    let desk = Desk::shared(config, context.flags.clone(), demo.me.clone(), demo.store.clone());
    let shown = panes::show(desk, wall);
    tokio::pin!(shown);
    let done = tokio::select! {
        done = &mut shown => done,
        () = demo.simulate() => shown.await,
    };
    demo.store.clone().close().await;
    done.map_err(|error| panes::ended(&error))
}

/// As one word for a shell.
fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '/' | '.' | '_' | '-' | '+');
    if text.chars().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', "'\\''"))
}

fn not_opened(error: DemoError) -> Failure {
    match error {
        DemoError::Open(error) => error.into(),
        DemoError::Store(error) => error.into(),
        error => Failure::failed(shown(&error.to_string())),
    }
}
