//! Progress on standard error, shown once an operation takes noticeably long.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// An operation that ends within this time shows no progress.
const SHOW_AFTER: Duration = Duration::from_secs(1);

/// The unit that is counted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Unit {
    /// Bytes of an input.
    Bytes,
    /// Items, with their name in the plural.
    Items(&'static str),
}

/// A progress bar, or a count if the total is unknown.
///
/// Nothing is shown when standard error is no terminal.
#[derive(Debug)]
pub struct Progress {
    since: Instant,
    count: Unit,
    bar: Option<ProgressBar>,
}

impl Progress {
    /// Starts the operation; nothing is shown yet.
    pub fn new(count: Unit) -> Self {
        Self { since: Instant::now(), count, bar: None }
    }

    /// Sets the progress, and the total if it is known.
    pub fn set_position(&mut self, done: u64, total: Option<u64>) {
        if self.bar.is_none() {
            if self.since.elapsed() < SHOW_AFTER || total.is_some_and(|total| done >= total) {
                return;
            }
            self.bar = Some(bar(self.count, total));
        }
        if let Some(bar) = &self.bar {
            if let Some(total) = total {
                bar.set_length(total);
            }
            bar.set_position(done);
        }
    }

    /// Sets the text of the phase after everything is counted.
    pub fn set_message(&self, message: &'static str) {
        if let Some(bar) = &self.bar {
            bar.set_message(message);
            bar.tick();
        }
    }
}

impl Drop for Progress {
    /// Clears the line, also when the operation has failed.
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

fn bar(count: Unit, total: Option<u64>) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(total, ProgressDrawTarget::stderr_with_hz(8));
    let (template, label) = match (count, total) {
        (Unit::Bytes, Some(_)) => ("{wide_bar} {bytes}/{total_bytes} {eta} {msg}", ""),
        (Unit::Bytes, None) => ("{bytes} {msg}", ""),
        (Unit::Items(label), Some(_)) => ("{wide_bar} {human_pos}/{human_len} {msg}", label),
        (Unit::Items(label), None) => ("{human_pos} {msg}", label),
    };
    let style = ProgressStyle::with_template(template);
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar.set_message(label);
    bar
}
