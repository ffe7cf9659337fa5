//! Progress on standard error, once something takes long enough to wonder about.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// What is done within this time shows nothing.
const SHOW_AFTER: Duration = Duration::from_secs(1);

/// What is counted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Unit {
    /// Bytes of an input.
    Bytes,
    /// Things, named in the plural.
    Items(&'static str),
}

/// A bar, or a count where the end is not known; nothing where standard error is no terminal.
#[derive(Debug)]
pub struct Progress {
    since: Instant,
    count: Unit,
    bar: Option<ProgressBar>,
}

impl Progress {
    /// Starts the time that is waited before anything shows.
    pub fn new(count: Unit) -> Self {
        Self { since: Instant::now(), count, bar: None }
    }

    /// So much is done, of all there is where that is known.
    pub fn set_position(&mut self, done: u64, all: Option<u64>) {
        if self.bar.is_none() {
            if self.since.elapsed() < SHOW_AFTER || all.is_some_and(|all| done >= all) {
                return;
            }
            self.bar = Some(bar(self.count, all));
        }
        if let Some(bar) = &self.bar {
            if let Some(all) = all {
                bar.set_length(all);
            }
            bar.set_position(done);
        }
    }

    /// Says what goes on now that all is counted.
    pub fn set_message(&self, what: &'static str) {
        if let Some(bar) = &self.bar {
            bar.set_message(what);
            bar.tick();
        }
    }
}

impl Drop for Progress {
    /// Clears the line, also where what was counted has failed.
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

fn bar(count: Unit, all: Option<u64>) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(all, ProgressDrawTarget::stderr_with_hz(8));
    let (template, what) = match (count, all) {
        (Unit::Bytes, Some(_)) => ("{wide_bar} {bytes}/{total_bytes} {eta} {msg}", ""),
        (Unit::Bytes, None) => ("{bytes} {msg}", ""),
        (Unit::Items(what), Some(_)) => ("{wide_bar} {human_pos}/{human_len} {msg}", what),
        (Unit::Items(what), None) => ("{human_pos} {msg}", what),
    };
    let style = ProgressStyle::with_template(template);
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar.set_message(what);
    bar
}
