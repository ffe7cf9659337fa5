//! Progress on standard error, once something takes long enough to wonder about.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// What is done within this time shows nothing.
const QUIET: Duration = Duration::from_secs(1);

/// What is counted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Count {
    /// Bytes of an input.
    Bytes,
    /// Things, named in the plural.
    Of(&'static str),
}

/// A bar, or a count where the end is not known; nothing where standard error is no terminal.
#[derive(Debug)]
pub struct Progress {
    since: Instant,
    count: Count,
    bar: Option<ProgressBar>,
}

impl Progress {
    /// Starts the time that is waited before anything shows.
    pub fn new(count: Count) -> Self {
        Self { since: Instant::now(), count, bar: None }
    }

    /// So much is done, of all there is where that is known.
    pub fn move_to(&mut self, done: u64, all: Option<u64>) {
        if self.bar.is_none() {
            if self.since.elapsed() < QUIET || all.is_some_and(|all| done >= all) {
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
    pub fn say(&self, what: &'static str) {
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

fn bar(count: Count, all: Option<u64>) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(all, ProgressDrawTarget::stderr_with_hz(8));
    let (template, what) = match (count, all) {
        (Count::Bytes, Some(_)) => ("{wide_bar} {bytes}/{total_bytes} {eta} {msg}", ""),
        (Count::Bytes, None) => ("{bytes} {msg}", ""),
        (Count::Of(what), Some(_)) => ("{wide_bar} {human_pos}/{human_len} {msg}", what),
        (Count::Of(what), None) => ("{human_pos} {msg}", what),
    };
    let style = ProgressStyle::with_template(template);
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar.set_message(what);
    bar
}
