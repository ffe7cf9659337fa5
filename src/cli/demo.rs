//! `demo`: a made-up company that lives while it is shown.

use chrono::Utc;

use super::args::Demo;
use super::failure::Failure;
use super::out::counted;
use super::progress::{Count, Progress};
use super::whole_file::named;
use super::{Context, panes, unless_stopped, wait};
use crate::backend::demo::{self, DemoError};
use crate::model::text::shown;
use crate::tui;

/// Makes the company, and shows it unless only a file is wanted.
pub fn run(context: &mut Context, args: Demo) -> Result<(), Failure> {
    if !args.seed_only {
        panes::check_terminal()?;
    }
    wait(show(context, args))
}

async fn show(context: &mut Context, args: Demo) -> Result<(), Failure> {
    let options = demo::Options {
        seed: args.seed,
        speed: args.speed,
        incidents: args.incidents,
        open: None,
        now: Utc::now(),
        keep: args.keep,
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
    let demo = opened.map_err(not_opened)?;
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
    config.read_only = false;
    let wall = args.wall.then(tui::wall::Settings::default);
    let place = demo.store.clone().into();
    let shown = panes::show(&config, &context.flags, demo.me.clone(), place, wall);
    tokio::pin!(shown);
    let done = tokio::select! {
        done = &mut shown => done,
        () = demo.simulate() => shown.await,
    };
    demo.store.clone().close().await;
    done.map_err(|error| panes::ended(&error))
}

fn not_opened(error: DemoError) -> Failure {
    match error {
        DemoError::Open(error) => error.into(),
        DemoError::Store(error) => error.into(),
        error => Failure::failed(shown(&error.to_string())),
    }
}
