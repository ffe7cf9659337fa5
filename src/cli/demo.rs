//! `demo`: a made-up company that lives while it is shown.

use std::path::PathBuf;
use std::sync::Arc;

use chrono::Utc;

use super::args::Demo;
use super::failure::Failure;
use super::progress::{Count, Progress};
use super::{Context, panes, unless_stopped, wait};
use crate::backend::demo;
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
    let kept: Option<PathBuf> = args.keep.clone();
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
    let mut told = |done, all| progress.move_to(done, Some(all));
    let opened = unless_stopped(demo::open(options, &mut told)).await?;
    drop(progress);
    let demo = opened.map_err(|error| Failure::failed(shown(&error.to_string())))?;
    if args.seed_only {
        demo.store.clone().close().await;
        let path = kept.unwrap_or_default();
        let path = path.to_string_lossy();
        return context.out.line(&format!("{}: {} incidents", shown(&path), args.incidents));
    }
    let options = panes::options(&context.config, demo.me.clone(), &demo.store);
    let shown = tui::run(Arc::new(demo.store.clone()), options);
    tokio::pin!(shown);
    let done = tokio::select! {
        done = &mut shown => done,
        () = demo.simulate() => shown.await,
    };
    done.map_err(|error| panes::ended(&error))
}
