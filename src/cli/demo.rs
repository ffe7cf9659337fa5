//! `demo`: a made-up company that lives while it is shown.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::Utc;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::args::Demo;
use super::failure::Failure;
use super::{Context, panes, wait};
use crate::backend::demo;
use crate::model::text::shown;
use crate::tui;

/// Seeding that is done within this time shows no bar.
const QUIET: Duration = Duration::from_secs(1);

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
    let mut bar = Bar::new();
    let opened = demo::open(options, &mut |done, all| bar.move_to(done, all)).await;
    bar.finish();
    let demo = opened.map_err(|error| Failure::failed(shown(&error.to_string())))?;
    if args.seed_only {
        demo.store.close().await;
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

/// Progress on a terminal, once it takes long enough to wonder.
struct Bar {
    since: Instant,
    bar: Option<ProgressBar>,
}

impl Bar {
    fn new() -> Self {
        Self { since: Instant::now(), bar: None }
    }

    fn move_to(&mut self, done: u64, all: u64) {
        if self.bar.is_none() && self.since.elapsed() >= QUIET && done < all {
            self.bar = Some(bar(all, "incidents made"));
        }
        if let Some(bar) = &self.bar {
            bar.set_length(all);
            bar.set_position(done);
        }
    }

    fn finish(self) {
        if let Some(bar) = self.bar {
            bar.finish_and_clear();
        }
    }
}

/// A bar on standard error; hidden where that is no terminal.
fn bar(all: u64, what: &'static str) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(all), ProgressDrawTarget::stderr_with_hz(8));
    let style = ProgressStyle::with_template("{wide_bar} {human_pos}/{human_len} {msg}");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar.set_message(what);
    bar
}
