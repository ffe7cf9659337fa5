//! Changes by the passing of time.

use chrono::{DateTime, Utc};

use crate::tui::core::app::App;
use crate::tui::core::message::Effect;
use crate::tui::metrics::pages::update::load_if_needed;
use crate::tui::metrics::update::{MAX_MEASURES_AGE, MIN_MEASURES_AGE, load_measures};
use crate::tui::queue::rows;
use crate::tui::reading;

/// Applies the passing of time: rows are derived again, and measures computed if they are due.
pub(in crate::tui) fn time_passed(app: &mut App, at: DateTime<Utc>) -> Vec<Effect> {
    let selected = app.queue.selected;
    rows::derive_unprompted(app, at);
    let mut effects = Vec::new();
    if selected != app.queue.selected {
        effects = reading::update::selection_moved(app);
    }
    let age = app.metrics.loaded_at.map(|then| (at - then).abs());
    let due = age.is_some_and(|age| {
        age >= MAX_MEASURES_AGE || (app.metrics.outdated && age >= MIN_MEASURES_AGE)
    });
    if due && !app.metrics.loading {
        app.metrics.loading = true;
        effects.push(load_measures(app));
    }
    // The pages follow the filter of the queue.
    effects.extend(load_if_needed(app));
    effects
}
